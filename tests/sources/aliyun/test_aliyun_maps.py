"""Aliyun's maps on answers in its documents' schema: ours beside this file, and the vendor's own where they are there.

Each of our files is one action: answers by the value of a parameter (an id, a page's token), `` for any other request.
"""

import asyncio
import json
import os
import re
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from tagweave.model import (
    VM,
    Attachment,
    AvailabilityZone,
    Cen,
    Cluster,
    Defect,
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

pytest.importorskip("alibabacloud_tea_openapi", reason="needs the aliyun extra")

from tagweave.sources.aliyun.compute import REGIONS
from tagweave.sources.aliyun.services import READ
from tagweave.sources.aliyun.tables import LISTINGS
from tagweave.sources.clouds import Context, Job, Listing, Place, perform
from tagweave.sources.clouds.reading import pick

RESPONSES = Path(__file__).parent / "responses"
VENDORS = os.environ.get("TAGWEAVE_VENDORS")
ACCOUNT, OTHER = "1000000000000001", "1000000000000002"
PLACE = Place("ali", ACCOUNT, "cn-hangzhou")
LISTED = frozenset({(ACCOUNT, "cn-hangzhou"), (ACCOUNT, "eu-central-1"), (OTHER, "cn-hangzhou"), (ACCOUNT, "")})
NAMES = {
    "pxc-1.polarx.rds.aliyuncs.com": ("10.1.0.111", "2408:4005:1:100::111"),
    "drds-1pub.drds.aliyuncs.com": ("47.96.2.9",),
}


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


async def resolver(host: str) -> tuple[str, ...]:
    return NAMES[host]


def answered(action: str, params: dict[str, Any]) -> Any:
    answers = json.loads((RESPONSES / f"{action.replace(':', '.')}.json").read_text("utf-8"))
    keys = [params.get("NextToken"), *params.values(), ""]
    return answers[next(str(key) for key in keys if str(key) in answers)]


def listing(action: str) -> Listing:
    return next(one for one in (REGIONS, *LISTINGS) if one.action == action)


def read(action: str, kind: str = "", broken: Any = None) -> tuple[dict[str, Resource], list[Defect]]:
    """What a listing makes of our answers, with one more item in front if `broken` is given."""
    row = next(one for one in (REGIONS, *LISTINGS) if one.action == action and kind in {"", one.kind})
    first = [True]

    async def call(asked: str, params: Any) -> Any:
        page = answered(asked, dict(params))
        if broken is not None and asked == action and first:
            first.clear()
            held = page
            *way, last = row.path.split(".")
            for step in way:
                held = held[step]
            held[last].insert(0, broken)
            if row.paging.total:
                *way, last = row.paging.total.split(".")
                held = page
                for step in way:
                    held = held[step]
                held[last] += 1
        return page

    job = Job(row, PLACE if row.scope == "region" else PLACE._replace(region=""), call, "", LISTED, resolver)
    outcome = asyncio.run(perform(job))
    assert isinstance(outcome.batch, Snapshot), outcome.batch
    return {one.id: one for one in outcome.batch.resources}, list(outcome.defects)


def clean(action: str, kind: str = "") -> dict[str, Resource]:
    resources, defects = read(action, kind)
    assert not defects
    return resources


# ---- malformed first

EVERY = [*LISTINGS, REGIONS]


@pytest.mark.parametrize("row", EVERY, ids=lambda row: f"{row.kind} {row.action}")
@pytest.mark.parametrize("broken", [{}, {"Tags": 7}, "text"], ids=str)
def test_a_broken_item_is_reported_and_the_rest_are_kept(row: Listing, broken: Any) -> None:
    resources, defects = read(row.action, row.kind, broken)
    assert resources == clean(row.action, row.kind)
    assert len(defects) == 1


def failed(row: Listing, page: Any) -> str:
    async def call(asked: str, params: Any) -> Any:
        return page

    outcome = asyncio.run(perform(Job(row, PLACE, call)))
    assert isinstance(outcome.batch, Failure)
    return outcome.batch.error


@pytest.mark.parametrize("row", EVERY, ids=lambda row: f"{row.kind} {row.action}")
@pytest.mark.parametrize("page", [{}, [], None, "text", {"Code": "Forbidden"}], ids=str)
def test_an_answer_without_its_list_is_a_failure_and_not_an_empty_snapshot(row: Listing, page: Any) -> None:
    assert "the answer has no" in failed(row, page)


def test_an_address_that_is_none_breaks_its_own_resource_only() -> None:
    item = {"AllocationId": "eip-9", "IpAddress": "47.96.0.999"}
    resources, [defect] = read("vpc:DescribeEipAddresses", "", item)
    assert "47.96.0.999" in defect.reason
    assert len(resources) == 4


# ---- machines


def test_regions_and_zones_are_all_there_sold_out_or_not() -> None:
    assert clean("ecs:DescribeRegions") == {
        "cn-hangzhou": Region(source="ali", id="cn-hangzhou", name="China (Hangzhou)"),
        "eu-central-1": Region(source="ali", id="eu-central-1", name="eu-central-1"),
    }
    assert clean("ecs:DescribeZones") == {
        "cn-hangzhou-h": AvailabilityZone(
            source="ali", id="cn-hangzhou-h", name="Hangzhou Zone H", region="cn-hangzhou"
        ),
        "cn-hangzhou-a": AvailabilityZone(source="ali", id="cn-hangzhou-a", name="cn-hangzhou-a", region="cn-hangzhou"),
    }


def test_a_machine_has_every_interface_with_every_address() -> None:
    assert clean("ecs:DescribeInstances")["i-web1"] == VM(
        source="ali",
        id="i-web1",
        name="web-1",
        labels={"env": "prod", "team": "shop"},
        created_at=at("2025-03-01T08:15"),
        region="cn-hangzhou",
        az="cn-hangzhou-h",
        vpc="vpc-1",
        host="dh-1",
        state="running",
        instance_type="ecs.g7.large",
        interfaces=(
            Interface(
                "eni-1",
                "00:16:3e:00:00:01",
                "vsw-1",
                ("10.1.0.9", "10.1.0.10", "2408:4005:1:100::9"),
                ("47.96.0.10", "47.96.0.11", "2408:4005:1:100::9"),
                ("sg-1",),
            ),
            Interface(
                "eni-2",
                "00:16:3e:00:00:02",
                "vsw-2",
                ("10.1.1.7", *(f"10.1.1.{number}" for number in range(32, 48))),
                (),
                ("sg-1", "sg-2"),
            ),
        ),
    )


class Watched(dict[str, Any]):
    """An item that keeps which of its fields are read."""

    read: set[str]

    def get(self, key: str, default: Any = None) -> Any:
        self.read.add(key)
        return super().get(key, default)

    def __getitem__(self, key: str) -> Any:
        self.read.add(key)
        return super().__getitem__(key)


def test_what_is_kept_of_a_machine_is_what_its_map_reads() -> None:
    row = listing("ecs:DescribeInstances")
    path, kept = READ[row.action]
    assert path == row.path
    read: set[str] = set()
    for page in json.loads((RESPONSES / "ecs.DescribeInstances.json").read_text("utf-8")).values():
        for raw in pick(page, row.path):
            item = Watched(raw)
            item.read = read
            row.to_model(item, Context(PLACE))
    assert read - {"TagSet", "tags"} == kept


def test_an_interface_that_only_the_machine_tells_of_is_kept() -> None:
    found = clean("ecs:DescribeInstances")["i-new"]
    assert isinstance(found, VM)
    assert (found.name, found.state) == ("i-new", "stopped")
    assert found.interfaces == (
        Interface(
            "eni-9",
            "00:16:3e:00:00:09",
            "vsw-1",
            ("10.1.0.77", "2408:4005:1:100::77"),
            ("121.40.0.7", "2408:4005:1:100::77"),
            ("sg-0", "sg-1"),
        ),
    )


def test_a_machine_of_the_classic_network_has_its_addresses() -> None:
    found = clean("ecs:DescribeInstances")["i-old"]
    assert isinstance(found, VM)
    assert found.vpc == ""
    assert found.interfaces == (Interface("", "", "", ("10.170.0.5",), ("121.40.0.8",), ("sg-old",)),)


def test_interfaces_of_anything_but_machines_stand_alone() -> None:
    assert clean("ecs:DescribeNetworkInterfaces", "network_interface") == {
        "eni-3": NetworkInterface(
            source="ali",
            id="eni-3",
            name="spare",
            labels={"team": "net"},
            created_at=at("2025-03-01T08:15:30"),
            region="cn-hangzhou",
            az="cn-hangzhou-h",
            vpc="vpc-1",
            subnet="vsw-1",
            mac="00:16:3e:00:00:03",
            private_ips=("10.1.0.30",),
            security_groups=("sg-1",),
        ),
        "eni-4": NetworkInterface(
            source="ali",
            id="eni-4",
            name="made for a NAT gateway",
            created_at=at("2025-03-01T08:15:30"),
            region="cn-hangzhou",
            az="cn-hangzhou-h",
            vpc="vpc-1",
            subnet="vsw-1",
            mac="00:16:3e:00:00:04",
            private_ips=("10.1.0.40",),
            security_groups=("sg-1",),
            attached_kind="nat_gateway",
            attached="ngw-1",
        ),
    }


def test_elastic_addresses_are_there_bound_or_not() -> None:
    found = clean("vpc:DescribeEipAddresses")
    assert found["eip-1"] == PublicIp(
        source="ali",
        id="eip-1",
        name="web",
        labels={"team": "shop"},
        created_at=at("2025-02-01T00:00"),
        region="cn-hangzhou",
        ip="47.96.0.10",
        attached_kind="vm",
        attached="i-web1",
    )
    bound = {one.id: (one.name, one.attached_kind, one.attached) for one in found.values() if isinstance(one, PublicIp)}
    assert bound["eip-3"] == ("47.96.0.12", "nat_gateway", "ngw-1")
    assert bound["eip-4"] == ("47.96.0.13", "", "")
    assert bound["eip-5"] == ("47.96.0.14", "load_balancer", "lb-1")


def test_a_cluster_names_its_vpc_and_region_and_is_of_its_own_region_only() -> None:
    assert clean("cs:DescribeClustersV1") == {
        "c0123": Cluster(
            source="ali",
            id="c0123",
            name="cn-hangzhou/prod",
            labels={"team": "platform"},
            created_at=at("2025-05-06T02:11:12"),
            version="1.32.1-aliyun.1",
            cloud_source="ali",
            vpc="vpc-1",
            region="cn-hangzhou",
        )
    }


# ---- networks


def test_a_vpc_has_all_its_prefixes_and_a_shared_one_is_its_owners() -> None:
    assert clean("vpc:DescribeVpcs") == {
        "vpc-1": Vpc(
            source="ali",
            id="vpc-1",
            name="main",
            labels={"env": "prod"},
            created_at=at("2025-01-01T00:00"),
            region="cn-hangzhou",
            cidrs=("10.1.0.0/16", "192.168.20.0/24", "2408:4005:1:100::/56", "2408:4006:2:200::/56"),
        ),
        "vpc-2": Vpc(source="ali", id="vpc-2", name="vpc-2", region="cn-hangzhou", cidrs=("172.16.0.0/12",)),
    }


def test_a_vswitch_has_both_prefixes_and_its_route_table() -> None:
    assert clean("vpc:DescribeVSwitches") == {
        "vsw-1": Subnet(
            source="ali",
            id="vsw-1",
            name="web",
            labels={"tier": "web"},
            created_at=at("2025-01-01T00:00:01"),
            vpc="vpc-1",
            az="cn-hangzhou-h",
            region="cn-hangzhou",
            cidrs=("10.1.0.0/24", "2408:4005:1:100::/64"),
            router="vtb-1",
        ),
        "vsw-2": Subnet(
            source="ali",
            id="vsw-2",
            name="vsw-2",
            vpc="vpc-1",
            az="cn-hangzhou-a",
            region="cn-hangzhou",
            cidrs=("10.1.1.0/24",),
        ),
    }


def test_a_route_table_has_the_routes_of_all_pages_and_every_next_hop() -> None:
    assert clean("vpc:DescribeRouteTableList") == {
        "vtb-1": Router(
            source="ali",
            id="vtb-1",
            name="vtb-1",
            labels={"env": "prod"},
            created_at=at("2025-01-01T00:00"),
            vpc="vpc-1",
            region="cn-hangzhou",
            routes=(
                Route("0.0.0.0/0", "nat_gateway", "ngw-1"),
                Route("10.1.0.0/24", "local", ""),
                Route("10.20.0.0/16", "router_interface", "ri-1"),
                Route("10.20.0.0/16", "router_interface", "ri-2"),
                Route("10.30.0.0/16", "vm", "i-web1"),
                Route("10.40.0.0/16", "vpn_gateway", "vpn-1"),
                Route("10.50.0.0/16", "", ""),
                Route("10.8.0.0/16", "cen_attachment", "tr-attach-1"),
                Route("2408:4006::/32", "peering_connection", "pcc-1"),
            ),
            subnets=("vsw-1", "vsw-2"),
        )
    }


def test_a_security_group_has_the_rules_of_all_pages_in_both_directions() -> None:
    found = clean("ecs:DescribeSecurityGroups")
    assert found["sg-1"] == SecurityGroup(
        source="ali",
        id="sg-1",
        name="web",
        labels={"tier": "web"},
        created_at=at("2025-01-01T00:00"),
        vpc="vpc-1",
        region="cn-hangzhou",
        rules=(
            SecurityRule("ingress", "icmp", "", "10.0.0.0/8"),
            SecurityRule("ingress", "tcp", "22", "203.0.113.7/32", "deny"),
            SecurityRule("ingress", "tcp", "443", "0.0.0.0/0"),
            SecurityRule("ingress", "tcp", "443", "::/0"),
            SecurityRule("ingress", "tcp", "8000-9000", "sg-2"),
            SecurityRule("egress", "", "", "0.0.0.0/0"),
            SecurityRule("egress", "tcp", "prl-1", "pl-1"),
        ),
    )
    assert found["sg-2"] == SecurityGroup(source="ali", id="sg-2", name="sg-2", vpc="vpc-1", region="cn-hangzhou")


def test_a_nat_gateway_has_its_addresses_and_rules_the_private_one_too() -> None:
    assert clean("vpc:DescribeNatGateways") == {
        "ngw-1": NatGateway(
            source="ali",
            id="ngw-1",
            name="out",
            labels={"team": "net"},
            created_at=at("2025-01-05T00:00"),
            region="cn-hangzhou",
            vpc="vpc-1",
            subnets=("vsw-1",),
            private_ips=("10.1.0.40", "10.1.0.41"),
            public_ips=("47.96.0.12", "47.96.0.15"),
            rules=(
                NatRule("dnat", "tcp", "47.96.0.12", "8080", "10.1.0.9", "80"),
                NatRule("dnat", "", "47.96.0.15", "", "10.1.1.7", ""),
                NatRule("snat", "", "47.96.0.12", "", "10.1.0.0/24"),
                NatRule("snat", "", "47.96.0.12", "", "vsw-2"),
                NatRule("snat", "", "47.96.0.15", "", "10.1.0.0/24"),
            ),
        ),
        "ngw-2": NatGateway(
            source="ali",
            id="ngw-2",
            name="ngw-2",
            region="cn-hangzhou",
            vpc="vpc-2",
            subnets=("vsw-3",),
            private_ips=("172.16.0.5", "172.16.0.6"),
            rules=(NatRule("fullnat", "tcp", "172.16.0.6", "80", "10.20.0.8", "8080"),),
        ),
    }


def test_a_peering_is_kept_once_with_both_ends() -> None:
    found = clean("vpcpeer:ListVpcPeerConnections")
    assert found == {
        "pcc-1": PeeringConnection(
            source="ali",
            id="pcc-1",
            name="to-eu",
            labels={"team": "net"},
            created_at=at("2025-04-24T09:02:36"),
            vpcs=(PeeringEnd("", "cn-hangzhou", "vpc-1"), PeeringEnd(OTHER, "eu-central-1", "vpc-8")),
            state="active",
        ),
        "pcc-3": PeeringConnection(
            source="ali",
            id="pcc-3",
            name="pcc-3",
            created_at=at("2025-04-24T09:02:36"),
            vpcs=(
                PeeringEnd("1000000000000009", "cn-beijing", "vpc-6"),
                PeeringEnd("", "cn-hangzhou", "vpc-1"),
            ),
            state="accepting",
        ),
    }


def test_router_interfaces_are_a_peering_between_two_vpcs_only() -> None:
    assert clean("vpc:DescribeRouterInterfaces") == {
        "ri-1": PeeringConnection(
            source="ali",
            id="ri-1",
            name="old",
            labels={"team": "net"},
            created_at=at("2019-01-01T00:00"),
            vpcs=(PeeringEnd("", "cn-hangzhou", "vpc-1"), PeeringEnd("", "cn-hangzhou", "vpc-2")),
            state="active",
        ),
        "ri-4": PeeringConnection(
            source="ali",
            id="ri-4",
            name="ri-4",
            created_at=at("2019-01-01T00:00"),
            vpcs=(
                PeeringEnd("1000000000000009", "cn-hangzhou", "vpc-4"),
                PeeringEnd("", "cn-hangzhou", "vpc-1"),
            ),
            state="idle",
        ),
    }


def test_a_cen_has_what_its_transit_routers_have_of_both_editions() -> None:
    assert clean("cbn:DescribeCens") == {
        "cen-1": Cen(
            source="ali",
            id="cen-1",
            name="backbone",
            labels={"team": "net"},
            created_at=at("2025-06-01T07:44"),
            attachments=(
                Attachment("express_connect_router", "ecr-1", "cn-hangzhou"),
                Attachment("transit_router", "tr-1", "cn-hangzhou"),
                Attachment("vbr", "vbr-2", "cn-hangzhou"),
                Attachment("vpc", "vpc-1", "cn-hangzhou"),
                Attachment("vpc", "vpc-far", "cn-hangzhou", OTHER),
                Attachment("vpn", "vco-1", "cn-hangzhou"),
            ),
        ),
        "cen-2": Cen(
            source="ali",
            id="cen-2",
            name="cen-2",
            attachments=(
                Attachment("ccn", "ccn-1", "cn-hangzhou"),
                Attachment("transit_router", "tr-2", "cn-hangzhou"),
                Attachment("vbr", "vbr-1", "cn-hangzhou"),
                Attachment("vpc", "vpc-2", "cn-hangzhou"),
            ),
        ),
    }


# ---- load balancers


def test_a_classic_balancer_sends_to_groups_rules_pairs_and_its_own_servers() -> None:
    assert clean("slb:DescribeLoadBalancers") == {
        "lb-1": LoadBalancer(
            source="ali",
            id="lb-1",
            name="ingress",
            labels={"team": "shop"},
            created_at=at("2025-07-01T20:21"),
            region="cn-hangzhou",
            vpc="vpc-1",
            subnets=("vsw-1",),
            scheme="internal",
            ips=("10.1.0.200",),
            listeners=(
                Listener("TCP", 22, (Target(vm="i-web1", port=2222),)),
                Listener("UDP", 53, (Target(vm="i-new", port=53), Target(vm="i-web1", port=53))),
                Listener("HTTP", 80),
                Listener(
                    "HTTPS",
                    443,
                    (
                        Target(ip="10.1.0.31", port=8080),
                        Target(vm="i-new", port=9090),
                        Target(vm="i-web1", port=8080),
                    ),
                ),
            ),
        ),
        "lb-2": LoadBalancer(
            source="ali",
            id="lb-2",
            name="lb-2",
            created_at=at("2025-07-01T20:21"),
            region="cn-hangzhou",
            scheme="internet",
            ips=("2408:4005:ff::1",),
        ),
    }


def test_an_application_balancer_has_the_addresses_of_its_zones_and_the_targets_of_its_rules() -> None:
    assert clean("alb:ListLoadBalancers") == {
        "alb-1": LoadBalancer(
            source="ali",
            id="alb-1",
            name="shop",
            labels={"team": "shop"},
            created_at=at("2025-07-02T02:49:05"),
            region="cn-hangzhou",
            vpc="vpc-1",
            subnets=("vsw-1", "vsw-2"),
            scheme="internet",
            ips=(
                "10.1.0.62",
                "10.1.0.181",
                "47.96.1.1",
                "47.96.1.2",
                "2408:4005:1:100::181",
                "2408:4005:1:100:6f4::62",
            ),
            dns_name="alb-1.cn-hangzhou.alb.aliyuncs.com",
            listeners=(
                Listener("HTTP", 80),
                Listener(
                    "HTTPS",
                    443,
                    (
                        Target(ip="10.1.0.50", port=8080),
                        Target(ip="192.168.0.9", port=80),
                        Target(vm="i-web1", port=80),
                    ),
                ),
            ),
        )
    }


def test_network_and_gateway_balancers_have_addresses_listeners_and_targets() -> None:
    assert clean("nlb:ListLoadBalancers")["nlb-1"] == LoadBalancer(
        source="ali",
        id="nlb-1",
        name="nlb-1",
        labels={"team": "shop"},
        created_at=at("2025-07-03T00:00"),
        region="cn-hangzhou",
        vpc="vpc-1",
        subnets=("vsw-1",),
        scheme="internal",
        ips=("10.1.0.190", "2408:4005:1:100::190"),
        dns_name="nlb-1.cn-hangzhou.nlb.aliyuncs.com",
        listeners=(
            Listener("UDP", None, (Target(ip="10.1.1.7", port=5432),)),
            Listener("TCP", 5432, (Target(ip="10.1.1.7", port=5432),)),
        ),
    )
    assert clean("gwlb:ListLoadBalancers")["gwlb-1"] == LoadBalancer(
        source="ali",
        id="gwlb-1",
        name="fw",
        labels={"team": "sec"},
        created_at=at("2025-07-04T00:00"),
        region="cn-hangzhou",
        vpc="vpc-1",
        subnets=("vsw-1",),
        scheme="internal",
        ips=("10.1.0.195",),
        listeners=(Listener("", None, (Target(vm="i-new", port=6081),)),),
    )


# ---- databases


def test_databases_of_every_family_have_their_addresses() -> None:
    rds = clean("rds:DescribeDBInstances")
    assert rds["rm-1"] == Rds(
        source="ali",
        id="rm-1",
        name="orders",
        labels={"team": "shop"},
        created_at=at("2025-08-01T00:00"),
        region="cn-hangzhou",
        az="cn-hangzhou-h",
        vpc="vpc-1",
        subnets=("vsw-1",),
        ips=("10.1.0.100", "47.96.2.1"),
        port=3306,
        engine="MySQL",
        version="8.0",
        state="running",
    )
    postgres = rds["pgm-1"]
    assert isinstance(postgres, Rds)
    assert (postgres.name, postgres.version, postgres.ips, postgres.port) == ("pgm-1", "16.0", (), None)
    assert clean("polardb:DescribeDBClusters")["pc-1"] == Rds(
        source="ali",
        id="pc-1",
        name="ledger",
        labels={"team": "shop"},
        created_at=at("2025-08-02T00:00"),
        region="cn-hangzhou",
        az="cn-hangzhou-a",
        vpc="vpc-1",
        subnets=("vsw-2",),
        ips=("10.1.1.100", "10.1.1.101"),
        port=5432,
        engine="PolarDB PostgreSQL",
        version="14",
        state="running",
    )
    assert clean("polardbx:DescribeDBInstances")["pxc-1"] == Rds(
        source="ali",
        id="pxc-1",
        name="pxc-1",
        labels={"team": "shop"},
        created_at=at("2025-08-31T08:56:25"),
        region="cn-hangzhou",
        az="cn-hangzhou-h",
        vpc="vpc-1",
        subnets=("vsw-1",),
        ips=("10.1.0.111", "2408:4005:1:100::111"),
        port=3306,
        engine="PolarDB-X",
        version="8.0",
        state="running",
    )
    assert clean("drds:DescribeDrdsInstances")["drds-1"] == Rds(
        source="ali",
        id="drds-1",
        name="old",
        labels={"team": "shop"},
        created_at=at("2019-08-31T01:25:45"),
        region="cn-hangzhou",
        az="cn-hangzhou-h",
        vpc="vpc-1",
        subnets=("vsw-1",),
        ips=("10.1.0.110", "47.96.2.9"),
        port=3306,
        engine="DRDS",
        version="V1",
        state="run",
    )


def test_redis_has_every_address_and_memcache_is_none() -> None:
    found = clean("r-kvstore:DescribeInstances")
    assert set(found) == {"r-1", "tt-1"}
    assert found["r-1"] == Redis(
        source="ali",
        id="r-1",
        name="cache",
        labels={"team": "shop"},
        created_at=at("2025-09-01T08:49"),
        region="cn-hangzhou",
        az="cn-hangzhou-h",
        vpc="vpc-1",
        subnets=("vsw-1",),
        ips=("10.1.0.120", "10.1.0.121", "47.96.3.1"),
        port=6379,
        engine="Redis",
        version="7.0",
        state="normal",
    )


# ---- the vendor's own answers

OWN = [
    ("ecs:DescribeRegions", "region", "region.json"),
    ("ecs:DescribeZones", "az", "az.json"),
    ("ecs:DescribeInstances", "vm", "vm.json"),
    ("ecs:DescribeNetworkInterfaces", "network_interface", "network_interface.json"),
    ("vpc:DescribeEipAddresses", "public_ip", "eip.json"),
    ("vpc:DescribeEipAddresses", "public_ip", "eip_2021_stringly.json"),
    ("vpc:DescribeVpcs", "vpc", "vpc.json"),
    ("vpc:DescribeVSwitches", "subnet", "subnet.json"),
    ("vpc:DescribeRouteTableList", "router", "router.json"),
    ("ecs:DescribeSecurityGroups", "security_group", "security_group.json"),
    ("vpc:DescribeNatGateways", "nat_gateway", "nat_gateway.json"),
    ("slb:DescribeLoadBalancers", "load_balancer", "load_balancer.json"),
    ("cbn:DescribeCens", "cen", "cen.json"),
    ("rds:DescribeDBInstances", "rds", "rds.json"),
    ("r-kvstore:DescribeInstances", "redis", "redis.json"),
]
JOINED = {
    "vpc:DescribeRouteTableList": {"routes": "route_entries.json"},
    "ecs:DescribeSecurityGroups": {"rules": "security_group_attribute.json"},
    "vpc:DescribeNatGateways": {"snat": "nat_snat_entries.json", "dnat": "nat_dnat_entries.json"},
    "cbn:DescribeCens": {"routers": "cen_transit_routers.json"},
}
IDS = {
    "vpc:DescribeRouteTableList": "RouteTableId",
    "ecs:DescribeSecurityGroups": "SecurityGroupId",
    "vpc:DescribeNatGateways": "NatGatewayId",
    "cbn:DescribeCens": "CenId",
}

vendors = pytest.mark.skipif(VENDORS is None, reason="TAGWEAVE_VENDORS is not set")


def vendor(name: str) -> Any:
    """An answer of the vendor's, with the parts of addresses that its documents hide made up."""
    text = (Path(VENDORS or "") / "aliyun" / name).read_text("utf-8")
    text = re.sub(r"(?i)\b(\d{1,3})((?:\. ?(?:\d{1,3}|x{2}|\*{1,3})){3})", lambda m: m[1] + shown(m[2]), text)
    text = re.sub(r"(?i)(?<=:)x{4}(?=:)", "4005", text)
    return json.loads(re.sub(r":\*{3}(?=\")", ":1", text))


def shown(octets: str) -> str:
    return "".join(f".{part if part.isdigit() else 7}" for part in octets.replace(" ", "").lstrip(".").split("."))


@vendors
@pytest.mark.parametrize(("action", "kind", "name"), OWN, ids=str)
def test_the_vendors_own_answers_become_resources(action: str, kind: str, name: str) -> None:
    row = next(one for one in (REGIONS, *LISTINGS) if (one.action, one.kind) == (action, kind))
    items = pick(vendor(name), row.path)
    assert items
    joined: dict[str, dict[str, list[Any]]] = {"": {"": items}}
    for join in row.joins:
        file = JOINED.get(action, {}).get(join.name)
        if file:
            joined[join.name] = {items[0][IDS[action]]: pick(vendor(file), join.path)}
    context = Context(PLACE, joined, {}, LISTED)
    made = [row.to_model(item, context) for item in items]
    if (action, kind) == ("ecs:DescribeNetworkInterfaces", "network_interface"):
        assert made == [None]  # it is a machine's
        return
    assert all(isinstance(one, Resource) and one.id for one in made)
    first = made[0]
    if isinstance(first, Router):
        assert first.routes == (Route("192.168.2.0/24", "vpn_gateway", "vpn-bp10zyaph5cc8b7c7****"),)
    if isinstance(first, SecurityGroup):
        assert {rule.ports for rule in first.rules} == {"22", "443", "80", ""}
    if isinstance(first, NatGateway):
        assert {rule.type for rule in first.rules} == {"snat", "dnat"}
        assert len(first.public_ips) == 2


@vendors
def test_the_vendors_application_balancer_has_all_its_addresses() -> None:
    found = vendor("alb_load_balancer_attribute.json")
    row = listing("alb:ListLoadBalancers")
    made = row.to_model(found, Context(PLACE, {"zones": {found["LoadBalancerId"]: pick(found, "ZoneMappings")}}))
    assert isinstance(made, LoadBalancer)
    assert {"192.168.10.1", "10.0.1.181", "10.1.0.62", "2408:4005:39d:eb00::"} <= set(made.ips)
    assert len(made.ips) == 5


@vendors
def test_the_vendors_peering_has_both_ends() -> None:
    made = listing("vpcpeer:ListVpcPeerConnections").to_model(vendor("peering_detail.json"), Context(PLACE))
    assert isinstance(made, PeeringConnection)
    assert made.state == "active"
    assert [end.vpc for end in made.vpcs] == ["vpc-bp1gsk7h12ew7oegk****", "vpc-bp1vzjkp2q1xgnind****"]


@vendors
def test_a_list_that_a_document_shows_as_one_item_is_a_list_of_one() -> None:
    row = listing("vpc:DescribeNatGateways")
    page = vendor("nat_gateway_2021_collapsed.json")["DescribeNatGatewaysResponse"]
    [item] = pick(page, row.path)
    made = row.to_model(item, Context(PLACE))
    assert isinstance(made, NatGateway)
    assert made.private_ips[0].startswith("192.168.")
    assert len(made.public_ips) == 1
