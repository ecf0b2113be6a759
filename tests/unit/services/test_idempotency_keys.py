"""Idempotency keys in a real table: a key stands for one run, forever."""

import asyncio
import uuid
from collections.abc import AsyncIterator
from datetime import UTC, datetime

import pytest

from docpipeline.errors import ServiceUnavailable
from docpipeline.models.storage_account import StorageAccount
from docpipeline.services.idempotency_keys import IdempotencyKeys, Reservation
from tests.azurite import free_ports


@pytest.fixture
async def keys(account: StorageAccount) -> AsyncIterator[IdempotencyKeys]:
    service = IdempotencyKeys(account)
    yield service
    await service.close()


@pytest.fixture
def user_id() -> str:
    return f"user-{uuid.uuid4().hex}"


def a_run(number: int = 1) -> Reservation:
    return Reservation(
        document_id="inv-17",
        instance_id=f"run-{number}",
        accepted_at=datetime(2026, 5, 4, 9, 0, 0, 7000, tzinfo=UTC),
    )


async def test_a_key_never_used_stands_for_nothing(keys: IdempotencyKeys, user_id: str) -> None:
    assert await keys.find(user_id, "k-1") is None


async def test_a_key_stands_for_the_first_run_it_was_used_for(keys: IdempotencyKeys, user_id: str) -> None:
    assert await keys.reserve(user_id, "k-1", a_run(1)) == a_run(1)
    assert await keys.reserve(user_id, "k-1", a_run(2)) == a_run(1)
    assert await keys.find(user_id, "k-1") == a_run(1)


async def test_of_simultaneous_uses_one_wins_and_all_learn_which(keys: IdempotencyKeys, user_id: str) -> None:
    standing = await asyncio.gather(*(keys.reserve(user_id, "k-1", a_run(number)) for number in range(5)))

    assert len({run.instance_id for run in standing}) == 1


async def test_keys_of_two_users_are_independent(keys: IdempotencyKeys, user_id: str) -> None:
    await keys.reserve(user_id, "k-1", a_run(1))

    assert await keys.find(f"{user_id}-2", "k-1") is None


async def test_a_key_may_hold_what_a_table_key_may_not(keys: IdempotencyKeys, user_id: str) -> None:
    await keys.reserve(user_id, "a/b#c?d\\e", a_run(1))

    assert await keys.find(user_id, "a/b#c?d\\e") == a_run(1)


async def test_a_table_that_is_down_is_unavailable() -> None:
    (port,) = free_ports(1)
    account = StorageAccount(
        "devstoreaccount1",
        f"http://127.0.0.1:{port}/devstoreaccount1",
        f"http://127.0.0.1:{port}/devstoreaccount1",
        f"AccountName=devstoreaccount1;AccountKey=a2V5;TableEndpoint=http://127.0.0.1:{port}/devstoreaccount1",
    )
    keys = IdempotencyKeys(account)
    with pytest.raises(ServiceUnavailable):
        await keys.find("ann", "k-1")
    await keys.close()
