"""Answers for people: what was this address or name at that moment, how is it known, and who held it when.

The rules are those of `compiled`, read from the claims themselves; a test holds the two to each other.
"""

import re
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from typing import Final, NamedTuple

import msgspec

from tagweave.errors import LookupKeyError
from tagweave.model.addresses import pack, unpack
from tagweave.model.times import FOREVER, rfc3339, to_ns
from tagweave.tags.claims import RULE_WORDS, NameClaim
from tagweave.tags.index import (
    AMBIGUOUS,
    NOT_THEN,
    OUT_OF_REACH,
    REASONS,
    SPECIAL,
    UNKNOWN_ADDRESS,
    Held,
    TagIndex,
)
from tagweave.tags.names import check_vocabulary
from tagweave.tags.networks import is_special
from tagweave.tags.services import PROTOCOLS
from tagweave.tags.values import Reader

_MAC: Final = re.compile(r"(?:[0-9a-f]{2}[:-]){5}[0-9a-f]{2}", re.IGNORECASE)


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


class _Hit(NamedTuple):
    network: int
    length: int
    held: Held


class _Sought(NamedTuple):
    hit: _Hit | None
    reason: int
    rivals: list[_Hit]


def lookup(
    index: TagIndex,
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
    where = index.networks.named(network) if network else None
    asker = _Asker(index, key, network, moment, where, names)
    try:
        address = pack(key)
    except ValueError:
        return asker.by_name()
    return asker.by_address(address, port, _protocol(protocol))


def history(index: TagIndex, key: str, *, network: str | None = None) -> list[Holding]:
    """Who held a key, when, in every network or one; in ascending order of time.

    Raises LookupKeyError where `network` names none or several.
    """
    where = index.networks.named(network) if network else None
    try:
        address = pack(key)
    except ValueError:
        claims = [c for c in _named(index, key) if where is None or where in _networks_of(index, c)]
        return sorted((_name_holding(index, claim) for claim in claims), key=_in_time)
    networks = sorted({c.network for c in index.addresses.get((128, address), ())})
    spans = [
        (since, until, owner, one)
        for one in networks
        if where in (None, one)
        for since, until, owner in _owned(index.held(128, address, one))
    ]
    found = (_holding(index, index.networks.label(one), owner, since, until) for since, until, owner, one in spans)
    return sorted(found, key=_in_time)


class _Asker:
    """One look-up: what is asked, and what has been said on the way."""

    def __init__(self, index: TagIndex, key: str, network: str | None, at: int, where: int | None, names: str) -> None:
        self._index = index
        self._key = key
        self._network = network
        self._at = at
        self._where = where
        self._reader = Reader(index, names)
        self._why: list[str] = []

    def by_address(self, address: int, port: int | None, protocol: int) -> Answer:
        sought = self._seek(address)
        if sought.hit is None:
            return self._nothing(self._reason(sought, address), [self._candidate(h) for h in sought.rivals])
        hit = sought.hit
        row = self._with_port(self._index.tagsets.row(hit.held.tagset), port, protocol)
        since, until = self._whole(hit, address)
        winner, *others = hit.held.claims
        disputing = (c for c in others if hit.held.disputed and c.rank == winner.rank)
        rivals = [self._rival(hit, c.owner) for c in disputing]
        answer = self._answer(row, since, until, self._index.networks.label(hit.network), rivals)
        answer.tags.update(self._reader.bare(row, self._at, address))
        return answer

    def by_name(self) -> Answer:
        known = _named(self._index, self._key)
        if not known:
            return self._nothing(
                f"unknown: {self._key!r} is no IP address, and no resource has that id, name or MAC address",
                [],
            )
        live = [c for c in known if c.start <= self._at < c.end]
        if not live:
            live = [c for c in known if c.rule in {"pod_uid", "container_id"}]
            self._why.append("no resource has that name at that time; ids that are never reused still mean one")
        if self._where is not None:
            live = [c for c in live if self._where in _networks_of(self._index, c)]
        if not live:
            spans = "; ".join(_span(c.start, c.end) for c in known[:5])
            return self._nothing(f"not_at_that_time: {self._key!r} is known {spans}", [])
        if len({c.owner for c in live}) > 1:
            candidates = [self._named_candidate(c) for c in live]
            return self._nothing(f"ambiguous: {len(live)} resources are named {self._key!r} at that time", candidates)
        claim = live[0]
        self._why.append(f"{claim.rule} {self._key!r} means {self._describe(claim.owner)}")
        row = self._index.claims.row_of_name(claim, self._at)
        row["rule"] = RULE_WORDS.index(claim.rule)
        return self._answer(row, claim.start, claim.end, self._network, [])

    # ---- seeking

    def _seek(self, address: int) -> _Sought:
        lengths = self._index.lengths
        known = False
        for tier in self._tiers():
            self._why.append(f"sought in {', '.join(self._index.networks.label(n) for n in tier)}")
            for group in (lengths[:1], lengths[1:]) if lengths[:1] == (128,) else (lengths,):
                hits: list[_Hit] = []
                for length in group:
                    key = (length, address >> (128 - length) << (128 - length))
                    for network in tier:
                        found, seen = self._live(key, network)
                        known |= seen and length == 128
                        hits += [found] if found and network not in {h.network for h in hits} else []
                if len({hit.held.claims[0].owner for hit in hits}) == 1:
                    return _Sought(max(hits), 0, [])
                if hits:
                    return _Sought(None, AMBIGUOUS, hits)
        if known:
            return _Sought(None, NOT_THEN, [])
        if self._where is not None and self._index.addresses.get((128, address)):
            return _Sought(None, OUT_OF_REACH, [])
        return _Sought(None, SPECIAL if is_special(address) else UNKNOWN_ADDRESS, [])

    def _tiers(self) -> Sequence[tuple[int, ...]]:
        networks = self._index.networks
        tiers = [tuple(range(1, len(networks)))] if self._where is None else networks.reach(self._where)
        return [tuple(sorted(tier, key=networks.label)) for tier in tiers]

    def _live(self, key: tuple[int, int], network: int) -> tuple[_Hit | None, bool]:
        """What holds an address or prefix in a network at the time asked, and whether any ever did."""
        held = self._index.held(*key, network)
        for piece in held:
            if piece.start <= self._at < piece.end:
                what = "address" if key[0] == 128 else f"prefix {_prefix(*key)}"
                losers = ", ".join(self._describe(c.owner) for c in piece.claims[1:])
                self._why.append(
                    f"{self._index.networks.label(network)}: {what} held by "
                    f"{self._describe(piece.claims[0].owner)} {_span(piece.start, piece.end)}"
                    + (f", before {losers}" if losers else "")
                )
                return _Hit(network, key[0], piece), True
        if held:
            spans = "; ".join(f"{self._describe(p.claims[0].owner)} {_span(p.start, p.end)}" for p in held[-3:])
            self._why.append(f"{self._index.networks.label(network)}: held at other times: {spans}")
        return None, bool(held)

    def _with_port(self, row: dict[str, int], port: int | None, protocol: int) -> dict[str, int]:
        if port is None or not row.get("ports"):
            return row
        picked = self._index.services.pick(row["ports"], protocol, port, self._at)
        if picked:
            served = ", ".join(map(self._describe, self._index.tagsets.members[picked]))
            self._why.append(f"port {port} is that of {served}")
        else:
            self._why.append(f"no service of it serves port {port}")
        return self._index.services.settled(row, picked) if picked or row.get("pod") else row

    def _whole(self, hit: _Hit, address: int) -> tuple[int, int]:
        """The whole time in which the owner held the key around the time asked."""
        key = address >> (128 - hit.length) << (128 - hit.length)
        for since, until, _ in _owned(self._index.held(hit.length, key, hit.network)):
            if since <= self._at < until:
                return since, until
        return hit.held.start, hit.held.end

    # ---- saying

    def _answer(
        self, row: dict[str, int], since: int, until: int, network: str | None, rivals: list[Candidate]
    ) -> Answer:
        _, kind, native = self._index.graph.identity(row["owner"])
        match = Match(
            RULE_WORDS[row["rule"]],
            kind,
            native,
            rfc3339(since),
            rfc3339(until),
            self._reader.age(row, self._at),
            bool(row.get("disputed")),
        )
        tags = self._reader.all(row, self._at)
        return Answer(self._key, network, self._when(), match, tags, rivals, None, self._why)

    def _nothing(self, reason: str, candidates: list[Candidate]) -> Answer:
        ordered = sorted(candidates, key=lambda c: (c.network or "", c.kind, c.id))
        return Answer(self._key, self._network, self._when(), None, {}, ordered, reason, self._why)

    def _reason(self, sought: _Sought, address: int) -> str:
        where = f"network {self._network} and what it reaches" if self._network else "any network"
        sentences = {
            AMBIGUOUS: f"{len(sought.rivals)} networks hold {self._key} at that time: name one",
            NOT_THEN: f"nobody held {self._key} at {self._when()}, though somebody did at another time",
            OUT_OF_REACH: f"{self._key} is held only outside of {where}",
            SPECIAL: f"{unpack(address)} belongs to nobody: it is loopback, link-local, multicast or reserved",
            UNKNOWN_ADDRESS: f"nothing in {where} ever held {unpack(address)}",
        }
        return f"{REASONS[sought.reason]}: {sentences[sought.reason]}"

    def _when(self) -> str:
        return rfc3339(self._at) or ""

    def _describe(self, rid: int) -> str:
        source, kind, native = self._index.graph.identity(rid)
        resource = self._index.graph.as_of(rid, self._at)
        namespace = getattr(resource, "namespace", "")
        name = f"{namespace}/{resource.name}" if namespace else resource.name
        return f"{kind} {name or native} ({source})"

    def _candidate(self, hit: _Hit) -> Candidate:
        return self._rival(hit, hit.held.claims[0].owner)

    def _rival(self, hit: _Hit, owner: int) -> Candidate:
        _, kind, native = self._index.graph.identity(owner)
        name = self._index.graph.as_of(owner, self._at).name
        return Candidate(self._index.networks.label(hit.network), kind, native, name)

    def _named_candidate(self, claim: NameClaim) -> Candidate:
        _, kind, native = self._index.graph.identity(claim.owner)
        label = _nearest_network(self._index, claim)
        return Candidate(label, kind, native, self._index.graph.as_of(claim.owner, self._at).name)


def _named(index: TagIndex, key: str) -> list[NameClaim]:
    if _MAC.fullmatch(key):
        key = key.lower().replace("-", ":")
    found = index.names.get(key, [])
    rule_of = {c.owner: c.rule for c in reversed(found)}
    return sorted((c for c in found if rule_of[c.owner] == c.rule), key=lambda c: (c.start, c.end))


def _networks_of(index: TagIndex, claim: NameClaim) -> list[int]:
    """The networks that what a name means is in, the nearest first."""
    row = index.claims.row_of_name(claim, claim.end - 1)
    return [n for n in map(index.networks.known, (row.get("cluster", 0), row.get("vpc", 0))) if n is not None]


def _nearest_network(index: TagIndex, claim: NameClaim) -> str | None:
    return next((index.networks.label(network) for network in _networks_of(index, claim)), None)


def _owned(held: Sequence[Held]) -> Iterator[tuple[int, int, int]]:
    """(since, until, owner): adjacent pieces of one owner joined."""
    span: tuple[int, int, int] | None = None
    for piece in held:
        owner = piece.claims[0].owner
        if span is not None and span[2] == owner and span[1] == piece.start:
            span = (span[0], piece.end, owner)
        else:
            if span is not None:
                yield span
            span = (piece.start, piece.end, owner)
    if span is not None:
        yield span


def _name_holding(index: TagIndex, claim: NameClaim) -> Holding:
    return _holding(index, _nearest_network(index, claim), claim.owner, claim.start, claim.end)


def _holding(index: TagIndex, network: str | None, owner: int, since: int, until: int) -> Holding:
    _, kind, native = index.graph.identity(owner)
    name = index.graph.as_of(owner, until - 1 if until != FOREVER else FOREVER).name
    return Holding(network, kind, native, name, rfc3339(since), rfc3339(until))


def _in_time(holding: Holding) -> tuple[str, str, str, str]:
    return holding.since or "", holding.network or "", holding.kind, holding.id


def _span(since: int, until: int) -> str:
    return f"from {rfc3339(since) or 'the beginning'} to {rfc3339(until) or 'now'}"


def _prefix(length: int, address: int) -> str:
    text = unpack(address)
    return f"{text}/{length - 96 if '.' in text else length}"


def _protocol(name: str) -> int:
    """IANA's number of a protocol by name or number. Raises LookupKeyError for a word that is neither."""
    if name.isdecimal() and int(name) < 256:
        return int(name)
    found = PROTOCOLS.get(name.upper())
    if found is None:
        known = ", ".join(PROTOCOLS).lower()
        raise LookupKeyError(f"there is no protocol {name!r}: name one of {known} or its number")
    return found
