"""A tag index as compiled tables, and the join of a batch against them.

Exact addresses lie in one table, prefixes in one for each length. `delta` holds the addresses that changed
since the base was compiled, each with all of its claims: an address in the delta is not looked for in the base.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, NamedTuple, Self

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from tagweave.model.times import FOREVER
from tagweave.tags import table
from tagweave.tags.index import (
    AMBIGUOUS,
    MATCHED,
    NO_ADDRESS,
    NOT_THEN,
    OUT_OF_REACH,
    SPECIAL,
    UNKNOWN_ADDRESS,
    UNKNOWN_NETWORK,
    BoolArray,
    Endpoints,
    Found,
    Held,
)
from tagweave.tags.networks import INTERNET, NETWORK_UNKNOWN
from tagweave.tags.table import Reach, Runs, Table

if TYPE_CHECKING:
    from tagweave.tags.index import Key, TagIndex

I32 = npt.NDArray[np.int32]
I64 = npt.NDArray[np.int64]
U64 = npt.NDArray[np.uint64]

_REASON_OF = {
    table.ABSENT: UNKNOWN_ADDRESS,
    table.NOBODY: NOT_THEN,
    table.AMBIGUOUS: AMBIGUOUS,
    table.ELSEWHERE: OUT_OF_REACH,
}
_LOW = (1 << 64) - 1
_FAR = 2**31 - 1
_SMALL_DELTA = 1 << 14


class Compiled(NamedTuple):
    """The tables of an index. Immutable."""

    owner: "TagIndex"
    base: Table
    delta: Table | None
    prefixes: tuple[tuple[int, Table], ...]
    reach: Reach

    @classmethod
    def of(cls, index: "TagIndex") -> Self:
        """Compile all claims of an index."""
        by_length: defaultdict[int, list[Key]] = defaultdict(list)
        for key in index.addresses:
            by_length[key[0]].append(key)
        base = table.build(runs(index, by_length.pop(128, [])))
        prefixes = tuple(
            (length, table.build(runs(index, keys))) for length, keys in sorted(by_length.items(), reverse=True)
        )
        return cls(index, base, None, prefixes, _reach(index))

    def updated(self, changed: Iterable["Key"]) -> Self:
        """The tables once the claims of some addresses and prefixes have changed; these stay as they are.

        What changed goes to the delta; a delta that has grown to a part of the base becomes part of it.
        """
        by_length: defaultdict[int, list[Key]] = defaultdict(list)
        for key in changed:
            by_length[key[0]].append(key)
        base, delta = self.base, self.delta
        fresh = runs(self.owner, by_length.pop(128, []))
        if len(fresh.hi):
            delta = table.build(fresh) if delta is None else table.merged(delta, fresh)
            if delta.keys > max(_SMALL_DELTA, base.keys // 8):
                base, delta = table.merged(base, delta.runs), None
        prefixes = dict(self.prefixes)
        for length, keys in by_length.items():
            some = runs(self.owner, keys)
            prefixes[length] = table.merged(prefixes[length], some) if length in prefixes else table.build(some)
        reach = self.reach if len(self.reach.start) == len(self.owner.networks) + 1 else _reach(self.owner)
        return self._replace(
            base=base, delta=delta, prefixes=tuple(sorted(prefixes.items(), reverse=True)), reach=reach
        )

    # ---- the join

    def find(self, ends: Endpoints) -> Found:
        """The tagset of each end as of its time, and why where there is none."""
        tagsets = table.find(self.base, ends.hi, ends.lo, ends.at, ends.network)
        if self.delta is not None:
            changed = np.flatnonzero(table.contains(self.delta, ends.hi, ends.lo))
            tagsets[changed] = table.find(
                self.delta, ends.hi[changed], ends.lo[changed], ends.at[changed], ends.network[changed]
            )
        if not ends.valid.all():
            tagsets[~ends.valid] = 0
        reasons = np.zeros(len(tagsets), np.uint8)
        rest = np.flatnonzero(tagsets == 0)
        if len(rest):
            tagsets[rest], reasons[rest] = self._find_slowly(ends, rest)
        for rule, values in reversed(ends.keys):
            self._by_name(ends, rule, values, tagsets, reasons)
        return Found(tagsets, reasons)

    def _find_slowly(self, ends: Endpoints, rest: I64) -> tuple[I32, npt.NDArray[np.uint8]]:
        hi, lo, network = ends.hi[rest], ends.lo[rest], ends.network[rest]
        found, by_range = self._decide(hi, lo, ends.at[rest], network)
        if ends.until is not None:
            again = np.flatnonzero((found != table.AMBIGUOUS) & ((found <= 0) | by_range))
            later, range_then = self._decide(hi[again], lo[again], ends.until[rest][again], network[again])
            better = (later > 0) & ((found[again] <= 0) | ~range_then)
            found[again[better]] = later[better]
        reasons = np.zeros(len(rest), np.uint8)
        for code, reason in _REASON_OF.items():
            reasons[found == code] = reason
        absent = found == table.ABSENT
        reasons[absent & _special(hi, lo)] = SPECIAL
        unknown = network == NETWORK_UNKNOWN
        reasons[unknown] = UNKNOWN_NETWORK
        invalid = ~ends.valid[rest]
        reasons[invalid] = NO_ADDRESS
        found[unknown | invalid] = 0
        return np.maximum(found, 0), reasons

    def _decide(self, hi: U64, lo: U64, at: I64, network: I32) -> tuple[I32, BoolArray]:
        """The nearest tier decides; within one, an exact address before a prefix, a longer one first.

        Also, of each, whether it is a prefix that decided.
        """
        within = np.where(network == NETWORK_UNKNOWN, 0, network).astype(np.int32)
        owner = self.owner.tagsets.column("owner")
        found, tier, _ = table.find_all(self.base, self.reach, owner, hi, lo, at, within)
        by_range = np.zeros(len(found), np.bool_)
        if self.delta is not None:
            changed = np.flatnonzero(table.contains(self.delta, hi, lo))
            found[changed], tier[changed], _ = table.find_all(
                self.delta, self.reach, owner, hi[changed], lo[changed], at[changed], within[changed]
            )
        open_ends = np.flatnonzero((tier != 0) & (within != 0))
        if len(open_ends) and self.prefixes:
            by_prefix, prefix_tier = self._by_prefix(hi[open_ends], lo[open_ends], at[open_ends], within[open_ends])
            nearer = prefix_tier < np.where(tier[open_ends] < 0, _FAR, tier[open_ends])
            take = nearer & ((by_prefix > 0) | (by_prefix == table.AMBIGUOUS))
            found[open_ends[take]] = by_prefix[take]
            by_range[open_ends[take]] = True
        return found, by_range

    def _by_prefix(self, hi: U64, lo: U64, at: I64, network: I32) -> tuple[I32, I32]:
        best = np.zeros(len(hi), np.int32)
        best_tier = np.full(len(hi), _FAR, np.int32)
        best_network = np.zeros(len(hi), np.int32)
        owner = self.owner.tagsets.column("owner")
        for length, held in self.prefixes:
            high, low = _masked(hi, lo, length)
            found, tier, where = table.find_all(held, self.reach, owner, high, low, at, network)
            hit = (found > 0) | (found == table.AMBIGUOUS)
            nearer = hit & (tier < best_tier)
            rival = hit & (tier == best_tier) & ((where != best_network) | (found == table.AMBIGUOUS))
            best[nearer], best_tier[nearer], best_network[nearer] = found[nearer], tier[nearer], where[nearer]
            best[rival] = table.AMBIGUOUS
        return best, best_tier

    def _by_name(
        self, ends: Endpoints, rule: str, values: pa.StringArray, tagsets: I32, reasons: npt.NDArray[np.uint8]
    ) -> None:
        """Ends that carry a name are what it means; the address decides where it means nothing."""
        coded = values.dictionary_encode()
        keys = coded.dictionary.to_pylist()
        codes = coded.indices.fill_null(-1).to_numpy(zero_copy_only=False)
        known: dict[tuple[int, int, int], tuple[int, int]] = {}
        for i in np.flatnonzero(codes >= 0):
            at, network = int(ends.at[i]), int(ends.network[i])
            probe = (int(codes[i]), at, network)
            answer = known.get(probe)
            if answer is None:
                with self.owner.lock:
                    answer = known[probe] = self.owner.name_tagset(rule, keys[probe[0]], at, network)
            if answer[0]:
                tagsets[i], reasons[i] = answer
            elif not tagsets[i] and reasons[i] in (NO_ADDRESS, MATCHED):
                reasons[i] = answer[1]


def runs(index: "TagIndex", keys: Iterable["Key"]) -> Runs:
    """The runs of some addresses of an index, in the order that tables are built from."""
    hi: list[int] = []
    lo: list[int] = []
    network: list[int] = []
    start: list[int] = []
    length: list[int] = []
    times: list[int] = []
    values: list[int] = []
    for key in keys:
        claims = index.addresses[key]
        if len(claims) == 1 and len(claims[0].rows) == 1:
            claim = claims[0]
            hi.append(key[1] >> 64)
            lo.append(key[1] & _LOW)
            network.append(claim.network)
            start.append(len(times))
            times.append(claim.start)
            values.append(index.sole(claim))
            if claim.end != FOREVER:
                times.append(claim.end)
                values.append(0)
            length.append(len(times) - start[-1])
            continue
        networks = sorted({c.network for c in claims}) or [INTERNET]  # a key whose claims are all gone hides the base's
        for where in networks:
            mine = [c for c in claims if c.network == where] if len(networks) > 1 else claims
            first = len(times)
            for at, tagset in breakpoints(index.resolve(mine)):
                times.append(at)
                values.append(tagset)
            hi.append(key[1] >> 64)
            lo.append(key[1] & _LOW)
            network.append(where)
            start.append(first)
            length.append(len(times) - first)
    return Runs(
        np.array(hi, np.uint64),
        np.array(lo, np.uint64),
        np.array(network, np.int32),
        np.array(start, np.int64),
        np.array(length, np.int64),
        np.array(times, np.int64),
        np.array(values, np.uint32),
    )


def breakpoints(held: Iterable[Held]) -> Iterator[tuple[int, int]]:
    """Disjoint ascending pieces as (time, tagset from then on); 0 where nobody held the address."""
    until = None
    for piece in held:
        if until is not None and until < piece.start:
            yield until, 0
        yield piece.start, piece.tagset
        until = piece.end
    if until is not None and until != FOREVER:
        yield until, 0


def _reach(index: "TagIndex") -> Reach:
    start: list[int] = [0]
    network: list[int] = []
    tier: list[int] = []
    for own in range(len(index.networks)):
        tiers = index.networks.reach(own) if own else []
        rows = sorted((other, t) for t, members in enumerate(tiers) for other in members)
        network.extend(other for other, _ in rows)
        tier.extend(t for _, t in rows)
        start.append(len(network))
    return Reach(np.array(start, np.int64), np.array(network, np.int32), np.array(tier, np.int32))


def _masked(hi: U64, lo: U64, length: int) -> tuple[U64, U64]:
    mask = ((1 << length) - 1) << (128 - length)
    return hi & np.uint64(mask >> 64), lo & np.uint64(mask & _LOW)


def _special(hi: U64, lo: U64) -> BoolArray:
    """Loopback, unspecified, link-local, multicast and broadcast addresses, of both families."""
    v4 = (hi == 0) & (lo >> np.uint64(32) == 0xFFFF)
    word = lo & np.uint64(0xFFFFFFFF)
    top = word >> np.uint64(24)
    special4 = (top == 127) | (top == 0) | (top >= 224) | (word >> np.uint64(16) == 0xA9FE)
    v6_low = (hi == 0) & (lo <= 1)
    special6 = v6_low | (hi >> np.uint64(54) == 0x3FA) | (hi >> np.uint64(56) == 0xFF)
    special: BoolArray = (v4 & special4) | (~v4 & special6)
    return special
