"""What the SDK is given for an episode, and what becomes of its answer."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import azure.durable_functions as df
import pytest

from tests.devhost.contract.episodes import MARKER, RecordedHost, Steps, only, recorded_host

ORCHESTRATOR_STARTED, ORCHESTRATOR_COMPLETED, EXECUTION_STARTED = 12, 13, 0
ODD_TIME = timedelta(microseconds=123457)
KILOBYTE = 1024


class Money:
    """A class of the app's own, as payload."""

    def __init__(self, amount: int) -> None:
        self.amount = amount

    @staticmethod
    def to_json(money: "Money") -> str:
        return str(money.amount)

    @staticmethod
    def from_json(text: str) -> "Money":
        return Money(int(text))


def make_app() -> list[df.Blueprint]:
    return [plain_orchestrators(), ending_orchestrators(), activities()]


def plain_orchestrators() -> df.Blueprint:
    bp = df.Blueprint()

    @bp.orchestration_trigger(context_name="context")
    def waiting(context: df.DurableOrchestrationContext) -> Steps:
        yield context.wait_for_external_event("end")
        return context.get_input()

    @bp.orchestration_trigger(context_name="context")
    def two_steps(context: df.DurableOrchestrationContext) -> Steps:
        yield context.call_activity("echo", 1)
        yield context.create_timer(context.current_utc_datetime + timedelta(hours=1))
        yield context.wait_for_external_event("end")

    @bp.orchestration_trigger(context_name="context")
    def parent(context: df.DurableOrchestrationContext) -> Steps:
        return (yield context.call_sub_orchestrator("waiting", {"a": 1}, "the-child"))

    @bp.orchestration_trigger(context_name="context")
    def identities(context: df.DurableOrchestrationContext) -> Steps:
        seen = [context.new_uuid(), str(context.new_guid()), context.new_uuid()]
        times = [context.current_utc_datetime.isoformat()]
        for _ in range(3):
            yield context.wait_for_external_event("next")
            seen.append(context.new_uuid())
            times.append(context.current_utc_datetime.isoformat())
            context.set_custom_status([seen, times])

    @bp.orchestration_trigger(context_name="context")
    def replays(context: df.DurableOrchestrationContext) -> Steps:
        seen = [context.is_replaying]
        yield context.call_activity("echo", 1)
        seen.append(context.is_replaying)
        yield context.wait_for_external_event("next")
        seen.append(context.is_replaying)
        context.set_custom_status(seen)
        yield context.wait_for_external_event("end")

    @bp.orchestration_trigger(context_name="context")
    def naive_timer(context: df.DurableOrchestrationContext) -> Steps:
        yield context.create_timer(datetime(2030, 1, 1))

    @bp.orchestration_trigger(context_name="context")
    def statuses(context: df.DurableOrchestrationContext) -> Steps:
        for status in context.get_input():
            context.set_custom_status(status)
            yield context.wait_for_external_event("next")

    @bp.orchestration_trigger(context_name="context")
    def status_of_size(context: df.DurableOrchestrationContext) -> Steps:
        character, length = context.get_input()
        yield context.call_activity("echo", 1)
        context.set_custom_status(character * length)
        yield context.call_activity("echo", 2)

    return bp


def ending_orchestrators() -> df.Blueprint:
    bp = df.Blueprint()

    @bp.orchestration_trigger(context_name="context")
    def returning(context: df.DurableOrchestrationContext) -> Steps:
        yield context.task_all([])
        return context.get_input()

    @bp.orchestration_trigger(context_name="context")
    def raising(context: df.DurableOrchestrationContext) -> Steps:
        context.set_custom_status("last words")
        context.signal_entity(df.EntityId("counter", context.instance_id), "add", 1)
        yield context.task_any([context.call_activity("echo", 1), context.wait_for_external_event("never")])
        raise ValueError(*context.get_input())

    @bp.orchestration_trigger(context_name="context")
    def returning_an_object(context: df.DurableOrchestrationContext) -> Steps:
        yield context.call_activity("echo", 1)
        return object()

    @bp.orchestration_trigger(context_name="context")
    def yielding_a_number(context: df.DurableOrchestrationContext) -> Steps:
        yield 1

    @bp.orchestration_trigger(context_name="context")
    def money(context: df.DurableOrchestrationContext) -> Steps:
        result = yield context.call_activity("doubled", context.get_input(), expected_type=Money)
        return result.amount

    @bp.orchestration_trigger(context_name="context")
    def catching_a_child(context: df.DurableOrchestrationContext) -> Steps:
        try:
            yield context.call_sub_orchestrator("raising", ["boom"], "raising-child")
        except Exception as error:
            return [type(error).__name__, str(error)]

    @bp.orchestration_trigger(context_name="context")
    def unused_tasks(context: df.DurableOrchestrationContext) -> Steps:
        context.call_activity("echo", "never yielded")
        nothing = yield context.task_all([])
        return nothing

    return bp


