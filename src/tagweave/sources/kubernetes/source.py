"""A cluster through its API server: one pass over it, or all that happens in it."""

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from typing import Final

from tagweave.errors import SourceError
from tagweave.model import Batch, Failure, Progress, Scope, Tally
from tagweave.sources.kubernetes.client import Absent
from tagweave.sources.kubernetes.config import Config
from tagweave.sources.kubernetes.following import Following
from tagweave.sources.kubernetes.joined import Joined, Watch
from tagweave.sources.kubernetes.session import DOUBT, Session

_LISTS_AT_ONCE: Final = 4


class Source:
    """A cluster. See `Config`. `machine` tells this machine's time, in seconds since the epoch."""

    def __init__(self, config: Config, machine: Callable[[], float] = time.time) -> None:
        self.name = config.name
        self._config = config
        self._machine = machine
        self._following: Following | None = None

    async def follow(self) -> AsyncIterator[Batch]:
        """Everything there is, and then what happens, until it is cancelled."""
        self._following = following = Following(Session(self._config, self._machine))
        try:
            async for batch in following.batches():
                yield batch
        finally:
            self._following = None
            await following.close()

    def again(self, scope: Scope) -> None:
        """List a scope that is followed anew: the guard against mass deletion waits for a listing that agrees."""
        if self._following is not None:
            self._following.again(scope)

    async def batches(self) -> AsyncIterator[Batch]:
        """One pass: everything there is, once."""
        session = Session(self._config, self._machine)
        try:
            async for batch in _pass(session):
                yield batch
        finally:
            await session.client.close()


async def _pass(session: Session) -> AsyncIterator[Batch]:
    name = session.name
    yield Progress(name, "asking the API server what it serves")
    try:
        joined = await session.begin()
    except SourceError as error:
        yield Failure(Scope(name, "cluster"), str(error), session.clock.now())
        return
    limit = asyncio.Semaphore(_LISTS_AT_ONCE)
    listings = [asyncio.create_task(_list(session, joined, watch, limit)) for watch in session.watches()]
    try:
        for done, listing in enumerate(asyncio.as_completed(listings), 1):
            what, tally = await listing
            yield Progress(name, what, done, len(listings))
            if tally is not None:
                yield tally
    finally:
        for task in listings:
            task.cancel()
        await asyncio.gather(*listings, return_exceptions=True)
    for defect in session.defects():
        yield defect
    yield session.snapshot()
    for batch in joined.drain(time.monotonic()):
        yield batch


async def _list(session: Session, joined: Joined, watch: Watch, limit: asyncio.Semaphore) -> tuple[str, Tally | None]:
    """List what is watched once; what was done, and what was read."""
    place = session.place(watch)
    if place is None and session.is_absent(watch):
        joined.absent(watch)
        return f"{watch.part}: not served", None
    if place is None:
        joined.broken(watch, f"cannot list {watch.part}: {DOUBT}", session.clock.now())
        return f"{watch.part}: {DOUBT}", None
    reflector, reader = session.reflector(watch, place)
    try:
        async with limit:
            listed = await reflector.once()
    except Absent:
        joined.absent(watch)
        return f"{watch.part}: not served", None
    except SourceError as error:
        joined.broken(watch, str(error), session.clock.now())
        return f"{watch.part}: {error}", None
    joined.listed(watch, listed.objects, listed.at)
    count = len(listed.objects)
    tally = Tally(session.name, watch.api.object_kind, reader.read_count, count) if reader.read_count else None
    return f"{watch.part}: {count:,} in {listed.seconds:.1f} s", tally
