"""An invoker for functions with bindings besides their trigger: inputs are read before, outputs written after."""

import asyncio
import contextlib
import logging
import threading
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Protocol

import azure.functions as func

from devhost.engine.functions import FunctionFailed, FunctionResult, OnResult
from devhost.functions.indexing import HTTP_OUTPUT, IndexedFunction
from devhost.functions.invocation_context import Invocation
from devhost.functions.invoker_protocol import Invoker

log = logging.getLogger("devhost.host")

# The binding name of the return value.
RETURN = "$return"


class OutValue(func.Out[Any]):
    """A ``func.Out``: holds what the function sets, None if it sets nothing."""

    def __init__(self) -> None:
        self._value: Any = None

    def set(self, val: Any) -> None:
        """Keep a value; the last one counts."""
        self._value = val

    def get(self) -> Any:
        """Return the value kept, or None."""
        return self._value


class FunctionIo(Protocol):
    """The inputs and outputs of one function; both methods block and raise FunctionFailed."""

    def read(self, data: Mapping[str, Any]) -> dict[str, Any]:
        """Return the arguments of the input bindings."""
        ...

    def write(self, values: Mapping[str, Any], data: Mapping[str, Any]) -> None:
        """Write the values of the output bindings, by binding name."""
        ...


class StorageIo(Protocol):
    """Storage bindings of an app; its module is imported only if the app has some."""

    def of(self, function: IndexedFunction) -> FunctionIo | None:
        """The inputs and outputs of a function; None if it has none."""
        ...

    def data(self, function: IndexedFunction, arguments: Mapping[str, Any]) -> Mapping[str, Any]:
        """What the trigger's value gives to the tokens of other bindings."""
        ...


class BoundInvoker:
    """An ``Invoker`` around another one.

    Args:
        inner: Runs the functions.
        storage: The app's storage bindings; None if it has only ``func.Out`` parameters for HTTP responses.
    """

    def __init__(self, inner: Invoker, storage: StorageIo | None) -> None:
        self._inner, self._storage = inner, storage
        self.takes_files = inner.takes_files

    def call(self, function: IndexedFunction, arguments: Mapping[str, Any], invocation: Invocation) -> Any:
        """Run a function and write its outputs; if that fails, the function has failed."""
        io, outputs = self._io(function), _out_values(function)
        if io is None:
            return _trigger_result(
                function, self._inner.call(function, {**arguments, **outputs}, invocation), outputs
            )
        data = self._data(function, arguments, invocation)
        with _logged_faults(function):
            inputs = io.read(data)
        result = self._inner.call(function, {**arguments, **inputs, **outputs}, invocation)
        with _logged_faults(function):
            io.write(_output_values(result, outputs), data)
        return _trigger_result(function, result, outputs)

    async def call_async(
        self, function: IndexedFunction, arguments: Mapping[str, Any], invocation: Invocation
    ) -> Any:
        """Do the same as ``call``, for the event loop of a server."""
        io, outputs = self._io(function), _out_values(function)
        if io is None:
            result = await self._inner.call_async(function, {**arguments, **outputs}, invocation)
            return _trigger_result(function, result, outputs)
        data = self._data(function, arguments, invocation)
        with _logged_faults(function):
            inputs = await asyncio.to_thread(io.read, data)
        result = await self._inner.call_async(function, {**arguments, **inputs, **outputs}, invocation)
        with _logged_faults(function):
            await asyncio.to_thread(io.write, _output_values(result, outputs), data)
        return _trigger_result(function, result, outputs)

    def begin(
        self,
        function: IndexedFunction,
        arguments: Mapping[str, Any],
        invocation: Invocation,
        on_result: OnResult[Any],
    ) -> None:
        """Do the same as ``call``, without waiting."""
        if not function.output_parameters and self._io(function) is None:
            return self._inner.begin(function, arguments, invocation, on_result)

        # Bindings are read and written over the network.
        def run() -> None:
            on_result(FunctionResult.of(lambda: self.call(function, arguments, invocation)))

        threading.Thread(target=run, name=f"bound-{function.name}", daemon=True).start()

    def wait_idle(self, timeout_seconds: float) -> bool:
        """Wait until no function runs; False if some still do after the timeout."""
        return self._inner.wait_idle(timeout_seconds)

    def close(self) -> None:
        """End what still runs."""
        self._inner.close()

    def _io(self, function: IndexedFunction) -> FunctionIo | None:
        return self._storage.of(function) if self._storage else None

    def _data(
        self, function: IndexedFunction, arguments: Mapping[str, Any], invocation: Invocation
    ) -> Mapping[str, Any]:
        assert self._storage is not None
        return invocation.binding_data or self._storage.data(function, arguments)


def bound(inner: Invoker, functions: Iterable[IndexedFunction], storage: StorageIo | None) -> Invoker:
    """Put a ``BoundInvoker`` around an invoker, if any function of the app needs one."""
    has_outputs = any(function.output_parameters for function in functions)
    return BoundInvoker(inner, storage) if storage or has_outputs else inner


@contextlib.contextmanager
def _logged_faults(function: IndexedFunction) -> Iterator[None]:
    """Log a binding failure: it happens outside the inner invoker, which therefore cannot log it."""
    try:
        yield
    except FunctionFailed as failure:
        log.error("Functions.%s (Failed): %s", function.name, failure.message)
        raise


def _out_values(function: IndexedFunction) -> dict[str, OutValue]:
    return {name: OutValue() for name in function.output_parameters}


def _output_values(result: Any, outputs: Mapping[str, OutValue]) -> dict[str, Any]:
    return {RETURN: result, **{name: output.get() for name, output in outputs.items()}}


def _trigger_result(function: IndexedFunction, result: Any, outputs: Mapping[str, OutValue]) -> Any:
    """The value for the trigger. An HTTP response may have been set through an output parameter."""
    for binding in function.bindings:
        if binding.type == HTTP_OUTPUT and binding.name != RETURN:
            response = outputs[binding.name].get()
            return func.HttpResponse(status_code=204) if response is None else response
    return result
