"""Each operation that the code makes on storage and services finds a role, and each role has an operation."""

import re

import pytest

from docpipeline.services import document_blobs, idempotency_keys, pending_places
from tests.infra.deployments import BACKENDS, of_type
from tests.infra.known_values import ROLES
from tests.repository.files import ROOT

# The compiler takes seconds for each deployment, and minutes on a busy machine.
pytestmark = pytest.mark.timeout(900)

APP = "id-"
BLOB_CALLS = {
    "create_container": "containers/write",
    "get_container_properties": "containers/read",
    "upload_blob": "blobs/write",
    "set_blob_metadata": "blobs/write",
    "start_copy_from_url": "blobs/write",
    "download_blob": "blobs/read",
    "get_blob_properties": "blobs/read",
    "delete_blob": "blobs/delete",
}
TABLE_CALLS = {
    "create_table_if_not_exists": "tables/write",
    "create_entity": "entities/add",
    "upsert_entity": "entities/add",
    "submit_transaction": "entities/add",
    "get_entity": "entities/read",
    "query_entities": "entities/read",
    "delete_entity": "entities/delete",
}
GRANTS = {
    "Storage Blob Data Contributor": set(BLOB_CALLS.values()),
    "Storage Table Data Contributor": set(TABLE_CALLS.values()),
    "Cognitive Services User": {"analyze"},
    "Monitoring Metrics Publisher": {"telemetry"},
}
"""What each role lets the code do, from the role's documented data actions."""

OF_THE_RUNTIME = {
    "AzureStorage": {
        ("Storage Blob Data Owner", "storageAccounts/sthost"),
        ("Storage Queue Data Contributor", "storageAccounts/sthost"),
        ("Storage Table Data Contributor", "storageAccounts/sthost"),
    },
    "Netherite": {
        ("Storage Blob Data Owner", "storageAccounts/sthost"),
        ("Storage Table Data Contributor", "storageAccounts/sthost"),
        ("Azure Event Hubs Data Owner", "namespaces/evhns-"),
    },
    "DurableTaskScheduler": {
        ("Storage Blob Data Owner", "storageAccounts/sthost"),
        ("Durable Task Data Contributor", "taskHubs/DocumentPipeline"),
    },
}
"""What the host and the durable extension need: by documentation, not by our code."""

FOR_DROPPED_DOCUMENTS = {
    ("Storage Queue Data Contributor", "queues/inbox"),
    ("Storage Queue Data Contributor", "queues/inbox-poison"),
}
"""For the queue trigger of the inbox, and the extension that moves a message to the poison queue."""

OF_OTHERS = {
    ("Storage Queue Data Message Sender", "queues/inbox", "evgt-"),
    ("Storage Blob Data Contributor", "containers/dead-letters", "evgt-"),
    ("Storage Blob Data Reader", "containers/incoming", "cog-fr-"),
}


def calls(names: dict[str, str]) -> set[str]:
    """Those methods of the storage SDKs that the product calls."""
    text = "\n".join(path.read_text() for path in sorted((ROOT / "docpipeline").rglob("*.py")))
    return {name for name in names if re.search(rf"\.{name}\(", text)}


def assignments(backend: str) -> set[tuple[str, str, str]]:
    """Each role with the kind and name of what it is on (without the token), and whose it is."""
    by_id = {guid: name for name, guid in ROLES.items()}
    found = set()
    for one in of_type(backend, "Microsoft.Authorization/roleAssignments"):
        place = one["id"].partition("/providers/Microsoft.Authorization/")[0].split("/")
        holder = re.search(r"/(id-|evgt-|cog-fr-)\w+'", one["properties"]["principalId"])
        found.add(
            (
                by_id[one["properties"]["roleDefinitionId"].rpartition("/")[2]],
                re.sub(r"[a-z0-9]{13}$", "", f"{place[-2]}/{place[-1]}"),
                holder[1] if holder else "",
            )
        )
    return found


