"""What a commit has made ready to be worked on."""

from collections.abc import Iterable
from dataclasses import dataclass, field


@dataclass
class Wakeups:
    """Keys for the dispatcher, collected inside a transaction and handed over after its commit.

    Attributes:
        instances: ids of instances with new messages.
        activities: work item ids of new activities.
        entities: ids of entities with new operations.
        has_new_timers: the next due time may have changed.
    """

    instances: set[str] = field(default_factory=set)
    activities: list[int] = field(default_factory=list)
    entities: set[str] = field(default_factory=set)
    has_new_timers: bool = False

    @classmethod
    def of_instances(cls, instance_ids: Iterable[str]) -> "Wakeups":
        """Return wake-ups of instances only."""
        return cls(instances=set(instance_ids))
