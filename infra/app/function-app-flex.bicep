// The app on Flex Consumption, with its durable state in Azure Storage or in the Durable Task Scheduler.

import { runtimeSettings } from 'app-settings.bicep'

@description('Name of the app.')
param name string

@description('Name of the plan.')
param planName string

@description('Region.')
param location string

@description('Tags of the plan.')
param tags object

@description('Name under which azure.yaml knows the app.')
param serviceName string

@description('Where the runtime keeps its state.')
@allowed(['AzureStorage', 'DurableTaskScheduler'])
param durableBackend string

@description('Name of the app\'s identity.')
param identityName string

@description('Name of the account of the Functions runtime.')
param hostStorageName string

@description('Name of the container of the deployed package.')
param packageContainerName string

@description('Name of the Document Intelligence account.')
param documentIntelligenceName string

@description('Name of the Application Insights component.')
param componentName string

@description('Name of the scheduler, for DurableTaskScheduler.')
param schedulerName string

@description('Settings that do not depend on how the app is hosted.')
param settings { name: string, value: string }[]

@description('Resource id of the app\'s subnet; null where it is in no network.')
param subnetId string?

@description('Whether the app can be called from the public network.')
param public bool

@description('Version of Python.')
param pythonVersion string

@description('Memory of an instance in MB; its processors grow with it.')
@allowed([512, 2048, 4096])
param instanceMemoryMB int

@description('Most instances at a time.')
@minValue(40)
@maxValue(1000)
param maximumInstanceCount int

@description('Instances for durable work that are always running.')
param alwaysReadyInstances int

resource identity 'Microsoft.ManagedIdentity/userAssignedIdentities@2024-11-30' existing = {
  name: identityName
}

resource hostStorage 'Microsoft.Storage/storageAccounts@2025-01-01' existing = {
  name: hostStorageName
}

resource documentIntelligence 'Microsoft.CognitiveServices/accounts@2025-06-01' existing = {
  name: documentIntelligenceName
}

resource component 'Microsoft.Insights/components@2020-02-02' existing = {
  name: componentName
}

resource scheduler 'Microsoft.DurableTask/schedulers@2026-02-01' existing = if (durableBackend == 'DurableTaskScheduler') {
  name: schedulerName
}

var blobs = hostStorage.properties.primaryEndpoints.blob
var backendSettings = durableBackend == 'DurableTaskScheduler'
  ? [
      {
        name: 'DURABLE_TASK_SCHEDULER_CONNECTION_STRING'
        value: 'Endpoint=${scheduler!.properties.endpoint};Authentication=ManagedIdentity;ClientID=${identity.properties.clientId}'
      }
    ]
  : []

resource plan 'Microsoft.Web/serverfarms@2024-11-01' = {
  name: planName
  location: location
  tags: tags
  kind: 'functionapp'
  sku: { name: 'FC1', tier: 'FlexConsumption' }
  properties: { reserved: true }
}

resource app 'Microsoft.Web/sites@2024-11-01' = {
  name: name
  location: location
  tags: union(tags, { 'azd-service-name': serviceName })
  kind: 'functionapp,linux'
  identity: {
    type: 'UserAssigned'
    userAssignedIdentities: { '${identity.id}': {} }
  }
  properties: {
    serverFarmId: plan.id
    httpsOnly: true
    publicNetworkAccess: public ? 'Enabled' : 'Disabled'
    virtualNetworkSubnetId: subnetId
    keyVaultReferenceIdentity: identity.id
    functionAppConfig: {
      deployment: {
        storage: {
          type: 'blobContainer'
          value: '${blobs}${packageContainerName}'
          authentication: {
            type: 'UserAssignedIdentity'
            userAssignedIdentityResourceId: identity.id
          }
        }
      }
      runtime: { name: 'python', version: pythonVersion }
      scaleAndConcurrency: {
        alwaysReady: alwaysReadyInstances > 0 ? [{ name: 'durable', instanceCount: alwaysReadyInstances }] : []
        instanceMemoryMB: instanceMemoryMB
        maximumInstanceCount: maximumInstanceCount
      }
    }
    siteConfig: {
      minTlsVersion: '1.2'
      http20Enabled: true
      appSettings: concat(
        settings,
        runtimeSettings(durableBackend, {
          clientId: identity.properties.clientId
          hostBlobs: blobs
          hostQueues: hostStorage.properties.primaryEndpoints.queue
          hostTables: hostStorage.properties.primaryEndpoints.table
          documentIntelligence: documentIntelligence.properties.endpoint
          applicationInsights: component.properties.ConnectionString
        }),
        backendSettings
      )
    }
  }

  resource ftp 'basicPublishingCredentialsPolicies' = {
    name: 'ftp'
    properties: { allow: false }
  }

  resource scm 'basicPublishingCredentialsPolicies' = {
    name: 'scm'
    properties: { allow: false }
  }
}

@description('Base URL of the app.')
output uri string = 'https://${app.properties.defaultHostName}'
