"""The aiohttp session of a service, made at its first call, since it needs a running event loop."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import aiohttp

_CONNECT_SECONDS = 5


class HttpSession:
    """One session, made at first use, with explicit timeouts.

    Args:
        total_seconds: the longest time for a call, including the answer's body.
        read_seconds: the longest time without data during a call; None for no limit.
    """

    def __init__(self, total_seconds: float, read_seconds: float | None = None) -> None:
        self._total_seconds = total_seconds
        self._read_seconds = read_seconds
        self._session: aiohttp.ClientSession | None = None

    def get(self) -> "aiohttp.ClientSession":
        """The session; call it inside a coroutine."""
        import aiohttp

        if self._session is None or self._session.closed:
            timeout = aiohttp.ClientTimeout(
                total=self._total_seconds, sock_connect=_CONNECT_SECONDS, sock_read=self._read_seconds
            )
            # No cookies: a cookie of one answer must not be sent with the next request.
            self._session = aiohttp.ClientSession(timeout=timeout, cookie_jar=aiohttp.DummyCookieJar())
        return self._session

    async def close(self) -> None:
        """Close the connections."""
        if self._session is not None:
            await self._session.close()
            self._session = None
