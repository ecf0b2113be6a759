"""What Azure documents and the compiler does not check. Compared with the sources on 28 November 2026."""

import re

ROLES = {
    "Storage Blob Data Owner": "b7e6dc6d-f1e8-4753-8033-0f276bb0955b",
    "Storage Blob Data Contributor": "ba92f5b4-2d11-453d-a403-e96b0029c9fe",
    "Storage Blob Data Reader": "2a2b9908-6ea1-4ae2-8e65-a410df84e7d1",
    "Storage Queue Data Contributor": "974c5e8b-45b9-4653-ba55-5f855dd0fb88",
    "Storage Queue Data Message Sender": "c6a89b2d-59bc-44d0-9896-0f6e12d7b80a",
    "Storage Table Data Contributor": "0a9a7e1f-b9d0-4cc4-a60d-0319b160aaa3",
    "Storage Table Data Reader": "76199698-9eea-4c19-bc75-cec21354c6b6",
    "Cognitive Services User": "a97b65f3-24c7-4388-baec-2e87135dc908",
    "Monitoring Metrics Publisher": "3913510d-42f4-4e42-8a64-420c390055eb",
    "Log Analytics Reader": "73c42c96-874c-492b-b04d-ab87d138a893",
    "Key Vault Secrets User": "4633458b-17de-408a-b874-0445c86b69e6",
    "Azure Event Hubs Data Owner": "f526a384-b230-433a-b45c-95f59c4a2dec",
    "Durable Task Data Contributor": "0ad04412-c4d5-4796-b79c-f76d14c8d402",
    "Durable Task Data Reader": "d6a5505f-6ebb-45a4-896e-ac8274cfc0ac",
}
"""Microsoft's built-in roles by name."""

API_VERSIONS = {
    "Microsoft.Authorization/roleAssignments": "2022-04-01",
    "Microsoft.CognitiveServices/accounts": "2025-06-01",
    "Microsoft.Consumption/budgets": "2024-08-01",
    "Microsoft.DurableTask/schedulers": "2026-02-01",
    "Microsoft.EventGrid/systemTopics": "2025-02-15",
    "Microsoft.EventHub/namespaces": "2024-01-01",
    "Microsoft.Insights/components": "2020-02-02",
    # The stable version is an older resource of another shape.
    "Microsoft.Insights/diagnosticSettings": "2021-05-01-preview",
    "Microsoft.KeyVault/vaults": "2024-11-01",
    "Microsoft.ManagedIdentity/userAssignedIdentities": "2024-11-30",
    "Microsoft.Network/natGateways": "2024-07-01",
    "Microsoft.Network/networkSecurityGroups": "2024-07-01",
    "Microsoft.Network/privateDnsZones": "2024-06-01",
    "Microsoft.Network/privateEndpoints": "2024-07-01",
    "Microsoft.Network/publicIPAddresses": "2024-07-01",
    "Microsoft.Network/virtualNetworks": "2024-07-01",
    "Microsoft.OperationalInsights/workspaces": "2025-02-01",
    "Microsoft.Resources/resourceGroups": "2024-11-01",
    "Microsoft.Storage/storageAccounts": "2025-01-01",
    "Microsoft.Web/serverfarms": "2024-11-01",
    "Microsoft.Web/sites": "2024-11-01",
}
"""The version of each type and of what lies below it: the date is the name."""

