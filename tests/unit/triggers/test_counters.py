"""GET /counters and POST /counters/reset."""

from docpipeline.models.counters import FIELDS, DocumentCounts
from tests.unit.triggers.conftest import Pipeline, request
from triggers.counters import get_counters, reset_counters


async def test_the_counter_is_the_sum_of_its_shards(pipeline: Pipeline) -> None:
    pipeline.runtime.counters = {
        "0": DocumentCounts(pending=2, processed=5, timed_out=1),
        "7": DocumentCounts(pending=1, failed=3, rejected=4),
    }

    answer = await pipeline.call(get_counters, request("GET", "counters"))

    assert answer.json == {"pending": 3, "processed": 5, "failed": 3, "rejected": 4, "timedOut": 1}


async def test_a_counter_that_counted_nothing_is_zero(pipeline: Pipeline) -> None:
    assert (await pipeline.call(get_counters, request("GET", "counters"))).json == dict.fromkeys(FIELDS, 0)


async def test_a_reset_reaches_every_shard(pipeline: Pipeline) -> None:
    pipeline.runtime.counters = {str(shard): DocumentCounts(processed=1) for shard in range(8)}

    answer = await pipeline.call(reset_counters, request("POST", "counters/reset"))

    assert answer.status == 202
    assert sorted(pipeline.runtime.signals) == [(str(shard), "reset", None) for shard in range(8)]
    assert (await pipeline.call(get_counters, request("GET", "counters"))).json["processed"] == 0


async def test_a_runtime_that_is_down_is_a_503(pipeline: Pipeline) -> None:
    pipeline.runtime.is_down = True

    assert (await pipeline.call(get_counters, request("GET", "counters"))).is_problem(503, "unavailable")
