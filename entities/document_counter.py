"""The totals of processed documents, in several entities, so that no single one becomes a bottleneck."""

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

    Operations; any other is an error:

    - ``start`` {instanceId}: a run begins; ``pending`` +1.
    - ``finish`` {instanceId, field, begun?}: a run ends; ``pending`` -1 and ``field`` +1. With ``begun`` false the
      run never began; ``field`` +1 only.
    - ``increment`` (the name of a field): that field +1.
    - ``get``: the totals.
    - ``reset``: all totals to zero.

    ``start`` and ``finish`` are repeat-safe: each counts a run once.
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
    # Always set: without a result of its own, an operation would return that of the previous one in its batch.
    context.set_result(counts.totals())
