"""Who held a key, when, in which network: the runs of one key, for people to read.

A key's *run* in a network is its breakpoints in time; the times in which one owner held it without a break are its
*stretches*. Both are read from the newest segment that has the key, which is the truth for it.
"""

import re
from collections.abc import Iterable, Iterator
from typing import Final, NamedTuple

import numpy as np

from tagweave.index.columns import AFTER, I32, I64, INTERNET, RULES, TAGSET_BITS, Bools
from tagweave.index.find import runs_of
from tagweave.index.segment import Segment
from tagweave.index.tables import ADDRESS, NAME, PREFIX, name_keys
from tagweave.index.values import as_of, kind_words, kinds, locate, numbers, texts
from tagweave.index.view import View
from tagweave.model import KINDS
from tagweave.model.addresses import unpack
from tagweave.model.times import FOREVER

BY_NAME: Final = RULES[RULES.index("pod_uid") :]
"""The rules of names, in the order in which they are tried."""

_MAC: Final = re.compile(r"(?:[0-9a-f]{2}[:-]){5}[0-9a-f]{2}|(?:[0-9a-f]{4}\.){2}[0-9a-f]{4}|[0-9a-f]{12}")
_SCHEME: Final = re.compile(r"^[a-z-]+://")
_LOW: Final = (1 << 64) - 1
_NAMESPACED: Final = ("pod", "service", "ingress", "workload", "replica_set")


class Stretches(NamedTuple):
    """Times [since, until) in which owners held a key; all of shape (n,), ascending."""

    owner: I32
    since: I64
    until: I64

    def take(self, rows: Bools | slice) -> "Stretches":
        """Some of them."""
        return Stretches(self.owner[rows], self.since[rows], self.until[rows])

    def around(self, moment: int) -> tuple[int, int]:
        """The one that holds a time, else the last that began before it."""
        k = max(0, int(np.searchsorted(self.since, moment, side="right")) - 1)
        return int(self.since[k]), int(self.until[k])


class Run(NamedTuple):
    """One key in one network. From time[k] on, `owner[k]` held it (0: nobody); `pieces` are the view's breakpoints.

    `exact` is whether the key is a whole address or name, and no range.
    """

    what: str
    exact: bool
    network: int
    pieces: I64
    time: I64
    tagset: I32
    owner: I32
    after: Bools

    def at(self, moment: int) -> int:
        """The breakpoint that counts at a time, -1 where nobody holds the key then."""
        k = int(np.searchsorted(self.time, moment, side="right")) - 1
        return k if k >= 0 and self.owner[k] else -1

    def stretches(self, *, after: bool = False) -> Stretches:
        """Who held it when: pieces of one owner joined. `after`: also when it only means its owner still."""
        owner = self.owner if after else np.where(self.after, 0, self.owner)
        head = np.flatnonzero(np.diff(owner, prepend=-1))
        until = np.append(self.time[head[1:]], FOREVER)[: len(head)]
        mine = owner[head] != 0
        return Stretches(owner[head][mine], self.time[head][mine], until[mine])


# ---- the runs of a key


def address_runs(view: View, address: int) -> list[Run]:
    """The runs of a packed address."""
    return list(_runs(view, ADDRESS, address >> 64, address & _LOW, "address"))


def range_runs(view: View, address: int) -> list[Run]:
    """The runs of all ranges that hold a packed address, the longest first."""
    lengths = {int(bits) for one in view.segments for bits in np.flatnonzero(np.bincount(one["prefix.run.bits"]))}
    out: list[Run] = []
    for length in sorted(lengths, reverse=True):
        first = address >> (128 - length) << (128 - length)
        out += _runs(view, PREFIX, first >> 64, first & _LOW, f"prefix {prefix_text(first, length)}", length)
    return out


def name_runs(view: View, rule: str, text: str) -> list[Run]:
    """The runs of a name."""
    hi, lo = name_keys(rule, [text])
    return list(_runs(view, NAME, int(hi[0]), int(lo[0]), f"{rule} {text!r}"))


def _runs(view: View, table: str, hi: int, lo: int, what: str, bits: int = 128) -> Iterator[Run]:
    for s, first, end in runs_of(view, table, hi, lo, bits):
        one = view.segments[s]
        for r in range(first, end):
            begin, length = int(one[f"{table}.run.first"][r]), int(one[f"{table}.run.length"][r])
            points = slice(begin, begin + length)
            value = one[f"{table}.value"][points]
            row = (value & np.uint32(TAGSET_BITS)).astype(np.int32)
            yield Run(
                what,
                table != PREFIX,
                int(one[f"{table}.run.network"][r]),
                view.point(s, table, begin) + np.arange(length),
                one[f"{table}.time"][points],
                np.where(row != 0, row + view.offsets[s], 0).astype(np.int32),
                one["tagset.owner"][row],
                (value & np.uint32(AFTER)) != 0,
            )


