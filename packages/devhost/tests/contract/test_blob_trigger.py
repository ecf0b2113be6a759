"""What a blob is to a function, and what it may write."""

import io
from typing import Any

import pytest
from azure.functions.blob import InputStream

from devhost.engine.functions import FunctionFailed
from devhost.functions.storage.blob_values import StoredBlob, content_of
from devhost.functions.storage.options import BlobOptions


@pytest.mark.parametrize(
    "value",
    [
        "Zoë",
        "Zoë".encode(),
        bytearray("Zoë".encode()),
        io.BytesIO("Zoë".encode()),
        io.StringIO("Zoë"),
        InputStream(data="Zoë".encode()),
    ],
    ids=lambda value: type(value).__name__,
)
def test_output_takes_text_bytes_and_whatever_can_be_read(value: Any) -> None:
    assert content_of(value) == "Zoë".encode()


@pytest.mark.parametrize("value", [7, {"a": 1}, ["a"]])
def test_output_takes_nothing_else(value: Any) -> None:
    with pytest.raises(FunctionFailed, match=r"a blob output cannot carry (int|dict|list)\. Give str, bytes"):
        content_of(value)


def test_stream_is_read_in_parts_and_cannot_be_rewound() -> None:
    blob = StoredBlob("box/a.txt", "http://x/box/a.txt", b"abcdef", {"ETag": "1"}, {"owner": "Ada"})
    stream = blob.as_argument(None)
    assert (stream.name, stream.uri, stream.length) == ("box/a.txt", "http://x/box/a.txt", 6)
    assert (stream.blob_properties, stream.metadata) == ({"ETag": "1"}, {"owner": "Ada"})
    assert [stream.read(4), stream.read(4), stream.read()] == [b"abcd", b"ef", b""]
    assert not stream.seekable()


def test_blob_is_tried_five_times_unless_host_json_says_otherwise() -> None:
    assert BlobOptions.from_host_json({}).poison_threshold == 5
    assert BlobOptions.from_host_json({"extensions": {"blobs": {"poisonBlobThreshold": 2}}}).poison_threshold == 2
