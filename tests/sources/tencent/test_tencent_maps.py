"""Tencent Cloud's maps: each on an answer in the vendor's schema, on broken ones, and on the vendor's own examples."""

import asyncio
import json
import os
import re
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

import pytest

from tagweave.model import (
    VM,
    Attachment,
    AvailabilityZone,
    Cen,
    Cluster,
    Failure,
    Host,
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
    Route,
    Router,
    SecurityGroup,
    SecurityRule,
    Subnet,
    Target,
    Vpc,
)
from tagweave.sources.clouds import Job, Join, Listing, Outcome, Place, Resolver, perform
from tagweave.sources.clouds.paging import Page, Params
from tagweave.sources.tencent.compute import REGIONS
from tagweave.sources.tencent.source import asking
from tagweave.sources.tencent.tables import LISTINGS

RESPONSES: Final = Path(__file__).parent / "responses"
VENDORS: Final = os.environ.get("TAGWEAVE_VENDORS")
ACCOUNT: Final = "100000000001"
PLACE: Final = Place("shop", ACCOUNT, "ap-guangzhou")
EVERY: Final = (REGIONS, *LISTINGS)
MADE: Final = datetime(2024, 3, 1, 2, tzinfo=UTC)
TEAM: Final = {"team": "shop"}


def recorded(action: str, params: Params) -> Page:
    """Our answer to a call: that of the resource which the call names, if there is one."""
    name = action.replace(":", ".")
    named = [RESPONSES / f"{name}.{value}.json" for value in params.values() if isinstance(value, str | int)]
    path = next((path for path in named if path.exists()), RESPONSES / f"{name}.json")
    return json.loads(path.read_text("utf-8"))["Response"]


def listing(action: str, api: str = "") -> Listing:
    (found,) = (one for one in EVERY if one.action == action and api in {"", one.api})
    return found


def outcome(
    one: Listing,
    answer: Callable[[str, Params], Page] = recorded,
    listed: frozenset[tuple[str, str]] = frozenset(),
    resolver: Resolver | None = None,
) -> Outcome:
    async def call(action: str, params: Params) -> Page:
        return asking(lambda asked, _region, said: answer(asked, said))(action, PLACE.region, params)

    return asyncio.run(perform(Job(one, PLACE, call, listed=listed, resolver=resolver)))


def resources(action: str, api: str = "", **more: Any) -> Any:
    done = outcome(listing(action, api), **more)
    assert not isinstance(done.batch, Failure), done.batch
    assert done.defects == ()
    return [one for one in done.batch.resources if one.source == "shop"]


def common(native: str, **fields: Any) -> dict[str, Any]:
    return {"source": "shop", "id": native, "name": native, "region": "ap-guangzhou", "created_at": MADE, **fields}


def cases() -> list[Any]:
    return [pytest.param(one, id=f"{one.action}-{one.api}") for one in EVERY]


# ---- malformed first


def with_broken(broken: str, path: str) -> Callable[[str, Params], Page]:
    """Our answers, with an item that is none before those of one action."""

    def answer(action: str, params: Params) -> Page:
        page = recorded(action, params)
        if action == broken and isinstance(page[path], list):
            page[path] = [{"Nothing": "of use"}, *page[path]]
            for field in {"TotalCount"} & page.keys():
                page[field] += 1
        return page

    return answer


@pytest.mark.parametrize("one", cases())
def test_a_broken_item_is_a_defect_and_the_rest_is_taken(one: Listing) -> None:
    whole, broken = outcome(one), outcome(one, with_broken(one.action, one.path))
    assert len(broken.defects) == 1
    assert "item 1" in broken.defects[0].where
    assert broken.defects[0].reason.startswith(f"broken {one.kind}: it has no ")
    assert broken.batch.resources == whole.batch.resources


@pytest.mark.parametrize(
    ("one", "join"), [pytest.param(one, join, id=f"{one.api}-{join.action}") for one in EVERY for join in one.joins]
)
def test_a_broken_item_of_a_join_breaks_nothing_else(one: Listing, join: Join) -> None:
    whole, broken = outcome(one), outcome(one, with_broken(join.action, join.path))
    assert broken.defects == ()
    assert [made.id for made in broken.batch.resources] == [made.id for made in whole.batch.resources]


