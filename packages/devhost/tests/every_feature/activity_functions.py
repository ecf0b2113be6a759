"""Activities: sync and async, one that fails until a test mends it, one with an output binding."""

from collections import Counter

import azure.durable_functions as df
import azure.functions as func
import traces

bp = df.Blueprint()
_runs: Counter[str] = Counter()


@bp.activity_trigger(input_name="name")
def say_hello(name: str) -> str:
    """Greet somebody; nobody is an error."""
    if not name:
        raise ValueError("nobody to greet")
    return f"Hello {name}!"


@bp.activity_trigger(input_name="payload")
async def echo(payload: object) -> object:
    """Return the payload."""
    return payload


@bp.activity_trigger(input_name="name")
def mend_me(name: str) -> str:
    """Fail until the file ``mended-NAME`` is there."""
    if not (traces.folder() / f"mended-{name}").exists():
        raise ValueError(f"{name} is broken")
    return f"{name} is mended"


@bp.activity_trigger(input_name="name")
def succeed_third(name: str) -> int:
    """Fail twice, then return the number of the run."""
    _runs[name] += 1
    if _runs[name] < 3:
        raise ValueError(f"run {_runs[name]} fails")
    return _runs[name]


@bp.activity_trigger(input_name="text")
@bp.queue_output(arg_name="parcel", queue_name="%PARCELS%-announced", connection="AzureWebJobsStorage")
def announce(text: str, parcel: func.Out[str]) -> str:
    """Write an output besides the result."""
    parcel.set(text)
    return "announced"
