"""A worker's report about the app, so that the host need not import the app."""

import typing
from collections.abc import Callable, Iterable, Mapping
from dataclasses import asdict
from datetime import timedelta
from pathlib import Path
from typing import Any

from devhost.functions.app_loader import LoadedApp
from devhost.functions.indexing import IndexedFunction
from devhost.functions.left_out import LeftOut
from devhost.functions.retry_policies import RetryPolicy

_FORMS = {"str": str, "bytes": bytes}


class ReportedBinding:
    """A binding as the worker reported it: the attributes of the SDK's own object, with plain values."""

    def __init__(self, attributes: Mapping[str, Any], described: Mapping[str, Any]) -> None:
        self.__dict__.update(attributes)
        self._described = described

    def get_dict_repr(self) -> dict[str, Any]:
        """The binding in the form of function.json."""
        return dict(self._described)


def describe_app(app: LoadedApp) -> dict[str, Any]:
    """Describe an app in plain JSON: its functions, and those that are left out."""
    return {
        "functions": describe_functions(app.functions),
        "leftOut": [asdict(function) for function in app.left_out],
    }


def app_of(report: Mapping[str, Any], root: Path) -> LoadedApp:
    """Build an app from a worker's report; its functions can be inspected here, but run only in a worker."""
    left_out = tuple(LeftOut(**one) for one in report["leftOut"])
    return LoadedApp(root, functions_of(report["functions"], root), left_out)


def describe_functions(functions: Iterable[IndexedFunction]) -> list[dict[str, Any]]:
    """Describe functions in plain JSON."""
    return [_describe(function) for function in functions]


def functions_of(report: Iterable[Mapping[str, Any]], directory: Path) -> tuple[IndexedFunction, ...]:
    """Build functions from a worker's report; they can be inspected here, but run only in a worker."""
    return tuple(_function(described, directory) for described in report)


def _describe(function: IndexedFunction) -> dict[str, Any]:
    names = [binding.name for binding in function.bindings]
    return {
        "name": function.name,
        "registeredName": function.registered_name,
        "triggerType": function.trigger_type,
        "trigger": names.index(function.trigger.name),
        "bindings": [_describe_binding(binding) for binding in function.bindings],
        "annotations": _annotations(function),
        "isAsync": function.is_async,
        "wantsContext": function.wants_context,
        "source": function.source,
        "retries": _describe_retries(function.retry_policy),
    }


def _describe_binding(binding: Any) -> dict[str, Any]:
    attributes = {name: _plain(value) for name, value in vars(binding).items() if not name.startswith("_")}
    attributes |= {"direction": binding.direction, "data_type": binding.data_type}
    # The admin endpoints show the names of enums; everything else uses their values.
    described = {key: _shown(value) for key, value in binding.get_dict_repr().items() if value is not None}
    return {"attributes": attributes, "described": described}


def _describe_retries(policy: RetryPolicy | None) -> list[float] | None:
    if policy is None:
        return None
    intervals = (policy.minimum_interval, policy.maximum_interval)
    return [policy.max_retry_count, *(interval.total_seconds() for interval in intervals)]


def _function(described: Mapping[str, Any], directory: Path) -> IndexedFunction:
    bindings = tuple(ReportedBinding(**binding) for binding in described["bindings"])
    retries = described["retries"]
    return IndexedFunction(
        name=described["name"],
        registered_name=described["registeredName"],
        trigger_type=described["triggerType"],
        trigger=bindings[described["trigger"]],
        bindings=bindings,
        call=_stand_in(described["annotations"]),
        is_async=described["isAsync"],
        wants_context=described["wantsContext"],
        directory=directory,
        source=described["source"],
        retry_policy=retries and RetryPolicy(retries[0], *(timedelta(seconds=pause) for pause in retries[1:])),
    )


def _annotations(function: IndexedFunction) -> dict[str, str]:
    """The annotations that decide in which form a binding passes its value."""
    hints = typing.get_type_hints(function.call)
    return {name: hint.__name__ for name, hint in hints.items() if hint in _FORMS.values()}


def _stand_in(annotations: Mapping[str, str]) -> Callable[..., Any]:
    """Make the stand-in for the user's function in the host."""

    def runs_elsewhere(**_: Any) -> Any:
        raise RuntimeError("This function is known from a worker's report, and runs in a worker only.")

    runs_elsewhere.__annotations__ = {name: _FORMS[form] for name, form in annotations.items()}
    return runs_elsewhere


def _plain(value: Any) -> Any:
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    value = getattr(value, "value", value)
    return value if value is None or isinstance(value, str | int | float | bool) else str(value)


def _shown(value: Any) -> Any:
    if isinstance(value, list | tuple):
        return [_shown(item) for item in value]
    return str(value) if hasattr(value, "value") else _plain(value)
