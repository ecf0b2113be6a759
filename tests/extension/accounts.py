"""The books after a crash: nothing is lost, nothing is done twice, and the counter conserves."""

from collections import Counter
from collections.abc import Sequence

from tests.end_to_end.client import Client
from tests.end_to_end.test_kill import blobs

RECOVERY_SECONDS = 300
"""What a dead host had in hand stays hidden for a minute, and its partitions are taken over after half of one.

The rest is for a busy machine.
"""


def assert_each_is_completed_once(client: Client, document_ids: Sequence[str]) -> None:
    """Wait until all are completed; each has one result, and was told of once."""
    for document_id in document_ids:
        record = client.wait_for(document_id, "completed", deadline_seconds=RECOVERY_SECONDS)
        client.wait_for_instance(record["instanceId"], "Completed")
        client.wait_for_notifications(document_id, "document.approved", "document.completed")
    assert stored_results(client, document_ids) == dict.fromkeys(document_ids, 1)


def assert_counted(client: Client, before: dict[str, int], **ends: int) -> None:
    """Nothing is pending any more, and the counters have grown by these ends and by nothing else."""
    after = client.wait_for_no_pending()
    assert {name: after[name] - before[name] for name in after if after[name] != before[name]} == ends


def assert_nothing_was_told_twice(client: Client) -> None:
    """The receiver of notifications has never seen an id again."""
    told = Counter(entry["id"] for entry in client.inbox())
    assert [name for name, times in told.items() if times > 1] == []


def stored_results(client: Client, document_ids: Sequence[str]) -> Counter[str]:
    """How many results of each of these documents are in the archive."""
    folders = [set(name.split("/")) for name in blobs(client, "archive") if name.endswith("/result.json")]
    return Counter(document_id for parts in folders for document_id in parts & set(document_ids))
