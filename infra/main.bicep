// Everything that the pipeline needs in Azure: `azd up` deploys it. docs/deploy.md says what each part is for.

targetScope = 'subscription'

import { durableBackendName, existingNetworkIds, optionalSettings, privateDnsZoneIds } from 'app/types.bicep'

@description('Name of the environment; the resource group is called after it.')
@minLength(1)
@maxLength(64)
param environmentName string

@description('Region of all resources but those that have a region of their own below.')
@minLength(1)
@metadata({ azd: { type: 'location' } })
param location string

@description('Region of Document Intelligence.')
param documentIntelligenceLocation string = location

@description('Region of the Durable Task Scheduler, which is in fewer regions than the rest.')
param durableTaskLocation string = location

@description('Where the Durable Functions runtime keeps its state. AzureStorage and DurableTaskScheduler run on Flex Consumption. Netherite runs on a Dedicated plan; its support ends on 31 March 2028. Runs in flight do not move from one to another.')
param durableBackend durableBackendName = 'AzureStorage'

@description('Version of Python that the app runs on.')
@allowed(['3.11', '3.12', '3.13'])
param pythonVersion string = '3.12'

@description('Flex Consumption: memory of an instance in MB.')
@allowed([512, 2048, 4096])
param instanceMemoryMB int = 2048

@description('Flex Consumption: most instances at a time.')
@minValue(40)
@maxValue(1000)
param maximumInstanceCount int = 100

@description('Flex Consumption: instances for durable work that are always running. With none, the first document after a pause waits for one.')
@minValue(0)
@maxValue(100)
param alwaysReadyInstances int = 1

@description('Dedicated plan: size of an instance.')
@allowed(['P0v3', 'P1v3', 'P2v3', 'P3v3'])
param dedicatedSkuName string = 'P0v3'

@description('Dedicated plan: how many instances run. More than the partitions of Netherite (12) do no work.')
@minValue(1)
@maxValue(12)
param dedicatedInstances int = 1

@description('Pricing tier of the Durable Task Scheduler.')
@allowed(['Consumption', 'Dedicated'])
param durableTaskSkuName string = 'Consumption'

@description('Pricing tier of Document Intelligence. F0 reads two pages of a document, and there is one in a subscription.')
@allowed(['S0', 'F0'])
param documentIntelligenceSkuName string = 'S0'

@description('Whether a deleted Document Intelligence account of this environment is restored. A hook sets it.')
param restoreDocumentIntelligence bool = false

@description('Replication of both storage accounts.')
@allowed(['Standard_LRS', 'Standard_ZRS', 'Standard_GRS', 'Standard_GZRS', 'Standard_RAGRS', 'Standard_RAGZRS'])
param storageSkuName string = 'Standard_ZRS'

@description('Days that deleted documents can be restored. A document is erased for good this long after it was deleted.')
@minValue(1)
@maxValue(365)
param softDeleteDays int = 7

@description('Days that events of dropped documents which could not be delivered are kept.')
@minValue(1)
@maxValue(365)
param deadLetterDays int = 30

@description('Whether the data services are closed to the public network, and the app reaches them through private endpoints.')
param vnetEnabled bool = true

@description('Whether the app itself can be called from the public network. If not, deployments too must come from the virtual network.')
param publicApp bool = true

@description('Address range of the virtual network, /24 or larger.')
param vnetAddressPrefix string = '10.40.0.0/24'

@description('A virtual network with subnets that exists already; none is created then.')
param existingNetwork existingNetworkIds?

@description('Private DNS zones that exist already, by service. Those that are missing are created.')
param existingPrivateDnsZones privateDnsZoneIds = {}

@description('Whether the app calls others from one fixed address, that of a NAT gateway. With an existing network, its owner decides.')
param natGatewayEnabled bool = false

@description('Public IPv4 addresses and ranges (/30 at the smallest) that reach the documents in spite of `vnetEnabled`. Who deploys may then read and write them.')
param allowedIpRanges string[] = []

@description('Object id of a group that may read documents, records and logs. Empty: nobody may.')
param operatorsGroupId string = ''

@description('Object id of who deploys; azd knows it.')
param principalId string = ''

@description('Kind of who deploys; azd knows it.')
@allowed(['User', 'ServicePrincipal'])
param principalType string = 'User'

@description('Resource id of a Log Analytics workspace that exists already. Empty: one is created.')
param existingWorkspaceId string = ''

@description('Days that logs are kept in the created workspace.')
@minValue(30)
@maxValue(730)
param logRetentionDays int = 30

