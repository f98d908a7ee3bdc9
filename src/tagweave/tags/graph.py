"""The resources and their references, as of any time: what a resource belongs to, and since when.

`rows(id)` walks the references of a resource upward, through all of history, and yields the pieces of time in
which the answer was constant. Outside of what is known of a resource its nearest version answers: whoever
refers to it says that it was there. A reference to something that nobody listed makes a *phantom*: a
resource known by its id or name alone, so that no tag is silently missing.
"""

import itertools
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from typing import Final, NamedTuple

import msgspec

from tagweave.inventory import Version
from tagweave.model import (
    Cen,
    Cluster,
    Node,
    PeeringConnection,
    Pod,
    Resource,
    Router,
    Scope,
    Workload,
)
from tagweave.model.times import BEGINNING, FOREVER
from tagweave.tags.references import BY_NAME, Reference, machine_ids, references, upward
from tagweave.tags.stretches import OF_A_VPC, Stretch, cut, joined, lay, pieces
from tagweave.tags.tagsets import Tagsets

FIRST_PHANTOM: Final = 1 << 30
_DEEPEST: Final = 16

_OWN_COLUMN: Final = frozenset({"service", "ingress", "security_group", "cen", "peering_connection"})


class Membership(NamedTuple):
    """During [start, end) a transit network, peering or router `rid` said that a VPC or subnet is part of it."""

    start: int
    end: int
    column: str
    rid: int


class Join(NamedTuple):
    """During [start, end) a transit network or peering passed traffic between VPCs."""

    start: int
    end: int
    column: str
    rid: int
    vpcs: list[int]


class Phantom(NamedTuple):
    """A resource that is only known because another refers to it: by id or by name, the other is empty."""

    kind: str
    resource: Resource


