from datetime import UTC, datetime, timedelta

import pytest

from devhost.engine.clock import AdvanceableClock, OffsetClock, SystemClock, VirtualClock

HOUR = timedelta(hours=1)


def test_a_virtual_clock_moves_only_by_jumps() -> None:
    clock = VirtualClock(datetime(2024, 1, 1, tzinfo=UTC))
    clock.advance(HOUR)
    assert clock.now() == datetime(2024, 1, 1, 1, tzinfo=UTC)
    assert clock.seconds_until(clock.now()) == 0.0
    assert clock.seconds_until(clock.now() + HOUR) is None


def test_an_offset_clock_runs_ahead_of_the_real_one() -> None:
    clock = OffsetClock()
    clock.advance(HOUR)
    assert HOUR <= clock.now() - datetime.now(UTC) + timedelta(seconds=1) < HOUR + timedelta(seconds=5)
    assert clock.seconds_until(clock.now() - HOUR) == 0.0


@pytest.mark.parametrize("clock", [VirtualClock(), OffsetClock()])
def test_listeners_are_called_at_every_jump(clock: AdvanceableClock) -> None:
    heard: list[datetime] = []
    clock.on_advance(lambda: heard.append(clock.now()))
    clock.advance(HOUR)
    clock.advance(HOUR)
    assert len(heard) == 2


@pytest.mark.parametrize("clock", [VirtualClock(), OffsetClock()])
def test_time_never_runs_backward(clock: AdvanceableClock) -> None:
    with pytest.raises(ValueError, match="only moves forward"):
        clock.advance(-HOUR)


def test_the_system_clock_cannot_be_moved() -> None:
    assert not isinstance(SystemClock(), AdvanceableClock)
    assert SystemClock().now().tzinfo is UTC
