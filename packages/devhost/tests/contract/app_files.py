"""Writes and loads an app as the host does, in the test's folder, and restores the process afterwards."""

import sys
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

from devhost.functions.app_loader import LoadedApp, enter_app_root, load_app, locate_script

IMPORTS = "import azure.durable_functions as df\nimport azure.functions as func\n"


class AppFiles:
    """The files of one app.

    Args:
        root: Their folder.
    """

    def __init__(self, root: Path) -> None:
        self.root = root

    def write(self, source: str, modules: Mapping[str, str] | None = None) -> None:
        """Write function_app.py, and further modules by their names."""
        for name, text in {"function_app": source, **(modules or {})}.items():
            (self.root / f"{name}.py").write_text(text)

    def load(self, source: str, modules: Mapping[str, str] | None = None, *, is_strict: bool = False) -> LoadedApp:
        """Write the files and load the app."""
        self.write(source, modules)
        script = locate_script(self.root)
        enter_app_root(script)
        return load_app(script, is_strict)

    def line_of(self, text: str, module: str = "function_app") -> str:
        """The place of the only line that begins with a text: ``file:line``."""
        path = self.root / f"{module}.py"
        numbers = [number for number, line in enumerate(path.read_text().splitlines(), 1) if line.startswith(text)]
        assert len(numbers) == 1, (text, numbers)
        return f"{path}:{numbers[0]}"


@pytest.fixture
def app_files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[AppFiles]:
    """An empty folder for an app, which is the current folder during the test."""
    root = tmp_path / "app"
    root.mkdir()
    monkeypatch.setattr(sys, "path", list(sys.path))
    monkeypatch.chdir(root)
    before: Mapping[str, object] = dict(sys.modules)
    yield AppFiles(root)
    for name in set(sys.modules) - set(before):
        if str(getattr(sys.modules[name], "__file__", "")).startswith(str(root)):
            del sys.modules[name]
