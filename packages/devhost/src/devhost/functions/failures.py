"""What a function raised, as the engine takes it; and whether the log needs its traceback."""

import sys
import traceback
from pathlib import Path

from devhost.engine.functions import STATE_MARKER, FunctionFailed
from devhost.functions.indexing import ORCHESTRATION_TRIGGER, IndexedFunction


def failure_of(error: BaseException) -> FunctionFailed:
    """The failure that an exception means; the first frame of its traceback, the host's own call, is left out."""
    user_frames = error.__traceback__.tb_next if error.__traceback__ else None
    stack = "".join(traceback.format_exception(type(error), error, user_frames)).rstrip()
    return FunctionFailed(type(error).__name__, str(error), stack)


def is_outcome(function: IndexedFunction, error: BaseException) -> bool:
    """Whether an orchestrator ended with an exception of its app's own, or of an activity.

    The engine tells of an instance that failed in one line, its history holds the traceback, and an activity's own
    failure is in the log already. Anything else that is raised, such as KeyError, nobody meant to raise.
    """
    if function.trigger_type != ORCHESTRATION_TRIGGER or STATE_MARKER not in str(error):
        return False
    # The SDK raises an exception of its own from the one that the orchestrator raised.
    kind = type(error.__cause__)
    # The failure of an activity, and of a child, arrives as a bare Exception.
    return kind is Exception or _is_of_app(kind, function.directory)


def _is_of_app(kind: type, app: Path) -> bool:
    file = getattr(sys.modules.get(kind.__module__), "__file__", None)
    # An app's virtual environment often lies in its folder.
    return file is not None and Path(file).is_relative_to(app) and "site-packages" not in Path(file).parts
