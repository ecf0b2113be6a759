"""A handler for metrics that keeps them."""

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from docpipeline import telemetry


@dataclass(frozen=True)
class Metric:
    """One metric as it would be sent."""

    name: str
    value: float
    properties: dict[str, str]


class RecordedMetrics(logging.Handler):
    """Keeps every metric in order."""

    def __init__(self) -> None:
        super().__init__()
        self.all: list[Metric] = []

    def emit(self, record: logging.LogRecord) -> None:
        told = record.__dict__
        self.all.append(Metric(record.getMessage(), told["metric_value"], told["metric_properties"]))

    def named(self, name: str) -> list[Metric]:
        """Those of one name."""
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
