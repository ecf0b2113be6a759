"""What the template deploys, evaluated offline: values the compiler does not check, names, and what is closed."""

import json
import re
from typing import Any

import pytest

from tests.infra.deployments import (
    BACKENDS,
    DEPLOYMENTS,
    LONG_NAME,
    Resource,
    every_resource,
    of_type,
    texts,
    the_only,
)
from tests.infra.deployments import resources as resources_of
from tests.infra.known_values import API_VERSIONS, FREE, GIVEN_NAMES, NAMES, ROLES, VALUES
from tests.repository.files import ROOT

# The compiler takes seconds for each deployment, and minutes on a busy machine.
pytestmark = pytest.mark.timeout(900)

PRIVATE = [name for name in DEPLOYMENTS if "open" not in name]
OPEN = [name for name in DEPLOYMENTS if "open" in name]


def version_of(kind: str) -> str | None:
    """The version that the list has for a type, or for the type above it."""
    return next((API_VERSIONS[known] for known in API_VERSIONS if f"{kind}/".startswith(f"{known}/")), None)


def known_values(kind: str, path: str) -> set[str] | None:
    """The values that the list has for a path of a type."""
    exact = VALUES.get(f"{kind} {path}")
    ends = (values for end, values in VALUES.items() if " " not in end and f".{path}".endswith(f".{end}"))
    return exact or next(ends, None)


def role_names(deployment: str) -> set[tuple[str, str]]:
    """Each role with the place that it is given on, from the type of the resource on."""
    by_id = {guid: name for name, guid in ROLES.items()}
    found = set()
    for one in of_type(deployment, "Microsoft.Authorization/roleAssignments"):
        place = one["id"].partition("/providers/Microsoft.Authorization/roleAssignments")[0]
        guid = one["properties"]["roleDefinitionId"].rpartition("/")[2]
        found.add((by_id[guid], place.partition("/providers/")[2]))
    return found


def test_every_api_version_is_a_listed_one() -> None:
    wrong = {(one["type"], one["apiVersion"]) for one in every_resource()} - {
        (one["type"], version_of(one["type"])) for one in every_resource()
    }
    assert wrong == set()


def test_every_value_of_an_open_enum_is_documented() -> None:
    wrong = set()
    for one in every_resource():
        for path, value in texts(one):
            values = known_values(one["type"], path)
            if (values is not None and value not in values) or (values is None and not FREE.search(path)):
                wrong.add((one["type"], path, value))
    assert wrong == set(), "correct the value, or add it to known_values.py once the documentation has it"


@pytest.mark.parametrize(
    ("kind", "path"),
    [
        ("Microsoft.Storage/storageAccounts", "kind"),
        ("Microsoft.Web/sites", "properties.functionAppConfig.runtime.name"),
    ],
)
def test_a_misspelt_value_would_be_found(kind: str, path: str) -> None:
    assert "Storrage" not in (known_values(kind, path) or {"Storrage"})


def test_every_role_is_a_documented_one() -> None:
    given = json.loads((ROOT / "infra" / "roles.json").read_text())
    assert given == {name[:1].lower() + name[1:].replace(" ", ""): guid for name, guid in ROLES.items()}
    for one in every_resource():
        if one["type"] == "Microsoft.Authorization/roleAssignments":
            assert one["properties"]["roleDefinitionId"].rpartition("/")[2] in ROLES.values()


@pytest.mark.parametrize("deployment", DEPLOYMENTS)
def test_names_have_the_length_and_the_letters_of_their_type(deployment: str) -> None:
    wrong = []
    for one in resources_of(deployment):
        name = re.split(r"/(?![^\[]*\])", one["name"])[-1]
        pattern = NAMES.get(one["type"])
        if name.startswith("[") or one["type"] == "Microsoft.Authorization/roleAssignments":
            continue
        if not (re.fullmatch(pattern, name) if pattern else name in GIVEN_NAMES):
            wrong.append((one["type"], name))
    assert wrong == []


def test_a_long_and_a_short_environment_name_are_among_them() -> None:
    assert len(LONG_NAME) == 64
    assert {len(parameters["environmentName"]) for parameters in DEPLOYMENTS.values()} >= {1, 64}


