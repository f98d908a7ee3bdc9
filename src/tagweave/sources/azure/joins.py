"""The lists that several listings need: each is read once in a pass."""

from collections.abc import Iterable, Iterator
from typing import Final

from tagweave.sources.azure.ids import native, properties
from tagweave.sources.azure.session import LOCATIONS
from tagweave.sources.clouds import Context, Join, next_link
from tagweave.sources.clouds.listing import Each, Raw, Request
from tagweave.sources.clouds.paging import Params
from tagweave.sources.clouds.values import addresses

PAGES: Final = next_link()
"""ARM's lists have no page size; an answer names its next page."""

EVERY_LOCATION: Final[Params] = {"includeExtendedLocations": "true"}
ZONES: Final = Join("locations", LOCATIONS, "value", by="name", params=EVERY_LOCATION)
INTERFACES: Final = Join("interfaces", "Microsoft.Network/networkInterfaces/read", "value", PAGES, by=native)
NETWORKS: Final = Join("networks", "Microsoft.Network/virtualNetworks/read", "value", PAGES, by=native)
SUBNETS: Final = Join(
    "subnets", "Microsoft.Network/virtualNetworks/read", "value.properties.subnets", PAGES, by=native
)  # fmt: skip
SCALE_SETS: Final = Join("sets", "Microsoft.Compute/virtualMachineScaleSets/read", "value", PAGES, by=native)
PUBLIC_IPS: Final = Join("public_ips", "Microsoft.Network/publicIPAddresses/read", "value", PAGES, by=native)
PUBLIC_PREFIXES: Final = Join("public_prefixes", "Microsoft.Network/publicIPPrefixes/read", "value", PAGES, by=native)
ENDPOINTS: Final = Join("endpoints", "Microsoft.Network/privateEndpoints/read", "value", PAGES, by=native)


def _parents(items: Iterable[Raw]) -> Iterator[Request]:
    for one in items:
        native(one)  # a holder without an id cannot be asked for what it holds: that is no holder of nothing
        yield Request(one["id"], {"parent": one["id"]})


EACH_PARENT: Final = Each("", _parents)
"""One request for each item of the listing itself. What raises for one fails the listing."""


def _uniform(sets: Iterable[Raw]) -> Iterator[Request]:
    """The scale sets whose machines are listed nowhere else. Raises for one that is broken."""
    for one in sets:
        native(one)
        if properties(one).get("orchestrationMode") != "Flexible":
            yield Request(one["id"], {"parent": one["id"]})


EACH_UNIFORM: Final = Each("", _uniform)
"""One request for each scale set whose machines are listed nowhere else, as `EACH_PARENT`."""
SET_PUBLIC_IPS: Final = "Microsoft.Compute/virtualMachineScaleSets/publicIPAddresses/read"


def physical_zone(zones: object, region: str, context: Context) -> str:
    """The zone that `zones`, a list of logical ones or a single one, mean in a subscription; empty for several.

    Each subscription numbers a region's zones in its own way. Needs `ZONES`.
    <https://learn.microsoft.com/azure/reliability/availability-zones-overview#physical-and-logical-availability-zones>
    """
    logical = zones if isinstance(zones, list) else [zones] if zones else []
    if len(logical) != 1 or not region:
        return ""
    for one in context.one("locations", region).get("availabilityZoneMappings") or ():
        if one.get("logicalZone") == str(logical[0]) and one.get("physicalZone"):
            return str(one["physicalZone"])
    return f"{region}-{logical[0]}"


def public_address(found: str, context: Context) -> tuple[str, ...]:
    """The address of a public address's id; none where it has none yet. Needs `PUBLIC_IPS`."""
    return addresses((context.one("public_ips", found).get("properties") or {}).get("ipAddress"))
