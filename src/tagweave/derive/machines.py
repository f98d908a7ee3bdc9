"""What no reference says by itself: the VM of a node, the VPC that a cluster runs in, what joins VPCs and subnets."""

from collections import defaultdict
from collections.abc import Callable, Iterator
from typing import Any, Final, NamedTuple

from tagweave.derive.estate import Estate, spread
from tagweave.derive.references import machine_ids
from tagweave.derive.timeline import Stretch, Timeline, always, cut, filled, joined, mapped, pieces, swept
from tagweave.derive.timeline import at as value_at
from tagweave.model import VM, Cen, Cluster, Node, PeeringConnection, Resource, Router, Subnet
from tagweave.model.times import BEGINNING, FOREVER

JOINING: Final = ("cen", "peering_connection")
"""Kinds that join VPCs while they count."""


_PARTS: Final = frozenset({"vpc", "subnet"})
"""Kinds that something else says are part of it."""

Row = dict[str, Any]
"""Columns of a tagset: a resource's id, or the ids of several in ascending order."""

Member = tuple[str, int, int]
"""What says that something is part of it: its kind, since when, its id."""


class Membership(NamedTuple):
    """The transit networks and active peerings that a VPC is part of, ascending; the router of a subnet, 0 for none."""

    cen: tuple[int, ...] = ()
    peering_connection: tuple[int, ...] = ()
    router: int = 0


_OF_NOTHING: Final[Timeline[Membership]] = always(Membership())


class Runs(NamedTuple):
    """Where a cluster runs at a time: `home` is the VPC (0: none, or not one), `vpcs` are all that it has nodes in."""

    home: int
    vpcs: tuple[int, ...]


class Join(NamedTuple):
    """During [start, end) a transit network or peering `rid` passed traffic between VPCs."""

    start: int
    end: int
    kind: str
    rid: int
    vpcs: tuple[int, ...]


