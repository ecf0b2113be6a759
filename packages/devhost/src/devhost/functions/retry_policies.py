"""The retry decorator: how often a failing function is run again, and after how long."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from devhost.functions.errors import HostConfigError
from devhost.functions.time_spans import parse_time_span

FOREVER = -1
_STRATEGIES = {"fixeddelay": ("delay_interval",), "exponentialbackoff": ("minimum_interval", "maximum_interval")}
# Any sensible maximum is reached long before; more doublings would overflow a timedelta.
_MOST_DOUBLINGS = 30


@dataclass(frozen=True)
class RetryPolicy:
    """What ``@app.retry(...)`` asks for.

    Attributes:
        max_retry_count: Runs after the first one; -1 is without end.
        minimum_interval: Pause before the first retry.
        maximum_interval: The pause doubles from retry to retry up to this; with a fixed delay it is the minimum.
    """

    max_retry_count: int
    minimum_interval: timedelta
    maximum_interval: timedelta

    def allows(self, retry_count: int) -> bool:
        """Whether there is a retry of this number, counted from 1."""
        return self.max_retry_count == FOREVER or retry_count <= self.max_retry_count

    def pause_before(self, retry_count: int) -> timedelta:
        """How long to wait before the retry of this number, counted from 1."""
        factor: int = 2 ** min(retry_count - 1, _MOST_DOUBLINGS)
        # Divided instead of multiplied, since the product could overflow.
        if self.minimum_interval >= self.maximum_interval / factor:
            return self.maximum_interval
        return self.minimum_interval * factor


def parse_retry_policy(settings: Mapping[str, Any]) -> RetryPolicy:
    """Read the decorator's arguments. Raises HostConfigError that names the argument and its form."""
    strategy = str(settings.get("strategy", ""))
    intervals = _STRATEGIES.get(strategy.replace("_", "").lower())
    if intervals is None:
        raise HostConfigError(
            f'the retry strategy "{strategy}" is unknown. Use fixed_delay or exponential_backoff.'
        )
    spans = [_interval(settings, name) for name in intervals]
    if spans[0] > spans[-1]:
        raise HostConfigError("the retry's minimum_interval is longer than its maximum_interval. Exchange them.")
    return RetryPolicy(_max_retry_count(settings), spans[0], spans[-1])


def _interval(settings: Mapping[str, Any], name: str) -> timedelta:
    value = settings.get(name)
    span = parse_time_span(str(value))
    if span is None:
        raise HostConfigError(f'the retry\'s {name} is {value!r}. Give hh:mm:ss, such as "00:00:05".')
    return span


def _max_retry_count(settings: Mapping[str, Any]) -> int:
    value = str(settings.get("max_retry_count"))
    if not value.removeprefix("-").isdecimal() or int(value) < FOREVER:
        raise HostConfigError(f'the retry\'s max_retry_count is {value!r}. Give a whole number; "-1" is forever.')
    return int(value)
