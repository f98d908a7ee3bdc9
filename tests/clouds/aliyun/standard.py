"""The standard estate: a shop in Hangzhou and Singapore, with one of every family that Aliyun offers."""

from typing import Final

from clouds.aliyun import machines, networks, serving
from clouds.aliyun.estate import Estate
from clouds.aliyun.identity import MEMBER
from clouds.aliyun.places import AWAY, DATA, HOME, SHOP, SOLD_OUT, STRANGER, A, H, I
from clouds.aliyun.wire import ACCOUNT, Row

SHOPS_VPC: Final = networks.vpc("vpc-bp1shop", HOME, "10.0.0.0/16", "2001:db8:1100::/56", ("10.1.0.0/16",), SHOP)
SHOPS_VSWITCH: Final = networks.vswitch(H[2], H[1], H[0], "10.0.1.0/24", "vtb-bp1shop", "2001:db8:1100:1::/64", SHOP)
ONLY: Final = {service: frozenset({HOME}) for service in ("gwlb", "drds", "polardbx")}
"""Services that are not offered everywhere."""


def standard() -> Estate:
    """The whole estate."""
    estate = Estate((HOME, AWAY, SOLD_OUT), ONLY)
    _regions(estate)
    _networks(estate)
    _nat(estate)
    _machines(estate)
    _joined(estate)
    _transit(estate)
    _clusters(estate)
    serving.add(estate)
    return estate


def warehouse() -> Estate:
    """What a member of the resource directory has: one VPC with one VM, and the shop's VPC, which is shared with it."""
    owned = {"OwnerId": int(MEMBER)}
    estate = Estate((HOME,), ONLY)
    place = ("cn-hangzhou-h", "vpc-bp1ware", "vsw-bp1ware")
    eni = machines.interface("eni-bp1ware", place, ("10.90.0.5",), (), (), "i-bp1ware", "Primary")
    estate.add("ecs:DescribeRegions", "", machines.region(HOME, "杭州"))
    estate.add("ecs:DescribeZones", HOME, machines.zone(place[0], "杭州 可用区H"))
    estate.add("vpc:DescribeVpcs", HOME, {**networks.vpc(place[1], HOME, "10.90.0.0/16"), **owned}, SHOPS_VPC)
    mine = networks.vswitch(place[2], place[1], place[0], "10.90.0.0/24", "")
    estate.add("vpc:DescribeVSwitches", HOME, {**mine, **owned}, {**SHOPS_VSWITCH, "ShareType": "Shared"})
    estate.add("ecs:DescribeNetworkInterfaces", HOME, {**eni, "OwnerId": MEMBER})
    estate.add("ecs:DescribeInstances", HOME, machines.instance("i-bp1ware", HOME, (eni,)))
    return estate


def _regions(estate: Estate) -> None:
    regions = [
        machines.region(HOME, "杭州"),
        machines.region(AWAY, "新加坡"),
        machines.region(SOLD_OUT, "伦敦", "soldOut"),
    ]
    estate.add("ecs:DescribeRegions", "", *regions)
    estate.add("ecs:DescribeZones", HOME, machines.zone("cn-hangzhou-h", "杭州 可用区H"),
               machines.zone("cn-hangzhou-i", "杭州 可用区I"),
               machines.zone("cn-hangzhou-b", "杭州 可用区B", sold_out=True))  # fmt: skip
    estate.add("ecs:DescribeZones", AWAY, machines.zone("ap-southeast-1a", "新加坡 可用区A"),
               machines.zone("ap-southeast-1b", "新加坡 可用区B", sold_out=True))  # fmt: skip
    estate.add("ecs:DescribeZones", SOLD_OUT, machines.zone("eu-west-1a", "伦敦 可用区A", sold_out=True))
    for service in ("slb", "alb", "nlb", "gwlb", "rds", "polardb", "polardbx", "r-kvstore"):
        for row in regions:
            if row["RegionId"] in estate.offered(service):
                estate.add(f"{service}:DescribeRegions", "", *_of_service(estate, service, row))


