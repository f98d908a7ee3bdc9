"""Trying a source: each call once with its smallest page, and what to grant where it is refused.

A call of whose items others are made has its largest page, so that there is something to try them on.
"""

from collections.abc import AsyncIterator, Callable, Iterable, Sequence

import msgspec

from tagweave.errors import Denied, SourceError
from tagweave.sources import Check
from tagweave.sources.clouds.calling import Call
from tagweave.sources.clouds.listing import Join, Listing, Raw, Request
from tagweave.sources.clouds.paging import Params
from tagweave.sources.clouds.reading import Gone, pick


async def probe(
    listings: Iterable[Listing], source: str, where: str, call: Call, grants: Callable[[str], str]
) -> AsyncIterator[Check]:
    """Try every action of some listings once in one place."""
    tried: set[str] = set()
    for listing in listings:
        fetched: dict[str, Sequence[Raw]] = {}
        steps = (_main(listing), *listing.joins)
        names = [step.name for step in steps]
        needed = {name for number, step in enumerate(steps) for name in step.needs(names[:number])}
        for step in steps:
            request = Request("", {}) if step.each is None else next(iter(step.each(fetched)), None)
            size = None if step.name in needed else 1
            fetched[step.name], row = await _try(step, request, size, call, grants)
            if step.action not in tried:
                tried.add(step.action)
                yield msgspec.structs.replace(row, source=source, where=where)


def _main(listing: Listing) -> Join:
    """The listing's own call as if it were a join."""
    return Join("", listing.action, listing.path, listing.paging, params=listing.params)


async def _try(
    step: Join, request: Request | None, size: int | None, call: Call, grants: Callable[[str], str]
) -> tuple[Sequence[Raw], Check]:
    if request is None:
        return (), Check("", step.action, "", "skipped", "there is nothing to try it on")
    params: Params = {**step.params, **step.paging.first(size), **request.params}
    try:
        return pick(await call(step.action, params), step.path), Check("", step.action, "", "ok")
    except Gone:
        return (), Check("", step.action, "", "ok")
    except SourceError as error:
        grant = grants(step.action) if isinstance(error, Denied) else ""
        return (), Check("", step.action, "", "failed", str(error), grant)
