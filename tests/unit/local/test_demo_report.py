"""What the demo shows and writes."""

import io
import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Unpack

import pytest
from rich.console import Console

from local.demo_journey import Journey
from local.demo_progress import ChangeLines, progress_table
from local.demo_report import DemoOutcome, print_outcome, save_texts, write_report
from local.demo_samples import load_samples
from local.errors import DemoError
from tests.unit.local.conftest import JourneyFactory, SampleAttributes, a_record

STARTED = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)


def printed(show: Callable[[Console], None]) -> str:
    """What a wide terminal without colours shows."""
    screen = io.StringIO()
    show(Console(file=screen, width=160, color_system=None))
    return screen.getvalue()


@pytest.fixture
def a_finished_journey(a_journey: JourneyFactory) -> JourneyFactory:
    """Makes a journey that took two seconds and completed."""

    def make(**attributes: Unpack[SampleAttributes]) -> Journey:
        journey = a_journey(**attributes)
        journey.stage, journey.document_id, journey.instance_id = "completed", "d1", "i1"
        journey.record = a_record("completed", decision="approved", pageCount=3, confidence=0.9712)
        journey.text = "Total amount due"
        journey.started, journey.ended = 10.0, 12.0
        return journey

    return make


def an_outcome(journeys: list[Journey], state_dir: Path) -> DemoOutcome:
    """What a demo of these journeys learned."""
    notification = {
        "id": "n1",
        "receivedAt": "2026-03-01T12:00:05Z",
        "deliveries": 1,
        "body": {"type": "document.completed", "subject": "d1"},
    }
    ended = STARTED + timedelta(seconds=7.25)
    return DemoOutcome(journeys, STARTED, ended, {"pending": 0, "processed": 1}, [notification], state_dir)


def test_the_report_holds_what_a_program_needs(a_finished_journey: JourneyFactory, tmp_path: Path) -> None:
    path = write_report(an_outcome([a_finished_journey()], tmp_path))

    report = json.loads(path.read_text())
    assert path == tmp_path / "demo-report.json"
    assert report["asExpected"] is True
    assert (report["startedAt"], report["seconds"]) == ("2026-03-01T12:00:00.000Z", 7.2)
    assert report["counters"] == {"pending": 0, "processed": 1}
    assert report["notifications"][0]["type"] == "document.completed"
    [document] = report["documents"]
    assert (document["file"], document["status"], document["decision"]) == ("invoice.pdf", "completed", "approved")
    assert (document["pageCount"], document["seconds"], document["problems"]) == (3, 2.0, [])


def test_results_show_status_pages_confidence_and_where_the_text_lies(
    a_finished_journey: JourneyFactory, tmp_path: Path
) -> None:
    journey = a_finished_journey()
    outcome = an_outcome([journey], tmp_path)
    save_texts([journey], tmp_path)

    words = printed(lambda console: print_outcome(outcome, console))

    for expected in ("invoice.pdf", "completed", "approved", "0.971", f"{tmp_path}/demo", "pending 0"):
        assert expected in words
    assert "document.completed 1" in words
    assert "1 of 1 documents ended as expected." in words
    assert (tmp_path / "demo" / "invoice.pdf.txt").read_text() == "Total amount due"


def test_a_surprise_is_named_with_its_reason(a_finished_journey: JourneyFactory, tmp_path: Path) -> None:
    journey = a_finished_journey()
    journey.problems.append("ended as completed instead of failed")

    words = printed(lambda console: print_outcome(an_outcome([journey], tmp_path), console))

    assert "invoice.pdf ended as completed instead of failed" in words
    assert "0 of 1 documents ended as expected." in words


def test_a_failed_document_is_shown_with_its_error(a_finished_journey: JourneyFactory, tmp_path: Path) -> None:
    journey = a_finished_journey()
    journey.text = None
    journey.record["error"] = {"code": "corrupt", "message": "the [PDF] has no pages"}

    words = printed(lambda console: print_outcome(an_outcome([journey], tmp_path), console))

    assert "invoice.pdf failed: the [PDF] has no pages (corrupt)" in words


def test_the_live_table_shows_stage_and_time(a_finished_journey: JourneyFactory) -> None:
    words = printed(lambda console: console.print(progress_table([a_finished_journey()])))

    for expected in ("invoice.pdf", "3", "completed", "2.0"):
        assert expected in words


def test_without_a_terminal_a_line_is_written_for_each_change_only(a_journey: JourneyFactory) -> None:
    lines: list[str] = []
    journey = a_journey()
    changes = ChangeLines([journey], lines.append)

    changes.write()
    journey.stage = "extracting"
    changes.write()
    changes.write()
    journey.give_up("was still extracting")
    changes.write()

    assert [line.partition("s  ")[2] for line in lines] == [
        "invoice.pdf: extracting",
        "invoice.pdf: extracting (given up)",
    ]


def test_the_manifest_of_the_repository_can_be_read() -> None:
    samples = load_samples(Path(__file__).parents[3] / "samples")

    assert len(samples) >= 8
    assert {sample.expected_status for sample in samples} >= {"completed", "rejected", "failed"}
    assert {sample.review for sample in samples} == {"approve", "reject", None}


@pytest.mark.parametrize("content", ["[]", "{", '{"documents": [{"file": "a.pdf"}]}'])
def test_a_manifest_that_cannot_be_used_says_how_to_make_it_anew(tmp_path: Path, content: str) -> None:
    (tmp_path / "manifest.json").write_text(content)

    with pytest.raises(DemoError, match=r"manifest\.json cannot be used .*make samples"):
        load_samples(tmp_path)


def test_a_sample_file_that_is_missing_is_named(tmp_path: Path) -> None:
    entry = {"file": "a.pdf", "contentType": "application/pdf", "userId": "ada", "priority": "normal"}
    whole: dict[str, Any] = {**entry, "review": None, "expected": {"status": "completed"}, "expectedText": []}
    (tmp_path / "manifest.json").write_text(json.dumps({"documents": [whole]}))

    with pytest.raises(DemoError, match=r"a\.pdf of .* is missing"):
        load_samples(tmp_path)
