"""An extraction worker whose OCR engine takes 0.7 s of CPU time for each tile and each few lines."""

from __future__ import annotations

import time
from types import SimpleNamespace
from typing import Any

import numpy

from emulators.document_intelligence import extraction_worker, ocr

SECONDS = 0.7
LINES_OF_A_TILE = 15


class SlowEngine:
    """Finds so many lines in each tile, whatever it shows."""

    def __call__(self, tile: Any, **_: bool) -> Any:
        work()
        tops = numpy.linspace(20, len(tile) - 240, LINES_OF_A_TILE)
        return SimpleNamespace(boxes=[[(9, top), (90, top), (90, top + 9), (9, top + 9)] for top in tops])

    def recognize_txt(self, lines: list[Any]) -> Any:
        work()
        info = SimpleNamespace(confs=[], word_cols=[], line_txt_len=4)
        count = len(lines)
        return SimpleNamespace(txts=["line"] * count, scores=[1.0] * count, word_results=[info] * count)


def work() -> None:
    """Spend the CPU time of one part."""
    end = time.process_time() + SECONDS
    while time.process_time() < end:
        pass


if __name__ == "__main__":
    ocr._engine = SlowEngine  # type: ignore[assignment]  # has only what the worker uses of the engine
    extraction_worker.main()
