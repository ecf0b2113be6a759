"""Functions run where they belong, within their time, and whatever they raise fails only their own invocation."""

import asyncio
import json
import logging
import threading
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any, ClassVar

import azure.durable_functions as df
import azure.functions as func
import pytest

from devhost.engine.functions import FunctionFailed, FunctionTimedOut, wait_for
from devhost.functions.durable_functions import HostedDurableFunctions
from devhost.functions.errors import HostStopping
from devhost.functions.indexing import IndexedFunction, index_functions
from devhost.functions.invocation import FunctionInvoker
from devhost.functions.invocation_context import Invocation, InvocationFilter


def indexed(declare: Callable[[df.DFApp], Any]) -> IndexedFunction:
    app = df.DFApp()
    declare(app)
    (function,) = index_functions(app, Path("/app"))
    return function


def activity(work: Callable[..., Any]) -> IndexedFunction:
    return indexed(lambda app: app.activity_trigger(input_name="payload")(work))


def call(invoker: FunctionInvoker, function: IndexedFunction, payload: Any = None) -> Any:
    return invoker.call(function, {"payload": payload}, Invocation(function.name, "a test"))


def run(begin: Callable[..., None], *arguments: str | None) -> str | None:
    return wait_for(lambda ended: begin(*arguments, ended))


def test_all_coroutines_share_one_loop_and_sync_functions_run_elsewhere(invoker: FunctionInvoker) -> None:
    async def work(payload: dict) -> dict:
        return {"thread": threading.get_ident(), "loop": id(asyncio.get_running_loop())}

    def plain(payload: dict) -> dict:
        return {"thread": threading.get_ident()}

    first, second = call(invoker, activity(work)), call(invoker, activity(work))
    assert first == second
    assert call(invoker, activity(plain))["thread"] not in (first["thread"], threading.get_ident())


def test_failure_carries_type_message_and_the_users_stack(invoker: FunctionInvoker) -> None:
    def work(payload: dict) -> dict:
        raise ValueError("boom")

    with pytest.raises(FunctionFailed) as failed:
        call(invoker, activity(work))
    assert (failed.value.type_name, failed.value.message) == ("ValueError", "boom")
    assert "in work" in failed.value.stack
    assert "functions_host/invocation.py" not in failed.value.stack


@pytest.mark.parametrize("error", [SystemExit, KeyboardInterrupt, asyncio.CancelledError])
def test_even_an_exit_fails_the_invocation_only(invoker: FunctionInvoker, error: type[BaseException]) -> None:
    async def work(payload: dict) -> dict:
        if payload:
            raise error
        return {}

    function = activity(work)
    with pytest.raises(FunctionFailed, match=error.__name__):
        call(invoker, function, {"exit": True})
    assert call(invoker, function) == {}


def test_coroutine_over_its_time_is_cancelled(caplog: pytest.LogCaptureFixture) -> None:
    invoker, cancelled = FunctionInvoker(timedelta(milliseconds=50)), threading.Event()

    async def work(payload: dict) -> dict:
        try:
            await asyncio.Event().wait()
        finally:
            cancelled.set()
        return {}

    with pytest.raises(FunctionTimedOut, match=r"was exceeded by function: Functions\.work"):
        call(invoker, activity(work))
    assert cancelled.wait(5)
    invoker.close()


def test_thread_over_its_time_is_given_up_and_its_late_result_ignored() -> None:
    invoker, release = FunctionInvoker(timedelta(seconds=1)), threading.Event()

    def work(payload: dict) -> dict:
        release.wait(60)
        return {"late": True}

    with pytest.raises(FunctionTimedOut):
        call(invoker, activity(work))
    assert not invoker.wait_idle(0.01)
    release.set()
    assert invoker.wait_idle(5)
    invoker.close()


def test_function_that_was_given_up_before_a_thread_took_it_up_never_runs() -> None:
    invoker, release, ran = FunctionInvoker(timedelta(seconds=1), thread_count=1), threading.Event(), []

    def work(payload: dict) -> dict:
        ran.append(payload["number"])
        release.wait(60)
        return {}

    for number in (1, 2):
        with pytest.raises(FunctionTimedOut):
            call(invoker, activity(work), {"number": number})
    release.set()
    assert invoker.wait_idle(5)
    assert ran == [1]
    invoker.close()


def test_call_of_a_closed_host_is_refused() -> None:
    def work(payload: dict) -> dict:
        return {}

    invoker = FunctionInvoker()
    invoker.close()
    with pytest.raises(HostStopping):
        call(invoker, activity(work))


