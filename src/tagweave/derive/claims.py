"""Claims: in this network, this address belonged to this resource during [from, to), and what that belonged to.

The tables say which fields of which kinds claim what. A smaller rank is the nearer owner: a pod's address
is also its VM's when the VPC gives out pod addresses, and then the pod has it.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Final, Literal, NamedTuple

from tagweave.derive.estate import Estate, nearest, spread
from tagweave.derive.machines import Machines, Row
from tagweave.derive.ranges import NOWHERE, Place, Ranges
from tagweave.derive.rows import Rows
from tagweave.derive.services import TERMINAL, PortSet, Services
from tagweave.derive.timeline import Stretch, Timeline, always, cut, joined, mapped, pieces
from tagweave.derive.timeline import at as value_at
from tagweave.index.addresses import reachable
from tagweave.index.columns import INTERNET
from tagweave.inventory import Version
from tagweave.model import VM, Interface, Node, Pod, Resource, Scope
from tagweave.model.addresses import pack, pack_prefix
from tagweave.model.times import BEGINNING, FOREVER, to_ns

Where = Literal["cluster", "vpc", "public", "either"]
"""In the owner's own network, in the internet, or in the one of these that the address tells."""

ADDRESS: Final = 128
"""The length of an address; a prefix is shorter."""


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

_RULES_OF: Final = {
    kind: tuple(rule for rule in (*ADDRESS_RULES, *PREFIX_RULES) if rule.kind == kind)
    for kind in {rule.kind for rule in (*ADDRESS_RULES, *PREFIX_RULES)}
}
_POD_RULE: Final = ADDRESS_RULES[0]
_NO_PLACE: Final[Timeline[Place]] = always(NOWHERE)
_OF_RANGES: Final = tuple(rule for rule in PREFIX_RULES if rule.kind in {"subnet", "vpc"})
_OF_CLUSTERS: Final = frozenset({"pod", "node", "service", "ingress"})
_MAPPED: Final = 0xFFFF

Carries = Callable[[Sequence[Interface]], Sequence[Interface]]
"""Which of a machine's interfaces it is by."""

Key = tuple[int, int]
"""A prefix's length and packed address."""


class Held(NamedTuple):
    """What a claim's owner belonged to for a time, and the ports that it served there."""

    row: Row
    ports: PortSet
    own: Row
    """The row without the subnet in which the address lies: what the owner itself says, and lends to who wins it."""


class AddressClaim(NamedTuple):
    """An address (`length` 128) or prefix that a resource held during [start, end), and as what.

    `seen` is the last moment at which it was observed, or the scope that is still listing it; `waits`: that scope will
    say more of it.
    """

    address: int
    length: int
    network: int
    rank: int
    owner: int
    start: int
    end: int
    seen: int | Scope
    seen_until: int
    waits: bool
    held: Timeline[Held]


class Span(NamedTuple):
    """A stretch of time in which one value of a field stood unchanged in all versions of a resource."""

    start: int
    end: int
    seen_until: int
    versions: tuple[Version, ...]


