"""Both ends together: a record that names no network is settled by which of its ends could have talked.

    10.0.0.5 → 10.9.0.7    10.0.0.5 is held in vpc-a and in vpc-b, 10.9.0.7 in vpc-c alone.
                           At that time vpc-b and vpc-c are peered, and vpc-a is joined to neither:
                           then 10.0.0.5 is that of vpc-b.

The *candidates* of an end are the networks in which somebody holds its address at the time of the record. Two
networks can talk where one reaches the other then (docs/laws.md, 4.5). A candidate that can talk to no candidate of
the other end is none. Where those that are left are all of one owner, the end is that one; else it stays *ambiguous*.

So nothing is chosen because it is nearer or likelier. Everything can talk to the internet, which therefore decides
nothing; an end that only a range holds, or that nobody does, is no evidence for the other one.
"""

from collections.abc import Sequence
from typing import Any, Final, NamedTuple

import numpy as np
import numpy.typing as npt

from tagweave.index.addresses import is_public
from tagweave.index.columns import (
    AMBIGUOUS,
    BY_ADDRESS,
    BY_PREFIX,
    I32,
    I64,
    INTERNET,
    MATCHED,
    NETWORK_UNNAMED,
    TAGSET_BITS,
    U64,
    Bools,
)
from tagweave.index.find import Endpoints, Found, find
from tagweave.index.networks import tiers
from tagweave.index.tables import ADDRESS
from tagweave.index.values import distinct, last_at_most
from tagweave.index.view import View

NO_SET: Final = -1
_NOBODY: Final = -1
"""Who holds a public address that nobody is known to hold: somebody in the internet."""
_MOST_ENTRIES: Final = 1 << 22
_MOST_ROWS: Final = 1 << 26

Rows = npt.NDArray[np.intp]


class Sets(NamedTuple):
    """Sets of candidates: set k has the members first[k]:first[k + 1], networks and who holds the address in each."""

    first: I64
    network: I32
    owner: I32


class _Runs(NamedTuple):
    """Who ever held n addresses: address k has the runs first[k]:first[k + 1], each in a segment and a network.

    The breakpoints of a run are `begin` to `begin + length - 1` of its segment.
    """

    first: I64
    segment: I32
    network: I32
    begin: I64
    length: I64


