"""What of an index must be derived anew when resources change, and nothing else.

It begins at the changed resources and goes on to those that refer to them for as long as what they belong to
differs: a node that became ready changes nothing for its pods, one that moved changes all of them. What gives
networks their shape (ranges, peerings, where a cluster runs) is rare to change, and has all derived anew.
"""

from collections import defaultdict, deque
from collections.abc import Callable, Iterable, Iterator, Mapping
from operator import attrgetter
from typing import Final

import msgspec

from tagweave.inventory import ChangeSet, Version
from tagweave.model import Ingress, Node, Pod, Resource, Service
from tagweave.tags.graph import Graph
from tagweave.tags.index import TagIndex
from tagweave.tags.references import machine_ids
from tagweave.tags.stretches import Stretch

_SHAPE: Final[dict[str, tuple[str, ...]]] = {
    "vpc": ("region", "cidrs"),
    "subnet": ("region", "vpc", "az", "router", "cidrs"),
    "router": ("region", "vpc", "subnets"),
    "peering_connection": ("vpcs", "state"),
    "cen": ("attachments",),
    "cluster": ("cloud_source", "vpc", "region"),
}
"""The fields of a kind that give networks their shape."""

_WHILE: Final = frozenset({"router", "peering_connection", "cen"})
"""Kinds whose shape counts for as long as it stood."""

_LONGEST_CHAIN: Final = 16

Before = Mapping[int, list[Version]]
"""The changed resources, each with its history before the change: empty where it is new."""


def apply(index: TagIndex, changes: Iterable[ChangeSet]) -> TagIndex:
    """Take in what an inventory changed, in its order; the index to ask from now on.

    That is the same one, unless networks were reshaped. Its tables are published together by one assignment;
    a batch that is being joined meanwhile reads on in the old ones.
    """
    graph = index.graph
    before: dict[int, list[Version]] = {}
    for change in changes:
        if change.success is not None:
            graph.saw(change.scope, change.success)
        for version in (*_undone(graph, change), *change.closed, *change.opened):
            before.setdefault(version.rid, graph.history.get(version.rid, []))
            graph.put(version)
    if not before:
        return index
    if _reshapes(graph, before):
        return index.rebuilt()
    index.derive_again(_affected(index, before), before)
    return index


def _undone(graph: Graph, change: ChangeSet) -> Iterator[Version]:
    """What lasted no time, as versions that end where they began."""
    for rid, start in change.undone:
        for version in graph.history.get(rid, ()):
            if version.valid_from == start:
                yield msgspec.structs.replace(version, valid_to=start)


def _reshapes(graph: Graph, before: Before) -> bool:
    """Whether networks are not what they were. `graph` has taken in the change."""
    machines = False
    for rid, versions in before.items():
        now = graph.latest(rid)
        assert now is not None
        was = versions[-1].resource if versions else None
        shape = attrgetter(*_SHAPE[now.kind], "source") if now.kind in _SHAPE else None
        if shape is not None and (was is None or shape(now) != shape(was)):
            return True
        if shape is not None and now.kind in _WHILE and _course(versions, shape) != _course(graph.history[rid], shape):
            return True
        machines |= now.kind == "vm" or (isinstance(now, Node) and not _same_machine(now, was))
    if not machines:
        return False
    homes = graph.homes_by_nodes()
    graph.forget_machines()
    return homes != graph.homes_by_nodes()


def _same_machine(now: Node, was: Resource | None) -> bool:
    return isinstance(was, Node) and (was.provider_id, was.cluster) == (now.provider_id, now.cluster)


def _affected(index: TagIndex, before: Before) -> set[int]:
    """The resources whose claims must be derived anew; what is remembered of them is dropped."""
    graph = index.graph
    rows = {rid: graph.forget_rows(rid) for rid in before}
    for rid, versions in before.items():
        if graph.identity(rid)[1] in {"service", "ingress"}:
            index.services.reload(rid, versions)
    out = _referring(graph, before, rows)
    out |= _served(index, before)
    for rid in [rid for rid in out if graph.identity(rid)[1] == "pod"]:
        out.update(index.claims.reload_host_pod(rid))
    return out


