"""Virtual WANs, their hubs, and what is attached to those; the hubs' route tables."""

from collections.abc import Iterator
from typing import Final

from tagweave.model import Attachment, Cen, Route, Router
from tagweave.sources.azure.ids import (
    location,
    name_of,
    native,
    properties,
    refer,
    referring,
    tags,
    type_of,
    within,
)
from tagweave.sources.azure.joins import EACH_PARENT, NETWORKS, PAGES
from tagweave.sources.azure.network import as_prefix, owner_of
from tagweave.sources.clouds import Context, Join, Listing, each
from tagweave.sources.clouds.listing import Raw

GATEWAYS: Final = {
    "vpn_gateways": "vpn",
    "p2s_gateways": "vpn",
    "express_route_gateways": "express_route",
}
"""The joins that hold a hub's gateways, and the kind of attachment that each is."""


def virtual_wan(raw: Raw, context: Context) -> Cen:
    """Maps <https://learn.microsoft.com/rest/api/virtualwan/virtual-wans/list#virtualwan>: what joins hubs.

    It spans regions: the location is only where its own record is kept.
    """
    hubs = {native(one): location(one) for one in context.get("hubs", native(raw))}
    stated = properties(raw).get("virtualHubs") or ()
    named = {refer(one) if isinstance(one, dict) else str(one).lower() for one in stated}
    found = (Attachment("cen", one, hubs.get(one, ""), owner_of(one, context)) for one in named | hubs.keys())
    return Cen(
        id=native(raw),
        name=name_of(raw),
        labels=tags(raw),
        attachments=tuple(sorted(found, key=lambda one: one.id)),
    )


def virtual_hub(raw: Raw, context: Context) -> Cen:
    """Maps <https://learn.microsoft.com/rest/api/virtualwan/virtual-hubs/list#virtualhub>: what joins VNets.

    A VNet's region is told where the VNet is in the same subscription.
    """
    found = {
        Attachment("vpc", one, location(context.one("networks", one)), owner_of(one, context))
        for connection in context.get("connections", raw["id"])
        if (one := refer(properties(connection).get("remoteVirtualNetwork")))
    }
    for join, kind in GATEWAYS.items():
        for one in context.get(join, native(raw)):
            found.add(Attachment(kind, native(one), location(one), owner_of(native(one), context)))
    wan = refer(properties(raw).get("virtualWan"))
    if wan:
        found.add(Attachment("cen", wan, "", owner_of(wan, context)))
    return Cen(
        id=native(raw),
        name=name_of(raw),
        labels=tags(raw),
        region=location(raw),
        attachments=tuple(sorted(found, key=lambda one: (one.kind, one.id))),
    )


NEXT_HOPS: Final = {
    "microsoft.network/azurefirewalls": "firewall",
    "microsoft.network/virtualhubs/hubvirtualnetworkconnections": "connection",
    "microsoft.network/vpngateways/vpnconnections": "vpn",
    "microsoft.network/expressroutegateways/expressrouteconnections": "express_route",
}
"""The kind of a next hop, by its type."""


def hub_route_table(raw: Raw, context: Context) -> Router:
    """Maps <https://learn.microsoft.com/rest/api/virtualwan/hub-route-tables/list#hubroutetable>.

    It has no tags; its static routes alone stand in it.
    """
    hub = within(native(raw), "virtualhubs")
    routes = {route for one in properties(raw).get("routes") or () for route in _routes(one)}
    return Router(
        id=native(raw),
        name=name_of(raw),
        region=location(context.one("hubs", hub)),
        routes=tuple(sorted(routes, key=lambda route: (route.destination, route.next_hop))),
    )


def _routes(raw: Raw) -> Iterator[Route]:
    """Maps <https://learn.microsoft.com/rest/api/virtualwan/hub-route-tables/list#hubroute>: one for each destination.

    A destination is a prefix, a service or the id of a connection. A next hop's kind is that of what has the id.
    """
    hop = str(raw.get("nextHop") or "").lower()
    kind = NEXT_HOPS.get(type_of(hop), "") or str(raw.get("nextHopType") or "").lower()
    for destination in raw.get("destinations") or ():
        yield Route(as_prefix(str(destination)), kind, hop)


_WANS: Final = "Microsoft.Network/virtualWans/read"
_HUBS: Final = "Microsoft.Network/virtualHubs/read"


def _gateways(name: str, kind: str) -> Join:
    return Join(name, f"Microsoft.Network/{kind}/read", "value", PAGES, by=referring("virtualHub"))


LISTINGS: Final = (
    Listing(
        "cen", _WANS, "value", virtual_wan, PAGES, "global", api="virtual-wans",
        joins=(Join("hubs", _HUBS, "value", PAGES, by=referring("virtualWan")),),
    ),
    Listing(
        "cen", _HUBS, "value", virtual_hub, PAGES, "global", api="virtual-hubs",
        joins=(
            Join(
                "connections", "Microsoft.Network/virtualHubs/hubVirtualNetworkConnections/read", "value", PAGES,
                each=each("", "id", "parent"),
            ),
            _gateways("vpn_gateways", "vpnGateways"),
            _gateways("p2s_gateways", "p2sVpnGateways"),
            _gateways("express_route_gateways", "expressRouteGateways"),
            NETWORKS,
        ),
    ),
    Listing(
        "router", _HUBS, "value", hub_route_table, PAGES, "global", api="hub-route-tables", of="tables",
        joins=(
            Join(
                "tables", "Microsoft.Network/virtualHubs/hubRouteTables/read", "value", PAGES, each=EACH_PARENT
            ),
            Join("hubs", _HUBS, "value", PAGES, by=native),
        ),
    ),
)  # fmt: skip
"""What is listed of transit networks, in this order."""
