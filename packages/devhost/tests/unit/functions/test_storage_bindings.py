"""Faults of queue and blob bindings are reported at load, with function, place and remedy."""

import sys
from datetime import timedelta
from pathlib import Path
from typing import Any

import azure.functions as func
import pytest

from devhost.engine.functions import FunctionFailed
from devhost.functions.binding_checks import check_bindings
from devhost.functions.errors import HostConfigError, IndexingError
from devhost.functions.indexing import index_functions
from devhost.functions.storage.options import BlobOptions, QueueOptions
from devhost.functions.storage.pacing import Pacing
from devhost.functions.storage.queue_text import (
    UndecodableMessage,
    bodies_of,
    decode_message,
    encode_message,
)
from devhost.functions.storage.resolved_bindings import binding_faults, resolve_bindings

STORAGE = {"AzureWebJobsStorage": "UseDevelopmentStorage=true"}


def queue_app(queue_name: str = "orders", connection: str = "AzureWebJobsStorage") -> func.FunctionApp:
    app = func.FunctionApp()

    @app.queue_trigger(arg_name="message", queue_name=queue_name, connection=connection)
    def work(message: func.QueueMessage) -> None: ...

    return app


def blob_app(path: str) -> func.FunctionApp:
    app = func.FunctionApp()

    @app.blob_trigger(arg_name="blob", path=path, connection="")
    def work(blob: func.InputStream) -> None: ...

    return app


def faults_of(app: func.FunctionApp, settings: dict[str, str] = STORAGE) -> str:
    return "\n".join(binding_faults(index_functions(app, Path()), settings))


def test_settings_stand_in_names_and_connections() -> None:
    (function,) = index_functions(queue_app("%QUEUE%-in", "Orders"), Path())
    settings = {"QUEUE": "New", "ORDERS": "UseDevelopmentStorage=true"}
    (binding,) = resolve_bindings(function, settings)
    assert (binding.target, binding.connection) == ("new-in", "UseDevelopmentStorage=true")


@pytest.mark.parametrize(
    ("app", "settings", "named"),
    [
        (queue_app("%QUEUE%"), STORAGE, "the setting QUEUE is not set"),
        (queue_app("no_underscores"), STORAGE, "lower-case letters"),
        (queue_app("{token}"), STORAGE, "only outputs may have"),
        (queue_app(connection="Other"), STORAGE, 'the connection "Other" is not set'),
        (queue_app(connection="Other"), {"Other__accountName": "x"}, "asks for an identity in Azure"),
        (queue_app(connection="Other"), {"Other": "secret"}, "holds no connection string"),
        (blob_app("{container}/{name}"), STORAGE, "must be without {tokens}"),
        (blob_app("In Box/{name}"), STORAGE, "no name of a container"),
    ],
)
def test_wrong_binding_is_named_with_its_function_and_remedy(
    app: func.FunctionApp, settings: dict[str, str], named: str
) -> None:
    text = faults_of(app, settings)
    assert text.startswith("work (")
    assert named in text
    assert "secret" not in text


def test_all_wrong_bindings_are_listed() -> None:
    app = func.FunctionApp()

    @app.queue_trigger(arg_name="message", queue_name="A B", connection="")
    @app.blob_output(arg_name="$return", path="only-a-container", connection="")
    def work(message: func.QueueMessage) -> str: ...

    assert len(faults_of(app).splitlines()) == 2


@pytest.mark.parametrize(
    ("annotation", "named"),
    [
        (str, "must be func.Out"),
        (func.Out[dict], "does not match its annotation func.Out[dict]"),
        (func.Out, "invalid Out annotation"),
    ],
)
def test_output_parameter_with_another_annotation_is_an_index_error(annotation: Any, named: str) -> None:
    app = func.FunctionApp()

    # The annotation of `out` is the test's.
    def work(message: func.QueueMessage, out): ...  # type: ignore[no-untyped-def]

    work.__annotations__["out"] = annotation
    output = app.queue_output(arg_name="out", queue_name="orders", connection="")
    app.queue_trigger(arg_name="message", queue_name="orders", connection="")(output(work))
    with pytest.raises(IndexingError) as refused:
        index_functions(app, Path())
    assert named in str(refused.value)


