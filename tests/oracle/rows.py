"""What a resource belongs to: section 3 of docs/laws.md."""

from collections.abc import Iterable, Iterator, Mapping
from functools import cache
from typing import Final

from tagweave.model import (
    VM,
    Cen,
    Cluster,
    NetworkInterface,
    Node,
    PeeringConnection,
    Pod,
    Resource,
    Router,
    Subnet,
    Workload,
)

from .facts import KUBERNETES, Facts, Ident

Row = Mapping[str, Ident | frozenset[Ident] | tuple[Ident, ...]]

SETS: Final = frozenset({"security_group", "service", "ingress", "cen", "peering_connection"})

UP: Final[dict[str, tuple[str, ...]]] = {
    "az": ("region",),
    "vpc": ("region",),
    "public_ip": ("region",),
    "subnet": ("region", "vpc", "az"),
    "router": ("region", "vpc"),
    "security_group": ("region", "vpc"),
    "nat_gateway": ("region", "vpc"),
    "load_balancer": ("region", "vpc"),
    "host": ("region", "az"),
    "vm": ("region", "az", "vpc", "host"),
    "rds": ("region", "az", "vpc"),
    "redis": ("region", "az", "vpc"),
    "network_interface": ("region", "az", "vpc", "subnet"),
    "namespace": ("cluster",),
    "node": ("cluster",),
    "workload": ("cluster", "namespace"),  # its owner lies between them
    "replica_set": ("cluster", "workload", "namespace"),
    "pod": ("cluster", "replica_set", "workload", "namespace", "node"),
    "service": ("cluster", "namespace"),
    "ingress": ("cluster", "namespace"),
}
BY_NAME: Final = frozenset({"namespace", "node"})
ATTACHED: Final = frozenset(
    {"vm", "nat_gateway", "load_balancer", "rds", "redis", "network_interface", "host", "cluster"}
)
JOINING: Final = frozenset({"cen", "peering_connection"})
IN_A_SUBNET: Final = frozenset({"nat_gateway", "load_balancer", "rds", "redis"})


def lay(below: Row, above: Row) -> Row:
    """One row over another."""
    if "vpc" in below and "vpc" in above and below["vpc"] != above["vpc"]:
        below = {column: value for column, value in below.items() if column not in JOINING}
    return {**below, **above}


def own_column(it: Ident) -> Row:
    """What stands in a row for the resource itself."""
    if it.kind == "workload":
        return {"workload": it, "workloads": (it,)}
    return {it.kind: frozenset({it}) if it.kind in SETS else it}


