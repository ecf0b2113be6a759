"""Whether the app has a function of a name, and the Durable extension's words when it has not."""

from collections.abc import Collection

from devhost.engine.functions import DurableFunctions


def unknown_orchestrator(name: str, functions: DurableFunctions) -> str | None:
    """Return what is wrong with an orchestrator's name, or None."""
    return _problem(name, functions.orchestrators, "orchestrator")


def unknown_entity(name: str, functions: DurableFunctions) -> str | None:
    """Return what is wrong with an entity's name, or None."""
    return _problem(name, functions.entities, "entity")


def is_known(name: str, registered: Collection[str]) -> bool:
    """Whether `name` is registered; case does not matter."""
    return name in registered or name.lower() in {known.lower() for known in registered}


def _problem(name: str, registered: Collection[str], kind: str) -> str | None:
    if is_known(name, registered):
        return None
    known = ", ".join(f"'{one}'" for one in sorted(registered))
    listing = (
        f"The following are the known {kind} functions: {known}."
        if known
        else f"No {kind} functions are currently registered!"
    )
    return (
        f"The function '{name}' doesn't exist, is disabled, or is not an {kind} function. "
        f"Additional info: {listing}"
    )
