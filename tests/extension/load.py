"""Documents that are sent together and followed on their way."""

import json
import random
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from itertools import count, cycle

from samples.large_document import make_pdf
from tests.end_to_end.client import Client
from tests.extension.accounts import RECOVERY_SECONDS
from tests.waiting import eventually

_contents = count(1_000_000)
"""Seeds of documents that no other test sends."""


class Documents:
    """New documents of one page, to which there is nothing to object.

    Args:
        name: how their ids begin.
        seed: a part of their ids, and the seed of every random choice.
    """

    def __init__(self, name: str, seed: int) -> None:
        self._name = f"{name}-{seed}"
        self._chance = random.Random(self._name)
        self.ids: list[str] = []

    def send(self, clients: Sequence[Client], number: int) -> None:
        """Send some more, to each of the hosts in turn."""
        new = [f"{self._name}-{len(self.ids) + each}" for each in range(number)]
        self.ids += new
        with ThreadPoolExecutor(4) as pool:
            answers = pool.map(
                lambda client, document_id: client.upload(make_pdf(1, next(_contents)), documentId=document_id),
                cycle(clients),
                new,
            )
            assert {answer.status for answer in answers} == {202}

    def wait_for_progress(self, client: Client) -> None:
        """Wait until the next notification about one of them."""
        self._wait_until_told(client, self._told(client) + 1)

    def wait_for_a_random_moment(self, client: Client) -> None:
        """Wait until some of their notifications have come, two for each; a few have not."""
        self._wait_until_told(client, self._chance.randrange(1, 2 * len(self.ids) - 5))

    def _wait_until_told(self, client: Client, number: int) -> None:
        wanted = min(number, 2 * len(self.ids))
        what = f"{wanted} notifications about {self._name}"
        eventually(lambda: self._told(client) >= wanted, what, RECOVERY_SECONDS)

    def _told(self, client: Client) -> int:
        return sum(entry["body"]["subject"] in self.ids for entry in client.inbox())


def awaiting_review(client: Client, name: str, seed: int) -> str:
    """Send a document that is flagged, and wait until its review has been requested; returns its id."""
    client.fault("compliance", body=json.dumps({"compliant": False, "issues": [], "confidence": 0.9}), count=1)
    document = Documents(name, seed)
    document.send([client], 1)
    client.wait_for(document.ids[0], "awaitingReview")
    return document.ids[0]
