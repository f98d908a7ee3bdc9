"""AWS's answers as our model: answers of ours in AWS's schema, and AWS's own examples where TAGWEAVE_VENDORS is set."""

import asyncio
import json
import os
import re
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import msgspec
import pytest
from botocore import session as botocore_session
from botocore.parsers import create_parser

from tagweave.model import (
    VM,
    Attachment,
    AvailabilityZone,
    Cen,
    Cluster,
    Failure,
    Interface,
    Listener,
    LoadBalancer,
    NatGateway,
    NatRule,
    NetworkInterface,
    PeeringConnection,
    PeeringEnd,
    PublicIp,
    Rds,
    Redis,
    Region,
    Resource,
    Route,
    Router,
    SecurityGroup,
    SecurityRule,
    Snapshot,
    Subnet,
    Target,
    Vpc,
)
from tagweave.sources.aws import LISTINGS
from tagweave.sources.aws.compute import REGIONS
from tagweave.sources.clouds import Gone, Job, Listing, Outcome, Place, perform
from tagweave.sources.clouds.reading import pick

RESPONSES = Path(__file__).parent / "responses"
PLACE = Place("acc", "111122223333", "eu-west-1", "aws")
NEW_YEAR = datetime(2026, 1, 1, tzinfo=UTC)
BALANCING = "arn:aws:elasticloadbalancing:eu-west-1:111122223333:loadbalancer/"
CACHE = "arn:aws:elasticache:eu-west-1:111122223333:"
TIME = re.compile(r"(Time|createdAt)$")


def timed(value: Any) -> Any:
    """JSON with its times as botocore gives them."""
    if isinstance(value, dict):
        return {k: datetime.fromisoformat(v) if TIME.search(k) and isinstance(v, str) else timed(v)
                for k, v in value.items()}  # fmt: skip
    return [timed(one) for one in value] if isinstance(value, list) else value


def response(action: str) -> Any:
    return timed(json.loads((RESPONSES / f"{action.replace(':', '.')}.json").read_text()))


ASKED = ("LoadBalancerArn", "ListenerArn", "TargetGroupArn", "CoreNetworkId")


async def answer(action: str, params: Mapping[str, Any]) -> Any:
    """The API: an answer, or of a list what is asked for."""
    page = response(action)
    if action == "eks:DescribeCluster" and params["name"] != page["cluster"]["name"]:
        raise Gone("ResourceNotFoundException")
    for name in ASKED:
        if name in params:
            (items,) = page.values()
            return {key: [one for one in items if one.get(name) == params[name]] for key in page}
    return page


def outcome(listing: Listing, call: Any = answer, resolver: Any = None, listed: Any = frozenset()) -> Outcome:
    return asyncio.run(perform(Job(listing, PLACE, call, "eu-west-1", listed, resolver)))


def listing(kind: str, api: str = "") -> Listing:
    return next(one for one in LISTINGS if (one.kind, one.api) == (kind, api))


def mapped(kind: str, api: str = "", **more: Any) -> list[Resource]:
    got = outcome(listing(kind, api), **more)
    assert isinstance(got.batch, Snapshot), got.batch
    assert got.defects == ()
    return [msgspec.structs.replace(one, source="") for one in got.batch.resources]


# ---- machines


def test_every_region_is_one_whether_it_is_enabled_or_not() -> None:
    batch = outcome(REGIONS).batch
    assert isinstance(batch, Snapshot)
    expected = (Region(source="acc", id="eu-west-1", name="eu-west-1"),
                Region(source="acc", id="ap-east-1", name="ap-east-1"))  # fmt: skip
    assert batch.resources == expected


def test_impaired_and_local_zones_are_zones() -> None:
    names = ("eu-west-1a", "eu-west-1b", "eu-west-1-lon-1a")
    assert mapped("az") == [AvailabilityZone(id=name, name=name, region="eu-west-1") for name in names]


