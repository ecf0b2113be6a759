"""The status object: its values, codes and times, and the history in the extension's projection."""

import re
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import quote

import pytest

from tests.contract.conftest import Api
from tests.contract.contract_host import WEBHOOKS, ContractHost
from tests.waiting import eventually

RUNNING, ENDED = ["Pending", "Running", "Suspended"], ["Completed", "Failed", "Terminated"]


def without_times(status: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in status.items() if name not in ("createdTime", "lastUpdatedTime")}


def test_status_of_a_running_instance_is_whole(api: Api, host: ContractHost, new_id: str) -> None:
    host.waiting(new_id)
    assert without_times(api("GET", f"instances/{new_id}").json) == {
        "name": "wait_for_go",
        "instanceId": new_id,
        "runtimeStatus": "Running",
        "input": None,
        "customStatus": "waiting",
        "output": None,
        "version": "1.2",
    }


def test_status_of_a_completed_instance_is_whole(api: Api, host: ContractHost, new_id: str) -> None:
    host.run("greet", {"names": ["Ada"]}, new_id)
    assert without_times(api("GET", f"instances/{new_id}").json) == {
        "name": "greet",
        "instanceId": new_id,
        "runtimeStatus": "Completed",
        "input": '{"names": ["Ada"]}',
        "customStatus": {"greeting": "Ada"},
        "output": ["Hello Ada!"],
        "version": "1.2",
    }


@pytest.mark.parametrize("runtime_status", RUNNING)
def test_unfinished_instance_is_a_202_that_says_where_to_look_again(
    api: Api, host: ContractHost, runtime_status: str
) -> None:
    path = f"instances/{host.instance_in(runtime_status)}?showInput=False&taskHub=EveryFeature"
    answer = api("GET", path)
    assert (answer.status, answer.json["runtimeStatus"]) == (202, runtime_status)
    assert answer.headers["Retry-After"] == "5"
    bases = [host.origin + WEBHOOKS, host.binding["rpcBaseUrl"].rstrip("/")]
    assert answer.headers["Location"] in [f"{base}/{path}" for base in bases]


@pytest.mark.parametrize("runtime_status", ENDED)
def test_finished_instance_is_a_200(api: Api, host: ContractHost, runtime_status: str) -> None:
    answer = api("GET", f"instances/{host.instance_in(runtime_status)}")
    assert (answer.status, answer.json["runtimeStatus"]) == (200, runtime_status)
    assert not {"Location", "Retry-After"} & set(answer.headers)


def test_failed_instance_is_a_500_only_if_asked_so(api: Api, host: ContractHost) -> None:
    failed, completed = host.instance_in("Failed"), host.instance_in("Completed")
    query = "returnInternalServerErrorOnFailure"
    codes = [
        api("GET", f"instances/{one}?{query}={value}").status
        for one in (failed, completed)
        for value in ("true", "false")
    ]
    assert codes == [500, 200, 200, 200]


def test_unknown_instance_is_an_empty_404_and_nothing_for_the_sdk(api: Api, host: ContractHost) -> None:
    answer = api("GET", "instances/nobody")
    assert (answer.status, answer.body) == (404, b"")
    assert host.sdk("get_status", "nobody") is None


def test_case_of_an_instance_id_matters(api: Api, host: ContractHost, new_id: str) -> None:
    host.waiting(f"Case-{new_id}")
    assert api("GET", f"instances/case-{new_id}").status == 404


@pytest.mark.parametrize(
    ("query", "shown"),
    [("", '{"a": 1}'), ("?showInput=True", '{"a": 1}'), ("?showInput=false", None), ("?showinput=False", None)],
)
def test_input_is_shown_unless_it_is_not_asked_for(api: Api, host: ContractHost, query: str, shown: Any) -> None:
    instance_id = host.begin("wait_for_go", {"a": 1})
    assert api("GET", f"instances/{instance_id}{query}").json["input"] == shown


STORED = [
    ("too late", "too late"),
    ('{"a": [1]}', {"a": [1]}),
    ("12", 12),
    ("null", None),
    ("", ""),
    ("NaN", "NaN"),
    ('{"a": -Infinity}', {"a": "-Infinity"}),
]


