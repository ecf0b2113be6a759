"""Servers and invokers that stop at the end of their test."""

from collections.abc import Callable, Iterator
from datetime import timedelta

import pytest

from devhost.functions.invocation import FunctionInvoker
from devhost.functions.server_thread import ServerThread, bind, port_of
from devhost.protection.request_guard import Handler


@pytest.fixture
def invoker() -> Iterator[FunctionInvoker]:
    invoker = FunctionInvoker(timedelta(minutes=1))
    yield invoker
    invoker.close()


@pytest.fixture
def serve() -> Iterator[Callable[[Handler], str]]:
    """Serve a handler on a free port; returns its origin."""
    thread = ServerThread("test-http")
    sites = []

    def start(handler: Handler) -> str:
        listener = bind(0, "")
        sites.append(thread.serve(handler, listener, grace_seconds=1.0))
        return f"http://127.0.0.1:{port_of(listener)}"

    yield start
    for site in sites:
        site.stop()
    thread.close()
