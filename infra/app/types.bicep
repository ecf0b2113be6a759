// Types that several files share.

@export()
@description('Where the Durable Functions runtime keeps its state. It also decides the hosting plan.')
type durableBackendName = 'AzureStorage' | 'Netherite' | 'DurableTaskScheduler'

@export()
@description('A network that exists already, for example one that is joined to the company\'s hub.')
@sealed()
type existingNetworkIds = {
  @description('Resource id of the virtual network. Private DNS zones that this template creates are linked to it.')
  vnetId: string

  @description('Resource id of the app\'s subnet, /27 or larger, used by nothing else. Its delegation is Microsoft.App/environments with AzureStorage and DurableTaskScheduler, Microsoft.Web/serverFarms with Netherite.')
  appSubnetId: string

  @description('Resource id of the subnet for private endpoints.')
  endpointSubnetId: string
}

@export()
@description('Private DNS zones that exist already, by service. Those that are left out are created where they are needed.')
@sealed()
type privateDnsZoneIds = {
  @description('Resource id of the zone privatelink.blob.<storage suffix>.')
  blob: string?

  @description('Resource id of the zone privatelink.queue.<storage suffix>.')
  queue: string?

  @description('Resource id of the zone privatelink.table.<storage suffix>.')
  table: string?

  @description('Resource id of the zone privatelink.cognitiveservices.azure.com.')
  account: string?

  @description('Resource id of the zone privatelink.vaultcore.azure.net.')
  vault: string?

  @description('Resource id of the zone privatelink.servicebus.windows.net.')
  namespace: string?

  @description('Resource id of the zone privatelink.durabletask.io.')
  scheduler: string?

  @description('Resource id of the zone privatelink.azurewebsites.net.')
  sites: string?
}

@export()
@description('A part of a resource that a private endpoint leads to; each has a DNS zone of its own.')
type privateLinkGroup = 'blob' | 'queue' | 'table' | 'account' | 'vault' | 'namespace' | 'scheduler' | 'sites'

@export()
@description('Settings of the app that differ from their defaults in docs/settings.md. Never a secret. Names that the app does not read are refused.')
@sealed()
type optionalSettings = {
  ALLOWED_BLOB_HOSTS: string?
  APPROVAL_TIMEOUT_HOURS: string?
  COMPLIANCE_CONFIDENCE_THRESHOLD: string?
  COUNTER_SHARDS: string?
  DOCUMENT_INTELLIGENCE_MODEL: string?
  EXTRACTION_CONFIDENCE_THRESHOLD: string?
  EXTRACTION_LOW_WORDS_THRESHOLD: string?
  EXTRACTION_PAGE_CONFIDENCE_THRESHOLD: string?
  EXTRACTION_TIMEOUT_MINUTES_HIGH: string?
  EXTRACTION_TIMEOUT_MINUTES_NORMAL: string?
  HISTORY_RETENTION_DAYS: string?
  MANAGEMENT_LINKS: string?
  MAX_DOCUMENT_MEGABYTES: string?
  MAX_PENDING_DOCUMENTS: string?
  RECONCILE_AFTER_SECONDS: string?
  REQUIRE_FOUR_EYES: string?
}
