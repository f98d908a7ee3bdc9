"""Networks: VPCs, subnets, route tables, security groups, NAT gateways, peerings, cloud connect networks (CCN)."""

from collections.abc import Iterable, Iterator, Sequence
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
from tagweave.model.addresses import pack, unpack
from tagweave.sources.clouds import Context, Join, Listing, each
from tagweave.sources.clouds.listing import Each, Raw, Request
from tagweave.sources.clouds.values import addresses, labels, prefixes, sorted_addresses, texts
from tagweave.sources.tencent import paging
from tagweave.sources.tencent.values import region_of, when


def vpc(raw: Raw, context: Context) -> Vpc:
    """Maps <https://cloud.tencent.com/document/api/215/15824#Vpc>."""
    further = [one["CidrBlock"] for one in raw.get("AssistantCidrSet") or ()]
    ipv6 = [one["IPv6CidrBlock"] for one in raw.get("Ipv6CidrBlockSet") or ()]
    return Vpc(
        id=raw["VpcId"],
        name=raw.get("VpcName") or raw["VpcId"],
        labels=labels(raw.get("TagSet")),
        created_at=when(raw.get("CreatedTime")),
        region=context.place.region,
        cidrs=prefixes(raw.get("CidrBlock"), *sorted(further), raw.get("Ipv6CidrBlock"), *sorted(ipv6)),
    )


def subnet(raw: Raw, context: Context) -> Subnet:
    """Maps <https://cloud.tencent.com/document/api/215/15824#Subnet>."""
    return Subnet(
        id=raw["SubnetId"],
        name=raw.get("SubnetName") or raw["SubnetId"],
        labels=labels(raw.get("TagSet")),
        created_at=when(raw.get("CreatedTime")),
        vpc=raw.get("VpcId") or "",
        az=raw.get("Zone") or "",
        region=context.place.region,
        cidrs=prefixes(raw.get("CidrBlock"), raw.get("Ipv6CidrBlock")),
        router=raw.get("RouteTableId") or "",
    )


NEXT_HOPS: Final = {
    "CVM": "vm",
    "NORMAL_CVM": "address",  # the next hop is the private address of an instance
    "NAT": "nat_gateway",
    "INTRANAT": "nat_gateway",
    "CCN": "cen",
    "USER_CCN": "cen",
    "PEERCONNECTION": "peering_connection",
    "HAVIP": "network_interface",
    "VPN": "vpn_gateway",
    "DIRECTCONNECT": "direct_connect_gateway",
    "LOCAL_GATEWAY": "local_gateway",
    "GWLB_ENDPOINT": "vpc_endpoint",
    "EIP": "internet_gateway",  # each instance leaves by its own public address
}
"""Tencent Cloud's words for where a route leads."""


def router(raw: Raw, context: Context) -> Router:
    """Maps <https://cloud.tencent.com/document/api/215/15824#RouteTable>.

    A table is said to hold its IPv4 routes; DescribeRoutes lists those of both families.
    """
    native = raw["RouteTableId"]
    stated = [*(raw.get("RouteSet") or ()), *context.get("routes", native)]
    local = [Route(prefix, "local") for prefix in prefixes(*(one["Cidr"] for one in raw.get("LocalCidrForCcn") or ()))]
    subnets = (*(raw.get("AssociationSet") or ()), *context.get("subnets", native))
    return Router(
        id=native,
        name=raw.get("RouteTableName") or native,
        labels=labels(raw.get("TagSet")),
        created_at=when(raw.get("CreatedTime")),
        vpc=raw.get("VpcId") or "",
        region=context.place.region,
        routes=tuple(sorted({*map(_route, stated), *local}, key=lambda one: (one.destination, one.next_hop))),
        subnets=texts(sorted(one.get("SubnetId") or "" for one in subnets)),
    )


def _route(raw: Raw) -> Route:
    """Maps <https://cloud.tencent.com/document/api/215/15824#Route>. One that is switched off leads nowhere."""
    ranges = prefixes(raw.get("DestinationCidrBlock"), raw.get("DestinationIpv6CidrBlock"))
    if not ranges:
        raise ValueError("a route has no destination")
    word = raw.get("GatewayType") or ""
    kind = NEXT_HOPS.get(word, word.lower()) if raw.get("Enabled", True) else "disabled"
    hop = str(raw.get("GatewayId") or "")
    return Route(ranges[0], kind, "" if hop == "0" else hop)


