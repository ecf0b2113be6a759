// The service that reads documents.

@description('Name of the account and of its subdomain, which cannot be changed later.')
param name string

@description('Region.')
param location string

@description('Tags of the resource.')
param tags object

@description('Pricing tier. F0 reads two pages of a document, and there is one in a subscription.')
@allowed(['S0', 'F0'])
param skuName string

@description('Whether only its private endpoint reaches it.')
param private bool

@description('Whether an account of this name was deleted and must be restored.')
param restore bool

@description('Resource id of the workspace that requests are logged to.')
param workspaceId string

resource account 'Microsoft.CognitiveServices/accounts@2025-06-01' = {
  name: name
  location: location
  tags: tags
  kind: 'FormRecognizer'
  sku: { name: skuName }
  // Behind a storage firewall it can read blobs by no other kind of identity.
  identity: { type: 'SystemAssigned' }
  properties: {
    customSubDomainName: name
    disableLocalAuth: true
    publicNetworkAccess: private ? 'Disabled' : 'Enabled'
    // No `bypass`: this kind of account refuses it.
    networkAcls: { defaultAction: private ? 'Deny' : 'Allow' }
    restore: restore ? true : null
  }
}

resource logs 'Microsoft.Insights/diagnosticSettings@2021-05-01-preview' = {
  scope: account
  name: 'to-workspace'
  properties: {
    workspaceId: workspaceId
    logs: [{ categoryGroup: 'allLogs', enabled: true }]
  }
}