def _of_service(estate: Estate, service: str, region: Row) -> list[Row]:
    """A region as a service names it: RDS each zone of it, PolarDB with its zones, PolarDB-X with what runs there."""
    native = region["RegionId"]
    zones = [f"{native}-a", f"{native}-b"]
    named = {"RegionId": native, "LocalName": region["LocalName"], "RegionEndpoint": f"{service}.{native}.aliyuncs.com"}
    inside = {"Zone": [{"ZoneId": zone, "VpcEnabled": True} for zone in zones]}
    if service == "rds":
        return [{**named, "ZoneId": zone, "ZoneName": zone} for zone in zones]
    if service == "r-kvstore":
        return [{**named, "ZoneIds": ",".join(zones), "ZoneIdList": {"ZoneId": zones}}]
    if service == "polardb":
        return [{"RegionId": native, "Zones": inside}]
    if service == "polardbx":
        old = native in estate.offered("drds")
        return [{"RegionId": native, "Zones": inside, "SupportPolarx10": old, "SupportPolarx20": True}]
    return [named]


def _networks(estate: Estate) -> None:
    estate.add("vpc:DescribeVpcs", HOME, SHOPS_VPC, networks.vpc("vpc-bp1data", HOME, "172.16.0.0/16"))
    estate.add("vpc:DescribeVpcs", AWAY, networks.vpc("vpc-t4nshop", AWAY, "10.8.0.0/16", "2001:db8:1200::/56"))
    estate.add("vpc:DescribeVSwitches", HOME,
               SHOPS_VSWITCH,
               networks.vswitch(I[2], I[1], I[0], "10.0.2.0/24", "vtb-bp1shopi"),
               networks.vswitch(DATA[2], DATA[1], DATA[0], "172.16.0.0/24", "vtb-bp1data"))  # fmt: skip
    estate.add("vpc:DescribeVSwitches", AWAY,
               networks.vswitch(A[2], A[1], A[0], "10.8.1.0/24", "vtb-t4nshop", "2001:db8:1200:1::/64"))  # fmt: skip
    estate.add("vpc:DescribeRouteTableList", HOME,
               networks.route_table("vtb-bp1shop", "vpc-bp1shop", ("vsw-bp1shoph",), given=SHOP),
               networks.route_table("vtb-bp1shopi", "vpc-bp1shop", ("vsw-bp1shopi",), "Custom"),
               networks.route_table("vtb-bp1data", "vpc-bp1data", ("vsw-bp1data",)),
               networks.route_table("vtb-bp1office", "", (), router="VBR"))  # fmt: skip
    estate.add("vpc:DescribeRouteTableList", AWAY, networks.route_table("vtb-t4nshop", "vpc-t4nshop", ("vsw-t4nshop",)))
    for region, table, routes in ROUTES:
        estate.add("vpc:DescribeRouteEntryList", region, of=table)
        for destination, hops in routes.items():
            kind = "System" if hops[0][0] in {"local", "service"} else "Custom"
            row = networks.route(table, destination, *hops, kind=kind)
            estate.add("vpc:DescribeRouteEntryList", region, row, of=table)
    for region, sg, vpc_id, rules in GROUPS:
        estate.add("ecs:DescribeSecurityGroups", region, networks.group(sg, vpc_id, SHOP if sg == "sg-bp1web" else {}))
        estate.head("ecs:DescribeSecurityGroupAttribute", region, sg, networks.group_head(sg, region, vpc_id))
        estate.add("ecs:DescribeSecurityGroupAttribute", region, *rules, of=sg)


