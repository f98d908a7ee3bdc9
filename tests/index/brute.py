"""A tag index as plain dictionaries, asked by trying everything: what `find` is held to."""

from itertools import pairwise
from typing import NamedTuple

from hypothesis import strategies as st

from tagweave.index.columns import (
    AMBIGUOUS,
    BY_ADDRESS,
    BY_PREFIX,
    INTERNET,
    MATCHED,
    NOT_THEN,
    OUT_OF_REACH,
    RULE_CODES,
    SPECIAL,
    UNKNOWN_ADDRESS,
    UNKNOWN_NETWORK,
)
from tagweave.index.draft import Draft, Piece, Served, Value
from tagweave.index.folder import Manifest, ScopeSeen, SegmentEntry
from tagweave.index.networks import Networks, networks_of
from tagweave.index.segment import Segment
from tagweave.index.view import View
from tagweave.model.addresses import pack, pack_prefix
from tagweave.model.batches import Scope
from tagweave.model.times import BEGINNING, FOREVER

UNIT = 1 << 30
TIMES = [BEGINNING, -1, 0, 1, 5 * UNIT - 1, 5 * UNIT, 5 * UNIT + 1, 6 * UNIT, 7 * UNIT, 2**62, FOREVER - 1, FOREVER]
MOMENTS = sorted({t + d for t in TIMES for d in (-1, 0, 1) if BEGINNING <= t + d < FOREVER})
ADDRESSES = [pack(a) for a in ("10.0.0.1", "10.0.0.2", "10.0.1.1", "8.8.8.8", "::", "fd00::1", "fd00::2", "127.0.0.1")]
PREFIXES = [
    pack_prefix(p)
    for p in ("0.0.0.0/0", "10.0.0.0/8", "10.0.0.0/24", "10.0.0.0/30", "10.0.0.1/32", "::/0", "fd00::/16", "fd00::/64")
] + [pack_prefix("fd00::1/128")]
NAMES = [("pod_uid", "u-1"), ("pod_uid", "u-2"), ("host_name", "u-1"), ("vm_id", "i-1"), ("container_id", "c-1")]
NETWORKS = [INTERNET, 1, 2, 3, 4, 5]
"""1 and 2 are VPCs, 3 and 4 clusters, 5 is of nothing; 9 is a network that nobody knows."""
ASKED = [-3, -2, -1, *NETWORKS, 9]
SCOPE = Scope("s", "pod", "")
PORTS = (
    Served(6, 80, 0, FOREVER, 7, (8,), (30, 40)),
    Served(17, 53, 5, UNIT, 9, (), (30, 40)),
    Served(6, 80, 3, 9, 9, (), (0, 0)),
)
LISTED = 77


class Held(NamedTuple):
    """A key is an owner's during [start, end)."""

    start: int
    end: int
    owner: int
    disputed: bool = False
    after: bool = False
    services: tuple[int, ...] = ()
    ports: tuple[Served, ...] = ()
    kind: str = "vm"


Runs = dict[int, list[Held]]
"""By network."""


class Content(NamedTuple):
    """What one segment says: of each key that it has, all runs (none: gone)."""

    addresses: dict[int, Runs]
    prefixes: dict[tuple[int, int], Runs]
    names: dict[tuple[str, str], Runs]
    resources: dict[int, list[Value]] = {}  # noqa: RUF012 - a tuple's


class Shape(NamedTuple):
    """(network, what, since, until): homes of clusters, and groups."""

    homes: list[tuple[int, int, int, int]]
    groups: list[tuple[int, int, int, int]]


class Answer(NamedTuple):
    reason: int
    rule: int = 0
    owner: int = 0
    start: int = 0
    flags: int = 0


# ---- what may be drawn


