"""A run belongs to the trace of the call that began it."""

import asyncio

import pytest
from opentelemetry.trace import get_current_span

from tests.unit.triggers.conftest import Pipeline, PipelineFactory


def trace_parent(number: int) -> str:
    return f"00-{number:032x}-{number:016x}-01"


async def test_runs_of_calls_at_once_belong_each_to_its_own_call(pipeline_with: PipelineFactory) -> None:
    pipelines = [pipeline_with(), pipeline_with()]
    for number, pipeline in enumerate(pipelines, start=1):
        pipeline.trace.trace_parent = trace_parent(number)

    first, second = pipelines
    await asyncio.gather(first.upload(documentId="first"), second.upload(documentId="second"))

    assert [pipeline.runtime.traces for pipeline in pipelines] == [[trace_parent(1)], [trace_parent(2)]]
    assert not get_current_span().get_span_context().is_valid


@pytest.mark.parametrize("sent", ["", None, "nonsense", trace_parent(0)])
async def test_a_call_in_no_trace_starts_its_run_all_the_same(
    pipeline_with: PipelineFactory, sent: str | None
) -> None:
    pipeline = pipeline_with()
    pipeline.trace.trace_parent = sent

    assert (await pipeline.upload()).status == 202
    assert pipeline.runtime.traces == [None]


async def test_a_start_that_fails_leaves_no_trace_for_the_next_call(pipeline: Pipeline) -> None:
    pipeline.runtime.refuses_starts = True
    pipeline.trace.trace_parent = trace_parent(1)
    assert (await pipeline.upload()).status == 503

    pipeline.trace.trace_parent = ""
    pipeline.runtime.refuses_starts = False
    assert (await pipeline.upload()).status == 202

    assert pipeline.runtime.traces == [trace_parent(1), None]
