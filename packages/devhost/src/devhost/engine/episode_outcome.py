"""Turns the decision about an episode into all that is to be written for it."""

import json
import logging
import uuid
from collections.abc import Sequence
from datetime import timedelta

from devhost.engine import entity_messages, events, timestamps
from devhost.engine.commands import (
    Command,
    Completed,
    ContinuedAsNew,
    CreateTimer,
    Decision,
    Ending,
    Failed,
    ScheduleActivity,
    SendOperation,
    StartSubOrchestration,
)
from devhost.engine.entity_store import EntityId, OperationRequest
from devhost.engine.episode_messages import Batch
from devhost.engine.episode_store import EpisodeOutcome, Instance, NewGeneration, child_failed
from devhost.engine.events import STATUS_CODES, Event, EventType, event
from devhost.engine.functions import DurableFunctions
from devhost.engine.instance_store import NewInstance, Parent
from devhost.engine.known_names import unknown_entity, unknown_orchestrator
from devhost.engine.options import EngineOptions
from devhost.engine.replay import failure_reason
from devhost.engine.work_store import NewTimer

log = logging.getLogger("devhost.durable")


# All operations are events of this name; which one it is stands in the input.
_ENTITY_EVENT = "op"


class OutcomeBuilder:
    """Builds outcomes; pure but for its log."""

    def __init__(self, functions: DurableFunctions, options: EngineOptions) -> None:
        self._functions = functions
        self._options = options

    def suspended(
        self, instance: Instance, batch: Batch, opened: list[Event], decision: Decision, custom_status: str | None
    ) -> EpisodeOutcome:
        """The instance rests until it is resumed, unless its code needs nothing more to end."""
        outcome = _outcome(instance, batch, opened, "Suspended")
        reason = _last_reason(batch, EventType.EXECUTION_SUSPENDED)
        outcome.output = instance.output if reason is None else reason
        outcome.custom_status = custom_status
        self._end(outcome, decision.ending)
        return outcome

    def terminated(self, instance: Instance, batch: Batch, opened: list[Event]) -> EpisodeOutcome:
        """The instance ends now, whatever is open; its children and activities go on."""
        outcome = _outcome(instance, batch, opened, "Terminated")
        reason = batch.messages[-1].event.get("Input")
        outcome.output = reason
        self._close(outcome, reason)
        if instance.parent:
            outcome.parent_message = child_failed(outcome.now, instance.parent.task_id, reason, None)
        return outcome

    def decided(
        self, instance: Instance, batch: Batch, opened: list[Event], decision: Decision, custom_status: str | None
    ) -> EpisodeOutcome:
        """The instance goes on, or ends, as its code wants it."""
        decision = self._within_limit(instance, self._without_unknown_signals(instance, decision))
        outcome = _outcome(instance, batch, opened, "Running")
        outcome.output, outcome.custom_status = _output_while_running(instance, batch), custom_status
        for misfit in decision.misfits:
            _record(outcome, misfit)
        for command in decision.commands:
            self._carry_out(outcome, command)
        self._end(outcome, decision.ending)
        return outcome

    def _without_unknown_signals(self, instance: Instance, decision: Decision) -> Decision:
        """A signal to an entity the app does not have fails the instance, as on Azure."""
        for command in decision.commands:
            if isinstance(command, SendOperation) and command.is_signal:
                problem = unknown_entity(EntityId.parse(command.entity_id).name, self._functions)
                if problem is not None:
                    return Decision(ending=Failed(failure_reason(instance.name, problem), problem))
        return decision

    def _within_limit(self, instance: Instance, decision: Decision) -> Decision:
        """Too many actions in one execution fail the instance, with the Durable extension's words."""
        limit = self._options.max_orchestration_actions
        if decision.action_count <= limit:
            return decision
        problem = (
            f"Maximum amount of orchestration actions ({limit}) has been reached. "
            "This value can be configured in host.json file as MaxOrchestrationActions."
        )
        return Decision(ending=Failed(failure_reason(instance.name, problem), problem))

    def _carry_out(self, outcome: EpisodeOutcome, command: Command) -> None:
        if isinstance(command, ScheduleActivity):
            self._schedule_activity(outcome, command)
        elif isinstance(command, StartSubOrchestration):
            self._start_child(outcome, command)
        elif isinstance(command, CreateTimer):
            _create_timer(outcome, command)
        else:
            self._send_operation(outcome, command)

    def _schedule_activity(self, outcome: EpisodeOutcome, command: ScheduleActivity) -> None:
        shown = command.input if self._options.store_inputs_in_orchestration_history else None
        scheduled = event(
            EventType.TASK_SCHEDULED, outcome.now, EventId=command.task_id, Name=command.name, Input=shown
        )
        outcome.new_events.append(scheduled)
        outcome.activities.append((command.task_id, command.name, command.input))

    def _start_child(self, outcome: EpisodeOutcome, command: StartSubOrchestration) -> None:
        instance = outcome.instance
        child_id = command.instance_id or f"{instance.execution_id}:{command.task_id}"
        # The same shape as an input through the client: a JSON string that holds the JSON text.
        raw_input = None if command.input is None else json.dumps(command.input)
        shown = raw_input if self._options.store_inputs_in_orchestration_history else None
        created = event(
            EventType.SUB_ORCHESTRATION_CREATED,
            outcome.now,
            EventId=command.task_id,
            Name=command.name,
            InstanceId=child_id,
            Input=shown,
        )
        outcome.new_events.append(created)
        problem = self._child_problem(instance, child_id, command.name)
        if problem is not None:
            log.error("Instance '%s' cannot start '%s': %s", instance.instance_id, command.name, problem)
            outcome.own_messages.append(child_failed(outcome.now, command.task_id, problem, None))
            return
        parent = Parent(instance.instance_id, instance.execution_id, command.task_id)
        version = command.version or self._options.default_version
        child = NewInstance(child_id, command.name, raw_input, version, parent)
        outcome.children.append((command.task_id, child))

    def _child_problem(self, instance: Instance, child_id: str, name: str) -> str | None:
        parent_id = instance.parent.instance_id if instance.parent else None
        if child_id.startswith("@") or child_id in (instance.instance_id, parent_id):
            return f"A sub-orchestration cannot have the id '{child_id}'. Give it one of its own, or none."
        problem = unknown_orchestrator(name, self._functions)
        return failure_reason(name, problem) if problem else None

    def _send_operation(self, outcome: EpisodeOutcome, command: SendOperation) -> None:
        request = _request(outcome.instance, command)
        sent = event(
            EventType.EVENT_SENT,
            outcome.now,
            EventId=command.task_id,
            InstanceId=command.entity_id,
            Name=_ENTITY_EVENT,
            Input=_sent_input(outcome, command, request),
        )
        outcome.new_events.append(sent)
        # An entity that does not exist answers a call with an error; its runner words it.
        outcome.operations.append((command.entity_id, request))

    def _end(self, outcome: EpisodeOutcome, ending: Ending | None) -> None:
        if isinstance(ending, Completed):
            self._complete(outcome, ending)
        elif isinstance(ending, Failed):
            self._fail(outcome, ending)
        elif isinstance(ending, ContinuedAsNew):
            _continue_as_new(outcome, ending)
        else:
            outcome.new_events.append(event(EventType.ORCHESTRATOR_COMPLETED, outcome.now))

    def _complete(self, outcome: EpisodeOutcome, ending: Completed) -> None:
        outcome.status, outcome.output = "Completed", ending.output
        self._close(outcome, ending.output)
        parent = outcome.instance.parent
        if parent:
            outcome.parent_message = event(
                EventType.SUB_ORCHESTRATION_COMPLETED,
                outcome.now,
                TaskScheduledId=parent.task_id,
                Result=ending.output,
            )

    def _fail(self, outcome: EpisodeOutcome, ending: Failed) -> None:
        outcome.status, outcome.output = "Failed", ending.reason
        self._close(outcome, ending.reason)
        parent = outcome.instance.parent
        if parent:
            details = f"Message: {ending.error}, StackTrace: {ending.stack}"
            outcome.parent_message = child_failed(outcome.now, parent.task_id, ending.reason, details)

    def _close(self, outcome: EpisodeOutcome, result: str | None) -> None:
        code = STATUS_CODES[outcome.status]
        outcome.new_events.append(
            event(EventType.EXECUTION_COMPLETED, outcome.now, OrchestrationStatus=code, Result=result)
        )
        outcome.new_events.append(event(EventType.ORCHESTRATOR_COMPLETED, outcome.now))


