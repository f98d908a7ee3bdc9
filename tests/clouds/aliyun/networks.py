"""Networks and what joins them: an item of each answer, whole, from what sets it apart.

Field names, types and nesting are those of the actions' reference and of the models of Aliyun's SDKs.
"""

from collections.abc import Mapping, Sequence

from clouds.aliyun.wire import ACCOUNT, GROUP, MINUTES, NONE, SECONDS, Row, Tags, flat_tags, number_of, tag_keys, tags


def vpc(vpc_id: str, region: str, cidr: str, ipv6: str = "", more: Sequence[str] = (), given: Tags = NONE) -> Row:
    blocks = [{"Ipv6Isp": "BGP", "Ipv6CidrBlock": ipv6}] if ipv6 else []
    return {
        "VpcId": vpc_id, "VpcName": vpc_id.removeprefix("vpc-"), "RegionId": region, "CidrBlock": cidr,
        "SecondaryCidrBlocks": {"SecondaryCidrBlock": list(more)}, "UserCidrs": {"UserCidr": []},
        "Ipv6CidrBlock": ipv6, "Ipv6CidrBlocks": {"Ipv6CidrBlock": blocks}, "EnabledIpv6": bool(ipv6),
        "VRouterId": vpc_id.replace("vpc-", "vrt-"), "VSwitchIds": {"VSwitchId": []},
        "RouterTableIds": {"RouterTableIds": []}, "NatGatewayIds": {"NatGatewayIds": []}, "CenStatus": "Detached",
        "CreationTime": SECONDS, "Status": "Available", "IsDefault": False, "OwnerId": ACCOUNT, "Description": "",
        "DhcpOptionsSetId": "", "DhcpOptionsSetStatus": "Available", "DnsHostnameStatus": "DISABLED",
        "ResourceGroupId": GROUP, "Tags": tags(given),
    }  # fmt: skip


def vswitch(vsw: str, vpc_id: str, zone: str, cidr: str, table: str, ipv6: str = "", given: Tags = NONE) -> Row:
    return {
        "VSwitchId": vsw, "VSwitchName": vsw.removeprefix("vsw-"), "VpcId": vpc_id, "ZoneId": zone, "CidrBlock": cidr,
        "Ipv6CidrBlock": ipv6, "EnabledIpv6": bool(ipv6),
        "RouteTable": {"RouteTableId": table, "RouteTableType": "System"}, "AvailableIpAddressCount": 240,
        "NetworkAclId": "", "Status": "Available", "IsDefault": False, "ShareType": "", "OwnerId": ACCOUNT,
        "Description": "", "CreationTime": SECONDS, "ResourceGroupId": GROUP, "Tags": tags(given),
    }  # fmt: skip


def route_table(
    table: str, vpc_id: str, vswitches: Sequence[str], kind: str = "System", router: str = "VRouter", given: Tags = NONE
) -> Row:
    return {
        "RouteTableId": table, "RouteTableName": table.removeprefix("vtb-"), "RouteTableType": kind,
        "RouterType": router, "RouterId": vpc_id.replace("vpc-", "vrt-") or "vbr-bp1office", "VpcId": vpc_id,
        "AssociateType": "VSwitch", "VSwitchIds": {"VSwitchId": list(vswitches)}, "GatewayIds": {"GatewayIds": []},
        "RoutePropagationEnable": True, "Status": "Available", "OwnerId": ACCOUNT, "Description": "",
        "CreationTime": SECONDS, "ResourceGroupId": GROUP, "Tags": tags(given),
    }  # fmt: skip


def route(table: str, destination: str, *hops: tuple[str, str], kind: str = "Custom") -> Row:
    """`hops` are the types and ids of the next hops: more than one where the route is shared out."""
    weight = 100 // max(len(hops), 1)
    return {
        "RouteTableId": table, "RouteEntryId": f"rte-{table[4:]}{number_of(destination)}", "RouteEntryName": "",
        "DestinationCidrBlock": destination, "IpVersion": "IPv6" if ":" in destination else "IPv4", "Type": kind,
        "NextHops": {"NextHop": [
            {"NextHopType": hop, "NextHopId": native, "NextHopRegionId": "", "Enabled": 1, "Weight": weight,
             "NextHopRelatedInfo": {"InstanceId": "", "InstanceType": "", "RegionId": ""}}
            for hop, native in hops
        ]},
        "Status": "Available", "Description": "", "GmtModified": SECONDS, "Origin": "Custom",
        "ServiceType": "TR" if hops[0][0] == "Attachment" else "",
    }  # fmt: skip


