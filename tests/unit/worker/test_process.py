"""Real worker processes, one at a time."""

import threading
from pathlib import Path

import pytest

from devhost.functions_host.errors import AppLoadError
from devhost.worker.process import WorkerProcess, WorkerSettings

SECONDS = 20


def test_a_worker_that_could_not_load_the_app_says_why_and_its_end_is_no_news(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    script, has_ended = tmp_path / "function_app.py", threading.Event()
    script.write_text("this is no Python")
    worker = WorkerProcess("worker 1", WorkerSettings(script, tmp_path), lambda _: has_ended.set())
    with pytest.raises(AppLoadError, match=r"function_app\.py"):
        worker.loaded.result(SECONDS)
    assert has_ended.wait(SECONDS)
    assert "is gone" not in caplog.text
