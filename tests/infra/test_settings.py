"""Each setting that the app reads is set or deliberately not, and each that is set is read, for each backend."""

import json
import re

import pytest

from docpipeline.settings import load_settings
from tests.infra.deployments import BACKENDS, DEPLOYMENTS, app_settings
from tests.repository.files import ROOT
from tests.repository.test_docs import settings as read_by_the_app

# The compiler takes seconds for each deployment, and minutes on a busy machine.
pytestmark = pytest.mark.timeout(900)

SECRETS = {"COMPLIANCE_API_KEY", "NOTIFICATION_WEBHOOK_URL", "NOTIFICATION_WEBHOOK_SECRET"}
"""Set as references to the vault, once they are given."""

LEFT_OUT = {
    "AzureWebJobsStorage": "a connection string, which is a key; the runtime's account is reached by identity",
    "AzureWebJobsStorage__accountName": "the three addresses stand in its place, and DOCUMENT_STORAGE comes first",
    "DOCUMENT_STORAGE": "a connection string, which is a key",
    "DOCUMENT_INTELLIGENCE_KEY": "the identity is used",
}
"""Never set in Azure, with the reason."""

OF_THE_PLATFORM = {
    "AZURE_CLIENT_ID": "azure-identity",
    "AZURE_FUNCTIONS_DURABLE_STRICT_TYPING": "azure-functions-durable",
    "APPLICATIONINSIGHTS_AUTHENTICATION_STRING": "the Functions host",
    "AzureWebJobsStorage__blobServiceUri": "the Functions host",
    "AzureWebJobsStorage__clientId": "the Functions host",
    "AzureWebJobsStorage__credential": "the Functions host",
    "AzureWebJobsStorage__queueServiceUri": "the durable extension on Azure Storage",
    "AzureWebJobsStorage__tableServiceUri": "the durable extension on Azure Storage, and Netherite",
    "DURABLE_TASK_SCHEDULER_CONNECTION_STRING": "the durable extension, by host.json",
    "ENABLE_ORYX_BUILD": "the build on the plan",
    "EventHubsConnection__clientId": "Netherite, by host.json",
    "EventHubsConnection__credential": "Netherite, by host.json",
    "EventHubsConnection__fullyQualifiedNamespace": "Netherite, by host.json",
    "FUNCTIONS_EXTENSION_VERSION": "the platform, on a Dedicated plan",
    "FUNCTIONS_REQUEST_BODY_SIZE_LIMIT": "the Functions host",
    "FUNCTIONS_WORKER_RUNTIME": "the Functions host, on a Dedicated plan",
    "SCM_DO_BUILD_DURING_DEPLOYMENT": "the build on the plan",
}
"""Read by something else than the app: by what."""

OF_ONE_BACKEND = {
    "AzureStorage": {"AzureWebJobsStorage__queueServiceUri", "AzureWebJobsStorage__tableServiceUri"},
    "Netherite": {
        "AzureWebJobsStorage__tableServiceUri", "ENABLE_ORYX_BUILD", "EventHubsConnection__clientId",
        "EventHubsConnection__credential", "EventHubsConnection__fullyQualifiedNamespace",
        "FUNCTIONS_EXTENSION_VERSION", "FUNCTIONS_WORKER_RUNTIME", "SCM_DO_BUILD_DURING_DEPLOYMENT",
    },
    "DurableTaskScheduler": {"DURABLE_TASK_SCHEDULER_CONNECTION_STRING"},
}  # fmt: skip

LOCAL_ONLY = {"DOCUMENT_INTELLIGENCE_KEY"}
"""Keys of local.settings.json whose place an identity takes in Azure."""
MAPPED = {"AzureWebJobsStorage": "AzureWebJobsStorage__blobServiceUri"}
"""Keys of local.settings.json that have another form in Azure."""
SET_BY_FLEX = {"FUNCTIONS_WORKER_RUNTIME"}
"""On Flex Consumption the plan's own ``runtime`` stands in their place."""

FORBIDDEN_ON_FLEX = {
    "FUNCTIONS_WORKER_RUNTIME", "FUNCTIONS_WORKER_RUNTIME_VERSION", "FUNCTIONS_EXTENSION_VERSION",
    "WEBSITE_CONTENTAZUREFILECONNECTIONSTRING", "WEBSITE_CONTENTSHARE", "WEBSITE_CONTENTOVERVNET",
    "WEBSITE_RUN_FROM_PACKAGE", "ENABLE_ORYX_BUILD", "SCM_DO_BUILD_DURING_DEPLOYMENT",
    "FUNCTIONS_MAX_HTTP_CONCURRENCY", "FUNCTIONS_WORKER_PROCESS_COUNT", "WEBSITE_VNET_ROUTE_ALL",
    "FUNCTIONS_WORKER_DYNAMIC_CONCURRENCY_ENABLED", "WEBSITE_MAX_DYNAMIC_APPLICATION_SCALE_OUT",
    "WEBSITE_DNS_SERVER", "WEBSITE_TIME_ZONE", "TZ",
}  # fmt: skip


def optional() -> set[str]:
    """The settings that the parameter ``appSettings`` offers, read from its type."""
    text = (ROOT / "infra" / "app" / "types.bicep").read_text()
    return set(re.findall(r"^  ([A-Z_]+): string\?$", text, re.M))


