"""Lines that outlive the process which wrote them: what activities did, and what a client was promised."""

import os
import threading
from collections import Counter
from pathlib import Path

# Divides a page, so that a kill never leaves half a line: the kernel looks for one between pages only.
_LINE_LENGTH = 128


class Journal:
    """A file that is only appended to; a line is safe from the end of this process once ``add`` returns.

    Args:
        path: the file; made if it does not exist.
    """

    def __init__(self, path: Path) -> None:
        self._lock = threading.Lock()
        self._counts = read_journal(path)
        self._file = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT)

    def add(self, line: str) -> int:
        """Write a line, and return how often it is there by now."""
        padded = f"{line:<{_LINE_LENGTH - 1}}\n".encode()
        assert len(padded) == _LINE_LENGTH, f"Too long for a journal: {line}"
        with self._lock:
            os.write(self._file, padded)
            self._counts[line] += 1
            return self._counts[line]

    def count(self, line: str) -> int:
        """How often a line is there."""
        with self._lock:
            return self._counts[line]

    def close(self) -> None:
        """Give the file up."""
        os.close(self._file)


def read_journal(path: Path) -> Counter[str]:
    """Lines of a journal, which may not exist yet, and how often each is there."""
    return Counter(line.rstrip() for line in path.read_text().splitlines()) if path.exists() else Counter()
