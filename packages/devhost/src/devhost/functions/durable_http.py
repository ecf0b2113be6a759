"""The durable HTTP API, which the SDK's local RPC endpoint and the public webhooks share."""

import asyncio
import functools
import logging
from collections.abc import Awaitable, Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any, Protocol
from urllib.parse import quote

from aiohttp import web

from devhost.engine.errors import (
    DurableEngineError,
    InstanceFinished,
    InstanceNotFound,
    InvalidRequest,
    RequestRefused,
)
from devhost.functions.durable_links import DurableLinks
from devhost.functions.durable_requests import CONTINUATION_HEADER, DurableRequest, split_path
from devhost.functions.http_messages import DEFAULT_BODY_LIMIT_BYTES, RequestBodyTooLarge, json_response

if TYPE_CHECKING:
    from devhost.engine.client import DurableClient

log = logging.getLogger("devhost.host")

_FINISHED = ("Completed", "Failed", "Terminated", "Canceled")
_WRONG_ARGUMENTS = "One or more of the arguments submitted is incorrect"
_SOMETHING_WRONG = "Something went wrong while processing your request"

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
        client: The engine's client; it blocks, so it is called on threads of its own.
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
        asked = DurableRequest(request, split_path(raw_path), origin, self._body_limit_bytes)
        operation = self._find(request.method, asked)
        if operation is None:
            return web.Response(status=404)
        try:
            return await operation(asked)
        except RequestRefused as refusal:
            return _refused(refusal)
        except RequestBodyTooLarge:
            return web.Response(status=413)
        except (ConnectionError, web.RequestPayloadError):
            return web.Response(status=400)
        except DurableEngineError as error:
            # By the path after the base, which may hold a token.
            log.error("%s %s failed: %s", request.method, raw_path, error)
            return json_response(_error_body(_SOMETHING_WRONG, error), 500)
        except Exception as error:
            log.exception("%s %s failed inside the host", request.method, raw_path)
            return json_response(_error_body(_SOMETHING_WRONG, error), 500)

    def close(self) -> None:
        """Take no more requests."""
        self._threads.shutdown(wait=False, cancel_futures=True)

    def _find(self, method: str, asked: DurableRequest) -> Operation | None:
        count, collection = len(asked.segments), asked.segment(0).lower()
        if collection == "orchestrators":
            return self._start if method == "POST" and count in (2, 3) else None
        if collection == "instances":
            return self._find_on_instances(method, asked)
        if collection == "entities":
            routes = {("GET", 1): self._list_entities, ("GET", 2): self._list_entities, ("GET", 3): self._entity}
            if method in ("POST", "DELETE") and count in (2, 3):
                return self._signal
            return routes.get((method, count))
        return None

    def _find_on_instances(self, method: str, asked: DurableRequest) -> Operation | None:
        count, verb = len(asked.segments), asked.segment(2).lower()
        if method == "POST" and count == (4 if verb == "raiseevent" else 3):
            return self._on_instance.get(verb)
        routes: dict[tuple[str, int], Operation] = {
            ("GET", 1): self._list,
            ("DELETE", 1): self._purge_by,
            ("GET", 2): self._status,
            ("DELETE", 2): self._purge,
        }
        return routes.get((method, count))

    async def _ask(self, call: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
        bound = functools.partial(call, *args, **kwargs)
        return await asyncio.get_running_loop().run_in_executor(self._threads, bound)

    async def _start(self, asked: DurableRequest) -> web.Response:
        raw_input, version = await asked.start_input(), asked.query.get("version")
        instance_id = await self._ask(
            self._client.start, asked.segment(1), asked.segment(2) or None, raw_input, version
        )
        return await self._started(asked, instance_id)

    async def _restart(self, asked: DurableRequest) -> web.Response:
        new_id = asked.flag("restartWithNewInstanceId", True)
        return await self._started(asked, await self._ask(self._client.restart, asked.segment(1), new_id))

    async def _started(self, asked: DurableRequest, instance_id: str) -> web.Response:
        wait_seconds, interval = asked.seconds("timeout"), asked.seconds("pollingInterval")
        if wait_seconds is None or interval is None:
            return self._accepted(asked, instance_id)
        if interval > wait_seconds:
            # As on Azure, the instance has been started nevertheless.
            raise InvalidRequest(
                f"Total timeout {wait_seconds:g} should be bigger than retry timeout {interval:g}"
            )
        return await self._wait(asked, instance_id, wait_seconds, interval)

    async def _wait(
        self, asked: DurableRequest, instance_id: str, wait_seconds: float, interval: float
    ) -> web.Response:
        deadline = asyncio.get_running_loop().time() + wait_seconds
        while True:
            status = await self._ask(self._client.status, instance_id)
            if status and status["runtimeStatus"] == "Completed":
                return json_response(status["output"])
            if status and status["runtimeStatus"] in _FINISHED:
                return await self._status_of(asked, instance_id)
            left = deadline - asyncio.get_running_loop().time()
            if left <= 0:
                return self._accepted(asked, instance_id)
            await asyncio.sleep(min(max(interval, 0.05), left))

    def _accepted(self, asked: DurableRequest, instance_id: str) -> web.Response:
        body = self._links.check_status_body(asked.origin, instance_id, quote(instance_id, safe="@:"))
        return json_response(body, 202, {"Location": body["statusQueryGetUri"], "Retry-After": "10"})

    async def _status(self, asked: DurableRequest) -> web.Response:
        return await self._status_of(
            asked, asked.segment(1), asked.flag("returnInternalServerErrorOnFailure", False)
        )

    async def _status_of(
        self, asked: DurableRequest, instance_id: str, failed_is_500: bool = False
    ) -> web.Response:
        status = await self._ask(
            self._client.status,
            instance_id,
            show_input=asked.flag("showInput", True),
            show_history=asked.flag("showHistory", False),
            show_history_output=asked.flag("showHistoryOutput", False),
        )
        if status is None:
            return web.Response(status=404)
        if status["runtimeStatus"] not in _FINISHED:
            location = f"{asked.request.scheme}://{asked.request.host}{asked.request.raw_path}"
            return json_response(status, 202, {"Location": location, "Retry-After": "5"})
        return json_response(status, 500 if failed_is_500 and status["runtimeStatus"] == "Failed" else 200)

    async def _list(self, asked: DurableRequest) -> web.Response:
        return _page(*await self._ask(self._client.list, asked.instance_query()))

    async def _purge(self, asked: DurableRequest) -> web.Response:
        return _purged(await self._ask(self._client.purge, asked.segment(1)))

    async def _purge_by(self, asked: DurableRequest) -> web.Response:
        created_from = asked.moment("createdTimeFrom")
        if created_from is None:
            return json_response("Please provide value for 'createdTimeFrom' parameter.", 400)
        purge_by = self._client.purge_by
        return _purged(await self._ask(purge_by, created_from, asked.moment("createdTimeTo"), asked.statuses()))

    async def _raise_event(self, asked: DurableRequest) -> web.Response:
        try:
            event_data = await asked.event_data()
        except InvalidRequest:
            # Whoever sends to an instance that takes nothing more learns that first.
            await self._ask(self._client.check_live, asked.segment(1))
            raise
        await self._ask(self._client.raise_event, asked.segment(1), asked.segment(3), event_data)
        return web.Response(status=202)

    def _with_reason(self, call: Callable[[str, str | None], None]) -> Operation:
        async def operation(asked: DurableRequest) -> web.Response:
            await self._ask(call, asked.segment(1), asked.query.get("reason"))
            return web.Response(status=202)

        return operation

    async def _list_entities(self, asked: DurableRequest) -> web.Response:
        return _page(*await self._ask(self._client.list_entities, asked.entity_query()))

    async def _entity(self, asked: DurableRequest) -> web.Response:
        state = await self._ask(self._client.entity_state, asked.segment(1), _entity_key(asked))
        if state is None:
            return web.Response(status=404)
        return web.Response(text=state, content_type="application/json", charset="utf-8")

    async def _signal(self, asked: DurableRequest) -> web.Response:
        operation = "delete" if asked.request.method == "DELETE" else asked.query.get("op", "")
        raw_input = await asked.operation_input()
        await self._ask(self._client.signal_entity, asked.segment(1), _entity_key(asked), operation, raw_input)
        return web.Response(status=202)


def _entity_key(asked: DurableRequest) -> str:
    """The key in the path; a lone ``$`` or none at all stands for the empty one."""
    return "" if asked.segment(2) == "$" else asked.segment(2)


def _page(items: list[dict[str, Any]], continuation_token: str | None) -> web.Response:
    return json_response(items, 200, {CONTINUATION_HEADER: continuation_token} if continuation_token else None)


def _purged(count: int) -> web.Response:
    return json_response({"instancesDeleted": count}) if count else web.Response(status=404)


def _refused(refusal: RequestRefused) -> web.Response:
    if isinstance(refusal, InstanceNotFound | InstanceFinished):
        return web.Response(status=refusal.http_status)
    if isinstance(refusal, InvalidRequest):
        return json_response(_error_body(refusal.message, refusal), refusal.http_status)
    message = _WRONG_ARGUMENTS if refusal.http_status == 400 else _SOMETHING_WRONG
    return json_response(_error_body(message, refusal), refusal.http_status)


def _error_body(message: str, error: Exception) -> dict[str, str]:
    text, kind = str(error), type(error).__name__
    return {"Message": message, "ExceptionMessage": text, "ExceptionType": kind, "StackTrace": ""}