class Rows:
    """The row of each resource at each moment."""

    def __init__(self, facts: Facts) -> None:
        self.facts = facts
        self.row = cache(self._row)
        self.homes = cache(self._homes)
        self.vm_of = cache(self._vm_of)
        self._with_nodes = cache(self._vpcs_with_nodes)
        self.member_of = cache(self._member_of)

    def _row(self, it: Ident, t: int, walked: frozenset[Ident] = frozenset()) -> Row:
        resource = self.facts.resource(it, t)
        row: Row = {}
        if isinstance(resource, Workload):
            return self._joined(self._workload(it, t), t)
        if resource is not None:
            for below in self._below(it, resource, t, walked | {it}):
                row = lay(row, below)
        row = self._joined(lay(row, own_column(it)), t)
        if isinstance(resource, NetworkInterface) and resource.security_groups:
            row = {**row, "security_group": self.groups(it.source, resource.security_groups)}
        return row

    def _joined(self, row: Row, t: int) -> Row:
        """The transit networks and peerings of a row are those of its VPC, its router is that of its subnet."""
        if "vpc" in row:
            row = {c: value for c, value in row.items() if c not in JOINING} | self.member_of(row["vpc"], t)
        if "subnet" in row:
            router = self.router_of(row["subnet"], t)
            row = {c: value for c, value in row.items() if c != "router"} | ({"router": router} if router else {})
        return row

    def groups(self, source: str, natives: Iterable[str]) -> frozenset[Ident]:
        return frozenset(Ident(source, "security_group", native) for native in natives)

    def _below(self, it: Ident, resource: Resource, t: int, walked: frozenset[Ident]) -> Iterator[Row]:
        """The rows that lie below a resource, the lowest first."""
        kind, source = it.kind, it.source
        attached = getattr(resource, "attached", "")
        if attached and resource.attached_kind in ATTACHED:
            to = Ident(source, resource.attached_kind, attached)
            if to not in walked:
                yield self._row(to, t, walked) if to.kind == "network_interface" else self.row(to, t)
        if isinstance(resource, Cluster):
            if resource.region:
                yield self.row(Ident(resource.cloud_source or source, "region", resource.region), t)
            if vpc := self.vpc_of_cluster(it, t):
                yield self.row(vpc, t)
        if kind in IN_A_SUBNET and len(resource.subnets) == 1:
            yield self.row(Ident(source, "subnet", resource.subnets[0]), t)
        for column in UP.get(kind, ()):
            if value := getattr(resource, column):
                yield self.row(self.refer(source, column, value, t), t)
        if isinstance(resource, Node) and (vm := self.vm_of(it, t)):
            yield self.row(vm, t)

    def refer(self, source: str, kind: str, value: str, t: int) -> Ident:
        return self.facts.named(source, kind, value, t) if kind in BY_NAME else Ident(source, kind, value)

    # ---- owners

    def _workload(self, it: Ident, t: int) -> Row:
        """A workload over its owner, which lies over its own, from the top. A circle is left where it comes back."""
        chain = [it]
        while isinstance(one := self.facts.resource(chain[-1], t), Workload) and one.owner:
            owner = Ident(it.source, "workload", one.owner)
            if owner in chain:
                break
            chain.append(owner)
        row: Row = {}
        for one in reversed(chain):
            resource = self.facts.resource(one, t)
            if isinstance(resource, Workload):
                if resource.cluster:
                    row = lay(self.row(Ident(it.source, "cluster", resource.cluster), t), row)
                if resource.namespace:
                    row = lay(row, self.row(self.refer(it.source, "namespace", resource.namespace, t), t))
        return {**row, "workload": chain[-1], "workloads": tuple(chain)}

    # ---- machines and clusters

    def _vm_of(self, node: Ident, t: int) -> Ident | None:
        """The VM of a node."""
        resource = self.facts.resource(node, t)
        if not isinstance(resource, Node) or not resource.provider_id:
            return None
        whole = resource.provider_id
        rest = whole.rpartition("://")[2]
        cluster = self.facts.resource(Ident(node.source, "cluster", resource.cluster), t)
        for form in (whole, rest, rest.rpartition("/")[2], rest.rpartition(".")[2]):
            found = [vm for vm in self.facts.of_kind.get("vm", ()) if vm.id.lower() == form.lower()]
            if len({vm.source for vm in found}) > 1:
                found = [vm for vm in found if isinstance(cluster, Cluster) and vm.source == cluster.cloud_source]
            if len(found) == 1:
                return found[0]
        return None

    def configured(self, cluster: Ident, t: int) -> Ident | None:
        resource = self.facts.resource(cluster, t)
        if isinstance(resource, Cluster) and resource.vpc:
            return Ident(resource.cloud_source or cluster.source, "vpc", resource.vpc)
        return None

    def _vpcs_with_nodes(self, cluster: Ident, t: int) -> frozenset[Ident]:
        """The VPCs in which the VMs are of the nodes that live at `t`."""
        found = set()
        for node in self.facts.of_kind.get("node", ()):
            version = self.facts.holding(node, t)
            if version and (node.source, version.resource.cluster) == (cluster.source, cluster.id):
                vm = self.vm_of(node, t)
                vpc = self.row(vm, t).get("vpc") if vm else None
                if vpc:
                    found.add(vpc)
        return frozenset(found)

    def _where_nodes_are(self, cluster: Ident, t: int) -> frozenset[Ident]:
        """Those of `t`, else of the last moment before at which there were any, else of the first one after."""
        moments = self.facts.all_moments()
        before = [m for m in moments if m <= t]
        after = [m for m in moments if m > t]
        return next(
            (found for m in [*reversed(before), *after] if (found := self._with_nodes(cluster, m))), frozenset()
        )

    def vpc_of_cluster(self, cluster: Ident, t: int) -> Ident | None:
        found = self._where_nodes_are(cluster, t)
        return self.configured(cluster, t) or (next(iter(found)) if len(found) == 1 else None)

    def _homes(self, cluster: Ident, t: int) -> frozenset[Ident]:
        configured = self.configured(cluster, t)
        return self._where_nodes_are(cluster, t) | ({configured} if configured else set())

    # ---- what says that a VPC or a subnet is part of it

    def joining(self, t: int) -> Iterator[tuple[Ident, frozenset[Ident]]]:
        """Each transit network and active peering that counts at `t`, and the VPCs that it names."""
        for kind in ("cen", "peering_connection"):
            for it in self.facts.of_kind.get(kind, ()):
                version = self.facts.counts(it, t)
                if version is None:
                    continue
                resource = version.resource
                natives: list[str] = []
                if isinstance(resource, Cen):
                    natives = [a.id for a in resource.attachments if a.kind == "vpc"]
                if isinstance(resource, PeeringConnection) and resource.state in {"", "active"}:
                    natives = [end.vpc for end in resource.vpcs if end.vpc]
                yield it, frozenset(vpc for native in natives for vpc in self.facts.meant_vpcs(it.source, native))

    def _member_of(self, vpc: Ident, t: int) -> Row:
        row: dict[str, frozenset[Ident]] = {}
        for it, vpcs in self.joining(t):
            if vpc in vpcs:
                row[it.kind] = row.get(it.kind, frozenset()) | {it}
        return row

    def router_of(self, subnet: Ident, t: int) -> Ident | None:
        """The router that names a subnet, the one that began last; else the one that the subnet names."""

        def names_it(resource: Resource) -> bool:
            return isinstance(resource, Router) and subnet.id in resource.subnets

        naming = [
            it
            for it in self.facts.of_kind.get("router", ())
            if it.source == subnet.source and (v := self.facts.counts(it, t)) and names_it(v.resource)
        ]
        if naming:
            return max(naming, key=lambda it: (self.facts.began(it, t, names_it, shaping=True), self.facts.rid[it]))
        resource = self.facts.resource(subnet, t)
        named = resource.router if isinstance(resource, Subnet) else ""
        return Ident(subnet.source, "router", named) if named else None


def family(it: Ident) -> str:
    return "kubernetes" if it.kind in KUBERNETES else "cloud"


def private_ips(resource: Resource | None) -> set[str]:
    return {ip for i in resource.interfaces for ip in i.private_ips} if isinstance(resource, VM) else set()


def terminal(resource: Resource) -> bool:
    return isinstance(resource, Pod) and resource.phase in {"Succeeded", "Failed"}