class Graph:
    """All versions of all resources, and what refers to what."""

    def __init__(self, tagsets: Tagsets) -> None:
        self.tagsets = tagsets
        self.history: dict[int, list[Version]] = {}
        self.phantoms: dict[int, Phantom] = {}
        self._ids: dict[tuple[str, str, str], int] = {}
        self._named: defaultdict[tuple[str, str, str], list[int]] = defaultdict(list)
        self._phantom_ids: dict[tuple[str, str, str], int] = {}
        self._last_success: dict[Scope, int] = {}
        self._referrers: defaultdict[Reference, set[int]] | None = None
        self._rows: dict[int, list[Stretch]] = {}
        self._named_rows: dict[tuple[str, str, str], list[Stretch]] = {}
        self._of_kind: defaultdict[str, dict[int, None]] = defaultdict(dict)
        self._vms: defaultdict[str, list[int]] | None = None
        self._memberships: defaultdict[int, list[Membership]] | None = None
        self._cluster_homes: dict[int, frozenset[int]] | None = None

    def load(self, versions: Iterable[Version]) -> None:
        """Take versions in; those of one resource come in ascending order of their start."""
        for version in versions:
            known = self.history.get(version.rid)
            if known is None:
                self.history[version.rid] = [version]
                self._enter(version)
            else:
                known.append(version)
                if version.resource.kind in BY_NAME:
                    self._enter(version)

    def put(self, version: Version) -> None:
        """Take in a version that is newer than those known, or replaces the one that began when it did.

        Whoever reads a resource's history meanwhile reads on in the old list.
        """
        known = self.history.get(version.rid, [])
        self.history[version.rid] = [*(v for v in known if v.valid_from != version.valid_from), version]
        self._enter(version)
        if self._referrers is not None:
            for reference in references(version.resource):
                self._referrers[reference].add(version.rid)

    def _enter(self, version: Version) -> None:
        resource, rid = version.resource, version.rid
        self._ids[resource.source, resource.kind, resource.id] = rid
        self._of_kind[resource.kind][rid] = None
        if resource.kind in BY_NAME:
            holders = self._named[resource.source, resource.kind, resource.name]
            if rid not in holders:
                holders.append(rid)

    def versions(self) -> Iterator[Version]:
        """All versions that were taken in, those that are open seen as late as their scope was."""
        for versions in self.history.values():
            for version in versions:
                seen = self.seen_until(version)
                yield version if seen == version.seen_until else msgspec.structs.replace(version, seen_until=seen)

    def saw(self, scope: Scope, at: int) -> None:
        """All that is open in a scope was observed at a time, in ns."""
        self._last_success[scope] = max(at, self._last_success.get(scope, at))

    def seen_until(self, version: Version) -> int:
        """When a version was last observed to be true, in ns."""
        if version.valid_to != FOREVER:
            return version.seen_until
        scope = Scope(version.resource.source, version.resource.kind, version.part)
        return max(version.seen_until, self._last_success.get(scope, version.seen_until))

    def referrers(self, reference: Reference) -> set[int]:
        """Who refers or referred to what has an id or name, upward or to a security group."""
        if self._referrers is None:
            self._referrers = defaultdict(set)
            for rid, versions in self.history.items():
                for version in versions:
                    for one in references(version.resource):
                        self._referrers[one].add(rid)
        return self._referrers.get(reference, set())

    def shares_name(self, version: Version) -> bool:
        """Whether a reference to a resource by name has several to choose from."""
        resource = version.resource
        return len(self._named.get((resource.source, resource.kind, resource.name), ())) > 1

    def of_kind(self, kind: str) -> Iterator[int]:
        """The ids of every resource of a kind that is or was."""
        return iter(self._of_kind[kind])

    def latest(self, rid: int) -> Resource | None:
        """The newest version of a resource; None for a phantom."""
        versions = self.history.get(rid)
        return versions[-1].resource if versions else None

    def as_of(self, rid: int, at: int) -> Resource:
        """A resource as of a time, else its nearest version; a phantom as it is."""
        version = self.version(rid, at)
        return self.phantoms[rid].resource if version is None else version.resource

    def version(self, rid: int, at: int) -> Version | None:
        """The version of a resource as of a time, else the nearest one; None for a phantom."""
        versions = self.history.get(rid)
        if not versions:
            return None
        for version in reversed(versions):
            if version.valid_from <= at:
                return version
        return versions[0]

    def identity(self, rid: int) -> tuple[str, str, str]:
        """(source, kind, native id) of a resource or phantom."""
        phantom = self.phantoms.get(rid)
        if phantom is not None:
            return phantom.resource.source, phantom.kind, phantom.resource.id
        resource = self.history[rid][-1].resource
        return resource.source, resource.kind, resource.id

    def find(self, source: str, kind: str, native: str) -> int | None:
        """The id of a listed resource."""
        return self._ids.get((source, kind, native))

    def refer(self, source: str, kind: str, value: str, at: int) -> int:
        """The id of what a reference names at a time; a phantom where nobody listed it."""
        if kind not in BY_NAME:
            found = self._ids.get((source, kind, value))
            return found if found is not None else self.phantom(source, kind, value, "")
        holders = self._named.get((source, kind, value))
        if not holders:
            return self.phantom(source, kind, "", value)
        if len(holders) == 1:
            return holders[0]
        return min(holders, key=lambda rid: self._distance(rid, at))

    def _distance(self, rid: int, at: int) -> tuple[int, int]:
        versions = self.history[rid]
        if versions[0].valid_from <= at < versions[-1].valid_to:
            return 0, -versions[0].valid_from
        return min(abs(versions[0].valid_from - at), abs(at - versions[-1].valid_to)), 0

    def phantom(self, source: str, kind: str, native: str, name: str) -> int:
        """The id of a resource that is known by its native id or its name alone."""
        key = (source, kind, native or f"name/{name}")
        found = self._phantom_ids.get(key)
        if found is None:
            found = self._phantom_ids[key] = FIRST_PHANTOM + len(self._phantom_ids)
            self.phantoms[found] = Phantom(kind, Resource(source=source, id=native, name=name))
        return found

    # ---- rows

    def rows(self, rid: int, depth: int = 0) -> list[Stretch]:
        """What a resource belongs to, over all time: its pieces have no gap and no end."""
        known = self._rows.get(rid)
        if known is None:
            if rid in self.phantoms or depth > _DEEPEST:
                known = [Stretch(BEGINNING, FOREVER, {self.identity(rid)[1]: rid})]
            else:
                known = joined(self._walk(rid, depth))
            self._rows[rid] = known
        return known

    def rows_during(self, rid: int, start: int, end: int) -> Iterator[Stretch]:
        """The pieces of `rows` within [start, end)."""
        return cut(self.rows(rid), start, end)

    def forget_rows(self, rid: int) -> list[Stretch] | None:
        """Drop the rows of a resource, to be derived anew; what they were, None where they never were derived."""
        if self.identity(rid)[1] != "pod":  # nothing refers to a pod
            self._named_rows.clear()
        return self._rows.pop(rid, None)

    def forget_machines(self) -> None:
        """Drop what was derived from nodes and VMs together."""
        self._vms = self._cluster_homes = None

    def _walk(self, rid: int, depth: int) -> Iterator[Stretch]:
        versions = self.history[rid]
        for i, version in enumerate(versions):
            start = BEGINNING if i == 0 else version.valid_from
            end = versions[i + 1].valid_from if i + 1 < len(versions) else FOREVER
            yield from self._version_rows(rid, version, start, end, depth)

    def _version_rows(self, rid: int, version: Version, start: int, end: int, depth: int) -> Iterator[Stretch]:
        resource = version.resource
        own = self._own(rid, resource)
        parents = self._parent_rows(rid, resource, max(start, version.valid_from), depth)
        steady = max(map(len, parents), default=1) == 1
        for since, until in [(start, end)] if steady else pieces(parents, start, end):
            row: dict[str, int] = {}
            for stretches in parents:
                above = stretches[0] if steady else next(cut(stretches, since, until))
                lay(above.row, row)
            row.update(own)
            self._chain(resource, rid, row)
            yield Stretch(since, until, row)

    def _parent_rows(self, rid: int, resource: Resource, at: int, depth: int) -> list[list[Stretch]]:
        """The rows of what a resource refers to upward, in the order in which the later one wins."""
        out = [self._rows_named(*reference, at, depth) for reference in upward(resource)]
        if isinstance(resource, Node):
            vm = self.vm_of(resource)
            if vm is not None:
                out.append(self.rows(vm, depth + 1))
        elif isinstance(resource, Cluster):
            home = self.home(rid)
            if home is not None:
                out.append(self.rows(home, depth + 1))
        elif resource.kind in {"vpc", "subnet"}:
            out.append(self._member_rows(rid))
        return out

    def _rows_named(self, source: str, kind: str, value: str, at: int, depth: int) -> list[Stretch]:
        """The rows of what a reference names; remembered where that is the same at all times."""
        key = (source, kind, value)
        known = self._named_rows.get(key)
        if known is None:
            known = self.rows(self.refer(source, kind, value, at), depth + 1)
            if kind not in BY_NAME or len(self._named.get((source, kind, value), ())) == 1:
                self._named_rows[key] = known
        return known

    def _own(self, rid: int, resource: Resource) -> dict[str, int]:
        if resource.kind == "workload":
            return {}
        if resource.kind in _OWN_COLUMN:
            return {resource.kind: self.tagsets.set_of((rid,))}
        return {resource.kind: rid}

    def _chain(self, resource: Resource, rid: int, row: dict[str, int]) -> None:
        """A workload's owner is the top; the chain keeps every workload below it, nearest first."""
        if isinstance(resource, Workload):
            above = self.tagsets.members[row.get("workloads", 0)]
            if rid not in above:
                row["workloads"] = self.tagsets.chain_of((rid, *above))
            if not above:
                row["workload"] = rid
        elif isinstance(resource, Pod) and "workload" in row and "workloads" not in row:
            row["workloads"] = self.tagsets.chain_of((row["workload"],))

    # ---- what no reference says

    def vm_of(self, node: Node) -> int | None:
        """The VM that a node's providerID names; None where none or several do.

        It is sought in every source, and of several in that which the node's cluster names.
        """
        if not node.provider_id:
            return None
        if self._vms is None:
            self._vms = defaultdict(list)
            for rid in self.of_kind("vm"):
                self._vms[self.history[rid][-1].resource.id.lower()].append(rid)
        for key in machine_ids(node):
            found = self._vms.get(key, [])
            if len(found) > 1:
                found = [rid for rid in found if self.identity(rid)[0] == self._cloud_of(node)]
            if len(found) == 1:
                return found[0]
        return None

    def _cloud_of(self, node: Node) -> str:
        cluster = self.find(node.source, "cluster", node.cluster)
        return getattr(self.latest(cluster), "cloud_source", "") if cluster is not None else ""

    def home(self, cluster: int) -> int | None:
        """The VPC a cluster runs in: as configured, else where the VMs of all its nodes are."""
        resource = self.latest(cluster)
        if isinstance(resource, Cluster) and resource.vpc:
            return self.refer(resource.cloud_source or resource.source, "vpc", resource.vpc, FOREVER)
        homes = self.homes_by_nodes().get(cluster, ())
        return next(iter(homes)) if len(homes) == 1 else None

    def homes(self, cluster: int) -> set[int]:
        """The VPCs that a cluster has nodes in, and the one that it is configured to run in."""
        home = self.home(cluster)
        return {*self.homes_by_nodes().get(cluster, ()), *([] if home is None else [home])}

    def homes_by_nodes(self) -> dict[int, frozenset[int]]:
        """The VPCs that the VMs of the nodes of each cluster are in."""
        if self._cluster_homes is None:
            self._cluster_homes = self._homes_by_nodes()
        return self._cluster_homes

    def _homes_by_nodes(self) -> dict[int, frozenset[int]]:
        homes: defaultdict[int, set[int]] = defaultdict(set)
        for rid in self.of_kind("node"):
            node = self.history[rid][-1].resource
            if not isinstance(node, Node) or not node.cluster:
                continue
            vm = self.vm_of(node)
            vpc = getattr(self.latest(vm), "vpc", "") if vm is not None else ""
            cluster = self.find(node.source, "cluster", node.cluster)
            if vm is not None and vpc and cluster is not None:
                homes[cluster].add(self.refer(self.identity(vm)[0], "vpc", vpc, FOREVER))
        return {cluster: frozenset(vpcs) for cluster, vpcs in homes.items()}

    def vpcs_named(self, source: str, native: str) -> list[int]:
        """VPCs with a native id: that of the same source, else those of all others."""
        own = self.find(source, "vpc", native)
        if own is not None:
            return [own]
        return [rid for rid in self.of_kind("vpc") if self.history[rid][-1].resource.id == native]

    def joins(self) -> Iterator[Join]:
        """Every transit network and every peering for as long as it passes or passed traffic."""
        for kind in OF_A_VPC:
            for rid in self.of_kind(kind):
                for start, end, resource in self._course(rid):
                    vpcs = [v for native in _joined_by(resource) for v in self.vpcs_named(resource.source, native)]
                    if vpcs:
                        yield Join(start, end, kind, rid, vpcs)

    def _course(self, rid: int) -> Iterator[tuple[int, int, Resource]]:
        """The versions of a resource; one that does not tell when it began was there before it was seen."""
        for i, version in enumerate(self.history[rid]):
            ever = i == 0 and version.resource.created_at is None
            yield BEGINNING if ever else version.valid_from, version.valid_to, version.resource

    def _member_rows(self, rid: int) -> list[Stretch]:
        """What says that a VPC or subnet is part of it: transit networks, active peerings, routers."""
        if self._memberships is None:
            self._memberships = defaultdict(list)
            for start, end, column, joining, vpcs in self.joins():
                for vpc in vpcs:
                    self._memberships[vpc].append(Membership(start, end, column, joining))
            for router in self.of_kind("router"):
                for start, end, resource in self._course(router):
                    for native in resource.subnets if isinstance(resource, Router) else ():
                        subnet = self.find(resource.source, "subnet", native)
                        if subnet is not None:
                            self._memberships[subnet].append(Membership(start, end, "router", router))
        mine = self._memberships.get(rid, [])
        moments = sorted({BEGINNING, FOREVER, *(m for one in mine for m in (one.start, one.end))})
        return joined(
            Stretch(start, end, self._member_row([m for m in mine if m.start <= start < m.end]))
            for start, end in itertools.pairwise(moments)
        )

    def _member_row(self, live: Sequence[Membership]) -> dict[str, int]:
        row = {one.column: one.rid for one in live}
        for column in OF_A_VPC:
            if column in row:
                row[column] = self.tagsets.set_of({one.rid for one in live if one.column == column})
        return row


def _joined_by(resource: Resource) -> list[str]:
    """The native ids of the VPCs that a transit network or a peering joins while it is like this."""
    if isinstance(resource, Cen):
        return [a.id for a in resource.attachments if a.kind == "vpc"]
    if isinstance(resource, PeeringConnection) and resource.state in {"", "active"}:
        return [end.vpc for end in resource.vpcs]
    return []
