"""Draws instances for a terminal: a list, one in full, one as a timeline. Plain text when there is no terminal."""

import io
import json
import os
import re
import sys
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import IO, Any, cast

from rich.console import Console
from rich.table import Table
from rich.text import Text

from devhost.engine.events import FINISHED
from devhost.page.time_axis import TimeAxis
from devhost.page.timeline import (
    Outcome,
    Step,
    StepKind,
    Timeline,
    build_timeline,
    duration_text,
    readable,
)

_WIDTH_WITHOUT_TERMINAL = 110
_LONGEST_PAYLOAD = 2000
_MOST_ERRORS = 5
# The beginning of the details that the Durable extension appends to the error of an activity.
_DETAILS = re.compile(r'\s*\n ?(?=\{"\$type":)')
_STATUS_STYLES = {
    "Running": "blue",
    "Pending": "blue",
    "Completed": "green",
    "Failed": "bold red",
    "Suspended": "yellow",
}
_KIND_STYLES = {StepKind.CHILD: "magenta", StepKind.TIMER: "bright_black", StepKind.ENTITY_CALL: "yellow"}
_SHAPES = {StepKind.CHILD: "▓", StepKind.TIMER: "─", StepKind.ENTITY_CALL: "▒"}
_BAR, _POINT, _OPEN, _UNUSED, _SHORTENED = "█", "◆", "░", "╌", "·"
_ASCII = str.maketrans("▓─▒█◆░╌·…–", "=-%#*~.:.-")


class _AsciiOutput(io.TextIOBase):
    """Standard output without Unicode: shapes become ASCII, other characters question marks."""

    encoding = "utf-8"

    def write(self, text: str, /) -> int:
        encoding = sys.stdout.encoding
        sys.stdout.write(text.translate(_ASCII).encode(encoding, "replace").decode(encoding))
        return len(text)

    def flush(self) -> None:
        sys.stdout.flush()


def console() -> Console:
    """Standard output: as wide as the terminal, else 110 columns (or COLUMNS)."""
    has_width = sys.stdout.isatty() or "COLUMNS" in os.environ
    is_unicode = (sys.stdout.encoding or "ascii").lower().startswith("utf")
    return Console(
        file=None if is_unicode else cast(IO[str], _AsciiOutput()),
        width=None if has_width else _WIDTH_WITHOUT_TERMINAL,
        highlight=False,
    )


def draw_list(to: Console, instances: Sequence[Mapping[str, Any]], has_more: bool) -> None:
    """Print a table of instances; ids are never cut, since the other commands need them."""
    if not instances:
        to.print("No instance matches.")
        return
    table = Table(box=None, padding=(0, 2, 0, 0), header_style="dim")
    rows = [_list_row(one) for one in instances]
    for column, title in enumerate(("Status", "Id", "Orchestrator", "Created (UTC)")):
        table.add_column(title, no_wrap=True, min_width=max(len(title), *(row[column].cell_len for row in rows)))
    table.add_column("Custom status", no_wrap=True, min_width=len("Custom status"))
    for row in rows:
        table.add_row(*row)
    # Lines may be longer than the terminal is wide, since a cut id is useless.
    to.width = max(to.width, sum((column.min_width or 0) + 2 for column in table.columns))
    to.print(table, crop=False)
    if has_more:
        to.print("There are more: narrow the list with --status, --name or --id, or lengthen it with --top.")


def draw_status(to: Console, status: Mapping[str, Any]) -> None:
    """Print everything known about an instance except its history."""
    _draw_head(to, status)
    table = Table(box=None, show_header=False, padding=(0, 2, 0, 0))
    table.add_row("Created", f"{_time(status['createdTime'])} UTC")
    table.add_row("Last updated", f"{_time(status['lastUpdatedTime'])} UTC")
    for label, key in (("Custom status", "customStatus"), ("Input", "input")):
        table.add_row(label, _payload(status[key]))
    is_failed = status["runtimeStatus"] == "Failed"
    table.add_row(*("Error", _payload(_error(status))) if is_failed else ("Output", _payload(status["output"])))
    to.print(table)


def draw_history(to: Console, status: Mapping[str, Any], now: datetime) -> None:
    """Print an instance as a timeline, then what failed in it."""
    timeline = build_timeline(status, now)
    _draw_head(to, status)
    passed = "Took" if status["runtimeStatus"] in FINISHED else "Running for"
    began = timeline.start.strftime("%Y-%m-%d %H:%M:%S")
    to.print(f"{passed} {duration_text(timeline.end - timeline.start)} since {began} UTC\n")
    if not timeline.steps:
        to.print("Nothing has happened yet.")
        return
    drawing = _Lanes(timeline, to)
    to.print(drawing.table())
    if drawing.axis.breaks:
        to.print(Text(f"\n{_SHORTENED * 3} shortened wait", style="dim"))
    _draw_errors(to, timeline, status)


def _draw_head(to: Console, status: Mapping[str, Any]) -> None:
    to.print(Text.assemble((_clean(status["name"]), "bold"), "  ", _clean(status["instanceId"]), "  "), end="")
    to.print(_status(status["runtimeStatus"]))


