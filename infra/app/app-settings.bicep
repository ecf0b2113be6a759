// The app's settings that are known only once their resources are there.

import { durableBackendName } from 'types.bicep'

@export()
@description('The names and addresses that the settings are made of.')
type settingSources = {
  @description('Client id of the app\'s identity.')
  clientId: string

  @description('Blobs of the account of the runtime.')
  hostBlobs: string

  @description('Queues of the account of the runtime.')
  hostQueues: string

  @description('Tables of the account of the runtime.')
  hostTables: string

  @description('Base URL of Document Intelligence.')
  documentIntelligence: string

  @description('Connection string of Application Insights, which lets nobody in without a token.')
  applicationInsights: string
}

@export()
@description('Settings that are known only once their resources are there. Beside the account of the runtime, which durable state needs: queues with AzureStorage, tables with AzureStorage and Netherite.')
func runtimeSettings(backend durableBackendName, from settingSources) { name: string, value: string }[] =>
  concat(
    [
      { name: 'AzureWebJobsStorage__blobServiceUri', value: from.hostBlobs }
      { name: 'AzureWebJobsStorage__credential', value: 'managedidentity' }
      { name: 'AzureWebJobsStorage__clientId', value: from.clientId }
      { name: 'APPLICATIONINSIGHTS_CONNECTION_STRING', value: from.applicationInsights }
      { name: 'APPLICATIONINSIGHTS_AUTHENTICATION_STRING', value: 'ClientId=${from.clientId};Authorization=AAD' }
      // DefaultAzureCredential would otherwise look for a system-assigned identity.
      { name: 'AZURE_CLIENT_ID', value: from.clientId }
      { name: 'DOCUMENT_INTELLIGENCE_ENDPOINT', value: from.documentIntelligence }
    ],
    backend == 'AzureStorage' ? [{ name: 'AzureWebJobsStorage__queueServiceUri', value: from.hostQueues }] : [],
    backend == 'DurableTaskScheduler' ? [] : [{ name: 'AzureWebJobsStorage__tableServiceUri', value: from.hostTables }]
  )
