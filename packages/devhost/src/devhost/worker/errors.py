"""How a call can fail because of the process that runs it.

WorkerProcessDied      a FunctionFailed: the process ended while the function ran, and it will not be run again
WorkerGone             the process ended while the function ran, and another may run it
└── WorkerReplaced     ... and it was the host that ended the process; the function did not cause that
"""

import signal

from devhost.engine.functions import WorkerProcessDied

__all__ = ["WorkerGone", "WorkerProcessDied", "WorkerReplaced", "died", "exit_text"]


class WorkerGone(Exception):
    """The worker process ended before it answered; the text says how it ended."""

    code: str = "workerGone"


class WorkerReplaced(WorkerGone):
    """The host ended the worker process; the call did not cause that, so it does not count as an attempt."""

    code = "workerReplaced"


def exit_text(code: int) -> str:
    """Describe how a process ended, such as ``python exited with code 3`` or ``python was ended by SIGSEGV``."""
    if code >= 0:
        return f"python exited with code {code}"
    try:
        return f"python was ended by {signal.Signals(-code).name}"
    except ValueError:
        return f"python was ended by signal {-code}"


def died(gone: WorkerGone, attempts: int) -> WorkerProcessDied:
    """The failure of a function whose process died in the last of `attempts` attempts."""
    times = (
        "once and is not run again" if attempts == 1 else f"{attempts} times, the last time alone in its process"
    )
    return WorkerProcessDied("WorkerProcessExitException", f"{gone}. The function was run {times}.")
