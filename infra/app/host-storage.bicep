// The account of the Functions runtime: its leases, the deployed package and, with some backends, the durable state.

@description('Name of the account.')
param name string

@description('Name of the container of the deployed package.')
param packageContainerName string

@description('Region.')
param location string

@description('Tags of the resource.')
param tags object

@description('Replication of the account.')
param skuName string

@description('Whether only private endpoints reach it.')
param private bool

// No soft delete and no versions: they would multiply the cost of leases, which are written all the time.
resource account 'Microsoft.Storage/storageAccounts@2025-01-01' = {
  name: name
  location: location
  tags: tags
  kind: 'StorageV2'
  sku: { name: skuName }
  properties: {
    accessTier: 'Hot'
    allowBlobPublicAccess: false
    allowCrossTenantReplication: false
    allowSharedKeyAccess: false
    defaultToOAuthAuthentication: true
    isLocalUserEnabled: false
    isSftpEnabled: false
    minimumTlsVersion: 'TLS1_2'
    publicNetworkAccess: private ? 'Disabled' : 'Enabled'
    networkAcls: {
      bypass: 'None'
      defaultAction: private ? 'Deny' : 'Allow'
    }
    supportsHttpsTrafficOnly: true
  }

  resource blobs 'blobServices' = {
    name: 'default'

    resource packages 'containers' = {
      name: packageContainerName
      properties: { publicAccess: 'None' }
    }
  }
}
