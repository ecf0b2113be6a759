"""What an installation of the package brings: a command, a pytest plugin, and every file that the code reads."""

import subprocess
import sys
import tomllib
from importlib.metadata import entry_points
from pathlib import Path

PACKAGE = Path(__file__).parents[2]
SOURCE = PACKAGE / "src" / "devhost"
DECLARED = tomllib.loads((PACKAGE / "pyproject.toml").read_text())


def test_the_command_is_there_wherever_it_is_called(tmp_path: Path) -> None:
    command = Path(sys.executable).parent / "devhost"
    shown = subprocess.run([command, "--help"], cwd=tmp_path, capture_output=True, text=True, check=False)
    assert (shown.returncode, shown.stderr) == (0, "")
    assert shown.stdout.startswith("usage: devhost ")


def test_pytest_finds_the_plugin_by_itself() -> None:
    assert "devhost.testing.pytest_plugin" in {point.value for point in entry_points(group="pytest11")}


def test_every_file_that_is_no_module_is_part_of_the_package() -> None:
    """Guards against pages without their templates where the package is installed from a wheel."""
    files = {
        path
        for path in SOURCE.rglob("*")
        if path.is_file() and path.suffix != ".py" and path.parent.name != "__pycache__"
    }
    patterns = DECLARED["tool"]["setuptools"]["package-data"]["devhost"]
    assert files == {path for pattern in patterns for path in SOURCE.glob(pattern)}


def test_every_folder_of_modules_is_a_package() -> None:
    """Guards against folders that setuptools leaves out of a wheel."""
    assert {path.parent for path in SOURCE.rglob("*.py")} == {path.parent for path in SOURCE.rglob("__init__.py")}