@st.composite
def spans(draw: st.DrawFn) -> list[Held]:
    edges = sorted(draw(st.lists(st.sampled_from(TIMES), unique=True, min_size=2, max_size=9)))
    out = []
    for start, end in pairwise(edges):
        if draw(st.integers(0, 4)):
            flags = draw(st.sampled_from([(False, False)] * 4 + [(True, False), (False, True)]))
            more = draw(st.sampled_from([(), ((1, 2),), ((3,), (PORTS[0],)), ((), PORTS[1:]), ((), PORTS)]))
            out.append(Held(start, end, draw(st.integers(1, 4)), *flags, *more))
    return out or [Held(edges[0], edges[1], 1)]


@st.composite
def values(draw: st.DrawFn) -> list[Value]:
    since = [BEGINNING, *sorted(draw(st.sets(st.sampled_from(TIMES[1:6]), max_size=3)))]
    word = st.sampled_from(["", "a", "b", "é"])
    labels = st.dictionaries(st.sampled_from(["k", "l"]), word, max_size=2)
    several = st.sampled_from([(), (1, 2)])
    return [
        Value(t, draw(word), draw(word), "", "", draw(word), draw(labels), draw(several), (), draw(st.integers(0, 2)))
        for t in since
    ]


def runs() -> st.SearchStrategy[Runs]:
    return st.dictionaries(st.sampled_from(NETWORKS), spans(), max_size=3)


def contents() -> st.SearchStrategy[Content]:
    return st.builds(
        Content,
        st.dictionaries(st.sampled_from(ADDRESSES), runs(), max_size=5),
        st.dictionaries(st.sampled_from([tuple(p) for p in PREFIXES]), runs(), max_size=5),
        st.dictionaries(st.sampled_from(NAMES), runs(), max_size=4),
        st.dictionaries(st.integers(1, 5), values(), max_size=4),
    )


def shapes() -> st.SearchStrategy[Shape]:
    since = st.sampled_from(TIMES[:6])
    until = st.sampled_from(TIMES[6:])
    homes = st.tuples(st.sampled_from([3, 4]), st.sampled_from([1, 2]), since, until)
    groups = st.tuples(st.sampled_from([1, 2, 5]), st.sampled_from([100, 101]), since, until)
    return st.builds(Shape, st.lists(homes, max_size=3), st.lists(groups, max_size=4))


# ---- the same as a view


def drafted(content: Content) -> Draft:
    draft = Draft([SCOPE])
    for address, by_network in content.addresses.items():
        for network, held in by_network.items():
            draft.address(address, network, pieces(held))
        if not by_network:
            draft.gone_address(address)
    for (address, length), by_network in content.prefixes.items():
        for network, held in by_network.items():
            draft.prefix(address, length, network, pieces(held))
        if not by_network:
            draft.gone_prefix(address, length)
    for (rule, text), by_network in content.names.items():
        for network, held in by_network.items():
            draft.name(rule, text, network, pieces(held), f"label of {text}")
        if not by_network:
            draft.gone_name(rule, text)
    for rid, said in content.resources.items():
        draft.resource(rid, "s", "vm" if rid % 2 else f"kind-{rid}", f"id-{rid}", said)
    return draft


def pieces(held: list[Held]) -> list[Piece]:
    out = []
    for one in held:
        row = {one.kind: one.owner, "owner": one.owner, "service": one.services}
        seen = SCOPE if one.end == FOREVER else one.end
        out.append(Piece(one.start, one.end, row, one.ports, seen, (), one.disputed, one.after))
    return out


def segment_of(content: Content) -> Segment:
    draft = drafted(content)
    return Segment.of(draft.arrays(), draft.meta())


def networks(shape: Shape) -> Networks:
    return networks_of(NETWORKS, shape.homes, shape.groups, [])


def view_of(segments: list[Segment], shape: Shape) -> View:
    entry = SegmentEntry("", 0, 0, 0)
    return View(segments, networks(shape), Manifest(1, 1, "", (), entry, (ScopeSeen("s", "pod", "", LISTED),)))


# ---- the laws, by trying everything


