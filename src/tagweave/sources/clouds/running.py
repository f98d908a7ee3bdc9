"""A pass: many listings in many places, side by side; each becomes a snapshot, or a failure of its scope alone."""

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from datetime import UTC, datetime
from typing import Final, NamedTuple

import msgspec

from tagweave.errors import SourceError
from tagweave.model import Batch, Defect, Failure, Progress, Resource, Scope, Snapshot, Tally
from tagweave.sources.clouds.calling import Call
from tagweave.sources.clouds.listing import Listing, Place, Raw, noun
from tagweave.sources.clouds.reading import BROKEN, Reading, read_listing, reason
from tagweave.sources.clouds.resolving import Resolver
from tagweave.sources.clouds.sharing import Shared, keys_of

JOBS_FOR_A_CALL: Final = 8
"""How many listings are under way for each call that may be: most wait for their rate."""


class Job(NamedTuple):
    """One listing to run in one place. `where` is the place as messages name it."""

    listing: Listing
    place: Place
    call: Call
    where: str = ""
    listed: frozenset[tuple[str, str]] = frozenset()
    resolver: Resolver | None = None
    size: int | None = None


class Outcome(NamedTuple):
    """What a job came to: its snapshot or failure, what was broken, and how much was read."""

    batch: Snapshot | Failure
    defects: tuple[Defect, ...] = ()
    items: Sequence[Raw] = ()
    repeated: int = 0


def _now() -> datetime:
    return datetime.now(UTC)


async def perform(job: Job, clock: Callable[[], datetime] = _now, shared: Shared | None = None) -> Outcome:
    """Run one job. A snapshot is of the moment before its first call: what came later may be missing in it."""
    listing, place = job.listing, job.place
    scope = Scope(place.source, listing.kind, listing.part(place))
    keys = keys_of(listing, place)
    began = clock()
    try:
        reading = await read_listing(listing, place, job.call, job.listed, job.resolver, job.size, shared)
        began = min(began, *shared.since(keys)) if shared and shared.since(keys) else began
    except SourceError as error:
        return Outcome(failed(scope, job.where or place.region, error, clock()))
    finally:
        if shared:
            shared.release(keys)
    kept, defects, repeated = _mapped(job, reading)
    return Outcome(Snapshot(scope, tuple(kept.values()), began), tuple(defects), reading.items, repeated)


def failed(scope: Scope, where: str, error: Exception, at: datetime) -> Failure:
    """A failure as a reader sees it: what could not be listed, where, and why."""
    place = f" in {where}" if where else ""
    return Failure(scope, f"cannot list {noun(scope.kind)}{place}: {error}", at)


def _mapped(job: Job, reading: Reading) -> tuple[dict[str, Resource], list[Defect], int]:
    kept: dict[str, Resource] = {}
    defects: list[Defect] = []
    repeated = 0
    for number, item in enumerate(reading.items):
        try:
            made = job.listing.to_model(item, reading.context)
        except BROKEN as error:
            where = f"{job.listing.action} in {job.where or job.place.region or 'all regions'}, item {number + 1}"
            defects.append(Defect(job.place.source, where, f"broken {job.listing.kind}: {reason(error)}"))
            continue
        if made is not None:
            repeated += made.id in kept
            kept[made.id] = msgspec.structs.replace(made, source=job.place.source)
    return kept, defects, repeated


async def run(jobs: Sequence[Job], at_once: int, clock: Callable[[], datetime] = _now) -> AsyncIterator[Batch]:
    """Run jobs in order, so many at a time; their batches come as they are done, then a tally of each action."""
    waiting = iter(jobs)
    done: asyncio.Queue[_Done | Exception] = asyncio.Queue(maxsize=at_once)
    shared = Shared((keys_of(job.listing, job.place) for job in jobs), clock)

    async def work() -> None:
        for job in waiting:
            try:
                await done.put(_done(job, await perform(job, clock, shared)))
            except Exception as error:  # noqa: BLE001 - a defect of ours: raised where the batches are read
                await done.put(error)

    workers = [asyncio.create_task(work()) for _ in range(min(at_once, len(jobs)))]
    tallies: dict[tuple[str, str], Tally] = {}
    try:
        for number in range(len(jobs)):
            ended = await done.get()
            if isinstance(ended, Exception):
                raise ended
            for defect in ended.defects:
                yield defect
            yield ended.batch
            source = ended.tally.source
            yield Progress(source, f"{ended.what} of {ended.where or 'all regions'}", number + 1, len(jobs))
            key = (source, ended.tally.kind)
            tallies[key] = _added(tallies.get(key, Tally(source, ended.tally.kind, 0, 0)), ended.tally)
        for key in sorted(tallies):
            if tallies[key].read:
                yield tallies[key]
    finally:
        for worker in workers:
            worker.cancel()
        await asyncio.gather(*workers, return_exceptions=True)
        shared.close()


class _Done(NamedTuple):
    """What is told of a job, without the items that it read."""

    batch: Snapshot | Failure
    defects: tuple[Defect, ...]
    what: str
    where: str
    tally: Tally


def _done(job: Job, outcome: Outcome) -> _Done:
    batch = outcome.batch
    kept = len(batch.resources) if isinstance(batch, Snapshot) else 0
    tally = Tally(job.place.source, job.listing.action, len(outcome.items), kept, outcome.repeated)
    return _Done(batch, outcome.defects, noun(job.listing.kind), job.where, tally)


def _added(one: Tally, other: Tally) -> Tally:
    return Tally(
        one.source, one.kind, one.read + other.read, one.kept + other.kept, one.repeated + other.repeated
    )  # fmt: skip
