"""Input and output of `validate_compliance`, and the rule for when a person must review a document."""

from typing import Annotated

from docpipeline.models.extraction import Extraction
from docpipeline.models.failure import Failure
from docpipeline.models.outside_text import AtMost
from docpipeline.models.page_reading import MOST_UNMAPPED_SHARE
from docpipeline.models.payload import Payload, Share
from docpipeline.models.policy import ProcessingPolicy
from docpipeline.models.runs import RunReference

MAX_ISSUES = 100
MAX_ISSUE_CODE = 100
MAX_ISSUE_MESSAGE = 300


class ComplianceIssue(Payload):
    """One finding of the compliance service. The message never quotes the document."""

    code: Annotated[str, AtMost(MAX_ISSUE_CODE)]
    severity: Annotated[str, AtMost(20)] = "error"
    message: Annotated[str, AtMost(MAX_ISSUE_MESSAGE)] = ""


class ComplianceRequest(RunReference):
    """Input of `validate_compliance`; the text is read from ``text_blob`` (``container/name``)."""

    text_blob: str


class ComplianceVerdict(Payload):
    """The service's answer without its issues, which are kept in the record so that history stays small.

    An answer that could not be understood has ``is_compliant`` false and no ``confidence``, so a person must
    review the document.
    """

    is_compliant: bool
    confidence: Share | None = None
    issue_count: int = 0
    understood: bool = True
    failure: Failure | None = None


def review_reasons(verdict: ComplianceVerdict, extraction: Extraction, policy: ProcessingPolicy) -> list[str]:
    """Why a person must review a document, as codes in a fixed order; empty when no review is needed."""
    unsure = verdict.confidence is None or verdict.confidence < policy.compliance_confidence_threshold
    low_words = extraction.low_confidence_share or 0.0
    checks = {
        "complianceAnswerNotUnderstood": not verdict.understood,
        "notCompliant": not verdict.is_compliant,
        "issuesFound": verdict.issue_count > 0,
        "complianceConfidenceLow": unsure,
        "extractionConfidenceLow": not extraction.is_confident(policy.extraction_confidence_threshold),
        "pagesDoubtful": bool(extraction.doubtful_pages),
        "lowWordsShareHigh": low_words > policy.extraction_low_words_threshold,
        "charactersUnmapped": extraction.unmapped_share > MOST_UNMAPPED_SHARE,
    }
    return [reason for reason, applies in checks.items() if applies]
