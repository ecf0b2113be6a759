"""How a call can fail because of the process that runs it.

WorkerProcessDied      a FunctionFailed: the process ended while the function ran, and it will not be run again
WorkerGone             the process ended while the function ran, and another may run it
└── WorkerReplaced     ... and it was the host that ended the process; the function did not cause that
    └── NeighbourTimedOut   ... since another function in it had exceeded its time limit
"""

from devhost.engine.functions import WorkerProcessDied

__all__ = ["NeighbourTimedOut", "WorkerGone", "WorkerProcessDied", "WorkerReplaced", "died", "exit_text"]


class WorkerGone(Exception):
    """The worker process ended before it answered; the text says how it ended."""

    code: str = "workerGone"


class WorkerReplaced(WorkerGone):
    """The host ended the worker process; the call did not cause that, so it does not count as an attempt."""

    code = "workerReplaced"


class NeighbourTimedOut(WorkerReplaced):
    """The host ended the worker process, as another function in it took too long; the text says which."""

    code = "neighbourTimedOut"


def exit_text(code: int) -> str:
    """Describe how a process ended, in the words of the Functions host: ``python exited with code 139 (0x8B)``.

    Args:
        code: As ``subprocess`` has it; negative for a signal, which counts as 128 and its number, as in a shell.
    """
    shown = 128 - code if code < 0 else code
    return f"python exited with code {shown} (0x{shown:X})"


def died(gone: WorkerGone, attempts: int) -> WorkerProcessDied:
    """The failure of a function whose process died in the last of `attempts` attempts."""
    times = f". The function was run {attempts} times, the last time alone in its process." if attempts > 1 else ""
    return WorkerProcessDied("WorkerProcessExitException", f"{gone}{times}")
