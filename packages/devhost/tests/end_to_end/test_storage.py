"""A real host process over an app of queues and blobs; failing orders end in the poison queue."""

import base64
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from azure.core.exceptions import ResourceNotFoundError
from azure.storage.blob import BlobServiceClient
from azure.storage.queue import QueueClient

from tests.azurite import Azurite, azurite
from tests.end_to_end.devhost_process import PACKAGE, DevhostProcess
from tests.unit.functions.http_client import ask
from tests.waiting import eventually

__all__ = ["azurite"]
APP = PACKAGE / "tests" / "apps" / "storage_sample"


@pytest.fixture(scope="module", params=["0", "1"], ids=["in the host", "in a worker"])
def host(
    request: pytest.FixtureRequest, azurite: Azurite, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[DevhostProcess]:
    """One host for all tests of this module; each sends orders with numbers of its own."""
    folder = tmp_path_factory.mktemp("storage")
    with pytest.MonkeyPatch.context() as environ:
        environ.setenv("ORDERS", f"orders-{folder.name}")
        environ.setenv("OrdersStorage", azurite.connection_string)
        host = DevhostProcess(folder, "--workers", request.param, app=APP)
        yield host
        assert host.stop() == 0, host.output


def bodies(azurite: Azurite, name: str) -> list[str]:
    """What is visible in a queue, decoded; it stays there."""
    with QueueClient.from_connection_string(azurite.connection_string, name) as queue:
        try:
            return [base64.b64decode(message.content).decode() for message in queue.peek_messages(32)]
        except ResourceNotFoundError:
            return []


def orders(host: DevhostProcess) -> str:
    """The prefix of this host's queues and container."""
    return f"orders-{host.folder.name}"


def receipts(host: DevhostProcess) -> str:
    """Addresses of the blobs that were processed."""
    with closing(sqlite3.connect(host.folder / "state" / "devhost" / "blob-receipts.db")) as database:
        return " ".join(uri for (uri,) in database.execute("SELECT uri FROM receipts WHERE is_done"))


def submit(host: DevhostProcess, number: str, text: str) -> None:
    answer = ask(host.origin, "POST", f"/api/orders/{number}", body=text.encode())
    assert (answer.status, answer.body) == (202, b"accepted"), host.output[-3000:]


def test_order_passes_from_http_to_queue_to_blob_to_orchestration_to_queue(
    host: DevhostProcess, azurite: Azurite
) -> None:
    submit(host, "17", "two lamps")
    eventually(lambda: "TWO LAMPS" in bodies(azurite, f"{orders(host)}-announced"), "the order is announced")
    assert "stored 17" in bodies(azurite, f"{orders(host)}-receipts")
    assert host.lines_of("tries").count("17 1") == 1
    with BlobServiceClient.from_connection_string(azurite.connection_string) as blobs:
        blob = blobs.get_blob_client(f"{orders(host)}-store", "new/17.txt").download_blob()
        assert blob.readall() == b"two lamps"


def test_hopeless_order_is_tried_five_times_and_then_given_up(host: DevhostProcess) -> None:
    submit(host, "bad", "nothing")
    eventually(lambda: "bad" in host.lines_of("given_up"), "the poison message is seen")
    tries = [line for line in host.lines_of("tries") if line.startswith("bad ")]
    assert tries == [f"bad {count}" for count in range(1, 6)]
    assert f"was moved to {orders(host)}-poison after 5 tries" in host.output


def test_hopeless_blob_is_tried_five_times_and_then_given_up(host: DevhostProcess) -> None:
    submit(host, "blob", "unreadable")
    path = f"{orders(host)}-store/new/blob.txt"
    eventually(lambda: path in host.lines_of("given_up"), "the poison message is seen")
    assert host.lines_of("stored").count(f"{path} unreadable") == 5


def test_killed_host_works_on_each_stored_blob_only_once(host: DevhostProcess, azurite: Azurite) -> None:
    submit(host, "before", "before the kill")
    eventually(lambda: "BEFORE THE KILL" in bodies(azurite, f"{orders(host)}-announced"), "it is announced")
    # The receipt is written when the function has ended, which the announcement does not wait for.
    eventually(lambda: f"{orders(host)}-store/new/before.txt" in receipts(host), "its receipt is written")
    host.kill()
    host.start()
    submit(host, "after", "after the kill")
    eventually(
        lambda: "AFTER THE KILL" in bodies(azurite, f"{orders(host)}-announced"), "the next is announced", 20
    )
    stored = [line for line in host.lines_of("stored") if line.endswith("kill")]
    assert stored == [f"{orders(host)}-store/new/{number}.txt {number} the kill" for number in ("before", "after")]


def test_queue_function_runs_by_hand(host: DevhostProcess) -> None:
    asked = {"input": '{"number": "by-hand"}'}
    assert host.ask("POST", "/admin/functions/give_up_order", asked).status == 202
    eventually(lambda: "by-hand" in host.lines_of("given_up"), "it ran")


def test_wrong_connections_stop_the_start_and_are_all_named(tmp_path: Path) -> None:
    with pytest.MonkeyPatch.context() as environ:
        environ.setenv("OrdersStorage", "nonsense")
        refused = DevhostProcess(tmp_path, app=APP)
    assert refused.stop() == 1
    named = [line.split()[1] for line in refused.output.splitlines() if "holds no connection string" in line]
    assert set(named) == {
        "submit", "store_order", "announce_stored", "send_announcement", "give_up_order", "give_up_blob",
    }  # fmt: skip