@pytest.mark.parametrize("one", cases())
def test_an_item_of_which_only_the_id_is_told_is_kept(one: Listing) -> None:
    """Every field but the id may be null, say the documents of most actions."""

    def bare(action: str, params: Params) -> Page:
        page = recorded(action, params)
        if action == one.action:
            page[one.path] = [
                {field: value if field in IDS else None for field, value in raw.items()} for raw in page[one.path]
            ]
        return page

    done = outcome(one, bare)
    assert done.defects == ()
    assert {made.id for made in done.batch.resources} >= {made.id for made in outcome(one).batch.resources}


IDS: Final = {
    "Region", "Zone", "HostId", "InstanceId", "NetworkInterfaceId", "HaVipId", "AddressId", "ClusterId", "VpcId",
    "SubnetId", "RouteTableId", "SecurityGroupId", "NatGatewayId", "PeeringConnectionId", "CcnId", "LoadBalancerId",
    "DBInstanceId",
}  # fmt: skip


@pytest.mark.parametrize("one", cases())
def test_an_answer_without_its_list_is_a_failure_and_not_an_empty_snapshot(one: Listing) -> None:
    done = outcome(one, lambda _action, _params: {"RequestId": "r"})
    assert isinstance(done.batch, Failure)
    assert f"the answer has no {one.path}" in done.batch.error


def test_a_total_that_the_list_does_not_reach_is_a_failure() -> None:
    def short(action: str, params: Params) -> Page:
        page = recorded(action, params)
        return {**page, "TotalCount": 7, "VpcSet": page["VpcSet"] if params["Offset"] == "0" else []}

    done = outcome(listing("vpc:DescribeVpcs"), short)
    assert isinstance(done.batch, Failure)
    assert "7" in done.batch.error


# ---- machines


def test_every_region_is_a_region_whether_it_is_available_or_not() -> None:
    assert resources("region:DescribeRegions") == [
        Region(source="shop", id="ap-guangzhou", name="South China (Guangzhou)"),
        Region(source="shop", id="ap-singapore", name="Southeast Asia (Singapore)"),
    ]


def test_a_zone_that_is_sold_out_is_a_zone() -> None:
    assert resources("cvm:DescribeZones") == [
        AvailabilityZone(source="shop", id="ap-guangzhou-3", name="Guangzhou Zone 3", region="ap-guangzhou"),
        AvailabilityZone(source="shop", id="ap-guangzhou-1", name="Guangzhou Zone 1", region="ap-guangzhou"),
    ]


def test_a_dedicated_host_is_one_and_its_underlay_address_is_nobodys() -> None:
    assert resources("cvm:DescribeHosts") == [
        Host(**common("host-1") | {"name": "cage"}, labels=TEAM, az="ap-guangzhou-3")
    ]


def test_a_machine_has_all_its_interfaces_with_every_address_of_both_families() -> None:
    machine = resources("cvm:DescribeInstances")[0]
    assert machine == VM(
        **common("ins-web1") | {"name": "web-1"},
        labels=TEAM,
        az="ap-guangzhou-3",
        vpc="vpc-shop",
        host="host-1",
        state="running",
        instance_type="S5.MEDIUM4",
        interfaces=(
            Interface(
                id="eni-first",
                mac="20:90:6f:00:00:01",
                subnet="subnet-a",
                private_ips=("10.1.1.5", "2402:4e00:1010:1::5"),
                public_ips=("43.136.1.5", "2402:4e00:1010:1::5"),
                security_groups=("sg-web",),
            ),
            Interface(
                id="eni-second",
                mac="20:90:6f:00:00:02",
                subnet="subnet-b",
                private_ips=("10.1.2.7", "10.1.2.6", "fd00:1::7"),
                public_ips=("43.136.1.6", "2402:4e00:1010:9::7"),
                security_groups=("sg-db", "sg-web"),
            ),
        ),
    )


def test_a_machine_of_the_classic_network_has_the_addresses_that_it_states_itself() -> None:
    machine = resources("cvm:DescribeInstances")[1]
    assert (machine.vpc, machine.state) == ("", "stopped")
    assert machine.interfaces == (Interface(private_ips=("10.66.1.9",), security_groups=("sg-web",)),)


