"""The host and its engine could be published alone: they know nothing of the app they run."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

DEVHOST = Path(__file__).parents[3] / "devhost"
ALLOWED = {*sys.stdlib_module_names, "devhost", "azure", "aiohttp", "multidict", "croniter", "orjson", "requests"}
FOLDERS = ("durable_engine", "functions_host", "page", "protection", "tools", "worker")
MODULES = [*DEVHOST.glob("*.py"), *(path for folder in FOLDERS for path in DEVHOST.glob(f"{folder}/**/*.py"))]
# Drawing in a terminal is the one thing for which a command needs more than the host does.
DRAWING = {"rich"}
TESTING = {"pytest"}


@pytest.mark.parametrize("path", MODULES, ids=lambda path: str(path.relative_to(DEVHOST)))
def test_module_imports_neither_the_app_nor_the_durable_sdk(path: Path) -> None:
    imported = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            imported |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            imported.add(node.module or "")
    allowed = ALLOWED | (DRAWING if path.parent.name == "tools" else set())
    allowed |= TESTING if path.name == "testing.py" else set()
    assert {name.split(".")[0] for name in imported} <= allowed
    assert not [name for name in imported if name.startswith("azure.durable_functions")]


def test_storage_packages_are_imported_only_for_an_app_that_uses_them() -> None:
    program = "import devhost.functions_host.host, sys; sys.exit('azure.storage' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", program], cwd=DEVHOST.parent, check=False).returncode == 0


def test_the_host_starts_without_what_only_drawing_needs() -> None:
    program = "import devhost.__main__, sys; sys.exit('rich' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", program], cwd=DEVHOST.parent, check=False).returncode == 0
