"""The app that is measured: a chain and a fork with a signal, activities that compute, a wide fan-out."""

import hashlib
import json
import re
from collections import Counter
from collections.abc import Generator
from typing import Any

import azure.durable_functions as df
import azure.functions as func

WORKFLOW = "reference_workflow"
COMPUTING_WORKFLOW = "computing_workflow"
FAN_OUT = "fan_out"
Steps = Generator[Any, Any, Any]
_SHARDS = 8
_AT_ONCE = ("extract", "validate", "store", "notify")
_COMPUTING = ("parse_and_hash",) * 4
_PAGE = " ".join(f"Item {number}: {number * 7} pieces at {number}.50 EUR, net 30 days." for number in range(60))
_PASSES = 100


def reference_app() -> func.FunctionApp:
    """Return a new app; the functions of an app can be listed only once."""
    app = func.FunctionApp()
    app.register_functions(_orchestrators())
    app.register_functions(_steps())
    app.register_functions(_entities())
    return app


def parse_page() -> str:
    """Count and hash the words of a page, again and again: the work of an activity that computes.

    Nearly all of it is Python code, so two threads of one process take as long as one.
    """
    digest = hashlib.sha256()
    for _ in range(_PASSES):
        digest.update(json.dumps(Counter(re.findall(r"\w+", _PAGE)), sort_keys=True).encode())
    return digest.hexdigest()


def _orchestrators() -> df.Blueprint:
    bp = df.Blueprint()

    @bp.orchestration_trigger(context_name="context")
    def reference_workflow(context: df.DurableOrchestrationContext) -> Steps:
        return (yield from _chain_and_fork(context, _AT_ONCE))

    @bp.orchestration_trigger(context_name="context")
    def computing_workflow(context: df.DurableOrchestrationContext) -> Steps:
        return (yield from _chain_and_fork(context, _COMPUTING))

    @bp.orchestration_trigger(context_name="context")
    def fan_out(context: df.DurableOrchestrationContext) -> Steps:
        width = context.get_input()["width"]
        numbers = yield context.task_all([context.call_activity("echo", number) for number in range(width)])
        return sum(numbers)

    return bp


def _chain_and_fork(context: df.DurableOrchestrationContext, steps: tuple[str, ...]) -> Steps:
    extract, validate, store, notify = steps
    document = context.get_input()
    text = yield context.call_activity(extract, document)
    verdict = yield context.call_activity(validate, text)
    context.signal_entity(df.EntityId("tally", str(document["number"] % _SHARDS)), "add", 1)
    last = [context.call_activity(store, verdict), context.call_activity(notify, verdict)]
    return (yield context.task_all(last))


def _steps() -> df.Blueprint:
    bp = df.Blueprint()

    @bp.activity_trigger(input_name="payload")
    def extract(payload: dict) -> dict:
        return {"number": payload["number"], "text": "Invoice 17, total 1,234.50 EUR", "confidence": 0.98}

    @bp.activity_trigger(input_name="payload")
    def validate(payload: dict) -> dict:
        return {"number": payload["number"], "verdict": "compliant", "score": 0.91}

    @bp.activity_trigger(input_name="payload")
    def store(payload: dict) -> dict:
        return {"stored": payload["number"]}

    @bp.activity_trigger(input_name="payload")
    def notify(payload: dict) -> dict:
        return {"notified": payload["number"]}

    @bp.activity_trigger(input_name="payload")
    def parse_and_hash(payload: dict) -> dict:
        return {"number": payload["number"], "digest": parse_page()}

    @bp.activity_trigger(input_name="payload")
    def echo(payload: int) -> int:
        return payload

    return bp


def _entities() -> df.Blueprint:
    bp = df.Blueprint()

    @bp.entity_trigger(context_name="context")
    def tally(context: df.DurableEntityContext) -> None:
        context.set_state(context.get_state(lambda: 0) + context.get_input())

    return bp
