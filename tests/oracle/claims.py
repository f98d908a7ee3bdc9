"""Who holds an address or a range: section 5 of docs/laws.md, laws 5.1 to 5.4 and 5.6."""

from collections.abc import Callable, Iterator
from functools import cache
from ipaddress import ip_network
from typing import Final, NamedTuple

from tagweave.inventory import Version
from tagweave.model import Resource
from tagweave.model.times import FOREVER

from .facts import Facts, Ident, ns
from .networks import Networks, holds
from .rows import Rows, terminal


class Field(NamedTuple):
    """A row of the table: of a kind, the values of a field, their rank, and where they are."""

    kind: str
    values: Callable[[Resource], tuple[str, ...]]
    rank: int
    where: str


def _of(field: str) -> Callable[[Resource], tuple[str, ...]]:
    return lambda resource: getattr(resource, field)


def _of_interfaces(field: str) -> Callable[[Resource], tuple[str, ...]]:
    return lambda vm: tuple(ip for interface in vm.interfaces for ip in getattr(interface, field))


def _pod_ips(pod: Resource) -> tuple[str, ...]:
    return () if pod.host_network else pod.ips


def _public_ip(public: Resource) -> tuple[str, ...]:
    return (public.ip,) if public.ip else ()


ADDRESSES: Final = (
    Field("pod", _pod_ips, 10, "cluster"),
    Field("node", _of("ips"), 20, "either"),
    Field("service", _of("cluster_ips"), 30, "cluster"),
    Field("service", lambda s: s.external_ips + s.load_balancer_ips, 35, "either"),
    Field("ingress", _of("load_balancer_ips"), 36, "either"),
    Field("rds", _of("ips"), 40, "either"),
    Field("redis", _of("ips"), 40, "either"),
    Field("nat_gateway", _of("private_ips"), 45, "vpc"),
    Field("nat_gateway", _of("public_ips"), 45, "public"),
    Field("load_balancer", _of("ips"), 50, "either"),
    Field("vm", _of_interfaces("private_ips"), 60, "vpc"),
    Field("vm", _of_interfaces("public_ips"), 60, "public"),
    Field("host", _of("ips"), 65, "either"),
    Field("network_interface", _of("private_ips"), 70, "vpc"),
    Field("network_interface", _of("public_ips"), 70, "public"),
    Field("public_ip", _public_ip, 80, "public"),
)
PREFIXES: Final = (
    Field("node", _of("pod_cidrs"), 10, "cluster"),
    Field("subnet", _of("cidrs"), 20, "vpc"),
    Field("vpc", _of("cidrs"), 30, "vpc"),
)
SHARED: Final = frozenset({35, 36})


class Span(NamedTuple):
    """A time in which a value stood in a field, seen until then."""

    start: int
    end: int
    seen: int


class Claim(NamedTuple):
    owner: Ident
    rank: int
    network: Ident
    start: int
    end: int
    seen: int

    def unsure(self, t: int) -> bool:
        return self.end != FOREVER and t >= self.seen


