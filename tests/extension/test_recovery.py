"""What dies, hangs, goes away or is replaced while documents are in flight, on Microsoft's extension.

What a dead instance of the app had in hand comes back after a minute. So it all happens first, one after the
other, and the tests then wait for the same minute. ``EXTENSION_KILLS_SEED`` sets the moment at which everything is
killed; a test that fails shows it.
"""

import os
import random
import sys
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import pytest

from local import LocalStack
from tests.end_to_end.client import Client
from tests.end_to_end.test_approval import APPROVED
from tests.end_to_end.test_kill import recorded_submissions
from tests.extension.accounts import (
    RECOVERY_SECONDS,
    assert_counted,
    assert_each_is_completed_once,
    assert_nothing_was_told_twice,
)
from tests.extension.conftest import EXTENSION_SETTINGS
from tests.extension.deployment import MARK, NEW_VERSION, changed_app, current_version
from tests.extension.disasters import let_the_storage_account_hang, take_the_storage_account_away
from tests.extension.load import Documents, awaiting_review
from tests.extension.second_host import SecondHost
from tests.waiting import eventually

pytestmark = pytest.mark.timeout(900)

# The policy of a document is that of the instance which accepted it.
LONG_REVIEWS = {"APPROVAL_TIMEOUT_HOURS": "1"}
SEED = int(os.environ.get("EXTENSION_KILLS_SEED") or random.randrange(1_000_000))


@dataclass(frozen=True)
class Story:
    """What has happened to the stack; the documents of each part have ids of their own.

    Attributes:
        before: the counters before it.
        shared: sent to two instances of the app, of which one was killed, and came back.
        outage: in flight while the storage account hung, and while it was gone.
        killed: in flight when all instances were killed.
        on_record: those of `killed` whose analysis was on record at that moment.
        submitted: how often each content had been submitted for analysis by then.
        deployed: one, sent after the deployment of changed code.
        late: waited for its review meanwhile, and was approved after the deployment.
        forgotten: waits for a review that nobody decides.
    """

    before: dict[str, int]
    shared: Documents
    outage: Documents
    killed: Documents
    on_record: set[str]
    submitted: dict[str, int]
    deployed: Documents
    late: str
    forgotten: str

    @property
    def completed(self) -> list[str]:
        """The documents that end completed without a review."""
        groups = (self.shared, self.outage, self.killed, self.deployed)
        return [document_id for group in groups for document_id in group.ids]


@pytest.fixture(scope="module")
def story(extension_stack: LocalStack, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Story]:
    """Everything that happens. Afterwards two instances of the app run, with the changed code."""
    sys.stdout.write(f"EXTENSION_KILLS_SEED={SEED}\n")
    folder = tmp_path_factory.mktemp("recovery")
    first = Client(extension_stack)
    first.clear_faults()
    before = first.wait_for_no_pending()
    shared, outage, killed, deployed = (
        Documents(name, SEED) for name in ("shared", "outage", "killed", "deployed")
    )
    with SecondHost(extension_stack, folder / "second", EXTENSION_SETTINGS | LONG_REVIEWS) as second:
        clients = [first, Client(second)]
        late, forgotten = awaiting_review(clients[1], "late", SEED), awaiting_review(first, "forgotten", SEED)
        kill_one_of_two(clients, second, shared)
        lose_the_storage_account(extension_stack, clients, outage)
        on_record = kill_everything(extension_stack, clients, second, killed)
        submitted = submissions(first)
        app = changed_app(folder / "changed")
        extension_stack.start_devhost(app)
        assert first.decide(late, APPROVED).status == 202
        deployed.send([first], 1)
        second.start(app)
        yield Story(before, shared, outage, killed, on_record, submitted, deployed, late, forgotten)


