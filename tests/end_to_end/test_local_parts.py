"""`make demo` and `make run` as real processes, on their own ports."""

import json
import signal
import subprocess
import sys
from pathlib import Path

import psutil
import pytest

from tests.end_to_end.make_run import environment_of, free_ports

ROOT = Path(__file__).parents[2]


@pytest.fixture
def environment(tmp_path: Path) -> dict[str, str]:
    """The environment that gives a command free ports and its own folder."""
    return environment_of(free_ports(), tmp_path / "state")


def command(name: str) -> list[str]:
    """The command of the make target."""
    return [sys.executable, "-m", "local", name]


def test_the_demo_brings_every_sample_to_its_expected_end(environment: dict[str, str]) -> None:
    done = subprocess.run(
        command("demo"), env=environment, cwd=ROOT, capture_output=True, text=True, check=False, timeout=170
    )

    assert done.returncode == 0, done.stdout + done.stderr
    report = json.loads((Path(environment["STATE_DIR"]) / "demo-report.json").read_text())
    assert [document["problems"] for document in report["documents"]] == [[]] * len(report["documents"])
    assert len(report["documents"]) >= 8
    assert report["counters"]["pending"] == 0
    assert "documents ended as expected." in done.stdout


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_run_prints_where_things_are_and_a_signal_ends_every_part(
    environment: dict[str, str], number: signal.Signals
) -> None:
    with subprocess.Popen(command("run"), env=environment, cwd=ROOT, stdout=subprocess.PIPE, text=True) as run:
        assert run.stdout is not None
        printed = ""
        while "curl http" not in printed:
            line = run.stdout.readline()
            assert line, f"run ended after printing {printed!r}"
            printed += line
        parts = psutil.Process(run.pid).children(recursive=True)
        run.send_signal(number)
        assert run.wait(timeout=60) == 0

    assert f"http://127.0.0.1:{environment['PORT']}/api/health" in printed
    assert len(parts) >= 3
    _, alive = psutil.wait_procs(parts, timeout=60)
    assert alive == []
