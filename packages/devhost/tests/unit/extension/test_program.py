"""What devhost says when the extension's program cannot be started."""

from pathlib import Path

import pytest

from devhost.extension.errors import ExtensionUnavailable
from devhost.extension.program import (
    PROGRAM_SETTING,
    STORAGE_SETTING,
    ExtensionProgram,
    ProgramOptions,
    find_program,
)
from devhost.functions.durable_functions import DurableNames


def a_program(folder: Path, script: str) -> Path:
    path = folder / "DurableExtensionHost"
    path.write_text(f"#!/bin/sh\n{script}\n")
    path.chmod(0o755)
    return path


def options(folder: Path) -> ProgramOptions:
    names = DurableNames(["order"], [], [])
    return ProgramOptions(names, {}, "http://127.0.0.1:1/secret", "http://127.0.0.1:2", None, folder)


def test_a_program_that_is_named_is_taken(tmp_path: Path) -> None:
    program = a_program(tmp_path, "")
    assert find_program({PROGRAM_SETTING: str(program)}, built=tmp_path / "elsewhere") == program


def test_without_a_name_the_built_one_is_taken(tmp_path: Path) -> None:
    program = a_program(tmp_path, "")
    assert find_program({}, built=program) == program


@pytest.mark.parametrize("settings", [{}, {PROGRAM_SETTING: "/nowhere/DurableExtensionHost"}])
def test_without_a_program_the_text_says_how_to_get_one(tmp_path: Path, settings: dict[str, str]) -> None:
    with pytest.raises(ExtensionUnavailable, match=r"Build it with 'make extension-host'.*leave out --engine"):
        find_program(settings, built=tmp_path / "none")


def test_a_file_that_cannot_be_run_is_no_program(tmp_path: Path) -> None:
    (tmp_path / "text").write_text("")
    with pytest.raises(ExtensionUnavailable, match="which is no program that can be run"):
        find_program({PROGRAM_SETTING: str(tmp_path / "text")})


def test_without_a_storage_account_the_text_says_where_to_name_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv(STORAGE_SETTING, raising=False)
    with pytest.raises(ExtensionUnavailable, match=r"AzureWebJobsStorage is not set.*local\.settings\.json"):
        ExtensionProgram(a_program(tmp_path, "exit 0"), options(tmp_path))


@pytest.mark.parametrize(
    ("script", "text"),
    [
        (
            "echo 'Unhandled exception. System.ArgumentException: Task hub name is wrong.'; exit 134",
            "name is wrong.",
        ),
        ("exit 7", "exit code 7; what it wrote: "),
    ],
)
def test_a_program_that_ends_at_once_is_reported_with_its_reason(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, script: str, text: str
) -> None:
    monkeypatch.setenv(STORAGE_SETTING, "UseDevelopmentStorage=true")
    with pytest.raises(ExtensionUnavailable, match=f"refuses to start: .*{text}"):
        ExtensionProgram(a_program(tmp_path, script), options(tmp_path))
