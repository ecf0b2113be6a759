"""Nothing in the repository tells of one developer's machine, of a private package index, or opens a door."""

import base64
import json
import re

import pytest

from tests.repository.files import ROOT, repository_files

# Published by Microsoft for every storage emulator: it opens nothing.
DEVELOPMENT_STORAGE_KEY = (
    "Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsuFq2UVErCz4I6tq/K1SZFPTOtr/KBHBeksoGMGw=="
)

MACHINE_PATHS = {
    "a home folder": re.compile(r"(?<![\w.:/-])/(?:home|Users)/(?!site\b)[a-z][\w.-]*/"),
    "the superuser's home": re.compile(r"(?<![\w.:/<>{}-])/root/[\w.]"),
    "a workspace at the root": re.compile(r"(?<![\w.:/<>{}-])/(?:work|workspace|workspaces)/[\w.]"),
    "a Windows home folder": re.compile(r"[A-Z]:\\Users\\\w"),
}
SECRETS = {
    "a private key": re.compile("-----BEGIN [A-Z ]*PRIVATE " + "KEY-----"),
    "a storage account key": re.compile(r"(?<!sha512-)\b[A-Za-z0-9+/]{86}=="),
    "a shared access signature": re.compile(r"\bsig=[A-Za-z0-9%+/]{40,}"),
    "a webhook secret": re.compile(r"\bwhsec_[A-Za-z0-9+/]{24,}={0,2}"),
    "a GitHub token": re.compile(r"\b(?:gh[pousr]_[A-Za-z0-9]{36}|github_pat_\w{60,})"),
    "an AWS key id": re.compile(r"\b(?:AKIA|ASIA)[A-Z0-9]{16}\b"),
    "a Slack token": re.compile(r"\bxox[abprs]-[A-Za-z0-9-]{10,}"),
    "an instrumentation key": re.compile(r"InstrumentationKey=(?!00000000-|11111111-)[0-9a-f]{8}-[0-9a-f]{4}-"),
}
PACKAGE_SOURCES = {
    "a package index of one's own": re.compile(
        r"^\s*(?:--(?:extra-)?index-url|--find-links|-i|-f|@?[\w:/-]*registry)[ =]", re.M
    ),
    "credentials for a registry": re.compile(
        r"_auth" + r"Token|://[^/\s:@\"'{}<>]+:[^/\s@\"'{}<>$]+@[\w.-]*(?:pypi|npm)"
    ),
}


def texts() -> list[tuple[str, str]]:
    """Every text file with its content."""
    found = []
    for path in repository_files():
        try:
            found.append((path, (ROOT / path).read_text(encoding="utf-8")))
        except (UnicodeDecodeError, FileNotFoundError):
            continue
    return found


def places(pattern: re.Pattern[str], allowed: tuple[str, ...] = ()) -> list[str]:
    """Where the pattern occurs, as `path:line`, so that a failure says where to look and repeats no secret."""
    return [
        f"{path}:{content.count(chr(10), 0, match.start()) + 1}"
        for path, content in texts()
        for match in pattern.finditer(content)
        if match[0] not in allowed and not _is_readable_webhook_secret(match[0])
    ]


def _is_readable_webhook_secret(found: str) -> bool:
    """Whether a secret says in words that it is none: those for development and tests do, real ones are random."""
    prefix, _, encoded = found.partition("_")
    return prefix == "whsec" and re.fullmatch(rb"[0-9a-z -]+", base64.b64decode(encoded)) is not None


@pytest.mark.parametrize("what", MACHINE_PATHS)
def test_no_file_names_a_path_of_one_machine(what: str) -> None:
    assert places(MACHINE_PATHS[what]) == []


@pytest.mark.parametrize("what", SECRETS)
def test_no_file_holds_a_secret(what: str) -> None:
    assert places(SECRETS[what], allowed=(DEVELOPMENT_STORAGE_KEY,)) == []


@pytest.mark.parametrize("what", PACKAGE_SOURCES)
def test_no_file_names_a_package_source_of_its_own(what: str) -> None:
    names = {"requirements.in", "requirements-dev.in", "requirements.txt", "requirements-dev.txt"}
    names |= {".npmrc", "pip.conf", "pyproject.toml"}
    assert [place for place in places(PACKAGE_SOURCES[what]) if place.partition(":")[0] in names] == []


def test_npm_packages_come_from_the_public_registry() -> None:
    locked = json.loads((ROOT / "package-lock.json").read_text())["packages"].values()
    sources = {package["resolved"] for package in locked if "resolved" in package}
    assert [source for source in sources if not source.startswith("https://registry.npmjs.org/")] == []


@pytest.mark.parametrize(
    ("patterns", "text"),
    [
        (MACHINE_PATHS, "cd /home/" + "ada/pipeline"),
        (MACHINE_PATHS, "see /root/" + ".cache"),
        (MACHINE_PATHS, 'open("/work/' + 'main/x")'),
        (SECRETS, "AccountKey=" + "a" * 86 + "=="),
        (SECRETS, "sig=" + "aB3%2F" * 10),
        (SECRETS, "whsec_" + "q8Zr" * 8),
        (PACKAGE_SOURCES, "--extra-index-url https://packages.example.com/simple"),
        (PACKAGE_SOURCES, "registry=https://npm.example.com"),
    ],
)
def test_the_patterns_find_what_they_are_for(patterns: dict[str, re.Pattern[str]], text: str) -> None:
    assert any(pattern.search(text) for pattern in patterns.values())
