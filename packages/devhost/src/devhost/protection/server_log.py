"""A log for an HTTP server without any content of requests: no request line, header or body byte.

The server's own errors quote what they could not parse, which may include keys and documents.
"""

import logging
import traceback

from aiohttp import web
from aiohttp.http_exceptions import HttpProcessingError

_SENDERS_FAULT = (HttpProcessingError, web.RequestPayloadError, ConnectionError)


class _WithoutContent(logging.Filter):
    """Replaces an error's text by its type and the places in the code it came from."""

    def filter(self, record: logging.LogRecord) -> bool:
        """Rewrite the record if it has an error; never drops it."""
        error = record.exc_info[1] if record.exc_info else None
        record.exc_info = None
        if isinstance(error, _SENDERS_FAULT):
            # No person needs to act.
            record.levelno = min(record.levelno, logging.INFO)
            record.levelname = logging.getLevelName(record.levelno)
            text = "A request was refused: it is not valid HTTP, or was broken off (%s)."
            record.msg, record.args = text, (type(error).__name__,)
        elif error is not None:
            places = "".join(traceback.format_tb(error.__traceback__))
            record.msg, record.args = "A request failed with %s:\n%s", (type(error).__name__, places.rstrip())
        return True


_FILTER = _WithoutContent()


def content_free(name: str) -> logging.Logger:
    """The logger of this name, for ``web.AppRunner``; it drops the texts of errors, with their causes."""
    log = logging.getLogger(name)
    log.addFilter(_FILTER)
    return log
