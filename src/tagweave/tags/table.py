"""A compiled table: (128-bit key, network, time) → tagset id, one cache line for a look-up.

The keys are placed by a perfect hash, so a look-up reads a 16-bit seed (the seeds of a million keys fit in a
core's L2 cache) and then exactly one 64-byte record, which holds the key, its network and up to five
breakpoints: from the time of breakpoint k until that of k + 1 the tagset is value k; value 0 is nobody. A key
with more breakpoints or with several networks has its record point at runs instead. Look-ups of a batch
prefetch their records well ahead, so that the misses overlap. Kernels hold no lock and no GIL.

A record, as sixteen 32-bit words:

    0-3   the key: high and low 64 bits
    4     the network, or MANY
    5     the index of its first breakpoint, or of its first run
    6-10  times of the breakpoints in units of 2^30 ns, NO_TIME where there is none; or word 6 is how many runs
    11-15 values of the breakpoints

Times of records are coarse: where the asked time falls in the same unit as a breakpoint, the exact times in
`Runs.times` decide.
"""

from typing import Final, NamedTuple

import numpy as np
import numpy.typing as npt
from llvmlite import ir
from numba import types
from numba.core import cgutils
from numba.extending import intrinsic

from tagweave.kernels import njit

U64 = npt.NDArray[np.uint64]
U32 = npt.NDArray[np.uint32]
I64 = npt.NDArray[np.int64]
I32 = npt.NDArray[np.int32]
U16 = npt.NDArray[np.uint16]

MANY: Final = np.uint32(0xFFFFFFFF)
NO_TIME: Final = np.uint32(0xFFFFFFFF)
_LAST_UNIT: Final = np.uint64(0xFFFFFFFE)
_INLINE: Final = 5
_LOAD: Final = 0.8
_KEYS_PER_SEED: Final = 4
_AHEAD: Final = 24
_RING: Final = 64

ANY_NETWORK: Final = -1
ABSENT, NOBODY, AMBIGUOUS, ELSEWHERE = 0, -1, -2, -3
"""What a full look-up answers when it has no tagset: the key is in no network at all; nobody held it at
that time in the networks that count; several networks hold it; it is held only where it cannot be reached."""


class Runs(NamedTuple):
    """What a table is built from: for each run its key and network, and where its breakpoints lie.

    Runs of one key are adjacent, its networks in ascending order and distinct; breakpoints of a run ascend.
    A key whose only run has no breakpoints is no key any more: it hides that of the base.
    """

    hi: U64
    lo: U64
    network: I32
    start: I64
    length: I64
    times: I64
    values: U32


class Table(NamedTuple):
    """The arrays of a compiled table, and what it was built from. Immutable once built."""

    salt: np.uint64
    seeds: U16
    records: U64  # (capacity * 8,), aligned to 64 bytes
    words: U32  # the same memory
    runs: Runs
    keys: int


class Reach(NamedTuple):
    """Which networks an address in a network may lie in: for network w, rows start[w]:start[w+1].

    Rows of a network are in ascending order of `network`; a smaller `tier` is nearer.
    """

    start: I64
    network: I32
    tier: I32


def build(runs: Runs) -> Table:
    """Compile runs into a table."""
    count = len(runs.hi)
    first = np.ones(count, np.bool_)
    first[1:] = (runs.hi[1:] != runs.hi[:-1]) | (runs.lo[1:] != runs.lo[:-1])
    head = np.flatnonzero(first)
    networks = np.diff(np.append(head, count))
    hi, lo = runs.hi[head], runs.lo[head]
    salt, seeds, place, capacity = _perfect_hash(hi, lo)
    records = _aligned(capacity * 8)
    words = records.view(np.uint32)
    _fill(words, place, hi, lo, head, networks, runs.network, runs.start, runs.length, runs.times, runs.values)
    return Table(salt, seeds, records, words, runs, len(head))


def merged(table: Table, changed: Runs) -> Table:
    """A table with other runs for the keys in `changed`; both are left as they are."""
    if not len(changed.hi):
        return table
    old = table.runs
    kept = ~contains(build(changed), old.hi, old.lo)
    start = np.concatenate([old.start[kept], changed.start + len(old.times)])
    return build(
        _packed(
            np.concatenate([old.hi[kept], changed.hi]),
            np.concatenate([old.lo[kept], changed.lo]),
            np.concatenate([old.network[kept], changed.network]),
            start,
            np.concatenate([old.length[kept], changed.length]),
            np.concatenate([old.times, changed.times]),
            np.concatenate([old.values, changed.values]),
        )
    )