def test_an_interface_that_serves_no_machine_stands_for_itself() -> None:
    free, pod = resources("vpc:DescribeNetworkInterfaces")
    assert free == NetworkInterface(
        **common("eni-free"),
        labels=TEAM,
        az="ap-guangzhou-3",
        vpc="vpc-shop",
        subnet="subnet-a",
        mac="20:90:6f:00:00:03",
        private_ips=("10.1.1.40",),
        security_groups=("sg-web",),
    )
    assert (pod.id, pod.attached_kind, pod.attached) == ("eni-pod", "eks", "eks-pod1")


def test_an_address_that_moves_between_machines_is_an_interface_of_its_own() -> None:
    (vip,) = resources("vpc:DescribeHaVips")
    assert (vip.private_ips, vip.public_ips) == (("10.1.1.100",), ("43.136.1.100",))
    assert (vip.subnet, vip.attached_kind, vip.attached) == ("subnet-a", "vm", "ins-web1")


def test_a_public_address_is_bound_to_what_it_says_unless_it_is_loose() -> None:
    found = {one.id: (one.ip, one.attached_kind, one.attached) for one in resources("vpc:DescribeAddresses")}
    assert found == {
        "eip-vm": ("43.136.1.5", "vm", "ins-web1"),
        "eip-nat": ("43.136.2.1", "nat_gateway", "nat-1"),
        "eip-eni": ("43.136.1.6", "network_interface", "eni-second"),
        "eip-clb": ("43.136.2.9", "load_balancer", "lb-inner"),
        "eip-free": ("43.136.9.9", "", ""),
        "eip-new": ("", "", ""),
    }


def test_a_public_ipv6_address_is_one_too() -> None:
    (one,) = resources("vpc:DescribeIPv6Addresses")
    assert isinstance(one, PublicIp)
    assert (one.ip, one.attached_kind, one.attached) == ("2402:4e00:1010:1::5", "vm", "ins-web1")


def test_a_managed_cluster_names_its_network_and_has_its_region_in_its_name() -> None:
    assert resources("tke:DescribeClusters") == [
        Cluster(
            source="shop", id="cls-shop", name="ap-guangzhou/shop", labels=TEAM, created_at=MADE, version="1.30.0",
            cloud_source="shop", vpc="vpc-shop", region="ap-guangzhou",
        )
    ]  # fmt: skip
    (serverless,) = resources("tke:DescribeEKSClusters")
    assert (serverless.name, serverless.version, serverless.vpc) == ("ap-guangzhou/less", "1.28.3", "vpc-shop")


# ---- networks


def test_a_vpc_has_its_secondary_prefixes_and_both_families() -> None:
    assert resources("vpc:DescribeVpcs") == [
        Vpc(
            **common("vpc-shop") | {"name": "shop"},
            labels=TEAM,
            cidrs=("10.1.0.0/16", "10.9.0.0/16", "172.20.0.0/16", "2402:4e00:1010::/56", "fd00:1::/56"),
        )
    ]


def test_a_subnet_names_its_route_table() -> None:
    first, second = resources("vpc:DescribeSubnets")
    assert first == Subnet(
        **common("subnet-a") | {"name": "a"}, labels=TEAM, vpc="vpc-shop", az="ap-guangzhou-3",
        cidrs=("10.1.1.0/24", "2402:4e00:1010:1::/64"), router="rtb-main",
    )  # fmt: skip
    assert second.cidrs == ("10.1.2.0/24",)


def test_a_route_table_has_the_routes_of_both_families_once_and_every_subnet() -> None:
    (table,) = resources("vpc:DescribeRouteTables")
    assert isinstance(table, Router)
    assert table.subnets == ("subnet-a", "subnet-b")
    assert table.routes == (
        Route("0.0.0.0/0", "nat_gateway", "nat-1"),
        Route("10.1.0.0/16", "local"),
        Route("10.2.0.0/16", "peering_connection", "pcx-1"),
        Route("10.3.0.0/16", "cen", "ccn-1"),
        Route("10.4.0.0/16", "address", "10.1.1.5"),
        Route("10.5.0.0/16", "internet_gateway"),
        Route("10.6.0.0/16", "disabled", "vpngw-1"),
        Route("2402:4e00:2000::/48", "cen", "ccn-1"),
    )