def group(sg: str, vpc_id: str, given: Tags = NONE) -> Row:
    return {
        "SecurityGroupId": sg, "SecurityGroupName": sg.removeprefix("sg-"), "SecurityGroupType": "normal",
        "VpcId": vpc_id, "Description": "", "CreationTime": SECONDS, "ResourceGroupId": GROUP, "ServiceManaged": False,
        "Tags": tag_keys(given),
    }  # fmt: skip


def group_head(sg: str, region: str, vpc_id: str) -> Row:
    return {
        "SecurityGroupId": sg, "SecurityGroupName": sg.removeprefix("sg-"), "RegionId": region, "VpcId": vpc_id,
        "Description": "", "InnerAccessPolicy": "Accept", "SnapshotPolicyIds": {"SnapshotPolicyId": []},
    }  # fmt: skip


def rule(direction: str, protocol: str, ports: str, policy: str = "Accept", **peer: str) -> Row:
    """`peer` is one of SourceCidrIp, Ipv6SourceCidrIp, SourceGroupId, SourcePrefixListId, or the like with Dest."""
    (name, value), *_ = peer.items()
    return {
        "SecurityGroupRuleId": f"sgr-{number_of(direction + protocol + ports + value)}", "Direction": direction,
        "IpProtocol": protocol, "PortRange": ports, "SourcePortRange": "", "Policy": policy, "Priority": "1",
        "NicType": "intranet", "SourceCidrIp": "", "DestCidrIp": "", "Ipv6SourceCidrIp": "", "Ipv6DestCidrIp": "",
        "SourceGroupId": "", "SourceGroupName": "", "SourceGroupOwnerAccount": "", "DestGroupId": "",
        "DestGroupName": "", "DestGroupOwnerAccount": "", "SourcePrefixListId": "", "SourcePrefixListName": "",
        "DestPrefixListId": "", "DestPrefixListName": "", "Description": "", "CreateTime": SECONDS, name: value,
    }  # fmt: skip


def nat_gateway(
    ngw: str, region: str, vpc_id: str, zone: str, vsw: str, private_ip: str, eips: Mapping[str, str] = NONE,
    given: Tags = NONE,
) -> Row:  # fmt: skip
    """`eips` are addresses by allocation; without any it is a gateway of private networks."""
    tail = ngw.removeprefix("ngw-")
    return {
        "NatGatewayId": ngw, "Name": tail, "RegionId": region, "VpcId": vpc_id, "NatType": "Enhanced",
        "NetworkType": "internet" if eips else "intranet", "Spec": "", "Status": "Available",
        "IpLists": {"IpList": [
            {"AllocationId": allocation, "IpAddress": ip, "PrivateIpAddress": private_ip, "SnatEntryEnabled": True,
             "UsingStatus": "UsedBySnatTable"}
            for allocation, ip in eips.items()
        ]},
        "SnatTableIds": {"SnatTableId": [f"stb-{tail}"]}, "ForwardTableIds": {"ForwardTableId": [f"ftb-{tail}"]},
        "FullNatTableIds": {"FullNatTableId": [] if eips else [f"fulltb-{tail}"]},
        "NatGatewayPrivateInfo": {
            "EniInstanceId": f"eni-{tail}nat", "EniType": "Secondary", "IzNo": zone, "VswitchId": vsw,
            "PrivateIpAddress": private_ip, "MaxBandwidth": 5120, "MaxSessionQuota": 2000000,
            "MaxSessionEstablishRate": 100000,
        },
        "BusinessStatus": "Normal", "InstanceChargeType": "PostPaid", "InternetChargeType": "PayByLcu",
        "EipBindMode": "MULTI_BINDED", "EcsMetricEnabled": True, "IcmpReplyEnabled": True, "DeletionProtection": False,
        "Description": "", "ExpiredTime": "", "CreationTime": SECONDS, "ResourceGroupId": GROUP,
        "Tags": tag_keys(given),
    }  # fmt: skip