def test_host_json_sets_how_queues_and_blobs_are_read() -> None:
    queues = {"batchSize": 4, "maxDequeueCount": 2, "visibilityTimeout": "00:00:30", "messageEncoding": "None"}
    options = QueueOptions.from_host_json({"extensions": {"Queues": queues, "blobs": {"poisonBlobThreshold": 1}}})
    assert (options.batch_size, options.new_batch_threshold, options.max_dequeue_count) == (4, 2, 2)
    assert (options.visibility_timeout, options.message_encoding) == (timedelta(seconds=30), "none")
    assert QueueOptions.from_host_json({}) == QueueOptions()
    assert BlobOptions.from_host_json({"extensions": {"blobs": {"poisonBlobThreshold": 1}}}).poison_threshold == 1


@pytest.mark.parametrize(
    ("name", "value"),
    [("batchSize", 33), ("batchSize", "16"), ("messageEncoding", "utf-8"), ("maxPollingInterval", "soon")],
)
def test_unusable_option_is_refused_by_name(name: str, value: object) -> None:
    with pytest.raises(HostConfigError, match=f"extensions.queues.{name}"):
        QueueOptions.from_host_json({"extensions": {"queues": {name: value}}})


def test_message_bodies_pass_both_encodings() -> None:
    for encoding in ("base64", "none"):
        assert decode_message(encode_message("Zoë", encoding), encoding) == "Zoë".encode()
    assert decode_message(encode_message(b"\xff\x00", "base64"), "base64") == b"\xff\x00"
    with pytest.raises(FunctionFailed, match='Use "base64"'):
        encode_message(b"\xff", "none")
    with pytest.raises(UndecodableMessage, match="messageEncoding"):
        decode_message("not base64!", "base64")


def test_output_value_may_be_one_message_or_many() -> None:
    assert bodies_of("one") == ["one"]
    assert bodies_of(b"one") == [b"one"]
    assert bodies_of(func.QueueMessage(body="one")) == ["one"]
    assert bodies_of(["one", func.QueueMessage(body="two")]) == ["one", "two"]
    with pytest.raises(FunctionFailed, match="cannot carry int"):
        bodies_of(1)


def test_pauses_grow_while_nothing_is_found_and_spare_a_slow_storage() -> None:
    pacing = Pacing(1.0)
    assert [pacing.pause_seconds() for _ in range(5)] == [0.1, 0.2, 0.4, 0.8, 1.0]
    pacing.found()
    assert pacing.pause_seconds(look_took_seconds=0.5) == 2.0


def test_wrong_schedules_and_wrong_bindings_are_reported_together() -> None:
    app = queue_app("A B")

    @app.timer_trigger(arg_name="timer", schedule="whenever")
    def tick(timer: func.TimerRequest) -> None: ...

    with pytest.raises(IndexingError) as refused:
        check_bindings(index_functions(app, Path()), STORAGE)
    assert [problem.split(" (")[0] for problem in refused.value.problems] == ["tick", "work"]


def test_token_that_the_trigger_cannot_give_is_an_index_error() -> None:
    app = func.FunctionApp()

    @app.blob_trigger(arg_name="blob", path="inbox/{customer}/{name}", connection="")
    @app.blob_output(arg_name="copy", path="outbox/{Name}-{metadata.owner}-{rand-guid}", connection="")
    @app.blob_output(arg_name="$return", path="outbox/{title}", connection="")
    def work(blob: func.InputStream, copy: func.Out[str]) -> str: ...

    @app.timer_trigger(arg_name="timer", schedule="0 0 * * * *")
    @app.queue_output(arg_name="$return", queue_name="{datetime:yyyy}-{name}", connection="")
    def tick(timer: func.TimerRequest) -> str: ...

    blob_fault, timer_fault = faults_of(app).splitlines()
    assert "uses {title}, which a blobTrigger does not give. It gives: {blobTrigger}, {customer}" in blob_fault
    assert "uses {name}, which a timerTrigger does not give" in timer_fault


def test_missing_storage_package_is_named_with_how_to_install_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "azure.storage.queue", None)
    with pytest.raises(HostConfigError, match="pip install azure-storage-queue"):
        check_bindings(index_functions(queue_app(), Path()), STORAGE)
