"""The command line, connected to a real engine over HTTP."""

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import azure.functions as func
import pytest
from aiohttp import web

from devhost.cli.command_line import main
from devhost.engine.clock import SystemClock
from devhost.functions.access_keys import AccessKeys, AccessRules
from devhost.functions.admin_http import AdminHttp
from devhost.functions.durable_http import DurableHttp
from devhost.functions.durable_links import WEBHOOK_PATH, DurableLinks
from devhost.functions.http_messages import origin_of
from devhost.functions.indexing import index_functions
from devhost.functions.invocation import FunctionInvoker
from devhost.functions.server_thread import ServerThread, bind, port_of
from devhost.functions.timer_monitor import TimerMonitor
from devhost.functions.timers import TimerService
from devhost.page.guard import PageGuard
from devhost.page.page_http import PageHttp
from devhost.testing import OrchestrationTestHost
from tests.unit.page.sample_orders import order_functions

KEYS = AccessKeys("the-master-key", "the-function-key", "the-durable-key")


class CommandLine:
    """Runs commands against one host.

    Attributes:
        engine: The engine behind that host.
        url: Where the host listens.
    """

    def __init__(self, engine: OrchestrationTestHost, url: str, capture: pytest.CaptureFixture[str]) -> None:
        self.engine, self.url, self._capture = engine, url, capture

    def run(self, *arguments: str) -> str:
        """The output of a command that must succeed."""
        self._capture.readouterr()
        code = main([*arguments, "--url", self.url])
        printed = self._capture.readouterr()
        assert (code, printed.err) == (0, "")
        return printed.out

    def json(self, *arguments: str) -> Any:
        """The parsed output of a command with ``--json``."""
        return json.loads(self.run(*arguments, "--json"))

    def refused(self, *arguments: str) -> str:
        """The error of a command that must fail and print nothing else."""
        self._capture.readouterr()
        code = main([*arguments, "--url", self.url])
        printed = self._capture.readouterr()
        assert (code, printed.out) == (1, "")
        return printed.err


OpenHost = Callable[[AccessKeys | None], CommandLine]


@pytest.fixture
def open_host(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> Iterator[OpenHost]:
    thread, invoker, closing = ServerThread("test-host"), FunctionInvoker(), []
    app = func.FunctionApp()
    app.register_functions(order_functions())
    functions = index_functions(app, tmp_path)
    timers = TimerService(functions, invoker, SystemClock(), TimerMonitor(tmp_path), {})
    with OrchestrationTestHost([order_functions()]) as engine:

        def start(keys: AccessKeys | None) -> CommandLine:
            durable, rules = DurableHttp(engine.client, DurableLinks("TestHub")), AccessRules(keys)
            admin = AdminHttp(functions, invoker, timers, advance=None)

            async def api(request: web.Request) -> web.StreamResponse:
                if not rules.allows_durable(request.headers.get("x-functions-key")):
                    return web.Response(status=401)
                if request.path.startswith("/admin/"):
                    return await admin.handle(request, request.path)
                return await durable.handle(request, request.raw_path[len(WEBHOOK_PATH) :], origin_of(request))

            handler = PageHttp(engine.client, engine.now, PageGuard(keys)).before(api)
            listener = bind(0, "")
            closing.extend([thread.serve(handler, listener, grace_seconds=1.0).stop, durable.close])
            return CommandLine(engine, f"http://127.0.0.1:{port_of(listener)}", capsys)

        yield start
        for close in closing:
            close()
    thread.close()
    invoker.close()


@pytest.fixture
def command_line(open_host: OpenHost) -> CommandLine:
    return open_host(None)
