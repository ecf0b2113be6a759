"""Turns the functions an app declares into what the host can run, or reports all that is wrong with them."""

import contextlib
import inspect
import logging
import typing
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import azure.functions as func

from devhost.functions.errors import HostConfigError, IndexingError
from devhost.functions.left_out import LeftOut, log_left_out, name_faults
from devhost.functions.retry_policies import RetryPolicy, parse_retry_policy
from devhost.functions.signature_checks import check_signature, extension_types

log = logging.getLogger("devhost.host")

HTTP_TRIGGER = "httpTrigger"
TIMER_TRIGGER = "timerTrigger"
ORCHESTRATION_TRIGGER = "orchestrationTrigger"
ACTIVITY_TRIGGER = "activityTrigger"
ENTITY_TRIGGER = "entityTrigger"
QUEUE_TRIGGER = "queueTrigger"
BLOB_TRIGGER = "blobTrigger"
DURABLE_CLIENT = "durableClient"
HTTP_OUTPUT = "http"
QUEUE = "queue"
BLOB = "blob"

# Where a durable function's registered name may be given, per trigger type.
DURABLE_ALIASES = {
    ORCHESTRATION_TRIGGER: "orchestration",
    ACTIVITY_TRIGGER: "activity",
    ENTITY_TRIGGER: "entity_name",
}
SUPPORTED_TRIGGERS = (HTTP_TRIGGER, TIMER_TRIGGER, QUEUE_TRIGGER, BLOB_TRIGGER, *DURABLE_ALIASES)
SUPPORTED_BINDINGS = (*SUPPORTED_TRIGGERS, DURABLE_CLIENT, HTTP_OUTPUT, QUEUE, BLOB)
_OUT = 1


@dataclass(frozen=True)
class IndexedFunction:
    """One function of the app, checked and ready to be invoked.

    Attributes:
        name: The function's name in the app.
        registered_name: Its name in durable calls: the decorator's alias, or the name.
        trigger_type: Type of its trigger, such as ``httpTrigger``.
        trigger: The trigger binding; its attributes depend on the type (route, schedule, ...).
        bindings: All bindings, the trigger included.
        call: The callable; takes keyword arguments only.
        is_async: Whether the callable must run on the event loop of the app.
        wants_context: Whether it declares an unbound ``context`` parameter.
        directory: Folder of the app.
        source: ``file:line`` of the user's function.
        retry_policy: The policy of its retry decorator; only timers are retried, as in Azure.
    """

    name: str
    registered_name: str
    trigger_type: str
    trigger: Any
    bindings: tuple[Any, ...]
    call: Callable[..., Any]
    is_async: bool
    wants_context: bool
    directory: Path
    source: str
    retry_policy: RetryPolicy | None = None

    @property
    def trigger_parameter(self) -> str:
        """Name of the parameter that receives the trigger's value."""
        return str(self.trigger.name)

    @property
    def client_parameters(self) -> tuple[str, ...]:
        """Names of the parameters that receive a durable client."""
        return tuple(binding.name for binding in self.bindings if binding.type == DURABLE_CLIENT)

    @property
    def output_parameters(self) -> tuple[str, ...]:
        """Names of the parameters through which the function sets outputs (``func.Out``)."""
        return tuple(
            binding.name for binding in self.bindings if binding.direction == _OUT and binding.name != "$return"
        )

    @property
    def returns_a_result(self) -> bool:
        """Whether a return value has somewhere to go: a ``$return`` binding, or a durable trigger."""
        return self.trigger_type in DURABLE_ALIASES or any(binding.name == "$return" for binding in self.bindings)

    def annotation_of(self, parameter: str) -> Any:
        """The annotation of a parameter as a type; None without one, or if it cannot be resolved."""
        with contextlib.suppress(NameError, TypeError):
            return typing.get_type_hints(self.call).get(parameter)
        return None


@dataclass(frozen=True)
class Examined:
    """What an app declares, and what is wrong with it.

    Attributes:
        functions: The functions that could be read; faulty ones are included, for the checks that follow.
        problems: Each with function, file and line.
        left_out: The functions that cannot run here; the others can.
    """

    functions: list[IndexedFunction]
    problems: list[str]
    left_out: list[LeftOut]


def index_functions(app: func.FunctionRegister, directory: Path) -> list[IndexedFunction]:
    """Index an app's functions, and log which of them cannot run here.

    Raises IndexingError that lists every problem with function, file and line.
    """
    examined = examine_functions(app, directory)
    if examined.problems:
        raise IndexingError(examined.problems)
    log_left_out(examined.left_out)
    warn_of_ignored_retries(examined.functions)
    return examined.functions


def examine_functions(app: func.FunctionRegister, directory: Path, is_strict: bool = False) -> Examined:
    """Do the same as ``index_functions``, but return the problems together with the functions.

    Args:
        app: The app.
        directory: Its folder.
        is_strict: Whether a function that cannot run here is a problem, so that none is left out.
    """
    built, problems = _built_functions(app)
    examined = Examined([], problems, [])
    for function in built:
        _examine(function, directory, is_strict, examined)
    problems += _name_clashes(examined.functions)
    return examined


