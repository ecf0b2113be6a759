"""The limits one document is processed under, fixed when it is accepted."""

from datetime import timedelta

from docpipeline.models.payload import Payload, Share


class ProcessingPolicy(Payload):
    """Every limit of a run, resolved from settings at the door, so that replay never reads a setting."""

    model_id: str = "prebuilt-document"
    extraction_timeout: timedelta = timedelta(minutes=30)
    """How long extraction may take in all, retries included. Over: the document fails."""
    extraction_confidence_threshold: Share = 0.80
    """Mean word confidence; a person looks at anything below it (exclusive)."""
    extraction_page_confidence_threshold: Share = 0.60
    """The same for each page by itself, so that one bad page does not drown in a long document."""
    extraction_low_words_threshold: Share = 1.0
    """Share of words with a confidence below 0.5, of all or of one page's; a person looks above it (exclusive).

    No share is above 1: a run accepted before there was this limit must decide on replay as it did.
    """
    compliance_confidence_threshold: Share = 0.85
    """The compliance answer's confidence; a person looks at anything below it (exclusive)."""
    approval_timeout: timedelta = timedelta(hours=48)
    """How long a person has to decide; up to 90 days."""
    require_four_eyes: bool = True
    """Whether the submitter is refused as the reviewer of their own document."""
    counter_shards: int = 8
