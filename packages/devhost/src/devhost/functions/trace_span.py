"""The part of an HTTP request in a distributed trace, after W3C Trace Context."""

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass

# A later version than 00 may have more parts; 255 is no version.
_TRACE_PARENT = re.compile(
    r"(?!ff)(?P<version>[0-9a-f]{2})-(?!0{32})(?P<trace>[0-9a-f]{32})-(?!0{16})(?P<span>[0-9a-f]{16})"
    r"-(?P<flags>[0-9a-f]{2})(?P<more>-.*)?"
)


@dataclass(frozen=True, slots=True)
class TraceSpan:
    """One step of a trace.

    Attributes:
        trace_id: 32 hex digits, shared by everything that one call has caused.
        span_id: 16 hex digits, of this step alone.
        parent_id: The step that caused this one; empty for the first.
        flags: Two hex digits, as the caller sent them.
        trace_state: ``tracestate`` as the caller sent it, or empty.
    """

    trace_id: str
    span_id: str
    parent_id: str = ""
    flags: str = "00"
    trace_state: str = ""

    @classmethod
    def begin(cls, headers: Mapping[str, str]) -> "TraceSpan":
        """A new step of the caller's trace; without a valid ``traceparent``, the first step of a new trace.

        Args:
            headers: The request's, with lower-cased names.
        """
        caller = _TRACE_PARENT.fullmatch(headers.get("traceparent", ""))
        span_id = os.urandom(8).hex()
        if caller is None or (caller["more"] and caller["version"] == "00"):
            return cls(os.urandom(16).hex(), span_id)
        return cls(caller["trace"], span_id, caller["span"], caller["flags"], headers.get("tracestate", ""))

    @property
    def trace_parent(self) -> str:
        """``traceparent`` for what this step causes."""
        return f"00-{self.trace_id}-{self.span_id}-{self.flags}"
