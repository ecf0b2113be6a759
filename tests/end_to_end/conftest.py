"""Real processes: Azurite, the emulators and devhost, on free ports. Many tests share a stack."""

from collections.abc import Callable, Iterator
from itertools import count

import pytest

from local import LocalStack
from samples.large_document import make_pdf
from tests.end_to_end.client import Client

SETTINGS = {
    # Documents of high priority have a deadline for which a test can wait. The others have theirs of 30 minutes.
    "EXTRACTION_TIMEOUT_MINUTES_HIGH": "0.25",
    "MAX_DOCUMENT_MEGABYTES": "2",
    # The least, so that no test waits for long until the reconciliation takes up what it left behind.
    "RECONCILE_AFTER_SECONDS": "1",
    # Two seconds. `purge_history` runs daily, or when a test fires it.
    "HISTORY_RETENTION_DAYS": "0.00002",
}


@pytest.fixture(scope="package")
def shared_stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalStack]:
    """All local parts, on the system's clock."""
    with LocalStack(tmp_path_factory.mktemp("stack"), settings=SETTINGS) as stack:
        yield stack


@pytest.fixture(scope="package")
def shared_skipping_stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalStack]:
    """All local parts, on a clock that tests move."""
    with LocalStack(tmp_path_factory.mktemp("skipping"), settings=SETTINGS, clock="virtual") as stack:
        yield stack


@pytest.fixture
def client(shared_stack: LocalStack) -> Iterator[Client]:
    """A client. Faults are removed after each test."""
    yield from _clean(Client(shared_stack))


@pytest.fixture
def skipping(shared_skipping_stack: LocalStack) -> Iterator[Client]:
    """A client of the stack whose clock tests move."""
    yield from _clean(Client(shared_skipping_stack))


def _clean(client: Client) -> Iterator[Client]:
    client.clear_faults()
    yield client
    client.clear_faults()


_seeds = count(1)


@pytest.fixture
def a_document() -> Callable[[], bytes]:
    """Makes a PDF of one page, with nothing to object to, that no other test has sent."""

    def make() -> bytes:
        return make_pdf(pages=1, seed=next(_seeds))

    return make
