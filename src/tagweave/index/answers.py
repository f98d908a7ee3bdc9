"""Answers for people: what was this address or name at that moment, how is it known, and who held it when.

An answer is what `find` decides of one row; here that decision is told. Nothing is decided twice.
"""

from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, datetime
from typing import Final

import msgspec
import numpy as np

from tagweave.errors import LookupKeyError
from tagweave.index.columns import (
    AMBIGUOUS,
    FLAG_AFTER,
    FLAG_DISPUTED,
    MATCHED,
    NETWORK_AMBIGUOUS,
    NETWORK_UNKNOWN,
    NETWORK_UNNAMED,
    NOT_THEN,
    OUT_OF_REACH,
    REASONS,
    RULES,
    SPECIAL,
    UNKNOWN_ADDRESS,
)
from tagweave.index.find import Endpoints, Found, find, network_ids
from tagweave.index.holders import (
    BY_NAME,
    Run,
    Stretches,
    address_runs,
    identities,
    identity,
    label,
    labels,
    name_runs,
    range_runs,
    spellings,
)
from tagweave.index.reading import Asked, Reader
from tagweave.index.rows import Decided
from tagweave.index.tables import name_keys
from tagweave.index.trail import MOST, Trail, span_text
from tagweave.index.values import label_keys
from tagweave.index.view import View
from tagweave.index.vocabulary import FAMILIES, GROUP_PREFIX, Property, all_tags, check_vocabulary
from tagweave.model import PROTOCOLS
from tagweave.model.addresses import pack, unpack
from tagweave.model.times import FOREVER, rfc3339, to_ns

_LOW: Final = (1 << 64) - 1
_SEPARATOR: Final = "\x1f"
"""Between several values of one tag while they are read: no name or label holds it."""
_ONE_RANK: Final = {"rds", "redis"}
"""Kinds whose claims on an address have one rank; else each kind has its own. Those of one rank dispute it."""


class Match(msgspec.Struct, frozen=True, rename={"since": "from", "until": "to"}):
    """How an answer was found: the rule, the owner, and the time in which it held the key.

    `until` is null while it still does. `age_seconds` is how long before the time asked the fact was last
    observed to be true, 0 where it was observed at or after that time. `disputed`: another resource claims
    the same key at the same time.
    """

    rule: str
    kind: str
    id: str
    since: str | None
    until: str | None
    age_seconds: int
    disputed: bool


class Candidate(msgspec.Struct, frozen=True):
    """A resource that the key may have meant."""

    network: str | None
    kind: str
    id: str
    name: str


class Answer(msgspec.Struct, frozen=True):
    """What a key was at a time; `reason` says why there is no match. `why` tells how it was sought."""

    key: str
    network: str | None
    at: str
    match: Match | None
    tags: dict[str, str | list[str]]
    candidates: list[Candidate]
    reason: str | None
    why: list[str]


class Holding(msgspec.Struct, frozen=True, rename={"since": "from", "until": "to"}):
    """A resource held a key in a network during [since, until); null where that is not known or not over."""

    network: str | None
    kind: str
    id: str
    name: str
    since: str | None
    until: str | None


def lookup(
    view: View,
    key: str,
    *,
    network: str | None = None,
    at: datetime | None = None,
    port: int | None = None,
    protocol: str = "tcp",
    names: str = "otel",
) -> Answer:
    """What a key was at a time; without `at`, now.

    A key is an IP address, pod uid, `namespace/pod`, container id, VM id, host name, MAC address, or the native
    id of any resource.

    Raises LookupKeyError where `network` names none or several, ConfigError for an unknown vocabulary.
    """
    check_vocabulary(names)
    moment = to_ns(at or datetime.now(UTC))
    service = (-1 if port is None else port, _protocol(protocol))
    where = one_network(view, network, moment) if network else NETWORK_UNNAMED
    asker = _Asker(view, key, network, moment, where, service, names)
    try:
        address = pack(key)
    except ValueError:
        return asker.by_name()
    return asker.by_address(address)


