// What the app, Document Intelligence and people may do, each on as little as Azure can name.

import { durableBackendName } from 'types.bicep'

@description('Name of the app\'s identity.')
param identityName string

@description('Where the runtime keeps its state.')
param durableBackend durableBackendName

@description('Name of the account of the Functions runtime.')
param hostStorageName string

@description('Name of the account of the documents.')
param documentStorageName string

@description('Name of the queue that announces dropped documents.')
param inboxQueueName string

@description('Name of the Document Intelligence account.')
param documentIntelligenceName string

@description('Name of the Application Insights component.')
param componentName string

@description('Name of the vault; empty where there is none.')
param keyVaultName string

@description('Name of the Event Hubs namespace, for Netherite.')
param eventHubsName string

@description('Name of the scheduler, for DurableTaskScheduler.')
param schedulerName string

@description('Name of the task hub, for DurableTaskScheduler.')
param taskHubName string

@description('Object id of a group of people who may read documents, records and the state of runs. Empty: none.')
param operatorsGroupId string

@description('Object id of who deploys, if they may read and write documents from an allowed address. Empty: none.')
param developerId string

@description('Kind of who deploys.')
@allowed(['User', 'ServicePrincipal'])
param developerType string

var roles = loadJsonContent('../roles.json')
var usesTables = durableBackend != 'DurableTaskScheduler'

var onHostStorage = concat(
  [roles.storageBlobDataOwner],
  usesTables ? [roles.storageTableDataContributor] : [],
  durableBackend == 'AzureStorage' ? [roles.storageQueueDataContributor] : []
)

// On the whole account: the app reads any blob of it that a `blobUrl` names, and creates what is missing.
var onDocumentStorage = [roles.storageBlobDataContributor, roles.storageTableDataContributor]
var forOperators = [roles.storageBlobDataReader, roles.storageTableDataReader]
var inboxQueueNames = [inboxQueueName, '${inboxQueueName}-poison']

resource identity 'Microsoft.ManagedIdentity/userAssignedIdentities@2024-11-30' existing = {
  name: identityName
}

resource hostStorage 'Microsoft.Storage/storageAccounts@2025-01-01' existing = {
  name: hostStorageName
}

resource documentStorage 'Microsoft.Storage/storageAccounts@2025-01-01' existing = {
  name: documentStorageName

  resource blobs 'blobServices' existing = {
    name: 'default'

    resource incoming 'containers' existing = {
      name: 'incoming'
    }
  }

  resource queueService 'queueServices' existing = {
    name: 'default'
  }
}

resource inboxQueues 'Microsoft.Storage/storageAccounts/queueServices/queues@2025-01-01' existing = [
  for queue in inboxQueueNames: {
    parent: documentStorage::queueService
    name: queue
  }
]

resource documentIntelligence 'Microsoft.CognitiveServices/accounts@2025-06-01' existing = {
  name: documentIntelligenceName
}

resource component 'Microsoft.Insights/components@2020-02-02' existing = {
  name: componentName
}

resource vault 'Microsoft.KeyVault/vaults@2024-11-01' existing = if (!empty(keyVaultName)) {
  name: keyVaultName
}

resource eventHubs 'Microsoft.EventHub/namespaces@2024-01-01' existing = if (durableBackend == 'Netherite') {
  name: eventHubsName
}

resource taskHub 'Microsoft.DurableTask/schedulers/taskHubs@2026-02-01' existing = if (durableBackend == 'DurableTaskScheduler') {
  name: '${schedulerName}/${taskHubName}'
}

resource appOnHostStorage 'Microsoft.Authorization/roleAssignments@2022-04-01' = [
  for role in onHostStorage: {
    scope: hostStorage
    name: guid(hostStorage.id, identity.id, role)
    properties: {
      principalId: identity.properties.principalId
      principalType: 'ServicePrincipal'
      roleDefinitionId: subscriptionResourceId('Microsoft.Authorization/roleDefinitions', role)
    }
  }
]

resource appOnDocumentStorage 'Microsoft.Authorization/roleAssignments@2022-04-01' = [
  for role in onDocumentStorage: {
    scope: documentStorage
    name: guid(documentStorage.id, identity.id, role)
    properties: {
      principalId: identity.properties.principalId
      principalType: 'ServicePrincipal'
      roleDefinitionId: subscriptionResourceId('Microsoft.Authorization/roleDefinitions', role)
    }
  }
]

resource appOnInboxQueues 'Microsoft.Authorization/roleAssignments@2022-04-01' = [
  for (queue, index) in inboxQueueNames: {
    scope: inboxQueues[index]
    name: guid(inboxQueues[index].id, identity.id, roles.storageQueueDataContributor)
    properties: {
      principalId: identity.properties.principalId
      principalType: 'ServicePrincipal'
      roleDefinitionId: subscriptionResourceId(
        'Microsoft.Authorization/roleDefinitions',
        roles.storageQueueDataContributor
      )
    }
  }
]