@description('Gigabytes of logs that the created workspace takes in a day, what comes after that is lost; -1 for no limit.')
@minValue(-1)
param logDailyQuotaGb int = -1

@description('Address that is told when the budget is nearly spent. Empty: nobody is told.')
param alertEmail string = ''

@description('Planned cost of a month in the currency of the subscription; 0 for no budget.')
@minValue(0)
param monthlyBudget int = 0

@description('First day of the month that the budget begins with, such as 2026-01-01. A hook sets it once.')
param budgetStartDate string = '2026-01-01'

@description('URL of the compliance service, COMPLIANCE_API_ENDPOINT of docs/settings.md.')
@minLength(8)
param complianceApiEndpoint string

@description('Key of the compliance service, COMPLIANCE_API_KEY.')
@secure()
param complianceApiKey string = ''

@description('Where notifications are posted, NOTIFICATION_WEBHOOK_URL. Such a URL often holds a token.')
@secure()
param notificationWebhookUrl string = ''

@description('What notifications are signed with, NOTIFICATION_WEBHOOK_SECRET.')
@secure()
param notificationWebhookSecret string = ''

@description('Secrets that the vault has. A hook adds those whose values are given; one that is given no value keeps the value that it has.')
param secretsInVault ('compliance-api-key' | 'notification-webhook-url' | 'notification-webhook-secret')[] = []

@description('When secrets that are written now expire, such as 2027-01-01T00:00:00Z. A hook sets it once.')
param keyVaultExpiresOn string = '2027-01-01T00:00:00Z'

@description('Whether nobody can delete the vault for good, for production. This cannot be undone, and `azd down` cannot free its name.')
param keyVaultPurgeProtection bool = false

@description('Whether a deleted vault of this environment is recovered. A hook sets it.')
param recoverKeyVault bool = false

@description('Settings of the app that differ from their defaults in docs/settings.md.')
param appSettings optionalSettings = {}

var abbreviations = loadJsonContent('abbreviations.json')
var token = toLower(uniqueString(subscription().id, environmentName, location))
var tags = { 'azd-env-name': environmentName }
var usesFlex = durableBackend != 'Netherite'
var usesScheduler = durableBackend == 'DurableTaskScheduler'
var planKind = usesFlex ? 'flex' : 'dedicated'
var taskHubName = 'DocumentPipeline'

var names = {
  group: '${abbreviations.resourcesResourceGroups}${environmentName}'
  identity: '${abbreviations.managedIdentityUserAssignedIdentities}${token}'
  hostStorage: '${abbreviations.storageStorageAccounts}host${token}'
  documentStorage: '${abbreviations.storageStorageAccounts}docs${token}'
  documentIntelligence: '${abbreviations.cognitiveServicesFormRecognizer}${token}'
  keyVault: '${abbreviations.keyVaultVaults}${token}'
  workspace: '${abbreviations.operationalInsightsWorkspaces}${token}'
  component: '${abbreviations.insightsComponents}${token}'
  // An app cannot move from one kind of plan to another: each kind has its own.
  plan: '${abbreviations.webServerFarms}${planKind}-${token}'
  app: '${abbreviations.webSitesFunctions}${planKind}-${token}'
  eventHubs: '${abbreviations.eventHubNamespaces}${token}'
  scheduler: '${abbreviations.durableTaskSchedulers}${token}'
  topic: '${abbreviations.eventGridSystemTopics}${token}'
  vnet: '${abbreviations.networkVirtualNetworks}${token}'
  securityGroup: '${abbreviations.networkNetworkSecurityGroups}${token}'
  natGateway: '${abbreviations.networkNatGateways}${token}'
  natAddress: '${abbreviations.networkPublicIPAddresses}${token}'
  budget: '${abbreviations.consumptionBudgets}${token}'
  packages: 'app-package'
  inbox: 'inbox'
  deadLetters: 'dead-letters'
}
var subnetNames = {
  flex: '${abbreviations.networkVirtualNetworksSubnets}app-flex'
  dedicated: '${abbreviations.networkVirtualNetworksSubnets}app-dedicated'
  endpoints: '${abbreviations.networkVirtualNetworksSubnets}endpoints'
}