def _packed(hi: U64, lo: U64, network: I32, start: I64, length: I64, times: I64, values: U32) -> Runs:
    """Runs whose breakpoints lie one after the other, without those that belong to none."""
    packed = np.cumsum(length) - length
    take = np.repeat(start - packed, length) + np.arange(int(length.sum()))
    return Runs(hi, lo, network, packed, length, times[take], values[take])


def find(table: Table, hi: U64, lo: U64, at: I64, network: I32) -> I32:
    """The tagset of each probe by its record alone; 0 where that does not decide (ask `find_all`)."""
    out = np.empty(len(hi), np.int32)
    _find(table.salt, table.seeds, table.records, table.words, table.runs.times, hi, lo, at, network, out)
    return out


def find_all(table: Table, reach: Reach, owner: I32, hi: U64, lo: U64, at: I64, network: I32) -> tuple[I32, I32, I32]:
    """The tagset (or ABSENT, NOBODY, AMBIGUOUS, ELSEWHERE), the tier and the network of each probe.

    `owner` is that of each tagset: what one owner holds in several networks is its, and is not ambiguous.
    """
    out = np.empty((3, len(hi)), np.int32)
    _find_all(
        table.salt,
        table.seeds,
        table.records,
        table.words,
        table.runs.times,
        table.runs.values,
        table.runs.network,
        table.runs.start,
        table.runs.length,
        reach.start,
        reach.network,
        reach.tier,
        owner,
        hi,
        lo,
        at,
        network,
        out,
    )
    return out[0], out[1], out[2]


def contains(table: Table, hi: U64, lo: U64) -> npt.NDArray[np.bool_]:
    """Whether each key is in the table at all."""
    out = np.empty(len(hi), np.bool_)
    _contains(table.salt, table.seeds, table.records, hi, lo, out)
    return out


def _aligned(length: int) -> U64:
    raw = np.zeros(length * 8 + 64, np.uint8)
    offset = -raw.ctypes.data % 64
    return raw[offset : offset + length * 8].view(np.uint64)


