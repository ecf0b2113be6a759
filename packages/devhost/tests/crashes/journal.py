"""Lines that outlive the process that wrote them: the runs of activities, and the answers that a client got."""

import os
import threading
from collections import Counter
from pathlib import Path

# A divisor of the page size, so that a kill never leaves half a line: the kernel checks for it between pages only.
_LINE_LENGTH = 128


class Journal:
    """An append-only file. Once ``add`` returns, the line survives the end of this process.

    Args:
        path: the file; made if it does not exist.
    """

    def __init__(self, path: Path) -> None:
        self._lock = threading.Lock()
        self._counts = read_journal(path)
        self._file = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT)

    def add(self, line: str) -> int:
        """Write a line, and return how often the file holds it now."""
        padded = f"{line:<{_LINE_LENGTH - 1}}\n".encode()
        assert len(padded) == _LINE_LENGTH, f"Too long for a journal: {line}"
        with self._lock:
            os.write(self._file, padded)
            self._counts[line] += 1
            return self._counts[line]

    def count(self, line: str) -> int:
        """How often the file holds a line."""
        with self._lock:
            return self._counts[line]

    def close(self) -> None:
        """Close the file."""
        os.close(self._file)


def read_journal(path: Path) -> Counter[str]:
    """The lines of a journal with their counts; empty if there is no such file yet."""
    return Counter(line.rstrip() for line in path.read_text().splitlines()) if path.exists() else Counter()
