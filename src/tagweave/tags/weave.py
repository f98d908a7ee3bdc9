"""Weaving: tagsets of a batch → tag columns.

The port of a record settles which service its end is; after that, the value of a tag is the same for all ends
with one tagset, unless a resource was renamed or relabelled. So a tag is a table from tagset to value, made
once, and a column is one gather from it; only ends whose value changed with time are looked at one by one.
"""

from collections.abc import Sequence
from threading import Lock
from typing import Final, NamedTuple

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from tagweave.tags.index import Endpoints, TagIndex
from tagweave.tags.names import DEFAULTS, GROUP_PREFIX, check_vocabulary, reading, sided
from tagweave.tags.values import INSTANCE_WORDS, SERVICE_WORDS, TYPE_OF, Reader, address_subject

I32 = npt.NDArray[np.int32]
I64 = npt.NDArray[np.int64]

AGE: Final = "tagweave.match.age"
_SEVERAL: Final = ","
"""What joins several values of one tag in a column."""


class Woven(NamedTuple):
    """The tag columns of one end of a batch: dictionaries of strings, null where a tag is not set.

    `tagsets` are the tagset ids (0: none) and `reasons` index `REASONS`.
    """

    columns: list[pa.DictionaryArray]
    tagsets: I32
    reasons: npt.NDArray[np.uint8]


