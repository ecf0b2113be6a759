from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.orchestrators.pipeline import Pipeline


@pytest.fixture
def pipeline(tmp_path: Path) -> Iterator[Pipeline]:
    """A fresh engine of its own for each test: instance ids may repeat."""
    built = Pipeline(tmp_path)
    yield built
    built.close()