def test_timeout_error_of_the_function_itself_is_its_failure(invoker: FunctionInvoker) -> None:
    def work(payload: dict) -> dict:
        raise TimeoutError("the service was slow")

    with pytest.raises(FunctionFailed, match="the service was slow"):
        call(invoker, activity(work))


def test_invocation_cut_off_by_a_stop_is_no_failure_of_the_function() -> None:
    invoker, begun = FunctionInvoker(), threading.Event()

    async def work(payload: dict) -> dict:
        begun.set()
        await asyncio.Event().wait()
        return {}

    outcome: list[BaseException] = []

    def run() -> None:
        try:
            call(invoker, activity(work))
        except HostStopping as stopped:
            outcome.append(stopped)

    caller = threading.Thread(target=run)
    caller.start()
    assert begun.wait(5)
    invoker.close()
    caller.join(5)
    assert len(outcome) == 1


def test_return_value_without_a_binding_is_a_failure(invoker: FunctionInvoker) -> None:
    def declare(app: df.DFApp) -> None:
        @app.timer_trigger(arg_name="payload", schedule="0 * * * * *")
        def tick(payload: func.TimerRequest) -> str:
            return "something"

    with pytest.raises(FunctionFailed, match=r"without a \$return binding"):
        call(invoker, indexed(declare))


def test_context_tells_the_function_who_it_is(invoker: FunctionInvoker) -> None:
    def declare(app: df.DFApp) -> None:
        @app.activity_trigger(input_name="payload")
        def work(payload: dict, context: func.Context) -> dict:
            local: Any = context.thread_local_storage
            return {
                "name": context.function_name,
                "id": context.invocation_id,
                "local": local.invocation_id,
                "folder": context.function_directory,
                "trace": context.trace_context.trace_parent,
                "retries": context.retry_context.retry_count,
            }

    function = indexed(declare)
    invocation = Invocation("work", "a test", trace_parent="00-1-2-01")
    seen = invoker.call(function, {"payload": None}, invocation)
    identifier = invocation.invocation_id
    expected = {"name": "work", "id": identifier, "local": identifier, "folder": "/app"}
    assert seen == expected | {"trace": "00-1-2-01", "retries": 0}


