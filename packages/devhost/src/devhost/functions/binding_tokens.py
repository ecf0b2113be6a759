"""The ``{tokens}`` of queue names and blob paths, filled from what triggered the function."""

import re
import uuid
from collections.abc import Collection, Mapping
from datetime import UTC, datetime
from typing import Any

from devhost.engine.functions import FunctionFailed

_TOKEN = re.compile(r"\{([^{}]*)\}")
_DEFAULT_DATE_FORMAT = "yyyy-MM-ddTHH-mm-ssZ"
# .NET's custom date formats, as far as paths use them.
_DATE_PARTS = {
    "yyyy": "%Y", "yy": "%y", "MM": "%m", "dd": "%d", "HH": "%H", "hh": "%I", "mm": "%M", "ss": "%S", "tt": "%p",
}  # fmt: skip
_DATE_PART = re.compile("|".join(_DATE_PARTS))
_GUID_FORMS = {"": "{}", "D": "{}", "N": "{}", "B": "{{{}}}", "P": "({})"}


def has_tokens(text: str) -> bool:
    """Whether a text holds a token, and so is known only when the function is triggered."""
    return bool(_TOKEN.search(text))


def unknown_tokens(text: str, given: Collection[str]) -> list[str]:
    """The tokens of a text that are neither built in nor given, ``{a.b}`` by its first part."""
    known = {name.lower() for name in given}
    tokens = [token.strip() for token in _TOKEN.findall(text)]
    return [token for token in tokens if _built_in(token, "") is None and token.split(".")[0].lower() not in known]


def resolve_tokens(template: str, data: Mapping[str, Any], function_name: str = "") -> str:
    """Fill in the tokens of a name or path.

    Args:
        template: Such as ``results/{name}-{rand-guid}.json``.
        data: What the trigger gives. Names compare case-insensitively; ``{a.b}`` looks into an object.
        function_name: For ``{sys.methodname}``.

    Raises:
        FunctionFailed: A token the trigger gives no value for; the text lists those it gives.
    """

    def value_of(match: re.Match[str]) -> str:
        token = match[1].strip()
        value = _built_in(token, function_name)
        if value is None:
            value = _look_up(token, data)
        if value is None:
            raise FunctionFailed("BindingError", _unknown(token, template, data))
        return value

    return _TOKEN.sub(value_of, template)


def _built_in(token: str, function_name: str) -> str | None:
    name, _, form = token.partition(":")
    match name.lower():
        case "rand-guid" | "sys.randguid":
            identifier = uuid.uuid4()
            text = identifier.hex if form.upper() == "N" else str(identifier)
            return _GUID_FORMS.get(form.upper(), "{}").format(text)
        case "datetime" | "sys.utcnow":
            pattern = _DATE_PART.sub(lambda part: _DATE_PARTS[part[0]], form or _DEFAULT_DATE_FORMAT)
            return datetime.now(UTC).strftime(pattern)
        case "sys.methodname":
            return function_name
    return None


def _look_up(token: str, data: Mapping[str, Any]) -> str | None:
    found: Any = data
    for name in token.split("."):
        if not isinstance(found, Mapping):
            return None
        found = next((value for key, value in found.items() if key.lower() == name.lower()), None)
    if isinstance(found, bool):
        return "true" if found else "false"
    return str(found) if isinstance(found, str | int | float) else None


def _unknown(token: str, template: str, data: Mapping[str, Any]) -> str:
    known = ", ".join(f"{{{name}}}" for name in data) or "none"
    return (
        f'"{template}" needs a value for {{{token}}}, which this trigger did not give. It gave: {known}. '
        "Use one of these, {rand-guid} or {datetime}."
    )