// Ids are made here and not taken from modules' outputs, so that a preview knows them before anything is there.
var groupId = subscriptionResourceId('Microsoft.Resources/resourceGroups', names.group)
var ids = {
  hostStorage: '${groupId}/providers/Microsoft.Storage/storageAccounts/${names.hostStorage}'
  documentStorage: '${groupId}/providers/Microsoft.Storage/storageAccounts/${names.documentStorage}'
  documentIntelligence: '${groupId}/providers/Microsoft.CognitiveServices/accounts/${names.documentIntelligence}'
  keyVault: '${groupId}/providers/Microsoft.KeyVault/vaults/${names.keyVault}'
  eventHubs: '${groupId}/providers/Microsoft.EventHub/namespaces/${names.eventHubs}'
  scheduler: '${groupId}/providers/Microsoft.DurableTask/schedulers/${names.scheduler}'
  app: '${groupId}/providers/Microsoft.Web/sites/${names.app}'
  zones: '${groupId}/providers/Microsoft.Network/privateDnsZones'
}
var workspaceId = empty(existingWorkspaceId)
  ? '${groupId}/providers/Microsoft.OperationalInsights/workspaces/${names.workspace}'
  : existingWorkspaceId
var vnetId = existingNetwork.?vnetId ?? '${groupId}/providers/Microsoft.Network/virtualNetworks/${names.vnet}'
var appSubnetId = existingNetwork.?appSubnetId ?? '${vnetId}/subnets/${usesFlex ? subnetNames.flex : subnetNames.dedicated}'
var endpointSubnetId = existingNetwork.?endpointSubnetId ?? '${vnetId}/subnets/${subnetNames.endpoints}'

var secretValues = {
  'compliance-api-key': complianceApiKey
  'notification-webhook-url': notificationWebhookUrl
  'notification-webhook-secret': notificationWebhookSecret
}
var secretSettings = [
  { setting: 'COMPLIANCE_API_KEY', secret: 'compliance-api-key' }
  { setting: 'NOTIFICATION_WEBHOOK_URL', secret: 'notification-webhook-url' }
  { setting: 'NOTIFICATION_WEBHOOK_SECRET', secret: 'notification-webhook-secret' }
]
// By name and not by value: whether there is a vault must be known before any secret is read.
var usedSecrets = filter(secretSettings, each => contains(secretsInVault, each.secret))
var hasVault = !empty(usedSecrets)

// Private endpoints, in the order: name, resource, part of it.
var endpointsOfBackend = {
  AzureStorage: [
    { name: 'host-queue', targetId: ids.hostStorage, part: 'queue' }
    { name: 'host-table', targetId: ids.hostStorage, part: 'table' }
  ]
  Netherite: [
    { name: 'host-table', targetId: ids.hostStorage, part: 'table' }
    { name: 'event-hubs', targetId: ids.eventHubs, part: 'namespace' }
  ]
  DurableTaskScheduler: [{ name: 'scheduler', targetId: ids.scheduler, part: 'scheduler' }]
}
var dataEndpoints = concat(
  [
    { name: 'host-blob', targetId: ids.hostStorage, part: 'blob' }
    { name: 'documents-blob', targetId: ids.documentStorage, part: 'blob' }
    { name: 'documents-queue', targetId: ids.documentStorage, part: 'queue' }
    { name: 'documents-table', targetId: ids.documentStorage, part: 'table' }
    { name: 'document-intelligence', targetId: ids.documentIntelligence, part: 'account' }
  ],
  endpointsOfBackend[durableBackend],
  hasVault ? [{ name: 'key-vault', targetId: ids.keyVault, part: 'vault' }] : []
)
var zoneNames = {
  blob: 'privatelink.blob.${environment().suffixes.storage}'
  queue: 'privatelink.queue.${environment().suffixes.storage}'
  table: 'privatelink.table.${environment().suffixes.storage}'
  account: 'privatelink.cognitiveservices.azure.com'
  vault: 'privatelink.vaultcore.azure.net'
  namespace: 'privatelink.servicebus.windows.net'
  scheduler: 'privatelink.durabletask.io'
  sites: 'privatelink.azurewebsites.net'
}
var usedParts = union(map(dataEndpoints, each => each.part), publicApp ? [] : ['sites'])
var createdParts = filter(usedParts, part => existingPrivateDnsZones[?part] == null)
var zoneIds = toObject(
  usedParts,
  part => part,
  part => existingPrivateDnsZones[?part] ?? '${ids.zones}/${zoneNames[part]}'
)

