"""What a queue message is to a function and what it may send, and how the host's options stand by default."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import azure.functions as func
import pytest
from azure.functions.queue import QueueMessage

from devhost.functions.storage.binding_data import data_of_message
from devhost.functions.storage.options import QueueOptions
from devhost.functions.storage.queue_text import bodies_of


def generated() -> Iterator[Any]:
    yield "a"
    yield func.QueueMessage(body=b"b")


@pytest.mark.parametrize(
    ("value", "bodies"),
    [
        ("a", ["a"]),
        (b"\xff", [b"\xff"]),
        (func.QueueMessage(id="ignored", body="a"), ["a"]),
        (["a", "b"], ["a", "b"]),
        (("a", func.QueueMessage(body="b")), ["a", "b"]),
        (generated(), ["a", "b"]),
        ([], []),
    ],
)
def test_output_is_one_message_or_as_many_as_it_yields(value: Any, bodies: list[Any]) -> None:
    assert bodies_of(value) == bodies


def test_message_that_an_app_makes_itself_has_no_dequeue_count() -> None:
    assert func.QueueMessage(body="a").dequeue_count is None


def test_fields_of_a_message_are_tokens_by_the_names_of_its_metadata() -> None:
    moment = datetime(2026, 11, 22, tzinfo=UTC)
    message = QueueMessage(  # type: ignore[no-untyped-call]  # The SDK gives it no types.
        id="i",
        body=b'{"order": 7}',
        dequeue_count=2,
        expiration_time=moment,
        insertion_time=moment,
        time_next_visible=moment,
        pop_receipt="r",
    )
    times = dict.fromkeys(("ExpirationTime", "InsertionTime", "NextVisibleTime"), moment.isoformat())
    expected = {"Id": "i", "DequeueCount": 2, "PopReceipt": "r", "queueTrigger": '{"order": 7}', "order": 7}
    assert data_of_message(message) == expected | times


def test_queues_are_read_sixteen_at_once_five_times_and_as_base64_unless_host_json_says_otherwise() -> None:
    options = QueueOptions.from_host_json({"version": "2.0"})
    assert (options.batch_size, options.new_batch_threshold, options.max_dequeue_count) == (16, 8, 5)
    assert (options.visibility_timeout, options.message_encoding) == (timedelta(), "base64")
