"""Lines that functions leave for the tests to read."""

import os
from pathlib import Path


def folder() -> Path:
    """The folder that tests and functions share."""
    return Path(os.environ["SAMPLE_FOLDER"])


def leave(name: str, line: str) -> None:
    """Append a line to a file of the folder."""
    with (folder() / name).open("a") as file:
        file.write(f"{line}\n")