ROUTES: Final = (
    (HOME, "vtb-bp1shop", {
        "10.0.1.0/24": (("local", ""),),
        "2001:db8:1100:1::/64": (("local", ""),),
        "100.64.0.0/10": (("service", ""),),
        "0.0.0.0/0": (("NatGateway", "ngw-bp1shop"),),
        "::/0": (("IPv6Gateway", "ipv6gw-bp1shop"),),
        "172.16.0.0/16": (("VpcPeer", "pcc-bp1data"),),
        "10.8.0.0/16": (("Attachment", "tr-attach-bp1shop"),),
        "192.168.0.0/16": (("RouterInterface", "ri-bp1one"), ("RouterInterface", "ri-bp1two")),
        "10.97.0.0/16": (("Instance", "i-bp1web1"),),
        "10.98.0.0/16": (("VpnGateway", "vpn-bp1shop"),),
        "10.99.0.0/16": (("HaVip", "havip-bp1shop"),),
        "10.96.0.0/16": (("NetworkInterface", "eni-bp1free"),),
    }),
    (HOME, "vtb-bp1shopi", {"10.0.2.0/24": (("local", ""),), "0.0.0.0/0": (("NatGateway", "ngw-bp1shop"),)}),
    (HOME, "vtb-bp1data", {"172.16.0.0/24": (("local", ""),), "10.0.0.0/16": (("VpcPeer", "pcc-bp1data"),)}),
    (HOME, "vtb-bp1office", {"10.200.0.0/16": (("RouterInterface", "ri-bp1office"),)}),
    (AWAY, "vtb-t4nshop", {
        "10.8.1.0/24": (("local", ""),),
        "2001:db8:1200:1::/64": (("local", ""),),
        "10.0.0.0/16": (("VpcPeer", "pcc-bp1far"),),
        "0.0.0.0/0": (("NatGateway", "ngw-t4nshop"),),
    }),
)  # fmt: skip

GROUPS: Final = (
    (HOME, "sg-bp1web", "vpc-bp1shop", [
        networks.rule("ingress", "TCP", "443/443", SourceCidrIp="0.0.0.0/0"),
        networks.rule("ingress", "TCP", "443/443", Ipv6SourceCidrIp="::/0"),
        networks.rule("ingress", "TCP", "8000/8999", SourceGroupId="sg-bp1data"),
        networks.rule("ingress", "ICMP", "-1/-1", "Drop", SourceCidrIp="198.51.100.0/24"),
        networks.rule("egress", "ALL", "-1/-1", DestCidrIp="0.0.0.0/0"),
        networks.rule("egress", "UDP", "53/53", DestPrefixListId="pl-bp1dns"),
    ]),
    (HOME, "sg-bp1data", "vpc-bp1data", [networks.rule("ingress", "TCP", "3306/3306", SourceCidrIp="10.0.0.0/16")]),
    *((HOME, f"sg-bp1pool{number}", "vpc-bp1shop", []) for number in range(9)),
    (AWAY, "sg-t4nweb", "vpc-t4nshop", [networks.rule("ingress", "TCP", "443/443", Ipv6SourceCidrIp="::/0")]),
)  # fmt: skip


