"""The real orchestrator and entity on the local engine, with stand-in activities and a clock that tests move."""

import json
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, Unpack

import azure.durable_functions as df

import entities
import orchestrators
from devhost.testing import EngineOptions, OrchestrationTestHost
from docpipeline.models.compliance import ComplianceVerdict
from docpipeline.models.counters import FIELDS
from docpipeline.models.extraction import Extraction
from docpipeline.models.instance_ids import counter_shard
from docpipeline.models.jobs import DocumentJob
from tests.records import PolicyFields, a_policy

HOST_JSON = Path(__file__).parents[2] / "host.json"
ORCHESTRATOR = "document_processing_orchestrator"
READ = Extraction(text_blob="extractions/a/text.txt", page_count=3, character_count=99, confidence=0.99)
CLEAN = ComplianceVerdict(is_compliant=True, confidence=0.97)
FLAGGED = ComplianceVerdict(is_compliant=False, confidence=0.97, issue_count=1)


class WorkerProcessExitException(Exception):
    """Named as the local hosts name the platform's failure, so that the engine words it as they do."""

    def __init__(self) -> None:
        super().__init__("python exited with code 137 (0x89)")


LOST = WorkerProcessExitException()
"""A stand-in whose worker process dies."""
Payload = dict[str, Any]
"""What an activity is given, and what it returns: an object of JSON."""

ANSWERS: dict[str, Payload | Callable[[Payload], Payload]] = {
    "extract_document_text": READ.to_payload(),
    "validate_compliance": CLEAN.to_payload(),
    "send_review_notification": {},
    "find_recorded_decision": {},
    "record_decision": lambda payload: {**payload["event"], "decidedAt": "2024-01-01T00:00:00Z"},
    "handle_approval_timeout": {},
    "archive_rejected_document": {},
    "store_processed_document": {},
    "send_completion_notification": {},
    "complete_document": {},
    "announce_end": {},
    "log_processing_error": {"status": "failed"},
    "send_error_notification": {},
}


@dataclass
class Hold:
    """A call of a stand-in that hangs until the test releases it."""

    answer: Payload = field(default_factory=dict)
    released: threading.Event = field(default_factory=threading.Event)
    left: threading.Event = field(default_factory=threading.Event)


Outcome = Payload | Exception | Hold | Callable[[Payload], Payload]
"""How a call of a stand-in ends: a result, an exception to raise, a hold, or a function that makes the result."""


class StandIns:
    """Stand-ins for the activities, under their real names. They record their calls and answer as scripted."""

    def __init__(self) -> None:
        self.calls: list[tuple[str, Payload]] = []
        self.called_at: list[tuple[str, datetime]] = []
        self.holding = 0
        self._scripts: dict[str, list[Outcome]] = {}
        self._lock = threading.Lock()
        self.now: Callable[[], datetime]

    def script(self, activity: str, *outcomes: Outcome) -> None:
        """Script how the next calls of ``activity`` end. The last outcome repeats."""
        self._scripts[activity] = list(outcomes)

    def names(self) -> list[str]:
        """The activities called, in order."""
        return [name for name, _ in self.calls]

    def times(self, activity: str) -> list[datetime]:
        """The times of the calls of ``activity``, by the engine's clock."""
        return [at for name, at in self.called_at if name == activity]

    def blueprint(self) -> df.Blueprint:
        """All activities of the pipeline, as a blueprint."""
        bp = df.Blueprint()
        for activity in ANSWERS:
            self._register(bp, activity)
        return bp

    def _register(self, bp: df.Blueprint, activity: str) -> None:
        def stand_in(payload: dict) -> dict:  # type: ignore[type-arg]  # the worker takes no parameters of types
            return self._run(activity, payload)

        stand_in.__name__ = activity
        bp.activity_trigger(input_name="payload")(stand_in)

    def _run(self, activity: str, payload: Payload) -> Payload:
        with self._lock:
            self.calls.append((activity, payload))
            self.called_at.append((activity, self.now()))
            script = self._scripts.get(activity, [ANSWERS[activity]])
            outcome = script.pop(0) if len(script) > 1 else script[0]
        if isinstance(outcome, Hold):
            return self._answer_when_released(outcome)
        if isinstance(outcome, Exception):
            raise outcome
        return outcome(payload) if callable(outcome) else outcome

    def _answer_when_released(self, hold: Hold) -> Payload:
        with self._lock:
            self.holding += 1
        hold.released.wait(timeout=30)
        with self._lock:
            self.holding -= 1
        hold.left.set()
        return hold.answer


class Pipeline:
    """The run of one document. The test drives it."""

    def __init__(self, folder: Path) -> None:
        self.activities = StandIns()
        app = df.DFApp()
        for blueprint in (*orchestrators.blueprints, *entities.blueprints, self.activities.blueprint()):
            app.register_functions(blueprint)
        self.host = OrchestrationTestHost(
            app, folder, EngineOptions.from_host_json(json.loads(HOST_JSON.read_text()))
        )
        self.activities.now = self.host.now

    def submit(
        self,
        document_id: str = "inv-17",
        user_id: str = "anna",
        version: str | None = None,
        **limits: Unpack[PolicyFields],
    ) -> str:
        """Start a document's run, of this version or of host.json's, settle, and return the instance id."""
        job = DocumentJob(
            document_id=document_id,
            blob_url=f"https://acct.blob.core.windows.net/incoming/{document_id}/00",
            user_id=user_id,
            policy=a_policy(**limits),
        )
        payload = json.dumps(json.dumps(job.to_payload()))
        instance = self.host.client.start(ORCHESTRATOR, f"doc-{document_id}-{user_id}-1", payload, version)
        self.settle()
        return instance

    def settle(self) -> None:
        """Wait until nothing more happens without an event or a timer."""
        self.host.wait_quiescent(ignoring_running_activities=lambda: self.activities.holding)

    def release(self, hold: Hold) -> None:
        """Release a stand-in, and wait until everything that follows has happened."""
        hold.released.set()
        assert hold.left.wait(timeout=10)
        self.settle()

    def advance(self, **duration: float) -> None:
        """Move the clock forward, timer by timer."""
        self.host.advance(timedelta(**duration))
        self.settle()

    def raise_approval(self, instance: str, event: object, *, as_object: bool = False) -> None:
        """Raise `documentApproval` as the SDK does (a JSON string), or as the webhook does (an object)."""
        # A person answers a moment after the request.
        self.host.advance(timedelta(milliseconds=10))
        self.host.raise_event(instance, "documentApproval", event, as_object=as_object)
        self.settle()

    def status(self, instance: str) -> dict[str, Any]:
        """The status of the instance, as the client API returns it."""
        status = self.host.status(instance)
        assert status is not None
        return status

    def history(self, instance: str) -> list[dict[str, Any]]:
        """The events in the instance's history."""
        status = self.host.status(instance, show_history=True)
        assert status is not None
        events: list[dict[str, Any]] = status["historyEvents"]
        return events

    def counters(self, document_id: str = "inv-17") -> dict[str, int]:
        """The totals of the document's shard that are not zero."""
        state = self.host.entity_state("document_counter", counter_shard(document_id, 8)) or {}
        return {name: state[name] for name in FIELDS if state.get(name)}

    def close(self) -> None:
        """Stop the engine."""
        self.host.close()
