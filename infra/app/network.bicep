// The network between the app and its data: subnets, private DNS zones, and a fixed address towards others.

@description('Name of the virtual network.')
param vnetName string

@description('Whether the virtual network is created here. Otherwise only the zones are, and linked to `vnetId`.')
param createVnet bool

@description('Resource id of the virtual network.')
param vnetId string

@description('Address range of the virtual network, /24 or larger.')
param addressPrefix string

@description('Names of the subnets: of the app on each kind of plan, and of the private endpoints.')
param subnetNames { flex: string, dedicated: string, endpoints: string }

@description('Names of the private DNS zones that are created here.')
param zoneNames string[]

@description('Name of the network security group of all subnets.')
param securityGroupName string

@description('Name of the NAT gateway, through which the app calls others from one address. Empty: there is none.')
param natGatewayName string

@description('Name of the NAT gateway\'s public address.')
param natAddressName string

@description('Region.')
param location string

@description('Tags of the resources.')
param tags object

var hasNatGateway = createVnet && !empty(natGatewayName)

// The rules that every group has are the right ones: nothing comes in from outside of the network.
resource securityGroup 'Microsoft.Network/networkSecurityGroups@2024-07-01' = if (createVnet) {
  name: securityGroupName
  location: location
  tags: tags
}

resource natAddress 'Microsoft.Network/publicIPAddresses@2024-07-01' = if (hasNatGateway) {
  name: natAddressName
  location: location
  tags: tags
  sku: { name: 'Standard', tier: 'Regional' }
  properties: { publicIPAllocationMethod: 'Static', publicIPAddressVersion: 'IPv4' }
}

resource natGateway 'Microsoft.Network/natGateways@2024-07-01' = if (hasNatGateway) {
  name: natGatewayName
  location: location
  tags: tags
  sku: { name: 'Standard' }
  properties: {
    idleTimeoutInMinutes: 4
    publicIpAddresses: [{ id: natAddress.id }]
  }
}

// Both subnets of the app are always there, because a subnet's delegation cannot be changed while it is in use:
// switching to a backend on the other kind of plan would fail.
resource vnet 'Microsoft.Network/virtualNetworks@2024-07-01' = if (createVnet) {
  name: vnetName
  location: location
  tags: tags
  properties: {
    addressSpace: { addressPrefixes: [addressPrefix] }
    subnets: [
      {
        name: subnetNames.flex
        properties: {
          addressPrefix: cidrSubnet(addressPrefix, 26, 0)
          delegations: [{ name: 'flex', properties: { serviceName: 'Microsoft.App/environments' } }]
          networkSecurityGroup: { id: securityGroup.id }
          natGateway: hasNatGateway ? { id: natGateway.id } : null
        }
      }
      {
        name: subnetNames.dedicated
        properties: {
          addressPrefix: cidrSubnet(addressPrefix, 26, 1)
          delegations: [{ name: 'dedicated', properties: { serviceName: 'Microsoft.Web/serverFarms' } }]
          networkSecurityGroup: { id: securityGroup.id }
          natGateway: hasNatGateway ? { id: natGateway.id } : null
        }
      }
      {
        name: subnetNames.endpoints
        properties: {
          addressPrefix: cidrSubnet(addressPrefix, 26, 2)
          defaultOutboundAccess: false
          networkSecurityGroup: { id: securityGroup.id }
          privateEndpointNetworkPolicies: 'Enabled'
        }
      }
    ]
  }
}

resource zones 'Microsoft.Network/privateDnsZones@2024-06-01' = [
  for zone in zoneNames: {
    name: zone
    location: 'global'
    tags: tags
  }
]

resource links 'Microsoft.Network/privateDnsZones/virtualNetworkLinks@2024-06-01' = [
  for (zone, index) in zoneNames: {
    parent: zones[index]
    name: 'app'
    location: 'global'
    tags: tags
    properties: {
      registrationEnabled: false
      virtualNetwork: { id: vnetId }
    }
    dependsOn: [vnet]
  }
]
