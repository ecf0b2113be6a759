"""The engine's limits and rules, read from ``extensions.durableTask`` of host.json."""

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Self

from devhost.engine.errors import OptionsError

_PER_CPU = 10
_HUB_NAME = re.compile(r"[A-Za-z][A-Za-z0-9]{2,44}")
_MATCH_STRATEGIES = ("None", "Strict", "CurrentOrOlder")
_FAILURE_STRATEGIES = ("Reject", "Fail")
_OVERRIDABLE_STATES = ("NonRunningStates", "AnyState")


def _concurrency() -> int:
    return _PER_CPU * (os.cpu_count() or 1)


@dataclass(frozen=True)
class EngineOptions:
    """Limits and rules of one task hub, with the Durable extension's defaults outside the Consumption plan."""

    hub_name: str = "TestHubName"
    max_concurrent_activities: int = _concurrency()
    max_concurrent_orchestrators: int = _concurrency()
    max_concurrent_entities: int = _concurrency()
    max_entity_operation_batch_size: int = 5000
    max_orchestration_actions: int = 100_000
    overridable_existing_instance_states: str = "NonRunningStates"
    store_inputs_in_orchestration_history: bool = False
    default_version: str | None = None
    version_match_strategy: str = "CurrentOrOlder"
    version_failure_strategy: str = "Reject"
    default_async_request_sleep_ms: int = 30_000

    @classmethod
    def from_host_json(cls, host_json: Mapping[str, Any], settings: Mapping[str, str] | None = None) -> Self:
        """Read the options from a parsed host.json. Names are case-insensitive, unknown ones are ignored.

        Args:
            host_json: the whole file's content.
            settings: app settings that resolve ``%NAME%`` in the hub's name; default: the process environment.

        Raises:
            OptionsError: a value cannot be used; the text names it and the form it takes.
        """
        section = _Section(_lowered(_lowered(host_json.get("extensions")).get("durabletask")))
        settings = os.environ if settings is None else settings
        section.refuse_false("localRpcEndpointEnabled", "the SDK's client needs it")
        http = _Section(_lowered(section.values.get("httpsettings")))
        return cls(
            hub_name=_hub_name(section, settings),
            max_concurrent_activities=section.positive("maxConcurrentActivityFunctions", _concurrency()),
            max_concurrent_orchestrators=section.positive("maxConcurrentOrchestratorFunctions", _concurrency()),
            max_concurrent_entities=section.positive("maxConcurrentEntityFunctions", _concurrency()),
            max_entity_operation_batch_size=section.positive("maxEntityOperationBatchSize", 5000),
            max_orchestration_actions=section.positive("maxOrchestrationActions", 100_000),
            overridable_existing_instance_states=section.one_of(
                "overridableExistingInstanceStates", _OVERRIDABLE_STATES
            ),
            store_inputs_in_orchestration_history=section.flag("storeInputsInOrchestrationHistory"),
            default_version=section.text("defaultVersion"),
            version_match_strategy=section.one_of("versionMatchStrategy", _MATCH_STRATEGIES, "CurrentOrOlder"),
            version_failure_strategy=section.one_of("versionFailureStrategy", _FAILURE_STRATEGIES),
            default_async_request_sleep_ms=http.positive("defaultAsyncRequestSleepTimeMilliseconds", 30_000),
        )


@dataclass(frozen=True)
class _Section:
    """Typed access to one JSON object whose keys were lower-cased."""

    values: Mapping[str, Any]

    def positive(self, name: str, default: int) -> int:
        value = self.values.get(name.lower())
        if value is None:
            return default
        if not isinstance(value, int) or isinstance(value, bool) or value < 1:
            raise _wrong(name, value, "a whole number of at least 1")
        return value

    def flag(self, name: str) -> bool:
        value = self.values.get(name.lower(), False)
        if not isinstance(value, bool):
            raise _wrong(name, value, "true or false")
        return value

    def refuse_false(self, name: str, reason: str) -> None:
        if self.values.get(name.lower()) is False:
            raise _wrong(name, False, f"true or left out: {reason}")

    def text(self, name: str) -> str | None:
        value = self.values.get(name.lower())
        if value is not None and not isinstance(value, str):
            raise _wrong(name, value, "a text")
        return value or None

    def one_of(self, name: str, allowed: tuple[str, ...], default: str | None = None) -> str:
        value = self.values.get(name.lower(), default or allowed[0])
        for choice in allowed:
            if isinstance(value, str) and value.lower() == choice.lower():
                return choice
        raise _wrong(name, value, "one of " + ", ".join(allowed))


def _hub_name(section: _Section, settings: Mapping[str, str]) -> str:
    name = section.text("hubName") or settings.get("WEBSITE_SITE_NAME") or "TestHubName"
    if name.startswith("%") and name.endswith("%"):
        setting = name.strip("%")
        if not settings.get(setting):
            raise _wrong("hubName", name, f"a name, or a setting that exists ({setting} is not set)")
        name = settings[setting]
    if not _HUB_NAME.fullmatch(name):
        raise _wrong("hubName", name, "3 to 45 letters and digits, beginning with a letter")
    return name


def _lowered(section: Any) -> dict[str, Any]:
    return {str(key).lower(): value for key, value in section.items()} if isinstance(section, Mapping) else {}


def _wrong(name: str, value: Any, form: str) -> OptionsError:
    return OptionsError(f"host.json: extensions.durableTask.{name} is {value!r}, but must be {form}.")