def test_a_machine_has_every_interface_and_address_and_is_as_old_as_its_first_interface() -> None:
    pool = tuple(f"10.0.2.{last}" for last in range(240, 256))
    assert mapped("vm") == [
        VM(
            id="i-1", name="web-1", labels={"Name": "web-1", "team": "red"},
            created_at=datetime(2025, 12, 31, 9, tzinfo=UTC), region="eu-west-1", az="eu-west-1a", vpc="vpc-1",
            host="h-1", state="running", instance_type="m7g.large",
            interfaces=(
                Interface(
                    "eni-1", "02:00:00:00:00:0a", "subnet-1",
                    ("10.0.1.10", "10.0.1.9", "2a05:d018:0:1::a", "fd00:ec2::1"),
                    ("203.0.113.10", "203.0.113.11", "2a05:d018:0:1::a"), ("sg-1", "sg-2"),
                ),
                Interface("eni-2", "02:00:00:00:00:02", "subnet-2", ("10.0.2.10", *pool)),
            ),
        ),
        VM(
            id="i-3", name="i-3", created_at=NEW_YEAR, region="eu-west-1", az="eu-west-1b", vpc="vpc-1",
            state="stopped", instance_type="t3.nano",
        ),
    ]  # fmt: skip


def test_an_interface_of_no_machine_says_what_it_serves() -> None:
    found = {one.id: one for one in mapped("network_interface") if isinstance(one, NetworkInterface)}
    assert set(found) == {"eni-nat", "eni-alb", "eni-old", "eni-fn", "eni-cache"}
    assert found["eni-fn"] == NetworkInterface(
        id="eni-fn", name="AWS Lambda VPC ENI-orders", labels={"team": "blue"}, region="eu-west-1", az="eu-west-1b",
        vpc="vpc-1", subnet="subnet-2", mac="02:00:00:00:00:0d", private_ips=("10.0.2.40", "10.0.2.41"),
        attached_kind="lambda",
    )  # fmt: skip
    served = {native: (one.attached_kind, one.attached) for native, one in found.items()}
    assert served["eni-nat"] == ("nat_gateway", "nat-1")
    assert served["eni-alb"] == ("load_balancer", f"{BALANCING}app/shop/aaaa")
    assert served["eni-old"] == ("load_balancer", f"{BALANCING}front")
    assert served["eni-cache"] == ("", "")
    assert found["eni-alb"].public_ips == ("203.0.113.30", "2a05:d018::30")


def test_an_elastic_address_is_one_whether_it_is_bound_or_not() -> None:
    assert mapped("public_ip") == [
        PublicIp(id="eipalloc-1", name="front", labels={"Name": "front"}, region="eu-west-1", ip="203.0.113.10",
                 attached_kind="vm", attached="i-1"),
        PublicIp(id="eipalloc-2", name="203.0.113.20", region="eu-west-1", ip="203.0.113.20",
                 attached_kind="network_interface", attached="eni-nat"),
        PublicIp(id="eipalloc-3", name="203.0.113.99", region="eu-west-1", ip="203.0.113.99"),
        PublicIp(id="203.0.113.98", name="203.0.113.98", region="eu-west-1", ip="203.0.113.98"),
    ]  # fmt: skip


def test_a_managed_cluster_is_linked_to_its_vpc_and_one_that_went_meanwhile_is_none() -> None:
    assert mapped("cluster") == [
        Cluster(
            id="arn:aws:eks:eu-west-1:111122223333:cluster/shop", name="eu-west-1/shop", labels={"team": "red"},
            created_at=NEW_YEAR, version="1.33", cloud_source="acc", vpc="vpc-1", region="eu-west-1",
        )
    ]  # fmt: skip


# ---- networks


