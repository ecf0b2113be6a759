"""Makes a peer's virtual environment and runs its program there."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

_LAST_LINES = 10
_SETUP_REMEDY = "Put that right (is PyPI, or your index, reachable from here?), or measure without --peers."
_PROGRAM_REMEDY = "Put that right, or measure without --peers."
_PROGRAM_SECONDS = 1800


class PeerError(Exception):
    """A peer cannot be measured; the text says why and what to do."""


def ensure_environment(folder: Path, requirements: Path) -> Path:
    """Make a virtual environment with these packages, unless it exists.

    Args:
        folder: Its place; it is made anew if its requirements have changed or an earlier attempt failed.
        requirements: Exact versions of all packages.

    Returns:
        The path of its interpreter.

    Raises:
        PeerError: The environment cannot be made.
    """
    python, stamp = folder / "bin" / "python", folder / ".stamp"
    made_of = f"{sys.version}\n{requirements.read_text()}"
    if stamp.is_file() and stamp.read_text() == made_of:
        return python
    print(f"Setting up the peers in {folder} ...", file=sys.stderr, flush=True)
    _step([sys.executable, "-m", "venv", "--clear", "--without-pip", str(folder)], _SETUP_REMEDY)
    install = [sys.executable, "-m", "pip", "--python", str(python), "install", "--no-input", "--quiet"]
    _step([*install, "--disable-pip-version-check", "-r", str(requirements)], _SETUP_REMEDY)
    stamp.write_text(made_of)
    return python


def run_program(python: Path, program: Path, *arguments: str) -> dict[str, Any]:
    """Run a peer's program and return the JSON object on its last line of output. Raises PeerError."""
    printed = _step([str(python), str(program), *arguments], _PROGRAM_REMEDY)
    try:
        found: dict[str, Any] = json.loads(printed.splitlines()[-1])
    except (IndexError, ValueError) as error:
        raise PeerError(f"{program.name} printed no result, but: {printed.strip() or 'nothing'}") from error
    return found


def _step(command: list[str], remedy: str) -> str:
    try:
        done = subprocess.run(
            command, capture_output=True, text=True, stdin=subprocess.DEVNULL, timeout=_PROGRAM_SECONDS
        )
    except subprocess.TimeoutExpired as error:
        raise PeerError(f"{' '.join(command)} did not end within {_PROGRAM_SECONDS} s.") from error
    if done.returncode:
        tail = "\n".join((done.stdout + done.stderr).splitlines()[-_LAST_LINES:])
        raise PeerError(f"{' '.join(command)} failed with exit code {done.returncode}:\n{tail}\n{remedy}")
    return done.stdout
