"""Settings: their defaults, all faults reported together with their remedies, and no secret in a message."""

from datetime import timedelta

import pytest

from docpipeline.errors import SettingsError
from docpipeline.models.documents import Priority
from docpipeline.models.policy import ProcessingPolicy
from docpipeline.models.storage_account import StorageAccount
from docpipeline.settings import ManagementLinks, Settings, load_settings

ENOUGH = {
    "DOCUMENT_INTELLIGENCE_ENDPOINT": "https://docs.cognitiveservices.azure.com/",
    "COMPLIANCE_API_ENDPOINT": "https://compliance.example.com/check",
    "AzureWebJobsStorage__accountName": "ourdocs",
}
SECRET = "whsec_MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY="


def load(**changed: str) -> Settings:
    return load_settings({**ENOUGH, **changed})


def problems_of(**changed: str) -> list[str]:
    with pytest.raises(SettingsError) as faulty:
        load(**changed)
    return faulty.value.problems


def test_the_required_settings_are_enough() -> None:
    settings = load()
    assert settings.document_intelligence.endpoint == "https://docs.cognitiveservices.azure.com"
    assert settings.document_intelligence.key is None
    assert settings.compliance.endpoint == "https://compliance.example.com/check"
    assert settings.notifications.url is None
    assert settings.application_insights_connection_string is None
    assert settings.max_document_bytes == 500 * 1024 * 1024
    assert settings.max_pending_documents == 10_000
    assert settings.history_retention == timedelta(days=30)
    assert settings.reconcile_after == timedelta(seconds=120)
    assert settings.counter_shards == 8
    assert settings.require_four_eyes is True
    assert settings.management_links is ManagementLinks.FULL


def test_a_document_of_normal_priority_gets_the_default_limits() -> None:
    assert load().resolve_policy(Priority.NORMAL) == ProcessingPolicy(
        extraction_timeout=timedelta(minutes=30),
        extraction_page_confidence_threshold=0.60,
        extraction_low_words_threshold=0.30,
    )


def test_the_policy_follows_the_settings() -> None:
    settings = load(
        DOCUMENT_INTELLIGENCE_MODEL="my-model_1.2",
        EXTRACTION_TIMEOUT_MINUTES_HIGH="2.5",
        APPROVAL_TIMEOUT_HOURS="0.001",
        EXTRACTION_CONFIDENCE_THRESHOLD="0",
        EXTRACTION_PAGE_CONFIDENCE_THRESHOLD="0.7",
        EXTRACTION_LOW_WORDS_THRESHOLD="0.1",
        COMPLIANCE_CONFIDENCE_THRESHOLD="1",
        REQUIRE_FOUR_EYES="False",
        COUNTER_SHARDS="64",
    )
    assert settings.resolve_policy(Priority.HIGH) == ProcessingPolicy(
        model_id="my-model_1.2",
        extraction_timeout=timedelta(minutes=2.5),
        approval_timeout=timedelta(hours=0.001),
        extraction_confidence_threshold=0,
        extraction_page_confidence_threshold=0.7,
        extraction_low_words_threshold=0.1,
        compliance_confidence_threshold=1,
        require_four_eyes=False,
        counter_shards=64,
    )