def _perfect_hash(hi: U64, lo: U64) -> tuple[np.uint64, U16, I64, int]:
    capacity = max(int(len(hi) / _LOAD), len(hi) + 1)
    buckets = max(len(hi) // _KEYS_PER_SEED, 1)
    for salt in range(64):
        hashes = _hash_all(np.uint64(salt), hi, lo)
        seeds, place, done = _seek_seeds(hashes, buckets, capacity)
        if done:
            return np.uint64(salt), seeds, place, capacity
    raise ValueError(f"no perfect hash for {len(hi)} keys: are two of them equal?")


@intrinsic
def _prefetch(_typing: object, array: object, index: object) -> object:  # noqa: ARG001 - numba binds by name
    """Ask the processor for the cache line of array[index]: LLVM's llvm.prefetch, read, keep in all levels."""

    def generate(context, builder, signature, arguments):  # type: ignore[no-untyped-def] # noqa: ANN001, ANN202
        view = context.make_array(signature.args[0])(context, builder, arguments[0])
        byte = ir.IntType(8).as_pointer()
        pointer = builder.bitcast(builder.gep(view.data, [arguments[1]]), byte)
        word = ir.IntType(32)
        kind = ir.FunctionType(ir.VoidType(), [byte, word, word, word])
        call = cgutils.get_or_insert_function(builder.module, kind, "llvm.prefetch.p0i8")
        builder.call(call, [pointer, word(0), word(3), word(1)])
        return context.get_dummy_value()

    return types.void(array, types.uint64), generate


@njit(inline="always")
def _mix(salt: np.uint64, hi: np.uint64, lo: np.uint64) -> np.uint64:
    """64 well-mixed bits of a key (the finaliser of SplitMix64 over both halves)."""
    h = (lo ^ ((hi + salt) * np.uint64(0x9E3779B97F4A7C15))) * np.uint64(0xBF58476D1CE4E5B9)
    h ^= h >> np.uint64(31)
    h *= np.uint64(0x94D049BB133111EB)
    return h ^ (h >> np.uint64(29))


@njit(inline="always")
def _bucket(h: np.uint64, buckets: np.uint64) -> np.uint64:
    return ((h >> np.uint64(32)) * buckets) >> np.uint64(32)


@njit(inline="always")
def _place(h: np.uint64, seed: np.uint64, capacity: np.uint64) -> np.uint64:
    x = h ^ (seed * np.uint64(0x9E3779B97F4A7C15))
    x ^= x >> np.uint64(32)
    x *= np.uint64(0xD6E8FEB86659FD93)
    return ((x >> np.uint64(32)) * capacity) >> np.uint64(32)


@njit(inline="always")
def _unit(at: np.int64) -> np.uint32:
    """The coarse unit of a time; all that lies before 1970 or after 2116 shares the first or last one."""
    if at < 0:
        return np.uint32(0)
    return np.uint32(min(np.uint64(at) >> np.uint64(30), _LAST_UNIT))


@njit(cache=True)
def _hash_all(salt: np.uint64, hi: U64, lo: U64) -> U64:
    out = np.empty(len(hi), np.uint64)
    for i in range(len(hi)):
        out[i] = _mix(salt, hi[i], lo[i])
    return out


@njit(cache=True)
def _seek_seeds(hashes: U64, buckets: int, capacity: int) -> tuple[U16, I64, bool]:
    """For each bucket, the largest first, the first seed that puts its keys on free places."""
    n = len(hashes)
    start = np.zeros(buckets + 1, np.int64)
    for i in range(n):
        start[_bucket(hashes[i], np.uint64(buckets)) + np.uint64(1)] += 1
    largest = start.max()
    start = np.cumsum(start)
    member = np.empty(n, np.int64)
    fill = start[:-1].copy()
    for i in range(n):
        b = _bucket(hashes[i], np.uint64(buckets))
        member[fill[b]] = i
        fill[b] += 1
    used = np.zeros(capacity, np.bool_)
    trial = np.empty(largest + 1, np.int64)
    seeds = np.zeros(buckets, np.uint16)
    place = np.empty(n, np.int64)
    for b in np.argsort(start[:-1] - start[1:]):
        size = start[b + 1] - start[b]
        if size == 0:
            break
        seed = 0
        while seed < 65536:
            free = True
            for k in range(size):
                at = np.int64(_place(hashes[member[start[b] + k]], np.uint64(seed), np.uint64(capacity)))
                trial[k] = at
                if used[at]:
                    free = False
                for other in range(k):
                    if trial[other] == at:
                        free = False
                if not free:
                    break
            if free:
                break
            seed += 1
        if seed == 65536:
            return seeds, place, False
        seeds[b] = seed
        for k in range(size):
            used[trial[k]] = True
            place[member[start[b] + k]] = trial[k]
    return seeds, place, True


@njit(cache=True)
def _fill(
    words: U32,
    place: I64,
    hi: U64,
    lo: U64,
    head: I64,
    networks: I64,
    network: I32,
    start: I64,
    length: I64,
    times: I64,
    values: U32,
) -> None:
    for i in range(len(head)):
        w = place[i] * 16
        words[w] = np.uint32(hi[i] & np.uint64(0xFFFFFFFF))
        words[w + 1] = np.uint32(hi[i] >> np.uint64(32))
        words[w + 2] = np.uint32(lo[i] & np.uint64(0xFFFFFFFF))
        words[w + 3] = np.uint32(lo[i] >> np.uint64(32))
        run = head[i]
        if networks[i] > 1 or length[run] > _INLINE or length[run] == 0:
            words[w + 4] = MANY
            words[w + 5] = np.uint32(run)
            words[w + 6] = np.uint32(0 if networks[i] == 1 and length[run] == 0 else networks[i])
            continue
        words[w + 4] = np.uint32(network[run])
        words[w + 5] = np.uint32(start[run])
        for k in range(_INLINE):
            words[w + 6 + k] = NO_TIME
            if k < length[run]:
                words[w + 6 + k] = _unit(times[start[run] + k])
                words[w + 11 + k] = values[start[run] + k]


@njit(nogil=True, cache=True)
def _find(
    salt: np.uint64,
    seeds: U16,
    records: U64,
    words: U32,
    times: I64,
    hi: U64,
    lo: U64,
    at: I64,
    network: I32,
    out: I32,
) -> None:
    n = len(hi)
    buckets = np.uint64(len(seeds))
    capacity = np.uint64(len(records) // 8)
    ring = np.empty(_RING, np.uint64)
    last = np.uint64(_RING - 1)
    for ahead in range(n + _AHEAD):
        if ahead < n:
            h = _mix(salt, hi[ahead], lo[ahead])
            r = _place(h, np.uint64(seeds[_bucket(h, buckets)]), capacity) * np.uint64(8)
            ring[np.uint64(ahead) & last] = r
            _prefetch(records, r)
        i = ahead - _AHEAD
        if i < 0:
            continue
        r = ring[np.uint64(i) & last]
        w = r * np.uint64(2)
        unit = _unit(at[i])
        t0, t1, t2 = words[w + np.uint64(6)], words[w + np.uint64(7)], words[w + np.uint64(8)]
        t3, t4 = words[w + np.uint64(9)], words[w + np.uint64(10)]
        k = np.uint64(t0 <= unit) + np.uint64(t1 <= unit) + np.uint64(t2 <= unit)
        k += np.uint64(t3 <= unit) + np.uint64(t4 <= unit)
        tie = (t0 == unit) | (t1 == unit) | (t2 == unit) | (t3 == unit) | (t4 == unit)
        where = words[w + np.uint64(4)]
        same = (records[r] == hi[i]) & (records[r + np.uint64(1)] == lo[i]) & (where != MANY)
        same &= (network[i] == ANY_NETWORK) | (network[i] == np.int32(where))
        if tie & same:
            exact = np.uint64(words[w + np.uint64(5)])
            k = np.uint64(0)
            for x in range(_INLINE):
                if words[w + np.uint64(6 + x)] != NO_TIME:
                    k += np.uint64(times[exact + np.uint64(x)] <= at[i])
        found = np.int32(same) & np.int32(k > np.uint64(0))
        out[i] = np.int32(words[w + np.uint64(10) + k]) * found


@njit(inline="always")
def _record(salt: np.uint64, seeds: U16, records: U64, hi: np.uint64, lo: np.uint64) -> tuple[np.uint64, bool]:
    h = _mix(salt, hi, lo)
    capacity = np.uint64(len(records) // 8)
    seed = np.uint64(seeds[_bucket(h, np.uint64(len(seeds)))])
    r = _place(h, seed, capacity) * np.uint64(8)
    held = (records[r] == hi) & (records[r + np.uint64(1)] == lo)
    return r, held & (np.uint32(records[r + np.uint64(2)]) != 0)


@njit(nogil=True, cache=True)
def _contains(salt: np.uint64, seeds: U16, records: U64, hi: U64, lo: U64, out: npt.NDArray[np.bool_]) -> None:
    for i in range(len(hi)):
        _, out[i] = _record(salt, seeds, records, hi[i], lo[i])


@njit(inline="always")
def _as_of(times: I64, values: U32, start: int, length: int, at: np.int64) -> np.int32:
    low, high = start, start + length
    while low < high:
        middle = (low + high) // 2
        if times[middle] <= at:
            low = middle + 1
        else:
            high = middle
    return np.int32(values[low - 1]) if low > start else np.int32(0)


@njit(inline="always")
def _tier(reach_start: I64, reach_network: I32, reach_tier: I32, own: np.int32, other: np.int32) -> np.int32:
    """How near `other` is to `own`, or -1 where it cannot be reached."""
    low, high = reach_start[own], reach_start[own + 1]
    end = high
    while low < high:
        middle = (low + high) // 2
        if reach_network[middle] < other:
            low = middle + 1
        else:
            high = middle
    if low < end and reach_network[low] == other:
        return reach_tier[low]
    return np.int32(-1)


@njit(nogil=True, cache=True)
def _find_all(
    salt: np.uint64,
    seeds: U16,
    records: U64,
    words: U32,
    times: I64,
    values: U32,
    run_network: I32,
    run_start: I64,
    run_length: I64,
    reach_start: I64,
    reach_network: I32,
    reach_tier: I32,
    owner: I32,
    hi: U64,
    lo: U64,
    at: I64,
    network: I32,
    out: I32,
) -> None:
    """The nearest tier with a holder decides; two owners in networks of that tier are ambiguous.

    Of the networks in which one owner holds it, the last counts: that is not the internet, which comes first.
    """
    for i in range(len(hi)):
        out[0, i], out[1, i], out[2, i] = ABSENT, -1, -1
        r, held = _record(salt, seeds, records, hi[i], lo[i])
        if not held:
            continue
        w = r * np.uint64(2)
        many = words[w + np.uint64(4)] == MANY
        first = np.int64(words[w + np.uint64(5)])
        runs = np.int64(words[w + np.uint64(6)]) if many else np.int64(1)
        if runs == 0:
            continue
        best = np.int32(2147483647)
        reached = False
        for k in range(runs):
            if many:
                where = run_network[first + k]
                start, length = run_start[first + k], run_length[first + k]
            else:
                where = np.int32(words[w + np.uint64(4)])
                start, length = first, np.int64(0)
                while length < _INLINE and words[w + np.uint64(6 + length)] != NO_TIME:
                    length += 1
            tier = np.int32(0)
            if network[i] != ANY_NETWORK and where != network[i]:
                tier = _tier(reach_start, reach_network, reach_tier, network[i], where)
            if tier < 0 or tier > best:
                continue
            reached = True
            tagset = _as_of(times, values, start, length, at[i])
            if tagset == 0:
                continue
            if tier == best and (out[0, i] == AMBIGUOUS or owner[out[0, i]] != owner[tagset]):
                out[0, i] = AMBIGUOUS
            else:
                best = tier
                out[0, i], out[1, i], out[2, i] = tagset, tier, where
        if best == 2147483647:
            out[0, i] = NOBODY if reached else ELSEWHERE