class Claims:
    """Derives claims from an estate."""

    def __init__(
        self,
        estate: Estate,
        machines: Machines,
        rows: Rows,
        ranges: Ranges,
        services: Services,
        last_seen: "LastSeen",
    ) -> None:
        self._estate = estate
        self._machines = machines
        self._rows = rows
        self._ranges = ranges
        self._services = services
        self._last_seen = last_seen
        self.forget()

    def of(self, rid: int) -> Iterator[AddressClaim]:
        """The addresses and prefixes that a resource holds or held."""
        history = self._estate.history[rid]
        plain = self._of_plain_pod(rid, history[0]) if len(history) == 1 else None
        if plain is not None:
            yield from plain
            return
        for rule in _RULES_OF.get(history[0].resource.kind, ()):
            prefix = rule in PREFIX_RULES
            known: dict[tuple[tuple[Stretch[int], ...], int], Timeline[Held]] = {}  # an owner's addresses share them
            for value, span in _spans(history, rule.field):
                address, length = pack_prefix(value) if prefix else (pack(value), ADDRESS)
                carried = address if "." in rule.field else 0
                carries = _with_address(address) if carried else any_card
                for start, end, (networks, places) in self._stays(rule, rid, span, address, length):
                    alike = (places, carried)
                    held = known.get(alike)
                    if held is None:
                        held = known[alike] = [
                            stretch
                            for since, until, subnet in places
                            for stretch in self._held(
                                rid, span._replace(start=since, end=until), carries, subnet, plain=prefix
                            )
                        ]
                    seen = self._last_seen.during(span.versions[-1], span.end, min(span.seen_until, end), end)
                    for network in networks:
                        yield AddressClaim(address, length, network, rule.rank, rid, start, end, *seen, held)

    def _of_plain_pod(self, rid: int, version: Version) -> list[AddressClaim] | None:
        """The same for most pods, in a tenth of the time: of one version, in one place; None for any other resource."""
        pod = version.resource
        if not isinstance(pod, Pod):
            return None
        rows = self._pod(rid).rows()
        span = _span((version,), 0, 1) if pod.ips and not pod.host_network else None
        if len(rows) > 1 or not pod.cluster or span is None:
            return None if span is not None else []
        vpc = rows[0].value.get("vpc", 0)
        overlay = self._estate.refer(pod.source, "cluster", pod.cluster)
        seen = self._last_seen.during(version, span.end, span.seen_until, span.end)
        held: dict[int, Timeline[Held]] = {}
        out: list[AddressClaim] = []
        for ip in dict.fromkeys(pod.ips):
            address = pack(ip)
            places = self._ranges.place(vpc, address) if vpc else _NO_PLACE
            if len(places) > 1:
                return None
            inside = places[0].value.inside
            networks, place = self._in_place(_POD_RULE, address, vpc, vpc if inside else overlay, places[0].value)
            if place.subnet not in held:
                held[place.subnet] = list(cut(self._pod(rid).held(version, place.subnet), span.start, span.end))
            mine = held[place.subnet]
            out += [
                AddressClaim(address, ADDRESS, one, _POD_RULE.rank, rid, span.start, span.end, *seen, mine)
                for one in networks
            ]
        return out

    # ---- in which network

    def _stays(
        self, rule: AddressRule, rid: int, span: Span, address: int, length: int
    ) -> Iterator[Stretch[tuple[tuple[int, ...], tuple[Stretch[int], ...]]]]:
        """For as long as an address stays in its networks and its VPC: these, and the subnets in which it lies then."""
        stays: list[Stretch[tuple[int, tuple[int, ...]]]] = []
        subnets: list[list[Stretch[int]]] = []
        for start, end, (vpc, networks, place) in self._places(rule, rid, span, address, length):
            if stays and stays[-1].value == (vpc, networks):
                stays[-1] = Stretch(stays[-1].start, end, stays[-1].value)
                subnets[-1].append(Stretch(start, end, place.subnet))
            else:
                stays.append(Stretch(start, end, (vpc, networks)))
                subnets.append([Stretch(start, end, place.subnet)])
        for (start, end, (_, networks)), lain in zip(stays, subnets, strict=True):
            yield Stretch(start, end, (networks, tuple(joined(lain))))

    def _places(
        self, rule: AddressRule, rid: int, span: Span, address: int, length: int
    ) -> Iterator[Stretch[tuple[int, tuple[int, ...], Place]]]:
        """The VPC of an owner, the networks that its address means it in, and where it lies in its VPC."""
        if rule.where == "public":
            yield Stretch(span.start, span.end, (0, (INTERNET,), NOWHERE))
            return
        resource = span.versions[-1].resource
        homes = self._homes(rid, resource, address)
        if len(homes) == 1 and (alone := self._one_place(rule, homes[0].value, address, length)) is not None:
            yield Stretch(span.start, span.end, (homes[0].value[0], *alone))
            return
        spaces = [self._ranges.place(vpc, address, length) for vpc in {s.value[0] for s in homes} - {0}]
        for start, end in pieces([homes, *spaces], span.start, span.end):
            vpc, own = value_at(homes, start)
            place = value_at(self._ranges.place(vpc, address, length), start) if vpc else NOWHERE
            yield Stretch(start, end, (vpc, *self._in_place(rule, address, vpc, own, place)))

    def _one_place(
        self, rule: AddressRule, home: tuple[int, int], address: int, length: int
    ) -> tuple[tuple[int, ...], Place] | None:
        """Where an address is that is in one place at all times, as most are; None for the others."""
        vpc, own = home
        places = self._ranges.place(vpc, address, length) if vpc else None
        if places is not None and len(places) > 1:
            return None
        return self._in_place(rule, address, vpc, own, places[0].value if places else NOWHERE)

    def _in_place(
        self, rule: AddressRule, address: int, vpc: int, own: int, place: Place
    ) -> tuple[tuple[int, ...], Place]:
        if rule in _OF_RANGES or (own != vpc and rule.kind in _OF_CLUSTERS):
            place = NOWHERE  # a range lies in nothing but itself, an overlay's address in no VPC
        inside = place.inside or rule.kind == "node"  # a node's own network is the VPC only if it is there, somehow
        return self._told(rule, address, own, vpc, inside=inside), place

    def _told(self, rule: AddressRule, address: int, own: int, vpc: int, *, inside: bool) -> tuple[int, ...]:
        v6 = _is_v6(address)
        if rule in PREFIX_RULES or not (v6 or rule.where == "either") or not reachable(address):
            return (own,)
        if inside and own == vpc:
            return (own, INTERNET) if v6 else (own,)
        if rule.where == "either":
            return (INTERNET,)
        return (own, INTERNET) if rule.kind == "pod" else (own,)

    def _homes(self, rid: int, resource: Resource, address: int) -> Timeline[tuple[int, int]]:
        """The VPC that an address would lie in and the network that it is of, over time: 0 for no VPC."""
        if resource.kind == "vpc":
            return always((rid, rid))
        if resource.kind in _OF_CLUSTERS:
            return self._homes_in_cluster(rid, resource, address)
        name = getattr(resource, "vpc", "")
        source = resource.source
        vpc = self._estate.refer(source, "vpc", name) if name else self._estate.stranger(source, "vpc", source, "")
        return always((vpc, vpc))

    def _homes_in_cluster(self, rid: int, resource: Resource, address: int) -> Timeline[tuple[int, int]]:
        named = getattr(resource, "cluster", "")
        source = resource.source
        overlay = (
            self._estate.refer(source, "cluster", named) if named else self._estate.stranger(source, "vpc", source, "")
        )
        rows = self._pod(rid).rows() if resource.kind == "pod" else self._rows.of(rid)
        vpcs = mapped(rows, lambda row: row.get("vpc", 0))
        out: list[Stretch[tuple[int, int]]] = []
        for start, end, vpc in vpcs:
            if not vpc:
                out.append(Stretch(start, end, (0, overlay)))
                continue
            for since, until, place in cut(self._ranges.place(vpc, address), start, end):
                out.append(Stretch(since, until, (vpc, vpc if place.inside else overlay)))
        if isinstance(resource, Node):
            out = [part for one in joined(out) for part in self._on_its_machine(resource, one, address)]
        return joined(out)

    def forget(self) -> None:
        """Drop what is kept of the pod that was asked for last: what it belongs to may have changed."""
        self._of_pod = _OfPod(0, (), self._rows, self._services)

    def _pod(self, rid: int) -> "_OfPod":
        """What is derived of a pod, kept until another one is asked for."""
        if self._of_pod.rid != rid:
            self._of_pod = _OfPod(rid, self._estate.history[rid], self._rows, self._services)
        return self._of_pod

    def _on_its_machine(
        self, node: Node, home: Stretch[tuple[int, int]], address: int
    ) -> Iterator[Stretch[tuple[int, int]]]:
        """A node's address that its VM has is of the VM's VPC, whatever ranges are known of that."""
        vpc, own = home.value
        if vpc in {0, own}:
            yield home
            return
        for start, end, vm in cut(self._machines.vm_of(node), home.start, home.end):
            versions = spread(self._estate.history[vm]) if vm else ()
            has = [Stretch(a, b, _is_private(v.resource, address)) for a, b, v in versions] or always(False)
            for since, until, theirs in cut(has, start, end):
                yield Stretch(since, until, (vpc, vpc if theirs else own))

    # ---- as what

    def _held(self, rid: int, span: Span, carries: Carries, subnet: int, *, plain: bool) -> Iterator[Stretch[Held]]:
        """What the owner belonged to, piece by piece, while it held the address; a prefix serves nothing."""
        for i, version in enumerate(span.versions):
            start = max(span.start, span.start if i == 0 else version.valid_from)
            end = span.end if i + 1 == len(span.versions) else min(span.end, span.versions[i + 1].valid_from)
            if start >= end:
                continue
            if isinstance(version.resource, Pod):
                yield from cut(self._pod(rid).held(version, subnet), start, end)
                continue
            own = {"owner": rid, **self._of_card(version.resource, carries)}
            alone = laid = self._rows.of(rid)
            if own.get("subnet"):
                alone = laid = over_subnet(self._rows, own["subnet"], alone, start, end)
            elif subnet:
                laid = over_subnet(self._rows, subnet, alone, start, end, where_none=True)
            for since, until, row in cut(laid, start, end):
                whole = {**row, **own}
                held = Held(whole, (), whole if laid is alone else {**value_at(alone, since), **own})
                yield from self._served(rid, version.resource, Stretch(since, until, held), plain=plain)

    def _served(self, rid: int, resource: Resource, stretch: Stretch[Held], *, plain: bool) -> Iterator[Stretch[Held]]:
        start, end, held = stretch
        if not plain and isinstance(resource, Node):
            ports = self._services.ports_of_node(resource.source, resource.cluster, resource.name)
            yield Stretch(start, end, held._replace(ports=ports))
        elif not plain and resource.kind == "service":
            ports = self._services.ports_of_services((rid,))
            for since, until, (_, ingresses) in self._services.of_services((rid,), start, end):
                row = {**held.row, "ingress": ingresses} if ingresses else held.row
                yield Stretch(since, until, Held(row, ports, held.own))
        else:
            yield stretch

    def _of_card(self, resource: Resource, carries: Carries) -> Row:
        """What belongs to the interfaces that carry what is asked for."""
        row: Row = {}
        if isinstance(resource, VM):
            cards = carries(resource.interfaces)
            groups = tuple(group for card in cards for group in card.security_groups)
            subnets = {card.subnet for card in cards}
            if len(subnets) == 1 and (subnet := subnets.pop()):
                row["subnet"] = self._estate.refer(resource.source, "subnet", subnet)
            if groups:
                row["security_group"] = self._estate.groups(resource.source, groups)
        return row

    def row_of_name(self, rid: int, start: int, end: int, carries: Carries) -> Iterator[Stretch[Held]]:
        """What a resource belonged to, piece by piece, while a name meant it, or those of its interfaces."""
        history = self._estate.history[rid]
        first = nearest(history, start)
        versions = tuple(v for v in history if v is first or start < v.valid_from < end)
        yield from self._held(rid, Span(start, end, end, versions), carries, 0, plain=False)


