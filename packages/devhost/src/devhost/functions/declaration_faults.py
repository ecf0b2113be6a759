"""Collects the faults that the SDK finds while an app declares its functions, to report them together."""

import contextlib
import sys
from collections.abc import Callable, Iterator
from typing import Any

from azure.functions.decorators.function_app import DecoratorApi, Function, FunctionRegister

from devhost.functions.indexing import source_of

Problem = Callable[[], str]


@contextlib.contextmanager
def kept_declaration_faults() -> Iterator[list[Problem]]:
    """Let an app's import go on after a second trigger on a function, and an app registered as a blueprint.

    Yields a list that collects the problems. Each problem is a callable that returns its text, since the decorator
    that names a function may come after the faulty one. An app with problems must not be run.
    """
    problems: list[Problem] = []
    add_trigger, register = Function.add_trigger, FunctionRegister.register_functions

    def add_only_trigger(function: Function, trigger: Any) -> None:
        if function.get_trigger() is None:
            add_trigger(function, trigger)
        else:
            problems.append(lambda: _second_trigger(function, trigger))
            # Otherwise its parameter would also be reported as unbound.
            function.add_binding(trigger)

    def register_no_app(app: FunctionRegister, function_container: DecoratorApi) -> None:
        if isinstance(function_container, FunctionRegister):
            caller = sys._getframe(1)
            place = f"{caller.f_code.co_filename}:{caller.f_lineno}"
            problems.append(lambda: _app_as_blueprint(function_container, place))
            # Its functions are checked too. The app is never run.
            app._function_builders.extend(function_container._function_builders)
        else:
            register(app, function_container)

    registering = {"register_functions": register_no_app, "register_blueprint": register_no_app}
    with _replaced(Function, add_trigger=add_only_trigger), _replaced(FunctionRegister, **registering):
        yield problems


def _second_trigger(function: Function, trigger: Any) -> str:
    first = function.get_trigger()
    assert first is not None
    return (
        f"{function.get_function_name()} ({source_of(function.get_user_function())}): it has a second trigger, "
        f"{trigger.type} besides {first.type}, and a function takes one only. Make two functions of it."
    )


def _app_as_blueprint(container: FunctionRegister, place: str) -> str:
    return (
        f"{type(container).__name__} ({place}): functions can not be type of FunctionRegister: "
        "an app cannot be registered as a blueprint. Make it a func.Blueprint() or df.Blueprint()."
    )


@contextlib.contextmanager
def _replaced(owner: type, **methods: Callable[..., Any]) -> Iterator[None]:
    originals = {name: getattr(owner, name) for name in methods}
    for name, method in methods.items():
        setattr(owner, name, method)
    try:
        yield
    finally:
        for name, original in originals.items():
            setattr(owner, name, original)
