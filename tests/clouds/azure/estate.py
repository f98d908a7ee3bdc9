"""An estate: what each list of Resource Manager holds, by its path."""

import json
from collections.abc import Iterable, Iterator
from typing import Any

from clouds.azure import addresses, balancing, compute, database, network, transit
from clouds.azure.arm import ELSEWHERE, NORTH, SPELLED, SUBSCRIPTION, TENANT, WEST, Item

STATUSES, EXTENDED = "#statuses", "#extended"
"""What is put behind a path for the list with `statusOnly` or `includeExtendedLocations`."""
ZONES: dict[str, tuple[str, ...]] = {WEST: ("1", "3", "2"), NORTH: ("2", "1", "3"), ELSEWHERE: ()}
"""The numbers of the physical zones of each region, in the order of the subscription's logical zones."""


class Estate:
    """Lists by path in lower case. A page is cut of items that are written once, however often they are listed."""

    def __init__(self, lists: dict[str, list[Item]]) -> None:
        self.lists = {path.lower(): items for path, items in lists.items()}
        self._written: dict[str, list[bytes]] = {}

    def page(self, path: str, start: int, size: int | None) -> tuple[bytes, bool]:
        """Some items of a list (all that follow: None) as JSON, and whether there are more."""
        written = self._written.get(path)
        if written is None:
            written = self._written[path] = [json.dumps(item).encode() for item in self.lists.get(path, ())]
        end = len(written) if size is None else start + size
        return b",".join(written[start:end]), end < len(written)

    def remove(self, native: str) -> None:
        """Take out a resource with all that is below it, and what refers to it."""
        native = native.lower()
        kept = {path: items for path, items in self.lists.items() if not path.startswith(f"{native}/")}
        self.lists = {path: _without(items, native) for path, items in kept.items()}
        self._written = {}


def _without(value: Any, native: str) -> Any:
    if isinstance(value, list):
        return [_without(one, native) for one in value if not _is(one, native)]
    if isinstance(value, dict):
        return {key: _without(one, native) for key, one in value.items() if not _is(one, native)}
    return value


def _is(value: Any, native: str) -> bool:
    if isinstance(value, dict):
        return any(_is(value.get(field), native) for field in ("id", "physicalZone"))
    return isinstance(value, str) and f"{value.lower()}/".startswith(f"{native}/")


# ---- the subscription


def subscription(native: str = SUBSCRIPTION, name: str = "Production") -> Item:
    return {
        "id": f"/subscriptions/{native}",
        "subscriptionId": native,
        "tenantId": TENANT,
        "displayName": name,
        "state": "Enabled",
        "subscriptionPolicies": {
            "locationPlacementId": "Public_2014-09-01",
            "quotaId": "EnterpriseAgreement_2014-09-01",
        },
        "authorizationSource": "RoleBased",
        "managedByTenants": [],
    }


def locations(native: str = SUBSCRIPTION, names: Iterable[str] = tuple(ZONES)) -> list[Item]:
    """Regions, and one of the `Logical` ones, which are no places."""
    made = [_location(native, name, "Physical", ZONES.get(name, ("1", "2", "3"))) for name in names]
    return [*made, _location(native, "europe", "Logical", ())]


def _location(native: str, name: str, kind: str, zones: tuple[str, ...]) -> Item:
    mappings = [
        {"logicalZone": str(number), "physicalZone": f"{name}-az{zone}"} for number, zone in enumerate(zones, 1)
    ]
    display = SPELLED.get(name, name.title())
    return {
        "id": f"/subscriptions/{native}/locations/{name}",
        "name": name,
        "type": "Region",
        "displayName": display,
        "regionalDisplayName": f"(Europe) {display}",
        "metadata": {"regionType": kind, "regionCategory": "Recommended" if zones else "Other"},
        **({"availabilityZoneMappings": mappings} if mappings else {}),
    }


def edge_zone() -> Item:
    """A place of its own, for the operator of a network: it belongs to the region in its id."""
    name = compute.EDGE
    return {
        "id": f"/subscriptions/{SUBSCRIPTION}/locations/{WEST}/edgeZones/{name}",
        "name": name,
        "type": "EdgeZone",
        "displayName": "Edge Amsterdam 1",
        "regionalDisplayName": "(Europe) Edge Amsterdam 1",
        "metadata": {"regionType": "Physical", "regionCategory": "Extended", "geographyGroup": "Europe"},
    }


# ---- all of it


def standard(*others: str) -> Estate:
    """One subscription with everything, in two regions; and others of the tenant that hold the same."""
    lists = dict(_standard(f"/subscriptions/{SUBSCRIPTION}"))
    for other in others:
        same = json.loads(json.dumps(lists).replace(SUBSCRIPTION, other).replace(SUBSCRIPTION.upper(), other.upper()))
        lists = {
            **same,
            **lists,
            "/subscriptions": [*lists["/subscriptions"], subscription(other, f"Other {other[:4]}")],
        }
    return Estate(lists)


def _standard(here: str) -> Iterator[tuple[str, list[Item]]]:
    yield "/subscriptions", [subscription()]
    yield f"{here}/locations", locations()
    yield f"{here}/locations{EXTENDED}", [*locations(), edge_zone()]
    tops: dict[str, list[Item]] = {
        "Microsoft.Network/virtualNetworks": network.virtual_networks(),
        "Microsoft.Network/routeTables": network.route_tables(),
        "Microsoft.Network/networkSecurityGroups": network.security_groups(),
        "Microsoft.Network/networkInterfaces": addresses.interfaces(),
        "Microsoft.Network/privateEndpoints": addresses.private_endpoints(),
        "Microsoft.Network/publicIPAddresses": addresses.public_ips(),
        "Microsoft.Network/publicIPPrefixes": addresses.public_ip_prefixes(),
        "Microsoft.Network/natGateways": addresses.nat_gateways(),
        "Microsoft.Network/virtualWans": transit.virtual_wans(),
        "Microsoft.Network/virtualHubs": transit.virtual_hubs(),
        **{f"Microsoft.Network/{kind}": [item] for kind, item in transit.gateways().items()},
        "Microsoft.Network/loadBalancers": balancing.load_balancers(),
        "Microsoft.Network/applicationGateways": balancing.application_gateways(),
        "Microsoft.Compute/virtualMachines": compute.virtual_machines(),
        f"Microsoft.Compute/virtualMachines{STATUSES}": compute.statuses(),
        "Microsoft.Compute/virtualMachineScaleSets": compute.scale_sets(),
        "Microsoft.ContainerService/managedClusters": compute.clusters(),
        "Microsoft.Sql/servers": database.sql_servers(),
        "Microsoft.Sql/managedInstances": database.managed_instances(),
        "Microsoft.DBforMySQL/flexibleServers": database.flexible_servers("Microsoft.DBforMySQL"),
        "Microsoft.DBforPostgreSQL/flexibleServers": database.flexible_servers("Microsoft.DBforPostgreSQL"),
        **{f"{namespace}/servers": database.single_servers(namespace) for namespace in database.SINGLE},
        "Microsoft.Cache/Redis": database.caches(),
        "Microsoft.Cache/redisEnterprise": database.enterprise_caches(),
    }
    for kind, items in tops.items():
        yield f"{here}/providers/{kind}", items
    yield from compute.of_scale_sets().items()
    yield from transit.of_hubs().items()
    yield from database.of_enterprise_caches().items()
