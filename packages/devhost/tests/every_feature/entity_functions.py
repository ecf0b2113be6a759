"""Entities: a counter with every kind of operation, and a note that stores the operations it gets."""

import azure.durable_functions as df

bp = df.Blueprint()


@bp.entity_trigger(context_name="context")
def counter(context: df.DurableEntityContext) -> None:
    """Add, get, fail or delete."""
    total = context.get_state(lambda: 0)
    if context.operation_name == "explode":
        raise ValueError("boom")
    if context.operation_name == "delete":
        context.destruct_on_exit()
        return
    if context.operation_name == "add":
        total += context.get_input()
        context.set_state(total)
    context.set_result(total)


@bp.entity_trigger(context_name="context")
def note(context: df.DurableEntityContext) -> None:
    """Keep each operation's name with its input; ``clear`` leaves null."""
    if context.operation_name == "clear":
        context.set_state(None)
        return
    kept = context.get_state(list)
    kept.append([context.operation_name, context.get_input()])
    context.set_state(kept)
