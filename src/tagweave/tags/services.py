"""Which services a pod serves, and which of them a port belongs to, as of any time.

A service with a selector selects the pods of its namespace that carry all its labels; one without is served
by the pods that its endpoints name. (network, address, protocol, port) and (pod, protocol, port) lead to
services through a *port set*: what one address serves. Port sets are interned, since the pods of a
workload serve the same. Several services may serve one port of a pod: it leads to all of them.
"""

import itertools
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, Final, NamedTuple

from tagweave.inventory import Version
from tagweave.model import Ingress, Pod, Resource, Service, ServicePort
from tagweave.tags.graph import Graph
from tagweave.tags.tagsets import Row

if TYPE_CHECKING:
    from tagweave.tags.ports import Ports

PROTOCOLS: Final = {"ICMP": 1, "TCP": 6, "UDP": 17, "GRE": 47, "ESP": 50, "ICMPV6": 58, "SCTP": 132}
"""Protocol names and their IANA numbers, as far as telemetry and Kubernetes name them."""

_NODE_PORT_TYPES: Final = frozenset({"NodePort", "LoadBalancer"})


class Served(NamedTuple):
    """`service` is served at (protocol, port) during [start, end)."""

    protocol: int
    port: int
    start: int
    end: int
    service: int


_NOTHING: Final = Served(0, 0, 0, 0, 0)
"""What is served where no pod has the port that a service targets: another thing than a service without ports."""


class Membership(NamedTuple):
    """During [start, end) a pod served these services, which these ingresses lead to."""

    start: int
    end: int
    services: frozenset[int]
    ingresses: frozenset[int]


