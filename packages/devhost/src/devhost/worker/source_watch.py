"""Notices that a Python file of the app has changed, for ``--reload``."""

import logging
import os
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

log = logging.getLogger("devhost.worker")

_LOOK_SECONDS = 0.5
_PASSED_OVER = ("__pycache__", "node_modules")

Snapshot = dict[str, tuple[int, int]]


def snapshot(root: Path) -> Snapshot:
    """Time and size of every Python file of an app; virtual environments and hidden folders are passed over."""
    found: Snapshot = {}
    for entry in _python_files(root):
        try:
            status = entry.stat()
        except FileNotFoundError:
            continue  # Removed just now.
        found[entry.path] = (status.st_mtime_ns, status.st_size)
    return found


class SourceWatcher:
    """Looks at an app's files from ``start`` to ``stop``.

    Args:
        root: The app's folder.
        on_change: Called on the watcher's thread when files have changed and rest again.
    """

    def __init__(self, root: Path, on_change: Callable[[], None]) -> None:
        self._root = root
        self._on_change = on_change
        self._seen = snapshot(root)
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._watch, name="source-watcher", daemon=True)

    def start(self) -> None:
        """Begin to look."""
        self._thread.start()

    def stop(self) -> None:
        """Look no more; a change that is being handled goes on."""
        self._stopping.set()

    def _watch(self) -> None:
        while not self._stopping.wait(_LOOK_SECONDS):
            now = snapshot(self._root)
            if now == self._seen:
                continue
            # Editors and git write several files, one after the other.
            while not self._stopping.wait(_LOOK_SECONDS) and (later := snapshot(self._root)) != now:
                now = later
            self._seen = now
            if not self._stopping.is_set():
                self._handle()

    def _handle(self) -> None:
        try:
            self._on_change()
        except Exception:
            log.exception("The changed app could not be loaded; the old code goes on")


def _python_files(folder: Path | str) -> Iterator[os.DirEntry[str]]:
    try:
        entries = list(os.scandir(folder))
    except FileNotFoundError:
        return
    if any(entry.name == "pyvenv.cfg" for entry in entries):
        return
    for entry in entries:
        if entry.name.startswith(".") or entry.name in _PASSED_OVER:
            continue
        if entry.is_dir(follow_symlinks=False):
            yield from _python_files(entry.path)
        elif entry.name.endswith(".py"):
            yield entry
