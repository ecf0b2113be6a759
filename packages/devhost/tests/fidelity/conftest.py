"""Hosts that serve the app, each once for all cases."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack

import pytest

from tests.fidelity import own_cases
from tests.fidelity.driver import Driver
from tests.fidelity.hosts import devhost_driver, versioned_app


@pytest.fixture(scope="session")
def host_for(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[[str], Driver]]:
    """Tells on which devhost a case runs; each is started when the first case asks for it."""
    with ExitStack() as running:
        started: dict[bool, Driver] = {}

        def host_for(name: str) -> Driver:
            is_versioned = name in own_cases.VERSIONED_CASES
            if is_versioned not in started:
                folder = tmp_path_factory.mktemp("fidelity")
                apps = [versioned_app(folder)] if is_versioned else []
                started[is_versioned] = running.enter_context(devhost_driver(folder, *apps))
            return started[is_versioned]

        yield host_for