def _outcome(instance: Instance, batch: Batch, opened: list[Event], status: str) -> EpisodeOutcome:
    return EpisodeOutcome(
        instance=instance,
        now=opened[0]["Timestamp"],
        consumed=[message.sequence for message in (*batch.messages, *batch.void)] + instance.stale,
        new_events=list(opened),
        status=status,
        output=instance.output,
        custom_status=instance.custom_status,
    )


def _output_while_running(instance: Instance, batch: Batch) -> str | None:
    """The reason for which it was resumed stands where the output will be."""
    reason = _last_reason(batch, EventType.EXECUTION_RESUMED)
    return instance.output if reason is None else reason


def _last_reason(batch: Batch, kind: EventType) -> str | None:
    reasons = [
        message.event.get("Reason") or "" for message in batch.messages if message.event["EventType"] == kind
    ]
    return reasons[-1] if reasons else None


def _record(outcome: EpisodeOutcome, misfit: Command) -> None:
    """Note what the code asks for though the history holds something else; without a number, which is taken."""
    fields: dict[str, object] = {}
    if isinstance(misfit, ScheduleActivity | StartSubOrchestration):
        fields["Name"] = misfit.name
    elif isinstance(misfit, CreateTimer):
        fields["FireAt"] = timestamps.to_text(timestamps.from_text(misfit.fire_at))
    else:
        fields.update(InstanceId=misfit.entity_id, Name=_ENTITY_EVENT, Input="{}")
    if isinstance(misfit, StartSubOrchestration):
        fields["InstanceId"] = misfit.instance_id or f"{outcome.instance.execution_id}:{misfit.task_id}"
    outcome.new_events.append(event(misfit.event_type, outcome.now, EventId=-1 - misfit.task_id, **fields))


