"""Places of documents in flight: never more than the limit, however many processes take them at once."""

import asyncio
from collections.abc import AsyncIterator, Callable
from datetime import timedelta
from uuid import uuid4

import pytest
from azure.data.tables import UpdateMode
from azure.data.tables.aio import TableClient

from docpipeline.errors import TooManyPending
from docpipeline.models.runs import RunReference
from docpipeline.models.storage_account import StorageAccount
from docpipeline.services import pending_places
from docpipeline.services.pending_places import PendingPlaces
from tests.azurite import Azurite
from tests.clocks import ManualClock

Process = Callable[[int], PendingPlaces]


@pytest.fixture
async def process(azurite: Azurite, clock: ManualClock, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Process]:
    """Makes the places of another process, in the same table."""
    monkeypatch.setattr(pending_places, "TABLE", f"places{uuid4().hex}")
    account = StorageAccount.from_connection_string(azurite.connection_string)
    made: list[PendingPlaces] = []

    def make(limit: int) -> PendingPlaces:
        made.append(PendingPlaces(account, limit, clock, lambda: clock().timestamp()))
        return made[-1]

    yield make
    for places in made:
        await places.close()


def a_run(number: int) -> RunReference:
    return RunReference(document_id=f"d {number}", instance_id=f"doc-d_{number}-ann-1")


async def taken(places: PendingPlaces, runs: list[RunReference]) -> list[RunReference]:
    """Take places for all runs at once, and return the runs that got one."""
    answers = await asyncio.gather(*(places.take(run) for run in runs), return_exceptions=True)
    assert all(answer is True or isinstance(answer, TooManyPending) for answer in answers)
    return [run for run, answer in zip(runs, answers, strict=True) if answer is True]


async def all_taken(places: PendingPlaces, clock: ManualClock) -> list[RunReference]:
    later = clock() + timedelta(days=1)
    return [run async for run in places.taken_before(later)]


async def test_a_burst_takes_as_many_places_as_there_are(process: Process, clock: ManualClock) -> None:
    places = process(5)

    got = await taken(places, [a_run(number) for number in range(60)])

    assert len(got) == 5
    assert sorted(run.instance_id for run in await all_taken(places, clock)) == sorted(
        run.instance_id for run in got
    )


@pytest.mark.parametrize(("limit", "each"), [(7, 10), (90, 60)])
async def test_several_processes_at_once_take_all_places_and_no_more(
    process: Process, clock: ManualClock, limit: int, each: int
) -> None:
    """Six processes, each of which knew only its own places, took 600 of 200."""
    processes = [process(limit) for _ in range(3)]
    for places in processes:
        await places.require_room()

    bursts = [
        taken(places, [a_run(100 * first + number) for number in range(each)])
        for first, places in enumerate(processes)
    ]
    got = [run for burst in await asyncio.gather(*bursts) for run in burst]

    assert len(got) == limit
    assert len(await all_taken(processes[0], clock)) == limit


async def test_places_are_kept_by_who_came_first_whatever_the_clocks_of_the_processes_say(
    process: Process, clock: ManualClock
) -> None:
    """With a slow clock, new rows ranked before kept ones: all gave up, and a place stayed empty."""
    here, there = process(7), process(7)
    await there.require_room()
    assert len(await taken(here, [a_run(500 + number) for number in range(6)])) == 6

    clock.advance(-timedelta(minutes=5))
    got = await taken(there, [a_run(number) for number in range(7)])

    assert len(got) == 1
    assert len(await all_taken(here, clock)) == 7


async def test_a_released_place_can_be_taken_again(process: Process, clock: ManualClock) -> None:
    places = process(1)
    await places.take(a_run(1))
    with pytest.raises(TooManyPending, match="1 documents are in flight; 1 may be"):
        await places.take(a_run(2))

    await places.release(a_run(1))
    await places.release(a_run(1))
    clock.advance(timedelta(seconds=3))
    await places.take(a_run(2))

    assert await all_taken(places, clock) == [a_run(2)]


async def test_a_run_has_one_place_however_often_it_takes_it(process: Process, clock: ManualClock) -> None:
    places = process(2)
    assert [await places.take(a_run(1)) for _ in range(2)] == [True, False]
    clock.advance(timedelta(seconds=3))
    await places.take(a_run(2))

    assert len(await all_taken(places, clock)) == 2


async def test_a_run_under_way_keeps_its_place_whatever_the_limit(process: Process, clock: ManualClock) -> None:
    places = process(1)
    await places.take(a_run(1))
    await places.keep(a_run(2))
    await places.keep(a_run(2))

    assert await all_taken(places, clock) == [a_run(1), a_run(2)]
    clock.advance(timedelta(seconds=3))
    with pytest.raises(TooManyPending):
        await places.take(a_run(3))


async def test_places_are_listed_by_when_they_were_taken(process: Process, clock: ManualClock) -> None:
    places = process(10)
    await places.take(a_run(1))
    clock.advance(timedelta(minutes=10))
    between = clock()
    await places.take(a_run(2))

    assert [run async for run in places.taken_before(between)] == [a_run(1)]


async def test_a_place_with_a_damaged_row_is_reported_and_hides_no_other(
    process: Process, clock: ManualClock, azurite: Azurite, caplog: pytest.LogCaptureFixture
) -> None:
    """An unreadable row must not prevent the release of the other places."""
    places = process(9)
    for number in (1, 2, 3):
        await places.take(a_run(number))
    async with TableClient.from_connection_string(azurite.connection_string, pending_places.TABLE) as table:
        row = await table.get_entity("pending", a_run(2).instance_id)
        del row["documentId"]
        await table.upsert_entity(row, UpdateMode.REPLACE)

    assert await all_taken(places, clock) == [a_run(1), a_run(3)]
    assert f"row '{a_run(2).instance_id}'" in caplog.text
