"""Every setting, read and validated once, when the app loads. docs/settings.md describes each."""

import base64
import binascii
import os
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from enum import StrEnum

from docpipeline.errors import SettingsError
from docpipeline.models.documents import Priority
from docpipeline.models.policy import ProcessingPolicy
from docpipeline.models.storage_account import StorageAccount
from docpipeline.settings_reader import SettingsReader

_MINUTE, _HOUR, _DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)
_MEGABYTE = 1024 * 1024
_HOST = re.compile(r"[a-z0-9]([a-z0-9.-]*[a-z0-9])?(:\d{1,5})?")
_CONNECTION_STRING_FORM = (
    "'DefaultEndpointsProtocol=https;AccountName=...;AccountKey=...;EndpointSuffix=core.windows.net',"
    " or UseDevelopmentStorage=true"
)


class ManagementLinks(StrEnum):
    """Which of the durable management URLs, which hold the system key, the API hands out."""

    FULL = "full"
    STATUS = "status"
    NONE = "none"


@dataclass(frozen=True)
class DocumentIntelligenceSettings:
    """The service for text extraction. ``key`` None: the app's identity is used."""

    endpoint: str
    key: str | None = field(repr=False)
    model_id: str


@dataclass(frozen=True)
class ComplianceSettings:
    """The service for compliance checks."""

    endpoint: str
    key: str | None = field(repr=False)


@dataclass(frozen=True)
class NotificationSettings:
    """The webhook for notifications. ``url`` None: they are logged, but not sent."""

    url: str | None = field(repr=False)
    """Never shown: webhook URLs often hold a token."""
    secret: str | None = field(repr=False)


@dataclass(frozen=True)
class Settings:
    """All settings, validated.

    Durations are timedeltas, sizes are bytes, thresholds are 0.0-1.0.
    """

    document_intelligence: DocumentIntelligenceSettings
    compliance: ComplianceSettings
    notifications: NotificationSettings
    storage: StorageAccount
    allowed_blob_hosts: tuple[str, ...]
    """The hosts that a ``blobUrl`` may name: lower-case, with the port if it is not the default."""
    extraction_confidence_threshold: float
    extraction_page_confidence_threshold: float
    extraction_low_words_threshold: float
    compliance_confidence_threshold: float
    extraction_timeout_high: timedelta
    extraction_timeout_normal: timedelta
    approval_timeout: timedelta
    require_four_eyes: bool
    max_document_bytes: int
    max_pending_documents: int
    history_retention: timedelta
    reconcile_after: timedelta
    """How long the reconciliation leaves a record alone after a change: what follows is probably on its way."""
    counter_shards: int
    management_links: ManagementLinks
    application_insights_connection_string: str | None = field(repr=False)

    def resolve_policy(self, priority: Priority) -> ProcessingPolicy:
        """The policy for a document of this priority, fixed when it is accepted."""
        urgent = priority is Priority.HIGH
        return ProcessingPolicy(
            model_id=self.document_intelligence.model_id,
            extraction_timeout=self.extraction_timeout_high if urgent else self.extraction_timeout_normal,
            extraction_confidence_threshold=self.extraction_confidence_threshold,
            extraction_page_confidence_threshold=self.extraction_page_confidence_threshold,
            extraction_low_words_threshold=self.extraction_low_words_threshold,
            compliance_confidence_threshold=self.compliance_confidence_threshold,
            approval_timeout=self.approval_timeout,
            require_four_eyes=self.require_four_eyes,
            counter_shards=self.counter_shards,
        )


def load_settings(environ: Mapping[str, str] = os.environ) -> Settings:
    """Read and validate every setting in ``environ``, by default the process's own.

    Raises SettingsError with one sentence for each setting that is missing or wrong.
    """
    reader = SettingsReader(environ)
    storage = _storage(reader)
    settings = Settings(
        document_intelligence=_document_intelligence(reader),
        compliance=_compliance(reader),
        notifications=_notifications(reader),
        storage=storage,
        allowed_blob_hosts=_allowed_blob_hosts(reader, storage),
        extraction_confidence_threshold=reader.number("EXTRACTION_CONFIDENCE_THRESHOLD", 0.80, 0, 1),
        extraction_page_confidence_threshold=reader.number("EXTRACTION_PAGE_CONFIDENCE_THRESHOLD", 0.60, 0, 1),
        extraction_low_words_threshold=reader.number("EXTRACTION_LOW_WORDS_THRESHOLD", 0.30, 0, 1),
        compliance_confidence_threshold=reader.number("COMPLIANCE_CONFIDENCE_THRESHOLD", 0.85, 0, 1),
        extraction_timeout_high=reader.duration("EXTRACTION_TIMEOUT_MINUTES_HIGH", 10, _MINUTE, 0.01, 1440),
        extraction_timeout_normal=reader.duration("EXTRACTION_TIMEOUT_MINUTES_NORMAL", 30, _MINUTE, 0.01, 1440),
        # At most 90 days; as little as 36 ms, for tests.
        approval_timeout=reader.duration("APPROVAL_TIMEOUT_HOURS", 48, _HOUR, 0.00001, 90 * 24),
        require_four_eyes=reader.flag("REQUIRE_FOUR_EYES", True),
        max_document_bytes=int(reader.number("MAX_DOCUMENT_MEGABYTES", 500, 0.001, 2000) * _MEGABYTE),
        max_pending_documents=reader.whole("MAX_PENDING_DOCUMENTS", 10_000, 1, 10_000_000),
        history_retention=reader.number("HISTORY_RETENTION_DAYS", 30, 0.00001, 3650) * _DAY,
        reconcile_after=timedelta(seconds=reader.number("RECONCILE_AFTER_SECONDS", 120, 1, 3600, " of seconds")),
        counter_shards=reader.whole("COUNTER_SHARDS", 8, 1, 64),
        management_links=_management_links(reader),
        application_insights_connection_string=_application_insights(reader),
    )
    if reader.problems:
        raise SettingsError(reader.problems)
    return settings


