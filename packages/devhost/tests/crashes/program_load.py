"""A load of random programs that run all at once."""

import json
from collections import Counter
from collections.abc import Iterator, Mapping
from functools import partial

import azure.durable_functions as df

from devhost.engine.errors import InstanceFinished
from tests.crashes.journal import Journal
from tests.crashes.lives import Ends, Life
from tests.crashes.random_programs import Program, expectation_of, make_app

MOST_ROUNDS = 200
FINISHED = ("Completed", "Failed", "Terminated")


class ProgramLoad:
    """Random programs, the events that they wait for, and a signal by the client for each.

    Args:
        programs: by instance id.
    """

    def __init__(self, programs: Mapping[str, Program]) -> None:
        self.programs = programs
        self._expected = {
            instance_id: expectation_of(instance_id, programs[instance_id]) for instance_id in programs
        }

    @property
    def expected_ends(self) -> Ends:
        """Expected outcome of the programs."""
        instances = {
            instance_id: [expected.status, expected.output, expected.custom_status]
            for instance_id, expected in self._expected.items()
        }
        tally = sorted(path for expected in self._expected.values() for path in expected.additions)
        return {"instances": instances, "tally": tally}

    @property
    def least_runs(self) -> Counter[str]:
        """Least number of runs of each activity."""
        return sum((expected.runs for expected in self._expected.values()), Counter[str]())

    def make_app(self, activity_runs: Journal) -> df.Blueprint:
        """The app that runs programs."""
        return make_app(activity_runs)

    def work(self, life: Life) -> Ends:
        """Start all instances, signal the tally, then pass time and raise events until all have ended."""
        for instance_id in self.programs:
            life.once(f"started {instance_id}", partial(self._start, life, instance_id))
            life.add_once(instance_id)
        for _ in range(MOST_ROUNDS):
            life.engine.wait_quiescent()
            unfinished = list(self._unfinished(life))
            if not unfinished:
                return life.ends(self.programs)
            for instance_id, step in unfinished:
                self._raise_events(life, instance_id, step)
            life.jump()
        raise AssertionError(f"Still unfinished after {MOST_ROUNDS} rounds: {list(self._unfinished(life))}")

    def _start(self, life: Life, instance_id: str) -> None:
        # An earlier life may have accepted this start without answering it; it must not be repeated.
        if life.engine.client.status(instance_id) is None:
            payload = {"program": self.programs[instance_id], "at": 0, "seen": []}
            life.engine.client.start("program", instance_id, json.dumps(json.dumps(payload)))

    def _unfinished(self, life: Life) -> Iterator[tuple[str, str]]:
        """The instances that have not ended, each with its current step."""
        for instance_id in self.programs:
            status = life.engine.client.status(instance_id)
            assert status is not None, f"{instance_id} is lost, though its start was answered"
            if status["runtimeStatus"] not in FINISHED:
                yield instance_id, str(status["customStatus"])

    def _raise_events(self, life: Life, instance_id: str, step: str) -> None:
        """Raise a step's events. An event that was accepted is not raised again, so a lost one shows."""
        for name in self._expected[instance_id].event_names:
            if f"{name}.".startswith(f"{step}."):
                ask = partial(life.engine.client.raise_event, instance_id, name, json.dumps(name))
                try:
                    life.once(f"raised {name}", ask)
                except InstanceFinished:
                    return