def history(view: View, key: str, *, network: str | None = None) -> list[Holding]:
    """Who held a key, when, in every network or one; in ascending order of time.

    Raises LookupKeyError where `network` names none or several.
    """
    where = _ever_network(view, network) if network else None
    try:
        runs = address_runs(view, pack(key))
    except ValueError:
        runs = [run for rule, text in spellings(key) for run in name_runs(view, rule, text)]
    told: dict[int, str] = {}  # a resource that has a key by two rules held it once
    out: list[Holding] = []
    for run in runs:
        found = run.stretches()
        for owner in found.owner.tolist():
            told.setdefault(owner, run.what)
        mine = np.array([told[owner] == run.what for owner in found.owner.tolist()], np.bool_)
        if where in (None, run.network):
            out += _holdings(view, run.network, found.take(mine))
    return sorted(out, key=_in_time)


class _Asker:
    """One look-up: what is asked, and what has been said on the way."""

    def __init__(
        self, view: View, key: str, network: str | None, at: int, where: int, service: tuple[int, int], names: str
    ) -> None:
        self._view = view
        self._key = key
        self._network = network
        self._at = at
        self._where = where
        self._port, self._protocol = service
        self._names = names
        self._trail = Trail(view, where, at)

    def by_address(self, address: int) -> Answer:
        """The answer of an address: what `find` says, and how it came to that."""
        ends = self._ends(address=address)
        found = find(self._view, ends, "destination")
        runs = [*address_runs(self._view, address), *range_runs(self._view, address)]
        hits = self._trail.seek(runs)
        reason = int(found.reasons[0])
        if reason != MATCHED:
            return self._nothing(self._reason(reason, address, len(hits)), map(self._holder, hits))
        return self._matched(ends, found, runs)

    def by_name(self) -> Answer:
        """The answer of a name: the first rule by which the key means something at that time decides."""
        known: list[Run] = []
        reasons = {UNKNOWN_ADDRESS}
        for rule in BY_NAME:
            tried = []
            for text in (text for of, text in spellings(self._key) if of == rule):
                runs = name_runs(self._view, rule, text)
                if runs:
                    ends = self._ends(keys=((rule, [text]),))
                    tried.append((ends, find(self._view, ends, "destination"), runs))
            means = [one for one in tried if one[1].reasons[0] in (MATCHED, AMBIGUOUS)]
            if len(means) == 1 and means[0][1].reasons[0] == MATCHED:
                return self._named(rule, *means[0])
            if means:
                return self._several([run for _, _, runs in means for run in runs])
            known += [run for _, _, runs in tried for run in runs]
            reasons |= {int(found.reasons[0]) for _, found, _ in tried}
        return self._nothing(self._unknown(reasons, known), [])

    def _named(self, rule: str, ends: Endpoints, found: Found, runs: Sequence[Run]) -> Answer:
        if found.flags[0] & FLAG_AFTER:
            self._trail.why.append("no resource has that name at that time; ids that are never reused still mean one")
        self._trail.why.append(f"{rule} {self._key!r} means {self._trail.describe(self._owner(found))}")
        return self._matched(ends, found, runs)

    def _several(self, runs: Sequence[Run]) -> Answer:
        """Several have the name in the nearest networks in which anybody has it."""
        tier_of = self._trail.tiers([run.network for run in runs])
        live = [(tier, run) for tier, run in zip(tier_of, runs, strict=True) if tier >= 0 and run.at(self._at) >= 0]
        nearest = min((tier for tier, _ in live), default=0)
        found: list[Candidate] = []
        for tier, run in live:
            if tier == nearest:
                found += [self._holder(run), *self._rivals(run.network, int(run.pieces[run.at(self._at)]))]
        count = len({(one.kind, one.id) for one in found})
        return self._nothing(f"ambiguous: {count} resources are named {self._key!r} at that time", found)

    # ---- asking

    def _ends(self, *, address: int | None = None, keys: tuple[tuple[str, list[str]], ...] = ()) -> Endpoints:
        packed = address or 0
        return Endpoints(
            np.array([packed >> 64], np.uint64),
            np.array([packed & _LOW], np.uint64),
            np.array([address is not None]),
            np.array([self._at], np.int64),
            None,
            np.array([self._where], np.int32),
            np.array([self._port], np.int32),
            np.array([self._protocol], np.uint8),
            keys,
        )

    def _owner(self, found: Found) -> int:
        return int(self._view.column("owner", found.tagsets, found.picks)[0])

    # ---- saying

    def _matched(self, ends: Endpoints, found: Found, runs: Sequence[Run]) -> Answer:
        if self._port >= 0:
            self._trail.tell_port(found, self._port)
        reader = Reader(self._view, self._names, Decided.of(found), Asked(ends, found), (), _SEPARATOR)
        piece = int(found.pieces[0])
        run = next(run for run in runs if piece in run.pieces)
        since, until = run.stretches(after=True).around(self._at)
        disputed = bool(found.flags[0] & FLAG_DISPUTED)
        owner = identity(self._view, self._owner(found), self._at)
        age = reader.read(self._names, Property("match", "age")).to_pylist()[0]
        rule = RULES[found.rules[0]]
        match = Match(rule, owner.kind, owner.id, rfc3339(since), rfc3339(until), int(age or 0), disputed)
        rivals = [one for one in self._rivals(run.network, piece) if _same_rank(one.kind, owner.kind)]
        network = label(self._view, run.network)
        tags = dict(self._tags(reader))
        return Answer(self._key, network, self._when(), match, tags, rivals if disputed else [], None, self._trail.why)

    def _tags(self, reader: Reader) -> Iterator[tuple[str, str | list[str]]]:
        """Every tag that is set, labels too: one value as text, several as a list."""
        groups = (f"{GROUP_PREFIX}{name}" for name in self._view.manifest.groups)
        for tag in dict.fromkeys((*all_tags(self._names), *groups, *self._label_tags(reader))):
            value = reader.tag(tag).to_pylist()[0]
            if value is not None:
                yield tag, value.split(_SEPARATOR) if _SEPARATOR in value else value

    def _label_tags(self, reader: Reader) -> Iterator[str]:
        """The tags that the labels of an end's resources may be."""
        types = (reader.read(self._names, Property("workloads", "type")).to_pylist()[0] or "").split(_SEPARATOR)
        for prefix, family in FAMILIES[self._names].items():
            if not family.workload_type or family.workload_type in types:
                column = reader.rows.of_column(family.column)
                for segment, value in zip(column.places.segment.tolist(), column.value.tolist(), strict=True):
                    keys = label_keys(self._view, segment, value) if value >= 0 else ()
                    yield from (f"{prefix}{key}" for key in keys)

    def _nothing(self, reason: str, candidates: Iterable[Candidate]) -> Answer:
        ordered = sorted({*candidates}, key=lambda c: (c.network or "", c.kind, c.id))
        return Answer(self._key, self._network, self._when(), None, {}, ordered, reason, self._trail.why)

    def _reason(self, reason: int, address: int, hits: int) -> str:
        where = f"network {self._network} and what it reaches" if self._network else "any network"
        sentences = {
            AMBIGUOUS: f"{hits} networks hold {self._key} at that time: name one",
            NOT_THEN: f"nobody held {self._key} at {self._when()}, though somebody did at another time",
            OUT_OF_REACH: f"{self._key} is held only outside of {where}",
            SPECIAL: f"{unpack(address)} belongs to nobody: it is loopback, link-local, multicast or reserved",
            UNKNOWN_ADDRESS: f"nothing in {where} ever held {unpack(address)}",
        }
        return f"{REASONS[reason]}: {sentences[reason]}"

    def _unknown(self, reasons: set[int], runs: Sequence[Run]) -> str:
        if NOT_THEN in reasons:
            told = [span_text(int(a), int(b)) for run in runs for a, b in zip(*run.stretches()[1:], strict=True)]
            return f"not_at_that_time: {self._key!r} is known {'; '.join(told[:5])}"
        if OUT_OF_REACH in reasons:
            where = ", ".join(labels(self._view, {run.network for run in runs})[:MOST])
            return (
                f"out_of_reach: {self._key!r} is known only outside of network {self._network} and what it reaches: "
                f"in {where}"
            )
        what = "is no IP address, and no resource has that id, name or MAC address"
        return f"{REASONS[UNKNOWN_ADDRESS]}: {self._key!r} {what}"

    def _when(self) -> str:
        return rfc3339(self._at) or ""

    def _holder(self, run: Run) -> Candidate:
        """Who holds a key in a network at that time."""
        return self._candidate(run.network, int(run.owner[run.at(self._at)]))

    def _rivals(self, network: int, piece: int) -> list[Candidate]:
        """Whose claims lost at a breakpoint."""
        return [self._candidate(network, rid) for rid in self._view.others(piece)]

    def _candidate(self, network: int, rid: int) -> Candidate:
        found = identity(self._view, rid, self._at)
        return Candidate(label(self._view, network), found.kind, found.id, found.name)


