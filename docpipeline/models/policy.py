"""The limits one document is processed under, fixed when it is accepted."""

from datetime import timedelta

from docpipeline.models.payload import Payload


class ProcessingPolicy(Payload):
    """Every limit of a run, resolved from settings at the door, so that replay never reads a setting."""

    model_id: str = "prebuilt-document"
    extraction_timeout: timedelta = timedelta(minutes=30)
    """How long extraction may take in all, retries included. Over: the document fails."""
    extraction_confidence_threshold: float = 0.80
    """Mean word confidence, 0.0-1.0; a person looks at anything below it (exclusive)."""
    compliance_confidence_threshold: float = 0.85
    """The compliance answer's confidence, 0.0-1.0; a person looks at anything below it (exclusive)."""
    approval_timeout: timedelta = timedelta(hours=48)
    """How long a person has to decide; up to 90 days."""
    require_four_eyes: bool = True
    """Whether the submitter is refused as the reviewer of their own document."""
    counter_shards: int = 8
