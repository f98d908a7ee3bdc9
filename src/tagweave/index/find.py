"""Find: the tagset of each end of a batch of records, as of its time, and why where there is none.

One end or a million go the same way: `find` prepares arrays, the kernels decide. The order of things is that of
docs/laws.md, section 9:

    names, in the order of `Endpoints.keys`            table `name`
    then the address itself, tier by tier              table `address`
    then the ranges that hold it, in a nearer tier     table `prefix`
    what was not matched, or by a range only, again at the end of its window
    then the port: which of the services it is

Of several segments the newest that has a key is the truth for it.
"""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Final, NamedTuple

import numpy as np
import numpy.typing as npt

from tagweave.index.addresses import is_special
from tagweave.index.columns import (
    AMBIGUOUS,
    BY_ADDRESS,
    BY_PREFIX,
    FLAG_DISPUTED,
    I32,
    I64,
    MATCHED,
    NETWORK_UNNAMED,
    NO_ADDRESS,
    NOT_THEN,
    OUT_OF_REACH,
    RULE_CODES,
    SPECIAL,
    U8,
    U64,
    UNKNOWN_ADDRESS,
    UNKNOWN_NETWORK,
    Bools,
)
from tagweave.index.compiled import for_rows, frozen, interprets
from tagweave.index.kernels import ABSENT, ELSEWHERE, FAR, NOBODY, SEVERAL_HOLD
from tagweave.index.tables import ADDRESS, NAME, name_keys, text_keys
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
_LABELLED: Final = RULE_CODES["container_id"]


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
        for mine, theirs in zip(self[:-1], other[:-1], strict=True):
            mine[rows] = theirs[which]


class _Hits(NamedTuple):
    """What a table has of probes: `states` and `tiers` only where the tagset is 0, or was not clear at once."""

    tagsets: I32
    flags: U8
    pieces: I64
    states: I32
    tiers: I32
    rest: Rows


def find(view: View, ends: Endpoints, side: str) -> Found:
    """The tagset of each end as of its time, and why where there is none; `side` is source, destination or empty."""
    with np.errstate(over="ignore"):  # interpreted kernels let unsigned numbers wrap around, as machines do
        ends = _prepared(ends)
        found = _ask(view, ends)
        if ends.until is not None:
            found = _asked_again(view, ends, found)
        if view.segments and bool((ends.port >= 0).any()):
            _settle(view, ends, found, side == "destination")
        if any(rule == "container_id" for rule, _ in ends.keys):
            _label(view, ends, found)
    return found


def _prepared(ends: Endpoints) -> Endpoints:
    return ends._replace(
        hi=frozen(ends.hi),
        lo=frozen(ends.lo),
        at=frozen(ends.at),
        network=frozen(ends.network),
        port=frozen(ends.port),
        protocol=frozen(ends.protocol),
    )


def _some(ends: Endpoints, rows: Rows, at: I64) -> Endpoints:
    """Some of the ends, at other times."""
    return Endpoints(
        frozen(ends.hi[rows]),
        frozen(ends.lo[rows]),
        ends.valid[rows],
        frozen(at),
        None,
        frozen(ends.network[rows]),
        ends.port[rows],
        ends.protocol[rows],
        tuple((rule, _taken(texts, rows)) for rule, texts in ends.keys),
    )


def _taken(texts: Any, rows: Rows) -> Any:  # noqa: ANN401 - an Arrow array or a sequence
    return [texts[i] for i in rows] if isinstance(texts, Sequence) else texts.take(rows)


def _asked_again(view: View, ends: Endpoints, found: Found) -> Found:
    """Ask at the end of the window what was not matched at its start, or by a range only."""
    assert ends.until is not None
    none = (found.tagsets == 0) & (found.reasons != AMBIGUOUS)
    again = np.flatnonzero((none | (found.rules == BY_PREFIX)) & (ends.until > ends.at))
    if not len(again):
        return found
    later = _ask(view, _some(ends, again, ends.until[again]))
    better = np.flatnonzero((later.tagsets > 0) & ((found.tagsets[again] == 0) | (later.rules != BY_PREFIX)))
    found.put(again[better], later, better)
    at = found.at.copy()
    at[again[better]] = later.at[better]
    return found._replace(at=at)


# ---- at one time each


def _ask(view: View, ends: Endpoints) -> Found:
    """What each end is at its time: by its first name that means something, else by its address."""
    if not ends.keys:
        return _by_address(view, ends)
    found = Found.nothing(ends.at)
    named = np.zeros(len(ends.at), np.bool_)
    for rule, texts in ends.keys:
        rows, hi, lo = _keys(rule, texts, np.flatnonzero(found.tagsets == 0))
        if len(rows):
            answers = _by_name(view, rule, hi, lo, ends.at[rows], ends.network[rows])
            fresh = np.flatnonzero((answers.tagsets > 0) | ~named[rows])
            found.put(rows[fresh], answers, fresh)
            named[rows] = True
    rest = np.flatnonzero(found.tagsets == 0)
    if len(rest):
        answers = _by_address(view, _some(ends._replace(keys=()), rest, ends.at[rest]))
        decided = np.flatnonzero((answers.reasons != NO_ADDRESS) | ~named[rest])
        found.put(rest[decided], answers, decided)
    return found


def _keys(rule: str, texts: Any, rows: Rows) -> tuple[Rows, U64, U64]:  # noqa: ANN401 - an Arrow array or a sequence
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


