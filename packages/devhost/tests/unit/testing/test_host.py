"""Test hosts: how to make one, and the errors of impossible requests."""

from collections.abc import Callable, Generator
from datetime import timedelta
from types import ModuleType
from typing import Any

import azure.durable_functions as df
import azure.functions as func
import pytest

from devhost.testing import OrchestrationTestHost

MakeHost = Callable[[Any], OrchestrationTestHost]


def waiting(context: df.DurableOrchestrationContext) -> Generator[Any, Any, str]:
    """Wait for an hour."""
    yield context.create_timer(context.current_utc_datetime + timedelta(hours=1))
    return "awake"


def with_waiting(container: Any) -> Any:
    """The app or blueprint, with one orchestrator in it."""
    container.orchestration_trigger(context_name="context")(waiting)
    return container


@pytest.fixture(params=[df.DFApp, func.FunctionApp, df.Blueprint, func.Blueprint])
def functions(request: pytest.FixtureRequest) -> Any:
    return with_waiting(request.param())


def test_the_same_functions_serve_one_host_after_the_other(orchestration_host: MakeHost, functions: Any) -> None:
    for _ in range(2):
        host = orchestration_host(functions)
        instance_id = host.start("waiting")
        host.advance(hours=1)
        assert (host.status(instance_id) or {})["output"] == "awake"


@pytest.mark.parametrize("wrong", [ModuleType("function_app"), waiting, [waiting]])
def test_what_holds_no_functions_is_refused_with_what_to_give(wrong: Any) -> None:
    with pytest.raises(
        TypeError, match=r"neither a function app nor a blueprint\. Give such objects, like function_a"
    ):
        OrchestrationTestHost(wrong)


@pytest.mark.parametrize(
    ("arguments", "parts", "words"),
    [
        ((60,), {}, r"advance\(60\) says no duration. Give a timedelta, or parts such as hours=48"),
        ((), {}, r"advance\(\) says no duration"),
        ((timedelta(1),), {"hours": 1}, r"advance\(datetime.timedelta\(days=1\), hours=...\) says no duration"),
    ],
)
def test_jump_without_a_duration_is_refused_with_the_right_form(
    orchestration_host: MakeHost, arguments: tuple[Any, ...], parts: dict[str, Any], words: str
) -> None:
    with pytest.raises(TypeError, match=words):
        orchestration_host(with_waiting(df.Blueprint())).advance(*arguments, **parts)


def test_jump_backward_is_refused_and_one_by_nothing_is_not(orchestration_host: MakeHost) -> None:
    host = orchestration_host(with_waiting(df.Blueprint()))
    with pytest.raises(ValueError, match="Time only moves forward"):
        host.advance(hours=-1)
    before = host.now()
    host.advance(seconds=0)
    host.advance(timedelta())
    assert host.now() == before
