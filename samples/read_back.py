"""Read the samples back with the engines of the local Document Intelligence: `python -m samples.read_back`.

Digital PDFs give their text layer; pictures go through OCR (rapidocr without its classifier, pages at 150 dots per
inch). Exits 1 when a phrase of expectedText is not found.
"""

import json
import statistics
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pypdfium2
from PIL import Image, ImageSequence
from rapidocr import RapidOCR

HERE = Path(__file__).parent
RENDER_SCALE = 150 / 72
TABLE_ROW = "{:<22} {:>5} {:>6} {:>6} {:>7} {:>8}  {}"


@dataclass
class Reading:
    """What was read: the pages, the text, and the confidence (0.0-1.0) of each word that OCR saw."""

    pages: int
    text: str = ""
    confidences: list[float] = field(default_factory=list)


def read_document(path: Path, engine: RapidOCR) -> Reading:
    """Return a document's text and how sure OCR was. Raises pypdfium2.PdfiumError when it cannot be opened."""
    if path.suffix != ".pdf":
        with Image.open(path) as image:
            return _recognise([frame.convert("RGB") for frame in ImageSequence.Iterator(image)], engine)
    with pypdfium2.PdfDocument(path) as document:
        text = "\n".join(page.get_textpage().get_text_bounded() for page in document)
        if text.strip():
            return Reading(len(document), text)
        return _recognise([page.render(scale=RENDER_SCALE).to_pil().convert("RGB") for page in document], engine)


def _recognise(frames: Sequence[Image.Image], engine: RapidOCR) -> Reading:
    reading = Reading(len(frames))
    for frame in frames:
        result = engine(np.asarray(frame), return_word_box=True)
        reading.text += "\n".join(result.txts or ()) + "\n"
        reading.confidences += [word[1] for line in result.word_results or () for word in line]
    return reading


def report(entry: dict[str, Any], engine: RapidOCR) -> bool:
    """Print one line on one entry of the manifest; return whether every expected phrase was found."""
    started = time.monotonic()
    try:
        reading = read_document(HERE / "documents" / entry["file"], engine)
    except pypdfium2.PdfiumError as error:
        print(TABLE_ROW.format(entry["file"], "-", "-", "-", "-", "-", error))
        return not entry["expectedText"]
    missing = [phrase for phrase in entry["expectedText"] if phrase not in reading.text]
    words = reading.confidences
    figures = (len(words), f"{statistics.mean(words):.3f}", f"{min(words):.3f}") if words else ("-", "-", "-")
    verdict = f"missing: {missing}" if missing else "all phrases found"
    print(TABLE_ROW.format(entry["file"], reading.pages, *figures, f"{time.monotonic() - started:.2f}", verdict))
    return not missing


def main() -> int:
    """Read every sample, print the table, and return the exit code."""
    manifest = json.loads((HERE / "manifest.json").read_text(encoding="utf-8"))
    engine = RapidOCR(params={"Global.use_cls": False, "Global.log_level": "error"})
    print(TABLE_ROW.format("file", "pages", "words", "mean", "lowest", "seconds", "expected text"))
    found = [report(entry, engine) for entry in manifest["documents"]]
    return 0 if all(found) else 1


if __name__ == "__main__":
    sys.exit(main())
