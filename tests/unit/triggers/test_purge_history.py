"""The daily timer `purge_history`."""

from datetime import UTC, datetime, timedelta

import pytest

from docpipeline import history_purge
from tests.unit.triggers.conftest import Pipeline, PipelineFactory
from triggers.durable_client import DurableClient
from triggers.purge_history import purge_history

NOW = datetime(2026, 5, 4, 3, 0, tzinfo=UTC)
CUTOFF = NOW - timedelta(days=30)


def ended(
    pipeline: Pipeline, name: str, days_ago: float, status: str = "Completed", took_days: float = 0.1
) -> None:
    """Add an instance that ended this many days ago."""
    updated = NOW - timedelta(days=days_ago)
    created = updated - timedelta(days=took_days)
    pipeline.runtime.add(name, status, created=created.replace(microsecond=0), updated=updated)


async def purge(pipeline: Pipeline) -> int:
    return await history_purge.purge_ended_before(DurableClient(pipeline.runtime.client()), CUTOFF)


async def test_what_ended_long_ago_is_purged_and_the_rest_is_kept(pipeline: Pipeline) -> None:
    ended(pipeline, "completed", 31)
    ended(pipeline, "terminated", 400, "Terminated")
    ended(pipeline, "failed", 400, "Failed")
    ended(pipeline, "lately", 29)
    ended(pipeline, "running", 400, "Running")

    assert await purge(pipeline) == 2
    assert sorted(pipeline.runtime.purged) == ["completed", "terminated"]


async def test_what_must_stay_stays_although_the_runtime_ignores_the_filter_by_status(pipeline: Pipeline) -> None:
    """The Durable extension lists everything when it does not know the status that it is asked for."""
    pipeline.runtime.ignores_statuses = True
    ended(pipeline, "completed", 31)
    for status in ("Failed", "Running", "Pending", "Suspended", "ContinuedAsNew"):
        ended(pipeline, status.lower(), 400, status)

    assert await purge(pipeline) == 1
    assert pipeline.runtime.purged == ["completed"]


async def test_the_statuses_that_are_asked_for_are_spelt_as_the_extension_spells_them(pipeline: Pipeline) -> None:
    await purge(pipeline)
    (listing,) = pipeline.runtime.requests
    assert listing.endswith("&runtimeStatus=Completed,Terminated")


@pytest.mark.parametrize("name", ["?createdTimeFrom=2024-01-01T00:00:00Z", "#", "a/b", "a%2Fb", "a b", "ä"])
async def test_an_odd_id_deletes_that_instance_and_no_other(pipeline: Pipeline, name: str) -> None:
    ended(pipeline, name, 31)
    ended(pipeline, "failed", 31, "Failed")

    assert await purge(pipeline) == 1
    assert pipeline.runtime.purged == [name]


async def test_the_end_counts_not_the_beginning(pipeline: Pipeline) -> None:
    ended(pipeline, "reviewed-for-months", 1, took_days=80)

    assert await purge(pipeline) == 0


async def test_more_than_a_page_is_purged_in_one_run(pipeline: Pipeline) -> None:
    for number in range(350):
        ended(pipeline, f"old-{number:03d}", 31 + number / 10)

    assert await purge(pipeline) == 350


async def test_instances_that_must_stay_never_hide_those_behind_them(pipeline: Pipeline) -> None:
    for number in range(250):
        ended(pipeline, f"a-stays-{number:03d}", 1, took_days=40 + number / 10)
        ended(pipeline, f"b-goes-{number:03d}", 31 + number / 10)

    assert await purge(pipeline) == 250
    assert all(name.startswith("b-goes") for name in pipeline.runtime.purged)


async def test_one_run_is_bounded_and_the_next_continues(
    pipeline: Pipeline, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(history_purge, "MOST_PURGED", 30)
    for number in range(50):
        ended(pipeline, f"old-{number}", 40)

    assert [await purge(pipeline), await purge(pipeline), await purge(pipeline)] == [30, 20, 0]


async def test_the_timer_uses_the_setting(pipeline_with: PipelineFactory) -> None:
    pipeline = pipeline_with(HISTORY_RETENTION_DAYS="7")
    pipeline.clock.now = NOW
    ended(pipeline, "eight-days", 8)
    ended(pipeline, "six-days", 6)

    user_function = purge_history._function.get_user_function()
    await user_function.client_function(None, pipeline.runtime.client())

    assert pipeline.runtime.purged == ["eight-days"]
