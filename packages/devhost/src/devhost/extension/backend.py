"""The durable extension as the host's durable backend: its process, and the three connections between the two."""

import json
from datetime import timedelta
from pathlib import Path
from typing import Any

from devhost.engine.functions import DurableFunctions
from devhost.extension.client import ExtensionClient
from devhost.extension.errors import ExtensionUnavailable
from devhost.extension.forwarding import ForwardedDurableApi
from devhost.extension.invocations import Invocations
from devhost.extension.program import ExtensionProgram, ProgramOptions
from devhost.functions.durable_functions import DurableNames


class ExtensionBackend:
    """Leaves all durable work to the extension.

    Args:
        program: the program's file.
        names: the functions that it may call.
        section: ``extensions.durableTask`` of host.json; the extension refuses faulty options.
        public_url: ``scheme://host:port`` of the host, which begins all links.
        rpc_base_url: what the SDK's client calls; the host forwards it.
        key: the system key in the links, or None.
        folder: where the program's log goes.
        body_limit_bytes: larger requests to the durable API are answered with 413.

    Raises:
        ExtensionUnavailable: the program does not start.
    """

    def __init__(
        self,
        program: Path,
        names: DurableNames,
        section: dict[str, Any],
        public_url: str,
        rpc_base_url: str,
        key: str | None,
        folder: Path,
        body_limit_bytes: int,
    ) -> None:
        self._invocations = Invocations()
        options = ProgramOptions(names, section, self._invocations.url, public_url, key, folder)
        try:
            self._program = ExtensionProgram(program, options)
        except BaseException:
            self._invocations.close()
            raise
        self.client_binding = json.dumps({**self._program.client_binding(), "rpcBaseUrl": rpc_base_url})
        self.http = ForwardedDurableApi(self._program.origin, body_limit_bytes)
        self.instances = ExtensionClient(self._program.origin)

    # Every failure is final in this protocol, even the death of a process: the Functions host runs nothing again.
    attempts = 1

    def connect(self, functions: DurableFunctions) -> None:
        """Take the app's functions; they are called from ``start`` on."""
        self._functions = functions

    def start(self) -> None:
        """Let the extension call functions. Calls that came before have been waiting."""
        self._invocations.begin(self._functions)

    def check(self) -> None:
        """Raise ExtensionEnded if the extension has ended by itself."""
        self._program.check()

    def advance(self, duration: timedelta) -> None:
        """Refuse: the extension runs on real time. Raises ExtensionUnavailable."""
        raise ExtensionUnavailable(NO_TIME_TRAVEL)

    def stop(self, timeout_seconds: float) -> None:
        """End the extension. Work in flight comes back when its messages reappear."""
        self._program.stop(timeout_seconds)

    def close(self) -> None:
        """Answer no more calls."""
        self._invocations.close()


NO_TIME_TRAVEL = (
    "The durable extension runs on real time only. Leave out --clock virtual, or --engine extension: "
    "devhost's own engine can move the time."
)
