"""Networks: VPCs, vSwitches, route tables, security groups, NAT gateways."""

from collections.abc import Iterator, Sequence
from typing import Final

from tagweave.model import NatGateway, NatRule, Route, Router, SecurityGroup, SecurityRule, Subnet, Vpc
from tagweave.sources.aliyun import paging
from tagweave.sources.aliyun.tags import items, owner, tags, time
from tagweave.sources.clouds import Context, Join, Listing, each
from tagweave.sources.clouds.listing import Each, Raw, Request
from tagweave.sources.clouds.paging import at
from tagweave.sources.clouds.values import addresses, prefixes, sorted_addresses, texts


def vpc(raw: Raw, context: Context) -> Vpc | None:
    """Maps <https://api.alibabacloud.com/api/Vpc/2016-04-28/DescribeVpcs>."""
    if context.elsewhere(owner(raw.get("OwnerId")), context.place.region):
        return None
    further = sorted(items(raw.get("SecondaryCidrBlocks"), "SecondaryCidrBlock"))
    ipv6 = sorted(one["Ipv6CidrBlock"] for one in items(raw.get("Ipv6CidrBlocks"), "Ipv6CidrBlock"))
    return Vpc(
        id=raw["VpcId"],
        name=raw.get("VpcName") or raw["VpcId"],
        labels=tags(raw),
        created_at=time(raw.get("CreationTime")),
        region=context.place.region,
        cidrs=prefixes(raw.get("CidrBlock"), *further, raw.get("Ipv6CidrBlock"), *ipv6),
    )


def subnet(raw: Raw, context: Context) -> Subnet | None:
    """Maps <https://api.alibabacloud.com/api/Vpc/2016-04-28/DescribeVSwitches>."""
    if context.elsewhere(owner(raw.get("OwnerId")), context.place.region):
        return None
    return Subnet(
        id=raw["VSwitchId"],
        name=raw.get("VSwitchName") or raw["VSwitchId"],
        labels=tags(raw),
        created_at=time(raw.get("CreationTime")),
        vpc=raw.get("VpcId", ""),
        az=raw.get("ZoneId", ""),
        region=context.place.region,
        cidrs=prefixes(raw.get("CidrBlock"), raw.get("Ipv6CidrBlock")),
        router=(raw.get("RouteTable") or {}).get("RouteTableId", ""),
    )


def router(raw: Raw, context: Context) -> Router | None:
    """Maps <https://api.alibabacloud.com/api/Vpc/2016-04-28/DescribeRouteTableList>."""
    if context.elsewhere(owner(raw.get("OwnerId")), context.place.region):
        return None
    native = raw["RouteTableId"]
    routes = {route for one in context.get("routes", native) for route in _routes(one)}
    return Router(
        id=native,
        name=raw.get("RouteTableName") or native,
        labels=tags(raw),
        created_at=time(raw.get("CreationTime")),
        vpc=raw.get("VpcId", ""),
        region=context.place.region,
        routes=tuple(sorted(routes, key=lambda route: (route.destination, route.next_hop_kind, route.next_hop))),
        subnets=texts(sorted(items(raw.get("VSwitchIds"), "VSwitchId"))),
    )


NEXT_HOPS: Final = {
    "Attachment": "cen_attachment",
    "CenBasic": "cen",
    "Ecr": "express_connect_router",
    "GatewayEndpoint": "vpc_endpoint",
    "GatewayLoadBalancerEndpoint": "vpc_endpoint",
    "HaVip": "havip",
    "IPv6Gateway": "ipv6_gateway",
    "Instance": "vm",
    "Ipv4Gateway": "internet_gateway",
    "NatGateway": "nat_gateway",
    "NetworkInterface": "network_interface",
    "RouterInterface": "router_interface",
    "VpcPeer": "peering_connection",
    "VpnGateway": "vpn_gateway",
}
"""Aliyun's words for the type of a next hop."""


