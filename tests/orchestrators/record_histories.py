"""Record the histories anew, all or some: `python -m tests.orchestrators.record_histories [NAME...]`.

Do so only for a new version of the orchestrator, or for a new case. Instances in flight have histories like the
existing ones: if one does not replay any more, documents in flight would fail after a deployment.
"""

import json
import logging
import sys
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from azure.durable_functions.models.history import HistoryEventType

import orchestrators
from devhost.testing import HistoryReplayer
from docpipeline.models.extraction import Extraction
from tests.orchestrators.pipeline import CLEAN, FLAGGED, LOST, ORCHESTRATOR, Pipeline
from tests.orchestrators.recorded_history import RecordedHistory, answer_of

Case = Callable[[Pipeline], None]
APPROVED = {"approved": True, "reviewer": "berta", "comment": "seen"}
REFUSED = {"approved": False, "reviewer": "berta", "comment": "wrong address"}


def clean_document(pipeline: Pipeline) -> None:
    """A document that needs no review is extracted, checked, stored and announced."""
    pipeline.submit()


def approved_review(pipeline: Pipeline) -> None:
    """A document is reviewed and approved."""
    pipeline.raise_approval(_submit_flagged(pipeline), APPROVED)


def approved_review_by_webhook(pipeline: Pipeline) -> None:
    """A document is approved after the reminder, by an event that is an object."""
    instance = _submit_flagged(pipeline)
    pipeline.advance(hours=30)
    pipeline.raise_approval(instance, APPROVED, as_object=True)


def rejected_review(pipeline: Pipeline) -> None:
    """A document is reviewed and rejected."""
    pipeline.raise_approval(_submit_flagged(pipeline), REFUSED)


def timeout_with_reminder(pipeline: Pipeline) -> None:
    """Nobody decides before or after the reminder."""
    _submit_flagged(pipeline)
    pipeline.advance(hours=49)


def nonsense_before_the_decision(pipeline: Pipeline) -> None:
    """Two events are not decisions. The third is one."""
    instance = _submit_flagged(pipeline)
    for event in ("nonsense", {"approved": "true", "reviewer": "berta"}, APPROVED):
        pipeline.raise_approval(instance, event, as_object=True)


def new_generation_of_the_wait(pipeline: Pipeline) -> None:
    """After ten events that are not decisions, the wait continues in a new generation, and a person approves."""
    instance = _submit_flagged(pipeline)
    for number in range(10):
        pipeline.raise_approval(instance, f"nonsense {number}", as_object=True)
    pipeline.advance(seconds=4)
    pipeline.raise_approval(instance, APPROVED)


def retried_extraction(pipeline: Pipeline) -> None:
    """Extraction fails twice, and succeeds before its deadline."""
    read = Extraction(text_blob="extractions/a/text.txt", page_count=3, character_count=99, confidence=0.99)
    pipeline.activities.script(
        "extract_document_text", OSError("throttled"), OSError("throttled"), read.to_payload()
    )
    pipeline.submit()
    pipeline.advance(minutes=1)


def retried_store_and_notify(pipeline: Pipeline) -> None:
    """Storing fails once, and notifying, in parallel, fails twice."""
    pipeline.activities.script("store_processed_document", OSError("busy"), {})
    pipeline.activities.script("send_completion_notification", OSError("down"), OSError("down"), {})
    pipeline.submit()
    pipeline.advance(minutes=5)


def failed_extraction(pipeline: Pipeline) -> None:
    """A document that can never be read is logged, reported and counted, and fails."""
    failed = Extraction.failed("encrypted", "the PDF asks for a password")
    pipeline.activities.script("extract_document_text", failed.to_payload())
    pipeline.submit()


def lost_workers(pipeline: Pipeline) -> None:
    """Workers are lost in two steps, and in both of the two that are in parallel; the document is completed."""
    pipeline.activities.script(
        "validate_compliance", LOST, OSError("compliance: answered 500"), LOST, CLEAN.to_payload()
    )
    pipeline.activities.script("store_processed_document", LOST, {})
    pipeline.activities.script("send_completion_notification", LOST, LOST, {})
    pipeline.submit()
    pipeline.advance(minutes=5)


def lost_worker_of_version_1_0(pipeline: Pipeline) -> None:
    """A worker was lost in an instance of version 1.0, where that is an attempt: compliance has failed."""
    pipeline.activities.script("validate_compliance", OSError("compliance: answered 500"), LOST)
    pipeline.submit(version="1.0")
    pipeline.advance(minutes=5)


def failed_compliance(pipeline: Pipeline) -> None:
    """Compliance fails three times, and recording the failure fails once."""
    pipeline.activities.script("validate_compliance", OSError("compliance: answered 500"))
    pipeline.activities.script("log_processing_error", OSError("busy"), {})
    pipeline.submit()
    pipeline.advance(minutes=5)


CASES: dict[str, Case] = {
    case.__name__: case
    for case in (
        clean_document, approved_review, approved_review_by_webhook, rejected_review, timeout_with_reminder,
        nonsense_before_the_decision, new_generation_of_the_wait, retried_extraction, retried_store_and_notify,
        failed_extraction, failed_compliance, lost_workers, lost_worker_of_version_1_0,
    )
}  # fmt: skip


def _submit_flagged(pipeline: Pipeline) -> str:
    pipeline.activities.script("validate_compliance", FLAGGED.to_payload())
    return pipeline.submit()


def last_context(case: Case) -> dict[str, Any]:
    """Run a case and return the SDK's input in the last episode."""
    with tempfile.TemporaryDirectory() as folder:
        pipeline = Pipeline(Path(folder))
        try:
            case(pipeline)
            return _without_stacks(pipeline.host.last_context())
        finally:
            pipeline.close()


def _without_stacks(context: dict[str, Any]) -> dict[str, Any]:
    """Remove stack traces: they have paths of the machine."""
    for event in context["history"]:
        if event["EventType"] == HistoryEventType.TASK_FAILED:
            event["Details"] = json.dumps({**json.loads(event["Details"]), "RemoteStackTrace": ""})
    return context


def main(names: Sequence[str]) -> int:
    """Record the cases of these names, or every case."""
    # Failures are part of the cases. Their log is not needed.
    logging.disable()
    with HistoryReplayer(orchestrators.blueprints) as replayer:
        for name in names or CASES:
            case = CASES[name]
            context = last_context(case)
            answer = answer_of(replayer.replay(ORCHESTRATOR, context))
            RecordedHistory(shows=case.__doc__ or "", context=context, answer=answer).save(name)
            sys.stdout.write(f"{name}: {len(context['history'])} events, {len(answer['actions'])} actions\n")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
