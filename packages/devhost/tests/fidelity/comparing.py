"""Tells two answers apart."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

_LONGEST_SHOWN = 400
_ABSENT = "<absent>"


@dataclass(frozen=True)
class Difference:
    """Where two answers differ, and what each side says there."""

    path: str
    recorded: Any
    found: Any

    def __str__(self) -> str:
        return f"{self.path}\n    recorded {_shown(self.recorded)}\n    found    {_shown(self.found)}"


def differences(recorded: Any, found: Any, path: str = "") -> Iterator[Difference]:
    """Yield where `found` differs from `recorded`; the order of an object's fields counts, too."""
    if type(recorded) is not type(found):
        yield Difference(path, recorded, found)
    elif isinstance(recorded, dict):
        yield from _in_objects(recorded, found, path)
    elif isinstance(recorded, list):
        if len(recorded) != len(found):
            yield Difference(f"{path}.length", _outline(recorded), _outline(found))
        for index, (one, other) in enumerate(zip(recorded, found, strict=False)):
            yield from differences(one, other, f"{path}[{index}]")
    elif recorded != found:
        yield Difference(path, recorded, found)


def _in_objects(recorded: dict[str, Any], found: dict[str, Any], path: str) -> Iterator[Difference]:
    for name in [*recorded, *(name for name in found if name not in recorded)]:
        if name in recorded and name in found:
            yield from differences(recorded[name], found[name], f"{path}.{name}")
        else:
            yield Difference(f"{path}.{name}", recorded.get(name, _ABSENT), found.get(name, _ABSENT))
    if recorded.keys() == found.keys() and list(recorded) != list(found):
        yield Difference(f"{path} (order)", list(recorded), list(found))


def _outline(items: list[Any]) -> list[Any]:
    return [item.get("EventType", item) if isinstance(item, dict) else item for item in items]


def _shown(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False)[:_LONGEST_SHOWN]