def test_all_faults_are_reported_together_with_names_and_remedies() -> None:
    with pytest.raises(SettingsError) as faulty:
        load_settings({"COUNTER_SHARDS": "many", "NOTIFICATION_WEBHOOK_URL": "https://hooks.example.com"})
    problems = faulty.value.problems
    named = {problem.split()[0] for problem in problems}
    assert named == {
        "DOCUMENT_STORAGE",
        "DOCUMENT_INTELLIGENCE_ENDPOINT",
        "COMPLIANCE_API_ENDPOINT",
        "NOTIFICATION_WEBHOOK_SECRET",
        "COUNTER_SHARDS",
    }
    assert all("Give" in problem or "Correct" in problem for problem in problems)
    assert "docs/settings.md" in str(faulty.value)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("EXTRACTION_CONFIDENCE_THRESHOLD", "1.01"),
        ("EXTRACTION_CONFIDENCE_THRESHOLD", "-0.1"),
        ("EXTRACTION_CONFIDENCE_THRESHOLD", "nan"),
        ("COMPLIANCE_CONFIDENCE_THRESHOLD", "high"),
        ("EXTRACTION_TIMEOUT_MINUTES_HIGH", "0"),
        ("EXTRACTION_TIMEOUT_MINUTES_NORMAL", "inf"),
        ("EXTRACTION_TIMEOUT_MINUTES_NORMAL", "1,5"),
        ("APPROVAL_TIMEOUT_HOURS", "2160.1"),
        ("APPROVAL_TIMEOUT_HOURS", "-1"),
        ("MAX_DOCUMENT_MEGABYTES", "0"),
        ("MAX_PENDING_DOCUMENTS", "0"),
        ("MAX_PENDING_DOCUMENTS", "1.5"),
        ("HISTORY_RETENTION_DAYS", "0"),
        ("RECONCILE_AFTER_SECONDS", "0.9"),
        ("RECONCILE_AFTER_SECONDS", "3601"),
        ("COUNTER_SHARDS", "0"),
        ("COUNTER_SHARDS", "65"),
        ("COUNTER_SHARDS", "٣"),
        ("REQUIRE_FOUR_EYES", "maybe"),
        ("MANAGEMENT_LINKS", "all"),
        ("MANAGEMENT_LINKS", "Status"),
        ("DOCUMENT_INTELLIGENCE_MODEL", "my/model"),
        ("DOCUMENT_INTELLIGENCE_MODEL", "m"),
        ("ALLOWED_BLOB_HOSTS", "https://partner.blob.core.windows.net"),
        ("ALLOWED_BLOB_HOSTS", "partner.blob.core.windows.net/inbox"),
        ("AzureWebJobsStorage__accountName", "Our-Docs"),
    ],
)
def test_a_value_out_of_range_is_repeated_with_the_form_it_must_have(name: str, value: str) -> None:
    (problem,) = problems_of(**{name: value})
    assert problem.startswith(f"{name} must be ")
    assert f"'{value}'" in problem


@pytest.mark.parametrize(
    "name", ["DOCUMENT_INTELLIGENCE_ENDPOINT", "COMPLIANCE_API_ENDPOINT", "NOTIFICATION_WEBHOOK_URL"]
)
@pytest.mark.parametrize(
    "url",
    [
        "docs.cognitiveservices.azure.com",
        "http://docs.cognitiveservices.azure.com",
        "ftp://127.0.0.1/x",
        "https://",
        "https://user:topsecret@docs.example.com",
        "https://docs.example.com:99999",
        "https://docs.example.com/a b",
    ],
)
def test_an_endpoint_must_be_https_or_on_this_machine(name: str, url: str) -> None:
    problems = problems_of(**{name: url, "NOTIFICATION_WEBHOOK_SECRET": SECRET, "DOCUMENT_INTELLIGENCE_KEY": "k"})
    (problem,) = problems
    assert problem.startswith(f"{name} must be an absolute https:// URL")
    assert "topsecret" not in problem


@pytest.mark.parametrize("host", ["127.0.0.1:7080", "localhost:7080", "[::1]:7080"])
def test_the_emulators_are_reached_over_http(host: str) -> None:
    settings = load(DOCUMENT_INTELLIGENCE_ENDPOINT=f"http://{host}", DOCUMENT_INTELLIGENCE_KEY="local")
    assert settings.document_intelligence.endpoint == f"http://{host}"


def test_an_identity_needs_https() -> None:
    (problem,) = problems_of(DOCUMENT_INTELLIGENCE_ENDPOINT="http://127.0.0.1:7080")
    assert problem.startswith("DOCUMENT_INTELLIGENCE_KEY is not set")


@pytest.mark.parametrize(
    "secret", ["topsecret", "whsec_", "whsec_dG9vc2hvcnQ=", "whsec_!!!!" + "A" * 40, "wrong_" + SECRET[6:]]
)
def test_a_webhook_secret_of_another_form_is_refused_without_being_shown(secret: str) -> None:
    (problem,) = problems_of(NOTIFICATION_WEBHOOK_URL="https://h.example.com", NOTIFICATION_WEBHOOK_SECRET=secret)
    assert problem.startswith("NOTIFICATION_WEBHOOK_SECRET must be whsec_")
    assert secret not in problem or secret == "whsec_"


