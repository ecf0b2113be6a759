// The account of the documents: what was sent, what was read in it, what came of it.
// There are no versions, no change feed and no restore, because erasing a document must reach every copy.

@description('Name of the account.')
param name string

@description('Region.')
param location string

@description('Tags of the resource.')
param tags object

@description('Replication of the account.')
param skuName string

@description('Whether it is closed to the public network, but for `allowedIpRanges`.')
param private bool

@description('Public IPv4 addresses and ranges that reach the account in spite of `private`.')
param allowedIpRanges string[]

@description('Days that deleted blobs and containers can be restored.')
param softDeleteDays int

@description('Days that events of dropped documents which could not be delivered are kept.')
param deadLetterDays int

@description('Resource id of the workspace that writes and deletions are logged to.')
param workspaceId string

@description('Name of the container that documents are dropped into.')
param inboxContainerName string

@description('Name of the container for events that could not be delivered.')
param deadLetterContainerName string

@description('Name of the queue that announces dropped documents.')
param inboxQueueName string

var containerNames = [
  'incoming'
  'extractions'
  'archive'
  inboxContainerName
  deadLetterContainerName
]
var tableNames = ['documents', 'idempotency', 'places']
// The extension moves a message that keeps failing to the second queue, which nobody else creates.
var queueNames = [inboxQueueName, '${inboxQueueName}-poison']
var isOpenToSome = private && !empty(allowedIpRanges)

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
    publicNetworkAccess: private && !isOpenToSome ? 'Disabled' : 'Enabled'
    networkAcls: {
      // Event Grid writes to the queue, and Document Intelligence reads blobs, as trusted services.
      bypass: 'AzureServices'
      defaultAction: private ? 'Deny' : 'Allow'
      ipRules: [for range in isOpenToSome ? allowedIpRanges : []: { value: range, action: 'Allow' }]
    }
    supportsHttpsTrafficOnly: true
  }

  resource lifecycle 'managementPolicies' = {
    name: 'default'
    properties: {
      policy: {
        rules: [
          {
            name: 'delete-old-dead-letters'
            type: 'Lifecycle'
            enabled: true
            definition: {
              filters: { blobTypes: ['blockBlob', 'appendBlob'], prefixMatch: ['${deadLetterContainerName}/'] }
              actions: { baseBlob: { delete: { daysAfterModificationGreaterThan: deadLetterDays } } }
            }
          }
        ]
      }
    }
  }
}

resource blobs 'Microsoft.Storage/storageAccounts/blobServices@2025-01-01' = {
  parent: account
  name: 'default'
  properties: {
    deleteRetentionPolicy: { enabled: true, days: softDeleteDays }
    containerDeleteRetentionPolicy: { enabled: true, days: softDeleteDays }
    isVersioningEnabled: false
    changeFeed: { enabled: false }
    restorePolicy: { enabled: false }
  }
}

resource containers 'Microsoft.Storage/storageAccounts/blobServices/containers@2025-01-01' = [
  for container in containerNames: {
    parent: blobs
    name: container
    properties: { publicAccess: 'None' }
  }
]

resource queueService 'Microsoft.Storage/storageAccounts/queueServices@2025-01-01' = {
  parent: account
  name: 'default'
}

resource queues 'Microsoft.Storage/storageAccounts/queueServices/queues@2025-01-01' = [
  for queue in queueNames: {
    parent: queueService
    name: queue
  }
]

resource tableService 'Microsoft.Storage/storageAccounts/tableServices@2025-01-01' = {
  parent: account
  name: 'default'
}

resource tables 'Microsoft.Storage/storageAccounts/tableServices/tables@2025-01-01' = [
  for table in tableNames: {
    parent: tableService
    name: table
  }
]

resource blobLogs 'Microsoft.Insights/diagnosticSettings@2021-05-01-preview' = {
  scope: blobs
  name: 'to-workspace'
  properties: {
    workspaceId: workspaceId
    logs: [for category in ['StorageWrite', 'StorageDelete']: { category: category, enabled: true }]
  }
}

resource tableLogs 'Microsoft.Insights/diagnosticSettings@2021-05-01-preview' = {
  scope: tableService
  name: 'to-workspace'
  properties: {
    workspaceId: workspaceId
    logs: [{ category: 'StorageDelete', enabled: true }]
  }
}
