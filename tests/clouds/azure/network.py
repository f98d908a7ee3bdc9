"""The standard estate's virtual networks with their peerings, routes and security groups."""

from typing import Any

from clouds.azure.arm import (
    ELSEWHERE,
    NORTH,
    PARTNER,
    TAGS,
    WEST,
    Item,
    arm_id,
    child,
    network,
    ref,
    resource,
    subnet,
)

NODES = "MC_rg-west_aks-plain_westeurope"
"""The resource group of what AKS makes for a cluster by itself."""
PARTNER_VNET = arm_id("Microsoft.Network/virtualNetworks", "vnet-partner", group="net", subscription=PARTNER)


# ---- virtual networks

VNETS: tuple[tuple[str, str, str, list[str], dict[str, dict[str, Any]]], ...] = (
    ("vnet-hub", WEST, "", ["10.0.0.0/16", "fd00:db8:0::/48"], {
        "GatewaySubnet": {"addressPrefix": "10.0.0.0/27"},
        "front": {
            "addressPrefixes": ["10.0.2.0/24", "fd00:db8:0:2::/64"],
            "networkSecurityGroup": ref(network("networkSecurityGroups", "nsg-front")),
        },
        "gateways": {"addressPrefix": "10.0.3.0/24"},
    }),
    ("vnet-spoke", WEST, "", ["10.1.0.0/16", "fd00:db8:1::/48"], {
        "apps": {
            "addressPrefixes": ["10.1.1.0/24", "fd00:db8:1:1::/64"],
            "networkSecurityGroup": ref(network("networkSecurityGroups", "nsg-apps")),
            "routeTable": ref(network("routeTables", "rt-spoke")),
            "natGateway": ref(network("natGateways", "nat-west")),
        },
        "data": {
            "addressPrefix": "10.1.2.0/24",
            "delegations": [{"name": "mysql", "properties": {"serviceName": "Microsoft.DBforMySQL/flexibleServers"}}],
        },
        "endpoints": {"addressPrefix": "10.1.3.0/24", "routeTable": ref(network("routeTables", "rt-spoke"))},
        "cache": {"addressPrefix": "10.1.4.0/24"},
        "instances": {"addressPrefix": "10.1.5.0/24"},
        "nodes": {"addressPrefixes": ["10.1.16.0/20", "fd00:db8:1:10::/64"]},
    }),
    ("aks-vnet-20517384", WEST, NODES, ["10.224.0.0/12"], {"aks-subnet": {"addressPrefix": "10.224.0.0/16"}}),
    ("vnet-north", NORTH, "", ["10.2.0.0/16", "fd00:db8:2::/48"], {
        "apps": {
            "addressPrefixes": ["10.2.1.0/24", "fd00:db8:2:1::/64"],
            "networkSecurityGroup": ref(network("networkSecurityGroups", "nsg-north", location=NORTH)),
            "routeTable": ref(network("routeTables", "rt-north", location=NORTH)),
            "natGateway": ref(network("natGateways", "nat-north", location=NORTH)),
        },
        "data": {"addressPrefix": "10.2.2.0/24"},
    }),
    ("vnet-elsewhere", ELSEWHERE, "", ["10.3.0.0/16"], {"all": {"addressPrefix": "10.3.0.0/24"}}),
)  # fmt: skip
"""Name, location, resource group, address space, and the subnets' properties."""

PEERINGS: dict[str, tuple[tuple[str, str, str, list[str]], ...]] = {
    "vnet-hub": (
        ("to-spoke", network("virtualNetworks", "vnet-spoke"), "Connected", ["10.1.0.0/16", "fd00:db8:1::/48"]),
        ("to-north", network("virtualNetworks", "vnet-north", location=NORTH), "Connected", ["10.2.0.0/16"]),
    ),
    "vnet-spoke": (
        ("to-hub", network("virtualNetworks", "vnet-hub"), "Connected", ["10.0.0.0/16", "fd00:db8:0::/48"]),
        ("to-partner", PARTNER_VNET, "Initiated", ["172.16.0.0/16"]),
    ),
    "vnet-north": (("to-hub", network("virtualNetworks", "vnet-hub"), "Connected", ["10.0.0.0/16"]),),
}
"""Each end is a resource of its own, under its virtual network: name, the other network, state, its address space."""


def virtual_networks() -> list[Item]:
    return [_vnet(*row) for row in VNETS]


def _vnet(name: str, location: str, group: str, prefixes: list[str], subnets: dict[str, dict[str, Any]]) -> Item:
    native = network("virtualNetworks", name, location=location, group=group)
    properties = {
        "addressSpace": {"addressPrefixes": prefixes},
        "dhcpOptions": {"dnsServers": []},
        "subnets": [child(native, "subnets", one, properties) for one, properties in subnets.items()],
        "virtualNetworkPeerings": [_peering(native, *row) for row in PEERINGS.get(name, ())],
        "enableDdosProtection": False,
    }
    tags: Item = {"tags": TAGS} if name == "vnet-hub" else {}
    return resource("Microsoft.Network/virtualNetworks", name, location, properties, group=group, **tags)


def _peering(vnet: str, name: str, remote: str, state: str, prefixes: list[str]) -> Item:
    properties = {
        "peeringState": state,
        "peeringSyncLevel": "FullyInSync" if state == "Connected" else "RemoteNotInSync",
        "remoteVirtualNetwork": ref(remote),
        "remoteAddressSpace": {"addressPrefixes": prefixes},
        "remoteVirtualNetworkAddressSpace": {"addressPrefixes": prefixes},
        "allowVirtualNetworkAccess": True,
        "allowForwardedTraffic": True,
        "allowGatewayTransit": False,
        "useRemoteGateways": False,
    }
    return child(vnet, "virtualNetworkPeerings", name, properties)


