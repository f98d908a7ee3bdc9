"""Candidates: in which networks is an address held at a time, and by whom; of a whole batch at once.

A set of candidates has at most one member of each network. Sets are kept one after the other (`Sets`), and an end has
the number of its set. An end is asked of once for each distinct address and stretch of time in which nobody comes or
goes, so that a million records of a thousand addresses cost a thousand.
"""

from typing import Any, Final, NamedTuple

import numpy as np
import numpy.typing as npt

from tagweave.index.columns import I32, I64, TAGSET_BITS, U64
from tagweave.index.tables import ADDRESS, PREFIX
from tagweave.index.values import distinct, last_at_most
from tagweave.index.view import View

NO_SET: Final = -1
"""The set of an end of which nothing is known."""
SOMEBODY: Final = -2
"""Who holds an address in a network where nobody is known to: SOMEBODY - the network, so that each is another one."""

Rows = npt.NDArray[np.intp]


class Sets(NamedTuple):
    """Sets of candidates: set k has the members first[k]:first[k + 1], networks and who holds the address in each."""

    first: I64
    network: I32
    owner: I32

    def with_singles(self, networks: I32) -> "Sets":
        """These sets, and behind them one for each of some networks: that one alone, whoever is in it."""
        first = np.arange(len(networks) + 1)
        return self.then(Sets(first, networks, (SOMEBODY - networks).astype(np.int32)))

    def anonymous(self) -> "Sets":
        """The same networks, and somebody in each."""
        return self._replace(owner=(SOMEBODY - self.network).astype(np.int32))

    def then(self, other: "Sets") -> "Sets":
        """These sets, and others behind them: their set k is the set `len(self.first) - 1 + k`."""
        first = np.concatenate([self.first[:-1], other.first + self.first[-1]])
        return Sets(first, np.append(self.network, other.network), np.append(self.owner, other.owner))


class _Runs(NamedTuple):
    """Who ever held n addresses: address k has the runs first[k]:first[k + 1], each in a segment and a network.

    The breakpoints of a run are `begin` to `begin + length - 1` of its segment; `bits` is how long a prefix is.
    """

    table: str
    first: I64
    segment: I32
    network: I32
    begin: I64
    length: I64
    bits: I64


def holders(view: View, hi: U64, lo: U64, at: I64) -> tuple[Sets, I64]:
    """Who holds addresses (n,) at their times (ns): sets, and the set of each, NO_SET where nobody does."""
    address, hi, lo = _distinct(hi, lo)
    runs = _runs(view, ADDRESS, hi, lo, 128)
    of, which, moment = _stretches(view, runs, address, at)
    ask, network, owner, _ = _live(view, runs, which, moment)
    return _sets(ask, network, owner, len(which), of)


def ranges(view: View, hi: U64, lo: U64, at: I64) -> tuple[Sets, I64]:
    """In whose ranges addresses (n,) lie at their times (ns): in each network, the longest's."""
    address, hi, lo = _distinct(hi, lo)
    lengths = {int(bits) for one in view.segments for bits in np.flatnonzero(np.bincount(one["prefix.run.bits"]))}
    v4 = (hi == 0) & (lo >> np.uint64(32) == 0xFFFF)
    parts = []
    for bits in sorted(lengths):
        found = _runs(view, PREFIX, *_masked(hi, lo, bits), bits)
        mine = np.repeat(~v4 | (bits >= 96), np.diff(found.first))
        parts.append((np.repeat(np.arange(len(hi)), np.diff(found.first))[mine], *(one[mine] for one in found[2:])))
    runs = _joined(PREFIX, len(hi), parts)
    of, which, moment = _stretches(view, runs, address, at)
    ask, network, owner, bits_of = _live(view, runs, which, moment)
    longest = np.lexsort((-bits_of, network, ask))
    return _sets(ask[longest], network[longest], owner[longest], len(which), of)


def united(sets: Sets, one: I64, other: I64) -> tuple[Sets, I64]:
    """Of n ends, the set `one` with what the set `other` has in further networks; NO_SET is empty."""
    of, pairs = distinct((one + 1) << 32 | (other + 1))
    parts = []
    for number in ((pairs >> 32) - 1, (pairs & 0xFFFFFFFF) - 1):
        mine = np.flatnonzero(number != NO_SET)
        first = sets.first[number[mine]]
        which, entry = expanded(first, sets.first[number[mine] + 1] - first)
        parts.append((mine[which], sets.network[entry], sets.owner[entry]))
    ask, network, owner = (np.concatenate(column) for column in zip(*parts, strict=True))
    return _sets(ask, network, owner, len(pairs), of.astype(np.int64))


def _sets(ask: I64, network: I32, owner: I32, count: int, of: I64) -> tuple[Sets, I64]:
    """Sets of the members that `count` asks have; of several in one network the first counts."""
    order = np.lexsort((network, ask))
    ask, network, owner = ask[order], network[order], owner[order]
    new = np.append(True, (np.diff(ask) != 0) | (np.diff(network) != 0))[: len(ask)]
    first = np.searchsorted(ask[new], np.arange(count + 1))
    sets = Sets(first, network[new], owner[new])
    return sets, np.where(first[of + 1] > first[of], of, NO_SET)


# ---- runs


