"""The inline constraints of ASP.NET Core route templates, such as ``int`` in ``{id:int}``."""

import re
import uuid
from collections.abc import Callable
from datetime import datetime

from devhost.functions.errors import HostConfigError

Constraint = Callable[[str], bool]

_CONSTRAINT = re.compile(r"(?P<name>\w+)(?:\((?P<arguments>.*)\))?", re.DOTALL)
_DECIMAL = re.compile(r"[+-]?(\d+(\.\d*)?|\.\d+)")
_NUMBER = re.compile(rf"{_DECIMAL.pattern}([eE][+-]?\d+)?")
# Besides ISO 8601: the forms of .NET's invariant culture that plausibly occur in a path.
_DATE_FORMS = [
    f"{date}{time}"
    for date in ("%Y-%m-%d", "%m/%d/%Y", "%m-%d-%Y")
    for time in ("", " %H:%M", " %H:%M:%S", " %I:%M%p", " %I:%M %p")
]


def constraint(text: str) -> Constraint:
    """Build the check for one constraint, ``int`` or ``range(1,9)``. Raises HostConfigError for an unknown one."""
    match = _CONSTRAINT.fullmatch(text)
    name = match["name"].lower() if match else ""
    if name in _PLAIN:
        return _PLAIN[name]
    if match is None or name not in _WITH_ARGUMENTS or match["arguments"] is None:
        known = ", ".join([*_PLAIN, *(f"{with_arguments}(..)" for with_arguments in _WITH_ARGUMENTS)])
        raise HostConfigError(f'The route constraint "{text}" is unknown. Known are {known}.')
    try:
        return _WITH_ARGUMENTS[name](match["arguments"])
    except (ValueError, re.error) as error:
        raise HostConfigError(f'The route constraint "{text}" has unusable arguments: {error}.') from error


def _integer(bits: int) -> Constraint:
    limit = 2 ** (bits - 1)
    return lambda value: bool(re.fullmatch(r"[+-]?\d+", value)) and -limit <= int(value) < limit


def _is_guid(value: str) -> bool:
    try:
        uuid.UUID(value)
    except ValueError:
        return False
    return True


def _is_datetime(value: str) -> bool:
    return _has_date_form(value, None) or any(_has_date_form(value, form) for form in _DATE_FORMS)


def _has_date_form(value: str, form: str | None) -> bool:
    """Whether a text is a date of a form; None is ISO 8601."""
    try:
        datetime.fromisoformat(value) if form is None else datetime.strptime(value, form)
    except ValueError:
        return False
    return True


def _is_decimal(value: str) -> bool:
    return bool(_DECIMAL.fullmatch(value))


def _is_number(value: str) -> bool:
    return bool(_NUMBER.fullmatch(value))


def _bounds(arguments: str) -> tuple[int, int]:
    numbers = [int(number) for number in arguments.split(",")]
    return numbers[0], numbers[-1]


def _within(arguments: str) -> Constraint:
    low, high = _bounds(arguments)
    return lambda value: _integer(64)(value) and low <= int(value) <= high


def _has_length(arguments: str) -> Constraint:
    low, high = _bounds(arguments)
    return lambda value: low <= len(value) <= high


def _at_least(arguments: str) -> Constraint:
    low = int(arguments)
    return lambda value: _integer(64)(value) and int(value) >= low


def _at_most(arguments: str) -> Constraint:
    high = int(arguments)
    return lambda value: _integer(64)(value) and int(value) <= high


def _matches(pattern: str) -> Constraint:
    compiled = re.compile(pattern, re.IGNORECASE)
    return lambda value: bool(compiled.search(value))


def _min_length(arguments: str) -> Constraint:
    length = int(arguments)
    return lambda value: len(value) >= length


def _max_length(arguments: str) -> Constraint:
    length = int(arguments)
    return lambda value: len(value) <= length


_PLAIN: dict[str, Constraint] = {
    "int": _integer(32),
    "long": _integer(64),
    "bool": lambda value: value.lower() in ("true", "false"),
    "guid": _is_guid,
    "alpha": lambda value: bool(re.fullmatch(r"[A-Za-z]*", value)),
    "decimal": _is_decimal,
    "double": _is_number,
    "float": _is_number,
    "datetime": _is_datetime,
    "required": lambda value: bool(value.strip()),
}
_WITH_ARGUMENTS: dict[str, Callable[[str], Constraint]] = {
    "min": _at_least,
    "max": _at_most,
    "range": _within,
    "length": _has_length,
    "minlength": _min_length,
    "maxlength": _max_length,
    "regex": _matches,
}