@pytest.mark.parametrize("deployment", DEPLOYMENTS)
def test_everything_that_can_have_tags_names_its_environment(deployment: str) -> None:
    tagged = {one["type"] for one in resources_of(deployment) if "tags" in one}
    untagged = [one["id"] for one in resources_of(deployment) if one["type"] in tagged and not environment_of(one)]
    assert untagged == []
    assert environment_of(the_only(deployment, "Microsoft.Web/sites"))


def environment_of(one: Resource) -> str:
    tags: dict[str, str] = one.get("tags", {})
    return tags.get("azd-env-name", "")


def access(deployment: str) -> dict[str, tuple[Any, Any, Any]]:
    """Each data service with its public access, its default action and what it lets in by address."""
    found = {}
    for one in resources_of(deployment):
        properties = one.get("properties", {})
        if "publicNetworkAccess" in properties and one["type"] != "Microsoft.Web/sites":
            rules = properties.get("networkAcls", properties)
            allowed = rules.get("ipRules") or properties.get("ipAllowlist")
            found[one["name"]] = (properties["publicNetworkAccess"], rules.get("defaultAction"), allowed)
    return found


@pytest.mark.parametrize("backend", BACKENDS)
def test_data_services_are_closed_to_the_public_network(backend: str) -> None:
    for name, (public, action, allowed) in access(backend).items():
        assert (public, action or "Deny", allowed or []) == ("Disabled", "Deny", []), name


@pytest.mark.parametrize("deployment", OPEN)
def test_without_a_network_the_app_reaches_everything(deployment: str) -> None:
    assert {(public, action in ("Allow", None)) for public, action, _ in access(deployment).values()} == {
        ("Enabled", True)
    }
    assert of_type(deployment, "Microsoft.Network/privateEndpoints") == []


def test_only_the_documents_are_opened_to_the_addresses_that_are_allowed() -> None:
    opened = {name: one for name, one in access("DurableTaskScheduler, everything").items() if one[0] == "Enabled"}
    ((name, (_, action, rules)),) = opened.items()
    assert name.startswith("stdocs")
    assert action == "Deny"
    assert [rule["value"] for rule in rules] == ["203.0.113.7", "198.51.100.0/24"]


@pytest.mark.parametrize("deployment", DEPLOYMENTS)
def test_no_account_takes_a_key(deployment: str) -> None:
    for one in resources_of(deployment):
        properties = one.get("properties", {})
        if one["type"] == "Microsoft.Storage/storageAccounts":
            assert (properties["allowSharedKeyAccess"], properties["allowBlobPublicAccess"]) == (False, False)
        if one["type"] in ("Microsoft.CognitiveServices/accounts", "Microsoft.EventHub/namespaces"):
            assert properties["disableLocalAuth"] is True
        if one["type"] == "Microsoft.Insights/components":
            assert properties["DisableLocalAuth"] is True
        if one["type"] == "Microsoft.Web/sites/basicPublishingCredentialsPolicies":
            assert properties["allow"] is False


@pytest.mark.parametrize("deployment", PRIVATE)
def test_each_closed_service_has_a_private_endpoint(deployment: str) -> None:
    connections = [
        link["properties"]["privateLinkServiceId"].rpartition("/")[2]
        for one in of_type(deployment, "Microsoft.Network/privateEndpoints")
        for link in one["properties"]["privateLinkServiceConnections"]
    ]
    closed = {
        name.partition("/")[0] for name, (public, _, _) in access(deployment).items() if public == "Disabled"
    }
    assert closed
    assert closed <= set(connections)


def test_document_intelligence_has_no_bypass_which_it_refuses() -> None:
    for one in every_resource():
        if one["type"] == "Microsoft.CognitiveServices/accounts":
            assert "bypass" not in one["properties"]["networkAcls"]


def test_documents_have_no_copies_that_erasure_could_not_reach() -> None:
    for deployment in DEPLOYMENTS:
        blobs = of_type(deployment, "Microsoft.Storage/storageAccounts/blobServices")
        (documents,) = (one for one in blobs if "stdocs" in one["id"])
        properties = documents["properties"]
        assert properties["isVersioningEnabled"] is False
        assert properties["changeFeed"] == properties["restorePolicy"] == {"enabled": False}
        (rule,) = the_only(deployment, "Microsoft.Storage/storageAccounts/managementPolicies")["properties"][
            "policy"
        ]["rules"]
        assert rule["definition"]["filters"]["prefixMatch"] == ["dead-letters/"]


