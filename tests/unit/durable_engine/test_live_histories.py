import json
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from devhost.durable_engine import episode_store
from devhost.durable_engine.episode_store import Instance, Outcome
from devhost.durable_engine.events import EventType, event
from devhost.durable_engine.live_histories import LiveHistories
from devhost.durable_engine.orchestration_runner import OrchestrationRunner
from devhost.functions_host.durable_functions import HostedDurableFunctions
from devhost.testing import OrchestrationTestHost
from tests.unit.durable_engine.sample_app import SampleApp
from tests.unit.durable_engine.test_random_orchestrations import any_program, make_app

NOW = "2024-01-01T00:00:00.000000Z"


@pytest.fixture
def documents(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What the SDK is given in the test."""
    seen: list[str] = []
    original = HostedDurableFunctions.run_orchestrator

    def recording(self: HostedDurableFunctions, name: str, context_json: str) -> str:
        seen.append(context_json)
        return original(self, name, context_json)

    monkeypatch.setattr(HostedDurableFunctions, "run_orchestrator", recording)
    return seen


def run_programs(folder: Path) -> list[str | None]:
    with OrchestrationTestHost([make_app()], folder) as host:
        for seed in range(2000, 2010):
            host.start("program", any_program(seed), f"seed-{seed}")
        host.advance(timedelta(hours=3))
        return [str((host.status(f"seed-{seed}") or {})["runtimeStatus"]) for seed in range(2000, 2010)]


def shape(document: str) -> tuple[str, list[tuple[int, int, bool]]]:
    """What must not depend on times, threads and random ids."""
    parsed = json.loads(document)
    events = parsed["history"]
    return parsed["instanceId"], [(e["EventType"], e["EventId"], e["IsPlayed"]) for e in events]


def test_a_remembered_history_is_the_one_in_the_database(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    compared = []
    original = OrchestrationRunner._load

    def both(self: OrchestrationRunner, instance_id: str) -> episode_store.Instance | None:
        instance = original(self, instance_id)
        if instance is not None and instance.history:
            with self._database.reading() as snapshot:
                stored = episode_store.load(snapshot, instance_id)
            assert stored is not None
            # More messages may have come in between.
            assert replace(stored, messages=[]) == replace(instance, messages=[])
            assert stored.messages[: len(instance.messages)] == instance.messages
            compared.append(instance_id)
        return instance

    monkeypatch.setattr(OrchestrationRunner, "_load", both)
    assert set(run_programs(tmp_path)) == {"Completed"}
    assert len(compared) > 20


def test_without_memory_everything_ends_alike(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(LiveHistories, "find", lambda self, instance_id: None)
    assert set(run_programs(tmp_path)) == {"Completed"}


def test_all_but_the_newest_episode_is_marked_as_played(tmp_path: Path, documents: list[str]) -> None:
    with OrchestrationTestHost(SampleApp().app, tmp_path) as host:
        host.start("sequence", {"quoted": '"\\ ü'}, "one")
        host.wait_quiescent()
    last = shape(documents[-1])
    played = [is_played for _, _, is_played in last[1]]
    assert played == sorted(played, reverse=True)
    assert played.count(False) == 2  # OrchestratorStarted and the completion
    assert json.loads(documents[-1])["input"] == json.dumps({"quoted": '"\\ ü'})


def test_a_rewound_instance_is_not_replayed_from_memory(tmp_path: Path) -> None:
    sample = SampleApp()
    sample.failures_left = 1
    with OrchestrationTestHost(sample.app, tmp_path) as host:
        host.start("failing", None, "one")
        host.wait_quiescent()
        host.client.rewind("one", "again")
        host.wait_quiescent()
        assert (host.status("one") or {})["runtimeStatus"] == "Completed"


def test_a_purged_and_restarted_instance_has_a_history_of_its_own(tmp_path: Path) -> None:
    with OrchestrationTestHost(SampleApp().app, tmp_path) as host:
        for _ in range(3):
            host.start("event_or_timeout", 1, "one")
            host.wait_quiescent()
            host.client.purge("one")
        host.start("event_or_timeout", 1, "one")
        host.wait_quiescent()
        host.raise_event("one", "go", 7)
        host.wait_quiescent()
        assert (host.status("one") or {})["output"] == ["event", "7"]


def an_outcome(instance_id: str, event_count: int, status: str = "Running") -> Outcome:
    instance = Instance(
        instance_id, "execution", "name", None, "Running", None, None, None, NOW, None, 3, [], [], []
    )
    events = [event(EventType.ORCHESTRATOR_COMPLETED, NOW) for _ in range(event_count)]
    return Outcome(instance, NOW, [], events, status)


def test_a_history_is_kept_for_the_version_its_commit_made() -> None:
    histories = LiveHistories()
    histories.keep(an_outcome("one", 2), [])
    kept = histories.find("one")
    assert kept is not None
    assert (kept.instance.execution_id, kept.instance.row_version, len(kept.instance.history)) == (
        "execution",
        4,
        2,
    )
    assert json.loads(kept.played_texts[0])["IsPlayed"] is True


def test_the_oldest_are_forgotten_when_there_is_no_room() -> None:
    histories = LiveHistories(most_events=5)
    for name in ("one", "two", "three"):
        histories.keep(an_outcome(name, 2), [])
    assert histories.find("one") is None
    assert histories.find("three") is not None
    histories.keep(an_outcome("long", 6), [])
    assert histories.find("long") is None


def test_what_has_ended_is_forgotten() -> None:
    histories = LiveHistories()
    histories.keep(an_outcome("one", 2), [])
    histories.keep(an_outcome("one", 2, "Completed"), [])
    assert histories.find("one") is None
