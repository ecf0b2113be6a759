"""The command line, and what signals do to it."""

import os
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from local.__main__ import main
from local.announcer import Announcer
from local.stop_signals import StopRequested, stop_on_signals


@pytest.fixture
def heeded_hang_up() -> Iterator[None]:
    """SIGHUP as in a terminal, although the tests themselves may run under `nohup`."""
    before = signal.signal(signal.SIGHUP, signal.SIG_DFL)
    yield
    signal.signal(signal.SIGHUP, before)


@pytest.mark.usefixtures("heeded_hang_up")
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_a_signal_asks_to_stop_once_and_is_then_ignored_until_the_end(number: signal.Signals) -> None:
    before = signal.getsignal(number)
    stopped_in_order = []

    def work_until_stopped() -> None:
        with stop_on_signals():
            try:
                os.kill(os.getpid(), number)
            finally:
                os.kill(os.getpid(), number)
                stopped_in_order.append(True)

    with pytest.raises(StopRequested):
        work_until_stopped()

    assert stopped_in_order
    assert signal.getsignal(number) == before


def test_a_hang_up_that_is_ignored_stays_so() -> None:
    before = signal.signal(signal.SIGHUP, signal.SIG_IGN)
    try:
        with stop_on_signals():
            os.kill(os.getpid(), signal.SIGHUP)
    finally:
        signal.signal(signal.SIGHUP, before)


def test_a_wrong_port_ends_the_command_with_one_line(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    monkeypatch.setenv("PORT", "http")
    monkeypatch.setenv("STATE_DIR", str(tmp_path))

    assert main(["run"]) == 1
    assert capsys.readouterr().err == "run: PORT=http is not a port. Give a number from 1 to 65535.\n"


def test_the_announcer_says_how_long_a_part_took() -> None:
    lines: list[str] = []
    announce = Announcer(lines.append)

    announce("azurite", "starting")
    announce("azurite", "ready")
    announce("azurite", "stopping")

    assert lines[0].startswith("azurite is ready after 0.")
    assert lines[1] == "stopping azurite"
