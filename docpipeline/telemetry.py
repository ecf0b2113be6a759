"""Metrics and log fields. Nothing here ever fails its caller.

Metrics take the way of logs: `track` writes to a logger of their own, and `docpipeline.composition` gives that
logger the one handler that sends them. Without a handler nothing is recorded.
"""

import functools
import logging
import time
from collections.abc import Awaitable, Callable
from contextvars import ContextVar
from typing import TYPE_CHECKING, Any

from docpipeline.errors import content_free
from docpipeline.models.foreign_results import RESULT_OF
from docpipeline.models.runs import RunReference

if TYPE_CHECKING:
    from docpipeline.telemetry_channel import MetricSink

log = logging.getLogger(__name__)
metrics = logging.getLogger(f"{__name__}.metrics")

Activity = Callable[[dict[str, Any]], Awaitable[dict[str, Any]]]

_current_run: ContextVar[RunReference | None] = ContextVar("current_run", default=None)
"""The run that the activity in this context works on."""


class MetricHandler(logging.Handler):
    """Sends each metric to Application Insights. Nothing is imported and nothing connects before the first one."""

    def __init__(self, connection_string: str) -> None:
        super().__init__()
        self.connection_string = connection_string
        self._sink: MetricSink | None = None

    def emit(self, record: logging.LogRecord) -> None:
        """Queue the metric that `track` wrote."""
        try:
            metric = record.__dict__
            self._open_sink().send(record.msg, metric["metric_value"], metric["metric_properties"])
        except Exception:
            log.warning("Metric %s could not be recorded", record.msg, exc_info=True)

    def drain(self, timeout_seconds: float = 2.0) -> bool:
        """Wait until what was recorded is sent. False when some of it was not within ``timeout_seconds``."""
        return self._sink is None or self._sink.drain(timeout_seconds)

    def close(self) -> None:
        """Stop sending."""
        if self._sink is not None:
            self._sink.close()
        super().close()

    def _open_sink(self) -> "MetricSink":
        if self._sink is None:
            from docpipeline.telemetry_channel import MetricSink

            self._sink = MetricSink(self.connection_string)
        return self._sink


def send_metrics_to(handler: logging.Handler) -> None:
    """Let ``handler`` have every metric from now on."""
    # A metric is not a log line: it must not reach the handlers of the log as well.
    metrics.propagate = False
    metrics.setLevel(logging.INFO)
    metrics.addHandler(handler)


def stop_metrics_to(handler: logging.Handler) -> None:
    """Let ``handler`` have no more metrics, and close it."""
    metrics.removeHandler(handler)
    handler.close()


def track(name: str, value: float, run: RunReference | None = None, **properties: object) -> None:
    """Record one metric. A no-op when metrics are off; never raises, and never waits for the network.

    Args:
        name: the metric's name (docs/operations.md lists them).
        value: the value, in the unit the name's description gives.
        run: sent as properties ``documentId`` and ``instanceId``; inside an activity, its own run by default.
        properties: further properties, camelCase; values are sent as strings, and None is left out.
    """
    if not metrics.handlers:
        return
    run = run or _current_run.get()
    ids = {"documentId": run.document_id, "instanceId": run.instance_id} if run else {}
    texts = {key: str(value) for key, value in {**ids, **properties}.items() if value is not None}
    metrics.info(name, extra={"metric_value": value, "metric_properties": texts})


def measured(activity: Activity) -> Activity:
    """Record how long an activity took and how it ended, as metric ``ActivityDuration`` in ms.

    Its result says which activity it is of. Whatever it raises leaves it as a content-free PipelineError. Its
    signature and annotations stay as they are, since the Functions worker inspects them.
    """
    name = activity.__name__

    @functools.wraps(activity)
    async def timed(payload: dict) -> dict:  # type: ignore[type-arg]
        started, status = time.perf_counter(), "failed"
        # Metrics that are recorded on the way, such as that of an opening circuit, carry the ids of this run.
        outer = _current_run.set(_run_in(payload))
        try:
            result = await activity(payload)
            status = "failed" if result.get("failure") else "succeeded"
            return {**result, RESULT_OF: name}
        except Exception as error:
            raise content_free(error) from None
        finally:
            milliseconds = (time.perf_counter() - started) * 1000
            track("ActivityDuration", milliseconds, activityName=name, status=status)
            _current_run.reset(outer)

    return timed


def activity_retried(context: Any, activity_name: str, attempt: int, run: RunReference) -> None:
    """Record that an orchestrator tries an activity again, as metric ``ActivityRetries``; silent on replay.

    Args:
        context: the orchestration's context.
        activity_name: the activity that is tried again.
        attempt: number of the attempt that failed, from 1.
        run: the run that it works on.
    """
    if not context.is_replaying:
        track("ActivityRetries", 1, run, activityName=activity_name, attempt=attempt)


def log_fields(run: RunReference, **fields: object) -> dict[str, object]:
    """The ``extra`` of a log call: ``log.info("...", extra=log_fields(record.run))``."""
    return {"document_id": run.document_id, "instance_id": run.instance_id, **fields}


def _run_in(payload: dict[str, Any]) -> RunReference | None:
    try:
        return RunReference(document_id=payload["documentId"], instance_id=payload["instanceId"])
    except (KeyError, TypeError, ValueError):
        return None
