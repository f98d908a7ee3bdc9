"""Estates that chance makes: batches that go through a real inventory, and everything that can be asked of them."""

from collections.abc import Iterable, Iterator, Sequence
from itertools import pairwise
from pathlib import Path
from random import Random
from typing import Final, NamedTuple

from hypothesis import strategies as st

from tagweave.inventory import Inventory, Version
from tagweave.model import Failure, Resource, Scope
from tagweave.model.times import FOREVER, to_ns

from .beginnings import PIECES
from .happenings import HAPPENINGS
from .names import as_mac
from .oracle import Oracle, Said
from .world import Told, World

ACCOUNTS: Final = {"cloud": ("aws", ""), "other": ("alibaba_cloud", "999")}
GROUPS: Final = {"team": ("cloud.tag.team", "k8s.namespace.label.team"), "service": ("k8s.namespace.label.team",)}
MINUTE: Final = 60_000_000_000


class Step(NamedTuple):
    """Something that happens, `seed` deciding to what; and how many minutes pass before it is told."""

    what: str
    seed: int
    minutes: float = 1


class Story(NamedTuple):
    """How an estate begins, and what happens then. All of it follows from this; less of it is an estate too."""

    pieces: Sequence[str]
    steps: Sequence[Step]
    seed: int = 0


@st.composite
def stories(draw: st.DrawFn, most: int = 20) -> Story:
    """Any story: it shrinks to fewer pieces and fewer things that happen."""
    names = list(PIECES)
    pieces = draw(st.sets(st.sampled_from(names), min_size=3).map(lambda some: [n for n in names if n in some]))
    step = st.builds(Step, st.sampled_from(list(HAPPENINGS)), st.integers(0, 99), st.sampled_from([0, 1, 2, 5, 10]))
    return Story(pieces, draw(st.lists(step, min_size=2, max_size=most)), draw(st.integers(0, 9)))


def story_of(seed: int, steps: int = 20) -> Story:
    """The story of a number, without hypothesis."""
    random = Random(seed)
    pieces = [name for name in PIECES if random.random() < 0.8]
    them = [
        Step(random.choice(list(HAPPENINGS)), random.randrange(100), random.choice([0, 1, 2, 5, 10]))
        for _ in range(steps)
    ]
    return Story(pieces, them, seed)


def batches_of(story: Story) -> list[Told]:
    """What the sources yield, in order of time."""
    world = World(Random(story.seed))
    for piece in story.pieces:
        PIECES[piece](world)
    world.tell(surely=True)
    for step in story.steps:
        world.random = Random(step.seed)
        world.advance(step.minutes)
        HAPPENINGS[step.what](world)
        if step.seed % 3:  # else it is told with what happens next
            world.tell()
    world.advance(10)
    world.tell(everything=story.seed % 2 == 0, surely=True)
    return world.batches


class Estate(NamedTuple):
    """What the store made of the batches."""

    versions: list[Version]
    first_success: dict[Scope, int]
    last_success: dict[Scope, int]

    def oracle(
        self, accounts: dict[str, tuple[str, str]] = ACCOUNTS, groups: dict[str, tuple[str, ...]] = GROUPS
    ) -> Oracle:
        return Oracle(self.versions, self.first_success, self.last_success, accounts, groups)


def kept(batches: Iterable[Told], folder: Path) -> Estate:
    """The versions that an inventory has when it has seen these batches."""
    inventory = Inventory.open(f"sqlite:///{folder / 'inventory.db'}")
    try:
        return of_inventory(inventory, batches)
    finally:
        inventory.close()


def of_inventory(inventory: Inventory, batches: Iterable[Told]) -> Estate:
    """The same with an inventory that is open already."""
    first: dict[Scope, int] = {}
    for batch in batches:
        changes = inventory.observe(batch)
        if not isinstance(batch, Failure) and not changes.late and getattr(batch, "since", None) is None:
            first.setdefault(batch.scope, to_ns(batch.observed_at))
    last = {s.scope: s.last_success for s in inventory.scopes() if s.last_success is not None}
    return Estate(list(inventory.versions()), first, last)


# ---- what can be asked


class Probe(NamedTuple):
    """One question; times in ns. `rule` asks for one kind of name alone, as the roles of a record do."""

    key: str
    at: int
    network: str | None = None
    port: int | None = None
    protocol: str = "tcp"
    side: str = "destination"
    until: int | None = None
    rule: str | None = None

    def put_to(self, oracle: Oracle) -> Said:
        key, at, network, port, protocol, side, until, rule = self
        return oracle.answer(key, at, network, port, protocol, side, until=until, rule=rule)