class Together:
    """Settles records of a view; what it learns of networks is kept from batch to batch."""

    def __init__(self, view: View) -> None:
        self._view = view
        networks = view.networks
        times = (networks.home_since, networks.home_until, networks.group_since, networks.group_until)
        self._changes: I64 = np.unique(np.concatenate(times))
        self._talking: dict[tuple[int, int], Bools] = {}

    def settle(self, source: Endpoints, destination: Endpoints) -> tuple[I32, I32]:
        """The network of each end (n,), of those too that name none, as far as the other end tells it."""
        given = (source.network, destination.network)
        rows = np.flatnonzero((given[0] == NETWORK_UNNAMED) | (given[1] == NETWORK_UNNAMED))
        if not len(rows):
            return given
        ends = [_taken(one, rows) for one in (source, destination)]
        found = [find(self._view, one, "") for one in ends]
        open_ = [
            (what.reasons == AMBIGUOUS) & one.valid & (one.network == NETWORK_UNNAMED)
            for one, what in zip(ends, found, strict=True)
        ]
        mine = np.flatnonzero(open_[0] | open_[1])
        if not len(mine):
            return given
        sets, of = self._sets(ends, found, mine)
        epoch = np.searchsorted(self._changes, ends[0].at[mine], side="right")
        here, there = of[: len(mine)], of[len(mine) :]
        out = []
        for before, mine_open, own, other in zip(given, open_, (here, there), (there, here), strict=True):
            after = before.copy()
            asked = np.flatnonzero(mine_open[mine] & (own != NO_SET) & (other != NO_SET))
            left = self._left(sets, own[asked], other[asked], epoch[asked], ends[0].at[mine[asked]])
            after[rows[mine[asked]]] = left
            out.append(after)
        return out[0], out[1]

    # ---- candidates

    def _sets(self, ends: Sequence[Endpoints], found: Sequence[Found], mine: Rows) -> tuple[Sets, I64]:
        """The candidates of both ends of some records: sets, and the set of each end, first all sources."""
        hi, lo, at, network = (
            np.concatenate([getattr(one, name)[mine] for one in ends]) for name in ("hi", "lo", "at", "network")
        )
        valid = np.concatenate([one.valid[mine] for one in ends])
        tagsets, rules, reasons = (
            np.concatenate([getattr(one, name)[mine] for one in found]) for name in ("tagsets", "rules", "reasons")
        )
        of = np.full(len(hi), NO_SET, np.int64)
        by_name = (reasons == MATCHED) & (rules > BY_PREFIX)
        held = np.flatnonzero(valid & (network == NETWORK_UNNAMED) & ~by_name)
        sets, of[held] = self._holders(hi[held], lo[held], at[held])
        known = np.flatnonzero(by_name | ((network != NETWORK_UNNAMED) & (rules == BY_ADDRESS)))
        as_it_is = np.zeros(len(known), np.int32)
        where, cluster = (self._view.column(name, tagsets[known], as_it_is) for name in ("network", "cluster"))
        where = np.where(by_name[known], cluster, where)  # a VM by its name may have addresses in other networks too
        told = np.flatnonzero((where != 0) | ~by_name[known])
        one, which = np.unique(where[told], return_inverse=True)
        of[known[told]] = which.ravel() + len(sets.first) - 1
        return _with_single(sets, one.astype(np.int32)), of

    def _holders(self, hi: U64, lo: U64, at: I64) -> tuple[Sets, I64]:
        """Who holds addresses (n,) at their times: sets, and the set of each, NO_SET where nobody does."""
        address, hi, lo = _distinct(hi, lo)
        runs = self._runs(hi, lo)
        of, which, moment = self._stretches(runs, address, at)
        entry, index = _expanded(runs.first[which], np.diff(runs.first)[which])
        row, owner = self._as_of(runs, index, moment[entry])
        live = np.flatnonzero(row > 0)
        public = np.flatnonzero(is_public(hi, lo)[which])
        held, network, owner = entry[live], runs.network[index[live]], owner[live]
        known = np.zeros(len(which), np.bool_)
        known[held[network == INTERNET]] = True
        public = public[~known[public]]
        held = np.concatenate([held, public])
        network = np.concatenate([network, np.full(len(public), INTERNET, np.int32)])
        owner = np.concatenate([owner, np.full(len(public), _NOBODY, np.int32)])
        order = np.lexsort((network, held))
        first = np.searchsorted(held[order], np.arange(len(which) + 1))
        sets = Sets(first, network[order], owner[order])
        return sets, np.where(first[of + 1] > first[of], of, NO_SET)

    def _runs(self, hi: U64, lo: U64) -> _Runs:
        """All runs of distinct addresses: of each, those of the newest segment that has it."""
        parts: list[tuple[Any, ...]] = []
        rest = np.arange(len(hi))
        for s in self._view.having(ADDRESS):
            one = self._view.segments[s]
            keys = (one["address.run.hi"], one["address.run.lo"])
            wanted = (hi[rest], lo[rest])
            begin, end = (_bound(keys, wanted, after=after) for after in (False, True))
            which, run = _expanded(begin, end - begin)
            columns = (one[f"address.run.{name}"][run] for name in ("network", "first", "length"))
            parts.append((rest[which], np.full(len(run), s, np.int32), *columns))
            rest = rest[end == begin]
        if not parts:
            none = np.empty(0, np.int64)
            return _Runs(np.zeros(len(hi) + 1, np.int64), none.astype(np.int32), none.astype(np.int32), none, none)
        of, segment, network, first, length = (np.concatenate(column) for column in zip(*parts, strict=True))
        order = np.argsort(of, kind="stable")
        heads = np.searchsorted(of[order], np.arange(len(hi) + 1))
        return _Runs(heads, segment[order], network[order], first[order], length[order].astype(np.int64))

    def _stretches(self, runs: _Runs, address: I64, at: I64) -> tuple[I64, I64, I64]:
        """What n records ask: the distinct (address, stretch of time in which nobody comes or goes).

        Gives which of them each record asks (n,), and of each the address and a time in it.
        """
        since, until = (np.full(len(runs.begin), bound, np.int64) for bound in (at.min(), at.max()))
        begin, end = (self._points(runs, np.arange(len(runs.begin)), bound) for bound in (since, until))
        run, point = _expanded(begin, end - begin)
        of = np.searchsorted(runs.first, run, side="right") - 1
        time = np.zeros(len(run), np.int64)
        for s in range(len(self._view.segments)):
            mine = np.flatnonzero(runs.segment[run] == s)
            time[mine] = self._view.segments[s]["address.time"][point[mine]]
        order = np.lexsort((time, of))
        heads = np.searchsorted(of[order], np.arange(len(runs.first)))
        stretch = last_at_most(time[order], heads[address], heads[address + 1], at) + 1 - heads[address]
        which, pairs = distinct(address << 32 | stretch)
        return which.astype(np.int64), pairs >> 32, at[_firsts(which)]

    def _points(self, runs: _Runs, which: Rows | I64, at: I64) -> I64:
        """The first breakpoint of runs that is after a time."""
        out = runs.begin[which].copy()
        for s in range(len(self._view.segments)):
            mine = np.flatnonzero(runs.segment[which] == s)
            begin = out[mine]
            end = begin + runs.length[which[mine]]
            out[mine] = last_at_most(self._view.segments[s]["address.time"], begin, end, at[mine]) + 1
        return out

    def _as_of(self, runs: _Runs, which: I64, at: I64) -> tuple[I32, I32]:
        """The row of the tagset, 0 for nobody, and the owner, of runs at times."""
        point = self._points(runs, which, at) - 1
        row, owner = np.zeros((2, len(which)), np.int32)
        for s, one in enumerate(self._view.segments):
            mine = np.flatnonzero((runs.segment[which] == s) & (point >= runs.begin[which]))
            row[mine] = one["address.value"][point[mine]] & np.uint32(TAGSET_BITS)
            owner[mine] = one["tagset.owner"][row[mine]]
        return row, owner

    # ---- who can talk

    def _left(self, sets: Sets, own: I64, other: I64, epoch: I64, at: I64) -> I32:
        """The network of each of n ends: of its candidates, the set `own`, those that can talk to one of `other`.

        NETWORK_UNNAMED where none is left, or several owners are.
        """
        talked, reached = self._reached(sets, other, epoch, at)
        which, asked = distinct(own * len(reached) + talked)
        own, talked = np.divmod(asked, max(len(reached), 1))
        out = np.full(len(own), NETWORK_UNNAMED, np.int32)
        number = self._numbers(sets.network)
        size = np.diff(sets.first)[own]
        cuts = np.searchsorted(np.cumsum(size), np.arange(_MOST_ENTRIES, int(size.sum()), _MOST_ENTRIES))
        for part in np.split(np.arange(len(own)), cuts):
            of, entry = _expanded(sets.first[own[part]], size[part])
            kept = np.flatnonzero(reached[talked[part[of]], number[entry]] | (number[entry] < 0))
            if len(kept):
                heads = np.flatnonzero(np.diff(of[kept], prepend=-1))
                owner, network = sets.owner[entry[kept]], sets.network[entry[kept]]
                least, most = np.minimum.reduceat(owner, heads), np.maximum.reduceat(owner, heads)
                one = np.flatnonzero((least == most) & (most != _NOBODY))
                out[part[of[kept[heads[one]]]]] = np.maximum.reduceat(network, heads)[one]
        left: I32 = out[which]
        return left

    def _reached(self, sets: Sets, which: I64, epoch: I64, at: I64) -> tuple[I64, npt.NDArray[np.bool_]]:
        """Which networks can talk to a candidate of each of n sets at its time: each one's row of `reached` (n,).

        `reached[row, number]` is whether the network of that number can.
        """
        number = self._numbers(sets.network)
        known: dict[bytes, int] = {}
        content = np.empty(len(sets.first) - 1, np.int64)
        some = np.unique(which)
        bounds = zip(some.tolist(), sets.first[some].tolist(), sets.first[some + 1].tolist(), strict=True)
        for k, begin, end in bounds:
            content[k] = known.setdefault(number[begin:end].tobytes(), len(known))
        row, _ = distinct(content[which] << 32 | epoch)
        first = _firsts(row)
        made = [
            self._talk_to(number[sets.first[k] : sets.first[k + 1]], e, t)
            for k, e, t in zip(which[first].tolist(), epoch[first].tolist(), at[first].tolist(), strict=True)
        ]
        return row.astype(np.int64), np.array(made, np.bool_).reshape(len(made), len(self._view.networks.rid))

    def _talk_to(self, members: I64, epoch: int, at: int) -> Bools:
        if (members < 0).any():  # a network that nobody lists: who knows
            return np.ones(len(self._view.networks.rid), np.bool_)
        return np.logical_or.reduce([self._talks_to(number, epoch, at) for number in members.tolist()])  # type: ignore[no-any-return]

    def _talks_to(self, number: int, epoch: int, at: int) -> Bools:
        """Which networks one can talk to at a time: those that it reaches, which reach it, but for the internet."""
        key = (number, epoch)
        if key not in self._talking:
            every = self._view.networks.rid
            if len(self._talking) * len(every) > _MOST_ROWS:
                self._talking.clear()
            own = int(every[number])
            self._talking[key] = (tiers(self._view.networks, own, every, at) >= 0) | (own == INTERNET)
        return self._talking[key]

    def _numbers(self, networks: I32) -> I64:
        """The positions of networks among all, -1 for one that is not among them."""
        every = self._view.networks.rid
        place = np.minimum(np.searchsorted(every, networks), len(every) - 1)
        return np.where(every[place] == networks, place, -1)


