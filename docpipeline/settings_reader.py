"""Reading single settings. Each problem is a sentence that names the setting, its form and the remedy."""

import math
import re
from collections.abc import Mapping
from datetime import timedelta
from urllib.parse import urlsplit

_WHERE = "under Values in local.settings.json or in the function app's settings"
_LOOPBACK = {"localhost", "127.0.0.1", "::1"}
_FLAGS = {"true": True, "1": True, "yes": True, "false": False, "0": False, "no": False}


class SettingsReader:
    """Reads settings and collects what is wrong with them, so that all problems are reported together.

    A wrong setting reads as its default (or as an empty string), and ``problems`` gets one more sentence. Values
    that may be secret are never repeated in a sentence.
    """

    def __init__(self, environ: Mapping[str, str]) -> None:
        self._environ = environ
        self.problems: list[str] = []

    def text(self, name: str) -> str | None:
        """The setting without surrounding blanks; None when it is missing or empty."""
        return self._environ.get(name, "").strip() or None

    def complain(self, problem: str) -> None:
        """Add a problem."""
        self.problems.append(problem)

    def require(self, name: str, meaning: str) -> str:
        """A setting that is required; ``meaning`` says what to give."""
        value = self.text(name)
        if value is None:
            self.complain(f"{name} is not set. Give {meaning}, {_WHERE}.")
        return value or ""

    def matching(self, name: str, default: str, pattern: str, form: str) -> str:
        """A setting that must match ``pattern``; ``form`` describes it, as the end of "must be ..."."""
        value = self.text(name) or default
        if re.fullmatch(pattern, value):
            return value
        self.complain(f"{name} must be {form}, and is '{value}'. Correct it, or remove it to get '{default}'.")
        return default

    def number(self, name: str, default: float, low: float, high: float, unit: str = "") -> float:
        """A number from ``low`` to ``high`` (both inclusive), decimals allowed."""
        value = self.text(name)
        if value is None:
            return default
        parsed = _as_float(value)
        if parsed is not None and low <= parsed <= high:
            return parsed
        self._complain_of_number(name, value, f"a number{unit} from {low:g} to {high:g}", default)
        return default

    def whole(self, name: str, default: int, low: int, high: int) -> int:
        """A whole number from ``low`` to ``high`` (both inclusive)."""
        value = self.text(name)
        if value is None:
            return default
        if re.fullmatch(r"\d{1,9}", value, re.ASCII) and low <= int(value) <= high:
            return int(value)
        self._complain_of_number(name, value, f"a whole number from {low} to {high}", default)
        return default

    def duration(self, name: str, default: float, unit: timedelta, low: float, high: float) -> timedelta:
        """A duration given as a number of ``unit`` (minutes or hours)."""
        words = " of hours" if unit == timedelta(hours=1) else " of minutes"
        return self.number(name, default, low, high, words) * unit

    def flag(self, name: str, default: bool) -> bool:
        """``true`` or ``false``, whatever the case."""
        value = self.text(name)
        if value is None:
            return default
        if value.lower() in _FLAGS:
            return _FLAGS[value.lower()]
        self.complain(f"{name} must be true or false, and is '{value}'. Correct it, or remove it.")
        return default

    def endpoint(self, name: str, meaning: str) -> str:
        """A base URL that is required, without trailing slashes."""
        value = self.require(name, meaning)
        if value:
            self.check_url(name, value)
        return value.rstrip("/")

    def check_url(self, name: str, value: str) -> None:
        """Add a problem unless ``value`` is an https URL, or an http URL of this machine. Does not repeat it."""
        if not is_acceptable_url(value):
            self.complain(
                f"{name} must be an absolute https:// URL without user name or password (http:// is accepted for"
                f" this machine only: 127.0.0.1, localhost). Correct it, {_WHERE}."
            )

    def _complain_of_number(self, name: str, value: str, form: str, default: float) -> None:
        self.complain(f"{name} must be {form}, and is '{value}'. Correct it, or remove it to get {default:g}.")


def _as_float(value: str) -> float | None:
    try:
        parsed = float(value)
    except ValueError:
        return None
    return parsed if math.isfinite(parsed) else None


def is_acceptable_url(value: str) -> bool:
    """Whether ``value`` is an absolute https URL, or an http URL of this machine, without user info."""
    try:
        parts = urlsplit(value)
        host, _ = parts.hostname, parts.port
    except ValueError:
        return False
    if not host or "@" in parts.netloc or "\\" in value or re.search(r"\s", value):
        return False
    return parts.scheme == "https" or (parts.scheme == "http" and host in _LOOPBACK)