def test_a_security_group_keeps_the_order_in_which_its_rules_count_and_opens_its_templates() -> None:
    (group,) = resources("vpc:DescribeSecurityGroups")
    assert isinstance(group, SecurityGroup)
    assert group.rules == (
        SecurityRule("ingress", "tcp", "80", "10.0.0.7/32"),
        SecurityRule("ingress", "tcp", "443", "10.0.0.7/32"),
        SecurityRule("ingress", "icmpv6", "", "::/0"),
        SecurityRule("ingress", "", "", "0.0.0.0/0", "deny"),
        SecurityRule("ingress", "tcp", "8080", "sg-lb"),
        SecurityRule("ingress", "udp", "99-101", "sg-lb"),
        SecurityRule("ingress", "icmp", "", "ipm-office"),
        SecurityRule("ingress", "ppm-gone", "", "ipm-office"),
        SecurityRule("egress", "udp", "1000-2000", "10.1.0.0/16"),
    )


def test_templates_are_asked_for_only_where_a_rule_names_one() -> None:
    asked: list[str] = []

    def plain(action: str, params: Params) -> Page:
        asked.append(action)
        page = recorded(action, params)
        if action == "vpc:DescribeSecurityGroupPolicies":
            page["SecurityGroupPolicySet"] = {
                "Ingress": [{"Protocol": "TCP", "Port": "22", "Action": "ACCEPT"}],
                "Egress": None,
            }
        return page

    done = outcome(listing("vpc:DescribeSecurityGroups"), plain)
    assert done.batch.resources[0].rules == (SecurityRule("ingress", "tcp", "22"),)
    assert asked == ["vpc:DescribeSecurityGroups", "vpc:DescribeSecurityGroupPolicies"]


def test_a_nat_gateway_has_its_addresses_and_both_kinds_of_rules() -> None:
    (gateway,) = resources("vpc:DescribeNatGateways")
    assert gateway == NatGateway(
        **common("nat-1") | {"name": "out"},
        labels=TEAM,
        vpc="vpc-shop",
        subnets=("subnet-a",),
        public_ips=("43.136.2.1", "43.136.2.2"),
        rules=(
            NatRule("dnat", "tcp", "43.136.2.1", "443", "10.1.1.5", "8443"),
            NatRule("snat", external="43.136.2.1", internal="10.1.1.0/24"),
            NatRule("snat", external="43.136.2.2", internal="10.1.1.0/24"),
            NatRule("snat", external="43.136.2.2", internal="ins-web1"),
        ),
    )


def test_a_private_nat_gateway_holds_what_its_rules_translate_to() -> None:
    (gateway,) = resources("vpc:DescribePrivateNatGateways")
    assert gateway.private_ips == ("192.168.9.5", "192.168.9.6", "192.168.9.10", "192.168.9.11", "192.168.9.12")
    assert gateway.rules == (
        NatRule("dnat", "tcp", "192.168.9.6", "80", "10.1.1.5", "8080"),
        NatRule("snat", external="192.168.9.10-192.168.9.12"),
        NatRule("snat", external="192.168.9.5", internal="10.1.1.5"),
    )


def test_a_peering_is_kept_at_its_source_and_where_the_source_is_not_ours() -> None:
    listed = frozenset({(ACCOUNT, "ap-guangzhou"), (ACCOUNT, "ap-shanghai")})
    ours, theirs = resources("vpc:DescribeVpcPeeringConnections", listed=listed)
    assert ours == PeeringConnection(
        source="shop", id="pcx-1", name="to-data", labels=TEAM, created_at=MADE, state="active",
        vpcs=(
            PeeringEnd("", "ap-guangzhou", "vpc-shop"),
            PeeringEnd("100000000002", "ap-shanghai", "vpc-data"),
        ),
    )  # fmt: skip
    assert (theirs.id, theirs.state) == ("pcx-theirs", "pending")
    assert theirs.vpcs[0] == PeeringEnd("100000000009", "ap-beijing", "vpc-x")


