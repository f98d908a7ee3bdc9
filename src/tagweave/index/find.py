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
from typing import Any, Final

import numpy as np

from tagweave.index.addresses import is_special
from tagweave.index.asking import Endpoints, Found, Hits, Rows, by_name, exact, keys_of, reasons_of, runs_of
from tagweave.index.columns import (
    AMBIGUOUS,
    BY_ADDRESS,
    BY_PREFIX,
    I64,
    MATCHED,
    NETWORK_UNNAMED,
    NO_ADDRESS,
    RULE_CODES,
    SPECIAL,
    UNKNOWN_ADDRESS,
    UNKNOWN_NETWORK,
)
from tagweave.index.compiled import for_rows, frozen
from tagweave.index.kernels import FAR, SEVERAL_HOLD
from tagweave.index.naming import network_ids
from tagweave.index.tables import ADDRESS, NAME
from tagweave.index.view import View

__all__ = ["Endpoints", "Found", "find", "network_ids", "runs_of"]

_LABELLED: Final = RULE_CODES["container_id"]


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
        rows, hi, lo = keys_of(rule, texts, np.flatnonzero(found.tagsets == 0))
        if len(rows):
            answers = by_name(view, rule, hi, lo, ends.at[rows], ends.network[rows])
            fresh = np.flatnonzero((answers.tagsets > 0) | ~named[rows])
            found.put(rows[fresh], answers, fresh)
            named[rows] = True
    rest = np.flatnonzero(found.tagsets == 0)
    if len(rest):
        answers = _by_address(view, _some(ends._replace(keys=()), rest, ends.at[rest]))
        decided = np.flatnonzero((answers.reasons != NO_ADDRESS) | ~named[rest])
        found.put(rest[decided], answers, decided)
    return found


def _by_address(view: View, ends: Endpoints) -> Found:
    """What addresses are: the nearest tier decides; within one, an exact address before a range."""
    hits = exact(view, ADDRESS, ends.hi, ends.lo, ends.at, ends.network)
    found = Found.nothing(ends.at)._replace(
        tagsets=hits.tagsets, flags=hits.flags, pieces=hits.pieces, reasons=reasons_of(hits)
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


def _by_prefix(view: View, ends: Endpoints, rest: Rows, hits: Hits, found: Found) -> None:
    """Ranges, for some of the ends: what is nearer than the address itself."""
    prefixes = view.prefixes(ends.hi[rest], ends.lo[rest])
    if prefixes is None:
        return
    n = len(rest)
    rows, points, distances = np.zeros(n, np.int32), np.full(n, -1, np.int64), np.full(n, FAR, np.int32)
    for_rows(n).find_prefix(
        prefixes.table,
        prefixes.masks,
        view.reach,
        rest,
        ends.hi,
        ends.lo,
        ends.at,
        ends.network,
        rows,
        points,
        distances,
    )
    nearer = distances < hits.tiers[rest]
    several = rest[nearer & (rows == SEVERAL_HOLD)]
    found.tagsets[several] = 0
    found.reasons[several] = AMBIGUOUS
    mine = np.flatnonzero(nearer & (rows > 0))
    where = rest[mine]
    found.tagsets[where] = prefixes.tagsets(rows[mine])
    found.pieces[where] = prefixes.pieces(points[mine])
    found.flags[where] = prefixes.table.value[points[mine]] >> np.uint32(30)
    found.rules[where] = BY_PREFIX
    found.reasons[where] = MATCHED


# ---- what follows from the tagset


def _settle(view: View, ends: Endpoints, found: Found, destination: bool) -> None:
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
    rows, hi, lo = keys_of("container_id", texts, rows)
    for s in range(len(view.segments)):
        mine = np.flatnonzero(segment == s)
        if len(mine):
            one = view.segments[s]
            labels = for_rows(len(mine)).labels_of(
                view.table(s, NAME), one["name.slots"], one["name.run.label"], frozen(hi[mine]), frozen(lo[mine])
            )
            found.labels[rows[mine]] = np.where(labels >= 0, labels.astype(np.int64) | s << 32, -1)
