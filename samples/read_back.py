"""Read the samples back as the local Document Intelligence does: `python -m samples.read_back`.

Exits 1 when a phrase of expectedText is not found.
"""

import json
import statistics
import sys
import time
from pathlib import Path
from typing import Any

from emulators.document_intelligence.extraction import read_pages
from emulators.document_intelligence.service_errors import ServiceError

HERE = Path(__file__).parent
TABLE_ROW = "{:<22} {:>5} {:>6} {:>6} {:>7} {:>8}  {}"


def report(entry: dict[str, Any]) -> bool:
    """Print the line of one entry of the manifest. Returns whether every expected phrase was found."""
    started = time.monotonic()
    try:
        pages = list(read_pages(HERE / "documents" / entry["file"]))
    except ServiceError as error:
        print(TABLE_ROW.format(entry["file"], "-", "-", "-", "-", "-", error.to_json()["innererror"]["message"]))
        return not entry["expectedText"]
    lines = [line for page in pages for line in page.lines]
    missing = [phrase for phrase in entry["expectedText"] if not any(phrase in line.content for line in lines)]
    words = [word.confidence for line in lines for word in line.words]
    figures = (len(words), f"{statistics.mean(words):.3f}", f"{min(words):.3f}") if words else ("-", "-", "-")
    verdict = f"missing: {missing}" if missing else "all phrases found"
    print(TABLE_ROW.format(entry["file"], len(pages), *figures, f"{time.monotonic() - started:.2f}", verdict))
    return not missing


def main() -> int:
    """Read every sample, print the table, and return the exit code."""
    manifest = json.loads((HERE / "manifest.json").read_text(encoding="utf-8"))
    print(TABLE_ROW.format("file", "pages", "words", "mean", "lowest", "seconds", "expected text"))
    found = [report(entry) for entry in manifest["documents"]]
    return 0 if all(found) else 1


if __name__ == "__main__":
    sys.exit(main())
