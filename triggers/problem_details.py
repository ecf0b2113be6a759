"""HTTP errors in one form: ``application/problem+json`` (RFC 9457), never with a stack trace or a secret."""

import functools
import json
import logging
import re
from collections.abc import Awaitable, Callable
from typing import Any

import azure.functions as func

from docpipeline import errors
from docpipeline.models.outside_text import AtMost

log = logging.getLogger(__name__)

TITLES = {
    "invalid-request": (400, "The request is invalid"),
    "forbidden": (403, "This is not allowed"),
    "not-found": (404, "Not found"),
    "conflict": (409, "The request conflicts with the current state"),
    "too-large": (413, "The request is too large"),
    "unsupported-type": (415, "This content type is not accepted"),
    "too-many-pending": (429, "Too many documents are in flight"),
    "internal": (500, "Internal error"),
    "damaged": (500, "Stored data cannot be read"),
    "unavailable": (503, "A required service is unavailable"),
}
"""Every kind of problem with its status and title; docs/http-api.md explains each under ``/problems/{kind}``."""

RETRY_AFTER_SECONDS = 10
PENDING_RETRY_SECONDS = 30

_MESSAGES = {
    "missing": "is required",
    "extra_forbidden": "is not a key that this request knows",
    "string_type": "must be a string",
    "bool_type": "must be true or false",
    "dict_type": "must be an object",
    "string_unicode": "must be well-formed Unicode text",
}

_SUBJECT = re.compile(r"^(Input|String|Dictionary) should")
"""How Pydantic's sentences begin; here the field's name takes the place of the subject."""

_FIELD = AtMost(120)
_KEY_FAULT = ("Idempotency-Key", "was used for another document")
_REVIEW_AGAIN = "Send it again with ?reprocess=true to have it reviewed again."

HttpFunction = Callable[..., Awaitable[func.HttpResponse]]


class ProblemError(Exception):
    """An error as a client sees it. ``kind`` is a key of TITLES, ``detail`` a sentence with the remedy.

    ``fields`` are pairs: the field's name as the client wrote it, and what is wrong with its value.
    """

    def __init__(
        self,
        kind: str,
        detail: str,
        fields: list[tuple[str, str]] | None = None,
        retry_after_seconds: int | None = None,
    ) -> None:
        self.kind, self.detail = kind, detail
        self.fields = fields or []
        self.retry_after_seconds = retry_after_seconds
        super().__init__(detail)


def invalid_field(field: str, message: str) -> ProblemError:
    """A 400 about one field."""
    return ProblemError("invalid-request", f"{field} {message}.", [(field, message)])


def invalid_fields(fields: list[tuple[str, str]]) -> ProblemError:
    """A 400 about one or more fields, reported together."""
    if len(fields) == 1:
        return invalid_field(*fields[0])
    names = ", ".join(sorted({field for field, _ in fields}))
    return ProblemError("invalid-request", f"These fields need attention: {names}.", fields)


def fields_of(error: errors.InvalidRequest) -> list[tuple[str, str]]:
    """Each field with what is wrong with it. The value itself is never repeated: it may hold a SAS."""
    return [(_named(place), _message_of(kind, wording)) for place, kind, wording in error.faults]


def answers_problems(function: HttpFunction) -> HttpFunction:
    """Answer with a problem whenever the function raises."""

    @functools.wraps(function)
    async def answering(*args: Any, **kwargs: Any) -> func.HttpResponse:
        try:
            return await function(*args, **kwargs)
        except Exception as error:
            problem = problem_of(error)
            if problem.kind == "internal":
                fault = errors.content_free(error)
                log.error("Request failed", exc_info=fault, extra={"function": function.__name__})
            elif problem.kind == "unavailable":
                # The text of a ServiceFault holds no secret; that of other exceptions may.
                cause = error if isinstance(error, errors.ServiceFault) else type(error).__name__
                code = error.code if isinstance(error, errors.PipelineError) else "unavailable"
                log.warning("Dependency down: %s", cause, extra={"function": function.__name__, "code": code})
            return to_response(problem)

    return answering


def problem_of(error: Exception) -> ProblemError:
    """The problem that a client sees for ``error``: an unknown one becomes a 500 that says nothing of it."""
    match error:
        case ProblemError():
            return error
        case errors.InvalidRequest():
            return invalid_fields(fields_of(error))
        case errors.UnreadableRow():
            return _damaged(error)
        case errors.DocumentTooLarge():
            return ProblemError("too-large", _sentence(error) + " See MAX_DOCUMENT_MEGABYTES.")
        case errors.TooManyPending():
            return ProblemError("too-many-pending", _sentence(error), retry_after_seconds=PENDING_RETRY_SECONDS)
        case errors.InvalidBlobUrl() | errors.BlobUnavailable():
            return ProblemError("invalid-request", _sentence(error), [("blobUrl", str(error))])
        case errors.UnsupportedContent():
            return ProblemError("unsupported-type", _sentence(error))
        case errors.OwnDocument():
            return ProblemError("forbidden", _sentence(error))
        case errors.IdempotencyKeyUsed():
            return ProblemError("conflict", _sentence(error), [_KEY_FAULT])
        case errors.ReviewOver():
            return ProblemError("conflict", f"{_sentence(error)} {_REVIEW_AGAIN}")
        case errors.DocumentConflict() | errors.RecordConflict() | errors.IllegalTransition():
            return ProblemError("conflict", _sentence(error))
        case errors.RecordNotFound():
            return ProblemError("not-found", _sentence(error))
    if isinstance(error, errors.ServiceFault) or _is_outage(error):
        detail = "A service this request needs cannot be reached. Try again later; GET /api/health says which."
        return ProblemError("unavailable", detail, retry_after_seconds=RETRY_AFTER_SECONDS)
    return ProblemError("internal", "The request failed for a reason that is in the log. Try again later.")


def _damaged(error: errors.UnreadableRow) -> ProblemError:
    return ProblemError(
        "damaged",
        f"Row '{error.key}' of table '{error.table}' exists but cannot be read; sending this request again"
        " does not help. Tell the operator, who finds the remedy in docs/operations.md.",
    )


def to_response(problem: ProblemError) -> func.HttpResponse:
    """The HTTP answer for a problem."""
    status, title = TITLES[problem.kind]
    body: dict[str, Any] = {
        "type": f"/problems/{problem.kind}",
        "title": title,
        "status": status,
        "detail": problem.detail,
    }
    if problem.fields:
        body["errors"] = [{"field": field, "message": message} for field, message in problem.fields]
    headers = {"Content-Type": "application/problem+json"}
    if problem.retry_after_seconds is not None:
        headers["Retry-After"] = str(problem.retry_after_seconds)
    return func.HttpResponse(json.dumps(body), status_code=status, headers=headers)


def _named(place: tuple[str | int, ...]) -> str:
    # The client chose the keys of metadata, so their length and their characters are limited here.
    return _FIELD.cut(".".join(map(str, place))) or "body"


def _message_of(kind: str, wording: str) -> str:
    return _MESSAGES.get(kind, _SUBJECT.sub("should", wording.removeprefix("Value error, ")))


def _sentence(error: Exception) -> str:
    text = str(error).rstrip(".")
    # The name of a field keeps its case, since the client must write it so.
    return f"{text}." if text.startswith("blobUrl") else f"{text[:1].upper()}{text[1:]}."


def _is_outage(error: Exception) -> bool:
    # Imported here so that loading the app stays fast.
    from aiohttp import ClientError
    from azure.core.exceptions import AzureError

    return isinstance(error, AzureError | ClientError | OSError | TimeoutError)
