"""The rows that a batch is of: each distinct tagset once, as of each time at which it says something else.

A quarter of a million ends of records are of some ten thousand tagsets. What a tag is, is read for those, and
each end takes it from its row. Where a resource was renamed or relabelled between the first and the last end of
the batch, and a tag that is asked for shows it, the rows that it is in are there once for each stretch of time.
"""

from collections.abc import Iterable, Sequence
from functools import cached_property
from typing import Final, NamedTuple

import numpy as np

from tagweave.index.columns import BY_PREFIX, FLAG_DISPUTED, I32, I64, NO_SERVICE, SEVERAL, U8, U64, Bools
from tagweave.index.find import Found
from tagweave.index.values import Ints, Places, as_of, by_segment, distinct, kinds, locate, numbers, spans
from tagweave.index.view import View
from tagweave.model import KINDS

_MACHINES: Final = ("vm", "nat_gateway", "load_balancer", "rds", "redis", "host")
"""What an end may be, or run on or behind: both kinds and columns."""
_PLACES: Final = ("region", "az", "vpc", "subnet")
_SERVING: Final = ("service", "ingress")
_KUBERNETES: Final = tuple(kind for kind, known in KINDS.items() if known.family == "kubernetes")

_OF_VPC: Final = ("cen", "peering_connection")
_SETS: Final = (*SEVERAL, *_OF_VPC)
_BEHIND: Final = {"router": "subnet", **dict.fromkeys(_OF_VPC, "vpc")}
"""Columns that no tagset has: a value of the resource in another column, so that a new route touches no tagset."""


class Decided(NamedTuple):
    """What n ends are; all of shape (n,).

    `tagsets` and `picks` are a view's, `rules` index RULES; `disputed` says whether another owner claims the same,
    and `at` is the time of which names and labels are read, in ns.
    """

    tagsets: I32
    picks: I32
    rules: U8
    disputed: Bools
    at: I64

    @classmethod
    def of(cls, found: Found) -> "Decided":
        """What ends were found to be."""
        return cls(found.tagsets, found.picks, found.rules, (found.flags & FLAG_DISPUTED) != 0, found.at)


class Read(NamedTuple):
    """A field that is read of the resources in a column (or of a subject: `Rows.of_column`)."""

    column: str
    field: str


class Column(NamedTuple):
    """The resources in a column of m rows: row k has the members first[k]:first[k + 1].

    `rids` (M,) are theirs, 0 for none; `places` are where they are, and `value` is the row of each one's values as
    of its row's time.
    """

    first: I64
    rids: I32
    places: Places
    value: I64


