"""The only wiring: the services are built once, at first use, from settings. Tests replace them here."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, fields

from docpipeline import telemetry
from docpipeline.dependency_checks import DependencyChecks
from docpipeline.errors import SettingsError
from docpipeline.resilience import Clock, ServiceBreaker, utc_now
from docpipeline.services.app_identity import AppIdentity
from docpipeline.services.compliance_api import ComplianceApi
from docpipeline.services.document_blobs import DocumentBlobs
from docpipeline.services.document_intelligence import DocumentIntelligence
from docpipeline.services.document_records import DocumentRecords
from docpipeline.services.idempotency_keys import IdempotencyKeys
from docpipeline.services.notifications import Notifier
from docpipeline.services.pending_places import PendingPlaces
from docpipeline.settings import Settings

NOTIFICATION_SOURCE = "/document-pipeline"
"""CloudEvents ``source`` of every notification."""


@dataclass(frozen=True)
class Services:
    """The parts that activities and triggers work with. None connects before it is used."""

    settings: Settings
    document_intelligence: DocumentIntelligence
    compliance_api: ComplianceApi
    notifier: Notifier
    document_blobs: DocumentBlobs
    document_records: DocumentRecords
    idempotency_keys: IdempotencyKeys
    pending_places: PendingPlaces
    dependency_checks: DependencyChecks
    identity: AppIdentity
    clock: Clock = utc_now

    async def close(self) -> None:
        """Close every connection."""
        for part in fields(self):
            service = getattr(self, part.name)
            if hasattr(service, "close"):
                await service.close()


_settings: Settings | None = None
_services: Services | None = None
_metric_handler: telemetry.MetricHandler | None = None


def set_settings(settings: Settings) -> None:
    """Set what the services are built from; called once, when the app loads."""
    global _settings, _services
    _settings, _services = settings, None
    _send_metrics(settings.application_insights_connection_string)


def get_services() -> Services:
    """The services of this process. Raises SettingsError when ``set_settings`` was not called."""
    global _services
    if _services is None:
        if _settings is None:
            raise SettingsError(
                ["No settings were loaded. Call composition.set_settings(load_settings(os.environ))."]
            )
        _services = build_services(_settings)
    return _services


@contextmanager
def use_services(services: Services) -> Iterator[Services]:
    """Let ``get_services`` return ``services`` inside the block; for tests."""
    global _services
    before = _services
    _services = services
    try:
        yield services
    finally:
        _services = before


def _send_metrics(connection_string: str | None) -> None:
    global _metric_handler
    if _metric_handler is not None:
        telemetry.stop_metrics_to(_metric_handler)
    _metric_handler = telemetry.MetricHandler(connection_string) if connection_string else None
    if _metric_handler is not None:
        telemetry.send_metrics_to(_metric_handler)


def build_services(settings: Settings) -> Services:
    """Build new services from ``settings``; the caller closes them."""
    analysis, compliance, hook = settings.document_intelligence, settings.compliance, settings.notifications
    identity = AppIdentity()
    records = DocumentRecords(settings.storage, identity)
    blobs = DocumentBlobs(settings.storage, settings.allowed_blob_hosts, identity)
    return Services(
        settings=settings,
        document_intelligence=DocumentIntelligence(
            analysis.endpoint, analysis.key, ServiceBreaker("Document Intelligence"), identity=identity
        ),
        compliance_api=ComplianceApi(compliance.endpoint, compliance.key, ServiceBreaker("compliance API")),
        notifier=Notifier(hook.url, hook.secret, NOTIFICATION_SOURCE, ServiceBreaker("notification webhook")),
        document_blobs=blobs,
        document_records=records,
        idempotency_keys=IdempotencyKeys(settings.storage, identity),
        pending_places=PendingPlaces(settings.storage, settings.max_pending_documents, identity=identity),
        dependency_checks=DependencyChecks(settings, records, blobs),
        identity=identity,
    )
