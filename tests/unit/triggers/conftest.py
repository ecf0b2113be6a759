"""A pipeline for each test: its HTTP functions, called directly, on storage and a durable runtime in memory."""

import inspect
import json
from collections.abc import Iterator
from contextlib import ExitStack
from types import SimpleNamespace
from typing import Any, Protocol, Unpack

import azure.functions as func
import pytest
from azure.functions.decorators.function_app import FunctionBuilder

from docpipeline import composition
from docpipeline.models.document_record import DocumentRecord
from docpipeline.models.jobs import DocumentJob
from tests.records import PolicyFields, RecordFields, changed
from tests.unit.triggers.fake_runtime import FakeRuntime
from tests.unit.triggers.fake_services import OWN, FakeServices
from tests.unit.triggers.records import a_job
from triggers.approvals import decide_document
from triggers.documents import get_document, get_document_text, list_documents, submit_document

ORIGIN = "https://pipeline.example.com"
PDF = b"%PDF-1.7 an invoice"


class Answer:
    """An answer as the client sees it."""

    def __init__(self, response: func.HttpResponse) -> None:
        self.status = response.status_code
        self.headers = response.headers
        self.content: bytes = response.get_body()

    @property
    def json(self) -> Any:
        return json.loads(self.content)

    @property
    def fields(self) -> list[str]:
        return [error["field"] for error in self.json.get("errors", [])]

    def is_problem(self, status: int, kind: str) -> bool:
        body = self.json
        answered = (self.status, self.headers["Content-Type"], body["status"], body["type"])
        assert answered == (status, "application/problem+json", status, f"/problems/{kind}"), self.content
        assert body["title"]
        assert body["detail"]
        return True


class Pipeline:
    """The HTTP functions, and the fakes that they use."""

    def __init__(self, services: FakeServices, runtime: FakeRuntime) -> None:
        self.services, self.runtime = services, runtime
        self.records, self.blobs, self.clock = services.records, services.blobs, services.clock
        self.places, self.notifier = services.places, services.notifier
        self.trace = SimpleNamespace(trace_parent="", trace_state="")
        """The trace of the invocations, as the worker passes it to them."""

    async def call(self, function: FunctionBuilder, req: func.HttpRequest) -> Answer:
        # The durable middleware would create its own client, so call the function below it.
        user_function = function._function.get_user_function()
        inner = getattr(user_function, "client_function", None)
        arguments = {
            "req": req,
            "client": self.runtime.client(),
            "context": SimpleNamespace(trace_context=self.trace),
        }
        called = inner or user_function
        response = await called(**{name: arguments[name] for name in inspect.signature(called).parameters})
        return Answer(response)

    async def upload(
        self, content: bytes = PDF, content_type: str = "application/pdf", key: str | None = None, **query: str
    ) -> Answer:
        headers = {"Content-Type": content_type} if content_type else {}
        if key is not None:
            headers["Idempotency-Key"] = key
        query = {"userId": "ann", **query}
        return await self.call(submit_document, request("POST", "documents", content, headers, query))

    async def refer(self, body: object, key: str | None = None, **query: str) -> Answer:
        headers = {"Content-Type": "application/json; charset=utf-8"}
        if key is not None:
            headers["Idempotency-Key"] = key
        content = body if isinstance(body, bytes) else json.dumps(body).encode()
        return await self.call(submit_document, request("POST", "documents", content, headers, query))

    async def show(self, document_id: str) -> Answer:
        return await self.call(get_document, request("GET", "documents", route={"documentId": document_id}))

    async def list(self, **query: str) -> Answer:
        return await self.call(list_documents, request("GET", "documents", query=query))

    async def text(self, document_id: str) -> Answer:
        return await self.call(get_document_text, request("GET", "documents", route={"documentId": document_id}))

    async def decide(self, document_id: str, body: object) -> Answer:
        content = body if isinstance(body, bytes) else json.dumps(body).encode()
        req = request("POST", "documents", content, route={"documentId": document_id})
        return await self.call(decide_document, req)

    def is_at(self, document_id: str, /, **fields: Unpack[RecordFields]) -> DocumentRecord:
        """Change the document's record, as its run does."""
        record = changed(self.records.rows[document_id], **fields)
        if record.status.is_final:
            self.places.taken.pop(record.instance_id, None)
        return self.records.put(record)

    def runs(
        self,
        record: DocumentRecord,
        status: str = "Running",
        output: object = None,
        **limits: Unpack[PolicyFields],
    ) -> None:
        """Give the runtime the record's run."""
        self.runtime.add(record.instance_id, status, output=output, input=json.dumps(a_job(record, **limits)))

    def runs_unreadably(self, record: DocumentRecord, status: str = "Running") -> None:
        """Give the runtime the record's run, with limits that this version does not understand."""
        job = a_job(record)
        job["policy"]["complianceConfidenceThreshold"] = "of another version"
        self.runtime.add(record.instance_id, status, input=json.dumps(job))

    def job_of(self, instance_id: str) -> DocumentJob:
        """The input with which the instance was started."""
        return DocumentJob.from_payload(json.loads(self.runtime.instances[instance_id].input))

    def lies_at(self, url: str, content: bytes) -> None:
        """Put a blob at ``url``."""
        self.blobs.sources[url] = content


def request(
    method: str,
    path: str,
    body: bytes = b"",
    headers: dict[str, str] | None = None,
    query: dict[str, str] | None = None,
    route: dict[str, str] | None = None,
) -> func.HttpRequest:
    """A request as the worker passes it to the function."""
    return func.HttpRequest(
        method, f"{ORIGIN}/api/{path}", headers=headers, params=query, route_params=route, body=body
    )


class PipelineFactory(Protocol):
    """Makes a pipeline under settings: ``pipeline_with(HISTORY_RETENTION_DAYS="7")``."""

    def __call__(self, **settings: str) -> Pipeline: ...


@pytest.fixture
def pipeline_with() -> Iterator[PipelineFactory]:
    """Makes a pipeline under the settings given."""
    with ExitStack() as contexts:

        def make(**settings: str) -> Pipeline:
            services = FakeServices.with_settings(**settings)
            contexts.enter_context(composition.use_services(services.as_services()))
            return Pipeline(services, FakeRuntime())

        yield make


@pytest.fixture
def pipeline(pipeline_with: PipelineFactory) -> Pipeline:
    """A pipeline under default settings."""
    return pipeline_with()


BLOB = f"{OWN}/inbox/invoice.pdf"