def one_network(view: View, name: str, at: int) -> int:
    """The network that a name means at a time. Raises LookupKeyError where it means none or several."""
    found = int(network_ids(view, [name], np.array([at], np.int64))[0])
    if found == NETWORK_UNKNOWN:
        known = labels(view, view.networks.rid[:MOST].tolist())
        more = ", …" if len(view.networks.rid) > MOST else ""
        raise LookupKeyError(f"no network is named {name!r} at {rfc3339(at)}; there are: {', '.join(known)}{more}")
    if found == NETWORK_AMBIGUOUS:
        choices = _meant(view, name, at)
        raise LookupKeyError(
            f"{len(choices)} networks are named {name!r}; name one of: {', '.join(choices)}"
            if choices
            else f"what is named {name!r} is in several networks; name the network itself"
        )
    return found


def _ever_network(view: View, name: str) -> int:
    """The network that a name means now, else the one that it ever meant. Raises LookupKeyError as `one_network`."""
    now = to_ns(datetime.now(UTC))
    if network_ids(view, [name], np.array([now], np.int64))[0] == NETWORK_UNKNOWN:
        ever = {network for network, _, _ in _called(view, name)}
        if len(ever) == 1:
            return ever.pop()
    return one_network(view, name, now)


def _meant(view: View, name: str, at: int) -> list[str]:
    """The networks that are called by a name at a time, as `source/id`."""
    rids = [network for network, since, until in _called(view, name) if since <= at < until]
    found = identities(view, np.array(rids, np.int32), np.full(len(rids), at))
    return sorted(f"{one.source}/{one.id}" for one in found)


