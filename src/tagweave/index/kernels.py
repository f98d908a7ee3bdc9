"""The loops of a tag index: one source that Python interprets for one row and numba compiles for many.

This file is loaded twice. As `tagweave.index.kernels` its functions are plain Python over NumPy scalars: a
look-up of one address takes less than a millisecond, and numba, which is slow to import, is not. As its twin (see
`compiled`) they are machine code that holds no GIL. Both compute the same, since they are the same lines; they
must be written so that both can read them:

- every number has its type: `np.uint64(3)`, never `3`, beside an unsigned number;
- what is read from a file may be damaged: an index from it is checked before it is used;
- no closures, no exceptions, no allocation in a loop;
- arrays are taken out of their tuple before the loop: numba counts references each time.

A table's records (64 bytes, one cache line, sixteen 32-bit words) are drawn in docs/index-format.md.
"""

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Final, NamedTuple, TypeVar

import numpy as np

from tagweave.index.columns import I32, I64, U8, U16, U32, U64, Bools

COMPILED: Final = __name__.endswith("_compiled")
"""Whether this is the twin."""

F = TypeVar("F", bound=Callable[..., Any])
Number = int | np.int64 | np.int32

if TYPE_CHECKING or not COMPILED:

    def kernel(function: F) -> F:
        """A loop over many rows that is called from outside."""
        return function

    def helper(function: F) -> F:
        """A part of a kernel."""
        return function

    def inlined(function: F) -> F:
        """A small part of a kernel that is compiled as if it stood there."""
        return function

    def _prefetch(array: U64, index: np.uint64) -> None:
        """Ask the processor for the cache line of array[index]."""

    def _word(data: U8, index: int) -> np.uint64:
        """The eight bytes from data[index] on as a little-endian number; all of them must be there."""
        return np.uint64(int.from_bytes(data[index : index + 8].tobytes(), "little"))

else:
    from tagweave.index.compiled import helper, inlined, kernel
    from tagweave.index.compiled import prefetch as _prefetch
    from tagweave.index.compiled import word as _word

MANY: Final = np.uint32(0xFFFFFFFF)
"""In the place of a record's network: there are several runs, or more breakpoints than fit."""
EMPTY: Final = np.uint32(0x80000000)
"""In the place of a record's network: there is no record."""
NO_TIME: Final = np.uint32(0xFFFFFFFF)
INLINE: Final = 5
"""How many breakpoints fit into a record."""

ABSENT, NOBODY, SEVERAL_HOLD, ELSEWHERE = 0, -1, -2, -3
"""What a full look-up answers where it has no tagset: the key is in no network at all; nobody held it at that
time in the networks that count; several do; it is held only where it cannot be reached."""
FAR: Final = 2147483647
"""The tier of what was not found."""

_LAST_UNIT: Final = np.uint64(0xFFFFFFFE)
_LOW_HALF: Final = np.uint64(0xFFFFFFFF)
_GOLDEN: Final = np.uint64(0x9E3779B97F4A7C15)
_0, _1, _2, _8 = np.uint64(0), np.uint64(1), np.uint64(2), np.uint64(8)
_4, _5, _6, _7 = np.uint64(4), np.uint64(5), np.uint64(6), np.uint64(7)
_10, _11, _16, _32 = np.uint64(10), np.uint64(11), np.uint64(16), np.uint64(32)
_AHEAD: Final = 24
_RING: Final = 64


class Table(NamedTuple):
    """A table as kernels see it: a perfect hash of keys to records, their runs, and the runs' breakpoints.

    `words` is the memory of `records`. Breakpoint k of a run: from `time[k]` on the key means the tagset
    `value[k] & TAGSET_BITS`, 0 for nobody, whose owner is `owner[that]`.
    """

    salt: U64  # (1,)
    seeds: U16
    records: U64  # (capacity * 8,)
    words: U32  # (capacity * 16,)
    network: I32  # by run
    first: I64
    length: I32
    time: I64  # by breakpoint
    value: U32
    owner: I32  # by tagset


class Ports(NamedTuple):
    """Sets of ports as kernels see them: the rows of a key, which do not overlap, say what is picked when."""

    key: U64
    start: I64
    end: I64
    pick: I32
    slots: I32


class Reach(NamedTuple):
    """Networks as kernels see them (`networks.Networks.reach`).

    Row n of `spaces` is a network: its id, ascending, its first home and its first group in `links`; the last row holds
    the ends. Rows of `links` are (VPC or group, since, until): first all homes, then all groups.
    """

    spaces: I64  # (networks + 1, 3)
    links: I64  # (links, 3)


# ---- hashing


