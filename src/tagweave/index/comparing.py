"""Comparing: whether two views say the same, however they are cut into segments and numbered.

Each says what it says in words that do not depend on it: a tagset by its id, a set of ports by what it picks, a
scope by its name. Of those words hashes are compared, run by run, so that ten million keys take seconds.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from itertools import islice
from typing import Any, Final, NamedTuple

import numpy as np
import numpy.typing as npt

from tagweave.index.arrays import VALUE_CELLS
from tagweave.index.columns import I64, PICKED, SEVERAL, TAGSET_BITS, U64
from tagweave.index.merging import content
from tagweave.index.networks import Networks
from tagweave.index.tables import ADDRESS, NAME, PREFIX, TABLES, Runs, cell_ids, content_ids, content_keys
from tagweave.index.view import View
from tagweave.model.addresses import unpack
from tagweave.model.times import BEGINNING, rfc3339

Array = npt.NDArray[Any]
Rows = npt.NDArray[np.intp]

_MOST_POINTS: Final = 4


def differences(one: View, other: View, most: int = 20) -> list[str]:
    """What two views say differently, in at most so many lines; none where they say the same."""
    mine, theirs = _Said(one), _Said(other)
    every = (
        *(line for name in TABLES for line in _of_table(name, mine, theirs)),
        *_of_resources(mine, theirs),
        *_of_networks(one.networks, other.networks),
    )
    return list(islice(every, most))


class _Groups(NamedTuple):
    """Keyed groups of rows: `keys` (n, k) ascend; group g are rows first[g]:first[g + 1] of `rows`."""

    keys: Array
    first: I64
    rows: Array

    def digests(self) -> U64:
        """Two numbers of each group that stand for all of its rows."""
        data = np.ascontiguousarray(self.rows, np.int64).reshape(-1).view(np.uint8)
        return np.stack(content_keys(self.first * self.rows.shape[1] * 8, data), axis=1)


class _Said:
    """What a view says, in words that do not depend on it."""

    def __init__(self, view: View) -> None:
        self.view = view
        self.runs: dict[str, Runs] = {}
        self.arrays: Mapping[str, Array] = {}
        self.kinds: list[str] = []
        if view.segments:
            self.runs, self.arrays, self.kinds = content(view.segments, oldest=True)

    # ---- keys

    def table(self, name: str) -> tuple[_Groups, Rows]:
        """Of each run (hi, lo, mark, network), its breakpoints (time, what), and where these were.

        A breakpoint that says what the one before it says is none, nor is a first one that says nobody.
        """
        runs = self.runs[name]
        first = np.append(0, np.cumsum(runs.length, dtype=np.int64))
        points = np.repeat(runs.first - first[:-1], runs.length) + np.arange(int(first[-1]))
        what = self._points(runs)[points]
        keep = np.ones(len(points), np.bool_)
        keep[1:] = what[1:] != what[:-1]
        heads = first[:-1][runs.length > 0]
        keep[heads] = what[heads] != 0
        kept = np.cumsum(np.append(0, keep))[first]
        some = np.diff(kept) > 0
        keys = np.stack([runs.hi, runs.lo, runs.mark.astype(np.uint64), runs.network.astype(np.uint64)], axis=1)
        rows = np.stack([runs.time[points], what.view(np.int64)], axis=1)[keep]
        return _Groups(keys[some], np.append(kept[:-1][some], kept[-1]), rows), points[keep]

    def _points(self, runs: Runs) -> U64:
        """What each breakpoint says; 0 for nobody."""
        row = runs.value & np.uint32(TAGSET_BITS)
        words = [
            ("tagset", self.arrays["tagset.id"][row]),
            ("ports", self._port_sets()[self.arrays["tagset.ports"][row]]),
            ("flags", runs.value >> np.uint32(30)),
            ("seen", self._seen(runs.seen)),
            ("others", self.arrays["set.id"][runs.others]),
        ]
        said = content_ids(words, len(row))
        return np.where(row > 0, said, np.uint64(0))

    def _seen(self, seen: I64) -> U64:
        """When it was seen: a moment as it is, a scope by its name."""
        named = [f"{scope.source}\0{scope.kind}\0{scope.part}" for scope in self.view.manifest.scopes]
        scopes = text_ids(named)
        code = seen - (BEGINNING + 1)
        of_scope = (seen < 0) & (code >= 0) & (code < len(scopes))
        out = seen.view(np.uint64).copy()
        out[of_scope] = scopes[code[of_scope]]
        return out

    def _port_sets(self) -> U64:
        """What each set of ports picks when; 0 for none."""
        key = self.arrays["port.key"].astype(np.int64)
        columns = [(name, self.arrays[f"pick.{name}"]) for name in PICKED]
        said = [(name, self.arrays["set.id"][column] if name in SEVERAL else column) for name, column in columns]
        picks = content_ids(said, len(self.arrays["pick.service"]))
        present, first = np.unique(key >> 24, return_index=True)
        rows = np.stack(
            [
                key & 0xFFFFFF,
                self.arrays["port.start"],
                self.arrays["port.end"],
                picks[self.arrays["port.pick"]].view(np.int64),
            ],
            axis=1,
        )
        out = np.zeros(int(self.arrays["tagset.ports"].max()) + 1, np.uint64)
        out[present] = _Groups(present[:, None], np.append(first, len(key)), rows).digests()[:, 0]
        return out

    # ---- resources

    def resources(self) -> _Groups:
        """Of each resource (rid), its values (since, what); what it is itself is in the first."""
        if not self.arrays:
            return _Groups(np.empty((0, 1), np.int64), np.zeros(1, np.int64), np.empty((0, 2), np.int64))
        texts = self.texts()
        kinds = text_ids(self.kinds)
        itself = [
            ("kind", kinds[self.arrays["resource.kind"]]),
            ("source", texts[self.arrays["resource.source"]]),
            ("native", texts[self.arrays["resource.native"]]),
        ]
        first = self.arrays["resource.first"]
        owner = np.repeat(np.arange(len(first) - 1), np.diff(first))
        words = [("itself", content_ids(itself, len(first) - 1)[owner])]
        for name in VALUE_CELLS:
            column = self.arrays[f"value.{name}"]
            if name == "labels":
                column = self._labels()[column]
            elif name in ("cen", "peering_connection"):
                column = self.arrays["set.id"][column]
            elif name != "router":
                column = texts[column]
            words.append((name, column))
        what = content_ids(words, len(owner))
        keep = np.ones(len(what), np.bool_)
        keep[1:] = (what[1:] != what[:-1]) | (owner[1:] != owner[:-1])
        kept = np.cumsum(np.append(0, keep))[first]
        rows = np.stack([self.arrays["value.since"], what.view(np.int64)], axis=1)[keep]
        return _Groups(self.arrays["resource.rid"].astype(np.int64)[:, None], kept, rows)

    def texts(self) -> U64:
        """A number for each text; 0, at the end, for none (code -1)."""
        hi, _ = content_keys(self.arrays["string.offset"], self.arrays["string.bytes"])
        return np.append(hi, np.uint64(0))

    def _labels(self) -> U64:
        """A number for each set of labels, whatever the order of their codes."""
        first, texts = self.arrays["labels.first"], self.texts()
        pairs = cell_ids("key", texts[self.arrays["label.key"]]) + cell_ids("value", texts[self.arrays["label.value"]])
        mixed = cell_ids("label", pairs)
        total = np.append(np.uint64(0), np.cumsum(mixed))
        return total[first[1:]] - total[first[:-1]]


def text_ids(texts: Iterable[str]) -> U64:
    """A number for each text."""
    parts = [text.encode("utf-8", "surrogatepass") for text in texts]
    offsets = np.cumsum([0, *map(len, parts)]).astype(np.int64)
    hi, _ = content_keys(offsets, np.frombuffer(b"".join(parts), np.uint8))
    return hi


# ---- what differs


def _differing(mine: _Groups, theirs: _Groups) -> Iterator[tuple[int, int]]:
    """The groups (of the one, of the other; -1 where it has none) that are not the same, by ascending key."""
    keys = np.concatenate([mine.keys, theirs.keys])
    side = np.repeat([0, 1], [len(mine.keys), len(theirs.keys)])
    number = np.concatenate([np.arange(len(mine.keys)), np.arange(len(theirs.keys))])
    digests = np.concatenate([mine.digests(), theirs.digests()])
    order = np.lexsort((side, *keys.T[::-1]))
    keys, side, number, digests = keys[order], side[order], number[order], digests[order]
    twin = np.zeros(len(keys), np.bool_)
    twin[:-1] = (keys[1:] == keys[:-1]).all(axis=1)
    same = np.zeros(len(keys), np.bool_)
    same[:-1] = twin[:-1] & (digests[1:] == digests[:-1]).all(axis=1)
    skip = same.copy()
    skip[1:] |= twin[:-1]
    for i in np.flatnonzero(~skip):
        if twin[i]:
            yield int(number[i]), int(number[i + 1])
        else:
            yield (int(number[i]), -1) if side[i] == 0 else (-1, int(number[i]))


def _of_table(name: str, mine: _Said, theirs: _Said) -> Iterator[str]:
    none = _Groups(np.empty((0, 4), np.uint64), np.zeros(1, np.int64), np.empty((0, 2), np.int64)), np.empty(0, np.intp)
    one, one_points = mine.table(name) if name in mine.runs else none
    other, other_points = theirs.table(name) if name in theirs.runs else none
    for a, b in _differing(one, other):
        key = one.keys[a] if a >= 0 else other.keys[b]
        left = _stretches(mine, name, one, one_points, a)
        right = _stretches(theirs, name, other, other_points, b)
        yield f"{_key(name, key)} in network {int(np.int64(key[3]))}: {' '.join(left)} | {' '.join(right)}"


def _key(name: str, key: U64) -> str:
    number = int(key[0]) << 64 | int(key[1])
    if name == ADDRESS:
        return f"address {unpack(number)}"
    if name == PREFIX:
        length = int(key[2]) - 1
        return f"prefix {unpack(number)}/{length - 96 if number >> 32 == 0xFFFF and length >= 96 else length}"
    assert name == NAME
    return f"name {number:032x}"


def _stretches(said: _Said, name: str, groups: _Groups, points: Rows, number: int) -> Iterator[str]:
    """What a group's breakpoints say, for people."""
    if number < 0:
        yield "nothing"
        return
    runs = said.runs[name]
    owner, ids = said.arrays["tagset.owner"], said.arrays["tagset.id"]
    begin, end = int(groups.first[number]), int(groups.first[number + 1])
    for k in range(begin, min(end, begin + _MOST_POINTS)):
        value = int(runs.value[points[k]])
        row = value & TAGSET_BITS
        what = f"owner {owner[row]} row {ids[row]:016x} flags {value >> 30}" if row else "nobody"
        seen = _moment(said, int(runs.seen[points[k]]))
        yield f"[from {rfc3339(int(groups.rows[k, 0])) or 'ever'} {what}, seen {seen}]"
    if end - begin > _MOST_POINTS:
        yield "…"


