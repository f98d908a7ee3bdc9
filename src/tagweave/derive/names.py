"""Names: which texts mean a resource, by which rule, in which network, when; and who holds a name at a moment."""

from collections.abc import Iterable, Iterator, Sequence
from typing import Final, NamedTuple

from tagweave.derive.claims import Carries, Claims, Held, LastSeen, any_card
from tagweave.derive.estate import Estate, spread
from tagweave.derive.flatten import Claim, flatten
from tagweave.derive.rows import Rows
from tagweave.derive.timeline import Stretch, Timeline, always, cut, joined, mapped
from tagweave.derive.timeline import pieces as cuts
from tagweave.index.draft import Piece as Told
from tagweave.inventory import Version
from tagweave.model import VM, NetworkInterface, Node, Pod, Resource, Scope
from tagweave.model.times import BEGINNING, FOREVER

_ONE_AT_A_TIME, _OF_A_VM, _OF_ANYTHING, _OF_AN_INTERFACE = 0, 60, 65, 70
"""Ranks: ids and Kubernetes' names are unique at any time; names in clouds are not."""

NEVER_AGAIN: Final = frozenset({"pod_uid", "container_id"})
"""Rules whose names are never given twice: after their end they still mean their owner."""

_OF_CARDS: Final = frozenset({"mac", "interface_id"})
"""Rules by which a name means one interface of a machine."""

_IN_A_VPC: Final = frozenset({"subnet", "network_interface", "nat_gateway", "load_balancer", "rds", "redis"})
"""Kinds by whose names records call the VPC that they are in; nobody is looked up by these."""

NameKey = tuple[str, str]
"""A rule and a text."""


class Name(NamedTuple):
    """What a text means by a rule; `label` is the name of the container that it is of, if of one."""

    rule: str
    text: str
    rank: int = _ONE_AT_A_TIME
    label: str = ""


class NameClaim(NamedTuple):
    """A name that meant a resource in a network during [start, end), and what that belonged to."""

    name: Name
    network: int
    owner: int
    start: int
    end: int
    seen: int | Scope
    seen_until: int
    waits: bool
    held: Timeline[Held]


class PlainNames(NamedTuple):
    """Names that mean the same: `first` is the claim of the first of them."""

    names: list[Name]
    first: NameClaim

    def claim(self, name: Name) -> NameClaim:
        """The claim of one of them."""
        return self.first._replace(name=name)


