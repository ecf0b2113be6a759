"""What is published to Azure is the app and nothing else, whichever tool reads `.funcignore`."""

import re
from collections.abc import Callable

import pathspec
import pytest

from tests.repository.files import ROOT, repository_files

LINES = [line for line in (ROOT / ".funcignore").read_text().splitlines() if line and not line.startswith("#")]
SHIPPED_FILES = {"function_app.py", "host.json", "requirements.txt"}
SHIPPED_FOLDERS = ("activities", "orchestrators", "entities", "triggers", "docpipeline", "web")


def ships_by_git_rules(path: str) -> bool:
    """How azd and the editors' extensions read the file."""
    return not pathspec.GitIgnoreSpec.from_lines(LINES).match_file(path)


def ships_by_core_tools_rules(path: str) -> bool:
    """How `func azure functionapp publish` reads it: patterns match prefixes, a star needs a character."""
    denied = [line for line in LINES if not line.startswith("!")]
    allowed = [line[1:] for line in LINES if line.startswith("!")]
    return _begins_with_one_of(allowed, path) or not _begins_with_one_of(denied, path)


def _begins_with_one_of(patterns: list[str], path: str) -> bool:
    def expression(pattern: str) -> str:
        escaped = re.escape(pattern.removeprefix("/"))
        return escaped.replace(r"\*\*", ".+").replace(r"\*", "[^/]+")

    return any(re.match(expression(pattern), path) for pattern in patterns)


RULES = pytest.mark.parametrize("ships", [ships_by_git_rules, ships_by_core_tools_rules])


def belongs_to_the_app(path: str) -> bool:
    """Whether the file must be published."""
    return path in SHIPPED_FILES or path.startswith(tuple(f"{folder}/" for folder in SHIPPED_FOLDERS))


@RULES
def test_exactly_the_app_ships(ships: Callable[[str], bool]) -> None:
    assert {path for path in repository_files() if ships(path)} == {
        path for path in repository_files() if belongs_to_the_app(path)
    }


@RULES
@pytest.mark.parametrize(
    "path",
    [
        "local.settings.json",
        ".venv/bin/python",
        ".local/logs/devhost.log",
        "node_modules/azurite/package.json",
        "docpipeline/__pycache__/settings.cpython-311.pyc",
        ".env",
    ],
)
def test_the_local_files_of_a_developer_do_not_ship(ships: Callable[[str], bool], path: str) -> None:
    assert not ships(path)


@RULES
@pytest.mark.parametrize("folder", ["azure/core", "tests", "docs", "samples"])
def test_packages_built_on_this_machine_ship_whatever_their_folders_are_called(
    ships: Callable[[str], bool], folder: str
) -> None:
    assert ships(f".python_packages/lib/site-packages/{folder}/module.py")


@RULES
def test_a_future_web_folder_ships(ships: Callable[[str], bool]) -> None:
    assert ships("web/templates/review.html")