@pytest.mark.parametrize(("text", "shown"), STORED)
def test_stored_text_is_shown_as_the_json_it_holds_or_else_as_text(
    api: Api, host: ContractHost, text: str, shown: Any
) -> None:
    instance_id = host.waiting()
    assert api("POST", f"instances/{instance_id}/terminate?reason={quote(text)}").status == 202
    host.wait_for(instance_id, "Terminated")
    answer = api("GET", f"instances/{instance_id}")
    assert answer.json["output"] == shown
    assert re.search(rb"[^\"-](NaN|-Infinity)[^\"]", answer.body) is None


def test_output_of_a_failed_instance_is_the_failures_text(host: ContractHost) -> None:
    status = host.run("fail_by_code", "sorry")
    assert status["output"] == "Orchestrator function 'fail_by_code' failed: sorry"


def test_output_is_the_reason_of_the_suspension_and_then_of_the_resumption(api: Api, host: ContractHost) -> None:
    instance_id = host.instance_in("Suspended")
    assert host.status(instance_id)["output"] == "because"
    api("POST", f"instances/{instance_id}/resume?reason=enough")
    assert host.wait_for(instance_id, "Running")["output"] == "enough"


def test_times_are_whole_seconds_of_creation_and_last_change(api: Api, host: ContractHost, new_id: str) -> None:
    host.waiting(new_id)
    before = api("GET", f"instances/{new_id}").json
    host.skip(60)
    assert api("GET", f"instances/{new_id}").json == before
    assert host.rpc("POST", f"instances/{new_id}/terminate").status == 202
    after = host.wait_for(new_id)
    assert after["createdTime"] == before["createdTime"]
    assert after["lastUpdatedTime"] > before["lastUpdatedTime"]
    assert all(re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", after[name]) for name in after if "Time" in name)


def test_continuing_as_new_is_a_new_creation(host: ContractHost) -> None:
    first = host.wait_for(host.begin("generations"), "Running")
    host.skip(61)

    def second() -> dict[str, Any] | None:
        status = host.status(first["instanceId"])
        return status if status["customStatus"] == "generation 1" else None

    status = eventually(second, "it is in its second generation")
    passed = datetime.fromisoformat(status["createdTime"]) - datetime.fromisoformat(first["createdTime"])
    assert (status["runtimeStatus"], status["input"]) == ("Running", "1")
    # The timer between them fires up to a second early.
    assert passed >= timedelta(seconds=59)


def kinds(events: list[dict[str, Any]]) -> list[str]:
    return [event["EventType"] for event in events]


@pytest.fixture(scope="module")
def everything(host: ContractHost) -> str:
    """An instance with one event of each kind in its history."""
    instance_id = host.begin("everything", "given")

    def is_waiting() -> bool:
        status = host.status(instance_id, "?showHistory=true")
        return "EventRaised" in kinds(status.get("historyEvents", []))

    eventually(is_waiting, "the entity has answered")
    for verb, runtime_status in (("suspend", "Suspended"), ("resume", "Running")):
        assert host.rpc("POST", f"instances/{instance_id}/{verb}?reason=rest").status == 202
        host.wait_for(instance_id, runtime_status)
    assert host.sdk("raise_event", instance_id, "go", 1) is None
    return str(host.wait_for(instance_id)["instanceId"])


def history(api: Api, instance_id: str, query: str = "") -> list[dict[str, Any]]:
    events: list[dict[str, Any]] = api("GET", f"instances/{instance_id}?showHistory=true{query}").json[
        "historyEvents"
    ]
    return events


def test_history_is_there_only_if_asked_for(api: Api, everything: str) -> None:
    for query in ("", "?showHistory=false", "?showHistoryOutput=true"):
        assert "historyEvents" not in api("GET", f"instances/{everything}{query}").json


def test_pending_instance_shows_no_history(api: Api, host: ContractHost) -> None:
    answer = api("GET", f"instances/{host.instance_in('Pending')}?showHistory=true")
    assert "historyEvents" not in answer.json


def test_sdk_finds_the_history_under_its_own_name(host: ContractHost, everything: str) -> None:
    status = host.sdk("get_status", everything, show_history=True)
    assert status["historyEvents"] == history(host.rpc, everything)
    assert status["history"] is None


def test_history_names_its_events_and_leaves_out_what_is_internal(api: Api, everything: str) -> None:
    events = history(api, everything, "&showHistoryOutput=true")
    assert kinds(events) == [
        "ExecutionStarted",
        "TaskCompleted",
        "TaskFailed",
        "SubOrchestrationInstanceCompleted",
        "SubOrchestrationInstanceFailed",
        "TimerCreated",
        "TimerFired",
        "EventSent",
        "EventRaised",
        "ExecutionSuspended",
        "ExecutionResumed",
        "EventRaised",
        "ExecutionCompleted",
    ]
    internal = {"EventId", "IsPlayed", "TaskScheduledId", "TimerId", "OrchestrationInstance", "ParentInstance"}
    assert not [event for event in events if (internal | {"Version", "Tags"}) & set(event)]
    assert all(datetime.fromisoformat(event["Timestamp"]).tzinfo for event in events)


def events_by_kind(events: list[dict[str, Any]]) -> dict[str, dict[str, Any]]:
    """The last event of each kind, without its time."""
    return {
        event["EventType"]: {name: event[name] for name in event if name not in ("Timestamp", "EventType")}
        for event in events
    }


def test_completions_are_merged_with_their_scheduling_events(api: Api, everything: str) -> None:
    found = events_by_kind(history(api, everything, "&showHistoryOutput=true"))
    answers = {kind: found[kind] for kind in found if "ScheduledTime" in found[kind]}
    assert {kind: answer["FunctionName"] for kind, answer in answers.items()} == {
        "TaskCompleted": "say_hello",
        "TaskFailed": "say_hello",
        "SubOrchestrationInstanceCompleted": "describe",
        "SubOrchestrationInstanceFailed": "fail_by_code",
    }
    scheduling = ["ScheduledTime", "FunctionName", "Input"]
    assert list(found["TaskCompleted"]) == ["Result", *scheduling]
    assert list(found["TaskFailed"]) == ["Reason", "Details", "FailureDetails", *scheduling]
    assert found["TaskFailed"]["Reason"] == "Activity function 'say_hello' failed:  ValueError: nobody to greet"
    assert found["SubOrchestrationInstanceFailed"]["Reason"].endswith("'fail_by_code' failed: sorry")


def test_scheduling_event_without_a_completion_stays(api: Api, host: ContractHost, new_id: str) -> None:
    # Its child waits for an event, so it is not answered.
    parent = host.wait_for(host.begin("call_waiting_child", None, new_id), "Running")["instanceId"]
    started, created = history(api, parent)
    assert (started["EventType"], created["EventType"]) == ("ExecutionStarted", "SubOrchestrationInstanceCreated")
    assert (created["Name"], created["InstanceId"]) == ("wait_for_go", f"{new_id}-child")
    assert not {"EventId", "Version"} & set(created)


def test_start_and_end_of_a_history_have_names(api: Api, everything: str) -> None:
    found = events_by_kind(history(api, everything, "&showHistoryOutput=true"))
    assert found["ExecutionStarted"] == {
        "FunctionName": "everything",
        "Input": r'"\"given\""',
        "Correlation": None,
        "ParentTraceContext": None,
        "ScheduledStartTime": None,
        "Generation": 0,
        "GenerateNewTrace": False,
    }
    assert found["ExecutionCompleted"] == {
        "OrchestrationStatus": "Completed",
        "Result": {"done": True},
        "FailureDetails": None,
    }
    assert set(found["TimerFired"]) == {"FireAt"}
    assert found["EventRaised"] == {"Name": "go", "Input": r'"1"', "ParentTraceContext": None}
    assert found["ExecutionSuspended"] == found["ExecutionResumed"] == {"Reason": "rest"}


def test_results_are_shown_only_if_asked_for_and_then_as_json(api: Api, everything: str) -> None:
    shown = [event["Result"] for event in history(api, everything, "&showHistoryOutput=True") if "Result" in event]
    child = {"input": "child", "type": "str", "version": "1.2", "parent": everything}
    assert shown == ["Hello Ada!", child, {"done": True}]
    assert not [event for event in history(api, everything) if "Result" in event]


def test_inputs_are_left_out_of_history_if_not_asked_for(api: Api, everything: str) -> None:
    assert [event for event in history(api, everything) if "Input" in event]
    assert not [event for event in history(api, everything, "&showInput=false") if "Input" in event]


@pytest.mark.parametrize("runtime_status", ["Failed", "Terminated"])
def test_history_names_the_status_at_the_end(api: Api, host: ContractHost, runtime_status: str) -> None:
    last = history(api, host.instance_in(runtime_status))[-1]
    assert (last["EventType"], last["OrchestrationStatus"]) == ("ExecutionCompleted", runtime_status)