class Rows:
    """m distinct rows: `tagsets`, `picks`, `rules`, `disputed` and `at`, all of shape (m,)."""

    def __init__(self, view: View, decided: Decided) -> None:
        self.view = view
        self.decided = decided
        self._columns: dict[str, Column] = {}
        self._kinds: dict[str, tuple[I32, list[str]]] = {}

    @classmethod
    def of(cls, view: View, decided: Decided, reads: Iterable[Read]) -> "tuple[Rows, I32]":
        """The rows of n ends for what will be read of them, and the row of each end (n,)."""
        of, keys = distinct(_packed(decided))
        matched = decided.tagsets != 0
        at = decided.at[matched] if matched.any() else np.zeros(1, np.int64)
        since, until = int(at.min()), int(at.max())
        rows, row_of, key_of = cls(view, _unpacked(keys, np.full(len(keys), since))), of, np.arange(len(keys))
        moving, moments = np.zeros(len(keys), np.bool_), np.empty(0, np.int64)
        while until > since:  # again, for what is only there since a moment may change at a later one
            changing, times = _changes(rows, until, reads)
            known = len(moments)
            moments = np.union1d(moments, times)
            if len(moments) == known and moving[key_of[changing]].all():
                break
            moving[key_of[changing]] = True
            stretch = np.where(moving[of], np.searchsorted(moments, decided.at, side="right"), 0)
            row_of, pairs = distinct(of.astype(np.int64) << 32 | stretch)
            key_of = pairs >> 32
            begin = np.append(since, moments)[pairs & 0xFFFFFFFF]
            rows = cls(view, _unpacked(keys[key_of], begin))
        return rows, row_of

    def __len__(self) -> int:
        return len(self.decided.tagsets)

    @property
    def at(self) -> I64:
        """The time of each row."""
        return self.decided.at

    @cached_property
    def by_range(self) -> Bools:
        """Whether a row was found by a prefix: what lies in a range is not the one whose range it is."""
        found: Bools = self.decided.rules == BY_PREFIX
        return found

    @cached_property
    def picked(self) -> Bools:
        """Whether a port picked services of a row."""
        segment = np.searchsorted(self.view.offsets, self.decided.tagsets, side="right") - 1
        found: Bools = self.decided.picks > self.view.picks[segment] + NO_SERVICE
        return found

    # ---- columns

    def ids(self, column: str) -> I32:
        """The resource in a column of single ones, or of a subject; (m,), 0 for none."""
        return self.of_column(column).rids

    def of_column(self, name: str) -> Column:
        """The resources in a column, or in one of those that several columns decide (`_SUBJECTS`)."""
        found = self._columns.get(name)
        if found is None:
            found = self._columns[name] = self._load(name)
        return found

    def _load(self, name: str) -> Column:
        first = np.arange(len(self) + 1)
        at = self.at
        if name in _SUBJECTS:
            rids = _SUBJECTS[name](self)
        elif name == "router":
            rids = self._router()
        elif name in _OF_VPC:
            first, rids = self._of_vpc(name)
        else:
            rids = self.view.column(name, self.decided.tagsets, self.decided.picks)
            if name in SEVERAL:
                segment = np.searchsorted(self.view.sets, rids, side="right") - 1
                first, rids = members(self.view, segment, rids - self.view.sets[segment])
        if name in _SETS:
            at = np.repeat(at, np.diff(first))
        places = locate(self.view, rids)
        return Column(first, rids, places, as_of(self.view, places, at))

    def _router(self) -> I32:
        """The router that a row is of, else the one that its subnet had at the time."""
        subnet = self.of_column("subnet")
        told = numbers(self.view, subnet.places, subnet.value, "router")
        own = self.view.column("router", self.decided.tagsets, self.decided.picks)
        return _either(own, np.where(told >= 0, told & 0xFFFFFFFF, 0).astype(np.int32))

    def _of_vpc(self, name: str) -> tuple[I64, I32]:
        """What joined the row's VPC to others at the time; of what joins VPCs itself, that."""
        vpc = self.of_column("vpc")
        told = numbers(self.view, vpc.places, vpc.value, name)
        sets = np.where(told >= 0, told & 0xFFFFFFFF, 0)
        first, rids = members(self.view, np.maximum(vpc.places.segment, 0), sets)
        own = np.flatnonzero(self.is_kind("owner", (name,)) & (np.diff(first) == 0))
        rids = np.insert(rids, first[own], self.ids("owner")[own])
        first[1:] += np.cumsum(np.bincount(own, minlength=len(self)))
        return first, rids

    def is_kind(self, column: str, wanted: Sequence[str]) -> Bools:
        """Whether the resource in a column of single ones is of one of some kinds."""
        codes, words = self.kinds(column)
        table = np.array([word in wanted for word in words] + [False])
        found: Bools = table[codes]
        return found

    def kinds(self, column: str) -> tuple[I32, list[str]]:
        """The kind of each resource in a column: an index of the words that are returned with it; -1 for none."""
        found = self._kinds.get(column)
        if found is None:
            found = self._kinds[column] = kinds(self.view, self.of_column(column).places)
        return found


def members(view: View, segment: Ints, sets: Ints) -> tuple[I64, I32]:
    """The members of sets of segments: row k has rids[first[k]:first[k + 1]]."""
    start, end = np.zeros((2, len(sets)), np.int64)
    for s, mine in by_segment(segment):
        bounds = view.segments[s]["set.first"]
        start[mine], end[mine] = bounds[sets[mine]], bounds[sets[mine] + 1]
    first = np.append(0, np.cumsum(end - start))
    rids = np.zeros(int(first[-1]), np.int32)
    take, of = spans(start, end)
    for s, mine in by_segment(segment[of]):
        rids[mine] = view.segments[s]["set.member"][take[mine]]
    return first, rids


def _packed(decided: Decided) -> U64:
    key: U64 = decided.tagsets.astype(np.uint64) << np.uint64(33)
    key |= decided.picks.astype(np.uint64) << np.uint64(5)
    key |= decided.disputed.astype(np.uint64) << np.uint64(4)
    return key | decided.rules


