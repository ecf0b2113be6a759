"""Instances of the app that die and come back, on Microsoft's extension.

What a dead instance had in hand comes back after a minute, so `make test` runs one of these; `make soak` runs all.
``EXTENSION_KILLS`` is how often everything is killed, ``EXTENSION_KILLS_SEED`` the seed of the first moment.
"""

import json
import os
import random
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from itertools import cycle
from pathlib import Path

import pytest

from local import LocalStack
from tests.end_to_end.client import Client
from tests.end_to_end.test_kill import recorded_submissions
from tests.extension.accounts import RECOVERY_SECONDS, assert_counted, assert_each_is_completed_once
from tests.extension.conftest import EXTENSION_SETTINGS
from tests.extension.second_host import SecondHost
from tests.waiting import eventually

DOCUMENTS = 20
MakeDocument = Callable[[], bytes]

KILLS = int(os.environ.get("EXTENSION_KILLS", "0"))
# The processes of a parallel run must draw alike, since the seed is in the name of a test.
FIRST_SEED = int(
    os.environ.get("EXTENSION_KILLS_SEED")
    or random.Random(os.environ.get("PYTEST_XDIST_TESTRUNUID")).randrange(1_000_000)
)
ONLY_SOAKED = pytest.param(0, marks=pytest.mark.skip(reason="takes a minute for each kill: make soak"))

pytestmark = pytest.mark.timeout(400)


@pytest.fixture
def second(extension_stack: LocalStack, tmp_path: Path) -> Iterator[SecondHost]:
    """A second instance of the app, on the same task hub."""
    with SecondHost(extension_stack, tmp_path / "second", EXTENSION_SETTINGS) as host:
        yield host


def send(clients: list[Client], a_document: MakeDocument, document_ids: list[str]) -> None:
    """Send new documents under these ids, to each of the hosts in turn."""
    with ThreadPoolExecutor(4) as pool:
        answers = pool.map(
            lambda client, document_id: client.upload(a_document(), documentId=document_id),
            cycle(clients),
            document_ids,
        )
        assert {answer.status for answer in answers} == {202}


def test_two_instances_share_the_documents_and_one_dies_and_comes_back(
    client: Client, second: SecondHost, a_document: MakeDocument
) -> None:
    before, other = client.wait_for_no_pending(), Client(second)
    client.fault("compliance", body=json.dumps({"compliant": False, "issues": [], "confidence": 0.9}), count=1)
    assert client.upload(a_document(), documentId="shared-review").status == 202
    client.wait_for("shared-review", "awaitingReview")
    ids = [f"shared-{number}" for number in range(DOCUMENTS)]

    send([client, other], a_document, ids[:10])
    eventually(lambda: "extract_document_text" in second.logs("devhost"), "the second instance has work in hand")
    second.kill()
    send([client], a_document, ids[10:14])
    second.start()
    send([client, other], a_document, ids[14:])

    assert_each_is_completed_once(client, ids)
    # Its timers fired once, whichever instance held them.
    client.wait_for("shared-review", "timeout", deadline_seconds=RECOVERY_SECONDS)
    client.wait_for_notifications(
        "shared-review", "document.review.requested", "document.review.reminder", "document.approval.timedOut"
    )
    assert_counted(client, before, processed=DOCUMENTS, timedOut=1)


@pytest.mark.parametrize("seed", [*range(FIRST_SEED, FIRST_SEED + KILLS)] or [ONLY_SOAKED])
def test_nothing_is_lost_or_done_twice_although_everything_is_killed(
    client: Client, extension_stack: LocalStack, a_document: MakeDocument, seed: int
) -> None:
    before = client.wait_for_no_pending()
    ids = [f"killed-{seed}-{number}" for number in range(DOCUMENTS)]
    moment = a_random_moment(client, random.Random(seed))

    send([client], a_document, ids)
    eventually(moment, "the moment to kill everything has come")
    extension_stack.kill_devhost()
    recorded = recorded_submissions(client) & set(ids)
    extension_stack.start_devhost()

    assert_each_is_completed_once(client, ids)
    assert_counted(client, before, processed=DOCUMENTS)
    submitted = Counter(client.usage()["documentIntelligence"]["documents"])
    twice = [name for name in recorded if submitted[client.record(name)["contentHash"]] != 1]
    assert not twice, "submitted again although the first submission was on record when everything was killed"


def a_random_moment(client: Client, chance: random.Random) -> Callable[[], bool]:
    """Some way through the notifications of the twenty documents, two for each."""
    wanted = len(client.inbox()) + chance.randrange(1, 2 * DOCUMENTS - 5)
    return lambda: len(client.inbox()) >= wanted
