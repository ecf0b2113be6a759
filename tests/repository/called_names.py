"""The names by which durable functions are called, read from the code of the app.

A name that is not registered leaves an instance `Running` for ever on the Durable extension, without an error. So
a name that cannot be read here is an error, too: it would not be checked.
"""

import ast
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

# How a kind of function is called: the callable, and position and name of the argument that names the function.
CALLS = {
    "call_activity": ("activity", 0, "name"),
    "call_activity_with_retry": ("activity", 0, "name"),
    "ActivityCall": ("activity", 0, "activity"),
    "call_sub_orchestrator": ("orchestrator", 0, "name"),
    "call_sub_orchestrator_with_retry": ("orchestrator", 0, "name"),
    "start_new": ("orchestrator", 0, "orchestration_function_name"),
    "EntityId": ("entity", 0, "name"),
}


class NameUnknown(Exception):
    """A call names its function in a way that is not understood; the text says where."""


@dataclass(frozen=True)
class _Place:
    """Where an expression stands."""

    module: str
    function: ast.FunctionDef | ast.AsyncFunctionDef | None


class CalledNames:
    """The names called in these modules.

    Args:
        sources: the text of each module, by its path.
    """

    def __init__(self, sources: Mapping[str, str]) -> None:
        self._trees = {path: ast.parse(text) for path, text in sources.items()}

    def of(self, kind: str) -> set[str]:
        """All names by which `activity`, `orchestrator` or `entity` functions are called. Raises NameUnknown."""
        return {
            name
            for function, (called, position, keyword) in CALLS.items()
            if called == kind
            for name in self._passed(function, position, keyword)
        }

    def _passed(self, function: str, position: int, keyword: str, module: str = "") -> Iterator[str]:
        """What is passed to a function for one of its parameters, in this module or, without one, in all."""
        for path in [module] if module else self._trees:
            for place, call in _calls(path, self._trees[path]):
                if _name(call.func) == function:
                    yield from self._read(_argument(call, position, keyword), place, call.lineno)

    def _read(self, argument: ast.expr | None, place: _Place, line: int) -> Iterator[str]:
        match argument:
            case ast.Attribute(attr="activity"):
                return  # What `ActivityCall.activity` holds is read where the object is made.
            case ast.Name(id="context") | ast.Attribute(attr="context"):
                return  # `retries.call_activity`, which only looks like the SDK's, takes the context first.
            case ast.Constant(value=str(text)):
                yield text
            case ast.Name(id=name) if name in self._constants(place.module):
                yield self._constants(place.module)[name]
            case ast.Name(id=name) if place.function and name in _parameters(place.function):
                function, position = place.function.name, _parameters(place.function).index(name)
                yield from self._passed(function, position, name, place.module if function[0] == "_" else "")
            case _:
                raise NameUnknown(
                    f"{place.module}, line {line}: give the function's name as a text, as a constant of this "
                    "module or through a parameter, so that this test can see whether it is registered"
                )

    def _constants(self, path: str) -> dict[str, str]:
        return {
            target.id: node.value.value
            for node in self._trees[path].body
            if isinstance(node, ast.Assign) and isinstance(node.value, ast.Constant)
            if isinstance(node.value.value, str)
            for target in node.targets
            if isinstance(target, ast.Name)
        }


def _calls(path: str, tree: ast.Module) -> Iterator[tuple[_Place, ast.Call]]:
    def within(node: ast.AST, place: _Place) -> Iterator[tuple[_Place, ast.Call]]:
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            place = _Place(path, node)
        if isinstance(node, ast.Call):
            yield place, node
        for child in ast.iter_child_nodes(node):
            yield from within(child, place)

    return within(tree, _Place(path, None))


def _parameters(function: ast.FunctionDef | ast.AsyncFunctionDef) -> list[str]:
    """Its positional parameters, as a caller counts them, then those by name."""
    names = [one.arg for one in (*function.args.posonlyargs, *function.args.args)]
    return [name for name in names if name not in ("self", "cls")] + [one.arg for one in function.args.kwonlyargs]


def _argument(call: ast.Call, position: int, keyword: str) -> ast.expr | None:
    named = [one.value for one in call.keywords if one.arg == keyword]
    return named[0] if named else call.args[position] if len(call.args) > position else None


def _name(function: ast.expr) -> str:
    if isinstance(function, ast.Attribute):
        return function.attr
    return function.id if isinstance(function, ast.Name) else ""
