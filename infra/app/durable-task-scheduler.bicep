// The scheduler and the task hub of the DurableTaskScheduler backend.

@description('Name of the scheduler.')
param name string

@description('Name of the task hub, `hubName` of host.json.')
param taskHubName string

@description('Region.')
param location string

@description('Tags of the resource.')
param tags object

@description('Pricing tier.')
@allowed(['Consumption', 'Dedicated'])
param skuName string

@description('Whether only its private endpoint reaches it.')
param private bool

resource scheduler 'Microsoft.DurableTask/schedulers@2026-02-01' = {
  name: name
  location: location
  tags: tags
  properties: {
    sku: skuName == 'Dedicated' ? { name: skuName, capacity: 1 } : { name: skuName }
    publicNetworkAccess: private ? 'Disabled' : 'Enabled'
    // Without public access nobody is let in by address; with it an empty list would let nobody in at all.
    ipAllowlist: private ? [] : ['0.0.0.0/0']
  }

  resource taskHub 'taskHubs' = {
    name: taskHubName
    properties: {}
  }

  resource retention 'retentionPolicies' = {
    name: 'default'
    properties: {
      retentionPolicies: [{ retentionPeriodInDays: 30 }]
    }
  }
}