def snat(ngw: str, number: int, cidr: str, ip: str, vsw: str = "") -> Row:
    tail = ngw.removeprefix("ngw-")
    return {
        "SnatEntryId": f"snat-{tail}{number}", "SnatEntryName": "", "SnatTableId": f"stb-{tail}", "NatGatewayId": ngw,
        "SourceCIDR": cidr, "SourceVSwitchId": vsw, "SnatIp": ip, "NetworkInterfaceId": "", "EipAffinity": "0",
        "Status": "Available",
    }  # fmt: skip


def dnat(ngw: str, number: int, protocol: str, outer: tuple[str, str], inner: tuple[str, str]) -> Row:
    """`outer` and `inner` are addresses with ports, which are `Any` for all."""
    tail = ngw.removeprefix("ngw-")
    return {
        "ForwardEntryId": f"fwd-{tail}{number}", "ForwardEntryName": "", "ForwardTableId": f"ftb-{tail}",
        "NatGatewayId": ngw, "IpProtocol": protocol, "ExternalIp": outer[0], "ExternalPort": outer[1],
        "InternalIp": inner[0], "InternalPort": inner[1], "Status": "Available",
    }  # fmt: skip


def full_nat(ngw: str, number: int, nat: tuple[str, str], inner: tuple[str, str]) -> Row:
    tail = ngw.removeprefix("ngw-")
    return {
        "FullNatEntryId": f"fullnat-{tail}{number}", "FullNatEntryName": "", "FullNatEntryDescription": "",
        "FullNatTableId": f"fulltb-{tail}", "FullNatEntryStatus": "Available", "IpProtocol": "tcp", "NatIp": nat[0],
        "NatIpPort": nat[1], "AccessIp": inner[0], "AccessPort": inner[1], "AccessDomain": "", "DomainResolve": "",
        "NetworkInterfaceId": f"eni-{tail}nat", "NetworkInterfaceType": "Endpoint", "CreationTime": SECONDS,
    }  # fmt: skip


def nat_ip(ngw: str, number: int, ip: str, cidr: str, *, default: bool = False) -> Row:
    return {
        "NatIpId": f"vpcnatip-{ngw.removeprefix('ngw-')}{number}", "NatIpName": "", "NatIpDescription": "",
        "NatIp": ip, "NatIpCidr": cidr, "NatGatewayId": ngw, "IsDefault": default, "NatIpStatus": "Available",
        "Ipv4Prefix": "",
    }  # fmt: skip


def eip(
    allocation: str, region: str, ip: str, kind: str = "", native: str = "", private_ip: str = "", given: Tags = NONE
) -> Row:
    """`kind` and `native` are the type and id of what it is bound to. Numbers are text, as Aliyun has them."""
    return {
        "AllocationId": allocation, "Name": allocation.removeprefix("eip-"), "RegionId": region, "IpAddress": ip,
        "Status": "InUse" if native else "Available", "InstanceType": kind, "InstanceId": native,
        "InstanceRegionId": region if native else "", "PrivateIpAddress": private_ip, "VpcId": "", "ISP": "BGP",
        "Mode": "NAT", "Netmode": "public", "Bandwidth": "5", "EipBandwidth": "5", "BandwidthPackageId": "",
        "BandwidthPackageBandwidth": "", "BandwidthPackageType": "", "BizType": "Default", "ChargeType": "PostPaid",
        "InternetChargeType": "PayByTraffic", "BusinessStatus": "Normal", "Description": "", "ExpiredTime": "",
        "AllocationTime": SECONDS, "HDMonitorStatus": "OFF", "HasReservationData": "false", "SecondLimited": False,
        "DeletionProtection": False, "OperationLocks": {"LockReason": []}, "SegmentInstanceId": "",
        "PublicIpAddressPoolId": "", "SecurityProtectionTypes": {"SecurityProtectionType": []}, "ServiceManaged": 0,
        "ServiceID": 0, "Zone": "", "ResourceGroupId": GROUP, "Tags": tags(given),
    }  # fmt: skip


def peering(pcc: str, end: Row, other: Row, status: str = "Activated", given: Tags = NONE) -> Row:
    """An end is `{region, owner, vpc}`, the vpc as `end_vpc` has it."""
    return {
        "InstanceId": pcc, "Name": pcc.removeprefix("pcc-"), "Description": "", "Status": status, "BizStatus": "Normal",
        "OwnerId": end["owner"], "RegionId": end["region"], "Vpc": end["vpc"],
        "AcceptingOwnerUid": other["owner"], "AcceptingRegionId": other["region"], "AcceptingVpc": other["vpc"],
        "Bandwidth": 1024, "LinkType": "Gold", "ManagedService": "", "GmtCreate": SECONDS, "GmtModified": SECONDS,
        "GmtExpired": None, "ResourceGroupId": GROUP, "Tags": flat_tags(given),
    }  # fmt: skip