def activities() -> df.Blueprint:
    bp = df.Blueprint()

    @bp.activity_trigger(input_name="payload")
    def echo(payload: Any) -> Any:
        return payload

    @bp.activity_trigger(input_name="payload")
    def doubled(payload: int) -> Money:
        return Money(2 * payload)

    @bp.entity_trigger(context_name="context")
    def counter(context: df.DurableEntityContext) -> None:
        context.set_state(context.get_state(lambda: 0) + context.get_input())

    return bp


@pytest.fixture(scope="module")
def app() -> Iterator[RecordedHost]:
    with recorded_host(make_app()) as recorded:
        yield recorded


# The input document


def test_an_episode_is_told_who_it_is_and_what_the_host_can_do(app: RecordedHost) -> None:
    instance = app.run("waiting", {"a": 1})
    document = app.of(instance)[0].document
    assert [event["EventType"] for event in document.pop("history")] == [ORCHESTRATOR_STARTED, EXECUTION_STARTED]
    assert document == {
        "input": '{"a": 1}',
        "instanceId": instance,
        "isReplaying": False,
        "parentInstanceId": None,
        "upperSchemaVersion": 1,
        "upperSchemaVersionNew": 2,
        "longRunningTimerIntervalDuration": "3.00:00:00",
        "maximumShortTimerDuration": "6.00:00:00",
        "defaultHttpAsyncRequestSleepTimeMillseconds": 30_000,
    }


def test_a_child_is_told_its_parent_and_gets_its_input_in_the_shape_of_a_clients(app: RecordedHost) -> None:
    parent = app.run("parent")
    document = app.of("the-child")[0].document
    assert (document["parentInstanceId"], document["input"]) == (parent, '{"a": 1}')
    app.raise_event("the-child", "end")
    assert app.status(parent)["output"] == {"a": 1}


@pytest.mark.parametrize("raw", [None, '{"a": 1}', '"1"', '"\\"text\\""'])
def test_the_raw_input_reaches_the_sdk_as_the_token_that_it_is(app: RecordedHost, raw: str | None) -> None:
    instance = app.host.client.start("waiting", raw_input=raw)
    app.host.wait_quiescent()
    assert app.of(instance)[0].document["input"] == json.loads(raw or "null")
    app.raise_event(instance, "end")
    expected = {None: None, '{"a": 1}': {"a": 1}, '"1"': 1, '"\\"text\\""': "text"}[raw]
    assert app.status(instance)["output"] == expected


def test_later_episodes_are_told_that_they_replay(app: RecordedHost) -> None:
    instance = app.run("two_steps")
    assert [episode.document["isReplaying"] for episode in app.of(instance)] == [False, True]


# History


def test_every_event_has_the_four_fields_that_the_sdk_needs(app: RecordedHost) -> None:
    instance = app.run("two_steps")
    app.host.advance(hours=2)
    for event in app.history(instance):
        assert isinstance(event["EventType"], int)
        assert isinstance(event["IsPlayed"], bool)
        assert event["Timestamp"].endswith("Z")
        assert datetime.fromisoformat(event["Timestamp"]).tzinfo == UTC
        is_scheduled = event["EventType"] in (4, 7, 10, 14)
        assert event["EventId"] >= 0 if is_scheduled else event["EventId"] == -1


