"""The answer to a start, with as many links to the document's instance as MANAGEMENT_LINKS allows."""

import json
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit

import azure.durable_functions as df
import azure.functions as func

from docpipeline.models.document_record import DocumentRecord
from docpipeline.settings import ManagementLinks
from triggers.http_answers import absolute_links, json_answer

_NOT_SECRET = {"taskhub", "connection"}
"""The query parameters of a management URL that stay when keys are removed: any other may be a key."""


def started(
    req: func.HttpRequest, client: df.DurableOrchestrationClient, record: DocumentRecord, links: ManagementLinks
) -> func.HttpResponse:
    """The 202 of a start: ``{id, ...management URLs, documentId, links}``; ``Location`` and ``Retry-After``."""
    standard = client.create_check_status_response(req, record.instance_id)
    payload: dict[str, str] = json.loads(standard.get_body())
    own = absolute_links(req, record.document_id)
    body: dict[str, Any] = {**_allowed(payload, links), "documentId": record.document_id, "links": own}
    headers = {
        "Location": body.get("statusQueryGetUri", own["self"]),
        "Retry-After": standard.headers["Retry-After"],
    }
    return json_answer(body, standard.status_code, headers)


def _allowed(payload: dict[str, str], links: ManagementLinks) -> dict[str, str]:
    if links is ManagementLinks.FULL:
        return payload
    shown = {"id": payload["id"]}
    if links is ManagementLinks.STATUS:
        shown["statusQueryGetUri"] = _without_keys(payload["statusQueryGetUri"])
    return shown


def _without_keys(url: str) -> str:
    parts = urlsplit(url)
    kept = [(name, value) for name, value in parse_qsl(parts.query) if name.lower() in _NOT_SECRET]
    return parts._replace(query=urlencode(kept)).geturl()
