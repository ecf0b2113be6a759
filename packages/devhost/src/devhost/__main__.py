"""``python -m devhost`` and the command ``devhost``: the door to ``devhost.cli``."""

from devhost.cli.command_line import main, run_and_exit

__all__ = ["main"]

if __name__ == "__main__":
    run_and_exit()
