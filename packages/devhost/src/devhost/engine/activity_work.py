"""What an activity's work item holds."""

from dataclasses import dataclass


@dataclass(slots=True)
class ActivityWork:
    """One activity to be run; ``input`` is JSON text or None."""

    work_id: int
    instance_id: str
    execution_id: str
    task_id: int
    name: str
    input: str | None
