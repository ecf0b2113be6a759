"""The functions of the app, as its folders register them."""

from collections.abc import Iterable
from types import ModuleType

from azure.functions.decorators.function_app import Function


def functions(folder: ModuleType) -> list[Function]:
    """The functions in a folder's blueprints."""
    return [builder._function for blueprint in folder.blueprints for builder in blueprint._function_builders]


def names(folder: ModuleType) -> set[str]:
    """The names of those functions."""
    return names_of(functions(folder))


def names_of(functions: Iterable[Function]) -> set[str]:
    """The names of functions, which all have one."""
    return {str(function.get_function_name()) for function in functions}