@pytest.mark.parametrize("backend", BACKENDS)
def test_every_setting_of_the_app_is_set_or_left_out_for_a_reason(backend: str) -> None:
    known = app_settings(backend).keys() | optional() | SECRETS | LEFT_OUT.keys()
    assert read_by_the_app() - known == set()


@pytest.mark.parametrize("deployment", DEPLOYMENTS)
def test_every_setting_that_is_set_is_read(deployment: str) -> None:
    assert app_settings(deployment).keys() - read_by_the_app() - OF_THE_PLATFORM.keys() == set()


def test_what_the_parameter_offers_is_read_by_the_app_and_documented() -> None:
    documented = (ROOT / "docs" / "settings.md").read_text()
    assert optional() <= read_by_the_app()
    assert [name for name in sorted(optional() | SECRETS) if f"| `{name}` |" not in documented] == []


@pytest.mark.parametrize("backend", BACKENDS)
def test_settings_differ_between_backends_only_where_they_must(backend: str) -> None:
    common = set.intersection(*(set(app_settings(each)) for each in BACKENDS))
    assert app_settings(backend).keys() - common == OF_ONE_BACKEND[backend]


@pytest.mark.parametrize("deployment", DEPLOYMENTS)
def test_flex_consumption_gets_no_setting_that_it_refuses(deployment: str) -> None:
    if DEPLOYMENTS[deployment]["durableBackend"] != "Netherite":
        assert not FORBIDDEN_ON_FLEX & app_settings(deployment).keys()


@pytest.mark.parametrize("backend", BACKENDS)
def test_every_key_of_the_local_settings_has_its_place_in_azure(backend: str) -> None:
    local = json.loads((ROOT / "local.settings.json").read_text())["Values"].keys()
    in_azure = app_settings(backend).keys() | SECRETS | LOCAL_ONLY
    missing = {name for name in local if MAPPED.get(name, name) not in in_azure}
    assert missing <= (set() if backend == "Netherite" else SET_BY_FLEX)


def test_the_app_starts_with_what_is_set_in_azure() -> None:
    for deployment in DEPLOYMENTS:
        given = app_settings(deployment)
        # What only Azure knows, and what the vault holds.
        given["DOCUMENT_INTELLIGENCE_ENDPOINT"] = "https://cog-fr-x.cognitiveservices.azure.com/"
        given["APPLICATIONINSIGHTS_CONNECTION_STRING"] = "InstrumentationKey=00000000-0000-0000-0000-000000000000"
        given = {name: value for name, value in given.items() if not value.startswith("@Microsoft.KeyVault")}
        settings = load_settings(given)
        assert settings.storage.name.startswith("stdocs")
        assert settings.document_intelligence.key is None


def test_secrets_are_set_as_references_to_the_vault() -> None:
    given = app_settings("DurableTaskScheduler, everything")
    assert {
        name for name, value in given.items() if value.startswith("@Microsoft.KeyVault(VaultName=kv-")
    } == SECRETS
    assert given["APPROVAL_TIMEOUT_HOURS"] == "24"


def test_an_upload_may_be_as_large_as_the_platform_lets_it() -> None:
    for backend in BACKENDS:
        assert app_settings(backend)["FUNCTIONS_REQUEST_BODY_SIZE_LIMIT"] == str(210 * 1024 * 1024)


@pytest.mark.parametrize("backend", BACKENDS)
def test_host_json_names_connections_that_are_set(backend: str) -> None:
    path = "host.json" if backend == "AzureStorage" else f"infra/hosts/host.{backend}.json"
    provider = json.loads((ROOT / path).read_text())["extensions"]["durableTask"]["storageProvider"]
    names = {value for key, value in provider.items() if key.lower().endswith("connectionname")}
    names |= {provider[key] for key in ("connectionStringName",) if key in provider}
    for name in names or {"AzureWebJobsStorage"}:
        assert [given for given in app_settings(backend) if given == name or given.startswith(f"{name}__")], name


def test_the_hub_of_the_scheduler_is_the_one_of_host_json() -> None:
    from tests.infra.deployments import the_only

    hub = json.loads((ROOT / "host.json").read_text())["extensions"]["durableTask"]["hubName"]
    name = the_only("DurableTaskScheduler", "Microsoft.DurableTask/schedulers/taskHubs")["name"]
    assert name.rpartition("/")[2] == hub


def test_azd_passes_every_parameter_of_the_template_and_no_other() -> None:
    given = json.loads((ROOT / "infra" / "main.parameters.json").read_text())["parameters"].keys()
    declared = re.findall(r"^param (\w+)", (ROOT / "infra" / "main.bicep").read_text(), re.M)
    assert list(given) == declared


def test_azure_yaml_finds_the_app_by_its_tag_and_its_name() -> None:
    text = (ROOT / "azure.yaml").read_text()
    main = (ROOT / "infra" / "main.bicep").read_text()
    assert "services:\n  app:\n" in text
    assert main.count("serviceName: 'app'") == 2
    assert "resourceName: ${AZURE_FUNCTION_NAME}" in text
    assert "output AZURE_FUNCTION_NAME string" in main
    assert "remoteBuild" not in text
