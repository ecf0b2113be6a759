"""Which tests stay in one process when a run is spread over several (pytest -n)."""

from pathlib import PurePosixPath

import pytest
from xdist.remote import Producer
from xdist.scheduler import LoadFileScheduling

_ONE_STACK = (PurePosixPath("tests", "extension"), PurePosixPath("tests", "end_to_end"))
"""The files of such a folder share stacks of all local parts: each takes seconds to start, and a core."""
_OWN_STACKS = ("test_kill.py", "test_local_parts.py")
"""These files of the same folders start stacks of their own."""


class StackScheduling(LoadFileScheduling):  # type: ignore[misc]  # xdist has no types
    """Files stay whole, and those that share a stack stay together."""

    def _split_scope(self, nodeid: str) -> str:
        file = PurePosixPath(nodeid.partition("::")[0])
        return str(file.parent if file.parent in _ONE_STACK and file.name not in _OWN_STACKS else file)


def pytest_xdist_make_scheduler(config: pytest.Config, log: Producer) -> StackScheduling | None:
    """Keep stacks together where files would be dealt out."""
    return StackScheduling(config, log) if config.getoption("dist") == "loadfile" else None


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Begin with the extension: its tests are the longest, and mostly wait."""
    items.sort(key=lambda item: item.path.parent.name != "extension")
