"""What is otherwise when resources have changed, and nothing else.

It begins at the changed resources and goes on to those that refer to them, for as long as what they belong to differs.
"""

from collections import defaultdict, deque
from collections.abc import Callable, Iterable, Mapping, Sequence
from operator import attrgetter
from typing import Final

from tagweave.derive.estate import Estate
from tagweave.derive.machines import JOINING, Machines, Row, Runs, joined_by
from tagweave.derive.ranges import SHAPING, Prefix, Ranges
from tagweave.derive.references import BY_NAME
from tagweave.derive.rows import Rows
from tagweave.derive.services import Services
from tagweave.derive.timeline import Timeline
from tagweave.inventory import Version
from tagweave.model import Ingress, Pod, Resource, Router, Service

Before = Mapping[int, Sequence[Version]]
"""The changed resources, each with its history before (or after) the change: empty where there was (or is) none."""

_LONGEST_CHAIN: Final = 16

_MOVING: Final = {
    "node": ("provider_id", "cluster"),
    "cluster": ("cloud_source", "vpc"),
    "vm": ("vpc",),
    "vpc": ("id",),
}
"""The fields of a kind from which it derives where clusters run."""


class Affected:
    """Made before the estate takes in a change; `spread` is for after that.

    `claims` are the resources whose claims derive anew, `values` those whose values do; in `prefixes` addresses may lie
    elsewhere; `networks`: whether these are not what they were.
    """

    def __init__(
        self,
        estate: Estate,
        machines: Machines,
        rows: Rows,
        ranges: Ranges,
        services: Services,
        before: Before,
        after: Before,
    ) -> None:
        self.prefixes: set[Prefix] = set()
        self.networks = False
        self._estate = estate
        self._machines = machines
        self._rows = rows
        self._ranges = ranges
        self._services = services
        self._before = before
        self._after = after
        self._first = {rid: (*before[rid], *after[rid])[0].resource for rid in before if before[rid] or after[rid]}
        self.claims: set[int] = set(self._first)
        self.values: set[int] = set(self._first)
        self._of_kind: defaultdict[str, list[int]] = defaultdict(list)
        for rid, resource in self._first.items():
            self._of_kind[resource.kind].append(rid)
        self._runs_differ = self._may_run_elsewhere()
        self._ran = machines.all_runs() if self._runs_differ else {}

    def spread(self) -> None:
        """Find out what else is affected, and have all forget what it remembers of that."""
        rows = {rid: self._rows.forget(rid) for rid in self._first}
        dirty = self._reshape()
        for rid in (*self._of_kind["service"], *self._of_kind["ingress"]):
            self._services.change(rid, self._before[rid])
        self._refer(rows, dirty)
        self.claims |= self._served()
        self._share_nodes()
        self._carry_nodes()

    def in_renamed(self) -> set[int]:
        """What is in clusters whose name is not what it was: pods and nodes are called by that too."""
        return {
            other
            for rid in self._of_kind["cluster"]
            if self._differs(rid, "name")
            for other in self._estate.referrers((self._first[rid].source, "cluster", self._first[rid].id))
        }

    # ---- what gives networks their shape

    def _differs(self, rid: int, *fields: str) -> bool:
        """Whether some fields of a resource are not what they were, at any time."""
        of = attrgetter(*fields)
        return _course(self._before[rid], of) != _course(self._after[rid], of)

    def _may_run_elsewhere(self) -> bool:
        """Whether clusters may; a node that became ready or a VM that carries no node moves none."""
        return any(
            self._differs(rid, *fields)
            for kind, fields in _MOVING.items()
            for rid in self._of_kind[kind]
            if kind != "vm" or self._nodes_on(rid)
        )

    def _nodes_on(self, vm: int) -> bool:
        return any(True for _ in self._estate.nodes_on(self._first[vm].id))

    def _reshape(self) -> set[int]:
        """Take in what gives networks their shape; the resources whose rows derive anew because of it."""
        for kind in SHAPING:
            for rid in self._of_kind[kind]:
                if self._differs(rid, *(("cidrs",) if kind == "vpc" else ("vpc", "cidrs"))):
                    self.prefixes |= self._ranges.change(rid)
        self.networks = any(self._of_kind[kind] for kind in ("vpc", "cluster", *JOINING))
        if self._runs_differ or self.networks or any(self._of_kind[kind] for kind in ("router", "subnet")):
            self._machines.forget()
        self._rejoin()
        dirty = self.in_renamed()
        if self._runs_differ:
            runs = self._machines.all_runs()
            moved = {cluster for cluster, where in runs.items() if where != self._ran.get(cluster)}
            self.networks |= bool(moved) or self._ran.keys() != runs.keys()
            dirty |= moved
        return dirty & self._estate.history.keys()

    def _rejoin(self) -> None:
        """The VPCs and subnets that are, or were, part of what changed."""
        estate = self._estate
        for kind in (*JOINING, "router", "vpc"):
            for rid in self._of_kind[kind]:
                for version in (*self._before[rid], *self._after[rid]):
                    resource = version.resource
                    if isinstance(resource, Router):
                        self.values.update(estate.refer(resource.source, "subnet", one) for one in resource.subnets)
                    else:
                        natives = [resource.id] if kind == "vpc" else joined_by(resource)
                        self.values.update(rid for n in natives for rid in estate.vpcs_of_all(resource.source, n))

    # ---- who belongs to something else

    def _refer(self, rows: dict[int, Timeline[Row] | None], dirty: set[int]) -> None:
        """All that belong to something else because of what changed."""
        for rid in dirty - rows.keys():
            rows[rid] = self._rows.forget(rid)
        self.claims |= dirty
        visits: defaultdict[int, int] = defaultdict(int)
        queue = deque(rows)
        while queue:
            rid = queue.popleft()
            visits[rid] += 1
            if self._identity(rid)[1] == "pod" or visits[rid] > _LONGEST_CHAIN:
                continue  # nothing refers to a pod; a circle of owners is left at last
            if rid in self._estate.history and not self._renamed(rid) and rows[rid] == self._rows.of(rid):
                continue
            for other in self._referrers(rid):
                old = self._rows.forget(other)
                if other not in rows:
                    rows[other] = old
                self.claims.add(other)
                queue.append(other)

    def _identity(self, rid: int) -> tuple[str, str, str]:
        first = self._first.get(rid)
        return self._estate.identity(rid) if first is None else (first.source, first.kind, first.id)

    def _renamed(self, rid: int) -> bool:
        """Whether references by name may lead elsewhere than they did."""
        return rid in self._first and self._first[rid].kind in BY_NAME and self._differs(rid, "name")

    def _referrers(self, rid: int) -> set[int]:
        source, kind, native = self._identity(rid)
        out = set(self._estate.referrers((source, kind, native)))
        if kind in BY_NAME:
            for history in (self._before.get(rid, ()), self._estate.history.get(rid, ())):
                for name in {version.resource.name for version in history}:
                    out.update(self._estate.referrers((source, kind, name)))
        if kind == "vm":
            out.update(self._estate.nodes_on(native))
        elif kind == "vpc":
            out.update(cluster for cluster, runs in self._machines.all_runs().items() if _runs_in(runs, rid))
        return out & self._estate.history.keys()

    # ---- who is served in another way

    def _served(self) -> set[int]:
        """Pods of a service, services of an ingress, nodes by their ports."""
        estate = self._estate
        out: set[int] = set()
        services: list[Service] = []
        for rid in self._of_kind["service"]:
            before, after = self._before[rid], self._after[rid]
            if _course(before, _serving) != _course(after, _serving):
                services += _services_in((*before, *after))
            if _course(before, _node_ports) != _course(after, _node_ports):
                out.update(self._nodes_of(self._first[rid].source))
        for rid in self._of_kind["ingress"]:
            before, after = self._before[rid], self._after[rid]
            if _course(before, _routed) == _course(after, _routed):
                continue
            for name in {name for version in (*before, *after) for name in _routed(version.resource)}:
                service = estate.find(self._first[rid].source, "service", name)
                if service is not None:
                    out.add(service)
                    services += _services_in(estate.history[service])
        elsewhere = [rid for rid in self.claims - self._first.keys() if self._identity(rid)[1] == "service"]
        if elsewhere:  # its namespace is another one: ports say which
            self._services.forget_ports()
            out.update(node for rid in elsewhere for node in self._nodes_of(self._identity(rid)[0]))
        return out | self._pods_of(services)

    def _nodes_of(self, source: str) -> list[int]:
        return [node for node in self._estate.of_kind("node") if self._estate.identity(node)[0] == source]

    def _pods_of(self, services: Iterable[Service]) -> set[int]:
        """The pods that any of these select or name."""
        out: set[int] = set()
        selectors: set[tuple[str, str, frozenset[tuple[str, str]]]] = set()
        for service in services:
            if service.selector:
                selectors.add((service.source, service.namespace, frozenset(service.selector.items())))
                continue
            found = (self._estate.find(service.source, "pod", endpoint.pod) for endpoint in service.endpoints or ())
            out.update(pod for pod in found if pod is not None)
        for source, namespace, selector in selectors:
            for rid in self._estate.referrers((source, "namespace", namespace)):
                pods = (v.resource for v in self._estate.history.get(rid, ()) if isinstance(v.resource, Pod))
                if any(selector <= pod.labels.items() for pod in pods):
                    out.add(rid)
        return out

    def _share_nodes(self) -> None:
        """Nodes whose address is shared by hostNetwork pods that are affected."""
        nodes: set[tuple[str, str]] = set()
        for rid in self.claims:
            for history in (self._before.get(rid, ()), self._estate.history.get(rid, ())):
                nodes |= {
                    (pod.source, pod.node)
                    for pod in (version.resource for version in history)
                    if isinstance(pod, Pod) and pod.host_network and pod.node
                }
            if rid in self._estate.history and self._identity(rid)[1] == "pod":
                self._services.enter_pod(rid)
        for source, name in nodes:
            self.claims.update(self._estate.called(source, "node", name))

    def _carry_nodes(self) -> None:
        """Nodes on VMs whose addresses are not what they were: these say in which network a node's address is."""
        for rid in self._of_kind["vm"]:
            if self._differs(rid, "interfaces"):
                self.claims.update(self._estate.nodes_on(self._first[rid].id))


def _runs_in(runs: Timeline[Runs], vpc: int) -> bool:
    return any(vpc in stretch.value.vpcs for stretch in runs)


def _course(history: Iterable[Version], of: Callable[[Resource], object]) -> list[tuple[int, int, object]]:
    """What a part of a resource was, when: neighbours with the same as one."""
    out: list[tuple[int, int, object]] = []
    for version in history:
        value = of(version.resource)
        if out and out[-1][1] == version.valid_from and out[-1][2] == value:
            out[-1] = (out[-1][0], version.valid_to, value)
        else:
            out.append((version.valid_from, version.valid_to, value))
    return out


def _services_in(versions: Iterable[Version]) -> list[Service]:
    return [v.resource for v in versions if isinstance(v.resource, Service)]


def _serving(service: Resource) -> object:
    assert isinstance(service, Service)
    named = () if service.selector else service.endpoints
    return service.type, service.selector, service.ports, named


def _node_ports(service: Resource) -> object:
    assert isinstance(service, Service)
    return service.type, service.cluster, [port for port in service.ports if port.node_port]


def _routed(ingress: Resource) -> tuple[str, ...]:
    assert isinstance(ingress, Ingress)
    return tuple(rule.service for rule in ingress.rules if rule.service)
