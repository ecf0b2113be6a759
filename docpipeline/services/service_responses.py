"""What the HTTP answer of a service means, for every service that is called over plain HTTP."""

from collections.abc import Mapping
from typing import TYPE_CHECKING

from docpipeline.errors import ServiceRefused, ServiceUnavailable

if TYPE_CHECKING:
    import aiohttp

_TRANSIENT = {408, 425, 429}


def refused_or_unavailable(
    service: str, status: int, headers: Mapping[str, str], remedy: str
) -> ServiceUnavailable | ServiceRefused:
    """The fault for an answer other than success.

    408, 425, 429 and 5xx are passing; any other status, redirects included, needs an operator, who must
    ``remedy``.
    """
    if status in _TRANSIENT or status >= 500:
        wait = headers.get("Retry-After", "")
        request = f" and asks to wait {wait} s" if wait.isdecimal() else ""
        return ServiceUnavailable(service, f"it answered {status}{request}")
    return ServiceRefused(service, f"it answered {status}; {remedy}")


async def read_bounded(response: "aiohttp.ClientResponse", most_bytes: int) -> bytes | None:
    """The answer's body; None when it has more than ``most_bytes`` bytes."""
    body = bytearray()
    async for chunk in response.content.iter_chunked(64 * 1024):
        body += chunk
        if len(body) > most_bytes:
            return None
    return bytes(body)
