"""What an activity returns, with the key that says which activity it is of."""

from typing import Any

from docpipeline.models.foreign_results import RESULT_OF


def result_of(activity: str, payload: dict[str, Any] | None = None) -> dict[str, Any]:
    """The result of an activity that returns this payload; default: nothing."""
    return {**(payload or {}), RESULT_OF: activity}
