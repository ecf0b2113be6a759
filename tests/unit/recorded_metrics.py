"""A log handler that records metrics."""

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from docpipeline import telemetry


@dataclass(frozen=True)
class Metric:
    """A metric as it is sent."""

    name: str
    value: float
    properties: dict[str, str]


class RecordedMetrics(logging.Handler):
    """Records every metric in order."""

    def __init__(self) -> None:
        super().__init__()
        self.all: list[Metric] = []

    def emit(self, record: logging.LogRecord) -> None:
        fields = record.__dict__
        self.all.append(Metric(record.getMessage(), fields["metric_value"], fields["metric_properties"]))

    def named(self, name: str) -> list[Metric]:
        """The metrics of one name."""
        return [metric for metric in self.all if metric.name == name]


@contextmanager
def recorded_metrics() -> Iterator[RecordedMetrics]:
    """Record every metric inside the block."""
    handler = RecordedMetrics()
    telemetry.send_metrics_to(handler)
    try:
        yield handler
    finally:
        telemetry.stop_metrics_to(handler)
