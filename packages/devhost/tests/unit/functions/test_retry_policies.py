"""The retry decorator is read as written, or refused in words that name the argument."""

from datetime import timedelta
from pathlib import Path

import azure.functions as func
import pytest

from devhost.functions.errors import HostConfigError, IndexingError
from devhost.functions.indexing import index_functions
from devhost.functions.retry_policies import parse_retry_policy


def test_fixed_delay_is_the_same_before_each_retry() -> None:
    policy = parse_retry_policy({"strategy": "fixed_delay", "max_retry_count": "3", "delay_interval": "00:00:05"})
    assert [policy.pause_before(count) for count in (1, 3)] == [timedelta(seconds=5)] * 2
    assert [policy.allows(count) for count in (1, 3, 4)] == [True, True, False]


def test_backoff_doubles_up_to_its_maximum_and_minus_one_never_ends() -> None:
    policy = parse_retry_policy(
        {
            "strategy": "exponential_backoff",
            "max_retry_count": "-1",
            "minimum_interval": "00:00:02",
            "maximum_interval": "00:00:10",
        }
    )
    assert [policy.pause_before(count).total_seconds() for count in (1, 2, 3, 4, 5000)] == [2, 4, 8, 10, 10]
    assert policy.allows(10_000)


@pytest.mark.parametrize(
    ("settings", "named"),
    [
        ({"strategy": "sometimes"}, "fixed_delay or exponential_backoff"),
        ({"strategy": "fixed_delay", "max_retry_count": "3"}, "delay_interval is None"),
        ({"strategy": "fixed_delay", "max_retry_count": "x", "delay_interval": "00:00:05"}, "max_retry_count"),
        (
            {
                "strategy": "exponential_backoff",
                "max_retry_count": "3",
                "minimum_interval": "00:01:00",
                "maximum_interval": "00:00:05",
            },
            "longer than its maximum_interval",
        ),
    ],
)
def test_unusable_policy_is_refused(settings: dict[str, str], named: str) -> None:
    with pytest.raises(HostConfigError, match=named):
        parse_retry_policy(settings)


def test_unusable_policy_is_an_index_error_with_the_functions_place() -> None:
    app = func.FunctionApp()

    @app.retry(strategy="fixed_delay", max_retry_count="3", delay_interval="soon")
    @app.timer_trigger(arg_name="timer", schedule="0 0 * * * *")
    def tick(timer: func.TimerRequest) -> None: ...

    with pytest.raises(IndexingError, match=r"tick \(.*delay_interval is 'soon'"):
        index_functions(app, Path())
