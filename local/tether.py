"""Run a command that cannot outlive its starter: `python tether.py SIGNAL PARENT_PID COMMAND...`.

On Linux the kernel sends SIGNAL to this process when its starter has ended for any reason. That holds across
the `exec` below, so the command keeps the process id. On other systems the command simply runs, and stays behind
if its starter is killed with SIGKILL. This is not a `preexec_fn`, because those are not safe in a process with
threads. It imports little, because it runs before every part.
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
    # The starter may have ended before the line above.
    if os.getppid() == parent:
        os.execvp(command[0], command)


if __name__ == "__main__":
    main(sys.argv[1:])
