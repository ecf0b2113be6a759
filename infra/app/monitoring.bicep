// Log Analytics and Application Insights, which takes telemetry only with an Entra token.

@description('Name of the workspace. Not created where `existingWorkspaceId` names one.')
param workspaceName string

@description('Name of the Application Insights component.')
param componentName string

@description('Resource id of the workspace that is used: the created one, or one that exists already.')
param workspaceId string

@description('Whether the workspace is created here.')
param createWorkspace bool

@description('Region.')
param location string

@description('Tags of the resources.')
param tags object

@description('Days that logs are kept.')
param retentionDays int

@description('Gigabytes that the workspace takes in a day; -1 for no limit.')
param dailyQuotaGb int

resource workspace 'Microsoft.OperationalInsights/workspaces@2025-02-01' = if (createWorkspace) {
  name: workspaceName
  location: location
  tags: tags
  properties: {
    sku: { name: 'PerGB2018' }
    retentionInDays: retentionDays
    workspaceCapping: { dailyQuotaGb: dailyQuotaGb }
    features: { disableLocalAuth: true }
    publicNetworkAccessForIngestion: 'Enabled'
    publicNetworkAccessForQuery: 'Enabled'
  }
}

resource component 'Microsoft.Insights/components@2020-02-02' = {
  name: componentName
  location: location
  tags: tags
  kind: 'web'
  properties: {
    Application_Type: 'web'
    WorkspaceResourceId: workspaceId
    IngestionMode: 'LogAnalytics'
    DisableLocalAuth: true
    DisableIpMasking: false
    publicNetworkAccessForIngestion: 'Enabled'
    publicNetworkAccessForQuery: 'Enabled'
  }
  dependsOn: [workspace]
}