def _taken(ends: Endpoints, rows: Rows) -> Endpoints:
    """Some of the ends, as of their start and without their ports, which decide nothing here."""
    n = len(rows)
    return Endpoints(
        ends.hi[rows],
        ends.lo[rows],
        ends.valid[rows],
        ends.at[rows],
        None,
        ends.network[rows],
        np.full(n, -1, np.int32),
        np.zeros(n, np.uint8),
        tuple((rule, texts.take(rows)) for rule, texts in ends.keys),
    )


def _with_single(sets: Sets, networks: I32) -> Sets:
    """The same sets, and for each of some networks a set of that one alone, whoever is in it."""
    first = np.append(sets.first, sets.first[-1] + np.arange(1, len(networks) + 1))
    owner = np.full(len(networks), _NOBODY, np.int32)
    return Sets(first, np.concatenate([sets.network, networks]), np.concatenate([sets.owner, owner]))


# ---- arrays


def _distinct(hi: U64, lo: U64) -> tuple[I64, U64, U64]:
    """Which of the distinct addresses each is (n,), and those."""
    high, highs = distinct(hi)
    low, lows = distinct(lo)
    which, pairs = distinct(high.astype(np.int64) << 32 | low)
    return which.astype(np.int64), highs[pairs >> 32], lows[pairs & 0xFFFFFFFF]