def moments_of(versions: Iterable[Version]) -> list[int]:
    """Every moment at which anything changes, a little before each, and between: all times that may differ."""
    marks: set[int] = set()
    for v in versions:
        told = [getattr(v.resource, f, None) for f in ("started_at", "finished_at")]
        marks.update([v.valid_from, v.seen_until, *(to_ns(t) for t in told if t is not None)])
        if v.valid_to != FOREVER:
            marks.add(v.valid_to)
    ordered = sorted(marks)
    between = [(a + b) // 2 for a, b in pairwise(ordered)]
    ends = [ordered[0] - MINUTE, ordered[-1] + 30 * MINUTE] if ordered else []
    return sorted({*ordered, *(m - 1 for m in ordered), *between, *ends})


def addresses_of(versions: Iterable[Version]) -> list[str]:
    """Every address that anything ever had, some that lie in ranges alone, and some that nobody has."""
    found = {"10.1.0.77", "10.2.0.77", "10.244.0.77", "100.65.0.77", "2600:1::77", "127.0.0.1", "8.8.8.8", "10.77.0.1"}
    for v in versions:
        for field in ("ips", "cluster_ips", "external_ips", "load_balancer_ips", "private_ips", "public_ips"):
            found.update(getattr(v.resource, field, ()))
        for one in getattr(v.resource, "interfaces", ()):
            found.update(one.private_ips + one.public_ips)
        found.update(filter(None, [getattr(v.resource, "ip", "")]))
    return sorted(found)


def names_of(versions: Iterable[Version]) -> dict[str, list[str]]:
    """Every name of the table of law 7 that anything ever had, and one that nothing has; each with its rules."""
    every = list(versions)
    clusters = {(v.resource.source, v.resource.id): set() for v in every if v.resource.kind == "cluster"}
    for v in every:
        if v.resource.kind == "cluster":
            clusters[v.resource.source, v.resource.id].add(v.resource.name)
    found = {("nobody", "host_name"), ("02-00-00-00-00-01", "mac")}
    for v in every:
        r = v.resource
        found.update((name, rule) for name, rule in _names(r) if name)
        if r.kind in {"pod", "node"}:
            known = {r.cluster, r.source, *clusters.get((r.source, r.cluster), ())}
            tail, rule = (f"{r.namespace}/{r.name}", "pod_name") if r.kind == "pod" else (r.name, "id")
            found.update((f"{cluster}/{tail}", rule) for cluster in known)
    out: dict[str, list[str]] = {}
    for name, rule in sorted(found):
        out.setdefault(name, []).append(rule)
    return out


def _names(r: Resource) -> Iterator[tuple[str, str]]:
    yield r.id, {"pod": "pod_uid", "vm": "vm_id", "network_interface": "interface_id"}.get(r.kind, "id")
    if r.kind in {"vm", "node"}:
        yield from ((name, "host_name") for name in (r.name, getattr(r, "hostname", "")))
    if hasattr(r, "namespace"):
        yield f"{r.namespace}/{r.name}", "pod_name" if r.kind == "pod" else "id"
    for one in getattr(r, "interfaces", ()):
        yield from ((one.id, "interface_id"), (as_mac(one.mac), "mac"))
    yield as_mac(getattr(r, "mac", "")), "mac"
    yield from ((c.id, "container_id") for c in getattr(r, "containers", ()))


def networks_of(versions: Iterable[Version]) -> list[str]:
    """Every word by which a network may be named, old names too, and one that none has."""
    found = {"internet", "nowhere"}
    for v in versions:
        r = v.resource
        if r.kind in {"vpc", "cluster"}:
            found.update((r.id, r.name, r.source, f"{r.source}/{r.name}", f"{r.source}/{r.id}"))
        elif r.kind == "node":
            found.add(r.name)
        elif r.kind in {"subnet", "vm", "network_interface", "nat_gateway", "load_balancer", "rds", "redis"}:
            found.update((r.id, r.name, *(one.id for one in getattr(r, "interfaces", ()))))
    return sorted(filter(None, found))


def ports_of(versions: Iterable[Version]) -> list[int]:
    """Every port that anything ever served, and one that nothing does."""
    found = {9}
    for v in versions:
        for one in getattr(v.resource, "ports", ()):
            found.update(filter(None, (one.port, one.node_port)))
            found.update([int(one.target_port)] if one.target_port.isdigit() else [])
        for endpoint in getattr(v.resource, "endpoints", None) or ():
            found.update(filter(None, (p.port for p in endpoint.ports)))
        for container in getattr(v.resource, "containers", ()):
            found.update(container.ports.values())
    return sorted(found)


def probes_of(
    versions: Sequence[Version], random: Random, count: int, moments: Sequence[int] | None = None
) -> list[Probe]:
    """Some of all that can be asked: two thirds of addresses, a third of names, half of them with their rule."""
    times = list(moments or moments_of(versions))
    names = names_of(versions)
    keys = [addresses_of(versions), addresses_of(versions), list(names)]
    networks, ports = networks_of(versions), ports_of(versions)
    found = []
    for _ in range(count):
        at = random.choice(times)
        key = random.choice(random.choice(keys))
        found.append(
            Probe(
                key,
                at,
                random.choice([None, None, random.choice(networks), random.choice(networks)]),
                random.choice([None, *ports]),
                random.choice(["tcp", "tcp", "udp", ""]),
                random.choice(["source", "destination"]),
                random.choice([None, None, None, at + random.choice([0, 1, 5]) * MINUTE]),
                random.choice([None, random.choice(names[key])]) if key in names else None,
            )
        )
    return found
