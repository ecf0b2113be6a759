"""What `extract_document_text` is given and gives back. The text itself stays in blob storage."""

from datetime import datetime
from typing import Annotated, Self, TypeAlias

from docpipeline.models.failure import Failure
from docpipeline.models.outside_text import AtMost
from docpipeline.models.payload import Payload, Share
from docpipeline.models.runs import RunReference

LanguageTag: TypeAlias = Annotated[str, AtMost(35)]
"""BCP 47; 35 characters are the most that its own length limits add up to."""

MOST_SUBMISSIONS = 2
"""So often a run submits its document for analysis: the service is paid each time, result or none."""


class ExtractionRequest(RunReference):
    """Input of `extract_document_text`."""

    blob_url: str
    model_id: str
    deadline: datetime
    """The activity gives up by itself at this moment (UTC): a losing activity keeps its instance open."""
    page_confidence_threshold: Share = 0.60
    """Mean word confidence of a page; one below it (exclusive) is doubtful."""
    low_words_threshold: Share = 0.30
    """Share of a page's words with a confidence below 0.5; one above it (exclusive) is doubtful."""


class Extraction(Payload):
    """Reference to an extracted text with what the process decides on, or why there is none."""

    text_blob: str | None = None
    """``container/name`` of the UTF-8 text."""
    page_count: int = 0
    character_count: int = 0
    language: LanguageTag | None = None
    """BCP 47 tag of the language most of the text is in, where the service tells."""
    confidence: Share | None = None
    """Mean of the words' confidence (lines have none); None when there are no words."""
    lowest_confidence: Share | None = None
    low_confidence_share: Share | None = None
    """Share of the words with a confidence below 0.5."""
    doubtful_pages: tuple[int, ...] = ()
    """Numbers, from 1, of the pages a person should look at; at most 100 of them."""
    unmapped_share: Share = 0.0
    """Largest share of characters that no font maps to a letter, on any page or in the whole text."""
    failure: Failure | None = None

    @classmethod
    def failed(cls, code: str, reason: str) -> Self:
        """A document that can never be read: retrying cannot help."""
        return cls(failure=Failure(code=code, message=reason))

    @classmethod
    def too_late(cls) -> Self:
        """Not done before its deadline: whoever notices first, the activity or the orchestrator, says the same."""
        return cls.failed("extractionTimeout", "the text was not extracted before the deadline")

    def is_confident(self, threshold: float) -> bool:
        """Whether the words were read well enough to go on without a person. Unknown is not confident."""
        return self.confidence is not None and self.confidence >= threshold
