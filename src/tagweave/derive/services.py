"""Which services a pod serves, which ingresses lead there, and which of them a port belongs to, as of any time.

A service with a selector selects the pods of its namespace that carry all its labels; one without is served
by the pods that its endpoints name. What an address serves is a *port set*: (protocol, port) → services, with their
ingresses, over time. Port sets are interned, since the pods of a workload serve the same.
"""

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping
from typing import Final, NamedTuple

from tagweave.derive.estate import Estate
from tagweave.derive.rows import Rows
from tagweave.derive.timeline import Stretch, Timeline, always, cut, joined, mapped, pieces, swept
from tagweave.derive.timeline import at as value_at
from tagweave.index.draft import Served
from tagweave.inventory import Version
from tagweave.model import PROTOCOLS, Ingress, Pod, Resource, Service, ServicePort
from tagweave.model.times import BEGINNING, FOREVER

PortSet = tuple[Served, ...]

NODE_PORT_TYPES: Final = frozenset({"NodePort", "LoadBalancer"})
TERMINAL: Final = frozenset({"Succeeded", "Failed"})
"""Phases in which a pod has no address any more and serves nothing."""

_NOTHING: Final = Served(0, 0, 0, 0, 0, (), (0, 0))
"""What is served where no pod has the port that a service targets: another thing than a service without ports."""


class Serves(NamedTuple):
    """The services of an end and the ingresses that lead to them, ascending."""

    services: tuple[int, ...]
    ingresses: tuple[int, ...]


NO_SERVICE: Final = Serves((), ())


