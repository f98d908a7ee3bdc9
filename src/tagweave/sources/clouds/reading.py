"""Reading one listing: every page of its call and of its joins. All of it, or an error."""

import asyncio
from collections import defaultdict
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from typing import Final, NamedTuple, TypeVar

from tagweave.errors import Terminal, Transient
from tagweave.sources.clouds.calling import Call
from tagweave.sources.clouds.listing import Context, Join, Listing, Place, Raw, Request
from tagweave.sources.clouds.paging import Page, Paging, Params, at
from tagweave.sources.clouds.resolving import Resolver
from tagweave.sources.clouds.sharing import Shared, key_of

BROKEN: Final = (LookupError, TypeError, ValueError, AttributeError)
"""What a function of an item raises where the item is not as documented."""

_READS: Final = 3
"""How often a list is read in all while its total does not fit what it gives."""
_Request = TypeVar("_Request")
_Answer = TypeVar("_Answer")

_AT_ONCE: Final = 32
"""How many requests of one join are under way at the same time, those that wait for their rate among them."""


class Gone(Terminal):
    """What a join asked about is no more: it went between the listing and the question."""


def pick(page: Page, path: str) -> list[Raw]:
    """The items at a dotted path, lists on the way flattened. Raises Terminal where an answer lacks them.

    An answer without the first step is no empty list: it is not the answer that was asked for.
    """
    steps = path.split(".")
    if not isinstance(page, Mapping) or steps[0] not in page:
        raise Terminal(f"the answer has no {steps[0]}")
    found: list[Raw] = [page]
    for step in steps:
        below: list[Raw] = []
        for one in found:
            value = one.get(step) if isinstance(one, Mapping) else None
            if isinstance(value, list | tuple):
                below += value
            elif isinstance(value, Mapping):
                below.append(value)
            elif value is not None:
                raise Terminal(f"the answer's {path} is no list but {type(value).__name__}")
        found = below
    return found


async def read(
    call: Call,
    action: str,
    params: Params,
    paging: Paging,
    path: str,
    total: str | None = None,
    size: int | None = None,
) -> list[Raw]:
    """Every item of every page. Raises SourceError: a list that is cut short is no list.

    Where the pages state a total, every one must state how many items there were: one that moves says that pages
    moved too, so that an item may be lost between two of them. Such a list is read again, a few times.
    """
    stated: set[int] = set()
    items: list[Raw] = []
    for _ in range(_READS):
        items, stated = await _pages(call, action, {**params, **paging.first(size)}, paging, path, total)
        if stated <= {len(items)}:
            return items
    said = " and then ".join(str(number) for number in sorted(stated))
    raise Transient(f"{action} gave {len(items)} items and says that there are {said}; read {_READS} times")


async def _pages(
    call: Call, action: str, params: Params, paging: Paging, path: str, total: str | None
) -> tuple[list[Raw], set[int]]:
    """The items of all pages, and the totals that they state."""
    first = await call(action, params)
    found = pick(first, path)
    rest = paging.rest(params, first, len(found)) if paging.rest else None
    if rest is not None:
        pages = [first, *await _side_by_side(rest, lambda one: call(action, one))]
    else:
        pages = await _in_turn(call, action, params, paging, path, first)
    items = [item for page in pages for item in pick(page, path)]
    numbers = [at(page, total or paging.total) for page in pages] if total or paging.total else []
    return items, {_number(number, action) for number in numbers if number is not None}


async def _in_turn(call: Call, action: str, params: Params, paging: Paging, path: str, first: Page) -> list[Page]:
    """All pages, each of which tells the next one."""
    pages, asked = [first], {repr(params)}
    got = so_far = len(pick(first, path))
    while (params := paging.following(params, pages[-1], got, so_far) or {}) and repr(params) not in asked:
        asked.add(repr(params))
        pages.append(await call(action, params))
        got = len(pick(pages[-1], path))
        so_far += got
    if params:
        raise Terminal(f"{action} goes round in circles: page {len(pages)} leads back to an earlier one")
    return pages


def _number(value: object, action: str) -> int:
    try:
        return int(str(value))
    except ValueError as error:
        raise Terminal(f"{action} states a total that is no number but {type(value).__name__}") from error


class Reading(NamedTuple):
    """What one listing gave."""

    items: Sequence[Raw]
    context: Context


