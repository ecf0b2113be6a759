"""The totals in one shard of the counter."""

import hashlib

from docpipeline.models.payload import Payload

FIELDS = ("pending", "processed", "failed", "rejected", "timedOut")
FINAL_FIELDS = FIELDS[1:]
_MOST_FINISHED = 256
_MOST_NEVER_BEGUN = 2000


def _mark(instance_id: str) -> str:
    return hashlib.sha256(instance_id.encode()).hexdigest()[:16]


class DocumentCounts(Payload):
    """Totals, with the marks that it takes to count every run exactly once.

    ``pending`` is the number of runs in flight. Starts and finishes carry the run's instance id, so that a
    repeated one (a redelivered message, the reconciliation of a terminated instance) changes nothing.
    """

    pending: int = 0
    processed: int = 0
    failed: int = 0
    rejected: int = 0
    timed_out: int = 0
    in_flight: tuple[str, ...] = ()
    """Marks (16 hex digits of a hash) of the runs that are started and not finished."""
    started_before_reset: tuple[str, ...] = ()
    """Marks of the runs that were in flight at a reset: their ends are counted, but ``pending`` is not changed."""
    lately_finished: tuple[str, ...] = ()
    """Marks of the last 256 finished runs, oldest first: a start that arrives after its finish is ignored."""
    never_begun: tuple[str, ...] = ()
    """Marks of the last 2,000 runs that ended without having begun, oldest first; such runs are rare."""

    def increment(self, field: str) -> "DocumentCounts":
        """Add one to ``field``. Raises ValueError when there is no such field."""
        name = _attribute(field)
        return self.model_copy(update={name: getattr(self, name) + 1})

    def start(self, instance_id: str) -> "DocumentCounts":
        """A run begins: ``pending`` +1, unless the run is known already."""
        mark = _mark(instance_id)
        if mark in (*self.in_flight, *self.started_before_reset, *self.lately_finished, *self.never_begun):
            return self
        return self.model_copy(update={"pending": self.pending + 1, "in_flight": (*self.in_flight, mark)})

    def finish(self, instance_id: str, field: str, *, begun: bool = True) -> "DocumentCounts":
        """A started run ends: ``field`` +1 and ``pending`` -1. The end of any other run changes nothing.

        So a repeated end is counted once, however late it comes. A run that has not ``begun`` has no start: its
        end adds to ``field`` only. Raises ValueError when ``field`` is not one of the ends.
        """
        if field not in FINAL_FIELDS:
            raise ValueError(f"a run ends as one of {', '.join(FINAL_FIELDS)}; '{field}' is none of them")
        mark = _mark(instance_id)
        if mark not in (*self.in_flight, *self.started_before_reset):
            return self if begun else self._finish_unbegun(mark, field)
        return self.increment(field).model_copy(
            update={
                "pending": self.pending - (mark in self.in_flight),
                "in_flight": _without(self.in_flight, mark),
                "started_before_reset": _without(self.started_before_reset, mark),
                "lately_finished": (*self.lately_finished, mark)[-_MOST_FINISHED:],
            }
        )

    def _finish_unbegun(self, mark: str, field: str) -> "DocumentCounts":
        if mark in (*self.never_begun, *self.lately_finished):
            return self
        marks = (*self.never_begun, mark)[-_MOST_NEVER_BEGUN:]
        return self.increment(field).model_copy(update={"never_begun": marks})

    def reset(self) -> "DocumentCounts":
        """All totals to zero; runs in flight are counted when they end."""
        in_flight = (*self.started_before_reset, *self.in_flight)
        return DocumentCounts(
            started_before_reset=in_flight, lately_finished=self.lately_finished, never_begun=self.never_begun
        )

    def totals(self) -> dict[str, int]:
        """The five totals under their JSON keys."""
        return {field: getattr(self, _attribute(field)) for field in FIELDS}


def _without(marks: tuple[str, ...], mark: str) -> tuple[str, ...]:
    return tuple(other for other in marks if other != mark)


def _attribute(field: str) -> str:
    if field not in FIELDS:
        raise ValueError(f"the counter has the fields {', '.join(FIELDS)}; '{field}' is none of them")
    return "timed_out" if field == "timedOut" else field


class CounterStart(Payload):
    """Input of the operation ``start``."""

    instance_id: str


class CounterFinish(Payload):
    """Input of the operation ``finish``."""

    instance_id: str
    field: str
    begun: bool = True
    """Whether the run's orchestrator has counted its start."""
