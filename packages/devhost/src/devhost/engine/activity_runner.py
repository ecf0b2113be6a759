"""Runs activities: at least once each, while the answer reaches the instance at most once."""

import logging
import threading
from collections.abc import Iterable
from dataclasses import dataclass

from devhost.engine import dotnet_json, failure_texts, timestamps, work_store
from devhost.engine.builtin_http import call_http
from devhost.engine.clock import Clock
from devhost.engine.commands import HTTP_ACTIVITY
from devhost.engine.database import Database
from devhost.engine.events import Event, EventType, event
from devhost.engine.functions import DurableFunctions, FunctionFailed, FunctionResult, FunctionTimedOut, OnResult
from devhost.engine.known_names import is_known
from devhost.engine.lanes import CommitPart, HandOver
from devhost.engine.transactions import Transaction
from devhost.engine.wakeups import ActivityWork, Wakeups

log = logging.getLogger("devhost.durable")

_MOST_EXPECTED = 2000
_LONGEST_EXPECTED_INPUT = 4096


class ActivityRunner:
    """Runs work items; many may run at once, in any order."""

    def __init__(self, database: Database, functions: DurableFunctions, clock: Clock) -> None:
        self._database = database
        self._functions = functions
        self._clock = clock
        self._expected: dict[int, ActivityWork] = {}

    def expect(self, works: Iterable[ActivityWork]) -> None:
        """Take the content of work items that will be run soon, which saves reading it; too much is left alone."""
        for work in works:
            if len(self._expected) < _MOST_EXPECTED and len(work.input or "") <= _LONGEST_EXPECTED_INPUT:
                self._expected[work.work_id] = work

    def begin(self, work_id: int, hand_over: HandOver) -> bool:
        """Begin a work item, to be traded for its completion. See ``lanes.Runner``."""
        work = self._expected.pop(work_id, None) or self._read(work_id)
        if work is None:
            return False

        def on_result(result: FunctionResult[str]) -> None:
            hand_over(lambda: self._part(work, result))

        if work.name == HTTP_ACTIVITY:
            _call_http(work.input or "{}", on_result)
        elif is_known(work.name, self._functions.activities):
            self._functions.begin_activity(work.name, work.instance_id, work.input, on_result)
        else:
            hand_over(lambda: _CompletionPart(work, self._unknown(work)))
        return True

    def _read(self, work_id: int) -> ActivityWork | None:
        with self._database.reading() as snapshot:
            return work_store.find_activity(snapshot, work_id)

    def _part(self, work: ActivityWork, result: FunctionResult[str]) -> CommitPart:
        try:
            text = result.unwrap()
            text = None if text is None else dotnet_json.read_result(text)
        except dotnet_json.Unreadable as failure:
            reason = f"Activity function '{work.name}' failed: {failure}"
            return _CompletionPart(work, self._task_failed(work, reason, failure_texts.unreadable(str(failure))))
        except FunctionFailed as failure:
            return _CompletionPart(work, self._failed(work, failure))
        except FunctionTimedOut as failure:
            reason = f"Activity function '{work.name}' failed: {failure}"
            return _CompletionPart(work, self._task_failed(work, reason, failure_texts.plain(reason)))
        completed = event(EventType.TASK_COMPLETED, self._now(), TaskScheduledId=work.task_id, Result=text)
        return _CompletionPart(work, completed)

    def _failed(self, work: ActivityWork, failure: FunctionFailed) -> Event:
        if work.name == HTTP_ACTIVITY:
            return self._task_failed(work, failure.message, failure_texts.plain(failure.message))
        log.warning("Activity '%s' of instance '%s' failed: %s", work.name, work.instance_id, failure)
        # Two spaces, as on Azure: apps compare such texts.
        reason = f"Activity function '{work.name}' failed:  {failure.type_name}: {failure.message}"
        return self._task_failed(work, reason, failure_texts.raised(failure))

    def _unknown(self, work: ActivityWork) -> Event:
        """Azure leaves such an instance hanging for ever; here it fails, and says why."""
        log.error(
            "Instance '%s' calls the activity '%s', which the app does not have. Known activities: %s.",
            work.instance_id,
            work.name,
            ", ".join(sorted(self._functions.activities)) or "none",
        )
        reason = f"Activity function '{work.name}' failed: Activity function '{work.name}' does not exist."
        return self._task_failed(work, reason, failure_texts.plain(reason))

    def _task_failed(self, work: ActivityWork, reason: str, details: str) -> Event:
        return event(
            EventType.TASK_FAILED, self._now(), TaskScheduledId=work.task_id, Reason=reason, Details=details
        )

    def _now(self) -> str:
        return timestamps.to_text(self._clock.now())


@dataclass(frozen=True)
class _CompletionPart:
    """Trades a work item for its completion."""

    work: ActivityWork
    completion: Event

    def write(self, tx: Transaction) -> bool:
        """See ``lanes.CommitPart``."""
        return work_store.finish_activity(tx, self.work, self.completion)

    def written(self, is_wanted: bool) -> Wakeups:
        """See ``lanes.CommitPart``."""
        if is_wanted:
            return Wakeups.of_instances([self.work.instance_id])
        log.info(
            "Nobody waits for activity '%s' of instance '%s' any more.", self.work.name, self.work.instance_id
        )
        return Wakeups()

    def refused(self, failure: BaseException) -> None:
        """See ``lanes.CommitPart``: the completion is kept, and written once that can be done."""
        return None


def _call_http(request: str, on_result: OnResult[str]) -> None:
    """Make a request of ``call_http`` on a thread of its own."""

    def call() -> None:
        on_result(FunctionResult.of(lambda: call_http(request)))

    threading.Thread(target=call, name="durable-http-call", daemon=True).start()
