"""The standard estate's addresses: interfaces, private endpoints, public addresses, NAT gateways."""

from typing import Any

from clouds.azure.arm import GROUP, NORTH, TAGS, WEST, Item, arm_id, child, network, ref, resource, subnet

# ---- interfaces

VM = "Microsoft.Compute/virtualMachines"
NICS: tuple[tuple[str, str, str, str, tuple[tuple[str, str], ...], dict[str, Any]], ...] = (
    ("nic-spare", WEST, "vnet-hub", "front", (("10.0.2.9", ""), ("fd00:db8:0:2::9", "")), {"primary": True}),
    ("nic-web-1", WEST, "vnet-spoke", "apps",
     (("10.1.1.4", "pip-web"), ("10.1.1.40", ""), ("fd00:db8:1:1::4", "pip-web-v6")),
     {"virtualMachine": ref(arm_id(VM, "web-1")), "primary": True, "macAddress": "00-0D-3A-1B-C7-21",
      "networkSecurityGroup": ref(network("networkSecurityGroups", "nsg-apps"))}),
    ("nic-web-1-data", WEST, "vnet-spoke", "data", (("10.1.2.4", ""),),
     {"virtualMachine": ref(arm_id(VM, "web-1")), "primary": False, "macAddress": "00-0D-3A-1B-C7-22"}),
    ("nic-web-2", WEST, "vnet-spoke", "apps", (("10.1.1.5", ""),),
     {"virtualMachine": ref(arm_id(VM, "web-2")), "primary": True, "macAddress": "00-0D-3A-1B-C7-23"}),
    ("nic-flex", WEST, "vnet-spoke", "apps", (("10.1.1.6", ""),),
     {"virtualMachine": ref(arm_id(VM, "scale-flex_1a2b3c4d")), "primary": True, "macAddress": "00-0D-3A-1B-C7-24"}),
    ("pe-sql.nic.5f0c2d1e", WEST, "vnet-spoke", "endpoints", (("10.1.3.5", ""),),
     {"privateEndpoint": ref(network("privateEndpoints", "pe-sql"))}),
    ("pe-cache.nic.77ab01cd", WEST, "vnet-spoke", "endpoints", (("10.1.3.6", ""),),
     {"privateEndpoint": ref(network("privateEndpoints", "pe-cache"))}),
    ("nic-north-1", NORTH, "vnet-north", "apps", (("10.2.1.4", "pip-north"), ("fd00:db8:2:1::4", "")),
     {"virtualMachine": ref(arm_id(VM, "north-1", group=GROUP[NORTH])), "primary": True,
      "macAddress": "00-22-48-8A-10-07"}),
    ("pe-north.nic.0d1e2f3a", NORTH, "vnet-north", "data", (("10.2.2.5", ""),),
     {"privateEndpoint": ref(network("privateEndpoints", "pe-north", location=NORTH))}),
)  # fmt: skip
"""Name, location, network, subnet, (private address, public address) of each configuration, and the other properties.

A stopped machine's interface has no MAC address, and neither has that of a private endpoint here.
"""


def interfaces() -> list[Item]:
    made = []
    for name, location, vnet, where, addresses, more in NICS:
        native = network("networkInterfaces", name, location=location)
        properties = {
            "ipConfigurations": configurations(native, subnet(vnet, where, location), addresses, location),
            "dnsSettings": {"dnsServers": [], "appliedDnsServers": []},
            "enableAcceleratedNetworking": False,
            "enableIPForwarding": False,
            **more,
        }
        tags: Item = {"tags": TAGS} if name == "nic-spare" else {}
        made.append(resource("Microsoft.Network/networkInterfaces", name, location, properties, **tags))
    return made


def configurations(
    nic: str, where: str, addresses: tuple[tuple[str, str], ...], location: str = WEST
) -> list[Item]:  # fmt: skip
    return [
        child(nic, "ipConfigurations", f"ipconfig{number}", {
            "privateIPAddress": private,
            "privateIPAddressVersion": "IPv6" if ":" in private else "IPv4",
            "privateIPAllocationMethod": "Dynamic",
            "primary": number == 1,
            "subnet": ref(where),
            **({"publicIPAddress": ref(network("publicIPAddresses", public, location=location))} if public else {}),
        })
        for number, (private, public) in enumerate(addresses, 1)
    ]  # fmt: skip


ENDPOINTS = (
    ("pe-sql", WEST, "endpoints", "pe-sql.nic.5f0c2d1e", "Microsoft.Sql/servers", "sql-west", "sqlServer"),
    ("pe-cache", WEST, "endpoints", "pe-cache.nic.77ab01cd", "Microsoft.Cache/Redis", "cache-basic", "redisCache"),
    ("pe-north", NORTH, "data", "pe-north.nic.0d1e2f3a", "Microsoft.DBforPostgreSQL/flexibleServers", "pg-north",
     "postgresqlServer"),
)  # fmt: skip
"""Private endpoints: name, location, subnet, interface, and the resource that is reached."""