def _runs(view: View, table: str, hi: U64, lo: U64, bits: int) -> _Runs:
    """All runs of keys: of each, those of the newest segment that has it."""
    parts: list[tuple[Any, ...]] = []
    rest = np.arange(len(hi))
    for s in view.having(table):
        one = view.segments[s]
        keys = [one[f"{table}.run.hi"], one[f"{table}.run.lo"]]
        wanted = [hi[rest], lo[rest]]
        if table == PREFIX:
            keys.append(one["prefix.run.bits"])
            wanted.append(np.full(len(rest), bits, np.uint8))
        begin, end = (_bound(keys, wanted, after=after) for after in (False, True))
        which, run = expanded(begin, end - begin)
        network, first, length = (one[f"{table}.run.{name}"][run] for name in ("network", "first", "length"))
        segment, size = np.full(len(run), s, np.int32), np.full(len(run), bits, np.int64)
        parts.append((rest[which], segment, network, first, length.astype(np.int64), size))
        rest = rest[end == begin]
    return _joined(table, len(hi), parts)


def _joined(table: str, count: int, parts: list[tuple[Any, ...]]) -> _Runs:
    """The runs of `count` addresses from parts: (address, and the columns of runs from `segment` on)."""
    if not parts:
        none = np.empty(0, np.int64)
        parts = [(none, none.astype(np.int32), none.astype(np.int32), none, none, none)]
    of, *columns = (np.concatenate(column) for column in zip(*parts, strict=True))
    order = np.argsort(of, kind="stable")
    first = np.searchsorted(of[order], np.arange(count + 1))
    return _Runs(table, first, *(column[order] for column in columns))


def _stretches(view: View, runs: _Runs, address: I64, at: I64) -> tuple[I64, I64, I64]:
    """What n ends ask: the distinct (address, stretch of time in which nobody comes or goes).

    Gives which of them each end asks (n,), and of each the address and a time in it.
    """
    if not len(at):
        return address, address, at
    every = np.arange(len(runs.begin))
    begin, end = (_points(view, runs, every, np.full(len(every), bound)) for bound in (at.min(), at.max()))
    run, point = expanded(begin, end - begin)
    of = np.searchsorted(runs.first, run, side="right") - 1
    time = np.zeros(len(run), np.int64)
    for s in range(len(view.segments)):
        mine = np.flatnonzero(runs.segment[run] == s)
        time[mine] = view.segments[s][f"{runs.table}.time"][point[mine]]
    order = np.lexsort((time, of))
    heads = np.searchsorted(of[order], np.arange(len(runs.first)))
    stretch = last_at_most(time[order], heads[address], heads[address + 1], at) + 1 - heads[address]
    which, pairs = distinct(address << 32 | stretch)
    return which.astype(np.int64), pairs >> 32, at[firsts(which)]


def _live(view: View, runs: _Runs, which: I64, at: I64) -> tuple[I64, I32, I32, I64]:
    """Of each ask (address, time), who holds it: (ask, network, owner, bits) for each that does."""
    ask, run = expanded(runs.first[which], np.diff(runs.first)[which])
    point = _points(view, runs, run, at[ask]) - 1
    owner = np.zeros(len(run), np.int32)
    for s, one in enumerate(view.segments):
        mine = np.flatnonzero((runs.segment[run] == s) & (point >= runs.begin[run]))
        row = one[f"{runs.table}.value"][point[mine]] & np.uint32(TAGSET_BITS)
        owner[mine] = np.where(row > 0, one["tagset.owner"][row], 0)
    live = np.flatnonzero(owner)
    return ask[live], runs.network[run[live]], owner[live], runs.bits[run[live]]


def _points(view: View, runs: _Runs, which: I64, at: I64) -> I64:
    """The first breakpoint of runs that is after a time."""
    out = runs.begin[which].copy()
    for s in range(len(view.segments)):
        mine = np.flatnonzero(runs.segment[which] == s)
        begin = out[mine]
        end = begin + runs.length[which[mine]]
        out[mine] = last_at_most(view.segments[s][f"{runs.table}.time"], begin, end, at[mine]) + 1
    return out


# ---- arrays


def _masked(hi: U64, lo: U64, bits: int) -> tuple[U64, U64]:
    """The first bits of addresses."""
    every = np.uint64(0xFFFFFFFFFFFFFFFF)
    high = np.uint64(0) if bits == 0 else every << np.uint64(max(64 - bits, 0))
    low = np.uint64(0) if bits <= 64 else every << np.uint64(128 - bits)
    return hi & high, lo & low


def _distinct(hi: U64, lo: U64) -> tuple[I64, U64, U64]:
    """Which of the distinct addresses each is (n,), and those."""
    high, highs = distinct(hi)
    low, lows = distinct(lo)
    which, pairs = distinct(high.astype(np.int64) << 32 | low)
    return which.astype(np.int64), highs[pairs >> 32], lows[pairs & 0xFFFFFFFF]


def firsts(codes: I32) -> Rows:
    """Where each code occurs first; they are numbered in order of appearance."""
    return np.flatnonzero(np.diff(np.maximum.accumulate(codes), prepend=-1))


def expanded(first: I64, length: I64) -> tuple[I64, I64]:
    """All positions of n ranges, one after the other: the range that each is of, and the position."""
    of = np.repeat(np.arange(len(first)), length)
    before = np.cumsum(length) - length
    return of, np.arange(len(of)) - before[of] + first[of]


def _bound(keys: list[Any], wanted: list[Any], *, after: bool) -> I64:
    """Where each of n keys of several columns begins among ascending ones, or where it ends."""
    n = len(wanted[0])
    low, high = np.zeros(n, np.int64), np.full(n, len(keys[0]), np.int64)
    while (open_ := np.flatnonzero(low < high)).size:
        middle = (low[open_] + high[open_]) >> 1
        less, same = np.zeros(len(open_), np.bool_), np.ones(len(open_), np.bool_)
        for column, values in zip(keys, wanted, strict=True):
            there, here = column[middle], values[open_]
            less |= same & (there < here)
            same &= there == here
        less |= same & after
        low[open_[less]] = middle[less] + 1
        high[open_[~less]] = middle[~less]
    return low
