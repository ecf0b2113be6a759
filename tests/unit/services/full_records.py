"""Records with everything in them at its longest, by the bounds that the models themselves state."""

from collections.abc import Sequence
from datetime import UTC, datetime
from enum import Enum
from types import NoneType
from typing import Annotated, Any, TypeVar, get_args, get_origin, get_type_hints

from pydantic import AwareDatetime

from docpipeline.models.outside_text import AtMost
from docpipeline.models.payload import Payload
from triggers.submissions import DocumentReference

NOW = datetime(2026, 5, 4, 9, 0, 0, 123456, tzinfo=UTC)
# Quotation marks and emoji are what a name or a comment may hold that takes most room: two units each.
LONG_CHARACTER = "𝄞"
EXAMPLES: dict[object, object] = {
    AwareDatetime: NOW, datetime: NOW, bool: False, int: 10**9, float: 0.12345678901234567
}  # fmt: skip

Model = TypeVar("Model", bound=Payload)


def fullest(model: type[Model], **given: object) -> Model:
    """An instance with every key at its longest, by the model's own bounds. Fails where there is none."""
    hints = get_type_hints(model, include_extras=True)
    filled = {
        name: longest(f"{model.__name__}.{name}", hint, field.metadata)
        for (name, field), hint in ((item, hints[item[0]]) for item in model.model_fields.items())
        if name not in given
    }
    return model(**filled, **given)


def longest(name: str, hint: Any, marks: Sequence[object]) -> object:
    """The longest value of a type whose bound is in ``marks`` or in the type itself."""
    if get_origin(hint) is Annotated:
        hint, *more = get_args(hint)
        marks = [*marks, *more]
    options = [option for option in get_args(hint) if option is not NoneType]
    if NoneType in get_args(hint):
        return longest(name, options[0], marks)
    if hint in EXAMPLES:
        return EXAMPLES[hint]
    if isinstance(hint, type) and issubclass(hint, Enum):
        return max(hint, key=lambda member: len(member.value))
    if isinstance(hint, type) and issubclass(hint, Payload):
        return fullest(hint)
    bound = bound_in(marks)
    assert bound, f"{name} has no bound: what comes from outside could make its record too big to be stored"
    return LONG_CHARACTER * bound if hint is str else [longest(name, options[0], []) for _ in range(bound)]


def bound_in(marks: Sequence[object]) -> int | None:
    for mark in marks:
        if isinstance(mark, AtMost):
            return mark.characters
        for one in (mark, *getattr(mark, "metadata", ())):
            if getattr(one, "max_length", None):
                return int(one.max_length)
    return None


def accepted(metadata: object) -> dict[str, str] | None:
    """The metadata as the API takes it in. Raises InvalidRequest."""
    given = {"blobUrl": "https://a/b/c", "userId": "ann", "metadata": metadata}
    return DocumentReference.from_payload(given).metadata
