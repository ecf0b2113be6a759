"""Receipts count tries before they begin, and keep the processed versions over a restart."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from devhost.functions.storage.blob_receipts import BlobReceipts

URI = "http://127.0.0.1:10000/account/in/one.txt"


@pytest.fixture
def receipts(tmp_path: Path) -> Iterator[BlobReceipts]:
    receipts = BlobReceipts(tmp_path / "receipts.db")
    yield receipts
    receipts.close()


def test_tries_of_a_version_are_counted_over_a_crash(receipts: BlobReceipts, tmp_path: Path) -> None:
    assert [receipts.begin("work", URI, "v1") for _ in range(2)] == [1, 2]
    # Not closed, as after a crash.
    reopened = BlobReceipts(tmp_path / "receipts.db")
    assert reopened.begin("work", URI, "v1") == 3
    assert reopened.done("work") == {}
    reopened.close()


def test_new_version_begins_anew_and_is_not_done(receipts: BlobReceipts) -> None:
    receipts.begin("work", URI, "v1")
    receipts.finish("work", URI, "v1")
    assert receipts.done("work") == {URI: "v1"}
    assert receipts.begin("work", URI, "v2") == 1
    receipts.finish("work", URI, "v1")
    assert receipts.done("work") == {}


def test_functions_have_receipts_of_their_own(receipts: BlobReceipts) -> None:
    receipts.begin("work", URI, "v1")
    receipts.finish("work", URI, "v1")
    assert receipts.done("other") == {}
    assert receipts.begin("other", URI, "v1") == 1


def test_try_that_the_host_stopped_does_not_count(receipts: BlobReceipts) -> None:
    receipts.begin("work", URI, "v1")
    receipts.take_back("work", URI, "v1")
    assert receipts.begin("work", URI, "v1") == 1
