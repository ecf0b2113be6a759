"""Loading an app's script: what is imported, and the messages when that fails."""

import os
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from devhost.functions.app_loader import LoadedApp, enter_app_root, load_app, locate_script
from devhost.functions.errors import AppLoadError, IndexingError

APP = "import azure.functions as func\napp = func.FunctionApp()\n"
PAGE = "@app.route(route='page')\ndef page(req: func.HttpRequest) -> func.HttpResponse: ...\n"


@pytest.fixture
def load(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[str], LoadedApp]]:
    """Write a function_app.py and load it; the process is as before afterwards."""
    monkeypatch.setattr(sys, "path", list(sys.path))
    monkeypatch.chdir(tmp_path)
    monkeypatch.delitem(sys.modules, "function_app", raising=False)

    def write_and_load(source: str) -> LoadedApp:
        (tmp_path / "function_app.py").write_text(source)
        script = locate_script(tmp_path)
        enter_app_root(script)
        return load_app(script)

    yield write_and_load
    sys.modules.pop("function_app", None)


def test_app_is_imported_as_top_level_module_with_its_folder_first_on_the_path(
    load: Callable[[str], LoadedApp],
) -> None:
    app = load(APP + PAGE)
    assert [function.name for function in app.functions] == ["page"]
    assert sys.modules["function_app"].__name__ == "function_app"
    assert sys.path[0] == str(app.root) == os.getcwd()


def test_script_itself_may_be_given_instead_of_its_folder(tmp_path: Path) -> None:
    script = tmp_path / "function_app.py"
    script.write_text(APP)
    assert locate_script(script) == locate_script(tmp_path) == script


def test_missing_script_is_reported_with_the_option_to_use(tmp_path: Path) -> None:
    with pytest.raises(AppLoadError, match="--app"):
        locate_script(tmp_path)


def test_another_file_than_a_script_is_refused_with_the_option_to_use(tmp_path: Path) -> None:
    (tmp_path / "host.json").write_text("{}")
    with pytest.raises(AppLoadError, match=r"host\.json is not a \.py file\. Give the folder.*--app"):
        locate_script(tmp_path / "host.json")


def test_missing_package_is_explained_with_the_line_and_the_search_path(load: Callable[[str], LoadedApp]) -> None:
    with pytest.raises(AppLoadError) as refused:
        load(APP + "import no_such_package_here\n")
    text = str(refused.value)
    assert "No module named 'no_such_package_here'" in text
    assert "line 3" in text
    assert f"  {os.getcwd()}" in text
    assert "importlib" not in text


def test_error_while_importing_shows_the_apps_own_frames_only(load: Callable[[str], LoadedApp]) -> None:
    with pytest.raises(AppLoadError, match=r'function_app\.py", line 1(.|\n)*ZeroDivisionError') as refused:
        load("1 / 0\n")
    assert "app_loader.py" not in str(refused.value)


@pytest.mark.parametrize(
    ("source", "words"),
    [
        ("import azure.functions as func\nbp = func.Blueprint()\n", "defines no function app"),
        (APP + "again = app\n", "holds 2 function apps (again, app)"),
    ],
)
def test_exactly_one_function_app_is_accepted(load: Callable[[str], LoadedApp], source: str, words: str) -> None:
    with pytest.raises(AppLoadError) as refused:
        load(source)
    assert words in str(refused.value)


def test_all_wrong_functions_are_reported_together_with_file_and_line(load: Callable[[str], LoadedApp]) -> None:
    source = (
        APP
        + "@app.route(route='a')\ndef first(req: func.HttpRequest, extra: int) -> func.HttpResponse: ...\n"
        + "@app.activity_trigger('payload')\ndef second(payload, more): ...\n"
    )
    with pytest.raises(IndexingError) as refused:
        load(source)
    first, second = refused.value.problems
    assert first.startswith("first (")
    assert "function_app.py:3" in first
    assert "declared in Python but not in function.json: extra" in first
    assert second.startswith("second (")
    assert "declared in Python but not in function.json: more" in second