def _draw_errors(to: Console, timeline: Timeline, status: Mapping[str, Any]) -> None:
    failed = [step for step in timeline.steps if step.error]
    errors = [(step.label, step.error) for step in failed[-_MOST_ERRORS:]]
    if status["runtimeStatus"] == "Failed":
        errors.append((status["name"], _error(status)))
    for label, error in errors:
        to.print(Text.assemble("\n", (_clean(label), "bold red"), ": ", _clean(str(error))[:_LONGEST_PAYLOAD]))


def _error(status: Mapping[str, Any]) -> str:
    """Why an instance failed; the JSON that follows an activity's error, as in Azure, is cut down to its stack."""
    text = readable(status["output"])
    while match := _DETAILS.search(text):
        try:
            details, end = json.JSONDecoder().raw_decode(text, match.end())
        except ValueError:
            break
        text = f"{text[: match.start()]}\n{_stack_in(details)}".rstrip() + text[end:]
    return text


def _stack_in(details: Mapping[str, Any]) -> str:
    """The worker's stack, at the end of what it said."""
    said = (details.get("InnerException") or {}).get("Message") or ""
    return str(said.partition("\nStack: ")[2])


class _Lanes:
    """The steps as rows of a table, each with its place on the axis."""

    def __init__(self, timeline: Timeline, to: Console) -> None:
        self._timeline, self.axis = timeline, TimeAxis(timeline)
        labels = max(len(step.label) for step in timeline.steps)
        self._label_width = min(labels, to.width // 3)
        self._width = max(10, to.width - self._label_width - 26)

    def table(self) -> Table:
        """The whole drawing."""
        table = Table(box=None, padding=(0, 2, 0, 0), header_style="dim")
        table.add_column("Step", width=self._label_width, no_wrap=True, overflow="ellipsis")
        table.add_column(self._head(), width=self._width, no_wrap=True)
        table.add_column("Took", justify="right", no_wrap=True)
        table.add_column("")
        for step in self._timeline.steps:
            outcome = "" if step.outcome == Outcome.DONE else step.outcome
            took = "" if step.is_point else duration_text((step.end or self._timeline.end) - step.start)
            style = "red" if step.outcome == Outcome.FAILED else ""
            table.add_row(Text(_clean(step.label), style), self._lane(step), took, Text(outcome, style))
        return table

    def _head(self) -> Text:
        """Zero, the lengths of shortened stretches in their middle, and the whole time at the end."""
        cells = list("0" + " " * (self._width - 1))
        labels = [(self._cell((one.start + one.end) / 2), duration_text(one.duration)) for one in self.axis.breaks]
        whole = duration_text(self._timeline.end - self._timeline.start)
        labels = [(cell - len(label) // 2, label) for cell, label in labels] + [(self._width - len(whole), whole)]
        free = 2
        for start, label in labels:
            if free <= start <= self._width - len(label):
                cells[start : start + len(label)] = label
                free = start + len(label) + 1
        return Text("".join(cells))

    def _lane(self, step: Step) -> Text:
        lane = Text(" " * self._width)
        cells = list(lane.plain)
        for one in self.axis.breaks:
            for cell in range(self._cell(one.start), self._cell(one.end)):
                cells[cell] = _SHORTENED
        start, end = self._cells_of(step)
        lane = Text("".join(cells[:start]), "dim")
        lane.append(_shape(step) * (end - start), _style(step))
        lane.append("".join(cells[end:]), "dim")
        return lane

    def _cells_of(self, step: Step) -> tuple[int, int]:
        start = min(self._cell(self.axis.place(step.start)), self._width - 1)
        if step.is_point:
            return start, start + 1
        return start, max(start + 1, self._cell(self.axis.place(step.end or self._timeline.end)))

    def _cell(self, place: float) -> int:
        return round(place * self._width)


def _shape(step: Step) -> str:
    if step.is_point:
        return _POINT
    by_outcome = {Outcome.OPEN: _OPEN, Outcome.UNUSED: _UNUSED}
    return by_outcome.get(step.outcome) or _SHAPES.get(step.kind, _BAR)


def _style(step: Step) -> str:
    return (
        "red"
        if step.outcome == Outcome.FAILED
        else _KIND_STYLES.get(step.kind, "cyan" if not step.is_point else "blue")
    )


def _list_row(one: Mapping[str, Any]) -> tuple[Text, ...]:
    custom = one["customStatus"]
    brief = "" if custom is None else readable(custom, indent=None)[:60]
    texts = [_text(text) for text in (one["instanceId"], one["name"], _time(one["createdTime"]), brief)]
    return (_status(one["runtimeStatus"]), *texts)


def _status(status: str) -> Text:
    return Text(status, _STATUS_STYLES.get(status, ""))


def _text(value: str) -> Text:
    return Text(_clean(value))


def _time(text: str) -> str:
    return text.replace("T", " ").removesuffix("Z")


def _payload(value: Any) -> Text:
    if value is None:
        return Text("–", "dim")
    text = _clean(readable(value))
    if len(text) <= _LONGEST_PAYLOAD:
        return Text(text)
    return Text(f"{text[:_LONGEST_PAYLOAD]}\n… {len(text):,} characters in all; --json shows them")


def _clean(text: str) -> str:
    """Replace control characters, with which an app could write anywhere on a terminal."""
    return "".join(
        character if character.isprintable() or character == "\n" else "\N{REPLACEMENT CHARACTER}"
        for character in text
    )
