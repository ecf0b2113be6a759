from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from devhost.engine.errors import (
    InstanceExists,
    InstanceFinished,
    InstanceNotFound,
    InvalidRequest,
    NothingToRestart,
    NothingToRewind,
    NotInRightState,
    RequestRefused,
    RestartRefused,
    StartRefused,
    WrongState,
)
from devhost.engine.options import EngineOptions
from devhost.engine.queries import InstanceQuery
from devhost.testing import OrchestrationTestHost
from tests.unit.engine.conftest import HostMaker
from tests.unit.engine.sample_app import SampleApp
from tests.unit.engine.test_orchestrations import run, status

LONG_AGO = datetime(2000, 1, 1, tzinfo=UTC)


def waiting(host: OrchestrationTestHost, instance_id: str = "one") -> str:
    """Start an instance that waits for two events."""
    instance = host.start("two_events", None, instance_id)
    host.wait_quiescent()
    return instance


def test_an_instance_of_an_unknown_orchestrator_fails_and_names_the_known_ones(
    host: OrchestrationTestHost,
) -> None:
    status = run(host, "nobody")
    assert status["runtimeStatus"] == "Failed"
    assert "The function 'nobody' doesn't exist" in status["output"]
    assert "known orchestrator functions: '" in status["output"]


@pytest.mark.parametrize("instance_id", ["a/b", "a#b", "a?b", "a\nb"])
def test_bad_instance_ids_are_refused(host: OrchestrationTestHost, instance_id: str) -> None:
    with pytest.raises(StartRefused, match="is not allowed"):
        host.start("sequence", 1, instance_id)


def test_an_input_that_is_not_json_is_refused(host: OrchestrationTestHost) -> None:
    with pytest.raises(StartRefused, match="Invalid JSON content"):
        host.client.start("sequence", raw_input="{")


@pytest.mark.parametrize("instance_id", ["@a", "a\\b", "x" * 257])
def test_odd_instance_ids_are_taken_as_on_azure(host: OrchestrationTestHost, instance_id: str) -> None:
    host.start("sequence", 1, instance_id)
    host.wait_quiescent()
    assert (host.status(instance_id) or {})["runtimeStatus"] == "Completed"


def test_a_live_instance_keeps_its_id(host: OrchestrationTestHost) -> None:
    waiting(host)
    with pytest.raises(InstanceExists, match="with the status Running already exists") as refusal:
        host.start("two_events", None, "one")
    assert refusal.value.http_status == 409


def test_a_finished_instance_makes_room_for_a_new_one(host: OrchestrationTestHost) -> None:
    for payload in (1, 2):
        host.start("sequence", payload, "one")
        host.wait_quiescent()
    assert status(host, "one")["output"] == [2, 2]


def test_any_state_may_be_replaced_if_host_json_says_so_and_late_results_go_nowhere(
    make_host: HostMaker, sample: SampleApp
) -> None:
    host = make_host(EngineOptions(overridable_existing_instance_states="AnyState"))
    host.start("work_or_timeout", None, "one")
    host.wait_until(lambda: sample.calls, "the activity of the first run is at work")
    host.start("two_events", None, "one")
    sample.gate.set()
    host.wait_quiescent()
    assert status(host, "one")["runtimeStatus"] == "Running"
    assert status(host, "one")["name"] == "two_events"


def test_terminate_ends_an_instance_with_the_reason(host: OrchestrationTestHost) -> None:
    host.terminate(waiting(host), "not needed")
    host.wait_quiescent()
    assert (status(host, "one")["runtimeStatus"], status(host, "one")["output"]) == ("Terminated", "not needed")


def test_a_suspended_instance_rests_until_it_is_resumed(host: OrchestrationTestHost) -> None:
    waiting(host)
    host.client.suspend("one", "lunch")
    host.wait_quiescent()
    host.raise_event("one", "go", 1)
    host.wait_quiescent()
    assert status(host, "one")["runtimeStatus"] == "Suspended"
    host.raise_event("one", "go", 2)
    host.client.resume("one")
    host.wait_quiescent()
    assert status(host, "one")["runtimeStatus"] in ("Running", "Completed")


