"""The process of the durable extension: found, started, watched and stopped.

The program hosts ``Microsoft.Azure.WebJobs.Extensions.DurableTask`` with its Azure Storage provider; its source is
in ``extension_host/`` of this package. It checks no key, ``Host`` or ``Origin``, so its port is random and
secret, and all requests to it go through the host.
"""

import ctypes
import json
import os
import re
import signal
import subprocess
import sys
import threading
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import IO

import requests

from devhost.extension.errors import ExtensionEnded, ExtensionUnavailable
from devhost.functions.durable_functions import DurableNames
from devhost.functions.server_thread import bind, port_of
from devhost.protection.private_files import write_private
from devhost.protection.request_guard import LOOPBACK

PROGRAM_SETTING = "DURABLE_EXTENSION_HOST"
STORAGE_SETTING = "AzureWebJobsStorage"
BUILT_PROGRAM = Path(".extension-host") / "DurableExtensionHost"
_START_SECONDS = 90.0
_LOOK_SECONDS = 0.1
_READY = b"DurableExtensionHost ready"
# As .NET prints an uncaught exception: its type, its text, and where it came from.
_REFUSAL = re.compile(r"(?:Hosting failed to start|Unhandled exception\.) [\w.]+: (.+?)(?: {2,}at |\n|$)")
_LOG_TAIL_BYTES = 20_000
# prctl(2) of Linux; elsewhere a killed host leaves the program behind.
_LIBC = ctypes.CDLL(None) if sys.platform == "linux" else None
_SET_PARENT_DEATH_SIGNAL = 1


def find_program(settings: Mapping[str, str], built: Path = BUILT_PROGRAM) -> Path:
    """Find the program: where the setting says, else where it is built, below the working directory.

    Raises:
        ExtensionUnavailable: it is at neither place; the text says how to get it.
    """
    named = settings.get(PROGRAM_SETTING)
    path = Path(named) if named else built
    if path.is_file() and os.access(path, os.X_OK):
        return path.absolute()
    where = f"{PROGRAM_SETTING} names {path}" if named else f"{PROGRAM_SETTING} is not set, so it would be {path}"
    raise ExtensionUnavailable(
        f"The durable extension cannot be started: {where}, which is no program that can be run. Build it "
        "with 'make extension-host' (it needs the .NET 10 SDK), or give the path of one in that variable. "
        "Without it, leave out --engine extension: devhost's own engine needs nothing."
    )


@dataclass(frozen=True)
class ProgramOptions:
    """The options of the program.

    Attributes:
        names: the functions that it may call.
        section: ``extensions.durableTask`` of host.json.
        invoke_url: where it calls functions; ends without a slash.
        public_url: ``scheme://host:port`` of the host, which begins all links.
        key: the system key in the links, or None.
        folder: where its log and its list of functions go.
    """

    names: DurableNames
    section: Mapping[str, object]
    invoke_url: str
    public_url: str
    key: str | None
    folder: Path


class ExtensionProgram:
    """The running program. It ends with this process, whatever ends that.

    Make it on a thread that lives as long as the host: the kernel ends it with the thread that started it.

    Args:
        program: its file.
        options: its options.

    Raises:
        ExtensionUnavailable: there is no storage account, or the program refuses to start; in its own words.
    """

    def __init__(self, program: Path, options: ProgramOptions) -> None:
        if not os.environ.get(STORAGE_SETTING):
            raise ExtensionUnavailable(
                f"The durable extension keeps its state in a storage account, and {STORAGE_SETTING} is not set. "
                "Give its connection string in local.settings.json; UseDevelopmentStorage=true means Azurite."
            )
        port = _free_port()
        self.origin = f"http://{LOOPBACK}:{port}"
        self.log_file = options.folder / "extension.log"
        self._stopping = threading.Event()
        with self.log_file.open("wb") as log:
            self._process = _start(program, options, port, log)
        self._wait_until_ready()

    def check(self) -> None:
        """Raise ExtensionEnded if the process has ended by itself."""
        code = self._process.poll()
        if code is not None and not self._stopping.is_set():
            raise ExtensionEnded(
                f"The durable extension has ended by itself (exit code {code}), so the host stops. Start it "
                f"again, and work in flight goes on. What the extension wrote: {self.log_file}"
            )

    def client_binding(self) -> dict[str, object]:
        """What it hands to a durable client parameter."""
        answer = requests.get(f"{self.origin}/client", timeout=_START_SECONDS)
        answer.raise_for_status()
        binding: dict[str, object] = answer.json()
        return binding

    def stop(self, timeout_seconds: float) -> None:
        """Let it finish its current work within the timeout, then end it. Work in flight comes back later."""
        self._stopping.set()
        self._process.terminate()
        try:
            self._process.wait(timeout_seconds)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()

    def _wait_until_ready(self) -> None:
        waited = 0.0
        while _READY not in self.log_file.read_bytes():
            if self._process.poll() is not None:
                raise ExtensionUnavailable(f"The durable extension refuses to start: {self._refusal()}")
            if waited > _START_SECONDS:
                self.stop(0)
                raise ExtensionUnavailable(
                    f"The durable extension was not ready after {_START_SECONDS:g} s. Does the storage account of "
                    f"{STORAGE_SETTING} answer? What the extension wrote: {self.log_file}"
                )
            self._stopping.wait(_LOOK_SECONDS)
            waited += _LOOK_SECONDS

    def _refusal(self) -> str:
        """Its own words, from the log: a wrong section of host.json, for example."""
        text = self.log_file.read_bytes()[-_LOG_TAIL_BYTES:].decode(errors="replace")
        found = _REFUSAL.search(text)
        return found[1] if found else f"exit code {self._process.returncode}; what it wrote: {self.log_file}"


def _start(program: Path, options: ProgramOptions, port: int, log: IO[bytes]) -> "subprocess.Popen[bytes]":
    manifest = options.folder / "extension-functions.json"
    # The host's own RPC API replaces the extension's, which needs no token.
    section = {**options.section, "localRpcEndpointEnabled": False}
    lists = {kind: list(names) for kind, names in asdict(options.names).items()}
    write_private(manifest, json.dumps({**lists, "durableTask": section}))
    arguments = ["--manifest", str(manifest), "--invoke", options.invoke_url, "--listen", str(port)]
    arguments += ["--public", options.public_url, *(["--key", options.key] if options.key else [])]
    return subprocess.Popen(
        [str(program), *arguments],
        stdin=subprocess.DEVNULL,
        stdout=log,
        stderr=subprocess.STDOUT,
        start_new_session=True,  # Ctrl-C is for the host, which then ends the program.
        preexec_fn=_die_with_parent,
    )


def _die_with_parent() -> None:
    """Runs in the child, before the program: one call that needs no lock, since other threads may hold one."""
    if _LIBC is not None:
        _LIBC.prctl(_SET_PARENT_DEATH_SIGNAL, signal.SIGKILL)


def _free_port() -> int:
    listener = bind(0, "")
    try:
        return port_of(listener)
    finally:
        listener.close()
