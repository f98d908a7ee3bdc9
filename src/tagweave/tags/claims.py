"""Claims: in this network, this address or name belonged to this resource during [from, to).

The tables say which fields of which kinds claim what. A smaller rank is the nearer owner: a pod's address
is also its VM's when the VPC gives out pod addresses, and then the pod has it.
"""

from collections import defaultdict
from collections.abc import Iterator
from typing import Final, Literal, NamedTuple

from tagweave.inventory import Version
from tagweave.model import VM, Container, Interface, NetworkInterface, Node, Pod, Resource
from tagweave.model.addresses import pack, pack_prefix
from tagweave.model.times import FOREVER, to_ns
from tagweave.tags.graph import Graph, Stretch, cut, pieces
from tagweave.tags.networks import INTERNET, Networks, is_public
from tagweave.tags.services import Services

RULE_WORDS: Final = (
    "",
    "ip",
    "prefix",
    "pod_uid",
    "pod_name",
    "container_id",
    "vm_id",
    "host_name",
    "mac",
    "id",
)
"""By which rule a claim matches; a tagset's `rule` indexes these words."""

Where = Literal["cluster", "vpc", "public", "either"]


class AddressRule(NamedTuple):
    """Addresses in `field` of a kind belong to it: in its cluster, its VPC, the internet, or by the address."""

    kind: str
    field: str
    rank: int
    where: Where


ADDRESS_RULES: Final = (
    AddressRule("pod", "ips", 10, "cluster"),
    AddressRule("node", "ips", 20, "cluster"),
    AddressRule("service", "cluster_ips", 30, "cluster"),
    AddressRule("service", "external_ips", 35, "either"),
    AddressRule("service", "load_balancer_ips", 35, "either"),
    AddressRule("ingress", "load_balancer_ips", 36, "either"),
    AddressRule("rds", "ips", 40, "either"),
    AddressRule("redis", "ips", 40, "either"),
    AddressRule("nat_gateway", "private_ips", 45, "vpc"),
    AddressRule("nat_gateway", "public_ips", 45, "public"),
    AddressRule("load_balancer", "ips", 50, "either"),
    AddressRule("vm", "interfaces.private_ips", 60, "vpc"),
    AddressRule("vm", "interfaces.public_ips", 60, "public"),
    AddressRule("host", "ips", 65, "either"),
    AddressRule("network_interface", "private_ips", 70, "vpc"),
    AddressRule("network_interface", "public_ips", 70, "public"),
    AddressRule("public_ip", "ip", 80, "public"),
)

PREFIX_RULES: Final = (
    AddressRule("node", "pod_cidrs", 10, "cluster"),
    AddressRule("subnet", "cidrs", 20, "vpc"),
    AddressRule("vpc", "cidrs", 30, "vpc"),
)

SHARED_RANKS: Final = frozenset({35, 36})
"""Several services or ingresses may stand behind one load balancer's address: that is no dispute."""

_TERMINAL: Final = frozenset({"Succeeded", "Failed"})


class AddressClaim(NamedTuple):
    """An address (`length` 128) or prefix that a resource held during [start, end), and what it belonged to."""

    address: int
    length: int
    network: int
    rank: int
    owner: int
    start: int
    end: int
    seen_until: int
    rows: tuple[Stretch, ...]


class NameClaim(NamedTuple):
    """A name, by a rule, that meant a resource during [start, end)."""

    key: str
    rule: str
    owner: int
    start: int
    end: int
    seen_until: int
    rows: tuple[Stretch, ...]


class Span(NamedTuple):
    """A stretch of time in which one value of a field stood unchanged in all versions of a resource."""

    start: int
    end: int
    seen_until: int
    versions: tuple[Version, ...]


