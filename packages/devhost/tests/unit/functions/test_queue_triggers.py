"""Queue functions on a real Azurite: messages in, messages out, and the way of those that fail."""

import asyncio
import queue
import threading
import typing
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import azure.functions as func
import pytest

from devhost.engine.functions import FunctionFailed
from devhost.functions.indexing import index_functions
from devhost.functions.invocation import FunctionInvoker
from devhost.functions.invocation_context import Invocation
from devhost.functions.storage.accounts import StorageAccounts
from devhost.functions.storage.options import QueueOptions
from devhost.functions.storage.queue_listener import QueueListener
from devhost.functions.storage.queues import TakenMessage, TriggerQueue
from tests.azurite import Azurite
from tests.unit.functions.storage_app import StorageApp, exists
from tests.waiting import eventually

IN, CONNECTION = "%NAME%-in", "AzureWebJobsStorage"


@pytest.fixture
def host(azurite: Azurite, tmp_path: Path) -> Iterator[StorageApp]:
    host = StorageApp(azurite, tmp_path)
    yield host
    host.close()


def receiving(
    seen: queue.Queue[Any], fails: bool = False, annotation: type = func.QueueMessage
) -> func.FunctionApp:
    app = func.FunctionApp()

    def work(message: Any) -> None:
        seen.put(message)
        if fails:
            raise ValueError("cannot do it")

    work.__annotations__["message"] = annotation
    app.queue_trigger(arg_name="message", queue_name=IN, connection=CONNECTION)(work)
    return app


def test_message_reaches_the_function_with_all_that_is_known_of_it_and_is_removed(host: StorageApp) -> None:
    seen: queue.Queue[func.QueueMessage] = queue.Queue()
    host.send("in", '{"order": 17}')
    host.start(receiving(seen))
    message = seen.get(timeout=60)
    assert (message.get_json(), message.dequeue_count) == ({"order": 17}, 1)
    assert message.insertion_time is not None
    assert message.insertion_time.utcoffset() is not None
    assert message.expiration_time is not None
    assert message.time_next_visible is not None
    assert message.id
    assert message.pop_receipt
    eventually(lambda: host.queue("in").get_queue_properties().approximate_message_count == 0, "it is removed")


@pytest.mark.parametrize(("annotation", "value"), [(str, "Zoë"), (bytes, "Zoë".encode())])
def test_message_may_be_taken_as_text_or_bytes(host: StorageApp, annotation: type, value: object) -> None:
    seen: queue.Queue[Any] = queue.Queue()
    host.send("in", "Zoë")
    host.start(receiving(seen, annotation=annotation))
    assert seen.get(timeout=60) == value


def test_failing_message_is_tried_five_times_and_then_in_the_poison_queue(host: StorageApp) -> None:
    seen: queue.Queue[func.QueueMessage] = queue.Queue()
    host.send("in", "hopeless")
    host.start(receiving(seen, fails=True))
    assert [seen.get(timeout=60).dequeue_count for _ in range(5)] == [1, 2, 3, 4, 5]
    eventually(lambda: host.bodies("in-poison") == ["hopeless"], "it is in the poison queue")
    eventually(lambda: host.queue("in").get_queue_properties().approximate_message_count == 0, "it is removed")
    assert seen.empty()


def test_message_in_the_wrong_encoding_goes_to_poison_without_a_run(host: StorageApp) -> None:
    seen: queue.Queue[func.QueueMessage] = queue.Queue()
    host.queue("in").create_queue()
    host.queue("in").send_message("plain text, no Base64!")
    host.start(receiving(seen))
    eventually(lambda: host.texts("in-poison") == ["plain text, no Base64!"], "it is in the poison queue")
    assert seen.empty()


def test_message_encoding_none_passes_text_as_it_is(host: StorageApp) -> None:
    seen: queue.Queue[func.QueueMessage] = queue.Queue()
    host.queue("in").create_queue()
    host.queue("in").send_message("plain text")
    host.start(receiving(seen), messageEncoding="none")
    assert seen.get(timeout=60).get_body() == b"plain text"


