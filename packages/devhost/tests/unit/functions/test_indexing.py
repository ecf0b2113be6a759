"""What the worker refuses at load is refused here, in words that name the function."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import azure.durable_functions as df
import azure.functions as func
import pytest

from devhost.functions.binding_checks import setting_faults
from devhost.functions.errors import IndexingError
from devhost.functions.indexing import IndexedFunction, examine_functions, index_functions
from devhost.functions.routing import RouteTable


def index(app: func.FunctionRegister) -> dict[str, IndexedFunction]:
    return {function.name: function for function in index_functions(app, Path("/app"))}


def problems_of(declare: Callable[[df.DFApp], Any]) -> str:
    app = df.DFApp()
    declare(app)
    with pytest.raises(IndexingError) as refused:
        index(app)
    return "\n".join(refused.value.problems)


def test_durable_names_come_from_the_alias_and_otherwise_from_the_function() -> None:
    app = df.DFApp()

    @app.orchestration_trigger(context_name="context", orchestration="Process")
    def orchestrate(context: df.DurableOrchestrationContext) -> None: ...

    @app.function_name("renamed")
    @app.activity_trigger(input_name="payload")
    def work(payload: dict) -> dict: ...

    functions = index(app)
    assert functions["orchestrate"].registered_name == "Process"
    assert functions["renamed"].registered_name == "renamed"
    assert functions["orchestrate"].source.startswith(__file__)


def test_client_function_is_async_and_tells_which_parameter_takes_the_client() -> None:
    app = df.DFApp()

    @app.route(route="x")
    @app.durable_client_input(client_name="starter")
    async def begin(req: func.HttpRequest, starter: str, context: func.Context) -> func.HttpResponse: ...

    function = index(app)["begin"]
    assert function.is_async
    assert function.wants_context
    assert function.client_parameters == ("starter",)
    assert function.trigger_parameter == "req"


def test_duplicate_names_and_missing_triggers_are_reported_together() -> None:
    def declare(app: df.DFApp) -> None:
        @app.route(route="x")
        def same(req: func.HttpRequest) -> func.HttpResponse: ...

        @app.function_name("same")
        @app.route(route="y")
        def other(req: func.HttpRequest) -> func.HttpResponse: ...

        @app.function_name("untriggered")
        def without(req: func.HttpRequest) -> func.HttpResponse: ...

    text = problems_of(declare)
    assert "does not have a unique function name" in text
    assert "untriggered" in text
    assert "has no trigger" in text


def test_orchestrator_context_must_be_called_context() -> None:
    def declare(app: df.DFApp) -> None:
        @app.orchestration_trigger(context_name="ctx")
        def orchestrate(ctx: df.DurableOrchestrationContext) -> None: ...

        @app.entity_trigger(context_name="state")
        def count(state: df.DurableEntityContext) -> None: ...

    assert problems_of(declare).count('must be "context"') == 2


def test_bound_name_without_parameter_is_refused() -> None:
    def declare(app: df.DFApp) -> None:
        @app.activity_trigger(input_name="payload")
        def work(document: dict) -> dict: ...

    text = problems_of(declare)
    assert "declared in Python but not in function.json: document" in text
    assert "declared in function.json but not in Python: payload" in text


@pytest.mark.parametrize("annotation", [dict | None, dict[str, str]])
def test_optional_and_parameterised_annotations_are_refused_as_the_worker_refuses_them(annotation: Any) -> None:
    def declare(app: df.DFApp) -> None:
        def work(payload: object) -> None: ...

        work.__annotations__["payload"] = annotation
        app.activity_trigger(input_name="payload")(work)

    assert "invalid non-type annotation" in problems_of(declare)


def test_annotation_that_does_not_fit_the_trigger_is_refused() -> None:
    def declare(app: df.DFApp) -> None:
        @app.route(route="x")
        def page(req: dict) -> dict: ...

    text = problems_of(declare)
    assert "does not match its annotation dict" in text
    assert "the return annotation dict does not match" in text


def test_context_parameter_of_another_class_is_refused() -> None:
    def declare(app: df.DFApp) -> None:
        @app.route(route="x")
        def page(req: func.HttpRequest, context: dict) -> func.HttpResponse: ...

    assert "must be annotated azure.functions.Context" in problems_of(declare)


def test_durable_names_that_differ_only_by_case_are_refused() -> None:
    def declare(app: df.DFApp) -> None:
        @app.activity_trigger(input_name="payload")
        def store(payload: dict) -> dict: ...

        @app.activity_trigger(input_name="payload", activity="STORE")
        def keep(payload: dict) -> dict: ...

    assert "the same name to durable functions" in problems_of(declare)


def words_of_the_host(caplog: pytest.LogCaptureFixture) -> list[tuple[str, str]]:
    """Level and text of what the host logged; the SDK has warnings of its own."""
    return [(one.levelname, one.getMessage()) for one in caplog.records if one.name == "devhost.host"]


def app_with_unsupported_functions() -> df.DFApp:
    app = df.DFApp()

    @app.event_hub_message_trigger(arg_name="events", event_hub_name="hub", connection="c", cardinality="many")
    def listen(events: list[func.EventHubEvent]) -> None: ...

    @app.route(route="rows")
    @app.table_input(arg_name="rows", table_name="rows", connection="c")
    @app.generic_output_binding(arg_name="signal", type="signalR", hubName="hub")
    def show(req: func.HttpRequest, rows: str, signal: func.Out[str]) -> func.HttpResponse: ...

    @app.route(route="page")
    def page(req: func.HttpRequest) -> func.HttpResponse: ...

    return app


def test_functions_that_the_host_cannot_run_keep_no_other_from_running(caplog: pytest.LogCaptureFixture) -> None:
    """Guards against one trigger or binding that the host does not know stopping the whole app.

    Nor is it judged how such a function must be declared: a list of events is refused for other triggers.
    """
    assert list(index(app_with_unsupported_functions())) == ["page"]
    (listen_level, listen), (show_level, show) = words_of_the_host(caplog)
    assert (listen_level, show_level) == ("WARNING", "WARNING")
    assert listen.startswith(f"listen ({__file__}:")
    assert "does not support triggers of type eventHubTrigger (it supports httpTrigger, " in listen
    assert show.startswith(f"show ({__file__}:")
    assert 'the binding "signal" of type signalR and the binding "rows" of type table.' in show
    assert all("Use `func start`" in line and "\n" not in line for line in (listen, show))


def test_strict_host_refuses_an_app_of_which_it_cannot_run_a_function() -> None:
    examined = examine_functions(app_with_unsupported_functions(), Path("/app"), is_strict=True)
    unsupported = [problem for problem in examined.problems if "the local host does not support" in problem]
    assert [problem.partition(" ")[0] for problem in unsupported] == ["listen", "show"]
    assert examined.left_out == []


def named(name: str, parameter: str = "payload") -> func.FunctionApp:
    """An app with two activities, one of which has this name, and this parameter."""
    app = func.FunctionApp()
    for function_name, bound in (("fine", "payload"), (name, parameter)):
        namespace: dict[str, Any] = {}
        exec(f"def work({bound}): ...", namespace)
        app.function_name(function_name)(app.activity_trigger(input_name=bound)(namespace["work"]))
    return app


@pytest.mark.parametrize("name", ["a", "Z9", "a-b_c", "hosts", "ahost", "host-1", "a" * 128])
def test_names_that_azures_host_takes_are_taken(name: str, caplog: pytest.LogCaptureFixture) -> None:
    assert list(index(named(name))) == ["fine", name]
    assert words_of_the_host(caplog) == []


REFUSED_NAMES = ["1st", "_work", "-work", "two words", "größe", "\u212aelvin", "a.b", "host", "HOST", "a" * 129]


@pytest.mark.parametrize("name", [*REFUSED_NAMES, "a\n", "\udcff"], ids=ascii)
def test_function_with_a_name_that_azures_host_refuses_is_dropped_and_the_others_run(
    name: str, caplog: pytest.LogCaptureFixture
) -> None:
    """Guards against a name that runs here and is dropped by Azure's host when the app is deployed."""
    assert list(index(named(name))) == ["fine"]
    ((level, line),) = words_of_the_host(caplog)
    assert level == "ERROR"
    assert "it may not have this name, here as in Azure" in line
    assert line.isprintable()