def _nat(estate: Estate) -> None:
    estate.add("vpc:DescribeNatGateways", HOME,
               networks.nat_gateway("ngw-bp1data", HOME, DATA[1], DATA[0], DATA[2], "172.16.0.253"),
               networks.nat_gateway("ngw-bp1shop", HOME, H[1], H[0], H[2], "10.0.1.253",
                                    {"eip-bp1nat1": "203.0.113.1", "eip-bp1nat2": "203.0.113.2"}, SHOP))  # fmt: skip
    estate.add("vpc:DescribeNatGateways", AWAY,
               networks.nat_gateway("ngw-t4nshop", AWAY, A[1], A[0], A[2], "10.8.1.253",
                                    {"eip-t4nnat": "203.0.113.65"}))  # fmt: skip
    estate.add("vpc:DescribeSnatTableEntries", HOME,
               networks.snat("ngw-bp1shop", 1, "10.0.1.0/24", "203.0.113.1", "vsw-bp1shoph"),
               networks.snat("ngw-bp1shop", 2, "10.0.2.0/24", "203.0.113.1,203.0.113.2"),
               networks.snat("ngw-bp1data", 1, "172.16.0.0/24", "172.16.0.253"))  # fmt: skip
    estate.add("vpc:DescribeForwardTableEntries", HOME,
               networks.dnat("ngw-bp1shop", 1, "tcp", ("203.0.113.2", "80"), ("10.0.1.11", "8080")),
               networks.dnat("ngw-bp1shop", 2, "any", ("203.0.113.1", "any"), ("10.0.1.12", "any")))  # fmt: skip
    estate.add("vpc:DescribeSnatTableEntries", AWAY,
               networks.snat("ngw-t4nshop", 1, "10.8.1.0/24", "203.0.113.65", "vsw-t4nshop"))  # fmt: skip
    estate.add("vpc:ListFullNatEntries", HOME,
               networks.full_nat("ngw-bp1data", 1, ("172.16.0.254", "443"), ("10.200.0.7", "8443")),
               of="ngw-bp1data")  # fmt: skip
    estate.add("vpc:ListNatIps", HOME, networks.nat_ip("ngw-bp1data", 1, "172.16.0.253", "172.16.0.0/24", default=True),
               networks.nat_ip("ngw-bp1data", 2, "172.16.0.254", "172.16.0.0/24"), of="ngw-bp1data")  # fmt: skip


def _machines(estate: Estate) -> None:
    web, web_ips = ("sg-bp1web",), ("10.0.1.11", "10.0.1.21")
    first = machines.interface("eni-bp1web1a", H, web_ips, ("2001:db8:1100:1::11",), web, "i-bp1web1", "Primary",
                               {"10.0.1.11": ("eip-bp1web1", "203.0.113.11")})  # fmt: skip
    second = machines.interface("eni-bp1web1b", I, ("10.0.2.11",), (), web, "i-bp1web1", "Secondary",
                                {"10.0.2.11": ("eip-bp1web1b", "203.0.113.12")})  # fmt: skip
    other = machines.interface("eni-bp1web2", H, ("10.0.1.12",), (), web, "i-bp1web2", "Primary")
    data = machines.interface("eni-bp1data", DATA, ("172.16.0.11",), (), ("sg-bp1data",), "i-bp1data", "Primary")
    away = machines.interface("eni-t4nweb1", A, ("10.8.1.11",), ("2001:db8:1200:1::11",), ("sg-t4nweb",), "i-t4nweb1",
                              "Primary")  # fmt: skip
    # more VMs than ten, the least that Aliyun puts on a page; security groups likewise
    pool = [machines.interface(f"eni-bp1pool{number}", I, (f"10.0.2.{30 + number}",), (), web, f"i-bp1pool{number}",
                               "Primary") for number in range(8)]  # fmt: skip
    estate.add("ecs:DescribeInstances", HOME,
               machines.instance("i-bp1web1", HOME, (first, second), ("eip-bp1web1", "203.0.113.11"), given=SHOP),
               machines.instance("i-bp1web2", HOME, (other,), public=("198.51.100.12",), host="dh-bp1own"),
               machines.instance("i-bp1data", HOME, (data,), status="Stopped"),
               machines.classic("i-bp1old", HOME, "cn-hangzhou-b", "10.25.0.7", "198.51.100.7"),
               *(machines.instance(eni["InstanceId"], HOME, (eni,)) for eni in pool))  # fmt: skip
    estate.add("ecs:DescribeInstances", AWAY, machines.instance("i-t4nweb1", AWAY, (away,)))
    free = machines.interface("eni-bp1free", H, ("10.0.1.90", "10.0.1.91"), ("2001:db8:1100:1::90",), web,
                              public={"10.0.1.90": ("eip-bp1eni", "203.0.113.90")}, given=SHOP)  # fmt: skip
    job = machines.interface("eni-bp1job", H, ("10.0.1.95",), (), web, "eci-bp1job")
    managed = machines.interface("eni-bp1nlb", I, ("10.0.2.100",), managed=True)
    estate.add("ecs:DescribeNetworkInterfaces", HOME, free, managed, job, first, second, other, data, *pool)
    estate.add("ecs:DescribeNetworkInterfaces", AWAY, away,
               machines.interface("eni-t4nfree", A, ("10.8.1.90",), ("2001:db8:1200:1::90",)))  # fmt: skip
    estate.add("vpc:DescribeEipAddresses", HOME,
               networks.eip("eip-bp1web1", HOME, "203.0.113.11", "EcsInstance", "i-bp1web1", "10.0.1.11", SHOP),
               networks.eip("eip-bp1web1b", HOME, "203.0.113.12", "NetworkInterface", "eni-bp1web1b", "10.0.2.11"),
               networks.eip("eip-bp1eni", HOME, "203.0.113.90", "NetworkInterface", "eni-bp1free", "10.0.1.90"),
               networks.eip("eip-bp1nat1", HOME, "203.0.113.1", "Nat", "ngw-bp1shop"),
               networks.eip("eip-bp1nat2", HOME, "203.0.113.2", "Nat", "ngw-bp1shop"),
               networks.eip("eip-bp1slb", HOME, "203.0.113.30", "SlbInstance", "lb-bp1inner"),
               networks.eip("eip-bp1free", HOME, "203.0.113.99"))  # fmt: skip
    estate.add("vpc:DescribeEipAddresses", AWAY, networks.eip("eip-t4nnat", AWAY, "203.0.113.65", "Nat", "ngw-t4nshop"),
               networks.eip("eip-t4nfree", AWAY, "203.0.113.66"))  # fmt: skip


