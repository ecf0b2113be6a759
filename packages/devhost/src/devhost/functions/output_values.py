"""What a function's output parameters receive, and what is in them when it has ended."""

from typing import Any

import azure.functions as func


class OutValue(func.Out[Any]):
    """A ``func.Out``: holds what the function sets, None if it sets nothing."""

    def __init__(self) -> None:
        self._value: Any = None

    def set(self, val: Any) -> None:
        """Keep a value; the last one counts."""
        self._value = val

    def get(self) -> Any:
        """Return the value kept, or None."""
        return self._value
