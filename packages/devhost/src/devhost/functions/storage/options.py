"""The options of host.json for queues and blobs: ``extensions.queues`` and ``extensions.blobs``."""

from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from devhost.functions.errors import HostConfigError
from devhost.functions.host_config import option
from devhost.functions.time_spans import parse_time_span

BASE64, PLAIN = "base64", "none"


@dataclass(frozen=True)
class QueueOptions:
    """How queues are read.

    Attributes:
        batch_size: Messages taken at once, 1 to 32.
        new_batch_threshold: More are taken when no more than this many run.
        max_dequeue_count: Tries before a message goes to the poison queue.
        visibility_timeout: Pause before a failed message is tried again.
        max_polling_interval: The longest pause between two looks at an empty queue. Two seconds by
            default, as in Azure's host in development; deployed, it is one minute.
        message_encoding: ``base64`` or ``none``.
    """

    batch_size: int = 16
    new_batch_threshold: int = 8
    max_dequeue_count: int = 5
    visibility_timeout: timedelta = timedelta()
    max_polling_interval: timedelta = timedelta(seconds=2)
    message_encoding: str = BASE64

    @classmethod
    def from_host_json(cls, document: dict[str, Any]) -> "QueueOptions":
        """Read ``extensions.queues``. Raises HostConfigError that names the option and its form."""
        queues = _Section(document, "queues")
        batch_size = queues.number("batchSize", 16, 1, 32)
        return cls(
            batch_size=batch_size,
            new_batch_threshold=queues.number("newBatchThreshold", batch_size // 2, 0, 1000),
            max_dequeue_count=queues.number("maxDequeueCount", 5, 1, 1000),
            visibility_timeout=queues.span("visibilityTimeout", timedelta()),
            max_polling_interval=max(queues.span("maxPollingInterval", timedelta(seconds=2)), _SHORTEST_POLL),
            message_encoding=queues.choice("messageEncoding", (BASE64, PLAIN)),
        )


@dataclass(frozen=True)
class BlobOptions:
    """How blobs are read.

    Attributes:
        max_parallel: Blobs that one function works on at once.
        poison_threshold: Tries before a blob is given up.
    """

    max_parallel: int = 8
    poison_threshold: int = 5

    @classmethod
    def from_host_json(cls, document: dict[str, Any]) -> "BlobOptions":
        """Read ``extensions.blobs``. Raises HostConfigError that names the option and its form."""
        blobs = _Section(document, "blobs")
        return cls(
            max_parallel=blobs.number("maxDegreeOfParallelism", 8, 1, 1000),
            poison_threshold=blobs.number("poisonBlobThreshold", 5, 1, 1000),
        )


_SHORTEST_POLL = timedelta(milliseconds=100)


@dataclass(frozen=True)
class _Section:
    document: dict[str, Any]
    name: str

    def number(self, name: str, default: int, least: int, most: int) -> int:
        value = option(self.document, "extensions", self.name, name)
        if value is None:
            return default
        if isinstance(value, bool) or not isinstance(value, int) or not least <= value <= most:
            raise self._refused(name, value, f"a whole number from {least} to {most}")
        return value

    def span(self, name: str, default: timedelta) -> timedelta:
        value = option(self.document, "extensions", self.name, name)
        if value is None:
            return default
        span = parse_time_span(str(value))
        if span is None:
            raise self._refused(name, value, 'hh:mm:ss, such as "00:00:02"')
        return span

    def choice(self, name: str, allowed: tuple[str, ...]) -> str:
        value = option(self.document, "extensions", self.name, name)
        if value is None:
            return allowed[0]
        if str(value).lower() not in allowed:
            raise self._refused(name, value, " or ".join(f'"{one}"' for one in allowed))
        return str(value).lower()

    def _refused(self, name: str, value: Any, form: str) -> HostConfigError:
        return HostConfigError(f"host.json: extensions.{self.name}.{name} is {value!r}. Give {form}.")