def test_timers_that_come_due_while_suspended_count_after_the_resumption(host: OrchestrationTestHost) -> None:
    host.start("event_or_timeout", 1, "one")
    host.wait_quiescent()
    host.client.suspend("one")
    host.advance(timedelta(hours=2))
    assert status(host, "one")["runtimeStatus"] == "Suspended"
    host.client.resume("one")
    host.wait_quiescent()
    assert status(host, "one")["output"][0] == "timeout"


def test_a_suspended_instance_can_be_terminated(host: OrchestrationTestHost) -> None:
    waiting(host)
    host.client.suspend("one")
    host.wait_quiescent()
    host.terminate("one")
    host.wait_quiescent()
    assert status(host, "one")["runtimeStatus"] == "Terminated"


def operations(host: OrchestrationTestHost) -> list[Callable[[str], Any]]:
    """Every operation that needs a live instance."""
    client = host.client
    return [lambda one: client.raise_event(one, "go", "1"), client.terminate, client.suspend, client.resume]


def test_an_unknown_instance_answers_404(host: OrchestrationTestHost) -> None:
    for operation in operations(host):
        with pytest.raises(InstanceNotFound) as refusal:
            operation("nobody")
        assert refusal.value.http_status == 404
    with pytest.raises(NothingToRewind):
        host.client.rewind("nobody")
    assert host.status("nobody") is None


def test_a_finished_instance_answers_410(host: OrchestrationTestHost) -> None:
    instance = run(host, "sequence", 1)["instanceId"]
    for operation in operations(host):
        with pytest.raises(InstanceFinished) as refusal:
            operation(instance)
        assert refusal.value.http_status == 410


def test_operations_in_the_wrong_state_answer_500(host: OrchestrationTestHost) -> None:
    waiting(host)
    with pytest.raises(WrongState, match="because instance is in the Running state") as refusal:
        host.client.resume("one")
    assert refusal.value.http_status == 500
    host.client.suspend("one")
    host.wait_quiescent()
    with pytest.raises(WrongState, match="because instance is in the Suspended state"):
        host.client.suspend("one")


def test_an_event_that_is_not_json_is_refused(host: OrchestrationTestHost) -> None:
    waiting(host)
    with pytest.raises(InvalidRequest):
        host.client.raise_event("one", "go", "{")


def test_only_what_has_failed_is_rewound_and_only_what_has_ended_is_purged(host: OrchestrationTestHost) -> None:
    waiting(host)
    for operation in (host.client.rewind, host.client.purge):
        with pytest.raises(NotInRightState, match="status Running") as refusal:
            operation("one")
        assert refusal.value.http_status == 412
    host.terminate("one")
    host.wait_quiescent()
    assert host.client.purge("one") == 1
    assert host.client.purge("one") == 0
    assert host.status("one") is None


def test_a_purge_by_time_and_finished_statuses_leaves_the_running_ones(
    host: OrchestrationTestHost, sample: SampleApp
) -> None:
    run(host, "sequence", 1)
    sample.failures_left = 1
    run(host, "failing")
    waiting(host)
    assert host.client.purge_by(host.now() + timedelta(seconds=1)) == 0
    assert host.client.purge_by(LONG_AGO, None, ["Failed", "Nonsense", "Running"]) == 1
    assert host.client.purge_by(LONG_AGO, None, ["Completed", "Failed", "Terminated"]) == 1
    assert host.status("one") is not None


@pytest.mark.parametrize("statuses", [[], ["Nonsense"], ["failed"], ["Running"]])
def test_a_purge_without_a_finished_status_takes_running_instances_and_entities_too(
    host: OrchestrationTestHost, sample: SampleApp, statuses: list[str]
) -> None:
    run(host, "sequence", 1)
    waiting(host)
    assert host.client.purge_by(LONG_AGO, None, statuses) == 2
    assert host.status("one") is None


def test_restart_runs_the_same_input_under_a_new_id(host: OrchestrationTestHost) -> None:
    first = run(host, "sequence", 7)["instanceId"]
    second = host.client.restart(first)
    host.wait_quiescent()
    assert second != first
    assert status(host, second)["output"] == [7, 7]


def test_restart_can_keep_the_id_of_a_finished_instance_only(host: OrchestrationTestHost) -> None:
    first = run(host, "sequence", 7)["instanceId"]
    assert host.client.restart(first, new_id=False) == first
    waiting(host)
    with pytest.raises(RestartRefused):
        host.client.restart("one", new_id=False)
    with pytest.raises(NothingToRestart, match="No instance with ID 'nobody' was found"):
        host.client.restart("nobody")


