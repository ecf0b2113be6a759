"""How every HTTP function here reads a JSON body and writes its answer."""

import json
from typing import Any
from urllib.parse import urlsplit

import azure.functions as func

from docpipeline.models.document_record import DocumentRecord
from docpipeline.models.documents import document_links
from triggers.problem_details import ProblemError

MAX_JSON_BYTES = 256 * 1024


def read_json_object(req: func.HttpRequest) -> dict[str, Any]:
    """The body: a JSON object of at most 256 KiB in valid Unicode. Raises ProblemError for any other."""
    body = req.get_body()
    if not body:
        raise ProblemError("invalid-request", "The body is empty; send a JSON object.")
    if len(body) > MAX_JSON_BYTES:
        raise ProblemError("too-large", f"A JSON body may have at most {MAX_JSON_BYTES} bytes.")
    try:
        parsed = json.loads(body)
        # A lone surrogate passes the parser, but no store accepts it.
        json.dumps(parsed, ensure_ascii=False).encode()
    except (ValueError, RecursionError):
        raise ProblemError("invalid-request", "The body is not valid JSON in UTF-8.") from None
    if not isinstance(parsed, dict):
        raise ProblemError("invalid-request", "The body must be a JSON object, such as {...}.")
    return parsed


def json_answer(body: Any, status: int = 200, headers: dict[str, str] | None = None) -> func.HttpResponse:
    """An answer with ``body`` as JSON."""
    return func.HttpResponse(
        json.dumps(body, ensure_ascii=False),
        status_code=status,
        headers={"Content-Type": "application/json", **(headers or {})},
    )


def absolute_links(req: func.HttpRequest, document_id: str) -> dict[str, str]:
    """``{self, text, approval}`` of a document, under the origin the client called."""
    url = urlsplit(req.url)
    return {name: f"{url.scheme}://{url.netloc}{path}" for name, path in document_links(document_id).items()}


def present(req: func.HttpRequest, record: DocumentRecord) -> dict[str, Any]:
    """A record as the API shows it, with links that can be followed."""
    return {**record.to_api(), "links": absolute_links(req, record.document_id)}
