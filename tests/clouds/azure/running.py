"""The rig of Azure: Resource Manager on loopback, with the standard estate or a large one."""

import os
from collections.abc import Iterable, Iterator, Mapping
from fnmatch import fnmatchcase
from unittest import mock

from clouds.azure.arm import NORTH, SUBSCRIPTION, TAGS, TENANT, WEST, Item, arm_id, network, subnet
from clouds.azure.estate import EXTENDED, ZONES, Estate, standard
from clouds.azure.fake import HABITS, Arm
from clouds.azure.large import large
from clouds.azure.signing import CLIENT, SECRET
from clouds.server import Server
from tagweave.sources.azure import Config, Source
from tagweave.sources.clouds import Politeness

ABSENT: Mapping[str, str] = {}
REGIONS = (WEST, NORTH)
LISTS = {
    "vpc": ("network/virtualnetworks",),
    "router": ("network/routetables", "network/*/hubroutetables"),
    "security_group": ("network/networksecuritygroups",),
    "vm": ("compute/virtualmachines", "compute/virtualmachinescalesets/*/virtualmachines"),
    "nat_gateway": ("network/natgateways",),
    "load_balancer": ("network/loadbalancers", "network/applicationgateways"),
    "cen": ("network/virtualwans", "network/virtualhubs"),
    "rds": ("sql/*", "dbfor*"),
    "redis": ("cache/redis", "cache/redisenterprise"),
    "public_ip": ("network/publicip*", "compute/virtualmachinescalesets/*/publicipaddresses"),
    "cluster": ("containerservice/managedclusters",),
}
"""The lists that give the resources of a kind, each item one."""
TAGGED = {
    "vpc": network("virtualNetworks", "vnet-hub"),
    "router": network("routeTables", "rt-spoke"),
    "security_group": network("networkSecurityGroups", "nsg-apps"),
    "vm": arm_id("Microsoft.Compute/virtualMachines", "web-1"),
    "nat_gateway": network("natGateways", "nat-west"),
    "load_balancer": network("applicationGateways", "gw-front"),
    "cen": network("virtualWans", "wan-main"),
    "rds": arm_id("Microsoft.DBforMySQL/flexibleServers", "mysql-west"),
    "redis": arm_id("Microsoft.Cache/Redis", "cache-cluster"),
    "network_interface": network("networkInterfaces", "nic-spare"),
    "public_ip": network("publicIPAddresses", "pip-spare"),
    "cluster": arm_id("Microsoft.ContainerService/managedClusters", "aks-main"),
}
"""Subnets and peerings are parts of a virtual network and have no tags of their own."""
ADDRESSES = {
    "vpc": (network("virtualNetworks", "vnet-hub"), {"10.0.0.0/16", "fd00:db8::/48"}),
    "subnet": (subnet("vnet-spoke", "apps"), {"10.1.1.0/24", "fd00:db8:1:1::/64"}),
    "router": (network("routeTables", "rt-spoke"), {"0.0.0.0/0", "::/0"}),
    "security_group": (network("networkSecurityGroups", "nsg-apps"), {"192.0.2.0/24", "2001:db8:77::/48"}),
    "vm": (
        arm_id("Microsoft.Compute/virtualMachines", "web-1"),
        {"10.1.1.4", "10.1.1.40", "10.1.2.4", "fd00:db8:1:1::4", "203.0.113.4", "2001:db8:100::4"},
    ),
    "nat_gateway": (network("natGateways", "nat-west"), {"203.0.113.30"}),
    "load_balancer": (network("loadBalancers", "lb-public"), {"203.0.113.10", "2001:db8:100::10"}),
    "redis": (arm_id("Microsoft.Cache/Redis", "cache-cluster"), {"10.1.4.10"}),
    "rds": (arm_id("Microsoft.Sql/servers", "sql-west"), {"10.1.3.5"}),
    "network_interface": (network("networkInterfaces", "nic-spare"), {"10.0.2.9", "fd00:db8:0:2::9"}),
    "public_ip": (network("publicIPAddresses", "pip-spare-north", location=NORTH), {"2001:db8:200::99"}),
}