class _OfPod:
    """What the versions of one pod belonged to: its addresses and names share it.

    A pod of one version, as most are, is derived for its own life; the versions of another over all time, since an
    address may be older than the version that first shows it.
    """

    def __init__(self, rid: int, history: Sequence[Version], rows: Rows, services: Services) -> None:
        self.rid = rid
        self._history = history
        self._rows = rows
        self._services = services
        self._base: dict[int, Timeline[Row]] = {}
        self._held: dict[tuple[int, int], Timeline[Held]] = {}
        alone = len(history) == 1
        self._life = (history[0].valid_from, history[0].valid_to) if alone else (BEGINNING, FOREVER)

    def rows(self) -> Timeline[Row]:
        """What the pod belonged to, version after version."""
        if len(self._history) == 1:
            return self._of(self._history[0])
        return [row for start, end, v in spread(self._history) for row in cut(self._of(v), start, end)]

    def held(self, version: Version, subnet: int) -> Timeline[Held]:
        """What one version's address, in a subnet, is of and serves."""
        key = (version.valid_from, subnet)
        known = self._held.get(key)
        if known is None:
            known = self._held[key] = list(self._serving(version, subnet))
        return known

    def _of(self, version: Version) -> Timeline[Row]:
        known = self._base.get(version.valid_from)
        if known is None:
            known = joined(self._rows.of_pod(self.rid, version.resource, *self._life))
            self._base[version.valid_from] = known
        return known

    def _serving(self, version: Version, subnet: int) -> Iterator[Stretch[Held]]:
        pod = version.resource
        assert isinstance(pod, Pod)
        base = self._of(version)
        own: Row = {"owner": self.rid}
        if subnet:
            base = over_subnet(self._rows, subnet, base, *self._life)
            own["subnet"] = subnet
        serving = self._services.of_pod(pod)
        for start, end in pieces([base, serving], *self._life):
            row = {**value_at(base, start), **own}
            services, ingresses = value_at(serving, start)
            if services:
                row["service"] = services
                if ingresses:
                    row["ingress"] = ingresses
            yield Stretch(start, end, Held(row, self._services.ports_of_pod(pod, services), row))