def test_messages_run_side_by_side_up_to_batch_and_threshold(host: StorageApp) -> None:
    running, release = threading.Semaphore(0), threading.Event()
    app = func.FunctionApp()

    @app.queue_trigger(arg_name="message", queue_name=IN, connection=CONNECTION)
    async def work(message: func.QueueMessage) -> None:
        running.release()
        await asyncio.to_thread(release.wait, 10)

    host.send("in", *(str(number) for number in range(6)))
    host.start(app, batchSize=2, newBatchThreshold=1)
    for _ in range(2):
        assert running.acquire(timeout=60)
    assert not running.acquire(timeout=0.5)
    release.set()
    for _ in range(4):
        assert running.acquire(timeout=60)


def test_outputs_are_written_after_success_and_not_after_a_failure(host: StorageApp) -> None:
    app = func.FunctionApp()

    @app.queue_trigger(arg_name="message", queue_name=IN, connection=CONNECTION)
    @app.queue_output(arg_name="$return", queue_name="%NAME%-returned", connection=CONNECTION)
    @app.queue_output(arg_name="others", queue_name="%NAME%-{kind}", connection=CONNECTION)
    @app.blob_output(arg_name="copy", path="%NAME%-copies/{kind}/{id}.txt", connection=CONNECTION)
    def work(
        message: func.QueueMessage,
        others: func.Out[typing.List[str]],  # noqa: UP006 (the worker refuses list[str])
        copy: func.Out[bytes],
    ) -> str:
        others.set(["one", "two"])
        copy.set(message.get_body())
        if message.get_json()["kind"] == "bad":
            raise ValueError("no")
        return "done"

    host.start(app, maxDequeueCount=1)
    host.send("in", '{"kind": "bad", "id": 1}', '{"kind": "good", "id": 2}')
    eventually(lambda: sorted(host.bodies("good")) == ["one", "two"], "both messages are there")
    eventually(lambda: host.bodies("returned") == ["done"], "the return value is there")
    eventually(lambda: host.bodies("in-poison") == ['{"kind": "bad", "id": 1}'], "the bad one is given up")
    eventually(lambda: host.blob("copies/good/2.txt") == '{"kind": "good", "id": 2}', "the copy is there")
    assert host.blob("copies/bad/1.txt") is None
    assert host.bodies("bad") == []


def test_output_that_is_not_set_writes_nothing(host: StorageApp) -> None:
    seen: queue.Queue[tuple[str | None, str, str]] = queue.Queue()
    app = func.FunctionApp()

    @app.queue_trigger(arg_name="message", queue_name=IN, connection=CONNECTION)
    @app.queue_output(arg_name="$return", queue_name="%NAME%-returned", connection=CONNECTION)
    @app.queue_output(arg_name="sent", queue_name="%NAME%-sent", connection=CONNECTION)
    @app.blob_output(arg_name="copy", path="%NAME%-copies/{Id}.txt", connection=CONNECTION)
    @app.blob_output(arg_name="last", path="%NAME%-last/blob.txt", connection=CONNECTION)
    # Its annotations would have to fit the output of a text, which it never returns.
    def work(  # type: ignore[no-untyped-def]
        message: func.QueueMessage, sent: func.Out[str], copy: func.Out[str], last: func.Out[str]
    ):
        seen.put((message.id, sent.get(), copy.get()))
        last.set("not this")
        last.set("but this")

    host.send("in", "anything")
    host.start(app)
    identifier, *unset = seen.get(timeout=60)
    eventually(lambda: host.blob("last/blob.txt") == "but this", "the one that is set is written")
    assert unset == [None, None]
    assert not exists(host.queue("returned"))
    assert not exists(host.queue("sent"))
    assert host.blob(f"copies/{identifier}.txt") is None


def test_http_function_answers_and_sends(host: StorageApp) -> None:
    app = func.FunctionApp()

    @app.route(route="orders/{number}", binding_arg_name="answer")
    @app.queue_output(arg_name="order", queue_name="%NAME%-orders", connection=CONNECTION)
    @app.blob_input(arg_name="known", path="%NAME%-known/{number}-{Query.side}.txt", connection=CONNECTION)
    def order(
        req: func.HttpRequest, answer: func.Out[func.HttpResponse], order: func.Out[str], known: str
    ) -> None:
        order.set(f"{req.route_params['number']} {known}")
        answer.set(func.HttpResponse("accepted", status_code=202))

    invoker = host.start(app)
    host.upload("known/7-left.txt", "Ada")
    for number, expected in (("7", "7 Ada"), ("8", "8 None")):
        request = func.HttpRequest(
            method="POST", url="/", params={"side": "left"}, route_params={"number": number}, body=b""
        )
        response = invoker.call(host.function("order"), {"req": request}, Invocation("order", "a test"))
        assert response.status_code == 202
        assert expected in host.bodies("orders")


