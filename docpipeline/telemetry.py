"""Metrics, log fields, and the logger that stays quiet on replay. Nothing here ever fails its caller."""

import functools
import logging
import time
from collections.abc import Awaitable, Callable, MutableMapping
from contextvars import ContextVar
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from docpipeline.telemetry_channel import MetricSink

log = logging.getLogger(__name__)

Activity = Callable[[dict[str, Any]], Awaitable[dict[str, Any]]]

_connection_string: str | None = None
_sink: "MetricSink | None" = None
_ids_under_way: ContextVar[dict[str, str | None] | None] = ContextVar("ids_under_way", default=None)


def configure(connection_string: str | None) -> None:
    """Send metrics to where ``connection_string`` says; None switches them off.

    Nothing is imported and nothing connects before the first metric.
    """
    global _connection_string, _sink
    if _sink is not None:
        _sink.close()
    _connection_string, _sink = connection_string, None


def track(
    name: str,
    value: float,
    *,
    document_id: str | None = None,
    instance_id: str | None = None,
    **properties: object,
) -> None:
    """Record one metric. A no-op when metrics are off; never raises, and never waits for the network.

    Args:
        name: the metric's name (docs/operations.md lists them).
        value: the value, in the unit the name's description gives.
        document_id: sent as property ``documentId``; inside an activity it need not be given.
        instance_id: sent as property ``instanceId``; likewise.
        properties: further properties, camelCase; values are sent as strings.
    """
    if _connection_string is None:
        return
    under_way = _ids_under_way.get() or {}
    ids = {
        "documentId": document_id or under_way.get("document_id"),
        "instanceId": instance_id or under_way.get("instance_id"),
    }
    told = {key: str(given) for key, given in {**ids, **properties}.items() if given is not None}
    try:
        _get_sink(_connection_string).send(name, value, told)
    except Exception:
        log.warning("Metric %s could not be recorded", name, exc_info=True)


def flush(timeout_seconds: float = 2.0) -> bool:
    """Wait until what was recorded is sent. False when some of it was not within ``timeout_seconds``."""
    return _sink is None or _sink.drain(timeout_seconds)


def measured(activity: Activity) -> Activity:
    """Record how long an activity took and how it ended, as metric ``ActivityDuration`` in ms.

    The signature and its annotations stay as they are, since the Functions worker inspects them.
    """
    name = activity.__name__

    @functools.wraps(activity)
    async def timed(payload: dict) -> dict:  # type: ignore[type-arg]
        started, status = time.perf_counter(), "failed"
        # What happens on the way, such as a circuit that opens, is told with the document it happened to.
        outer = _ids_under_way.set(_ids_in(payload))
        try:
            result = await activity(payload)
            status = "failed" if result.get("failure") else "succeeded"
            return result
        finally:
            milliseconds = (time.perf_counter() - started) * 1000
            track("ActivityDuration", milliseconds, activityName=name, status=status, **_ids_in(payload))
            _ids_under_way.reset(outer)

    return timed


def activity_retried(context: Any, activity_name: str, attempt: int, document_id: str) -> None:
    """Record that an orchestrator tries an activity again, as metric ``ActivityRetries``; silent on replay.

    Args:
        context: the orchestration's context.
        activity_name: what is tried again.
        attempt: number of the attempt that failed, from 1.
        document_id: whose document it is.
    """
    if context.is_replaying:
        return
    instance_id = context.instance_id
    track(
        "ActivityRetries",
        1,
        document_id=document_id,
        instance_id=instance_id,
        activityName=activity_name,
        attempt=attempt,
    )


def log_fields(document_id: str | None, instance_id: str | None, **fields: object) -> dict[str, object]:
    """The ``extra`` of a log call: ``log.info("...", extra=log_fields(document_id, instance_id))``."""
    return {"document_id": document_id, "instance_id": instance_id, **fields}


class ReplayQuietLogger(logging.LoggerAdapter[logging.Logger]):
    """A logger for an orchestrator: says nothing while history is replayed."""

    def __init__(self, logger: logging.Logger, context: Any, **fields: object) -> None:
        super().__init__(logger, {"instance_id": context.instance_id, **fields})
        self._context = context

    def isEnabledFor(self, level: int) -> bool:
        """Whether a message of this level would be logged now."""
        return not self._context.is_replaying and super().isEnabledFor(level)

    def process(self, msg: Any, kwargs: MutableMapping[str, Any]) -> tuple[Any, MutableMapping[str, Any]]:
        """Add the orchestration's fields to those of the call."""
        kwargs["extra"] = {**(self.extra or {}), **(kwargs.get("extra") or {})}
        return msg, kwargs


def replay_quiet_logger(logger: logging.Logger, context: Any, **fields: object) -> ReplayQuietLogger:
    """``logger`` for use in an orchestrator; ``fields`` go into every record, beside ``instance_id``."""
    return ReplayQuietLogger(logger, context, **fields)


def _get_sink(connection_string: str) -> "MetricSink":
    global _sink
    if _sink is None:
        from docpipeline.telemetry_channel import MetricSink

        _sink = MetricSink(connection_string)
    return _sink


def _ids_in(payload: Any) -> dict[str, str | None]:
    if not isinstance(payload, dict):
        return {}
    return {"document_id": payload.get("documentId"), "instance_id": payload.get("instanceId")}
