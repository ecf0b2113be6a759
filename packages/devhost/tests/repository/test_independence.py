"""devhost knows nothing of the app that it runs, and imports between its folders point one way."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

PACKAGE = Path(__file__).parents[2]
DEVHOST = PACKAGE / "src" / "devhost"
LIBRARIES = {"azure", "aiohttp", "multidict", "croniter", "orjson", "requests", "yarl", "jinja2", "watchfiles"}
ALLOWED = {*sys.stdlib_module_names, "devhost", *LIBRARIES}
MODULES = sorted(DEVHOST.rglob("*.py"))
# Drawing in a terminal is the one thing for which a command needs more than the host does.
DRAWING = {"rich"}
TESTING = {"pytest"}
# Each folder, and the folders that it may import besides itself. The lowest come first, `host` puts all of them
# together, and only the doors for people and for tests lie above it.
LAYERS = {
    "protection": set[str](),
    "engine": {"protection"},
    "functions": {"protection", "engine"},
    "worker": {"protection", "engine", "functions"},
    "page": {"protection", "engine", "functions"},
    "extension": {"protection", "engine", "functions"},
    "testing": {"engine", "functions", "extension"},
    "host": {"protection", "engine", "functions", "worker", "page", "extension"},
    "cli": {"engine", "functions", "worker", "page", "host"},
}
DOOR = "__main__.py"


def imports_of(path: Path) -> set[str]:
    """Full names of all modules that a file imports, also inside functions."""
    imported = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            imported |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path} imports relatively; write the full name"
            names = [node.module or ""]
            if node.module == "devhost":
                names = [f"devhost.{alias.name}" for alias in node.names]
            imported |= set(names)
    return imported


@pytest.mark.parametrize("path", MODULES, ids=lambda path: str(path.relative_to(DEVHOST)))
def test_module_imports_neither_the_app_nor_the_durable_sdk(path: Path) -> None:
    imported = imports_of(path)
    allowed = ALLOWED | (DRAWING if path.parent.name == "cli" else set())
    allowed |= TESTING if path.name == "pytest_plugin.py" else set()
    assert {name.split(".")[0] for name in imported} <= allowed
    assert not [name for name in imported if name.startswith("azure.durable_functions")]


@pytest.mark.parametrize("folder", LAYERS)
def test_a_folder_imports_only_those_that_the_table_allows(folder: str) -> None:
    imported = {name for path in (DEVHOST / folder).rglob("*.py") for name in imports_of(path)}
    parts = [name.split(".") for name in imported if name.startswith("devhost.")]
    assert {folder_name for _, folder_name, *_ in parts} - {folder} <= LAYERS[folder]


def test_every_folder_has_a_line_in_the_table_and_imports_only_lines_above_its_own() -> None:
    """So there is no circle: no folder imports one that imports it, not even by way of a third."""
    assert {path.parent.name for path in DEVHOST.glob("*/__init__.py")} == LAYERS.keys()
    folders = list(LAYERS)
    assert [name for name, allowed in LAYERS.items() if not allowed <= set(folders[: folders.index(name)])] == []


def test_every_module_but_the_door_lies_in_a_folder() -> None:
    assert {path.name for path in DEVHOST.glob("*.py")} == {"__init__.py", DOOR}
    own = {name for name in imports_of(DEVHOST / DOOR) if name.startswith("devhost.")}
    assert {name.split(".")[1] for name in own} == {"cli"}


def test_the_guard_of_servers_knows_nothing_of_the_host() -> None:
    """Others use it alone, so it needs no module of devhost that is not its own."""
    own = {name for path in (DEVHOST / "protection").glob("*.py") for name in imports_of(path)}
    assert [name for name in own if name.startswith("devhost") and not name.startswith("devhost.protection")] == []


@pytest.mark.parametrize("path", sorted((PACKAGE / "bench").rglob("*.py")), ids=lambda path: path.name)
def test_a_benchmark_needs_no_tests(path: Path) -> None:
    assert [name for name in imports_of(path) if name.partition(".")[0] == "tests"] == []


def test_storage_packages_are_imported_only_for_an_app_that_uses_them() -> None:
    program = "import devhost.host.functions_host, sys; sys.exit('azure.storage' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", program], cwd=DEVHOST.parent, check=False).returncode == 0


def test_the_host_starts_without_what_only_drawing_and_pages_need() -> None:
    program = (
        "import devhost.__main__, sys; sys.exit({'rich', 'jinja2', 'watchfiles'} & sys.modules.keys() != set())"
    )
    assert subprocess.run([sys.executable, "-c", program], cwd=DEVHOST.parent, check=False).returncode == 0


def test_loading_the_pytest_plugin_does_not_load_the_engine() -> None:
    """Guards against a plugin that makes each run of pytest in the environment slower."""
    program = "import devhost.testing.pytest_plugin, sys; sys.exit('azure.functions' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", program], cwd=DEVHOST.parent, check=False).returncode == 0
