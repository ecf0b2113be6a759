"""Input and output of `extract_document_text`. The text itself stays in blob storage."""

from datetime import datetime
from typing import Annotated, Self, TypeAlias

from docpipeline.models.failure import Failure
from docpipeline.models.outside_text import AtMost
from docpipeline.models.payload import Payload, Share
from docpipeline.models.runs import RunReference

LanguageTag: TypeAlias = Annotated[str, AtMost(35)]
"""A BCP 47 tag. By the limits of its parts it has at most 35 characters."""

MOST_SUBMISSIONS = 2
"""How often a run may submit its document for analysis; each submission is billed, with or without a result."""


class ExtractionRequest(RunReference):
    """Input of `extract_document_text`."""

    blob_url: str
    model_id: str
    deadline: datetime
    """When the activity gives up by itself (UTC): one that lost the race would keep its instance open."""
    page_confidence_threshold: Share = 0.60
    """A page whose mean word confidence is below this (exclusive) is doubtful."""
    low_words_threshold: Share = 0.30
    """A page with a larger share (exclusive) of words with a confidence below 0.5 is doubtful."""


class Extraction(Payload):
    """A reference to the extracted text with the figures that the process decides on, or the failure."""

    text_blob: str | None = None
    """``container/name`` of the UTF-8 text."""
    page_count: int = 0
    character_count: int = 0
    language: LanguageTag | None = None
    """The language of most of the text, if the service names one."""
    confidence: Share | None = None
    """Mean confidence of the words; None when there are none."""
    lowest_confidence: Share | None = None
    low_confidence_share: Share | None = None
    """Share of the words with a confidence below 0.5."""
    doubtful_pages: tuple[int, ...] = ()
    """Numbers, from 1, of the pages that a person should check; at most 100 of them."""
    unmapped_share: Share = 0.0
    """The largest share of characters that no font maps to a letter, on any page or in the whole text."""
    failure: Failure | None = None

    @classmethod
    def failed(cls, code: str, reason: str) -> Self:
        """An extraction that retrying cannot help."""
        return cls(failure=Failure(code=code, message=reason))

    @classmethod
    def too_late(cls) -> Self:
        """An extraction that was not done before its deadline, for the activity and the orchestrator alike."""
        return cls.failed("extractionTimeout", "the text was not extracted before the deadline")

    def is_confident(self, threshold: float) -> bool:
        """Whether the words were read well enough to continue without a person. Unknown is not confident."""
        return self.confidence is not None and self.confidence >= threshold
