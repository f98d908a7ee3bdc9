"""Networks: VNets, subnets, route tables, security groups, NAT gateways, peerings."""

from collections.abc import Iterable, Iterator
from typing import Final

from tagweave.model import (
    NatGateway,
    NatRule,
    PeeringConnection,
    PeeringEnd,
    Route,
    Router,
    SecurityGroup,
    SecurityRule,
    Subnet,
    Vpc,
)
from tagweave.model.addresses import canonical_prefix
from tagweave.sources.azure.ids import (
    expanded,
    location,
    name_of,
    native,
    properties,
    refer,
    refer_all,
    subscription,
    tags,
    vpc_of,
    within,
)
from tagweave.sources.azure.joins import NETWORKS, PAGES, PUBLIC_IPS, PUBLIC_PREFIXES, SUBNETS, public_address
from tagweave.sources.clouds import Context, Listing
from tagweave.sources.clouds.listing import Raw
from tagweave.sources.clouds.values import prefixes, sorted_addresses


def vpc(raw: Raw, _context: Context) -> Vpc:
    """Maps <https://learn.microsoft.com/rest/api/virtualnetwork/virtual-networks/list-all#virtualnetwork>."""
    return Vpc(
        id=native(raw),
        name=name_of(raw),
        labels=tags(raw),
        region=location(raw),
        cidrs=prefixes(*((properties(raw).get("addressSpace") or {}).get("addressPrefixes") or ())),
    )


def subnet(raw: Raw, context: Context) -> Subnet:
    """Maps <https://learn.microsoft.com/rest/api/virtualnetwork/subnets/list#subnet>.

    A subnet spans the zones of its region, and has no tags.
    """
    network = within(native(raw), "virtualnetworks")
    return Subnet(
        id=native(raw),
        name=name_of(raw),
        vpc=network,
        region=location(context.one("networks", network)),
        cidrs=_ranges(raw),
        router=refer(properties(raw).get("routeTable")),
    )


def _ranges(raw: Raw) -> tuple[str, ...]:
    """A subnet's ranges: one of them alone stands in a field of its own."""
    about = properties(raw)
    return prefixes(about.get("addressPrefix"), *(about.get("addressPrefixes") or ()))


NEXT_HOPS: Final = {
    "Internet": "internet_gateway",
    "None": "blackhole",
    "VirtualAppliance": "ip",
    "VirtualApplianceEcmp": "ip",
    "VirtualNetworkGateway": "vpn_gateway",
    "VnetLocal": "local",
}
"""The kind of a next hop, by <https://learn.microsoft.com/azure/virtual-network/virtual-networks-udr-overview>."""


def router(raw: Raw, _context: Context) -> Router:
    """Maps <https://learn.microsoft.com/rest/api/virtualnetwork/route-tables/list-all#routetable>.

    A destination may be a service tag. What a VNet routes by itself stands in no table.
    """
    about = properties(raw)
    subnets = tuple(sorted(refer_all(about.get("subnets"))))
    routes = {route for one in about.get("routes") or () for route in _routes(properties(one))}
    return Router(
        id=native(raw),
        name=name_of(raw),
        labels=tags(raw),
        vpc=vpc_of(subnets),
        region=location(raw),
        routes=tuple(sorted(routes, key=lambda route: (route.destination, route.next_hop))),
        subnets=subnets,
    )


def _routes(about: Raw) -> Iterator[Route]:
    """Maps <https://learn.microsoft.com/rest/api/virtualnetwork/routes/list#route>: one for each next hop."""
    kind = str(about.get("nextHopType") or "")
    hops = (about.get("nextHop") or {}).get("nextHopIpAddresses") or (about.get("nextHopIpAddress") or "",)
    for hop in dict.fromkeys(hops):
        yield Route(as_prefix(about["addressPrefix"]), NEXT_HOPS.get(kind, kind), hop)


def as_prefix(text: str) -> str:
    """A prefix in canonical form; a service tag, or what else is none, as it is."""
    try:
        return canonical_prefix(text)
    except ValueError:
        return text


def security_group(raw: Raw, _context: Context) -> SecurityGroup:
    """Maps <https://learn.microsoft.com/rest/api/virtualnetwork/network-security-groups/list-all>.

    Its rules are in the order in which they are tried, those that Azure adds at the end. It is of no VNet, but its
    subnets mostly are of one.
    """
    about = properties(raw)
    given = [*(about.get("securityRules") or ()), *(about.get("defaultSecurityRules") or ())]
    ordered = sorted(map(properties, given), key=lambda one: (one.get("direction") != "Inbound", one.get("priority")))
    return SecurityGroup(
        id=native(raw),
        name=name_of(raw),
        labels=tags(raw),
        vpc=vpc_of(refer_all(about.get("subnets"))),
        region=location(raw),
        rules=tuple(dict.fromkeys(rule for one in ordered for rule in _rules(one))),
    )