class Names:
    """Derives claims of names from an estate."""

    def __init__(self, estate: Estate, rows: Rows, claims: Claims, last_seen: LastSeen) -> None:
        self._estate = estate
        self._rows = rows
        self._claims = claims
        self._last_seen = last_seen
        self._clusters: dict[tuple[str, str], Timeline[int]] = {}
        self._names_of_clusters: dict[tuple[str, str], Timeline[tuple[str, ...]]] = {}

    def forget(self) -> None:
        """Drop what is remembered of clusters: one has changed."""
        self._clusters.clear()
        self._names_of_clusters.clear()

    def of(self, rid: int) -> Iterator[NameClaim]:
        """The names that mean a resource or meant it."""
        plain = self.plain(rid)
        if plain is not None:
            yield from map(plain.claim, plain.names)
            return
        known: dict[tuple[int, int, Name | None], Timeline[Held]] = {}
        networks = self._networks(rid)
        for name, start, end, version in self._spans(self._estate.history[rid]):
            for since, until, network in cut(networks, start, end):
                card = name if name.rule in _OF_CARDS else None
                held = known.get((since, until, card))
                if held is None:
                    row = self._claims.row_of_name(rid, since, until, _called_so(card) if card else any_card)
                    held = known[since, until, card] = list(row)
                seen = self._last_seen.during(version, version.valid_to, min(version.seen_until, until), until)
                yield NameClaim(name, network, rid, since, until, *seen, held)

    def plain(self, rid: int) -> "PlainNames | None":
        """The names of a pod that has one version, all of which mean the same; None of any other resource."""
        history = self._estate.history[rid]
        version = history[0]
        pod = version.resource
        if len(history) > 1 or not isinstance(pod, Pod) or not pod.cluster:
            return None
        called = self._called(pod.source, pod.cluster)
        if len(called) > 1:
            return None
        start, end = version.valid_from, version.valid_to
        network = self._of_cluster(pod.source, pod.cluster)[0].value
        held = list(self._claims.row_of_name(rid, start, end, any_card))
        seen = self._last_seen.during(version, end, min(version.seen_until, end), end)
        own = f"{pod.namespace}/{pod.name}"
        every = [Name("pod_uid", pod.id), Name("pod_name", own)]
        every += [Name("pod_name", f"{prefix}/{own}") for prefix in called[0].value]
        every += [Name("container_id", one.id, label=one.name) for one in pod.containers if one.id]
        return PlainNames(every, NameClaim(every[0], network, rid, start, end, *seen, held))

    def keys_of(self, history: Iterable[Version]) -> Iterator[NameKey]:
        """Every name that some versions of a resource have or had."""
        for name, *_ in self._spans(list(history)):
            yield name.rule, name.text

    def _networks(self, rid: int) -> Timeline[int]:
        """The network that a resource is named in, over all time: its cluster, else its VPC, else its source's own."""
        source = self._estate.identity(rid)[0]
        first = self._estate.history[rid][0].resource
        if first.kind == "cluster":
            return always(rid)
        cluster = getattr(first, "cluster", "")
        if cluster:
            return self._of_cluster(source, cluster)
        alone = self._estate.stranger(source, "vpc", source, "")
        return mapped(self._rows.of(rid), lambda row: row.get("vpc", 0) or alone)

    def _of_cluster(self, source: str, cluster: str) -> Timeline[int]:
        known = self._clusters.get((source, cluster))
        if known is None:
            known = self._clusters[source, cluster] = always(self._estate.refer(source, "cluster", cluster))
        return known

    def _spans(self, history: Sequence[Version]) -> Iterator[tuple[Name, int, int, Version]]:
        """Each name with the unbroken times in which it was had, and the last version that had it then."""
        if len(history) == 1:
            yield from ((*during, history[0]) for during in self._during(history[0]))
            return
        held: dict[Name, tuple[int, int, Version]] = {}
        for version in history:
            for name, start, end in self._during(version):
                before = held.get(name)
                if before is not None and before[1] == start:
                    held[name] = (before[0], end, version)
                    continue
                if before is not None:
                    yield name, *before
                held[name] = (start, end, version)
        for name, span in held.items():
            yield name, *span

    def _during(self, version: Version) -> Iterator[tuple[Name, int, int]]:
        start, end, resource = version.valid_from, version.valid_to, version.resource
        for name in _names(resource):
            yield name, start, end
        cluster = getattr(resource, "cluster", "")
        if cluster and isinstance(resource, Pod | Node):
            for since, until, called in cut(self._called(resource.source, cluster), start, end):
                for prefix in called:
                    yield _in_cluster(resource, prefix), since, until

    def _called(self, source: str, cluster: str) -> Timeline[tuple[str, ...]]:
        """What a cluster is called over all time: its id, its name and its source."""
        known = self._names_of_clusters.get((source, cluster))
        if known is None:
            known = self._names_of_clusters[source, cluster] = self._derive_called(source, cluster)
        return known

    def _derive_called(self, source: str, cluster: str) -> Timeline[tuple[str, ...]]:
        rid = self._estate.find(source, "cluster", cluster)
        history = self._estate.history[rid] if rid is not None else ()
        told = [Stretch(a, b, v.resource.name) for a, b, v in spread(history)]
        return mapped(
            joined(told) or always(""), lambda name: tuple(dict.fromkeys(filter(None, (cluster, name, source))))
        )


def _in_cluster(resource: Pod | Node, cluster: str) -> Name:
    if isinstance(resource, Pod):
        return Name("pod_name", f"{cluster}/{resource.namespace}/{resource.name}")
    return Name("id", f"node:{cluster}/{resource.name}")


