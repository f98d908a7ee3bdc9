"""The standard estate's virtual WANs."""

from clouds.azure.arm import NORTH, SPELLED, TAGS, WEST, Item, child, network, ref, resource
from clouds.azure.network import PARTNER_VNET

HUBS = (("hub-west", "wan-main", WEST, "10.100.0.0/23"), ("hub-north", "wan-main", NORTH, "10.101.0.0/23"))
CONNECTIONS = {
    "hub-west": (("conn-spoke", network("virtualNetworks", "vnet-spoke")), ("conn-partner", PARTNER_VNET)),
    "hub-north": (("conn-north", network("virtualNetworks", "vnet-north", location=NORTH)),),
}


HUB_ROUTES = (
    ("hub-west", "defaultRouteTable", WEST, "conn-spoke", "10.9.0.0/16"),
    ("hub-west", "noneRouteTable", WEST, "", ""),
    ("hub-north", "defaultRouteTable", NORTH, "conn-north", "fd00:db8:9::/48"),
)
"""Route tables of hubs: hub, name, location, the connection that is next, the destination."""


def virtual_wans() -> list[Item]:
    made = []
    for name, location, kind in (
        ("wan-main", WEST, "Standard"),
        ("wan-test", WEST, "Basic"),
        ("wan-old", NORTH, "Basic"),
    ):
        hubs = [ref(network("virtualHubs", hub, location=where)) for hub, wan, where, _ in HUBS if wan == name]
        properties = {"disableVpnEncryption": False, "allowBranchToBranchTraffic": True, "type": kind}
        more: Item = {"tags": TAGS} if name == "wan-main" else {}
        one = resource("Microsoft.Network/virtualWans", name, location, {**properties, "virtualHubs": hubs}, **more)
        made.append({**one, "location": SPELLED[location]})
    return made


def virtual_hubs() -> list[Item]:
    made = []
    for name, wan, location, prefix in HUBS:
        properties = {
            "virtualWan": ref(network("virtualWans", wan).replace("virtualWans", "virtualWANs")),
            "addressPrefix": prefix,
            "sku": "Standard",
            "routingState": "Provisioned",
            "virtualRouterAsn": 65515,
            "virtualHubRouteTableV2s": [],
        }
        one = resource("Microsoft.Network/virtualHubs", name, location, properties)
        made.append({**one, "location": SPELLED[location]})
    return made


GATEWAYS = (
    ("vpnGateways", "vpn-west", WEST, "hub-west"),
    ("p2sVpnGateways", "p2s-west", WEST, "hub-west"),
    ("expressRouteGateways", "er-north", NORTH, "hub-north"),
)


def gateways() -> dict[str, Item]:
    """The gateways of hubs, one of each type."""
    return {
        kind: resource(
            f"Microsoft.Network/{kind}",
            name,
            location,
            {"virtualHub": ref(network("virtualHubs", hub, location=location))},
        )
        for kind, name, location, hub in GATEWAYS
    }


def of_hubs() -> dict[str, list[Item]]:
    """What is listed under each hub, by its path."""
    made: dict[str, list[Item]] = {}
    for hub, _, location, _ in HUBS:
        native = network("virtualHubs", hub, location=location)
        made[f"{native}/hubVirtualNetworkConnections"] = [
            child(native, "hubVirtualNetworkConnections", name, {
                "remoteVirtualNetwork": ref(vnet),
                "enableInternetSecurity": False,
            })
            for name, vnet in CONNECTIONS[hub]
        ]  # fmt: skip
        made[f"{native}/hubRouteTables"] = [
            {**_hub_routes(native, name, via, to), "type": "Microsoft.Network/virtualHubs/hubRouteTables"}
            for of, name, _, via, to in HUB_ROUTES
            if of == hub
        ]
    return made


def _hub_routes(hub: str, name: str, via: str, to: str) -> Item:
    connection = f"{hub}/hubVirtualNetworkConnections/{via}"
    route = {"name": "static", "destinationType": "CIDR", "destinations": [to], "nextHopType": "ResourceId"}
    properties = {
        "routes": [{**route, "nextHop": connection}] if via else [],
        "labels": ["default"] if via else ["none"],
        "associatedConnections": [connection] if via else [],
        "propagatingConnections": [],
    }
    return child(hub, "hubRouteTables", name, properties)
