"""Makes the durable SDK's replay faster without changing what it computes. Every patch for speed is here.

When azure-functions-durable 1.7.0 replays an orchestrator, it spends most of the time on two things: it guesses
the format of every timestamp in each episode, and it builds a named tuple type for each executor. It also reads
one setting for every value, and makes a JSON decoder for each. The host writes all timestamps in one format, so
they can be read directly; other formats still go to the SDK's own parser. A version of the SDK with different code
in these places is not patched.

Switched off by ``devhost start --no-sdk-speedups`` or the setting ``DEVHOST_SDK_SPEEDUPS=0``.
"""

import functools
import importlib
import logging
import os
import re
import sys
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

log = logging.getLogger("devhost.host")

SETTING = "DEVHOST_SDK_SPEEDUPS"

_ORIGINAL = "__devhost_original__"
_SDK = "azure.durable_functions"
_CODEC = "azure.functions._durable_functions"
_EXACT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z", re.ASCII)
_REMEMBERED_TIMES = 8192

Undo = Callable[[], None]


def install_if_enabled(settings: Mapping[str, str]) -> None:
    """Speed the SDK up, if the app has imported it and the setting does not forbid it."""
    if settings.get(SETTING) != "0" and _SDK in sys.modules:
        install()


def install() -> Undo:
    """Patch the SDK of this process; a second call changes nothing.

    Returns:
        A callable that restores the original SDK.
    """
    undos: list[Undo] = []
    for patch in (_patch_timestamps, _patch_executor, _patch_durations, _patch_strict_mode, _patch_codec):
        try:
            undos.append(patch())
        except (ImportError, AttributeError, TypeError) as error:
            log.warning("This version of the durable SDK is not sped up (%s); it works all the same.", error)

    def undo_all() -> None:
        for undo in undos:
            undo()

    return undo_all


def _patch_timestamps() -> Undo:
    module: Any = importlib.import_module(f"{_SDK}.models.history.HistoryEvent")
    return _replace(module, "dt_parse", _fast_timestamps)


def _fast_timestamps(original: Callable[[str], datetime]) -> Callable[[str], datetime]:
    # dateutil's own UTC object: it equals Python's, but an orchestrator may print it.
    utc = original("2024-01-01T00:00:00.000000Z").tzinfo

    @functools.lru_cache(_REMEMBERED_TIMES)
    def parse(text: str) -> datetime:
        if not isinstance(text, str) or not _EXACT.fullmatch(text):
            return original(text)
        try:
            return datetime.fromisoformat(text[:-1]).replace(tzinfo=utc)
        except ValueError:
            return original(text)

    return parse


def _patch_executor() -> Undo:
    """Share the executor's constant tables; what belongs to one episode is still new for each."""
    executor: Any = importlib.import_module(f"{_SDK}.models.TaskOrchestrationExecutor").TaskOrchestrationExecutor

    def patched(original: Callable[[Any], None]) -> Callable[[Any], None]:
        model = executor()
        payloads, completions = model.event_to_SetTaskValuePayload, model.task_completion_events

        def init(self: Any) -> None:
            self.event_to_SetTaskValuePayload = payloads
            self.task_completion_events = completions
            self.initialize()

        return init

    return _replace(executor, "__init__", patched)


def _patch_durations() -> Undo:
    module: Any = importlib.import_module(f"{_SDK}.models.DurableOrchestrationContext")
    return _replace(module, "parse_timespan_attrib", functools.lru_cache(64))


def _patch_strict_mode() -> Undo:
    """Avoid most reads of the environment; the codec reads it for every value."""
    return _replace(importlib.import_module(_CODEC), "_is_strict_mode", _fast_strict_mode)


def _fast_strict_mode(original: Callable[[], bool]) -> Callable[[], bool]:
    # The mapping inside os.environ; os.environ itself encodes the key at each read.
    environment: Any = os.environ
    values, key = environment._data, environment.encodekey("AZURE_FUNCTIONS_DURABLE_STRICT_TYPING")
    answers: dict[bytes | None, bool] = {}

    def is_strict_mode() -> bool:
        value = values.get(key)
        if value not in answers:
            answers[value] = original()
        return answers[value]

    return is_strict_mode


def _patch_codec() -> Undo:
    """Keep one decoder and one encoder for each hook; ``json`` makes one for each value."""
    return _replace(importlib.import_module(_CODEC), "json", lambda original: _FastJson(original))


class _FastJson:
    """The module ``json`` as the SDK's codec uses it."""

    def __init__(self, original: Any) -> None:
        self._original = original
        self._decoders = functools.lru_cache(8)(lambda hook: original.JSONDecoder(object_hook=hook).decode)
        self._encoders = functools.lru_cache(8)(lambda hook: original.JSONEncoder(default=hook).encode)

    def loads(self, text: Any, **options: Any) -> Any:
        has_mark = not isinstance(text, str) or text.startswith("\ufeff")
        if options.keys() == {"object_hook"} and not has_mark:
            return self._decoders(options["object_hook"])(text)
        return self._original.loads(text, **options)

    def dumps(self, value: Any, **options: Any) -> Any:
        if options.keys() == {"default"}:
            return self._encoders(options["default"])(value)
        return self._original.dumps(value, **options)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._original, name)


def _replace(owner: Any, name: str, faster: Callable[[Any], Any]) -> Undo:
    current = getattr(owner, name)
    original = getattr(current, _ORIGINAL, current)
    if current is original:
        replacement = faster(original)
        setattr(replacement, _ORIGINAL, original)
        setattr(owner, name, replacement)
    return lambda: setattr(owner, name, original)