@inlined
def mix(salt: np.uint64, hi: np.uint64, lo: np.uint64) -> np.uint64:
    """64 well-mixed bits of a key (the finaliser of SplitMix64 over both halves)."""
    h = (lo ^ ((hi + salt) * _GOLDEN)) * np.uint64(0xBF58476D1CE4E5B9)
    h ^= h >> np.uint64(31)
    h *= np.uint64(0x94D049BB133111EB)
    return h ^ (h >> np.uint64(29))


@inlined
def salted(salt: np.uint64, mark: np.uint64) -> np.uint64:
    """The salt for keys with a mark: 0, or 1 and the length of a prefix."""
    return salt + mark * np.uint64(0xD1342543DE82EF95)


@inlined
def bucket(h: np.uint64, buckets: np.uint64) -> np.uint64:
    """Which seed a key has."""
    return ((h >> _32) * buckets) >> _32


@inlined
def place(h: np.uint64, seed: np.uint64, capacity: np.uint64) -> np.uint64:
    """Which record a key has, by its seed."""
    x = h ^ (seed * _GOLDEN)
    x ^= x >> _32
    x *= np.uint64(0xD6E8FEB86659FD93)
    return ((x >> _32) * capacity) >> _32


@inlined
def unit(at: np.int64) -> np.uint32:
    """The coarse unit (2^30 ns) of a time; what lies before 1970 or after 2106 shares the first or last one."""
    if at < 0:
        return np.uint32(0)
    return np.uint32(min(np.uint64(at) >> np.uint64(30), _LAST_UNIT))


@kernel
def hash_keys(salt: np.uint64, hi: U64, lo: U64, mark: U8) -> U64:
    """The hashes of keys."""
    out = np.empty(len(hi), np.uint64)
    for i in range(len(hi)):
        out[i] = mix(salted(salt, np.uint64(mark[i])), hi[i], lo[i])
    return out


@kernel
def seek_seeds(hashes: U64, buckets: int, capacity: int) -> tuple[U16, I64, bool]:
    """For each bucket, the largest first, the first seed that puts its keys on free places."""
    n = len(hashes)
    start = np.zeros(buckets + 1, np.int64)
    for i in range(n):
        start[np.int64(bucket(hashes[i], np.uint64(buckets))) + 1] += 1
    largest = start.max()
    by_size = np.zeros(largest + 2, np.int64)
    for b in range(buckets):
        by_size[largest - start[b + 1] + 1] += 1
    by_size = np.cumsum(by_size)
    order = np.empty(buckets, np.int64)
    for b in range(buckets):
        rank = largest - start[b + 1]
        order[by_size[rank]] = b
        by_size[rank] += 1
    start = np.cumsum(start)
    member = np.empty(n, np.int64)
    fill = start[:-1].copy()
    for i in range(n):
        mine = np.int64(bucket(hashes[i], np.uint64(buckets)))
        member[fill[mine]] = i
        fill[mine] += 1
    used = np.zeros(capacity, np.bool_)
    trial = np.empty(largest + 1, np.int64)
    seeds = np.zeros(buckets, np.uint16)
    places = np.empty(n, np.int64)
    for k in range(buckets):
        b = order[k]
        size = start[b + 1] - start[b]
        if size == 0:
            break
        seed = 0
        while seed < 65536:
            free = True
            for m in range(size):
                at = np.int64(place(hashes[member[start[b] + m]], np.uint64(seed), np.uint64(capacity)))
                trial[m] = at
                if used[at]:
                    free = False
                for other in range(m):
                    if trial[other] == at:
                        free = False
                if not free:
                    break
            if free:
                break
            seed += 1
        if seed == 65536:
            return seeds, places, False
        seeds[b] = seed
        for m in range(size):
            used[trial[m]] = True
            places[member[start[b] + m]] = trial[m]
    return seeds, places, True


@kernel
def fill_records(
    words: U32,
    places: I64,
    hi: U64,
    lo: U64,
    mark: U8,
    head: I64,
    runs: I64,
    network: I32,
    first: I64,
    length: I32,
    time: I64,
    value: U32,
) -> None:
    """Write the record of each key: `head` is its first run, `runs` how many it has."""
    for w in range(4, len(words), 16):
        words[w] = EMPTY
    for i in range(len(head)):
        w = places[i] * 16
        words[w] = np.uint32(hi[i] & _LOW_HALF)
        words[w + 1] = np.uint32(hi[i] >> _32)
        words[w + 2] = np.uint32(lo[i] & _LOW_HALF)
        words[w + 3] = np.uint32(lo[i] >> _32)
        run = head[i]
        if mark[i] > 0 or runs[i] > 1 or length[run] > INLINE or length[run] == 0:
            words[w + 4] = MANY
            words[w + 5] = np.uint32(run)
            words[w + 6] = np.uint32(0 if runs[i] == 1 and length[run] == 0 else runs[i])
            words[w + 7] = np.uint32(mark[i])
            continue
        words[w + 4] = np.uint32(np.int64(network[run]) & 0xFFFFFFFF)
        words[w + 5] = np.uint32(first[run])
        for k in range(INLINE):
            words[w + 6 + k] = NO_TIME
            if k < length[run]:
                words[w + 6 + k] = unit(time[first[run] + k])
                words[w + 11 + k] = value[first[run] + k]


