"""A program that runs lives of an engine in processes of their own and ends them by SIGKILL; see ``kills``.

It imports everything once and has one thread, so forking a process for a life is safe and takes milliseconds. Each
line of standard input is an order, each line of standard output is the answer to one.
"""

import faulthandler
import itertools
import json
import logging
import os
import signal
import sys
import traceback
from pathlib import Path
from typing import Any, NoReturn

from tests.crashes.every_commit_load import EveryCommitLoad
from tests.crashes.lives import Load, OnCommit, live
from tests.crashes.program_load import ProgramLoad

Order = dict[str, Any]
Death = dict[str, Any]
REPORT = b"."
LONGEST_LIFE_SECONDS = 60


def main() -> None:
    """Carry out orders until standard input ends."""
    # This logger reports the apps' deliberate failures. Faults of the engine go to another logger.
    logging.getLogger("devhost.host").setLevel(logging.CRITICAL)
    logging.getLogger().setLevel(logging.ERROR)
    for line in sys.stdin:
        sys.stdout.write(json.dumps(carry_out(json.loads(line))) + "\n")
        sys.stdout.flush()


def carry_out(order: Order) -> dict[str, Any]:
    """Fork a life, watch it, kill it if the order says so, and return its outcome."""
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(reading)
        _live_and_exit(order, writing)
    os.close(writing)
    words = _watch(child, reading, order["death"] or {})
    os.close(reading)
    _, status = os.waitpid(child, 0)
    reports, _, answer = words.partition(b"\n")
    # An answer ends with a line break; without one, the process was killed in the middle of its answer.
    said = json.loads(answer) if answer.endswith(b"\n") else {}
    is_killed = not said and os.WIFSIGNALED(status) and os.WTERMSIG(status) == signal.SIGKILL
    return {"is_killed": is_killed, "commits": len(reports) // 2, "status": status, **said}


def _watch(child: int, reading: int, death: Death) -> bytes:
    """Read a life's output, and kill it a moment after the given number of reports."""
    last_report, words = death.get("reports"), b""
    while True:
        if last_report is not None and words.count(REPORT) >= last_report:
            for _ in range(death["spins"]):
                pass
            os.kill(child, signal.SIGKILL)
            last_report = None
        chunk = os.read(reading, 65536)
        words += chunk
        if not chunk:
            return words


def _live_and_exit(order: Order, writing: int) -> NoReturn:
    """Live one life in this forked process and write its outcome."""
    faulthandler.dump_traceback_later(LONGEST_LIFE_SECONDS, exit=True)
    answer: dict[str, Any]
    try:
        answer = {"ends": live(Path(order["folder"]), _load(order), _reporter(writing, order["death"] or {}))}
    except BaseException:
        answer = {"error": traceback.format_exc()}
    os.write(writing, b"\n" + json.dumps(answer).encode() + b"\n")
    os._exit(0)


def _load(order: Order) -> Load:
    return EveryCommitLoad(order["part"]) if "part" in order else ProgramLoad(order["programs"])


def _reporter(writing: int, death: Death) -> OnCommit:
    """Report each moment before and after a commit, and kill this process at the chosen one."""
    moments = itertools.count(1)

    def on_commit(is_done: bool) -> None:
        os.write(writing, REPORT)
        if is_done == death.get("is_after") and next(moments) == death["commit"]:
            os.kill(os.getpid(), signal.SIGKILL)

    return on_commit


if __name__ == "__main__":
    main()
