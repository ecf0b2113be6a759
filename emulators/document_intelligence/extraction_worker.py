"""The worker process: `python -m emulators.document_intelligence.extraction_worker <WorkerKind as JSON>`.

PDFium and OCR are not thread-safe, may crash and need much memory, so they run here and not in the server.
Speaks JSON lines: a job on stdin, then on stdout `{"page": n}` per page, `{"part": true}` per part of a page that
OCR reads, and one outcome:
`{"outcome": "succeeded", "pages": n}`, `{"outcome": "needsOcr"}` or `{"outcome": "failed", "error": {...}}`,
with `"isLast": true` if the process ends now. Unexpected errors end the process, and so does a document that
exceeds the limits. The server sees the exit code or the signal, and decides whether to try again. The end of stdin
ends the process, too.
"""

from __future__ import annotations

import errno
import json
import os
import queue
import resource
import sys
import threading
from typing import Any, TextIO

from emulators.document_intelligence.document_limits import DocumentLimits
from emulators.document_intelligence.extraction import OcrNeeded, extract
from emulators.document_intelligence.extraction_job import ExtractionJob
from emulators.document_intelligence.service_errors import ServiceError, too_complex
from emulators.document_intelligence.worker_kinds import WorkerKind

# A worker that needed more than this ends after its answer, to give the memory back.
LARGEST_MEMORY_BYTES = 2 * 1024**3
# Words of numpy, OpenCV and ONNX Runtime for a lack of memory, where they do not raise MemoryError.
_OUT_OF_MEMORY = ("bad_alloc", "bad allocation", "Insufficient memory", "Failed to allocate", "start new thread")


def main() -> None:
    """Serve jobs until stdin ends."""
    kind = WorkerKind(**json.loads(sys.argv[1]))
    if kind.with_ocr:
        os.nice(5)  # Digital documents and the app have priority.
    answers = _claim_stdout()
    jobs: queue.SimpleQueue[str] = queue.SimpleQueue()
    threading.Thread(target=_read_jobs, args=(jobs,), daemon=True).start()
    is_last = False
    while not is_last:
        outcome = _run(ExtractionJob(**json.loads(jobs.get())), kind, answers)
        is_last = outcome.get("isLast", False) or _peak_memory_bytes() > LARGEST_MEMORY_BYTES
        _answer(answers, {**outcome, "isLast": is_last})


def _claim_stdout() -> TextIO:
    """Return the pipe to the server. From now on, what libraries print goes to stderr."""
    pipe = os.fdopen(os.dup(sys.stdout.fileno()), "w", encoding="utf-8")
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())
    return pipe


def _read_jobs(jobs: queue.SimpleQueue[str]) -> None:
    for line in sys.stdin:
        jobs.put(line)
    # The server has ended, perhaps by SIGKILL: exit at once, also in the middle of a document.
    os._exit(0)


def _run(job: ExtractionJob, kind: WorkerKind, answers: TextIO) -> dict[str, Any]:
    try:
        with DocumentLimits(kind) as limits:

            def report_page(number: int) -> None:
                limits.begin_part()
                _answer(answers, {"page": number})

            def begin_part() -> None:
                limits.begin_part()
                _answer(answers, {"part": True})

            return {"outcome": "succeeded", "pages": extract(job, kind.with_ocr, report_page, begin_part)}
    except OcrNeeded:
        return {"outcome": "needsOcr"}
    except ServiceError as error:
        return {"outcome": "failed", "error": error.to_json()}
    except Exception as error:
        if not _exceeds_limits(error):
            raise
        # Without memory, libraries may be in any state: the next document gets a new process.
        return {"outcome": "failed", "error": too_complex().to_json(), "isLast": True}


def _exceeds_limits(error: Exception) -> bool:
    is_too_long = isinstance(error, OSError) and error.errno == errno.EFBIG
    return is_too_long or isinstance(error, MemoryError) or any(words in str(error) for words in _OUT_OF_MEMORY)


def _answer(answers: TextIO, message: dict[str, Any]) -> None:
    print(json.dumps(message), file=answers, flush=True)


def _peak_memory_bytes() -> int:
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak if sys.platform == "darwin" else peak * 1024


if __name__ == "__main__":
    main()
