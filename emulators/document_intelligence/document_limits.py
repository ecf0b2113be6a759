"""Keeps the document that a worker reads within limits of memory, CPU time and size of the result.

Python code that runs out of memory raises MemoryError; PDFium ends the process with a signal, and so does the
kernel when the CPU time is spent. The server knows these signals (`worker_process.LIMIT_SIGNALS`).
"""

from __future__ import annotations

import math
import resource
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from emulators.document_intelligence.worker_kinds import WorkerKind

LARGEST_RESULT_BYTES = 1024**3


class DocumentLimits:
    """The limits of one document, which is read in the block."""

    def __init__(self, kind: WorkerKind) -> None:
        """Prepare the limits of `kind`."""
        self._kind = kind

    def __enter__(self) -> DocumentLimits:
        """Let the document add so much to what this process has and has used, and begin its first page."""
        kind = self._kind
        self._end = _used_cpu_seconds() + kind.document_cpu_seconds
        _set_soft(resource.RLIMIT_CORE, 0)
        _set_soft(resource.RLIMIT_FSIZE, LARGEST_RESULT_BYTES)
        if sys.platform == "linux":  # macOS refuses a limit of the address space
            _set_soft(resource.RLIMIT_AS, _address_space_bytes() + kind.memory_bytes)
        self.begin_part()
        return self

    def __exit__(self, *_: object) -> None:
        """Take the limit of time away: it must not end the process when the next document has just begun."""
        hard = resource.getrlimit(resource.RLIMIT_CPU)[1]
        resource.setrlimit(resource.RLIMIT_CPU, (hard, hard))

    def begin_part(self) -> None:
        """Give the next page, or the next part of one, its CPU time."""
        _set_soft(
            resource.RLIMIT_CPU, math.ceil(min(_used_cpu_seconds() + self._kind.page_cpu_seconds, self._end))
        )


@contextmanager
def at_most_cpu_seconds(seconds: int) -> Iterator[None]:
    """Give the block less than what is left of the part's CPU time."""
    soft, hard = resource.getrlimit(resource.RLIMIT_CPU)
    shorter = math.ceil(_used_cpu_seconds()) + seconds
    _set_soft(resource.RLIMIT_CPU, shorter if soft == resource.RLIM_INFINITY else min(soft, shorter))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_CPU, (soft, hard))


def _set_soft(limit: int, value: int) -> None:
    """Set the soft limit, within the hard one."""
    hard = resource.getrlimit(limit)[1]
    resource.setrlimit(limit, (value if hard == resource.RLIM_INFINITY else min(value, hard), hard))


def _used_cpu_seconds() -> float:
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


def _address_space_bytes() -> int:
    return int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()
