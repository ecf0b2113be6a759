"""Signals and calls of one entity by many senders."""

import azure.durable_functions as df

bp = df.Blueprint()


@bp.entity_trigger(context_name="context")
def ledger(context: df.DurableEntityContext):
    """Keep a list of what comes, in the order in which it comes."""
    operation, lines = context.operation_name, context.get_state(list)
    if operation == "write":
        lines.append(context.get_input())
        context.set_state(lines)
    elif operation == "refuse":
        raise ValueError("the ledger refuses")
    elif operation == "burn":
        context.destruct_on_exit()
    # Always set: without a result of its own, an operation would return that of the previous one in its batch.
    context.set_result(len(lines) if operation == "write" else lines)


def _ledger(key: str) -> df.EntityId:
    return df.EntityId("ledger", key)


@bp.orchestration_trigger(context_name="context")
def writes_many(context: df.DurableOrchestrationContext):
    """Signal as many lines as asked for, half of them before an activity and half of them after it."""
    given = context.get_input()
    sender, key, count = given["sender"], given["key"], given["count"]
    for number in range(count // 2):
        context.signal_entity(_ledger(key), "write", [sender, number])
    yield context.call_activity("echo_activity", 1)
    for number in range(count // 2, count):
        context.signal_entity(_ledger(key), "write", [sender, number])
    return "sent"


@bp.orchestration_trigger(context_name="context")
def many_senders(context: df.DurableOrchestrationContext):
    """Have eight children write to one ledger at once, then read it: all is there when the children have ended."""
    key, count = context.instance_id, context.get_input() or 6
    senders = [
        context.call_sub_orchestrator("writes_many", {"sender": sender, "key": key, "count": count})
        for sender in range(8)
    ]
    yield context.task_all(senders)
    for number in range(count):
        context.signal_entity(_ledger(key), "write", ["parent", number])
    lines = yield context.call_entity(_ledger(key), "read")
    names = [*range(8), "parent"]
    by_sender = [[number for sender, number in lines if sender == name] for name in names]
    return [by_sender[-1], [numbers == sorted(numbers) for numbers in by_sender]]


@bp.orchestration_trigger(context_name="context")
def calls_at_once(context: df.DurableOrchestrationContext):
    """Call one entity twelve times at once: each call sees those before it."""
    calls = [context.call_entity(_ledger(context.instance_id), "write", number) for number in range(12)]
    return (yield context.task_all(calls))


@bp.orchestration_trigger(context_name="context")
def many_callers(context: df.DurableOrchestrationContext):
    """Have ten children call one ledger at once: each is told another number."""
    calls = [context.call_sub_orchestrator("calls_ledger", context.instance_id) for _ in range(10)]
    return sorted((yield context.task_all(calls)))


@bp.orchestration_trigger(context_name="context")
def calls_ledger(context: df.DurableOrchestrationContext):
    """Write a line, and return how many there are."""
    return (yield context.call_entity(_ledger(context.get_input()), "write", "line"))


@bp.orchestration_trigger(context_name="context")
def refused_in_between(context: df.DurableOrchestrationContext):
    """Signal lines, and among them what is refused; then read."""
    for operation in ("write", "refuse", "write", "nonsense", "refuse", "write"):
        context.signal_entity(_ledger(context.instance_id), operation, "line")
    return (yield context.call_entity(_ledger(context.instance_id), "read"))


@bp.orchestration_trigger(context_name="context")
def burned_in_between(context: df.DurableOrchestrationContext):
    """Signal lines, burn the ledger, and write on."""
    key = _ledger(context.instance_id)
    for operation in ("write", "write", "burn", "write"):
        context.signal_entity(key, operation, "line")
    return (yield context.call_entity(key, "read"))


@bp.orchestration_trigger(context_name="context")
def many_ledgers(context: df.DurableOrchestrationContext):
    """Signal ten entities in turn, twice, then read them all at once."""
    ids = [_ledger(f"{context.instance_id}-{number}") for number in range(10)]
    for turn in range(2):
        for number, ledger_id in enumerate(ids):
            context.signal_entity(ledger_id, "write", [turn, number])
    return (yield context.task_all([context.call_entity(ledger_id, "read") for ledger_id in ids]))


@bp.orchestration_trigger(context_name="context")
def signals_across_generations(context: df.DurableOrchestrationContext):
    """Signal in each of three generations, then read."""
    number, ledger_id = context.get_input() or 0, _ledger(context.instance_id)
    if number < 3:
        context.signal_entity(ledger_id, "write", number)
        yield context.call_activity("echo_activity", 1)
        context.continue_as_new(number + 1)
        return None
    return (yield context.call_entity(ledger_id, "read"))


@bp.orchestration_trigger(context_name="context")
def signals_and_fails(context: df.DurableOrchestrationContext):
    """Signal, then fail: the signal counts."""
    context.signal_entity(_ledger(context.instance_id), "write", "before the end")
    raise RuntimeError("the end")
    yield  # type: ignore[unreachable]
