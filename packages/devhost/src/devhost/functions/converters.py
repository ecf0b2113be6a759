"""The official SDK's own converters between a trigger's wire form and what a function receives and returns."""

import functools
from typing import Any

import azure.functions as func
from azure.functions.meta import Datum

from devhost.engine.functions import FunctionFailed


@functools.cache
def converter_of(binding_type: str) -> Any:
    """Return the SDK's converter class for a binding type, or None."""
    registry: Any = func.get_binding_registry
    return registry().get(binding_type)


def decode(binding_type: str, text: str, form: str = "string") -> Any:
    """Turn a trigger's JSON text into the argument of the function.

    Args:
        binding_type: Type of the trigger.
        text: Its wire form.
        form: ``string`` or ``json``, as the worker would receive it.

    Raises:
        FunctionFailed: The SDK refuses the text; on the real host that is a failed invocation too.
    """
    try:
        return converter_of(binding_type).decode(Datum(text, form), trigger_metadata={})
    except BaseException as error:
        # The SDK calls code of the app's own classes here, which may raise anything.
        raise FunctionFailed(type(error).__name__, str(error)) from error


def encode(binding_type: str, result: Any) -> Any:
    """Turn a function's result into its wire form: JSON text for durable triggers.

    Raises FunctionFailed if the SDK cannot carry the value.
    """
    try:
        return converter_of(binding_type).encode(result, expected_type=None).value
    except BaseException as error:
        raise FunctionFailed(type(error).__name__, str(error)) from error
