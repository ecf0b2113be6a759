"""`make soak`: kills, outages and two instances on the extension, for ``EXTENSION_MINUTES`` (30).

Each round has a seed, which decides what happens, and when. ``EXTENSION_KILLS_SEED`` is the seed of the first one.
"""

import os
import random
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from local import LocalStack
from tests.end_to_end.client import Client
from tests.end_to_end.test_reconciliation import fire
from tests.extension.accounts import (
    RECOVERY_SECONDS,
    assert_counted,
    assert_each_is_completed_once,
    assert_nothing_was_told_twice,
)
from tests.extension.conftest import EXTENSION_SETTINGS
from tests.extension.disasters import kill_the_worker, let_the_storage_account_hang, take_the_storage_account_away
from tests.extension.load import Documents
from tests.extension.second_host import SecondHost
from tests.waiting import eventually

MINUTES = float(os.environ.get("EXTENSION_MINUTES") or 30)
FIRST_SEED = int(os.environ.get("EXTENSION_KILLS_SEED") or random.randrange(1_000_000))
DOCUMENTS = 20


@pytest.fixture
def second(extension_stack: LocalStack, tmp_path: Path) -> Iterator[SecondHost]:
    """A second instance of the app, on the same task hub."""
    with SecondHost(extension_stack, tmp_path / "second", EXTENSION_SETTINGS) as host:
        yield host


@pytest.mark.timeout(MINUTES * 60 + 1200)
def test_nothing_is_lost_or_done_twice_whatever_happens(
    client: Client, extension_stack: LocalStack, second: SecondHost, capsys: pytest.CaptureFixture[str]
) -> None:
    disasters = _disasters(extension_stack, second)
    ends, seed = time.monotonic() + MINUTES * 60, FIRST_SEED
    while time.monotonic() < ends:
        happens = random.Random(seed).sample(sorted(disasters), 2)
        started, documents, before = time.monotonic(), Documents("soak", seed), client.wait_for_no_pending()
        with capsys.disabled():
            sys.stdout.write(f"EXTENSION_KILLS_SEED={seed}: {', then '.join(happens)} ... ")
            sys.stdout.flush()

        documents.send([client, Client(second)], DOCUMENTS)
        for what in happens:
            documents.wait_for_a_random_moment(client)
            disasters[what]()
        reconcile_until_completed(client, documents.ids)

        assert_each_is_completed_once(client, documents.ids)
        assert_counted(client, before, processed=DOCUMENTS)
        assert_nothing_was_told_twice(client)
        with capsys.disabled():
            sys.stdout.write(f"{DOCUMENTS} documents completed once after {time.monotonic() - started:.0f} s\n")
        seed += 1


def reconcile_until_completed(client: Client, document_ids: list[str]) -> None:
    """Reconcile more often than every five minutes: a run fails when the worker dies that has it in hand."""

    def all_are_completed() -> bool:
        fire(client, "reconcile_documents")
        return all(client.record(document_id)["status"] == "completed" for document_id in document_ids)

    eventually(all_are_completed, "all documents are completed", RECOVERY_SECONDS)


def _disasters(stack: LocalStack, second: SecondHost) -> dict[str, Callable[[], None]]:
    """What can happen, by what a person would call it."""

    def kill_the_first() -> None:
        stack.kill_devhost()
        stack.start_devhost()

    def kill_the_second() -> None:
        second.kill()
        second.start()

    def kill_everything() -> None:
        stack.kill_devhost()
        second.kill()
        stack.start_devhost()
        second.start()

    return {
        "one instance is killed": kill_the_first,
        "the other instance is killed": kill_the_second,
        "everything is killed": kill_everything,
        "a worker is killed": lambda: kill_the_worker(stack),
        "the storage account hangs": lambda: let_the_storage_account_hang(stack),
        "the storage account is gone": lambda: take_the_storage_account_away(stack),
    }
