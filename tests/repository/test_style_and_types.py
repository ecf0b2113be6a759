"""Style and types are checked with the tests, so that nobody has to remember `make lint`."""

import subprocess
import sys
from pathlib import Path

import pytest

HOUSE = Path(__file__).parents[2]
CHECKS = {
    "ruff check": ["ruff", "check", "."],
    "ruff format": ["ruff", "format", "--check", "."],
    "mypy": ["mypy"],
}


def complaints(command: list[str], folder: Path) -> str:
    """What the tool, a module with its arguments, finds wrong in the folder: nothing, or what it says."""
    done = subprocess.run(
        [sys.executable, "-m", *command], cwd=folder, capture_output=True, text=True, check=False
    )
    if f"No module named {command[0]}" in done.stderr:
        return f"{command[0]} is not installed for {sys.executable}: `make setup-python` installs it."
    return done.stdout + done.stderr if done.returncode else ""


# mypy takes half a minute where .mypy_cache is empty, more on a busy machine, and a second or two afterwards.
@pytest.mark.timeout(600)
@pytest.mark.parametrize("check", CHECKS)
def test_every_file_passes(check: str) -> None:
    assert complaints(CHECKS[check], HOUSE) == ""


def test_what_is_wrong_is_named(tmp_path: Path) -> None:
    (tmp_path / "wrong.py").write_text("import os\n")

    assert "F401" in complaints(CHECKS["ruff check"], tmp_path)


def test_a_tool_that_is_missing_is_named_with_the_remedy(tmp_path: Path) -> None:
    assert "no_such_tool is not installed" in complaints(["no_such_tool"], tmp_path)
    assert "`make setup-python`" in complaints(["no_such_tool"], tmp_path)


@pytest.mark.timeout(600)
def test_a_misspelt_missing_or_wrong_field_of_a_payload_is_found(tmp_path: Path) -> None:
    """Without the settings of Pydantic's plugin mypy accepts every name and every value."""
    (tmp_path / "wrong.py").write_text(
        "from docpipeline.models.runs import RunReference\n\n"
        'RunReference(documentid="inv-17", document_id="inv-17", instance_id="run-1")\n'
        "RunReference(document_id=17, instance_id='run-1')\n"
        'RunReference(document_id="inv-17")\n'
    )

    found = complaints(["mypy", "--config-file", "pyproject.toml", str(tmp_path / "wrong.py")], HOUSE)

    assert 'Unexpected keyword argument "documentid"' in found
    assert 'Argument "document_id" to "RunReference" has incompatible type "int"' in found
    assert 'Missing named argument "instance_id"' in found
