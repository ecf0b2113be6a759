"""The outcome of the demo: a table for people, `demo-report.json` for programs."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table
from rich.text import Text

from devhost.protection.private_files import private_file, private_folder
from local.demo_journey import Journey

REPORT_NAME = "demo-report.json"


@dataclass(frozen=True)
class DemoOutcome:
    """The outcome of a demo.

    Attributes:
        counters: the pipeline's own counters, which include earlier demos on this folder.
        notifications: those received since the demo began.
        state_dir: where the results lie.
    """

    journeys: Sequence[Journey]
    started_at: datetime
    ended_at: datetime
    counters: dict[str, int]
    notifications: Sequence[dict[str, Any]]
    state_dir: Path

    @property
    def surprises(self) -> list[Journey]:
        """The samples that did not end as expected."""
        return [journey for journey in self.journeys if journey.problems]


def save_texts(journeys: Sequence[Journey], state_dir: Path) -> None:
    """Write each extracted text to STATE_DIR/demo, so that it can be read after the parts have stopped."""
    private_folder(state_dir / "demo")
    for journey in journeys:
        if journey.text is not None:
            private_file(_text_file(journey, state_dir)).write_text(journey.text, encoding="utf-8")


def print_outcome(outcome: DemoOutcome, console: Console) -> None:
    """Print the results, the counters, the notifications, where the files are, and each surprise."""
    console.print(results_table(outcome))
    for line in _closing_lines(outcome):
        console.print(Text(line), soft_wrap=True)
    for journey in outcome.surprises:
        for problem in journey.problems:
            console.print(Text(f"{journey.sample.file} {problem}", style="red"), soft_wrap=True)
    expected = len(outcome.journeys) - len(outcome.surprises)
    console.print(Text(f"{expected} of {len(outcome.journeys)} documents ended as expected.", style="bold"))


def results_table(outcome: DemoOutcome) -> Table:
    """One row for each document: its end, its text, its duration. Fits a terminal of 80 columns."""
    table = Table(title="Results", title_justify="left", box=None, pad_edge=False, header_style="bold underline")
    for name in ("Document", "Status", "Decision"):
        table.add_column(name, overflow="fold")
    for name in ("Pages", "Confidence", "Time"):
        table.add_column(name, justify="right")
    for journey in outcome.journeys:
        record = journey.record
        table.add_row(
            Text(journey.sample.file),
            Text(journey.stage, style="red" if journey.problems else "green"),
            str(record.get("decision") or ""),
            str(record.get("pageCount") or ""),
            "" if record.get("confidence") is None else f"{record['confidence']:.3f}",
            f"{journey.seconds:.1f} s",
        )
    return table


def write_report(outcome: DemoOutcome) -> Path:
    """Write `demo-report.json` (camelCase, seconds, ISO 8601 UTC) and return its path."""
    report = {
        "startedAt": _iso(outcome.started_at),
        "endedAt": _iso(outcome.ended_at),
        "seconds": round((outcome.ended_at - outcome.started_at).total_seconds(), 1),
        "asExpected": not outcome.surprises,
        "documents": [_document_entry(journey, outcome.state_dir) for journey in outcome.journeys],
        "counters": outcome.counters,
        "notifications": [_notification_entry(each) for each in outcome.notifications],
    }
    path = outcome.state_dir / REPORT_NAME
    private_file(path).write_text(json.dumps(report, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
    return path


def _closing_lines(outcome: DemoOutcome) -> list[str]:
    """The lines below the table: why documents failed, counters, notifications, and where the files are."""
    folder = outcome.state_dir
    types = Counter(str(each.get("body", {}).get("type")) for each in outcome.notifications)
    errors = {each.sample.file: each.record.get("error") or {} for each in outcome.journeys}
    return [
        "",
        *(f"{file} failed: {error['message']} ({error['code']})" for file, error in errors.items() if error),
        f"Counter of all runs: {_listed(outcome.counters)}",
        f"Notifications of this run: {_listed(dict(sorted(types.items())))}",
        f"Texts: {folder / 'demo'}   Blobs and table: {folder / 'azurite'}",
        f"Report: {folder / REPORT_NAME}   Logs: {folder / 'logs'}",
        "The documents stay known: make run, then GET /api/documents shows them again.",
    ]


def _document_entry(journey: Journey, state_dir: Path) -> dict[str, Any]:
    sample, record = journey.sample, journey.record
    return {
        "file": sample.file,
        "documentId": journey.document_id or None,
        "instanceId": journey.instance_id or None,
        "status": journey.stage,
        "expectedStatus": sample.expected_status,
        **{key: record.get(key) for key in ("decision", "pageCount", "confidence", "error", "links")},
        "seconds": round(journey.seconds, 1),
        "textFile": None if journey.text is None else str(_text_file(journey, state_dir)),
        "problems": journey.problems,
    }


def _notification_entry(entry: dict[str, Any]) -> dict[str, Any]:
    body = entry.get("body") or {}
    return {
        "id": entry.get("id"),
        "type": body.get("type"),
        "subject": body.get("subject"),
        "receivedAt": entry.get("receivedAt"),
        "deliveries": entry.get("deliveries"),
    }


def _text_file(journey: Journey, state_dir: Path) -> Path:
    return state_dir / "demo" / f"{journey.sample.file}.txt"


def _listed(counts: dict[str, int]) -> str:
    return ", ".join(f"{name} {count}" for name, count in counts.items()) or "none"


def _iso(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
