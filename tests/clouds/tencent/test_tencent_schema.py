"""The estate's items against the vendor's own examples, where TAGWEAVE_VENDORS leads to them."""

import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from clouds.tencent.actions import ACTIONS
from clouds.tencent.estate import standard
from clouds.tencent.items.common import UIN

EXAMPLES = {
    "cvm:DescribeZones": "availability_zone",
    "cvm:DescribeInstances": "vm",
    "region:DescribeRegions": "region__region_service",
    "vpc:DescribeVpcs": "vpc",
    "vpc:DescribeSubnets": "subnet",
    "vpc:DescribeRouteTables": "router",
    "vpc:DescribeRoutes": "router_routes",
    "vpc:DescribeSecurityGroups": "security_group",
    "vpc:DescribeSecurityGroupPolicies": "security_group_policies",
    "vpc:DescribeNetworkInterfaces": "network_interface",
    "vpc:DescribeAddresses": "public_ip__wan",
    "vpc:DescribeNatGateways": "nat_gateway__2",
    "vpc:DescribeNatGatewaySourceIpTranslationNatRules": "nat_gateway_snat",
    "vpc:DescribeNatGatewayDestinationIpPortTranslationNatRules": "nat_gateway_dnat",
    "vpc:DescribePrivateNatGateways": "nat_gateway__private",
    "vpc:DescribeVpcPeeringConnections": "peering_connection",
    "vpc:DescribeCcns": "cen",
    "vpc:DescribeCcnAttachedInstances": "cen_attachments",
    "clb:DescribeLoadBalancers": "load_balancer",
    "clb:DescribeListeners": "load_balancer_listeners__all",
    "clb:DescribeTargets": "load_balancer_backends",
    "alb:DescribeLoadBalancers": "load_balancer__alb",
    "alb:DescribeLoadBalancerDetail": "load_balancer_detail__alb",
    "alb:DescribeListeners": "load_balancer_listeners__alb",
    "alb:DescribeRules": "load_balancer_rules__alb",
    "alb:DescribeTargetGroups": "load_balancer_target_groups__alb",
    "alb:DescribeTargetGroupTargets": "load_balancer_backends__alb",
    "cdb:DescribeDBInstances": "rds",
    "cynosdb:DescribeClusters": "rds__cynosdb_clusters",
    "cynosdb:DescribeInstances": "rds__cynosdb_instances",
    "postgres:DescribeDBInstances": "rds__postgres",
    "sqlserver:DescribeDBInstances": "rds__sqlserver",
    "mariadb:DescribeDBInstances": "rds__mariadb",
    "dcdb:DescribeDCDBInstances": "rds__dcdb",
    "redis:DescribeInstances": "redis",
}


def types(value: Any, path: str = "") -> Iterator[tuple[str, type]]:
    """Each field with the type of its value; what is null says nothing."""
    if isinstance(value, dict):
        for name, one in value.items():
            yield from types(one, f"{path}.{name}")
    elif isinstance(value, list):
        for one in value:
            yield from types(one, f"{path}[]")
    elif value is not None:
        yield path, int if isinstance(value, float) else type(value)


@pytest.mark.skipif("TAGWEAVE_VENDORS" not in os.environ, reason="TAGWEAVE_VENDORS is not set")
@pytest.mark.parametrize(("name", "file"), EXAMPLES.items())
def test_a_field_of_the_estate_has_the_type_that_it_has_in_the_vendors_example(name: str, file: str) -> None:
    text = (Path(os.environ["TAGWEAVE_VENDORS"]) / "tencent" / f"{file}.json").read_text(encoding="utf-8")
    action = ACTIONS[name]
    found = json.loads(text)["Response"][action.items]
    theirs = dict(types([found] if action.one else found))
    lists = [items for (listed, _), items in standard()[UIN].items() if listed == name]
    held = [one for items in lists for one in (items.values() if isinstance(items, dict) else items)]
    ours = dict(types(held if action.one or not action.of else [one for some in held for one in some]))
    both = ours.keys() & theirs.keys()
    assert {path: ours[path] for path in both} == {path: theirs[path] for path in both}
    assert len(both) > 2
