"""The tag index: claims compiled for look-up, (network, address, time) → tagset.

A batch is joined by kernels over compiled tables; a single look-up reads the claims themselves and tells how
it found its answer. Compiled tables are never changed once published: `TagIndex.apply` makes the next ones,
which share the base and add a small table of what changed since, and a batch that is being joined reads on.
Only what derives from claims at the time of asking (single look-ups, names, changes) takes turns, by `lock`.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from functools import cached_property
from threading import RLock
from typing import TYPE_CHECKING, Final, NamedTuple

import numpy as np
import numpy.typing as npt

from tagweave.inventory import ChangeSet, Version
from tagweave.model.collection import no_collection
from tagweave.model.times import BEGINNING, FOREVER
from tagweave.tags.claims import RULE_WORDS, SHARED_RANKS, AddressClaim, Claims, NameClaim, keys_of
from tagweave.tags.flatten import Claim, Piece, flatten
from tagweave.tags.graph import Graph
from tagweave.tags.networks import NETWORK_UNKNOWN, Networks
from tagweave.tags.services import Services
from tagweave.tags.stretches import Stretch, cut, pieces
from tagweave.tags.tagsets import FACTS, SINGLE, Tagsets

if TYPE_CHECKING:
    import pyarrow as pa

    from tagweave.tags.answers import Answer, Holding
    from tagweave.tags.compiled import Compiled

REASONS: Final = (
    "matched",
    "no_address",
    "unknown_address",
    "not_at_that_time",
    "ambiguous",
    "unknown_network",
    "out_of_reach",
    "special_address",
)
"""Why an end of a record got no tags; the codes in `Found.reasons` index these words."""

MATCHED, NO_ADDRESS, UNKNOWN_ADDRESS, NOT_THEN, AMBIGUOUS, UNKNOWN_NETWORK, OUT_OF_REACH, SPECIAL = range(8)

BoolArray = npt.NDArray[np.bool_]
U64 = npt.NDArray[np.uint64]
I64 = npt.NDArray[np.int64]
I32 = npt.NDArray[np.int32]
U8 = npt.NDArray[np.uint8]


class Endpoints(NamedTuple):
    """One end of n records, as arrays of length n.

    `hi` and `lo` are the packed 128-bit addresses (`model.addresses`), meaningless where not `valid`; `at` is
    the time of the event in ns and `until` the end of its window; `network` as from `TagIndex.network_ids`;
    `port` is -1 and `protocol` (IANA's number) 0 where there is none. `keys` are other identities, tried in
    order before the address: (rule, values), the rule one of `claims.RULE_WORDS`.
    """

    hi: U64
    lo: U64
    valid: BoolArray
    at: I64
    until: I64 | None
    network: I32
    port: I32
    protocol: U8
    keys: "tuple[tuple[str, pa.StringArray], ...]" = ()


class Found(NamedTuple):
    """The tagset of each end (0: none) and the reason (an index into REASONS)."""

    tagsets: I32
    reasons: U8


class Held(NamedTuple):
    """A piece of time in which an address was held, and as what."""

    start: int
    end: int
    tagset: int
    claims: tuple[AddressClaim, ...]
    disputed: bool


Key = tuple[int, int]


class TagIndex:
    """Everything that tags are looked up in."""

    def __init__(self, groups: Mapping[str, Sequence[str]], accounts: Mapping[str, tuple[str, str]]) -> None:
        self.groups = dict(groups)
        self.accounts = dict(accounts)
        self.tagsets = Tagsets()
        self.graph = Graph(self.tagsets)
        self.addresses: dict[Key, list[AddressClaim]] = {}
        self.lengths: tuple[int, ...] = ()
        self.generation = 0
        self.lock = RLock()
        self._compiled: Compiled | None = None
        self._sole: dict[int, tuple[int, int]] = {}
        self.networks: Networks
        self.services: Services
        self.claims: Claims

    @classmethod
    def build(
        cls,
        versions: Iterable[Version],
        groups: Mapping[str, Sequence[str]] | None = None,
        accounts: Mapping[str, tuple[str, str]] | None = None,
    ) -> "TagIndex":
        """Compile the versions of an inventory.

        `groups` are the custom groups: an ordered list of tags each, the first that is set wins; the one named
        `service` is auto_service's custom service. `accounts` says of a source its provider and account id.
        """
        index = cls(groups or {}, accounts or {})
        with no_collection():
            index._derive(versions)
        return index

    def _derive(self, versions: Iterable[Version]) -> None:
        self.graph.load(versions)
        self.networks = Networks(self.graph)
        self.services = Services(self.graph)
        self.claims = Claims(self.graph, self.networks, self.services)
        held: defaultdict[Key, list[AddressClaim]] = defaultdict(list)
        for rid in self.graph.history:
            for claim in self.claims.of(rid):
                held[claim.length, claim.address].append(claim)
        self._hold(held)

    def _hold(self, held: Mapping[Key, list[AddressClaim]]) -> None:
        self.addresses.update(held)
        self.lengths = tuple(sorted({*self.lengths, *(length for length, _ in held)}, reverse=True))

    @cached_property
    def names(self) -> dict[str, list[NameClaim]]:
        """All names, collected at their first use."""
        found: dict[str, list[NameClaim]] = {}
        for rid in self.graph.history:
            for name in self.claims.names_of(rid):
                found.setdefault(name.key, []).append(name)
        return found

    # ---- what changes

    def apply(self, changes: Iterable[ChangeSet]) -> "TagIndex":
        """Take in what an inventory changed: see `updates.apply`."""
        from tagweave.tags.updates import apply  # noqa: PLC0415 - updates change the index

        with self.lock:
            return apply(self, changes)

    def rebuilt(self) -> "TagIndex":
        """An index of the same resources, with all derived anew."""
        return self.build(self.graph.versions(), self.groups, self.accounts)

    def derive_again(self, owners: set[int], before: Mapping[int, Sequence[Version]]) -> None:
        """Replace the claims of owners; `before` are the former versions of those that changed themselves."""
        fresh: defaultdict[Key, list[AddressClaim]] = defaultdict(list)
        for rid in owners:
            for claim in self.claims.of(rid):
                fresh[claim.length, claim.address].append(claim)
        changed = {*fresh, *(key for versions in before.values() for key in keys_of(versions))}
        for key in changed:
            others = [c for c in self.addresses.get(key, ()) if c.owner not in owners]
            for rid in {c.owner for c in others}:  # when they were last seen has moved on
                fresh[key] += [c for c in self.claims.of(rid) if (c.length, c.address) == key]
        self._hold({key: sorted(fresh.get(key, ()), key=_by_owner) for key in changed})
        self._sole.clear()
        self._rename(before)
        if self._compiled is not None:
            with no_collection():
                self._compiled = self._compiled.updated(changed)

    def _rename(self, before: Mapping[int, Sequence[Version]]) -> None:
        """Take in names that changed, of the resources themselves and of networks."""
        self.networks.changed(before)
        if any(before.values()):
            self.generation += 1
        if "names" not in self.__dict__:
            return
        for rid, versions in before.items():
            for old in self.claims.names_in(rid, versions) if versions else ():
                self.names[old.key] = [c for c in self.names.get(old.key, ()) if c.owner != rid]
            for name in self.claims.names_of(rid):
                self.names[name.key] = [*self.names.get(name.key, ()), name]

    # ---- one address

    def sole(self, claim: AddressClaim) -> int:
        """The tagset of a claim that nobody else shares an address with, and that never changed."""
        rows = id(claim.rows)  # addresses of one owner share them, and with them the tagset
        found = self._sole.get(rows)
        if found is None or found[0] != claim.network:
            tagset = self.tagsets.intern(self._row(claim, claim.rows[0].row, disputed=False))
            found = self._sole[rows] = (claim.network, tagset)
        return found[1]

    def held(self, length: int, address: int, network: int) -> list[Held]:
        """Who held an address or prefix in a network, when, as which tagset: disjoint and ascending."""
        mine = [c for c in self.addresses.get((length, address), ()) if c.network == network]
        return self.resolve(mine)

    def resolve(self, claims: Sequence[AddressClaim]) -> list[Held]:
        """The claims of one address in one network, resolved into disjoint pieces."""
        if len(claims) == 1 and len(claims[0].rows) == 1:
            claim = claims[0]
            return [Held(claim.start, claim.end, self.sole(claim), (claim,), disputed=False)]
        flat = flatten([Claim(c.start, c.end, c.seen_until, c.rank, c.owner) for c in claims], SHARED_RANKS)
        out: list[Held] = []
        for piece in flat:
            holders = tuple(claims[i] for i in piece.holders)
            for start, end in pieces([c.rows for c in holders], piece.start, piece.end):
                row = self._merged(holders, piece, start, end)
                out.append(Held(start, end, self.tagsets.intern(row), holders, piece.disputed))
        return out

    def _merged(self, holders: Sequence[AddressClaim], piece: Piece, start: int, end: int) -> dict[str, int]:
        """The winner's row, with what the other holders know of the address and the winner does not say."""
        rows = [next(cut(c.rows, start, end), Stretch(start, end, {})).row for c in holders]
        winner = self._row(holders[0], rows[0], disputed=piece.disputed)
        for claim, row in zip(holders[1:], rows[1:], strict=True):
            if claim.rank == holders[0].rank and claim.rank in SHARED_RANKS:
                for column in ("service", "ingress"):
                    winner[column] = self.tagsets.union(winner.get(column, 0), row.get(column, 0))
                winner["ports"] = self.services.union_ports(winner.get("ports", 0), row.get("ports", 0))
            elif claim.rank != holders[0].rank and not _contradicts(winner, row):
                winner = {**{k: v for k, v in row.items() if k not in FACTS}, **{k: v for k, v in winner.items() if v}}
        return winner

    def _row(self, claim: AddressClaim, row: Mapping[str, int], *, disputed: bool) -> dict[str, int]:
        rule = RULE_WORDS.index("ip" if claim.length == 128 else "prefix")
        return {**row, "network": claim.network, "rule": rule, "disputed": int(disputed)}

    def lookup(
        self,
        key: str,
        *,
        network: str | None = None,
        at: datetime | None = None,
        port: int | None = None,
        protocol: str = "tcp",
        names: str = "otel",
    ) -> "Answer":
        """What a key was at a time: see `answers.lookup`."""
        from tagweave.tags.answers import lookup  # noqa: PLC0415 - answers read the index

        with self.lock:
            return lookup(self, key, network=network, at=at, port=port, protocol=protocol, names=names)

    def history(self, key: str, *, network: str | None = None) -> "list[Holding]":
        """Who held a key, when: see `answers.history`."""
        from tagweave.tags.answers import history  # noqa: PLC0415 - answers read the index

        with self.lock:
            return history(self, key, network=network)

    # ---- batches

    def network_ids(self, names: Sequence[str]) -> I32:
        """The networks that names mean (`Networks.named`), NETWORK_UNNAMED or NETWORK_UNKNOWN."""
        with self.lock:
            return self.networks.ids(names)

    def find(self, ends: Endpoints) -> Found:
        """The tagset of each end as of its time, and why where there is none."""
        return self.compiled.find(ends)

    @property
    def compiled(self) -> "Compiled":
        """The index as tables for batches, compiled at first use."""
        if self._compiled is None:
            from tagweave.tags.compiled import Compiled  # noqa: PLC0415 - numba is slow to import

            with self.lock, no_collection():
                self._compiled = Compiled.of(self)
        return self._compiled

    def name_tagset(self, rule: str, key: str, at: int, network: int) -> tuple[int, int]:
        """The tagset and reason of a name at a time; a network decides between clusters."""
        known = [c for c in self.names.get(key, ()) if c.rule == rule]
        live = [c for c in known if c.start <= at < c.end] or _nearest_ended(known, at)
        if len({c.owner for c in live}) > 1:
            live = [c for c in live if self._in_network(c, network)]
        owners = {c.owner for c in live}
        if len(owners) > 1:
            return 0, AMBIGUOUS
        if not owners:
            return 0, NOT_THEN if known else UNKNOWN_ADDRESS
        claim = live[0]
        row = {**self.claims.row_of_name(claim, at), "rule": RULE_WORDS.index(rule)}
        return self.tagsets.intern(row), MATCHED

    def _in_network(self, claim: NameClaim, network: int) -> bool:
        if network in (-1, NETWORK_UNKNOWN):
            return True
        row = self.claims.row_of_name(claim, claim.end - 1)
        return self.networks.owner(network) in {row.get("cluster"), row.get("vpc")}


def _by_owner(claim: AddressClaim) -> tuple[int, int]:
    return claim.owner, claim.start


def _nearest_ended(known: Sequence[NameClaim], at: int) -> list[NameClaim]:
    """Names that are unique for ever (uids, container ids) still mean their owner after its end."""
    return [c for c in known if c.rule in {"pod_uid", "container_id"} and BEGINNING < at < FOREVER]


def _contradicts(a: Mapping[str, int], b: Mapping[str, int]) -> bool:
    return any(a.get(column, 0) and b.get(column, 0) and a[column] != b[column] for column in SINGLE)
