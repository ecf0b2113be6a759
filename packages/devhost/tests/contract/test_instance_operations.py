"""Events, terminate, suspend, resume, rewind, restart and purge: who gets which code, and what happens."""

from datetime import datetime, timedelta

import pytest

from tests.contract.conftest import Api
from tests.contract.contract_host import JSON, ContractHost
from tests.waiting import eventually

FINISHED = ["Completed", "Failed", "Terminated"]
EVENT = "raiseEvent/go"


def operate(api: Api, instance_id: str, operation: str) -> tuple[int, bytes]:
    """Code and body of the answer to an operation."""
    body = b"{}" if operation == EVENT else None
    answer = api("POST", f"instances/{instance_id}/{operation}", body, headers=JSON)
    return answer.status, answer.body


@pytest.mark.parametrize("operation", [EVENT, "terminate", "suspend", "resume"])
def test_unknown_instance_is_an_empty_404(api: Api, operation: str) -> None:
    assert operate(api, "nobody", operation) == (404, b"")


def test_rewind_of_an_unknown_instance_is_a_404_with_a_text(api: Api) -> None:
    answer = api("POST", "instances/nobody/rewind")
    assert (answer.status, answer.json) == (404, 'No orchestration with instance ID "$nobody" found.')


@pytest.mark.parametrize("runtime_status", FINISHED)
@pytest.mark.parametrize("operation", [EVENT, "terminate", "suspend", "resume"])
def test_finished_instance_is_an_empty_410(
    api: Api, host: ContractHost, operation: str, runtime_status: str
) -> None:
    assert operate(api, host.instance_in(runtime_status), operation) == (410, b"")


@pytest.mark.parametrize("operation", [EVENT, "terminate", "suspend", "resume"])
def test_accepted_operation_is_an_empty_202(api: Api, host: ContractHost, operation: str) -> None:
    instance_id = host.instance_in("Suspended" if operation == "resume" else "Running")
    assert operate(api, instance_id, operation) == (202, b"")


@pytest.mark.parametrize("content_type", [None, "text/plain", "application/x-www-form-urlencoded"])
def test_event_of_another_content_type_is_a_400(api: Api, host: ContractHost, content_type: str | None) -> None:
    headers = {"Content-Type": content_type} if content_type else None
    answer = api("POST", f"instances/{host.waiting()}/raiseEvent/go", b"{}", headers=headers)
    assert (answer.status, answer.json["Message"]) == (400, "Only application/json request content is supported")


def test_instance_that_takes_no_event_says_so_whatever_the_content(api: Api, host: ContractHost) -> None:
    finished = host.instance_in("Completed")
    assert api("POST", f"instances/{finished}/raiseEvent/go", b"{").status == 410
    assert api("POST", "instances/nobody/raiseEvent/go", b"{", headers=JSON).status == 404


def test_content_type_of_an_event_may_name_its_encoding(api: Api, host: ContractHost) -> None:
    headers = {"Content-Type": "Application/JSON; charset=utf-8"}
    path = f"instances/{host.waiting()}/raiseEvent/go"
    assert api("POST", path, b"{}", headers=headers).status == 202


@pytest.mark.parametrize("body", [b"{", b"plain", b"NaN"])
def test_event_that_is_no_json_is_a_400(api: Api, host: ContractHost, body: bytes) -> None:
    answer = api("POST", f"instances/{host.waiting()}/raiseEvent/go", body, headers=JSON)
    assert (answer.status, answer.json["Message"]) == (400, "Invalid JSON content")


@pytest.mark.parametrize(("query", "output"), [("?reason=too%20late", "too late"), ("", None)])
def test_terminated_instance_ends_with_the_reason_if_there_is_one(
    api: Api, host: ContractHost, query: str, output: str | None
) -> None:
    instance_id = host.waiting()
    assert operate(api, instance_id, f"terminate{query}")[0] == 202
    status = host.wait_for(instance_id)
    assert (status["runtimeStatus"], status["output"]) == ("Terminated", output)


def test_suspended_instance_can_be_terminated(api: Api, host: ContractHost) -> None:
    suspended = host.instance_in("Suspended")
    assert operate(api, suspended, "terminate") == (202, b"")
    assert host.wait_for(suspended)["runtimeStatus"] == "Terminated"


