"""What the SDKs tell of a declared function, and what the host makes of its names, triggers and bindings."""

import json
from pathlib import Path
from typing import Any

import azure.durable_functions as df
import azure.functions as func
import pytest

from devhost.functions.converters import converter_of
from devhost.functions.indexing import DURABLE_ALIASES, IndexedFunction, index_functions
from devhost.testing import OrchestrationTestHost
from tests.contract.episodes import status_of


def app_of_everything() -> df.DFApp:
    app = df.DFApp(http_auth_level=func.AuthLevel.ADMIN)

    @app.route(route="orders/{id}", methods=["POST"], auth_level=func.AuthLevel.ANONYMOUS)
    @app.durable_client_input(client_name="client", task_hub="Hub", connection_name="Storage")
    async def order(req: func.HttpRequest, client: str) -> func.HttpResponse: ...

    @app.function_name("renamed")
    @app.route()
    def status(req: func.HttpRequest) -> func.HttpResponse: ...

    @app.retry(strategy="fixed_delay", max_retry_count="3", delay_interval="00:00:05")
    @app.timer_trigger(arg_name="timer", schedule="0 * * * * *", run_on_startup=True, use_monitor=False)
    def tick(timer: func.TimerRequest) -> None: ...

    @app.queue_trigger(arg_name="message", queue_name="orders", connection="Storage")
    def take(message: func.QueueMessage) -> None: ...

    @app.blob_trigger(arg_name="blob", path="inbox/{name}", connection="Storage", source="EventGrid")
    def read(blob: func.InputStream) -> None: ...

    @app.orchestration_trigger(context_name="context", orchestration="Process")
    def process(context: df.DurableOrchestrationContext) -> None: ...

    @app.activity_trigger(input_name="payload", activity="Work")
    def work(payload: dict) -> dict: ...

    @app.entity_trigger(context_name="context", entity_name="Counter")
    def count(context: df.DurableEntityContext) -> None: ...

    return app


@pytest.fixture(scope="module")
def functions() -> dict[str, IndexedFunction]:
    return {function.name: function for function in index_functions(app_of_everything(), Path("/app"))}


def test_name_comes_from_the_decorator_and_otherwise_from_the_function(
    functions: dict[str, IndexedFunction],
) -> None:
    assert list(functions) == ["order", "renamed", "tick", "take", "read", "process", "work", "count"]


@pytest.mark.parametrize(
    ("name", "trigger_type", "attributes"),
    [
        (
            "order",
            "httpTrigger",
            {"route": "orders/{id}", "methods": [func.HttpMethod.POST], "auth_level": func.AuthLevel.ANONYMOUS},
        ),
        ("renamed", "httpTrigger", {"route": "renamed", "methods": None, "auth_level": func.AuthLevel.ADMIN}),
        ("tick", "timerTrigger", {"schedule": "0 * * * * *", "run_on_startup": True, "use_monitor": False}),
        ("take", "queueTrigger", {"queue_name": "orders", "connection": "Storage"}),
        ("read", "blobTrigger", {"path": "inbox/{name}", "connection": "Storage", "source": "EventGrid"}),
        ("process", "orchestrationTrigger", {"orchestration": "Process"}),
        ("work", "activityTrigger", {"activity": "Work"}),
        ("count", "entityTrigger", {"entity_name": "Counter"}),
    ],
)
def test_trigger_has_its_type_and_attributes_with_defaults_filled_in(
    functions: dict[str, IndexedFunction], name: str, trigger_type: str, attributes: dict[str, Any]
) -> None:
    function = functions[name]
    assert function.trigger_type == function.trigger.type == trigger_type
    seen = {attribute: getattr(function.trigger, attribute) for attribute in attributes}
    assert seen == attributes
    assert function.trigger in function.bindings


def test_app_without_a_level_of_its_own_asks_for_function_keys() -> None:
    app = func.FunctionApp()

    @app.route()
    def page(req: func.HttpRequest) -> func.HttpResponse: ...

    (function,) = index_functions(app, Path())
    assert function.trigger.auth_level is func.AuthLevel.FUNCTION


def test_bindings_come_bottom_up_with_direction_and_client_settings(functions: dict[str, IndexedFunction]) -> None:
    bindings = functions["order"].bindings
    assert [(one.name, one.type, one.direction, one.data_type) for one in bindings] == [
        ("client", "durableClient", 0, None),
        ("req", "httpTrigger", 0, None),
        ("$return", "http", 1, None),
    ]
    assert (bindings[0].task_hub, bindings[0].connection_name) == ("Hub", "Storage")


def test_bindings_in_json_name_their_enums_and_leave_out_what_is_not_set() -> None:
    order, status = app_of_everything().get_functions()[:2]
    trigger = json.loads(order.get_raw_bindings()[1])
    assert (trigger["direction"], trigger["authLevel"], trigger["methods"]) == ("IN", "ANONYMOUS", ["POST"])
    assert "methods" not in json.loads(status.get_raw_bindings()[0])
    document = json.loads(order.get_function_json())
    assert document["scriptFile"] == "function_app.py"
    assert document["bindings"] == [json.loads(binding) for binding in order.get_raw_bindings()]
    assert (order.is_http_function(), order.http_type) == (True, "function")


