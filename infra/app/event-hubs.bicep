// The event hubs of the Netherite backend, which creates the hubs themselves when it starts.

@description('Name of the namespace. One app has one, never shared.')
param name string

@description('Region.')
param location string

@description('Tags of the resource.')
param tags object

@description('Whether only its private endpoint reaches it.')
param private bool

@description('Resource id of the workspace that its operations are logged to.')
param workspaceId string

resource namespace 'Microsoft.EventHub/namespaces@2024-01-01' = {
  name: name
  location: location
  tags: tags
  // Standard: Basic has neither private endpoints nor automatic growth.
  sku: { name: 'Standard', tier: 'Standard', capacity: 1 }
  properties: {
    disableLocalAuth: true
    isAutoInflateEnabled: true
    maximumThroughputUnits: 8
    minimumTlsVersion: '1.2'
    publicNetworkAccess: private ? 'Disabled' : 'Enabled'
  }

  resource rules 'networkRuleSets' = {
    name: 'default'
    properties: {
      defaultAction: private ? 'Deny' : 'Allow'
      publicNetworkAccess: private ? 'Disabled' : 'Enabled'
      trustedServiceAccessEnabled: false
    }
  }
}

resource logs 'Microsoft.Insights/diagnosticSettings@2021-05-01-preview' = {
  scope: namespace
  name: 'to-workspace'
  properties: {
    workspaceId: workspaceId
    logs: [{ categoryGroup: 'allLogs', enabled: true }]
  }
}