def test_the_lists_of_calls_are_what_the_code_calls() -> None:
    assert calls(BLOB_CALLS) == set(BLOB_CALLS)
    assert calls(TABLE_CALLS) == set(TABLE_CALLS)


def test_no_other_call_of_the_storage_sdks_is_made() -> None:
    """A new operation must be listed above, with the action that it needs."""
    known = BLOB_CALLS.keys() | TABLE_CALLS.keys()
    text = "\n".join(path.read_text() for path in sorted((ROOT / "docpipeline" / "services").rglob("*.py")))
    pattern = r"\.((?:create|delete|update|upsert|upload|download|stage|commit|append|undelete|acquire|submit|query|list|set|generate)_(?:\w*_)?(?:blob|blobs|container|containers|block|entity|entities|table|tables|message|messages|queue|lease|metadata|sas|transaction|key)\w*)\("  # noqa: E501
    assert set(re.findall(pattern, text)) - known == set()


@pytest.mark.parametrize("backend", BACKENDS)
def test_each_operation_of_the_code_finds_a_role_on_its_container_or_table(backend: str) -> None:
    granted = {
        role for role, place, holder in assignments(backend) if place == "storageAccounts/stdocs" and holder == APP
    }
    allowed = set().union(*(GRANTS[role] for role in granted))
    assert {BLOB_CALLS[name] for name in calls(BLOB_CALLS)} | {
        TABLE_CALLS[name] for name in calls(TABLE_CALLS)
    } <= allowed


@pytest.mark.parametrize("backend", BACKENDS)
def test_each_container_and_table_of_the_code_is_created(backend: str) -> None:
    containers = {
        one["name"].rpartition("/")[2]
        for one in of_type(backend, "Microsoft.Storage/storageAccounts/blobServices/containers")
    }
    tables = {
        one["name"].rpartition("/")[2]
        for one in of_type(backend, "Microsoft.Storage/storageAccounts/tableServices/tables")
    }
    assert {document_blobs.INCOMING, document_blobs.EXTRACTIONS, document_blobs.ARCHIVE} <= containers
    named = re.findall(
        r'^TABLE = "(\w+)"', "\n".join(path.read_text() for path in (ROOT / "docpipeline").rglob("*.py")), re.M
    )
    assert set(named) == tables
    assert {pending_places.TABLE, idempotency_keys.TABLE} <= tables


@pytest.mark.parametrize("backend", BACKENDS)
def test_nobody_has_a_role_without_a_use(backend: str) -> None:
    of_the_code = {
        ("Storage Blob Data Contributor", "storageAccounts/stdocs"),
        ("Storage Table Data Contributor", "storageAccounts/stdocs"),
        ("Cognitive Services User", "accounts/cog-fr-"),
        ("Monitoring Metrics Publisher", "components/appi-"),
    }
    of_the_app = of_the_code | OF_THE_RUNTIME[backend] | FOR_DROPPED_DOCUMENTS
    assert assignments(backend) == {(role, place, APP) for role, place in of_the_app} | OF_OTHERS


def test_people_read_only_and_only_where_they_are_named() -> None:
    people = {
        (role, place) for role, place, holder in assignments("DurableTaskScheduler, everything") if not holder
    }
    assert people == {
        ("Storage Blob Data Reader", "storageAccounts/stdocs"),
        ("Storage Table Data Reader", "storageAccounts/stdocs"),
        ("Log Analytics Reader", "components/appi-"),
        ("Durable Task Data Reader", "taskHubs/DocumentPipeline"),
        # Who deploys, since addresses are allowed.
        ("Storage Blob Data Contributor", "storageAccounts/stdocs"),
        ("Storage Table Data Contributor", "storageAccounts/stdocs"),
    }


def test_no_sas_is_made() -> None:
    text = "\n".join(path.read_text() for path in sorted((ROOT / "docpipeline").rglob("*.py")))
    assert not re.search(r"generate_\w*sas|get_user_delegation_key", text)