@pytest.mark.parametrize("kind", ["asgi", "wsgi"])
def test_apps_of_other_frameworks_are_one_function_for_every_route(kind: str) -> None:
    async def pages(scope: Any, receive: Any, send: Any) -> None: ...

    app = func.AsgiFunctionApp(pages) if kind == "asgi" else func.WsgiFunctionApp(lambda environ, start: [])
    (declared,) = app.get_functions()
    assert (declared.http_type, declared.get_function_name()) == (kind, "http_app_func")
    trigger: Any = declared.get_trigger()
    assert trigger.route == "/{*route}"


def test_retry_settings_are_the_texts_of_the_decorator() -> None:
    declared = {function.get_function_name(): function for function in app_of_everything().get_functions()}
    assert declared["take"].get_settings_dict("retry_policy") is None
    assert declared["tick"].get_settings_dict("retry_policy") == {
        "setting_name": "retry_policy",
        "strategy": "fixed_delay",
        "max_retry_count": "3",
        "delay_interval": "00:00:05",
    }


def test_host_looks_behind_the_sdks_wrappers_for_the_users_function(functions: dict[str, IndexedFunction]) -> None:
    for name, attribute in (
        ("process", "orchestrator_function"),
        ("count", "entity_function"),
        ("order", "client_function"),
    ):
        call = functions[name].call
        user_function = getattr(call, attribute)
        assert call.__name__ == user_function.__name__ == name
        place = f"{__file__}:{user_function.__code__.co_firstlineno}"
        assert functions[name].source == place
    assert [functions[name].is_async for name in ("order", "process", "count")] == [True, False, False]


def test_registered_name_is_the_alias_and_otherwise_the_functions_name(
    functions: dict[str, IndexedFunction],
) -> None:
    registered = [functions[name].registered_name for name in ("process", "work", "count", "renamed")]
    assert registered == ["Process", "Work", "Counter", "renamed"]


def test_durable_names_ignore_case() -> None:
    app = df.DFApp()

    @app.orchestration_trigger(context_name="context", orchestration="Process")
    def process(context: df.DurableOrchestrationContext) -> Any:
        counted = yield context.call_entity(df.EntityId("COUNTER", "k"), "add")
        worked = yield context.call_activity("wORK", "it")
        return [counted, worked, (yield context.call_sub_orchestrator("CHILD"))]

    @app.orchestration_trigger(context_name="context")
    def child(context: df.DurableOrchestrationContext) -> Any:
        yield context.call_activity("work", "it")
        return "child"

    @app.activity_trigger(input_name="payload", activity="Work")
    def work(payload: str) -> str:
        return payload

    @app.entity_trigger(context_name="context", entity_name="Counter")
    def count(context: df.DurableEntityContext) -> None:
        context.set_result(f"{context.entity_name} {context.entity_key}")

    with OrchestrationTestHost(app) as host:
        instance = host.start("PROCESS")
        host.wait_quiescent()
        assert status_of(host, instance)["output"] == ["counter k", "it", "child"]


def test_calling_a_function_object_sends_its_python_name_whatever_it_is_called_in_the_app() -> None:
    app = df.DFApp()

    @app.function_name("renamed")
    @app.activity_trigger(input_name="payload")
    def work(payload: str) -> str:
        return payload

    @app.activity_trigger(input_name="payload")
    def plain(payload: str) -> str:
        return payload

    @app.orchestration_trigger(context_name="context")
    def call_plain(context: df.DurableOrchestrationContext) -> Any:
        return (yield context.call_activity(plain, "plain"))

    @app.orchestration_trigger(context_name="context")
    def call_renamed(context: df.DurableOrchestrationContext) -> Any:
        return (yield context.call_activity(work, "renamed"))

    with OrchestrationTestHost(app) as host:
        right, wrong = host.start("call_plain"), host.start("call_renamed")
        host.wait_quiescent()
        assert status_of(host, right)["output"] == "plain"
        assert status_of(host, wrong)["runtimeStatus"] == "Failed"
        assert "'work'" in status_of(host, wrong)["output"]


@pytest.mark.parametrize("trigger_type", DURABLE_ALIASES)
def test_return_value_of_a_durable_function_is_its_result_without_a_binding(trigger_type: str) -> None:
    assert converter_of(trigger_type).has_implicit_output()


@pytest.mark.parametrize("trigger_type", ["httpTrigger", "timerTrigger", "queueTrigger", "blobTrigger"])
def test_return_value_of_any_other_function_needs_a_binding(trigger_type: str) -> None:
    assert not converter_of(trigger_type).has_implicit_output()


def test_durable_client_arrives_as_text_whatever_the_annotation(functions: dict[str, IndexedFunction]) -> None:
    app = df.DFApp()

    @app.route()
    @app.durable_client_input(client_name="client")
    async def start(req: func.HttpRequest, client: df.DurableOrchestrationClient) -> func.HttpResponse: ...

    (function,) = index_functions(app, Path())
    assert function.annotation_of("client") is str