def truth(contents: list[Content], table: str, key: object) -> Runs | None:
    """What the newest segment that has a key says of it; None where it has no owner in any time."""
    for content in contents:
        found = getattr(content, table).get(key)
        if found is not None:
            return found or None
    return None


def at_time(held: list[Held], at: int) -> Held | None:
    return next((one for one in held if one.start <= at < one.end), None)


def tier(shape: Shape, own: int, other: int, at: int) -> int:
    def homes(network: int) -> set[int]:
        return {home for of, home, since, until in shape.homes if of == network and since <= at < until}

    def groups(network: int) -> set[int]:
        return {group for of, group, since, until in shape.groups if of == network and since <= at < until}

    if own in (-1, other):
        return 0
    if own == INTERNET:
        return -1
    if other in homes(own):
        return 1
    if other == INTERNET:
        return 3
    for a in homes(own) or {own}:
        for b in homes(other) or {other}:
            if a == b or groups(a) & groups(b):
                return 2
    return -1


Hit = tuple[int, int, Held]
"""(length, network, what is held)."""


def nearest(found: dict[int, tuple[int, Held]], shape: Shape, own: int, at: int) -> tuple[int, list[Hit]]:
    """The nearest tier that holds anything, and what it holds."""
    by_tier: dict[int, list[Hit]] = {}
    for network, (length, held) in found.items():
        distance = tier(shape, own, network, at)
        if distance >= 0:
            by_tier.setdefault(distance, []).append((length, network, held))
    return min(by_tier.items()) if by_tier else (99, [])


def one_of(hits: list[Hit], rule: int) -> Answer:
    """One owner; of its networks the one with the longest range, then the last."""
    if len({held.owner for _, _, held in hits}) > 1:
        return Answer(AMBIGUOUS)
    _, _, held = max(hits)
    return Answer(MATCHED, rule, held.owner, held.start, held.disputed | held.after << 1)


def ask_address(contents: list[Content], shape: Shape, address: int, at: int, own: int) -> Answer:
    if own < -1:
        return Answer(UNKNOWN_NETWORK)
    runs = truth(contents, "addresses", address)
    live = {n: (128, h) for n, held in (runs or {}).items() if (h := at_time(held, at))}
    exact_tier, exact = nearest(live, shape, own, at)
    ranges: dict[int, tuple[int, Held]] = {}
    for prefix, length in PREFIXES:
        if (address >> 32 == 0xFFFF) != (length >= 96 and prefix >> 32 == 0xFFFF):
            continue
        if length and address >> (128 - length) != prefix >> (128 - length):
            continue
        for network, held in (truth(contents, "prefixes", (prefix, length)) or {}).items():
            one = at_time(held, at)
            if one and ranges.get(network, (-1, None))[0] < length:
                ranges[network] = (length, one)
    range_tier, by_range = nearest(ranges, shape, own, at)
    if range_tier < exact_tier:
        return one_of(by_range, BY_PREFIX)
    if exact:
        return one_of(exact, BY_ADDRESS)
    if runs is None:
        return Answer(SPECIAL if address in (pack("::"), pack("127.0.0.1")) else UNKNOWN_ADDRESS)
    reached = any(tier(shape, own, network, at) >= 0 for network in runs)
    return Answer(NOT_THEN if reached else OUT_OF_REACH)


def ask_name(contents: list[Content], shape: Shape, name: tuple[str, str], at: int, own: int) -> Answer:
    own = max(own, -1)
    runs = truth(contents, "names", name)
    if runs is None:
        return Answer(UNKNOWN_ADDRESS)
    live = {n: (0, h) for n, held in runs.items() if (h := at_time(held, at))}
    rule = RULE_CODES[name[0]]
    _, hits = nearest(live, shape, own, at)
    if not hits:
        reached = any(tier(shape, own, network, at) >= 0 for network in runs)
        return Answer(NOT_THEN if reached else OUT_OF_REACH)
    answer = one_of(hits, rule)
    return Answer(AMBIGUOUS) if answer.flags & 1 else answer