def _unpacked(keys: U64, at: I64) -> Decided:
    return Decided(
        (keys >> np.uint64(33)).astype(np.int32),
        (keys >> np.uint64(5) & np.uint64(0xFFFFFFF)).astype(np.int32),
        (keys & np.uint64(15)).astype(np.uint8),
        (keys & np.uint64(16)) != 0,
        at,
    )


# ---- what changes within a batch


def _changes(rows: Rows, until: int, reads: Iterable[Read]) -> tuple[Bools, I64]:
    """Which rows say something else at some time up to `until` than at their own, and all times at which they do."""
    moving = np.zeros(len(rows), np.bool_)
    moments = [np.empty(0, np.int64)]
    fields: dict[str, list[str]] = {}
    for column, field in reads:
        fields.setdefault(column, []).append(field)
        if column in _BEHIND:
            fields.setdefault(_BEHIND[column], []).append(column)
    for column, read in fields.items():
        found = rows.of_column(column)
        later = as_of(rows.view, found.places, np.full(len(found.rids), until))
        open_ = np.flatnonzero(later != found.value)
        if not len(open_):
            continue
        of, which = distinct(found.rids[open_])
        one = np.empty(len(which), np.int64)  # of each resource that has other values later, one member
        one[of] = open_
        changed, times = _differing(rows.view, found, one, later, read)
        mine = open_[changed[of]]
        moving[np.searchsorted(found.first, mine, side="right") - 1] = True
        moments.append(times)
    return moving, np.unique(np.concatenate(moments))


def _differing(view: View, found: Column, one: I64, later: I64, read: Sequence[str]) -> tuple[Bools, I64]:
    """Of some members, whether one of the fields that are read differs up to row `later`, and when it does."""
    value, of = spans(found.value[one], later[one] + 1)
    places = found.places.take(one[of])
    differs = np.zeros(len(value), np.bool_)
    for field in dict.fromkeys(read):
        number = numbers(view, places, value, field)
        differs[1:] |= (number[1:] != number[:-1]) & (of[1:] == of[:-1])
    changed = np.zeros(len(one), np.bool_)
    changed[of[differs]] = True
    times = np.zeros(len(value), np.int64)
    for s in np.unique(places.segment):
        mine = places.segment == s
        times[mine] = view.segments[s]["value.since"][value[mine]]
    return changed, times[differs]


# ---- subjects: what several columns decide (docs/laws.md, 10)


def _machine(rows: Rows) -> I32:
    """The machine that an end is, runs on, or is behind."""
    owner = rows.ids("owner")
    return _either(np.where(rows.is_kind("owner", _MACHINES), owner, 0), _first(rows, _MACHINES))


def _cloud(rows: Rows) -> I32:
    """The machine, else an owner that is a cloud's."""
    owner = np.where(rows.is_kind("owner", _KUBERNETES), 0, rows.ids("owner"))
    return _either(_machine(rows), owner)


def _instance(rows: Rows) -> I32:
    """auto_instance: the pod, else the node, the machine, the one service that the port picked, the owner.

    A place is nobody, and neither is what lies in a range.
    """
    found = _either(_first(rows, ("pod", "node")), _machine(rows))
    picked = np.where(rows.picked & rows.is_kind("owner", _SERVING), _one_service(rows), 0)
    owner = np.where(rows.is_kind("owner", _PLACES), 0, rows.ids("owner"))
    return np.where(rows.by_range, 0, _either(_either(found, picked), owner))


def _service(rows: Rows) -> I32:
    """auto_service: the service if it is the only one, else the workload, the cluster, the instance."""
    found = _either(_one_service(rows), _first(rows, ("workload", "cluster")))
    return _either(found, rows.ids("auto_instance"))


def _one_service(rows: Rows) -> I32:
    services = rows.of_column("service")
    only = np.diff(services.first) == 1
    found = np.zeros(len(rows), np.int32)
    found[only] = services.rids[services.first[:-1][only]]
    return found


def _first(rows: Rows, columns: Sequence[str]) -> I32:
    found = np.zeros(len(rows), np.int32)
    for column in columns:
        found = _either(found, rows.ids(column))
    return found


def _either(one: I32, other: I32) -> I32:
    return np.where(one != 0, one, other)


_SUBJECTS: Final = {"cloud": _cloud, "auto_instance": _instance, "auto_service": _service}
