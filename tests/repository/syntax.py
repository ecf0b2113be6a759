"""What modules of the app call, read from their syntax trees."""

import ast
from collections.abc import Iterator

from tests.repository.files import ROOT


def called(function: str, position: int, *folders: str) -> set[str]:
    """What is passed to ``function`` at this position in these folders: strings, and constants of strings."""
    trees = [ast.parse(path.read_text()) for folder in folders for path in (ROOT / folder).rglob("*.py")]
    return {
        text
        for tree in trees
        for argument in _arguments(tree, function, position)
        if (text := _text(argument, _constants(tree))) is not None
    }


def _arguments(tree: ast.Module, function: str, position: int) -> Iterator[ast.expr]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and len(node.args) > position and _name(node.func) == function:
            yield node.args[position]


def _name(function: ast.expr) -> str:
    """``track`` of both ``track`` and ``telemetry.track``; empty for anything else."""
    if isinstance(function, ast.Attribute):
        return function.attr
    return function.id if isinstance(function, ast.Name) else ""


def _text(argument: ast.expr, constants: dict[str, str]) -> str | None:
    if isinstance(argument, ast.Constant) and isinstance(argument.value, str):
        return argument.value
    return constants.get(argument.id) if isinstance(argument, ast.Name) else None


def _constants(tree: ast.Module) -> dict[str, str]:
    """The strings that a module names at its top level, by name."""
    return {
        target.id: node.value.value
        for node in tree.body
        if isinstance(node, ast.Assign) and isinstance(node.value, ast.Constant)
        if isinstance(node.value.value, str)
        for target in node.targets
        if isinstance(target, ast.Name)
    }
