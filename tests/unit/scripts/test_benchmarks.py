"""The table of the benchmarks, and the figures from the host's log."""

from pathlib import Path

import pytest

from bench.load import Journey
from scripts import host_log
from scripts.benchmarks import Row, main, rates, table

COMPLETED = "(document_processing_orchestrator) is Completed."


def logged(time: str, text: str) -> str:
    """A line of the host's log."""
    return f"[2024-05-01T{time}Z] INFO    devhost.host: {text}"


LOG = "\n".join(
    [
        logged("10:00:00.000", "Executing 'Functions.submit_document' (Reason='POST /api/documents', Id=1)"),
        logged("10:00:00.020", "Executed 'Functions.submit_document' (Succeeded, Id=1, Duration=20ms)"),
        logged("10:00:00.300", "Executed 'Functions.get_document' (Succeeded, Id=2, Duration=2ms)"),
        logged("10:00:00.400", f"Instance 'doc-a' {COMPLETED}"),
        logged("10:00:59.900", "Executing 'Functions.submit_document' (Reason='POST /api/documents', Id=3)"),
        logged("10:00:59.940", "Executed 'Functions.submit_document' (Failed, Id=3, Duration=40ms)"),
        logged("10:01:00.000", "Executing 'Functions.submit_document' (Reason='POST /api/documents', Id=4)"),
        logged("10:01:00.030", "Executed 'Functions.submit_document' (Succeeded, Id=4, Duration=30ms)"),
        logged("10:01:00.500", f"Instance 'doc-b' {COMPLETED}"),
    ]
)


def test_stages_are_the_medians_of_runs_that_succeeded() -> None:
    assert host_log.median_milliseconds(LOG) == {"submit_document": 25, "get_document": 2}


def test_a_document_takes_from_its_request_to_its_completed_instance() -> None:
    assert list(host_log.document_seconds(LOG)) == pytest.approx([0.4, 0.5])


def test_rates_count_until_the_last_document() -> None:
    quick = Journey(Path("a.pdf"), sent_at=0.0, accepted_at=1.0, ended_at=4.0)
    slow = Journey(Path("b.pdf"), sent_at=0.0, accepted_at=2.0, ended_at=8.0)
    assert rates([quick, slow]) == (1.0, 0.25, 4.0, 8.0)


def test_a_figure_outside_its_limit_is_marked_in_the_table() -> None:
    rows = [
        Row("memory", "1.9 times", "1.6 times", fits=False),
        Row("documents", "9 /s"),
        Row("cpu", "1 s", "2 s"),
    ]
    assert list(table(rows)) == [
        "memory      1.9 times   (limit 1.6 times, EXCEEDED)",
        "documents   9 /s",
        "cpu         1 s   (limit 2 s)",
    ]


def test_an_unknown_measurement_is_refused_with_the_names_there_are(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        main(["--only", "speed"])
    assert "'import', 'load', 'extension', 'stages', 'ocr', 'history', 'upload'" in capsys.readouterr().err