def _document_intelligence(reader: SettingsReader) -> DocumentIntelligenceSettings:
    name = "DOCUMENT_INTELLIGENCE_ENDPOINT"
    endpoint = reader.endpoint(
        name, "the resource's base URL, such as https://<name>.cognitiveservices.azure.com (see docs/settings.md)"
    )
    key = reader.text("DOCUMENT_INTELLIGENCE_KEY")
    if endpoint.startswith("http://") and key is None:
        reader.complain(
            "DOCUMENT_INTELLIGENCE_KEY is not set, and an identity's token is sent over https only. Give a key"
            f" (the emulators take any), or an https:// {name}."
        )
    # Other characters would not stay in one segment of the URL's path, and the service would answer 404.
    model_id = reader.matching(
        "DOCUMENT_INTELLIGENCE_MODEL",
        "prebuilt-document",
        r"[A-Za-z0-9._~-]{2,64}",
        "a model id of 2 to 64 letters, digits, '.', '_', '~' or '-'",
    )
    return DocumentIntelligenceSettings(endpoint, key, model_id)


def _compliance(reader: SettingsReader) -> ComplianceSettings:
    endpoint = reader.endpoint(
        "COMPLIANCE_API_ENDPOINT",
        "the URL that texts are posted to (the emulators offer one, see docs/settings.md)",
    )
    return ComplianceSettings(endpoint, reader.text("COMPLIANCE_API_KEY"))


def _notifications(reader: SettingsReader) -> NotificationSettings:
    url = reader.text("NOTIFICATION_WEBHOOK_URL")
    if url is None:
        return NotificationSettings(None, None)
    reader.check_url("NOTIFICATION_WEBHOOK_URL", url)
    secret = reader.require(
        "NOTIFICATION_WEBHOOK_SECRET", "the secret notifications are signed with, in the form whsec_<base64>"
    )
    if secret and not _is_webhook_secret(secret):
        reader.complain(
            "NOTIFICATION_WEBHOOK_SECRET must be whsec_ followed by the base64 of 24 to 64 random bytes. Make one"
            " with: python -c \"import base64, secrets; print('whsec_' +"
            ' base64.b64encode(secrets.token_bytes(32)).decode())"'
        )
    return NotificationSettings(url, secret)


def _is_webhook_secret(secret: str) -> bool:
    prefix, _, encoded = secret.partition("_")
    try:
        return prefix == "whsec" and 24 <= len(base64.b64decode(encoded, validate=True)) <= 64
    except (binascii.Error, ValueError):
        return False


def _storage(reader: SettingsReader) -> StorageAccount:
    for name in ("DOCUMENT_STORAGE", "AzureWebJobsStorage"):
        connection_string = reader.text(name)
        if connection_string:
            return _storage_by_connection_string(reader, name, connection_string)
        account = reader.text(f"{name}__accountName")
        if account:
            return _storage_by_identity(reader, f"{name}__accountName", account)
    reader.complain(
        "DOCUMENT_STORAGE is not set, nor is AzureWebJobsStorage. Give the connection string of a storage account,"
        " or its name as DOCUMENT_STORAGE__accountName to use the app's identity."
    )
    return StorageAccount.by_identity("unset")


def _storage_by_connection_string(reader: SettingsReader, name: str, connection_string: str) -> StorageAccount:
    try:
        account = StorageAccount.from_connection_string(connection_string)
    except ValueError as error:
        reader.complain(f"{name} is no connection string: {error}. Its form is {_CONNECTION_STRING_FORM}.")
        return StorageAccount.by_identity("unset")
    for endpoint in (account.blob_endpoint, account.table_endpoint):
        reader.check_url(
            f"The endpoint for {'blobs' if endpoint is account.blob_endpoint else 'tables'} in {name}", endpoint
        )
    return account


def _storage_by_identity(reader: SettingsReader, name: str, account: str) -> StorageAccount:
    if not re.fullmatch(r"[a-z0-9]{3,24}", account):
        reader.complain(
            f"{name} must be a storage account's name (3 to 24 lower-case letters and digits), and is '{account}'."
        )
    return StorageAccount.by_identity(account)


def _allowed_blob_hosts(reader: SettingsReader, storage: StorageAccount) -> tuple[str, ...]:
    listed = reader.text("ALLOWED_BLOB_HOSTS")
    if listed is None:
        return (storage.blob_host.lower(),)
    hosts = tuple(host.strip().lower() for host in listed.split(",") if host.strip())
    for host in hosts:
        if not _HOST.fullmatch(host):
            reader.complain(
                "ALLOWED_BLOB_HOSTS must be host names separated by commas, such as"
                f" myaccount.blob.core.windows.net, without https:// or a path; '{host}' is not one."
            )
    return hosts


def _management_links(reader: SettingsReader) -> ManagementLinks:
    form = "full, status or none (docs/security.md says what each gives away)"
    return ManagementLinks(reader.matching("MANAGEMENT_LINKS", "full", "full|status|none", form))


def _application_insights(reader: SettingsReader) -> str | None:
    value = reader.text("APPLICATIONINSIGHTS_CONNECTION_STRING")
    if value and not re.search(r"(^|;)\s*InstrumentationKey\s*=\s*[^;\s]", value, re.IGNORECASE):
        reader.complain(
            "APPLICATIONINSIGHTS_CONNECTION_STRING must be InstrumentationKey=...;IngestionEndpoint=https://...."
            " Copy it from the resource's overview page, or remove it to switch metrics off."
        )
        return None
    return value
