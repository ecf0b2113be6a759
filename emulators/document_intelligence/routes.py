"""The REST surface: submit a document, poll its operation.

`POST /formrecognizer/documentModels/{modelId}:analyze` answers 202 with an `Operation-Location`. A `GET` of it
answers `running` with `Retry-After` until the operation has `succeeded`, with an analyzeResult, or `failed`.
"""

from __future__ import annotations

import logging
import sqlite3
import uuid

from aiohttp import web

from emulators.document_intelligence.analysis_queue import AnalysisQueue
from emulators.document_intelligence.operations import Operation, Operations
from emulators.document_intelligence.service_errors import (
    ServiceError,
    internal_error,
    operation_not_found,
    service_unavailable,
)
from emulators.document_intelligence.submissions import check_key, check_parameters, receive_document
from emulators.faults import FAIL_OPERATION, FaultBook, Handler
from emulators.settings import EmulatorSettings
from emulators.usage import UsageCounts

log = logging.getLogger(__name__)

MODEL_PATH = "/formrecognizer/documentModels/{model_id}"


def add_routes(
    app: web.Application,
    settings: EmulatorSettings,
    operations: Operations,
    queue: AnalysisQueue,
    faults: FaultBook,
    usage: UsageCounts,
) -> None:
    """Serve Document Intelligence."""

    async def submit_document(request: web.Request) -> web.Response:
        check_key(request)
        operation_id = await _store_document(request, settings, operations)
        queue.submit(operation_id)
        return web.Response(status=202, headers={"Operation-Location": _location(request, operation_id)})

    async def poll_operation(request: web.Request) -> web.StreamResponse:
        check_key(request)
        operation = operations.find(request.match_info["operation_id"])
        if operation is None or operation.model_id != request.match_info["model_id"]:
            raise operation_not_found()
        usage.add("documentIntelligence.polls")
        if operation.status != "succeeded":
            return _unfinished(operation, settings.poll_seconds)
        path = operations.result_path(operation.id)
        if not path.exists():
            raise operation_not_found()
        # Sent as the worker wrote it: the answer of a long document has tens of megabytes.
        return web.FileResponse(path, headers={"Content-Type": "application/json; charset=utf-8"})

    submit = faults.guarded("documentIntelligence", _with_service_errors(submit_document))
    poll = faults.guarded("documentIntelligence", _with_service_errors(poll_operation), on="poll")
    app.router.add_post(f"{MODEL_PATH}:analyze", submit)
    app.router.add_get(f"{MODEL_PATH}/analyzeResults/{{operation_id}}", poll)


async def _store_document(request: web.Request, settings: EmulatorSettings, operations: Operations) -> str:
    """Store the document of a request with its operation. Returns the operation's id."""
    parameters = check_parameters(request)
    operation_id = str(uuid.uuid4())
    path = operations.document_path(operation_id)
    sha256 = await receive_document(request, path, settings.max_document_bytes, settings.source_hosts)
    failure = internal_error() if request.get(FAIL_OPERATION) else None
    try:
        operations.add(operation_id, parameters, sha256, failure)
    except sqlite3.Error:
        path.unlink()
        raise
    return operation_id


def _with_service_errors(handler: Handler) -> Handler:
    async def handle(request: web.Request) -> web.StreamResponse:
        try:
            return await handler(request)
        except ServiceError as error:
            return _refusal(error)
        except ConnectionError:  # the client's, who is gone
            raise
        except (OSError, sqlite3.Error):
            log.exception("A request cannot be served; is the disk full?")
            return _refusal(service_unavailable())

    return handle


def _refusal(error: ServiceError) -> web.Response:
    return web.json_response({"error": error.to_json()}, status=error.status)


def _location(request: web.Request, operation_id: str) -> str:
    path = MODEL_PATH.format(model_id=request.match_info["model_id"])
    version = request.query["api-version"]
    return f"{request.scheme}://{request.host}{path}/analyzeResults/{operation_id}?api-version={version}"


def _unfinished(operation: Operation, poll_seconds: float) -> web.Response:
    answer = {
        "status": operation.status,
        "createdDateTime": operation.created_at,
        "lastUpdatedDateTime": operation.updated_at,
    }
    if operation.status == "failed":
        return web.json_response({**answer, "error": operation.error})
    return web.json_response(answer, headers={"Retry-After": str(poll_seconds)})