class Claims:
    """The claims of an estate, by address or range."""

    def __init__(self, facts: Facts, rows: Rows, networks: Networks) -> None:
        self.facts = facts
        self.rows = rows
        self.networks = networks
        self.of = cache(self._of)
        self.live = cache(self._live)
        self.winner = cache(self._winner)
        self.everywhere = cache(self._everywhere)
        networks.with_claims = self.everywhere
        self.prefixes = sorted({cidr for f in PREFIXES for _, _, values in self._versions(f) for cidr in values})

    def _versions(self, field: Field) -> Iterator[tuple[Ident, Version, tuple[str, ...]]]:
        for it in self.facts.of_kind.get(field.kind, ()):
            for version in self.facts.versions[it]:
                yield it, version, field.values(version.resource)

    def _of(self, key: str) -> list[Claim]:
        """Every claim of an address, or of a range, in every network; before others end it (law 5.3)."""
        found = []
        for field in PREFIXES if "/" in key else ADDRESSES:
            for it in dict.fromkeys(it for it, _, values in self._versions(field) if key in values):
                for span in self._spans(it, field, key):
                    found += self._pieces(it, field, key, span)
        return found

    def _pieces(self, it: Ident, field: Field, key: str, span: Span) -> Iterator[Claim]:
        """Law 5.1: a claim has one network and one VPC; where either changes, another begins."""
        moments = [m for m in self.facts.moments if span.start <= m < span.end]
        begun: dict[tuple[Ident, Ident | None], int] = {}
        for m in moments:
            vpc = self.rows.row(it, m).get("vpc")
            now = {(network, vpc) for network in self.networks.of(it, key, field.where, m)}
            for place in begun.keys() - now:
                yield Claim(it, field.rank, place[0], begun.pop(place), m, min(span.seen, m))
            for place in now - begun.keys():
                begun[place] = m
        for place, start in begun.items():
            yield Claim(it, field.rank, place[0], start, span.end, span.seen)

    # ---- from when to when

    def _spans(self, it: Ident, field: Field, key: str) -> Iterator[Span]:
        versions = self.facts.versions[it]
        i = 0
        while i < len(versions):
            if key not in field.values(versions[i].resource):
                i += 1
                continue
            first = i
            while i + 1 < len(versions) and _goes_on(versions, i) and key in field.values(versions[i + 1].resource):
                i += 1
            span = Span(versions[first].valid_from, versions[i].valid_to, versions[i].seen_until)
            if field.kind == "pod":
                span = _of_pod(versions, first, i, span)
            if span.start < span.end:
                yield span
            i += 1

    # ---- law 5.3

    def _live(self, key: str, network: Ident, t: int) -> list[Claim]:
        """The claims of a key in a network that are live, the winner first."""
        rivals = [claim for claim in self.of(key) if claim.network == network]
        live = [claim for claim in rivals if claim.start <= t < _ended(claim, rivals)]
        return sorted(live, key=lambda c: (c.rank, c.unsure(t), -c.start, -self.facts.rid[c.owner]))

    def _winner(self, key: str, network: Ident, t: int) -> Claim | None:
        return next(iter(self.live(key, network, t)), None)

    def disputed(self, key: str, network: Ident, t: int) -> bool:
        """Law 5.4."""
        live = self.live(key, network, t)
        first = live[0]
        sure = {c.owner for c in live if c.rank == first.rank and not c.unsure(t)}
        return first.rank not in SHARED and len(sure) > 1

    def networks_of(self, key: str) -> frozenset[Ident]:
        """Where a key was ever held."""
        return frozenset(claim.network for claim in self.of(key))

    def _everywhere(self) -> frozenset[Ident]:
        keys = {key for f in (*ADDRESSES, *PREFIXES) for _, _, values in self._versions(f) for key in values}
        return frozenset().union(*(self.networks_of(key) for key in keys))

    # ---- law 5.6

    def range_of(self, address: str, network: Ident, t: int) -> str | None:
        """The longest range of a network that holds an address at `t`."""
        found = [p for p in self.prefixes if holds(p, address) and self.winner(p, network, t)]
        return max(found, key=lambda p: ip_network(p).prefixlen, default=None)


def _goes_on(versions: list[Version], i: int) -> bool:
    return versions[i].valid_to == versions[i + 1].valid_from


def _ended(claim: Claim, rivals: list[Claim]) -> int:
    """When a claim ends: what another owner of its rank started while it was unsure ends it."""
    if claim.rank in SHARED:
        return claim.end
    starts = [c.start for c in rivals if c.rank == claim.rank and c.owner != claim.owner and c.start > claim.start]
    if claim.end == FOREVER:
        return min((s for s in starts if s > claim.seen), default=FOREVER)
    return min((s for s in starts if claim.seen <= s < claim.end), default=claim.end)


def _of_pod(versions: list[Version], first: int, last: int, span: Span) -> Span:
    """Law 5.2: from when the kubelet took the pod until it was terminal."""
    told = ns(versions[first].resource.started_at)
    start = span.start
    if first and _goes_on(versions, first - 1):  # an earlier version was without the address
        if told is not None:
            start = min(max(versions[first - 1].seen_until, told), start)
    elif told is not None:
        start = max(start, told)
    _, end, seen = span
    dead = next((i for i, v in enumerate(versions) if terminal(v.resource)), None)
    if dead is not None and dead <= last:
        finished = _finished(versions[dead:])
        if finished is not None:
            return Span(start, min(finished, end), min(finished, end) if finished < end else seen)
        if dead == 0 or not _goes_on(versions, dead - 1):  # it was terminal when first seen
            return Span(start, start, start)
        return Span(start, versions[dead].valid_from, versions[dead - 1].seen_until)
    if last + 1 < len(versions) and _goes_on(versions, last):
        later = versions[last + 1 :]
        finished = _finished(later) if terminal(later[0].resource) else ns(later[0].resource.finished_at)
        if finished is not None and finished < end:
            return Span(start, finished, finished)
    return Span(start, end, seen)


def _finished(versions: list[Version]) -> int | None:
    """When a pod finished, where any of these versions tells it."""
    return next((t for v in versions if (t := ns(v.resource.finished_at)) is not None), None)
