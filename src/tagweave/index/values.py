"""What resources are called: the ids, names, labels … of many resources at once, each as of a time.

A value is known by its *number* for as long as possible: `segment << 32 | code of the string there`, -1 where it
is not set. Only the numbers that a column ends up with are turned into text. A resource's values are those of the
newest segment that has it. Nothing here is kept between two batches.
"""

from collections.abc import Iterator, Sequence
from typing import Any, Final, NamedTuple

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from tagweave.index.arrow import NO_TEXTS, from_numpy, to_numpy
from tagweave.index.arrow import texts as text_array
from tagweave.index.columns import I32, I64, Bools
from tagweave.index.compiled import FEW, for_rows, frozen, interprets
from tagweave.index.segment import Segment
from tagweave.index.view import View
from tagweave.model import KINDS

Numbers = npt.NDArray[np.int64]
Ints = npt.NDArray[np.integer[Any]]

LABEL: Final = "label:"
"""A field that starts with this is the label whose key follows."""

SEPARATOR: Final = ","
"""What joins several values of one tag in a column."""

_OF_RESOURCE: Final = {"id": "resource.native", "source": "resource.source"}
_CODE: Final = 0xFFFFFFFF


class Places(NamedTuple):
    """Where n resources are; all of shape (n,).

    `segment` indexes the view's, -1 where none has the resource; `row` is its row there, and its values are rows
    first:end.
    """

    segment: I32
    row: I64
    first: I64
    end: I64

    def take(self, rows: Ints) -> "Places":
        """Those of some rows, in that order."""
        return Places(self.segment[rows], self.row[rows], self.first[rows], self.end[rows])


class Texts(NamedTuple):
    """n texts: `codes` (n,) index `words`, -1 where there is none."""

    codes: I32
    words: pa.StringArray

    def take(self, rows: Ints) -> "Texts":
        """The texts of some rows, in that order."""
        return Texts(np.take(self.codes, rows), self.words)

    def where(self, mask: Bools) -> "Texts":
        """The same, without those where `mask` is false."""
        return Texts(chosen(mask, self.codes, np.int32(-1)), self.words)

    def to_pylist(self) -> list[str | None]:
        """The n texts, one by one."""
        words = self.words.to_pylist()
        return [words[code] if code >= 0 else None for code in self.codes]


# ---- small tools


def distinct(values: npt.NDArray[Any]) -> tuple[I32, npt.NDArray[Any]]:
    """The index of each value among the distinct ones, and those in order of appearance.

    As `np.unique(…, return_inverse=True)`, but hashed: four times as fast.
    """
    if len(values) == 1:
        return np.zeros(1, np.int32), values
    coded = from_numpy(values).dictionary_encode()
    return to_numpy(coded.indices), to_numpy(coded.dictionary)


def chosen(mask: Bools, one: I32, other: I32 | np.int32) -> I32:
    """`np.where(mask, one, other)`: arithmetic is six times as fast where nothing foretells the mask."""
    out: I32 = other + (one - other) * mask.view(np.int8)
    return out


def last_at_most(keys: npt.NDArray[Any], first: I64, end: I64, wanted: npt.NDArray[Any]) -> I64:
    """For each k the last i in first[k]:end[k] with keys[i] <= wanted[k]; first[k] - 1 where there is none.

    `keys` ascend within each of the slices.
    """
    low, high = first.copy(), end.copy()
    while (apart := low < high).any():
        middle = (low + high) >> 1
        right = apart & (keys[np.where(apart, middle, 0)] <= wanted)
        low = np.where(right, middle + 1, low)
        high = np.where(apart & ~right, middle, high)
    return low - 1


def spans(first: I64, end: I64) -> tuple[I64, I64]:
    """All of first[k]:end[k] one after the other, and the k of each."""
    counts = end - first
    of = np.repeat(np.arange(len(first)), counts)
    return np.arange(int(counts.sum())) - np.repeat(np.cumsum(counts) - counts - first, counts), of


def by_segment(segment: Ints) -> Iterator[tuple[int, npt.NDArray[np.intp] | slice]]:
    """Each segment that occurs, with its rows."""
    if not len(segment):
        return
    if segment[0] >= 0 and (segment == segment[0]).all():
        yield int(segment[0]), slice(None)
        return
    for one in np.flatnonzero(np.bincount(segment[segment >= 0])):
        yield int(one), np.flatnonzero(segment == one)


# ---- resources and their values