def security_group(raw: Raw, context: Context) -> SecurityGroup:
    """Maps <https://cloud.tencent.com/document/api/215/15824#SecurityGroup>.

    Its rules are in the order in which they count: the first that matches decides.
    """
    policies = context.one("policies", raw["SecurityGroupId"])
    rules = [
        rule
        for direction, field in (("ingress", "Ingress"), ("egress", "Egress"))
        for policy in sorted(policies.get(field) or (), key=lambda one: one.get("PolicyIndex") or 0)
        for rule in _rules(direction, policy, context)
    ]
    return SecurityGroup(
        id=raw["SecurityGroupId"],
        name=raw.get("SecurityGroupName") or raw["SecurityGroupId"],
        labels=labels(raw.get("TagSet")),
        created_at=when(raw.get("CreatedTime")),
        region=context.place.region,
        rules=tuple(dict.fromkeys(rules)),
    )


ACTIONS: Final = {"ACCEPT": "allow", "DROP": "deny"}


def _rules(direction: str, raw: Raw, context: Context) -> Iterator[SecurityRule]:
    """Maps <https://cloud.tencent.com/document/api/215/15824#SecurityGroupPolicy>.

    One rule for each protocol and range of ports. The peer is a prefix, a security group or a template of addresses.
    """
    template = raw.get("AddressTemplate") or {}
    ranges = prefixes(raw.get("CidrBlock"), raw.get("Ipv6CidrBlock"))
    named = texts((raw.get("SecurityGroupId"), template.get("AddressId"), template.get("AddressGroupId")))
    peer = next(iter((*ranges, *named)), "")
    word = raw.get("Action") or ""
    for protocol, ports in _services(raw, context):
        for one in ports.split(","):
            yield SecurityRule(direction, protocol, one, peer, ACTIONS.get(word, word.lower()))


def _services(raw: Raw, context: Context) -> Iterator[tuple[str, str]]:
    """The protocols and ports of a policy: its own, or those of the templates that it names.

    The id of a template that went since stands for what it held.
    """
    named = raw.get("ServiceTemplate") or {}
    group = named.get("ServiceGroupId") or ""
    templates = texts((named.get("ServiceId"),))
    if group:
        templates = context.one("service_groups", group).get("ServiceTemplateIdSet") or (group,)
    if not templates:
        yield _ports(raw.get("Protocol") or "", raw.get("Port") or "")
    for template in templates:
        services = context.one("services", template).get("ServiceSet") or (template,)
        for protocol, _, ports in (one.partition(":") for one in services):
            yield _ports(protocol, ports)


def _ports(protocol: str, ports: str) -> tuple[str, str]:
    protocol, ports = protocol.lower(), ports.lower()
    return "" if protocol == "all" else protocol, "" if ports in {"all", "-"} else ports


def _if_named(found: Sequence[Raw]) -> Iterator[Request]:
    """One request for all templates, if any of the policies names one."""
    policies = (one for held in found for field in ("Ingress", "Egress") for one in held.get(field) or ())
    if any(texts((one.get("ServiceTemplate") or {}).values()) for one in policies):
        yield Request("", {})


def nat_gateway(raw: Raw, context: Context) -> NatGateway | None:
    """Maps <https://cloud.tencent.com/document/api/215/15824#NatGateway>. One whose making failed is none."""
    if raw.get("State") == "PENDFAILURE":
        return None
    native = raw["NatGatewayId"]
    rules = {
        *(rule for one in context.get("snat", native) for rule in _snat(one)),
        *(_dnat(one) for one in context.get("dnat", native)),
    }
    return NatGateway(
        id=native,
        name=raw.get("NatGatewayName") or native,
        labels=labels(raw.get("TagSet")),
        created_at=when(raw.get("CreatedTime")),
        region=context.place.region,
        vpc=raw.get("VpcId") or "",
        subnets=texts((raw.get("SubnetId"),)),
        public_ips=sorted_addresses(one.get("PublicIpAddress") for one in raw.get("PublicIpAddressSet") or ()),
        rules=_sorted(rules),
    )


