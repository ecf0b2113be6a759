"""Reading the answer of an analyze operation: the text, and how well it was read.

The JSON is read directly, since the SDK takes seconds to build its models of 200 pages.
"""

import json
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from docpipeline.errors import OperationLost, ServiceUnavailable
from docpipeline.models.outside_text import well_formed
from docpipeline.models.page_reading import PageReading, unmapped_share
from docpipeline.services.analysis_faults import SERVICE, fault_of_failed_operation

_LOW_CONFIDENCE = 0.5
_LONGEST_LOCALE = 35
_UNDER_WAY = {"notstarted", "running"}


@dataclass(frozen=True)
class Analysis:
    """The text of a document with its figures. Confidences are 0.0-1.0, over words; None when there are none."""

    text: str = field(repr=False)
    page_count: int
    language: str | None = None
    """BCP 47 tag of the language of most of the text, if the service names one."""
    confidence: float | None = None
    lowest_confidence: float | None = None
    low_confidence_share: float | None = None
    """Share of the words with a confidence below 0.5."""
    pages: tuple[PageReading, ...] = ()
    """How well each page was read, in the order of the document."""
    unmapped_share: float = 0.0
    """The largest share of characters that no font maps to a letter, on any page or in the whole text."""

    @property
    def has_text(self) -> bool:
        """Whether the text is more than blanks."""
        return bool(self.text.strip())


def read_operation(body: bytes) -> Analysis | None:
    """The analysis in the answer to a poll; None while it is under way.

    Raises:
        DocumentFailed: the document can never be read.
        OperationLost: the operation failed, and not because of the document.
        ServiceUnavailable: the answer cannot be understood.
    """
    try:
        operation = json.loads(body)
        status = operation["status"].lower()
        if status in _UNDER_WAY:
            return None
        if status == "succeeded":
            return _read_result(operation["analyzeResult"])
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError) as error:
        raise ServiceUnavailable(SERVICE, "its answer could not be understood") from error
    if status == "failed":
        raise fault_of_failed_operation(operation.get("error"))
    raise OperationLost(SERVICE, f"the analysis ended as '{well_formed(status[:20])}'")


def _read_result(result: dict[str, Any]) -> Analysis:
    text, pages = _text(result.get("content") or ""), _list(result.get("pages"))
    confidences = [[_confidence(word) for word in _list(page.get("words"))] for page in pages]
    readings = tuple(_read_page(page, text, of_words) for page, of_words in zip(pages, confidences, strict=True))
    known = [confidence for of_words in confidences for confidence in of_words if confidence is not None]
    return Analysis(
        text=well_formed(text),
        page_count=len(pages),
        language=_main_language(_list(result.get("languages"))),
        confidence=_mean(known),
        lowest_confidence=min(known, default=None),
        low_confidence_share=_low_share(known),
        pages=readings,
        unmapped_share=max(unmapped_share(text), *(page.unmapped_share for page in readings), 0.0),
    )


def _read_page(page: dict[str, Any], text: str, confidences: list[float | None]) -> PageReading:
    on_page = "\n".join(text[start:end] for start, end in _spans(page))
    known = [confidence for confidence in confidences if confidence is not None]
    return PageReading(
        # If the confidence of one word is unknown, that of the page is unknown too.
        confidence=_mean(known) if len(known) == len(confidences) else None,
        low_words_share=_low_share(known) or 0.0,
        unmapped_share=unmapped_share(on_page),
        is_empty=not confidences and not on_page.strip(),
    )


def _confidence(word: dict[str, Any]) -> float | None:
    """A word's confidence; None when it is absent, not a number, NaN (which json reads), or not from 0 to 1."""
    value = word.get("confidence")
    if not isinstance(value, int | float) or isinstance(value, bool):
        return None
    return float(value) if 0 <= value <= 1 else None


def _mean(values: Sequence[float]) -> float | None:
    return round(sum(values) / len(values), 4) if values else None


def _low_share(confidences: list[float]) -> float | None:
    return _mean([confidence < _LOW_CONFIDENCE for confidence in confidences])


def _spans(part: dict[str, Any]) -> list[tuple[int, int]]:
    """Start and end of each span of the text that ``part`` names."""
    spans = [(span["offset"], span["length"]) for span in _list(part.get("spans"))]
    if not all(type(number) is int and number >= 0 for span in spans for number in span):
        raise ValueError("a span is two whole numbers")
    return [(offset, offset + length) for offset, length in spans]


def _main_language(languages: list[dict[str, Any]]) -> str | None:
    lengths: Counter[str] = Counter()
    for language in languages:
        lengths[_text(language["locale"])[:_LONGEST_LOCALE]] += sum(end - start for start, end in _spans(language))
    return max(lengths, key=lambda locale: lengths[locale], default=None)


def _text(value: Any) -> str:
    if not isinstance(value, str):
        raise TypeError("a text is a string")
    return value


def _list(value: Any) -> list[Any]:
    if not isinstance(value, list | None):
        raise TypeError("a list, or nothing")
    return value or []