def test_a_vpc_has_its_further_and_its_ipv6_prefixes_and_not_those_that_it_lost() -> None:
    first, shared = mapped("vpc")
    assert first == Vpc(
        id="vpc-1", name="main", labels={"Name": "main"}, region="eu-west-1",
        cidrs=("10.0.0.0/16", "100.64.0.0/16", "2a05:d018:0:100::/56"),
    )  # fmt: skip
    assert shared.id == "vpc-shared"


def test_what_another_account_of_the_pass_owns_is_left_to_it() -> None:
    both = frozenset({("111122223333", "eu-west-1"), ("444455556666", "eu-west-1")})
    assert [one.id for one in mapped("vpc", listed=both)] == ["vpc-1"]


def test_a_subnet_may_have_ipv6_alone() -> None:
    six = "2a05:d018:0:106::/64"
    assert mapped("subnet")[2] == Subnet(
        id="subnet-6", name="subnet-6", vpc="vpc-1", az="eu-west-1b", region="eu-west-1", cidrs=(six,)
    )


def test_a_route_table_has_all_routes_and_the_main_one_the_subnets_that_no_other_has() -> None:
    main, front = mapped("router")
    assert main == Router(
        id="rtb-main", name="rtb-main", vpc="vpc-1", region="eu-west-1",
        routes=(Route("10.0.0.0/16", "local", "local"),), subnets=("subnet-2", "subnet-6"),
    )  # fmt: skip
    assert isinstance(front, Router)
    assert front.subnets == ("subnet-1",)
    assert set(front.routes) == {
        Route("10.0.0.0/16", "local", "local"),
        Route("0.0.0.0/0", "nat_gateway", "nat-1"),
        Route("::/0", "egress_only_internet_gateway", "eigw-1"),
        Route("10.1.0.0/16", "peering_connection", "pcx-1"),
        Route("10.2.0.0/16", "cen", "tgw-1"),
        Route("10.3.0.0/16", "cen", "core-network-1"),
        Route("10.4.0.0/16", "vm", "i-1"),
        Route("10.5.0.0/16", "blackhole", "eni-gone"),
        Route("pl-1", "vpc_endpoint", "vpce-1"),
        Route("10.6.0.0/16", "internet_gateway", "igw-1"),
    }


def test_a_security_group_has_one_rule_for_each_peer_of_either_family() -> None:
    assert mapped("security_group") == [
        SecurityGroup(
            id="sg-1", name="web", labels={"team": "red"}, vpc="vpc-1", region="eu-west-1",
            rules=(
                SecurityRule("ingress", "icmp", "8", "10.0.0.0/8"),
                SecurityRule("ingress", "tcp", "443", "0.0.0.0/0"),
                SecurityRule("ingress", "tcp", "443", "::/0"),
                SecurityRule("ingress", "tcp", "443", "pl-1"),
                SecurityRule("ingress", "tcp", "443", "sg-2"),
                SecurityRule("ingress", "tcp", "8000-8100", "10.0.0.0/8"),
                SecurityRule("egress", "", "", "0.0.0.0/0"),
            ),
        )
    ]  # fmt: skip


def test_a_nat_gateway_has_its_primary_address_first_and_a_deleted_one_is_none() -> None:
    assert mapped("nat_gateway") == [
        NatGateway(
            id="nat-1", name="out", labels={"Name": "out"}, created_at=NEW_YEAR, region="eu-west-1", vpc="vpc-1",
            subnets=("subnet-1",), private_ips=("10.0.1.20", "10.0.1.19"),
            public_ips=("203.0.113.20", "203.0.113.19"),
            rules=(NatRule("snat", external="203.0.113.20", internal="10.0.1.0/24"),
                   NatRule("snat", external="203.0.113.19", internal="10.0.1.0/24")),
        ),
        NatGateway(
            id="nat-2", name="nat-2", region="eu-west-1", vpc="vpc-1", subnets=("subnet-2",),
            private_ips=("10.0.2.20",),
        ),
    ]  # fmt: skip


