"""Runs episodes: takes an instance's messages, has its code replay its history, writes what comes of it."""

import logging
from collections.abc import Sequence
from dataclasses import dataclass

from devhost.engine import episode_store, input_document, timestamps, versions
from devhost.engine.clock import Clock
from devhost.engine.commands import Decision, Failed
from devhost.engine.database import Database
from devhost.engine.episode_messages import Batch, EpisodeKind, choose
from devhost.engine.episode_outcome import OutcomeBuilder
from devhost.engine.episode_store import EpisodeOutcome, EpisodeOutdated, Instance
from devhost.engine.events import Event, EventType, event
from devhost.engine.functions import DurableFunctions, FunctionFailed, FunctionResult, without_state
from devhost.engine.known_names import unknown_orchestrator
from devhost.engine.lanes import CommitPart, HandOver
from devhost.engine.live_instances import LiveInstances
from devhost.engine.options import EngineOptions
from devhost.engine.replay import failure_reason, replay
from devhost.engine.state_document import StateDocument
from devhost.engine.transactions import Transaction
from devhost.engine.wakeups import Wakeups

log = logging.getLogger("devhost.durable")

_LONGEST_LOGGED_REASON = 300


class OrchestrationRunner:
    """Runs one episode at a time per instance; for the engine's thread, but for the functions themselves."""

    def __init__(
        self, database: Database, functions: DurableFunctions, options: EngineOptions, clock: Clock
    ) -> None:
        self._database = database
        self._functions = functions
        self._options = options
        self._clock = clock
        self._outcomes = OutcomeBuilder(functions, options)
        self._live = LiveInstances()

    def begin(self, instance_id: str, hand_over: HandOver) -> bool:
        """Begin the next episode of an instance, if it has messages. See ``lanes.Runner``."""
        instance = self._load(instance_id)
        if instance is None or not self._is_accepted(instance):
            return False
        batch = choose(instance.status, instance.messages)
        if batch.kind is EpisodeKind.NOTHING:
            if instance.stale:
                hand_over(lambda: _DiscardPart(instance, self._live))
            return bool(instance.stale)
        self._begin(instance, batch, self._open(instance, batch), hand_over)
        return True

    def take_deliveries(self) -> None:
        """Give the instances in memory the messages that commits have brought."""
        self._live.deliver(self._database.take_deliveries())

    def _load(self, instance_id: str) -> Instance | None:
        self.take_deliveries()
        instance = self._live.find(instance_id)
        if instance is None:
            with self._database.reading() as snapshot:
                instance = episode_store.load(snapshot, instance_id)
                last_sequence = episode_store.last_sequence(snapshot)
            if instance is not None:
                self._live.add(instance, last_sequence)
        return instance

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

    def _begin(self, instance: Instance, batch: Batch, opened: list[Event], hand_over: HandOver) -> None:
        if batch.kind is EpisodeKind.TERMINATE:
            hand_over(lambda: self._part(self._outcomes.terminated(instance, batch, opened)))
        elif (problem := self._problem(instance)) is not None:
            hand_over(lambda: self._part(self._without_code(instance, batch, opened, problem)))
        else:
            self._functions.begin_orchestrator(
                instance.name,
                self._document(instance, opened),
                lambda result: hand_over(lambda: self._part(self._outcome(instance, batch, opened, result))),
            )

    def _without_code(
        self, instance: Instance, batch: Batch, opened: list[Event], problem: Decision
    ) -> EpisodeOutcome:
        if batch.kind is EpisodeKind.SUSPEND:
            return self._outcomes.suspended(instance, batch, opened, Decision(), instance.custom_status)
        return self._outcomes.decided(instance, batch, opened, problem, instance.custom_status)

    def _outcome(
        self, instance: Instance, batch: Batch, opened: list[Event], result: FunctionResult[str]
    ) -> EpisodeOutcome:
        decision, custom_status = self._decide(instance, opened, result)
        for name in decision.unexpected_events:
            log.warning(
                "Instance '%s' got the event '%s' before it waited for it. It is delivered, but the SDK keeps "
                "only the last early event of a name, for ever: let it wait first, or ignore repetitions.",
                instance.instance_id,
                name,
            )
        build = self._outcomes.suspended if batch.kind is EpisodeKind.SUSPEND else self._outcomes.decided
        return build(instance, batch, opened, decision, custom_status)

    def _open(self, instance: Instance, batch: Batch) -> list[Event]:
        """Return the episode's first events. Its time never lies before the one of the episode before."""
        now = timestamps.to_text(self._clock.now())
        last = (past["Timestamp"] for past in reversed(instance.history) if _starts_episode(past))
        started = event(EventType.ORCHESTRATOR_STARTED, max(now, next(last, now)))
        return [started, *(message.event for message in batch.messages)]

    def _problem(self, instance: Instance) -> Decision | None:
        """How an instance ends that no code may be run for; None for the others."""
        if not versions.may_run(instance.version, self._options):
            reason = f"VersionMismatch: the instance has version '{instance.version}'"
            reason += f", but the host runs '{self._options.default_version}'."
            return Decision(ending=Failed(reason, reason))
        problem = unknown_orchestrator(instance.name, self._functions)
        return None if problem is None else _failed(instance, problem)

    def _decide(
        self, instance: Instance, opened: list[Event], result: FunctionResult[str]
    ) -> tuple[Decision, str | None]:
        try:
            state = _state(result)
        except FunctionFailed as failure:
            log.error(
                "Orchestrator '%s' of instance '%s' broke off: %s", instance.name, instance.instance_id, failure
            )
            return _failed(instance, _raw_error(failure), failure.stack), instance.custom_status
        return self._replay(instance, opened, state), _custom_status(instance, opened, state)

    def _replay(self, instance: Instance, opened: list[Event], state: StateDocument) -> Decision:
        try:
            return replay(instance.name, [*instance.history, *opened], len(instance.history), state)
        except (KeyError, TypeError, ValueError, OverflowError) as error:
            # Trying again would end the same way, for ever.
            return _failed(instance, f"The durable engine does not understand the SDK's actions: {error!r}")

    def _document(self, instance: Instance, opened: list[Event]) -> str:
        texts = self._live.played_texts(instance)
        return input_document.document(instance, texts, opened, self._options.default_async_request_sleep_ms)

    def _part(self, outcome: EpisodeOutcome) -> CommitPart:
        may_replace_live = self._options.overridable_existing_instance_states == "AnyState"
        return _EpisodePart(outcome, may_replace_live, self._live)