# ---- routes

ROUTES: tuple[tuple[str, str, tuple[tuple[str, str, str, str], ...]], ...] = (
    ("rt-spoke", WEST, (
        ("out", "0.0.0.0/0", "VirtualAppliance", "10.0.2.4"),
        ("out-v6", "::/0", "None", ""),
        ("to-north", "10.2.0.0/16", "VirtualNetworkGateway", ""),
        ("monitor", "AzureMonitor", "Internet", ""),
        ("local", "10.1.0.0/16", "VnetLocal", ""),
    )),
    ("rt-empty", WEST, ()),
    ("rt-north", NORTH, (("out", "0.0.0.0/0", "Internet", ""),)),
)  # fmt: skip
"""Route tables: name, location, and the name, prefix (or service tag), next hop's type and address of each route."""


def route_tables() -> list[Item]:
    made = []
    for name, location, routes in ROUTES:
        native = network("routeTables", name, location=location)
        properties = {
            "disableBgpRoutePropagation": False,
            "routes": [
                child(native, "routes", route, {
                    "addressPrefix": prefix,
                    "nextHopType": hop,
                    **({"nextHopIpAddress": address} if address else {}),
                    "hasBgpOverride": False,
                })
                for route, prefix, hop, address in routes
            ],
            "subnets": [ref(one) for one in _subnets_with("routeTable", native)],
        }  # fmt: skip
        tags: Item = {"tags": TAGS} if routes else {}
        made.append(resource("Microsoft.Network/routeTables", name, location, properties, **tags))
    return made


def _subnets_with(field: str, native: str) -> list[str]:
    return [
        subnet(vnet, name, location, group)
        for vnet, location, group, _, subnets in VNETS
        for name, properties in subnets.items()
        if properties.get(field) == ref(native)
    ]


# ---- security

DEFAULT_RULES = (
    ("AllowVnetInBound", "Inbound", "Allow", 65000, "VirtualNetwork", "VirtualNetwork"),
    ("AllowAzureLoadBalancerInBound", "Inbound", "Allow", 65001, "AzureLoadBalancer", "*"),
    ("DenyAllInBound", "Inbound", "Deny", 65500, "*", "*"),
    ("AllowVnetOutBound", "Outbound", "Allow", 65000, "VirtualNetwork", "VirtualNetwork"),
    ("AllowInternetOutBound", "Outbound", "Allow", 65001, "*", "Internet"),
    ("DenyAllOutBound", "Outbound", "Deny", 65500, "*", "*"),
)
PLURAL: dict[str, list[str]] = {
    "sourcePortRanges": [], "destinationPortRanges": [], "sourceAddressPrefixes": [], "destinationAddressPrefixes": [],
}  # fmt: skip
RULES: dict[str, tuple[dict[str, Any], ...]] = {
    "nsg-apps": (
        {
            "name": "web", "protocol": "Tcp", "direction": "Inbound", "access": "Allow", "priority": 100,
            "sourcePortRange": "*", "destinationPortRanges": ["80", "443", "8000-8100"],
            "sourceAddressPrefixes": ["192.0.2.0/24", "2001:db8:77::/48"],
            "destinationApplicationSecurityGroups": [ref(network("applicationSecurityGroups", "asg-web"))],
        },
        {
            "name": "no-telnet", "protocol": "*", "direction": "Outbound", "access": "Deny", "priority": 110,
            "sourcePortRange": "*", "destinationPortRange": "23",
            "sourceAddressPrefix": "*", "destinationAddressPrefix": "Internet",
        },
        {
            "name": "ping", "protocol": "Icmp", "direction": "Inbound", "access": "Allow", "priority": 120,
            "sourcePortRange": "*", "destinationPortRange": "*",
            "sourceAddressPrefix": "AzureLoadBalancer", "destinationAddressPrefix": "*",
        },
    ),
    "nsg-front": (),
    "nsg-north": (
        {
            "name": "v6", "protocol": "Udp", "direction": "Inbound", "access": "Allow", "priority": 200,
            "sourcePortRange": "*", "destinationPortRange": "53",
            "sourceAddressPrefix": "2001:db8:5::/48", "destinationAddressPrefix": "*",
        },
    ),
}  # fmt: skip


def security_groups() -> list[Item]:
    made = []
    for name, rules in RULES.items():
        location = NORTH if name.endswith("north") else WEST
        native = network("networkSecurityGroups", name, location=location)
        own = [{**PLURAL, **rule} for rule in rules]
        properties = {
            "securityRules": [child(native, "securityRules", one.pop("name"), one) for one in own],
            "defaultSecurityRules": [_default_rule(native, *row) for row in DEFAULT_RULES],
        }
        tags: Item = {"tags": TAGS} if rules else {}
        made.append(resource("Microsoft.Network/networkSecurityGroups", name, location, properties, **tags))
    return made


def _default_rule(group: str, name: str, direction: str, access: str, priority: int, source: str, to: str) -> Item:
    properties = {
        "protocol": "*", "sourcePortRange": "*", "destinationPortRange": "*", "sourceAddressPrefix": source,
        "destinationAddressPrefix": to, "access": access, "priority": priority, "direction": direction, **PLURAL,
    }  # fmt: skip
    return child(group, "defaultSecurityRules", name, properties)
