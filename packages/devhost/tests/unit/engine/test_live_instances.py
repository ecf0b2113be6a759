import json
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from devhost.engine import episode_store
from devhost.engine.episode_store import EpisodeOutcome, Instance
from devhost.engine.events import EventType, event
from devhost.engine.functions import OnResult
from devhost.engine.live_instances import LiveInstances
from devhost.engine.orchestration_runner import OrchestrationRunner
from devhost.engine.transactions import Delivery
from devhost.functions.durable_functions import HostedDurableFunctions
from devhost.testing import OrchestrationTestHost
from tests.unit.engine.sample_app import SampleApp
from tests.unit.engine.test_random_orchestrations import any_program, make_app

NOW = "2024-01-01T00:00:00.000000Z"


@pytest.fixture
def documents(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The SDK's input documents in the test."""
    seen: list[str] = []
    original = HostedDurableFunctions.begin_orchestrator

    def recording(self: HostedDurableFunctions, name: str, context_json: str, on_result: OnResult[str]) -> None:
        seen.append(context_json)
        original(self, name, context_json, on_result)

    monkeypatch.setattr(HostedDurableFunctions, "begin_orchestrator", recording)
    return seen


def run_programs(folder: Path) -> list[str | None]:
    with OrchestrationTestHost([make_app()], folder) as host:
        for seed in range(2000, 2010):
            host.start("program", any_program(seed), f"seed-{seed}")
        host.advance(timedelta(hours=3))
        return [str((host.status(f"seed-{seed}") or {})["runtimeStatus"]) for seed in range(2000, 2010)]


def shape(document: str) -> tuple[str, list[tuple[int, int, bool]]]:
    """The parts of an event that do not depend on times, threads and random ids."""
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
    monkeypatch.setattr(LiveInstances, "find", lambda self, instance_id: None)
    assert set(run_programs(tmp_path)) == {"Completed"}


def test_all_but_the_newest_episode_is_marked_as_played(tmp_path: Path, documents: list[str]) -> None:
    with OrchestrationTestHost(SampleApp().app, tmp_path) as host:
        host.start("sequence", {"quoted": '"\\ ü'}, "one")
        host.wait_quiescent()
    last = shape(documents[-1])
    played = [is_played for _, _, is_played in last[1]]
    kinds = [kind for kind, _, _ in last[1]]
    # What the instance wrote itself is never told to be played, as on Azure.
    assert [kind for kind, is_played in zip(kinds, played, strict=True) if is_played] == [0, 5]
    assert played[-1] is False
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
            host.terminate("one")
            host.wait_quiescent()
            host.client.purge("one")
        host.start("event_or_timeout", 1, "one")
        host.wait_quiescent()
        host.raise_event("one", "go", 7)
        host.wait_quiescent()
        assert (host.status("one") or {})["output"] == ["event", "7"]


def an_instance(instance_id: str, event_count: int = 0) -> Instance:
    history = [event(EventType.ORCHESTRATOR_COMPLETED, NOW) for _ in range(event_count)]
    return Instance(
        instance_id, "execution", "name", None, "Running", None, None, None, NOW, None, 3, history, [], []
    )


def an_outcome(instance: Instance, event_count: int, status: str = "Running") -> EpisodeOutcome:
    events = [event(EventType.ORCHESTRATOR_COMPLETED, NOW) for _ in range(event_count)]
    consumed = [message.sequence for message in instance.messages]
    return EpisodeOutcome(instance, NOW, consumed, events, status)


def a_delivery(sequence: int, execution_id: str | None = "execution") -> Delivery:
    return Delivery("one", execution_id, sequence, event(EventType.EVENT_RAISED, NOW, Name=f"e{sequence}"))


def sequences(live: LiveInstances) -> list[int]:
    instance = live.find("one")
    assert instance is not None
    return [message.sequence for message in instance.messages]


def test_an_instance_is_kept_in_the_version_that_its_commit_made() -> None:
    live, began_as = LiveInstances(), an_instance("one")
    live.add(began_as, 0)
    live.keep(an_outcome(began_as, 2))
    kept = live.find("one")
    assert kept is not None
    assert (kept.execution_id, kept.row_version, len(kept.history)) == ("execution", 4, 2)
    assert len(live.played_texts(kept)) == 2


def test_messages_that_come_during_an_episode_are_there_for_the_next_one() -> None:
    live = LiveInstances()
    live.add(an_instance("one"), 0)
    live.deliver([a_delivery(1), a_delivery(2)])
    began_as = live.find("one")
    assert began_as is not None
    live.deliver([a_delivery(3)])
    live.keep(an_outcome(began_as, 1))
    assert sequences(live) == [3]


def test_a_message_that_was_read_with_its_instance_is_not_taken_twice() -> None:
    live = LiveInstances()
    live.add(an_instance("one"), last_sequence=5)
    live.deliver([a_delivery(5), a_delivery(6), a_delivery(6)])
    assert sequences(live) == [6]


def test_a_message_for_another_execution_shows_that_the_instance_is_another_one() -> None:
    live = LiveInstances()
    live.add(an_instance("one"), 0)
    live.deliver([a_delivery(1, "a new execution")])
    assert live.find("one") is None


def test_the_oldest_are_forgotten_when_there_is_no_room() -> None:
    live = LiveInstances(most_characters=2000)
    for name in ("one", "two", "three"):
        live.add(an_instance(name, 2), 0)
    assert live.find("one") is None
    assert live.find("three") is not None
    live.add(an_instance("long", 60), 0)
    assert live.find("long") is None


def test_an_episode_of_an_instance_that_was_forgotten_meanwhile_leaves_nothing() -> None:
    live, began_as = LiveInstances(), an_instance("one")
    live.add(began_as, 0)
    live.forget("one")
    live.keep(an_outcome(began_as, 2))
    assert live.find("one") is None


def test_what_has_ended_is_forgotten() -> None:
    live, began_as = LiveInstances(), an_instance("one")
    live.add(began_as, 0)
    live.keep(an_outcome(began_as, 2, "Completed"))
    assert live.find("one") is None
