"""The settings that connect the app to the local parts: endpoints, and keys that are public."""

from __future__ import annotations

from collections.abc import Mapping

from local.ports import HOST, Ports

# The account and key of every storage emulator, as Microsoft publishes them. They open nothing else.
DEVELOPMENT_ACCOUNT = "devstoreaccount1"
DEVELOPMENT_KEY = "Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsuFq2UVErCz4I6tq/K1SZFPTOtr/KBHBeksoGMGw=="
# Base64 of "local-development-webhook-secret". The emulators' inbox checks signatures with it.
DEVELOPMENT_WEBHOOK_SECRET = "whsec_bG9jYWwtZGV2ZWxvcG1lbnQtd2ViaG9vay1zZWNyZXQ="

# If a developer's shell has these, documents would go to a real account.
_NEVER_INHERITED = (
    "DOCUMENT_STORAGE",
    "DOCUMENT_STORAGE__accountName",
    "AzureWebJobsStorage__accountName",
    "ALLOWED_BLOB_HOSTS",
)


def storage_connection_string(ports: Ports) -> str:
    """Azurite's connection string in full: `UseDevelopmentStorage=true` stands for the default ports only."""
    services = {"Blob": ports.blob, "Queue": ports.queue, "Table": ports.table}
    endpoints = "".join(
        f"{service}Endpoint=http://{HOST}:{port}/{DEVELOPMENT_ACCOUNT};" for service, port in services.items()
    )
    account = f"AccountName={DEVELOPMENT_ACCOUNT};AccountKey={DEVELOPMENT_KEY};"
    return f"DefaultEndpointsProtocol=http;{account}{endpoints}"


def local_settings(ports: Ports) -> dict[str, str]:
    """The app's settings for parts on these ports. Environment variables override those of local.settings.json."""
    emulators = f"http://{HOST}:{ports.emulators}"
    instrumentation_key = "00000000-0000-0000-0000-000000000000"
    return {
        "AzureWebJobsStorage": storage_connection_string(ports),
        "DOCUMENT_INTELLIGENCE_ENDPOINT": emulators,
        "DOCUMENT_INTELLIGENCE_KEY": "local",
        "COMPLIANCE_API_ENDPOINT": f"{emulators}/compliance",
        "COMPLIANCE_API_KEY": "local",
        "NOTIFICATION_WEBHOOK_URL": f"{emulators}/notifications",
        "NOTIFICATION_WEBHOOK_SECRET": DEVELOPMENT_WEBHOOK_SECRET,
        "APPLICATIONINSIGHTS_CONNECTION_STRING": (
            f"InstrumentationKey={instrumentation_key};IngestionEndpoint={emulators}"
        ),
    }


def part_environment(environ: Mapping[str, str], ports: Ports, overrides: Mapping[str, str]) -> dict[str, str]:
    """The environment of every part: the caller's own, then the local settings, then the caller's overrides."""
    inherited = {name: value for name, value in environ.items() if name not in _NEVER_INHERITED}
    return {**inherited, **local_settings(ports), "PYTHONUNBUFFERED": "1", **overrides}
