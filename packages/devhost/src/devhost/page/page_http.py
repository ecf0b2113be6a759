"""Answers requests to ``/devhost``: pages for people, and the list of instances as JSON for the command line."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from datetime import datetime
from functools import cache
from pathlib import Path
from typing import Any

from aiohttp import web

from devhost.engine.errors import InstanceFinished, InstanceNotFound, InvalidRequest, RequestRefused
from devhost.engine.events import STATUS_CODES
from devhost.functions.durable_requests import canonical_json, read_page_size, split_path
from devhost.functions.http_messages import json_response
from devhost.page.guard import COOKIE, PageGuard
from devhost.page.instance_source import InstanceSource
from devhost.page.instance_view import InstanceView
from devhost.page.listing import PER_PAGE, EntityFilter, InstanceFilter
from devhost.page.rendering import HOME, instance_link, render
from devhost.protection.request_guard import Handler

_HEADERS = {
    # Nothing from other sites, no scripts, no frames.
    "Content-Security-Policy": "default-src 'none'; style-src 'self'; img-src data:; form-action 'self'; "
    "frame-ancestors 'none'; base-uri 'none'",
    "Referrer-Policy": "same-origin",
    "X-Content-Type-Options": "nosniff",
    "Cache-Control": "no-store",
}
_STALE_FORM = (
    "The form was not accepted: it is from before the host's last start. "
    "Go back to the instance's page and send the form from there."
)
_BROKEN_FORM = "The form cannot be read. Go back to the page and send it from there."
_NOT_JSON = 'The data is not JSON. Put text in quotes, like "yes", or use an object, like {"approved": true}.'


class PageHttp:
    """The page at ``/devhost``.

    Args:
        client: The source of instances; it blocks, so it is called in threads.
        now: Returns the host's time, at which timelines of unfinished instances end.
        guard: Decides who may see the page, and which forms are its own.
    """

    def __init__(self, client: InstanceSource, now: Callable[[], datetime], guard: PageGuard) -> None:
        self._client, self._now, self._guard = client, now, guard
        self._verbs: Mapping[str, Callable[[str, Mapping[str, str]], None]] = {
            "raise": self._raise_event,
            "terminate": lambda instance_id, form: client.terminate(instance_id, form.get("reason")),
            "suspend": lambda instance_id, form: client.suspend(instance_id, form.get("reason")),
            "resume": lambda instance_id, form: client.resume(instance_id, form.get("reason")),
            "rewind": lambda instance_id, form: client.rewind(instance_id, form.get("reason")),
        }

    def before(self, handler: Handler) -> Handler:
        """A handler that answers the page's requests, and leaves all others to the given one."""

        async def handle(request: web.Request) -> web.StreamResponse:
            return await self.handle(request) or await handler(request)

        return handle

    async def handle(self, request: web.Request) -> web.StreamResponse | None:
        """Answer one request, or return None if it is not for the page."""
        answer = self._find(request.method, split_path(request.raw_path))
        if answer is None:
            return None
        try:
            return await answer(request)
        except web.HTTPRequestEntityTooLarge:
            return _message(413, "Too large", "Send events of more than a megabyte through the durable API.")
        except RequestRefused as refusal:
            return _message(refusal.http_status, "Not done", refusal.message)

    def _find(
        self, method: str, segments: tuple[str, ...]
    ) -> Callable[[web.Request], Awaitable[web.StreamResponse]] | None:
        match method, segments:
            case "GET", ("devhost", "style.css"):
                return _style
            case "GET", ("devhost",):
                return self._for_signed_in(self._instances)
            case "GET", ("devhost", "entities"):
                return self._for_signed_in(self._entities)
            case "GET", ("devhost", "instances", instance_id):
                return self._for_signed_in(lambda request: self._instance(request, instance_id))
            case "GET", ("devhost", "api", "instances"):
                return self._instances_as_json
            case "POST", ("devhost", "sign-in"):
                return self._sign_in
            case "POST", ("devhost", "instances", instance_id, verb) if verb in self._verbs:
                return self._for_signed_in(lambda request: self._act(request, instance_id, verb))
        return None

    def _for_signed_in(
        self, answer: Callable[[web.Request], Awaitable[web.StreamResponse]]
    ) -> Callable[[web.Request], Awaitable[web.StreamResponse]]:
        async def guarded(request: web.Request) -> web.StreamResponse:
            if not self._guard.may_look(request):
                return _document(render("sign_in.html", problem=""), 401)
            return await answer(request)

        return guarded

    async def _instances(self, request: web.Request) -> web.Response:
        chosen = InstanceFilter.of(request.query)
        instances, next_token = await self._list(chosen, PER_PAGE, show_input=False)
        page = render(
            "instances.html",
            instances=instances,
            statuses=list(STATUS_CODES),
            filter=chosen,
            is_filtered=chosen != InstanceFilter(),
            next_token=next_token,
        )
        return _document(page)

    async def _instances_as_json(self, request: web.Request) -> web.Response:
        if not self._guard.may_look(request):
            return web.Response(status=401)
        top = read_page_size(request.query.get("top", "")) or PER_PAGE
        show_input = request.query.get("showInput", "").lower() != "false"
        instances, next_token = await self._list(InstanceFilter.of(request.query), top, show_input)
        return json_response({"instances": instances, "next": next_token})

    async def _list(
        self, chosen: InstanceFilter, top: int, show_input: bool
    ) -> tuple[list[dict[str, Any]], str | None]:
        return await asyncio.to_thread(self._client.list, chosen.query(top, show_input))

    async def _instance(self, request: web.Request, instance_id: str) -> web.Response:
        status = await asyncio.to_thread(self._client.status, instance_id, True, True, True)
        if status is None:
            text = f"No instance has the id {instance_id}. It may have been purged; ids are case-sensitive."
            return _message(404, "Unknown instance", text)
        parent, children = await asyncio.to_thread(self._client.relatives, instance_id)
        view = InstanceView(status, self._now(), self._guard.token, parent, children)
        return _document(view.page(request.query.get("done", ""), show_all="all" in request.query))

    async def _entities(self, request: web.Request) -> web.Response:
        chosen = EntityFilter.of(request.query)
        entities, next_token = await asyncio.to_thread(self._client.list_entities, chosen.query())
        return _document(render("entities.html", entities=entities, filter=chosen, next_token=next_token))

    async def _act(self, request: web.Request, instance_id: str, verb: str) -> web.Response:
        form = await _form(request)
        link = instance_link(instance_id)
        if not self._guard.is_own_form(form.get("token", "")):
            return _message(403, "Not done", _STALE_FORM, link)
        try:
            await asyncio.to_thread(self._verbs[verb], instance_id, form)
        except ValueError:
            return _message(400, "Not done", _NOT_JSON, link)
        except (InstanceNotFound, InstanceFinished) as refusal:
            return _message(refusal.http_status, "Not done", refusal.message, link)
        return web.Response(status=303, headers={"Location": f"{link}?done={verb}"})

    def _raise_event(self, instance_id: str, form: Mapping[str, str]) -> None:
        self._client.raise_event(
            instance_id, form.get("name", "").strip(), canonical_json(form.get("data") or "null")
        )

    async def _sign_in(self, request: web.Request) -> web.Response:
        session = self._guard.session_for((await _form(request)).get("key", ""))
        if session is None:
            return _document(render("sign_in.html", problem="This is not the host's master key."), 401)
        response = web.Response(status=303, headers={"Location": HOME})
        response.set_cookie(COOKIE, session, path=HOME, httponly=True, samesite="Strict")
        return response


async def _form(request: web.Request) -> dict[str, str]:
    """The texts of a form as browsers send the page's. Raises InvalidRequest for what cannot be read as one."""
    if request.content_type != "application/x-www-form-urlencoded":
        raise InvalidRequest(_BROKEN_FORM)
    try:
        return {name: value for name, value in (await request.post()).items() if isinstance(value, str)}
    except (ValueError, LookupError, web.RequestPayloadError):
        raise InvalidRequest(_BROKEN_FORM) from None


async def _style(_request: web.Request) -> web.Response:
    return web.Response(text=_style_text(), content_type="text/css", charset="utf-8", headers=_HEADERS)


@cache
def _style_text() -> str:
    return (Path(__file__).parent / "style.css").read_text(encoding="utf-8")


def _document(page: str, status: int = 200) -> web.Response:
    # UTF-8 has no bytes for lone surrogates, which payloads may hold: they are shown as JSON writes them.
    body = page.encode("utf-8", "backslashreplace")
    return web.Response(body=body, status=status, content_type="text/html", charset="utf-8", headers=_HEADERS)


def _message(status: int, title: str, text: str, back: str = HOME) -> web.Response:
    return _document(render("message.html", title=title, text=text, back=back), status)
