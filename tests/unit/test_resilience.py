"""The circuit breaker opens at failures of the service, and at no others."""

import asyncio
from datetime import UTC, datetime, timedelta

import pytest

from docpipeline.errors import CircuitOpen, ServiceRefused, ServiceUnavailable
from docpipeline.resilience import ServiceBreaker, seconds_until
from tests.unit.recorded_metrics import RecordedMetrics

DOWN = ServiceUnavailable("printer", "it answered 503")


def call(breaker: ServiceBreaker, error: BaseException | None = None) -> None:
    with breaker.calling():
        if error is not None:
            raise error


def fail(breaker: ServiceBreaker, times: int) -> None:
    for _ in range(times):
        with pytest.raises(ServiceUnavailable, match="503"):
            call(breaker, DOWN)


def test_it_opens_after_failures_in_a_row_and_then_refuses_at_once() -> None:
    breaker = ServiceBreaker("printer", failures_until_open=3)
    fail(breaker, 3)
    assert breaker.is_open
    with pytest.raises(CircuitOpen, match="printer: it failed 3 times in a row and is left alone for 5 s"):
        call(breaker)


def test_a_success_between_failures_keeps_it_closed() -> None:
    breaker = ServiceBreaker("printer", failures_until_open=3)
    for _ in range(3):
        fail(breaker, 2)
        call(breaker)
    assert not breaker.is_open


@pytest.mark.parametrize("error", [ServiceRefused("printer", "no"), ValueError("ours"), asyncio.CancelledError()])
def test_what_is_not_the_services_failure_never_opens_it(error: BaseException) -> None:
    breaker = ServiceBreaker("printer", failures_until_open=1)
    with pytest.raises(type(error)):
        call(breaker, error)
    assert not breaker.is_open


def test_after_its_pause_one_success_closes_it() -> None:
    breaker = ServiceBreaker("printer", failures_until_open=1, open_seconds=0)
    fail(breaker, 1)
    call(breaker)
    assert not breaker.is_open


async def test_a_failure_inside_an_await_counts() -> None:
    breaker = ServiceBreaker("printer", failures_until_open=1)

    async def call_later() -> None:
        with breaker.calling():
            await asyncio.sleep(0)
            raise DOWN

    with pytest.raises(ServiceUnavailable, match="503"):
        await call_later()
    assert breaker.is_open


def test_each_change_of_state_is_one_metric(metrics: RecordedMetrics) -> None:
    breaker = ServiceBreaker("printer", failures_until_open=1, open_seconds=0)
    fail(breaker, 1)
    call(breaker)
    changes = [(metric.value, metric.properties["state"]) for metric in metrics.named("CircuitState")]
    assert changes == [(1.0, "open"), (0.5, "half-open"), (0.0, "closed")]


def test_a_deadline_that_has_passed_leaves_no_time() -> None:
    now = datetime(2026, 11, 22, tzinfo=UTC)
    assert seconds_until(now + timedelta(seconds=1.5), lambda: now) == 1.5
    assert seconds_until(now - timedelta(hours=1), lambda: now) == 0
