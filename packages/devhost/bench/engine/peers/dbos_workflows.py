"""The reference workflow on DBOS Transact and SQLite.

The peers' interpreter runs it, so it imports nothing of devhost.

``python dbos_workflows.py FOLDER WORKFLOWS VARIANT`` prints one line of JSON with the result. The variants
use only public settings of DBOS, SQLAlchemy and SQLite:

- ``shipped``: the defaults.
- ``tuned``: WAL, no ping before each use of a connection, and two threads, since more only wait for SQLite's one
  lock. Every commit survives a power cut, as with ours (``synchronous=FULL``).
- ``relaxed``: the same with ``synchronous=NORMAL``, so that a power cut may take the last commits.
"""

import argparse
import contextvars
import json
import sqlite3
import threading
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path
from typing import Any

# Both are in the peers' own environment only.
from dbos import DBOS, DBOSConfig  # type: ignore[import-not-found]
from sqlalchemy import Engine, event  # type: ignore[import-not-found]

_WARM_UP = 50
_SHARDS = 8
_THREADS = 2
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
    """Count, in place of a signal. The count is in memory, so DBOS does less work here than our engine."""
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
    parser.add_argument("variant", choices=("shipped", "tuned", "relaxed"))
    options = parser.parse_args()
    DBOS(config=_configuration(options.folder / "dbos.db", options.variant))
    DBOS.launch()
    try:
        _run(_WARM_UP)
        wall, cpu = time.perf_counter(), time.process_time()
        _run(options.workflows)
        wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
    finally:
        DBOS.destroy()
    assert _tally.total() == options.workflows + _WARM_UP
    print(json.dumps({"wallSeconds": wall, "cpuSeconds": cpu}))


def _configuration(database: Path, variant: str) -> DBOSConfig:
    shipped: DBOSConfig = {
        "name": "bench",
        "system_database_url": f"sqlite:///{database}",
        "log_level": "ERROR",
    }
    if variant == "shipped":
        return shipped
    if variant == "relaxed":
        event.listen(Engine, "connect", lambda connection, _: connection.execute("PRAGMA synchronous = NORMAL"))
    # The file keeps this mode. SQLite's default of synchronous=FULL applies.
    with closing(sqlite3.connect(database)) as connection:
        connection.execute("PRAGMA journal_mode = WAL")
    return {**shipped, **_TUNED}


def _run(workflows: int) -> None:
    handles = [DBOS.start_workflow(reference_workflow, {"number": number}) for number in range(workflows)]
    results = [handle.get_result() for handle in handles]
    assert results == [[{"stored": number}, {"notified": number}] for number in range(workflows)]


if __name__ == "__main__":
    main()
