"""Values on their way through inputs, activities and outputs; and what an orchestrator knows of itself."""

import os
from datetime import timedelta

import azure.durable_functions as df

bp = df.Blueprint()
_CALLED = os.environ.get("FIDELITY_HTTP", "http://127.0.0.1:21999")
_TEXTS = ["123", "true", "null", '"q"', "[1]", '{"a":1}', "", " ", "2026-01-01T00:00:00Z"]
_DATES = ["2026-01-01T00:00:00+02:00", "2026-01-01", "NaN"]
_NUMBERS = [0, -1, 1.0, 1.5, 1e20, 1e-7, 123456789012345678, 2**53 + 1, 2**63, 10**30]
_OTHERS = [True, False, None, [], {}, [None, [1.0]], {"b": 1, "a": {"z": []}}]
_CHARACTERS = ["\u00e9\u4e2d\U0001f600", "\u2028</script>&<>'", "a\tb\nc\\d"]
_VALUES = [
    *_TEXTS,
    *_DATES,
    *_NUMBERS,
    *_OTHERS,
    *_CHARACTERS,
    {"2026-01-01T00:00:00Z": "2026-01-01T00:00:00.1230000Z"},
]


@bp.orchestration_trigger(context_name="context")
def give_back(context: df.DurableOrchestrationContext):
    """Return the input."""
    return context.get_input()


@bp.orchestration_trigger(context_name="context")
def kind_of(context: df.DurableOrchestrationContext):
    """Tell what Python makes of the input."""
    given = context.get_input()
    return f"{type(given).__name__} {given!r}"


@bp.orchestration_trigger(context_name="context")
def through_activity(context: df.DurableOrchestrationContext):
    """Send the input through two activities."""
    echo = yield context.call_activity("echo_activity", context.get_input())
    kind = yield context.call_activity("kind_activity", context.get_input())
    return {"echo": echo, "kind": kind, "type": type(echo).__name__}


@bp.orchestration_trigger(context_name="context")
def fixed_values(context: df.DurableOrchestrationContext):
    """Send many values through two activities, one after the other."""
    rows = []
    for value in _VALUES:
        echo = yield context.call_activity("echo_activity", value)
        kind = yield context.call_activity("kind_activity", value)
        rows.append([echo, type(echo).__name__, kind, echo == value])
    return rows


@bp.orchestration_trigger(context_name="context")
def identity(context: df.DurableOrchestrationContext):
    """Tell who this is."""
    return [context.instance_id, context.parent_instance_id, context.version]


@bp.orchestration_trigger(context_name="context")
def guids(context: df.DurableOrchestrationContext):
    """Make GUIDs before and after an activity."""
    first, second = context.new_guid(), context.new_guid()
    yield context.call_activity("echo_activity", 1)
    third = context.new_guid()
    return [first != second, second != third, True]


@bp.orchestration_trigger(context_name="context")
def clocks(context: df.DurableOrchestrationContext):
    """Look at the clock, and at whether this is a replay, before and after an activity and a timer."""
    began, was_replaying = context.current_utc_datetime, context.is_replaying
    yield context.call_activity("echo_activity", 1)
    worked, was_replaying_then = context.current_utc_datetime, context.is_replaying
    yield context.create_timer(context.current_utc_datetime + timedelta(seconds=1))
    rang = context.current_utc_datetime
    is_in_order, is_late_enough = began < worked < rang, rang - worked >= timedelta(seconds=1)
    is_aware = began.tzinfo is not None
    return [is_in_order, was_replaying, was_replaying_then, context.is_replaying, is_aware, is_late_enough]


@bp.orchestration_trigger(context_name="context")
def http_get(context: df.DurableOrchestrationContext):
    """Get a page of the test's own server."""
    answer = yield context.call_http("GET", _CALLED + context.get_input())
    return answer


@bp.orchestration_trigger(context_name="context")
def http_post(context: df.DurableOrchestrationContext):
    """Post an object, then a text, to a page that tells what it was sent."""
    url = _CALLED + "/echo"
    thing = yield context.call_http("POST", url, {"a": 1}, {"X-One": "1"})
    text = yield context.call_http("POST", url, "plain", {"Content-Type": "text/plain"})
    return [thing, text]
