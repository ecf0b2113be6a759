"""Where a request stands in a distributed trace."""

import re

import pytest

from devhost.functions.trace_span import TraceSpan

TRACE, CALLER = "0af7651916cd43dd8448eb211c80319c", "b7ad6b7169203331"


@pytest.mark.parametrize("ending", ["", "-later-parts"])
def test_a_step_belongs_to_the_trace_of_its_caller(ending: str) -> None:
    version = "01" if ending else "00"

    span = TraceSpan.begin({"traceparent": f"{version}-{TRACE}-{CALLER}-01{ending}", "tracestate": "a=1"})

    assert (span.trace_id, span.parent_id, span.trace_state) == (TRACE, CALLER, "a=1")
    assert span.trace_parent == f"00-{TRACE}-{span.span_id}-01"
    assert span.span_id != CALLER


@pytest.mark.parametrize(
    "sent",
    [
        "",
        "nonsense",
        f"00-{TRACE}-{CALLER}",
        f"00-{TRACE}-{CALLER}-01-more",
        f"00-{TRACE}-{CALLER}-01\n",
        f"00-{TRACE.upper()}-{CALLER}-01",
        f"00-{'0' * 32}-{CALLER}-01",
        f"00-{TRACE}-{'0' * 16}-01",
        f"ff-{TRACE}-{CALLER}-01",
        f"00-{TRACE}-{CALLER}-01,00-{TRACE}-{CALLER}-01",
    ],
)
def test_without_a_valid_caller_a_step_begins_a_trace_of_its_own(sent: str) -> None:
    first, second = (TraceSpan.begin({"traceparent": sent, "tracestate": "a=1"}) for _ in range(2))

    assert first.trace_id not in (second.trace_id, TRACE)
    assert (first.parent_id, first.trace_state) == ("", "")
    assert re.fullmatch(f"00-{first.trace_id}-{first.span_id}-00", first.trace_parent)