def _joined(estate: Estate) -> None:
    """VPC peerings: within a region, across regions (both see it), and with an account that is not ours."""
    shop = networks.peering_end(HOME, "vpc-bp1shop", "10.0.0.0/16", "2001:db8:1100::/56")
    data = networks.peering_end(HOME, "vpc-bp1data", "172.16.0.0/16")
    away = networks.peering_end(AWAY, "vpc-t4nshop", "10.8.0.0/16", "2001:db8:1200::/56")
    theirs = networks.peering_end(HOME, "vpc-bp1theirs", "10.64.0.0/16", owner=STRANGER)
    far = networks.peering("pcc-bp1far", shop, away)
    estate.add("vpcpeer:ListVpcPeerConnections", HOME, networks.peering("pcc-bp1data", shop, data, given=SHOP), far,
               networks.peering("pcc-bp1theirs", theirs, shop, "Accepting"))  # fmt: skip
    estate.add("vpcpeer:ListVpcPeerConnections", AWAY, far)
    estate.add("vpc:DescribeRouterInterfaces", HOME,
               networks.router_interface("ri-bp1one", "InitiatingSide", "vpc-bp1shop", "ri-t4none", "vpc-t4nshop",
                                         AWAY),
               networks.router_interface("ri-bp1two", "AcceptingSide", "vpc-bp1shop", "ri-t4ntwo", "vpc-t4nshop",
                                         AWAY),
               networks.router_interface("ri-bp1theirs", "AcceptingSide", "vpc-bp1shop", "ri-theirs", "vpc-bp1theirs",
                                         HOME, STRANGER),
               networks.router_interface("ri-bp1office", "AcceptingSide", "vpc-bp1shop", "ri-office", "vbr-bp1office",
                                         HOME, kind="VBR"))  # fmt: skip
    estate.add("vpc:DescribeRouterInterfaces", AWAY,
               networks.router_interface("ri-t4none", "AcceptingSide", "vpc-t4nshop", "ri-bp1one", "vpc-bp1shop", HOME),
               networks.router_interface("ri-t4ntwo", "InitiatingSide", "vpc-t4nshop", "ri-bp1two", "vpc-bp1shop",
                                         HOME))  # fmt: skip


