"""What the host itself reads from host.json; the durable engine reads its own part.

As in Azure, an app setting ``AzureFunctionsJobHost__extensions__http__routePrefix`` overrides
``extensions.http.routePrefix`` of the file.
"""

import logging
import os
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any

from devhost.functions.app_settings import read_json_object
from devhost.functions.errors import HostConfigError
from devhost.functions.time_spans import parse_time_span

log = logging.getLogger("devhost.host")

DEFAULT_FUNCTION_TIMEOUT = timedelta(minutes=30)
_OVERRIDE_PREFIX = "azurefunctionsjobhost__"
_INTEGER = re.compile(r"-?\d{1,9}")


@dataclass(frozen=True)
class HostConfig:
    """The options of host.json that concern every function.

    Attributes:
        route_prefix: First part of every HTTP route, without slashes; may be empty.
        function_timeout: How long one invocation may take; None is without limit.
        document: The whole of host.json, with the settings that override it.
    """

    route_prefix: str = "api"
    function_timeout: timedelta | None = DEFAULT_FUNCTION_TIMEOUT
    document: dict[str, Any] = field(default_factory=dict)

    @classmethod
    def read(cls, app_root: Path) -> "HostConfig":
        """Read host.json of the app; an absent file means all defaults, and a warning. Raises HostConfigError."""
        path = app_root / "host.json"
        if path.exists():
            document = read_json_object(path)
        else:
            document = {}
            log.warning(
                '%s does not exist, so all defaults hold. Azure needs it: write {"version": "2.0"} in it.', path
            )
        return cls.from_document(overridden(document, os.environ))

    @classmethod
    def from_document(cls, document: dict[str, Any]) -> "HostConfig":
        """Take the host's options from a parsed host.json. Raises HostConfigError."""
        prefix = option(document, "extensions", "http", "routePrefix")
        return cls(
            route_prefix="api" if prefix is None else str(prefix).strip("/"),
            function_timeout=_function_timeout(option(document, "functionTimeout")),
            document=document,
        )


def option(document: Any, *path: str) -> Any:
    """Look up a nested option; names compare case-insensitively, as in the real host. None if absent."""
    for name in path:
        if not isinstance(document, dict):
            return None
        document = next((value for key, value in document.items() if key.lower() == name.lower()), None)
    return document


def overridden(document: Mapping[str, Any], settings: Mapping[str, str]) -> dict[str, Any]:
    """Return a host.json with the app settings that override it; names compare case-insensitively."""
    result = dict(document)
    for name, text in settings.items():
        if name.lower().startswith(_OVERRIDE_PREFIX):
            result = _with_value(result, name[len(_OVERRIDE_PREFIX) :].split("__"), _value_of(text))
    return result


def _with_value(section: Mapping[str, Any], path: list[str], value: Any) -> dict[str, Any]:
    name = next((key for key in section if key.lower() == path[0].lower()), path[0])
    if len(path) > 1:
        inner = section.get(name)
        value = _with_value(inner if isinstance(inner, Mapping) else {}, path[1:], value)
    return {**section, name: value}


def _value_of(text: str) -> Any:
    """The value that JSON would have for a setting's text; a version such as ``1.0`` stays a text."""
    if text.lower() in ("true", "false"):
        return text.lower() == "true"
    return int(text) if _INTEGER.fullmatch(text) else text


def _function_timeout(value: Any) -> timedelta | None:
    if value is None:
        return DEFAULT_FUNCTION_TIMEOUT
    if str(value) == "-1":
        return None
    timeout = parse_time_span(str(value))
    if not timeout:
        raise HostConfigError(
            f'host.json: functionTimeout is "{value}". Give hh:mm:ss, such as "00:30:00", or "-1" for no limit.'
        )
    return timeout
