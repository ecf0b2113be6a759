"""The storage bindings of a function with their settings resolved, or what is wrong with them."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from devhost.functions.app_settings import resolve_setting_names
from devhost.functions.binding_tokens import has_tokens, unknown_tokens
from devhost.functions.errors import HostConfigError
from devhost.functions.indexing import (
    BLOB,
    BLOB_TRIGGER,
    QUEUE,
    QUEUE_TRIGGER,
    TIMER_TRIGGER,
    IndexedFunction,
)
from devhost.functions.storage.connections import connection_string

_OUT = 1
_STORAGE = (QUEUE_TRIGGER, QUEUE, BLOB_TRIGGER, BLOB)
# Both services have the same rule for names.
_NAME = re.compile(r"[a-z0-9](?:-?[a-z0-9]){2,62}")


@dataclass(frozen=True)
class StorageBinding:
    """One binding to a queue or to blobs.

    Attributes:
        name: The function's parameter, or ``$return``.
        kind: ``queueTrigger``, ``queue``, ``blobTrigger`` or ``blob``.
        is_output: Whether the function writes to it.
        connection: The connection string.
        target: Name of the queue, or ``container/path`` of the blob; may hold ``{tokens}``.
        annotation: The annotation of the parameter, or None.
    """

    name: str
    kind: str
    is_output: bool
    connection: str
    target: str
    annotation: Any = None


def resolve_bindings(function: IndexedFunction, settings: Mapping[str, str]) -> list[StorageBinding]:
    """Resolve the settings in a function's storage bindings. Raises HostConfigError for the first wrong one."""
    return [_resolve(function, binding, settings) for binding in storage_bindings(function)]


def storage_bindings(function: IndexedFunction) -> list[Any]:
    """A function's bindings to queues and blobs, as the SDK declares them, the trigger included."""
    return [binding for binding in function.bindings if binding.type in _STORAGE]


def binding_faults(functions: Iterable[IndexedFunction], settings: Mapping[str, str]) -> list[str]:
    """List everything wrong with the storage bindings of an app, each with function, file and line."""
    faults = []
    for function in functions:
        for binding in storage_bindings(function):
            for resolve in (_target, _connection):
                try:
                    resolve(function, binding, settings)
                except HostConfigError as error:
                    faults.append(f'{function.name} ({function.source}): binding "{binding.name}": {error}')
    return faults


def _tokens_given(function: IndexedFunction, settings: Mapping[str, str]) -> set[str] | None:
    """The tokens that a function's trigger gives; None where the content decides, as with JSON messages."""
    if function.trigger_type == TIMER_TRIGGER:
        return set()
    if function.trigger_type != BLOB_TRIGGER:
        return None
    path = resolve_setting_names(str(function.trigger.get_dict_repr().get("path") or ""), settings)
    return {*unknown_tokens(path, ()), "blobTrigger", "Uri", "metadata"}


def _resolve(function: IndexedFunction, binding: Any, settings: Mapping[str, str]) -> StorageBinding:
    connection, target = _connection(function, binding, settings), _target(function, binding, settings)
    annotation = function.annotation_of(binding.name)
    return StorageBinding(binding.name, binding.type, binding.direction == _OUT, connection, target, annotation)


def _target(function: IndexedFunction, binding: Any, settings: Mapping[str, str]) -> str:
    is_queue = binding.type in (QUEUE, QUEUE_TRIGGER)
    field = "queueName" if is_queue else "path"
    target = resolve_setting_names(str(binding.get_dict_repr().get(field) or ""), settings)
    _check_tokens(function, binding, target, settings)
    check = _queue_name if is_queue else _blob_path
    return check(target, is_trigger=binding.type in (QUEUE_TRIGGER, BLOB_TRIGGER))


def _connection(_: IndexedFunction, binding: Any, settings: Mapping[str, str]) -> str:
    name = binding.get_dict_repr().get("connection")
    connection = connection_string(resolve_setting_names(name or "", settings), settings)
    _check_connection(name, connection)
    return connection


def _check_tokens(function: IndexedFunction, binding: Any, target: str, settings: Mapping[str, str]) -> None:
    given = _tokens_given(function, settings)
    if given is None or binding is function.trigger:
        return
    if unknown := unknown_tokens(target, given):
        names = ", ".join(f"{{{name}}}" for name in unknown)
        known = ", ".join(f"{{{name}}}" for name in sorted(given, key=str.lower)) or "none"
        raise HostConfigError(
            f'"{target}" uses {names}, which a {function.trigger_type} does not give. It gives: {known}. '
            "Use one of these, {rand-guid} or {datetime}."
        )


def _queue_name(name: str, is_trigger: bool) -> str:
    name = name.lower()
    if is_trigger and has_tokens(name):
        raise HostConfigError(f'the queue "{name}" has a {{token}}, which only outputs may have. Use %SETTING%.')
    if not has_tokens(name) and not _NAME.fullmatch(name):
        raise HostConfigError(f'"{name}" is no name of a queue. {_NAME_RULE}')
    return name


def _blob_path(path: str, is_trigger: bool) -> str:
    container, _, blob = path.strip("/").partition("/")
    if not blob and not is_trigger:
        raise HostConfigError(
            f'the path "{path}" names no blob. Give "container/name", such as "results/{{name}}".'
        )
    if is_trigger and has_tokens(container):
        raise HostConfigError(f'the container of "{path}" must be without {{tokens}}. Use %SETTING%.')
    if not has_tokens(container) and not _NAME.fullmatch(container) and not container.startswith("$"):
        raise HostConfigError(f'"{container}" is no name of a container. {_NAME_RULE}')
    return f"{container}/{blob}"


_NAME_RULE = "Use 3 to 63 lower-case letters, digits and single hyphens."


def _check_connection(name: str | None, connection: str) -> None:
    parts = dict(part.partition("=")[::2] for part in connection.strip(";").split(";"))
    usable = {"AccountKey", "SharedAccessSignature"} & set(parts) or "UseDevelopmentStorage" in parts
    if not usable:
        raise HostConfigError(
            f'the setting of the connection "{name}" holds no connection string. Give '
            '"UseDevelopmentStorage=true", or "DefaultEndpointsProtocol=...;AccountName=...;AccountKey=...".'
        )
