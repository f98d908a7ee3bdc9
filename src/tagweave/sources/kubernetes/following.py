"""A cluster that is followed: a task for each watch, and one place where all they say becomes batches."""

import asyncio
import random
import time
from collections.abc import AsyncIterator, Iterable, Iterator
from contextlib import aclosing
from datetime import datetime
from typing import Final, NamedTuple

from tagweave.errors import SourceError
from tagweave.model import Batch, Failure, Progress, Pulse, Scope, Snapshot
from tagweave.sources.kubernetes.course import Course
from tagweave.sources.kubernetes.joined import Joined, Watch
from tagweave.sources.kubernetes.kinds import OWNERS_PART
from tagweave.sources.kubernetes.reflector import Alive, Broken, Happened, Listed, Reflector, Signal
from tagweave.sources.kubernetes.session import DOUBT, Session

_WINDOW: Final = 0.1
"""Seconds in which what happens is told together."""
_TICK: Final = 1.0
"""How often what waits for nothing but time is looked at, in seconds."""


class Missing(NamedTuple):
    """What is watched is no resource of this server."""

    at: datetime


Said = tuple[Watch, Signal | Missing]
Item = Said | Snapshot | Failure | asyncio.Task[None]


class Following:
    """Follows one cluster. `batches` once, `close` at last."""

    def __init__(self, session: Session) -> None:
        self._session = session
        self._said: asyncio.Queue[Item] = asyncio.Queue()
        self._tasks: list[asyncio.Task[None]] = []
        self._reflectors: dict[Watch, Reflector] = {}
        self._joined: Joined

    async def close(self) -> None:
        """Stop every watch."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await self._session.client.close()

    def again(self, scope: Scope) -> None:
        """List a scope anew."""
        if scope.part == OWNERS_PART:
            self._joined.again()
        for watch, reflector in self._reflectors.items():
            if watch.part == scope.part and scope.kind in watch.kinds:
                reflector.again()

    async def batches(self) -> AsyncIterator[Batch]:
        """Everything there is, and then what happens. What is raised is a defect of ours."""
        async for failure in self._begin():
            yield failure
        yield self._session.snapshot()
        for watch in self._session.watches():
            self._start(asyncio.create_task(self._keep(watch)))
        self._start(asyncio.create_task(self._look_again()))
        settled = False
        while True:
            said = await self._gather()
            for item in said:
                if isinstance(item, asyncio.Task):
                    item.result()
                elif isinstance(item, tuple):
                    self._take(*item)
                else:
                    yield item
            for defect in self._session.defects():
                yield defect
            for batch in self._joined.drain(time.monotonic()):
                yield batch
            if not settled and self._joined.settled:
                settled = True
                yield Progress(self._session.name, "everything was listed, or cannot be", 1, 1)
            for item in said:
                if isinstance(item, tuple):
                    for sign in self._signs(*item):
                        yield sign

    async def _begin(self) -> AsyncIterator[Failure | Progress]:
        """Find out what there is, however long it takes."""
        course = Course(streams=False, chance=random.Random())  # noqa: S311 - spreads requests, keeps no secret
        while True:
            try:
                self._joined = await self._session.begin()
            except SourceError as error:
                yield Failure(Scope(self._session.name, "cluster"), str(error), self._session.clock.now())
                yield Progress(self._session.name, str(error), 1, 1)
                await asyncio.sleep(course.failed())
            else:
                return

    def _start(self, task: asyncio.Task[None]) -> None:
        """Have a task's end, which is a defect of ours, reach the reader of the batches."""
        self._tasks.append(task)
        task.add_done_callback(lambda done: None if done.cancelled() else self._said.put_nowait(done))

    async def _gather(self) -> list[Item]:
        """What was said: the first of it, and what follows shortly."""
        try:
            async with asyncio.timeout(_TICK if self._joined.pending else None):
                first = await self._said.get()
        except TimeoutError:
            return []
        await asyncio.sleep(_WINDOW)
        said = [first]
        while not self._said.empty():
            said.append(self._said.get_nowait())
        return together(said)

    # ---- what the tasks do

    async def _keep(self, watch: Watch) -> None:
        """Watch one thing for ever, wherever it is served."""
        session, course = self._session, Course(streams=False, chance=random.Random())  # noqa: S311 - as above
        listed = False
        while True:
            place = session.place(watch)
            if place is None:
                await self._await_served(watch, was_listed=listed)
                listed = False
                continue
            self._reflectors[watch], _ = session.reflector(watch, place)
            async with aclosing(self._reflectors[watch].run()) as signals:
                async for signal in signals:
                    listed = listed or isinstance(signal, Listed)
                    self._said.put_nowait((watch, signal))
            await asyncio.sleep(course.failed())
            if await self._look() and session.place(watch) == place:
                text = f"cannot watch {watch.part}: the server says that it serves it, and then 404"
                self._said.put_nowait((watch, Broken(text, session.clock.now())))

    async def _await_served(self, watch: Watch, *, was_listed: bool) -> None:
        """Wait until something is served. What was, and surely is no more, is gone with all its objects."""
        session = self._session
        now = session.clock.now()
        if was_listed or not session.is_absent(watch):
            why = "it is no longer served" if session.is_absent(watch) else DOUBT
            self._said.put_nowait((watch, Broken(f"cannot watch {watch.part}: {why}", now)))
        else:
            self._said.put_nowait((watch, Missing(now)))
        looked = session.looks
        while session.place(watch) is None:
            await asyncio.sleep(_TICK)
            if was_listed and session.looks > looked and session.is_absent(watch):
                was_listed = False
                self._said.put_nowait((watch, Listed({}, session.clock.now(), 0.0)))

    async def _look_again(self) -> None:
        """See now and then what is served, and that the cluster still answers."""
        while True:
            await asyncio.sleep(self._session.config.discovery_seconds)
            if await self._look():
                self._said.put_nowait(self._session.snapshot())

    async def _look(self) -> bool:
        """See what is served; whether that could be told."""
        session = self._session
        try:
            await session.look()
        except SourceError as error:
            self._said.put_nowait(Failure(Scope(session.name, "cluster"), str(error), session.clock.now()))
            return False
        return True

    # ---- what becomes of what they say

    def _take(self, watch: Watch, signal: Signal | Missing) -> None:
        joined = self._joined
        match signal:
            case Listed():
                joined.listed(watch, signal.objects, signal.at)
            case Happened():
                joined.happened(watch, signal.events, signal.at, signal.since)
            case Alive() if signal.event != "restarted":
                joined.alive(watch, signal.at)
            case Broken():
                joined.broken(watch, signal.error, signal.at)
            case Missing():
                joined.absent(watch)

    def _signs(self, watch: Watch, signal: Signal | Missing) -> Iterator[Batch]:
        """The signs of life in a signal, for metrics and people."""
        session = self._session
        scope, at = Scope(session.name, watch.kinds[0], watch.part), session.clock.of_machine(signal.at)
        match signal:
            case Listed():
                yield Pulse(scope, at, "listed", signal.seconds)
                text = f"{watch.part}: {len(signal.objects):,} in {signal.seconds:.1f} s"
                yield Progress(session.name, text)
            case Happened():
                happened = session.clock.of_machine(signal.happened_at) if signal.happened_at else None
                yield Pulse(scope, at, "event", happened_at=happened)
            case Alive(event="bookmark"):
                yield Pulse(scope, at, "bookmark")
            case Alive(event="restarted"):
                yield Pulse(scope, at, "restarted", signal.seconds)


def together(said: Iterable[Item]) -> list[Item]:
    """What was said, with what happened to one thing in one go where nothing else was said of it in between."""
    out: list[Item] = []
    last: dict[Watch, int] = {}
    for item in said:
        if not isinstance(item, tuple):
            out.append(item)
            continue
        watch, signal = item
        before = out[last[watch]] if watch in last else None
        one = _one(before[1] if isinstance(before, tuple) else None, signal)
        if one is not None:
            out[last[watch]] = (watch, one)
            continue
        last[watch] = len(out)
        out.append(item)
    return out


def _one(first: Signal | Missing | None, second: Signal | Missing) -> Happened | None:
    """Two signals as one; None where they are not alike."""
    if not isinstance(first, Happened) or not isinstance(second, Happened):
        return None
    if first.since != second.since or (first.since is not None and first.at != second.at):
        return None
    times = [time for time in (first.happened_at, second.happened_at) if time is not None]
    return Happened((*first.events, *second.events), second.at, second.since, min(times, default=None))
