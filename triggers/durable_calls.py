"""Calls of the durable client, whose failures are bare exceptions that hold whatever the runtime answered."""

from collections.abc import Awaitable
from typing import TypeVar

from docpipeline.errors import ServiceUnavailable

Answer = TypeVar("Answer")


async def asked(call: Awaitable[Answer]) -> Answer:
    """The answer to ``call``. Raises ServiceUnavailable, which repeats nothing of what the runtime said."""
    try:
        return await call
    except Exception as error:
        raise unavailable(error) from error


def unavailable(error: Exception) -> ServiceUnavailable:
    """The fault that a client's exception stands for."""
    return ServiceUnavailable("durable runtime", f"it did not answer as it should ({type(error).__name__})")
