"""Weaving: ends of records → tag columns, and encoded ids back to tags.

    weaver = Weaver(index, ["k8s.pod.name", "host.name"])
    woven = weaver.weave(ends, "source")
    dict(zip(weaver.columns("source"), woven.columns))   # source.k8s.pod.name, source.host.name

A weaver keeps nothing but what is asked for: names and labels are read anew in each batch, from the view that the
index has then.
"""

from collections.abc import Sequence
from typing import Final, NamedTuple, Protocol

import numpy as np
import pyarrow as pa

from tagweave.index.arrow import from_numpy
from tagweave.index.columns import RULES, U8, U64, Bools
from tagweave.index.find import Endpoints, Found, find
from tagweave.index.reading import Asked, Reader, reads_of
from tagweave.index.rows import Decided
from tagweave.index.values import Texts, distinct
from tagweave.index.view import View
from tagweave.index.vocabulary import DEFAULTS, GROUP_PREFIX, check_vocabulary, property_of, sided
from tagweave.model.times import FOREVER

_RULE_BITS: Final = np.uint64(15)
_DISPUTED_BIT: Final = np.uint64(16)
_ROW_BITS: Final = ~np.uint64(31)


class Index(Protocol):
    """What has a view: a tag index, which may have another one later."""

    @property
    def view(self) -> View:
        """The view that counts now."""


class Woven(NamedTuple):
    """The tags of one end of n records.

    `columns` are dictionaries of the strings that occur, null where a tag is not set. `ids` are the encoded ids
    (0: none; see `names_of`), `reasons` index REASONS; `found` is all that was decided.
    """

    columns: list[pa.DictionaryArray]
    ids: U64
    reasons: U8
    found: Found


class Named(NamedTuple):
    """The tags of n encoded ids, as columns; an id that is not `known` is of no tagset of this index."""

    columns: list[pa.DictionaryArray]
    known: Bools


class Weaver:
    """Turns ends of records into tag columns. Safe to use from several threads."""

    def __init__(self, index: Index | View, tags: Sequence[str] | None = None, names: str = "otel") -> None:
        """Raises ConfigError for a vocabulary or tag that does not exist."""
        check_vocabulary(names)
        self.index = index
        view = _view(index)
        if tags is None:
            tags = (*DEFAULTS[names], *(f"{GROUP_PREFIX}{name}" for name in view.manifest.groups))
        self._names = names
        self._tags = tuple(dict.fromkeys(tags))
        for tag in self._tags:
            property_of(names, tag)

    def columns(self, side: str) -> list[str]:
        """The names of the columns for an end: `source`, `destination`, or empty for one-ended records."""
        return [sided(self._names, tag, side) for tag in self._tags]

    def weave(self, ends: Endpoints, side: str) -> Woven:
        """The tags of one end of a batch of records, each as of its record's time."""
        view = _view(self.index)
        found = find(view, ends, side)
        reads = reads_of(view, self._names, self._tags)
        reader = Reader(view, self._names, Decided.of(found), Asked(ends, found), reads)
        columns = [_dictionary(reader.tag(tag)) for tag in self._tags]
        return Woven(columns, encoded(reader), found.reasons, found)


def _view(index: Index | View) -> View:
    return index if isinstance(index, View) else index.view


def _dictionary(found: Texts) -> pa.DictionaryArray:
    """A column of texts; what is under a null means nothing, and the codes are known to be right."""
    there = found.codes >= 0
    codes = from_numpy(found.codes, None if there.all() else there)
    return pa.DictionaryArray.from_arrays(codes, found.words, safe=False)


# ---- ids


def encoded(reader: Reader) -> U64:
    """The encoded id of each end: what its row says, by which rule it was found, and whether it is disputed.

    It means the same for ever and everywhere; 0 is none. Bits 0 to 3 are the rule, bit 4 is disputed.
    """
    rows = reader.rows.decided
    ids = reader.view.ids(rows.tagsets, rows.picks) & _ROW_BITS
    ids |= rows.rules.astype(np.uint64) | rows.disputed.astype(np.uint64) << np.uint64(4)
    return np.where(rows.tagsets != 0, ids, np.uint64(0))[reader.row_of]


def names_of(
    index: Index | View,
    ids: pa.Array | U64,
    tags: Sequence[str],
    at: pa.Array | np.ndarray | None = None,
    names: str = "otel",
) -> Named:
    """Any tags of encoded ids, each as of a time in ns (n,); without times as of the newest.

    A null or 0 is nobody's: all of its tags are null. What an id does not hold has no value: the text of an
    address that nobody has, the age of a match, a container's name and id.
    """
    check_vocabulary(names)
    view = _view(index)
    given = _numbers(ids, np.uint64)
    of, values = distinct(given & _ROW_BITS)
    tagsets, picks = view.by_ids(values)
    rules = (given & _RULE_BITS).astype(np.uint8)
    known = (given == 0) | ((tagsets[of] != 0) & (rules > 0) & (rules < len(RULES)))
    moments = np.full(len(given), FOREVER, np.int64) if at is None else _numbers(at, np.int64)
    mine = known & (given != 0)
    decided = Decided(
        np.where(mine, tagsets[of], 0).astype(np.int32),
        np.where(mine, picks[of], 0).astype(np.int32),
        np.where(mine, rules, 0).astype(np.uint8),
        mine & ((given & _DISPUTED_BIT) != 0),
        moments,
    )
    reader = Reader(view, names, decided, None, reads_of(view, names, tags))
    return Named([_dictionary(reader.tag(tag)) for tag in tags], known)


def _numbers(values: pa.Array | np.ndarray, dtype: type) -> np.ndarray:
    if isinstance(values, pa.Array | pa.ChunkedArray):
        values = values.fill_null(0).to_numpy(zero_copy_only=False)
    return np.asarray(values, dtype)
