"""What the host needs to run an app in workers: the pool, the app as reported, and the folder for large bodies."""

import os
import shutil
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path

from devhost.functions.errors import HostConfigError
from devhost.functions.indexing import IndexedFunction
from devhost.protection.private_files import private_folder
from devhost.worker.pool import WorkerPool
from devhost.worker.process import WorkerSettings
from devhost.worker.report import app_of

COUNT_SETTING = "FUNCTIONS_WORKER_PROCESS_COUNT"
_MOST_WORKERS = 32


def worker_count(option: int | None, settings: Mapping[str, str]) -> int:
    """The number of workers: the option, else the setting, else one. Raises HostConfigError."""
    text = settings.get(COUNT_SETTING) or "1" if option is None else str(option)
    if not text.isdecimal() or int(text) > _MOST_WORKERS:
        name = f"The setting {COUNT_SETTING}" if option is None else "--workers"
        raise HostConfigError(f'{name} is "{text}". Give a whole number from 0 to {_MOST_WORKERS}.')
    return int(text)


class AppWorkers:
    """An app in worker processes: what the host holds instead of the app itself.

    Args:
        script: The app's script.
        state_folder: Folder of the host; large bodies are stored below it during the transfer.
        count: How many processes.
        is_strict: Whether a function that cannot run here is a fault of the app.

    Raises:
        AppLoadError: The app, as the worker explains it.
    """

    def __init__(self, script: Path, state_folder: Path, count: int, is_strict: bool = False) -> None:
        self._spool_folder = _new_spool_folder(state_folder / "spool")
        self._root = script.parent
        self.pool = WorkerPool(WorkerSettings(script, self._spool_folder, is_strict), count)
        self._report = self.pool.load()
        self.app = app_of(self._report, self._root)

    def reload(self, grace_seconds: float, check: Callable[[Iterable[IndexedFunction]], None]) -> bool:
        """Load the app anew and replace the workers.

        Args:
            grace_seconds: How long the old workers may take to end what they run.
            check: Called with the functions if they have changed; raises HostError if they are wrong.

        Returns False, without any change, if the app now declares different functions.
        Raises AppLoadError if it cannot be loaded; the old code goes on.
        """
        report = self.pool.reload(grace_seconds, self._report)
        if report == self._report:
            return True
        check(app_of(report, self._root).functions)
        return False

    def close(self) -> None:
        """End the workers and remove their files."""
        self.pool.close()
        shutil.rmtree(self._spool_folder, ignore_errors=True)


def _new_spool_folder(parent: Path) -> Path:
    """Create this host's folder for bodies, and remove those of killed hosts."""
    for left in parent.iterdir() if parent.exists() else ():
        if not (left.name.isdecimal() and _is_running(int(left.name))):
            shutil.rmtree(left, ignore_errors=True)
    folder = parent / str(os.getpid())
    private_folder(parent)
    return private_folder(folder)


def _is_running(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        pass
    return True
