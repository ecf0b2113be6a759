"""Joins what a function starts to the trace of its own invocation."""

from collections.abc import Iterator
from contextlib import contextmanager

import azure.functions as func
from opentelemetry import context as current_trace
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator


@contextmanager
def joined_to(context: func.Context) -> Iterator[None]:
    """Let runs that are started in here show up under the call that began them.

    The durable client passes on whatever trace is OpenTelemetry's current one. The worker sets that only where all
    logs of the app go through OpenTelemetry; without it each run would begin a trace of its own.
    """
    trace = context.trace_context
    carrier = {"traceparent": trace.trace_parent or "", "tracestate": trace.trace_state or ""}
    token = current_trace.attach(TraceContextTextMapPropagator().extract(carrier))
    try:
        yield
    finally:
        current_trace.detach(token)