# ---- names: SipHash-2-4 with 128 bits (https://www.aumasson.jp/siphash/siphash.pdf)


@helper
def _rotated(x: np.uint64, by: int) -> np.uint64:
    return (x << np.uint64(by)) | (x >> np.uint64(64 - by))


@helper
def _round(
    v0: np.uint64, v1: np.uint64, v2: np.uint64, v3: np.uint64
) -> tuple[np.uint64, np.uint64, np.uint64, np.uint64]:
    v0 = v0 + v1
    v2 = v2 + v3
    v1 = _rotated(v1, 13) ^ v0
    v3 = _rotated(v3, 16) ^ v2
    v0 = _rotated(v0, 32) + v3
    v2 = v2 + v1
    v3 = _rotated(v3, 21) ^ v0
    v1 = _rotated(v1, 17) ^ v2
    return v0, v1, _rotated(v2, 32), v3


@helper
def siphash(k0: np.uint64, k1: np.uint64, data: U8, start: int, end: int) -> tuple[np.uint64, np.uint64]:
    """The two halves of SipHash-2-4-128 of data[start:end]."""
    v0 = k0 ^ np.uint64(0x736F6D6570736575)
    v1 = k1 ^ np.uint64(0x646F72616E646F6D) ^ np.uint64(0xEE)
    v2 = k0 ^ np.uint64(0x6C7967656E657261)
    v3 = k1 ^ np.uint64(0x7465646279746573)
    size = end - start
    at = start
    while at + 8 <= end:
        m = _word(data, at)
        v3 ^= m
        v0, v1, v2, v3 = _round(v0, v1, v2, v3)
        v0, v1, v2, v3 = _round(v0, v1, v2, v3)
        v0 ^= m
        at += 8
    m = np.uint64(size & 0xFF) << np.uint64(56)
    if size >= 8:
        if at < end:
            m |= _word(data, end - 8) >> np.uint64(64 - 8 * (end - at))
    else:
        for k in range(end - at):
            m |= np.uint64(data[at + k]) << np.uint64(8 * k)
    v3 ^= m
    v0, v1, v2, v3 = _round(v0, v1, v2, v3)
    v0, v1, v2, v3 = _round(v0, v1, v2, v3)
    v0 ^= m
    v2 ^= np.uint64(0xEE)
    for _ in range(4):
        v0, v1, v2, v3 = _round(v0, v1, v2, v3)
    first = v0 ^ v1 ^ v2 ^ v3
    v1 ^= np.uint64(0xDD)
    for _ in range(4):
        v0, v1, v2, v3 = _round(v0, v1, v2, v3)
    return first, v0 ^ v1 ^ v2 ^ v3


@kernel
def name_keys(k0: np.uint64, k1: np.uint64, offsets: I64, data: U8, hi: U64, lo: U64) -> None:
    """The keys of texts: text i is data[offsets[i]:offsets[i + 1]]."""
    for i in range(len(hi)):
        start, end = offsets[i], offsets[i + 1]
        if start < 0 or end < start or end > len(data):
            start, end = 0, 0
        hi[i], lo[i] = siphash(k0, k1, data, start, end)


# ---- look-ups of whole keys

# A record is at word w = 2 r of `words` and at word r of `records`. Indices are unsigned: numba would otherwise
# check each for being negative.


@inlined
def _breakpoint(words: U32, time: I64, w: np.uint64, at: np.int64, same: bool) -> np.uint64:
    """How many breakpoints of a record are not after a time: by units, and exactly where the unit is the same.

    `same`: whether the record is that of the key at all.
    """
    t0, t1, t2 = words[w + _6], words[w + _7], words[w + _8]
    t3, t4 = words[w + np.uint64(9)], words[w + _10]
    now = unit(at)
    k = np.uint64(t0 <= now) + np.uint64(t1 <= now) + np.uint64(t2 <= now) + np.uint64(t3 <= now) + np.uint64(t4 <= now)
    if ((t0 == now) | (t1 == now) | (t2 == now) | (t3 == now) | (t4 == now)) & same:
        first = np.uint64(words[w + _5])
        k = _0
        for x in range(INLINE):
            point = first + np.uint64(x)
            if words[w + _6 + np.uint64(x)] != NO_TIME and point < np.uint64(len(time)):
                k += np.uint64(time[point] <= at)
    return k


