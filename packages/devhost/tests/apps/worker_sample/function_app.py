"""Functions that end or block their process, and others that run beside them."""

import logging
import os
import resource
import signal
import threading
from collections.abc import Generator
from pathlib import Path
from typing import Any

import azure.durable_functions as df
import azure.functions as func

app = df.DFApp(http_auth_level=func.AuthLevel.ANONYMOUS)
folder = Path(os.environ["SAMPLE_FOLDER"])


def note(line: str) -> int:
    """Append a line; returns how often the file held it before."""
    path = folder / "effects"
    before = path.read_text().splitlines().count(line) if path.exists() else 0
    with path.open("a") as file:
        file.write(f"{line}\n")
    return before


@app.orchestration_trigger(context_name="context")
def call(context: df.DurableOrchestrationContext) -> Generator[Any, Any, str]:
    """Call an activity, and return what it returned or the text of its failure."""
    asked = context.get_input()
    try:
        return (yield context.call_activity(asked["activity"], asked.get("input")))
    except Exception as error:
        return f"failed: {error}"


@app.orchestration_trigger(context_name="context")
def crashing_orchestrator(context: df.DurableOrchestrationContext) -> Generator[Any, Any, str]:
    note("crashing_orchestrator")
    os._exit(4)
    yield  # type: ignore[unreachable]  # It makes the function a generator.


@app.orchestration_trigger(context_name="context")
def ask_entity(context: df.DurableOrchestrationContext) -> Generator[Any, Any, list]:
    answers = []
    for operation in ("add", "crash", "add"):
        try:
            answers.append((yield context.call_entity(df.EntityId("fragile", "one"), operation)))
        except Exception as error:
            answers.append(str(error))
    return answers


@app.entity_trigger(context_name="context")
def fragile(context: df.DurableEntityContext) -> None:
    if context.operation_name == "crash":
        note("fragile")
        os._exit(5)
    count = context.get_state(lambda: 0) + 1
    context.set_state(count)
    context.set_result(count)


@app.activity_trigger(input_name="payload")
def show_pid(payload: object) -> int:
    logging.info("It runs in %d", os.getpid())
    return os.getpid()


@app.activity_trigger(input_name="payload")
def crash(payload: dict) -> str:
    """End the process by an exit code or a signal, always or only the first time."""
    earlier = note(f"crash {payload['name']}")
    if earlier and payload.get("once"):
        return "survived"
    if "signal" in payload:
        signal.raise_signal(getattr(signal, payload["signal"]))
    os._exit(payload.get("code", 3))


@app.activity_trigger(input_name="payload")
def hang(payload: object) -> None:
    note("hang")
    threading.Event().wait()


@app.activity_trigger(input_name="name")
def stay_beside(name: str) -> str:
    """Block until the process ends; return at once in a second run."""
    if not note(f"beside {name}"):
        threading.Event().wait()
    return f"{name} is done"


@app.activity_trigger(input_name="payload")
def allocate(payload: object) -> str:
    """Take more memory than the process may have."""
    note("allocate")
    pages = int(Path("/proc/self/statm").read_text().split()[0])
    limit = pages * resource.getpagesize() + (64 << 20)
    resource.setrlimit(resource.RLIMIT_AS, (limit, limit))
    taken = []
    while True:
        taken.append(bytearray(8 << 20))


@app.route(route="crash", methods=["POST"])
def crash_request(req: func.HttpRequest) -> func.HttpResponse:
    os._exit(6)


@app.route(route="dictionary")
def dictionary(req: func.HttpRequest):
    return {"no": "answer"}


@app.route(route="size", methods=["POST"])
async def size(req: func.HttpRequest) -> func.HttpResponse:
    """Return the body's size and, as the answer's body, as many bytes as asked for."""
    length = len(req.get_body())
    return func.HttpResponse(b"x" * int(req.params["answer"]), headers={"X-Size": str(length)})
