"""Imports an app's script the way the Python worker does, and finds the one function app in it."""

import importlib
import logging
import os
import sys
import traceback
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from types import ModuleType

import azure.functions as func

from devhost.functions import sdk_speedups
from devhost.functions.app_settings import is_disabled
from devhost.functions.declaration_faults import kept_declaration_faults
from devhost.functions.errors import AppLoadError, HostConfigError, IndexingError
from devhost.functions.indexing import Examined, IndexedFunction, examine_functions
from devhost.functions.left_out import LeftOut

log = logging.getLogger("devhost.host")

DEFAULT_SCRIPT = "function_app.py"


@dataclass(frozen=True)
class LoadedApp:
    """An app after loading.

    Attributes:
        root: Its folder.
        functions: Those that can run here, in the order of registration.
        left_out: The others.
    """

    root: Path
    functions: tuple[IndexedFunction, ...]
    left_out: tuple[LeftOut, ...] = ()


def app_root(app_path: Path) -> Path:
    """The folder of an app, given the folder or its script."""
    path = app_path.resolve()
    return path if path.is_dir() else path.parent


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
    """Make the app's folder the working directory and the first place to import from, as the worker does.

    The folder in which the host was started leaves the import path. Otherwise a package there could take the place
    of an app's folder of the same name that has no ``__init__.py``.
    """
    started_in, root = os.getcwd(), str(script.parent)
    os.chdir(root)
    # `python -m` puts that folder in front.
    is_first = not sys.flags.safe_path and sys.path[:1] == [started_in]
    places = sys.path[1:] if is_first else sys.path
    sys.path[:] = [root, *(place for place in places if place != root)]


def load_app(script: Path, is_strict: bool = False) -> LoadedApp:
    """Import the script as a top-level module and index its functions.

    The module's name matters: stored payloads of custom classes carry it, so it must be the worker's.

    Args:
        script: The app's script.
        is_strict: Whether a function that cannot run here is a fault of the app.

    Raises:
        AppLoadError: It cannot be imported; or IndexingError, with everything that is wrong with the functions.
    """
    with kept_declaration_faults() as declared:
        module = _import_script(script)
    sdk_speedups.install_if_enabled(os.environ)
    examined = _examined(module, script.parent, [problem() for problem in declared], is_strict)
    if examined.problems:
        raise IndexingError(_by_function(examined.problems + _setting_faults(examined.functions)))
    log.debug("Indexed %d functions of %s", len(examined.functions), script)
    return LoadedApp(script.parent, tuple(examined.functions), tuple(examined.left_out))


def _examined(module: ModuleType, root: Path, declared: list[str], is_strict: bool) -> Examined:
    try:
        app = find_function_app(module)
    except AppLoadError as error:
        if not declared:
            raise
        return Examined([], [str(error), *declared], [])
    examined = examine_functions(app, root, is_strict)
    return replace(examined, problems=declared + examined.problems)


def _setting_faults(functions: Sequence[IndexedFunction]) -> list[str]:
    """List what the host would find next, so that a developer sees all problems after one start."""
    # Imported here: for an app without faults, a worker needs no code for routes, schedules and storage.
    from devhost.functions.binding_checks import setting_faults

    active = [function for function in functions if not is_disabled(function.name, os.environ)]
    try:
        return setting_faults(active, os.environ)
    except HostConfigError as error:
        return [str(error)]


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


def _by_function(problems: list[str]) -> list[str]:
    """Group the problems by function; each begins with ``name (file:line)``."""
    places = [problem.partition("): ")[0] for problem in problems]
    return sorted(problems, key=lambda problem: places.index(problem.partition("): ")[0]))


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
    """Format the error without the frames of this host and of importlib, which do not help."""
    frames = traceback.extract_tb(error.__traceback__)
    first = next((i for i, frame in enumerate(frames) if frame.filename == str(script)), len(frames))
    lines = traceback.format_list(frames[first:]) + traceback.format_exception_only(error)
    return "".join(lines).rstrip()
