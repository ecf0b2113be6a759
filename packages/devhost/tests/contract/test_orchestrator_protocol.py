"""What the SDK is given for an episode, and the form of its answer."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest

from tests.contract.episodes import RecordedHost, only, recorded_host
from tests.contract.protocol_app import make_app

ORCHESTRATOR_STARTED, ORCHESTRATOR_COMPLETED, EXECUTION_STARTED = 12, 13, 0
ODD_TIME = timedelta(microseconds=123457)
KILOBYTE = 1024


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
        "sourceInstanceId": None,
        "upperSchemaVersion": 1,
        "upperSchemaVersionNew": 3,
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


def test_only_messages_of_earlier_episodes_are_played(app: RecordedHost) -> None:
    never = {4, 7, 10, 14} | {12, 13}
    instance = app.run("two_steps")
    for episode in app.of(instance):
        last = max(index for index, event in enumerate(episode.history) if event["EventType"] == 12)
        assert [event["IsPlayed"] for event in episode.history] == [
            index < last and event["EventType"] not in never for index, event in enumerate(episode.history)
        ]


def test_the_first_message_names_orchestrator_input_version_and_execution(app: RecordedHost) -> None:
    instance = app.run("waiting", [1])
    started = app.of(instance)[0].history[1]
    assert (started["Name"], started["Version"], json.loads(started["Input"])) == ("waiting", None, "[1]")
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
