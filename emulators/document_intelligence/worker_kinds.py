"""The two kinds of extraction workers, and the limits of one document in each. Loads no image library."""

from __future__ import annotations

import os
import sys
from dataclasses import asdict, dataclass
from typing import Any

MEGABYTE = 1024 * 1024


@dataclass(frozen=True)
class WorkerKind:
    """What a worker does, and its limits.

    Attributes:
        with_ocr: whether it reads pages without a text layer.
        memory_bytes: address space that a document may add to the process; not enforced by macOS.
        page_cpu_seconds: CPU time of a page, over all threads. With OCR, that of each tile and of each few lines,
            since pages may be long and full. It is CPU time, so that no document fails because a machine is busy.
        document_cpu_seconds: CPU time of a whole document.
    """

    with_ocr: bool
    memory_bytes: int
    page_cpu_seconds: int
    document_cpu_seconds: int

    def to_json(self) -> dict[str, Any]:
        """Return the kind as keyword arguments."""
        return asdict(self)


# A page of dense text takes 0.01 s, and 2,000 of them 50 MB. The rest is for drawings of a million paths.
TEXT_WORKER = WorkerKind(False, 384 * MEGABYTE, page_cpu_seconds=5, document_cpu_seconds=120)
# The models take 0.9 GB and 3 s, the largest image 1 GB more. A tile takes 2 s, 24 long lines of small print 8 s.
# So a page of 383 lines takes 2 minutes, but no part of it takes more than a few seconds.
OCR_WORKER = WorkerKind(True, 3072 * MEGABYTE, page_cpu_seconds=120, document_cpu_seconds=3600)


def lane_count() -> int:
    """Return how many documents each kind of worker reads at a time: at least 2, so that not all wait for one."""
    cores = len(os.sched_getaffinity(0)) if sys.platform == "linux" else os.cpu_count() or 1
    return max(2, min(4, cores // 2))