class Claims:
    """Derives claims from a graph."""

    def __init__(self, graph: Graph, networks: Networks, services: Services) -> None:
        self._graph = graph
        self._networks = networks
        self._services = services
        self._sets = graph.tagsets
        self._host_pods: defaultdict[tuple[str, str], list[tuple[Pod, frozenset[int]]]] = defaultdict(list)
        for rid in graph.of_kind("pod"):
            pod = graph.latest(rid)
            if isinstance(pod, Pod) and pod.host_network and pod.node:
                members = [m for m in services.of_pod(pod, -FOREVER, FOREVER) if m.services]
                self._host_pods[pod.source, pod.node].extend((pod, m.services) for m in members)

    def of(self, rid: int) -> Iterator[AddressClaim]:
        """The addresses and prefixes that a resource holds or held."""
        kind = self._graph.identity(rid)[1]
        for rule in _RULES_OF.get(kind, ()):
            prefix = rule in PREFIX_RULES
            for value, span in _spans(self._graph.history[rid], rule.field):
                address, length = pack_prefix(value) if prefix else (pack(value), 128)
                resource = span.versions[-1].resource
                network = self._network(rule, rid, resource, address)
                subnet = self._networks.subnet(network, address) if network != INTERNET else 0
                rows = tuple(self._rows(rid, span, address, subnet))
                yield AddressClaim(
                    address, length, network, rule.rank, rid, span.start, span.end, span.seen_until, rows
                )

    def names_of(self, rid: int) -> Iterator[NameClaim]:
        """The names that mean a resource or meant it."""
        versions = self._graph.history[rid]
        keys: dict[tuple[str, str], tuple[int, Container | None]] = {}
        for version in versions:
            for key, rule, container in _names(version.resource, self._cluster_names(version.resource)):
                keys.setdefault((key, rule), (version.valid_from, container))
        end, seen = versions[-1].valid_to, versions[-1].seen_until
        for (key, rule), (since, container) in keys.items():
            start = versions[0].valid_from if rule != "container_id" else since
            span = Span(start, end, seen, tuple(versions))
            rows = list(self._rows(rid, span, 0, 0))
            if container is not None:
                phantom = self._graph.phantom(versions[0].resource.source, "container", key, container.name)
                rows = [s._replace(row={**s.row, "container": phantom}) for s in rows]
            yield NameClaim(key, rule, rid, start, end, seen, tuple(rows))

    def _cluster_names(self, resource: Resource) -> tuple[str, ...]:
        cluster = getattr(resource, "cluster", "")
        if not cluster:
            return ()
        found = self._graph.find(resource.source, "cluster", cluster)
        latest = self._graph.latest(found) if found is not None else None
        return tuple({cluster, latest.name if latest else cluster, resource.source} - {""})

    def _network(self, rule: AddressRule, rid: int, resource: Resource, address: int) -> int:
        if rule.where == "public" or (rule.where == "either" and is_public(address)):
            return INTERNET
        cluster = getattr(resource, "cluster", "")
        if cluster:
            owner = self._graph.refer(resource.source, "cluster", cluster, 0)
            return self._networks.of_cluster_address(owner, address)
        vpc = rid if resource.kind == "vpc" else None
        name = getattr(resource, "vpc", "")
        if vpc is None:
            vpc = self._graph.refer(resource.source, "vpc", name, 0) if name else self._no_vpc(resource)
        return self._networks.of(vpc)

    def _no_vpc(self, resource: Resource) -> int:
        """What has an address in no VPC that anybody named is alone with its source."""
        return self._graph.phantom(resource.source, "vpc", resource.source, "")

    def _rows(self, rid: int, span: Span, address: int, subnet: int) -> Iterator[Stretch]:
        """What the owner belonged to, piece by piece, while it held the address."""
        for i, version in enumerate(span.versions):
            start = span.start if i == 0 else version.valid_from
            end = span.end if i + 1 == len(span.versions) else min(span.end, span.versions[i + 1].valid_from)
            if start >= end:
                continue
            own = {"owner": rid, **self._by_address(version.resource, address, subnet)}
            base = list(self._graph.rows_during(rid, start, end))
            if isinstance(version.resource, Pod):
                yield from self._pod_rows(version.resource, base, own, start, end)
            else:
                for stretch in base:
                    row = {**self._subnet_row(subnet, stretch), **stretch.row, **own}
                    yield from self._service_rows(rid, version.resource, stretch._replace(row=row))

    def _pod_rows(
        self, pod: Pod, base: list[Stretch], own: dict[str, int], start: int, end: int
    ) -> Iterator[Stretch]:
        members = self._services.of_pod(pod, start, end)
        moments = [Stretch(m.start, m.end, {}) for m in members]
        for since, until in pieces([base, moments], start, end):
            row = {**next(cut(base, since, until)).row, **own}
            member = next(m for m in members if m.start <= since < m.end)
            if member.services:
                row["service"] = self._sets.set_of(member.services)
                row["ingress"] = self._sets.set_of(member.ingresses)
                row["ports"] = self._services.ports_of_pod(pod, member.services)
            yield Stretch(since, until, row)

    def _service_rows(self, rid: int, resource: Resource, stretch: Stretch) -> Iterator[Stretch]:
        if isinstance(resource, Node):
            host_pods = self._host_pods.get((resource.source, resource.name), ())
            node = resource.name if host_pods else ""
            ports = self._services.ports_of_node(resource.source, node, host_pods)
            yield stretch._replace(row={**stretch.row, "ports": ports})
        elif resource.kind == "service":
            ports = self._services.ports_of_services((rid,))
            for m in self._services.of_services(resource.source, (rid,), stretch.start, stretch.end):
                row = {**stretch.row, "ports": ports, "ingress": self._sets.set_of(m.ingresses)}
                yield Stretch(m.start, m.end, row)
        else:
            yield stretch

    def _subnet_row(self, subnet: int, stretch: Stretch) -> dict[str, int]:
        """What the subnet of an address adds where its owner does not say it."""
        return next(self._graph.rows_during(subnet, stretch.start, stretch.end)).row if subnet else {}

    def _by_address(self, resource: Resource, address: int, subnet: int) -> dict[str, int]:
        """What belongs to the one interface that carries an address."""
        row = {"subnet": subnet} if subnet else {}
        groups: tuple[str, ...] = ()
        if isinstance(resource, VM):
            interface = _interface_with(resource, address)
            if interface is not None:
                groups = interface.security_groups
                if interface.subnet:
                    row["subnet"] = self._graph.refer(resource.source, "subnet", interface.subnet, 0)
        elif isinstance(resource, NetworkInterface):
            groups = resource.security_groups
        if groups:
            rids = {self._graph.refer(resource.source, "security_group", g, 0) for g in groups}
            row["security_group"] = self._sets.set_of(rids)
        return row


