"""What pip installs is locked: each package in one version, with hashes, for development and in Azure alike."""

import re
import tomllib
from collections.abc import Iterable
from itertools import chain

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from tests.repository.files import ROOT

SHIPPED, DEVELOPMENT = "requirements.txt", "requirements-dev.txt"
_PINNED = re.compile(r"^(?P<name>[\w.-]+)==(?P<version>[^\s;]+)(?P<rest>(?:[^\n]*\\\n)*[^\n]*)", re.M)


def locked(name: str) -> dict[str, str]:
    """The packages of a lock file with their versions."""
    return {canonicalize_name(found["name"]): found["version"] for found in _PINNED.finditer(read(name))}


def read(name: str) -> str:
    """A file of the root."""
    return (ROOT / name).read_text()


def wishes(lines: Iterable[str]) -> list[Requirement]:
    """The requirements among the lines; comments and options are none."""
    return [Requirement(line) for line in lines if line and not line.startswith(("#", "-"))]


def devhost_wishes() -> list[Requirement]:
    """What devhost and its tests need, and what builds it."""
    project = tomllib.loads(read("packages/devhost/pyproject.toml"))
    extras = chain.from_iterable(project["project"]["optional-dependencies"].values())
    return wishes([*project["project"]["dependencies"], *extras, *project["build-system"]["requires"]])


@pytest.mark.parametrize("name", [SHIPPED, DEVELOPMENT])
def test_every_line_is_one_version_with_hashes(name: str) -> None:
    options = {"--only-binary :all:"}
    leftovers = _PINNED.sub("", read(name)).splitlines()
    assert [line for line in leftovers if line and not line.lstrip().startswith("#") and line not in options] == []
    assert [found["name"] for found in _PINNED.finditer(read(name)) if "--hash=sha256:" not in found["rest"]] == []


@pytest.mark.parametrize("name", [SHIPPED, DEVELOPMENT])
def test_nothing_is_built_on_the_way_by_tools_that_are_not_locked(name: str) -> None:
    assert "--only-binary :all:" in read(name).splitlines()


@pytest.mark.parametrize(
    ("name", "requirements"),
    [
        (SHIPPED, wishes(read("requirements.in").splitlines())),
        (DEVELOPMENT, wishes(read("requirements-dev.in").splitlines())),
        (DEVELOPMENT, devhost_wishes()),
    ],
    ids=["shipped", "development", "devhost"],
)
def test_the_locked_versions_are_what_is_asked_for(name: str, requirements: list[Requirement]) -> None:
    versions = locked(name)
    assert requirements
    assert [
        f"{requirement}: make lock"
        for requirement in requirements
        if not requirement.specifier.contains(versions.get(canonicalize_name(requirement.name), "0"))
    ] == []


def test_azure_gets_the_versions_that_were_tested() -> None:
    assert locked(SHIPPED).items() <= locked(DEVELOPMENT).items()
