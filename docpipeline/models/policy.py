"""The limits one document is processed under, fixed when it is accepted."""

from datetime import timedelta

from docpipeline.models.payload import Payload, Share


class ProcessingPolicy(Payload):
    """Every limit of a run, taken from the settings when it is accepted, so that replay never reads a setting."""

    model_id: str = "prebuilt-document"
    extraction_timeout: timedelta = timedelta(minutes=30)
    """How long extraction may take, retries included; after that the document fails."""
    extraction_confidence_threshold: Share = 0.80
    """A document whose mean word confidence is below this (exclusive) is reviewed."""
    extraction_page_confidence_threshold: Share = 0.60
    """The same for each page, so that one bad page in a long document is found."""
    extraction_low_words_threshold: Share = 1.0
    """A document is reviewed when a larger share (exclusive) of its words, or of one page's, is below 0.5.

    The default of 1 refuses nothing: a run that was accepted before this limit existed must replay as it decided.
    """
    compliance_confidence_threshold: Share = 0.85
    """A document whose compliance answer has a confidence below this (exclusive) is reviewed."""
    approval_timeout: timedelta = timedelta(hours=48)
    """How long a person has to decide; up to 90 days."""
    require_four_eyes: bool = True
    """Whether the submitter is refused as the reviewer of their own document."""
    counter_shards: int = 8