resource appOnDocumentIntelligence 'Microsoft.Authorization/roleAssignments@2022-04-01' = {
  scope: documentIntelligence
  name: guid(documentIntelligence.id, identity.id, roles.cognitiveServicesUser)
  properties: {
    principalId: identity.properties.principalId
    principalType: 'ServicePrincipal'
    roleDefinitionId: subscriptionResourceId('Microsoft.Authorization/roleDefinitions', roles.cognitiveServicesUser)
  }
}

resource appOnComponent 'Microsoft.Authorization/roleAssignments@2022-04-01' = {
  scope: component
  name: guid(component.id, identity.id, roles.monitoringMetricsPublisher)
  properties: {
    principalId: identity.properties.principalId
    principalType: 'ServicePrincipal'
    roleDefinitionId: subscriptionResourceId(
      'Microsoft.Authorization/roleDefinitions',
      roles.monitoringMetricsPublisher
    )
  }
}

resource appOnVault 'Microsoft.Authorization/roleAssignments@2022-04-01' = if (!empty(keyVaultName)) {
  scope: vault
  name: guid(vault.id, identity.id, roles.keyVaultSecretsUser)
  properties: {
    principalId: identity.properties.principalId
    principalType: 'ServicePrincipal'
    roleDefinitionId: subscriptionResourceId('Microsoft.Authorization/roleDefinitions', roles.keyVaultSecretsUser)
  }
}

// Owner, because Netherite creates and deletes the hubs.
resource appOnEventHubs 'Microsoft.Authorization/roleAssignments@2022-04-01' = if (durableBackend == 'Netherite') {
  scope: eventHubs
  name: guid(eventHubs.id, identity.id, roles.azureEventHubsDataOwner)
  properties: {
    principalId: identity.properties.principalId
    principalType: 'ServicePrincipal'
    roleDefinitionId: subscriptionResourceId('Microsoft.Authorization/roleDefinitions', roles.azureEventHubsDataOwner)
  }
}

resource appOnTaskHub 'Microsoft.Authorization/roleAssignments@2022-04-01' = if (durableBackend == 'DurableTaskScheduler') {
  scope: taskHub
  name: guid(taskHub.id, identity.id, roles.durableTaskDataContributor)
  properties: {
    principalId: identity.properties.principalId
    principalType: 'ServicePrincipal'
    roleDefinitionId: subscriptionResourceId(
      'Microsoft.Authorization/roleDefinitions',
      roles.durableTaskDataContributor
    )
  }
}

// For documents whose address the app hands it instead of their bytes.
resource documentIntelligenceOnIncoming 'Microsoft.Authorization/roleAssignments@2022-04-01' = {
  scope: documentStorage::blobs::incoming
  name: guid(documentStorage::blobs::incoming.id, documentIntelligence.id, roles.storageBlobDataReader)
  properties: {
    principalId: documentIntelligence.identity.principalId
    principalType: 'ServicePrincipal'
    roleDefinitionId: subscriptionResourceId('Microsoft.Authorization/roleDefinitions', roles.storageBlobDataReader)
  }
}

resource operatorsOnDocumentStorage 'Microsoft.Authorization/roleAssignments@2022-04-01' = [
  for role in forOperators: if (!empty(operatorsGroupId)) {
    scope: documentStorage
    name: guid(documentStorage.id, operatorsGroupId, role)
    properties: {
      principalId: operatorsGroupId
      principalType: 'Group'
      roleDefinitionId: subscriptionResourceId('Microsoft.Authorization/roleDefinitions', role)
    }
  }
]

resource operatorsOnComponent 'Microsoft.Authorization/roleAssignments@2022-04-01' = if (!empty(operatorsGroupId)) {
  scope: component
  name: guid(component.id, operatorsGroupId, roles.logAnalyticsReader)
  properties: {
    principalId: operatorsGroupId
    principalType: 'Group'
    roleDefinitionId: subscriptionResourceId('Microsoft.Authorization/roleDefinitions', roles.logAnalyticsReader)
  }
}

resource operatorsOnTaskHub 'Microsoft.Authorization/roleAssignments@2022-04-01' = if (!empty(operatorsGroupId) && durableBackend == 'DurableTaskScheduler') {
  scope: taskHub
  name: guid(taskHub.id, operatorsGroupId, roles.durableTaskDataReader)
  properties: {
    principalId: operatorsGroupId
    principalType: 'Group'
    roleDefinitionId: subscriptionResourceId('Microsoft.Authorization/roleDefinitions', roles.durableTaskDataReader)
  }
}

resource developerOnDocumentStorage 'Microsoft.Authorization/roleAssignments@2022-04-01' = [
  for role in onDocumentStorage: if (!empty(developerId)) {
    scope: documentStorage
    name: guid(documentStorage.id, developerId, role)
    properties: {
      principalId: developerId
      principalType: developerType
      roleDefinitionId: subscriptionResourceId('Microsoft.Authorization/roleDefinitions', role)
    }
  }
]
