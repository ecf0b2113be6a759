"""Which tests stay in one process when a run is spread over several (pytest -n)."""

from pathlib import PurePosixPath

import pytest
from xdist.scheduler import LoadFileScheduling

TOGETHER = (PurePosixPath("tests", "end_to_end"), PurePosixPath("tests", "extension"))
"""Each has stacks of all local parts, which its files share: one stack takes seconds to start, and a core."""


class FolderScheduling(LoadFileScheduling):  # type: ignore[misc]  # xdist has no types
    """Files stay whole, and so do the folders whose files share a stack."""

    def _split_scope(self, nodeid: str) -> str:
        file = PurePosixPath(nodeid.partition("::")[0])
        return str(file.parent if file.parent in TOGETHER else file)


def pytest_xdist_make_scheduler(config: pytest.Config) -> FolderScheduling | None:
    """Deal out folders where files would be dealt out."""
    return FolderScheduling(config) if config.getoption("dist") == "loadfile" else None