def _transit(estate: Estate) -> None:
    estate.add(
        "cbn:DescribeCens", "", networks.cen("cen-shop", SHOP), networks.cen("cen-basic"), networks.cen("cen-empty")
    )
    estate.add("cbn:ListTransitRouters", "", networks.transit_router("tr-bp1shop", "cen-shop", HOME),
               networks.transit_router("tr-t4nshop", "cen-shop", AWAY),
               networks.transit_router("tr-bp1basic", "cen-basic", HOME, "Basic"))  # fmt: skip
    children = {
        "cen-shop": [networks.child("cen-shop", "VPC", "vpc-bp1shop", HOME),
                     networks.child("cen-shop", "VPC", "vpc-t4nshop", AWAY),
                     networks.child("cen-shop", "VBR", "vbr-bp1office", HOME)],
        "cen-basic": [networks.child("cen-basic", "VPC", "vpc-bp1data", HOME),
                      networks.child("cen-basic", "CCN", "ccn-office", "ccn-cn-shanghai", STRANGER)],
        "cen-empty": [],
    }  # fmt: skip
    for cen_id, rows in children.items():
        estate.add("cbn:DescribeCenAttachedChildInstances", "", *rows, of=cen_id)
    shop = ("cen-shop", "tr-bp1shop")
    mapping = [{"ZoneId": H[0], "VSwitchId": H[2], "NetworkInterfaceId": "eni-bp1tr"}]
    estate.add("cbn:ListTransitRouterVpcAttachments", "",
               networks.attachment("tr-attach-bp1shop", *shop, "VPC", VpcId="vpc-bp1shop", VpcRegionId=HOME,
                                   VpcOwnerId=ACCOUNT, ZoneMappings=mapping, ChargeType="POSTPAY", ManagedService="",
                                   TransitRouterVPCAttachmentOptions={"ipv6Support": "enable"}),
               networks.attachment("tr-attach-t4nshop", "cen-shop", "tr-t4nshop", "VPC", VpcId="vpc-t4nshop",
                                   VpcRegionId=AWAY, VpcOwnerId=ACCOUNT, ZoneMappings=[], ChargeType="POSTPAY",
                                   ManagedService="", TransitRouterVPCAttachmentOptions={}))  # fmt: skip
    estate.add("cbn:ListTransitRouterVbrAttachments", "",
               networks.attachment("tr-attach-bp1vbr", *shop, "VBR", VbrId="vbr-bp1office", VbrRegionId=HOME,
                                   VbrOwnerId=ACCOUNT))  # fmt: skip
    estate.add("cbn:ListTransitRouterVpnAttachments", "",
               networks.attachment("tr-attach-bp1vpn", *shop, "VPN", VpnId="vco-bp1office", VpnRegionId=HOME,
                                   VpnOwnerId=ACCOUNT, ChargeType="POSTPAY", Zones=[{"ZoneId": H[0]}]))  # fmt: skip
    estate.add("cbn:ListTransitRouterEcrAttachments", "",
               networks.attachment("tr-attach-bp1ecr", *shop, "ECR", EcrId="ecr-shop", EcrOwnerId=STRANGER,
                                   TransitRouterRegionId=HOME))  # fmt: skip


def _clusters(estate: Estate) -> None:
    managed = "ManagedKubernetes"
    rows = (
        machines.cluster("c0a1b2c3d4e5f60718293a4b5c6d7e8f0", "shop", HOME, H[1], H[2], managed, SHOP),
        machines.cluster("c1a1b2c3d4e5f60718293a4b5c6d7e8f1", "data", HOME, DATA[1], DATA[2], "Kubernetes"),
        machines.cluster("c2a1b2c3d4e5f60718293a4b5c6d7e8f2", "far", AWAY, A[1], A[2], managed),
    )
    estate.add("cs:DescribeClustersV1", "", *rows)
