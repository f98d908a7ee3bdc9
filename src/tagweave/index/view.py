"""A view: the segments of one revision of an index, mapped and numbered, to ask at one point in time.

Each segment numbers its tagsets, sets, picks and breakpoints from 0. A view numbers them on over all of its
segments: global tagset = `offsets[s]` + row of segment s, and so for the rest. These numbers are the view's own;
what lasts are ids (`View.ids`).
"""

from collections.abc import Sequence
from functools import cached_property
from pathlib import Path
from typing import Final, NamedTuple

import numpy as np
import numpy.typing as npt

from tagweave.errors import BrokenSegment
from tagweave.index.columns import AS_IT_IS, I32, I64, NO_SERVICE, PICKED, SEVERAL, TAGSET_BITS, U8, U32, U64
from tagweave.index.compiled import frozen, interprets
from tagweave.index.folder import Folder, Manifest
from tagweave.index.kernels import Ports, Reach, Table
from tagweave.index.networks import Networks
from tagweave.index.segment import Segment
from tagweave.index.tables import (
    MOST_SLOT_BITS,
    PREFIX,
    TABLES,
    cell_ids,
    kernel_table,
    newest,
    runs_in,
    runs_of_table,
    table_arrays,
)
from tagweave.model.times import BEGINNING

_TRIES: Final = 5
_CHUNK: Final = 1 << 14
_LONGEST: Final = 128
_MAPPED: Final = 0xFFFF


class Prefixes(NamedTuple):
    """A table of prefixes, and the view's numbers of its tagsets and breakpoints: from a first on, or listed."""

    table: Table
    masks: U64
    first: tuple[int, int]
    listed: tuple[I32, I64] | None

    def tagsets(self, rows: I32) -> I32:
        """The view's numbers of tagsets."""
        return rows + np.int32(self.first[0]) if self.listed is None else self.listed[0][rows]

    def pieces(self, points: I64) -> I64:
        """The view's numbers of breakpoints."""
        return points + self.first[1] if self.listed is None else self.listed[1][points]