def _snat(raw: Raw) -> Iterator[NatRule]:
    """Maps <https://cloud.tencent.com/document/api/215/15824#SourceIpTranslationNatRule>."""
    for address in raw.get("PublicIpAddresses") or ():
        yield NatRule("snat", external=address, internal=raw.get("PrivateIpAddress") or raw.get("ResourceId") or "")


def _dnat(raw: Raw) -> NatRule:
    """Maps <https://cloud.tencent.com/document/api/215/15824#NatGatewayDestinationIpPortTranslationNatRule>."""
    return NatRule(
        "dnat",
        (raw.get("IpProtocol") or "").lower(),
        raw.get("PublicIpAddress") or "",
        str(raw.get("PublicPort") or ""),
        raw.get("PrivateIpAddress") or "",
        str(raw.get("PrivatePort") or ""),
    )


def private_nat_gateway(raw: Raw, context: Context) -> NatGateway:
    """Maps <https://cloud.tencent.com/document/api/215/15824#PrivateNatGateway>.

    Its addresses are those that its rules translate to.
    """
    native = raw["NatGatewayId"]
    rules = {
        *(_translated("snat", one) for one in context.get("snat", native)),
        *(_translated("dnat", one) for one in context.get("dnat", native)),
    }
    return NatGateway(
        id=native,
        name=raw.get("NatGatewayName") or native,
        labels=labels(raw.get("TagSet")),
        created_at=when(raw.get("CreatedTime")),
        region=context.place.region,
        vpc=raw.get("VpcId") or "",
        private_ips=sorted_addresses(address for rule in rules for address in _pool(rule.external)),
        rules=_sorted(rules),
    )


def _translated(kind: str, raw: Raw) -> NatRule:
    """Maps <https://cloud.tencent.com/document/api/215/15824#TranslationNatRule>, and the one with ports."""
    return NatRule(
        kind,
        (raw.get("Protocol") or "").lower(),
        raw.get("TranslationIp") or "",
        str(raw.get("TranslationPort") or ""),
        raw.get("OriginalIp") or "",
        str(raw.get("OriginalPort") or ""),
    )


LARGEST_POOL: Final = 4096
"""A pool with more addresses than that is in the rules only."""


def _pool(text: str) -> Iterator[str]:
    """The addresses of `10.0.0.156-10.0.0.200`, or of one alone."""
    first, _, last = text.partition("-")
    if not last:
        yield from addresses(first)
    elif pack(last.strip()) - pack(first.strip()) < LARGEST_POOL:
        yield from map(unpack, range(pack(first.strip()), pack(last.strip()) + 1))


def _sorted(rules: Iterable[NatRule]) -> tuple[NatRule, ...]:
    return tuple(sorted(rules, key=lambda one: (one.type, one.external, one.external_port, one.protocol, one.internal)))


def peering_connection(raw: Raw, context: Context) -> PeeringConnection | None:
    """Maps <https://cloud.tencent.com/document/api/215/15824#PeerConnection>.

    Both ends list it: it is kept where its source is, and at its destination where the source is not ours.
    """
    source, region = str(raw.get("SourceUin") or ""), region_of(raw.get("SourceRegion"))
    if raw.get("State") == "DELETED" or context.elsewhere(source, region):
        return None
    other = raw.get("DestinationVpcId") or raw.get("PeerVpcId") or ""
    return PeeringConnection(
        id=raw["PeeringConnectionId"],
        name=raw.get("PeeringConnectionName") or raw["PeeringConnectionId"],
        labels=labels(raw.get("TagSet")),
        created_at=when(raw.get("CreateTime")),
        vpcs=(
            _end(source, region, raw.get("SourceVpcId") or "", context),
            _end(str(raw.get("DestinationUin") or ""), region_of(raw.get("DestinationRegion")), other, context),
        ),
        state=(raw.get("State") or "").lower(),
    )


def _end(account: str, region: str, native: str, context: Context) -> PeeringEnd:
    return PeeringEnd("" if account == context.place.account else account, region, native)


ATTACHED: Final = {
    "VPC": "vpc",
    "DIRECTCONNECT": "direct_connect_gateway",
    "VPNGW": "vpn_gateway",
    "BMVPC": "bm_vpc",
    "EDGE": "edge",
}
"""CCN's words for what is attached."""

_HOLDS: Final = frozenset({"ACTIVE", "DETACHING", "DETACHFAILED"})


