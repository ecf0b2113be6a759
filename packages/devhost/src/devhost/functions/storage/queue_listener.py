"""Runs a queue trigger: takes messages in batches, runs the function for each, and gives up on hopeless ones."""

import logging
import threading
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any

from azure.core.exceptions import AzureError
from azure.functions.queue import QueueMessage

from devhost.engine.functions import FunctionFailed, FunctionTimedOut
from devhost.functions.errors import HostStopping
from devhost.functions.indexing import IndexedFunction
from devhost.functions.invocation_context import Invocation
from devhost.functions.invoker_protocol import Invoker
from devhost.functions.storage.binding_data import data_of_message
from devhost.functions.storage.options import QueueOptions
from devhost.functions.storage.pacing import Pacing
from devhost.functions.storage.queue_text import UndecodableMessage
from devhost.functions.storage.queues import TakenMessage, TriggerQueue

log = logging.getLogger("devhost.host")

_LARGEST_BATCH = 32
# A storage service that does not answer must not delay the stop of the host.
_STOP_SECONDS = 2.0


class QueueListener:
    """Works on one queue for one function, from ``start`` to ``stop``.

    A message is removed when the function has succeeded. One that failed becomes visible again; after
    ``maxDequeueCount`` tries it goes to ``<queue>-poison``.

    Args:
        function: A function with a queue trigger.
        annotation: The annotation of its trigger parameter.
        invoker: Runs it.
        queue: The queue.
        options: How to read it.
    """

    def __init__(
        self,
        function: IndexedFunction,
        annotation: Any,
        invoker: Invoker,
        queue: TriggerQueue,
        options: QueueOptions,
    ) -> None:
        self._function, self._annotation, self._invoker = function, annotation, invoker
        self._queue, self._options = queue, options
        self._changed = threading.Condition()
        self._woken = self._stopping = self._is_failing = False
        self._running: set[TakenMessage] = set()
        self._pacing = Pacing(options.max_polling_interval.total_seconds())
        self._watcher = threading.Thread(target=self._watch, name=f"queue-{function.name}", daemon=True)

    def start(self) -> None:
        """Begin to take messages."""
        self._watcher.start()

    def wake(self) -> None:
        """Look at the queue now: something was written to it."""
        with self._changed:
            self._woken = True
            self._changed.notify_all()

    def stop(self) -> None:
        """Take no more messages; running functions go on."""
        with self._changed:
            self._stopping = True
            self._changed.notify_all()
        if self._watcher.is_alive():
            self._watcher.join(_STOP_SECONDS)

    def close(self, timeout_seconds: float) -> None:
        """Wait briefly for running messages, and give back the rest, so that they are received after a restart."""
        with self._changed:
            self._changed.wait_for(lambda: not self._running, timeout_seconds)
            left = tuple(self._running)
        for message in left:
            self._attempt("given back", message, partial(self._give_back, message, timedelta()))

    def run_by_hand(self, text: str) -> None:
        """Run the function for a message that was never in the queue; failures are logged."""
        now = datetime.now(UTC)
        message = QueueMessage(  # type: ignore[no-untyped-call]
            id="by-hand",
            body=text,
            dequeue_count=1,
            insertion_time=now,
            expiration_time=now,
            time_next_visible=now,
        )
        try:
            self._call(message, "Run by hand")
        except (FunctionFailed, FunctionTimedOut, HostStopping) as failure:
            log.info("%s, run by hand, did not succeed: %s", self._function.name, failure)

    def _watch(self) -> None:
        while not self._stopping:
            if self._has_room():
                self._take_batch()
            else:
                self._wait(self._has_room, None)
            self._renew()

    def _has_room(self) -> bool:
        return len(self._running) <= self._options.new_batch_threshold

    def _take_batch(self) -> None:
        self._woken = False
        taken = self._take()
        for message in taken:
            self._launch(message)
        if taken:
            self._pacing.found()
        else:
            self._wait(lambda: self._woken, self._pacing.pause_seconds())

    def _take(self) -> list[TakenMessage]:
        try:
            taken = self._queue.take(min(self._options.batch_size, _LARGEST_BATCH), datetime.now(UTC))
        except AzureError as error:
            self._log_failure(error)
            return []
        if self._is_failing:
            log.info("The queue %s of %s can be read again.", self._queue.name, self._function.name)
        self._is_failing = False
        return taken

    def _wait(self, condition: Callable[[], bool], seconds: float | None) -> None:
        """Wait for a condition, a stop, the timeout, or the time to renew held messages."""
        longest = self._queue.hold.total_seconds() / 4
        with self._changed:
            self._changed.wait_for(
                lambda: self._stopping or condition(), longest if seconds is None else min(seconds, longest)
            )

    def _launch(self, message: TakenMessage) -> None:
        with self._changed:
            self._running.add(message)
        name = f"queue-{self._function.name}-{message.stored.id}"
        threading.Thread(target=self._work_on, args=(message,), name=name, daemon=True).start()

    def _renew(self) -> None:
        now = datetime.now(UTC)
        with self._changed:
            running = tuple(self._running)
        for message in running:
            if now - message.held_since > self._queue.hold / 2:
                self._attempt("held on", message, partial(self._queue.hold_on, message, now))

    def _work_on(self, message: TakenMessage) -> None:
        try:
            outcome, settle = self._settlement(message)
            self._attempt(outcome, message, settle)
        finally:
            with self._changed:
                self._running.discard(message)
                self._changed.notify_all()

    def _settlement(self, message: TakenMessage) -> tuple[str, Callable[[], None]]:
        """Run the function; returns how to settle the message, as a word for the log and an action."""
        tries_left = self._options.max_dequeue_count - message.dequeue_count
        if tries_left < 0:
            # The host ended during its last try.
            return "moved to poison", lambda: self._give_up(message, "it was tried too often")
        try:
            self._call(
                message.as_argument(self._options.message_encoding),
                f"New queue message detected on '{self._queue.name}'.",
            )
        except UndecodableMessage as error:
            reason = str(error)
            return "moved to poison", lambda: self._give_up(message, reason)
        except (FunctionFailed, FunctionTimedOut):
            if not tries_left:
                return "moved to poison", lambda: self._give_up(message, "its last try failed")
            return "given back", lambda: self._give_back(message, self._options.visibility_timeout)
        except (HostStopping, RuntimeError):
            return "given back", lambda: self._give_back(message, timedelta())
        return "removed", lambda: self._queue.finish(message)

    def _call(self, message: QueueMessage, reason: str) -> None:
        value: Any = message
        if self._annotation in (str, bytes):
            value = (
                message.get_body() if self._annotation is bytes else message.get_body().decode(errors="replace")
            )
        invocation = Invocation(self._function.name, reason, binding_data=data_of_message(message))
        self._invoker.call(self._function, {self._function.trigger_parameter: value}, invocation)

    def _give_back(self, message: TakenMessage, pause: timedelta) -> None:
        self._queue.give_back(message, pause)
        if not pause:
            self.wake()

    def _give_up(self, message: TakenMessage, reason: str) -> None:
        self._queue.move_to_poison(message)
        log.error(
            "Message %s of queue %s was moved to %s after %d tries: %s",
            message.stored.id,
            self._queue.name,
            self._queue.poison_name,
            min(message.dequeue_count, self._options.max_dequeue_count),
            reason,
        )

    def _attempt(self, outcome: str, message: TakenMessage, action: Callable[[], None]) -> None:
        try:
            action()
        except AzureError as error:
            # The message becomes visible again when its hold ends, and is then processed again.
            reason = str(error).splitlines()[0]
            log.warning(
                "Message %s of queue %s was not %s: %s", message.stored.id, self._queue.name, outcome, reason
            )

    def _log_failure(self, error: AzureError) -> None:
        if not self._is_failing:
            log.warning(
                "The queue %s of %s cannot be read, and is tried again: %s Check that its storage "
                "account is there (locally: Azurite).",
                self._queue.name,
                self._function.name,
                str(error).splitlines()[0],
            )
        self._is_failing = True
