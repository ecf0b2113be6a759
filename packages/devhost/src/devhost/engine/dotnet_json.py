"""What .NET's JSON reader makes of values on their way through the Durable extension.

It takes names that begin with a dollar sign for its own marks, and refuses what is nested too deeply.
"""

import json
from typing import Any

_DEEPEST = 64
_BEGINNINGS = ("{", "[")
_DROPPED = ("$type", "$id")


class Unreadable(Exception):
    """The extension's JSON reader refuses a value; the text is its own."""


def read_output(text: str) -> str:
    """Return an orchestrator's output, JSON text, as the extension takes it. Raises Unreadable."""
    if text.count("[") + text.count("{") >= _DEEPEST:
        _check_depth(json.loads(text), "output", 2)
    if '"$' not in text:
        return text
    return json.dumps(_without_marks(json.loads(text), "output", ""))


def read_result(text: str) -> str:
    """Return an activity's result, JSON text, as the extension writes it: without blanks. Raises Unreadable."""
    if text[:1] not in _BEGINNINGS:
        return text
    value = json.loads(text)
    if '"$' in text:
        value = _without_marks(value, "", text)
    return json.dumps(value, separators=(",", ":"), ensure_ascii=False)


def _check_depth(value: Any, path: str, depth: int) -> None:
    if not isinstance(value, dict | list):
        return
    if depth > _DEEPEST:
        raise Unreadable(f"The reader's MaxDepth of {_DEEPEST} has been exceeded. Path '{path}'.")
    named = value.items() if isinstance(value, dict) else enumerate(value)
    for name, inner in named:
        _check_depth(inner, f"{path}[{name}]" if isinstance(value, list) else f"{path}.{name}", depth + 1)


def _without_marks(value: Any, path: str, text: str) -> Any:
    if isinstance(value, list):
        return [_without_marks(inner, f"{path}[{index}]", text) for index, inner in enumerate(value)]
    if not isinstance(value, dict):
        return value
    names = list(value)
    if names[:1] == ["$ref"] and len(names) > 1:
        raise Unreadable(
            "Additional content found in JSON reference object. A JSON reference object should only have a $ref "
            f"property. Path '{_inside(path, names[1])}'{_position(text, names[1])}."
        )
    # Marks come first; further on they are names like others.
    while names and names[0] in _DROPPED:
        del names[0]
    return {name: _without_marks(value[name], _inside(path, name), text) for name in names}


def _inside(path: str, name: str) -> str:
    return f"{path}.{name}" if path else name


def _position(text: str, name: str) -> str:
    """Where the reader stood, after the colon; nothing for a value that it had in memory already."""
    if not text:
        return ""
    return f", line 1, position {text.index(':', text.index(json.dumps(name))) + 1}"