def test_both_subnets_of_the_app_are_there_whatever_the_backend() -> None:
    for backend in BACKENDS:
        subnets = the_only(backend, "Microsoft.Network/virtualNetworks")["properties"]["subnets"]
        delegated = {
            one["name"]: one["properties"]["delegations"][0]["properties"]["serviceName"]
            for one in subnets
            if "delegations" in one["properties"]
        }
        assert delegated == {
            "snet-app-flex": "Microsoft.App/environments",
            "snet-app-dedicated": "Microsoft.Web/serverFarms",
        }
        wanted = "snet-app-dedicated" if backend == "Netherite" else "snet-app-flex"
        assert the_only(backend, "Microsoft.Web/sites")["properties"]["virtualNetworkSubnetId"].endswith(
            f"/{wanted}"
        )


def test_flex_consumption_gets_nothing_that_it_refuses() -> None:
    refused = {"alwaysOn", "linuxFxVersion", "ftpsState", "functionAppScaleLimit", "use32BitWorkerProcess"}
    for deployment in DEPLOYMENTS:
        if the_only(deployment, "Microsoft.Web/serverfarms")["sku"]["name"] == "FC1":
            config = the_only(deployment, "Microsoft.Web/sites")["properties"]["siteConfig"]
            assert not refused & set(config)


def test_an_existing_network_workspace_and_zones_are_used_and_not_created() -> None:
    deployment = "DurableTaskScheduler, everything"
    assert of_type(deployment, "Microsoft.Network/virtualNetworks") == []
    assert of_type(deployment, "Microsoft.OperationalInsights/workspaces") == []
    zones = {one["name"] for one in of_type(deployment, "Microsoft.Network/privateDnsZones")}
    assert not {zone for zone in zones if zone.startswith(("privatelink.vaultcore", "[format('privatelink.blob"))}
    assert "privatelink.azurewebsites.net" in zones


def test_a_nat_gateway_gives_both_subnets_of_the_app_one_address() -> None:
    deployment = "AzureStorage, with a NAT gateway"
    gateway = the_only(deployment, "Microsoft.Network/natGateways")
    subnets = the_only(deployment, "Microsoft.Network/virtualNetworks")["properties"]["subnets"]
    through = {one["name"] for one in subnets if one["properties"].get("natGateway", {}) == {"id": gateway["id"]}}
    assert through == {"snet-app-flex", "snet-app-dedicated"}


MUST_DIFFER = {
    "AzureStorage": {"pep-host-queue", "pep-host-table", "func-flex", "plan-flex"},
    "Netherite": {"pep-host-table", "pep-event-hubs", "evhns", "func-dedicated", "plan-dedicated"},
    "DurableTaskScheduler": {"pep-scheduler", "dts", "func-flex", "plan-flex"},
}
ZONES = re.compile(r"privatelink\.(queue|table|servicebus|durabletask)")


@pytest.mark.parametrize("backend", BACKENDS)
def test_nothing_differs_between_backends_but_what_must(backend: str) -> None:
    others = [
        json.dumps(one, sort_keys=True) for other in BACKENDS if other != backend for one in resources_of(other)
    ]
    own = [
        one
        for one in resources_of(backend)
        if others.count(json.dumps(one, sort_keys=True)) < 2
        and one["type"] != "Microsoft.Authorization/roleAssignments"
        and not ZONES.search(one["id"])
    ]
    differing = {
        re.split(r"-[a-z0-9]{13}", one["id"].partition("/rg-dev/providers/")[2].split("/")[2])[0] for one in own
    }
    assert differing == MUST_DIFFER[backend]


@pytest.mark.parametrize("backend", BACKENDS)
def test_no_output_and_no_setting_holds_a_secret(backend: str) -> None:
    for path, value in texts(the_only(backend, "Microsoft.Web/sites")):
        assert not re.search(r"list(Keys|Secrets|AccountSas)|AccountKey=|SharedAccess|sig=", value), path


def test_secrets_are_references_to_the_vault_and_expire() -> None:
    deployment = "DurableTaskScheduler, everything"
    secrets = of_type(deployment, "Microsoft.KeyVault/vaults/secrets")
    assert len(secrets) == 3
    for one in secrets:
        assert one["properties"]["value"].startswith("[parameters('secrets')")
        assert one["properties"]["attributes"]["exp"] > 0
    for backend in BACKENDS:
        assert of_type(backend, "Microsoft.KeyVault/vaults") == []
