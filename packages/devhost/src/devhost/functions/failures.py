"""Turns an exception of a function into the engine's failure, and decides whether the log needs its traceback."""

import sys
import traceback
from pathlib import Path

from devhost.engine.functions import STATE_MARKER, FunctionFailed
from devhost.functions.indexing import ORCHESTRATION_TRIGGER, IndexedFunction


def failure_of(error: BaseException) -> FunctionFailed:
    """Turn an exception into a failure. Its stack omits the first frame, which is the host's own call."""
    user_frames = error.__traceback__.tb_next if error.__traceback__ else None
    stack = "".join(traceback.format_exception(type(error), error, user_frames)).rstrip()
    return FunctionFailed(type(error).__name__, str(error), stack)


def is_outcome(function: IndexedFunction, error: BaseException) -> bool:
    """Whether an orchestrator failed deliberately: with an exception class of the app, or because an activity did.

    The log needs no traceback for those. The engine logs the failed instance in one line, its history holds the
    traceback, and the failure of an activity has been logged already. Any other exception, such as KeyError, is
    probably a mistake in the code, so its traceback is logged.
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
