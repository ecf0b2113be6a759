"""Reading the answer of an analyze operation: its text, and how well it was read.

The JSON is read directly. Building the SDK's models of every word's polygon takes seconds for 200 pages.
"""

import json
from collections import Counter
from dataclasses import dataclass, field
from typing import Any

from docpipeline.errors import OperationLost, ServiceUnavailable
from docpipeline.models.outside_text import well_formed
from docpipeline.services.analysis_faults import SERVICE, fault_of_failed_operation

_LOW_CONFIDENCE = 0.5
_UNDER_WAY = {"notstarted", "running"}


@dataclass(frozen=True)
class Analysis:
    """What was read in a document. Confidences are 0.0-1.0, over words, and None when there are none."""

    text: str = field(repr=False)
    page_count: int
    language: str | None = None
    """BCP 47 tag of the language most of the text is in, where the service tells."""
    confidence: float | None = None
    lowest_confidence: float | None = None
    low_confidence_share: float | None = None
    """Share of the words below 0.5."""

    @property
    def has_text(self) -> bool:
        """Whether there is anything but blanks."""
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
    pages = result.get("pages") or []
    confidences = [
        float(word["confidence"])
        for page in pages
        for word in page.get("words") or ()
        if word.get("confidence") is not None
    ]
    count = len(confidences)
    return Analysis(
        text=well_formed(result.get("content") or ""),
        page_count=len(pages),
        language=_main_language(result.get("languages") or []),
        confidence=round(sum(confidences) / count, 4) if count else None,
        lowest_confidence=min(confidences, default=None),
        low_confidence_share=round(sum(c < _LOW_CONFIDENCE for c in confidences) / count, 4) if count else None,
    )


def _main_language(languages: list[dict[str, Any]]) -> str | None:
    lengths: Counter[str] = Counter()
    for language in languages:
        lengths[language["locale"]] += sum(span["length"] for span in language.get("spans") or ())
    return max(lengths, key=lambda locale: lengths[locale], default=None)