_RULES_OF: Final = {
    kind: tuple(rule for rule in (*ADDRESS_RULES, *PREFIX_RULES) if rule.kind == kind)
    for kind in {rule.kind for rule in (*ADDRESS_RULES, *PREFIX_RULES)}
}


def _interface_with(vm: VM, address: int) -> Interface | None:
    if not address:
        return None
    for interface in vm.interfaces:
        if any(pack(ip) == address for ip in (*interface.private_ips, *interface.public_ips)):
            return interface
    return None


def _values(resource: Resource, field: str) -> tuple[str, ...]:
    if isinstance(resource, Pod) and resource.host_network:
        return ()
    head, _, tail = field.partition(".")
    value = getattr(resource, head)
    if tail:
        return tuple(v for part in value for v in getattr(part, tail))
    return value if isinstance(value, tuple) else (value,) if value else ()


def _spans(versions: list[Version], field: str) -> Iterator[tuple[str, Span]]:
    """Each value of a field, with the unbroken spans of versions in which it stood."""
    if len(versions) == 1:
        version = versions[0]
        for value in dict.fromkeys(_values(version.resource, field)):
            yield from _bounded(value, (version,), None)
        return
    open_spans: dict[str, list[Version]] = {}
    before: dict[str, Version | None] = {}
    last: Version | None = None
    for version in versions:
        values = dict.fromkeys(_values(version.resource, field))
        joined = last is not None and last.valid_to == version.valid_from
        for value in list(open_spans):
            if value not in values or not joined:
                yield from _bounded(value, tuple(open_spans.pop(value)), before[value])
        for value in values:
            if value not in open_spans:
                before[value] = last if joined else None
            open_spans.setdefault(value, []).append(version)
        last = version
    for value, held in open_spans.items():
        yield from _bounded(value, tuple(held), before[value])


def _bounded(value: str, versions: tuple[Version, ...], before: Version | None) -> Iterator[tuple[str, Span]]:
    start, end, seen = versions[0].valid_from, versions[-1].valid_to, versions[-1].seen_until
    if isinstance(versions[0].resource, Pod):
        start, end, seen = _pod_bounds(versions, before)
    if start < end:
        yield value, Span(start, end, seen, versions)


def _pod_bounds(versions: tuple[Version, ...], before: Version | None) -> tuple[int, int, int]:
    """When a pod got its address and when it lost it.

    It got it when the kubelet took the pod (status.startTime), as far as that lies after the last moment it
    was seen without; it lost it when it reached a terminal phase, or with the pod itself.
    """
    pods = [v.resource for v in versions if isinstance(v.resource, Pod)]
    start, end, seen = versions[0].valid_from, versions[-1].valid_to, versions[-1].seen_until
    started = next((to_ns(p.started_at) for p in pods if p.started_at), None)
    if started is not None:
        earliest = start if before is None else before.valid_from
        start = max(earliest, started) if before is None else min(start, max(earliest, started))
    terminal = next((i for i, p in enumerate(pods) if p.phase in _TERMINAL), None)
    if terminal is not None:
        finished = next((to_ns(p.finished_at) for p in pods[terminal:] if p.finished_at), None)
        if finished is not None:
            end, seen = min(end, finished), min(seen, finished)
        elif terminal > 0:
            end, seen = versions[terminal].valid_from, versions[terminal - 1].seen_until
        else:
            end = start
    return start, end, min(seen, end)


def _names(resource: Resource, clusters: tuple[str, ...]) -> Iterator[tuple[str, str, Container | None]]:
    """Every name of one version of a resource: (key, rule, the container it names)."""
    if isinstance(resource, Pod):
        yield resource.id, "pod_uid", None
        yield f"{resource.namespace}/{resource.name}", "pod_name", None
        for cluster in clusters:
            yield f"{cluster}/{resource.namespace}/{resource.name}", "pod_name", None
        for container in resource.containers:
            if container.id:
                yield container.id, "container_id", container
        return
    yield resource.id, "vm_id" if resource.kind == "vm" else "id", None
    if isinstance(resource, VM):
        if resource.name:
            yield resource.name, "host_name", None
        for interface in resource.interfaces:
            if interface.mac:
                yield interface.mac.lower(), "mac", None
    elif isinstance(resource, Node):
        for name in dict.fromkeys((resource.name, resource.hostname)):
            if name:
                yield name, "host_name", None
    elif isinstance(resource, NetworkInterface) and resource.mac:
        yield resource.mac.lower(), "mac", None
    elif resource.name and getattr(resource, "namespace", ""):
        yield f"{resource.namespace}/{resource.name}", "id", None  # type: ignore[attr-defined]