def _referring(graph: Graph, before: Before, rows: dict[int, list[Stretch] | None]) -> set[int]:
    """The changed resources, and all that belong to something else because of them."""
    out = set(before)
    visits: defaultdict[int, int] = defaultdict(int)
    queue = deque(before)
    while queue:
        rid = queue.popleft()
        visits[rid] += 1
        if graph.identity(rid)[1] == "pod" or visits[rid] > _LONGEST_CHAIN:
            continue  # nothing refers to a pod; a circle of owners is left at last
        versions = before.get(rid, ())
        shared = rid in before and any(graph.shares_name(v) for v in graph.history[rid])
        if not shared and rows[rid] == graph.rows(rid):
            continue
        for other in _referrers(graph, rid, versions):
            old = graph.forget_rows(other)
            if other not in rows:
                rows[other] = old
            out.add(other)
            queue.append(other)
    return out


def _referrers(graph: Graph, rid: int, before: Iterable[Version]) -> set[int]:
    out: set[int] = set()
    for version in (*before, *graph.history[rid]):
        resource = version.resource
        for value in {resource.id, resource.name} - {""}:
            out |= graph.referrers((resource.source, resource.kind, value))
    if graph.identity(rid)[1] == "vm":
        native = graph.identity(rid)[2].lower()
        out.update(
            node
            for node in graph.of_kind("node")
            if any(native in machine_ids(v.resource) for v in graph.history[node] if isinstance(v.resource, Node))
        )
    return out


def _served(index: TagIndex, before: Before) -> set[int]:
    """Who is served in another way: pods of a service, services of an ingress, nodes by their ports."""
    graph = index.graph
    out: set[int] = set()
    services: list[Service] = []
    for rid, was in before.items():
        now = graph.history[rid]
        source, kind, _ = graph.identity(rid)
        if kind == "service" and _course(was, _serving) != _course(now, _serving):
            services += _services_in((*was, *now))
            if _course(was, _node_ports) != _course(now, _node_ports):
                out.update(node for node in graph.of_kind("node") if graph.identity(node)[0] == source)
        elif kind == "ingress" and _course(was, _routed) != _course(now, _routed):
            for name in {name for version in (*was, *now) for name in _routed(version.resource)}:
                service = graph.find(source, "service", name)
                if service is not None:
                    out.add(service)
                    services += _services_in(graph.history[service])
    return out | _pods_of(graph, services)


def _services_in(versions: Iterable[Version]) -> list[Service]:
    return [v.resource for v in versions if isinstance(v.resource, Service)]


def _pods_of(graph: Graph, services: Iterable[Service]) -> set[int]:
    """The pods that any of these select or name."""
    out: set[int] = set()
    selectors: set[tuple[str, str, frozenset[tuple[str, str]]]] = set()
    for service in services:
        if service.selector:
            selectors.add((service.source, service.namespace, frozenset(service.selector.items())))
            continue
        found = (graph.find(service.source, "pod", endpoint.pod) for endpoint in service.endpoints or ())
        out.update(pod for pod in found if pod is not None)
    for source, namespace, selector in selectors:
        for rid in graph.referrers((source, "namespace", namespace)):
            pods = (v.resource for v in graph.history[rid] if isinstance(v.resource, Pod))
            if any(selector <= pod.labels.items() for pod in pods):
                out.add(rid)
    return out


def _course(versions: Iterable[Version], of: Callable[[Resource], object]) -> list[tuple[int, int, object]]:
    """What a part of a resource was, when: neighbours with the same as one, nothing left out."""
    out: list[tuple[int, int, object]] = []
    for version in versions:
        value = of(version.resource)
        if not value:
            continue
        if out and out[-1][1:] == (version.valid_from, value):
            out[-1] = (out[-1][0], version.valid_to, value)
        else:
            out.append((version.valid_from, version.valid_to, value))
    return out


def _serving(service: Resource) -> object:
    assert isinstance(service, Service)
    named = () if service.selector else tuple(e.pod for e in service.endpoints or ())
    return service.type, service.selector, service.ports, named


def _node_ports(service: Resource) -> object:
    assert isinstance(service, Service)
    return service.type, [port for port in service.ports if port.node_port]


def _routed(ingress: Resource) -> tuple[str, ...]:
    assert isinstance(ingress, Ingress)
    return tuple(rule.service for rule in ingress.rules if rule.service)
