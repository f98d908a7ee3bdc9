"""Tables: (key, network, time) → breakpoint, built from runs and kept as arrays of a segment.

A *run* is one key in one network, with its breakpoints: from the time of one until that of the next the key means
one tagset. Three tables are alike: `address` (keys are packed addresses), `name` (keys are hashes of names) and
`prefix` (keys are packed prefixes with their length).
"""

from collections.abc import Iterable, Mapping, Sequence
from hashlib import blake2b
from typing import Any, Final, NamedTuple

import numpy as np
import numpy.typing as npt

from tagweave.index.columns import I32, I64, RULE_CODES, U8, U32, U64
from tagweave.index.compiled import for_rows, frozen
from tagweave.index.kernels import Table

ADDRESS, PREFIX, NAME = "address", "prefix", "name"
TABLES: Final = (ADDRESS, PREFIX, NAME)
"""The tables of a segment; their positions are the codes of `View.where`."""

Array = npt.NDArray[Any]
Arrays = Mapping[str, Array]

_LOAD: Final = 0.8
_KEYS_PER_SEED: Final = 4
MOST_SLOT_BITS: Final = 16

_NAME_KEY: Final = (0x7461677765617665, 0x696E64657820F631)
"""The key of the hash of names: fixed, since every segment must agree on it."""
_NETWORK_NAME: Final = 0xFF


class Runs(NamedTuple):
    """Runs in ascending order of key (`hi`, `lo`, `mark`) and network, and their breakpoints.

    `mark` is 0, and of a prefix 1 + its length. Run r has breakpoints `first[r]` to `first[r] + length[r] - 1`, which
    it may share with others: all names of a pod mean the same. A key whose only run has none is nobody's any more: it
    hides that of older segments. `label` is a text's code (-1 none).

    Of a breakpoint: `time` in ns; `value` a tagset and two bits (`columns.DISPUTED`, `AFTER`), 0 nobody; `seen` when
    that was last observed in ns, or BEGINNING + 1 + the position of a scope in the manifest; `others` the set of the
    owners whose claims lost.
    """

    hi: U64
    lo: U64
    mark: U8
    network: I32
    first: I64
    length: I32
    label: I32
    time: I64
    value: U32
    seen: I64
    others: I32

    def heads(self) -> I64:
        """The first run of each key."""
        new = np.ones(len(self.hi), np.bool_)
        new[1:] = (self.hi[1:] != self.hi[:-1]) | (self.lo[1:] != self.lo[:-1]) | (self.mark[1:] != self.mark[:-1])
        return np.flatnonzero(new)

    def ordered(self) -> "Runs":
        """The runs in their order; breakpoints stay where they are."""
        order = np.lexsort((self.network, self.mark, self.lo, self.hi))
        return self if bool((order[1:] > order[:-1]).all()) else self.taken(order)

    def taken(self, rows: npt.NDArray[np.intp]) -> "Runs":
        """Some of the runs, in another order, with all breakpoints."""
        columns = ("hi", "lo", "mark", "network", "first", "length", "label")
        return self._replace(**{name: getattr(self, name)[rows] for name in columns})

    def packed(self) -> "Runs":
        """The runs without the breakpoints that none of them has."""
        some = np.flatnonzero(self.length)
        firsts, which = np.unique(self.first[some], return_index=True)
        length = self.length[some][which].astype(np.int64)
        begin = np.cumsum(length) - length
        points = np.repeat(firsts - begin, length) + np.arange(int(length.sum()))
        first = np.zeros(len(self.first), np.int64)
        first[some] = begin[np.searchsorted(firsts, self.first[some])]
        said = {name: getattr(self, name)[points] for name in ("time", "value", "seen", "others")}
        return self._replace(first=first, **said)


NO_RUNS: Final = Runs(
    *(np.empty(0, dtype) for dtype in ("u8", "u8", "u1", "i4", "i8", "i4", "i4", "i8", "u4", "i8", "i4"))
)