class Machines:
    """Derived from an estate, remembered until `forget`."""

    def __init__(self, estate: Estate) -> None:
        self._estate = estate
        self.forget()

    def forget(self) -> None:
        """Drop what was derived: nodes, their VMs or clusters have changed, or what joins VPCs and subnets."""
        self._runs: dict[int, Timeline[Runs]] = {}
        self._nodes: defaultdict[tuple[str, str], list[int]] | None = None
        self._members: defaultdict[int, list[tuple[int, int, Member]]] | None = None

    def all_runs(self) -> dict[int, Timeline[Runs]]:
        """Where each listed cluster runs."""
        return {cluster: self.runs(cluster) for cluster in self._estate.of_kind("cluster")}

    # ---- nodes and VMs

    def vm_of(self, node: Node) -> Timeline[int]:
        """The VM that a node's providerID names, over all time; 0 where none or several do."""
        if not node.provider_id:
            return always(0)
        for key in machine_ids(node):
            found = self._estate.vms_called(key)
            if len(found) == 1:
                return always(found[0])
            if found:
                return self._vm_of_cloud(node, found)
        return always(0)

    def _vm_of_cloud(self, node: Node, several: list[int]) -> Timeline[int]:
        by_source = {self._estate.identity(rid)[0]: rid for rid in several}
        clouds = self._over(node.source, node.cluster, lambda cluster: cluster.cloud_source)
        return mapped(clouds, lambda cloud: by_source.get(cloud, 0))

    def _over(self, source: str, cluster: str, of: Callable[[Cluster], str]) -> Timeline[str]:
        rid = self._estate.find(source, "cluster", cluster)
        history = self._estate.history[rid] if rid is not None else ()
        told = [Stretch(a, b, of(v.resource)) for a, b, v in spread(history) if isinstance(v.resource, Cluster)]
        return joined(told) or always("")

    def vpc_of_vm(self, vm: int) -> Timeline[int]:
        """The VPC of a VM over all time; 0 for none."""
        source = self._estate.identity(vm)[0]
        return joined(
            Stretch(start, end, self._estate.refer(source, "vpc", v.resource.vpc) if v.resource.vpc else 0)
            for start, end, v in spread(self._estate.history.get(vm, ()))
            if isinstance(v.resource, VM)
        ) or always(0)

    # ---- where a cluster runs

    def runs(self, cluster: int) -> Timeline[Runs]:
        """Where a cluster runs, over all time."""
        known = self._runs.get(cluster)
        if known is None:
            known = self._runs[cluster] = self._derive_runs(cluster)
        return known

    def _derive_runs(self, cluster: int) -> list[Stretch[Runs]]:
        source, _, native = self._estate.identity(cluster)
        intervals = [one for node in self._of_cluster(source, native) for one in self._node_vpcs(node, native)]
        by_nodes = filled(mapped(swept(intervals), lambda live: tuple(sorted(set(live)))), bool)
        configured = joined(
            Stretch(start, end, self._configured(v.resource))
            for start, end, v in spread(self._estate.history.get(cluster, ()))
        ) or always(0)
        out: list[Stretch[Runs]] = []
        for start, end in pieces([by_nodes, configured], BEGINNING, FOREVER):
            vpcs, told = value_at(by_nodes, start), value_at(configured, start)
            home = told or (vpcs[0] if len(vpcs) == 1 else 0)
            out.append(Stretch(start, end, Runs(home, tuple(sorted({*vpcs, told} - {0})))))
        return joined(out)

    def _configured(self, cluster: Resource) -> int:
        if not isinstance(cluster, Cluster) or not cluster.vpc:
            return 0
        return self._estate.refer(cluster.cloud_source or cluster.source, "vpc", cluster.vpc)

    def _of_cluster(self, source: str, cluster: str) -> list[int]:
        if self._nodes is None:
            self._nodes = defaultdict(list)
            for rid in self._estate.of_kind("node"):
                clusters = {v.resource.cluster for v in self._estate.history[rid] if isinstance(v.resource, Node)}
                for one in clusters - {""}:
                    self._nodes[self._estate.identity(rid)[0], one].append(rid)
        return self._nodes.get((source, cluster), [])

    def _node_vpcs(self, rid: int, cluster: str) -> Iterator[tuple[int, int, int]]:
        """(start, end, VPC) of a node while it lives and is of a cluster."""
        found: list[Stretch[int]] = []
        for version in self._estate.history[rid]:
            node = version.resource
            if not isinstance(node, Node) or node.cluster != cluster:
                continue
            for machine in cut(self.vm_of(node), version.valid_from, version.valid_to):
                if machine.value:
                    found += cut(self.vpc_of_vm(machine.value), machine.start, machine.end)
        for start, end, vpc in joined(found):
            if vpc:
                yield start, end, vpc

    # ---- what joins

    def joins(self) -> Iterator[Join]:
        """Every transit network and every peering for as long as it passes or passed traffic between VPCs."""
        for kind in JOINING:
            for rid in self._estate.of_kind(kind):
                for start, end, resource in self._estate.counting(rid):
                    natives = joined_by(resource)
                    vpcs = {v for native in natives for v in self._estate.vpcs_called(resource.source, native)}
                    if vpcs:
                        yield Join(start, end, kind, rid, tuple(sorted(vpcs)))

    def members(self, rid: int) -> Timeline[Membership]:
        """What says that a VPC or subnet is part of it, over all time."""
        kind = self._estate.identity(rid)[1]
        if kind not in _PARTS:
            return _OF_NOTHING
        if self._members is None:
            self._members = defaultdict(list)
            for start, end, joining, of, vpcs in self.joins():
                for vpc in vpcs:
                    self._members[vpc].append((start, end, (joining, start, of)))
            for router in self._estate.of_kind("router"):
                self._enter_router(router)
        said = mapped(swept(self._members.get(rid, ())), _membership)
        if kind != "subnet":
            return said
        own = self._own_router(rid)
        return joined(
            Stretch(
                start, end, value_at(said, start)._replace(router=value_at(said, start).router or value_at(own, start))
            )
            for start, end in pieces([said, own], BEGINNING, FOREVER)
        )

    def _own_router(self, subnet: int) -> Timeline[int]:
        """The router that a subnet itself names, over all time; 0 for none."""
        return joined(
            Stretch(start, end, self._estate.refer(v.resource.source, "router", router) if router else 0)
            for start, end, v in spread(self._estate.history.get(subnet, ()))
            for router in [v.resource.router if isinstance(v.resource, Subnet) else ""]
        ) or always(0)

    def _enter_router(self, router: int) -> None:
        assert self._members is not None
        named: defaultdict[int, list[Stretch[bool]]] = defaultdict(list)
        for start, end, resource in self._estate.counting(router):
            for native in resource.subnets if isinstance(resource, Router) else ():
                named[self._estate.refer(resource.source, "subnet", native)].append(Stretch(start, end, True))
        for subnet, stretches in named.items():
            self._members[subnet] += [(s.start, s.end, ("router", s.start, router)) for s in joined(stretches)]


def _membership(live: tuple[Member, ...]) -> Membership:
    cen, peerings = (tuple(sorted({rid for one, _, rid in live if one == kind})) for kind in JOINING)
    router = max((one for one in live if one[0] == "router"), default=("", 0, 0))
    return Membership(cen, peerings, router[2])


def joined_by(resource: Resource) -> list[str]:
    """The native ids of the VPCs that a transit network or a peering joins while it is like this."""
    if isinstance(resource, Cen):
        return [a.id for a in resource.attachments if a.kind == "vpc"]
    if isinstance(resource, PeeringConnection) and resource.state in {"", "active"}:
        return [end.vpc for end in resource.vpcs]
    return []