var ownSettings = [
  { name: 'AZURE_FUNCTIONS_DURABLE_STRICT_TYPING', value: '1' }
  // 210 MB is the most that the platform takes. Larger documents are sent by blobUrl.
  { name: 'FUNCTIONS_REQUEST_BODY_SIZE_LIMIT', value: '220200960' }
  { name: 'DOCUMENT_STORAGE__accountName', value: names.documentStorage }
  { name: 'COMPLIANCE_API_ENDPOINT', value: complianceApiEndpoint }
]
var vaultSettings = map(usedSecrets, each => {
  name: each.setting
  value: '@Microsoft.KeyVault(VaultName=${names.keyVault};SecretName=${each.secret})'
})
var chosenSettings = map(items(appSettings), each => { name: each.key, value: each.?value ?? '' })

resource group 'Microsoft.Resources/resourceGroups@2024-11-01' = {
  name: names.group
  location: location
  tags: tags
}

module identity 'app/identity.bicep' = {
  scope: group
  params: { name: names.identity, location: location, tags: tags }
}

module monitoring 'app/monitoring.bicep' = {
  scope: group
  params: {
    workspaceName: names.workspace
    componentName: names.component
    workspaceId: workspaceId
    createWorkspace: empty(existingWorkspaceId)
    location: location
    tags: tags
    retentionDays: logRetentionDays
    dailyQuotaGb: logDailyQuotaGb
  }
}

module hostStorage 'app/host-storage.bicep' = {
  scope: group
  params: {
    name: names.hostStorage
    packageContainerName: names.packages
    location: location
    tags: tags
    skuName: storageSkuName
    private: vnetEnabled
  }
}

module documentStorage 'app/document-storage.bicep' = {
  scope: group
  params: {
    name: names.documentStorage
    location: location
    tags: tags
    skuName: storageSkuName
    private: vnetEnabled
    allowedIpRanges: allowedIpRanges
    softDeleteDays: softDeleteDays
    deadLetterDays: deadLetterDays
    workspaceId: workspaceId
    inboxContainerName: names.inbox
    inboxQueueName: names.inbox
    deadLetterContainerName: names.deadLetters
  }
  dependsOn: [monitoring]
}

module documentIntelligence 'app/document-intelligence.bicep' = {
  scope: group
  params: {
    name: names.documentIntelligence
    location: documentIntelligenceLocation
    tags: tags
    skuName: documentIntelligenceSkuName
    private: vnetEnabled
    restore: restoreDocumentIntelligence
    workspaceId: workspaceId
  }
  dependsOn: [monitoring]
}

module keyVault 'app/key-vault.bicep' = if (hasVault) {
  scope: group
  params: {
    name: names.keyVault
    location: location
    tags: tags
    private: vnetEnabled
    purgeProtection: keyVaultPurgeProtection
    recover: recoverKeyVault
    secrets: secretValues
    secretNames: map(usedSecrets, each => each.secret)
    expiresOn: keyVaultExpiresOn
    workspaceId: workspaceId
  }
  dependsOn: [monitoring]
}

module eventHubs 'app/event-hubs.bicep' = if (durableBackend == 'Netherite') {
  scope: group
  params: {
    name: names.eventHubs
    location: location
    tags: tags
    private: vnetEnabled
    workspaceId: workspaceId
  }
  dependsOn: [monitoring]
}

module durableTaskScheduler 'app/durable-task-scheduler.bicep' = if (usesScheduler) {
  scope: group
  params: {
    name: names.scheduler
    taskHubName: taskHubName
    location: durableTaskLocation
    tags: tags
    skuName: durableTaskSkuName
    private: vnetEnabled
  }
}

module network 'app/network.bicep' = if (vnetEnabled) {
  scope: group
  params: {
    vnetName: names.vnet
    createVnet: existingNetwork == null
    vnetId: vnetId
    addressPrefix: vnetAddressPrefix
    subnetNames: subnetNames
    zoneNames: map(createdParts, part => zoneNames[part])
    securityGroupName: names.securityGroup
    natGatewayName: natGatewayEnabled ? names.natGateway : ''
    natAddressName: names.natAddress
    location: location
    tags: tags
  }
}

module endpoints 'app/private-endpoint.bicep' = [
  for each in vnetEnabled ? dataEndpoints : []: {
    scope: group
    name: 'endpoint-${each.name}'
    params: {
      name: '${abbreviations.networkPrivateEndpoints}${each.name}-${token}'
      targetId: each.targetId
      groupId: each.part
      zoneId: zoneIds[each.part]
      subnetId: endpointSubnetId
      location: location
      tags: tags
    }
    dependsOn: [
      network
      hostStorage
      documentStorage
      documentIntelligence
      keyVault
      eventHubs
      durableTaskScheduler
    ]
  }
]