def test_suspended_instance_takes_events_when_it_is_resumed(api: Api, host: ContractHost) -> None:
    instance_id = host.instance_in("Suspended")
    assert operate(api, instance_id, EVENT) == (202, b"")
    assert host.status(instance_id)["runtimeStatus"] == "Suspended"
    assert operate(api, instance_id, "resume?reason=lunch%20is%20over") == (202, b"")
    assert host.wait_for(instance_id)["output"] == {"type": "dict", "value": {}}


@pytest.mark.parametrize(("operation", "runtime_status"), [("suspend", "Suspended"), ("resume", "Running")])
def test_suspending_twice_and_resuming_what_runs_is_a_500_that_says_so(
    api: Api, host: ContractHost, operation: str, runtime_status: str
) -> None:
    instance_id = host.instance_in(runtime_status)
    answer = api("POST", f"instances/{instance_id}/{operation}")
    assert (answer.status, answer.json["ExceptionMessage"]) == (
        500,
        f"Cannot {operation} the orchestration instance {instance_id} "
        f"because instance is in the {runtime_status} state.",
    )


@pytest.mark.parametrize("runtime_status", ["Pending", "Running", "Suspended", "Completed", "Terminated"])
def test_rewind_of_an_instance_that_has_not_failed_is_a_412_with_a_text(
    api: Api, host: ContractHost, runtime_status: str
) -> None:
    answer = api("POST", f"instances/{host.instance_in(runtime_status)}/rewind")
    assert (answer.status, answer.json) == (
        412,
        f"This orchestration has status {runtime_status}, "
        'but only orchestrations in the "Failed" state can be rewound.',
    )


@pytest.mark.parametrize("through_child", [False, True], ids=["activity", "child"])
def test_rewound_instance_runs_its_failed_parts_again(
    api: Api, host: ContractHost, new_id: str, through_child: bool
) -> None:
    failed = host.run("mend", {"name": new_id, "through_child": through_child})
    assert failed["runtimeStatus"] == "Failed"
    (host.folder / f"mended-{new_id}").touch()
    assert operate(api, failed["instanceId"], "rewind?reason=mended") == (202, b"")
    mended = host.wait_for(failed["instanceId"], "Completed")
    assert (mended["output"], mended["createdTime"]) == (f"{new_id} is mended", failed["createdTime"])


def test_restart_of_an_unknown_instance_is_a_400(api: Api) -> None:
    answer = api("POST", "instances/nobody/restart")
    message = "InstanceId does not match a valid orchestration instance."
    assert (answer.status, answer.json["Message"]) == (400, message)


@pytest.mark.parametrize("query", ["", "?restartWithNewInstanceId=true"])
def test_restart_runs_name_and_input_under_a_new_id(api: Api, host: ContractHost, query: str) -> None:
    first = host.run("give_back", {"a": [1]})
    answer = api("POST", f"instances/{first['instanceId']}/restart{query}")
    assert (answer.status, answer.headers["Location"]) == (202, answer.json["statusQueryGetUri"])
    assert answer.json["id"] != first["instanceId"]
    second = host.wait_for(answer.json["id"])
    same = ("name", "input", "output", "runtimeStatus")
    assert [second[name] for name in same] == [first[name] for name in same]


def test_restart_can_wait_for_the_end(api: Api, host: ContractHost) -> None:
    query = "timeout=20&pollingInterval=0.05"
    answer = api("POST", f"instances/{host.instance_in('Completed')}/restart?{query}")
    assert (answer.status, answer.json) == (200, "the end")


def test_restart_may_keep_the_id_of_a_finished_instance(api: Api, host: ContractHost) -> None:
    first = host.run("give_back", "again")
    host.skip(2)
    answer = api("POST", f"instances/{first['instanceId']}/restart?restartWithNewInstanceId=false")
    assert (answer.status, answer.json["id"]) == (202, first["instanceId"])
    second = host.wait_for(first["instanceId"])
    assert (second["output"], second["createdTime"] > first["createdTime"]) == ("again", True)


