"""The durable HTTP API, which the SDK's local RPC endpoint and the public webhooks share."""

import asyncio
import functools
import logging
from collections.abc import Awaitable, Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any, Protocol

from aiohttp import web

from devhost.engine.errors import (
    DurableEngineError,
    InstanceFinished,
    InstanceNotFound,
    InvalidRequest,
    NothingToRewind,
    NotInRightState,
    RequestRefused,
)
from devhost.functions.durable_links import DurableLinks
from devhost.functions.durable_requests import (
    CONTINUATION_HEADER,
    DurableRequest,
    split_durable_path,
    written_anew,
)
from devhost.functions.http_messages import DEFAULT_BODY_LIMIT_BYTES, RequestBodyTooLarge, json_response

if TYPE_CHECKING:
    from devhost.engine.client import DurableClient

log = logging.getLogger("devhost.host")

_FINISHED = ("Completed", "Failed", "Terminated", "Canceled")
_WRONG_ARGUMENTS = "One or more of the arguments submitted is incorrect"
_INTERNAL_ERROR = "Something went wrong while processing your request"

Operation = Callable[[DurableRequest], Awaitable[web.Response]]


class DurableApi(Protocol):
    """Answers requests to the durable HTTP API."""

    async def handle(self, request: web.Request, raw_path: str, origin: str) -> web.Response:
        """Answer one request, whose sender has been checked; `raw_path` is what follows the API's base."""
        ...


