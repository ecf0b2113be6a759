"""Circuit breakers and deadlines, so that a failing service does not slow down the pipeline."""

import logging
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from docpipeline import telemetry
from docpipeline.errors import CircuitOpen, ServiceUnavailable

if TYPE_CHECKING:
    import pybreaker

log = logging.getLogger(__name__)

Clock = Callable[[], datetime]
"""Gives the current time, UTC."""

FAILURES_UNTIL_OPEN = 5
# No longer than the first pause of any retry policy: an open circuit alone must not use up a document's attempts.
OPEN_SECONDS = 5.0
_STATE_VALUES = {"closed": 0.0, "half-open": 0.5, "open": 1.0}


class ServiceBreaker:
    """Leaves a service alone for a while after it failed several times in a row.

    Only ServiceUnavailable counts as a failure: a service that refuses is up, and a cancelled call proves nothing.

    Args:
        service: its name, in messages and metrics.
        failures_until_open: failures in a row that open the circuit.
        open_seconds: how long calls are refused; then they go through, and the next failure opens it again.
    """

    def __init__(
        self, service: str, failures_until_open: int = FAILURES_UNTIL_OPEN, open_seconds: float = OPEN_SECONDS
    ) -> None:
        self.service = service
        self._failures_until_open = failures_until_open
        self._open_seconds = open_seconds
        self._lock = threading.Lock()
        self._breaker: pybreaker.CircuitBreaker | None = None

    @contextmanager
    def calling(self) -> Iterator[None]:
        """Guard one call, which may ``await``. Raises CircuitOpen at once while the circuit is open."""
        import pybreaker

        try:
            with self._get().calling():
                yield
        except pybreaker.CircuitBreakerError:
            failures = f"it failed {self._failures_until_open} times in a row"
            raise CircuitOpen(self.service, f"{failures} and is left alone for {self._open_seconds:g} s") from None

    @property
    def is_open(self) -> bool:
        """Whether calls are refused now."""
        return self._breaker is not None and self._breaker.current_state == "open"

    def _get(self) -> "pybreaker.CircuitBreaker":
        with self._lock:
            self._breaker = self._breaker or self._build()
            return self._breaker

    def _build(self) -> "pybreaker.CircuitBreaker":
        import pybreaker

        service = self.service

        class Reporter(pybreaker.CircuitBreakerListener):  # type: ignore[misc]
            def state_change(self, cb: Any, old_state: Any, new_state: Any) -> None:
                # Calls that were under way when the circuit opened may open it again when they fail.
                if old_state is None or old_state.name != new_state.name:
                    _report(service, new_state.name)

        return pybreaker.CircuitBreaker(
            fail_max=self._failures_until_open,
            reset_timeout=self._open_seconds,
            exclude=[lambda error: not isinstance(error, ServiceUnavailable)],
            listeners=[Reporter()],
            name=service,
            # The call that opens the circuit raises its own error, which says what happened.
            throw_new_error_on_trip=False,
        )


def _report(service: str, state: str) -> None:
    log.warning("Circuit of %s is now %s", service, state, extra={"service": service, "state": state})
    telemetry.track("CircuitState", _STATE_VALUES[state], service=service, state=state)


def utc_now() -> datetime:
    """The current time by the machine's clock."""
    return datetime.now(UTC)


def seconds_until(deadline: datetime, clock: Clock) -> float:
    """Seconds left until ``deadline``; 0 when it has passed."""
    return max(0.0, (deadline - clock()).total_seconds())
