"""Networks: address spaces in which an address means one thing, which reach which, and what they are called, when.

A network is a VPC, a cluster, or the internet. From a network, an address is sought tier by tier (docs/laws.md,
4.5), all as of the time of the event:

    0  the network itself
    1  its homes: the VPCs that a cluster runs in
    2  what is joined to it or to its homes, and the clusters in those
    3  the internet

Two networks are joined at a time if they share a *group* then: a transit network or a peering that names both. So
memory grows with how many names there are in groups, and never with pairs of networks.
"""

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from tagweave.index import segment
from tagweave.index.columns import I32, I64, INTERNET
from tagweave.index.compiled import for_rows, frozen
from tagweave.index.kernels import Reach
from tagweave.index.segment import Segment, Written
from tagweave.index.tables import NO_RUNS, Runs, name_keys
from tagweave.model.times import BEGINNING, FOREVER


class Networks(NamedTuple):
    """All networks, complete: a newer one replaces it as a whole.

    Network n has the id `rid[n]`, ascending, the internet first; its homes are rows `home_first[n]` to
    `home_first[n + 1] - 1` of `home` and its times, its groups those of `group`, ascending. `names` says what each
    name meant when (`tables.name_keys("network", …)`): while a breakpoint's value is not 0, the run's network.
    """

    rid: I32
    home_first: I64
    home: I32
    home_since: I64
    home_until: I64
    group_first: I64
    group: I32
    group_since: I64
    group_until: I64
    names: Runs

    def reach(self) -> Reach:
        """The networks as kernels see them."""
        homes = len(self.home)
        spaces = np.empty((len(self.rid) + 1, 3), np.int64)
        spaces[:-1, 0] = self.rid
        spaces[-1, 0] = FOREVER
        spaces[:, 1] = self.home_first
        spaces[:, 2] = self.group_first + homes
        links = np.empty((homes + len(self.group), 3), np.int64)
        links[:homes] = np.stack([self.home, self.home_since, self.home_until], axis=1)
        links[homes:] = np.stack([self.group, self.group_since, self.group_until], axis=1)
        return Reach(frozen(spaces), frozen(links))

    def write(self, path: Path) -> Written:
        """Write them as a file of the same form as a segment's."""
        arrays: dict[str, npt.NDArray[Any]] = {f"network.{name}": getattr(self, name) for name in self._fields[:-1]}
        names = self.names.ordered()
        arrays |= {f"name.{field}": getattr(names, field) for field in names._fields}
        return segment.write(path, arrays, {"networks": len(self.rid)})

    @classmethod
    def read(cls, found: Segment) -> "Networks":
        """Those of a file. Raises BrokenSegment where it is damaged: kernels trust these few arrays."""
        found.verify()
        arrays = {name: found[f"network.{name}"] for name in cls._fields[:-1]}
        return cls(**arrays, names=Runs(*(found[f"name.{field}"] for field in Runs._fields)))


def tiers(networks: Networks, own: int, others: I32, at: int) -> I32:
    """The tier of each of some networks from one network at a time; -1 where it is out of reach."""
    found: I32 = for_rows(len(others)).tiers_of(networks.reach(), own, frozen(others), np.int64(at))
    return found


def no_networks() -> Networks:
    """The internet alone, without a name."""
    none, times = np.empty(0, np.int32), np.empty(0, np.int64)
    first = np.zeros(2, np.int64)
    rid = np.array([INTERNET], np.int32)
    return Networks(rid, first, none, times, times, first, none, times, times, NO_RUNS)


def networks_of(
    rids: Iterable[int],
    homes: Iterable[tuple[int, int, int, int]],
    groups: Iterable[tuple[int, int, int, int]],
    names: Iterable[tuple[str, int, Sequence[tuple[int, int]]]],
) -> Networks:
    """Networks from rows: (network, home, since, until), (network, group, since, until), (name, network, spans)."""
    rid = np.array(sorted({INTERNET, *rids}), np.int32)
    parts: list[I32 | I64] = []
    for rows in (homes, groups):
        ordered = np.array(sorted(rows), np.int64).reshape(-1, 4)
        counts = np.searchsorted(ordered[:, 0], rid, side="right")
        parts.append(np.concatenate([[0], counts]))
        parts.append(ordered[:, 1].astype(np.int32))
        parts += [np.ascontiguousarray(ordered[:, 2]), np.ascontiguousarray(ordered[:, 3])]
    fields = dict(zip(Networks._fields[1:-1], parts, strict=True))
    return Networks(rid, **fields, names=_name_runs(names))  # type: ignore[arg-type]


def _name_runs(names: Iterable[tuple[str, int, Sequence[tuple[int, int]]]]) -> Runs:
    rows = list(names)
    hi, lo = name_keys("network", [name for name, _, _ in rows])
    points: list[tuple[int, int]] = []
    first, length = [], []
    for _, _, spans in rows:
        first.append(len(points))
        until = None
        for start, end in sorted(spans):
            if until == start:
                points.pop()
            points.append((start, 1))
            if end != FOREVER:
                points.append((end, 0))
            until = end
        length.append(len(points) - first[-1])
    time, value = (list(column) for column in zip(*points, strict=True)) if points else ([], [])
    n, m = len(rows), len(points)
    return Runs(
        hi,
        lo,
        np.zeros(n, np.uint8),
        np.array([network for _, network, _ in rows], np.int32),
        np.array(first, np.int64),
        np.array(length, np.int32),
        np.full(n, -1, np.int32),
        np.array(time, np.int64),
        np.array(value, np.uint32),
        np.full(m, BEGINNING, np.int64),
        np.zeros(m, np.int32),
    ).ordered()