def test_an_episode_is_its_start_its_messages_its_orders_and_its_end(app: RecordedHost) -> None:
    instance = app.run("two_steps")
    app.host.advance(hours=2)
    types = [event["EventType"] for event in app.history(instance)]
    assert types == [12, 0, 4, 13, 12, 5, 10, 13, 12, 11, 13]


def test_only_the_messages_of_the_current_episode_are_not_played(app: RecordedHost) -> None:
    instance = app.run("two_steps")
    for episode in app.of(instance):
        last = max(index for index, event in enumerate(episode.history) if event["EventType"] == 12)
        assert [event["IsPlayed"] for event in episode.history] == [
            index < last for index in range(len(episode.history))
        ]


def test_the_first_message_names_orchestrator_input_version_and_execution(app: RecordedHost) -> None:
    instance = app.run("waiting", [1])
    started = app.of(instance)[0].history[1]
    assert (started["Name"], started["Version"], json.loads(started["Input"])) == ("waiting", "", "[1]")
    assert started["OrchestrationInstance"]["InstanceId"] == instance
    assert len(started["OrchestrationInstance"]["ExecutionId"]) == 32


def test_completions_name_the_task_that_they_complete(app: RecordedHost) -> None:
    instance = app.run("two_steps")
    app.host.advance(hours=2)
    history = app.history(instance)
    (completed,), (created,), (fired,) = only(history, 5), only(history, 10), only(history, 11)
    assert (completed["TaskScheduledId"], completed["Result"]) == (0, "1")
    assert (created["EventId"], fired["TimerId"], fired["FireAt"]) == (1, 1, created["FireAt"])


def test_times_keep_their_microseconds_and_never_go_back() -> None:
    begin = datetime(2024, 1, 1, tzinfo=UTC) + ODD_TIME
    with recorded_host(make_app()) as recorded:
        recorded.host.advance(ODD_TIME)
        instance = recorded.run("identities")
        for _ in range(3):
            recorded.host.advance(seconds=1)
            recorded.raise_event(instance, "next")
        times = [event["Timestamp"] for event in only(recorded.of(instance)[-1].history, 12)]
        assert times == sorted(times)
        assert datetime.fromisoformat(times[0]) == begin
        seen = recorded.of(instance)[-1].state["customStatus"][1]
        assert seen == [text.replace("Z", "+00:00") for text in times]


def test_ids_made_by_an_orchestrator_stay_the_same_in_every_replay(app: RecordedHost) -> None:
    instance = app.run("identities")
    for _ in range(3):
        app.raise_event(instance, "next")
    made = [episode.state["customStatus"][0] for episode in app.of(instance)[1:]]
    assert [ids[: len(made[0])] for ids in made] == [made[0]] * 3
    assert len(set(made[-1])) == 6


def test_code_knows_whether_it_runs_for_the_first_time(app: RecordedHost) -> None:
    instance = app.run("replays")
    app.raise_event(instance, "next")
    assert app.status(instance)["customStatus"] == [True, True, False]
    app.raise_event(instance, "peek")
    assert app.status(instance)["customStatus"] == [True, True, True]


# What an answer leads to


def test_a_naive_time_for_a_timer_fails_as_on_azure(app: RecordedHost) -> None:
    status, output = app.ended("naive_timer")
    assert status == "Failed"
    assert "can't compare offset-naive and offset-aware datetimes" in output


@pytest.mark.parametrize("output", [{"x": [1, None]}, "text", 0, False, None])
def test_what_an_orchestrator_returns_is_the_output(app: RecordedHost, output: Any) -> None:
    assert app.ended("returning", output) == ("Completed", output)


def test_a_task_that_is_never_yielded_and_an_empty_compound_leave_no_trace(app: RecordedHost) -> None:
    instance = app.run("unused_tasks")
    kinds = [event["EventType"] for event in app.status(instance)["historyEvents"]]
    assert (kinds, app.status(instance)["output"]) == (["ExecutionStarted", "ExecutionCompleted"], None)


def test_objects_of_the_apps_own_classes_pass_through_activities(app: RecordedHost) -> None:
    assert app.ended("money", 21) == ("Completed", 42)


