"""Calls of the durable client, whose failures are bare exceptions with whatever the runtime answered."""

from collections.abc import Awaitable
from typing import TypeVar

from docpipeline.errors import ServiceUnavailable

Answer = TypeVar("Answer")


async def answer_to(call: Awaitable[Answer]) -> Answer:
    """The answer to ``call``. Raises ServiceUnavailable, whose text repeats nothing of the runtime's answer."""
    try:
        return await call
    except Exception as error:
        raise unavailable(error) from error


def unavailable(error: Exception) -> ServiceUnavailable:
    """The fault for an exception of the client."""
    return ServiceUnavailable("durable runtime", f"it did not answer as it should ({type(error).__name__})")
