from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.orchestrators.pipeline import Pipeline


@pytest.fixture
def pipeline(tmp_path: Path) -> Iterator[Pipeline]:
    """A new engine for each test, so that tests may use the same instance ids."""
    built = Pipeline(tmp_path)
    yield built
    built.close()