def _names(resource: Resource) -> Iterator[Name]:
    """The names of one version of a resource, but those that its cluster's name is in."""
    kind = resource.kind
    if isinstance(resource, Pod):
        yield Name("pod_uid", resource.id)
        yield Name("pod_name", f"{resource.namespace}/{resource.name}")
        for container in resource.containers:
            if container.id:
                yield Name("container_id", container.id, label=container.name)
        return
    yield Name("vm_id" if kind == "vm" else "id", resource.id if kind == "vm" else f"{kind}:{resource.id}")
    if isinstance(resource, VM):
        if resource.name:
            yield Name("host_name", resource.name, _OF_A_VM)
        for card in resource.interfaces:
            if card.id:
                yield Name("interface_id", card.id, _OF_A_VM)
            if card.mac:
                yield Name("mac", _mac(card.mac), _OF_A_VM)
    elif isinstance(resource, Node):
        for text in dict.fromkeys((resource.name, resource.hostname)):
            if text:
                yield Name("host_name", text)
    elif isinstance(resource, NetworkInterface):
        yield Name("interface_id", resource.id, _OF_AN_INTERFACE)
        if resource.mac:
            yield Name("mac", _mac(resource.mac), _OF_AN_INTERFACE)
    namespace = getattr(resource, "namespace", "")
    if namespace and resource.name:
        yield Name("id", f"{kind}:{namespace}/{resource.name}")
    elif kind in _IN_A_VPC and resource.name and resource.name != resource.id:
        yield Name("id", f"{kind} named {resource.name}", _OF_ANYTHING)


def _called_so(name: Name) -> Carries:
    """The interfaces that have an id or a MAC address."""
    if name.rule == "mac":
        return lambda cards: [card for card in cards if _mac(card.mac) == name.text]
    return lambda cards: [card for card in cards if card.id == name.text]


def _mac(text: str) -> str:
    """A MAC address as twelve digits in pairs with colons, in lower case."""
    digits = "".join(c for c in text.lower() if c in "0123456789abcdef")
    return ":".join(digits[i : i + 2] for i in range(0, len(digits), 2))


def told_alone(claim: NameClaim) -> list[Told]:
    """The pieces of a name that nobody else ever had, and that one resource had but once."""
    told = _told([claim])
    return list(_lasting(told) if claim.name.rule in NEVER_AGAIN else told)


def resolved(claims: Sequence[NameClaim]) -> dict[int, tuple[list[Told], str]]:
    """The claims of one name: for each network the pieces, disjoint and ascending, and the container's name."""
    nodes = [c for c in claims if c.name.rule == "host_name" and c.name.rank == _ONE_AT_A_TIME]
    apart = [part for c in claims for part in (_without(c, nodes) if c.name.rank == _OF_A_VM and nodes else (c,))]
    out: dict[int, tuple[list[Told], str]] = {}
    for network in sorted({c.network for c in apart}):
        mine = [c for c in apart if c.network == network]
        told = list(_told(mine))
        if mine[0].name.rule in NEVER_AGAIN:
            told = list(_lasting(told))
        out[network] = (told, mine[0].name.label)
    return out


def _told(claims: Sequence[NameClaim]) -> Iterator[Told]:
    if len(claims) == 1:
        claim = claims[0]
        for start, end, held in claim.held:
            yield Told(start, end, held.row, held.ports, claim.seen, (), False, False)
        return
    plain = [Claim(c.start, c.end, c.seen_until, c.name.rank, c.owner) for c in claims]
    for piece in flatten(plain, unique={_ONE_AT_A_TIME}):
        winner = claims[piece.holders[0]]
        others = tuple(dict.fromkeys(claims[i].owner for i in piece.holders[1:] if claims[i].owner != winner.owner))
        for start, end, held in cut(winner.held, piece.start, piece.end):
            yield Told(start, end, held.row, held.ports, winner.seen, others, piece.disputed, False)


def _without(vm: NameClaim, nodes: Sequence[NameClaim]) -> Iterator[NameClaim]:
    """A VM's claim of a host name but for the times in which a node that runs on it has that name: one machine."""
    lives = [(Stretch(BEGINNING, n.start, None), *n.held, Stretch(n.end, FOREVER, None)) for n in nodes]
    for start, end in cuts([vm.held, *lives], vm.start, vm.end):
        named = (h.value.row for node in nodes for h in cut(node.held, start, end) if node.start <= start < node.end)
        if not any(row.get("vm") == vm.owner for row in named):
            yield vm._replace(start=start, end=end, held=list(cut(vm.held, start, end)))


def _lasting(told: Iterable[Told]) -> Iterator[Told]:
    """The same, each owner's last piece lasting until the name has another one, which is for ever."""
    pieces = list(told)
    for i, piece in enumerate(pieces):
        yield piece
        until = pieces[i + 1].start if i + 1 < len(pieces) else FOREVER
        if piece.end < until:
            yield piece._replace(start=piece.end, end=until, after=True)