def locate(view: View, rids: I32) -> Places:
    """Where resources are. 0 is nowhere."""
    of, wanted = distinct(rids)
    order = np.argsort(wanted)  # ascending probes hit the same cache lines
    wanted = wanted[order]
    segment = np.full(len(wanted), -1, np.int32)
    row, first, end = np.zeros((3, len(wanted)), np.int64)
    left = np.flatnonzero(wanted > 0)
    for s, one in enumerate(view.segments):
        if not len(left):
            break
        at = _rows_in(one, wanted[left])
        hit = at >= 0
        if hit.any():
            mine, at = left[hit], at[hit]
            segment[mine], row[mine] = s, at
            first[mine], end[mine] = one["resource.first"][at], one["resource.first"][at + 1]
            left = left[~hit]
    back = np.empty(len(order), np.int64)
    back[order] = np.arange(len(order))
    at = back[of]
    return Places(segment[at], row[at], first[at], end[at])


def _rows_in(segment: Segment, rids: I32) -> Ints:
    """The row of each resource in a segment, -1 where it has none; `rids` ascend."""
    known = segment["resource.rid"]
    if len(rids) > FEW and not interprets(FEW):  # else it is not worth to load numba for
        found: I32 = for_rows(len(rids)).rows_of(frozen(rids), known, segment["resource.slots"])
        return found
    if not len(known):
        return np.full(len(rids), -1)
    at = np.searchsorted(known, rids)
    return np.where(known[np.minimum(at, len(known) - 1)] == rids, at, -1)


def as_of(view: View, places: Places, at: I64) -> I64:
    """The row of each resource's values at its time; -1 where it has none."""
    value = places.first.copy()
    several = places.end - places.first > 1
    for s, rows in by_segment(np.where(several, places.segment, -1).astype(np.int32)):
        first = places.first[rows]
        found = last_at_most(view.segments[s]["value.since"], first, places.end[rows], at[rows])
        value[rows] = np.maximum(found, first)
    value[places.end == places.first] = -1
    return value


def numbers(view: View, places: Places, value: I64, field: str) -> Numbers:
    """The number of a field of each resource, from its row of values: `id`, `source`, `name` … or `label:<key>`."""
    if field == "name_or_id":
        name = numbers(view, places, value, "name")
        return np.where(name >= 0, name, numbers(view, places, value, "id"))
    out = np.full(len(value), -1, np.int64)
    for s, rows in by_segment(places.segment):
        segment = view.segments[s]
        if field in _OF_RESOURCE:
            codes = segment[_OF_RESOURCE[field]][places.row[rows]]
        elif field.startswith(LABEL):
            codes = _labels(segment, value[rows], field.removeprefix(LABEL))
        else:  # also `cen`, `peering_connection`: sets of the segment, and `router`: a resource
            codes = np.where(value[rows] >= 0, segment[f"value.{field}"][value[rows]], -1)
        out[rows] = np.where(codes >= 0, np.int64(s) << 32 | codes.astype(np.int64), -1)
    return out


def _labels(segment: Segment, value: I64, key: str) -> I32:
    """The code of the label of that key in each row of values."""
    names = segment["label.names"]
    known: list[str] = strings(segment).take(from_numpy(names)).to_pylist()
    if key not in known:
        return np.full(len(value), -1, np.int32)
    wanted = names[known.index(key)]
    sets = np.where(value >= 0, segment["value.labels"][value], 0)
    bounds, keys = segment["labels.first"], segment["label.key"]
    first, end = bounds[sets], bounds[sets + 1]
    at = last_at_most(keys, first, end, np.broadcast_to(wanted, len(value)))
    hit = at >= first
    hit[hit] = keys[at[hit]] == wanted
    out = np.full(len(value), -1, np.int32)
    out[hit] = segment["label.value"][at[hit]]
    return out


def label_keys(view: View, segment: int, value: int) -> list[str]:
    """The keys of the labels in a row of values."""
    one = view.segments[segment]
    labels = one["value.labels"][value]
    first, end = one["labels.first"][labels : labels + 2]
    found: list[str] = strings(one).take(from_numpy(one["label.key"][first:end])).to_pylist()
    return found


def kinds(view: View, places: Places) -> tuple[I32, list[str]]:
    """The kind of each resource as an index into the words that are returned with them, -1 where it is not known."""
    words = list(KINDS)
    out = np.full(len(places.segment), -1, np.int32)
    for s, rows in by_segment(places.segment):
        segment = view.segments[s]
        known = kind_words(segment)
        words += [word for word in known if word not in words]
        table = np.array([words.index(word) for word in known], np.int32)
        out[rows] = table[segment["resource.kind"][places.row[rows]]]
    return out, words