def _rules(about: Raw) -> Iterator[SecurityRule]:
    """Maps <https://learn.microsoft.com/rest/api/virtualnetwork/security-rules/list#securityrule>.

    One rule for each peer and range of ports. A peer is a prefix, a service tag, an application security group or,
    for everything of both families, `*`.
    """
    inbound = about.get("direction") == "Inbound"
    end = "source" if inbound else "destination"
    protocol = str(about.get("protocol") or "*").lower()
    groups = refer_all(about.get(f"{end}ApplicationSecurityGroups"))
    peers = (*map(as_prefix, _some(about, f"{end}AddressPrefix", "es")), *groups)
    for peer in peers:
        for ports in _some(about, "destinationPortRange", "s"):
            yield SecurityRule(
                "ingress" if inbound else "egress",
                "" if protocol == "*" else protocol,
                "" if ports in {"*", "0-65535"} else ports,
                peer,
                str(about.get("access") or "").lower(),
            )


def _some(about: Raw, field: str, plural: str) -> Iterable[str]:
    """The values of a field that may be one or, in the plural, several."""
    several = [str(one) for one in about.get(field + plural) or ()]
    one = str(about.get(field) or "")
    return dict.fromkeys((one, *several) if one else several)


def nat_gateway(raw: Raw, context: Context) -> NatGateway:
    """Maps <https://learn.microsoft.com/rest/api/virtualnetwork/nat-gateways/list-all#natgateway>.

    It translates what leaves its subnets to any of its addresses; it forwards nothing inwards.
    """
    about = properties(raw)
    subnets = tuple(sorted(refer_all(about.get("subnets"))))
    single = [address for one in _both(about, "publicIpAddresses") for address in public_address(one, context)]
    blocks = [
        str(block)
        for one in _both(about, "publicIpPrefixes")
        if (block := properties(context.one("public_prefixes", one)).get("ipPrefix"))
    ]
    outside = (*sorted_addresses(single), *sorted(prefixes(*blocks)))
    inside = [one for found in subnets for one in _ranges(context.one("subnets", found))]
    return NatGateway(
        id=native(raw),
        name=name_of(raw),
        labels=tags(raw),
        region=location(raw),
        vpc=vpc_of(subnets) or refer(about.get("sourceVirtualNetwork")),
        subnets=subnets,
        public_ips=sorted_addresses((*single, *(one for block in blocks for one in expanded(block)))),
        rules=tuple(
            NatRule("snat", external=external, internal=internal)
            for internal in inside
            for external in outside
            if (":" in internal) == (":" in external)
        ),
    )


def _both(about: Raw, field: str) -> Iterator[str]:
    """The ids in a field and in its twin for IPv6."""
    yield from refer_all((*(about.get(field) or ()), *(about.get(f"{field}V6") or ())))


STATES: Final = {"Connected": "active", "Initiated": "pending", "Disconnected": "disconnected"}
"""The states of <https://learn.microsoft.com/azure/virtual-network/virtual-network-manage-peering>."""


def peering_connection(raw: Raw, context: Context) -> PeeringConnection:
    """Maps <https://learn.microsoft.com/rest/api/virtualnetwork/virtual-network-peerings/list>.

    Each of two VNets has a peering of its own with the other: they are two resources with two states.
    """
    about = properties(raw)
    local = within(native(raw), "virtualnetworks")
    state = str(about.get("peeringState") or "")
    return PeeringConnection(
        id=native(raw),
        name=name_of(raw),
        vpcs=(_end(local, context), _end(refer(about.get("remoteVirtualNetwork")), context)),
        state=STATES.get(state, state.lower()),
    )


def _end(network: str, context: Context) -> PeeringEnd:
    """One end; the region of a VNet in another subscription is not told."""
    return PeeringEnd(owner_of(network, context), location(context.one("networks", network)), network)


def owner_of(found: str, context: Context) -> str:
    """The subscription that an id is in; empty for the one that is read."""
    owner = subscription(found)
    return "" if owner == context.place.account.lower() else owner


NETWORKS_ACTION: Final = "Microsoft.Network/virtualNetworks/read"

LISTINGS: Final = (
    Listing("vpc", NETWORKS_ACTION, "value", vpc, PAGES, "global"),
    Listing("subnet", NETWORKS_ACTION, "value.properties.subnets", subnet, PAGES, "global", joins=(NETWORKS,)),
    Listing(
        "router", "Microsoft.Network/routeTables/read", "value", router, PAGES, "global", api="route-tables"
    ),
    Listing(
        "security_group", "Microsoft.Network/networkSecurityGroups/read", "value", security_group, PAGES, "global"
    ),
    Listing(
        "nat_gateway", "Microsoft.Network/natGateways/read", "value", nat_gateway, PAGES, "global",
        joins=(SUBNETS, PUBLIC_IPS, PUBLIC_PREFIXES),
    ),
    Listing(
        "peering_connection", NETWORKS_ACTION, "value.properties.virtualNetworkPeerings", peering_connection, PAGES,
        "global", joins=(NETWORKS,),
    ),
)  # fmt: skip
"""What is listed of networks, in this order."""