def over_subnet(
    rows: Rows, subnet: int, base: Timeline[Row], start: int, end: int, *, where_none: bool = False
) -> list[Stretch[Row]]:
    """The pieces of an owner with what a subnet adds where it does not say it itself, or only where it has none."""
    below = rows.of(subnet)
    out: list[Stretch[Row]] = []
    for since, until in pieces([base, below], start, end):
        row = value_at(base, since)
        if not (where_none and row.get("subnet")):
            row = {**value_at(below, since), **row}
        out.append(Stretch(since, until, row))
    return out


class LastSeen:
    """When what is open was last observed: as late as its scope was read."""

    def __init__(self, last_success: dict[Scope, int]) -> None:
        self.last_success = last_success

    @staticmethod
    def scope(version: Version) -> Scope:
        """The scope that lists a version."""
        return Scope(version.resource.source, version.resource.kind, version.part)

    def of(self, version: Version) -> int:
        """When a version was last observed to be true, in ns."""
        return version.seen_until if version.valid_to != FOREVER else self.of_open(version)[0]

    def during(self, last: Version, until: int, seen: int, end: int) -> tuple[int | Scope, int, bool]:
        """How it is told when a claim was last seen, when that was, and whether its scope will say more of it.

        The value stood until `until`, in `last` at last, and was seen until `seen`; the claim ended at `end`.
        """
        if until != FOREVER:
            return seen, seen, False
        success, told = self.of_open(last)
        if end == FOREVER:
            return told, success, not isinstance(told, Scope)
        return min(success, end), min(success, end), success < end

    def of_open(self, version: Version) -> tuple[int, int | Scope]:
        """When an open version was last observed to be true, and how to tell it: by its scope, if that is as fresh."""
        scope = self.scope(version)
        success = self.last_success.get(scope, BEGINNING)
        return (success, scope) if success >= version.seen_until else (version.seen_until, version.seen_until)


