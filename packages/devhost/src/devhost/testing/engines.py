"""The engines that a test host can run orchestrators on."""

import os
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Protocol
from uuid import uuid4

from devhost.engine.client import DurableClient
from devhost.engine.clock import VirtualClock
from devhost.engine.dispatcher import RunningActivities
from devhost.engine.engine import DurableEngine
from devhost.engine.functions import DurableFunctions
from devhost.engine.options import EngineOptions
from devhost.extension.backend import NO_TIME_TRAVEL, ExtensionBackend
from devhost.extension.errors import ExtensionUnavailable
from devhost.extension.program import find_program
from devhost.functions.durable_functions import DurableNames
from devhost.functions.indexing import IndexedFunction

_STOP_SECONDS = 5.0
_URL = "http://127.0.0.1"
"""What the links of the durable API begin with. A test host serves no HTTP."""
_NOT_ON_EXTENSION = (
    "{what} is not available on the durable extension. {instead}, or leave out engine='extension': devhost's own "
    "engine can do it."
)


class OrchestrationClient(Protocol):
    """What a test host asks of an engine's client."""

    def start(self, name: str, instance_id: str | None, raw_input: str | None) -> str:
        """Start an instance and return its id."""
        ...

    def raise_event(self, instance_id: str, name: str, raw_json: str | None) -> None:
        """Raise an external event."""
        ...

    def terminate(self, instance_id: str, reason: str | None = None) -> None:
        """End an instance."""
        ...

    def status(
        self,
        instance_id: str,
        show_input: bool = True,
        show_history: bool = False,
        show_history_output: bool = False,
    ) -> dict[str, Any] | None:
        """Return an instance's status object; None if it does not exist."""
        ...

    def entity_state(self, name: str, key: str) -> str | None:
        """Return an entity's state as JSON text; None if it does not exist."""
        ...

    def signal_entity(self, name: str, key: str, operation: str, raw_input: str | None) -> None:
        """Signal an entity."""
        ...


class EngineUnderTest(Protocol):
    """What a test host needs of an engine."""

    @property
    def client(self) -> OrchestrationClient:
        """Starts instances and asks for them."""
        ...

    @property
    def own_client(self) -> DurableClient:
        """The client of devhost's own engine. Raises ExtensionUnavailable."""
        ...

    def now(self) -> datetime:
        """Return the engine's time."""
        ...

    def wait_quiescent(self, deadline_seconds: float, ignored: RunningActivities) -> None:
        """Wait until all has happened that can happen now. Raises DidNotSettle, ExtensionUnavailable."""
        ...

    def advance(self, duration: timedelta, ignored: RunningActivities) -> None:
        """Move the time forward. Raises ExtensionUnavailable."""
        ...

    def stop(self) -> None:
        """End it."""
        ...


class OwnEngine:
    """devhost's own engine, on a clock that stands still."""

    def __init__(
        self,
        functions: DurableFunctions,
        options: EngineOptions | None,
        start_time: datetime | None,
        folder: Path,
    ) -> None:
        self._clock = VirtualClock(start_time)
        self._engine = DurableEngine(functions, options or EngineOptions(), folder / "engine.db", self._clock)
        self.own_client = self._engine.client
        self._engine.start()

    @property
    def client(self) -> DurableClient:
        """Starts instances and asks for them."""
        return self.own_client

    def now(self) -> datetime:
        """Return the engine's time."""
        return self._clock.now()

    def wait_quiescent(self, deadline_seconds: float, ignored: RunningActivities) -> None:
        """Wait until all has happened that can happen now. Raises DidNotSettle."""
        self._engine.wait_quiescent(deadline_seconds, ignored)

    def advance(self, duration: timedelta, ignored: RunningActivities) -> None:
        """Move the time forward, timer by timer."""
        self._engine.advance(duration, ignored)

    def stop(self) -> None:
        """End it."""
        self._engine.stop(_STOP_SECONDS)


class ExtensionEngine:
    """Microsoft's durable extension, on a task hub of its own in the account of ``AzureWebJobsStorage``.

    Raises:
        ExtensionUnavailable: the program is not found or does not start, or the test asks for what it cannot do.
    """

    def __init__(
        self,
        functions: DurableFunctions,
        options: EngineOptions | None,
        start_time: datetime | None,
        folder: Path,
        indexed: Sequence[IndexedFunction],
    ) -> None:
        if start_time is not None:
            raise ExtensionUnavailable(NO_TIME_TRAVEL)
        if options is not None:
            raise ExtensionUnavailable(_refusal("options=", "Set them in the host.json of a running host"))
        section = {
            "hubName": f"TestHost{uuid4().hex}",
            # The default looks for new messages every 30 s at the least.
            "storageProvider": {"type": "AzureStorage", "maxQueuePollingInterval": "00:00:01"},
        }
        self._backend = ExtensionBackend(
            find_program(os.environ),
            DurableNames.of(indexed),
            section=section,
            public_url=_URL,
            rpc_base_url=_URL,
            key=None,
            folder=folder,
            body_limit_bytes=0,
        )
        self._backend.connect(functions)
        self._backend.start()

    @property
    def client(self) -> OrchestrationClient:
        """Starts instances and asks for them."""
        return self._backend.instances

    @property
    def own_client(self) -> DurableClient:
        """Refuse. Raises ExtensionUnavailable."""
        raise ExtensionUnavailable(_refusal("client", "Use start, status, raise_event and the like"))

    def now(self) -> datetime:
        """Return the real time."""
        return datetime.now(UTC)

    def wait_quiescent(self, deadline_seconds: float, ignored: RunningActivities) -> None:
        """Refuse: it does not tell what it still has to do. Raises ExtensionUnavailable."""
        raise ExtensionUnavailable(_refusal("wait_quiescent", "Use wait_until with the condition that must hold"))

    def advance(self, duration: timedelta, ignored: RunningActivities) -> None:
        """Refuse: it runs on real time. Raises ExtensionUnavailable."""
        self._backend.advance(duration)

    def stop(self) -> None:
        """End the program."""
        self._backend.stop(_STOP_SECONDS)
        self._backend.close()


def _refusal(what: str, instead: str) -> str:
    return _NOT_ON_EXTENSION.format(what=what, instead=instead)
