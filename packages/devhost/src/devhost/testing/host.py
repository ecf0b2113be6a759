"""Runs real orchestrators in tests: the real engine, stand-in activities, a clock that the test moves."""

import json
import tempfile
import time
import warnings
from collections.abc import Callable, Iterable, Mapping
from datetime import datetime, timedelta
from pathlib import Path
from types import TracebackType
from typing import Any, Literal, Self

import azure.functions as func
from azure.functions.decorators.function_app import DecoratorApi

from devhost.engine.client import DurableClient
from devhost.engine.dispatcher import RunningActivities
from devhost.engine.errors import DidNotSettle
from devhost.engine.functions import OnResult
from devhost.engine.options import EngineOptions
from devhost.functions.durable_functions import HostedDurableFunctions
from devhost.functions.indexing import index_functions
from devhost.functions.invocation import FunctionInvoker
from devhost.testing.engines import EngineUnderTest, ExtensionEngine, OwnEngine

_DEADLINE_SECONDS = 15.0
_LOOK_AGAIN_SECONDS = 0.005


class OrchestrationTestHost:
    """An engine with a database of its own and a clock that stands still.

    Args:
        app: an app, or blueprints to make one of: the real orchestrators and entities, and activities that stand
            in for the real ones under their names. The same objects can be given to one host after another.
        folder: where the database goes; default: a temporary folder.
        options: the engine's options; default: those of an empty host.json.
        start_time: the first moment; default: 2024-01-01T00:00Z.
        engine: ``devhost``, or ``extension`` for Microsoft's: slower, on real time, so without ``advance`` and
            ``wait_quiescent``, and with a task hub of its own in the account of ``AzureWebJobsStorage``.

    Raises:
        ExtensionUnavailable: the extension cannot be started, or cannot do what is asked of it.

    Example:
        with OrchestrationTestHost([orders.bp, stand_ins]) as host:
            instance_id = host.start("order", {"item": "lamp"})
            host.advance(timedelta(hours=48))
            assert host.status(instance_id)["output"] == "nobody decided"
    """

    def __init__(
        self,
        app: DecoratorApi | Iterable[DecoratorApi],
        folder: Path | None = None,
        options: EngineOptions | None = None,
        start_time: datetime | None = None,
        engine: Literal["devhost", "extension"] = "devhost",
    ) -> None:
        # The SDK warns of every external event that comes early; under -W error it would break off the
        # orchestrator.
        warnings.filterwarnings("ignore", message="Potential duplicate Task completion")
        indexed = index_functions(as_app(app), Path.cwd())
        self._invoker = FunctionInvoker()
        self._temporary = None if folder else tempfile.TemporaryDirectory(prefix="orchestration-test-")
        path = folder or Path(self._temporary.name if self._temporary else "")
        self._functions = _RecordingFunctions(indexed, self._invoker)
        self._ignored: RunningActivities = 0
        try:
            self._engine: EngineUnderTest = (
                OwnEngine(self._functions, options, start_time, path)
                if engine == "devhost"
                else ExtensionEngine(self._functions, options, start_time, path, indexed)
            )
        except BaseException:
            self._release()
            raise

    @property
    def client(self) -> DurableClient:
        """Everything that the durable API offers, on devhost's own engine. Raises ExtensionUnavailable."""
        return self._engine.own_client

    def now(self) -> datetime:
        """Return the engine's time."""
        return self._engine.now()

    def start(self, name: str, payload: Any = None, instance_id: str | None = None) -> str:
        """Start an instance as the SDK does and return its id. Raises StartRefused."""
        raw_input = None if payload is None else json.dumps(json.dumps(payload))
        return self._engine.client.start(name, instance_id, raw_input)

    def raise_event(self, instance_id: str, name: str, payload: Any, *, as_object: bool = False) -> None:
        """Raise an external event as the SDK does (a string that holds JSON), or as the webhook does."""
        text = json.dumps(payload)
        self._engine.client.raise_event(instance_id, name, text if as_object else json.dumps(text))

    def terminate(self, instance_id: str, reason: str = "") -> None:
        """End an instance. Raises InstanceNotFound, InstanceFinished."""
        self._engine.client.terminate(instance_id, reason)

    def status(self, instance_id: str, show_history: bool = False) -> dict[str, Any] | None:
        """Return the status object of an instance, or None."""
        return self._engine.client.status(instance_id, show_history=show_history, show_history_output=show_history)

    def entity_state(self, name: str, key: str) -> Any:
        """Return an entity's state, parsed; None if the entity does not exist."""
        state = self._engine.client.entity_state(name, key)
        return None if state is None else json.loads(state)

    def signal_entity(self, name: str, key: str, operation: str, payload: Any = None) -> None:
        """Signal an entity as the SDK does: a falsy input is not sent."""
        self._engine.client.signal_entity(
            name, key, operation, json.dumps(json.dumps(payload)) if payload else None
        )

    def last_context(self) -> dict[str, Any]:
        """Return the SDK's input in the last episode of an orchestrator: its history, and more.

        Saved to a file, it lets ``HistoryReplayer`` check later whether changed code still fits today's instances.

        Raises:
            LookupError: no orchestrator has run.
        """
        if self._functions.last_context is None:
            raise LookupError("No orchestrator has run on this host. Start one, and wait_quiescent.")
        context: dict[str, Any] = json.loads(self._functions.last_context)
        return context

    def wait_quiescent(self, ignoring_running_activities: RunningActivities | None = None) -> None:
        """Wait until all has happened that can happen at this moment.

        Args:
            ignoring_running_activities: how many activities the test holds, or a function that returns the
                number; ``advance`` uses the last value given here.

        Raises:
            DidNotSettle: something still runs after 15 s.
        """
        if ignoring_running_activities is not None:
            self._ignored = ignoring_running_activities
        self._engine.wait_quiescent(_DEADLINE_SECONDS, self._ignored)

    def wait_until(
        self, condition: Callable[[], object], description: str, deadline_seconds: float = 10.0
    ) -> None:
        """Wait until `condition` holds. Raises DidNotSettle with the description when it does not in time."""
        deadline = time.monotonic() + deadline_seconds
        while not condition():
            if time.monotonic() > deadline:
                raise DidNotSettle(f"Waited {deadline_seconds:g} s in vain until {description}.")
            time.sleep(_LOOK_AGAIN_SECONDS)

    def advance(self, duration: timedelta | None = None, **parts: float) -> None:
        """Move time on by a duration, or by `parts` such as ``hours=48``, timer by timer."""
        self._engine.advance(_duration(duration, parts), self._ignored)

    def close(self) -> None:
        """Stop the engine and remove a temporary folder."""
        self._engine.stop()
        self._release()

    def _release(self) -> None:
        self._invoker.close()
        if self._temporary is not None:
            self._temporary.cleanup()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