class Running:
    """The server and what is in it. `arm` is the application, for tests that change its ways."""

    def __init__(self, estate: Estate, regions: tuple[str, ...], page_size: int) -> None:
        self._environment = mock.patch.dict(
            os.environ, {"AZURE_TENANT_ID": TENANT, "AZURE_CLIENT_ID": CLIENT, "AZURE_CLIENT_SECRET": SECRET}
        )
        self._environment.start()
        self._page_size = page_size
        self.arm = Arm(estate)
        self.arm.page_size = page_size
        self.server = Server(self.arm, HABITS)
        self.regions = regions
        self.expected = {kind: frozenset(ids) for kind, ids in _expected(estate, regions).items()}
        self.tagged = {kind: (native.lower(), TAGS) for kind, native in TAGGED.items()}
        self.addresses = {kind: (native.lower(), frozenset(found)) for kind, (native, found) in ADDRESSES.items()}

    @property
    def secrets(self) -> tuple[str, ...]:
        """The client's secret, and every token that was issued for it."""
        return (SECRET, *self.arm.tokens.issued)

    def source(self, politeness: Politeness, page_size: int | None = None) -> Source:
        """A source; and since the size of a page is the server's choice, the server chooses it."""
        self.arm.page_size = page_size or self._page_size
        config = Config(name="acc", endpoint=self.server.url, regions=self.regions)
        return Source(config, politeness=politeness, page_size=page_size)

    def remove(self, kind: str, id: str) -> None:  # noqa: A002 - what it is
        self.arm.estate.remove(f"/subscriptions/{SUBSCRIPTION}/locations/{id}" if kind == "region" else id)

    def close(self) -> None:
        self.server.close()
        self._environment.stop()


def _expected(estate: Estate, regions: tuple[str, ...]) -> dict[str, set[str]]:
    found = {
        kind: {item["id"].lower() for one in lists for item in _items(estate, one, regions)}
        for kind, lists in LISTS.items()
    }
    extended = estate.lists[f"/subscriptions/{SUBSCRIPTION}/locations{EXTENDED}"]
    edges = {item["name"] for item in extended if item["type"] == "EdgeZone"}
    physical = {item["name"] for item in extended if item["metadata"]["regionType"] == "Physical"}
    vnets = list(_items(estate, "network/virtualnetworks", regions))
    interfaces = _items(estate, "network/networkinterfaces", regions)
    return {
        **found,
        "region": physical - edges,
        "az": {f"{region}-az{zone}" for region in regions for zone in ZONES.get(region, "123")} | edges,
        "subnet": set(_parts(vnets, "subnets")),
        "peering_connection": set(_parts(vnets, "virtualNetworkPeerings")),
        "network_interface": {
            item["id"].lower() for item in interfaces if "virtualMachine" not in item["properties"]
        },
    }  # fmt: skip


def _items(estate: Estate, pattern: str, regions: tuple[str, ...]) -> Iterator[Item]:
    """The items of some lists. Parts of a resource have no location: all of those are in regions that are read."""
    for path, items in estate.lists.items():
        if fnmatchcase(path, f"*/providers/microsoft.{pattern}"):
            for item in items:
                if item.get("location", regions[0]).replace(" ", "").lower() in regions:
                    yield item


def _parts(items: Iterable[Item], field: str) -> Iterator[str]:
    for item in items:
        yield from (part["id"].lower() for part in item["properties"].get(field, ()))


def start(vms: int = 0, regions: int = 2, page_size: int = 100) -> Running:
    """A server with the standard estate; with so many machines in so many regions, where a number of them is given."""
    if not vms:
        return Running(standard(), REGIONS, page_size)
    estate, names = large(vms, regions)
    return Running(estate, names, page_size)
