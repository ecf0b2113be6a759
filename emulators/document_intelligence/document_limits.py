"""Limits the memory, the CPU time and the size of the result of the document that a worker reads.

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
    """The limits of one document, which hold inside the block."""

    def __init__(self, kind: WorkerKind) -> None:
        """Prepare the limits of `kind`."""
        self._kind = kind

    def __enter__(self) -> DocumentLimits:
        """Set the limits, relative to what this process uses already, and begin the first page."""
        kind = self._kind
        self._end = _used_cpu_seconds() + kind.document_cpu_seconds
        _set_soft(resource.RLIMIT_CORE, 0)
        _set_soft(resource.RLIMIT_FSIZE, LARGEST_RESULT_BYTES)
        if sys.platform == "linux":  # macOS has no limit of the address space.
            _set_soft(resource.RLIMIT_AS, _address_space_bytes() + kind.memory_bytes)
        self.begin_part()
        return self

    def __exit__(self, *_: object) -> None:
        """Remove the time limit: it must not end the process at the start of the next document."""
        hard = resource.getrlimit(resource.RLIMIT_CPU)[1]
        resource.setrlimit(resource.RLIMIT_CPU, (hard, hard))

    def begin_part(self) -> None:
        """Start the CPU time of the next page, or of the next part of one."""
        _set_soft(
            resource.RLIMIT_CPU, math.ceil(min(_used_cpu_seconds() + self._kind.page_cpu_seconds, self._end))
        )


@contextmanager
def at_most_cpu_seconds(seconds: int) -> Iterator[None]:
    """Give the block at most this CPU time, out of what is left for the part."""
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