def joined(parts: Sequence[Runs]) -> Runs:
    """The runs of several, one after the other, not ordered."""
    points = np.cumsum([0, *(len(part.time) for part in parts[:-1])])
    shifted = [part._replace(first=part.first + offset) for part, offset in zip(parts, points, strict=True)]
    return Runs(*(np.concatenate(columns) for columns in zip(*shifted, strict=True)))


def _cache_lines(count: int) -> U32:
    """Zeros, aligned as they will be in the file."""
    raw = np.zeros(count * 64 + 64, np.uint8)
    offset = -raw.ctypes.data % 64
    return raw[offset : offset + count * 64].view(np.uint32)


def newest(parts: Sequence[Runs]) -> Runs:
    """The runs of several, the newest first, in their order: each key is what the newest that has it says."""
    runs = joined(parts)
    part = np.repeat(np.arange(len(parts)), [len(one.hi) for one in parts])
    order = np.lexsort((runs.network, part, runs.mark, runs.lo, runs.hi))
    runs, part = runs.taken(order), part[order]
    heads = runs.heads()
    first = np.repeat(part[heads], np.diff(np.append(heads, len(part))))
    return runs.taken(np.flatnonzero(part == first))


def table_arrays(name: str, runs: Runs) -> dict[str, Array]:
    """The arrays of a table in a segment, from ordered runs."""
    heads = runs.heads()
    hi, lo, mark = runs.hi[heads], runs.lo[heads], runs.mark[heads]
    salt, seeds, places, capacity = _perfect_hash(hi, lo, mark)
    words = _cache_lines(capacity)
    counts = np.diff(np.append(heads, len(runs.hi)))
    kernels = for_rows(len(hi))
    said: tuple[Array, ...] = (
        hi,
        lo,
        mark,
        heads,
        counts,
        runs.network,
        runs.first,
        runs.length,
        runs.time,
        runs.value,
    )
    kernels.fill_records(words, places, *(frozen(array) for array in said))
    arrays: dict[str, Array] = {
        "run.hi": runs.hi,
        "run.lo": runs.lo,
        "run.network": runs.network,
        "run.first": runs.first,
        "run.length": runs.length,
        "time": runs.time,
        "value": runs.value,
        "seen": runs.seen,
        "others": runs.others,
        "salt": np.array([salt], np.uint64),
        "seeds": seeds,
        "records": words.view(np.uint64),
    }
    if name == PREFIX:
        arrays["run.bits"] = runs.mark - np.uint8(1)
        arrays["masks"] = length_masks(hi, lo, mark)
    if name == NAME:
        arrays["run.label"] = runs.label
        arrays["slots"] = np.full(capacity, -1, np.int32)
        arrays["slots"][places] = heads
    return {f"{name}.{key}": array for key, array in arrays.items()}


def runs_of_table(arrays: Arrays, name: str) -> Runs:
    """The runs that the arrays of a table in a segment were made from."""
    count = len(arrays[f"{name}.run.hi"])
    bits = arrays.get(f"{name}.run.bits")
    label = arrays.get(f"{name}.run.label")
    return Runs(
        arrays[f"{name}.run.hi"],
        arrays[f"{name}.run.lo"],
        np.zeros(count, np.uint8) if bits is None else bits + np.uint8(1),
        arrays[f"{name}.run.network"],
        arrays[f"{name}.run.first"],
        arrays[f"{name}.run.length"],
        np.full(count, -1, np.int32) if label is None else label,
        arrays[f"{name}.time"],
        arrays[f"{name}.value"],
        arrays[f"{name}.seen"],
        arrays[f"{name}.others"],
    )


