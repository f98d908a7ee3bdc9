"""A generated estate for measurements: so many CVMs in so many regions, and what stands around them.

Long lists are made page by page as they are asked for, so that they cost neither memory nor time beforehand.
"""

from collections.abc import Callable, Iterator, Sequence
from ipaddress import IPv4Address
from typing import Any, overload

from clouds.tencent.items import balancers, compute, database, network
from clouds.tencent.items.common import Item

REGIONS = (
    "ap-guangzhou", "ap-shanghai", "ap-beijing", "ap-singapore", "eu-frankfurt", "na-siliconvalley", "ap-chengdu",
    "ap-tokyo", "ap-seoul", "ap-hongkong", "ap-nanjing", "ap-jakarta",
)  # fmt: skip
PER_THOUSAND = {
    "vpc": 3, "subnet": 20, "router": 5, "group": 20, "nat": 3, "address": 100, "interface": 50, "balancer": 25,
    "application": 5, "gateway": 1, "mysql": 10, "cynos": 5, "postgres": 5, "sqlserver": 2, "mariadb": 2, "dcdb": 2,
    "redis": 10, "cluster": 2, "havip": 5,
}  # fmt: skip
"""How many of each there are in a region for a thousand of its CVMs; at least two."""
PRIVATE, PUBLIC, SUBNET = int(IPv4Address("10.0.0.0")), int(IPv4Address("119.0.0.0")), 1024
TAGS = {"team": "payments", "env": "prod"}


class Many(Sequence[Item]):
    """Items by their number, made when they are asked for."""

    def __init__(self, count: int, make: Callable[[int], Item]) -> None:
        self._count = count
        self._make = make

    def __len__(self) -> int:
        return self._count

    @overload
    def __getitem__(self, index: int) -> Item: ...
    @overload
    def __getitem__(self, index: slice) -> list[Item]: ...
    def __getitem__(self, index: int | slice) -> Item | list[Item]:
        if isinstance(index, slice):
            return [self._make(number) for number in range(self._count)[index]]
        return self._make(range(self._count)[index])

    def __iter__(self) -> Iterator[Item]:
        return map(self._make, range(self._count))


