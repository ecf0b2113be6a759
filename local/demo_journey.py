"""The journey of one sample document: sent, followed, decided where a review is requested, and compared."""

from __future__ import annotations

import asyncio
import time
from dataclasses import dataclass, field

from local.demo_api import PipelineApi, Record, patiently
from local.demo_samples import Sample
from local.errors import DemoError

FINAL_STATUSES = frozenset({"completed", "rejected", "timeout", "failed"})
_LONGEST_WAIT_SECONDS = 5.0


@dataclass
class Journey:
    """How far the run of a sample has come.

    Attributes:
        stage: `waiting` and `sending` before the pipeline knows it, then the record's status.
        problems: why it did not end as expected. Empty when it did.
        poll_seconds: how long to wait between two looks at the record.
    """

    sample: Sample
    stage: str = "waiting"
    document_id: str = ""
    instance_id: str = ""
    record: Record = field(default_factory=dict)
    text: str | None = None
    started: float | None = None
    ended: float | None = None
    problems: list[str] = field(default_factory=list)
    poll_seconds: float = 0.3

    @property
    def seconds(self) -> float:
        """Seconds since it was sent, or from then until its end."""
        return 0.0 if self.started is None else (self.ended or time.monotonic()) - self.started

    @property
    def is_over(self) -> bool:
        """Whether nothing more will happen to it in this demo."""
        return self.ended is not None

    def give_up(self, problem: str) -> None:
        """End the journey with a problem."""
        self.problems.append(problem)
        self.ended = self.ended or time.monotonic()


async def travel(journey: Journey, api: PipelineApi) -> None:
    """Send one document and follow it to its end. Afterwards `journey.is_over` is true, whatever happened."""
    journey.started = time.monotonic()
    journey.stage = "sending"
    try:
        await _send(journey, api)
        await _follow(journey, api)
        journey.text = await patiently(api.text(journey.document_id))
        journey.problems += differences(journey)
        journey.ended = time.monotonic()
    except DemoError as error:
        journey.give_up(str(error))


def differences(journey: Journey) -> list[str]:
    """The differences between the end of a journey and what its sample expects, one sentence for each."""
    sample, record = journey.sample, journey.record
    found = []
    if record.get("status") != sample.expected_status:
        found.append(f"ended as {record.get('status')} instead of {sample.expected_status}{_reason(record)}")
    elif sample.expected_status == "failed" and not _reason(record):
        found.append("failed without a code and a message that say why")
    if sample.expected_decision not in (None, record.get("decision")):
        found.append(f"was decided as {record.get('decision')} instead of {sample.expected_decision}")
    text = _normalised(journey.text or "")
    found += [f"its text lacks {words!r}" for words in sample.expected_text if _normalised(words) not in text]
    return found


async def _send(journey: Journey, api: PipelineApi) -> None:
    """Start the document: again when an earlier demo finished it. If its run is in flight, follow that run."""
    reprocess = False
    while True:
        answer = await patiently(api.submit(journey.sample, reprocess=reprocess))
        if answer is None or answer.status in (429, 503):
            wait = answer.retry_after_seconds if answer else journey.poll_seconds
            await asyncio.sleep(min(wait, _LONGEST_WAIT_SECONDS))
        elif answer.status == 202:
            journey.document_id, journey.instance_id = answer.body["documentId"], answer.body["id"]
            return
        elif answer.status == 200:
            record = answer.body.get("record") or answer.body
            journey.document_id, journey.instance_id = record["documentId"], record["instanceId"]
            if record.get("status") not in FINAL_STATUSES:
                return
            reprocess = True
        elif answer.status == 409 and journey.document_id:
            # Somebody else started it between our two calls: follow that run.
            record = await patiently(api.record(journey.document_id))
            if record is None:
                continue
            journey.instance_id = record["instanceId"]
            return
        else:
            raise DemoError(f"was not accepted: {answer.explanation}")


async def _follow(journey: Journey, api: PipelineApi) -> None:
    """Watch the record until it is final, and decide when a review is requested."""
    decided = False
    while True:
        record = await patiently(api.record(journey.document_id))
        # Right after a second start, the record may still be that of the first run.
        if record is not None and record.get("instanceId") == journey.instance_id:
            journey.record, journey.stage = record, record["status"]
            if journey.stage in FINAL_STATUSES:
                return
            if journey.stage == "awaitingReview" and not decided:
                decided = await _decide(journey, api)
        await asyncio.sleep(journey.poll_seconds)


async def _decide(journey: Journey, api: PipelineApi) -> bool:
    """Decide a document that waits for a review. Returns False when the call must be repeated."""
    if journey.sample.review is None:
        issues = ", ".join(str(issue.get("code")) for issue in journey.record.get("issues") or []) or "none"
        raise DemoError(f"waits for a review that its sample does not foresee (issues: {issues})")
    answer = await patiently(api.decide(journey.document_id, approved=journey.sample.review == "approve"))
    if answer is not None and answer.status not in (202, 409, 503):
        raise DemoError(f"its review was not accepted: {answer.explanation}")
    return answer is not None and answer.status == 202


def _reason(record: Record) -> str:
    error = record.get("error") or {}
    return f" ({error['code']}: {error['message']})" if error.get("code") and error.get("message") else ""


def _normalised(text: str) -> str:
    """The text without differences of layout and case."""
    return " ".join(text.split()).casefold()
