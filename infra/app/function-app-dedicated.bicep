// The app on a Dedicated Linux plan, with its durable state in Netherite, which Flex Consumption does not run.
// Not on Elastic Premium: its content share needs a storage key.

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

@description('Name of the app\'s identity.')
param identityName string

@description('Name of the account of the Functions runtime.')
param hostStorageName string

@description('Name of the Document Intelligence account.')
param documentIntelligenceName string

@description('Name of the Application Insights component.')
param componentName string

@description('Name of the Event Hubs namespace.')
param eventHubsName string

@description('Settings that do not depend on how the app is hosted.')
param settings { name: string, value: string }[]

@description('Resource id of the app\'s subnet; null where it is in no network.')
param subnetId string?

@description('Whether the app can be called from the public network.')
param public bool

@description('Version of Python.')
param pythonVersion string

@description('Size of an instance.')
param skuName string

@description('How many instances run.')
param instances int

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

resource eventHubs 'Microsoft.EventHub/namespaces@2024-01-01' existing = {
  name: eventHubsName
}

// The endpoint is https://<host>:443/, and the setting wants the host.
var eventHubsHost = split(split(eventHubs.properties.serviceBusEndpoint, '/')[2], ':')[0]
var backendSettings = [
  { name: 'EventHubsConnection__fullyQualifiedNamespace', value: eventHubsHost }
  { name: 'EventHubsConnection__credential', value: 'managedidentity' }
  { name: 'EventHubsConnection__clientId', value: identity.properties.clientId }
]
// On Flex Consumption the platform sets these itself, and refuses or ignores others' values.
var planSettings = [
  { name: 'FUNCTIONS_EXTENSION_VERSION', value: '~4' }
  { name: 'FUNCTIONS_WORKER_RUNTIME', value: 'python' }
  { name: 'ENABLE_ORYX_BUILD', value: 'true' }
  { name: 'SCM_DO_BUILD_DURING_DEPLOYMENT', value: 'true' }
]

resource plan 'Microsoft.Web/serverfarms@2024-11-01' = {
  name: planName
  location: location
  tags: tags
  kind: 'linux'
  sku: { name: skuName, capacity: instances }
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
    outboundVnetRouting: subnetId == null ? null : { allTraffic: true }
    keyVaultReferenceIdentity: identity.id
    siteConfig: {
      alwaysOn: true
      ftpsState: 'Disabled'
      healthCheckPath: '/api/health'
      http20Enabled: true
      linuxFxVersion: 'Python|${pythonVersion}'
      minTlsVersion: '1.2'
      appSettings: concat(
        settings,
        runtimeSettings('Netherite', {
          clientId: identity.properties.clientId
          hostBlobs: hostStorage.properties.primaryEndpoints.blob
          hostQueues: hostStorage.properties.primaryEndpoints.queue
          hostTables: hostStorage.properties.primaryEndpoints.table
          documentIntelligence: documentIntelligence.properties.endpoint
          applicationInsights: component.properties.ConnectionString
        }),
        backendSettings,
        planSettings
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
