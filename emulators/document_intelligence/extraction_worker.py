"""The worker process: `python -m emulators.document_intelligence.extraction_worker [--ocr]`.

PDFium and OCR are not thread-safe, may crash and hold much memory, so they live here and not in the server.
Speaks JSON lines: a job on stdin, then on stdout `{"page": n}` per page and one outcome:
`{"outcome": "succeeded", "pages": n}`, `{"outcome": "needsOcr"}` or `{"outcome": "failed", "error": {...}}`.
Anything unforeseen ends the process, and the server decides whether to try again. So does the end of stdin.
"""

from __future__ import annotations

import json
import os
import queue
import resource
import sys
import threading
from typing import Any, TextIO

from emulators.document_intelligence.extraction import OcrNeeded, extract
from emulators.document_intelligence.extraction_job import ExtractionJob
from emulators.document_intelligence.service_errors import ServiceError

# A worker that once needed more than this ends after its answer; a fresh one gives the memory back.
LARGEST_MEMORY_BYTES = 2 * 1024**3


def main() -> None:
    """Serve jobs until stdin ends."""
    with_ocr = "--ocr" in sys.argv[1:]
    if with_ocr:
        os.nice(5)  # digital documents and the app come first
    answers = _claim_stdout()
    jobs: queue.SimpleQueue[str] = queue.SimpleQueue()
    threading.Thread(target=_read_jobs, args=(jobs,), daemon=True).start()
    while _peak_memory_bytes() < LARGEST_MEMORY_BYTES:
        _answer(answers, _run(ExtractionJob(**json.loads(jobs.get())), with_ocr, answers))


def _claim_stdout() -> TextIO:
    """Return the pipe to the server; whatever a library prints goes to stderr from now on."""
    pipe = os.fdopen(os.dup(sys.stdout.fileno()), "w", encoding="utf-8")
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())
    return pipe


def _read_jobs(jobs: queue.SimpleQueue[str]) -> None:
    for line in sys.stdin:
        jobs.put(line)
    # The server is gone, perhaps by SIGKILL: leave at once, also in the middle of a document.
    os._exit(0)


def _run(job: ExtractionJob, with_ocr: bool, answers: TextIO) -> dict[str, Any]:
    try:
        pages = extract(job, with_ocr, lambda number: _answer(answers, {"page": number}))
    except OcrNeeded:
        return {"outcome": "needsOcr"}
    except ServiceError as error:
        return {"outcome": "failed", "error": error.to_json()}
    return {"outcome": "succeeded", "pages": pages}


def _answer(answers: TextIO, message: dict[str, Any]) -> None:
    print(json.dumps(message), file=answers, flush=True)


def _peak_memory_bytes() -> int:
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak if sys.platform == "darwin" else peak * 1024


if __name__ == "__main__":
    main()
