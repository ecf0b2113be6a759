"""What can be wrong with triggers and bindings once the settings are known; all of it is reported together."""

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from devhost.functions.errors import HostConfigError, IndexingError
from devhost.functions.indexing import BLOB, BLOB_TRIGGER, QUEUE, QUEUE_TRIGGER, IndexedFunction
from devhost.functions.routing import route_faults
from devhost.functions.timers import schedule_faults

if TYPE_CHECKING:
    from devhost.functions.storage.triggers import StorageTriggers

_STORAGE = {QUEUE_TRIGGER, QUEUE, BLOB_TRIGGER, BLOB}


def check_bindings(functions: Sequence[IndexedFunction], settings: Mapping[str, str]) -> None:
    """Check routes, schedules, names and connections. Raises IndexingError that lists every problem."""
    if problems := setting_faults(functions, settings):
        raise IndexingError(problems)


def setting_faults(functions: Sequence[IndexedFunction], settings: Mapping[str, str]) -> list[str]:
    """List the routes, schedules, names and connections that are wrong, each with function, file and line.

    Raises HostConfigError for a setting that concerns all of them.
    """
    problems = route_faults(functions) + schedule_faults(functions, settings)
    if uses_storage(functions):
        _require_storage()
        from devhost.functions.storage.resolved_bindings import binding_faults

        problems += binding_faults(functions, settings)
    return problems


def uses_storage(functions: Iterable[IndexedFunction]) -> bool:
    """Whether an app has any queue or blob binding."""
    return any(binding.type in _STORAGE for function in functions for binding in function.bindings)


def storage_triggers(
    functions: Sequence[IndexedFunction], host_json: dict[str, Any], settings: Mapping[str, str], folder: Path
) -> "StorageTriggers | None":
    """The queue and blob bindings of an app; None if it has none, so that the storage packages are not imported.

    Raises HostConfigError.
    """
    if not uses_storage(functions):
        return None
    _require_storage()
    from devhost.functions.storage.triggers import StorageTriggers

    return StorageTriggers(functions, host_json, settings, folder)


def _require_storage() -> None:
    try:
        import azure.storage.blob
        import azure.storage.queue  # noqa: F401 (only checks that it is installed)
    except ImportError as error:
        raise HostConfigError(
            f"The app has queue or blob bindings, which need the storage packages: {error}. "
            "Install them: pip install azure-storage-queue azure-storage-blob"
        ) from error
