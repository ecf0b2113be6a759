"""The page over HTTP, on a real engine whose clock stands still."""

from collections.abc import Callable, Iterator
from urllib.parse import urlencode

import pytest
from aiohttp import web

from devhost.functions.access_keys import AccessKeys
from devhost.functions.server_thread import ServerThread, bind, port_of
from devhost.page.guard import PageGuard
from devhost.page.page_http import PageHttp
from devhost.testing import OrchestrationTestHost
from tests.unit.functions.http_client import Answer, ask
from tests.unit.page.sample_orders import order_functions

KEYS = AccessKeys("the-master-key", "the-function-key", "the-durable-key")


class Page:
    """A client of the page, with its engine."""

    def __init__(self, engine: OrchestrationTestHost, guard: PageGuard, origin: str) -> None:
        self.engine, self.token, self.origin = engine, guard.token, origin

    def get(self, path: str, headers: dict[str, str] | None = None) -> Answer:
        """Look at a page."""
        return ask(self.origin, "GET", path, headers=headers)

    def html(self, path: str) -> str:
        """The text of a page that must be there."""
        answer = self.get(path)
        assert answer.status == 200, answer
        return answer.body.decode()

    def post(self, path: str, form: dict[str, str], headers: dict[str, str] | None = None) -> Answer:
        """Send a form."""
        sent = {"Content-Type": "application/x-www-form-urlencoded", **(headers or {})}
        return ask(self.origin, "POST", path, urlencode(form).encode(), sent)


OpenPage = Callable[[AccessKeys | None], Page]


@pytest.fixture
def open_page() -> Iterator[OpenPage]:
    thread, sites = ServerThread("test-page"), []
    with OrchestrationTestHost([order_functions()]) as engine:

        async def elsewhere(_request: web.Request) -> web.StreamResponse:
            return web.Response(status=418)

        def start(keys: AccessKeys | None) -> Page:
            guard, listener = PageGuard(keys), bind(0, "")
            handler = PageHttp(engine.client, engine.now, guard).before(elsewhere)
            sites.append(thread.serve(handler, listener, grace_seconds=1.0))
            return Page(engine, guard, f"http://127.0.0.1:{port_of(listener)}")

        yield start
        for site in sites:
            site.stop()
    thread.close()


@pytest.fixture
def page(open_page: OpenPage) -> Page:
    return open_page(None)