def test_a_telemetry_connection_string_must_hold_a_key() -> None:
    (problem,) = problems_of(APPLICATIONINSIGHTS_CONNECTION_STRING="IngestionEndpoint=https://x")
    assert problem.startswith("APPLICATIONINSIGHTS_CONNECTION_STRING must be InstrumentationKey=")


def storage_of(**named: str) -> StorageAccount:
    kept = {name: value for name, value in ENOUGH.items() if "Storage" not in name}
    return load_settings({**kept, **named}).storage


def test_an_account_reached_by_identity_has_public_endpoints_and_allows_its_own_host() -> None:
    settings = load()
    assert settings.storage.connection_string is None
    assert settings.storage.blob_endpoint == "https://ourdocs.blob.core.windows.net"
    assert settings.storage.table_endpoint == "https://ourdocs.table.core.windows.net"
    assert settings.allowed_blob_hosts == ("ourdocs.blob.core.windows.net",)


def test_document_storage_has_precedence_over_the_storage_of_the_runtime() -> None:
    both = storage_of(DOCUMENT_STORAGE__accountName="theirdocs", AzureWebJobsStorage="UseDevelopmentStorage=true")
    assert both.name == "theirdocs"


def test_development_storage_is_azurite_on_its_own_ports() -> None:
    storage = storage_of(AzureWebJobsStorage="UseDevelopmentStorage=true")
    assert storage.blob_endpoint == "http://127.0.0.1:10000/devstoreaccount1"
    assert storage.table_endpoint == "http://127.0.0.1:10002/devstoreaccount1"
    assert storage.blob_host == "127.0.0.1:10000"


def test_a_connection_string_names_endpoints_or_the_suffix_they_have() -> None:
    named = storage_of(
        DOCUMENT_STORAGE="AccountName=a1;AccountKey=a2V5==;BlobEndpoint=http://127.0.0.1:5/a1/;"
        "TableEndpoint=http://127.0.0.1:6/a1;"
    )
    assert (named.blob_endpoint, named.table_endpoint) == ("http://127.0.0.1:5/a1", "http://127.0.0.1:6/a1")
    suffixed = storage_of(DOCUMENT_STORAGE="AccountName=a1;AccountKey=k;EndpointSuffix=core.chinacloudapi.cn")
    assert suffixed.blob_endpoint == "https://a1.blob.core.chinacloudapi.cn"


@pytest.mark.parametrize(
    "value", ["topsecret", "AccountName=ours", "AccountKey=topsecret", "AccountName=;AccountKey=k"]
)
def test_a_malformed_connection_string_is_refused_without_being_shown(value: str) -> None:
    (problem,) = problems_of(DOCUMENT_STORAGE=value)
    assert problem.startswith("DOCUMENT_STORAGE is no connection string")
    assert "topsecret" not in problem


def test_a_listed_host_replaces_the_default() -> None:
    settings = load(ALLOWED_BLOB_HOSTS=" Partner.blob.core.windows.net , 127.0.0.1:10000,")
    assert settings.allowed_blob_hosts == ("partner.blob.core.windows.net", "127.0.0.1:10000")


def test_secrets_are_not_in_the_settings_text() -> None:
    settings = load(
        DOCUMENT_INTELLIGENCE_KEY="topsecret1",
        COMPLIANCE_API_KEY="topsecret2",
        DOCUMENT_STORAGE="AccountName=a1;AccountKey=topsecret3",
        NOTIFICATION_WEBHOOK_URL="https://hooks.example.com/?token=topsecret4",
        NOTIFICATION_WEBHOOK_SECRET=SECRET,
        APPLICATIONINSIGHTS_CONNECTION_STRING="InstrumentationKey=topsecret5",
    )
    assert "topsecret" not in repr(settings)
    assert SECRET not in repr(settings)
