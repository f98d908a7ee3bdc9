"""Asking tables: what keys mean in the segments of a view, and the arrays in which ends are asked and answered.

`exact` is the one way to a key, an address or a name: of several segments the newest that has it is the truth.
"""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Final, NamedTuple

import numpy as np
import numpy.typing as npt

from tagweave.index.columns import (
    AMBIGUOUS,
    FLAG_DISPUTED,
    I32,
    I64,
    MATCHED,
    NETWORK_UNNAMED,
    NOT_THEN,
    OUT_OF_REACH,
    RULE_CODES,
    U8,
    U64,
    UNKNOWN_ADDRESS,
    Bools,
)
from tagweave.index.compiled import for_rows, frozen
from tagweave.index.kernels import ABSENT, ELSEWHERE, FAR, NOBODY, SEVERAL_HOLD
from tagweave.index.tables import NAME, name_keys, runs_in, text_keys
from tagweave.index.view import View

if TYPE_CHECKING:
    import pyarrow as pa

Rows = npt.NDArray[np.intp]

_REASON_OF: Final = {
    ABSENT: UNKNOWN_ADDRESS,
    NOBODY: NOT_THEN,
    SEVERAL_HOLD: AMBIGUOUS,
    ELSEWHERE: OUT_OF_REACH,
}


class Endpoints(NamedTuple):
    """One end of n records, as arrays of length n.

    `hi` and `lo` are the packed 128-bit addresses (`model.addresses`), meaningless where not `valid`; `at` is
    the time of the event in ns and `until` the end of its window; `network` as from `network_ids`; `port` is -1
    and `protocol` (IANA's number) 0 where there is none. `keys` are other identities, tried in order before the
    address: (one of RULES, texts), an empty or missing text for none.
    """

    hi: U64
    lo: U64
    valid: Bools
    at: I64
    until: I64 | None
    network: I32
    port: I32
    protocol: U8
    keys: tuple[tuple[str, Any], ...] = ()


class Found(NamedTuple):
    """What the ends were found to be, as arrays of length n.

    `tagsets` and `picks` are the view's numbers (0: none; see `View.column`); `flags` FLAG_DISPUTED and FLAG_AFTER;
    `rules` codes of RULES, `reasons` of REASONS; `pieces` the view's breakpoints (-1: none; see `View.seen`);
    `labels` segment << 32 | text of what the name is a name of, beside the resource (-1: none); `at` the time that
    was answered for.
    """

    tagsets: I32
    picks: I32
    flags: U8
    rules: U8
    reasons: U8
    pieces: I64
    labels: I64
    at: I64

    @classmethod
    def nothing(cls, at: I64) -> "Found":
        """Answers for so many ends, not yet given."""
        n = len(at)
        return cls(
            np.zeros(n, np.int32),
            np.zeros(n, np.int32),
            np.zeros(n, np.uint8),
            np.zeros(n, np.uint8),
            np.zeros(n, np.uint8),
            np.full(n, -1, np.int64),
            np.full(n, -1, np.int64),
            at,
        )

    def put(self, rows: Rows, other: "Found", which: Rows) -> None:
        """Take over what some of others were found to be."""
        for name in self._fields[:-1]:
            getattr(self, name)[rows] = getattr(other, name)[which]


class Hits(NamedTuple):
    """What a table has of probes: `states` and `tiers` only where the tagset is 0, or was not clear at once."""

    tagsets: I32
    flags: U8
    pieces: I64
    states: I32
    tiers: I32
    rest: Rows


def exact(view: View, name: str, hi: U64, lo: U64, at: I64, network: I32) -> Hits:
    """What whole keys mean."""
    n = len(hi)
    kernels = for_rows(n)
    hi, lo, network = frozen(hi), frozen(lo), frozen(network)
    tagsets, flags, pieces = np.zeros(n, np.int32), np.zeros(n, np.uint8), np.full(n, -1, np.int64)
    states, tiers = np.zeros(n, np.int32), np.full(n, FAR, np.int32)
    segments = np.full(n, max(len(view.segments) - 1, 0), np.uint8)
    for s in reversed(view.having(name)):
        table, offset, base = view.table(s, name), int(view.offsets[s]), view.point(s, name, 0)
        if s == len(view.segments) - 1:
            kernels.find(table, hi, lo, at, network, offset, base, tagsets, flags, pieces)
        else:
            kernels.find_newer(table, s, hi, lo, at, network, offset, base, tagsets, flags, pieces, segments)
    rest = np.flatnonzero(tagsets == 0)
    for s in view.having(name):
        mine = rest[segments[rest] == s]
        if len(mine):
            table, offset, base = view.table(s, name), int(view.offsets[s]), view.point(s, name, 0)
            kernels.find_all(
                table, view.reach, mine, hi, lo, at, network, offset, base, tagsets, flags, pieces, states, tiers
            )
    return Hits(tagsets, flags, pieces, states, tiers, rest)


