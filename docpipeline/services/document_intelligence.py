"""Azure AI Document Intelligence: a document is submitted once, then its operation is polled until it is done."""

import asyncio
import math
from collections.abc import Awaitable, Callable
from datetime import datetime
from functools import cached_property
from typing import IO, TYPE_CHECKING, Any, TypeVar

from docpipeline.errors import DocumentFailed, ServiceUnavailable
from docpipeline.models.file_types import SNIFFED_BYTES, header_offset
from docpipeline.resilience import Clock, ServiceBreaker, seconds_until, utc_now
from docpipeline.services.analysis import Analysis, read_operation
from docpipeline.services.analysis_faults import SERVICE, fault_of, fault_of_answer
from docpipeline.services.app_identity import AppIdentity

if TYPE_CHECKING:
    from azure.ai.formrecognizer.aio import DocumentAnalysisClient

Result = TypeVar("Result")

_CONNECT_SECONDS = 10
_READ_SECONDS = 60
_LONGEST_PAUSE_SECONDS = 60.0
# The only model without add-on features.
_WITHOUT_FEATURES = {"prebuilt-businessCard"}


class DocumentIntelligence:
    """Extracts text from documents. One instance serves the whole process.

    Args:
        endpoint: the resource's base URL.
        key: its key; None for the app's identity.
        breaker: guards the service.
        polling_interval: seconds between two polls of an operation, unless the service names another.
        clock: gives the current time, UTC.
        identity: the app's, where there is no key.
    """

    def __init__(
        self,
        endpoint: str,
        key: str | None,
        breaker: ServiceBreaker,
        polling_interval: float = 2.0,
        clock: Clock = utc_now,
        identity: AppIdentity | None = None,
    ) -> None:
        self._endpoint = endpoint
        self._key = key
        self._breaker = breaker
        self._polling_interval = polling_interval
        self._clock = clock
        self._identity = identity or AppIdentity()

    async def submit(self, content: IO[bytes], model_id: str, until: datetime) -> str:
        """Submit a document for analysis. Each submission is billed.

        Args:
            content: the document, from the file's position; bytes before a PDF's header are left out.
            model_id: a prebuilt or custom model.
            until: give up at this time (UTC).

        Returns:
            The URL of the operation; it holds no key.

        Raises:
            DocumentFailed: the document cannot be read; or ``extractionTimeout`` at ``until``.
            NothingSubmitted: for now, and the document was not accepted; CircuitOpen while the circuit is open.
            ServiceUnavailable: for now, and the document may have been accepted.
            ServiceRefused: bad key, unknown model.
        """
        _skip_to_header(content)
        features = [] if model_id in _WITHOUT_FEATURES else ["languages"]

        async def begin() -> str:
            # No polling here: the operation's URL must be saved before anything else happens.
            poller = await self._client.begin_analyze_document(
                model_id, content, features=features, polling=False, cls=_operation_location
            )
            location: str = await poller.result()
            return location

        return await self._guarded(begin, until)

    async def result(self, operation_url: str, until: datetime) -> Analysis:
        """Wait for an operation's result.

        Args:
            operation_url: the URL that ``submit`` returned, in this process or an earlier one.
            until: give up at this time (UTC).

        Raises:
            DocumentFailed: the document cannot be read; or ``extractionTimeout`` at ``until``.
            OperationLost: the operation is gone, or failed through no fault of the document; submit it again.
            ServiceUnavailable: for now; CircuitOpen while the circuit is open.
            ServiceRefused: bad key.
        """

        async def poll() -> Analysis:
            while True:
                analysis, pause_seconds = await self._poll(operation_url)
                if analysis is not None:
                    return analysis
                await asyncio.sleep(pause_seconds)

        return await self._guarded(poll, until)

    async def close(self) -> None:
        """Close the connections."""
        if "_client" in self.__dict__:
            await self._client.close()
            del self._client

    async def _poll(self, operation_url: str) -> tuple[Analysis | None, float]:
        """Poll once. Returns the analysis, None while it is under way, and the seconds until the next poll."""
        from azure.core.rest import HttpRequest

        # As a stream: otherwise the SDK parses the body first, in the event loop.
        request = HttpRequest("GET", operation_url)
        async with await self._client.send_request(request, stream=True) as response:
            body = await response.read()
        if response.status_code != 200:
            raise fault_of_answer(response.status_code, response.headers, body, is_poll=True)
        # In a thread: megabytes of JSON would block the event loop.
        analysis = await asyncio.to_thread(read_operation, body)
        return analysis, self._pause_after(response.headers.get("Retry-After", ""))

    def _pause_after(self, retry_after: str) -> float:
        try:
            seconds = float(retry_after)
        except ValueError:
            return self._polling_interval
        # NaN is a float too.
        return self._polling_interval if math.isnan(seconds) else min(max(seconds, 0.02), _LONGEST_PAUSE_SECONDS)

    async def _guarded(self, work: Callable[[], Awaitable[Result]], until: datetime) -> Result:
        """Do ``work`` behind the breaker and before the deadline, and translate the SDK's errors."""
        from aiohttp import ClientError
        from azure.core.exceptions import AzureError

        try:
            async with asyncio.timeout(seconds_until(until, self._clock)):
                with self._breaker.calling():
                    try:
                        return await work()
                    except AzureError as error:
                        raise fault_of(error) from error
                    except (ClientError, OSError) as error:
                        raise ServiceUnavailable(SERVICE, f"it did not answer ({type(error).__name__})") from error
        except TimeoutError:
            raise DocumentFailed("extractionTimeout", "the text was not extracted before the deadline") from None

    @cached_property
    def _client(self) -> "DocumentAnalysisClient":
        from azure.ai.formrecognizer.aio import DocumentAnalysisClient
        from azure.core.credentials import AzureKeyCredential

        from docpipeline.services.analysis_transport import ErrorReadingTransport

        credential: Any = AzureKeyCredential(self._key) if self._key else self._identity.credential()
        # No retries in the SDK, which obeys any Retry-After, even that of a 401: the durable retry waits instead.
        return DocumentAnalysisClient(
            self._endpoint,
            credential,
            retry_total=0,
            transport=ErrorReadingTransport(connection_timeout=_CONNECT_SECONDS, read_timeout=_READ_SECONDS),
        )


def _skip_to_header(content: IO[bytes]) -> None:
    # PDF readers skip up to 1024 bytes before the header; the service may not.
    start = content.tell()
    content.seek(start + header_offset(content.read(SNIFFED_BYTES)))


def _operation_location(response: Any, _: Any, headers: Any) -> str:
    location: str | None = response.http_response.headers.get("Operation-Location")
    if not location or not location.isascii():
        raise ServiceUnavailable(SERVICE, "it accepted the document without saying where its result will be")
    return location
