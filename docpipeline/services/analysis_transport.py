"""The HTTP transport of the Document Intelligence client. Imported at first use, since it needs azure-core."""

from typing import Any

from azure.core.pipeline.transport import AioHttpTransport


class ErrorReadingTransport(AioHttpTransport):  # type: ignore[misc]
    """Reads the body of an error at once, even when the answer was requested as a stream.

    The SDK looks for a quota message in every 403 and 429, which fails with ResponseNotReadError on a stream.
    """

    async def send(self, request: Any, **config: Any) -> Any:
        """Send as the base class does."""
        response: Any = await super().send(request, **config)
        if config.get("stream") and response.status_code >= 400:
            await response.read()
        return response
