"""The errors of the local parts. Each message says what to do.

LocalPartsError
├── PortInUse          another program listens on a port that a part needs
├── StateFolderInUse   another stack works on the same STATE_DIR
├── PartNotInstalled   node or Azurite is missing
├── PartDied           a part ended by itself
├── PartNotReady       a part runs, but did not answer in time
└── DemoError          the demo cannot go on: no manifest, or an answer that it cannot use
"""

from __future__ import annotations

from pathlib import Path


class LocalPartsError(Exception):
    """The root. Commands print the message and exit with 1."""


class PortInUse(LocalPartsError):
    """Another program listens on a port that a part needs."""

    def __init__(self, part: str, port: int, variable: str) -> None:
        super().__init__(
            f"Port {port}, meant for {part}, is in use. Stop what listens there, "
            f"or choose another port: {variable}={port + 100} make ..."
        )
        self.port = port
        self.variable = variable


class StateFolderInUse(LocalPartsError):
    """Another stack of local parts works on the same folder."""

    def __init__(self, state_dir: Path, owner: str) -> None:
        super().__init__(
            f"The folder {state_dir} is in use by the local parts of process {owner or 'unknown'}. "
            "Stop those, or choose another folder: STATE_DIR=.local2 make ..."
        )


class PartNotInstalled(LocalPartsError):
    """A program that a part consists of is missing."""

    def __init__(self, what: str, remedy: str) -> None:
        super().__init__(f"{what} was not found. {remedy}")


class PartDied(LocalPartsError):
    """A part ended by itself. The message has the last lines of its log."""

    def __init__(self, part: str, exit_code: int, log: Path, last_lines: str) -> None:
        super().__init__(
            f"{part} ended by itself ({_exit_words(exit_code)}). The end of its log, {log}:\n{last_lines}"
        )
        self.part = part


class PartNotReady(LocalPartsError):
    """A part runs, but did not answer in time."""

    def __init__(self, part: str, seconds: float, log: Path, last_lines: str) -> None:
        super().__init__(f"{part} was not ready after {seconds:.0f} s. The end of its log, {log}:\n{last_lines}")
        self.part = part


class DemoError(LocalPartsError):
    """The demo cannot go on: no manifest, or an answer that it cannot use."""


def _exit_words(exit_code: int) -> str:
    return f"signal {-exit_code}" if exit_code < 0 else f"exit code {exit_code}"