def keys_of(history: Iterable[Version]) -> Iterator[Key]:
    """(length, address) of every address and prefix that stands in some versions of a resource."""
    for version in history:
        for rule in _RULES_OF.get(version.resource.kind, ()):
            for value in _values(version.resource, rule.field):
                address, length = pack_prefix(value) if rule in PREFIX_RULES else (pack(value), ADDRESS)
                yield length, address


def _is_v6(address: int) -> bool:
    return address >> 32 != _MAPPED


def any_card(cards: Sequence[Interface]) -> Sequence[Interface]:
    """Whichever interface of a machine it is."""
    return cards


def _is_private(machine: Resource, address: int) -> bool:
    """Whether a machine has a private address."""
    cards = machine.interfaces if isinstance(machine, VM) else ()
    return any(pack(ip) == address for card in cards for ip in card.private_ips)


def _with_address(address: int) -> Carries:
    """The interface that carries an address."""

    def carrying(cards: Sequence[Interface]) -> Sequence[Interface]:
        return [card for card in cards if address in map(pack, (*card.private_ips, *card.public_ips))][:1]

    return carrying


def _values(resource: Resource, field: str) -> tuple[str, ...]:
    if isinstance(resource, Pod) and resource.host_network:
        return ()
    head, _, tail = field.partition(".")
    value = getattr(resource, head)
    if tail:
        return tuple(v for part in value for v in getattr(part, tail))
    return value if isinstance(value, tuple) else (value,) if value else ()


