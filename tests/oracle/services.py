"""Which service: section 6 of docs/laws.md."""

from functools import cache
from typing import Final, NamedTuple

from tagweave.model import Ingress, Node, Pod, Service, ServicePort

from .facts import Facts, Ident
from .rows import Rows, terminal

PROTOCOLS: Final = frozenset({"TCP", "UDP", "SCTP"})


class Served(NamedTuple):
    """A service is served there."""

    service: Ident
    protocol: str
    port: int


def protocols(word: str) -> frozenset[str]:
    """A protocol that is not known is all of them."""
    return frozenset({word.upper()}) & PROTOCOLS or PROTOCOLS


class Services:
    """Services, what leads to them and where they are served, at each moment."""

    def __init__(self, facts: Facts, rows: Rows) -> None:
        self.facts = facts
        self.rows = rows
        self.of_pod = cache(self._of_pod)
        self.leading_to = cache(self._leading_to)
        self.at_pod = cache(self._at_pod)
        self.at_node = cache(self._at_node)

    def _alive(self, t: int) -> list[tuple[Ident, Service]]:
        return [
            (it, v.resource)
            for it in self.facts.of_kind.get("service", ())
            if (v := self.facts.holding(it, t)) and isinstance(v.resource, Service)
        ]

    # ---- law 6.1

    def _of_pod(self, pod: Ident, t: int) -> frozenset[Ident]:
        """The services that a pod serves."""
        resource = self.facts.resource(pod, t)
        assert isinstance(resource, Pod)
        place = (pod.source, resource.cluster, resource.namespace)
        found = set()
        for it, service in self._alive(t):
            if service.type == "ExternalName":
                continue
            if service.selector:
                if (it.source, service.cluster, service.namespace) == place and (
                    service.selector.items() <= resource.labels.items()
                ):
                    found.add(it)
            elif it.source == pod.source and pod.id in {e.pod for e in service.endpoints or ()}:
                found.add(it)
        return frozenset(found)

    def _leading_to(self, service: Ident, t: int) -> frozenset[Ident]:
        """The ingresses of a service."""
        return frozenset(
            it
            for it in self.facts.of_kind.get("ingress", ())
            if it.source == service.source
            and (v := self.facts.holding(it, t))
            and isinstance(v.resource, Ingress)
            and service.id in {rule.service for rule in v.resource.rules}
        )

    def ingresses(self, services: frozenset[Ident], t: int) -> frozenset[Ident]:
        return frozenset().union(*(self.leading_to(service, t) for service in services))

    # ---- law 6.2

    def _at_pod(self, pod: Ident, t: int) -> frozenset[Served]:
        resource = self.facts.resource(pod, t)
        assert isinstance(resource, Pod)
        found = set()
        for it in self.of_pod(pod, t):
            version = self.facts.holding(it, t)
            assert version is not None
            service = version.resource
            for port in service.ports:
                found |= {Served(it, port.protocol.upper(), n) for n in _targets(service, port, resource)}
        return frozenset(found)

    # ---- law 6.3

    def at_address(self, holders: frozenset[Ident], t: int) -> frozenset[Served]:
        """What an address serves that these services hold."""
        return frozenset(
            Served(it, port.protocol.upper(), port.port)
            for it, service in self._alive(t)
            if it in holders
            for port in service.ports
        )

    def _at_node(self, node: Ident, t: int) -> frozenset[Served]:
        resource = self.facts.resource(node, t)
        assert isinstance(resource, Node)
        found = {
            Served(it, port.protocol.upper(), port.node_port)
            for it, service in self._alive(t)
            if (it.source, service.cluster) == (node.source, resource.cluster)
            if service.type in {"NodePort", "LoadBalancer"}
            for port in service.ports
            if port.node_port
        }
        for pod in self.facts.of_kind.get("pod", ()):
            version = self.facts.holding(pod, t)
            if version is None or not version.resource.host_network or terminal(version.resource):
                continue
            name = version.resource.node
            if name and pod.source == node.source and self.facts.named(pod.source, "node", name, t) == node:
                found |= self.at_pod(pod, t)
        return frozenset(found)


def _targets(service: Service, port: ServicePort, pod: Pod) -> set[int]:
    """Where a pod serves a port of a service."""
    if not service.selector:
        own = {
            p.port
            for endpoint in service.endpoints or ()
            if endpoint.pod == pod.id
            for p in endpoint.ports
            if p.port is not None and (p.name, p.protocol.upper()) == (port.name, port.protocol.upper())
        }
        if own:
            return own
    if port.target_port.isdigit():
        return {int(port.target_port)}
    if not port.target_port:
        return {port.port}
    return set([c.ports[port.target_port] for c in pod.containers if port.target_port in c.ports][:1])