def test_a_ccn_has_what_is_attached_in_every_region_and_account_and_not_what_was_only_asked_for() -> None:
    (network,) = resources("vpc:DescribeCcns")
    assert network == Cen(
        source="shop", id="ccn-1", name="backbone", labels=TEAM, created_at=MADE,
        attachments=(
            Attachment("direct_connect_gateway", "dcg-1", "ap-guangzhou"),
            Attachment("vpc", "vpc-far", "ap-shanghai", "100000000002"),
            Attachment("vpc", "vpc-shop", "ap-guangzhou"),
        ),
    )  # fmt: skip


# ---- load balancers


def test_a_balancer_has_its_addresses_and_the_targets_of_listeners_rules_and_groups() -> None:
    found = resources("clb:DescribeLoadBalancers", "clb")[0]
    assert found == LoadBalancer(
        **common("lb-web"),
        labels=TEAM,
        vpc="vpc-shop",
        subnets=("subnet-b",),
        scheme="internet",
        ips=("10.1.2.200", "43.136.3.1", "2402:4e00:1010:2::1"),
        dns_name="lb-web.example.clb.test",
        listeners=(
            Listener("UDP", 53),
            Listener("HTTP", 80, (Target(vm="ins-img", port=8081), Target(vm="ins-web1", port=8080))),
            Listener(
                "TCP",
                9000,
                (Target(ip="10.1.1.40", port=9001), Target(ip="10.8.0.4", port=9002), Target(vm="ins-web1")),
            ),
        ),
    )


def test_a_balancer_that_tells_only_its_name_has_the_addresses_of_the_name() -> None:
    async def resolver(host: str) -> tuple[str, ...]:
        return {"lb-name.example.clb.test": ("43.136.3.9",)}[host]

    named = resources("clb:DescribeLoadBalancers", "clb", resolver=resolver)[1]
    assert named.ips == ("43.136.3.9",)
    assert resources("clb:DescribeLoadBalancers", "clb")[1].ips == ()


def test_a_classic_balancer_sends_from_each_listener_to_all_targets_and_may_have_no_vpc() -> None:
    (found,) = resources("clb:DescribeLoadBalancers", "classic")
    assert (found.vpc, found.scheme, found.ips) == ("", "internal", ("10.66.1.80",))
    assert found.listeners == (
        Listener("HTTP", 80, (Target(vm="ins-old", port=8080),)),
        Listener("HTTPS", 443, (Target(vm="ins-old", port=8443),)),
    )


def test_an_application_balancer_has_the_addresses_of_its_zones_and_the_targets_of_its_rules() -> None:
    (found,) = resources("alb:DescribeLoadBalancers")
    assert found.ips == ("10.1.1.210", "10.1.2.210", "2402:4e00:1010:1::210")
    assert (found.subnets, found.scheme, found.labels) == (("subnet-a", "subnet-b"), "internal", TEAM)
    assert found.listeners == (
        Listener("HTTPS", 443, (Target(ip="10.1.1.40", port=8080), Target(vm="ins-web1", port=8080))),
    )  # fmt: skip


def test_a_gateway_balancer_forwards_to_the_members_of_its_group() -> None:
    (found,) = resources("gwlb:DescribeGatewayLoadBalancers")
    assert (found.ips, found.listeners) == (
        ("10.1.1.220",),
        (Listener("GENEVE", None, (Target(vm="ins-wall", port=6081),)),),
    )


# ---- databases


async def _by_name(host: str) -> tuple[str, ...]:
    return {"cdb-1.example.cdb.test": ("43.136.5.1",), "pg-1.example.pg.test": ("43.136.5.2", "2402:4e00::52")}.get(
        host, ()
    )


def test_a_main_instance_has_the_addresses_of_its_read_only_groups_in_its_vpc_and_a_replica_its_own() -> None:
    main, replica = resources("cdb:DescribeDBInstances")
    assert main == Rds(
        **common("cdb-1") | {"name": "orders"},
        labels=TEAM,
        az="ap-guangzhou-3",
        vpc="vpc-shop",
        subnets=("subnet-b",),
        ips=("10.1.2.20", "10.1.2.21"),
        port=3306,
        engine="mysql",
        version="8.0",
        state="running",
    )
    assert (replica.ips, replica.state, replica.created_at) == (("10.1.2.22", "10.1.2.23"), "isolating", None)