async def read_listing(
    listing: Listing,
    place: Place,
    call: Call,
    listed: frozenset[tuple[str, str]] = frozenset(),
    resolver: Resolver | None = None,
    size: int | None = None,
    shared: Shared | None = None,
) -> Reading:
    """A listing's items and all that its map needs, whatever can be asked side by side. Raises SourceError."""
    main = Join("", listing.action, listing.path, listing.paging, params=listing.params)
    steps: dict[str, asyncio.Task[_Keyed]] = {}
    try:
        async with asyncio.TaskGroup() as group:
            for join in (main, *listing.joins):
                needed = {name: steps[name] for name in join.needs(tuple(steps))}
                step = _Step(join, listing.total if join is main else None, place, call, size, shared)
                steps[join.name] = group.create_task(_fetch(step, needed))
    except BaseExceptionGroup as group_error:
        raise _first(group_error) from None
    items = _flat(steps[listing.of].result())
    joined = {"": {"": _flat(steps[""].result())}} | {join.name: steps[join.name].result() for join in listing.joins}
    return Reading(items, Context(place, joined, await _resolved(listing, items, joined, resolver), listed))


_Keyed = dict[str, list[Raw]]
"""Items by key."""


class _Step(NamedTuple):
    """One call of a listing in a place."""

    join: Join
    total: str | None
    place: Place
    call: Call
    size: int | None
    shared: Shared | None


async def _fetch(step: _Step, needed: Mapping[str, asyncio.Task[_Keyed]]) -> _Keyed:
    """All items of a step, by key, when those that its requests are made of are there."""
    join = step.join
    if join.each is None:
        items = await _read_once(step)
        return _by_key(join, [(Request("", {}), items)])
    fetched = {name: _flat(await task) for name, task in needed.items()}
    try:
        requests = list(join.each(fetched))
    except BROKEN as error:
        raise Terminal(f"{join.action} cannot be asked: an item is not as documented ({reason(error)})") from error
    answers = await _side_by_side(requests, lambda request: _answers(step, request))
    return _by_key(join, zip(requests, answers, strict=True))


def _flat(keyed: _Keyed) -> list[Raw]:
    return [item for some in keyed.values() for item in some]


async def _read_once(step: _Step) -> list[Raw]:
    """A list that is the same for every listing that asks for it in this place."""
    join = step.join

    def reading() -> Awaitable[list[Raw]]:
        return read(step.call, join.action, join.params, join.paging, join.path, step.total, step.size)

    if step.shared is None:
        return await reading()
    return await step.shared.read(key_of(join, step.place), reading)


async def _side_by_side(requests: Sequence[_Request], ask: Callable[[_Request], Awaitable[_Answer]]) -> list[_Answer]:
    """What each of some requests gives, in their order. Raises what the first of them that fails raises."""
    answers: dict[int, _Answer] = {}
    waiting = iter(enumerate(requests))

    async def work() -> None:
        for number, request in waiting:
            answers[number] = await ask(request)

    try:
        async with asyncio.TaskGroup() as group:
            for _ in range(min(_AT_ONCE, len(requests))):
                group.create_task(work())
    except BaseExceptionGroup as group_error:
        raise _first(group_error) from None
    return [answers[number] for number in range(len(requests))]


async def _answers(step: _Step, request: Request) -> list[Raw]:
    join = step.join
    try:
        return await read(
            step.call, join.action, {**join.params, **request.params}, join.paging, join.path, None, step.size
        )
    except Gone:
        return []


def _by_key(join: Join, answers: Iterable[tuple[Request, list[Raw]]]) -> _Keyed:
    out: defaultdict[str, list[Raw]] = defaultdict(list)
    for request, items in answers:
        for item in items:
            out[_key(join, request, item)].append(item)
    return dict(out)


def _key(join: Join, request: Request, item: Raw) -> str:
    """The key of an item; nothing looks up the empty one of an item that lacks it."""
    if not join.by:
        return request.key
    try:
        return str((at(item, join.by) if isinstance(join.by, str) else join.by(item)) or "")
    except BROKEN:
        return ""


async def _resolved(
    listing: Listing, items: Sequence[Raw], joined: Mapping[str, _Keyed], resolver: Resolver | None
) -> dict[str, tuple[str, ...]]:
    """The addresses of every host name that the items and what was joined hold."""
    if resolver is None:
        return {}
    namings = [(listing.hosts, items), *((join.hosts, _flat(joined[join.name])) for join in listing.joins)]
    hosts = {host for named, some in namings if named for item in some for host in _named(named, item)}
    return {host: await resolver(host) for host in sorted(hosts)}


def _named(named: Callable[[Raw], Iterable[str]], item: Raw) -> tuple[str, ...]:
    try:
        return tuple(named(item))
    except BROKEN:
        return ()  # the map finds the item broken too, and says so


def reason(error: Exception) -> str:
    """Why an item is broken, as a reader is told."""
    return f"it has no {error}" if isinstance(error, KeyError) else f"{type(error).__name__}: {error}"


def _first(error: BaseException) -> BaseException:
    while isinstance(error, BaseExceptionGroup):
        error = error.exceptions[0]
    return error