class View:
    """Segments, the newest first, with the networks and the manifest of their revision. Nothing in it changes."""

    def __init__(self, segments: Sequence[Segment], networks: Networks, manifest: Manifest) -> None:
        self.segments: tuple[Segment, ...] = tuple(segments)
        self.networks = networks
        self.manifest = manifest
        self.offsets = _offsets(self.segments, "tagset.id")
        self.sets = _offsets(self.segments, "set.id")
        self.picks = _offsets(self.segments, "pick.service")
        points = [len(one[f"{table}.time"]) for one in self.segments for table in TABLES]
        self.points: I64 = np.cumsum([0, *points], dtype=np.int64)
        """The first breakpoint of each table of each segment, table by table (TABLES), segment by segment."""

    @cached_property
    def scope_seen(self) -> I64:
        """When each scope of the manifest was last listed."""
        return np.array([scope.last_success for scope in self.manifest.scopes], np.int64)

    def table(self, segment: int, name: str) -> Table:
        """A table of a segment as kernels see it."""
        return self._tables[segment][name]

    @cached_property
    def _tables(self) -> list[dict[str, Table]]:
        return [{name: kernel_table(one, name, one["tagset.owner"]) for name in TABLES} for one in self.segments]

    @cached_property
    def reach(self) -> Reach:
        """The networks as kernels see them."""
        return self.networks.reach()

    def having(self, name: str) -> tuple[int, ...]:
        """The segments that have keys in a table, the newest first."""
        return self._having[name]

    @cached_property
    def _having(self) -> dict[str, tuple[int, ...]]:
        return {name: tuple(s for s, one in enumerate(self.segments) if len(one[f"{name}.run.hi"])) for name in TABLES}

    def ports(self, segment: int) -> Ports:
        """The sets of ports of a segment as kernels see them."""
        return Ports(*(self.segments[segment][f"port.{field}"] for field in Ports._fields))

    def prefixes(self, hi: U64, lo: U64) -> "Prefixes | None":
        """A table of the prefixes of some addresses, at least; None where there are none."""
        having = self.having(PREFIX)
        if not having:
            return None
        if len(having) == 1:
            return self._only_prefixes
        if interprets(len(hi)):
            return self._prefixes_of(hi, lo)
        return self._all_prefixes

    @cached_property
    def _only_prefixes(self) -> "Prefixes":
        (s,) = self.having(PREFIX)
        self._checked(s)
        table, masks = self.table(s, PREFIX), self.segments[s]["prefix.masks"]
        if masks[0] > MOST_SLOT_BITS or masks[1] > MOST_SLOT_BITS:
            raise BrokenSegment(self.segments[s].path, "is damaged: prefix.masks are none")
        return Prefixes(table, masks, (int(self.offsets[s]), self.point(s, PREFIX, 0)), None)

    @cached_property
    def _all_prefixes(self) -> "Prefixes":
        return self._of_prefixes([np.arange(len(self.segments[s]["prefix.run.hi"])) for s in self.having(PREFIX)])

    def _prefixes_of(self, hi: U64, lo: U64) -> "Prefixes | None":
        """Those of a few addresses: a table of all takes too long to make for one."""
        addresses = {int(high) << 64 | int(low) for high, low in zip(hi, lo, strict=True)}
        wanted = {
            (address >> (128 - length) << (128 - length), length)
            for address in addresses
            for length in range(96 if address >> 32 == _MAPPED else 0, _LONGEST + 1)
        }
        rows = []
        for s in self.having(PREFIX):
            one = self.segments[s]
            mine = [range(*span) for key in wanted if (span := runs_in(one, PREFIX, *key))]
            rows.append(np.array(sorted(row for span in mine for row in span), np.intp))
        return self._of_prefixes(rows) if any(len(some) for some in rows) else None

    def _of_prefixes(self, rows: Sequence[npt.NDArray[np.intp]]) -> "Prefixes":
        """One table of some runs of prefixes of each segment; what a newer one says hides the older."""
        parts, numbers, pieces = [], [], []
        for s, some in zip(self.having(PREFIX), rows, strict=True):
            self._checked(s)
            part = runs_of_table(self.segments[s], PREFIX).taken(some)
            local = part.value & np.uint32(TAGSET_BITS)
            parts.append(part)
            numbers.append(np.where(local > 0, local + self.offsets[s], 0))
            pieces.append(np.arange(len(part.time)) + self.point(s, PREFIX, 0))
        runs = newest(parts)
        tagsets, row = np.unique(np.append(np.concatenate(numbers), 0), return_inverse=True)
        value: U32 = row[:-1].astype(np.uint32) | (runs.value & ~np.uint32(TAGSET_BITS))
        arrays = table_arrays(PREFIX, runs._replace(value=value))
        owner = self.column("owner", tagsets.astype(np.int32), np.zeros(len(tagsets), np.int32))
        table = kernel_table({name: frozen(array) for name, array in arrays.items()}, PREFIX, frozen(owner))
        listed = tagsets.astype(np.int32), np.concatenate(pieces)
        return Prefixes(table, frozen(arrays["prefix.masks"]), (0, 0), listed)

    def _checked(self, s: int) -> None:
        """Ranges are few, and kernels trust their lengths."""
        if self.segments[s]["prefix.run.bits"].max() > _LONGEST:
            raise BrokenSegment(self.segments[s].path, "is damaged: it has ranges that are none")

    # ---- tagsets

    def column(self, name: str, tagsets: I32, picks: I32) -> I32:
        """A column of tagsets as their picks leave it: ids, or global sets for one of SEVERAL."""
        several = name in SEVERAL
        out = np.zeros(len(tagsets), np.int32)
        for s, rows, where in self._by_segment(tagsets):
            one = self.segments[s]
            cells = one[f"tagset.{name}"][rows]
            if name in PICKED:
                pick = self._local_picks(s, picks[where])
                lays = pick > (AS_IT_IS if several else NO_SERVICE)
                if not several:
                    lays &= one["tagset.pod"][rows] == 0
                cells = np.where(lays, one[f"pick.{name}"][pick], cells)
            out[where] = np.where(cells != 0, cells + self.sets[s], 0) if several else cells
        return out

    def members(self, number: int) -> tuple[int, ...]:
        """The ids in a global set, in its order."""
        if number <= 0:
            return ()
        s = int(np.searchsorted(self.sets, number, side="right")) - 1
        first = self.segments[s]["set.first"]
        row = number - int(self.sets[s])
        return tuple(self.segments[s]["set.member"][first[row] : first[row + 1]].tolist())

    def _by_segment(self, tagsets: I32) -> list[tuple[int, npt.NDArray[np.intp], npt.NDArray[np.intp]]]:
        """(segment, rows in it, where they stand) of those that are not 0."""
        found = np.searchsorted(self.offsets, tagsets, side="right") - 1
        out = []
        for s in range(len(self.segments)):
            where = np.flatnonzero((found == s) & (tagsets > 0))
            if len(where):
                out.append((s, tagsets[where] - self.offsets[s], where))
        return out

    def _local_picks(self, s: int, picks: I32) -> npt.NDArray[np.intp]:
        return np.where(picks > 0, picks - self.picks[s], 0)

    # ---- ids

    def ids(self, tagsets: I32, picks: I32) -> U64:
        """The ids of tagsets as their picks leave them, the same in every index for ever; the low five bits are 0."""
        out = np.zeros(len(tagsets), np.uint64)
        for s, rows, where in self._by_segment(tagsets):
            out[where] = self._ids(s, rows, self._local_picks(s, picks[where]))
        return out

    def _ids(self, s: int, rows: npt.NDArray[np.intp], pick: npt.NDArray[np.intp]) -> U64:
        one = self.segments[s]
        ids: U64 = one["tagset.id"][rows].copy()
        some = np.flatnonzero(pick != AS_IT_IS)
        rows, pick = rows[some], pick[some]
        for name in PICKED:
            several = name in SEVERAL
            was, now = one[f"tagset.{name}"][rows], one[f"pick.{name}"][pick]
            if several:
                was, now = one["set.id"][was], one["set.id"][now]
            else:
                now = np.where((pick > NO_SERVICE) & (one["tagset.pod"][rows] == 0), now, was)
            ids[some] ^= cell_ids(name, was) ^ cell_ids(name, now)
        return ids & ~np.uint64(31)

    def by_ids(self, ids: U64) -> tuple[I32, I32]:
        """The tagset and pick of each id; (0, 0) where no segment has it. The low five bits are not looked at."""
        wanted, inverse = np.unique(ids & ~np.uint64(31), return_inverse=True)
        tagsets, picks = np.zeros(len(wanted), np.int32), np.zeros(len(wanted), np.int32)
        for s, one in enumerate(self.segments):
            open_ = np.flatnonzero((tagsets == 0) & (wanted != 0))
            known, order = one["tagset.id"], one["tagset.order"]
            place = np.minimum(np.searchsorted(known, wanted[open_], sorter=order), len(known) - 1)
            row = order[place]
            hit = known[row] == wanted[open_]
            tagsets[open_[hit]] = row[hit] + self.offsets[s]
        for s in range(len(self.segments)):
            self._by_pick(s, wanted, tagsets, picks)
        return tagsets[inverse.ravel()], picks[inverse.ravel()]

    def _by_pick(self, s: int, wanted: U64, tagsets: I32, picks: I32) -> None:
        """Find ids among all that a port may make of the tagsets of a segment."""
        one = self.segments[s]
        settling = one["tagset.settling"]
        sets = _picks_of_sets(one, int(settling.max(initial=0)) >> 2)
        for begin in range(0, len(settling), _CHUNK):
            left = np.flatnonzero((tagsets == 0) & (wanted != 0))
            if not len(left):
                return
            some = begin + np.flatnonzero(settling[begin : begin + _CHUNK])
            rows, picked = sets.of(some, settling[some])
            made = self._ids(s, rows, picked)
            place = np.minimum(np.searchsorted(wanted[left], made), len(left) - 1)
            hit = np.flatnonzero(wanted[left[place]] == made)
            tagsets[left[place[hit]]] = rows[hit] + self.offsets[s]
            picks[left[place[hit]]] = picked[hit] + self.picks[s]

    # ---- what lies behind an answer

    def where(self, pieces: I64) -> tuple[I32, U8, I64]:
        """Of global breakpoints: the segment, the table (a position in TABLES) and the breakpoint in it."""
        at = np.searchsorted(self.points, pieces, side="right") - 1
        at = np.clip(at, 0, max(len(self.points) - 2, 0))
        segment, table = np.divmod(at, len(TABLES))
        return segment.astype(np.int32), table.astype(np.uint8), pieces - self.points[at]

    def point(self, segment: int, table: str, breakpoint_: int) -> int:
        """The global number of a breakpoint."""
        return int(self.points[segment * len(TABLES) + TABLES.index(table)]) + breakpoint_

    def seen(self, pieces: I64) -> I64:
        """When the claims behind breakpoints were last observed to hold, in ns; BEGINNING for -1."""
        out = np.full(len(pieces), BEGINNING, np.int64)
        segment, table, row = self.where(pieces)
        code = np.where(pieces >= 0, segment * len(TABLES) + table, -1)
        for one in np.unique(code[code >= 0]).tolist():
            mine = np.flatnonzero(code == one)
            s, t = divmod(one, len(TABLES))
            out[mine] = self.segments[s][f"{TABLES[t]}.seen"][row[mine]]
        scope = out - (BEGINNING + 1)
        by_scope = np.flatnonzero((scope >= 0) & (scope < len(self.scope_seen)) & (out < 0) & (pieces >= 0))
        out[by_scope] = self.scope_seen[scope[by_scope]]
        return out

    def others(self, piece: int) -> tuple[int, ...]:
        """The owners whose claims lost at a breakpoint."""
        if piece < 0:
            return ()
        segment, table, row = (int(one[0]) for one in self.where(np.array([piece], np.int64)))
        code = int(self.segments[segment][f"{TABLES[table]}.others"][row])
        return self.members(code + int(self.sets[segment])) if code else ()


