"""What the host itself reads from host.json; the durable engine reads its own part."""

import logging
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any

from devhost.functions.app_settings import read_json_object
from devhost.functions.errors import HostConfigError
from devhost.functions.time_spans import parse_time_span

log = logging.getLogger("devhost.host")

DEFAULT_FUNCTION_TIMEOUT = timedelta(minutes=30)


@dataclass(frozen=True)
class HostConfig:
    """The options of host.json that concern every function.

    Attributes:
        route_prefix: First part of every HTTP route, without slashes; may be empty.
        function_timeout: How long one invocation may take; None is without limit.
        document: The whole of host.json.
    """

    route_prefix: str = "api"
    function_timeout: timedelta | None = DEFAULT_FUNCTION_TIMEOUT
    document: dict[str, Any] = field(default_factory=dict)

    @classmethod
    def read(cls, app_root: Path) -> "HostConfig":
        """Read host.json of the app; an absent file means all defaults, and a warning. Raises HostConfigError."""
        path = app_root / "host.json"
        if path.exists():
            return cls.from_document(read_json_object(path))
        log.warning(
            '%s does not exist, so all defaults hold. Azure needs it: write {"version": "2.0"} in it.', path
        )
        return cls()

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
