"""The pytest plugin: ``orchestration_host`` in every test of an environment that has devhost."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from devhost.testing.host import OrchestrationTestHost


@pytest.fixture
def orchestration_host() -> Iterator[Callable[..., OrchestrationTestHost]]:
    """Make hosts that end with the test; takes what ``OrchestrationTestHost`` takes."""
    # Not with the plugin: it is loaded by every run of pytest, and most tests need no engine.
    from devhost.testing.host import OrchestrationTestHost

    with ExitStack() as open_hosts:
        yield lambda *arguments, **options: open_hosts.enter_context(OrchestrationTestHost(*arguments, **options))
