"""Set up what the local parts need: `.venv` from PyPI and `node_modules` (Azurite) from npm.

pip and npm install what the lock files name, version by version and hash by hash (`requirements-dev.txt`,
`package-lock.json`), and nothing else. Each environment has a stamp: a digest of the files that define it, and the
version of its runtime. While the stamp matches there is nothing to do, so that every make target may call this
first. It uses the standard library only, because it runs before anything is installed.
"""

from __future__ import annotations

import fcntl
import hashlib
import importlib.util
import os
import re
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
PYTHON_INPUTS = ("requirements-dev.txt", "packages/devhost/pyproject.toml")
NODE_INPUTS = ("package.json", "package-lock.json")
NODE_MINIMUM = 20
QUIET_SECONDS = 15.0
"""Seconds between two lines about a step where a line cannot be rewritten, as in a CI log."""

PIP_REMEDY = (
    "Is PyPI, or your index, reachable from here? If hashes do not match, what your index sent is not what was "
    "tested: do not install it. If you changed a version yourself, `make lock` writes the lock files anew."
)


class SetupError(Exception):
    """Set-up cannot go on. The message says why, and what to do."""


def main(arguments: Sequence[str], root: Path = ROOT) -> int:
    """Bring the named environments (`python`, `node`; none named: both) up to date. Returns the exit code."""
    parts = list(arguments) or ["python", "node"]
    unknown = sorted(set(parts) - {"python", "node"})
    if unknown:
        return _refuse(f"{unknown[0]!r} is not an environment; name python, node, or nothing for both.")
    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.default_int_handler)
    try:
        with _only_one_setup(root):
            if "python" in parts:
                ensure_python(root)
            if "node" in parts:
                ensure_node(root)
    except SetupError as error:
        return _refuse(str(error))
    except KeyboardInterrupt:
        print("\nsetup: interrupted; the next make takes it up again.", file=sys.stderr)
        return 130
    return 0


def ensure_python(root: Path) -> None:
    """Create `.venv` and install the pinned packages, unless its stamp says that this was done."""
    venv, stamp = root / ".venv", root / ".venv" / ".stamp"
    unfinished = root / ".setup" / "python-unfinished"
    key = stamp_key(root, PYTHON_INPUTS, f"python {sys.version_info[0]}.{sys.version_info[1]}")
    python = venv / "bin" / "python"
    if holds(stamp, key) and python.exists() and not unfinished.exists():
        return
    if importlib.util.find_spec("ensurepip") is None:
        raise SetupError(
            f"{sys.executable} lacks the venv module. Install it (Debian and Ubuntu: apt install "
            f"python{sys.version_info[0]}.{sys.version_info[1]}-venv), or name another Python: "
            "make PYTHON=/path/to/python3.12"
        )
    stamp.unlink(missing_ok=True)
    # After an interruption, pip may take half a package for a complete one. So start again from nothing.
    fresh = unfinished.exists() or venv_version(venv) != sys.version_info[:2] or not python.exists()
    unfinished.touch()
    if fresh:
        create = [_base_python(), "-m", "venv", "--clear", str(venv)]
        run_step(root, "Creating .venv", create, "Look at the log named above.")
    _install_packages(root, [str(python), "-m", "pip", "install", "--no-input", "--disable-pip-version-check"])
    stamp.write_text(key)
    unfinished.unlink()


def _install_packages(root: Path, pip_install: list[str]) -> None:
    """Install what is locked, then devhost from its folder: the lock file has what it needs and what builds it."""
    locked = ["--progress-bar", "off", "--require-hashes", "-r", "requirements-dev.txt"]
    run_step(root, "Installing the Python packages", pip_install + locked, PIP_REMEDY)
    in_place = ["--no-index", "--no-deps", "--no-build-isolation", "-e", "packages/devhost"]
    run_step(root, "Installing devhost in place", pip_install + in_place, "Look at the log named above.")


def ensure_node(root: Path) -> None:
    """Install the npm packages with `npm ci`, unless the stamp says that this was done.

    `npm ci` first removes `node_modules` and the stamp in it, so that an interrupted run is repeated.
    """
    stamp = root / "node_modules" / ".stamp"
    key = stamp_key(root, NODE_INPUTS, f"node {node_major()}")
    if holds(stamp, key):
        return
    npm = shutil.which("npm")
    if npm is None:
        raise SetupError("npm was not found, although node was. Install it (it comes with https://nodejs.org).")
    stamp.unlink(missing_ok=True)
    run_step(
        root,
        "Installing Azurite, the storage emulator",
        [npm, "ci", "--no-audit", "--no-fund", "--loglevel=error"],
        "Is the npm registry reachable from here?",
    )
    stamp.write_text(key)


