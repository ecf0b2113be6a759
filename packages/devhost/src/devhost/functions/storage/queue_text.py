"""Converts between what functions send and receive and the text that a queue stores."""

import base64
import binascii
import json
from typing import Any

from devhost.engine.functions import FunctionFailed
from devhost.functions.converters import converter_of
from devhost.functions.storage.options import BASE64


class UndecodableMessage(Exception):
    """A message's text is not in the encoding that host.json asks for."""


def encode_message(body: str | bytes, encoding: str) -> str:
    """Turn a message's body into the stored text. Raises FunctionFailed for bytes that no text can carry."""
    if encoding == BASE64:
        return base64.b64encode(body.encode() if isinstance(body, str) else body).decode()
    try:
        return body if isinstance(body, str) else body.decode()
    except UnicodeDecodeError as error:
        text = 'the bytes are no UTF-8 text, which "messageEncoding": "none" in host.json needs. Use "base64".'
        raise FunctionFailed("BindingError", text) from error


def decode_message(text: str, encoding: str) -> bytes:
    """Turn the stored text into the message's body. Raises UndecodableMessage that names the remedy."""
    if encoding != BASE64:
        return text.encode()
    try:
        return base64.b64decode("".join(text.split()), validate=True)
    except (binascii.Error, ValueError) as error:
        raise UndecodableMessage(
            "its text is not Base64. Have its sender encode it, or set extensions.queues.messageEncoding to "
            '"none" in host.json.'
        ) from error


def bodies_of(value: Any) -> list[str | bytes]:
    """Separate the messages that a function gave to a queue output: text, bytes, ``QueueMessage``, or a list.

    Raises FunctionFailed for anything else.
    """
    try:
        datum = converter_of("queue").encode(value, expected_type=None)
    except (NotImplementedError, TypeError, UnicodeDecodeError) as error:
        text = (
            f"a queue output cannot carry {type(value).__name__}. Give str, bytes, func.QueueMessage, or a list "
            "of str and func.QueueMessage."
        )
        raise FunctionFailed("TypeError", text) from error
    if datum.type != "json":
        return [datum.value]
    document = json.loads(datum.value)
    return [_body(item) for item in (document if isinstance(document, list) else [document])]


def _body(item: Any) -> str:
    return str(item["body"] if isinstance(item, dict) else item)