def test_output_that_cannot_be_written_fails_the_invocation_by_name(
    host: StorageApp, caplog: pytest.LogCaptureFixture
) -> None:
    app = func.FunctionApp()

    @app.route(route="orders")
    @app.queue_output(arg_name="order", queue_name="%NAME%-{customer}", connection=CONNECTION)
    def order(req: func.HttpRequest, order: func.Out[str]) -> func.HttpResponse:
        order.set("x" * (int(req.params["kilobytes"]) * 1024))
        return func.HttpResponse("never seen")

    invoker = host.start(app)

    def call(**params: str) -> Any:
        request = func.HttpRequest(method="POST", url="/", params=params, body=b"")
        return invoker.call(host.function("order"), {"req": request}, Invocation("order", "a test"))

    with pytest.raises(FunctionFailed, match=r"needs a value for \{customer\}"):
        call(kilobytes="1")
    assert "Functions.order (Failed): " in caplog.text
    with pytest.raises(FunctionFailed, match=r'the queue "t.*-ada" of the binding "order" could not be written'):
        call(kilobytes="90", customer="ada")


def test_message_under_way_when_the_host_stops_comes_again(host: StorageApp) -> None:
    begun, seen = threading.Event(), queue.Queue[func.QueueMessage]()
    app = func.FunctionApp()

    @app.queue_trigger(arg_name="message", queue_name=IN, connection=CONNECTION)
    async def work(message: func.QueueMessage) -> None:
        begun.set()
        await asyncio.Event().wait()

    host.send("in", "interrupted")
    host.start(app)
    assert begun.wait(10)
    host.stop(grace_seconds=0.0)
    host.start(receiving(seen))
    assert seen.get(timeout=60).dequeue_count == 2


def test_run_by_hand_takes_the_text_as_a_message(host: StorageApp) -> None:
    seen: queue.Queue[func.QueueMessage] = queue.Queue()
    host.start(receiving(seen))
    host.triggers.run_by_hand(host.function("work"), "by hand")
    assert seen.get(timeout=60).get_body() == b"by hand"


def test_message_of_a_killed_host_comes_again(host: StorageApp) -> None:
    seen: queue.Queue[func.QueueMessage] = queue.Queue()
    host.send("in", "orphan")
    taken = host.queue("in").receive_message(visibility_timeout=1)
    assert taken is not None
    host.start(receiving(seen), maxDequeueCount=2)
    assert seen.get(timeout=60).dequeue_count == 2


def test_message_whose_host_was_killed_in_its_last_try_goes_to_poison_without_a_run(host: StorageApp) -> None:
    seen: queue.Queue[func.QueueMessage] = queue.Queue()
    host.send("in", "killer")
    assert host.queue("in").receive_message(visibility_timeout=1) is not None
    host.start(receiving(seen), maxDequeueCount=1)
    eventually(lambda: host.bodies("in-poison") == ["killer"], "it is in the poison queue")
    assert seen.empty()


def test_message_under_way_stays_hidden_however_long_it_takes(host: StorageApp) -> None:
    """The visibility timeout is one second, renewed by the listener, so that no other host gets the message."""
    renewals, release, seen = threading.Semaphore(0), threading.Event(), queue.Queue[int]()

    class ShortHold(TriggerQueue):
        def hold_on(self, message: TakenMessage, now: datetime) -> None:
            super().hold_on(message, now)
            renewals.release()

    app = func.FunctionApp()

    @app.queue_trigger(arg_name="message", queue_name=IN, connection=CONNECTION)
    def work(message: func.QueueMessage) -> None:
        seen.put(message.dequeue_count or 0)
        release.wait(10)

    (function,) = index_functions(app, Path())
    invoker, accounts = FunctionInvoker(), StorageAccounts()
    held = ShortHold(accounts, host.connection, f"{host.name}-in", hold=timedelta(seconds=1))
    listener = QueueListener(function, None, invoker, held, QueueOptions())
    host.send("in", "slow")
    listener.start()
    for _ in range(3):
        assert renewals.acquire(timeout=60)
    assert host.queue("in").receive_message() is None
    release.set()
    eventually(lambda: host.queue("in").get_queue_properties().approximate_message_count == 0, "it is removed")
    assert seen.qsize() == 1
    listener.stop()
    listener.close(1.0)
    invoker.close()
    accounts.close()