def test_a_nat_gateway_translates_what_route_tables_send_to_it_the_main_one_and_nat64_too() -> None:
    async def routed(action: str, params: Mapping[str, Any]) -> Any:
        page = await answer(action, params)
        if action == "ec2:DescribeRouteTables":
            main = page["RouteTables"][0]
            main["Routes"] += [
                {"DestinationCidrBlock": "0.0.0.0/0", "NatGatewayId": "nat-2", "State": "active"},
                {"DestinationIpv6CidrBlock": "64:ff9b::/96", "NatGatewayId": "nat-2", "State": "active"},
                {"DestinationCidrBlock": "10.7.0.0/16", "NatGatewayId": "nat-1", "State": "blackhole"},
            ]
        return page

    batch = outcome(listing("nat_gateway"), routed).batch
    assert isinstance(batch, Snapshot)
    rules = {one.id: one.rules for one in batch.resources if isinstance(one, NatGateway)}
    assert {rule.internal for rule in rules["nat-1"]} == {"10.0.1.0/24"}
    assert rules["nat-2"] == tuple(
        NatRule("snat", external="10.0.2.20", internal=prefix) for prefix in ("10.0.2.0/24", "2a05:d018:0:106::/64")
    )


def test_a_peering_has_both_ends_and_is_kept_once() -> None:
    here = frozenset({("111122223333", "eu-west-1"), ("111122223333", "us-east-1")})
    assert mapped("peering_connection", listed=here) == [
        PeeringConnection(
            id="pcx-1", name="to-tokyo", labels={"Name": "to-tokyo"}, state="active",
            vpcs=(PeeringEnd("", "eu-west-1", "vpc-1"), PeeringEnd("444455556666", "ap-northeast-1", "vpc-9")),
        )
    ]  # fmt: skip
    assert [one.id for one in mapped("peering_connection")] == ["pcx-1", "pcx-2"]


def test_a_transit_gateway_has_what_is_attached_with_its_account_and_region() -> None:
    assert mapped("cen", "transit-gateways") == [
        Cen(
            id="tgw-1", name="hub", labels={"Name": "hub"}, created_at=NEW_YEAR, region="eu-west-1",
            attachments=(
                Attachment("cen", "tgw-far", "us-east-1"),
                Attachment("direct_connect_gateway", "dx-1", "eu-west-1"),
                Attachment("vpc", "vpc-1", "eu-west-1"),
                Attachment("vpc", "vpc-9", "eu-west-1", "444455556666"),
            ),
        )
    ]  # fmt: skip


def test_a_core_network_is_a_transit_network_of_many_regions() -> None:
    assert mapped("cen", "core-networks") == [
        Cen(
            id="core-network-1", name="backbone", labels={"team": "net"},
            attachments=(
                Attachment("direct_connect_gateway", "dx-1", "us-east-1", "444455556666"),
                Attachment("vpc", "vpc-1", "eu-west-1"),
            ),
        )
    ]  # fmt: skip


# ---- load balancers


def test_a_classic_balancer_has_its_listeners_targets_and_the_addresses_of_its_interfaces() -> None:
    assert mapped("load_balancer", "classic") == [
        LoadBalancer(
            id=f"{BALANCING}front", name="front", labels={"team": "red"}, created_at=datetime(2020, 1, 1, tzinfo=UTC),
            region="eu-west-1", vpc="vpc-1", subnets=("subnet-1", "subnet-2"), scheme="internet", ips=("10.0.1.31",),
            dns_name="front-1.eu-west-1.elb.amazonaws.com",
            listeners=(Listener("HTTPS", 443, (Target(vm="i-1", port=8080), Target(vm="i-3", port=8080))),),
        )
    ]  # fmt: skip


