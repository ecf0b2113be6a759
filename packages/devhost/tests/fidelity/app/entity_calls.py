"""Calls and signals of entities."""

import azure.durable_functions as df

bp = df.Blueprint()
_OPERATIONS = (
    ("add", 5),
    ("add", 6),
    ("get", None),
    ("who", None),
    ("nonsense", None),
    ("text", "123"),
    ("text", {"a": 1.0}),
    ("text", None),
)


def _counter(context: df.DurableOrchestrationContext) -> df.EntityId:
    return df.EntityId("counter", context.instance_id)


@bp.orchestration_trigger(context_name="context")
def entity_all(context: df.DurableOrchestrationContext):
    """Call one operation after the other."""
    answers = []
    for operation, given in _OPERATIONS:
        answers.append((yield context.call_entity(_counter(context), operation, given)))
    return answers


@bp.orchestration_trigger(context_name="context")
def entity_fails(context: df.DurableOrchestrationContext):
    """Catch the failure of an operation, and look at the state after it."""
    told = []
    yield context.call_entity(_counter(context), "add", 1)
    try:
        yield context.call_entity(_counter(context), "fail")
    except Exception as error:
        told.append([type(error).__name__, str(error)])
    told.append((yield context.call_entity(_counter(context), "get")))
    return told


@bp.orchestration_trigger(context_name="context")
def entity_fails_uncaught(context: df.DurableOrchestrationContext):
    """Fail because an operation does."""
    yield context.call_entity(_counter(context), "fail")


@bp.orchestration_trigger(context_name="context")
def entity_signal(context: df.DurableOrchestrationContext):
    """Signal and call in turn; the last signal deletes."""
    context.signal_entity(_counter(context), "add", 2)
    context.signal_entity(_counter(context), "add", 3)
    before = yield context.call_entity(_counter(context), "get")
    context.signal_entity(_counter(context), "remove")
    after = yield context.call_entity(_counter(context), "get")
    return [before, after]


@bp.orchestration_trigger(context_name="context")
def unknown_entity(context: df.DurableOrchestrationContext):
    """Call an entity that the app does not have."""
    try:
        yield context.call_entity(df.EntityId("no_such_entity", "k"), "get")
    except Exception as error:
        return [type(error).__name__, str(error)]