def _by_name(view: View, rule: str, hi: U64, lo: U64, at: I64, network: I32) -> Found:
    """What names mean. A record that names its network wrongly asks in all of them: a name is mostly one's own."""
    where = np.where(network < 0, NETWORK_UNNAMED, network).astype(np.int32)
    hits = _exact(view, NAME, hi, lo, frozen(at), where)
    reasons = _reasons(hits)
    several = (hits.tagsets > 0) & (hits.flags & FLAG_DISPUTED != 0)
    reasons[several] = AMBIGUOUS
    found = Found.nothing(at)._replace(tagsets=hits.tagsets, flags=hits.flags, reasons=reasons, pieces=hits.pieces)
    found.rules[:] = RULE_CODES[rule]
    nothing = reasons != MATCHED
    for array in (found.tagsets, found.flags, found.rules):
        array[nothing] = 0
    found.pieces[nothing] = -1
    return found


def _by_address(view: View, ends: Endpoints) -> Found:
    """What addresses are: the nearest tier decides; within one, an exact address before a range."""
    hits = _exact(view, ADDRESS, ends.hi, ends.lo, ends.at, ends.network)
    found = Found.nothing(ends.at)._replace(
        tagsets=hits.tagsets, flags=hits.flags, pieces=hits.pieces, reasons=_reasons(hits)
    )
    found.rules[:] = BY_ADDRESS
    asked = ends.valid & (ends.network >= NETWORK_UNNAMED)
    rest = hits.rest[asked[hits.rest] & (hits.tiers[hits.rest] != 0)]
    if len(rest):
        _by_prefix(view, ends, rest, hits, found)
    absent = hits.rest[(found.reasons[hits.rest] == UNKNOWN_ADDRESS)]
    found.reasons[absent[is_special(ends.hi[absent], ends.lo[absent])]] = SPECIAL
    if not asked.all():
        found.reasons[ends.network < NETWORK_UNNAMED] = UNKNOWN_NETWORK
        found.reasons[~ends.valid] = NO_ADDRESS
        found.tagsets[~asked] = 0
    nothing = np.flatnonzero(found.tagsets == 0)
    found.rules[nothing] = 0
    found.flags[nothing] = 0
    found.pieces[nothing] = -1
    return found


def _reasons(hits: _Hits) -> U8:
    reasons = np.zeros(len(hits.tagsets), np.uint8)
    states = hits.states[hits.rest]
    for state, reason in _REASON_OF.items():
        reasons[hits.rest[states == state]] = reason
    return reasons


def _exact(view: View, name: str, hi: U64, lo: U64, at: I64, network: I32) -> _Hits:
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
    return _Hits(tagsets, flags, pieces, states, tiers, rest)


def _by_prefix(view: View, ends: Endpoints, rest: Rows, hits: _Hits, found: Found) -> None:
    """Ranges, for some of the ends: what is nearer than the address itself."""
    prefixes = view.prefixes(interpreted=interprets(len(rest)))
    if not prefixes.tables:
        return
    n = len(rest)
    rows, flags, segments = np.zeros(n, np.int32), np.zeros(n, np.uint8), np.zeros(n, np.uint8)
    points, distances = np.full(n, -1, np.int64), np.full(n, FAR, np.int32)
    for_rows(n).find_prefix(
        prefixes.tables,
        prefixes.masks,
        view.reach,
        rest,
        ends.hi,
        ends.lo,
        ends.at,
        ends.network,
        rows,
        flags,
        segments,
        points,
        distances,
    )
    nearer = distances < hits.tiers[rest]
    several = rest[nearer & (rows == SEVERAL_HOLD)]
    found.tagsets[several] = 0
    found.reasons[several] = AMBIGUOUS
    mine = np.flatnonzero(nearer & (rows > 0))
    where = rest[mine]
    found.tagsets[where] = prefixes.tagsets(segments[mine], rows[mine])
    found.pieces[where] = prefixes.pieces(segments[mine], points[mine])
    found.flags[where] = flags[mine]
    found.rules[where] = BY_PREFIX
    found.reasons[where] = MATCHED


# ---- what follows from the tagset


def _settle(view: View, ends: Endpoints, found: Found, destination: bool) -> None:  # noqa: FBT001 - a side
    kernels = for_rows(len(ends.at))
    at = frozen(found.at)
    for s in range(len(view.segments)):
        kernels.settle(
            view.ports(s),
            view.segments[s]["tagset.settling"],
            int(view.offsets[s]),
            int(view.picks[s]),
            destination,
            found.tagsets,
            ends.port,
            ends.protocol,
            at,
            found.picks,
        )


def _label(view: View, ends: Endpoints, found: Found) -> None:
    """The labels of ends that were found by the id of a container: the container's name."""
    rows = np.flatnonzero(found.rules == _LABELLED)
    segment, _, _ = view.where(found.pieces[rows])
    texts = next(texts for rule, texts in ends.keys if rule == "container_id")
    rows, hi, lo = _keys("container_id", texts, rows)
    for s in range(len(view.segments)):
        mine = np.flatnonzero(segment == s)
        if len(mine):
            one = view.segments[s]
            labels = for_rows(len(mine)).labels_of(
                view.table(s, NAME), one["name.slots"], one["name.run.label"], frozen(hi[mine]), frozen(lo[mine])
            )
            found.labels[rows[mine]] = np.where(labels >= 0, labels.astype(np.int64) | s << 32, -1)
