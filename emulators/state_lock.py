"""One process for each state folder: two would resume the same operations and delete each other's files."""

from __future__ import annotations

import fcntl
from pathlib import Path

from emulators.errors import StartupError


class StateLock:
    """A lock that is held until `release`, or until the process ends."""

    def __init__(self, folder: Path) -> None:
        """Take the lock of `folder`, which is created if it is missing.

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
        """Release the lock."""
        self._file.close()
