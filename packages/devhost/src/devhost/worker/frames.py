"""The wire between host and workers: a JSON header and a body of bytes, each preceded by its length.

A large body goes through a file, whose path takes its place. A socket would hold it in pieces on both sides, and
block other messages meanwhile.
"""

import contextlib
import json
import os
import socket
import struct
import tempfile
import threading
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import orjson

LARGEST_INLINE_BYTES = 1 << 20
_LENGTHS = struct.Struct(">II")
_FILE = "file"

Body = bytes | Path
Message = tuple[dict[str, Any], Body]


@dataclass(slots=True)
class Frame:
    """One message.

    Attributes:
        header: A JSON object.
        body: The bytes that belong to it, or the file that holds them.
    """

    header: dict[str, Any]
    body: Body = b""

    def take_body(self) -> bytes:
        """Return the body; a file is read and removed, so it can be taken once."""
        if isinstance(self.body, bytes):
            return self.body
        content = self.body.read_bytes()
        self.body.unlink(missing_ok=True)
        return content

    def discard(self) -> None:
        """Remove the body's file, if it has one."""
        if isinstance(self.body, Path):
            self.body.unlink(missing_ok=True)


class FrameStream:
    """Sends and receives frames on a connected socket.

    Args:
        connection: The socket; the stream owns it from now on.
        spool_folder: Where large bodies are stored during the transfer; on a disk.
    """

    def __init__(self, connection: socket.socket, spool_folder: Path) -> None:
        self._connection = connection
        self._reader = connection.makefile("rb", buffering=1 << 16)
        self._spool_folder = spool_folder
        self._sending = threading.Lock()

    def send(self, header: dict[str, Any], body: Body = b"") -> None:
        """Send one frame; may be called from any thread. Raises OSError if the other side is gone."""
        self.send_packed([self.pack(header, body)])

    def send_packed(self, frames: Sequence[bytes]) -> None:
        """Send frames from ``pack``, in one call for all of them. Raises OSError if the other side is gone."""
        with self._sending:
            self._connection.sendall(b"".join(frames))

    def pack(self, header: dict[str, Any], body: Body = b"") -> bytes:
        """Make a frame. Raises OSError if a large body cannot be written to its file."""
        if isinstance(body, bytes) and len(body) > LARGEST_INLINE_BYTES:
            body = self._spooled(body)
        if isinstance(body, Path):
            header, body = {**header, _FILE: str(body)}, b""
        text = _encoded(header)
        return _LENGTHS.pack(len(text), len(body)) + text + body

    def receive(self) -> Frame | None:
        """Wait for the next frame; None when the other side has closed the connection or is gone."""
        lengths = self._reader.read(_LENGTHS.size)
        if len(lengths) < _LENGTHS.size:
            return None
        header_length, body_length = _LENGTHS.unpack(lengths)
        text, body = self._reader.read(header_length), self._reader.read(body_length)
        if len(text) < header_length or len(body) < body_length:
            return None
        header = _decoded(text)
        file = header.pop(_FILE, None)
        return Frame(header, Path(file) if file else body)

    def close(self) -> None:
        """Close the connection; threads that wait in ``receive`` on either side get None."""
        with contextlib.suppress(OSError):  # The other side may have closed it first.
            self._connection.shutdown(socket.SHUT_RDWR)
        self._connection.close()
        # Last, since the file keeps the socket open. After the shutdown no thread waits in it any more.
        self._reader.close()

    def _spooled(self, body: bytes) -> Path:
        descriptor, path = tempfile.mkstemp(dir=self._spool_folder, prefix="body-")
        with os.fdopen(descriptor, "wb") as file:
            file.write(body)
        return Path(path)


def _encoded(header: dict[str, Any]) -> bytes:
    try:
        return orjson.dumps(header)
    except TypeError:  # For lone surrogates, as in odd file names, and integers of more than 64 bits.
        return json.dumps(header, separators=(",", ":")).encode()


def _decoded(text: bytes) -> dict[str, Any]:
    try:
        header: dict[str, Any] = orjson.loads(text)
    except ValueError:
        header = json.loads(text)
    return header
