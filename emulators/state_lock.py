"""One process per state folder: two would resume the same operations and tidy away each other's files."""

from __future__ import annotations

import fcntl
from pathlib import Path

from emulators.errors import StartupError


class StateLock:
    """Held until `release`, or until the process ends in whatever way."""

    def __init__(self, folder: Path) -> None:
        """Take the lock of `folder`, which is created if need be.

        Raises:
            StartupError: another process holds it.
        """
        folder.mkdir(parents=True, exist_ok=True)
        self._file = (folder / "lock").open("w")
        try:
            fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            self._file.close()
            raise StartupError(
                f"{folder} is in use by other emulators. Stop them, or set STATE_DIR (--state-dir) elsewhere."
            ) from error

    def release(self) -> None:
        """Give the folder free."""
        self._file.close()
