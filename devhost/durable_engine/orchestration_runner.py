"""Runs episodes: takes an instance's messages, has its code replay its history, writes what comes of it."""

import logging

from devhost.clock import Clock
from devhost.durable_engine import episode_store, input_document, timestamps, versions
from devhost.durable_engine.commands import Decision, Failed
from devhost.durable_engine.database import Database
from devhost.durable_engine.episode_messages import Batch, EpisodeKind, choose
from devhost.durable_engine.episode_outcome import OutcomeBuilder
from devhost.durable_engine.episode_store import EpisodeOutdated, Instance, Outcome
from devhost.durable_engine.events import Event, EventType, event
from devhost.durable_engine.functions import DurableFunctions, FunctionFailed, without_state
from devhost.durable_engine.known_names import unknown_orchestrator
from devhost.durable_engine.live_histories import LiveHistories
from devhost.durable_engine.options import EngineOptions
from devhost.durable_engine.replay import failure_reason, replay
from devhost.durable_engine.state_document import StateDocument
from devhost.durable_engine.wakeups import Wakeups

log = logging.getLogger("devhost.durable")

_LONGEST_LOGGED_REASON = 300


class OrchestrationRunner:
    """Runs one episode at a time per instance; different instances may run on different threads."""

    def __init__(
        self, database: Database, functions: DurableFunctions, options: EngineOptions, clock: Clock
    ) -> None:
        self._database = database
        self._functions = functions
        self._options = options
        self._clock = clock
        self._outcomes = OutcomeBuilder(functions, options)
        self._histories = LiveHistories()

    def run(self, instance_id: str) -> Wakeups:
        """Run the next episode of an instance, if it has messages; returns what became ready by it.

        Raises:
            Exception: the host could not run it (time limit, database); nothing was written, and it may be tried
            again.
        """
        instance = self._load(instance_id)
        if instance is None or not self._is_accepted(instance):
            return Wakeups()
        batch = choose(instance.status, instance.messages)
        if batch.kind is EpisodeKind.NOTHING:
            self._drop_stale(instance)
            return Wakeups()
        return self._commit(self._outcome(instance, batch))

    def _load(self, instance_id: str) -> Instance | None:
        known = self._histories.find(instance_id)
        if known is not None and (instance := episode_store.load_again(self._database, known.instance)):
            return instance
        with self._database.reading() as snapshot:
            return episode_store.load(snapshot, instance_id)

    def _is_accepted(self, instance: Instance) -> bool:
        if versions.may_run(instance.version, self._options) or self._options.version_failure_strategy == "Fail":
            return True
        log.warning(
            "Instance '%s' of version '%s' waits: this host runs version '%s' (%s). "
            "Start a host whose defaultVersion fits, or set versionFailureStrategy to Fail in host.json.",
            instance.instance_id,
            instance.version,
            self._options.default_version,
            self._options.version_match_strategy,
        )
        return False

    def _outcome(self, instance: Instance, batch: Batch) -> Outcome:
        opened = self._open(instance, batch)
        if batch.kind is EpisodeKind.TERMINATE:
            return self._outcomes.terminated(instance, batch, opened)
        if batch.kind is EpisodeKind.SUSPEND:
            return self._outcomes.suspended(instance, batch, opened)
        decision, custom_status = self._decide(instance, opened)
        for name in decision.unexpected_events:
            log.warning(
                "Instance '%s' got the event '%s' before it waited for it. It is delivered, but the SDK keeps "
                "only the last early event of a name, for ever: let it wait first, or ignore repetitions.",
                instance.instance_id,
                name,
            )
        return self._outcomes.decided(instance, batch, opened, decision, custom_status)

    def _open(self, instance: Instance, batch: Batch) -> list[Event]:
        """Return the episode's first events. Its time never lies before the one of the episode before."""
        now = timestamps.to_text(self._clock.now())
        last = (past["Timestamp"] for past in reversed(instance.history) if _starts_episode(past))
        started = event(EventType.ORCHESTRATOR_STARTED, max(now, next(last, now)))
        return [started, *(message.event for message in batch.messages)]

    def _decide(self, instance: Instance, opened: list[Event]) -> tuple[Decision, str | None]:
        if not versions.may_run(instance.version, self._options):
            reason = f"VersionMismatch: the instance has version '{instance.version}'"
            reason += f", but the host runs '{self._options.default_version}'."
            return Decision(ending=Failed(reason, reason)), instance.custom_status
        problem = unknown_orchestrator(instance.name, self._functions)
        if problem is not None:
            return _failed(instance, problem), instance.custom_status
        try:
            state = self._call(instance, opened)
        except FunctionFailed as failure:
            log.error(
                "Orchestrator '%s' of instance '%s' broke off: %s", instance.name, instance.instance_id, failure
            )
            return _failed(instance, _raw_error(failure), failure.stack), instance.custom_status
        return self._replay(instance, opened, state), state.custom_status

    def _replay(self, instance: Instance, opened: list[Event], state: StateDocument) -> Decision:
        try:
            return replay(instance.name, [*instance.history, *opened], len(instance.history), state)
        except (KeyError, TypeError, ValueError, OverflowError) as error:
            # Trying again would end the same way, for ever.
            return _failed(instance, f"The durable engine does not understand the SDK's actions: {error!r}")

    def _call(self, instance: Instance, opened: list[Event]) -> StateDocument:
        document = input_document.document(
            instance,
            self._histories.played_texts(instance),
            opened,
            self._options.default_async_request_sleep_ms,
        )
        try:
            return StateDocument.parse(self._functions.run_orchestrator(instance.name, document))
        except ValueError as error:
            raise FunctionFailed(
                "ValueError", f"The orchestrator's answer is no state document: {error}"
            ) from error
        except FunctionFailed as failure:
            state = StateDocument.from_failure(failure)
            if state is None:
                raise
            return state

    def _commit(self, outcome: Outcome) -> Wakeups:
        may_replace_live = self._options.overridable_existing_instance_states == "AnyState"
        instance = outcome.instance
        try:
            woken = self._database.write(lambda tx: episode_store.commit(tx, outcome, may_replace_live))
        except EpisodeOutdated:
            self._histories.forget(instance.instance_id)
            log.info(
                "Instance '%s' was replaced or purged while it ran; its episode is dropped.", instance.instance_id
            )
            return Wakeups.of_instances([instance.instance_id])
        self._histories.keep(outcome, self._histories.played_texts(instance))
        if outcome.status == "Failed":
            log.warning(
                "Instance '%s' (%s) failed: %s", instance.instance_id, instance.name, _shortened(outcome.output)
            )
        elif outcome.status != instance.status:
            log.info("Instance '%s' (%s) is %s.", instance.instance_id, instance.name, outcome.status)
        if len(outcome.consumed) < len(instance.messages) + len(instance.stale):
            woken.instances.add(instance.instance_id)
        return woken

    def _drop_stale(self, instance: Instance) -> None:
        if instance.stale:
            self._database.write(lambda tx: episode_store.discard(tx, instance.stale))


def _starts_episode(past: Event) -> bool:
    return bool(past["EventType"] == EventType.ORCHESTRATOR_STARTED)


def _failed(instance: Instance, error: str, stack: str = "") -> Decision:
    return Decision(ending=Failed(failure_reason(instance.name, error), error, stack))


def _shortened(text: str | None) -> str:
    return (text or "")[:_LONGEST_LOGGED_REASON]


def _raw_error(failure: FunctionFailed) -> str:
    """Word an error that carries no state, as the host words failures of the worker."""
    message = without_state(failure.message)
    result = f"Result: Failure\nException: {failure.type_name}: {message}\nStack: {failure.stack}"
    return f"One or more errors occurred. ({result})"