@pytest.mark.parametrize(
    ("parameter", "is_taken"),
    [("_", True), ("_my_item", True), ("item_", True), ("my__item", False), ("größe", False), ("a" * 129, False)],
)
def test_function_with_a_binding_name_that_azures_host_refuses_is_dropped(
    parameter: str, is_taken: bool, caplog: pytest.LogCaptureFixture
) -> None:
    """Guards against parameters that run here, and cost the function its place when the app is deployed."""
    assert list(index(named("work", parameter))) == (["fine", "work"] if is_taken else ["fine"])
    assert is_taken is ("its binding may not have the name" not in caplog.text)


def test_generic_triggers_run_with_what_they_leave_unsaid() -> None:
    """Guards against `generic_trigger` ending the start: it has only the attributes that it was given."""
    app = func.FunctionApp()

    @app.generic_trigger(arg_name="req", type="httpTrigger", route="page")
    @app.generic_output_binding(arg_name="$return", type="http")
    def page(req: func.HttpRequest) -> func.HttpResponse: ...

    @app.generic_trigger(arg_name="timer", type="timerTrigger", schedule="0 0 3 * * *")
    def tick(timer: func.TimerRequest) -> None: ...

    @app.generic_trigger(arg_name="timer", type="timerTrigger")
    def never(timer: func.TimerRequest) -> None: ...

    functions = list(index(app).values())
    (route,) = RouteTable(functions, "api").routes
    assert (route.function.name, route.methods, route.auth_level) == ("page", None, "function")
    (fault,) = setting_faults(functions, {})
    assert fault.startswith("never (")