def _offsets(segments: Sequence[Segment], array: str) -> I64:
    """Where the rows of each segment begin in the view's numbers, and the end.

    Row 0 of a segment is empty: 0 stands for it in all of them.
    """
    return np.cumsum([0, *(len(one[array]) for one in segments)], dtype=np.int64)


class _PicksOfSets(NamedTuple):
    """What each set of ports may pick: of set p, pick[first[p]:first[p + 1]]."""

    first: I64
    pick: npt.NDArray[np.intp]

    def of(self, rows: npt.NDArray[np.intp], settling: I32) -> tuple[npt.NDArray[np.intp], npt.NDArray[np.intp]]:
        """All pairs of a row and what a port may make of it: "no service" too, of pods and nodes."""
        loses = np.flatnonzero(settling & 3)
        sets = settling >> 2
        length = self.first[sets + 1] - self.first[sets]
        begin = np.cumsum(length) - length
        which = np.repeat(self.first[sets] - begin, length) + np.arange(int(length.sum()))
        both = np.concatenate([rows[loses], np.repeat(rows, length)])
        return both, np.concatenate([np.full(len(loses), NO_SERVICE, np.intp), self.pick[which]])


def _picks_of_sets(one: Segment, most: int) -> _PicksOfSets:
    sets = (one["port.key"] >> np.uint64(24)).astype(np.int64)
    pairs = np.unique(sets << 32 | one["port.pick"])
    return _PicksOfSets(np.searchsorted(pairs, np.arange(most + 2) << 32), (pairs & 0xFFFFFFFF).astype(np.intp))


