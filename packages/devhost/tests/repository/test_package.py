"""What an installation of the package brings: a command, a pytest plugin, and every file that the code reads."""

import re
import subprocess
import sys
import tomllib
from importlib.metadata import entry_points, packages_distributions
from pathlib import Path

from tests.repository.test_independence import imports_of

PACKAGE = Path(__file__).parents[2]
SOURCE = PACKAGE / "src" / "devhost"
DECLARED = tomllib.loads((PACKAGE / "pyproject.toml").read_text())
OWN = {"bench", "devhost", "tests"}


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


def test_the_extra_of_the_tests_names_every_package_that_they_import() -> None:
    """So that they run wherever the package alone is installed, without the repository around it."""
    project = DECLARED["project"]
    needs = (*project["dependencies"], *project["optional-dependencies"]["tests"])
    declared = {re.split(r"[<>=~]", need)[0] for need in needs}
    paths = (PACKAGE / "tests").rglob("*.py")
    imported = {name.split(".")[0] for path in paths for name in imports_of(path)} - OWN - sys.stdlib_module_names
    packages = {name: {one.lower() for one in found} for name, found in packages_distributions().items()}
    assert {name for name in imported if name in packages and not declared & packages[name]} == set()