@kernel
def find(
    table: Table,
    hi: U64,
    lo: U64,
    at: I64,
    network: I32,
    offset: int,
    base: int,
    tagsets: I32,
    flags: U8,
    pieces: I64,
) -> None:
    """The tagset of each probe by its record alone; 0 where that does not decide (ask `find_all`).

    Look-ups of a batch ask for their records well ahead, so that the misses overlap. `offset` is the view's first
    tagset of the segment, `base` its first breakpoint of the table; a piece is -1 where there is none.
    """
    n = len(hi)
    salt, seeds, records, words, time = table.salt[0], table.seeds, table.records, table.words, table.time
    buckets = np.uint64(len(seeds))
    capacity = np.uint64(len(records) // 8)
    ring = np.empty(_RING, np.uint64)
    last = np.uint64(_RING - 1)
    for ahead in range(n + _AHEAD):
        if ahead < n:
            h = mix(salt, hi[ahead], lo[ahead])
            r = place(h, np.uint64(seeds[bucket(h, buckets)]), capacity) * _8
            ring[np.uint64(ahead) & last] = r
            _prefetch(records, r)
        i = ahead - _AHEAD
        if i < 0:
            continue
        r = ring[np.uint64(i) & last]
        w = r * _2
        where = words[w + _4]
        same = (records[r] == hi[i]) & (records[r + _1] == lo[i]) & (where != MANY)
        same &= (network[i] == -1) | (np.uint32(network[i]) == where)
        k = _breakpoint(words, time, w, at[i], same)
        value = words[w + _10 + k]
        row = np.int32(value & np.uint32(0x3FFFFFFF)) * (np.int32(same) & np.int32(k > _0))
        tagsets[i] = row + np.int32(offset) * np.int32(row > 0)
        flags[i] = value >> np.uint32(30)
        pieces[i] = np.int64(words[w + _5]) + np.int64(k) + (base - 1)


@helper
def _held(
    salt: np.uint64, seeds: U16, records: U64, words: U32, hi: np.uint64, lo: np.uint64, mark: np.uint64
) -> tuple[np.uint64, bool]:
    """The word of `words` at which the record of a key lies, and whether it is there."""
    h = mix(salted(salt, mark), hi, lo)
    seed = np.uint64(seeds[bucket(h, np.uint64(len(seeds)))])
    r = place(h, seed, np.uint64(len(records) // 8)) * _8
    w = r * _2
    held = (records[r] == hi) & (records[r + _1] == lo) & (words[w + _4] != EMPTY)
    return w, held & ((mark == _0) | (words[w + _7] == np.uint32(mark)))


@kernel
def find_newer(
    table: Table,
    segment: int,
    hi: U64,
    lo: U64,
    at: I64,
    network: I32,
    offset: int,
    base: int,
    tagsets: I32,
    flags: U8,
    pieces: I64,
    segments: U8,
) -> None:
    """What `find` does, over answers of older segments: only where this segment has the key, which it notes."""
    n = len(hi)
    salt, seeds, records, words, time = table.salt[0], table.seeds, table.records, table.words, table.time
    buckets = np.uint64(len(seeds))
    capacity = np.uint64(len(records) // 8)
    ring = np.empty(_RING, np.uint64)
    last = np.uint64(_RING - 1)
    for ahead in range(n + _AHEAD):
        if ahead < n:
            h = mix(salt, hi[ahead], lo[ahead])
            r = place(h, np.uint64(seeds[bucket(h, buckets)]), capacity) * _8
            ring[np.uint64(ahead) & last] = r
            _prefetch(records, r)
        i = ahead - _AHEAD
        if i < 0:
            continue
        r = ring[np.uint64(i) & last]
        w = r * _2
        where = words[w + _4]
        if (records[r] != hi[i]) | (records[r + _1] != lo[i]) | (where == EMPTY):
            continue
        segments[i] = segment
        tagsets[i], flags[i], pieces[i] = 0, 0, -1
        if where == MANY or (network[i] != -1 and np.uint32(network[i]) != where):
            continue
        k = _breakpoint(words, time, w, at[i], True)
        value = words[w + _10 + k] if k > _0 else np.uint32(0)
        row = np.int32(value & np.uint32(0x3FFFFFFF))
        if row > 0:
            tagsets[i] = row + offset
            flags[i] = value >> np.uint32(30)
            pieces[i] = np.int64(words[w + _5]) + np.int64(k) - 1 + base


@helper
def _as_of(time: I64, first: Number, length: Number, at: np.int64) -> Any:  # noqa: ANN401 - a number
    """The breakpoint of a run that holds a time, -1 where there is none, or where the run is none."""
    if first < 0 or length < 0 or first > len(time) or first + length > len(time):
        return -1
    low, high = first, first + length
    while low < high:
        middle = (low + high) // 2
        if time[middle] <= at:
            low = middle + 1
        else:
            high = middle
    return low - 1 if low > first else -1


@helper
def _row(value: U32, owners: int, point: Number) -> Any:  # noqa: ANN401 - a number
    """The tagset of a breakpoint, 0 where that is none."""
    if point < 0 or point >= len(value):
        return 0
    row = np.int64(value[point] & np.uint32(0x3FFFFFFF))
    return row if row < owners else 0


@kernel
def find_all(  # noqa: PLR0915 - the record's own run, and all runs of a key
    table: Table,
    reach: Reach,
    rows: I64,
    hi: U64,
    lo: U64,
    at: I64,
    network: I32,
    offset: int,
    base: int,
    tagsets: I32,
    flags: U8,
    pieces: I64,
    states: I32,
    tiers: I32,
) -> None:
    """Some of the probes, through all runs of their keys; where they are not found, their state says why.

    The nearest tier with a holder decides; two owners in networks of that tier are several. Of the networks in which
    one owner holds it, the last counts: that is not the internet, which comes first.
    """
    salt, seeds, records, words = table.salt[0], table.seeds, table.records, table.words
    run_network, run_first, run_length = table.network, table.first, table.length
    time, value, owner = table.time, table.value, table.owner
    spaces, links = reach.spaces, reach.links
    buckets, capacity = np.uint64(len(seeds)), np.uint64(len(records) // 8)
    ring = np.empty(_RING, np.uint64)
    last = np.uint64(_RING - 1)
    n = len(rows)
    for ahead in range(n + _AHEAD):
        if ahead < n:
            i = rows[ahead]
            h = mix(salt, hi[i], lo[i])
            r = place(h, np.uint64(seeds[bucket(h, buckets)]), capacity) * _8
            ring[np.uint64(ahead) & last] = r
            _prefetch(records, r)
        if ahead < _AHEAD:
            continue
        i = rows[ahead - _AHEAD]
        r = ring[np.uint64(ahead - _AHEAD) & last]
        w = r * _2
        tagsets[i], flags[i], pieces[i], states[i], tiers[i] = 0, 0, -1, ABSENT, FAR
        place_ = words[w + _4]
        if (records[r] != hi[i]) | (records[r + _1] != lo[i]) | (place_ == EMPTY):
            continue
        first = np.int64(words[w + _5])
        if place_ != MANY:  # its one run lies in the record
            distance = tier(spaces, links, network[i], np.int32(place_), at[i])
            if distance < 0:
                states[i] = ELSEWHERE
                continue
            k = _breakpoint(words, time, w, at[i], True)
            said = words[w + _10 + k] if k > _0 else np.uint32(0)
            row = np.int64(said & np.uint32(0x3FFFFFFF))
            states[i] = NOBODY
            if 0 < row < len(owner):
                states[i], tiers[i] = 1, distance
                tagsets[i] = row + offset
                flags[i] = said >> np.uint32(30)
                pieces[i] = first + np.int64(k) - 1 + base
            continue
        runs = np.int64(words[w + _6])
        if runs == 0 or first + runs > len(run_network):
            continue
        best, row, found, reached = FAR, np.int64(0), np.int64(-1), False
        for run in range(first, first + runs):
            distance = tier(spaces, links, network[i], run_network[run], at[i])
            if distance < 0 or distance > best:
                continue
            reached = True
            point = _as_of(time, run_first[run], np.int64(run_length[run]), at[i])
            other = _row(value, len(owner), point)
            if other == 0:
                continue
            if distance == best and (row == 0 or owner[row] != owner[other]):
                row = np.int64(0)
            else:
                best, row, found = distance, other, point
        tiers[i] = best
        if row > 0:
            states[i] = 1
            tagsets[i] = row + offset
            flags[i] = value[found] >> np.uint32(30)
            pieces[i] = found + base
        elif best < FAR:
            states[i] = SEVERAL_HOLD
        else:
            states[i] = NOBODY if reached else ELSEWHERE


@kernel
def labels_of(table: Table, slots: I32, label: I32, hi: U64, lo: U64) -> I32:
    """The label of the first run of each key, -1 where there is none; `slots` is the first run of each record."""
    out = np.empty(len(hi), np.int32)
    salt, seeds, records, words = table.salt[0], table.seeds, table.records, table.words
    for i in range(len(hi)):
        w, held = _held(salt, seeds, records, words, hi[i], lo[i], _0)
        r = w >> _4
        run = slots[r] if held and r < np.uint64(len(slots)) else np.int32(-1)
        out[i] = label[run] if 0 <= run < len(label) else -1
    return out


# ---- reach


@helper
def _number(spaces: I64, network: Number) -> int:
    """The position of a network among all, -1 where it is none."""
    low, high = 0, len(spaces) - 1
    while low < high:
        middle = (low + high) // 2
        if spaces[middle, 0] < network:
            low = middle + 1
        else:
            high = middle
    return low if low < len(spaces) - 1 and spaces[low, 0] == network else -1


@helper
def _share(spaces: I64, links: I64, one: int, other: int, at: np.int64) -> bool:
    """Whether two networks, by their positions, are in one group at a time."""
    a, b = spaces[one, 2], spaces[other, 2]
    a_end, b_end = spaces[one + 1, 2], spaces[other + 1, 2]
    while a < a_end and b < b_end:
        if links[a, 0] < links[b, 0]:
            a += 1
        elif links[a, 0] > links[b, 0]:
            b += 1
        else:
            group = links[a, 0]
            mine, theirs = False, False
            while a < a_end and links[a, 0] == group:
                mine |= links[a, 1] <= at < links[a, 2]
                a += 1
            while b < b_end and links[b, 0] == group:
                theirs |= links[b, 1] <= at < links[b, 2]
                b += 1
            if mine and theirs:
                return True
    return False


@helper
def _home(spaces: I64, links: I64, number: int, k: int, at: np.int64) -> Any:  # noqa: ANN401 - a number
    """The k-th home of a network if that is one at a time, else -1."""
    row = spaces[number, 1] + k
    return links[row, 0] if links[row, 1] <= at < links[row, 2] else np.int64(-1)


@helper
def tier(spaces: I64, links: I64, own: Number, other: Number, at: np.int64) -> int:
    """How near a network is from another at a time: 0 the same … 3 the internet, -1 out of reach.

    From any network (-1), all are 0.
    """
    if own == other or own == -1:  # noqa: PLR1714 - numba compares numbers, and no tuples of them
        return 0
    if own == 0:
        return -1
    one, two = _number(spaces, own), _number(spaces, other)
    homes = spaces[one + 1, 1] - spaces[one, 1] if one >= 0 else 0
    others = spaces[two + 1, 1] - spaces[two, 1] if two >= 0 else 0
    at_home, others_at_home = False, False
    for k in range(homes):
        home = _home(spaces, links, one, k, at)
        if home == other:
            return 1
        at_home |= home >= 0
    if other == 0:
        return 3
    for k in range(others):
        others_at_home |= _home(spaces, links, two, k, at) >= 0
    for k in range(homes if at_home else 1):  # each centre of the one with each of the other
        a = _home(spaces, links, one, k, at) if at_home else np.int64(own)
        x = _number(spaces, a) if at_home else one
        for m in range((others if others_at_home else 1) if a >= 0 else 0):
            b = _home(spaces, links, two, m, at) if others_at_home else np.int64(other)
            if b < 0:
                continue
            if a == b:
                return 2
            y = _number(spaces, b) if others_at_home else two
            if x >= 0 and y >= 0 and _share(spaces, links, x, y, at):
                return 2
    return -1


@kernel
def tiers_of(reach: Reach, own: int, others: I32, at: np.int64) -> I32:
    """How near each of some networks is from one at a time."""
    spaces, links = reach.spaces, reach.links
    out = np.empty(len(others), np.int32)
    for i in range(len(others)):
        out[i] = tier(spaces, links, own, others[i], at)
    return out


# ---- prefixes


@helper
def _highest(bits: np.uint64) -> int:
    """The position of the highest bit that is set; there must be one."""
    at = 0
    for step in (32, 16, 8, 4, 2, 1):
        if bits >> np.uint64(step) != _0:
            bits = bits >> np.uint64(step)
            at += step
    return at


@helper
def _masked(half: np.uint64, length: int) -> np.uint64:
    """The first bits of 64."""
    if length <= 0:
        return _0
    return half if length >= 64 else half & ~(np.uint64(0xFFFFFFFFFFFFFFFF) >> np.uint64(length))


@helper
def _lengths(masks: U64, hi: np.uint64, lo: np.uint64, v4: bool, word: int) -> np.uint64:
    """Which lengths (64 * word and on) of prefixes an address may have: see `tables.length_masks`."""
    bits4, bits6 = masks[0], masks[1]
    if v4:
        if word == 0:
            return _0
        top = (lo >> _16) & np.uint64(0xFFFF)
        at = _8 + (((top * np.uint64(40503)) & np.uint64(0xFFFF)) >> (_16 - bits4))
        lengths = masks[at] if at < np.uint64(len(masks)) else _0  # bit n for /n, which is a length of 96 + n
        return lengths << _32 if word == 1 else lengths >> _32
    top = hi >> _32
    at = _8 + (_1 << bits4) + _4 * (((top * np.uint64(2654435769)) & _LOW_HALF) >> (_32 - bits6)) + np.uint64(word)
    return (masks[at] if at < np.uint64(len(masks)) else _0) | (masks[2] if word == 0 else _0)


@kernel
def find_prefix(  # noqa: PLR0915 - one loop within the other, and none of them to be left
    table: Table,
    masks: U64,
    reach: Reach,
    rows: I64,
    hi: U64,
    lo: U64,
    at: I64,
    network: I32,
    found: I32,
    points: I64,
    distances: I32,
) -> None:
    """The prefixes of some probes: of probe rows[j] the tagset `found[j]`, or SEVERAL_HOLD, or 0 for none.

    The nearest tier decides; of one network the longest; two owners in networks of that tier are several.
    """
    salt, seeds, records, words = table.salt[0], table.seeds, table.records, table.words
    run_network, run_first, run_length = table.network, table.first, table.length
    time, value, owner = table.time, table.value, table.owner
    spaces, links = reach.spaces, reach.links
    decided = np.empty(64, np.int32)  # the networks of the nearest tier that have a longer one
    for j in range(len(rows)):
        i = rows[j]
        v4 = (hi[i] == _0) & (lo[i] >> _32 == np.uint64(0xFFFF))
        best, row, count, longest = FAR, np.int64(0), 0, -1
        points[j] = -1
        for word in range(2, -1, -1):
            lengths = _lengths(masks, hi[i], lo[i], v4, word)
            while lengths != _0:
                bit = _highest(lengths)
                lengths ^= _1 << np.uint64(bit)
                length = 64 * word + bit
                high, low = _masked(hi[i], length), _masked(lo[i], length - 64)
                w, held = _held(salt, seeds, records, words, high, low, np.uint64(length + 1))
                if not held:
                    continue
                first, runs = np.int64(words[w + _5]), np.int64(words[w + _6])
                if first + runs > len(run_network):
                    continue
                new = count
                for run in range(first, first + runs):
                    where = run_network[run]
                    distance = tier(spaces, links, network[i], where, at[i])
                    if distance < 0 or distance > best:
                        continue
                    if distance == best:
                        longer = False
                        for x in range(count):
                            longer |= decided[x] == where
                        if longer:
                            continue
                    point = _as_of(time, run_first[run], np.int64(run_length[run]), at[i])
                    other = _row(value, len(owner), point)
                    if other == 0:
                        continue
                    if distance < best:
                        best, row, count, new, longest = distance, other, 0, 0, length
                        points[j] = point
                    elif row == 0 or owner[row] != owner[other]:
                        row = np.int64(0)
                    elif length == longest:
                        row = other
                        points[j] = point
                    if new < len(decided):
                        decided[new] = where
                        new += 1
                count = new
                if best == 0 and network[i] != -1:
                    lengths = _0
            if best == 0 and network[i] != -1:
                break
        found[j] = row if row > 0 or best == FAR else SEVERAL_HOLD
        distances[j] = best


# ---- ports and resources: open-addressed tables of rows


@inlined
def slot(key: np.uint64, slots: np.uint64) -> np.uint64:
    """Where a key's row is sought first; `slots` is a power of two."""
    return ((key * _GOLDEN) >> np.uint64(24)) & (slots - _1)


@kernel
def fill_slots(keys: U64, slots: I32) -> None:
    """Put the first row of each key into its slot; keys ascend, and slots that are free hold -1."""
    last = np.uint64(len(slots) - 1)
    for i in range(len(keys)):
        if i > 0 and keys[i] == keys[i - 1]:
            continue
        s = slot(keys[i], np.uint64(len(slots)))
        while slots[s] >= 0:
            s = (s + _1) & last
        slots[s] = i


@helper
def row_of(key: np.uint64, keys: Any, slots: I32) -> int:  # noqa: ANN401 - keys are U64 or I32
    """The first row of a key, -1 where there is none."""
    last = np.uint64(len(slots) - 1)
    s = slot(key, np.uint64(len(slots)))
    for _ in range(len(slots)):
        row = np.int64(slots[s])
        if row < 0 or row >= len(keys):
            return -1
        if np.uint64(keys[row]) == key:
            return int(row)
        s = (s + _1) & last
    return -1


@kernel
def rows_of(wanted: I32, keys: I32, slots: I32) -> I32:
    """The row of each id, -1 where there is none."""
    out = np.empty(len(wanted), np.int32)
    for i in range(len(wanted)):
        out[i] = row_of(np.uint64(wanted[i]), keys, slots) if wanted[i] > 0 else -1
    return out


@kernel
def settle(
    ports: Ports,
    settling: I32,
    offset: int,
    pick_offset: int,
    destination: bool,
    tagsets: I32,
    port: I32,
    protocol: U8,
    at: I64,
    picks: I32,
) -> None:
    """What the ports of ends pick, of the tagsets that are of this segment (docs/laws.md, 6.4).

    A port that nothing serves takes its services from a node, and from a pod that is a destination: a source's port is
    the client's own choice.
    """
    count = len(settling)
    keys, starts, ends, chosen, slots = ports.key, ports.start, ports.end, ports.pick, ports.slots
    for i in range(len(tagsets)):
        row = np.int64(tagsets[i]) - offset
        if row <= 0 or row >= count or port[i] < 0:
            continue
        may = settling[row]
        if may == 0:
            continue
        pick = np.int32(0)
        if may >= 4:
            wanted = np.uint64(may >> 2) << np.uint64(24) | np.uint64(protocol[i]) << _16 | np.uint64(port[i])
            k = row_of(wanted, keys, slots)
            while 0 <= k < len(keys) and keys[k] == wanted:
                if starts[k] <= at[i] < ends[k]:
                    pick = chosen[k]
                    break
                k += 1
        if pick == 0 and (may & 2 != 0 or (may & 1 != 0 and destination)):
            pick = np.int32(1)
        if pick > 0:
            picks[i] = pick + pick_offset


# ---- addresses


@kernel
def look_up_ranges(start_hi: U64, start_lo: U64, flag: Bools, hi: U64, lo: U64) -> Bools:
    """Of each address, the flag of the range that holds it; ranges ascend, the first begins at 0."""
    out = np.empty(len(hi), np.bool_)
    for i in range(len(hi)):
        low, high = 0, len(start_hi)
        while low < high:
            middle = (low + high) // 2
            if (start_hi[middle] < hi[i]) | ((start_hi[middle] == hi[i]) & (start_lo[middle] <= lo[i])):
                low = middle + 1
            else:
                high = middle
        out[i] = flag[low - 1]
    return out


@helper
def _decimal(data: U8, at: int, number: np.uint64) -> int:
    """Write a number below 256; where it ends."""
    if number >= np.uint64(100):
        data[at] = np.uint8(48) + np.uint8(number // np.uint64(100))
        at += 1
    if number >= _10:
        data[at] = np.uint8(48) + np.uint8(number // _10 % _10)
        at += 1
    data[at] = np.uint8(48) + np.uint8(number % _10)
    return at + 1


@helper
def _hexadecimal(data: U8, at: int, number: np.uint64) -> int:
    """Write 16 bits without leading zeros; where it ends."""
    started = False
    for shift in (12, 8, 4, 0):
        digit = (number >> np.uint64(shift)) & np.uint64(15)
        if digit != _0 or started or shift == 0:
            started = True
            data[at] = np.uint8(digit) + (np.uint8(48) if digit < _10 else np.uint8(87))
            at += 1
    return at


@helper
def _group(hi: np.uint64, lo: np.uint64, k: int) -> np.uint64:
    """One of the eight groups of 16 bits of an address."""
    half = hi if k < 4 else lo
    return (half >> np.uint64(48 - 16 * (k % 4))) & np.uint64(0xFFFF)


@kernel
def write_texts(hi: U64, lo: U64, offsets: I32, data: U8) -> None:
    """Write addresses one after the other in their canonical form (RFC 5952; IPv4 and IPv4-mapped with dots).

    `data` has 40 bytes for each; text i becomes data[offsets[i]:offsets[i + 1]].
    """
    at = 0
    offsets[0] = 0
    for i in range(len(hi)):
        if (hi[i] == _0) & (lo[i] >> _32 == np.uint64(0xFFFF)):
            for shift in (24, 16, 8, 0):
                at = _decimal(data, at, (lo[i] >> np.uint64(shift)) & np.uint64(255))
                if shift > 0:
                    data[at] = 46
                    at += 1
        else:
            best, most = -1, 1  # the first of the longest runs of at least two zero groups becomes "::"
            k = 0
            while k < 8:
                begin = k
                while k < 8 and _group(hi[i], lo[i], k) == _0:
                    k += 1
                if k - begin > most:
                    best, most = begin, k - begin
                k += 1
            k = 0
            while k < 8:
                if k == best:
                    data[at] = 58
                    data[at + 1] = 58
                    at += 2
                    k += most
                    continue
                if k > 0 and (best < 0 or k != best + most):
                    data[at] = 58
                    at += 1
                at = _hexadecimal(data, at, _group(hi[i], lo[i], k))
                k += 1
        offsets[i + 1] = at