def _examine(function: Any, directory: Path, is_strict: bool, examined: Examined) -> None:
    name, source = str(function.get_function_name()), source_of(function.get_user_function())
    names = [binding.name for binding in function.get_bindings()]
    in_error, unsupported = list(name_faults(name, names)), list(_unsupported(function))
    faults = [*in_error, *unsupported] if is_strict else []
    # The host cannot check the declaration of a function that it does not support.
    if is_strict or not unsupported:
        faults += _function_faults(function)
    examined.problems.extend(f"{name} ({source}): {fault}" for fault in faults)
    if (in_error or unsupported) and not is_strict:
        examined.left_out.extend(LeftOut(name, source, reason, True) for reason in in_error)
        examined.left_out.extend(LeftOut(name, source, reason, False) for reason in unsupported)
    elif function.get_trigger().type in SUPPORTED_TRIGGERS:
        examined.functions.append(_indexed(function, name, source, directory))


def source_of(user_function: Callable[..., Any]) -> str:
    """Return ``file:line`` of the user's function, looking behind the durable wrappers."""
    for attribute in ("orchestrator_function", "entity_function", "client_function"):
        user_function = getattr(user_function, attribute, user_function)
    code = getattr(inspect.unwrap(user_function), "__code__", None)
    return f"{code.co_filename}:{code.co_firstlineno}" if code else "unknown place"


def _built_functions(app: func.FunctionRegister) -> tuple[list[Any], list[str]]:
    # Called only once: the SDK remembers the names, and the second time every function would be a duplicate.
    try:
        return list(app.get_functions()), []
    except ValueError as error:
        # The SDK stops at the first fault; its builders show them all.
        problems = list(_building_faults(app)) or [str(error)]
        functions = [builder._function for builder in app._function_builders]
        return [function for function in functions if function.get_trigger() is not None], problems


def _building_faults(app: func.FunctionRegister) -> Iterable[str]:
    seen: dict[str, str] = {}
    for builder in app._function_builders:
        function = builder._function
        name, source = str(function.get_function_name()), source_of(function.get_user_function())
        if function.get_trigger() is None:
            yield f"{name} ({source}): it has no trigger. Add one trigger decorator to it."
        else:
            builder.build(app.auth_level)
        if name in seen:
            yield f"{name} ({source}): it does not have a unique function name, see {seen[name]}. Rename one."
        seen.setdefault(name, source)


def _unsupported(function: Any) -> Iterator[str]:
    """Yield one sentence on what the host does not support, with a remedy; nothing if it can run the function."""
    unknown = [binding for binding in function.get_bindings() if binding.type not in SUPPORTED_BINDINGS]
    parts = [
        f"triggers of type {binding.type} (it supports {', '.join(SUPPORTED_TRIGGERS)})"
        if binding is function.get_trigger()
        else f'the binding "{binding.name}" of type {binding.type}'
        for binding in unknown
    ]
    parts += extension_types(function.get_user_function())
    if parts:
        yield (
            f"the local host does not support {' and '.join(parts)}. Use `func start`, or leave the function out."
        )


def _function_faults(function: Any) -> Iterator[str]:
    yield from check_signature(function.get_user_function(), function.get_bindings())
    yield from _retry_faults(function)


def _retry_faults(function: Any) -> Iterable[str]:
    try:
        _retry_policy(function)
    except HostConfigError as error:
        yield str(error)


def _retry_policy(function: Any) -> RetryPolicy | None:
    settings = function.get_settings_dict("retry_policy")
    return parse_retry_policy(settings) if settings else None


def _readable_retry_policy(function: Any) -> RetryPolicy | None:
    with contextlib.suppress(HostConfigError):
        return _retry_policy(function)
    return None


def warn_of_ignored_retries(functions: Iterable[IndexedFunction]) -> None:
    """Log which retry decorators have no effect."""
    for function in functions:
        if function.retry_policy and function.trigger_type != TIMER_TRIGGER:
            log.warning(
                "%s (%s): its retry decorator has no effect, here as in Azure: a %s is not run again by it.",
                function.name,
                function.source,
                function.trigger_type,
            )


def _indexed(function: Any, name: str, source: str, directory: Path) -> IndexedFunction:
    trigger, call = function.get_trigger(), function.get_user_function()
    alias = getattr(trigger, DURABLE_ALIASES.get(trigger.type, ""), None)
    bound = {binding.name for binding in function.get_bindings()}
    return IndexedFunction(
        name=name,
        registered_name=alias or name,
        trigger_type=trigger.type,
        trigger=trigger,
        bindings=tuple(function.get_bindings()),
        call=call,
        is_async=inspect.iscoroutinefunction(call),
        wants_context="context" in inspect.signature(call).parameters and "context" not in bound,
        directory=directory,
        source=source,
        retry_policy=_readable_retry_policy(function),
    )


def _name_clashes(functions: list[IndexedFunction]) -> Iterable[str]:
    """Durable names must differ by more than their case, and an orchestrator's must not look like an entity id."""
    seen: dict[tuple[str, str], IndexedFunction] = {}
    for function in functions:
        if function.trigger_type not in DURABLE_ALIASES:
            continue
        name = function.registered_name
        if function.trigger_type == ORCHESTRATION_TRIGGER and name.startswith("@"):
            yield f"{function.name} ({function.source}): an orchestrator's name must not start with @."
        other = seen.setdefault((function.trigger_type, name.lower()), function)
        # Functions with exactly the same name have been reported already.
        if other.name != function.name:
            yield (
                f'{function.name} ({function.source}): "{name}" and "{other.registered_name}" ({other.source}) '
                "are the same name to durable functions, which ignore case. Rename one."
            )
