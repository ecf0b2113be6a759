"""``python -m devhost`` and the command ``devhost``: the door to ``devhost.cli``."""

from devhost.cli.command_line import run_and_exit as main

__all__ = ["main"]

if __name__ == "__main__":
    main()
