"""Results that the engine delivers to a call that they do not belong to.

On Azure Storage the messages of an episode are sent before its history is written. If the storage account fails
in between, or another instance of the app takes the partition over, the episode is run again, possibly on other
events. Then it may schedule another activity, or another timer, under the same number; and whatever ends first
under that number is taken for its end. Seen on DurableTask.AzureStorage 2.11.2 when its account did not answer for
15 s.
"""

import re
from typing import Any

RESULT_OF = "activity"
"""The key by which a result says which activity it is of."""

_FAILURE = re.compile(r"Activity function '([^']*)' failed: ")


class ForeignResult(Exception):
    """A call was given the result of another activity, and its own will never come."""


def own_result(result: Any, activity: str) -> Any:
    """``result``, unless it says that it is of another activity. Raises ForeignResult."""
    named = result.get(RESULT_OF, activity) if isinstance(result, dict) else activity
    if named != activity:
        raise ForeignResult(named)
    return result


def is_foreign(failure: Exception, activity: str) -> bool:
    """Whether what a call was given, or raised with, is of another activity."""
    named = _FAILURE.match(str(failure))
    return isinstance(failure, ForeignResult) or (named is not None and named[1] != activity)
