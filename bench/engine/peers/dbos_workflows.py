"""The reference workflow on DBOS Transact and SQLite: run by the peers' interpreter, it needs nothing of ours.

``python dbos_workflows.py FOLDER WORKFLOWS [--tuned]`` prints one line of JSON with the result. Tuned are only
what its public configuration and SQLite offer, and never what survives a power cut: WAL with ``synchronous=FULL``,
no ping before each statement, and four threads, since more of them only wait for SQLite's one lock.
"""

import argparse
import contextvars
import importlib.metadata
import json
import sqlite3
import threading
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path
from typing import Any

from dbos import DBOS, DBOSConfig

_WARM_UP = 50
_SHARDS = 8
_THREADS = 4
_TUNED: DBOSConfig = {
    "max_executor_threads": _THREADS,
    # One for each thread, and one for each fork.
    "sys_db_pool_size": 2 * _THREADS,
    "db_engine_kwargs": {"pool_pre_ping": False},
}

_forks = ThreadPoolExecutor(thread_name_prefix="fork")
_lock = threading.Lock()
_tally: Counter[int] = Counter()

Payload = dict[str, Any]


@DBOS.step()
def extract(payload: Payload) -> Payload:
    """Return at once."""
    return {"number": payload["number"], "text": "Invoice 17, total 1,234.50 EUR", "confidence": 0.98}


@DBOS.step()
def validate(payload: Payload) -> Payload:
    """Return at once."""
    return {"number": payload["number"], "verdict": "compliant", "score": 0.91}


@DBOS.step()
def add(shard: int) -> None:
    """Count: what is nearest to a signal. It is in memory, so DBOS has less to do here than our engine."""
    with _lock:
        _tally[shard] += 1


def store(payload: Payload) -> Payload:
    """Return at once."""
    return {"stored": payload["number"]}


def notify(payload: Payload) -> Payload:
    """Return at once."""
    return {"notified": payload["number"]}


@DBOS.workflow()
def reference_workflow(document: Payload) -> list[Payload]:
    """Chain two steps, count, and run two steps side by side, numbered before either begins."""
    verdict = validate(extract(document))
    add(document["number"] % _SHARDS)
    first, second = DBOS.reserve_step(), DBOS.reserve_step()
    stored = _forks.submit(contextvars.copy_context().run, first.run, {"name": "store"}, store, verdict)
    notified = second.run({"name": "notify"}, notify, verdict)
    return [stored.result(), notified]


def main() -> None:
    """Measure once and print the result."""
    parser = argparse.ArgumentParser()
    parser.add_argument("folder", type=Path)
    parser.add_argument("workflows", type=int)
    parser.add_argument("--tuned", action="store_true")
    options = parser.parse_args()
    DBOS(config=_configuration(options.folder / "dbos.db", options.tuned))
    DBOS.launch()
    try:
        _run(_WARM_UP)
        wall, cpu = time.perf_counter(), time.process_time()
        _run(options.workflows)
        wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
    finally:
        DBOS.destroy()
    assert _tally.total() == options.workflows + _WARM_UP
    version = importlib.metadata.version("dbos")
    print(json.dumps({"version": version, "wallSeconds": wall, "cpuSeconds": cpu}))


def _configuration(database: Path, is_tuned: bool) -> DBOSConfig:
    shipped: DBOSConfig = {
        "name": "bench",
        "system_database_url": f"sqlite:///{database}",
        "log_level": "ERROR",
    }
    if not is_tuned:
        return shipped
    # The mode stays with the file; SQLite's default of synchronous=FULL is kept.
    with closing(sqlite3.connect(database)) as connection:
        connection.execute("PRAGMA journal_mode = WAL")
    return {**shipped, **_TUNED}


def _run(workflows: int) -> None:
    handles = [DBOS.start_workflow(reference_workflow, {"number": number}) for number in range(workflows)]
    results = [handle.get_result() for handle in handles]
    assert results == [[{"stored": number}, {"notified": number}] for number in range(workflows)]


if __name__ == "__main__":
    main()