def _routes(raw: Raw) -> Iterator[Route]:
    """Maps <https://api.alibabacloud.com/api/Vpc/2016-04-28/DescribeRouteEntryList>: one route for each next hop."""
    destination = raw["DestinationCidrBlock"]
    if not destination.startswith("pl-"):  # a prefix list
        destination = prefixes(destination)[0]
    hops = items(raw.get("NextHops"), "NextHop")
    for hop in hops or ({},):
        kind, native = hop.get("NextHopType") or "", hop.get("NextHopId") or ""
        if kind == "Instance" and native.startswith("vpn-"):
            kind = "VpnGateway"
        yield Route(destination, NEXT_HOPS.get(kind, kind.lower()), native)


def security_group(raw: Raw, context: Context) -> SecurityGroup:
    """Maps <https://api.alibabacloud.com/api/Ecs/2014-05-26/DescribeSecurityGroups>."""
    native = raw["SecurityGroupId"]
    rules = {rule for one in context.get("rules", native) for rule in _rules(one)}
    return SecurityGroup(
        id=native,
        name=raw.get("SecurityGroupName") or native,
        labels=tags(raw),
        created_at=time(raw.get("CreationTime")),
        vpc=raw.get("VpcId", ""),
        region=context.place.region,
        rules=tuple(sorted(rules, key=lambda r: (r.direction != "ingress", r.protocol, r.ports, r.peer, r.action))),
    )


_PEERS: Final = {
    "ingress": ("SourceCidrIp", "Ipv6SourceCidrIp", "SourcePrefixListId", "SourceGroupId"),
    "egress": ("DestCidrIp", "Ipv6DestCidrIp", "DestPrefixListId", "DestGroupId"),
}
"""The fields of a rule that hold its peer, by direction: two of prefixes, two of ids."""

ACTIONS: Final = {"accept": "allow", "drop": "deny"}


def _rules(raw: Raw) -> Iterator[SecurityRule]:
    """Maps <https://api.alibabacloud.com/api/Ecs/2014-05-26/DescribeSecurityGroupAttribute>: one rule for each peer."""
    direction = raw["Direction"].lower()
    fields = _PEERS[direction]
    protocol = raw.get("IpProtocol", "").lower()
    policy = raw.get("Policy", "").lower()
    peers = [*prefixes(*(raw.get(field) for field in fields[:2])), *texts(raw.get(field) for field in fields[2:])]
    for peer in peers or [""]:
        yield SecurityRule(
            direction,
            "" if protocol == "all" else protocol,
            _ports(raw.get("PortRange")) or raw.get("PortRangeListId") or "",
            peer,
            ACTIONS.get(policy, policy),
        )


def _ports(text: str | None) -> str:
    """`22/22` → `22`, `1/200` → `1-200`; empty for all of them: `-1/-1`, `1/65535`, `any`."""
    if not text or text.lower() in {"-1/-1", "1/65535", "any"}:
        return ""
    low, _, high = text.partition("/")
    return low if high in {"", low} else f"{low}-{high}"


def nat_gateway(raw: Raw, context: Context) -> NatGateway | None:
    """Maps <https://api.alibabacloud.com/api/Vpc/2016-04-28/DescribeNatGateways>."""
    if raw.get("Status") == "Deleted":
        return None
    native = raw["NatGatewayId"]
    private = raw.get("NatGatewayPrivateInfo") or {}
    bound = items(raw.get("IpLists"), "IpList")
    given = [one.get("PrivateIpAddress") for one in bound]
    given += [one["NatIp"] for one in context.get("addresses", native)]
    return NatGateway(
        id=native,
        name=raw.get("Name") or native,
        labels=tags(raw),
        created_at=time(raw.get("CreationTime")),
        region=context.place.region,
        vpc=raw.get("VpcId", ""),
        subnets=texts((private.get("VswitchId"),)),
        private_ips=addresses(private.get("PrivateIpAddress"), *sorted_addresses(given)),
        public_ips=sorted_addresses(one.get("IpAddress") for one in bound),
        rules=tuple(sorted(_nat_rules(native, context), key=_in_order)),
    )