VALUES: dict[str, set[str]] = {
    "Microsoft.Authorization/roleAssignments properties.principalType": {"User", "Group", "ServicePrincipal"},
    "Microsoft.CognitiveServices/accounts identity.type": {"SystemAssigned"},
    "Microsoft.CognitiveServices/accounts kind": {"FormRecognizer"},
    "Microsoft.CognitiveServices/accounts sku.name": {"S0", "F0"},
    "Microsoft.Consumption/budgets properties.category": {"Cost"},
    "Microsoft.Consumption/budgets properties.timeGrain": {"Monthly"},
    "Microsoft.DurableTask/schedulers properties.sku.name": {"Consumption", "Dedicated"},
    "Microsoft.EventGrid/systemTopics identity.type": {"SystemAssigned"},
    "Microsoft.EventGrid/systemTopics properties.topicType": {"Microsoft.Storage.StorageAccounts"},
    "Microsoft.EventHub/namespaces properties.minimumTlsVersion": {"1.2"},
    "Microsoft.EventHub/namespaces sku.name": {"Standard"},
    "Microsoft.EventHub/namespaces sku.tier": {"Standard"},
    "Microsoft.Insights/components kind": {"web"},
    "Microsoft.Insights/components properties.Application_Type": {"web"},
    "Microsoft.Insights/components properties.IngestionMode": {"LogAnalytics"},
    "Microsoft.Insights/diagnosticSettings properties.logs[].category": {
        "AuditEvent", "StorageDelete", "StorageWrite",
    },
    "Microsoft.Insights/diagnosticSettings properties.logs[].categoryGroup": {"allLogs"},
    "Microsoft.KeyVault/vaults properties.createMode": {"default", "recover"},
    "Microsoft.KeyVault/vaults properties.sku.family": {"A"},
    "Microsoft.KeyVault/vaults properties.sku.name": {"standard"},
    "Microsoft.Network/natGateways sku.name": {"Standard"},
    "Microsoft.Network/publicIPAddresses properties.publicIPAddressVersion": {"IPv4"},
    "Microsoft.Network/publicIPAddresses properties.publicIPAllocationMethod": {"Static"},
    "Microsoft.Network/publicIPAddresses sku.name": {"Standard"},
    "Microsoft.Network/publicIPAddresses sku.tier": {"Regional"},
    "Microsoft.OperationalInsights/workspaces properties.sku.name": {"PerGB2018"},
    "Microsoft.Storage/storageAccounts kind": {"StorageV2"},
    "Microsoft.Storage/storageAccounts properties.accessTier": {"Hot"},
    "Microsoft.Storage/storageAccounts properties.minimumTlsVersion": {"TLS1_2"},
    "Microsoft.Storage/storageAccounts sku.name": {
        "Standard_LRS", "Standard_ZRS", "Standard_GRS", "Standard_GZRS", "Standard_RAGRS", "Standard_RAGZRS",
    },
    "Microsoft.Web/serverfarms kind": {"functionapp", "linux"},
    "Microsoft.Web/serverfarms sku.name": {"FC1", "P0v3", "P1v3", "P2v3", "P3v3"},
    "Microsoft.Web/serverfarms sku.tier": {"FlexConsumption"},
    "Microsoft.Web/sites identity.type": {"UserAssigned"},
    "Microsoft.Web/sites kind": {"functionapp,linux"},
    "Microsoft.Web/sites properties.siteConfig.ftpsState": {"Disabled"},
    "Microsoft.Web/sites properties.siteConfig.healthCheckPath": {"/api/health"},
    "Microsoft.Web/sites properties.siteConfig.linuxFxVersion": {"Python|3.11", "Python|3.12", "Python|3.13"},
    "Microsoft.Web/sites properties.siteConfig.minTlsVersion": {"1.2"},
    # By the end of their path, in whatever type they are.
    "networkAcls.defaultAction": {"Allow", "Deny"},
    "properties.defaultAction": {"Allow", "Deny"},
    "networkAcls.bypass": {"AzureServices", "None"},
    "ipRules[].action": {"Allow"},
    "publicNetworkAccess": {"Enabled", "Disabled"},
    "publicNetworkAccessForIngestion": {"Enabled", "Disabled"},
    "publicNetworkAccessForQuery": {"Enabled", "Disabled"},
    "identity.type": {"SystemAssigned"},
    "eventDeliverySchema": {"EventGridSchema", "CloudEventSchemaV1_0"},
    "includedEventTypes[]": {"Microsoft.Storage.BlobCreated"},
    "destination.endpointType": {"StorageQueue"},
    "deadLetterDestination.endpointType": {"StorageBlob"},
    "operator": {"GreaterThan"},
    "thresholdType": {"Actual", "Forecasted"},
    "contentType": {"text/plain"},
    "groupIds[]": {"blob", "queue", "table", "account", "vault", "namespace", "scheduler", "sites"},
    "delegations[].properties.serviceName": {"Microsoft.App/environments", "Microsoft.Web/serverFarms"},
    "privateEndpointNetworkPolicies": {"Enabled"},
    "properties.publicAccess": {"None"},
    "filters.blobTypes[]": {"blockBlob", "appendBlob"},
    "rules[].type": {"Lifecycle"},
    "authentication.type": {"UserAssignedIdentity"},
    "deployment.storage.type": {"blobContainer"},
    "runtime.name": {"python"},
    "runtime.version": {"3.11", "3.12", "3.13"},
    "alwaysReady[].name": {"durable"},
}  # fmt: skip
"""The values of enums that the compiler leaves open, by ``type path`` or by the end of the path."""