@dataclass(frozen=True)
class _EpisodePart:
    """Writes an episode."""

    outcome: EpisodeOutcome
    may_replace_live: bool
    live: LiveInstances

    def write(self, tx: Transaction) -> Wakeups:
        """See ``lanes.CommitPart``."""
        return episode_store.commit(tx, self.outcome, self.may_replace_live)

    def written(self, woken: Wakeups) -> Wakeups:
        """See ``lanes.CommitPart``."""
        outcome, instance = self.outcome, self.outcome.instance
        self.live.keep(outcome)
        if outcome.status == "Failed":
            log.warning(
                "Instance '%s' (%s) failed: %s", instance.instance_id, instance.name, _shortened(outcome.output)
            )
        elif outcome.status != instance.status:
            log.info("Instance '%s' (%s) is %s.", instance.instance_id, instance.name, outcome.status)
        if len(outcome.consumed) < len(instance.messages) + len(instance.stale):
            woken.instances.add(instance.instance_id)
        return woken

    def refused(self, failure: BaseException) -> Wakeups | None:
        """See ``lanes.CommitPart``: an episode whose instance is another one by now is dropped."""
        if not isinstance(failure, EpisodeOutdated):
            return None
        instance_id = self.outcome.instance.instance_id
        self.live.forget(instance_id)
        log.info("Instance '%s' was replaced or purged while it ran; its episode is dropped.", instance_id)
        return Wakeups.of_instances([instance_id])


@dataclass(frozen=True)
class _DiscardPart:
    """Deletes messages that no execution wants any more."""

    instance: Instance
    live: LiveInstances

    def write(self, tx: Transaction) -> None:
        """See ``lanes.CommitPart``."""
        episode_store.discard(tx, self.instance.stale)

    def written(self, _: None) -> Wakeups:
        """See ``lanes.CommitPart``."""
        self.live.forget(self.instance.instance_id)
        return Wakeups()

    def refused(self, failure: BaseException) -> None:
        """See ``lanes.CommitPart``."""
        return None


def _state(result: FunctionResult[str]) -> StateDocument:
    """Read the SDK's state document. Raises FunctionFailed if there is none."""
    try:
        return StateDocument.parse(result.unwrap() or "")
    except ValueError as error:
        raise FunctionFailed("ValueError", f"The orchestrator's answer is no state document: {error}") from error
    except FunctionFailed as failure:
        state = StateDocument.from_failure(failure)
        if state is None:
            raise
        return state


def _custom_status(instance: Instance, opened: Sequence[Event], state: StateDocument) -> str | None:
    """The status that the code has set; until it has, the one that the last generation has left."""
    if state.custom_status is not None or instance.custom_status is None:
        return state.custom_status
    begun = (
        one for one in [*instance.history[:2], *opened[:2]] if one["EventType"] == EventType.EXECUTION_STARTED
    )
    inherited = next(begun, {}).get("CustomStatus")
    return inherited if inherited == instance.custom_status else None


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