def test_the_custom_status_is_what_the_latest_episode_says_and_nothing_when_it_says_nothing(
    app: RecordedHost,
) -> None:
    instance = app.run("statuses", ["first", {"stage": 2}, "", "fourth", 0])
    seen = [app.status(instance)["customStatus"]]
    for _ in range(4):
        app.raise_event(instance, "next")
        seen.append(app.status(instance)["customStatus"])
    assert seen == ["first", {"stage": 2}, None, "fourth", None]


@pytest.mark.parametrize(
    ("character", "length"),
    [("x", 8 * KILOBYTE - 2), ("é", 8 * KILOBYTE - 2), ("😀", 4 * KILOBYTE - 1)],
    ids=["ascii", "accents", "emoji"],
)
def test_a_custom_status_may_have_sixteen_kilobytes_of_utf_16(
    app: RecordedHost, character: str, length: int
) -> None:
    fitting = app.status(app.run("status_of_size", [character, length]))
    assert fitting["customStatus"] == character * length
    status, output = app.ended("status_of_size", [character, length + 1])
    assert status == "Failed"
    assert output.startswith(
        "Orchestrator function 'status_of_size' failed: "
        "The UTF-16 size of the JSON-serialized payload must not exceed 16 KB."
    )


def test_an_instance_with_too_long_a_custom_status_carries_out_nothing_more(app: RecordedHost) -> None:
    instance = app.run("status_of_size", ["x", 9 * KILOBYTE])
    status = app.status(instance)
    assert "The current payload size is 18.0 KB." in status["output"]
    assert status["customStatus"] is None
    assert [event["EventType"] for event in status["historyEvents"]] == [
        "ExecutionStarted",
        "TaskCompleted",
        "ExecutionCompleted",
    ]


# Failures


def test_an_exception_fails_the_instance_after_its_actions_and_status_were_taken(app: RecordedHost) -> None:
    instance = app.run("raising", ["boom"])
    status = app.status(instance)
    assert MARKER in app.of(instance)[-1].answer
    assert (status["runtimeStatus"], status["customStatus"]) == ("Failed", "last words")
    assert status["output"] == "Orchestrator function 'raising' failed: boom"
    assert app.host.entity_state("counter", instance) == 1


def test_an_exception_without_text_is_named_by_its_class(app: RecordedHost) -> None:
    assert app.ended("raising", [])[1] == "Orchestrator function 'raising' failed: <class 'ValueError'>"


def test_an_exception_that_holds_the_marker_itself_is_cut_at_the_first_one(app: RecordedHost) -> None:
    status, output = app.ended("raising", [f"boom{MARKER}{{}}"])
    assert status == "Failed"
    assert output.startswith("Orchestrator function 'raising' failed: ")
    assert "boom" in output


def test_an_output_that_is_no_json_fails_the_instance(app: RecordedHost) -> None:
    status, output = app.ended("returning_an_object")
    assert status == "Failed"
    assert output.startswith("Orchestrator function 'returning_an_object' failed: ")
    assert "not JSON serializable" in output


def test_an_error_of_the_sdk_itself_fails_the_instance_in_the_hosts_words(app: RecordedHost) -> None:
    status, output = app.ended("yielding_a_number")
    begin = "Orchestrator function 'yielding_a_number' failed: One or more errors occurred. (Result: Failure\n"
    assert status == "Failed"
    assert output.startswith(begin + "Exception: AttributeError: ")
    assert "\nStack: Traceback" in output


def test_a_parent_gets_reason_and_details_of_its_failed_child(app: RecordedHost) -> None:
    _, (kind, text) = app.ended("catching_a_child")
    assert kind == "Exception"
    assert text.startswith("Orchestrator function 'raising' failed: boom \n Message: boom, StackTrace: ")


def test_the_sdk_answers_with_one_growing_list_of_actions(app: RecordedHost) -> None:
    instance = app.run("two_steps")
    app.host.advance(hours=2)
    states = [episode.state for episode in app.of(instance)]
    assert [state["schemaVersion"] for state in states] == [2, 2, 2]
    assert [[action["actionType"] for action in state["actions"][0]] for state in states] == [
        [0],
        [0, 5],
        [0, 5, 6],
    ]
