// One private endpoint, and the name by which it is found.

@description('Name of the endpoint.')
param name string

@description('Resource id of the resource that it leads to.')
param targetId string

@description('The part of the resource that it leads to.')
@allowed(['blob', 'queue', 'table', 'account', 'vault', 'namespace', 'scheduler', 'sites'])
param groupId string

@description('Resource id of the private DNS zone.')
param zoneId string

@description('Resource id of the subnet for private endpoints.')
param subnetId string

@description('Region of the network.')
param location string

@description('Tags of the resource.')
param tags object

resource endpoint 'Microsoft.Network/privateEndpoints@2024-07-01' = {
  name: name
  location: location
  tags: tags
  properties: {
    subnet: { id: subnetId }
    privateLinkServiceConnections: [
      { name: groupId, properties: { privateLinkServiceId: targetId, groupIds: [groupId] } }
    ]
  }

  resource zone 'privateDnsZoneGroups' = {
    name: 'default'
    properties: {
      privateDnsZoneConfigs: [{ name: groupId, properties: { privateDnsZoneId: zoneId } }]
    }
  }
}
