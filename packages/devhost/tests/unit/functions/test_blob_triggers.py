"""Blob functions on a real Azurite: each version once, restart or not, and the way of those that fail."""

import asyncio
import json
import queue
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import azure.functions as func
import pytest
from azure.functions.blob import InputStream

from devhost.functions.storage.blob_listener import POISON_QUEUE
from devhost.functions.storage.blob_receipts import BlobReceipts
from tests.azurite import Azurite, free_ports
from tests.unit.functions.storage_app import StorageApp
from tests.waiting import eventually

CONNECTION = "AzureWebJobsStorage"


@pytest.fixture
def host(azurite: Azurite, tmp_path: Path) -> Iterator[StorageApp]:
    host = StorageApp(azurite, tmp_path)
    yield host
    host.close()


def receiving(
    seen: queue.Queue[Any], fails: bool = False, annotation: type = func.InputStream
) -> func.FunctionApp:
    app = func.FunctionApp()

    def work(blob: Any) -> None:
        seen.put(blob)
        if fails:
            raise ValueError("cannot read it")

    work.__annotations__["blob"] = annotation
    app.blob_trigger(arg_name="blob", path="%NAME%-in/{name}.txt", connection=CONNECTION)(work)
    return app


def test_blob_reaches_the_function_with_all_that_is_known_of_it(host: StorageApp) -> None:
    seen: queue.Queue[InputStream] = queue.Queue()
    host.upload("in/a/one.txt", "Hello", {"owner": "Ada"})
    host.upload("in/ignored.pdf", "other")
    host.start(receiving(seen))
    blob = seen.get(timeout=60)
    assert (blob.name, blob.length, blob.read()) == (f"{host.name}-in/a/one.txt", 5, b"Hello")
    assert blob.uri is not None
    assert blob.uri.endswith("/a/one.txt")
    assert blob.metadata == {"owner": "Ada"}
    assert blob.blob_properties["ContentLength"] == 5
    assert seen.empty()


@pytest.mark.parametrize(("annotation", "value"), [(str, "Zoë"), (bytes, "Zoë".encode())])
def test_blob_may_be_taken_as_text_or_bytes(host: StorageApp, annotation: type, value: object) -> None:
    seen: queue.Queue[Any] = queue.Queue()
    host.upload("in/one.txt", "Zoë")
    host.start(receiving(seen, annotation=annotation))
    assert seen.get(timeout=60) == value


def test_blobs_of_event_grid_are_not_looked_for_but_run_by_hand(
    host: StorageApp, caplog: pytest.LogCaptureFixture
) -> None:
    """Guards against polling for blobs that Event Grid announces."""
    seen: queue.Queue[InputStream] = queue.Queue()
    app = receiving(seen)
    app.function_name("pushed")(
        app.blob_trigger("blob", "%NAME%-in/{name}.txt", CONNECTION, source=func.BlobSource.EVENT_GRID)(
            lambda blob: seen.put(blob)
        )
    )
    host.upload("in/one.txt", "announced")
    host.start(app)
    assert seen.get(timeout=60).read() == b"announced"
    looking = {thread.name for thread in threading.enumerate()}
    assert looking & {"blobs-work", "blobs-pushed"} == {"blobs-work"}
    (warning,) = [record.getMessage() for record in caplog.records if "Event Grid" in record.getMessage()]
    assert warning.startswith("pushed: its container is not looked at")
    host.triggers.run_by_hand(host.function("pushed"), f"{host.name}-in/one.txt")
    assert seen.get(timeout=60).read() == b"announced"


def test_each_version_is_worked_on_once_also_after_a_restart(host: StorageApp) -> None:
    seen: queue.Queue[InputStream] = queue.Queue()
    host.start(receiving(seen))
    host.upload("in/one.txt", "first")
    assert seen.get(timeout=60).read() == b"first"
    host.upload("in/one.txt", "second")
    assert seen.get(timeout=60).read() == b"second"
    host.stop()
    host.upload("in/two.txt", "third")
    host.start(receiving(seen))
    assert seen.get(timeout=60).read() == b"third"
    host.stop()
    assert seen.empty()


