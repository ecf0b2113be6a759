"""What `extract_document_text` is given and gives back. The text itself stays in blob storage."""

from datetime import datetime
from typing import Annotated, Self, TypeAlias

from docpipeline.models.failure import Failure
from docpipeline.models.outside_text import AtMost
from docpipeline.models.payload import Payload
from docpipeline.models.runs import RunReference

LanguageTag: TypeAlias = Annotated[str, AtMost(35)]
"""BCP 47; 35 characters are the most that its own length limits add up to."""


class ExtractionRequest(RunReference):
    """Input of `extract_document_text`."""

    blob_url: str
    model_id: str
    deadline: datetime
    """The activity gives up by itself at this moment (UTC): a losing activity keeps its instance open."""


class Extraction(Payload):
    """Reference to an extracted text with what the process decides on, or why there is none."""

    text_blob: str | None = None
    """``container/name`` of the UTF-8 text."""
    page_count: int = 0
    character_count: int = 0
    language: LanguageTag | None = None
    """BCP 47 tag of the language most of the text is in, where the service tells."""
    confidence: float | None = None
    """Mean of the words' confidence, 0.0-1.0 (lines have none); None when there are no words."""
    lowest_confidence: float | None = None
    low_confidence_share: float | None = None
    """Share of the words with a confidence below 0.5, 0.0-1.0."""
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
