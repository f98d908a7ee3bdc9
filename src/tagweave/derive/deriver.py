"""The deriver: an inventory's history → a draft of a segment, whole or what a change makes of it.

A change begins at the changed resources and goes on to those that refer to them for as long as what they belong to
differs: a node that became ready changes nothing for its pods, one that moved changes all of them. Every key (address,
prefix, name) of what is affected is then resolved anew from the claims of all that ever held it.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Final, Generic, NamedTuple, TypeVar

from tagweave.derive import holders, names
from tagweave.derive.affected import Affected, Before
from tagweave.derive.claims import ADDRESS, AddressClaim, Claims, Key, LastSeen, keys_of
from tagweave.derive.estate import Estate, Identify
from tagweave.derive.machines import Machines
from tagweave.derive.names import NEVER_AGAIN, Name, NameClaim, NameKey, Names, PlainNames
from tagweave.derive.networks import networks
from tagweave.derive.ranges import Ranges
from tagweave.derive.rows import Rows
from tagweave.derive.services import Services
from tagweave.derive.values import of_stranger, values
from tagweave.index.draft import Draft
from tagweave.index.networks import Networks
from tagweave.inventory import Version
from tagweave.model import Scope
from tagweave.model.times import BEGINNING

K = TypeVar("K")
C = TypeVar("C", AddressClaim, NameClaim)

_FEW_BITS: Final = 16
"""Ranges of so many bits are gone through address by address, larger ones key by key."""


class Scopes(NamedTuple):
    """When scopes were first and last known whole, in ns."""

    first: Mapping[Scope, int]
    last: Mapping[Scope, int]


class Deriver:
    """Holds what the claims of an estate derive from, and who ever held each key."""

    def __init__(
        self,
        versions: Iterable[Version],
        scopes: Scopes,
        identify: Identify,
        waiting: Mapping[Scope, set[Key | NameKey]] = {},
    ) -> None:
        self._last_seen = LastSeen(dict(scopes.last))
        self.estate = Estate(identify, scopes.first)
        self.estate.load(versions)
        self._machines = Machines(self.estate)
        self._rows = Rows(self.estate, self._machines)
        self._ranges = Ranges(self.estate)
        self._services = Services(self.estate, self._rows)
        self._claims = Claims(
            self.estate, self._machines, self._rows, self._ranges, self._services, self._last_seen
        )  # fmt: skip
        self._names = Names(self.estate, self._rows, self._claims, self._last_seen)
        self._holders = _Addresses()
        self._named = _Holders[int]()
        self.waiting: defaultdict[Scope, set[Key | NameKey]] = defaultdict(set, waiting)
        """The keys that are decided again when a scope is seen again."""
        self._strangers: set[int] = set()
        for rid, history in self.estate.history.items():
            self._hold(rid, history)

    def networks(self) -> Networks:
        """Every network, with its names and its reach."""
        return networks(self.estate, self._machines)

    def scopes(self) -> Mapping[Scope, int]:
        """When each scope was last known whole, in ns."""
        return self._last_seen.last_success

    def everything(self, draft: Draft) -> None:
        """Say all that there is to say."""
        addresses: defaultdict[Key, list[AddressClaim]] = defaultdict(list)
        named: defaultdict[NameKey, list[NameClaim]] = defaultdict(list)
        for rid in self.estate.history:
            mine = _by_key(self._claims.of(rid), _address_key)
            for key, claims in mine.items():
                if self._holders.alone(key):
                    self._address(draft, key, claims)
                else:
                    addresses[key] += claims
            self._names_of(rid, draft, named)
        for key, claims in addresses.items():
            self._address(draft, key, claims)
        for name, named_claims in named.items():
            self._name(draft, name, named_claims)
        for rid in self.estate.history:
            self._resource(draft, rid)
        self._meet(draft)

    def _names_of(self, rid: int, draft: Draft, shared: dict[NameKey, list[NameClaim]]) -> None:
        """Say the names that a resource alone ever had, those alike together; leave the others in `shared`."""
        plain = self._names.plain(rid)
        if plain is not None and not plain.first.waits:
            self._plain_names(plain, draft, shared)
            return
        together: dict[tuple[int, int, bool], list[NameClaim]] = {}
        for key, claims in _by_key(self._names.of(rid), _name_key).items():
            claim = claims[0]
            if not self._named.alone(hash(key)):
                shared[key] += claims
            elif len(claims) == 1 and not claim.waits:
                together.setdefault((claim.network, id(claim.held), key[0] in NEVER_AGAIN), []).append(claim)
            else:
                self._name(draft, key, claims)
        for alike in together.values():
            told = [(c.name.rule, c.name.text, c.name.label) for c in alike]
            draft.names(told, alike[0].network, names.told_alone(alike[0]))

    def _plain_names(self, plain: PlainNames, draft: Draft, shared: dict[NameKey, list[NameClaim]]) -> None:
        """The same for names that all mean the same."""
        alone: tuple[list[Name], list[Name]] = ([], [])
        for name in plain.names:
            key = (name.rule, name.text)
            if self._named.alone(hash(key)):
                alone[name.rule in NEVER_AGAIN].append(name)
            else:
                shared[key].append(plain.claim(name))
        for some in filter(None, alone):
            told = names.told_alone(plain.claim(some[0]))
            draft.names([(n.rule, n.text, n.label) for n in some], plain.first.network, told)

    def change(self, histories: Mapping[int, Sequence[Version]], scopes: Scopes, draft: Draft) -> bool:
        """Say what is otherwise now that some resources have these histories (an empty one: it is dropped).

        Returns whether networks are not what they were.
        """
        again = self._seen(scopes)
        histories = {rid: tuple(history) for rid, history in histories.items()}
        before: Before = {rid: self.estate.history.get(rid, ()) for rid in histories}
        affected = Affected(
            self.estate, self._machines, self._rows, self._ranges, self._services, before, histories
        )  # fmt: skip
        told = [self.estate.history[rid] for rid in affected.in_renamed() if rid in self.estate.history]
        wanted = {name for history in told for name in self._names.keys_of(history)}
        for rid, history in histories.items():
            if history:
                self.estate.put(history)
            elif before[rid]:
                self.estate.drop(rid)
        affected.spread()
        self._claims.forget()
        self._names.forget()
        keys: set[Key] = set()
        for rid, old in before.items():
            self._release(rid, old)
            self._hold(rid, self.estate.history.get(rid, ()))
        for rid in affected.claims:
            old, history = before.get(rid, ()), self.estate.history.get(rid, ())
            keys.update(keys_of((*old, *history)))
            wanted.update(self._names.keys_of(old))
            for name in self._names.keys_of(history):  # new ones too, where it is called by another thing's new name
                wanted.add(name)
                self._named.add(hash(name), rid)
        for key in again:
            if isinstance(key[0], int):
                keys.add((key[0], int(key[1])))
            else:
                wanted.add((key[0], str(key[1])))
        keys.update(key for prefix in affected.prefixes for key in self._holders.within(prefix.length, prefix.top))
        self._say(draft, keys, wanted)
        for rid in affected.values & (self.estate.history.keys() | self._strangers):
            self._resource(draft, rid)
        self._meet(draft)
        return affected.networks or self._met_networks

    def _say(self, draft: Draft, keys: Iterable[Key], wanted: Iterable[NameKey]) -> None:
        claims = _Remembered(self._claims.of, _address_key)
        for key in keys:
            found = [c for rid in self._holders.of(key) for c in claims.of(rid).get(key, ())]
            self._address(draft, key, found)
        named = _Remembered(self._names.of, _name_key)
        for name in wanted:
            owners = [rid for rid in self._named.of(hash(name)) if rid in self.estate.history]
            self._name(draft, name, [c for rid in owners for c in named.of(rid).get(name, ())])

    # ---- who ever held what

    def _hold(self, rid: int, history: Sequence[Version]) -> None:
        for key in keys_of(history):
            self._holders.add(key, rid)
        for name in self._names.keys_of(history):
            self._named.add(hash(name), rid)

    def _release(self, rid: int, history: Sequence[Version]) -> None:
        for key in keys_of(history):
            self._holders.remove(key, rid)
        for name in self._names.keys_of(history):
            self._named.remove(hash(name), rid)

    def _seen(self, scopes: Scopes) -> set[Key | NameKey]:
        """Take in when scopes were seen; the keys for which that makes a difference."""
        again: set[Key | NameKey] = set()
        self.estate.saw_first(scopes.first)
        for scope, at in scopes.last.items():
            if at > self._last_seen.last_success.get(scope, at - 1):
                self._last_seen.last_success[scope] = at
                again |= self.waiting.pop(scope, set())
        return again

    # ---- saying

    def _address(self, draft: Draft, key: Key, claims: Sequence[AddressClaim]) -> None:
        length, address = key
        said = False
        for network in sorted({c.network for c in claims}):
            mine = [c for c in claims if c.network == network]
            told = holders.resolved(mine, self._services)
            self._wait(key, mine)
            if told and length == ADDRESS:
                draft.address(address, network, told)
            elif told:
                draft.prefix(address, length, network, told)
            said |= bool(told)
        if not said and length == ADDRESS:
            draft.gone_address(address)
        elif not said:
            draft.gone_prefix(address, length)

    def _name(self, draft: Draft, key: NameKey, claims: Sequence[NameClaim]) -> None:
        self._wait(key, claims)
        told = {network: held for network, held in names.resolved(claims).items() if held[0]}
        for network, (pieces, label) in told.items():
            draft.name(*key, network, pieces, label)
        if not told:
            draft.gone_name(*key)

    def _wait(self, key: Key | NameKey, claims: Sequence[C]) -> None:
        """Remember a key for which it makes a difference when the scope of an open claim is seen again."""
        if not claims:
            return
        newest = max(claims, key=lambda c: c.start)
        second = max((c.start for c in claims if c.owner != newest.owner), default=BEGINNING)
        for one in claims:
            rival = second if one.owner == newest.owner else newest.start
            if one.waits or (isinstance(one.seen, Scope) and rival > one.seen_until):
                self.waiting[LastSeen.scope(self.estate.history[one.owner][-1])].add(key)

    def _resource(self, draft: Draft, rid: int) -> None:
        history = self.estate.history.get(rid)
        stranger = self.estate.strangers.get(rid)
        if history is None and stranger is None:
            return
        source, kind, native = self.estate.identity(rid)
        members = self._machines.members(rid)
        told = values(history, members) if history is not None else of_stranger(self.estate.strangers[rid], members)
        draft.resource(rid, source, kind, native, told)

    def _meet(self, draft: Draft) -> None:
        """Say who the strangers are that nobody was told of yet."""
        self._met_networks = False
        for rid in self.estate.strangers.keys() - self._strangers:
            self._resource(draft, rid)
            self._strangers.add(rid)
            self._met_networks |= self.estate.strangers[rid].kind in {"vpc", "cluster"}


class _Holders(dict[K, "int | tuple[int, ...]"]):
    """Who ever held a key: one id, or several in ascending order.

    Names are kept by their hash: where two share one, their owners are asked for both, and have but one of them.
    """

    def add(self, key: K, rid: int) -> None:
        known = self.get(key)
        if known is None:
            self[key] = rid
        elif known != rid and not (isinstance(known, tuple) and rid in known):
            self[key] = tuple(sorted((*(known if isinstance(known, tuple) else (known,)), rid)))

    def remove(self, key: K, rid: int) -> None:
        known = self.get(key)
        if known == rid:
            del self[key]
        elif isinstance(known, tuple) and rid in known:
            left = tuple(one for one in known if one != rid)
            self[key] = left if len(left) > 1 else left[0]

    def alone(self, key: K) -> bool:
        return not isinstance(self.get(key), tuple)

    def of(self, key: K) -> tuple[int, ...]:
        known = self.get(key)
        return () if known is None else known if isinstance(known, tuple) else (known,)


class _Addresses(_Holders[Key]):
    """Who ever held an address or prefix."""

    def __init__(self) -> None:
        self._lengths: set[int] = set()

    def add(self, key: Key, rid: int) -> None:
        self._lengths.add(key[0])
        super().add(key, rid)

    def within(self, length: int, top: int) -> list[Key]:
        """The addresses and longer prefixes that lie in a prefix."""
        shift = ADDRESS - length
        if shift > _FEW_BITS:
            return [key for key in self if key[0] >= length and key[1] >> shift == top]
        first = top << shift
        inside = range(first, first + (1 << shift))
        return [key for bits in self._lengths if bits >= length for a in inside if (key := (bits, a)) in self]


class _Remembered(Generic[K, C]):
    """The claims of resources by key, derived once each."""

    def __init__(self, derive: Callable[[int], Iterable[C]], key_of: Callable[[C], K]) -> None:
        self._derive: Callable[[int], Iterable[C]] = derive
        self._key_of: Callable[[C], K] = key_of
        self._known: dict[int, dict[K, list[C]]] = {}

    def of(self, rid: int) -> dict[K, list[C]]:
        found = self._known.get(rid)
        if found is None:
            found = self._known[rid] = _by_key(self._derive(rid), self._key_of)
        return found


def _by_key(claims: Iterable[C], key_of: Callable[[C], K]) -> dict[K, list[C]]:
    out: dict[K, list[C]] = {}
    for claim in claims:
        out.setdefault(key_of(claim), []).append(claim)
    return out


def _address_key(claim: AddressClaim) -> Key:
    return claim.length, claim.address


def _name_key(claim: NameClaim) -> NameKey:
    return claim.name.rule, claim.name.text
