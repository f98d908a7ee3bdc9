"""Both ends together: a record that names no network is settled by which of its ends could have talked.

    10.0.0.5 → 10.9.0.7    10.0.0.5 is held in vpc-a and in vpc-b, 10.9.0.7 in vpc-c alone.
                           At that time vpc-b and vpc-c are peered, and vpc-a is joined to neither:
                           then 10.0.0.5 is that of vpc-b.

The *candidates* of an end are the networks in which somebody holds its address at the time of the record; where nobody
does anywhere, those in whose ranges it lies. Two networks can talk where one reaches the other then (docs/laws.md,
4.5). A candidate that can talk to no candidate of the other end is none. Where those that are left are all of one
owner, the end is that one; else it stays *ambiguous*.

So nothing is chosen because it is nearer or likelier. Everything can talk to the internet, which therefore decides
nothing; an end that only a range holds, or that nobody does, is no evidence for the other one.

*Strict* is for those who know more addresses to be in use than the inventory has: an address that is held in one
network and lies in a range of another may be somebody's there, so that network is a candidate then too.
"""

from collections.abc import Sequence
from typing import Final, NamedTuple

import numpy as np

from tagweave.carriers.columns import candidates
from tagweave.carriers.columns.candidates import NO_SET, Rows, Sets, expanded, firsts
from tagweave.carriers.columns.talking import UNLISTED, Talking
from tagweave.index.addresses import is_public
from tagweave.index.columns import (
    AMBIGUOUS,
    BY_ADDRESS,
    BY_PREFIX,
    I32,
    I64,
    INTERNET,
    MATCHED,
    NETWORK_AMBIGUOUS,
    NETWORK_UNNAMED,
    U8,
    U64,
    Bools,
)
from tagweave.index.find import Endpoints, find
from tagweave.index.values import distinct
from tagweave.index.view import View

_MOST_ENTRIES: Final = 1 << 22


class _Ends(NamedTuple):
    """Ends of records, and what each is found to be by itself; all of shape (n,)."""

    hi: U64
    lo: U64
    valid: Bools
    at: I64
    network: I32
    tagsets: I32
    rules: U8
    reasons: U8


