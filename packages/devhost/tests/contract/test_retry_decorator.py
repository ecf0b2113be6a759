"""The retry decorator runs timers again; on every other trigger it does nothing, and the start says so."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import azure.durable_functions as df
import azure.functions as func
import pytest

from devhost.functions.indexing import IndexedFunction, index_functions

FIXED: dict[str, Any] = {"strategy": "fixed_delay", "max_retry_count": "3", "delay_interval": "00:00:05"}
TRIGGERS: dict[str, Callable[[df.DFApp], Any]] = {
    "httpTrigger": lambda app: app.route(trigger_arg_name="context"),
    "timerTrigger": lambda app: app.timer_trigger(arg_name="context", schedule="0 0 3 * * *"),
    "queueTrigger": lambda app: app.queue_trigger(arg_name="context", queue_name="orders", connection=""),
    "blobTrigger": lambda app: app.blob_trigger(arg_name="context", path="inbox/{name}", connection=""),
    "orchestrationTrigger": lambda app: app.orchestration_trigger(context_name="context"),
    "activityTrigger": lambda app: app.activity_trigger(input_name="context"),
    "entityTrigger": lambda app: app.entity_trigger(context_name="context"),
}


def retried(trigger_type: str, **policy: str) -> IndexedFunction:
    app = df.DFApp()

    def work(context): ...  # type: ignore[no-untyped-def]  # Its type depends on the trigger.

    app.retry(**policy)(TRIGGERS[trigger_type](app)(work))
    (function,) = index_functions(app, Path())
    return function


@pytest.mark.parametrize("trigger_type", TRIGGERS)
def test_decorator_on_anything_but_a_timer_is_warned_of(
    trigger_type: str, caplog: pytest.LogCaptureFixture
) -> None:
    function = retried(trigger_type, **FIXED)
    warned = f"work ({function.source}): its retry decorator has no effect, here as in Azure: a {trigger_type}"
    assert (warned in caplog.text) is (trigger_type != "timerTrigger")


def test_fixed_delay_is_the_same_before_each_of_the_retries() -> None:
    policy = retried("timerTrigger", **FIXED).retry_policy
    assert policy is not None
    assert [policy.pause_before(count).total_seconds() for count in (1, 2, 3)] == [5, 5, 5]
    assert [policy.allows(count) for count in (1, 3, 4)] == [True, True, False]


def test_backoff_grows_from_its_minimum_to_its_maximum_and_minus_one_is_for_ever() -> None:
    policy = retried(
        "timerTrigger",
        strategy="exponential_backoff",
        max_retry_count="-1",
        minimum_interval="00:00:10",
        maximum_interval="00:01:00",
    ).retry_policy
    assert policy is not None
    assert [policy.pause_before(count).total_seconds() for count in (1, 2, 3, 4, 99)] == [10, 20, 40, 60, 60]
    assert policy.allows(1_000_000)


def test_decorator_of_a_function_app_is_read_too() -> None:
    app = func.FunctionApp()

    @app.retry(**FIXED)
    @app.timer_trigger(arg_name="timer", schedule="0 0 3 * * *")
    def tick(timer: func.TimerRequest) -> None: ...

    (function,) = index_functions(app, Path())
    assert function.retry_policy is not None
    assert function.retry_policy.max_retry_count == 3