def reasons_of(hits: Hits) -> U8:
    """Why keys mean nothing; MATCHED where they mean something."""
    reasons = np.zeros(len(hits.tagsets), np.uint8)
    states = hits.states[hits.rest]
    for state, reason in _REASON_OF.items():
        reasons[hits.rest[states == state]] = reason
    return reasons


# ---- names


def by_name(view: View, rule: str, hi: U64, lo: U64, at: I64, network: I32) -> Found:
    """What names mean. A record that names its network wrongly asks in all of them: a name is mostly one's own."""
    where = np.where(network < 0, NETWORK_UNNAMED, network).astype(np.int32)
    hits = exact(view, NAME, hi, lo, frozen(at), where)
    reasons = reasons_of(hits)
    several = (hits.tagsets > 0) & (hits.flags & FLAG_DISPUTED != 0)
    reasons[several] = AMBIGUOUS
    found = Found.nothing(at)._replace(tagsets=hits.tagsets, flags=hits.flags, reasons=reasons, pieces=hits.pieces)
    found.rules[:] = RULE_CODES[rule]
    nothing = reasons != MATCHED
    for array in (found.tagsets, found.flags, found.rules):
        array[nothing] = 0
    found.pieces[nothing] = -1
    return found


def keys_of(rule: str, texts: Any, rows: Rows) -> tuple[Rows, U64, U64]:  # noqa: ANN401 - an Arrow array or a sequence
    """The keys of the texts in some rows, and in which of these there are any."""
    if isinstance(texts, Sequence):
        mine = [i for i in rows.tolist() if texts[i]]
        return np.array(mine, np.intp), *name_keys(rule, [texts[i] or "" for i in mine])
    import pyarrow as pa  # noqa: PLC0415 - whoever has an Arrow array has it loaded
    import pyarrow.compute as pc  # noqa: PLC0415

    if pa.types.is_dictionary(texts.type):
        hi, lo = text_keys(rule, *_buffers(texts.dictionary))
        lengths = pc.binary_length(texts.dictionary).fill_null(0).to_numpy(zero_copy_only=False)
        codes = texts.indices.fill_null(-1).to_numpy(zero_copy_only=False)
        rows = rows[codes[rows] >= 0]
        rows = rows[lengths[codes[rows]] > 0]
        return rows, hi[codes[rows]], lo[codes[rows]]
    offsets, data = _buffers(texts)
    there = offsets[1:] > offsets[:-1]
    if texts.null_count:
        there &= texts.is_valid().to_numpy(zero_copy_only=False)
    if len(rows) < len(texts) or not there.all():
        rows = rows[there[rows]]
        if len(rows) < len(texts):
            offsets, data = _buffers(texts.take(rows))
    return rows, *text_keys(rule, offsets, data)


def _buffers(texts: "pa.Array") -> tuple[I64, U8]:
    """The offsets and the bytes of an Arrow array of texts."""
    import pyarrow as pa  # noqa: PLC0415 - as above

    if not (pa.types.is_string(texts.type) or pa.types.is_large_string(texts.type)):
        texts = texts.cast(pa.string())
    _, offsets, data = texts.buffers()
    width = np.int64 if pa.types.is_large_string(texts.type) else np.int32
    if offsets is None or not len(texts):
        return np.zeros(len(texts) + 1, np.int64), np.empty(0, np.uint8)
    bounds = np.frombuffer(offsets, width)[texts.offset : texts.offset + len(texts) + 1].astype(np.int64)
    return bounds, np.frombuffer(data, np.uint8) if data is not None and data.size else np.empty(0, np.uint8)


# ---- one key


def runs_of(view: View, table: str, hi: int, lo: int, bits: int = 128) -> list[tuple[int, int, int]]:
    """Where the runs of a key are: (segment, first run, end); of a prefix, `bits` is its length.

    That is in the newest segment that has the key; nowhere where that says that the key is gone.
    """
    for s in view.having(table):
        one = view.segments[s]
        span = runs_in(one, table, hi << 64 | lo, bits)
        if span is not None:
            first, end = span
            return [(s, first, end)] if end - first > 1 or one[f"{table}.run.length"][first] else []
    return []
