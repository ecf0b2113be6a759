import json
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from devhost.engine.options import EngineOptions
from devhost.testing import OrchestrationTestHost
from tests.unit.engine.sample_app import SampleApp

HostMaker = Callable[[EngineOptions], OrchestrationTestHost]


@pytest.fixture
def sample() -> SampleApp:
    """A fresh app: the functions of an app can be listed only once."""
    return SampleApp()


@pytest.fixture
def make_host(sample: SampleApp, tmp_path: Path) -> Iterator[HostMaker]:
    """Makes hosts with the given options; closes them after the test."""
    hosts: list[OrchestrationTestHost] = []

    def make(options: EngineOptions) -> OrchestrationTestHost:
        hosts.append(OrchestrationTestHost(sample.app, tmp_path, options))
        return hosts[-1]

    yield make
    sample.gate.set()
    for host in hosts:
        host.close()


@pytest.fixture
def host(make_host: HostMaker) -> OrchestrationTestHost:
    """A host with the usual options."""
    return make_host(EngineOptions())


@pytest.fixture
def stored_history(tmp_path: Path) -> Callable[[str], list[dict[str, Any]]]:
    """Reads an instance's events as they are stored, with their numbers."""

    def read(instance_id: str) -> list[dict[str, Any]]:
        query = "SELECT event FROM history WHERE instance_id = ? ORDER BY position"
        with closing(sqlite3.connect(tmp_path / "engine.db")) as database:
            return [json.loads(event) for (event,) in database.execute(query, (instance_id,))]

    return read
