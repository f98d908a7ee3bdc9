"""Networks: which there are, what they are called, and which can be reached from which, over time."""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from typing import Final

import numpy as np

from tagweave.derive.estate import Estate, Stranger, alive, spread
from tagweave.derive.machines import Machines
from tagweave.derive.references import ATTACHED
from tagweave.derive.timeline import Stretch, joined, pieces, swept
from tagweave.derive.timeline import at as value_at
from tagweave.index.columns import I32, I64, INTERNET
from tagweave.index.networks import Networks
from tagweave.index.tables import Runs, name_keys
from tagweave.model.times import BEGINNING, FOREVER

Interval = tuple[int, int, int]
"""(start, end, what)."""

_KINDS: Final = ("vpc", "cluster")


def networks(estate: Estate, machines: Machines) -> Networks:
    """Every network of an estate with its names, its homes and what it is joined to."""
    homes: defaultdict[int, list[Interval]] = defaultdict(list)
    for cluster in estate.of_kind("cluster"):
        for start, end, runs in machines.runs(cluster):
            homes[cluster] += [(start, end, vpc) for vpc in runs.vpcs]
    groups: defaultdict[int, list[Interval]] = defaultdict(list)
    for join in machines.joins():
        for vpc in join.vpcs:
            groups[vpc].append((join.start, join.end, join.rid))
    every = [rid for kind in _KINDS for rid in estate.of_kind(kind)]
    meant = {*groups, *(vpc for runs in homes.values() for _, _, vpc in runs)}
    every += [
        rid for rid, one in estate.strangers.items() if one.kind in _KINDS and (rid in meant or _is_meant(estate, one))
    ]
    rid = np.array(sorted({INTERNET, *every}), np.int32)
    return Networks(rid, *_laid_out(rid, homes), *_laid_out(rid, groups), _runs(_names(estate, every)))


def _is_meant(estate: Estate, stranger: Stranger) -> bool:
    """Whether anything is in a stranger (and not only attached to it), or it is its source's own network."""
    source, kind, native, _ = stranger
    referrers = estate.referrers((source, kind, native))
    inside = [rid for rid in referrers if kind != "cluster" or estate.identity(rid)[1] not in ATTACHED]
    return native == source or bool(inside)


def _laid_out(rid: I32, of: Mapping[int, list[Interval]]) -> tuple[I64, I32, I64, I64]:
    """For each network where its rows begin; then what, since and until of each row."""
    rows = [sorted(of.get(int(one), ()), key=lambda interval: (interval[2], interval[0])) for one in rid]
    first = np.zeros(len(rid) + 1, np.int64)
    np.cumsum([len(some) for some in rows], out=first[1:])
    flat = np.array([interval for some in rows for interval in some], np.int64).reshape(-1, 3)
    since, until, what = np.ascontiguousarray(flat.T)
    return first, what.astype(np.int32), since, until


def _runs(names: Mapping[str, Sequence[Interval]]) -> Runs:
    """A run for each text and network: a breakpoint of 1 where it begins to mean that, of 0 where it ends to."""
    texts: list[str] = []
    network: list[int] = []
    first: list[int] = []
    points: list[tuple[int, int]] = []
    for text, held in names.items():
        by_network: defaultdict[int, list[Stretch[bool]]] = defaultdict(list)
        for start, end, rid in held:
            by_network[rid].append(Stretch(start, end, True))
        for rid, stretches in by_network.items():
            texts.append(text)
            network.append(rid)
            first.append(len(points))
            points += [point for s in joined(stretches) for point in ((s.start, 1), (s.end, 0))]
    hi, lo = name_keys("network", texts)
    count = len(texts)
    time, value = np.array(points, np.int64).reshape(-1, 2).T
    return Runs(
        hi,
        lo,
        np.zeros(count, np.uint8),
        np.array(network, np.int32),
        np.array(first, np.int64),
        np.diff(np.array([*first, len(points)], np.int64)).astype(np.int32),
        np.full(count, -1, np.int32),
        np.ascontiguousarray(time),
        value.astype(np.uint32),
        np.full(len(points), BEGINNING, np.int64),
        np.zeros(len(points), np.int32),
    ).ordered()


def _names(estate: Estate, every: list[int]) -> dict[str, list[Interval]]:
    """What each text means: (start, end, network).

    An id means its network at all times. A name means those that have it then; where none has, those that are not
    there then and had it next.
    """
    ids: dict[str, list[Interval]] = defaultdict(list)
    had: dict[str, list[Interval]] = defaultdict(list)
    nearest: dict[str, list[Interval]] = defaultdict(list)
    of_source: defaultdict[str, list[int]] = defaultdict(list)
    for rid in every:
        source, _, native = estate.identity(rid)
        of_source[source].append(rid)
        if native == source and rid in estate.strangers:
            continue  # its source's own network, for what is in no VPC
        for text in (native, f"{source}/{native}"):
            ids[text].append((BEGINNING, FOREVER, rid))
        for name, where, stretch in _called(estate, rid, had, nearest):
            if name and name != native:
                for text in (name, f"{source}/{name}"):
                    where[text].append((stretch.start, stretch.end, rid))
    for source, found in of_source.items():
        ids[source] += _of_source(estate, source, found)
    ids["internet"] = [(BEGINNING, FOREVER, INTERNET)]
    texts = ids.keys() | had.keys() | nearest.keys()
    return {text: list(_held(ids.get(text, []) + had.get(text, []), nearest.get(text, []))) for text in texts}


def _held(had: list[Interval], nearest: list[Interval]) -> Iterator[Interval]:
    sure, other = swept(had), swept(nearest)
    for start, end in pieces([sure, other], BEGINNING, FOREVER):
        for rid in dict.fromkeys(value_at(sure, start) or value_at(other, start)):
            yield start, end, rid


def _called(
    estate: Estate, rid: int, had: dict[str, list[Interval]], nearest: dict[str, list[Interval]]
) -> Iterator[tuple[str, dict[str, list[Interval]], Stretch[str]]]:
    """The names of a network: while a version holds, and while the one before (or the first) stands in for it."""
    history = estate.history.get(rid, ())
    for start, end, version in spread(history):
        name = version.resource.name
        yield name, had, Stretch(version.valid_from, version.valid_to, name)
        yield name, nearest, Stretch(start, version.valid_from, name)
        yield name, nearest, Stretch(version.valid_to, end, name)


def _of_source(estate: Estate, source: str, found: list[int]) -> list[Interval]:
    """The networks of a source: those that it lists, while they are there; else what it refers to, else its own."""
    listed = [rid for rid in found if rid in estate.history]
    if len(listed) > 1:
        return [(start, end, rid) for rid in listed for start, end in alive(estate.history[rid])]
    others = listed or [rid for rid in found if estate.identity(rid)[2] != source] or found
    return [(BEGINNING, FOREVER, rid) for rid in others]
