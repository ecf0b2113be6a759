"""The totals of processed documents, sharded by key so that no single entity is hot."""

from collections.abc import Callable
from typing import Any

import azure.durable_functions as df

from docpipeline.models.counters import CounterFinish, CounterStart, DocumentCounts

bp = df.Blueprint()


def _start(counts: DocumentCounts, argument: Any) -> DocumentCounts:
    return counts.start(CounterStart.from_payload(argument).instance_id)


def _finish(counts: DocumentCounts, argument: Any) -> DocumentCounts:
    finish = CounterFinish.from_payload(argument)
    return counts.finish(finish.instance_id, finish.field, begun=finish.begun)


def _increment(counts: DocumentCounts, argument: Any) -> DocumentCounts:
    return counts.increment(str(argument))


OPERATIONS: dict[str, Callable[[DocumentCounts, Any], DocumentCounts]] = {
    "start": _start,
    "finish": _finish,
    "increment": _increment,
}


@bp.entity_trigger(context_name="context")
def document_counter(context: df.DurableEntityContext) -> None:
    """One shard of the counter. Key: ``"0"`` up to ``COUNTER_SHARDS`` - 1.

    ``start`` {instanceId}: a run begins, ``pending`` +1. ``finish`` {instanceId, field, begun?}: one that began
    ends, ``pending`` -1 and ``field`` +1; with ``begun`` false one that never did, ``field`` +1 alone. Each counts
    a run once, however often it is told. ``increment`` (a name of a field): that field +1. ``get``: the totals.
    ``reset``: all to zero. Anything else is an error.
    """
    counts = DocumentCounts.from_payload(context.get_state(dict))
    operation = context.operation_name
    if operation == "reset":
        counts = counts.reset()
    elif operation in OPERATIONS:
        counts = OPERATIONS[operation](counts, context.get_input())
    elif operation != "get":
        known = ", ".join([*OPERATIONS, "get", "reset"])
        raise ValueError(f"document_counter has no operation '{operation}'; it has {known}")
    if operation != "get":
        context.set_state(counts.to_payload())
    # Always set: an operation without a result of its own would answer with the one before it in the batch.
    context.set_result(counts.totals())
