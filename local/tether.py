"""Run a command that cannot outlive its starter: `python tether.py SIGNAL PARENT_PID COMMAND...`.

On Linux the kernel sends SIGNAL to this process when its starter is gone, however that went, and the promise holds
across the `exec` below, so the command keeps this process's id. Elsewhere the command is run as it is: a starter
that is killed with SIGKILL then leaves it behind. A file of its own rather than a `preexec_fn`, which is not safe
in a process that has threads. Standard library only, and little of it: this runs before every part.
"""

from __future__ import annotations

import os
import sys

_PR_SET_PDEATHSIG = 1


def main(arguments: list[str]) -> None:
    """Tie this process to its parent, then become the command."""
    death_signal, parent, command = int(arguments[0]), int(arguments[1]), arguments[2:]
    if sys.platform == "linux":
        import ctypes

        ctypes.CDLL(None, use_errno=True).prctl(_PR_SET_PDEATHSIG, death_signal)
    # The starter may have gone before the kernel was told.
    if os.getppid() == parent:
        os.execvp(command[0], command)


if __name__ == "__main__":
    main(sys.argv[1:])