def ccn(raw: Raw, context: Context) -> Cen:
    """Maps <https://cloud.tencent.com/document/api/215/15824#CCN>. It has no region: what is attached does."""
    native = raw["CcnId"]
    stated = [one for one in context.get("attachments", native) if one.get("State") in _HOLDS and one.get("InstanceId")]
    found = {_attached(one, context) for one in stated}
    return Cen(
        id=native,
        name=raw.get("CcnName") or native,
        labels=labels(raw.get("TagSet")),
        created_at=when(raw.get("CreateTime")),
        attachments=tuple(sorted(found, key=lambda one: (one.kind, one.id))),
    )


def _attached(raw: Raw, context: Context) -> Attachment:
    """Maps <https://cloud.tencent.com/document/api/215/15824#CcnAttachedInstance>."""
    word, owner = raw.get("InstanceType") or "", str(raw.get("InstanceUin") or "")
    return Attachment(
        ATTACHED.get(word, word.lower()),
        raw["InstanceId"],
        region_of(raw.get("InstanceRegion")),
        "" if owner == context.place.account else owner,
    )


_RULES: Final = each("", "NatGatewayId", "NatGatewayId")

LISTINGS: Final = (
    Listing("vpc", "vpc:DescribeVpcs", "VpcSet", vpc, paging.TEXT),
    Listing("subnet", "vpc:DescribeSubnets", "SubnetSet", subnet, paging.TEXT),
    Listing(
        "router", "vpc:DescribeRouteTables", "RouteTableSet", router, paging.TEXT,
        joins=(
            Join("routes", "vpc:DescribeRoutes", "RouteSet", paging.OFFSET, by="RouteTableId"),
            Join("subnets", "vpc:DescribeSubnets", "SubnetSet", paging.TEXT, by="RouteTableId"),
        ),
    ),
    Listing(
        "security_group", "vpc:DescribeSecurityGroups", "SecurityGroupSet", security_group, paging.TEXT,
        joins=(
            Join(
                "policies", "vpc:DescribeSecurityGroupPolicies", "SecurityGroupPolicySet",
                each=each("", "SecurityGroupId", "SecurityGroupId"),
            ),
            Join(
                "services", "vpc:DescribeServiceTemplates", "ServiceTemplateSet", paging.TEXT,
                each=Each("policies", _if_named), by="ServiceTemplateId",
            ),
            Join(
                "service_groups", "vpc:DescribeServiceTemplateGroups", "ServiceTemplateGroupSet", paging.TEXT,
                each=Each("policies", _if_named), by="ServiceTemplateGroupId",
            ),
        ),
    ),
    Listing(
        "nat_gateway", "vpc:DescribeNatGateways", "NatGatewaySet", nat_gateway, paging.OFFSET, api="public",
        joins=(
            Join(
                "snat", "vpc:DescribeNatGatewaySourceIpTranslationNatRules", "SourceIpTranslationNatRuleSet",
                paging.OFFSET, each=_RULES,
            ),
            Join(
                "dnat", "vpc:DescribeNatGatewayDestinationIpPortTranslationNatRules",
                "NatGatewayDestinationIpPortTranslationNatRuleSet", paging.OFFSET, by="NatGatewayId",
            ),
        ),
    ),
    Listing(
        "nat_gateway", "vpc:DescribePrivateNatGateways", "PrivateNatGatewaySet", private_nat_gateway, paging.SMALL,
        api="private",
        joins=(
            Join(
                "snat", "vpc:DescribePrivateNatGatewayTranslationNatRules", "TranslationNatRuleSet", paging.SMALL,
                each=_RULES,
            ),
            Join(
                "dnat", "vpc:DescribePrivateNatGatewayDestinationIpPortTranslationNatRules",
                "LocalDestinationIpPortTranslationNatRuleSet", paging.SMALL, each=_RULES,
            ),
        ),
    ),
    Listing(
        "peering_connection", "vpc:DescribeVpcPeeringConnections", "PeerConnectionSet", peering_connection,
        paging.OFFSET,
    ),
    Listing(
        "cen", "vpc:DescribeCcns", "CcnSet", ccn, paging.OFFSET, scope="global",
        joins=(Join("attachments", "vpc:DescribeCcnAttachedInstances", "InstanceSet", paging.OFFSET, by="CcnId"),),
    ),
)  # fmt: skip
"""What is listed of networks, in this order."""
