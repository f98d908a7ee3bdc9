"""What an account holds, by the action that gives it, and the keys of each kind."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import Any, Final

from clouds.aliyun.actions import ACTIONS
from clouds.aliyun.wire import Row

KINDS: Final = {
    "region": ("ecs:DescribeRegions",),
    "az": ("ecs:DescribeZones",),
    "vm": ("ecs:DescribeInstances",),
    "vpc": ("vpc:DescribeVpcs",),
    "subnet": ("vpc:DescribeVSwitches",),
    "router": ("vpc:DescribeRouteTableList",),
    "security_group": ("ecs:DescribeSecurityGroups",),
    "nat_gateway": ("vpc:DescribeNatGateways",),
    "load_balancer": tuple(
        f"{service}:{action}"
        for service, action in (
            ("slb", "DescribeLoadBalancers"),
            ("alb", "ListLoadBalancers"),
            ("nlb", "ListLoadBalancers"),
            ("gwlb", "ListLoadBalancers"),
        )
    ),
    "peering_connection": ("vpcpeer:ListVpcPeerConnections", "vpc:DescribeRouterInterfaces"),
    "cen": ("cbn:DescribeCens",),
    "rds": (
        "rds:DescribeDBInstances",
        "polardb:DescribeDBClusters",
        "polardbx:DescribeDBInstances",
        "drds:DescribeDrdsInstances",
    ),
    "redis": ("r-kvstore:DescribeInstances",),
    "network_interface": ("ecs:DescribeNetworkInterfaces",),
    "public_ip": ("vpc:DescribeEipAddresses",),
    "cluster": ("cs:DescribeClustersV1",),
}
"""The lists that hold each kind."""


class Estate:
    """The items of one account, by action, region and, of parts, what they are part of (`lb-1/443`).

    `heads` are what an answer says besides its list, or all of an answer without one. `regions` are those in which
    a service is offered, where that is not in all.
    """

    def __init__(self, regions: Sequence[str], only: Mapping[str, frozenset[str]]) -> None:
        self.heads: dict[tuple[str, str, str], Row] = {}
        self._regions = frozenset(regions)
        self._only = only
        self._rows: defaultdict[tuple[str, str, str], list[Any]] = defaultdict(list)
        self._index: dict[tuple[str, str, str, str], dict[str, list[Any]]] = {}

    def add(self, action: str, region: str, *rows: Any, of: str = "") -> None:
        """Rows as Aliyun answers them, or already encoded."""
        assert action in ACTIONS, action
        self._rows[action, "" if ACTIONS[action].central else region, of].extend(rows)

    def head(self, action: str, region: str, of: str, head: Row) -> None:
        """What an answer says of what is asked for, beside its list."""
        assert action in ACTIONS, action
        self.heads[action, "" if ACTIONS[action].central else region, of] = head

    def offered(self, service: str) -> frozenset[str]:
        """The regions that a service has."""
        return self._only.get(service, self._regions)

    def has(self, action: str, region: str, of: str) -> bool:
        """Whether there is what parts are asked of."""
        return (action, region, of) in self._rows or (action, region, of) in self.heads

    def select(self, action: str, region: str, of: str, where: Mapping[str, Sequence[str]]) -> list[Any]:
        """The rows whose fields are among the values asked for."""
        rows = self._rows.get((action, region, of), [])
        for number, (field, values) in enumerate(where.items()):
            if number == 0:
                by_value = self._by(action, region, of, field)
                rows = [row for value in dict.fromkeys(values) for row in by_value.get(value, ())]
            else:
                rows = [row for row in rows if str(row.get(field, "")) in values]
        return rows

    def ids(self, kind: str) -> frozenset[str]:
        """The ids of everything of a kind."""
        return frozenset(
            row[ACTIONS[action].id]
            for action in KINDS[kind]
            for (name, _, _), rows in self._rows.items()
            if name == action
            for row in rows
        )

    def remove(self, kind: str, native: str) -> None:
        """Take a resource out of every list of its kind."""
        for action in KINDS[kind]:
            for (name, _, _), rows in self._rows.items():
                if name == action:
                    rows[:] = [row for row in rows if row[ACTIONS[action].id] != native]
        self._index.clear()

    def _by(self, action: str, region: str, of: str, field: str) -> dict[str, list[Any]]:
        key = (action, region, of, field)
        found = self._index.get(key)
        if found is None:
            grouped: defaultdict[str, list[Any]] = defaultdict(list)
            for row in self._rows.get((action, region, of), ()):
                grouped[str(row.get(field, ""))].append(row)
            found = self._index[key] = dict(grouped)
        return found