class DurableHttp:
    """Answers durable API requests from the engine's client.

    Answers have an empty body or a JSON one, whatever the code: the SDK parses every body.

    Args:
        client: The engine's client; it blocks, so its methods run on a thread pool.
        links: Builds the links of the answers.
        body_limit_bytes: Larger request bodies are answered with 413.
    """

    def __init__(
        self,
        client: "DurableClient",
        links: DurableLinks,
        body_limit_bytes: int = DEFAULT_BODY_LIMIT_BYTES,
    ) -> None:
        self._client = client
        self._links = links
        self._body_limit_bytes = body_limit_bytes
        self._threads = ThreadPoolExecutor(16, thread_name_prefix="durable-http")
        self._on_instance: Mapping[str, Operation] = {
            "raiseevent": self._raise_event,
            "terminate": self._with_reason(client.terminate),
            "suspend": self._with_reason(client.suspend),
            "resume": self._with_reason(client.resume),
            "rewind": self._with_reason(client.rewind),
            "restart": self._restart,
        }

    async def handle(self, request: web.Request, raw_path: str, origin: str) -> web.Response:
        """Answer one request.

        Args:
            request: The request.
            raw_path: Its path after the API's base, still encoded.
            origin: ``scheme://host:port`` for the links of the answer.
        """
        durable_request = DurableRequest(request, split_durable_path(raw_path), origin, self._body_limit_bytes)
        if "\0" in raw_path or "%00" in raw_path:
            return web.Response(status=400)
        operation = self._find(request.method, durable_request)
        hub = durable_request.query.get("taskhub")
        if operation is None or (hub and hub.lower() != self._links.hub_name.lower()):
            return web.Response(status=404)
        try:
            return await operation(durable_request)
        except RequestRefused as refusal:
            return _refusal_response(refusal)
        except RequestBodyTooLarge:
            return web.Response(status=413)
        except (ConnectionError, web.RequestPayloadError):
            return web.Response(status=400)
        except DurableEngineError as error:
            # Only the path after the base: the base may hold a token.
            log.error("%s %s failed: %s", request.method, raw_path, error)
            return json_response(_error_body(_INTERNAL_ERROR, error), 500)
        except Exception as error:
            log.exception("%s %s failed inside the host", request.method, raw_path)
            return json_response(_error_body(_INTERNAL_ERROR, error), 500)

    def close(self) -> None:
        """Accept no more requests."""
        self._threads.shutdown(wait=False, cancel_futures=True)

    def _find(self, method: str, request: DurableRequest) -> Operation | None:
        count, collection = len(request.segments), request.segment(0).lower()
        if collection == "orchestrators":
            # An id with a slash in it, however written, is a path that does not exist.
            is_start = method == "POST" and count in (2, 3) and "/" not in request.segment(2)
            return self._start if is_start else None
        if collection == "instances":
            return self._find_on_instances(method, request)
        if collection == "entities":
            routes = {("GET", 1): self._list_entities, ("GET", 2): self._list_entities, ("GET", 3): self._entity}
            if method in ("POST", "DELETE") and count in (2, 3):
                return self._signal
            return routes.get((method, count))
        return None

    def _find_on_instances(self, method: str, request: DurableRequest) -> Operation | None:
        count, verb = len(request.segments), request.segment(2).lower()
        # An event's name with a slash in it, however written, is a path that does not exist.
        if method == "POST" and count == (4 if verb == "raiseevent" else 3) and "/" not in request.segment(3):
            return self._on_instance.get(verb)
        routes: dict[tuple[str, int], Operation] = {
            ("GET", 1): self._list,
            ("DELETE", 1): self._purge_by,
            ("GET", 2): self._status,
            ("DELETE", 2): self._purge,
        }
        return routes.get((method, count))

    async def _in_thread(self, call: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
        bound = functools.partial(call, *args, **kwargs)
        return await asyncio.get_running_loop().run_in_executor(self._threads, bound)

    async def _start(self, request: DurableRequest) -> web.Response:
        raw_input, version = await request.start_input(), request.query.get("version")
        instance_id = await self._in_thread(
            self._client.start, request.segment(1), request.segment(2) or None, raw_input, version
        )
        return await self._start_response(request, instance_id)

    async def _restart(self, request: DurableRequest) -> web.Response:
        new_id = request.flag("restartWithNewInstanceId", True)
        return await self._start_response(
            request, await self._in_thread(self._client.restart, request.segment(1), new_id)
        )

    async def _start_response(self, request: DurableRequest, instance_id: str) -> web.Response:
        wait_seconds, interval = request.seconds("timeout"), request.seconds("pollingInterval")
        if wait_seconds is None or interval is None:
            return self._accepted_response(request, instance_id)
        if interval > wait_seconds:
            # As on Azure, the instance has been started nevertheless.
            text = f"Total timeout {wait_seconds:g} should be bigger than retry timeout {interval:g}"
            return json_response({"Message": text}, 400)
        return await self._wait(request, instance_id, wait_seconds, interval)

    async def _wait(
        self, request: DurableRequest, instance_id: str, wait_seconds: float, interval: float
    ) -> web.Response:
        deadline = asyncio.get_running_loop().time() + wait_seconds
        while True:
            status = await self._in_thread(self._client.status, instance_id)
            if status and status["runtimeStatus"] == "Completed":
                return json_response(status["output"])
            if status and status["runtimeStatus"] in _FINISHED:
                return await self._status_response(request, instance_id)
            left = deadline - asyncio.get_running_loop().time()
            if left <= 0:
                return self._accepted_response(request, instance_id)
            await asyncio.sleep(min(max(interval, 0.05), left))

    def _accepted_response(self, request: DurableRequest, instance_id: str) -> web.Response:
        body = self._links.check_status_body(request.origin, instance_id)
        return json_response(
            body, 202, {"Location": body["statusQueryGetUri"].replace("%7E", "~"), "Retry-After": "10"}
        )

    async def _status(self, request: DurableRequest) -> web.Response:
        return await self._status_response(
            request, request.segment(1), request.flag("returnInternalServerErrorOnFailure", False)
        )

    async def _status_response(
        self, request: DurableRequest, instance_id: str, failed_is_500: bool = False
    ) -> web.Response:
        status = await self._in_thread(
            self._client.status,
            instance_id,
            show_input=request.flag("showInput", True),
            show_history=request.flag("showHistory", False),
            show_history_output=request.flag("showHistoryOutput", False),
        )
        if status is None:
            return web.Response(status=404)
        if status["runtimeStatus"] not in _FINISHED:
            location = f"{request.http.scheme}://{request.http.host}{written_anew(request.http.raw_path)}"
            return json_response(status, 202, {"Location": location, "Retry-After": "5"})
        return json_response(status, 500 if failed_is_500 and status["runtimeStatus"] == "Failed" else 200)

    async def _list(self, request: DurableRequest) -> web.Response:
        return _page_response(*await self._in_thread(self._client.list, request.instance_query()))

    async def _purge(self, request: DurableRequest) -> web.Response:
        instance_id = request.segment(1)
        count = await self._in_thread(self._client.purge, instance_id)
        # Of an entity that is not there, none was deleted; an instance that is not there was not found.
        return json_response({"instancesDeleted": count}) if instance_id.count("@") > 1 else _purge_response(count)

    async def _purge_by(self, request: DurableRequest) -> web.Response:
        created_from = request.moment("createdTimeFrom")
        if created_from is None:
            return json_response("Please provide value for 'createdTimeFrom' parameter.", 400)
        purge_by = self._client.purge_by
        return _purge_response(
            await self._in_thread(purge_by, created_from, request.moment("createdTimeTo"), request.statuses())
        )

    async def _raise_event(self, request: DurableRequest) -> web.Response:
        try:
            event_data = await request.event_data()
        except InvalidRequest:
            # That the instance does not exist or has finished is the more useful error, so it comes first.
            await self._in_thread(self._client.check_live, request.segment(1))
            raise
        await self._in_thread(self._client.raise_event, request.segment(1), request.segment(3), event_data)
        return web.Response(status=202)

    def _with_reason(self, call: Callable[[str, str | None], None]) -> Operation:
        async def operation(request: DurableRequest) -> web.Response:
            await self._in_thread(call, request.segment(1), request.query.get("reason"))
            return web.Response(status=202)

        return operation

    async def _list_entities(self, request: DurableRequest) -> web.Response:
        return _page_response(*await self._in_thread(self._client.list_entities, request.entity_query()))

    async def _entity(self, request: DurableRequest) -> web.Response:
        state = await self._in_thread(self._client.entity_state, request.segment(1), _entity_key(request))
        if state is None:
            return web.Response(status=404)
        return web.Response(text=state, content_type="application/json", charset="utf-8")

    async def _signal(self, request: DurableRequest) -> web.Response:
        operation = "delete" if request.http.method == "DELETE" else request.query.get("op", "")
        raw_input = await request.operation_input()
        await self._in_thread(
            self._client.signal_entity, request.segment(1), _entity_key(request), operation, raw_input
        )
        return web.Response(status=202)


def _entity_key(request: DurableRequest) -> str:
    """The key in the path; a lone ``$`` or none at all stands for the empty one."""
    return "" if request.segment(2) == "$" else request.segment(2)


def _page_response(items: list[dict[str, Any]], continuation_token: str | None) -> web.Response:
    return json_response(items, 200, {CONTINUATION_HEADER: continuation_token} if continuation_token else None)


def _purge_response(count: int) -> web.Response:
    return json_response({"instancesDeleted": count}) if count else web.Response(status=404)


def _refusal_response(refusal: RequestRefused) -> web.Response:
    if isinstance(refusal, InstanceNotFound | InstanceFinished):
        return web.Response(status=refusal.http_status)
    if isinstance(refusal, NotInRightState | NothingToRewind):
        return json_response(refusal.message, refusal.http_status)
    if refusal.exception_type is None:
        return json_response({"Message": refusal.message}, refusal.http_status)
    summary = refusal.summary or (_WRONG_ARGUMENTS if refusal.http_status == 400 else _INTERNAL_ERROR)
    return json_response(_error_body(summary, refusal), refusal.http_status)


def _error_body(message: str, error: Exception) -> dict[str, str]:
    text, kind = str(error), getattr(error, "exception_type", None) or type(error).__name__
    return {"Message": message, "ExceptionMessage": text, "ExceptionType": kind, "StackTrace": ""}
