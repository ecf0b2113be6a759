"""The SDK's input document, joined from texts of events that are encoded once and not anew for every episode."""

from collections.abc import Iterable, Sequence

from devhost.engine.episode_store import Instance
from devhost.engine.events import Event, sdk_text, to_text


def played(events: Iterable[Event]) -> list[str]:
    """Return events of earlier episodes as they stand in the document."""
    return [sdk_text(event, is_played=True) for event in events]


def document(
    instance: Instance, played_texts: Sequence[str], opened: Sequence[Event], async_request_sleep_ms: int
) -> str:
    """Build the document of an episode. The two durations make the SDK split timers longer than six days.

    Args:
        instance: whose episode it is.
        played_texts: its history, from ``played``.
        opened: the episode's first events.
        async_request_sleep_ms: how long the SDK waits between polls of ``call_http``.
    """
    head = {
        "instanceId": instance.instance_id,
        "isReplaying": bool(instance.history),
        "parentInstanceId": instance.parent.instance_id if instance.parent else None,
        "sourceInstanceId": None,
        "upperSchemaVersion": 1,
        "upperSchemaVersionNew": 3,
        "longRunningTimerIntervalDuration": "3.00:00:00",
        "maximumShortTimerDuration": "6.00:00:00",
        "defaultHttpAsyncRequestSleepTimeMillseconds": async_request_sleep_ms,
    }
    history = ",".join([*played_texts, *(sdk_text(new, is_played=False) for new in opened)])
    # What was stored as input is JSON already.
    return f'{{"history":[{history}],"input":{instance.input or "null"},{to_text(head)[1:]}'
