"""Detects changes in the Python files of the app, for ``--reload``.

The watchfiles library reports when to look. A look compares the app's files with the previous look. Another look
every second finds changes that are not reported: in a new folder, behind a link, or on a remote disk. Only the
app's own folders are watched, since a virtual environment has thousands.
"""

import contextlib
import logging
import os
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from watchfiles import watch

log = logging.getLogger("devhost.worker")

_LOOK_SECONDS = 1.0
# Editors and git write several files in a row, so a change counts once nothing has changed for this long.
_REST_SECONDS = 0.2
_STOP_SECONDS = 1.0
_SKIPPED_FOLDERS = ("__pycache__", "node_modules")


@dataclass(frozen=True)
class Snapshot:
    """An app's own folders, and time and size of every Python file in them."""

    folders: set[str] = field(default_factory=set)
    files: dict[str, tuple[int, int]] = field(default_factory=dict)

    @classmethod
    def of(cls, root: Path) -> "Snapshot":
        """Look at an app; virtual environments, hidden folders and links to folders are skipped."""
        found = cls()
        for folder, entries in _own_folders(str(root)):
            found.folders.add(folder)
            for entry in entries:
                if entry.name.endswith(".py"):
                    found._add(entry)
        return found

    def _add(self, entry: os.DirEntry[str]) -> None:
        try:
            status = entry.stat()
        except OSError:
            return  # Removed just now, or a dangling link.
        self.files[entry.path] = (status.st_mtime_ns, status.st_size)


class SourceWatcher:
    """Watches an app's files from ``start`` to ``stop``.

    Args:
        root: The app's folder.
        on_change: Called on the watcher's thread once files have changed and no more changes follow.
    """

    def __init__(self, root: Path, on_change: Callable[[], None]) -> None:
        self._root = root
        self._on_change = on_change
        self._seen = Snapshot.of(root)
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._watch, name="source-watcher", daemon=True)
        self._warned_of = ""

    def start(self) -> None:
        """Begin to watch."""
        self._thread.start()

    def stop(self) -> None:
        """Stop watching; a change that is being handled goes on."""
        self._stopping.set()
        self._thread.join(_STOP_SECONDS)

    def _watch(self) -> None:
        while not self._stopping.is_set():
            try:
                self._watch_folders()
            # For example: the user's limit of watches, a removed folder, a file name that is not valid text.
            except (OSError, RuntimeError) as error:
                self._warn_of(str(error))
                self._stopping.wait(_LOOK_SECONDS)
                self._look()

    def _watch_folders(self) -> None:
        """Look at every report, until the set of folders changes."""
        folders = self._seen.folders
        reports = watch(
            *folders,
            watch_filter=None,
            stop_event=self._stopping,
            rust_timeout=round(_LOOK_SECONDS * 1000),
            yield_on_timeout=True,
            recursive=False,
            ignore_permission_denied=True,
        )
        with contextlib.closing(reports):
            for _ in reports:
                self._look()
                if self._seen.folders != folders:
                    return

    def _look(self) -> None:
        before, now = self._seen, Snapshot.of(self._root)
        if now.files != before.files:
            while not self._stopping.wait(_REST_SECONDS) and (later := Snapshot.of(self._root)) != now:
                now = later
        self._seen = now
        if now.files != before.files and not self._stopping.is_set():
            self._handle()

    def _handle(self) -> None:
        try:
            self._on_change()
        except Exception:
            log.exception("The changed app could not be loaded; the old code goes on")

    def _warn_of(self, reason: str) -> None:
        if reason != self._warned_of:
            text = (
                "The system does not report changed files (%s). devhost looks for them every %g s, which will do."
            )
            log.warning(text, reason, _LOOK_SECONDS)
            self._warned_of = reason


def _own_folders(folder: str) -> Iterator[tuple[str, list[os.DirEntry[str]]]]:
    """The folder and those below it that are the app's own, each with its files; hidden ones are left out."""
    try:
        with os.scandir(folder) as found:
            entries = [entry for entry in found if not entry.name.startswith(".")]
    except OSError:
        return  # Removed just now, or not readable.
    if any(entry.name == "pyvenv.cfg" for entry in entries):
        return
    folders = [entry.path for entry in entries if entry.is_dir(follow_symlinks=False)]
    yield folder, [entry for entry in entries if entry.path not in folders]
    for path in folders:
        if os.path.basename(path) not in _SKIPPED_FOLDERS:
            yield from _own_folders(path)