def test_balancers_of_the_second_api_have_the_targets_of_all_their_rules() -> None:
    shop, db, wall = mapped("load_balancer", "v2")
    assert shop == LoadBalancer(
        id=f"{BALANCING}app/shop/aaaa", name="shop", labels={"team": "red"}, created_at=NEW_YEAR, region="eu-west-1",
        vpc="vpc-1", subnets=("subnet-1", "subnet-2"), scheme="internet",
        ips=("10.0.1.30", "203.0.113.30", "2a05:d018::30"), dns_name="shop-1.eu-west-1.elb.amazonaws.com",
        listeners=(
            Listener("HTTP", 80),
            Listener("HTTPS", 443, (
                Target(ip="10.0.2.40", port=9090),
                Target(ip="2a05:d018:0:106::40", port=9090),
                Target(vm="i-1", port=8080),
            )),
        ),
    )  # fmt: skip
    assert isinstance(db, LoadBalancer)
    assert isinstance(wall, LoadBalancer)
    assert db.scheme == "internal"
    assert db.ips == ("10.0.1.77", "203.0.113.77", "2a05:d018:0:101::77")
    assert db.listeners == (Listener("TCP", 5432),)  # its target is another balancer
    assert wall.listeners == (Listener("", None, (Target(vm="i-1", port=8080),)),)


# ---- databases

HOSTS = {
    "orders.abc.eu-west-1.rds.amazonaws.com": ("10.0.1.60", "2a05:d018::60"),
    "less.cluster-abc.eu-west-1.rds.amazonaws.com": ("10.0.1.61",),
    "sessions-abc.serverless.euw1.cache.amazonaws.com": ("10.0.2.62", "10.0.1.62"),
}


async def resolver(host: str) -> tuple[str, ...]:
    return HOSTS.get(host, ())


def test_a_database_has_the_addresses_of_its_name_where_names_are_resolved() -> None:
    orders, new = mapped("rds", "instances", resolver=resolver)
    assert orders == Rds(
        id="arn:aws:rds:eu-west-1:111122223333:db:orders", name="orders", labels={"team": "red"}, created_at=NEW_YEAR,
        region="eu-west-1", az="eu-west-1a", vpc="vpc-1", subnets=("subnet-1", "subnet-2"),
        ips=("10.0.1.60", "2a05:d018::60"), port=3306, engine="mariadb", version="11.4.4", state="available",
    )  # fmt: skip
    assert isinstance(new, Rds)
    assert (new.port, new.ips, new.state) == (None, (), "creating")
    assert mapped("rds", "instances")[0] == msgspec.structs.replace(orders, ips=())


def test_a_database_cluster_has_addresses_of_its_own_only_where_it_has_no_instances() -> None:
    stock, less = mapped("rds", "clusters", resolver=resolver)
    assert isinstance(stock, Rds)
    assert isinstance(less, Rds)
    assert (stock.engine, stock.vpc, stock.subnets, stock.port) == (
        "aurora-postgresql", "vpc-1", ("subnet-1", "subnet-2"), 5432,
    )  # fmt: skip
    assert stock.ips == ()
    assert less.ips == ("10.0.1.61",)


def test_a_replication_group_is_told_by_its_members() -> None:
    assert mapped("redis", "replication-groups") == [
        Redis(
            id=f"{CACHE}replicationgroup:cart", name="cart", labels={"team": "red"}, created_at=NEW_YEAR,
            region="eu-west-1", az="eu-west-1b", vpc="vpc-1", subnets=("subnet-2",),
            ips=("10.0.2.50", "2a05:d018::50"), port=6380, engine="valkey", version="8.0.1", state="available",
        )
    ]  # fmt: skip


def test_a_cache_cluster_is_one_of_its_own_only_where_no_group_has_it_and_memcached_is_none() -> None:
    (single,) = mapped("redis", "clusters")
    assert isinstance(single, Redis)
    assert (single.id, single.version, single.state, single.port) == (
        f"{CACHE}cluster:single",
        "7.1.0",
        "modifying",
        6379,
    )
    assert single.labels == {}


