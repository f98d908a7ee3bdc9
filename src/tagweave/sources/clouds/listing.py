"""A listing is a row of a table: which call, how it pages, where its items are, and how one becomes a resource."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any, Final, Literal, NamedTuple

import msgspec

from tagweave.model import Resource
from tagweave.sources.clouds.paging import NOTHING, WHOLE, Paging, Params, at

Raw = Any
"""An item as the provider's SDK gives it: mostly a dict."""
Fetched = Mapping[str, Sequence[Raw]]
"""Items by the name of their join; those of the listing itself are under the empty name."""


class Place(NamedTuple):
    """Where a listing runs. `realm` is the provider's separate world, such as AWS's partition `aws-cn`."""

    source: str
    account: str
    region: str = ""
    realm: str = ""


class Request(NamedTuple):
    """The parameters of one call of a join, and the key of what it answers."""

    key: str
    params: Params


class Join(NamedTuple):
    """Another call whose answers a listing needs; together they are one snapshot or one failure.

    `each` makes one request for each of the items fetched so far, None is one request in all: an `Each` waits for
    the items that it is made of, any other function for all joins before its own. `by` is the path in an item, or a
    function of it, whose value is the key under which `Context.joined` has it; empty is the key of the request.
    `hosts` are the names in an item that are resolved to addresses, as those of a listing are.
    """

    name: str
    action: str
    path: str
    paging: Paging = WHOLE
    each: Callable[[Fetched], Iterable[Request]] | None = None
    by: str | Callable[[Raw], str] = ""
    params: Params = NOTHING
    hosts: Callable[[Raw], Iterable[str]] | None = None

    def needs(self, before: Sequence[str]) -> Sequence[str]:
        """Which of the names fetched before it a join must wait for."""
        if self.each is None:
            return ()
        return (self.each.of,) if isinstance(self.each, Each) else before


class Context(NamedTuple):
    """What a map may know besides the item: its place, what was joined, and what else this pass lists.

    `joined[name][key]` are the joined items. `addresses` are those of the host names that the listing had
    resolved. `listed` are the (account, region) pairs of the whole pass.
    """

    place: Place
    joined: Mapping[str, Mapping[str, Sequence[Raw]]] = {}
    addresses: Mapping[str, tuple[str, ...]] = {}
    listed: frozenset[tuple[str, str]] = frozenset()

    def get(self, name: str, key: str) -> Sequence[Raw]:
        """The joined items of a key; none where there are none."""
        return self.joined.get(name, {}).get(key, ())

    def one(self, name: str, key: str) -> Raw:
        """The first joined item of a key; an empty dict where there is none."""
        return next(iter(self.get(name, key)), {})

    def elsewhere(self, account: str, region: str) -> bool:
        """Whether an owner lists this item itself in this pass, so that it is not ours to keep."""
        here = (self.place.account, self.place.region)
        return bool(account) and (account, region) != here and (account, region) in self.listed


class Listing(NamedTuple):
    """One API that lists resources of one kind.

    `path` is where the items are in an answer: dotted, lists on the way are flattened. `total` is where the answer
    says how many there are in all; the count is checked against it. `to_model` is pure and gives None for what is
    not of the kind; what it raises breaks that item alone. `api` sets apart the scopes of several listings of one
    kind. A `shared` listing gives the same to every account of a source: one of them lists it. `hosts` are the
    names in an item that are resolved to addresses, where the source is configured so. Where the provider lists
    resources by what holds them alone, `of` is the join that gives them, and the listing's own call gives the holders.
    """

    kind: str
    action: str
    path: str
    to_model: Callable[[Raw, Context], Resource | None]
    paging: Paging = WHOLE
    scope: Literal["global", "region"] = "region"
    total: str | None = None
    params: Params = NOTHING
    joins: tuple[Join, ...] = ()
    api: str = ""
    shared: bool = False
    hosts: Callable[[Raw], Iterable[str]] | None = None
    of: str = ""

    def actions(self) -> tuple[str, ...]:
        """Every call that the listing makes."""
        return (self.action, *(join.action for join in self.joins))

    def part(self, place: Place) -> str:
        """The part of the scope that the listing is complete for: `account/region/api`."""
        account = "" if self.shared else place.account
        return "/".join(filter(None, (account, place.region, self.api)))


class Each(msgspec.Struct, frozen=True):
    """The requests that a join makes of the items of another, `of` (empty: the listing itself)."""

    of: str
    requests: Callable[[Sequence[Raw]], Iterable[Request]]

    def __call__(self, fetched: Fetched) -> Iterable[Request]:
        """The requests."""
        return self.requests(fetched[self.of])


def each(name: str, path: str, param: str) -> Each:
    """One request for each item of a join, with the value at its path (the item itself: empty) as a parameter."""

    def requests(items: Sequence[Raw]) -> Iterator[Request]:
        for item in items:
            value = at(item, path) if path else item
            if value:
                yield Request(str(value), {param: value})

    return Each(name, requests)


def chunks(name: str, path: str, param: str, size: int) -> Each:
    """One request for `size` items of a join at a time, with a list of the values at their path as a parameter."""

    def requests(items: Sequence[Raw]) -> Iterator[Request]:
        values = [value for item in items if (value := at(item, path))]
        for start in range(0, len(values), size):
            some = values[start : start + size]
            yield Request(str(some[0]), {param: some})

    return Each(name, requests)


_NOUNS: Final = {"az": "zones", "vpc": "vpcs", "rds": "rds databases", "redis": "redis caches"}


def noun(kind: str) -> str:
    """A kind as messages call several of it."""
    return _NOUNS.get(kind, f"{kind.replace('_', ' ')}s")