def private_endpoints() -> list[Item]:
    made = []
    for name, location, where, nic, kind, target, group in ENDPOINTS:
        native = network("privateEndpoints", name, location=location)
        connection = {
            "privateLinkServiceId": arm_id(kind, target, group=GROUP[location]),
            "groupIds": [group],
            "privateLinkServiceConnectionState": {"status": "Approved", "actionsRequired": "None"},
        }
        properties = {
            "subnet": ref(subnet("vnet-north" if location == NORTH else "vnet-spoke", where, location)),
            "networkInterfaces": [ref(network("networkInterfaces", nic, location=location))],
            "privateLinkServiceConnections": [child(native, "privateLinkServiceConnections", name, connection)],
            "manualPrivateLinkServiceConnections": [],
            "customDnsConfigs": [],
        }
        made.append(resource("Microsoft.Network/privateEndpoints", name, location, properties))
    return made


# ---- public addresses

_NIC = "networkInterfaces/ipConfigurations"
_LB = "loadBalancers/frontendIPConfigurations"
PUBLIC: tuple[tuple[str, str, str, tuple[str, ...]], ...] = (
    ("pip-web", WEST, "203.0.113.4", (_NIC, "nic-web-1", "ipconfig1")),
    ("pip-web-v6", WEST, "2001:db8:100::4", (_NIC, "nic-web-1", "ipconfig3")),
    ("pip-lb", WEST, "203.0.113.10", (_LB, "lb-public", "front-v4")),
    ("pip-lb-v6", WEST, "2001:db8:100::10", (_LB, "lb-public", "front-v6")),
    ("pip-gateway", WEST, "203.0.113.20", ("applicationGateways/frontendIPConfigurations", "gw-front", "public")),
    ("pip-nat", WEST, "203.0.113.30", ("natGateways", "nat-west")),
    ("pip-spare", WEST, "203.0.113.99", ()),
    ("pip-dynamic", WEST, "", ()),
    ("pip-north", NORTH, "198.51.100.4", (_NIC, "nic-north-1", "ipconfig1")),
    ("pip-global", NORTH, "198.51.100.10", (_LB, "lb-global", "front")),
    ("pip-nat-north", NORTH, "198.51.100.30", ("natGateways", "nat-north")),
    ("pip-spare-north", NORTH, "2001:db8:200::99", ()),
)
"""Name, location, address (none yet: a dynamic one that is not bound), and what it is bound to."""


def public_ips() -> list[Item]:
    made = []
    for name, location, address, bound in PUBLIC:
        properties: dict[str, Any] = {
            "publicIPAddressVersion": "IPv6" if ":" in address else "IPv4",
            "publicIPAllocationMethod": "Static" if address else "Dynamic",
            "idleTimeoutInMinutes": 4,
        }
        if address:
            properties["ipAddress"] = address
        if bound:
            field = "natGateway" if bound[0] == "natGateways" else "ipConfiguration"
            properties[field] = ref(network(*bound, location=location))
        more: dict[str, Any] = {"sku": {"name": "Standard", "tier": "Global" if name == "pip-global" else "Regional"}}
        if name == "pip-spare":
            more["tags"] = TAGS
        made.append(resource("Microsoft.Network/publicIPAddresses", name, location, properties, **more))
    return made


def public_ip_prefixes() -> list[Item]:
    nat = {
        "publicIPAddressVersion": "IPv4",
        "prefixLength": 30,
        "ipPrefix": "203.0.113.64/30",
        "natGateway": ref(network("natGateways", "nat-west")),
    }
    free = {"publicIPAddressVersion": "IPv6", "prefixLength": 124, "ipPrefix": "2001:db8:200::40/124"}
    return [
        resource("Microsoft.Network/publicIPPrefixes", name, location, properties, sku={"name": "Standard"})
        for name, location, properties in (("pfx-nat", WEST, nat), ("pfx-free", NORTH, free))
    ]


def nat_gateways() -> list[Item]:
    west = {
        "publicIpAddresses": [ref(network("publicIPAddresses", "pip-nat"))],
        "publicIpPrefixes": [ref(network("publicIPPrefixes", "pfx-nat"))],
        "subnets": [ref(subnet("vnet-spoke", "apps"))],
    }
    north = {
        "publicIpAddresses": [ref(network("publicIPAddresses", "pip-nat-north", location=NORTH))],
        "subnets": [ref(subnet("vnet-north", "apps", NORTH))],
    }
    sku = {"name": "Standard"}
    return [
        resource("Microsoft.Network/natGateways", name, location, {"idleTimeoutInMinutes": 4, **properties}, **more)
        for name, location, properties, more in (
            ("nat-west", WEST, west, {"sku": sku, "tags": TAGS, "zones": ["1"]}),
            ("nat-idle", WEST, {}, {"sku": sku}),
            ("nat-north", NORTH, north, {"sku": sku}),
        )
    ]