FREE = re.compile(
    r"^(id|type|name|apiVersion|location|tags\..*|condition)$"
    r"|(Id|\.id|[nN]ame|\.tenantId|IdentityResourceId|ResourceId|ResourceID)$"
    r"|contactEmails\[\]$|startDate$|prefixMatch\[\]$|subjectBeginsWith$|ipRules\[\]\.value$|ipAllowlist\[\]$"
    r"|addressPrefix(es\[\])?$|appSettings\[\]\.value$|^properties\.(value|source|WorkspaceResourceId)$"
    r"|^properties\.keyVaultReferenceIdentity$|deployment\.storage\.value$"
)
"""Paths whose values are names, ids, addresses or texts."""

NAMES = {
    "Microsoft.CognitiveServices/accounts": r"[a-zA-Z0-9][a-zA-Z0-9-]{0,62}[a-zA-Z0-9]",
    "Microsoft.Consumption/budgets": r"[a-zA-Z0-9_-]{1,63}",
    "Microsoft.DurableTask/schedulers": r"[a-zA-Z0-9-]{3,64}",
    # Narrower than the type: host.json allows letters and digits only.
    "Microsoft.DurableTask/schedulers/taskHubs": r"[a-zA-Z][a-zA-Z0-9]{2,44}",
    "Microsoft.EventGrid/systemTopics": r"[a-zA-Z0-9-]{3,128}",
    "Microsoft.EventGrid/systemTopics/eventSubscriptions": r"[a-zA-Z0-9-]{3,64}",
    "Microsoft.EventHub/namespaces": r"[a-zA-Z][a-zA-Z0-9-]{4,48}[a-zA-Z0-9]",
    "Microsoft.Insights/components": r"[^%&\\?/]{1,259}[^%&\\?/. ]",
    "Microsoft.KeyVault/vaults": r"(?!.*--)[a-zA-Z][a-zA-Z0-9-]{1,22}[a-zA-Z0-9]",
    "Microsoft.KeyVault/vaults/secrets": r"[a-zA-Z0-9-]{1,127}",
    "Microsoft.ManagedIdentity/userAssignedIdentities": r"[a-zA-Z0-9][a-zA-Z0-9_-]{2,127}",
    "Microsoft.Network/natGateways": r"[a-zA-Z0-9][\w.-]{0,78}\w",
    "Microsoft.Network/networkSecurityGroups": r"[a-zA-Z0-9][\w.-]{0,78}\w",
    "Microsoft.Network/privateDnsZones": r"(?=.{1,63}$)[a-z0-9-]+(\.[a-z0-9-]+)+",
    "Microsoft.Network/privateEndpoints": r"[a-zA-Z0-9][\w.-]{0,62}\w",
    "Microsoft.Network/publicIPAddresses": r"[a-zA-Z0-9][\w.-]{0,78}\w",
    "Microsoft.Network/virtualNetworks": r"[a-zA-Z0-9][\w.-]{0,62}\w",
    "Microsoft.OperationalInsights/workspaces": r"[a-zA-Z0-9][a-zA-Z0-9-]{2,61}[a-zA-Z0-9]",
    "Microsoft.Resources/resourceGroups": r"[\w().-]{0,89}[\w()-]",
    "Microsoft.Storage/storageAccounts": r"[a-z0-9]{3,24}",
    "Microsoft.Storage/storageAccounts/blobServices/containers": r"(?!.*--)[a-z0-9][a-z0-9-]{1,61}[a-z0-9]",
    "Microsoft.Storage/storageAccounts/queueServices/queues": r"(?!.*--)[a-z0-9][a-z0-9-]{1,61}[a-z0-9]",
    "Microsoft.Storage/storageAccounts/tableServices/tables": r"[a-zA-Z][a-zA-Z0-9]{2,62}",
    "Microsoft.Web/serverfarms": r"[a-zA-Z0-9-]{1,60}",
    # Beyond 32 characters two apps can get the same host id, and share leases.
    "Microsoft.Web/sites": r"[a-zA-Z0-9][a-zA-Z0-9-]{0,30}[a-zA-Z0-9]",
}
"""The last part of a name, by type. Types without a line have a name that Azure gives, such as ``default``."""

GIVEN_NAMES = {"default", "ftp", "scm", "app", "to-workspace"}
