"""Merging: several segments → one that says the same.

Keys of a newer segment stand in place of those of an older one. Tagsets, sets, picks and texts of all are kept,
each once, also those that no key refers to any more: an id that was once written can be read back. Keys that are
gone are left out where nothing older is left for them to hide. NumPy does it all: no loop is over rows.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from tagweave.index import segment
from tagweave.index.arrays import (
    VALUE_CELLS,
    label_arrays,
    port_arrays,
    regrouped,
    resource_arrays,
    tagset_arrays,
)
from tagweave.index.columns import FACTS, I32, I64, PICKED, SEVERAL, SINGLE, TAGSET_BITS
from tagweave.index.folder import SegmentEntry
from tagweave.index.segment import Segment
from tagweave.index.tables import TABLES, Runs, content_keys, newest, runs_of_table, set_ids, table_arrays

Array = npt.NDArray[Any]
Arrays = dict[str, Array]
Numbers = list[npt.NDArray[np.intp]]
"""Of each segment, what its row r is called in the merged one: numbers[segment][r]."""

_TEXTS: Final = ("name", "type", "ip", "started", "account")
_SETS: Final = ("cen", "peering_connection")


def merge(segments: Sequence[Segment], path: Path, *, oldest: bool) -> SegmentEntry:
    """Write the merged segment of several, the newest first; `oldest`: nothing older than these is left."""
    arrays, meta = merged(segments, oldest=oldest)
    return SegmentEntry.of(path, segment.write(path, arrays, meta), meta["keys"])


def merged(segments: Sequence[Segment], *, oldest: bool) -> tuple[Arrays, dict[str, Any]]:
    """The arrays of the merged segment, and what it says of itself."""
    runs, arrays, kinds = content(segments, oldest=oldest)
    for name, some in runs.items():
        arrays |= table_arrays(name, some)
    return arrays, {"kinds": kinds, "keys": sum(len(some.hi) for some in runs.values())}


def content(segments: Sequence[Segment], *, oldest: bool) -> tuple[dict[str, Runs], Arrays, list[str]]:
    """What several segments say together: the runs of each table, all other arrays, and the kinds of resources."""
    kinds = list(dict.fromkeys(kind for one in segments for kind in one.meta["kinds"]))
    strings, string_numbers = _strings(segments)
    sets, set_numbers = _sets(segments)
    labels, label_numbers = _labels(segments, string_numbers)
    ports, port_numbers = _ports(segments, set_numbers)
    tagsets, tagset_numbers = _tagsets(segments, set_numbers, port_numbers, sets["set.id"])
    runs = {name: _runs(segments, name, tagset_numbers, set_numbers, string_numbers, oldest=oldest) for name in TABLES}
    resources = _resources(segments, kinds, string_numbers, set_numbers, label_numbers)
    return runs, strings | sets | labels | ports | tagsets | resources, kinds


# ---- what is kept once


def _unique(groups: Sequence[tuple[I64, Array]]) -> tuple[npt.NDArray[np.intp], Numbers]:
    """Groups of values of several segments, each once: which they are, and what each segment's are numbered.

    Group g of a segment is values[first[g]:first[g + 1]], its rows of whatever width. Equal groups are those with one
    128-bit hash. They are numbered in the order of their first appearance: what is 0 in the newest stays 0.
    """
    width = groups[0][1].dtype.itemsize * int(np.prod(groups[0][1].shape[1:]))
    counts = np.concatenate([np.diff(first) for first, _ in groups])
    offsets = np.zeros(len(counts) + 1, np.int64)
    np.cumsum(counts * width, out=offsets[1:])
    data = np.concatenate([np.ascontiguousarray(values).reshape(-1).view(np.uint8) for _, values in groups])
    hi, lo = content_keys(offsets, data)
    order = np.lexsort((lo, hi))  # stable: the first of equal ones is the one that appears first
    new = np.ones(len(order), np.bool_)
    new[1:] = (hi[order][1:] != hi[order][:-1]) | (lo[order][1:] != lo[order][:-1])
    head = np.empty(len(order), np.intp)
    head[order] = order[new][np.cumsum(new) - 1]
    first_ones = np.flatnonzero(head == np.arange(len(head)))
    numbers = np.searchsorted(first_ones, head)
    return first_ones, np.split(numbers, np.cumsum([len(first) - 1 for first, _ in groups])[:-1])


def _groups(groups: Sequence[tuple[I64, Array]]) -> tuple[I64, Array, Numbers]:
    """Groups of values of several segments, each once, one after the other; and their numbers."""
    which, numbers = _unique(groups)
    first, rows = regrouped(np.concatenate([np.diff(first) for first, _ in groups]), which)
    return first, np.concatenate([values for _, values in groups])[rows], numbers


def _rows(parts: Sequence[Array]) -> tuple[Array, Numbers]:
    """Rows of several segments, each once, and their numbers."""
    which, numbers = _unique([(np.arange(len(part) + 1, dtype=np.int64), part) for part in parts])
    return np.concatenate(parts)[which], numbers


def _strings(segments: Sequence[Segment]) -> tuple[Arrays, Numbers]:
    first, data, numbers = _groups([(one["string.offset"], one["string.bytes"]) for one in segments])
    return {"string.offset": first, "string.bytes": data}, numbers


def _sets(segments: Sequence[Segment]) -> tuple[Arrays, Numbers]:
    first, member, numbers = _groups([(one["set.first"], one["set.member"]) for one in segments])
    return {"set.first": first, "set.member": member, "set.id": set_ids(first, member)}, numbers


def _labels(segments: Sequence[Segment], strings: Numbers) -> tuple[Arrays, Numbers]:
    groups = []
    for one, number in zip(segments, strings, strict=True):
        first = one["labels.first"]
        pairs = np.stack([number[one["label.key"]], number[one["label.value"]]], axis=1).astype(np.int32)
        group = np.repeat(np.arange(len(first) - 1), np.diff(first))
        groups.append((first, pairs[np.lexsort((pairs[:, 0], group))]))
    first, pairs, numbers = _groups(groups)
    return label_arrays(first, np.ascontiguousarray(pairs[:, 0]), np.ascontiguousarray(pairs[:, 1])), numbers


def _ports(segments: Sequence[Segment], sets: Numbers) -> tuple[Arrays, Numbers]:
    """Sets of ports, and what they pick. Picks 0 and 1 are the same in all segments."""
    said = []
    for one, number in zip(segments, sets, strict=True):
        columns = [number[one[f"pick.{name}"]] if name in SEVERAL else one[f"pick.{name}"] for name in PICKED]
        said.append(np.stack(columns, axis=1).astype(np.int32)[2:])
    picks, of_rest = _rows(said)
    pick_numbers = [np.concatenate([[0, 1], number + 2]) for number in of_rest]
    codes, groups = [], []
    for one, number in zip(segments, pick_numbers, strict=True):
        key = one["port.key"].astype(np.int64)
        present, first = np.unique(key >> 24, return_index=True)
        rows = np.stack([key & 0xFFFFFF, one["port.start"], one["port.end"], number[one["port.pick"]]], axis=1)
        codes.append(present)
        groups.append((np.append(first, len(key)).astype(np.int64), rows))
    first, rows, of_groups = _groups(groups)
    keys = rows[:, 0] | np.repeat(np.arange(1, len(first)), np.diff(first)) << 24
    numbers = []
    for one, present, number in zip(segments, codes, of_groups, strict=True):
        numbers.append(np.zeros(int(one["tagset.ports"].max()) + 1, np.intp))
        numbers[-1][present] = number + 1
    none = np.zeros((2, len(PICKED)), np.int32)
    arrays = port_arrays(
        keys.astype(np.uint64),
        np.ascontiguousarray(rows[:, 1]),
        np.ascontiguousarray(rows[:, 2]),
        rows[:, 3].astype(np.int32),
        np.concatenate([none, picks]).T,
    )
    return arrays, numbers


def _tagsets(segments: Sequence[Segment], sets: Numbers, ports: Numbers, set_id: Array) -> tuple[Arrays, Numbers]:
    names = (*SINGLE, *FACTS, *SEVERAL, "ports")
    parts = []
    for one, of_sets, of_ports in zip(segments, sets, ports, strict=True):
        part = np.empty((len(one["tagset.id"]), len(names)), np.int32)
        for i, name in enumerate(names):
            column = one[f"tagset.{name}"]
            part[:, i] = of_sets[column] if name in SEVERAL else of_ports[column] if name == "ports" else column
        parts.append(part)
    rows, numbers = _rows(parts)
    columns = {name: np.ascontiguousarray(rows[:, i]) for i, name in enumerate(names)}
    return tagset_arrays(columns, set_id), numbers


# ---- what the newest says


def _runs(
    segments: Sequence[Segment], name: str, tagsets: Numbers, sets: Numbers, strings: Numbers, *, oldest: bool
) -> Runs:
    parts = []
    for one, of_tagsets, of_sets, of_strings in zip(segments, tagsets, sets, strings, strict=True):
        part = runs_of_table(one, name)
        row = of_tagsets[part.value & np.uint32(TAGSET_BITS)].astype(np.uint32)
        parts.append(
            part._replace(
                value=row | (part.value & ~np.uint32(TAGSET_BITS)),
                others=of_sets[part.others].astype(np.int32),
                label=_mapped(of_strings, part.label),
            )
        )
    runs = newest(parts)
    if oldest:
        heads = runs.heads()
        alone = np.diff(np.append(heads, len(runs.hi))) == 1
        gone = heads[alone & (runs.length[heads] == 0)]
        runs = runs.taken(np.delete(np.arange(len(runs.hi)), gone))
    return runs.packed()


def _resources(
    segments: Sequence[Segment], kinds: Sequence[str], strings: Numbers, sets: Numbers, labels: Numbers
) -> Arrays:
    rids, texts, counts, since, cells = [], [], [], [], []
    for s, one in enumerate(segments):
        kind = np.array([kinds.index(word) for word in one.meta["kinds"]], np.int32)
        of_texts = [_mapped(strings[s], one[f"resource.{name}"]) for name in ("source", "native")]
        rids.append(one["resource.rid"])
        texts.append(np.stack([kind[one["resource.kind"]], *of_texts], axis=1))
        counts.append(np.diff(one["resource.first"]))
        since.append(one["value.since"])
        columns = []
        for name in VALUE_CELLS:
            column = one[f"value.{name}"]
            columns.append(
                _mapped(strings[s], column)
                if name in _TEXTS
                else sets[s][column]
                if name in _SETS
                else labels[s][column]
                if name == "labels"
                else column
            )
        cells.append(np.stack(columns, axis=1).astype(np.int32))
    rid, which = np.unique(np.concatenate(rids), return_index=True)  # the first of each, which is the newest
    first, values = regrouped(np.concatenate(counts), which)
    return resource_arrays(
        rid, np.concatenate(texts)[which], first, np.concatenate(since)[values], np.concatenate(cells)[values]
    )


def _mapped(numbers: npt.NDArray[np.intp], codes: I32) -> I32:
    """Codes of texts in other numbers; -1 stays -1."""
    if not len(numbers):
        return codes
    return np.where(codes >= 0, numbers[codes], -1).astype(np.int32)