def _in_order(rule: NatRule) -> tuple[str, ...]:
    return rule.type, rule.external, rule.external_port, rule.internal, rule.internal_port, rule.protocol


def _nat_rules(gateway: str, context: Context) -> set[NatRule]:
    rules = {
        NatRule("snat", "", address, "", one.get("SourceCIDR") or one.get("SourceVSwitchId") or "")
        for one in context.get("snat", gateway)
        for address in addresses(*one["SnatIp"].split(","))
    }
    for one in context.get("dnat", gateway):
        rules.add(
            NatRule(
                "dnat",
                _protocol(one),
                addresses(one["ExternalIp"])[0],
                _ports(one.get("ExternalPort")),
                addresses(one["InternalIp"])[0],
                _ports(one.get("InternalPort")),
            )
        )
    for one in context.get("fullnat", gateway):
        rules.add(
            NatRule(
                "fullnat",
                _protocol(one),
                addresses(one["NatIp"])[0],
                _ports(one.get("NatIpPort")),
                next(iter(addresses(one.get("AccessIp"))), one.get("AccessDomain") or ""),
                _ports(one.get("AccessPort")),
            )
        )
    return rules


def _protocol(raw: Raw) -> str:
    found: str = raw.get("IpProtocol", "").lower()
    return "" if found == "any" else found


def _private_gateways(gateways: Sequence[Raw]) -> Iterator[Request]:
    """A VPC NAT gateway has addresses and FULLNAT entries that an internet NAT gateway has not."""
    for one in gateways:
        native = at(one, "NatGatewayId")
        if native and at(one, "NetworkType") == "intranet":
            yield Request(native, {"NatGatewayId": native})


LISTINGS: Final = (
    Listing("vpc", "vpc:DescribeVpcs", "Vpcs.Vpc", vpc, paging.PAGES),
    Listing("subnet", "vpc:DescribeVSwitches", "VSwitches.VSwitch", subnet, paging.PAGES),
    Listing(
        "router", "vpc:DescribeRouteTableList", "RouterTableList.RouterTableListType", router, paging.PAGES,
        joins=(
            Join(
                "routes", "vpc:DescribeRouteEntryList", "RouteEntrys.RouteEntry", paging.ROUTES,
                each=each("", "RouteTableId", "RouteTableId"),
            ),
        ),
    ),
    Listing(
        "security_group", "ecs:DescribeSecurityGroups", "SecurityGroups.SecurityGroup", security_group,
        paging.INSTANCES,
        joins=(
            Join(
                "rules", "ecs:DescribeSecurityGroupAttribute", "Permissions.Permission", paging.RULES,
                each=each("", "SecurityGroupId", "SecurityGroupId"),
            ),
        ),
    ),
    Listing(
        "nat_gateway", "vpc:DescribeNatGateways", "NatGateways.NatGateway", nat_gateway, paging.PAGES,
        joins=(
            Join(
                "snat", "vpc:DescribeSnatTableEntries", "SnatTableEntries.SnatTableEntry", paging.PAGES,
                each=each("", "NatGatewayId", "NatGatewayId"),
            ),
            Join(
                "dnat", "vpc:DescribeForwardTableEntries", "ForwardTableEntries.ForwardTableEntry", paging.PAGES,
                each=each("", "NatGatewayId", "NatGatewayId"),
            ),
            Join(
                "fullnat", "vpc:ListFullNatEntries", "FullNatEntries", paging.TOKENS, each=Each("", _private_gateways)
            ),
            Join("addresses", "vpc:ListNatIps", "NatIps", paging.TOKENS, each=Each("", _private_gateways)),
        ),
    ),
)  # fmt: skip
"""What is listed of networks, in this order."""