def test_rewind_runs_the_failed_activity_again(host: OrchestrationTestHost, sample: SampleApp) -> None:
    sample.failures_left = 1
    failed = run(host, "failing")["instanceId"]
    host.client.rewind(failed, "fixed")
    host.wait_quiescent()
    assert status(host, failed)["runtimeStatus"] == "Completed"
    assert sample.calls == [1, 1]


def test_rewind_goes_on_with_the_failed_child(host: OrchestrationTestHost, sample: SampleApp) -> None:
    sample.failures_left = 1
    host.start("strict_parent", "failing", "p")
    host.wait_quiescent()
    host.client.rewind("p")
    host.wait_quiescent()
    assert [status(host, one)["runtimeStatus"] for one in ("the-child", "p")] == ["Completed", "Completed"]


def listed(host: OrchestrationTestHost, **conditions: Any) -> list[str]:
    """Ids on the first page of a query."""
    return [found["instanceId"] for found in host.client.list(InstanceQuery(**conditions))[0]]


def test_instances_are_listed_by_id_prefix_and_status(host: OrchestrationTestHost) -> None:
    for instance_id in ("doc-b", "doc-a", "other"):
        host.start("sequence", 1, instance_id)
        host.advance(timedelta(minutes=1))
    waiting(host, "doc-%")
    assert listed(host) == ["doc-%", "doc-a", "doc-b", "other"]
    assert listed(host, instance_id_prefix="doc-") == ["doc-%", "doc-a", "doc-b"]
    assert listed(host, statuses=["Running", "running", "nonsense"]) == ["doc-%"]
    start = datetime(2024, 1, 1, tzinfo=UTC)
    window = {"created_from": start + timedelta(minutes=1), "created_to": start + timedelta(minutes=2)}
    assert listed(host, **window) == ["doc-a", "other"]


def test_people_list_instances_newest_first_and_by_the_beginning_of_the_name(host: OrchestrationTestHost) -> None:
    for number in range(5):
        host.start("sequence", number, f"i{number}")
        host.advance(timedelta(minutes=1))
    waiting(host, "other")
    query = InstanceQuery(name_prefix="SEQ", newest_first=True, top=3)
    first, token = host.client.list(query)
    rest, end = host.client.list(replace(query, continuation_token=token))
    assert [found["instanceId"] for found in first + rest] == ["i4", "i3", "i2", "i1", "i0"]
    assert end is None
    assert listed(host, name_prefix="s%") == listed(host, name_prefix="_equence") == []


def test_pages_follow_each_other_without_gap_or_repetition(host: OrchestrationTestHost) -> None:
    for number in range(7):
        host.start("sequence", number, f"i{number}")
    pages: list[int] = []
    seen: list[str] = []
    token = None
    while True:
        page, token = host.client.list(InstanceQuery(top=3, continuation_token=token, show_input=False))
        pages.append(len(page))
        seen.extend(found["instanceId"] for found in page)
        if token is None:
            break
    assert pages == [3, 3, 1]
    assert sorted(seen) == [f"i{number}" for number in range(7)]


@pytest.mark.parametrize("conditions", [{"top": -1}, {"continuation_token": "nonsense"}])
def test_a_wrong_page_is_refused(host: OrchestrationTestHost, conditions: dict[str, Any]) -> None:
    with pytest.raises(RequestRefused):
        host.client.list(InstanceQuery(**conditions))


def test_an_instance_of_a_newer_version_waits_for_a_newer_host(make_host: HostMaker) -> None:
    host = make_host(EngineOptions(default_version="1.2"))
    host.client.start("sequence", "new", version="1.10")
    host.client.start("sequence", "old", version="1.1")
    host.wait_quiescent()
    assert status(host, "new")["runtimeStatus"] == "Pending"
    assert status(host, "old")["runtimeStatus"] == "Completed"


def test_a_version_mismatch_fails_the_instance_if_host_json_says_so(make_host: HostMaker) -> None:
    host = make_host(EngineOptions(default_version="1.2", version_failure_strategy="Fail"))
    host.client.start("sequence", "new", version="2.0")
    host.wait_quiescent()
    assert status(host, "new")["runtimeStatus"] == "Failed"
    assert "VersionMismatch" in status(host, "new")["output"]