class Services:
    """Memberships and port sets, derived from a graph."""

    def __init__(self, graph: Graph) -> None:
        self._graph = graph
        self._port_sets: dict[tuple[Served, ...], int] = {(): 0}
        self._served: list[tuple[Served, ...]] = [()]
        self._pod_ports: dict[tuple[frozenset[int], tuple[tuple[str, int], ...], str], int] = {}
        self._node_ports: dict[tuple[str, str], int] = {}
        self._by_label: defaultdict[tuple[str, str, str, str], list[tuple[int, Version]]] = defaultdict(list)
        self._by_endpoint: defaultdict[tuple[str, str], list[tuple[int, Version]]] = defaultdict(list)
        self._ingresses: defaultdict[tuple[str, str], list[tuple[int, int, int]]] = defaultdict(list)
        self._compiled: tuple[int, Ports] | None = None
        for rid in graph.of_kind("service"):
            for version in graph.history[rid]:
                self._load(rid, version)
        for rid in graph.of_kind("ingress"):
            for version in graph.history[rid]:
                self._load_ingress(rid, version)

    def _load(self, rid: int, version: Version) -> None:
        for selecting in self._selections(version):
            selecting.append((rid, version))

    def _selections(self, version: Version) -> Iterator[list[tuple[int, Version]]]:
        """The lists in which a service's version stands, for the pods that it selects or names to find it."""
        service = version.resource
        assert isinstance(service, Service)
        if service.type == "ExternalName":  # a name in DNS: Kubernetes gives it no endpoints, whatever it selects
            return
        if service.selector:
            key, value = min(service.selector.items())
            yield self._by_label[service.source, service.namespace, key, value]
            return
        for pod in {endpoint.pod for endpoint in service.endpoints or () if endpoint.pod}:
            yield self._by_endpoint[service.source, pod]

    def _load_ingress(self, rid: int, version: Version) -> None:
        for routes in self._routes(version):
            routes.append((version.valid_from, version.valid_to, rid))

    def _routes(self, version: Version) -> Iterator[list[tuple[int, int, int]]]:
        ingress = version.resource
        assert isinstance(ingress, Ingress)
        for service in {rule.service for rule in ingress.rules if rule.service}:
            yield self._ingresses[ingress.source, service]

    def reload(self, rid: int, before: Iterable[Version]) -> None:
        """Take in the changed history of a service or an ingress; `before` is what it was."""
        service = self._graph.identity(rid)[1] == "service"
        for version in before:
            for selecting in self._selections(version) if service else ():
                selecting[:] = [entry for entry in selecting if entry[0] != rid]
            for routes in () if service else self._routes(version):
                routes[:] = [route for route in routes if route[2] != rid]
        for version in self._graph.history[rid]:
            (self._load if service else self._load_ingress)(rid, version)
        if service:
            self._pod_ports.clear()
            self._node_ports.clear()

    def forget_node(self, source: str, node: str) -> None:
        """Drop the port set of a node: other pods run on it."""
        self._node_ports.pop((source, node), None)

    def of_pod(self, pod: Pod, start: int, end: int) -> list[Membership]:
        """What a pod with these labels served during [start, end), without gaps."""
        spans = [
            (max(version.valid_from, start), min(version.valid_to, end), rid)
            for rid, version in self._selecting(pod)
            if version.valid_from < end and start < version.valid_to
        ]
        return self._memberships(pod.source, spans, start, end)

    def of_services(self, source: str, rids: Iterable[int], start: int, end: int) -> list[Membership]:
        """The services themselves with their ingresses during [start, end)."""
        return self._memberships(source, [(start, end, rid) for rid in rids], start, end)

    def _selecting(self, pod: Pod) -> Iterator[tuple[int, Version]]:
        labels = pod.labels.items()
        for key, value in labels:
            for rid, version in self._by_label.get((pod.source, pod.namespace, key, value), ()):
                if version.resource.selector.items() <= labels:  # type: ignore[union-attr]
                    yield rid, version
        yield from self._by_endpoint.get((pod.source, pod.id), ())

    def _memberships(self, source: str, spans: list[tuple[int, int, int]], start: int, end: int) -> list[Membership]:
        if not spans:
            return [Membership(start, end, frozenset(), frozenset())]
        routes = [
            (max(since, start), min(until, end), rid, ingress)
            for rid in {rid for _, _, rid in spans}
            for since, until, ingress in self._ingresses.get((source, self._graph.identity(rid)[2]), ())
            if since < end and start < until
        ]
        cuts = {start, end}
        for span in (*spans, *routes):
            cuts.update(span[:2])
        moments = sorted(cuts)
        out: list[Membership] = []
        for since, until in itertools.pairwise(moments):
            services = frozenset(rid for a, b, rid in spans if a <= since < b)
            ingresses = frozenset(i for a, b, rid, i in routes if a <= since < b and rid in services)
            if out and out[-1].services == services and out[-1].ingresses == ingresses:
                out[-1] = out[-1]._replace(end=until)
            else:
                out.append(Membership(since, until, services, ingresses))
        return out

    # ---- ports

    def ports_of_pod(self, pod: Pod, services: frozenset[int]) -> int:
        """The port set of a pod that serves these services; 0 for none."""
        if not services:
            return 0
        named = tuple(sorted((n, p) for c in pod.containers for n, p in c.ports.items()))
        by_endpoint = any(not v.resource.selector for rid in services for v in self._graph.history[rid])  # type: ignore[union-attr]
        key = (services, named, pod.id if by_endpoint else "")
        found = self._pod_ports.get(key)
        if found is None:
            ports = list(self._ports(services))
            served = [
                Served(PROTOCOLS.get(port.protocol, 0), target, version.valid_from, version.valid_to, rid)
                for rid, version, port in ports
                for target in _targets(version.resource, port, pod.id, dict(named))
            ]
            found = self._pod_ports[key] = self._intern(served or ([_NOTHING] if ports else []))
        return found

    def ports_of_services(self, services: Iterable[int]) -> int:
        """The port set of an address that belongs to services themselves."""
        return self._intern(
            Served(PROTOCOLS.get(port.protocol, 0), port.port, version.valid_from, version.valid_to, rid)
            for rid, version, port in self._ports(services)
        )

    def ports_of_node(self, source: str, node: str, host_pods: Iterable[tuple[Pod, frozenset[int]]]) -> int:
        """The port set of a node's address: its cluster's node ports, and what its hostNetwork pods serve."""
        key = (source, node)
        found = self._node_ports.get(key)
        if found is None:
            served = set(self._served[self._cluster_ports(source)])
            for pod, services in host_pods:
                served.update(self._served[self.ports_of_pod(pod, services)])
            found = self._node_ports[key] = self._intern(served)
        return found

    def _cluster_ports(self, source: str) -> int:
        found = self._node_ports.get((source, ""))
        if found is None:
            rids = [r for r in self._graph.of_kind("service") if self._graph.identity(r)[0] == source]
            found = self._node_ports[source, ""] = self._intern(
                Served(PROTOCOLS.get(port.protocol, 0), port.node_port, v.valid_from, v.valid_to, rid)
                for rid, v, port in self._ports(rids)
                if port.node_port and v.resource.type in _NODE_PORT_TYPES  # type: ignore[union-attr]
            )
        return found

    def union_ports(self, a: int, b: int) -> int:
        """The port set of an address that serves both."""
        if a == b or not b:
            return a
        return self._intern({*self._served[a], *self._served[b]}) if a else b

    def _ports(self, services: Iterable[int]) -> Iterator[tuple[int, Version, ServicePort]]:
        for rid in services:
            for version in self._graph.history.get(rid, ()):
                for port in version.resource.ports:  # type: ignore[union-attr]
                    yield rid, version, port

    def _intern(self, served: Iterable[Served]) -> int:
        key = tuple(sorted(_joined(served)))
        found = self._port_sets.get(key)
        if found is None:
            found = self._port_sets[key] = len(self._served)
            self._served.append(key)
        return found

    def pick(self, port_set: int, protocol: int, port: int, at: int) -> int:
        """The set of services that a port set serves at (protocol, port) at a time; 0 for none."""
        mine = (s for s in self._served[port_set] if (s.protocol, s.port) == (protocol, port))
        return self._graph.tagsets.set_of({s.service for s in mine if s.start <= at < s.end})

    def settled(self, row: Row, services: int) -> dict[str, int]:
        """A row whose port has decided that it is these services, with the ingresses that lead to one of them."""
        sets = self._graph.tagsets
        named = (self._graph.identity(rid) for rid in sets.members[services])
        leading = {route[2] for source, _, native in named for route in self._ingresses.get((source, native), ())}
        ingresses = leading.intersection(sets.members[row.get("ingress", 0)])
        return {**row, "service": services, "ingress": sets.set_of(ingresses)}

    def compiled(self) -> "Ports":
        """All port sets as arrays, for batches."""
        from tagweave.tags.ports import Ports  # noqa: PLC0415 - numba is slow to import, look-ups do without

        if self._compiled is None or self._compiled[0] != len(self._served):
            self._compiled = (len(self._served), Ports.of([list(self._settled(s)) for s in self._served]))
        return self._compiled[1]

    def _settled(self, served: Sequence[Served]) -> Iterator[Served]:
        """What a port set serves, in pieces of time that do not overlap, `service` the id of a set of them."""
        sets = self._graph.tagsets
        for _, group in itertools.groupby(served, key=lambda s: (s.protocol, s.port)):
            mine = list(group)
            moments = sorted({m for s in mine for m in (s.start, s.end)})
            for start, end in itertools.pairwise(moments):
                live = {s.service for s in mine if s.start <= start < s.end}
                if live:
                    yield mine[0]._replace(start=start, end=end, service=sets.set_of(live))


def _joined(served: Iterable[Served]) -> Iterator[Served]:
    """Each port once for each unbroken time in which a service had it, over versions that differ elsewhere."""
    last: Served | None = None
    for one in sorted(set(served), key=lambda s: (s.protocol, s.port, s.service, s.start)):
        if last is not None and one._replace(start=last.start, end=last.end) == last and one.start <= last.end:
            last = last._replace(end=max(last.end, one.end))
            continue
        if last is not None:
            yield last
        last = one
    if last is not None:
        yield last


def _targets(service: Resource, port: ServicePort, pod: str, named: dict[str, int]) -> Iterable[int]:
    """The ports at which a pod serves a service's port: none where the pod names no such port.

    The endpoints of a service without selector say it themselves, by the name of the service's port.
    """
    assert isinstance(service, Service)
    mine = [] if service.selector else [e for e in service.endpoints or () if e.pod == pod]
    told = [p for endpoint in mine for p in endpoint.ports]
    if told:
        alike = (port.name, port.protocol)
        return {p.port for p in told if (p.name, p.protocol) == alike and p.port is not None}
    target = port.target_port
    found = port.port if not target else int(target) if target.isdecimal() else named.get(target)
    return () if found is None else (found,)
