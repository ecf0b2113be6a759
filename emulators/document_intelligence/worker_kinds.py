"""The two kinds of extraction workers, and what one document may take of each. Loads no image library."""

from __future__ import annotations

import os
import sys
from dataclasses import asdict, dataclass
from typing import Any

MEGABYTE = 1024 * 1024


@dataclass(frozen=True)
class WorkerKind:
    """What a worker does and the limits that it works under.

    Attributes:
        with_ocr: whether it reads pages without a text layer.
        memory_bytes: address space that a document may add to the process; not enforced by macOS.
        page_cpu_seconds: CPU time, over all threads, of a page; where OCR reads it, of each tile and each few
            lines anew, since pages may be long and full. Not the time on the clock, so that a busy machine fails
            no document.
        document_cpu_seconds: CPU time of a whole document.
    """

    with_ocr: bool
    memory_bytes: int
    page_cpu_seconds: int
    document_cpu_seconds: int

    def to_json(self) -> dict[str, Any]:
        """Return the kind as keyword arguments."""
        return asdict(self)


# Text of a dense page takes 0.01 s, and 2,000 of them 50 MB; so there is room for drawings of a million paths.
TEXT_WORKER = WorkerKind(False, 384 * MEGABYTE, page_cpu_seconds=5, document_cpu_seconds=120)
# The models take 0.9 GB and 3 s, the largest image 1 GB more. Searching a tile takes 2 s, reading 24 long lines of
# small print 8 s; so a page of 383 takes 2 minutes, but no part of it more than a few seconds.
OCR_WORKER = WorkerKind(True, 3072 * MEGABYTE, page_cpu_seconds=120, document_cpu_seconds=3600)


def lane_count() -> int:
    """Return how many documents each kind of worker reads at a time: at least 2, so that nobody waits for one."""
    cores = len(os.sched_getaffinity(0)) if sys.platform == "linux" else os.cpu_count() or 1
    return max(2, min(4, cores // 2))