def test_a_serverless_cache_is_one() -> None:
    assert mapped("redis", "serverless", resolver=resolver) == [
        Redis(
            id=f"{CACHE}serverlesscache:sessions", name="sessions", labels={"team": "blue"}, created_at=NEW_YEAR,
            region="eu-west-1", vpc="vpc-1", subnets=("subnet-1", "subnet-2"), ips=("10.0.1.62", "10.0.2.62"),
            port=6379, engine="redis", version="7.1", state="available",
        )
    ]  # fmt: skip


# ---- malformed


@pytest.mark.parametrize("one", [*LISTINGS, REGIONS], ids=lambda one: f"{one.kind}-{one.api}")
@pytest.mark.parametrize("broken", [{}, None, "text", 7, []], ids=repr)
def test_an_item_that_is_not_as_documented_is_a_defect_and_the_rest_is_taken(one: Listing, broken: Any) -> None:
    if one.kind == "cluster" and broken == "text":
        return  # a name, of a cluster that is no more
    whole = outcome(one).batch
    assert isinstance(whole, Snapshot)

    async def spoilt(action: str, params: Mapping[str, Any]) -> Any:
        page = await answer(action, params)
        if action == one.action:
            first = one.path.split(".")[0]
            page[first] = [{"Instances": [broken]} if one.kind == "vm" else broken, *page[first]]
        return page

    got = outcome(one, spoilt)
    if isinstance(got.batch, Failure):
        pytest.fail(got.batch.error)
    assert got.batch.resources == whole.resources
    assert len(got.defects) == 1
    assert got.defects[0].where == f"{one.action} in eu-west-1, item 1"
    assert got.defects[0].reason.startswith(f"broken {one.kind}: ")


# ---- AWS's own examples


def vendors() -> Path:
    if "TAGWEAVE_VENDORS" not in os.environ:
        pytest.skip("TAGWEAVE_VENDORS is not set: it is the folder with the vendors' own example responses")
    return Path(os.environ["TAGWEAVE_VENDORS"]) / "aws"


WIRE = {
    "availability_zone": ("ec2", "DescribeAvailabilityZones", ""),
    "network_interface": ("ec2", "DescribeNetworkInterfaces", ""),
    "public_ip": ("ec2", "DescribeAddresses", ""),
    "rds": ("rds", "DescribeDBInstances", "instances"),
    "region": ("ec2", "DescribeRegions", ""),
    "router": ("ec2", "DescribeRouteTables", ""),
    "security_group": ("ec2", "DescribeSecurityGroups", ""),
    "subnet": ("ec2", "DescribeSubnets", ""),
    "vm": ("ec2", "DescribeInstances", ""),
    "vpc": ("ec2", "DescribeVpcs", ""),
}
"""Samples of answers as they are on the wire: the service and the operation that parse them."""


def example(name: str) -> Any:
    return timed(json.loads((vendors() / f"{name}.json").read_text()))


def taken(one: Listing, page: Any) -> Outcome:
    """What a listing makes of an example; all else is empty."""

    async def call(action: str, _params: Mapping[str, Any]) -> Any:
        if action == one.action:
            return page
        return next({join.path.split(".")[0]: []} for join in one.joins if join.action == action)

    return outcome(one, call)


@pytest.mark.parametrize("name", sorted(WIRE))
def test_aws_own_samples_of_the_wire_are_mapped(name: str) -> None:
    service, operation, api = WIRE[name]
    body = (vendors() / f"{name}.xml").read_bytes()
    model = botocore_session.Session().get_service_model(service)
    parser = create_parser(model.metadata["protocol"])
    answered = {"body": body, "headers": {}, "status_code": 200}
    page = parser.parse(answered, model.operation_model(operation).output_shape)
    if name == "rds":
        page["DBInstances"][0]["DBInstanceArn"] = "arn:aws:rds:us-east-1:1:db:mydb"  # later than this sample
    kind = {"availability_zone": "az"}.get(name, name)
    one = REGIONS if kind == "region" else listing(kind, api)
    got = taken(one, page)
    assert isinstance(got.batch, Snapshot)
    assert got.defects == ()
    kept = 0 if name == "network_interface" else len(pick(page, one.path))  # both are of machines
    assert len(got.batch.resources) == kept
    assert all(resource.id for resource in got.batch.resources)


