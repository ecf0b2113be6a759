"""What to compare the engine with: the SDK's replay alone, unmodified, and the commits alone."""

import sqlite3
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import azure.functions as func

from bench.engine.reference_app import WORKFLOW, reference_app
from devhost.functions import sdk_speedups

# The number of work items that share a commit, as in the engine.
_GROUP = 64
# Start, four or five episodes, four activities, the entity: each inserts and deletes some rows.
_STEPS = 10
_EVENT = '{"EventType":5,"Timestamp":"2024-01-01T00:00:00.000000Z","TaskScheduledId":0,"Result":"{\\"n\\": 1}"}'


def plain_replay_ms(documents: list[list[str]], repetitions: int) -> float:
    """Return the CPU milliseconds of one workflow's episodes in the unmodified SDK: the best of some rounds."""
    sdk_speedups.install()()
    handle = next(
        function.get_user_function()
        for function in reference_app().get_functions()
        if function.get_function_name() == WORKFLOW
    )
    rounds = []
    for _ in range(repetitions):
        begun = time.process_time()
        for episodes in documents:
            for document in episodes:
                handle(context=func.OrchestrationContext(document))
        rounds.append(time.process_time() - begun)
    return min(rounds) / len(documents) * 1000


def raw_commits_per_second(folder: Path, workflows: int) -> float:
    """Return how many workflows a second SQLite alone can take: the same steps, 64 to a durable commit."""
    with closing(sqlite3.connect(folder / "raw.db", isolation_level=None)) as connection:
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("PRAGMA synchronous = FULL")
        connection.execute("CREATE TABLE history (instance TEXT, position INT, event TEXT)")
        connection.execute("CREATE TABLE inbox (sequence INTEGER PRIMARY KEY, instance TEXT, event TEXT)")
        begun = time.perf_counter()
        for group in _groups(workflows * _STEPS):
            connection.execute("BEGIN IMMEDIATE")
            for step in group:
                _write_step(connection, step)
            connection.execute("COMMIT")
        return workflows / (time.perf_counter() - begun)


def _groups(count: int) -> Iterator[range]:
    return (range(first, min(first + _GROUP, count)) for first in range(0, count, _GROUP))


def _write_step(connection: sqlite3.Connection, step: int) -> None:
    instance = f"{step // _STEPS:032x}"
    connection.execute("INSERT INTO inbox VALUES (?, ?, ?)", (step, instance, _EVENT))
    connection.execute("DELETE FROM inbox WHERE sequence = ?", (step,))
    connection.executemany(
        "INSERT INTO history VALUES (?, ?, ?)", [(instance, index, _EVENT) for index in range(2)]
    )
