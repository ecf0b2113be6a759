"""What an answer tells of the instance behind a document: as much as MANAGEMENT_LINKS allows."""

import json
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit

import azure.durable_functions as df
import azure.functions as func

from docpipeline.models.document_record import DocumentRecord
from docpipeline.settings import ManagementLinks
from triggers.http_answers import absolute_links, json_answer

_NOT_SECRET = {"taskhub", "connection"}
"""All of a management URL's query that is kept without keys: whatever else a host puts there may be one."""


def started(
    req: func.HttpRequest, client: df.DurableOrchestrationClient, record: DocumentRecord, given: ManagementLinks
) -> func.HttpResponse:
    """The 202 of a start: ``{id, ...management URLs, documentId, links}``; ``Location`` and ``Retry-After``."""
    standard = client.create_check_status_response(req, record.instance_id)
    payload: dict[str, str] = json.loads(standard.get_body())
    links = absolute_links(req, record.document_id)
    body: dict[str, Any] = {**_allowed(payload, given), "documentId": record.document_id, "links": links}
    headers = {
        "Location": body.get("statusQueryGetUri", links["self"]),
        "Retry-After": standard.headers["Retry-After"],
    }
    return json_answer(body, standard.status_code, headers)


def _allowed(payload: dict[str, str], given: ManagementLinks) -> dict[str, str]:
    if given is ManagementLinks.FULL:
        return payload
    shown = {"id": payload["id"]}
    if given is ManagementLinks.STATUS:
        shown["statusQueryGetUri"] = _without_keys(payload["statusQueryGetUri"])
    return shown


def _without_keys(url: str) -> str:
    parts = urlsplit(url)
    kept = [(name, value) for name, value in parse_qsl(parts.query) if name.lower() in _NOT_SECRET]
    return parts._replace(query=urlencode(kept)).geturl()