def large(vms: int, regions: int) -> tuple[dict[tuple[str, str], Any], tuple[str, ...]]:
    """What the actions of one account answer, and the regions."""
    names = REGIONS[:regions]
    assert len(names) == regions
    parts = [_Region(number, name, vms // regions + (number < vms % regions)) for number, name in enumerate(names)]
    attached = [
        network.ccn_attachment("ccn-00000000", "VPC", part.vpc(number), part.name, ["10.0.0.0/12"])
        for part in parts
        for number in range(part.count("vpc"))
    ]
    lists: dict[tuple[str, str], Any] = {
        ("region:DescribeRegions", ""): [compute.region(name, name) for name in names],
        ("vpc:DescribeCcns", ""): [network.ccn("ccn-00000000", "backbone", len(attached), TAGS)],
        ("vpc:DescribeCcnAttachedInstances", ""): attached,
    }
    for part in parts:
        found = {**part.machines(), **part.networks(), **part.balancers(), **part.databases()}
        lists |= {(name, part.name): items for name, items in found.items()}
    return lists, names


class _Region:
    """What one region has. Everything is said by its number."""

    def __init__(self, number: int, name: str, vms: int) -> None:
        self._number = number
        self.name = name
        self._vms = vms
        self._counts = {what: max(2, many * vms // 1000) for what, many in PER_THOUSAND.items()}

    def count(self, what: str) -> int:
        return self._counts[what]

    def _many(self, what: str, make: Callable[[int], Item]) -> Many:
        return Many(self.count(what), make)

    def _id(self, prefix: str, number: int) -> str:
        return f"{prefix}-{self._number:x}{number:07x}"

    def vpc(self, number: int) -> str:
        return self._id("vpc", number % self.count("vpc"))

    def _place(self, number: int) -> tuple[str, str, str]:
        """The zone, VPC and subnet of something."""
        subnet = number % self.count("subnet")
        return f"{self.name}-{1 + subnet % 3}", self.vpc(subnet), self._id("subnet", subnet)

    def _ip(self, number: int) -> str:
        """An address of its own in its subnet."""
        per, subnet = divmod(number, self.count("subnet"))
        return str(IPv4Address(PRIVATE + subnet * SUBNET + 4 + per))

    def _six(self, number: int) -> str:
        per, subnet = divmod(number, self.count("subnet"))
        return f"2402:4e00:{self._number + 1:x}:{subnet:x}::{per + 1:x}"

    def _public(self, number: int) -> str:
        return str(IPv4Address(PUBLIC + (self._number << 16) + number))

    def _after(self, what: str, number: int) -> int:
        """A number for the address of what is not a CVM."""
        before = self._vms
        for other, many in self._counts.items():
            if other == what:
                return before + number
            before += many
        raise AssertionError(what)

    def machines(self) -> dict[str, Any]:
        zones = [compute.zone(f"{self.name}-{one}", f"{self._number + 1}0000{one}", f"Zone {one}") for one in (1, 2, 3)]
        return {
            "cvm:DescribeZones": zones,
            "cvm:DescribeInstances": Many(self._vms, self._instance),
            "vpc:DescribeNetworkInterfaces": Many(self._vms + self.count("interface"), self._interface),
            "vpc:DescribeHaVips": self._many("havip", self._ha_vip),
            "vpc:DescribeAddresses": self._many("address", self._address),
            "tke:DescribeClusters": self._many("cluster", self._cluster),
        }

    def _bound(self) -> int:
        """How many CVMs have a public address: the first ones."""
        return min(self._vms, self.count("address") // 2)

    def _instance(self, number: int) -> Item:
        zone, vpc, subnet = self._place(number)
        return compute.instance(
            self._id("ins", number), f"vm-{number}", zone, vpc, subnet, [self._ip(number)], six=[self._six(number)],
            public=[self._public(number)] if number < self._bound() else [], groups=[self._group(number)], tags=TAGS,
        )  # fmt: skip

    def _group(self, number: int) -> str:
        return self._id("sg", number % self.count("group"))

    def _interface(self, number: int) -> Item:
        zone, vpc, subnet = self._place(number)
        ip = self._ip(number)
        is_vm = number < self._vms
        high, low = divmod(number, 65536)
        return network.interface(
            self._id("eni", number), vpc, subnet, zone,
            f"20:90:{self._number:02X}:{high:02X}:{low >> 8:02X}:{low & 255:02X}", [ip], six=[self._six(number)],
            groups=[self._group(number)], instance=self._id("ins", number) if is_vm else "", primary=is_vm,
            public={ip: self._public(number)} if number < self._bound() else {},
        )  # fmt: skip

    def _ha_vip(self, number: int) -> Item:
        at = self._after("havip", number)
        _, vpc, subnet = self._place(at)
        return network.ha_vip(self._id("havip", number), vpc, subnet, self._ip(at))

    def _address(self, number: int) -> Item:
        native, ip = self._id("eip", number), self._public(number)
        if number >= self._bound():
            return network.address(native, ip, tags=TAGS)
        return network.address(
            native, ip, status="BIND", instance=self._id("ins", number), instance_type="CVM",
            interface=self._id("eni", number), private=self._ip(number), tags=TAGS,
        )  # fmt: skip

    def _cluster(self, number: int) -> Item:
        return compute.cluster(
            self._id("cls", number), f"cluster-{number}", self.vpc(number), f"172.{16 + number % 16}.0.0/16",
            "192.168.0.0/20", TAGS,
        )  # fmt: skip

    def networks(self) -> dict[str, Any]:
        tables = {one: self._routes(one) for one in range(self.count("router"))}
        rules = network.policies(
            [network.policy("tcp", "443", CidrBlock="0.0.0.0/0"), network.policy("tcp", "443", Ipv6CidrBlock="::/0")],
            [network.policy("ALL", "ALL", CidrBlock="0.0.0.0/0")],
        )
        nats = [self._id("nat", one) for one in range(self.count("nat"))]
        return {
            "vpc:DescribeVpcs": self._many("vpc", self._vpc),
            "vpc:DescribeSubnets": self._many("subnet", self._subnet),
            "vpc:DescribeRouteTables": [self._table(one, routes) for one, routes in tables.items()],
            "vpc:DescribeRoutes": [route for routes in tables.values() for route in routes],
            "vpc:DescribeSecurityGroups": self._many(
                "group", lambda one: network.security_group(self._group(one), f"group-{one}", TAGS)
            ),
            "vpc:DescribeSecurityGroupPolicies": {self._group(one): rules for one in range(self.count("group"))},
            "vpc:DescribeNatGateways": self._many("nat", self._nat),
            "vpc:DescribeNatGatewaySourceIpTranslationNatRules": {
                native: [
                    network.snat(
                        self._id("snat", one),
                        native,
                        self.vpc(one),
                        self._id("subnet", one),
                        "10.0.0.0/22",
                        ["1.2.3.4"],
                    )
                ]
                for one, native in enumerate(nats)
            },
            "vpc:DescribeNatGatewayDestinationIpPortTranslationNatRules": [
                network.dnat(native, self.vpc(one), "TCP", "1.2.3.4", 443, self._ip(one), 8443)
                for one, native in enumerate(nats)
            ],
            "vpc:DescribeVpcPeeringConnections": [
                network.peering(self._id("pcx", 0), "peering", (self.name, self.vpc(0)), (self.name, self.vpc(1)))
            ],
        }

    def _vpc(self, number: int) -> Item:
        six = f"2402:4e00:{self._number + 1:x}:{number << 8:x}::/56"
        return network.vpc(self.vpc(number), f"vpc-{number}", "10.0.0.0/12", six=six, tags=TAGS)

    def _subnet(self, number: int) -> Item:
        zone, vpc, native = self._place(number)
        return network.subnet(
            native, f"subnet-{number}", vpc, zone, f"{IPv4Address(PRIVATE + number * SUBNET)}/22",
            self._id("rtb", number % self.count("router")), six=f"2402:4e00:{self._number + 1:x}:{number:x}::/64",
            tags=TAGS,
        )  # fmt: skip

    def _routes(self, number: int) -> list[Item]:
        native = self._id("rtb", number)
        return [
            network.route(native, 1, "0.0.0.0/0", "NAT", self._id("nat", number % self.count("nat"))),
            network.route(native, 2, "10.16.0.0/12", "CCN", "ccn-00000000"),
            network.route(native, 3, "192.168.0.0/16", "PEERCONNECTION", self._id("pcx", 0)),
        ]

    def _table(self, number: int, routes: list[Item]) -> Item:
        every = range(number, self.count("subnet"), self.count("router"))
        subnets = [self._id("subnet", one) for one in every]
        return network.route_table(self._id("rtb", number), f"table-{number}", self.vpc(number), routes, subnets, TAGS)

    def _nat(self, number: int) -> Item:
        zone, vpc, subnet = self._place(number)
        return network.nat_gateway(
            self._id("nat", number), f"nat-{number}", vpc, subnet, zone, {self._id("eip", number): "1.2.3.4"}, tags=TAGS
        )

    def balancers(self) -> dict[str, Any]:
        names = [self._id("lb", one) for one in range(self.count("balancer"))]
        details = [self._application(one) for one in range(self.count("application"))]
        numbered = list(enumerate(details))
        return {
            "clb:DescribeLoadBalancers": self._many("balancer", self._balancer),
            "clb:DescribeListeners": {
                native: [balancers.listener(self._id("lbl", one), "TCP", 443)] for one, native in enumerate(names)
            },
            "clb:DescribeTargets": {
                native: [
                    balancers.listener_backends(
                        self._id("lbl", one), "TCP", 443, [balancers.backend(self._id("ins", one), self._ip(one), 8443)]
                    )
                ]
                for one, native in enumerate(names)
            },
            "alb:DescribeLoadBalancers": [balancers.listed_application_balancer(one) for one in details],
            "alb:DescribeLoadBalancerDetail": {one["LoadBalancerId"]: one for one in details},
            "alb:DescribeListeners": {
                detail["LoadBalancerId"]: [balancers.application_listener(self._id("lst", one), "HTTP", 80)]
                for one, detail in numbered
            },
            "alb:DescribeRules": {
                self._id("lst", one): [
                    balancers.application_rule(self._id("rule", one), "www.example.com", [self._id("lbtg", one)])
                ]
                for one, _ in numbered
            },
            "alb:DescribeTargetGroupTargets": {
                self._id("lbtg", one): [
                    balancers.application_target(self._id("ins", one), self._ip(one), 8080, self._id("eni", one))
                ]
                for one, _ in numbered
            },
            "gwlb:DescribeGatewayLoadBalancers": self._many("gateway", self._gateway),
        }

    def _balancer(self, number: int) -> Item:
        _, vpc, subnet = self._place(number)
        ip = self._ip(self._after("balancer", number))
        return balancers.balancer(
            self._id("lb", number), f"lb-{number}", self.name, vpc, [ip], subnet=subnet, network="INTERNAL", tags=TAGS
        )

    def _application(self, number: int) -> Item:
        at = self._after("application", number)
        zone, vpc, subnet = self._place(at)
        return balancers.application_balancer(
            self._id("alb", number), f"alb-{number}", vpc, [(zone, subnet, self._ip(at), self._six(at))], tags=TAGS
        )

    def _gateway(self, number: int) -> Item:
        at = self._after("gateway", number)
        _, vpc, subnet = self._place(at)
        return balancers.gateway_balancer(self._id("gwlb", number), f"gwlb-{number}", vpc, subnet, self._ip(at), "")

    def databases(self) -> dict[str, Any]:
        def of(what: str, prefix: str, make: Callable[..., Item], **more: Any) -> Many:
            def one(number: int) -> Item:
                at = self._after(what, number)
                place = self._place(at)
                return make(
                    self._id(prefix, number), f"{what}-{number}", self.name, *place, self._ip(at), tags=TAGS, **more
                )

            return self._many(what, one)

        def cynos(*place: str, tags: dict[str, str]) -> Item:
            return database.cynos_cluster(*place[:-1], writer=place[-1], tags=tags)

        def sharded(*place: str, tags: dict[str, str]) -> Item:
            return database.sharded(database.tdsql(*place, tags=tags))

        def redis(native: str, name: str, region: str, zone: str, *place: str, tags: dict[str, str]) -> Item:
            return database.redis(native, name, region, int(f"{self._number + 1}0000{zone[-1]}"), *place, tags=tags)

        clusters = of("cynos", "cynosdbmysql", cynos)
        return {
            "cdb:DescribeDBInstances": of("mysql", "cdb", database.mysql),
            "cynosdb:DescribeClusters": clusters,
            "cynosdb:DescribeInstances": Many(
                len(clusters), lambda one: database.cynos_instance(self._id("cynosdbmysql-ins", one), clusters[one])
            ),
            "postgres:DescribeDBInstances": of("postgres", "postgres", database.postgres),
            "sqlserver:DescribeDBInstances": of("sqlserver", "mssql", database.sql_server),
            "mariadb:DescribeDBInstances": of("mariadb", "tdsql", database.tdsql),
            "dcdb:DescribeDCDBInstances": of("dcdb", "tdsqlshard", sharded),
            "redis:DescribeInstances": of("redis", "crs", redis),
        }
