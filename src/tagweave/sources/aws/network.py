"""Networks: VPCs, subnets, route tables, security groups, NAT gateways, peerings, transit networks."""

from collections.abc import Iterator, Sequence
from typing import Final

from tagweave.model import (
    Attachment,
    Cen,
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
from tagweave.sources.aws import paging
from tagweave.sources.aws.tags import named, tags
from tagweave.sources.clouds import Context, Join, Listing, Place, each
from tagweave.sources.clouds.listing import Raw
from tagweave.sources.clouds.paging import at
from tagweave.sources.clouds.values import prefixes, sorted_addresses, texts, utc


def vpc(raw: Raw, context: Context) -> Vpc | None:
    """Maps <https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_Vpc.html>."""
    if context.elsewhere(raw.get("OwnerId", ""), context.place.region):
        return None
    labels = tags(raw.get("Tags"))
    further = [one["CidrBlock"] for one in raw.get("CidrBlockAssociationSet", ()) if _holds(one, "CidrBlockState")]
    return Vpc(
        id=raw["VpcId"],
        name=named(labels, raw["VpcId"]),
        labels=labels,
        region=context.place.region,
        cidrs=prefixes(raw.get("CidrBlock"), *sorted(further), *_ipv6(raw)),
    )


def _ipv6(raw: Raw) -> list[str]:
    associated = raw.get("Ipv6CidrBlockAssociationSet", ())
    return sorted(one["Ipv6CidrBlock"] for one in associated if _holds(one, "Ipv6CidrBlockState"))


def _holds(association: Raw, state: str) -> bool:
    """Whether a prefix is a network's now: one that was taken away is listed for a while yet."""
    return association.get(state, {}).get("State") not in {"disassociated", "failed", "failing"}


def subnet(raw: Raw, context: Context) -> Subnet | None:
    """Maps <https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_Subnet.html>."""
    if context.elsewhere(raw.get("OwnerId", ""), context.place.region):
        return None
    labels = tags(raw.get("Tags"))
    return Subnet(
        id=raw["SubnetId"],
        name=named(labels, raw["SubnetId"]),
        labels=labels,
        vpc=raw.get("VpcId", ""),
        az=raw.get("AvailabilityZone", ""),
        region=context.place.region,
        cidrs=prefixes(raw.get("CidrBlock"), *_ipv6(raw)),
    )


def router(raw: Raw, context: Context) -> Router | None:
    """Maps <https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_RouteTable.html>.

    The main table of a VPC routes every subnet that has no table of its own.
    """
    if context.elsewhere(raw.get("OwnerId", ""), context.place.region):
        return None
    labels = tags(raw.get("Tags"))
    vpc_id = raw.get("VpcId", "")
    subnets = _routed(raw, context.get("", ""), context.get("subnets", vpc_id))
    routes = {route for one in raw.get("Routes", ()) if (route := _route(one)) is not None}
    return Router(
        id=raw["RouteTableId"],
        name=named(labels, raw["RouteTableId"]),
        labels=labels,
        vpc=vpc_id,
        region=context.place.region,
        routes=tuple(sorted(routes, key=lambda route: (route.destination, route.next_hop))),
        subnets=tuple(sorted(subnets)),
    )


def _routed(table: Raw, tables: Sequence[Raw], subnets: Sequence[Raw]) -> set[str]:
    """The subnets that a table routes, of those of its VPC."""
    own = set(_explicit(table))
    if any(one.get("Main") for one in table.get("Associations", ())):
        beside = (other for other in tables if at(other, "VpcId") == table.get("VpcId"))
        own |= set(texts(one.get("SubnetId") for one in subnets)) - {
            one for other in beside for one in _explicit(other)
        }
    return own


def _explicit(table: Raw) -> Iterator[str]:
    for one in table.get("Associations", ()):
        state = one.get("AssociationState", {}).get("State")
        if one.get("SubnetId") and state not in {"disassociating", "disassociated", "failed"}:
            yield one["SubnetId"]


NEXT_HOPS: Final = {
    "NatGatewayId": "nat_gateway",
    "TransitGatewayId": "cen",
    "CoreNetworkArn": "cen",
    "VpcPeeringConnectionId": "peering_connection",
    "InstanceId": "vm",
    "NetworkInterfaceId": "network_interface",
    "EgressOnlyInternetGatewayId": "egress_only_internet_gateway",
    "LocalGatewayId": "local_gateway",
    "CarrierGatewayId": "carrier_gateway",
    "OdbNetworkArn": "odb_network",
    "GatewayId": "gateway",
}
"""The field of a route that holds its next hop, the first that is set, and the kind of that."""

GATEWAYS: Final = {
    "igw": "internet_gateway",
    "vgw": "vpn_gateway",
    "vpce": "vpc_endpoint",
    "nat": "nat_gateway",
    "eigw": "egress_only_internet_gateway",
}
"""What a GatewayId is, by the prefix of the id."""


def _route(raw: Raw) -> Route | None:
    """Maps <https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_Route.html>."""
    ranges = prefixes(raw.get("DestinationCidrBlock"), raw.get("DestinationIpv6CidrBlock"))
    destination = next(iter(ranges), raw.get("DestinationPrefixListId", ""))
    if not destination:
        raise ValueError("a route has no destination")
    field, kind = next(((field, kind) for field, kind in NEXT_HOPS.items() if raw.get(field)), ("", ""))
    hop = raw.get(field, "")
    if field == "GatewayId":
        kind = "local" if hop == "local" else GATEWAYS.get(hop.partition("-")[0], "gateway")
    elif field == "CoreNetworkArn":
        hop = hop.rpartition("/")[2]
    if raw.get("State") == "blackhole":
        kind = "blackhole"  # what it led to is gone: packets end here
    return Route(destination, kind, hop)


def security_group(raw: Raw, context: Context) -> SecurityGroup | None:
    """Maps <https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_SecurityGroup.html>."""
    if context.elsewhere(raw.get("OwnerId", ""), context.place.region):
        return None
    rules = {
        rule
        for direction, field in (("ingress", "IpPermissions"), ("egress", "IpPermissionsEgress"))
        for permission in raw.get(field, ())
        for rule in _rules(direction, permission)
    }
    return SecurityGroup(
        id=raw["GroupId"],
        name=raw.get("GroupName") or raw["GroupId"],
        labels=tags(raw.get("Tags")),
        vpc=raw.get("VpcId", ""),
        region=context.place.region,
        rules=tuple(sorted(rules, key=lambda r: (r.direction != "ingress", r.protocol, r.ports, r.peer))),
    )


def _rules(direction: str, raw: Raw) -> Iterator[SecurityRule]:
    """Maps <https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_IpPermission.html>.

    One rule for each peer: a prefix, a prefix list or a security group.
    """
    protocol = "" if raw.get("IpProtocol") == "-1" else str(raw.get("IpProtocol", ""))
    peers = [
        *prefixes(*(one["CidrIp"] for one in raw.get("IpRanges", ()))),
        *prefixes(*(one["CidrIpv6"] for one in raw.get("Ipv6Ranges", ()))),
        *(one["PrefixListId"] for one in raw.get("PrefixListIds", ())),
        *(one.get("GroupId") or one.get("GroupName", "") for one in raw.get("UserIdGroupPairs", ())),
    ]
    for peer in peers:
        yield SecurityRule(direction, protocol, _ports(raw), peer)


def _ports(raw: Raw) -> str:
    """Ports, or the type and code of ICMP as `type/code`; empty for all."""
    low, high = raw.get("FromPort"), raw.get("ToPort")
    if low is None or low == -1:
        return ""
    if str(raw.get("IpProtocol")) in {"icmp", "icmpv6", "1", "58"}:
        return str(low) if high in {None, -1} else f"{low}/{high}"
    if (low, high) == (0, 65535):
        return ""
    return str(low) if high in {None, low} else f"{low}-{high}"


def nat_gateway(raw: Raw, context: Context) -> NatGateway | None:
    """Maps <https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_NatGateway.html>.

    One that was deleted is listed for an hour with addresses that are no longer its own. AWS has no rules for it:
    route tables send subnets to it, and it translates what they send.
    """
    if raw.get("State") in {"deleted", "failed"}:
        return None
    labels = tags(raw.get("Tags"))
    native = raw["NatGatewayId"]
    given = sorted(raw.get("NatGatewayAddresses", ()), key=lambda one: not one.get("IsPrimary"))
    private, public = _primary_first(given, "PrivateIp"), _primary_first(given, "PublicIp")
    internal = sorted(prefixes(*_sent_to(native, raw.get("VpcId", ""), context)))
    return NatGateway(
        id=native,
        name=named(labels, native),
        labels=labels,
        created_at=utc(raw.get("CreateTime")),
        region=context.place.region,
        vpc=raw.get("VpcId", ""),
        subnets=texts((raw.get("SubnetId"),)),
        private_ips=private,
        public_ips=public,
        rules=tuple(NatRule("snat", external=one, internal=prefix) for one in public or private for prefix in internal),
    )


def _sent_to(native: str, vpc_id: str, context: Context) -> Iterator[str]:
    """The prefixes of the subnets whose routes lead to a NAT gateway; those of IPv6 where it is a route of NAT64."""
    tables = context.get("tables", vpc_id)
    subnets = {one.get("SubnetId"): one for one in context.get("subnets", vpc_id)}
    for table in tables:
        leading = [one for one in table.get("Routes", ()) if one.get("NatGatewayId") == native]
        leading = [one for one in leading if one.get("State") != "blackhole"]
        for subnet_id in _routed(table, tables, tuple(subnets.values())) if leading else ():
            found = subnets.get(subnet_id, {})
            for route in leading:
                yield from _ipv6(found) if route.get("DestinationIpv6CidrBlock") else texts((found.get("CidrBlock"),))


def _primary_first(given: list[Raw], field: str) -> tuple[str, ...]:
    first = [one.get(field) for one in given if one.get("IsPrimary")]
    rest = sorted_addresses(one.get(field) for one in given)
    return tuple(dict.fromkeys((*sorted_addresses(first), *rest)))


def peering_connection(raw: Raw, context: Context) -> PeeringConnection | None:
    """Maps <https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_VpcPeeringConnection.html>.

    Both ends list it: it is kept where the requester is, and at the accepter where the requester is not ours.
    """
    requester, accepter = raw["RequesterVpcInfo"], raw["AccepterVpcInfo"]
    if context.elsewhere(requester.get("OwnerId", ""), requester.get("Region", "")):
        return None
    labels = tags(raw.get("Tags"))
    return PeeringConnection(
        id=raw["VpcPeeringConnectionId"],
        name=named(labels, raw["VpcPeeringConnectionId"]),
        labels=labels,
        vpcs=(_end(requester, context.place), _end(accepter, context.place)),
        state=raw.get("Status", {}).get("Code", ""),
    )


def _end(raw: Raw, place: Place) -> PeeringEnd:
    owner = raw.get("OwnerId", "")
    return PeeringEnd("" if owner == place.account else owner, raw.get("Region", ""), raw.get("VpcId", ""))


ATTACHED: Final = {
    "vpc": "vpc",
    "VPC": "vpc",
    "peering": "cen",
    "tgw-peering": "cen",
    "TRANSIT_GATEWAY_ROUTE_TABLE": "cen_route_table",
    "vpn": "vpn",
    "vpn-concentrator": "vpn",
    "SITE_TO_SITE_VPN": "vpn",
    "direct-connect-gateway": "direct_connect_gateway",
    "DIRECT_CONNECT_GATEWAY": "direct_connect_gateway",
    "connect": "connect",
    "CONNECT": "connect",
}
"""Transit gateways' and Cloud WAN's words for what is attached."""

_LOOSE: Final = frozenset({"deleted", "deleting", "failed", "failing", "rejected", "rejecting", "initiating"})


def transit_gateway(raw: Raw, context: Context) -> Cen | None:
    """Maps <https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_TransitGateway.html>."""
    if raw.get("State") == "deleted" or context.elsewhere(raw.get("OwnerId", ""), context.place.region):
        return None
    labels = tags(raw.get("Tags"))
    native = raw["TransitGatewayId"]
    found = {
        _attached(one, context)
        for one in context.get("attachments", native)
        if one.get("State") not in _LOOSE and one.get("ResourceId")
    }
    return Cen(
        id=native,
        name=named(labels, native),
        labels=labels,
        created_at=utc(raw.get("CreationTime")),
        region=context.place.region,
        attachments=tuple(sorted(found, key=lambda one: (one.kind, one.id))),
    )


def _attached(raw: Raw, context: Context) -> Attachment:
    """Maps <https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_TransitGatewayAttachment.html>."""
    kind = raw.get("ResourceType", "")
    region = context.place.region
    ends = context.one("peerings", raw.get("TransitGatewayAttachmentId", ""))
    for end in (ends.get("RequesterTgwInfo", {}), ends.get("AccepterTgwInfo", {})):
        if end.get("TransitGatewayId") == raw["ResourceId"]:
            region = end.get("Region", region)
    owner = raw.get("ResourceOwnerId", "")
    return Attachment(
        ATTACHED.get(kind, kind), raw["ResourceId"], region, "" if owner == context.place.account else owner
    )


def core_network(raw: Raw, context: Context) -> Cen | None:
    """Maps <https://docs.aws.amazon.com/networkmanager/latest/APIReference/API_CoreNetworkSummary.html>."""
    if context.elsewhere(raw.get("OwnerAccountId", ""), ""):
        return None
    labels = tags(raw.get("Tags"))
    native = raw["CoreNetworkId"]
    found = {
        _core_attached(one, context.place)
        for one in context.get("attachments", native)
        if one.get("AttachmentId") and one.get("State", "").lower() not in _LOOSE
    }
    return Cen(
        id=native,
        name=named(labels, raw.get("Description") or native),
        labels=labels,
        attachments=tuple(sorted(found, key=lambda one: (one.kind, one.id))),
    )


def _core_attached(raw: Raw, place: Place) -> Attachment:
    """Maps <https://docs.aws.amazon.com/networkmanager/latest/APIReference/API_Attachment.html>."""
    kind = raw.get("AttachmentType", "")
    resource = raw.get("ResourceArn") or raw["AttachmentId"]
    owner = raw.get("OwnerAccountId", "")
    where = raw.get("EdgeLocation") or next(iter(raw.get("EdgeLocations") or ()), "")
    return Attachment(
        ATTACHED.get(kind, kind.lower()), resource.rpartition("/")[2], where, "" if owner == place.account else owner
    )


LISTINGS: Final = (
    Listing("vpc", "ec2:DescribeVpcs", "Vpcs", vpc, paging.EC2),
    Listing("subnet", "ec2:DescribeSubnets", "Subnets", subnet, paging.EC2),
    Listing(
        "router", "ec2:DescribeRouteTables", "RouteTables", router, paging.ROUTE_TABLES,
        joins=(Join("subnets", "ec2:DescribeSubnets", "Subnets", paging.EC2, by="VpcId"),),
    ),
    Listing("security_group", "ec2:DescribeSecurityGroups", "SecurityGroups", security_group, paging.EC2),
    Listing(
        "nat_gateway", "ec2:DescribeNatGateways", "NatGateways", nat_gateway, paging.EC2,
        joins=(
            Join("tables", "ec2:DescribeRouteTables", "RouteTables", paging.ROUTE_TABLES, by="VpcId"),
            Join("subnets", "ec2:DescribeSubnets", "Subnets", paging.EC2, by="VpcId"),
        ),
    ),
    Listing(
        "peering_connection", "ec2:DescribeVpcPeeringConnections", "VpcPeeringConnections", peering_connection,
        paging.EC2,
    ),
    Listing(
        "cen", "ec2:DescribeTransitGateways", "TransitGateways", transit_gateway, paging.EC2, api="transit-gateways",
        joins=(
            Join(
                "attachments", "ec2:DescribeTransitGatewayAttachments", "TransitGatewayAttachments", paging.EC2,
                by="TransitGatewayId",
            ),
            Join(
                "peerings", "ec2:DescribeTransitGatewayPeeringAttachments", "TransitGatewayPeeringAttachments",
                paging.EC2, by="TransitGatewayAttachmentId",
            ),
        ),
    ),
    Listing(
        "cen", "networkmanager:ListCoreNetworks", "CoreNetworks", core_network, paging.NETWORK_MANAGER,
        scope="global", api="core-networks",
        joins=(
            Join(
                "attachments", "networkmanager:ListAttachments", "Attachments", paging.NETWORK_MANAGER,
                each=each("", "CoreNetworkId", "CoreNetworkId"),
            ),
        ),
    ),
)  # fmt: skip
"""What is listed of networks, in this order."""
