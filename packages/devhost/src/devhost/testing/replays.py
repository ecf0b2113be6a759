"""Replays recorded histories on the current code of an orchestrator."""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from azure.functions.decorators.function_app import DecoratorApi

from devhost.engine.commands import Completed, ContinuedAsNew, Failed
from devhost.engine.functions import FunctionFailed, wait_for
from devhost.engine.replay import replay
from devhost.engine.state_document import StateDocument
from devhost.functions.durable_functions import HostedDurableFunctions
from devhost.functions.indexing import index_functions
from devhost.functions.invocation import FunctionInvoker
from devhost.testing.host import as_app

_STATUSES = {Completed: "Completed", Failed: "Failed", ContinuedAsNew: "ContinuedAsNew", type(None): "Running"}


@dataclass(frozen=True)
class ReplayedHistory:
    """The state of an orchestrator after a history, and the resulting state of its instance.

    Attributes:
        is_done: whether it returned, or continued as new.
        output: what it returned, parsed; None if nothing.
        error: the text of the exception that it raised, or None.
        custom_status: its custom status, parsed; None if it has none.
        actions: all its actions since it began, in order, in the SDK's form.
        runtime_status: the resulting status of the instance: Completed, Failed, ContinuedAsNew, or Running while
            there is something to wait for.
        failure: why the instance fails, or None: ``error``, or that the code no longer schedules what the
            history records.
    """

    is_done: bool
    output: Any
    error: str | None
    custom_status: Any
    actions: list[dict[str, Any]]
    runtime_status: str
    failure: str | None


class HistoryReplayer:
    """Runs orchestrators on recorded histories, as the host does.

    Args:
        app: an app, or blueprints to make one of.

    Example:
        with HistoryReplayer(function_app.app) as replayer:
            assert replayer.replay("order", json.loads(recorded)).failure is None
    """

    def __init__(self, app: DecoratorApi | Iterable[DecoratorApi]) -> None:
        self._invoker = FunctionInvoker()
        self._functions = HostedDurableFunctions(index_functions(as_app(app), Path.cwd()), self._invoker)

    def replay(self, name: str, context: Mapping[str, Any]) -> ReplayedHistory:
        """Run one episode of an orchestrator.

        Args:
            name: the orchestrator.
            context: the SDK's input document, such as ``OrchestrationTestHost.last_context`` gives it.

        Raises:
            FunctionFailed: the SDK could not run the orchestrator at all.
        """
        state = self._state_after(name, context)
        ending = replay(name, context["history"], len(context["history"]), state).ending
        return ReplayedHistory(
            is_done=state.is_done,
            output=_parsed(state.output),
            error=state.error,
            custom_status=_parsed(state.custom_status),
            actions=state.actions,
            runtime_status=_STATUSES[type(ending)],
            failure=ending.error if isinstance(ending, Failed) else None,
        )

    def close(self) -> None:
        """End the threads that run the functions."""
        self._invoker.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _state_after(self, name: str, context: Mapping[str, Any]) -> StateDocument:
        try:
            text = wait_for(partial(self._functions.begin_orchestrator, name, json.dumps(context)))
            return StateDocument.parse(text or "")
        except FunctionFailed as failure:
            state = StateDocument.from_failure(failure)
            if state is None:
                raise
            return state


def _parsed(text: str | None) -> Any:
    return None if text is None else json.loads(text)
