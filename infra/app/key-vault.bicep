// The vault of the secrets that others gave us. There is none where nobody gave any.

@description('Name of the vault.')
param name string

@description('Region.')
param location string

@description('Tags of the resources.')
param tags object

@description('Whether only its private endpoint reaches it.')
param private bool

@description('Whether nobody, not even the owner, can delete it for good. This cannot be undone.')
param purgeProtection bool

@description('Whether a vault of this name was deleted and must be recovered.')
param recover bool

@description('The secrets that are written, by name. One without a value is left as it is.')
@secure()
param secrets object

@description('Names of the secrets.')
param secretNames string[]

@description('When the secrets expire, as a date or a time in ISO 8601.')
param expiresOn string

@description('Resource id of the workspace that accesses are logged to.')
param workspaceId string

resource vault 'Microsoft.KeyVault/vaults@2024-11-01' = {
  name: name
  location: location
  tags: tags
  properties: {
    createMode: recover ? 'recover' : 'default'
    sku: { family: 'A', name: 'standard' }
    tenantId: tenant().tenantId
    enableRbacAuthorization: true
    enableSoftDelete: true
    softDeleteRetentionInDays: 90
    // Never false: the service refuses to be told so.
    enablePurgeProtection: purgeProtection ? true : null
    publicNetworkAccess: private ? 'Disabled' : 'Enabled'
    networkAcls: {
      bypass: 'AzureServices'
      defaultAction: private ? 'Deny' : 'Allow'
    }
  }
}

resource secret 'Microsoft.KeyVault/vaults/secrets@2024-11-01' = [
  for secretName in secretNames: if (!empty(secrets[secretName])) {
    parent: vault
    name: secretName
    tags: tags
    properties: {
      value: secrets[secretName]
      contentType: 'text/plain'
      attributes: { enabled: true, exp: dateTimeToEpoch(expiresOn) }
    }
  }
]

resource logs 'Microsoft.Insights/diagnosticSettings@2021-05-01-preview' = {
  scope: vault
  name: 'to-workspace'
  properties: {
    workspaceId: workspaceId
    logs: [{ category: 'AuditEvent', enabled: true }]
  }
}