def spellings(key: str) -> Iterator[tuple[str, str]]:
    """(rule, text): as what a key may be a name, in the order in which that is tried."""
    for rule in BY_NAME:
        if rule == "id":
            yield from ((rule, f"{kind}:{key}") for kind in KINDS)
        elif rule == "mac":
            yield from ((rule, mac) for mac in [canonical_mac(key)] if mac)
        elif rule == "container_id":
            yield rule, _SCHEME.sub("", key)
        else:
            yield rule, key


def canonical_mac(text: str) -> str:
    """A MAC address in lower case with colons, from any of the forms that it is written in; empty for what is none."""
    lower = text.lower()
    if not _MAC.fullmatch(lower):
        return ""
    digits = re.sub(r"[^0-9a-f]", "", lower)
    return ":".join(digits[i : i + 2] for i in range(0, 12, 2))


def prefix_text(address: int, length: int) -> str:
    """A packed prefix as people write it."""
    text = unpack(address)
    return f"{text}/{length - 96 if '.' in text else length}"


# ---- who that is


class Identity(NamedTuple):
    """What a resource is called at a time."""

    source: str
    kind: str
    id: str
    name: str


def identities(view: View, rids: I32, at: I64) -> list[Identity]:
    """What each resource is called at its time; both of shape (n,)."""
    places = locate(view, rids)
    value = as_of(view, places, at)
    codes, words = kinds(view, places)
    parts = [texts(view, numbers(view, places, value, field)).to_pylist() for field in ("source", "id", "name")]
    kind = [words[code] if code >= 0 else "" for code in codes]
    return [
        Identity(source or "", of, native or "", name or "")
        for source, of, native, name in zip(parts[0], kind, parts[1], parts[2], strict=True)
    ]


def identity(view: View, rid: int, at: int) -> Identity:
    """What a resource is called at a time: `identities` of one, without what it costs to prepare for many."""
    for one in view.segments:
        known = one["resource.rid"]
        row = int(np.searchsorted(known, rid))
        if row < len(known) and known[row] == rid:
            first, end = one["resource.first"][row : row + 2].tolist()
            k = max(0, int(np.searchsorted(one["value.since"][first:end], at, side="right")) - 1)
            name = int(one["value.name"][first + k]) if end > first else -1
            kind = kind_words(one)[one["resource.kind"][row]]
            source, native = int(one["resource.source"][row]), int(one["resource.native"][row])
            return Identity(_string(one, source), kind, _string(one, native), _string(one, name))
    return Identity("", "", "", "")


def _string(segment: Segment, code: int) -> str:
    """A string of a segment, empty where there is none."""
    if code < 0:
        return ""
    first, end = segment["string.offset"][code : code + 2].tolist()
    return segment["string.bytes"][first:end].tobytes().decode()


def described(view: View, rid: int, at: int) -> str:
    """A resource in words: `pod shop/web-1 (cluster-a)`."""
    source, kind, native, name = identity(view, rid, at)
    namespace = _namespace(view, rid, kind, native, at) if kind in _NAMESPACED else ""
    return f"{kind} {namespace}{name or native} ({source})"


def _namespace(view: View, rid: int, kind: str, native: str, at: int) -> str:
    """The namespace that a resource is in, by its own id; no column of a loser's own row is at hand."""
    runs = name_runs(view, *(("pod_uid", native) if kind == "pod" else ("id", f"{kind}:{native}")))
    for run in runs:
        mine = np.flatnonzero(run.owner == rid)
        if len(mine):
            k = mine[max(0, int(np.searchsorted(run.time[mine], at, side="right")) - 1)]
            found = view.column("namespace", run.tagset[k : k + 1], np.zeros(1, np.int32))
            return f"{identity(view, int(found[0]), at).name}/" if found[0] else ""
    return ""


def label(view: View, network: int) -> str:
    """A network's native id: that of its VPC or cluster, or `internet`."""
    return "internet" if network == INTERNET else identity(view, network, FOREVER).id


def labels(view: View, networks: Iterable[int]) -> list[str]:
    """The labels of networks, in order of the alphabet."""
    some = {*networks}
    rids = np.array(sorted(some - {INTERNET}), np.int32)
    found = [one.id for one in identities(view, rids, np.full(len(rids), FOREVER))]
    return sorted([*found, *(["internet"] if INTERNET in some else [])])