def _called(view: View, name: str) -> Iterator[tuple[int, int, int]]:
    """(network, since, until): what was called by a name, when."""
    names = view.networks.names
    hi, lo = name_keys("network", [name])
    for r in np.flatnonzero((names.hi == hi[0]) & (names.lo == lo[0])):
        points = slice(int(names.first[r]), int(names.first[r] + names.length[r]))
        moments = [*names.time[points].tolist(), FOREVER]
        for since, until, value in zip(moments, moments[1:], names.value[points].tolist(), strict=False):
            if value:
                yield int(names.network[r]), since, until


def _holdings(view: View, network: int, found: Stretches) -> list[Holding]:
    """Stretches of a network, told."""
    last = np.where(found.until == FOREVER, FOREVER, found.until - 1)
    where = label(view, network)
    return [
        Holding(where, who.kind, who.id, who.name, rfc3339(since), rfc3339(until))
        for who, since, until in zip(
            identities(view, found.owner, last), found.since.tolist(), found.until.tolist(), strict=True
        )
    ]


def _in_time(holding: Holding) -> tuple[str, str, str, str]:
    return holding.since or "", holding.network or "", holding.kind, holding.id


def _same_rank(one: str, other: str) -> bool:
    return one == other or {one, other} == _ONE_RANK


def _protocol(name: str) -> int:
    """IANA's number of a protocol by name or number, 0 for none. Raises LookupKeyError for a word that is neither."""
    if not name:
        return 0
    if name.isdecimal() and int(name) < 256:
        return int(name)
    found = PROTOCOLS.get(name.upper())
    if found is None:
        known = ", ".join(PROTOCOLS).lower()
        raise LookupKeyError(f"there is no protocol {name!r}: name one of {known} or its number")
    return found
