"""Compares a function's parameters with its bindings, by the rules of the Python worker."""

import collections.abc
import inspect
import sys
import typing
from collections.abc import Callable, Iterable, Iterator
from typing import Any

import azure.functions as func

from devhost.functions.converters import converter_of

_IN, _OUT = 0, 1
# `azurefunctions.extensions.http.fastapi` hands on FastAPI's own classes, some of which are Starlette's.
_EXTENSION_PACKAGES = ("azurefunctions", "fastapi", "starlette")


def check_signature(call: Callable[..., Any], bindings: Iterable[Any]) -> list[str]:
    """List the reasons for which the worker would refuse to load a function; an empty list means that it loads.

    Args:
        call: The function, or the durable SDK's wrapper around it.
        bindings: Its binding objects, the trigger and ``$return`` included.
    """
    hints, unresolved = _resolved_hints(call)
    bound = {binding.name: binding for binding in bindings}
    returned = bound.pop("$return", None)
    return [
        *unresolved,
        *_direction_faults(bound, returned),
        *_parameter_faults(call, bound, hints),
        *(
            fault
            for name, binding in bound.items()
            if name in hints
            for fault in _annotation_faults(binding, hints[name])
        ),
        *_return_faults(returned, hints),
    ]


def extension_types(call: Callable[..., Any]) -> list[str]:
    """Name the annotations that only Microsoft's binding extensions fill: clients of the SDKs, FastAPI's types."""
    if "azurefunctions.extensions.base" not in sys.modules:
        return []
    return [
        f'{_name_of(annotation)} ({annotation.__module__}) as annotation of "{name}"'
        for name, annotation in _resolved_hints(call)[0].items()
        if str(getattr(annotation, "__module__", "")).partition(".")[0] in _EXTENSION_PACKAGES
    ]


def _resolved_hints(call: Callable[..., Any]) -> tuple[dict[str, Any], list[str]]:
    """The annotations as types, and what is wrong with those that cannot be resolved."""
    try:
        return typing.get_type_hints(call), []
    except (NameError, TypeError):
        pass
    # One after the other, so that a faulty one does not hide the others.
    hints: dict[str, Any] = {}
    faults = []
    for name, annotation in inspect.get_annotations(call).items():
        try:
            hints[name] = _resolved(call, annotation)
        except (NameError, TypeError) as error:
            faults.append(
                f'the annotation of "{name}" cannot be resolved: {error}. '
                "Import the name in the module of the function."
            )
    return hints, faults


def _resolved(call: Callable[..., Any], annotation: Any) -> Any:
    def alone() -> None: ...

    alone.__annotations__ = {"it": annotation}
    return typing.get_type_hints(alone, globalns=getattr(inspect.unwrap(call), "__globals__", {}))["it"]


def _direction_faults(bound: dict[str, Any], returned: Any) -> Iterator[str]:
    for name, binding in bound.items():
        if binding.direction not in (_IN, _OUT):
            yield f'binding "{name}": "inout" bindings are not supported. Use one input and one output binding.'
    if returned is not None and returned.direction != _OUT:
        yield '"$return" binding must have direction "out".'


def _parameter_faults(call: Callable[..., Any], bound: dict[str, Any], hints: dict[str, Any]) -> Iterator[str]:
    parameters = set(inspect.signature(call).parameters)
    wrapper = next((name for name in ("orchestrator_function", "entity_function") if hasattr(call, name)), None)
    if wrapper and parameters != set(bound):
        yield f'context_name is "{"".join(bound)}", and must be "context", as in the SDK\'s wrapper.'
        return
    if "context" in parameters and "context" not in bound:
        parameters.discard("context")
        annotation = hints.get("context", func.Context)
        if getattr(annotation, "__name__", "") != "Context":
            yield f'the parameter "context" must be annotated azure.functions.Context, not {_name_of(annotation)}.'
    if undeclared := sorted(parameters - set(bound)):
        yield (
            f"the following parameters are declared in Python but not in function.json: {', '.join(undeclared)}. "
            "Bind them with a decorator, or take them out."
        )
    if missing := sorted(set(bound) - parameters):
        yield (
            f"the following parameters are declared in function.json but not in Python: {', '.join(missing)}. "
            "Give the function parameters of these names."
        )


def _annotation_faults(binding: Any, annotation: Any) -> Iterator[str]:
    if binding.direction == _OUT:
        yield from _output_faults(binding, annotation)
        return
    if _class_of(annotation) is func.Out:
        yield f'binding "{binding.name}" is an input, so its annotation must not be func.Out.'
    elif not _is_plain_type(annotation):
        yield f'binding "{binding.name}" has invalid non-type annotation {annotation!r}. Use a plain class: dict.'
    elif not _accepts(binding.type, annotation, "check_input_type_annotation"):
        yield f'binding "{binding.name}" ({binding.type}) does not match its annotation {_name_of(annotation)}.'


def _output_faults(binding: Any, annotation: Any) -> Iterator[str]:
    if _class_of(annotation) is not func.Out:
        yield f'binding "{binding.name}" is an output, so its annotation must be func.Out[...].'
        return
    inner = typing.get_args(annotation)
    if len(inner) != 1:
        yield f'binding "{binding.name}" has invalid Out annotation {annotation!r}. Say of what: func.Out[str].'
    elif inner[0] not in (str, bytes) and not _accepts(binding.type, inner[0], "check_output_type_annotation"):
        shown = f"func.Out[{inner[0] if typing.get_origin(inner[0]) else _name_of(inner[0])}]"
        yield f'binding "{binding.name}" ({binding.type}) does not match its annotation {shown}.'


def _return_faults(returned: Any, hints: dict[str, Any]) -> Iterator[str]:
    if returned is None or "return" not in hints:
        return
    annotation = hints["return"]
    if not isinstance(annotation, type):
        yield f"invalid non-type return annotation {annotation!r}. Use a plain class, such as func.HttpResponse."
    elif not _accepts(returned.type, annotation, "check_output_type_annotation"):
        yield f"the return annotation {_name_of(annotation)} does not match binding type {returned.type}."


def _accepts(binding_type: str, annotation: Any, check: str) -> bool:
    converter = converter_of(binding_type)
    if converter is None:
        # What a binding of an unknown type accepts is not known; the unknown type is reported elsewhere.
        return True
    implicit = getattr(converter, "has_implicit_output", lambda: False)()
    if annotation in (str, bytes) and not implicit and check == "check_input_type_annotation":
        return True
    try:
        return bool(getattr(converter, check)(annotation))
    except TypeError:
        return False


def _is_plain_type(annotation: Any) -> bool:
    """The worker takes classes and generics of `typing`, and neither unions nor `dict[str, int]`."""
    if isinstance(annotation, type) and typing.get_origin(annotation) is None:
        return True
    origin = typing.get_origin(annotation)
    unsupported = (tuple, collections.abc.Callable)
    return type(annotation).__module__ == "typing" and isinstance(origin, type) and origin not in unsupported


def _class_of(annotation: Any) -> Any:
    return typing.get_origin(annotation) or annotation


def _name_of(annotation: Any) -> str:
    return str(getattr(annotation, "__name__", repr(annotation)))