EXAMPLES = {
    "region": ("region", ""),
    "availability_zone": ("az", ""),
    "vpc": ("vpc", ""),
    "vpc__ex2": ("vpc", ""),
    "subnet": ("subnet", ""),
    "router": ("router", ""),
    "security_group": ("security_group", ""),
    "nat_gateway": ("nat_gateway", ""),
    "nat_gateway__ex2": ("nat_gateway", ""),
    "load_balancer": ("load_balancer", "v2"),
    "load_balancer__create_alb": ("load_balancer", "v2"),
    "load_balancer__create_nlb": ("load_balancer", "v2"),
    "load_balancer__create_gwlb": ("load_balancer", "v2"),
    "peering_connection": ("peering_connection", ""),
    "cen": ("cen", "transit-gateways"),
    "rds_clusters": ("rds", "clusters"),
    "redis_replication_groups": ("redis", "replication-groups"),
    "public_ip": ("public_ip", ""),
}


@pytest.mark.parametrize("name", sorted(EXAMPLES))
def test_aws_own_examples_are_mapped(name: str) -> None:
    kind, api = EXAMPLES[name]
    one = REGIONS if kind == "region" else listing(kind, api)
    page = example(name)
    got = taken(one, page)
    assert isinstance(got.batch, Snapshot)
    assert got.defects == ()
    assert len(got.batch.resources) == len(pick(page, one.path)) > 0
    assert all(resource.id for resource in got.batch.resources)


def test_aws_own_example_of_a_machine_has_an_address_that_is_none_and_is_told() -> None:
    got = taken(listing("vm"), example("vm"))
    assert isinstance(got.batch, Snapshot)
    assert got.batch.resources == ()
    assert "'10-0-0-157' does not appear to be an IPv4 or IPv6 address" in got.defects[0].reason


def test_aws_own_example_of_attachments_is_joined() -> None:
    gateway = {"TransitGateways": [{"TransitGatewayId": "tgw-02f776b1a7EXAMPLE", "State": "available"}]}

    async def call(action: str, _params: Mapping[str, Any]) -> Any:
        if action == "ec2:DescribeTransitGateways":
            return gateway
        return example("cen_attachments" if action.endswith("GatewayAttachments") else "cen_peering_attachments")

    batch = outcome(listing("cen", "transit-gateways"), call).batch
    assert isinstance(batch, Snapshot)
    (found,) = batch.resources
    assert isinstance(found, Cen)
    assert {(one.kind, one.id) for one in found.attachments} == {
        ("vpc", "vpc-3EXAMPLE"),
        ("vpc", "vpc-0065acced4EXAMPLE"),
        ("direct_connect_gateway", "11460968-4ac1-4fd3-bdb2-00599EXAMPLE"),
        ("direct_connect_gateway", "8384da05-13ce-4a91-aada-5a1baEXAMPLE"),
    }


def test_aws_own_example_of_a_database_is_mapped() -> None:
    page = {"DBInstances": [example("rds__create_db_instance")["DBInstance"]]}
    batch = taken(listing("rds", "instances"), page).batch
    assert isinstance(batch, Snapshot)
    (found,) = batch.resources
    assert isinstance(found, Rds)
    assert (found.engine, found.version, found.vpc, found.port) == ("mysql", "5.7.22", "vpc-2ff2ff2f", None)


def test_aws_own_example_of_a_member_of_a_group_is_none_of_its_own() -> None:
    batch = taken(listing("redis", "clusters"), example("redis")).batch
    assert isinstance(batch, Snapshot)
    assert batch.resources == ()
