"""Every option of every command is in the docs."""

import re
from pathlib import Path

import pytest

from devhost.cli.command_line import main

DOCS = Path(__file__).parents[2] / "docs"
TOOLS = ["list", "show", "history", "raise", "terminate", "suspend", "resume", "rewind", "purge", "wipe"]


def help_of(capsys: pytest.CaptureFixture[str], *command: str) -> str:
    with pytest.raises(SystemExit):
        main([*command, "--help"])
    return capsys.readouterr().out


def test_every_command_is_on_the_page_of_the_host(capsys: pytest.CaptureFixture[str]) -> None:
    commands = re.findall(r"^    (\w+)", help_of(capsys), re.MULTILINE)
    assert commands == ["start", *TOOLS]
    page = (DOCS / "guide.md").read_text()
    assert [command for command in commands if not re.search(rf"[` ]{command}[` ]", page)] == []


def test_every_option_of_start_is_in_the_table_with_its_default(capsys: pytest.CaptureFixture[str]) -> None:
    options = set(re.findall(r"--[a-z-]+", help_of(capsys, "start"))) - {"--help"}
    table = set(re.findall(r"^\| `(--[a-z-]+)` \| \S", (DOCS / "guide.md").read_text(), re.MULTILINE))
    assert options == table


@pytest.mark.parametrize("command", TOOLS)
def test_every_option_of_a_command_is_on_its_page(capsys: pytest.CaptureFixture[str], command: str) -> None:
    page = (DOCS / "tools.md").read_text()
    options = set(re.findall(r"--[a-z-]+", help_of(capsys, command))) - {"--help"}
    assert {option for option in options if option not in page} == set()