def runs_in(arrays: Arrays, name: str, key: int, bits: int = 128) -> tuple[int, int] | None:
    """The runs of a 128-bit key (of a prefix: with its length) in a table: the first, and the end."""
    first, end = 0, len(arrays[f"{name}.run.hi"])
    wanted = [("hi", key >> 64), ("lo", key & (1 << 64) - 1), *([("bits", bits)] if name == PREFIX else [])]
    for column, value in wanted:
        part = arrays[f"{name}.run.{column}"][first:end]
        number = part.dtype.type(value)
        below = int(np.searchsorted(part, number))
        first, end = first + below, first + int(np.searchsorted(part, number, side="right"))
    return (first, end) if end > first else None


def kernel_table(arrays: Arrays, name: str, owner: I32) -> Table:
    """A table of a segment as kernels see it."""
    records = arrays[f"{name}.records"]
    return Table(
        arrays[f"{name}.salt"],
        arrays[f"{name}.seeds"],
        records,
        records.view(np.uint32),
        arrays[f"{name}.run.network"],
        arrays[f"{name}.run.first"],
        arrays[f"{name}.run.length"],
        arrays[f"{name}.time"],
        arrays[f"{name}.value"],
        owner,
    )


def _perfect_hash(hi: U64, lo: U64, mark: U8) -> tuple[int, npt.NDArray[np.uint16], I64, int]:
    kernels = for_rows(len(hi))
    capacity = max(int(len(hi) / _LOAD), len(hi) + 1)
    buckets = max(len(hi) // _KEYS_PER_SEED, 1)
    for salt in range(64):
        with np.errstate(over="ignore"):
            hashes = kernels.hash_keys(np.uint64(salt), frozen(hi), frozen(lo), frozen(mark))
            seeds, places, done = kernels.seek_seeds(hashes, buckets, capacity)
        if done:
            return salt, seeds, places, capacity
    raise ValueError(f"no perfect hash for {len(hi)} keys: are two of them equal?")


# ---- which lengths of prefixes are worth a look


def length_masks(hi: U64, lo: U64, mark: U8) -> U64:
    """Which lengths of prefixes an address may have, by its first bits: see docs/index-format.md, `prefix.masks`.

    Words 0 and 1 are how many bits slots of IPv4 and IPv6 have; 2 to 4 the lengths below 32 of IPv6, which hold
    everywhere (128 bits for lengths 0 to 127, then one for 128); from 8 on one word for each slot of IPv4, bit n for
    /n, then four for each slot of IPv6.
    """
    v4 = (hi == 0) & (lo >> np.uint64(32) == 0xFFFF) & (mark >= 97)
    bits4, bits6 = _slot_bits(int(v4.sum())), _slot_bits(int((~v4).sum()))
    masks = np.zeros(8 + (1 << bits4) + (4 << bits6), np.uint64)
    masks[0], masks[1] = bits4, bits6
    for i in np.flatnonzero(v4):
        length = int(mark[i]) - 97
        top = int(lo[i]) >> 16 & 0xFFFF
        tops = np.arange(top, top + (1 << max(16 - length, 0)), dtype=np.int64)
        np.bitwise_or.at(masks, 8 + slot4(tops, bits4), np.uint64(1 << length))
    base = 8 + (1 << bits4)
    for i in np.flatnonzero(~v4):
        length = int(mark[i]) - 1
        at = 2 if length < 32 else base + 4 * int(slot6(int(hi[i]) >> 32, bits6))
        masks[at + length // 64] |= np.uint64(1 << length % 64)
    return masks


def _slot_bits(prefixes: int) -> int:
    return min(max((prefixes * 16).bit_length(), 2), MOST_SLOT_BITS)


def slot4(top: I64, bits: int) -> I64:
    """The slot of the first 16 bits of an IPv4 address."""
    return (top * 40503 & 0xFFFF) >> (16 - bits)


def slot6(top: int, bits: int) -> int:
    """The slot of the first 32 bits of an IPv6 address."""
    return (top * 2654435769 & 0xFFFFFFFF) >> (32 - bits)


# ---- names


def name_keys(rule: str, texts: Sequence[str]) -> tuple[U64, U64]:
    """The keys of names: 128 bits of SipHash-2-4 over the UTF-8 bytes, under a key that the rule is mixed into.

    `rule` is one of RULES, or `network` for what networks are called.
    """
    parts = [text.encode("utf-8", "surrogatepass") for text in texts]
    offsets = np.zeros(len(parts) + 1, np.int64)
    np.cumsum(np.fromiter(map(len, parts), np.int64, len(parts)), out=offsets[1:])
    return text_keys(rule, offsets, np.frombuffer(b"".join(parts), np.uint8))


def text_keys(rule: str, offsets: I64, data: U8) -> tuple[U64, U64]:
    """The keys of names that lie one after the other: name i is data[offsets[i]:offsets[i + 1]]."""
    return _hashed(_NETWORK_NAME if rule == "network" else RULE_CODES[rule], offsets, data)


def content_keys(offsets: I64, data: U8) -> tuple[U64, U64]:
    """128 bits that stand for parts of some bytes: part i is data[offsets[i]:offsets[i + 1]]."""
    return _hashed(0, offsets, data)


def _hashed(code: int, offsets: I64, data: U8) -> tuple[U64, U64]:
    count = len(offsets) - 1
    hi, lo = np.empty(count, np.uint64), np.empty(count, np.uint64)
    k0, k1 = np.uint64(_NAME_KEY[0] ^ code << 32), np.uint64(_NAME_KEY[1])
    with np.errstate(over="ignore"):
        for_rows(count).name_keys(k0, k1, frozen(offsets), frozen(data), hi, lo)
    return hi, lo


# ---- rows of keys


def key_slots(keys: Array) -> I32:
    """An open-addressed table of the first row of each of ascending keys, at most half full."""
    slots = np.full(1 << (max(len(keys), 1) * 2 - 1).bit_length(), -1, np.int32)
    with np.errstate(over="ignore"):
        for_rows(len(keys)).fill_slots(frozen(keys.astype(np.uint64)), slots)
    return slots


# ---- ids of content


def content_ids(columns: Iterable[tuple[str, Array]], count: int) -> U64:
    """64 bits that stand for what rows say: the same for ever, for the same words in the same columns.

    A cell that is 0 says nothing. Since the parts of the cells are combined by exclusive or, the id of a row with
    another cell is the id of the row, without the part of the old cell, with the part of the new one.
    """
    out = np.zeros(count, np.uint64)
    for name, values in columns:
        out ^= cell_ids(name, values)
    return out


def cell_ids(name: str, values: Array) -> U64:
    """The parts of the cells of one column."""
    salt = np.frombuffer(blake2b(name.encode(), digest_size=8).digest(), "<u8")[0]
    with np.errstate(over="ignore"):
        mixed = _finalised(values.astype(np.uint64) * np.uint64(0x9E3779B97F4A7C15) ^ salt)
    return np.where(values != 0, mixed, np.uint64(0))


def set_ids(first: I64, member: I32) -> U64:
    """The ids of sets; an empty one has 0."""
    length = np.diff(first)
    position = np.arange(len(member)) - np.repeat(first[:-1], length)
    cells = _finalised((position.astype(np.uint64) << np.uint64(32)) | member.astype(np.uint64))
    out = np.zeros(len(length), np.uint64)
    some = np.flatnonzero(length)
    if len(some):
        out[some] = np.bitwise_xor.reduceat(cells, first[:-1][some])
    return out


def _finalised(x: U64) -> U64:
    """SplitMix64's finaliser (https://prng.di.unimi.it/splitmix64.c)."""
    with np.errstate(over="ignore"):
        x = x + np.uint64(0x9E3779B97F4A7C15)
        x = (x ^ (x >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
        x = (x ^ (x >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
        return x ^ (x >> np.uint64(31))
