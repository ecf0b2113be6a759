"""ASP.NET Core route templates: literals, ``{name}``, ``{name?}``, ``{name=5}``, ``{name:int}``, ``{*rest}``."""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from urllib.parse import unquote

from devhost.functions.errors import HostConfigError
from devhost.functions.route_constraints import constraint

_PARAMETER = re.compile(
    r"(?P<stars>\*{0,2})(?P<name>[^:=?*]+)(?P<constraints>(?::.+?)?)(?:=(?P<default>[^()]*?))?(?P<optional>\?)?",
    re.DOTALL,
)


@dataclass(frozen=True)
class _Parameter:
    name: str
    catch_all: bool
    optional: bool
    default: str | None
    constraints: tuple[Callable[[str], bool], ...]

    @property
    def may_be_absent(self) -> bool:
        return self.optional or self.catch_all or self.default is not None


class RouteTemplate:
    """One compiled template.

    Args:
        template: The route without its leading slash, prefix included. Raises HostConfigError if it is malformed.
    """

    def __init__(self, template: str) -> None:
        self.template = template.strip("/")
        self._parameters: list[_Parameter] = []
        pattern = "".join(self._segment_pattern(segment) for segment in _segments(self.template))
        # A slash at the end of a path is ignored, unless a catch-all parameter takes it.
        takes_all = bool(self._parameters) and self._parameters[-1].catch_all
        self._pattern = re.compile(pattern + ("" if takes_all else "/?"), re.IGNORECASE | re.DOTALL)

    def match(self, path: str) -> dict[str, str] | None:
        """Match a decoded path (see ``decode_path``); None if it does not match, else the route's values.

        Optional values that the path does not have are absent from the result.
        """
        match = self._pattern.fullmatch(path)
        if match is None:
            return None
        values: dict[str, str] = {}
        for index, parameter in enumerate(self._parameters):
            value = match[f"p{index}"] or parameter.default
            if value is None or value == "":
                continue
            if not all(accepts(value) for accepts in parameter.constraints):
                return None
            values[parameter.name] = value
        return values

    def _segment_pattern(self, segment: str) -> str:
        parts = list(_parts(segment))
        if len(parts) == 1 and isinstance(parts[0], _Parameter) and parts[0].may_be_absent:
            content = ".*" if parts[0].catch_all else "[^/]+"
            return f"(?:/{self._group(parts[0], content)})?"
        return "/" + "".join(
            self._group(part, "[^/]+?") if isinstance(part, _Parameter) else re.escape(part) for part in parts
        )

    def _group(self, parameter: _Parameter, content: str) -> str:
        self._parameters.append(parameter)
        return f"(?P<p{len(self._parameters) - 1}>{content})"


def decode_path(raw_path: str) -> str:
    """Decode a raw path for matching; an encoded slash stays encoded, as with Kestrel."""
    return unquote(re.sub("%2f", "%252F", raw_path, flags=re.IGNORECASE))


def _segments(template: str) -> Iterator[str]:
    """Split at the slashes outside of braces."""
    depth, start = 0, 0
    for position, character in enumerate(template):
        depth += {"{": 1, "}": -1}.get(character, 0)
        if character == "/" and depth == 0:
            yield template[start:position]
            start = position + 1
    if depth != 0:
        raise HostConfigError(
            f'The route "{template}" has unbalanced braces. Close each {{parameter}} in its segment.'
        )
    if template:
        yield template[start:]


def _parts(segment: str) -> Iterator[str | _Parameter]:
    """Split a segment into literals and parameters; doubled braces inside a constraint stand for one."""
    position = 0
    while position < len(segment):
        start = segment.find("{", position)
        if start < 0:
            yield segment[position:]
            return
        if start > position:
            yield segment[position:start]
        end = _closing_brace(segment, start)
        yield _parameter(segment[start + 1 : end].replace("{{", "{").replace("}}", "}"), segment)
        position = end + 1


def _closing_brace(segment: str, start: int) -> int:
    position = start + 1
    while position < len(segment):
        if segment[position : position + 2] in ("{{", "}}"):
            position += 2
        elif segment[position] == "}":
            return position
        else:
            position += 1
    raise HostConfigError(f'The route segment "{segment}" has an open brace. Close it with }}.')


def _parameter(text: str, segment: str) -> _Parameter:
    match = _PARAMETER.fullmatch(text)
    if match is None:
        raise HostConfigError(
            f'The route parameter "{{{text}}}" in "{segment}" is malformed. Write {{name}} or {{name:int}}.'
        )
    names = _constraint_texts(match["constraints"])
    return _Parameter(
        name=match["name"],
        catch_all=bool(match["stars"]),
        optional=bool(match["optional"]),
        default=match["default"],
        constraints=tuple(constraint(name) for name in names),
    )


def _constraint_texts(text: str) -> Iterator[str]:
    """Split ``:int:min(1)`` at the colons outside of parentheses."""
    depth, start = 0, 1
    for position, character in enumerate(text):
        depth += {"(": 1, ")": -1}.get(character, 0)
        if character == ":" and depth == 0 and position > 0:
            yield text[start:position]
            start = position + 1
    if len(text) > 1:
        yield text[start:]