class Services:
    """Memberships and port sets, derived from an estate."""

    def __init__(self, estate: Estate, rows: Rows) -> None:
        self._estate = estate
        self._rows = rows
        self._sets: dict[PortSet, PortSet] = {(): ()}
        self._pod_ports: dict[tuple[tuple[int, ...], tuple[tuple[str, int], ...], str], PortSet] = {}
        self._cluster_ports: dict[tuple[str, str], PortSet] = {}
        self._by_label: defaultdict[tuple[str, str, str, str], list[tuple[int, Version]]] = defaultdict(list)
        self._by_endpoint: defaultdict[tuple[str, str], list[tuple[int, Version]]] = defaultdict(list)
        self._routes: defaultdict[tuple[str, str], list[tuple[int, int, int]]] = defaultdict(list)
        self._serving: dict[tuple[str, str, tuple[tuple[str, str], ...]], Timeline[Serves]] = {}
        self._leading: dict[int, Timeline[tuple[int, ...]]] = {}
        self._host_pods: defaultdict[tuple[str, str], dict[int, None]] = defaultdict(dict)
        for rid in estate.of_kind("service"):
            self._enter(rid, estate.history[rid])
        for rid in estate.of_kind("ingress"):
            self._enter(rid, estate.history[rid])
        for rid in estate.of_kind("pod"):
            self.enter_pod(rid)

    # ---- what is known

    def _enter(self, rid: int, history: Iterable[Version]) -> None:
        for version in history:
            resource = version.resource
            if isinstance(resource, Service):
                for selecting in self._selections(resource):
                    selecting.append((rid, version))
            elif isinstance(resource, Ingress):
                for service in {rule.service for rule in resource.rules if rule.service}:
                    self._routes[resource.source, service].append((version.valid_from, version.valid_to, rid))

    def _selections(self, service: Service) -> Iterator[list[tuple[int, Version]]]:
        """The lists in which a service's version stands, for the pods that it selects or names to find it."""
        if service.type == "ExternalName":  # a name in DNS: Kubernetes gives it no endpoints, whatever it selects
            return
        if service.selector:
            key, value = min(service.selector.items())
            yield self._by_label[service.source, service.namespace, key, value]
            return
        for pod in {endpoint.pod for endpoint in service.endpoints or () if endpoint.pod}:
            yield self._by_endpoint[service.source, pod]

    def enter_pod(self, rid: int) -> set[tuple[str, str]]:
        """Take in a pod that may share its node's address; the (source, node) whose ports it is among."""
        nodes = {
            (v.resource.source, v.resource.node)
            for v in self._estate.history[rid]
            if isinstance(v.resource, Pod) and v.resource.host_network and v.resource.node
        }
        for node in nodes:
            self._host_pods[node][rid] = None
        return nodes

    def change(self, rid: int, before: Iterable[Version]) -> None:
        """Take in the changed history of a service or an ingress; `before` is what it was."""
        for version in before:
            resource = version.resource
            if isinstance(resource, Service):
                for selecting in self._selections(resource):
                    selecting[:] = [entry for entry in selecting if entry[0] != rid]
            elif isinstance(resource, Ingress):
                for service in {rule.service for rule in resource.rules if rule.service}:
                    routes = self._routes[resource.source, service]
                    routes[:] = [route for route in routes if route[2] != rid]
        self._enter(rid, self._estate.history.get(rid, ()))
        self._leading.clear()
        self._serving.clear()
        self.forget_ports()

    def forget_ports(self) -> None:
        """Drop the port sets that were made."""
        self._pod_ports.clear()
        self._cluster_ports.clear()

    # ---- services and ingresses

    def of_pod(self, pod: Pod) -> Timeline[Serves]:
        """What a pod with these labels served, over all time."""
        by_endpoint = self._by_endpoint.get((pod.source, pod.id))
        alike = (pod.source, pod.namespace, tuple(pod.labels.items()))
        known = None if by_endpoint else self._serving.get(alike)
        if known is None:
            found = [*self._selecting(pod), *(by_endpoint or ())]
            known = self._over_all_time([(v.valid_from, v.valid_to, rid) for rid, v in found]) if found else _NO_SERVICE
            if not by_endpoint:
                self._serving[alike] = known
        return known

    def _over_all_time(self, spans: list[tuple[int, int, int]]) -> Timeline[Serves]:
        live = swept(spans)
        leading = [self.leading(rid) for rid in {span[2] for span in spans}]
        return joined(
            Stretch(since, until, self._led_to(value_at(live, since), since))
            for since, until in pieces([live, *leading], BEGINNING, FOREVER)
        )

    def of_services(self, services: Collection[int], start: int, end: int) -> list[Stretch[Serves]]:
        """Services themselves, with their ingresses, during [start, end)."""
        return joined(
            Stretch(since, until, self._led_to(services, since))
            for since, until in pieces([self.leading(rid) for rid in services], start, end)
        )

    def _led_to(self, services: Iterable[int], at: int) -> Serves:
        unique = tuple(sorted(set(services)))
        if not unique:
            return NO_SERVICE
        return Serves(unique, tuple(sorted({i for rid in unique for i in value_at(self.leading(rid), at)})))

    def leading(self, service: int) -> Timeline[tuple[int, ...]]:
        """The ingresses that lead to a service, over all time."""
        known = self._leading.get(service)
        if known is None:
            source, _, native = self._estate.identity(service)
            routes = self._routes.get((source, native), ())
            known = mapped(swept(routes), lambda live: tuple(sorted(set(live)))) if routes else _NEVER
            self._leading[service] = known
        return known

    def _selecting(self, pod: Pod) -> Iterator[tuple[int, Version]]:
        labels = pod.labels.items()
        for key, value in labels:
            for rid, version in self._by_label.get((pod.source, pod.namespace, key, value), ()):
                if _service(version).selector.items() <= labels:
                    yield rid, version

    # ---- ports

    def ports_of_pod(self, pod: Pod, services: tuple[int, ...]) -> PortSet:
        """The port set of a pod that serves these services."""
        if not services:
            return ()
        named = tuple(sorted((n, p) for c in pod.containers for n, p in c.ports.items()))
        by_endpoint = any(not _service(v).selector for rid in services for v in self._estate.history[rid])
        key = (services, named, pod.id if by_endpoint else "")
        found = self._pod_ports.get(key)
        if found is None:
            ports = list(self._ports(services))
            served = [
                one
                for rid, version, port in ports
                for target in _targets(version.resource, port, pod.id, dict(named))
                for one in self._served(rid, version, port, target)
            ]
            found = self._pod_ports[key] = self._intern(served or ([_NOTHING] if ports else []))
        return found

    def ports_of_services(self, services: Iterable[int]) -> PortSet:
        """The port set of an address that belongs to services themselves."""
        return self._intern(
            one for rid, version, port in self._ports(services) for one in self._served(rid, version, port, port.port)
        )

    def ports_of_node(self, source: str, cluster: str, node: str) -> PortSet:
        """The port set of a node's address: its cluster's node ports, and what its hostNetwork pods serve there."""
        served = self._node_ports(source, cluster)
        pods = self._host_pods.get((source, node))
        if not pods:
            return served
        return self._intern([*served, *(one for rid in pods for one in self._served_on_host(rid, node))])

    def _served_on_host(self, rid: int, node: str) -> Iterator[Served]:
        for version in self._estate.history.get(rid, ()):
            pod = version.resource
            if not isinstance(pod, Pod) or not pod.host_network or pod.node != node or pod.phase in TERMINAL:
                continue
            for start, end, serves in cut(self.of_pod(pod), version.valid_from, version.valid_to):
                for one in self.ports_of_pod(pod, serves.services):
                    if one.start < end and start < one.end:
                        yield one._replace(start=max(start, one.start), end=min(end, one.end), ingresses=())

    def _node_ports(self, source: str, cluster: str) -> PortSet:
        found = self._cluster_ports.get((source, cluster))
        if found is None:
            rids = [rid for rid in self._estate.of_kind("service") if self._estate.identity(rid)[0] == source]
            found = self._cluster_ports[source, cluster] = self._intern(
                one._replace(ingresses=())
                for rid, version, port in self._ports(rids)
                if port.node_port and _service(version).type in NODE_PORT_TYPES and _service(version).cluster == cluster
                for one in self._served(rid, version, port, port.node_port)
            )
        return found

    def union(self, one: PortSet, other: PortSet) -> PortSet:
        """The port set of an address that serves both."""
        if one is other or not other:
            return one
        return self._intern([*one, *other]) if one else other

    def led_by(self, ports: PortSet, ingresses: Collection[int]) -> PortSet:
        """The same ports, each with those of some ingresses that lead to its service."""
        return self._intern(
            one._replace(start=start, end=end, ingresses=tuple(i for i in leading if i in ingresses))
            for one in ports
            for start, end, leading in cut(self.leading(one.service), one.start, one.end)
        )

    def also_led(self, ports: PortSet, ingresses: Collection[int]) -> PortSet:
        """The port set of an address that ingresses hold themselves: they lead to whatever is served there."""
        return self._intern(one._replace(ingresses=tuple(sorted({*one.ingresses, *ingresses}))) for one in ports)

    def _served(self, rid: int, version: Version, port: ServicePort, number: int) -> Iterator[Served]:
        protocol = PROTOCOLS.get(port.protocol, 0)
        leading, rows = self.leading(rid), self._rows.of(rid)
        for start, end in pieces([leading, rows], version.valid_from, version.valid_to):
            row = value_at(rows, start)
            subject = (row.get("namespace", 0), row.get("cluster", 0))
            yield Served(protocol, number, start, end, rid, value_at(leading, start), subject)

    def _ports(self, services: Iterable[int]) -> Iterator[tuple[int, Version, ServicePort]]:
        for rid in services:
            for version in self._estate.history.get(rid, ()):
                for port in _service(version).ports:
                    yield rid, version, port

    def _intern(self, served: Iterable[Served]) -> PortSet:
        key = tuple(sorted(_joined(served)))
        return self._sets.setdefault(key, key)


def _service(version: Version) -> Service:
    assert isinstance(version.resource, Service)
    return version.resource


_NO_SERVICE: Final[Timeline[Serves]] = always(NO_SERVICE)
_NEVER: Final[Timeline[tuple[int, ...]]] = always(())


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


def _targets(service: Resource, port: ServicePort, pod: str, named: Mapping[str, int]) -> Iterable[int]:
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