def test_restart_of_a_running_instance_under_its_id_is_a_409(api: Api, host: ContractHost) -> None:
    answer = api("POST", f"instances/{host.waiting()}/restart?restartWithNewInstanceId=False")
    message = "A non-terminal instance with this instance ID already exists."
    assert (answer.status, answer.json["Message"]) == (409, message)


@pytest.mark.parametrize("runtime_status", FINISHED)
def test_purge_of_one_instance_deletes_it_once_it_has_ended(
    api: Api, host: ContractHost, runtime_status: str
) -> None:
    instance_id = host.instance_in(runtime_status)
    answer = api("DELETE", f"instances/{instance_id}")
    assert (answer.status, answer.json) == (200, {"instancesDeleted": 1})
    assert host.webhook("GET", f"instances/{instance_id}").status == 404


@pytest.mark.parametrize("runtime_status", ["Pending", "Running", "Suspended"])
def test_purge_of_one_instance_that_has_not_ended_is_a_412_with_a_text(
    api: Api, host: ContractHost, runtime_status: str
) -> None:
    instance_id = host.instance_in(runtime_status)
    answer = api("DELETE", f"instances/{instance_id}")
    assert (answer.status, answer.json) == (
        412,
        "Only orchestrations in a terminal state can be purged, "
        f"but the orchestration with instance ID {instance_id} has status {runtime_status}",
    )
    assert host.status(instance_id)["runtimeStatus"] == runtime_status


def test_purge_of_an_unknown_instance_is_an_empty_404(api: Api) -> None:
    answer = api("DELETE", "instances/nobody")
    assert (answer.status, answer.body) == (404, b"")


@pytest.mark.parametrize("query", ["", "?createdTimeTo=2030-01-01", "?createdTimeFrom=&runtimeStatus=Failed"])
def test_purge_by_filter_without_a_start_is_a_400_with_a_text(api: Api, query: str) -> None:
    answer = api("DELETE", f"instances{query}")
    assert (answer.status, answer.json) == (400, "Please provide value for 'createdTimeFrom' parameter.")


def test_purge_by_filter_that_matches_nothing_is_an_empty_404(api: Api) -> None:
    answer = api("DELETE", "instances?createdTimeFrom=2001-01-01&createdTimeTo=2001-01-02")
    assert (answer.status, answer.body) == (404, b"")


def window(host: ContractHost) -> str:
    """A query for what is created within a minute from now, at a time that no other test uses."""
    host.skip(5)
    start = datetime.fromisoformat(host.ask("POST", "/devhost/clock", {"advanceSeconds": 0}).json["now"])
    times = [moment.strftime("%Y-%m-%dT%H:%M:%S.%fZ") for moment in (start, start + timedelta(seconds=60))]
    return f"createdTimeFrom={times[0]}&createdTimeTo={times[1]}"


def test_purge_by_filter_takes_finished_instances_of_the_window_only(api: Api, host: ContractHost) -> None:
    before = host.instance_in("Completed")
    query = window(host)
    inside = [host.instance_in(status) for status in ("Completed", "Failed", "Running", "Running")]
    host.skip(60)
    after = host.instance_in("Completed")
    assert api("DELETE", f"instances?{query}&runtimeStatus=Running,Failed,Nonsense").json == {
        "instancesDeleted": 1
    }
    assert api("DELETE", f"instances?{query}&runtimeStatus=Completed").json == {"instancesDeleted": 1}
    left = [host.webhook("GET", f"instances/{one}").status for one in (before, *inside, after)]
    assert left == [200, 404, 404, 202, 202, 200]
    # No finished status is none at all: what runs goes, too.
    assert api("DELETE", f"instances?{query}&runtimeStatus=Running,Pending").json == {"instancesDeleted": 2}
    left = [host.webhook("GET", f"instances/{one}").status for one in (before, *inside, after)]
    assert left == [200, 404, 404, 404, 404, 200]


def test_accepted_means_queued_and_a_second_event_may_come_too_late(api: Api, host: ContractHost) -> None:
    instance_id = host.waiting()
    answers = [operate(api, instance_id, EVENT)[0] for _ in range(2)]
    assert answers[0] == 202
    assert answers[1] in (202, 410)
    eventually(lambda: host.status(instance_id)["runtimeStatus"] == "Completed", "the first event ends it")
