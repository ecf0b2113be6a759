"""Frames arrive as they were sent; large bodies travel in a file, which is always removed."""

import socket
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from devhost.worker.frames import LARGEST_INLINE_BYTES, Frame, FrameStream

Pair = tuple[FrameStream, FrameStream]


@pytest.fixture
def pair(tmp_path: Path) -> Iterator[Pair]:
    one, other = socket.socketpair()
    streams = FrameStream(one, tmp_path), FrameStream(other, tmp_path)
    yield streams
    for stream in streams:
        stream.close()


@pytest.mark.parametrize("body", [b"", b"\x00\xff text", b"x" * LARGEST_INLINE_BYTES])
def test_frame_arrives_as_it_was_sent(pair: Pair, body: bytes) -> None:
    sender = threading.Thread(target=pair[0].send, args=({"id": 1, "text": "grüße"}, body))
    sender.start()
    frame = pair[1].receive()
    sender.join()
    assert frame == Frame({"id": 1, "text": "grüße"}, body)
    assert frame.take_body() == body


def test_large_body_goes_through_a_file_that_is_removed_when_it_is_taken(pair: Pair, tmp_path: Path) -> None:
    body = b"x" * (LARGEST_INLINE_BYTES + 1)
    pair[0].send({}, body)
    frame = pair[1].receive()
    assert frame is not None
    assert len(list(tmp_path.iterdir())) == 1
    assert frame.take_body() == body
    assert list(tmp_path.iterdir()) == []


def test_file_is_handed_over_without_being_read(pair: Pair, tmp_path: Path) -> None:
    file = tmp_path / "upload"
    file.write_bytes(b"content")
    pair[0].send({"id": 2}, file)
    assert pair[1].receive() == Frame({"id": 2}, file)


def test_end_of_the_other_side_is_no_frame(pair: Pair) -> None:
    pair[0].close()
    assert pair[1].receive() is None


def test_frame_that_breaks_off_is_no_frame(tmp_path: Path) -> None:
    one, other = socket.socketpair()
    one.sendall(b"\x00\x00\x00\x09\x00\x00\x00\x00{")
    one.close()
    stream = FrameStream(other, tmp_path)
    assert stream.receive() is None
    stream.close()