class Weaver:
    """Turns ends of records into tag columns. Safe to use from several threads."""

    def __init__(self, index: TagIndex, tags: Sequence[str] | None = None, names: str = "otel") -> None:
        """Raises ConfigError for a vocabulary or tag that does not exist."""
        check_vocabulary(names)
        groups = [f"{GROUP_PREFIX}{name}" for name in index.groups]
        self._names = names
        self._tags = tuple(dict.fromkeys(tags if tags is not None else (*DEFAULTS[names], *groups)))
        for tag in self._tags:
            reading(names, tag)
        self.index = index
        self._settled = _Settled(index)
        self._reader = Reader(index, names)
        self._tables = self._new_tables()

    def _new_tables(self) -> tuple[int, "dict[str, _TagTable]"]:
        """The tags' tables, as of the index's generation: names and labels may be others in the next."""
        generation = self.index.generation
        needed = dict.fromkeys(tag for one in self._tags if one != AGE for tag in (one, TYPE_OF.get(one, one)))
        return generation, {tag: _TagTable(self.index, self._reader, tag) for tag in needed}

    def columns(self, side: str) -> list[str]:
        """The names of the columns for an end: `source`, `destination`, or empty for one-ended records."""
        return [sided(self._names, tag, side) for tag in self._tags]

    def weave(self, ends: Endpoints, side: str) -> Woven:
        """The tags of one end of a batch of records, each as of its record's time."""
        if self._tables[0] != self.index.generation:
            self._tables = self._new_tables()
        tables = self._tables[1]
        found = self.index.find(ends)
        tagsets = self._settled.by_port(found.tagsets, ends, side)
        bare: dict[str, _Bare] = {}
        for kind in {TYPE_OF[tag] for tag in self._tags if tag in TYPE_OF}:
            bare[kind] = _Bare.of(np.flatnonzero((tables[kind].gather(tagsets, ends.at)[0] < 0) & ends.valid), ends)
        columns = [
            self._ages(tagsets, ends.at) if tag == AGE else self._column(tables[tag], tag, tagsets, ends, bare)
            for tag in self._tags
        ]
        return Woven(columns, tagsets, found.reasons)

    def _column(
        self, table: "_TagTable", tag: str, tagsets: I32, ends: Endpoints, bare: "dict[str, _Bare]"
    ) -> pa.DictionaryArray:
        codes, dictionary = table.gather(tagsets, ends.at)
        if tag in TYPE_OF:
            word = INSTANCE_WORDS.get(tag) or SERVICE_WORDS[tag]
            codes, dictionary = bare[TYPE_OF[tag]].told(word, codes, dictionary)
        return _dictionary(codes, dictionary)

    def _ages(self, tagsets: I32, at: I64) -> pa.DictionaryArray:
        """Seconds since the match was last confirmed."""
        seen = np.zeros(len(tagsets), np.int64)
        order = np.argsort(tagsets, kind="stable")
        for mine in np.split(order, np.flatnonzero(np.diff(tagsets[order])) + 1) if len(order) else ():
            starts, last = map(np.array, self._reader.sightings(self.index.tagsets.row(int(tagsets[mine[0]]))))
            seen[mine] = last[np.maximum(0, np.searchsorted(starts, at[mine], side="right") - 1)]
        ages = np.maximum(0, (at - seen) // 1_000_000_000)
        values, codes = np.unique(ages, return_inverse=True)
        return _dictionary(
            np.where(tagsets == 0, -1, codes).astype(np.int32), pa.array(values.astype(str), pa.string())
        )


class _Settled:
    """Tagsets in which the port has decided the services."""

    def __init__(self, index: TagIndex) -> None:
        self._index = index
        self._known: dict[tuple[int, int], int] = {}

    def by_port(self, tagsets: I32, ends: Endpoints, side: str) -> I32:
        """The tagsets of ends, with the services that their port belongs to.

        A destination whose port no service serves is of no service. A source's port is the client's own
        choice: where no service serves it, it says nothing and all its services stand.
        """
        ports = self._index.tagsets.column("ports")[tagsets]
        if not ports.any():
            return tagsets
        picked = self._pick(ports, ends)
        settled = picked != 0
        if side == "destination":
            refused = (picked == 0) & (ends.port >= 0) & (ports != 0)
            settled |= refused & (self._index.tagsets.column("pod")[tagsets] != 0)
        rows = np.flatnonzero(settled & (picked != self._index.tagsets.column("service")[tagsets]))
        if not len(rows):
            return tagsets
        pairs = tagsets[rows].astype(np.int64) << 32 | picked[rows]
        unique, inverse = np.unique(pairs, return_inverse=True)
        by_pair = np.array([self._settle(int(p) >> 32, int(p) & 0xFFFFFFFF) for p in unique], np.int32)
        out = tagsets.copy()
        out[rows] = by_pair[inverse]
        return out

    def _pick(self, ports: I32, ends: Endpoints) -> I32:
        """The set of services of each port; a protocol that is not known may be TCP, UDP or SCTP."""
        compiled = self._index.services.compiled()
        unknown = np.flatnonzero(ends.protocol == 0)
        picked = compiled.pick(ports, ends.protocol, ends.port, ends.at)
        for protocol in (6, 17, 132) if len(unknown) else ():
            tried = np.full(len(unknown), protocol, np.uint8)
            found = compiled.pick(ports[unknown], tried, ends.port[unknown], ends.at[unknown])
            picked[unknown] = self._either(picked[unknown], found)
        return picked

    def _either(self, one: I32, other: I32) -> I32:
        out = np.where(one == 0, other, one)
        for i in np.flatnonzero((one != 0) & (other != 0) & (one != other)):
            with self._index.lock:
                out[i] = self._index.tagsets.union(int(one[i]), int(other[i]))
        return out

    def _settle(self, tagset: int, services: int) -> int:
        found = self._known.get((tagset, services))
        if found is None:
            with self._index.lock:
                sets = self._index.tagsets
                row = self._index.services.settled(sets.row(tagset), services)
                found = self._known[tagset, services] = sets.intern(row)
        return found


class _TagTable:
    """One tag over all tagsets: the code of its value (-1: none), and those whose value changed in time."""

    def __init__(self, index: TagIndex, reader: Reader, tag: str) -> None:
        self._index = index
        self._reader = reader
        self._tag = tag
        self._lock = Lock()
        self._code_of: dict[str, int] = {}
        self._changes: dict[int, tuple[I64, I32]] = {}
        self._state = (np.empty(0, np.int32), pa.array([], pa.string()), np.empty(0, np.bool_))

    def gather(self, tagsets: I32, at: I64) -> tuple[I32, pa.StringArray]:
        """The code of each end's value, and the values."""
        codes, dictionary, changing = self._over(len(self._index.tagsets))
        out = codes[tagsets]
        if changing.any():
            rows = np.flatnonzero(changing[tagsets])
            for one in np.unique(tagsets[rows]):
                mine = rows[tagsets[rows] == one]
                moments, of = self._changes[int(one)]
                out[mine] = of[np.searchsorted(moments, at[mine], side="right")]
        return out, dictionary

    def _over(self, count: int) -> tuple[I32, pa.StringArray, npt.NDArray[np.bool_]]:
        if len(self._state[0]) < count:
            with self._lock:
                self._extend(count)
        return self._state

    def _extend(self, count: int) -> None:
        codes, _, changing = self._state
        new = range(len(codes), count)
        fresh = np.empty(len(new), np.int32)
        moving = np.zeros(len(new), np.bool_)
        for k, tagset in enumerate(new):
            row = self._index.tagsets.row(tagset)
            moments = self._reader.moments(self._tag, row)
            fresh[k] = self._code(row, moments[0] - 1 if moments else 0)
            if moments:
                moving[k] = True
                of = [fresh[k], *(self._code(row, moment) for moment in moments)]
                self._changes[tagset] = (np.array(moments, np.int64), np.array(of, np.int32))
        self._state = (
            np.concatenate([codes, fresh]),
            pa.array(list(self._code_of), pa.string()),
            np.concatenate([changing, moving]),
        )

    def _code(self, row: dict[str, int], at: int) -> int:
        values = self._reader.read(self._tag, row, at)
        if not values:
            return -1
        return self._code_of.setdefault(_SEVERAL.join(values), len(self._code_of))


class _Bare(NamedTuple):
    """The rows of which nothing but the address is known: it is itself the instance or the service there."""

    rows: npt.NDArray[np.intp]
    addresses: list[int]
    inverse: npt.NDArray[np.intp]

    @classmethod
    def of(cls, rows: npt.NDArray[np.intp], ends: Endpoints) -> "_Bare":
        if not len(rows):
            return cls(rows, [], rows)
        unique, inverse = np.unique(np.stack([ends.hi[rows], ends.lo[rows]], axis=1), axis=0, return_inverse=True)
        return cls(rows, [int(hi) << 64 | int(lo) for hi, lo in unique], inverse.ravel())

    def told(self, word: str, codes: I32, dictionary: pa.StringArray) -> tuple[I32, pa.StringArray]:
        """A column in which these rows have what the word says of their addresses."""
        if not len(self.rows):
            return codes, dictionary
        texts = [str(getattr(address_subject(address), word)) for address in self.addresses]
        values = list(dict.fromkeys(texts))
        position = {value: len(dictionary) + i for i, value in enumerate(values)}
        out = codes.copy()
        out[self.rows] = np.array([position[text] for text in texts], np.int32)[self.inverse]
        return out, pa.concat_arrays([dictionary, pa.array(values, pa.string())])


def _dictionary(codes: I32, dictionary: pa.StringArray) -> pa.DictionaryArray:
    missing = codes < 0
    indices = pa.array(codes, mask=missing) if missing.any() else pa.array(codes)
    return pa.DictionaryArray.from_arrays(indices, dictionary)