def peering_end(region: str, vpc_id: str, cidr: str, ipv6: str = "", owner: int = ACCOUNT) -> Row:
    cidrs = {"VpcId": vpc_id, "Ipv4Cidrs": [cidr], "Ipv6Cidrs": [ipv6] if ipv6 else []}
    return {"region": region, "owner": owner, "vpc": cidrs}


def router_interface(
    ri: str, role: str, mine: str, opposite: str, other: str, region: str, owner: int = ACCOUNT, kind: str = "VRouter"
) -> Row:
    """One end of a pair that joins the VPC `mine` with `other` in `region`, the border router where `kind` is VBR."""
    return {
        "RouterInterfaceId": ri, "Name": ri.removeprefix("ri-"), "Description": "", "Role": role,
        "RouterType": "VRouter", "RouterId": mine.replace("vpc-", "vrt-"), "VpcInstanceId": mine,
        "OppositeInterfaceId": opposite, "OppositeInterfaceOwnerId": str(owner), "OppositeInterfaceStatus": "Active",
        "OppositeInterfaceBusinessStatus": "Normal", "OppositeInterfaceSpec": "Small.1", "OppositeRegionId": region,
        "OppositeRouterId": other.replace("vpc-", "vrt-"), "OppositeRouterType": kind,
        "OppositeVpcInstanceId": other if kind == "VRouter" else "", "OppositeAccessPointId": "",
        "OppositeBandwidth": 10, "AccessPointId": "", "Spec": "Small.1", "Bandwidth": 10, "Status": "Active",
        "BusinessStatus": "Normal", "ChargeType": "AfterPay", "CrossBorder": False, "FastLinkMode": False,
        "HasReservationData": "false", "HealthCheckSourceIp": "", "HealthCheckTargetIp": "",
        "ConnectedTime": SECONDS, "CreationTime": SECONDS, "EndTime": "",
        "ResourceGroupId": GROUP, "Tags": {"Tags": []},
    }  # fmt: skip


# ---- transit networks


def cen(cen_id: str, given: Tags = NONE) -> Row:
    return {
        "CenId": cen_id, "Name": cen_id.removeprefix("cen-"), "Description": "", "Status": "Active",
        "ProtectionLevel": "REDUCED", "Ipv6Level": "ENABLED", "CreationTime": MINUTES, "ResourceGroupId": GROUP,
        "CenBandwidthPackageIds": {"CenBandwidthPackageId": []}, "Tags": tags(given),
    }  # fmt: skip


def transit_router(router: str, cen_id: str, region: str, kind: str = "Enterprise") -> Row:
    return {
        "TransitRouterId": router, "TransitRouterName": router.removeprefix("tr-"), "TransitRouterDescription": "",
        "CenId": cen_id, "RegionId": region, "Type": kind, "Status": "Active", "AliUid": ACCOUNT,
        "SupportMulticast": False, "TransitRouterCidrList": [], "CreationTime": MINUTES, "Tags": [],
    }  # fmt: skip


def attachment(native: str, cen_id: str, router: str, kind: str, **what: object) -> Row:
    """`what` are the fields of what is attached: VpcId, VpcRegionId, VpcOwnerId, and so on for each kind."""
    return {
        "TransitRouterAttachmentId": native, "TransitRouterAttachmentName": native.removeprefix("tr-attach-"),
        "TransitRouterAttachmentDescription": "", "TransitRouterId": router, "CenId": cen_id, "ResourceType": kind,
        "Status": "Attached", "AutoPublishRouteEnabled": True, "OrderType": "PayByCenOwner", "CreationTime": MINUTES,
        "Tags": [], **what,
    }  # fmt: skip


def child(cen_id: str, kind: str, native: str, region: str, owner: int = ACCOUNT) -> Row:
    return {
        "CenId": cen_id, "ChildInstanceId": native, "ChildInstanceType": kind, "ChildInstanceRegionId": region,
        "ChildInstanceOwnerId": owner, "ChildInstanceAttachTime": MINUTES, "ManagedService": "", "Status": "Attached",
    }  # fmt: skip
