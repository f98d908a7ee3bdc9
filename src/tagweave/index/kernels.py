"""The loops of a tag index: one source that Python interprets for one row and numba compiles for many.

This file is loaded twice. As `tagweave.index.kernels` its functions are plain Python over NumPy scalars: a
look-up of one address takes less than a millisecond, and numba, which is slow to import, is not. As its twin (see
`compiled`) they are machine code that holds no GIL. Both compute the same, since they are the same lines; they
must be written so that both can read them:

- every number has its type: `np.uint64(3)`, never `3`, beside an unsigned number;
- what is read from a file may be damaged: an index from it is checked before it is used;
- no closures, no exceptions, no allocation in a loop.

A table's records (64 bytes, one cache line, sixteen 32-bit words) are drawn in docs/index-format.md.
"""

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Final, NamedTuple, TypeVar

import numpy as np

from tagweave.index.columns import I32, I64, U8, U16, U32, U64, Bools

COMPILED: Final = __name__.endswith("_compiled")
"""Whether this is the twin."""

F = TypeVar("F", bound=Callable[..., Any])

if TYPE_CHECKING or not COMPILED:

    def kernel(function: F) -> F:
        """A loop over many rows that is called from outside."""
        return function

    def helper(function: F) -> F:
        """A part of a kernel that is compiled into it."""
        return function

    def _prefetch(array: U64, index: np.uint64) -> None:
        """Ask the processor for the cache line of array[index]."""

    def _word(data: U8, index: int) -> np.uint64:
        """The eight bytes from data[index] on as a little-endian number; all of them must be there."""
        return np.uint64(int.from_bytes(data[index : index + 8].tobytes(), "little"))

else:
    from tagweave.index.compiled import helper, kernel
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


class Reach(NamedTuple):
    """Networks as kernels see them: the fields of `networks.Networks`, without names."""

    rid: I32
    home_first: I64
    home: I32
    home_since: I64
    home_until: I64
    group_first: I64
    group: I32
    group_since: I64
    group_until: I64


# ---- hashing


@helper
def mix(salt: np.uint64, hi: np.uint64, lo: np.uint64) -> np.uint64:
    """64 well-mixed bits of a key (the finaliser of SplitMix64 over both halves)."""
    h = (lo ^ ((hi + salt) * _GOLDEN)) * np.uint64(0xBF58476D1CE4E5B9)
    h ^= h >> np.uint64(31)
    h *= np.uint64(0x94D049BB133111EB)
    return h ^ (h >> np.uint64(29))


@helper
def salted(salt: np.uint64, mark: np.uint64) -> np.uint64:
    """The salt for keys with a mark: 0, or 1 and the length of a prefix."""
    return salt + mark * np.uint64(0xD1342543DE82EF95)


@helper
def bucket(h: np.uint64, buckets: np.uint64) -> np.uint64:
    """Which seed a key has."""
    return ((h >> _32) * buckets) >> _32


@helper
def place(h: np.uint64, seed: np.uint64, capacity: np.uint64) -> np.uint64:
    """Which record a key has, by its seed."""
    x = h ^ (seed * _GOLDEN)
    x ^= x >> _32
    x *= np.uint64(0xD6E8FEB86659FD93)
    return ((x >> _32) * capacity) >> _32


@helper
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
        b = np.int64(bucket(hashes[i], np.uint64(buckets)))
        member[fill[b]] = i
        fill[b] += 1
    used = np.zeros(capacity, np.bool_)
    trial = np.empty(largest + 1, np.int64)
    seeds = np.zeros(buckets, np.uint16)
    places = np.empty(n, np.int64)
    for b in order:
        size = start[b + 1] - start[b]
        if size == 0:
            break
        seed = 0
        while seed < 65536:
            free = True
            for k in range(size):
                at = np.int64(place(hashes[member[start[b] + k]], np.uint64(seed), np.uint64(capacity)))
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
            return seeds, places, False
        seeds[b] = seed
        for k in range(size):
            used[trial[k]] = True
            places[member[start[b] + k]] = trial[k]
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


# ---- names: SipHash-2-4 with 128 bits (https://www.aumasson.jp/siphash/siphash.pdf; the reference's vectors are in the tests)


@helper
def _rotated(x: np.uint64, by: int) -> np.uint64:
    return (x << np.uint64(by)) | (x >> np.uint64(64 - by))


@helper
def _round(v0: np.uint64, v1: np.uint64, v2: np.uint64, v3: np.uint64) -> tuple[np.uint64, np.uint64, np.uint64, np.uint64]:
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


# ---- ports and resources: open-addressed tables of rows


@helper
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
