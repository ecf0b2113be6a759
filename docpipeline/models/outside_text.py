"""Text from outside: it is made well-formed, kept short, and compared as people read it."""

import re
import unicodedata
from dataclasses import dataclass
from typing import Any

from pydantic import GetCoreSchemaHandler
from pydantic_core import CoreSchema, core_schema

_SURROGATE = re.compile(r"[\ud800-\udfff]")
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f]")
_NO_LINE = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]")
_NO_COMMENT = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f]")
# Embeddings, overrides and isolates make one text look like another. The marks U+200E, U+200F and U+061C do not,
# and Arabic and Hebrew names hold them.
_NO_NAME = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069\ud800-\udfff]")
# The characters that Unicode calls default-ignorable, unless blank or format characters; and the Braille blank.
_UNSEEN = re.compile(
    "[\u034f\u115f\u1160\u17b4\u17b5\u180b-\u180f\u2065\u2800\u3164\ufe00-\ufe0f\uffa0\ufff0-\ufff8"
    "\U000e0000-\U000e0fff]"
)


def well_formed(value: Any) -> Any:
    """``value`` with all its text, keys included, made such that every store and encoding accepts it.

    Half a surrogate pair, which JSON can hold and UTF-8 cannot, becomes U+FFFD; two halves that stand together
    become the character they encode. Goes through lists, tuples and dicts; other objects stay as they are.
    Raises ValueError when they are nested too deeply.
    """
    try:
        return _mended(value)
    except RecursionError:
        raise ValueError("it is nested too deeply") from None


def _mended(value: Any) -> Any:
    if isinstance(value, str):
        if value.isascii() or not _SURROGATE.search(value):
            return value
        return value.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")
    if isinstance(value, dict):
        return {_mended(key): _mended(held) for key, held in value.items()}
    if isinstance(value, list):
        return [_mended(held) for held in value]
    if isinstance(value, tuple):
        return tuple(_mended(held) for held in value)
    return value


@dataclass(frozen=True)
class AtMost:
    """Marks a short text of a payload, ``Annotated[str, AtMost(100)]``: made one line, and cut to that length."""

    characters: int

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        return core_schema.no_info_after_validator_function(self.cut, handler(source))

    def cut(self, text: str) -> str:
        """The first ``characters`` of ``text``, with a blank for each control character and line break."""
        return _NO_LINE.sub(" ", text[: self.characters])


def without_controls(text: str) -> str:
    """``text`` with a blank for each control character except tabs and line breaks."""
    return _NO_COMMENT.sub(" ", text)


def control_in(text: str) -> str | None:
    """The first control character in ``text`` as ``U+0000``; None when there is none."""
    found = _CONTROL.search(text)
    return _code_point(found) if found else None


def problem_with_name(name: str, most_characters: int) -> str | None:
    """What is wrong with the name of a person or a file, as the end of a sentence; None when it is valid.

    All that real names hold is valid: no-break and ideographic blanks, joiners, soft hyphens, emoji.
    """
    if len(name) > most_characters:
        return f"must have at most {most_characters} characters, and has {len(name)}"
    refused = _NO_NAME.search(name)
    if refused:
        return (
            "must not contain control characters, line breaks, direction overrides or halves of surrogate pairs,"
            f" and holds {_code_point(refused)}"
        )
    return None if folded(name) else "must not be empty or blank"


def folded(name: str) -> str:
    """A form of ``name`` that is the same for names that people take for the same.

    NFKC, case folded, without blanks (a character may be a blank in one font and nothing in another) and without
    invisible characters. Use it only to refuse somebody; to grant something, compare the exact name.
    """
    # Twice, since folding can create text that needs folding again.
    for _ in range(2):
        composed = unicodedata.normalize("NFKC", name).casefold()
        name = "".join(character for character in composed if not _is_unseen(character))
    return name


def _is_unseen(character: str) -> bool:
    invisible = character.isspace() or unicodedata.category(character) in ("Cf", "Cc")
    return invisible or bool(_UNSEEN.match(character))


def _code_point(found: re.Match[str]) -> str:
    return f"U+{ord(found.group()):04X}"