def test_failing_blob_is_tried_five_times_and_then_reported_in_the_poison_queue(host: StorageApp) -> None:
    seen: queue.Queue[InputStream] = queue.Queue()
    host.upload("in/bad.txt", "hopeless")
    host.start(receiving(seen, fails=True))
    for _ in range(5):
        seen.get(timeout=60)

    def poison() -> dict[str, str] | None:
        records = [json.loads(body) for body in host.bodies(POISON_QUEUE)]
        return next((record for record in records if record["ContainerName"] == f"{host.name}-in"), None)

    record = eventually(poison, "a message about the blob is in the poison queue")
    assert (record["BlobName"], record["FunctionId"]) == ("bad.txt", "Host.Functions.work")
    host.stop()
    host.start(receiving(seen, fails=True))
    host.upload("in/bad.txt", "another version")
    assert seen.get(timeout=60).read() == b"another version"


def test_blob_under_way_when_the_host_stops_is_worked_on_after_the_restart(host: StorageApp) -> None:
    seen: queue.Queue[InputStream] = queue.Queue()
    begun, app = threading.Event(), func.FunctionApp()

    @app.blob_trigger(arg_name="blob", path="%NAME%-in/{name}.txt", connection=CONNECTION)
    async def work(blob: func.InputStream) -> None:
        begun.set()
        await asyncio.Event().wait()

    host.upload("in/one.txt", "interrupted")
    host.start(app)
    assert begun.wait(10)
    host.stop(grace_seconds=0.0)
    host.start(receiving(seen))
    assert seen.get(timeout=60).read() == b"interrupted"


def test_parts_of_the_path_stand_in_other_bindings(host: StorageApp) -> None:
    app = func.FunctionApp()

    @app.blob_trigger(arg_name="blob", path="%NAME%-in/{customer}/{name}.{ext}", connection=CONNECTION)
    @app.blob_input(arg_name="known", path="%NAME%-known/{customer}.txt", connection=CONNECTION)
    @app.blob_output(arg_name="$return", path="%NAME%-out/{customer}/{name}-copy.{ext}", connection=CONNECTION)
    @app.queue_output(arg_name="owner", queue_name="%NAME%-owners", connection=CONNECTION)
    def copy(blob: func.InputStream, known: func.InputStream, owner: func.Out[str]) -> bytes:
        owner.set(known.read().decode())
        return blob.read().upper()

    host.upload("known/ada.txt", "Ada Lovelace")
    host.upload("in/ada/note.v1.txt", "hello")
    host.start(app)
    eventually(lambda: host.bodies("owners") == ["Ada Lovelace"], "the message is there")
    eventually(lambda: host.blob("out/ada/note.v1-copy.txt") == "HELLO", "the copy is there")


def test_run_by_hand_takes_the_path_of_a_blob(host: StorageApp) -> None:
    seen: queue.Queue[InputStream] = queue.Queue()
    host.upload("in/one.txt", "again")
    host.start(receiving(seen))
    seen.get(timeout=60)
    host.triggers.run_by_hand(host.function("work"), f"{host.name}-in/one.txt")
    assert seen.get(timeout=60).read() == b"again"


def test_blob_that_is_no_text_is_given_up_in_words_that_name_it(
    host: StorageApp, caplog: pytest.LogCaptureFixture
) -> None:
    host.upload("in/one.txt", b"\xff\xfe")
    host.start(receiving(queue.Queue(), annotation=str))
    eventually(lambda: "was given up by work after 5 tries" in caplog.text, "it is given up")
    assert f"{host.name}-in/one.txt is no UTF-8 text" in caplog.text


def test_storage_that_is_gone_is_reported_once_and_stops_nothing(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    nowhere = StorageApp(Azurite(*free_ports(3)), tmp_path)
    app = receiving(queue.Queue())
    app.queue_trigger(arg_name="message", queue_name="%NAME%-in", connection=CONNECTION)(take_message)
    nowhere.start(app)
    eventually(lambda: caplog.text.count("is tried again") == 2, "both triggers say so")
    assert "locally: Azurite" in caplog.text
    nowhere.close()


def take_message(message: func.QueueMessage) -> None: ...


def test_blob_that_crashed_its_host_five_times_is_given_up_without_a_run(
    host: StorageApp, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    seen: queue.Queue[InputStream] = queue.Queue()
    host.upload("in/killer.txt", "crash")
    host.start(receiving(seen))
    blob = seen.get(timeout=60)
    host.stop()
    receipts = BlobReceipts(tmp_path / "blob-receipts.db")
    for _ in range(5):
        receipts.begin("work", str(blob.uri), blob.blob_properties["ETag"])
    receipts.close()
    host.start(receiving(seen))
    eventually(lambda: "was given up by work after 5 tries" in caplog.text, "it is given up")
    assert seen.empty()
