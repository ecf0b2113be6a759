"""A real host process over a sample app: the durable SDK's client works, and a crash loses nothing."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.end_to_end.devhost_process import DevhostProcess
from tests.waiting import eventually


@pytest.fixture(scope="module")
def host(tmp_path_factory: pytest.TempPathFactory) -> Iterator[DevhostProcess]:
    """One host for all tests of this module; they use instances and entities of their own."""
    host = DevhostProcess(tmp_path_factory.mktemp("devhost"), "--clock", "virtual")
    yield host
    assert host.stop() == 0, host.output


@pytest.fixture
def own_host(tmp_path: Path) -> Iterator[DevhostProcess]:
    """A host that the test may kill."""
    host = DevhostProcess(tmp_path)
    yield host
    host.stop()


def test_orchestration_runs_its_activities_and_returns(host: DevhostProcess) -> None:
    instance_id = host.begin("greet_everyone", ["Ada", "Grace"])
    status = host.wait_for(instance_id)
    assert (status["runtimeStatus"], status["output"]) == ("Completed", ["Hello Ada!", "Hello Grace!"])
    assert status["input"] == '["Ada", "Grace"]'


def test_sdk_reads_the_status_and_its_history(host: DevhostProcess) -> None:
    instance_id = host.begin("greet_everyone", ["Ada"])
    host.wait_for(instance_id)
    status = host.client("get_status", instance_id, True, True)
    assert (status["runtimeStatus"], status["output"]) == ("Completed", ["Hello Ada!"])
    events = [event["EventType"] for event in host.status(instance_id, "?showHistory=true")["historyEvents"]]
    assert events == ["ExecutionStarted", "TaskCompleted", "ExecutionCompleted"]


def await_custom_status(host: DevhostProcess, instance_id: str, custom_status: str) -> None:
    eventually(lambda: host.status(instance_id)["customStatus"] == custom_status, f"it is {custom_status}")


def test_event_raised_by_the_sdk_is_a_text_and_by_the_webhook_an_object(host: DevhostProcess) -> None:
    by_sdk, by_webhook = host.begin("wait_for_approval"), host.begin("wait_for_approval")
    for instance_id in (by_sdk, by_webhook):
        await_custom_status(host, instance_id, "waiting")
    assert host.client("raise_event", by_sdk, "approval", {"approved": True}) is None
    path = f"/runtime/webhooks/durabletask/instances/{by_webhook}/raiseEvent/approval"
    assert host.ask("POST", path, {"approved": True}).status == 202
    assert host.wait_for(by_sdk)["output"] == {"type": "str", "decision": '{"approved": true}'}
    assert host.wait_for(by_webhook)["output"] == {"type": "dict", "decision": {"approved": True}}


def test_event_for_a_finished_or_unknown_instance_is_refused(host: DevhostProcess) -> None:
    instance_id = host.begin("greet_everyone", [])
    host.wait_for(instance_id)
    assert host.client("raise_event", instance_id, "approval", {}).startswith("raised: ")
    path = "/runtime/webhooks/durabletask/instances/{}/raiseEvent/approval"
    assert host.ask("POST", path.format(instance_id), {}).status == 410
    assert host.ask("POST", path.format("nobody"), {}).status == 404


def test_live_instance_is_not_started_again(host: DevhostProcess) -> None:
    host.begin("wait_for_approval", instance_id="only-one")
    answer = host.client("start_new", "wait_for_approval", "only-one")
    assert "An Orchestration instance with the status" in answer
    assert "already exists" in answer


def test_instance_of_an_unknown_orchestrator_fails_and_names_the_known_ones(host: DevhostProcess) -> None:
    output = host.wait_for(host.begin("no_such_process"), "Failed")["output"]
    assert "The function 'no_such_process' doesn't exist" in output
    assert "'greet_everyone'" in output


def test_terminated_instance_ends_with_the_reason_and_can_be_purged(host: DevhostProcess) -> None:
    instance_id = host.begin("wait_for_approval")
    host.wait_for(instance_id, "Running")
    assert host.client("terminate", instance_id, "no longer needed") is None
    status = host.wait_for(instance_id)
    assert (status["runtimeStatus"], status["output"]) == ("Terminated", "no longer needed")
    assert host.client("purge_instance_history", instance_id) == 1
    assert host.client("purge_instance_history", instance_id) == 0
    assert host.ask("GET", f"/runtime/webhooks/durabletask/instances/{instance_id}").status == 404


def test_failing_activity_fails_the_instance_with_its_text(host: DevhostProcess) -> None:
    status = host.wait_for(host.begin("fail"))
    assert status["runtimeStatus"] == "Failed"
    assert "Activity function 'greet' failed:  ValueError: nobody to greet" in status["output"]


def test_entity_counts_signals_and_shows_its_state(host: DevhostProcess) -> None:
    entity = ("counter", "signals")
    for _ in range(3):
        assert host.client("signal_entity", "add", 2, entity=entity) is None
    eventually(
        lambda: host.client("read_entity_state", entity=entity) == {"exists": True, "state": 6}, "it counts 6"
    )
    nobody = host.client("read_entity_state", entity=("counter", "nobody"))
    assert nobody["exists"] is False


def test_list_finds_instances_by_prefix(host: DevhostProcess) -> None:
    for name in ("listed-1", "listed-2"):
        host.begin("wait_for_approval", instance_id=name)
    answer = host.ask("GET", "/runtime/webhooks/durabletask/instances?instanceIdPrefix=listed-")
    assert [status["instanceId"] for status in answer.json] == ["listed-1", "listed-2"]


def test_days_pass_at_once_on_a_virtual_clock(host: DevhostProcess) -> None:
    instance_id = host.begin("sleep_for_days", 9)
    host.wait_for(instance_id, "Running")
    answer = host.ask("POST", "/devhost/clock", {"advanceSeconds": 9 * 86_400})
    assert answer.status == 200
    assert answer.json["now"].endswith("Z")
    assert host.wait_for(instance_id)["output"] == "awake"


def test_timer_has_run_when_the_virtual_clock_has_passed_it(host: DevhostProcess) -> None:
    ticks_before = len(host.lines_of("ticks"))
    host.ask("POST", "/devhost/clock", {"advanceSeconds": 86_400})
    assert host.lines_of("ticks")[ticks_before:] == ["past due: False"]


def test_killed_host_goes_on_where_it_was(own_host: DevhostProcess) -> None:
    held = own_host.begin("hold", instance_id="held")
    waiting = own_host.begin("wait_for_approval", instance_id="waiting")
    eventually(lambda: own_host.lines_of("attempts") == ["held"], "the activity has begun")
    own_host.wait_for(waiting, "Running")
    own_host.kill()
    (own_host.folder / "release").touch()
    own_host.start()
    assert own_host.wait_for(held)["output"] == ["Hello before!", 1]
    assert own_host.lines_of("attempts") == ["held", "held"]
    own_host.client("raise_event", waiting, "approval", "yes")
    assert own_host.wait_for(waiting)["output"]["decision"] == '"yes"'


def test_stopped_host_lets_a_running_activity_end(own_host: DevhostProcess) -> None:
    held = own_host.begin("hold", instance_id="held")
    eventually(lambda: own_host.lines_of("attempts") == ["held"], "the activity has begun")
    own_host.process.terminate()
    eventually(lambda: "Stopping" in own_host.output, "the host stops")
    (own_host.folder / "release").touch()
    assert own_host.stop() == 0
    own_host.start()
    assert own_host.wait_for(held)["runtimeStatus"] == "Completed"
    assert own_host.lines_of("attempts") == ["held"]


def test_skipped_time_is_not_lost_when_the_host_starts_again(tmp_path: Path) -> None:
    host = DevhostProcess(tmp_path, "--clock", "virtual")
    sleeping = host.begin("sleep_for_days", 3)
    host.wait_for(sleeping, "Running")
    before = host.ask("POST", "/devhost/clock", {"advanceSeconds": 2 * 86_400}).json["now"]
    host.kill()
    host.start()
    assert host.ask("POST", "/devhost/clock", {"advanceSeconds": 0}).json["now"] > before
    host.ask("POST", "/devhost/clock", {"advanceSeconds": 86_400})
    assert host.wait_for(sleeping)["output"] == "awake"
    assert host.stop() == 0