def test_a_name_is_resolved_where_that_is_wanted() -> None:
    main, _ = resources("cdb:DescribeDBInstances", resolver=_by_name)
    assert main.ips == ("10.1.2.20", "10.1.2.21", "43.136.5.1")


def test_an_address_of_a_cluster_is_not_its_instances_too() -> None:
    (cluster,) = resources("cynosdb:DescribeClusters")
    assert (cluster.ips, cluster.engine) == (("10.1.2.30", "10.1.2.31", "43.136.4.1"), "cynosdb-mysql")
    (instance,) = resources("cynosdb:DescribeInstances")
    assert (instance.id, instance.ips) == ("cynosdbmysql-ins-1", ("10.1.2.33",))


def test_postgresql_has_the_addresses_of_its_open_nets_in_both_families() -> None:
    (found,) = resources("postgres:DescribeDBInstances", resolver=_by_name)
    assert found.ips == ("10.1.2.40", "43.136.5.2", "2402:4e00::52", "2402:4e00:1010:3::40")
    assert (found.port, found.engine, found.version, found.labels) == (5432, "postgresql", "16.2", TEAM)


def test_each_further_engine_is_a_database() -> None:
    (sqlserver,) = resources("sqlserver:DescribeDBInstances")
    (mariadb,) = resources("mariadb:DescribeDBInstances")
    (tdsql,) = resources("dcdb:DescribeDCDBInstances")
    assert (sqlserver.ips, sqlserver.engine, sqlserver.version) == (("10.1.2.50",), "sqlserver", "2019")
    assert (mariadb.ips, mariadb.engine) == (("10.1.2.60", "43.136.4.6", "2402:4e00:1010:3::60"), "mariadb")
    assert (tdsql.ips, tdsql.engine, tdsql.state) == (("10.1.2.70",), "tdsql", "42")


def test_redis_has_its_zone_by_number_and_memcached_is_none() -> None:
    cluster, unknown = resources("redis:DescribeInstances")
    assert cluster == Redis(
        **common("crs-1") | {"name": "sessions"},
        labels=TEAM,
        az="ap-guangzhou-3",
        vpc="vpc-shop",
        subnets=("subnet-b",),
        ips=("10.1.2.80", "2402:4e00:1010:3::80"),
        port=6379,
        engine="redis",
        version="6.2",
        state="running",
    )
    assert (unknown.engine, unknown.version, unknown.az, unknown.state) == ("redis", "9.0.0", "", "isolated")


# ---- the vendor's own examples


def examples() -> list[Any]:
    """(listing, file) for each example in the vendor's index whose action is a listing's own."""
    if not VENDORS:
        return []
    index = (Path(VENDORS) / "tencent" / "INDEX.md").read_text("utf-8")
    rows = re.findall(r"^\| (\S+\.json) \| .*? \| (\w+) \d{4}-\d\d-\d\d \| (\w+)\.tencentcloudapi", index, re.MULTILINE)
    return [
        pytest.param(one, file, id=f"{file}-{one.api}")
        for file, action, service in rows
        for one in EVERY
        if one.action == f"{service}:{action}"
    ]


INVALID: Final = {"public_ip__eip.json"}
"""Examples whose address is none: `34.3.4.5.6`."""


@pytest.mark.skipif(not VENDORS, reason="TAGWEAVE_VENDORS is not set")
@pytest.mark.parametrize(("one", "file"), examples())
def test_the_vendors_own_example_is_mapped(one: Listing, file: str) -> None:
    """Its masked parts are filled in, and its totals, which are of no use in an example, are left out."""

    def answer(action: str, _params: Params) -> Page:
        if action != one.action:
            return {join.path: [] for join in one.joins if join.action == action}
        text = (Path(VENDORS) / "tencent" / file).read_text("utf-8")
        page = json.loads(re.sub(r"(?<=\.)\*+", "1", text))["Response"]
        return {field: value for field, value in page.items() if field not in {"TotalCount", "NextToken"}}

    done = outcome(one, answer)
    assert not isinstance(done.batch, Failure), done.batch
    assert [defect.reason for defect in done.defects if file not in INVALID] == []
    assert len(done.items) > 0
    kept = len(done.batch.resources) + len(done.defects)
    assert kept == len(done.items) or one.kind == "network_interface"
