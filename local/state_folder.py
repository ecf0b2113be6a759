"""STATE_DIR: everything that the local parts write, for one stack at a time."""

from __future__ import annotations

import fcntl
import os
from pathlib import Path
from typing import TextIO

from devhost.protection.private_files import private_file
from local.errors import StateFolderInUse


class StateFolder:
    """A folder that one stack holds from `claim` to `release`. The system releases it when the process dies."""

    def __init__(self, path: Path) -> None:
        self.path = path.resolve()
        self._claim: TextIO | None = None

    def claim(self) -> None:
        """Create the folder where it is missing, and take it.

        Raises:
            StateFolderInUse: another process, or another stack of this one, holds it.
        """
        # An existing folder keeps its permissions: it may be /tmp. What the parts write in it is private.
        self.path.mkdir(mode=0o700, parents=True, exist_ok=True)
        claim = private_file(self.path / "local_parts.lock").open("a+")
        try:
            fcntl.flock(claim, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            claim.seek(0)
            owner = claim.read().strip()
            claim.close()
            raise StateFolderInUse(self.path, owner) from None
        claim.truncate(0)
        claim.write(f"{os.getpid()}\n")
        claim.flush()
        self._claim = claim

    def release(self) -> None:
        """Release the folder for the next stack. Does nothing when it is not held."""
        if self._claim is not None:
            self._claim.close()
            self._claim = None

    def log(self, part: str) -> Path:
        """Where a part's output goes."""
        return self.path / "logs" / f"{part}.log"

    def keep_previous_log(self, part: str) -> None:
        """Rename the log of the last run, so that a log, and messages with its last lines, are of one run only."""
        log = self.log(part)
        if log.exists():
            log.replace(log.with_suffix(".previous.log"))
