"""What a commit has put into inboxes, so that whoever keeps instances in memory need not read it again."""

from dataclasses import dataclass

from devhost.engine.events import Event


@dataclass(slots=True)
class Delivery:
    """A message that is durable now.

    Attributes:
        instance_id: whose inbox it is in.
        execution_id: the only execution it is for; None for whichever is current.
        sequence: its row; later messages have higher ones.
        event: the event it will be in history.
    """

    instance_id: str
    execution_id: str | None
    sequence: int
    event: Event