def kind_words(segment: Segment) -> list[str]:
    """What the kinds of a segment's resources index."""
    words: list[str] = segment.meta["kinds"]
    return words


# ---- text


def strings(segment: Segment) -> pa.LargeStringArray:
    """The strings of a segment, by their codes; nothing is copied."""
    offset, data = segment["string.offset"], segment["string.bytes"]
    return pa.LargeStringArray.from_buffers(max(len(offset) - 1, 0), pa.py_buffer(offset), pa.py_buffer(data))


def texts(view: View, found: Numbers) -> Texts:
    """The texts of numbers; only those that occur, each once."""
    of, values = distinct(found)
    position = np.full(len(values), -1, np.int32)
    parts, count = [], 0
    for s, rows in by_segment((values >> 32).astype(np.int32)):
        taken = strings(view.segments[s]).take(from_numpy(values[rows] & _CODE)).cast(pa.string())
        position[rows] = np.arange(count, count + len(taken))
        parts.append(taken)
        count += len(taken)
    if len(parts) == 1:
        return Texts(position[of], parts[0])
    return unified(position[of], parts)


def unified(codes: I32, parts: Sequence[pa.StringArray]) -> Texts:
    """Texts whose words are those of all parts one after the other, each word once."""
    coded = pa.concat_arrays([NO_TEXTS, *parts]).dictionary_encode()
    if len(coded) == len(coded.dictionary):
        return Texts(codes, coded.dictionary)
    table = np.append(to_numpy(coded.indices), np.int32(-1))
    return Texts(table[codes], coded.dictionary)


def first_set(several: Sequence[Texts], count: int, *, apart: bool = False) -> Texts:
    """Of several texts for each of `count` rows the first that is set. `apart`: none has a word of another's."""
    codes = np.full(count, -1, np.int32)
    words: list[pa.StringArray] = []
    offset = 0
    for one in several:
        mine = one.codes >= 0
        if not mine.any():
            continue
        codes = chosen(mine & (codes < 0), one.codes + np.int32(offset), codes) if words else one.codes
        words.append(one.words)
        offset += len(one.words)
    if len(words) < 2:
        return Texts(codes, words[0] if words else NO_TEXTS)
    return only_used(Texts(codes, pa.concat_arrays(words)) if apart else unified(codes, words))


def only_used(one: Texts) -> Texts:
    """The same texts, without the words that none of them is."""
    used = np.zeros(len(one.words) + 1, np.bool_)
    used[one.codes] = True
    used = used[:-1]
    if used.all():
        return one
    table = np.append(np.cumsum(used, dtype=np.int32) - 1, np.int32(-1))
    return Texts(table[one.codes], one.words.take(from_numpy(np.flatnonzero(used))))


def joined(first: I64, members: Texts, separator: str = SEPARATOR) -> Texts:
    """Rows of several texts as one each: row k has those of members first[k]:first[k + 1], each that is set once."""
    of = np.repeat(np.arange(len(first) - 1), np.diff(first))
    keep = np.flatnonzero(members.codes >= 0)
    counts = np.bincount(of[keep], minlength=len(first) - 1)
    if counts.max(initial=0) > 1:
        _, once = np.unique(of[keep] << 32 | members.codes[keep], return_index=True)
        keep = keep[np.sort(once)]
        counts = np.bincount(of[keep], minlength=len(first) - 1)
    bounds = np.append(0, np.cumsum(counts))
    codes = members.codes[keep]
    out = np.full(len(counts), -1, np.int32)
    single = counts == 1
    out[single] = codes[bounds[:-1][single]]
    several = np.flatnonzero(counts > 1)
    if not len(several):
        return only_used(Texts(out, members.words))
    take, _ = spans(bounds[:-1][several], bounds[1:][several])
    offsets = np.append(0, np.cumsum(counts[several])).astype(np.int32)
    lists = pa.ListArray.from_arrays(from_numpy(offsets), members.words.take(from_numpy(codes[take])))
    coded = pc.binary_join(lists, separator).dictionary_encode()
    out[several] = to_numpy(coded.indices) + len(members.words)
    return only_used(unified(out, [members.words, coded.dictionary]))


def worded(codes: npt.NDArray[Any], words: Sequence[str]) -> Texts:
    """Texts from codes of a small table of words, -1 for none; an empty word is none too."""
    table = np.array([i if word else -1 for i, word in enumerate(words)] + [-1], np.int32)
    return only_used(unified(table[codes], [text_array(words)]))