# ---- for how long


def _spans(history: Sequence[Version], field: str) -> Iterator[tuple[str, Span]]:
    """Each value of a field, with the unbroken spans of versions in which it stood, in one VPC."""
    if len(history) == 1:
        values = _values(history[0].resource, field)
        span = _span(history, 0, 1) if values else None
        if span is not None:
            yield from ((value, span) for value in dict.fromkeys(values))
        return
    begun: dict[str, int] = {}
    for i, version in enumerate(history):
        current = dict.fromkeys(_values(version.resource, field))
        goes_on = _goes_on(history, i)
        stays = goes_on and _home(history[i - 1]) == _home(version)
        for value in [value for value in begun if value not in current or not stays]:
            span = _span(history, begun.pop(value), i, moved=goes_on and value in current)
            if span is not None:
                yield value, span
        for value in current:
            begun.setdefault(value, i)
    for value, first in begun.items():
        span = _span(history, first, len(history))
        if span is not None:
            yield value, span


def _home(version: Version) -> tuple[str, str]:
    """Where a resource says that it is: a claim does not outlast it."""
    return getattr(version.resource, "vpc", ""), getattr(version.resource, "cluster", "")


def _goes_on(history: Sequence[Version], i: int) -> bool:
    """Whether a version began when the one before it ended."""
    return 0 < i < len(history) and history[i - 1].valid_to == history[i].valid_from


def _span(history: Sequence[Version], first: int, end: int, *, moved: bool = False) -> Span | None:
    """The span of history[first:end], in which a value stood; None where nothing was held in it.

    `moved`: the value stands in the next version too, which is elsewhere; so it was seen until then.
    """
    versions = tuple(history[first:end])
    start, until, seen = versions[0].valid_from, versions[-1].valid_to, versions[-1].seen_until
    if moved:
        seen = until
    if isinstance(versions[0].resource, Pod):
        start = _taken(history, first)
        until, seen = _lost(history, end, until, seen)
    return Span(start, until, seen, versions) if start < until else None


def _taken(history: Sequence[Version], first: int) -> int:
    """When a pod got an address that stands in history[first], and not in the version before.

    That is when the kubelet took the pod (status.startTime), as far as it lies after the last moment at which the pod
    was seen without the address.
    """
    version = history[first]
    assert isinstance(version.resource, Pod)
    if version.resource.started_at is None:
        return version.valid_from
    started = to_ns(version.resource.started_at)
    if not _goes_on(history, first) or _home(history[first - 1]) != _home(version):
        return max(version.valid_from, started)
    return min(version.valid_from, max(history[first - 1].seen_until, started))


def _lost(history: Sequence[Version], end: int, until: int, seen: int) -> tuple[int, int]:
    """When a pod lost an address that stands in history[end - 1] and not in history[end], and how long that was seen.

    It lost it when it finished: as it tells, else between the last version in which it ran and the next. A pod that did
    not, or tells what is later, lost it with the version, at `until`, and was seen until `seen`.
    """
    pods = [version.resource for version in history if isinstance(version.resource, Pod)]
    over = next((i for i, pod in enumerate(pods) if pod.phase in TERMINAL), len(pods))
    finished = None
    if over < end or (over == end and _goes_on(history, end)):
        finished = next((pod.finished_at for pod in pods[over:] if pod.finished_at), None)
        if finished is None and over < end:
            ran = _goes_on(history, over)
            return (history[over].valid_from, history[over - 1].seen_until) if ran else (BEGINNING, BEGINNING)
    elif _goes_on(history, end):
        finished = pods[end].finished_at
    if finished is None or to_ns(finished) >= until:
        return until, seen
    return to_ns(finished), to_ns(finished)
