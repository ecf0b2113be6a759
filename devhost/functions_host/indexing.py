"""Turns the functions an app declares into what the host can run, or says everything that is wrong with them."""

import inspect
import logging
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import azure.functions as func

from devhost.functions_host.errors import HostConfigError, IndexingError
from devhost.functions_host.retry_policies import RetryPolicy, parse_retry_policy
from devhost.functions_host.signature_checks import check_signature

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
        registered_name: What durable calls know it by: the decorator's alias, or the name.
        trigger_type: Type of its trigger, such as ``httpTrigger``.
        trigger: The trigger binding; its attributes depend on the type (route, schedule, ...).
        bindings: All bindings, the trigger included.
        call: The callable; takes keyword arguments only.
        is_async: Whether the callable must run on the event loop of the app.
        wants_context: Whether it declares an unbound ``context`` parameter.
        directory: Folder of the app.
        source: ``file:line`` of the user's function.
        retry_policy: What its retry decorator asks for; only timers are run again, as in Azure.
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
        """Names of the parameters through which the function gives values away (``func.Out``)."""
        return tuple(one.name for one in self.bindings if one.direction == _OUT and one.name != "$return")

    @property
    def returns_a_result(self) -> bool:
        """Whether a return value has somewhere to go: a ``$return`` binding, or a durable trigger."""
        return self.trigger_type in DURABLE_ALIASES or any(binding.name == "$return" for binding in self.bindings)


def index_functions(app: func.FunctionRegister, directory: Path) -> list[IndexedFunction]:
    """Index an app's functions. Raises IndexingError that lists every problem with function, file and line."""
    problems: list[str] = []
    indexed: list[IndexedFunction] = []
    for function in _built_functions(app, problems):
        name, source = str(function.get_function_name()), source_of(function.get_user_function())
        faults = _function_faults(function)
        problems += [f"{name} ({source}): {fault}" for fault in faults]
        if not faults:
            indexed.append(_indexed(function, name, source, directory))
    problems += _name_clashes(indexed)
    if problems:
        raise IndexingError(problems)
    _warn_of_ignored_retries(indexed)
    return indexed


def source_of(user_function: Callable[..., Any]) -> str:
    """Say where the user's function stands, looking behind the durable wrappers: ``file:line``."""
    for attribute in ("orchestrator_function", "entity_function", "client_function"):
        user_function = getattr(user_function, attribute, user_function)
    code = getattr(inspect.unwrap(user_function), "__code__", None)
    return f"{code.co_filename}:{code.co_firstlineno}" if code else "unknown place"


def _built_functions(app: func.FunctionRegister, problems: list[str]) -> list[Any]:
    # Asked once only: the SDK remembers the names and would call every function a duplicate the second time.
    try:
        return list(app.get_functions())
    except ValueError as error:
        # The SDK stops at the first fault; the builders behind it let us name them all.
        functions = [builder._function for builder in app._function_builders]
        found = list(_building_faults(functions))
        problems += found or [str(error)]
        return [function for function in functions if function.get_trigger() is not None]


def _building_faults(functions: list[Any]) -> Iterable[str]:
    seen: dict[str, str] = {}
    for function in functions:
        name, source = str(function.get_function_name()), source_of(function.get_user_function())
        if function.get_trigger() is None:
            yield f"{name} ({source}): it has no trigger. Add one trigger decorator to it."
        if name in seen:
            yield f"{name} ({source}): it does not have a unique function name, see {seen[name]}. Rename one."
        seen.setdefault(name, source)


def _function_faults(function: Any) -> list[str]:
    trigger = function.get_trigger()
    if trigger.type not in SUPPORTED_TRIGGERS:
        return [
            f"the local host does not support triggers of type {trigger.type} "
            f"(it supports {', '.join(SUPPORTED_TRIGGERS)}). Use `func start`, or leave the function out."
        ]
    unsupported = [binding for binding in function.get_bindings() if binding.type not in SUPPORTED_BINDINGS]
    if unsupported:
        return [f'the local host does not support the binding "{b.name}" of type {b.type}.' for b in unsupported]
    return [
        *check_signature(function.get_user_function(), function.get_bindings()),
        *_retry_faults(function),
    ]


def _retry_faults(function: Any) -> Iterable[str]:
    try:
        _retry_policy(function)
    except HostConfigError as error:
        yield str(error)


def _retry_policy(function: Any) -> RetryPolicy | None:
    settings = function.get_settings_dict("retry_policy")
    return parse_retry_policy(settings) if settings else None


def _warn_of_ignored_retries(functions: list[IndexedFunction]) -> None:
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
        retry_policy=_retry_policy(function),
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
        if other is not function:
            yield (
                f'{function.name} ({function.source}): "{name}" and "{other.registered_name}" ({other.source}) '
                "are the same name to durable functions, which ignore case. Rename one."
            )
