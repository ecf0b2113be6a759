"""What a commit has made ready to be worked on, and what an activity's work item holds."""

from collections.abc import Iterable
from dataclasses import dataclass, field


@dataclass(slots=True)
class ActivityWork:
    """One activity to be run; ``input`` is JSON text or None."""

    work_id: int
    instance_id: str
    execution_id: str
    task_id: int
    name: str
    input: str | None


@dataclass
class Wakeups:
    """Keys for the dispatcher, collected inside a transaction and handed over after its commit.

    Attributes:
        instances: ids of instances with new messages.
        activities: work item ids of new activities.
        activity_works: those of them whose content is known, so that it need not be read again.
        entities: ids of entities with new operations.
        has_new_timers: the next due time may have changed.
    """

    instances: set[str] = field(default_factory=set)
    activities: list[int] = field(default_factory=list)
    activity_works: list[ActivityWork] = field(default_factory=list)
    entities: set[str] = field(default_factory=set)
    has_new_timers: bool = False

    @classmethod
    def of_instances(cls, instance_ids: Iterable[str]) -> "Wakeups":
        """Return wake-ups of instances only."""
        return cls(instances=set(instance_ids))

    def add_activity(self, work: ActivityWork) -> None:
        """Note a new activity."""
        self.activities.append(work.work_id)
        self.activity_works.append(work)
