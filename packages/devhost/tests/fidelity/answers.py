"""Answers without what is different each time: moments, ids, ports, stacks."""

import hashlib
import json
import re
from typing import Any

_LONGEST_TEXT = 6000
_SUBSTITUTES: tuple[tuple[re.Pattern[str], str], ...] = tuple(
    (re.compile(pattern, re.DOTALL), substitute)
    for pattern, substitute in (
        (r"\w{3}, \d\d \w{3} \d{4} [\d:]{8} GMT", "HTTP-DATE"),
        (r"http://(127\.0\.0\.1|localhost):\d+", "HOST"),
        (r"taskHub=\w+&connection=\w+(&code=[\w=%-]+)?", "Q"),
        (r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)(Z|\+00:00)?", r"Tf\2"),
        (r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(Z|\+00:00)?", r"T\1"),
        (r"[0-9a-f]{8}-?[0-9a-f]{4}-?[0-9a-f]{4}-?[0-9a-f]{4}-?[0-9a-f]{12}", "GUID"),
        (r"0x[0-9a-f]+", "0x"),
        # Which functions there are: the app grows.
        (r"are the known (\w+) functions: '.*?'\.", r"are the known \1 functions: ..."),
        # What the worker's process and .NET say of their own code, in texts quoted once, twice or more.
        (r'(\\+nStack: ).*?(?=\\*",\\*"Data)', r"\1-"),
        (r"(\nStack: )Traceback.*$", r"\1-"),
        (r"(, StackTrace: ).*$", r"\1-"),
        (r'(\\*"StackTrace(?:String)?\\*":\\*")(?!,).*?(?=\\*"[,}])', r"\1-"),
        (r"(?:Microsoft[\w.]*\.)?(RpcException, )[\w.]+", r"\1X"),
        (r'(\\*"Source\\*":\\*")(?:DurableExtensionHost|System\.Private\.CoreLib)', r"\1X"),
    )
)


def parsed(text: str) -> Any:
    """Return what a JSON text holds, or the text if it is none."""
    try:
        return json.loads(text)
    except ValueError:
        return text


def settled(value: Any, run: str = "", key: str = "") -> Any:
    """Return an answer in the form in which answers are compared; what is in that form already stays as it is.

    Args:
        value: an answer, or part of one.
        run: what this run's instance ids have that others have not; ``RUN`` is put in its place.
        key: the name under which `value` was found.
    """
    if isinstance(value, dict):
        return {_settled_text(name, run): settled(one, run, name) for name, one in value.items()}
    if isinstance(value, list | tuple):
        return _in_one_order([settled(one, run, key) for one in value], key)
    if key == "StackTrace":
        return "-"
    return _settled_text(value, run) if isinstance(value, str) else value


def _settled_text(text: str, run: str) -> str:
    if run:
        text = text.replace(run, "RUN").replace(run.upper(), "RUN")
    for pattern, substitute in _SUBSTITUTES:
        text = pattern.sub(substitute, text)
    if len(text) < _LONGEST_TEXT:
        return text
    digest = hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:16]
    return f"{text[:60]}... {len(text)} characters, {digest}"


def _in_one_order(items: list[Any], key: str) -> list[Any]:
    """Put the ends of activities that ran side by side into one order: which ended first is chance."""
    if key != "historyEvents":
        return items
    kinds = {"TaskCompleted", "TaskFailed"}
    if any(item.get("EventType") == "TaskFailed" for item in items):
        # Retries side by side: their timers come as their failures do.
        kinds |= {"TimerCreated", "TimerFired"}
    ordered: list[Any] = []
    ends: list[Any] = []
    for item in [*items, None]:
        if item is not None and item.get("EventType") in kinds:
            ends.append(item)
            continue
        ordered += sorted(
            ends, key=lambda end: (end["EventType"], json.dumps(end.get("Result")), str(end.get("Reason")))
        )
        ends = []
        if item is not None:
            ordered.append(item)
    return ordered
