"""A generated estate: so many VMs in so many regions, with everything around them."""

from collections.abc import Iterator
from typing import Any, Final

import msgspec

from clouds.aliyun import machines, networks, services
from clouds.aliyun.estate import Estate
from clouds.aliyun.wire import Row

REGIONS: Final = (
    "cn-hangzhou",
    "cn-shanghai",
    "cn-beijing",
    "cn-shenzhen",
    "ap-southeast-1",
    "eu-central-1",
    "us-east-1",
)
SERVICES: Final = ("slb", "alb", "nlb", "gwlb", "rds", "polardb", "polardbx", "r-kvstore")
VMS_IN_A_VPC: Final = 1000
IN_A_GROUP: Final = 200
WITH_AN_EIP: Final = 20
BEHIND_A_BALANCER: Final = 100


def large(vms: int, regions: int) -> Estate:
    """Each region is alike. VMs and their interfaces are kept encoded: there are many of them."""
    names = REGIONS[:regions]
    estate = Estate(names, dict.fromkeys(("gwlb", "polardbx", "drds"), frozenset[str]()))
    estate.add("ecs:DescribeRegions", "", *(machines.region(name, name) for name in names))
    for service in SERVICES:
        offered = estate.offered(service)
        estate.add(f"{service}:DescribeRegions", "", *({"RegionId": name} for name in names if name in offered))
    for number, name in enumerate(names):
        _region(estate, name, number, vms // regions)
    return estate


def _region(estate: Estate, region: str, number: int, vms: int) -> None:
    zone = f"{region}-a" if region.startswith("cn-") else f"{region}a"
    estate.add("ecs:DescribeZones", region, machines.zone(zone, zone))
    estate.add("cs:DescribeClustersV1", region, machines.cluster(f"c{number:032x}", region, region, f"vpc-{number}x0",
                                                                f"vsw-{number}x0", "ManagedKubernetes"))  # fmt: skip
    for index in range(-(-vms // VMS_IN_A_VPC)):
        tail = f"{number}x{index}"
        place = (zone, f"vpc-{tail}", f"vsw-{tail}")
        _network(estate, region, place, f"10.{index}")
        _services(estate, region, place, f"10.{index}")
        first = index * VMS_IN_A_VPC
        for row in _machines(region, place, range(first, min(first + VMS_IN_A_VPC, vms))):
            for action, one in row:
                estate.add(action, region, one)


def _network(estate: Estate, region: str, place: tuple[str, str, str], prefix: str) -> None:
    zone, vpc, vsw = place
    tail = vpc.removeprefix("vpc-")
    estate.add("vpc:DescribeVpcs", region, networks.vpc(vpc, region, f"{prefix}.0.0/16"))
    estate.add("vpc:DescribeVSwitches", region,
               networks.vswitch(vsw, vpc, zone, f"{prefix}.0.0/18", f"vtb-{tail}"))  # fmt: skip
    estate.add("vpc:DescribeRouteTableList", region, networks.route_table(f"vtb-{tail}", vpc, (vsw,)))
    estate.add("vpc:DescribeRouteEntryList", region,
               networks.route(f"vtb-{tail}", f"{prefix}.0.0/18", ("local", ""), kind="System"),
               networks.route(f"vtb-{tail}", "0.0.0.0/0", ("NatGateway", f"ngw-{tail}")), of=f"vtb-{tail}")  # fmt: skip
    estate.add("vpc:DescribeNatGateways", region,
               networks.nat_gateway(f"ngw-{tail}", region, vpc, zone, vsw, f"{prefix}.63.253",
                                    {f"eip-{tail}nat": "203.0.113.1"}))  # fmt: skip
    estate.add("vpc:DescribeSnatTableEntries", region,
               networks.snat(f"ngw-{tail}", 1, f"{prefix}.0.0/18", "203.0.113.1", vsw))  # fmt: skip
    estate.add("vpc:DescribeEipAddresses", region,
               networks.eip(f"eip-{tail}nat", region, "203.0.113.1", "Nat", f"ngw-{tail}"))  # fmt: skip
    for index in range(VMS_IN_A_VPC // IN_A_GROUP):
        sg = f"sg-{tail}g{index}"
        estate.add("ecs:DescribeSecurityGroups", region, networks.group(sg, vpc))
        estate.head("ecs:DescribeSecurityGroupAttribute", region, sg, networks.group_head(sg, region, vpc))
        rule = networks.rule("ingress", "TCP", "443/443", SourceCidrIp="0.0.0.0/0")
        estate.add("ecs:DescribeSecurityGroupAttribute", region, rule, of=sg)


def _machines(
    region: str, place: tuple[str, str, str], numbers: range
) -> Iterator[tuple[tuple[str, Any], ...]]:  # fmt: skip
    """Each VM, its interface and, for some, an EIP."""
    tail = place[1].removeprefix("vpc-")
    second = tail.partition("x")[2]
    for number in numbers:
        inside = number % VMS_IN_A_VPC
        ip = f"10.{second}.{inside // 250}.{inside % 250 + 1}"
        public, allocation = f"198.{18 + number // 65536}.{number // 256 % 256}.{number % 256}", f"eip-{tail}n{number}"
        bound = number % WITH_AN_EIP == 0
        native, eni = f"i-{tail}n{number}", f"eni-{tail}n{number}"
        row = machines.interface(eni, place, (ip,), (f"2001:db8:{second}::{inside + 1:x}",),
                                 (f"sg-{tail}g{inside // IN_A_GROUP}",), native, "Primary",
                                 {ip: (allocation, public)} if bound else None)  # fmt: skip
        vm = machines.instance(native, region, (row,), (allocation, public) if bound else ("", ""),
                               given={"team": f"team-{number % 40}"})  # fmt: skip
        both = (("ecs:DescribeInstances", _packed(vm)), ("ecs:DescribeNetworkInterfaces", _packed(row)))
        eip = networks.eip(allocation, region, public, "EcsInstance", native, ip)
        yield (*both, ("vpc:DescribeEipAddresses", eip)) if bound else both


def _packed(row: Row) -> msgspec.Raw:
    return msgspec.Raw(msgspec.json.encode(row))


def _services(estate: Estate, region: str, place: tuple[str, str, str], prefix: str) -> None:
    """Load balancers of three generations with their listeners and servers, and databases."""
    zone, vpc, vsw = place
    tail = vpc.removeprefix("vpc-")
    for index in range(VMS_IN_A_VPC // BEHIND_A_BALANCER):
        name, ip, behind = f"{tail}b{index}", f"{prefix}.60.{index + 1}", f"i-{tail}n{index * BEHIND_A_BALANCER}"
        lb = services.classic(f"lb-{name}", region, ip, vpc, vsw)
        estate.add("slb:DescribeLoadBalancers", region, lb)
        estate.add("slb:DescribeLoadBalancerListeners", region,
                   services.classic_listener(f"lb-{name}", "tcp", 443, vgroup=f"rsp-{name}"))  # fmt: skip
        group = services.classic_group(f"lb-{name}", f"rsp-{name}", [services.classic_server(behind, 443)])
        estate.head("slb:DescribeVServerGroupAttribute", region, f"rsp-{name}", group)
        detail = services.classic_detail(lb, (("tcp", 443),))
        estate.head("slb:DescribeLoadBalancerAttribute", region, f"lb-{name}", detail)
        native = f"r-{name}"
        estate.add(
            "r-kvstore:DescribeInstances", region, services.redis(native, region, *place, f"{prefix}.61.{index + 1}")
        )
        estate.add("r-kvstore:DescribeDBInstanceNetInfo", region,
                   services.redis_net(f"{native}.redis.rds.aliyuncs.com", "Private", f"{prefix}.61.{index + 1}", vpc,
                                      vsw), of=native)  # fmt: skip
        native = f"rm-{name}"
        estate.add("rds:DescribeDBInstances", region, services.rds(native, region, *place, "MySQL", "8.0"))
        estate.add("rds:DescribeDBInstanceNetInfo", region,
                   services.rds_net(f"{native}.mysql.rds.aliyuncs.com", "Private", f"{prefix}.62.{index + 1}", "3306",
                                    vpc, vsw), of=native)  # fmt: skip
    alb = services.application(f"alb-{tail}", region, vpc, "Intranet")
    estate.add("alb:ListLoadBalancers", region, alb)
    zones = [(zone, vsw, {"Address": f"{prefix}.59.1", "IntranetAddress": f"{prefix}.59.1"})]
    detail = services.application_detail(alb, region, zones)
    estate.head("alb:GetLoadBalancerAttribute", region, f"alb-{tail}", detail)
    estate.add("alb:ListListeners", region,
               services.application_listener(f"alb-{tail}", f"lsn-{tail}a", "HTTPS", 443, f"sgp-{tail}a"))  # fmt: skip
    estate.add(
        "alb:ListServerGroupServers",
        region,
        services.weighed(services.server(f"sgp-{tail}a", f"i-{tail}n0", f"{prefix}.0.1", 443)),
    )
    address = {"PrivateIPv4Address": f"{prefix}.58.1"}
    estate.add("nlb:ListLoadBalancers", region,
               services.network(f"nlb-{tail}", region, vpc, "Intranet", [(zone, vsw, address)]))  # fmt: skip
    estate.add("nlb:ListListeners", region,
               services.network_listener(f"nlb-{tail}", f"lsn-{tail}n", region, "TCP", 443,
                                         f"sgp-{tail}n"))  # fmt: skip
    estate.add(
        "nlb:ListServerGroupServers",
        region,
        services.weighed(services.server(f"sgp-{tail}n", f"i-{tail}n0", f"{prefix}.0.1", 443)),
    )
