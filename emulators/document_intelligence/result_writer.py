"""Writes the answer of a succeeded operation page by page, so that no whole document is in memory."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any, TextIO

from emulators.clock import timestamp
from emulators.document_intelligence.extracted_pages import Line, Page, edges, enclosing, upright
from emulators.document_intelligence.extraction_job import ExtractionJob, unfinished_path
from emulators.document_intelligence.languages import detect_language

# Lines belong to one paragraph while the gap between them is below this share of a line's height.
PARAGRAPH_GAP = 0.8

Json = dict[str, Any]


class ResultWriter:
    """Collects pages into `{status, createdDateTime, lastUpdatedDateTime, analyzeResult}` in a file.

    Offsets and lengths count Unicode code points of `content`, in which lines are separated by a line feed.
    """

    def __init__(self, file: TextIO, job: ExtractionJob) -> None:
        """Begin the answer to `job` in `file`, opened as UTF-8."""
        self._file = file
        self._with_languages = job.with_languages
        self._content: list[str] = []
        self._length = 0
        self._paragraphs: list[Json] = []
        self._languages: list[Json] = []
        self.page_count = 0
        head = {"apiVersion": job.api_version, "modelId": job.model_id, "stringIndexType": "unicodeCodePoint"}
        self._file.write(f'{{"status":"succeeded","createdDateTime":{_dump(job.created_at)},"analyzeResult":')
        self._file.write(f'{_dump(head)[:-1]},"pages":[')

    def add_page(self, page: Page) -> None:
        """Write one page and add its text to the content."""
        starts = [self._append(line.content) for line in page.lines]
        lines = list(zip(page.lines, starts, strict=True))
        self._file.write("," if self.page_count else "")
        self._file.write(_dump(_page_json(page, lines, self._span_from(starts))))
        self._paragraphs += [_paragraph_json(page.number, group) for group in _paragraphs(lines)]
        if self._with_languages:
            self._add_language(page, starts)
        self.page_count += 1

    def finish(self) -> None:
        """Write the members that span pages. In JSON the order of members has no meaning."""
        # Tables, key-value pairs, styles and fields are not recognised. The SDK expects empty lists then.
        nothing: Json = {name: [] for name in ("tables", "keyValuePairs", "styles", "documents")}
        rest = {"content": "\n".join(self._content), "paragraphs": self._paragraphs, "languages": self._languages}
        self._file.write(f"],{_dump({**rest, **nothing})[1:]}")
        self._file.write(f',"lastUpdatedDateTime":{_dump(timestamp())}}}')

    def _append(self, content: str) -> int:
        start = self._length + 1 if self._content else 0
        self._content.append(content)
        self._length = start + len(content)
        return start

    def _span_from(self, starts: list[int]) -> Json:
        start = starts[0] if starts else self._length
        return _span(start, self._length - start)

    def _add_language(self, page: Page, starts: list[int]) -> None:
        detected = detect_language("\n".join(line.content for line in page.lines))
        if detected is None:
            return
        locale, confidence = detected
        self._languages.append({"locale": locale, "spans": [self._span_from(starts)], "confidence": confidence})


def write_result(job: ExtractionJob, pages: Iterator[Page]) -> int:
    """Write the answer to `job.result`, all or nothing, and return the number of pages."""
    path = Path(job.result)
    unfinished = unfinished_path(path)
    try:
        with unfinished.open("w", encoding="utf-8") as file:
            writer = ResultWriter(file, job)
            for page in pages:
                writer.add_page(page)
            writer.finish()
        unfinished.replace(path)
    finally:
        unfinished.unlink(missing_ok=True)
    return writer.page_count


def _page_json(page: Page, lines: list[tuple[Line, int]], span: Json) -> Json:
    return {
        "pageNumber": page.number,
        "angle": page.angle,
        "width": page.width,
        "height": page.height,
        "unit": page.unit,
        "spans": [span],
        "words": [word for line, start in lines for word in _word_jsons(line, start)],
        "lines": [
            {"content": line.content, "polygon": line.polygon, "spans": [_span(start, len(line.content))]}
            for line, start in lines
        ],
        "selectionMarks": [],
    }


def _word_jsons(line: Line, start: int) -> Iterator[Json]:
    for word in line.words:
        yield {
            "content": word.content,
            "polygon": word.polygon,
            "span": _span(start + word.offset, len(word.content)),
            "confidence": word.confidence,
        }


def _paragraphs(lines: list[tuple[Line, int]]) -> Iterator[list[tuple[Line, int]]]:
    group: list[tuple[Line, int]] = []
    for line, start in lines:
        if group and not _continues(group[-1][0], line):
            yield group
            group = []
        group.append((line, start))
    if group:
        yield group


def _continues(above: Line, below: Line) -> bool:
    left, top, right, bottom = upright(edges(above.polygon), above.turned)
    next_left, next_top, next_right, next_bottom = upright(edges(below.polygon), below.turned)
    height = max(bottom - top, 1e-6)
    is_next = -0.5 * height <= next_top - bottom <= PARAGRAPH_GAP * height
    is_alike = below.turned == above.turned and 0.67 <= (next_bottom - next_top) / height <= 1.5
    return is_next and is_alike and next_left < right and left < next_right


def _paragraph_json(page_number: int, group: list[tuple[Line, int]]) -> Json:
    first, (last, last_start) = group[0], group[-1]
    polygon = enclosing((line.polygon for line, _ in group), first[0].turned)
    return {
        "content": " ".join(line.content for line, _ in group),
        "boundingRegions": [{"pageNumber": page_number, "polygon": polygon}],
        "spans": [_span(first[1], last_start + len(last.content) - first[1])],
    }


def _span(offset: int, length: int) -> Json:
    return {"offset": offset, "length": length}


def _dump(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))
