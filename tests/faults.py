"""The faults that the emulators inject, as tests name them. mypy checks names and types."""

from typing import Literal, TypedDict

EmulatedService = Literal["documentIntelligence", "compliance", "notifications"]


class FaultFields(TypedDict, total=False):
    """The fields of a fault beside its service. `emulators.faults` says what each does."""

    on: Literal["submit", "poll"]
    status: int
    body: str
    delaySeconds: float
    retryAfterSeconds: float
    failOperation: bool
    count: int
