"""What the worker refuses at load is refused here, in words that name the function."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import azure.durable_functions as df
import azure.functions as func
import pytest

from devhost.functions_host.errors import IndexingError
from devhost.functions_host.indexing import IndexedFunction, index_functions


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
    def orchestrate(context: df.DurableOrchestrationContext): ...

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
        def orchestrate(ctx): ...

        @app.entity_trigger(context_name="state")
        def count(state): ...

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
        def work(payload): ...

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


def test_unsupported_trigger_names_the_function_and_the_type() -> None:
    def declare(app: df.DFApp) -> None:
        @app.event_hub_message_trigger(arg_name="event", event_hub_name="hub", connection="c")
        def listen(event: func.EventHubEvent) -> None: ...

    text = problems_of(declare)
    assert text.startswith("listen (")
    assert "eventHubTrigger" in text