def _firsts(codes: I32) -> Rows:
    """Where each code occurs first; they are numbered in order of appearance."""
    return np.flatnonzero(np.diff(np.maximum.accumulate(codes), prepend=-1))


def _expanded(first: I64, length: I64) -> tuple[I64, I64]:
    """All positions of n ranges, one after the other: the range that each is of, and the position."""
    of = np.repeat(np.arange(len(first)), length)
    before = np.cumsum(length) - length
    return of, np.arange(len(of)) - before[of] + first[of]


def _bound(keys: tuple[U64, U64], wanted: tuple[U64, U64], *, after: bool) -> I64:
    """Where each of n keys (a high and a low half) begins among ascending ones, or where it ends."""
    n = len(wanted[0])
    low, high = np.zeros(n, np.int64), np.full(n, len(keys[0]), np.int64)
    while (open_ := np.flatnonzero(low < high)).size:
        middle = (low[open_] + high[open_]) >> 1
        same, lower = keys[0][middle] == wanted[0][open_], keys[1][middle]
        less = (keys[0][middle] < wanted[0][open_]) | (
            same & ((lower <= wanted[1][open_]) if after else (lower < wanted[1][open_]))
        )
        low[open_[less]] = middle[less] + 1
        high[open_[~less]] = middle[~less]
    return low
