"""The settings that connect the app to the local parts."""

import base64

from azure.data.tables import TableServiceClient
from azure.storage.blob import BlobServiceClient

from local.endpoints import local_settings, part_environment, storage_connection_string
from local.ports import Ports

PORTS = Ports(1, 2, 3, 4, 5)


def test_the_storage_sdks_understand_the_connection_string() -> None:
    text = storage_connection_string(PORTS)

    with (
        BlobServiceClient.from_connection_string(text) as blobs,
        TableServiceClient.from_connection_string(text) as rows,
    ):
        assert blobs.url.startswith("http://127.0.0.1:3/devstoreaccount1")
        assert rows.url.startswith("http://127.0.0.1:5/devstoreaccount1")


def test_every_endpoint_follows_the_ports() -> None:
    settings = local_settings(PORTS)

    assert settings["DOCUMENT_INTELLIGENCE_ENDPOINT"] == "http://127.0.0.1:2"
    assert settings["COMPLIANCE_API_ENDPOINT"] == "http://127.0.0.1:2/compliance"
    assert settings["NOTIFICATION_WEBHOOK_URL"] == "http://127.0.0.1:2/notifications"
    assert settings["APPLICATIONINSIGHTS_CONNECTION_STRING"].endswith("IngestionEndpoint=http://127.0.0.1:2")


def test_the_webhook_secret_is_readable_words() -> None:
    secret = local_settings(PORTS)["NOTIFICATION_WEBHOOK_SECRET"].removeprefix("whsec_")

    assert base64.b64decode(secret) == b"local-development-webhook-secret"


def test_a_real_storage_account_named_in_the_shell_is_never_written_to() -> None:
    shell = {"DOCUMENT_STORAGE__accountName": "production", "DOCUMENT_STORAGE": "x", "AzureWebJobsStorage": "y"}

    environment = part_environment(shell, PORTS, {})

    assert "DOCUMENT_STORAGE" not in environment
    assert "DOCUMENT_STORAGE__accountName" not in environment
    assert environment["AzureWebJobsStorage"] == storage_connection_string(PORTS)


def test_other_variables_of_the_shell_stay_and_overrides_win() -> None:
    shell = {"PATH": "/bin", "APPROVAL_TIMEOUT_HOURS": "1"}

    environment = part_environment(shell, PORTS, {"APPROVAL_TIMEOUT_HOURS": "2", "COMPLIANCE_API_KEY": "other"})

    assert environment["PATH"] == "/bin"
    assert environment["APPROVAL_TIMEOUT_HOURS"] == "2"
    assert environment["COMPLIANCE_API_KEY"] == "other"
