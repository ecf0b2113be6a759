from pathlib import Path

import pytest

from bench.engine import ceilings, measurements
from bench.engine.__main__ import main


def test_all_workflows_run_and_the_sdk_alone_can_replay_what_they_gave_it(tmp_path: Path) -> None:
    run = measurements.throughput(tmp_path, workflows=20, finished_before=30, sample_size=5)
    assert run.workflows == 20
    assert len(run.documents) == 5
    assert all(2 < len(episodes) < 7 for episodes in run.documents)
    assert ceilings.plain_replay_ms(run.documents, repetitions=1) > 0


def test_a_fan_out_takes_fewer_episodes_than_activities(tmp_path: Path) -> None:
    assert 1 < measurements.fan_out(tmp_path, width=50).episodes <= 51


def test_the_table_names_every_measurement(capsys: pytest.CaptureFixture[str]) -> None:
    options = [
        "--only",
        "engine",
        "--rounds",
        "1",
        "--workflows",
        "10",
        "--singles",
        "3",
        "--fan-out",
        "10",
        "--finished",
        "20",
        "--memory",
        "10",
    ]
    assert main(options) == 0
    printed = capsys.readouterr().out
    for named in ("plain ceiling", "raw SQLite", "idle host, p50", "fan-out to 10", "20 finished", "memory"):
        assert named in printed


def test_the_extension_is_measured_or_the_table_says_what_is_missing(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("DURABLE_EXTENSION_HOST", str(tmp_path / "absent"))
    assert main(["--only", "extension"]) == 0
    assert "not measured; no DurableExtensionHost: build it with" in capsys.readouterr().out