def test_log_lines_of_a_function_carry_its_name_and_invocation(
    invoker: FunctionInvoker, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.handler.addFilter(InvocationFilter())

    def work(payload: dict) -> dict:
        logging.getLogger("app").warning("from inside")
        return {}

    function = activity(work)
    caplog.clear()
    with caplog.at_level(logging.INFO):
        call(invoker, function)
    executing, inside, executed = caplog.records
    assert executing.getMessage().startswith("Executing 'Functions.work' (Reason='a test', Id=")
    assert inside.__dict__["invocation"].startswith(" [work ")
    assert executed.getMessage().startswith("Executed 'Functions.work' (Succeeded, Id=")
    assert executed.__dict__["invocation"] == inside.__dict__["invocation"]


def test_activity_payloads_pass_through_the_sdks_own_converters(invoker: FunctionInvoker) -> None:
    app = df.DFApp()

    @app.activity_trigger(input_name="payload")
    def double(payload: str) -> None: ...

    def echo(payload: object) -> object:
        return payload

    app.activity_trigger(input_name="payload", activity="Echo")(echo)
    functions = HostedDurableFunctions(index_functions(app, Path()), invoker)
    assert set(functions.activities) == {"double", "Echo"}
    assert run(functions.begin_activity, "ECHO", "i", '{"a": [1, "x"]}') == '{"a": [1, "x"]}'
    assert run(functions.begin_activity, "echo", "i", "not json") == '"not json"'
    assert run(functions.begin_activity, "echo", "i", None) is None


def test_result_that_is_no_json_fails_the_activity(
    invoker: FunctionInvoker, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AZURE_FUNCTIONS_DURABLE_STRICT_TYPING", "1")

    def work(payload: dict) -> object:
        return object()

    functions = HostedDurableFunctions([activity(work)], invoker)
    with pytest.raises(FunctionFailed, match="must be json serializable"):
        run(functions.begin_activity, "work", "i", None)


class Exiting:
    """A class of the app that ends whoever has it read or written."""

    threads: ClassVar[list[int]] = []

    @staticmethod
    def to_json(_: "Exiting") -> str:
        raise SystemExit(3)

    @staticmethod
    def from_json(_: str) -> "Exiting":
        Exiting.threads.append(threading.get_ident())
        raise SystemExit(3)


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_what_the_apps_classes_raise_fails_the_activity_on_its_own_thread(
    invoker: FunctionInvoker, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("AZURE_FUNCTIONS_DURABLE_STRICT_TYPING", raising=False)

    def work(payload: object) -> object:
        return Exiting()

    functions = HostedDurableFunctions([activity(work)], invoker)
    with pytest.raises(FunctionFailed, match="SystemExit"):
        run(functions.begin_activity, "work", "i", None)
    envelope = {"__class__": "Exiting", "__module__": __name__, "__data__": ""}
    with pytest.raises(FunctionFailed, match="SystemExit"):
        run(functions.begin_activity, "work", "i", json.dumps(envelope))
    assert threading.get_ident() not in Exiting.threads
    assert Exiting.threads


def test_orchestrators_and_entities_run_through_the_sdks_handles(invoker: FunctionInvoker) -> None:
    app = df.DFApp()

    @app.entity_trigger(context_name="context")
    def counter(context: df.DurableEntityContext) -> None:
        context.set_result(context.get_input() + 1)

    functions = HostedDurableFunctions(index_functions(app, Path()), invoker)
    batch = '[{"name": "add", "input": "\\"5\\"", "isSignal": false}]'
    document = f'{{"self": {{"name": "counter", "key": "k"}}, "exists": false, "state": null, "batch": {batch}}}'
    assert '"result": "6"' in str(run(functions.begin_entity, "Counter", document))


class OutOfStock(Exception):
    """An exception that an app raises to say how its process ended."""


def process(context: df.DurableOrchestrationContext) -> Any:
    try:
        yield context.call_activity("store", {"iban": " ".join(["a", "secret", "payload"])})
    except Exception as error:
        raise {"app": OutOfStock("no pallets"), "bug": KeyError("pallets")}.get(
            context.get_input(), error
        ) from None


def failed_episode(given: str) -> str:
    """What an orchestrator gets to see when its activity has failed for good."""
    started = {"EventId": -1, "IsPlayed": False, "Timestamp": "2024-01-01T00:00:00.000000Z"}
    failed = {"TaskScheduledId": 0, "Reason": "Activity function 'store' failed:  ValueError: boom", "Details": ""}
    history = [
        {**started, "EventType": 12},
        {**started, "EventType": 0, "Name": "process", "Version": "", "Input": json.dumps(given)},
        {**started, "EventType": 4, "EventId": 0, "Name": "store"},
        {**started, "EventType": 6, **failed},
    ]
    return json.dumps({
        "history": history, "input": json.dumps(given), "instanceId": "i", "isReplaying": False,
        "parentInstanceId": None, "upperSchemaVersion": 1, "upperSchemaVersionNew": 2,
    })  # fmt: skip


@pytest.mark.parametrize(
    ("raised", "reported"), [("activity", "ValueError: boom"), ("bug", "KeyError"), ("app", "no pallets")]
)
def test_the_log_tells_why_an_orchestrator_failed_but_none_of_its_payloads(
    invoker: FunctionInvoker, caplog: pytest.LogCaptureFixture, raised: str, reported: str
) -> None:
    app = df.DFApp()
    app.orchestration_trigger(context_name="context")(process)
    functions = HostedDurableFunctions(index_functions(app, Path(__file__).parent), invoker)
    with caplog.at_level(logging.DEBUG), pytest.raises(FunctionFailed) as failure:
        run(functions.begin_orchestrator, "process", failed_episode(raised))
    assert "a secret payload" in failure.value.message
    assert reported in caplog.text
    assert "a secret payload" not in caplog.text + str(failure.value) + failure.value.stack


@pytest.mark.parametrize(("raised", "is_bug"), [("activity", False), ("app", False), ("bug", True)])
def test_only_an_orchestrators_bug_leaves_a_traceback_in_the_log(
    invoker: FunctionInvoker, caplog: pytest.LogCaptureFixture, raised: str, is_bug: bool
) -> None:
    """The engine reports an instance that its app failed on purpose in one line."""
    app = df.DFApp()
    app.orchestration_trigger(context_name="context")(process)
    functions = HostedDurableFunctions(index_functions(app, Path(__file__).parent), invoker)
    with caplog.at_level(logging.DEBUG), pytest.raises(FunctionFailed) as failure:
        run(functions.begin_orchestrator, "process", failed_episode(raised))
    assert "Traceback" in failure.value.stack
    assert ("Traceback" in caplog.text) is is_bug
    levels = [record.levelno for record in caplog.records if record.name == "devhost.host"]
    assert (max(levels) >= logging.WARNING) is is_bug