class Together:
    """Settles records of a view."""

    def __init__(self, view: View, *, strict: bool = False) -> None:
        self._view = view
        self._strict = strict
        self._talking = Talking(view.networks)

    def settle(self, sides: Sequence[Endpoints]) -> list[I32]:
        """The network of each end of n records, which have one or two, as far as the other end tells it.

        NETWORK_AMBIGUOUS where strictly several may be meant.
        """
        given = [one.network for one in sides]
        unnamed = np.logical_or.reduce([network == NETWORK_UNNAMED for network in given])
        rows = np.flatnonzero(unnamed) if len(sides) > 1 or self._strict else np.empty(0, np.intp)
        if not len(rows):
            return given
        ends = [self._found(one, rows) for one in sides]
        open_ = [self._open(one) for one in ends]
        mine = np.flatnonzero(np.logical_or.reduce(open_))
        if not len(mine):
            return given
        both = _Ends(*(np.concatenate([field[mine] for field in fields]) for fields in zip(*ends, strict=True)))
        sets, own, evidence = self._sets(both)
        partner = np.roll(evidence, len(mine)) if len(sides) > 1 else np.full(len(mine), NO_SET, np.int64)
        asked = np.flatnonzero(np.concatenate([one[mine] for one in open_]) & (own != NO_SET))
        left = self._left(sets, own[asked], partner[asked], both.at[asked])
        if not self._strict:
            left = np.where(left == NETWORK_AMBIGUOUS, np.int32(NETWORK_UNNAMED), left)
        settled = both.network.copy()
        settled[asked] = left
        out = [network.copy() for network in given]
        for after, part in zip(out, np.split(settled, len(sides)), strict=True):
            after[rows[mine]] = part
        return out

    def _found(self, ends: Endpoints, rows: Rows) -> _Ends:
        """Some ends, each by itself as of its start. Ports decide nothing here."""
        n = len(rows)
        some = Endpoints(
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
        found = find(self._view, some, "")
        return _Ends(some.hi, some.lo, some.valid, some.at, some.network, found.tagsets, found.rules, found.reasons)

    def _open(self, ends: _Ends) -> Bools:
        """Which ends are to be settled: those of several networks, strictly also those that may be of others too."""
        several = ends.reasons == AMBIGUOUS
        if self._strict:
            several |= (ends.reasons == MATCHED) & (ends.rules == BY_ADDRESS)
        out: Bools = several & ends.valid & (ends.network == NETWORK_UNNAMED)
        return out

    # ---- candidates

    def _sets(self, ends: _Ends) -> tuple[Sets, I64, I64]:
        """The candidates of ends: sets, the set of each end, and the one that is evidence for its other end."""
        by_name = (ends.reasons == MATCHED) & (ends.rules > BY_PREFIX)
        unnamed = ends.valid & (ends.network == NETWORK_UNNAMED) & ~by_name
        own = np.full(len(ends.at), NO_SET, np.int64)
        rows = np.flatnonzero(unnamed)
        sets, own[rows] = candidates.holders(self._view, ends.hi[rows], ends.lo[rows], ends.at[rows])
        held = own != NO_SET
        rows = np.flatnonzero(unnamed & ((held & self._strict) | (~held & (ends.reasons == AMBIGUOUS))))
        if len(rows):
            sets, own = self._with_ranges(sets, own, ends, rows)
        rows = np.flatnonzero(unnamed)
        rows = rows[is_public(ends.hi[rows], ends.lo[rows])]
        if len(rows):
            internet = np.full(len(ends.at), NO_SET, np.int64)
            internet[rows] = len(sets.first) - 1
            sets, own = candidates.united(sets.with_singles(np.array([INTERNET], np.int32)), own, internet)
        evidence = np.where(held, own, NO_SET)
        rows, networks = self._told(ends, by_name)
        if len(rows):
            single, which = np.unique(networks, return_inverse=True)
            evidence[rows] = which.ravel() + len(sets.first) - 1
            sets = sets.with_singles(single.astype(np.int32))
        return sets, own, evidence

    def _with_ranges(self, sets: Sets, own: I64, ends: _Ends, rows: Rows) -> tuple[Sets, I64]:
        """The sets of all ends; those in some rows with the networks in whose ranges they lie.

        Where others hold the address, it is somebody's there.
        """
        around, found = candidates.ranges(self._view, ends.hi[rows], ends.lo[rows], ends.at[rows])
        begin, count = len(sets.first) - 1, len(around.first) - 1
        of = np.full(len(own), NO_SET, np.int64)
        of[rows] = np.where(found == NO_SET, NO_SET, found + begin + np.where(own[rows] == NO_SET, 0, count))
        return candidates.united(sets.then(around).then(around.anonymous()), own, of)

    def _told(self, ends: _Ends, by_name: Bools) -> tuple[Rows, I32]:
        """The ends that are found in a network by more than their address, and that.

        Of what is known by its name only what is of a cluster: a VM may have addresses in several networks.
        """
        rows = np.flatnonzero(by_name | ((ends.network != NETWORK_UNNAMED) & (ends.rules == BY_ADDRESS)))
        as_it_is = np.zeros(len(rows), np.int32)
        network, cluster = (self._view.column(name, ends.tagsets[rows], as_it_is) for name in ("network", "cluster"))
        told = np.flatnonzero(~by_name[rows] | (cluster != 0))
        return rows[told], np.where(by_name[rows], cluster, network)[told]

    # ---- who can talk

    def _left(self, sets: Sets, own: I64, other: I64, at: I64) -> I32:
        """The network of each of n ends: of its candidates, the set `own`, those that can talk to one of `other`.

        NETWORK_AMBIGUOUS where several owners are left, NETWORK_UNNAMED where it is for others to say.
        """
        talked, reached = self._reached(sets, other, at)
        which, asked = distinct(own * len(reached) + talked)
        own, talked = np.divmod(asked, max(len(reached), 1))
        size = np.diff(sets.first)[own]
        out = np.full(len(own), NETWORK_UNNAMED, np.int32)
        if self._strict:
            out[size > 1] = NETWORK_AMBIGUOUS
        number = self._talking.numbers(sets.network)
        cuts = np.searchsorted(np.cumsum(size), np.arange(_MOST_ENTRIES, int(size.sum()), _MOST_ENTRIES))
        for part in np.split(np.arange(len(own)), cuts):
            of, entry = expanded(sets.first[own[part]], size[part])
            bit = reached[talked[part[of]], number[entry] >> 3] >> (number[entry] & 7).astype(np.uint8) & 1
            kept = np.flatnonzero((bit != 0) | (number[entry] == UNLISTED))
            if len(kept):
                heads = np.flatnonzero(np.diff(of[kept], prepend=-1))
                owner, network = sets.owner[entry[kept]], sets.network[entry[kept]]
                least, most = np.minimum.reduceat(owner, heads), np.maximum.reduceat(owner, heads)
                last = np.maximum.reduceat(network, heads)
                nobody = NETWORK_UNNAMED if not self._strict else last
                one = np.where(most > 0, last, nobody)
                out[part[of[kept[heads]]]] = np.where(least == most, one, NETWORK_AMBIGUOUS)
        left: I32 = out[which]
        return left

    def _reached(self, sets: Sets, which: I64, at: I64) -> tuple[I64, U8]:
        """Which networks could have talked with a candidate of sets at times (n,): the row of each (n,), and rows.

        A row has a bit for each network, by number. With NO_SET, all could.
        """
        number = np.append(self._talking.numbers(sets.network), UNLISTED)
        first, end = np.append(sets.first[:-1], len(number) - 1), np.append(sets.first[1:], len(number))
        some = np.unique(which)
        parts = [number[first[k] : end[k]] for k in some.tolist()]
        known: dict[bytes, int] = {}
        content = np.array([known.setdefault(part.tobytes(), len(known)) for part in parts], np.int64)
        spell = self._talking.spells(at)
        where = np.searchsorted(some, which)
        row, _ = distinct(content[where] << 32 | spell)
        heads = firsts(row)
        made = [
            np.packbits(self._talking.partners(parts[k], s, t), bitorder="little")
            for k, s, t in zip(where[heads].tolist(), spell[heads].tolist(), at[heads].tolist(), strict=True)
        ]
        return row.astype(np.int64), np.array(made, np.uint8).reshape(len(made), (len(self._talking) + 7) // 8)
