"""Deployments of infra/main.bicep, evaluated offline by the compiler: one for each backend, and odd ones."""

from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from typing import Any

import pytest

from scripts.bicep import HOW_TO_GET_IT, ROOT, SUBSCRIPTION, Compiler, find_compiler

BACKENDS = ("AzureStorage", "Netherite", "DurableTaskScheduler")
LONG_NAME = "the-longest-name-that-azd-gives-an-environment-0123456789-abcdef"
_HUB = f"/subscriptions/{SUBSCRIPTION}/resourceGroups/rg-hub/providers"
_VNET = f"{_HUB}/Microsoft.Network/virtualNetworks/vnet-hub"
_ZONE = f"{_HUB}/Microsoft.Network/privateDnsZones/privatelink"
_BASE = {
    "environmentName": "dev",
    "location": "westeurope",
    "complianceApiEndpoint": "https://compliance.example.com/check",
    "principalId": "33333333-3333-3333-3333-333333333333",
}
_OPEN = {**_BASE, "vnetEnabled": False}
_EVERYTHING = {
    **_BASE,
    "environmentName": "e",
    "complianceApiKey": "given-now",
    "secretsInVault": ["compliance-api-key", "notification-webhook-url", "notification-webhook-secret"],
    "existingNetwork": {
        "vnetId": _VNET,
        "appSubnetId": f"{_VNET}/subnets/app",
        "endpointSubnetId": f"{_VNET}/subnets/endpoints",
    },
    "existingPrivateDnsZones": {"blob": f"{_ZONE}.blob.core.windows.net", "vault": f"{_ZONE}.vaultcore.azure.net"},
    "existingWorkspaceId": f"{_HUB}/Microsoft.OperationalInsights/workspaces/log-hub",
    "operatorsGroupId": "44444444-4444-4444-4444-444444444444",
    "allowedIpRanges": ["203.0.113.7", "198.51.100.0/24"],
    "publicApp": False,
    "alertEmail": "operations@example.com",
    "monthlyBudget": 500,
    "restoreDocumentIntelligence": True,
    "recoverKeyVault": True,
    "keyVaultPurgeProtection": True,
    "durableTaskSkuName": "Dedicated",
    "appSettings": {"APPROVAL_TIMEOUT_HOURS": "24"},
}
DEPLOYMENTS: dict[str, dict[str, Any]] = {
    **{backend: {**_BASE, "durableBackend": backend} for backend in BACKENDS},
    "AzureStorage, open": {**_OPEN, "environmentName": LONG_NAME, "durableBackend": "AzureStorage"},
    "AzureStorage, with a NAT gateway": {**_BASE, "durableBackend": "AzureStorage", "natGatewayEnabled": True},
    "DurableTaskScheduler, everything": {**_EVERYTHING, "durableBackend": "DurableTaskScheduler"},
}  # fmt: skip

Resource = dict[str, Any]


def compiler() -> Compiler:
    """The compiler; where there is none, the test is skipped."""
    program = find_compiler()
    if program is None:
        pytest.skip(HOW_TO_GET_IT)
    return Compiler(program)


@cache
def _all_snapshots() -> dict[str, list[Resource]]:
    main, found = ROOT / "infra" / "main.bicep", compiler()
    with ThreadPoolExecutor(2) as pool:
        snapshots = pool.map(lambda parameters: found.snapshot(main, parameters), DEPLOYMENTS.values())
        return {name: one["predictedResources"] for name, one in zip(DEPLOYMENTS, snapshots, strict=True)}


def resources(deployment: str) -> list[Resource]:
    """The resources of a deployment, as the template describes them; expressions are in brackets."""
    return _all_snapshots()[deployment]


def every_resource() -> Iterator[Resource]:
    """Those of all deployments."""
    for deployment in DEPLOYMENTS:
        yield from resources(deployment)


def of_type(deployment: str, kind: str) -> list[Resource]:
    """The resources of one type."""
    return [one for one in resources(deployment) if one["type"] == kind]


def the_only(deployment: str, kind: str) -> Resource:
    """The resource of a type that there must be one of."""
    (found,) = of_type(deployment, kind)
    return found


def app_settings(deployment: str) -> dict[str, str]:
    """The app's settings."""
    listed = the_only(deployment, "Microsoft.Web/sites")["properties"]["siteConfig"]["appSettings"]
    assert len({one["name"] for one in listed}) == len(listed), "a setting is there twice"
    return {one["name"]: one["value"] for one in listed}


def texts(value: Any, path: str = "") -> Iterator[tuple[str, str]]:
    """Every text in a resource with its path: keys joined by dots, ``[]`` for the elements of a list."""
    if isinstance(value, str):
        yield path, value
    elif isinstance(value, Mapping):
        for name, inner in value.items():
            yield from texts(inner, f"{path}.{name}" if path else name)
    elif isinstance(value, list):
        for inner in value:
            yield from texts(inner, f"{path}[]")