module eventIntake 'app/event-intake.bicep' = {
  scope: group
  params: {
    topicName: names.topic
    storageAccountName: names.documentStorage
    inboxContainerName: names.inbox
    deadLetterContainerName: names.deadLetters
    inboxQueueName: names.inbox
    location: location
    tags: tags
  }
  dependsOn: [documentStorage]
}

module roles 'app/roles.bicep' = {
  scope: group
  params: {
    identityName: names.identity
    durableBackend: durableBackend
    hostStorageName: names.hostStorage
    documentStorageName: names.documentStorage
    inboxQueueName: names.inbox
    documentIntelligenceName: names.documentIntelligence
    componentName: names.component
    keyVaultName: hasVault ? names.keyVault : ''
    eventHubsName: names.eventHubs
    schedulerName: names.scheduler
    taskHubName: taskHubName
    operatorsGroupId: operatorsGroupId
    developerId: vnetEnabled && !empty(allowedIpRanges) ? principalId : ''
    developerType: principalType
  }
  dependsOn: [
    identity
    monitoring
    hostStorage
    documentStorage
    documentIntelligence
    keyVault
    eventHubs
    durableTaskScheduler
  ]
}

// The app starts last: its first start fails against services that it may not, or cannot, reach yet.
module flexApp 'app/function-app-flex.bicep' = if (usesFlex) {
  scope: group
  params: {
    name: names.app
    planName: names.plan
    location: location
    tags: tags
    serviceName: 'app'
    durableBackend: usesScheduler ? 'DurableTaskScheduler' : 'AzureStorage'
    identityName: names.identity
    hostStorageName: names.hostStorage
    packageContainerName: names.packages
    documentIntelligenceName: names.documentIntelligence
    componentName: names.component
    schedulerName: names.scheduler
    settings: concat(ownSettings, vaultSettings, chosenSettings)
    subnetId: vnetEnabled ? appSubnetId : null
    public: publicApp
    pythonVersion: pythonVersion
    instanceMemoryMB: instanceMemoryMB
    maximumInstanceCount: maximumInstanceCount
    alwaysReadyInstances: alwaysReadyInstances
  }
  dependsOn: [roles, endpoints]
}

module dedicatedApp 'app/function-app-dedicated.bicep' = if (!usesFlex) {
  scope: group
  params: {
    name: names.app
    planName: names.plan
    location: location
    tags: tags
    serviceName: 'app'
    identityName: names.identity
    hostStorageName: names.hostStorage
    documentIntelligenceName: names.documentIntelligence
    componentName: names.component
    eventHubsName: names.eventHubs
    settings: concat(ownSettings, vaultSettings, chosenSettings)
    subnetId: vnetEnabled ? appSubnetId : null
    public: publicApp
    pythonVersion: pythonVersion
    skuName: dedicatedSkuName
    instances: dedicatedInstances
  }
  dependsOn: [roles, endpoints]
}

module appEndpoint 'app/private-endpoint.bicep' = if (vnetEnabled && !publicApp) {
  scope: group
  name: 'endpoint-app'
  params: {
    name: '${abbreviations.networkPrivateEndpoints}app-${token}'
    targetId: ids.app
    groupId: 'sites'
    zoneId: zoneIds.?sites ?? ''
    subnetId: endpointSubnetId
    location: location
    tags: tags
  }
  dependsOn: [network, flexApp, dedicatedApp]
}

module budget 'app/budget.bicep' = if (monthlyBudget > 0 && !empty(alertEmail)) {
  scope: group
  params: {
    name: names.budget
    amount: monthlyBudget
    startDate: budgetStartDate
    email: alertEmail
  }
}

@description('Region of the deployment.')
output AZURE_LOCATION string = location

@description('Tenant of the deployment.')
output AZURE_TENANT_ID string = tenant().tenantId

@description('Name of the resource group.')
output AZURE_RESOURCE_GROUP string = names.group

@description('Name of the function app, by which azure.yaml finds it.')
output AZURE_FUNCTION_NAME string = names.app

@description('Base URL of the app.')
output SERVICE_APP_URI string = usesFlex ? flexApp!.outputs.uri : dedicatedApp!.outputs.uri

@description('Name of the account of the Functions runtime.')
output HOST_STORAGE_NAME string = names.hostStorage

@description('Name of the account of the documents.')
output DOCUMENT_STORAGE_NAME string = names.documentStorage

@description('Name of the Document Intelligence account.')
output DOCUMENT_INTELLIGENCE_NAME string = names.documentIntelligence

@description('Name of the Application Insights component.')
output APPLICATION_INSIGHTS_NAME string = names.component
