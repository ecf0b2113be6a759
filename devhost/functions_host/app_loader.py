"""Imports an app's script the way the Python worker does, and finds the one function app in it."""

import importlib
import logging
import os
import sys
import traceback
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType

import azure.functions as func

from devhost import sdk_speedups
from devhost.functions_host.errors import AppLoadError
from devhost.functions_host.indexing import IndexedFunction, index_functions

log = logging.getLogger("devhost.host")

DEFAULT_SCRIPT = "function_app.py"


@dataclass(frozen=True)
class LoadedApp:
    """An app after loading: its folder and its functions, in the order of registration."""

    root: Path
    functions: tuple[IndexedFunction, ...]


def locate_script(app_path: Path) -> Path:
    """Find the script of an app, given its folder or the script itself. Raises AppLoadError."""
    path = app_path.resolve()
    if path.is_dir():
        path = path / os.environ.get("PYTHON_SCRIPT_FILE_NAME", DEFAULT_SCRIPT)
    if not path.is_file():
        raise AppLoadError(
            f"No function app at {path}. Give the folder of {DEFAULT_SCRIPT}, or the file, with --app."
        )
    if path.suffix != ".py":
        raise AppLoadError(
            f"{path} is not a .py file. Give the folder of {DEFAULT_SCRIPT}, or the file, with --app."
        )
    return path


def enter_app_root(script: Path) -> None:
    """Make the app's folder the working directory and the first place to import from, as the worker does."""
    os.chdir(script.parent)
    root = str(script.parent)
    if root in sys.path:
        sys.path.remove(root)
    sys.path.insert(0, root)


def load_app(script: Path) -> LoadedApp:
    """Import the script as a top-level module and index its functions.

    The module's name matters: stored payloads of custom classes carry it, so it must be the worker's.
    Raises AppLoadError, or IndexingError with every wrong function.
    """
    module = _import_script(script)
    sdk_speedups.install_if_wanted(os.environ)
    functions = index_functions(find_function_app(module), script.parent)
    log.debug("Indexed %d functions of %s", len(functions), script)
    return LoadedApp(root=script.parent, functions=tuple(functions))


def find_function_app(module: ModuleType) -> func.FunctionRegister:
    """Find the one function app among the attributes; blueprints do not count. Raises AppLoadError."""
    names = [name for name in dir(module) if isinstance(getattr(module, name, None), func.FunctionRegister)]
    if not names:
        raise AppLoadError(
            f"{module.__file__} defines no function app. "
            "Add a module-level `app = func.FunctionApp()` or `app = df.DFApp()`."
        )
    if len(names) > 1:
        raise AppLoadError(
            f"{module.__file__} holds {len(names)} function apps ({', '.join(names)}), and the host takes "
            "exactly one. Keep one, and turn the others into blueprints."
        )
    app = getattr(module, names[0])
    assert isinstance(app, func.FunctionRegister)
    return app


def _import_script(script: Path) -> ModuleType:
    importlib.invalidate_caches()
    try:
        module = importlib.import_module(script.stem)
    except ImportError as error:
        raise AppLoadError(_import_error_text(script, error)) from error
    except Exception as error:
        raise AppLoadError(f"{script} cannot be imported:\n{_app_traceback(error, script)}") from error
    if Path(module.__file__ or "").resolve() != script:
        raise AppLoadError(
            f"Importing {script.stem} gave {module.__file__} instead of {script}: another module of that "
            "name comes first on sys.path. Rename the script."
        )
    return module


def _import_error_text(script: Path, error: ImportError) -> str:
    places = "\n".join(f"  {place}" for place in sys.path)
    return (
        f"{script} cannot be imported: {error}\n{_app_traceback(error, script)}\n"
        f"Install what is missing into {sys.prefix}, or correct the import. Searched (sys.path):\n{places}"
    )


def _app_traceback(error: BaseException, script: Path) -> str:
    """Format the error without the frames of this host and of importlib, which explain nothing."""
    frames = traceback.extract_tb(error.__traceback__)
    first = next((i for i, frame in enumerate(frames) if frame.filename == str(script)), len(frames))
    lines = traceback.format_list(frames[first:]) + traceback.format_exception_only(error)
    return "".join(lines).rstrip()
