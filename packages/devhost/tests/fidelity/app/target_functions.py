"""What the orchestrators call: activities, and an entity."""

from collections import Counter

import azure.durable_functions as df
import pacing

bp = df.Blueprint()
_tries: Counter[str] = Counter()


@bp.activity_trigger(input_name="value")
def echo_activity(value):
    """Return what comes."""
    return value


@bp.activity_trigger(input_name="value")
def kind_activity(value):
    """Tell what Python makes of what comes."""
    return f"{type(value).__name__} {value!r}"


@bp.activity_trigger(input_name="value")
def fail_activity(value):
    """Fail in a plain way."""
    raise ValueError(f"bad {value}")


@bp.activity_trigger(input_name="value")
def fail_odd_activity(value):
    """Fail with an error of the app's own, whose text has all that quoting may break."""

    class Odd(Exception):
        pass

    raise Odd('first line\nsecond: line\n"quoted" \\ ünïcode ' + str(value))


@bp.activity_trigger(input_name="value")
def flaky_activity(value: dict):
    """Fail as often as ``fails`` says, then return the number of the try."""
    key = value["key"]
    _tries[key] += 1
    if _tries[key] <= value["fails"]:
        raise RuntimeError(f"try {_tries[key]}")
    return _tries[key]


@bp.activity_trigger(input_name="value")
def unserialisable_activity(value):
    """Return what no JSON can hold."""
    return object()


@bp.activity_trigger(input_name="value")
def nothing_activity(value):
    """Return nothing."""
    return None


@bp.activity_trigger(input_name="value")
def slow_activity(value):
    """Take so many seconds, and return them."""
    pacing.pause(value)
    return value


@bp.entity_trigger(context_name="context")
def counter(context: df.DurableEntityContext):
    """Count, or keep a text; with operations that fail and that delete."""
    operation, state = context.operation_name, context.get_state(lambda: 0)
    if operation == "add":
        _keep(context, state + context.get_input())
    elif operation == "text":
        _keep(context, context.get_input())
    elif operation == "fail":
        context.set_state(999)
        raise ValueError("entity refuses")
    elif operation == "remove":
        context.destruct_on_exit()
    else:
        context.set_result(_told(context, state))


def _keep(context: df.DurableEntityContext, state: object) -> None:
    context.set_state(state)
    context.set_result(state)


def _told(context: df.DurableEntityContext, state: object) -> object:
    operation = context.operation_name
    who = [context.entity_name, context.entity_key, operation]
    return {"get": state, "who": who}.get(operation, f"unknown {operation}")