def kill_one_of_two(clients: Sequence[Client], second: SecondHost, documents: Documents) -> None:
    """Send 20 documents to two instances; the second is killed on the way, and back before the last are sent."""
    extractions = second.logs("devhost").count("extract_document_text")
    documents.send(clients, 10)
    eventually(
        lambda: second.logs("devhost").count("extract_document_text") > extractions,
        "the second instance has work in hand",
    )
    second.kill()
    documents.send(clients[:1], 4)
    second.start()
    documents.send(clients, 6)


def lose_the_storage_account(stack: LocalStack, clients: Sequence[Client], documents: Documents) -> None:
    """While 20 documents are in flight, let the storage account hang, then take it away."""
    documents.send(clients, 20)
    let_the_storage_account_hang(stack)
    documents.wait_for_progress(clients[0])
    take_the_storage_account_away(stack)


def kill_everything(
    stack: LocalStack, clients: Sequence[Client], second: SecondHost, documents: Documents
) -> set[str]:
    """Kill both instances while 20 documents are in flight; returns those whose analysis is on record."""
    documents.send(clients, 20)
    documents.wait_for_a_random_moment(clients[0])
    stack.kill_devhost()
    second.kill()
    return recorded_submissions(clients[0]) & set(documents.ids)


def submissions(client: Client) -> dict[str, int]:
    """How often each content was submitted for analysis, by its hash."""
    return Counter(client.usage()["documentIntelligence"]["documents"])


@pytest.fixture
def client(extension_stack: LocalStack) -> Client:
    """A client of the first instance."""
    return Client(extension_stack)


def test_a_review_that_waited_while_the_code_changed_ends_on_its_own_version(client: Client, story: Story) -> None:
    record = client.wait_for(story.late, deadline_seconds=RECOVERY_SECONDS)
    status = client.wait_for_instance(record["instanceId"], "Completed")

    assert (record["status"], record["decision"]) == ("completed", "approved_with_review")
    assert (status["version"], status["output"][MARK]) == (current_version(), True)
    client.wait_for_notifications(
        story.late, "document.review.requested", "document.approved", "document.completed"
    )


def test_a_document_that_is_sent_after_a_deployment_has_the_new_version(client: Client, story: Story) -> None:
    assert_each_is_completed_once(client, story.deployed.ids)

    status = client.instance(client.record(story.deployed.ids[0])["instanceId"], "?showHistory=true").json
    assert status["version"] == NEW_VERSION
    # Its first step; the only other timer, the deadline of the extraction, was cancelled.
    assert "TimerFired" in [each["EventType"] for each in status["historyEvents"]]


def test_two_instances_share_the_documents_and_one_dies_and_comes_back(client: Client, story: Story) -> None:
    assert_each_is_completed_once(client, story.shared.ids)


def test_a_storage_account_that_hangs_and_one_that_is_gone_only_delay_documents(
    client: Client, story: Story
) -> None:
    assert_each_is_completed_once(client, story.outage.ids)


def test_nothing_is_lost_or_done_twice_although_everything_is_killed(client: Client, story: Story) -> None:
    assert_each_is_completed_once(client, story.killed.ids)

    hashes = {client.record(document_id)["contentHash"] for document_id in story.on_record}
    submitted = submissions(client)
    again = {each for each in hashes if submitted[each] != story.submitted[each]}
    assert not again, "submitted again although a submission was on record when everything was killed"


def test_the_timers_of_a_review_fire_once_whichever_instance_held_them(client: Client, story: Story) -> None:
    client.wait_for(story.forgotten, "timeout", deadline_seconds=RECOVERY_SECONDS)
    client.wait_for_notifications(
        story.forgotten, "document.review.requested", "document.review.reminder", "document.approval.timedOut"
    )


def test_the_counter_has_each_end_once_and_nothing_was_told_twice(client: Client, story: Story) -> None:
    for document_id in [*story.completed, story.late, story.forgotten]:
        client.wait_for(document_id, deadline_seconds=RECOVERY_SECONDS)
    assert_counted(client, story.before, processed=len(story.completed) + 1, timedOut=1)
    assert_nothing_was_told_twice(client)
