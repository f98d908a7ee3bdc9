"""Claims: in this network, this address or name belonged to this resource during [from, to).

The tables say which fields of which kinds claim what. A smaller rank is the nearer owner: a pod's address
is also its VM's when the VPC gives out pod addresses, and then the pod has it.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from typing import Final, Literal, NamedTuple

from tagweave.inventory import Version
from tagweave.model import VM, Container, Interface, NetworkInterface, Node, Pod, Resource
from tagweave.model.addresses import pack, pack_prefix
from tagweave.model.times import FOREVER, to_ns
from tagweave.tags.graph import Graph
from tagweave.tags.networks import INTERNET, Networks, is_public, is_v6
from tagweave.tags.services import Membership, Services
from tagweave.tags.stretches import Stretch, cut, lay, pieces

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
"""In the owner's own network, in the internet, or in the one of these that the address tells."""


class AddressRule(NamedTuple):
    """Addresses in `field` of a kind belong to it, in the network that `where` says."""

    kind: str
    field: str
    rank: int
    where: Where


ADDRESS_RULES: Final = (
    AddressRule("pod", "ips", 10, "cluster"),
    AddressRule("node", "ips", 20, "either"),
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
    """A name, by a rule, that meant a resource during [start, end); `container` where it names one of a pod."""

    key: str
    rule: str
    owner: int
    start: int
    end: int
    container: str = ""


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
            self._load_host_pod(graph.latest(rid))

    def _load_host_pod(self, pod: Resource | None) -> None:
        if isinstance(pod, Pod) and pod.host_network and pod.node:
            members = [m for m in self._services.of_pod(pod, -FOREVER, FOREVER) if m.services]
            self._host_pods[pod.source, pod.node].extend((pod, m.services) for m in members)

    def reload_host_pod(self, rid: int) -> Iterator[int]:
        """Take in that a pod changed, or what it serves; the nodes whose address it shares."""
        for pod in {
            v.resource.node: v.resource for v in self._graph.history[rid] if isinstance(v.resource, Pod)
        }.values():
            if pod.host_network and pod.node:
                on_node = self._host_pods[pod.source, pod.node]
                on_node[:] = [entry for entry in on_node if entry[0].id != pod.id]
                self._services.forget_node(pod.source, pod.node)
                node = self._graph.refer(pod.source, "node", pod.node, FOREVER)
                if node in self._graph.history:
                    yield node
        self._load_host_pod(self._graph.latest(rid))

    def of(self, rid: int) -> Iterator[AddressClaim]:
        """The addresses and prefixes that a resource holds or held."""
        kind = self._graph.identity(rid)[1]
        for rule in _RULES_OF.get(kind, ()):
            prefix = rule in PREFIX_RULES
            rows: dict[tuple[int, int, int], tuple[Stretch, ...]] = {}  # addresses of one owner share theirs
            for value, span in _spans(self._graph.history[rid], rule.field):
                address, length = pack_prefix(value) if prefix else (pack(value), 128)
                resource = span.versions[-1].resource
                networks = self._networks_of(rule, rid, resource, address)
                subnet = self._networks.subnet(networks[0], address, length) if networks[0] != INTERNET else 0
                alike = (span.start, span.end, subnet if rule.field.find(".") < 0 else address)
                found = rows.get(alike)
                if found is None:
                    found = rows[alike] = tuple(self._rows(rid, span, address, subnet))
                seen = span.seen_until if span.end != FOREVER else self._graph.seen_until(span.versions[-1])
                for network in networks:
                    yield AddressClaim(address, length, network, rule.rank, rid, span.start, span.end, seen, found)

    def names_of(self, rid: int) -> Iterator[NameClaim]:
        """The names that mean a resource or meant it."""
        return self.names_in(rid, self._graph.history[rid])

    def names_in(self, rid: int, versions: Sequence[Version]) -> Iterator[NameClaim]:
        """The names that some versions of a resource give it, each for as long as they did."""
        held: dict[tuple[str, str], NameClaim] = {}
        for version in versions:
            for key, rule, container in _names(version.resource, self._cluster_names(version.resource)):
                before = held.get((key, rule))
                if before is not None and before.end == version.valid_from:
                    held[key, rule] = before._replace(end=version.valid_to)
                    continue
                if before is not None:
                    yield before
                name = container.name if container else ""
                held[key, rule] = NameClaim(key, rule, rid, version.valid_from, version.valid_to, name)
        yield from held.values()

    def row_of_name(self, claim: NameClaim, at: int) -> dict[str, int]:
        """What the owner of a name belongs to at a time, the nearest in which it meant that owner."""
        versions = self._graph.history[claim.owner]
        moment = min(max(at, claim.start), claim.end - 1)
        span = Span(moment, moment + 1, versions[-1].seen_until, (_nearest(versions, moment),))
        row = dict(next(self._rows(claim.owner, span, 0, 0)).row)
        if claim.container:
            source = self._graph.identity(claim.owner)[0]
            row["container"] = self._graph.phantom(source, "container", claim.key, claim.container)
        return row

    def _cluster_names(self, resource: Resource) -> tuple[str, ...]:
        cluster = getattr(resource, "cluster", "")
        if not cluster:
            return ()
        found = self._graph.find(resource.source, "cluster", cluster)
        latest = self._graph.latest(found) if found is not None else None
        return tuple({cluster, latest.name if latest else cluster, resource.source} - {""})

    def _networks_of(self, rule: AddressRule, rid: int, resource: Resource, address: int) -> tuple[int, ...]:
        """The networks that an address of an owner means it in, its own first.

        An IPv6 address that the internet routes means the same in its own network and from everywhere else.
        """
        if rule.where == "public":
            return (INTERNET,)
        own = self._own_network(rid, resource, address)
        told = rule.where == "either" or (is_v6(address) and rule.kind == "pod")
        if not told or not is_public(address):
            return (own,)
        if not self._networks.holds(own, address):
            return (INTERNET,) if rule.where == "either" else (own, INTERNET)
        return (own, INTERNET) if is_v6(address) else (own,)

    def _own_network(self, rid: int, resource: Resource, address: int) -> int:
        if resource.kind == "vpc":
            return self._networks.of(rid)
        cluster = getattr(resource, "cluster", "")
        if cluster:
            vpc = self._graph.rows(rid)[-1].row.get("vpc", 0)
            if vpc and self._in_vpc(resource, vpc, address):
                return self._networks.of(vpc)
            return self._networks.of(self._graph.refer(resource.source, "cluster", cluster, 0))
        name = getattr(resource, "vpc", "")
        vpc = self._graph.refer(resource.source, "vpc", name, 0) if name else self._no_vpc(resource)
        return self._networks.of(vpc)

    def _no_vpc(self, resource: Resource) -> int:
        """What has an address in no VPC that anybody named is alone with its source."""
        return self._graph.phantom(resource.source, "vpc", resource.source, "")

    def _in_vpc(self, resource: Resource, vpc: int, address: int) -> bool:
        """Whether a cluster's address lies in a VPC: in its ranges, or on the VM that a node is."""
        if self._networks.holds(self._networks.of(vpc), address):
            return True
        vm = self._graph.vm_of(resource) if isinstance(resource, Node) else None
        machine = self._graph.latest(vm) if vm is not None else None
        cards = machine.interfaces if isinstance(machine, VM) else ()
        return any(pack(ip) == address for card in cards for ip in card.private_ips)

    def _rows(self, rid: int, span: Span, address: int, subnet: int) -> Iterator[Stretch]:
        """What the owner belonged to, piece by piece, while it held the address."""
        for i, version in enumerate(span.versions):
            start = span.start if i == 0 else version.valid_from
            end = span.end if i + 1 == len(span.versions) else min(span.end, span.versions[i + 1].valid_from)
            if start >= end:
                continue
            own = {"owner": rid, **self._by_address(version.resource, address, subnet)}
            base = list(self._graph.rows_during(rid, start, end))
            if subnet:
                base = list(self._over_subnet(subnet, base, start, end))
            if isinstance(version.resource, Pod):
                yield from self._pod_rows(version.resource, base, own, start, end)
            else:
                for stretch in base:
                    row = {**stretch.row, **own}
                    yield from self._service_rows(rid, version.resource, stretch._replace(row=row))

    def _pod_rows(self, pod: Pod, base: list[Stretch], own: dict[str, int], start: int, end: int) -> Iterator[Stretch]:
        members = self._services.of_pod(pod, start, end)
        if len(base) == 1 and len(members) == 1:
            yield Stretch(start, end, self._pod_row(pod, base[0].row, own, members[0]))
            return
        moments = [Stretch(m.start, m.end, {}) for m in members]
        for since, until in pieces([base, moments], start, end):
            member = next(m for m in members if m.start <= since < m.end)
            row = self._pod_row(pod, next(cut(base, since, until)).row, own, member)
            yield Stretch(since, until, row)

    def _pod_row(self, pod: Pod, base: dict[str, int], own: dict[str, int], member: Membership) -> dict[str, int]:
        row = {**base, **own}
        if member.services:
            row["service"] = self._sets.set_of(member.services)
            row["ingress"] = self._sets.set_of(member.ingresses)
            row["ports"] = self._services.ports_of_pod(pod, member.services)
        return row

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

    def _over_subnet(self, subnet: int, base: list[Stretch], start: int, end: int) -> Iterator[Stretch]:
        """The pieces of an owner with what the subnet of its address adds where it does not say it itself."""
        below = list(self._graph.rows_during(subnet, start, end))
        for since, until in pieces([base, below], start, end):
            row = dict(next(cut(below, since, until)).row)
            lay(next(cut(base, since, until)).row, row)
            yield Stretch(since, until, row)

    def _by_address(self, resource: Resource, address: int, subnet: int) -> dict[str, int]:
        """What belongs to the one interface that carries an address; without an address, to all of them."""
        row = {"subnet": subnet} if subnet else {}
        groups: tuple[str, ...] = ()
        if isinstance(resource, VM):
            cards = [card for card in resource.interfaces if not address or _carries(card, address)]
            groups = tuple(group for card in cards for group in card.security_groups)
            subnets = {card.subnet for card in cards} - {""}
            if len(subnets) == 1:
                row["subnet"] = self._graph.refer(resource.source, "subnet", subnets.pop(), 0)
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


def keys_of(versions: Iterable[Version]) -> Iterator[tuple[int, int]]:
    """(length, address) of every address and prefix that stands in some versions of a resource."""
    for version in versions:
        for rule in _RULES_OF.get(version.resource.kind, ()):
            for value in _values(version.resource, rule.field):
                address, length = pack_prefix(value) if rule in PREFIX_RULES else (pack(value), 128)
                yield length, address


def _nearest(versions: list[Version], at: int) -> Version:
    return next((v for v in reversed(versions) if v.valid_from <= at), versions[0])


def _carries(card: Interface, address: int) -> bool:
    return any(pack(ip) == address for ip in (*card.private_ips, *card.public_ips))


def _values(resource: Resource, field: str) -> tuple[str, ...]:
    if isinstance(resource, Pod) and resource.host_network:
        return ()
    head, _, tail = field.partition(".")
    value = getattr(resource, head)
    if tail:
        return tuple(v for part in value for v in getattr(part, tail))
    return value if isinstance(value, tuple) else (value,) if value else ()


def _spans(versions: list[Version], field: str) -> Iterator[tuple[str, Span]]:
    """Each value of a field, with the unbroken spans of versions in which it stood, in one VPC."""
    if len(versions) == 1:
        values = _values(versions[0].resource, field)
        span = _span(tuple(versions)) if values else None
        if span is not None:
            yield from ((value, span) for value in dict.fromkeys(values))
        return
    open_spans: dict[str, list[Version]] = {}
    before: dict[str, Version | None] = {}
    last: Version | None = None
    for version in versions:
        current = dict.fromkeys(_values(version.resource, field))
        joined = last is not None and last.valid_to == version.valid_from
        joined = joined and _vpc(last) == _vpc(version)
        for value in list(open_spans):
            if value not in current or not joined:
                span = _span(tuple(open_spans.pop(value)), before[value], version if joined else None)
                if span is not None:
                    yield value, span
        for value in current:
            if value not in open_spans:
                before[value] = last if joined else None
            open_spans.setdefault(value, []).append(version)
        last = version
    for value, held in open_spans.items():
        span = _span(tuple(held), before[value])
        if span is not None:
            yield value, span


def _vpc(version: Version | None) -> str:
    return getattr(version.resource, "vpc", "") if version is not None else ""


def _span(versions: tuple[Version, ...], before: Version | None = None, after: Version | None = None) -> Span | None:
    """The span of some versions; None where nothing was held in it. Their neighbours had the field otherwise."""
    start, end, seen = versions[0].valid_from, versions[-1].valid_to, versions[-1].seen_until
    if isinstance(versions[0].resource, Pod):
        start, end, seen = _pod_bounds(versions, before, after)
    return Span(start, end, seen, versions) if start < end else None


def _pod_bounds(versions: tuple[Version, ...], before: Version | None, after: Version | None) -> tuple[int, int, int]:
    """When a pod got its address and when it lost it.

    It got it when the kubelet took the pod (status.startTime), as far as that lies after the last moment it
    was seen without; it lost it when it reached a terminal phase, or with the pod itself.
    """
    start, end, seen = versions[0].valid_from, versions[-1].valid_to, versions[-1].seen_until
    first, last = versions[0].resource, versions[-1].resource
    assert isinstance(first, Pod)
    assert isinstance(last, Pod)
    if first.started_at is not None:
        started = to_ns(first.started_at)
        start = max(start, started) if before is None else min(start, max(before.seen_until, started))
    if last.phase in _TERMINAL:
        end, seen = _terminal_end(versions, start, end, seen)
    elif after is not None and isinstance(after.resource, Pod) and after.resource.finished_at:
        end = min(end, to_ns(after.resource.finished_at))
    return start, end, min(seen, end)


def _terminal_end(versions: tuple[Version, ...], start: int, end: int, seen: int) -> tuple[int, int]:
    """When a pod finished: as it tells, else between the last version in which it ran and the next."""
    pods = [v.resource for v in versions if isinstance(v.resource, Pod)]
    first = next(i for i, pod in enumerate(pods) if pod.phase in _TERMINAL)
    finished = next((to_ns(p.finished_at) for p in pods[first:] if p.finished_at), None)
    if finished is not None:
        return min(end, finished), min(seen, finished)
    if first > 0:
        return versions[first].valid_from, versions[first - 1].seen_until
    return start, start


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
