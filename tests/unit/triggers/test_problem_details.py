"""Every error has its answer, and no answer reveals more than a client may know."""

import json

import aiohttp
import pytest
from azure.core.exceptions import HttpResponseError, ServiceRequestError
from pydantic import ValidationError

from docpipeline import errors
from docpipeline.models.failure import Failure
from triggers.problem_details import ProblemError, invalid_fields, problem_of, to_response

EXAMPLES: dict[type[errors.PipelineError], tuple[errors.PipelineError, str]] = {
    errors.IllegalTransition: (errors.IllegalTransition("inv-17", "completed", "queued"), "conflict"),
    errors.RecordConflict: (errors.RecordConflict("inv-17"), "conflict"),
    errors.RecordNotFound: (errors.RecordNotFound("inv-17"), "not-found"),
    errors.UnreadableRow: (errors.UnreadableRow("documents", "id|inv-17", "secret"), "damaged"),
    errors.InvalidRequest: (errors.InvalidRequest([(("userId",), "missing", "secret")]), "invalid-request"),
    errors.InvalidBlobUrl: (errors.InvalidBlobUrl("blobUrl must begin with https://"), "invalid-request"),
    errors.BlobUnavailable: (errors.BlobUnavailable("there is no such blob"), "invalid-request"),
    errors.DocumentTooLarge: (errors.DocumentTooLarge(7), "too-large"),
    errors.TooManyPending: (errors.TooManyPending(7, 7), "too-many-pending"),
    errors.ServiceFault: (errors.ServiceFault("storage", "secret"), "unavailable"),
    errors.ServiceUnavailable: (errors.ServiceUnavailable("storage", "secret"), "unavailable"),
    errors.CircuitOpen: (errors.CircuitOpen("storage", "secret"), "unavailable"),
    errors.NothingSubmitted: (errors.NothingSubmitted("storage", "secret"), "unavailable"),
    errors.OperationLost: (errors.OperationLost("storage", "secret"), "unavailable"),
    errors.ServiceRefused: (errors.ServiceRefused("storage", "secret"), "unavailable"),
    errors.DocumentConflict: (errors.DocumentConflict("inv-17", "it does not fit"), "conflict"),
    errors.DocumentInProgress: (errors.DocumentInProgress("inv-17", "extracting"), "conflict"),
    errors.AnotherUsersDocument: (errors.AnotherUsersDocument("inv-17"), "conflict"),
    errors.OtherContentKnown: (errors.OtherContentKnown("inv-17"), "conflict"),
    errors.IdempotencyKeyUsed: (errors.IdempotencyKeyUsed("inv-17"), "conflict"),
    errors.NotAwaitingReview: (errors.NotAwaitingReview("inv-17", "queued", has_ended=False), "conflict"),
    errors.DecidedAlready: (errors.DecidedAlready("inv-17", "rob"), "conflict"),
    errors.ReviewOver: (errors.ReviewOver("inv-17"), "conflict"),
    errors.OwnDocument: (errors.OwnDocument(), "forbidden"),
    errors.UnsupportedContent: (errors.UnsupportedContent(("application/pdf",)), "unsupported-type"),
    errors.InstanceGone: (errors.InstanceGone("secret"), "internal"),
    errors.ReceiverAway: (errors.ReceiverAway(errors.ServiceFault("hook", "secret")), "internal"),
    errors.UnexpectedFault: (errors.UnexpectedFault("secret"), "internal"),
    errors.SettingsError: (errors.SettingsError(["secret"]), "internal"),
    errors.DocumentFailed: (errors.DocumentFailed("secret", "secret"), "internal"),
}
OUTAGES = [
    ServiceRequestError("secret"),
    HttpResponseError("secret"),
    aiohttp.ClientConnectionError("secret"),
    TimeoutError("secret"),
    ConnectionResetError("secret"),
]


def all_faults(root: type[errors.PipelineError]) -> set[type[errors.PipelineError]]:
    return {root}.union(*(all_faults(fault) for fault in root.__subclasses__()))


def test_no_fault_was_forgotten() -> None:
    assert all_faults(errors.PipelineError) - {errors.PipelineError} == EXAMPLES.keys()


@pytest.mark.parametrize(("fault", "kind"), EXAMPLES.values())
def test_every_fault_of_the_pipeline_has_its_answer(fault: errors.PipelineError, kind: str) -> None:
    assert problem_of(fault).kind == kind


@pytest.mark.parametrize(
    ("fault", "detail"),
    [
        (
            errors.DocumentInProgress("inv-17", "extracting"),
            "Document 'inv-17' is being processed (extracting). Process it again when it has ended.",
        ),
        (
            errors.AnotherUsersDocument("inv-17"),
            "Document 'inv-17' was sent by another user. Send yours under another documentId.",
        ),
        (
            errors.OtherContentKnown("inv-17"),
            "Document 'inv-17' is known with other content. Send this content under another documentId.",
        ),
        (
            errors.IdempotencyKeyUsed("inv-17"),
            "This Idempotency-Key was used for document 'inv-17'. Use a new key for another.",
        ),
        (
            errors.NotAwaitingReview("inv-17", "queued", has_ended=False),
            "Document 'inv-17' waits for no review: its status is queued.",
        ),
        (
            errors.NotAwaitingReview("inv-17", "failed", has_ended=True),
            "Document 'inv-17' has ended already: its status is failed.",
        ),
        (errors.DecidedAlready("inv-17", "rob"), "Document 'inv-17' was decided already, by rob."),
        (
            errors.ReviewOver("inv-17"),
            "It is too late to decide document 'inv-17': its review has ended. Send it again with ?reprocess=true"
            " to have it reviewed again.",
        ),
        (errors.OwnDocument(), "A document is reviewed by somebody else than its submitter."),
        (
            errors.UnsupportedContent(("application/pdf", "image/png")),
            "The content does not begin as any of application/pdf, image/png does.",
        ),
    ],
)
def test_a_conflict_says_what_does_not_fit_and_what_to_do(fault: errors.PipelineError, detail: str) -> None:
    assert problem_of(fault).detail == detail


@pytest.mark.parametrize("outage", OUTAGES)
def test_an_outage_is_unavailable_with_retry_after(outage: Exception) -> None:
    response = to_response(problem_of(outage))

    assert response.status_code == 503
    assert response.headers["Retry-After"] == "10"


@pytest.mark.parametrize("fault", [*(fault for fault, _ in EXAMPLES.values()), *OUTAGES, KeyError("secret")])
def test_no_answer_repeats_what_only_the_log_may_know(fault: Exception) -> None:
    assert b"secret" not in to_response(problem_of(fault)).get_body()


def test_what_is_wrong_with_something_of_ours_is_never_blamed_on_the_request() -> None:
    """A stored record that did not validate became a 400 about fields that the client had not sent."""
    with pytest.raises(ValidationError) as wrong:
        Failure.from_payload({"code": ["secret"]})
    assert problem_of(wrong.value).kind == "internal"


def test_a_problem_names_each_field() -> None:
    body = json.loads(to_response(invalid_fields([("userId", "is required"), ("priority", "is odd")])).get_body())

    assert body == {
        "type": "/problems/invalid-request",
        "title": "The request is invalid",
        "status": 400,
        "detail": "These fields need attention: priority, userId.",
        "errors": [
            {"field": "userId", "message": "is required"},
            {"field": "priority", "message": "is odd"},
        ],
    }


def test_a_problem_without_fields_has_no_errors() -> None:
    assert "errors" not in json.loads(to_response(ProblemError("conflict", "No.")).get_body())