def open_view(folder: Folder, before: View | None = None) -> View | None:
    """The view of the folder's revision; None where there is no index. Files that stay are not mapped again.

    Raises BrokenIndex where the folder cannot be read.
    """
    for attempt in range(_TRIES):
        manifest = folder.read()
        if manifest is None:
            return None
        if before is not None and manifest == before.manifest:
            return before
        try:
            return _opened(folder, manifest, before)
        except BrokenSegment:
            if attempt == _TRIES - 1 or folder.read() == manifest:
                raise  # else a writer was faster than we: its newest manifest names other files
    raise AssertionError


def _opened(folder: Folder, manifest: Manifest, before: View | None) -> View:
    mapped: dict[tuple[Path, int], Segment] = {}
    if before is not None:
        mapped = {(one.path, one.checksum): one for one in before.segments}
    segments = []
    for entry in manifest.segments:
        path = folder.file(entry.file)
        one = mapped.get((path, entry.checksum)) or Segment.open(path)
        if one.checksum != entry.checksum:
            raise BrokenSegment(path, "is not the file that the manifest names")
        segments.append(one)
    if before is not None and before.manifest.networks == manifest.networks:
        return View(segments, before.networks, manifest)
    return View(segments, Networks.read(Segment.open(folder.file(manifest.networks.file))), manifest)