def _moment(said: _Said, seen: int) -> str:
    scopes = said.view.manifest.scopes
    code = seen - (BEGINNING + 1)
    if seen < 0 and 0 <= code < len(scopes):
        return f"with {scopes[code].source} {scopes[code].kind} {scopes[code].part}".rstrip()
    return rfc3339(seen) or "never"


def _of_resources(mine: _Said, theirs: _Said) -> Iterator[str]:
    one, other = mine.resources(), theirs.resources()
    for a, b in _differing(one, other):
        rid = int(one.keys[a, 0] if a >= 0 else other.keys[b, 0])
        if a < 0 or b < 0:
            yield f"resource {rid}: only the {'other' if a < 0 else 'first'} has it"
            continue
        sides = (group.rows[group.first[n] : group.first[n + 1]] for group, n in ((one, a), (other, b)))
        left, right = ({(int(since), int(what)) for since, what in rows} for rows in sides)
        times = [rfc3339(since) or "ever" for since in sorted({since for since, _ in left ^ right})]
        yield f"resource {rid}: its values from {', '.join(times[:_MOST_POINTS])} on differ"


def _of_networks(one: Networks, other: Networks) -> Iterator[str]:
    rows: tuple[tuple[str, Callable[[Networks], set[tuple[int, ...]]]], ...] = (
        ("network", lambda of: {(rid,) for rid in of.rid.tolist()}),
        ("home", lambda of: _links(of, of.home_first, of.home, of.home_since, of.home_until)),
        ("group", lambda of: _links(of, of.group_first, of.group, of.group_since, of.group_until)),
        ("name", _names),
    )
    for what, read in rows:
        mine, theirs = read(one), read(other)
        yield from (f"{what} {row}: only the first has it" for row in sorted(mine - theirs))
        yield from (f"{what} {row}: only the other has it" for row in sorted(theirs - mine))


def _links(of: Networks, first: I64, link: Array, since: I64, until: I64) -> set[tuple[int, ...]]:
    """(network, home or group, since, until)."""
    network = np.repeat(of.rid, np.diff(first))
    return {*zip(network.tolist(), link.tolist(), since.tolist(), until.tolist(), strict=True)}


def _names(of: Networks) -> set[tuple[int, ...]]:
    """(key, network, time, whether it has the name from then on), for each change."""
    out: set[tuple[int, ...]] = set()
    names = of.names
    for r in range(len(names.hi)):
        last = 0
        for k in range(int(names.first[r]), int(names.first[r]) + int(names.length[r])):
            if int(names.value[k]) != last:
                last = int(names.value[k])
                out.add((int(names.hi[r]) << 64 | int(names.lo[r]), int(names.network[r]), int(names.time[k]), last))
    return out