class _RecordingFunctions(HostedDurableFunctions):
    """Records the SDK's last input."""

    last_context: str | None = None

    def begin_orchestrator(self, name: str, context_json: str, on_result: OnResult[str]) -> None:
        """Run one episode."""
        self.last_context = context_json
        super().begin_orchestrator(name, context_json, on_result)


def as_app(app: object) -> func.FunctionRegister:
    """Make a new app of an app's functions or of blueprints: the SDK lets each app be listed only once."""
    parts = tuple(app) if isinstance(app, Iterable) else (app,)
    whole = func.FunctionApp(app.auth_level if isinstance(app, func.FunctionRegister) else func.AuthLevel.FUNCTION)
    for part in parts:
        if not isinstance(part, DecoratorApi):
            text = f"{part!r} is neither a function app nor a blueprint. Give such objects, like function_app.app."
            raise TypeError(text)
        whole._function_builders.extend(part._function_builders)
    return whole


def _duration(duration: object, parts: Mapping[str, float]) -> timedelta:
    if (duration is None) == (not parts) or not isinstance(duration, timedelta | None):
        arguments = ", ".join(
            ["" if duration is None else repr(duration), *(f"{name}=..." for name in parts)]
        ).strip(", ")
        raise TypeError(f"advance({arguments}) says no duration. Give a timedelta, or parts such as hours=48.")
    total = timedelta(**parts) if duration is None else duration
    if total < timedelta():
        raise ValueError(f"Time only moves forward, but advance was asked for {total}.")
    return total
