"""The oracle: what an answer must be, from the versions of an estate alone. Laws 5.5, 6.3 to 6.5, 7.4 and 9."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from typing import Final

import msgspec

from tagweave.inventory import Version
from tagweave.model import Scope
from tagweave.model.addresses import canonical
from tagweave.model.times import FOREVER

from .claims import Claims
from .facts import EVER, INTERNET, Facts, Ident
from .matches import Found, Matches
from .names import RULES, Name, Names, as_mac
from .networks import Networks, holds, special
from .rows import Row, Rows
from .services import Services, protocols
from .tags import Matched, Reader, Tags, itself

Identity = tuple[str, str, str]
"""Source, kind, id."""

SECOND: Final = 1_000_000_000


@dataclass(frozen=True)
class Said:
    """An answer. `itself` is what an address is that nobody is known to hold: tags of a batch, and of no look-up."""

    reason: str
    owner: Identity | None = None
    rule: str | None = None
    disputed: bool = False
    interval: tuple[int, int] | None = None
    age_seconds: int | None = None
    network: Identity | None = None
    candidates: tuple[Identity, ...] = ()
    tags: Tags = field(default_factory=dict)
    itself: Tags = field(default_factory=dict)


class Oracle:
    """Answers about an estate; slow and plain."""

    def __init__(
        self,
        versions: Iterable[Version],
        first_success: Mapping[Scope, int],
        last_success: Mapping[Scope, int] | None = None,
        accounts: Mapping[str, tuple[str, str]] | None = None,
        groups: Mapping[str, Sequence[str]] | None = None,
    ) -> None:
        self.facts = Facts(_seen(versions, last_success or {}), first_success)
        self.rows = Rows(self.facts)
        self.networks = Networks(self.facts, self.rows)
        self.claims = Claims(self.facts, self.rows, self.networks)
        self.services = Services(self.facts, self.rows)
        self.names = Names(self.facts, self.rows)
        self.reader = Reader(self.facts, accounts or {}, groups or {})
        self.matches = Matches(self.facts, self.rows, self.networks, self.claims, self.services)
        self.search = cache(self._search)

    # ---- section 9

    def answer(
        self,
        key: str,
        at: int,
        network: str | None = None,
        port: int | None = None,
        protocol: str = "tcp",
        side: str = "",
        *,
        until: int | None = None,
        rule: str | None = None,
    ) -> Said:
        """What a key was. `until` is a record's end time; `rule` asks for one kind of name, as a record's roles do."""
        called = self.networks.called(network, self.facts.moment(at)) if network else None
        said = self._at(key, at, called, port, protocol, side, rule)
        if (
            until is not None and said.reason != "ambiguous" and (said.reason != "matched" or said.rule == "prefix")
        ):  # 9.4
            later = self._at(key, until, called, port, protocol, side, rule)
            if later.reason == "matched" and not (said.reason == "matched" and later.rule == "prefix"):
                return later
        return said

    def _at(
        self,
        key: str,
        at: int,
        called: frozenset[Ident] | None,
        port: int | None,
        protocol: str,
        side: str,
        rule: str | None,
    ) -> Said:
        t = self.facts.moment(at)
        address = _address(key)
        alone = itself(address) if address else {}
        start = next(iter(called)) if called and len(called) == 1 else None
        if start is None and called is not None and (address or rule is None):  # law 9.5: else it is sought everywhere
            return Said("unknown_network", itself=alone)
        if address:
            reason, found, candidates = self.search(address, start, t)
        else:
            reason, found, candidates = self._by_name(key, start, t, rule)
        if found is None:
            return Said(reason, candidates=tuple(sorted({_identity(it) for it in candidates})), itself=alone)
        return self._said(found, address or key, at, t, port, protocol, side)

    def _search(self, address: str, start: Ident | None, t: int) -> tuple[str, Found | None, tuple[Ident, ...]]:
        """Laws 9.1 to 9.3 for an address."""
        prefixes = [p for p in self.claims.prefixes if holds(p, address)]
        every = self.claims.networks_of(address).union(*(self.claims.networks_of(p) for p in prefixes))
        tiers = self.networks.tiers(start, t) if start else [every]
        for tier in tiers:
            exact = [(n, address) for n in tier if self.claims.winner(address, n, t)]
            ranges = [(n, p) for n in tier if (p := self.claims.range_of(address, n, t))]
            held = exact or ranges
            owners = {self.claims.winner(key, n, t).owner for n, key in held}  # type: ignore[union-attr]
            if len(owners) > 1:
                return "ambiguous", None, tuple(owners)
            if held:
                where, key = min(held, key=lambda one: (one[0] == INTERNET, one))
                return "matched", self._held(key, where, t), ()
        ever = self.claims.networks_of(address)
        if ever & frozenset().union(*tiers):
            return "not_at_that_time", None, ()
        if ever:
            return "out_of_reach", None, ()
        return "special_address" if special(address) else "unknown_address", None, ()

    def _held(self, key: str, network: Ident, t: int) -> Found:
        claim = self.claims.winner(key, network, t)
        assert claim is not None

        def held(m: int) -> bool:
            winner = self.claims.winner(key, network, m)
            return winner is not None and winner.owner == claim.owner

        disputed = self.claims.disputed(key, network, t)
        return Found(claim.owner, "prefix" if "/" in key else "ip", network, key, disputed, claim.seen, held)

    # ---- laws 7.4 and 9.3 for a name

    def _by_name(
        self, key: str, start: Ident | None, t: int, rule: str | None
    ) -> tuple[str, Found | None, tuple[Ident, ...]]:
        tiers = self.networks.tiers(start, t) if start else None
        reasons = []
        for one in (rule,) if rule else RULES:
            name = as_mac(key) if one == "mac" else key
            held = self.names.holders(one, name, t)
            homes = {h.owner: self.names.network(h.owner, t) for h in held}
            for tier in tiers or [frozenset(homes.values())]:
                near = [h for h in held if homes[h.owner] in tier]
                owners = {h.owner for h in near}
                if len(owners) > 1:
                    return "ambiguous", None, tuple(owners)
                if near:
                    return "matched", self._named(one, name, near[0], homes[near[0].owner]), ()
            reasons.append(self._why_no_name(one, name, tiers))
        order = ("not_at_that_time", "out_of_reach", "unknown_address")
        return min(reasons, key=order.index), None, ()

    def _named(self, rule: str, key: str, name: Name, network: Ident) -> Found:
        owner = name.owner

        def held(m: int) -> bool:
            return any(
                h.owner == owner and self.names.network(owner, m) == network for h in self.names.told(rule, key, m)
            )

        return Found(owner, rule, network, key, disputed=False, seen=name.seen, held=held, last=name.last)

    def _why_no_name(self, rule: str, key: str, tiers: list[frozenset[Ident]] | None) -> str:
        ever = {
            self.names.network(one.owner, m)
            for one in self.names.of(rule, key)
            for m in self.facts.moments
            if one.start <= m < one.end
        }
        if ever and (tiers is None or ever & frozenset().union(*tiers)):
            return "not_at_that_time"
        return "out_of_reach" if ever else "unknown_address"

    # ---- what is said

    def _said(self, found: Found, key: str, at: int, t: int, port: int | None, protocol: str, side: str) -> Said:
        row, picked = self.matches.row(found, min(t, found.last), port, protocols(protocol), side)
        row = self._joined(row, t) if t > found.last else row
        container = self.names.container(found.owner, found.key, t) if found.rule == "container_id" else None
        age = max(0, at - found.seen) // SECOND
        match = {"": found.rule, ".age": str(age), ".disputed": str(found.disputed).lower()}
        tags: Tags = {f"tagweave.match{part}": (value,) for part, value in match.items()}
        matched = Matched(found.owner, found.rule, row, picked, container)
        return Said(
            "matched",
            owner=_identity(found.owner),
            rule=found.rule,
            disputed=found.disputed,
            interval=self._interval(found, t),
            age_seconds=age,
            network=_identity(found.network),
            tags=self.reader.read(matched, key, t, tags),
        )

    def _joined(self, row: Row, t: int) -> Row:
        """A row of earlier, with what joins its VPC and routes its subnet at `t`."""
        parts = {"cen": "vpc", "peering_connection": "vpc", "router": "subnet"}
        now = {column: self.rows.row(row[of], t).get(column) for column, of in parts.items() if of in row}
        rest = {column: value for column, value in row.items() if column not in parts}
        return {**rest, **{column: value for column, value in now.items() if value}}

    def _interval(self, found: Found, t: int) -> tuple[int, int]:
        """How long the owner unbrokenly held the key around a moment."""
        moments = self.facts.all_moments()
        i = j = moments.index(t)
        while i and found.held(moments[i - 1]):
            i -= 1
        while j + 1 < len(moments) and found.held(moments[j + 1]):
            j += 1
        return moments[i], moments[j + 1] if j + 1 < len(moments) else FOREVER

    # ---- history

    def history(self, key: str, network: str | None = None) -> list[tuple[str, str, str, str, int, int]]:
        """Who held a key: network, kind, id, the last name in that time, from, to; in order of time."""
        moments = self.facts.all_moments()
        held: dict[tuple[Ident, Ident], list[bool]] = {}
        for i, t in enumerate(moments):
            for where, owner in self._holding(key, t):
                if network is None or self.networks.called(network, t) == {where}:
                    held.setdefault((where, owner), [False] * len(moments))[i] = True
        rows = []
        for (where, owner), when in held.items():
            start = None
            for i, now in enumerate([*when, False]):
                if now and start is None:
                    start = moments[i]
                elif not now and start is not None:
                    name = self.reader.name(owner, moments[i - 1])
                    end = moments[i] if i < len(moments) else FOREVER
                    rows.append((where.id, owner.kind, owner.id, name, start, end))
                    start = None
        return sorted(rows, key=lambda row: (row[4], row))

    def _holding(self, key: str, t: int) -> Iterable[tuple[Ident, Ident]]:
        if address := _address(key):
            for where in self.claims.networks_of(address):
                if winner := self.claims.winner(address, where, t):
                    yield where, winner.owner
        else:
            for rule in RULES:
                name = as_mac(key) if rule == "mac" else key
                for one in self.names.told(rule, name, t):
                    if t <= one.last:
                        yield self.names.network(one.owner, t), one.owner


def _seen(versions: Iterable[Version], last_success: Mapping[Scope, int]) -> Iterable[Version]:
    """Versions, those that are open as seen until the last success of their scope."""
    for v in versions:
        success = last_success.get(Scope(v.resource.source, v.resource.kind, v.part))
        if v.valid_to == FOREVER and success is not None:
            yield msgspec.structs.replace(v, seen_until=max(v.valid_from, success))
        else:
            yield v


def _address(key: str) -> str | None:
    try:
        return canonical(key)
    except ValueError:
        return None


def _identity(it: Ident) -> Identity:
    return it.source, it.kind, it.id


__all__ = ["EVER", "Oracle", "Said"]