def _create_timer(outcome: EpisodeOutcome, command: CreateTimer) -> None:
    fire_at = timestamps.to_text(timestamps.from_text(command.fire_at))
    outcome.new_events.append(event(EventType.TIMER_CREATED, outcome.now, EventId=command.task_id, FireAt=fire_at))
    outcome.timers.append(NewTimer(command.task_id, fire_at, _due_at(outcome, fire_at), outcome.now))


def _due_at(outcome: EpisodeOutcome, fire_at: str) -> str:
    """When a timer fires: as on Azure, after as many whole seconds as end before its moment.

    One that is set for a moment once more, because the last one fired early, waits for that moment, at the latest
    the second time, when the history has the early one. On Azure its instance would go round until then, a few
    times a second; here it would do so hundreds of times.
    """
    now, moment = timestamps.from_text(outcome.now), timestamps.from_text(fire_at)
    seconds = -((now - moment) // timedelta(seconds=1)) - 1
    if seconds <= 0 and now < moment and _has_fired(outcome.instance.history, fire_at):
        return fire_at
    return timestamps.to_text(now + timedelta(seconds=max(0, seconds)))


def _has_fired(history: Sequence[Event], fire_at: str) -> bool:
    fired = (past["FireAt"] for past in history if past["EventType"] == EventType.TIMER_FIRED)
    return fire_at in fired


def _request(instance: Instance, command: SendOperation) -> OperationRequest:
    raw_input = None if command.input is None else json.dumps(command.input)
    if command.is_signal:
        return OperationRequest(command.operation, raw_input)
    # From what is stored, so that it is the same however often the episode is tried.
    request_id = str(uuid.uuid5(uuid.UUID(instance.execution_id), str(command.task_id)))
    return OperationRequest(command.operation, raw_input, request_id, instance.instance_id, instance.execution_id)


def _sent_input(outcome: EpisodeOutcome, command: SendOperation, request: OperationRequest) -> str:
    instance = outcome.instance
    if outcome.sending_times is None:
        outcome.sending_times = entity_messages.sending_times(instance.history)
    last = outcome.sending_times.get(command.entity_id)
    now = entity_messages.next_sending_time(outcome.now, last)
    outcome.sending_times[command.entity_id] = now
    request_id = request.request_id or str(uuid.uuid5(uuid.UUID(instance.execution_id), str(command.task_id)))
    sender = instance.instance_id, instance.execution_id
    return entity_messages.request_text(
        command.operation, command.is_signal, request.input, request_id, sender, (now, last)
    )


def _continue_as_new(outcome: EpisodeOutcome, ending: ContinuedAsNew) -> None:
    instance, execution_id = outcome.instance, uuid.uuid4().hex
    raw_input = None if ending.input is None else json.dumps(ending.input)
    started = events.execution_started(
        outcome.now, instance.name, raw_input, instance.version, instance.instance_id, execution_id, None
    )
    if outcome.custom_status is not None:
        # Kept until the new generation sets one of its own.
        started["CustomStatus"] = outcome.custom_status
    messages: Sequence[Event] = (started, *ending.carried_events)
    outcome.next_generation = NewGeneration(execution_id, raw_input, list(messages))
