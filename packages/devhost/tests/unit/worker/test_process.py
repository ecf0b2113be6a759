"""Real worker processes, one at a time."""

import threading
from pathlib import Path

import pytest

from devhost.functions.errors import AppLoadError
from devhost.functions.invocation_context import Invocation
from devhost.worker.calls import pack_call
from devhost.worker.frames import LARGEST_INLINE_BYTES
from devhost.worker.payloads import unpack_answer
from devhost.worker.process import WorkerProcess, WorkerSettings
from devhost.worker.report import app_of
from devhost.worker.values import WireText

SECONDS = 60
APP = """
import azure.durable_functions as df

app = df.DFApp()


@app.activity_trigger(input_name="payload")
def echo(payload: str) -> str:
    return payload
"""


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


def test_a_call_that_cannot_be_sent_fails_and_its_neighbours_are_answered(tmp_path: Path) -> None:
    script, spool = tmp_path / "app" / "function_app.py", tmp_path / "spool"
    script.parent.mkdir()
    spool.mkdir()
    script.write_text(APP)
    settings, has_ended = WorkerSettings(script, spool), threading.Event()
    worker = WorkerProcess("worker 1", settings, lambda _: has_ended.set())
    try:
        worker.loaded.result(SECONDS)
        worker.configure(settings)
        (function,) = app_of(worker.loaded.result(), script.parent).functions
        # As a full disk would: large bodies can no longer go through their folder.
        spool.rename(tmp_path / "gone")
        texts = ["small", "x" * 2 * LARGEST_INLINE_BYTES, "small"] * 5
        answers = [
            worker.begin(
                *pack_call(function, {"payload": WireText(f'"{text}"')}, Invocation("echo", "")), at_once=False
            )
            for text in texts
        ]
        for text, answer in zip(texts, answers, strict=True):
            if text == "small":
                assert unpack_answer(answer.result(SECONDS)) == '"small"'
            else:
                with pytest.raises(FileNotFoundError):
                    answer.result(SECONDS)
        assert worker.is_usable
    finally:
        worker.stop("the test is over")
        assert has_ended.wait(SECONDS)
