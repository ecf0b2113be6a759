"""The progress of the demo: a live table on a terminal, or one line for each change elsewhere."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager

from rich.console import Console
from rich.live import Live
from rich.table import Table
from rich.text import Text

from local.demo_journey import FINAL_STATUSES, Journey

_STYLES = {"awaitingReview": "yellow", "completed": "green", "rejected": "magenta", "failed": "red"}


@contextmanager
def shown(journeys: Sequence[Journey], console: Console) -> Iterator[Callable[[], None]]:
    """Show the journeys while the block runs. The block calls what it is given when they may have changed."""
    if console.is_terminal:
        with Live(console=console, auto_refresh=False) as live:
            yield lambda: live.update(progress_table(journeys), refresh=True)
    else:
        yield ChangeLines(journeys, lambda line: console.print(Text(line), soft_wrap=True)).write


class ChangeLines:
    """Writes a line for every journey whose stage has changed."""

    def __init__(self, journeys: Sequence[Journey], write: Callable[[str], object]) -> None:
        self._journeys = journeys
        self._write = write
        self._stages: dict[str, str] = {}
        self._started = time.monotonic()

    def write(self) -> None:
        """Write a line for each change since the last call."""
        seconds = time.monotonic() - self._started
        for journey in self._journeys:
            file, stage = journey.sample.file, _stage(journey)
            if self._stages.get(file, "waiting") != stage:
                self._stages[file] = stage
                self._write(f"{seconds:6.1f} s  {file}: {stage}")


def progress_table(journeys: Sequence[Journey]) -> Table:
    """The current state of every journey: file, pages, stage, seconds."""
    table = Table(title="Documents on their way", title_justify="left")
    table.add_column("Document")
    table.add_column("Pages", justify="right")
    table.add_column("Stage", min_width=16)
    table.add_column("Seconds", justify="right")
    for journey in journeys:
        stage = _stage(journey)
        pages = journey.record.get("pageCount")
        table.add_row(
            journey.sample.file,
            "" if pages is None else str(pages),
            Text(stage, style=_STYLES.get(journey.stage, "cyan")),
            f"{journey.seconds:.1f}",
        )
    return table


def _stage(journey: Journey) -> str:
    if journey.is_over and journey.stage not in FINAL_STATUSES:
        return f"{journey.stage} (given up)"
    return journey.stage
