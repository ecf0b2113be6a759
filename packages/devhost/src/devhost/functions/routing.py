"""Finds the HTTP function for a request: the first registered one whose route and methods match."""

from collections.abc import Iterable
from dataclasses import dataclass

from devhost.functions.errors import HostConfigError, IndexingError
from devhost.functions.indexing import HTTP_TRIGGER, IndexedFunction
from devhost.functions.route_templates import RouteTemplate


@dataclass(frozen=True)
class Route:
    """One HTTP function and where it listens.

    Attributes:
        function: The function.
        template: Its compiled route, prefix included.
        methods: Upper-case methods; None for all.
        auth_level: ``anonymous``, ``function`` or ``admin``.
    """

    function: IndexedFunction
    template: RouteTemplate
    methods: tuple[str, ...] | None
    auth_level: str


class RouteTable:
    """The routes of an app.

    Args:
        functions: The app's functions; only HTTP functions get a route.
        prefix: Route prefix from host.json, without slashes.

    Raises:
        IndexingError: Malformed routes, all of them listed.
    """

    def __init__(self, functions: Iterable[IndexedFunction], prefix: str) -> None:
        http_functions = [function for function in functions if function.trigger_type == HTTP_TRIGGER]
        if problems := route_faults(http_functions):
            raise IndexingError(problems)
        self.routes: list[Route] = [_route(function, prefix) for function in http_functions]

    def find(self, method: str, path: str) -> tuple[Route, dict[str, str]] | None:
        """Find the route for a method and a decoded path, with the route's values; None if nothing matches."""
        for route in self.routes:
            if route.methods is not None and method not in route.methods:
                continue
            values = route.template.match(path)
            if values is not None:
                return route, values
        return None


def route_faults(functions: Iterable[IndexedFunction]) -> list[str]:
    """List the malformed routes, each with function, file and line."""
    problems: list[str] = []
    for function in functions:
        if function.trigger_type == HTTP_TRIGGER:
            try:
                _route(function, "")
            except HostConfigError as error:
                problems.append(f"{function.name} ({function.source}): {error}")
    return problems


def _route(function: IndexedFunction, prefix: str) -> Route:
    trigger = function.trigger
    # A `generic_trigger` has only the attributes that it was given.
    methods = trigger.get_dict_repr().get("methods")
    return Route(
        function=function,
        template=RouteTemplate(f"{prefix}/{trigger.route.lstrip('/')}"),
        methods=None if not methods else tuple(_text(method).upper() for method in methods),
        auth_level=_text(trigger.auth_level or "function").lower(),
    )


def _text(value: object) -> str:
    return str(getattr(value, "value", value))