def stamp_key(root: Path, names: Sequence[str], runtime: str) -> str:
    """What an environment is made from, in one line: the version of the runtime and a digest of the files."""
    digest = hashlib.sha256()
    for name in names:
        digest.update(name.encode() + b"\0" + (root / name).read_bytes() + b"\0")
    return f"{runtime} {digest.hexdigest()}"


def holds(stamp: Path, key: str) -> bool:
    """Whether there is a stamp that equals `key`."""
    return stamp.is_file() and stamp.read_text() == key


def venv_version(venv: Path) -> tuple[int, int] | None:
    """The Python version (major, minor) of a virtual environment; None when there is no environment."""
    try:
        found = re.search(r"^version\s*=\s*(\d+)\.(\d+)", (venv / "pyvenv.cfg").read_text(), re.MULTILINE)
    except FileNotFoundError:
        return None
    return (int(found[1]), int(found[2])) if found else None


def node_major() -> int:
    """The major version of node.

    Raises:
        SetupError: node is missing or older than version 20.
    """
    remedy = f"Azurite needs Node {NODE_MINIMUM} or newer: install it from https://nodejs.org and try again."
    node = shutil.which("node")
    if node is None:
        raise SetupError(f"node was not found. {remedy}")
    answer = subprocess.run([node, "--version"], capture_output=True, text=True, check=False).stdout.strip()
    found = re.match(r"v(\d+)\.", answer)
    if found is None or int(found[1]) < NODE_MINIMUM:
        raise SetupError(f"{node} is version {answer or 'unknown'}. {remedy}")
    return int(found[1])


def run_step(root: Path, title: str, command: Sequence[str], remedy: str) -> None:
    """Run one command, show its title and duration, and write its output to a log under `.setup/`.

    Raises:
        SetupError: the command failed; the message holds its last lines and `remedy`.
    """
    log = root / ".setup" / f"{title.lower().replace(' ', '-').replace(',', '').replace('.', '')}.log"
    started = time.monotonic()
    print(f"setup: {title} ...", flush=True)
    with log.open("wb") as output:
        # The child inherits the set-up lock: if this process is killed, the next set-up waits for the step.
        process = subprocess.Popen(
            command, cwd=root, stdin=subprocess.DEVNULL, stdout=output, stderr=subprocess.STDOUT, close_fds=False
        )
        try:
            _show_progress(process, log, started)
        except BaseException:
            process.terminate()
            process.wait()
            raise
    seconds = time.monotonic() - started
    if process.returncode != 0:
        tail = "\n".join(f"  | {line}" for line in _lines(log)[-15:])
        raise SetupError(f"{title} failed after {seconds:.0f} s (log: {log}):\n{tail}\n{remedy}")
    print(f"setup: {title} took {seconds:.0f} s", flush=True)


def _show_progress(process: subprocess.Popen[bytes], log: Path, started: float) -> None:
    """Wait for the process and show its progress: one line that is rewritten, or a new line now and then."""
    live = sys.stdout.isatty()
    last_word = started
    while True:
        try:
            process.wait(timeout=0.5)
        except subprocess.TimeoutExpired:
            now = time.monotonic()
            if live or now - last_word >= QUIET_SECONDS:
                doing = (_lines(log) or [""])[-1].strip()
                words = f"  {now - started:4.0f} s  {doing}"[:100]
                print(f"\r\x1b[K{words}" if live else words, end="" if live else "\n", flush=True)
                last_word = now
        else:
            break
    if live:
        print("\r\x1b[K", end="", flush=True)


def _lines(log: Path) -> list[str]:
    return log.read_text(errors="replace").splitlines()


def _base_python() -> str:
    """The interpreter that this one is based on: a virtual environment cannot be replaced from inside itself."""
    return getattr(sys, "_base_executable", None) or sys.executable


@contextmanager
def _only_one_setup(root: Path) -> Iterator[None]:
    """Hold the set-up lock, so that two make targets started together do not install over each other."""
    (root / ".setup").mkdir(exist_ok=True)
    with (root / ".setup" / "lock").open("w") as lock:
        os.set_inheritable(lock.fileno(), True)
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            print("setup: another set-up is running here; waiting for it to end", flush=True)
            fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _refuse(message: str) -> int:
    print(f"setup: {message}", file=sys.stderr)
    return 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
