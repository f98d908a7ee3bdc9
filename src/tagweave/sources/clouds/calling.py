"""Calls of one account: within its rate, in worker threads, repeated where that may help."""

import asyncio
import heapq
import itertools
import random
from collections import deque
from collections.abc import Awaitable, Callable
from concurrent.futures import Executor, ThreadPoolExecutor
from functools import partial
from typing import Final, NamedTuple

import msgspec
import stamina
import stamina.instrumentation

from tagweave.errors import SourceError, Throttled, Transient
from tagweave.sources.clouds.paging import Page, Params

# stamina would log each retry by structlog's default: to stdout, which is for data. The Failure tells instead.
stamina.instrumentation.set_on_retry_hooks(())

Call = Callable[[str, Params], Awaitable[Page]]
"""One call of an action in some place, with everything below done to it. Raises SourceError."""


class Problem(NamedTuple):
    """What an SDK's error means: which of ours it is, what a reader is told, and how long the provider says to wait."""

    error: type[SourceError]
    text: str
    retry_after: float | None = None
    """In seconds."""


class Politeness(msgspec.Struct, frozen=True, kw_only=True):
    """How hard a provider is asked."""

    per_second: float = 20.0
    """Calls per second of one account in one bucket, in the long run. See Caller."""
    burst: int = 40
    """No more calls come in one bucket in any stretch of time in which so many come in the long run."""
    at_once: int = 16
    """Calls under way at the same time, over all accounts."""
    attempts: int = 6
    """How often a call is tried in all."""
    first_wait: float = 0.5
    """The most that the first wait between two tries takes, in seconds; each next one may take twice as long."""
    longest_wait: float = 20.0
    """The most that any wait takes unless the provider asks for longer, in seconds."""
    longest_asked: float = 120.0
    """The longest wait that a provider may ask for, in seconds."""
    longest_call: float = 180.0
    """How long a call may take, in seconds, whatever the SDK's own timeouts say: some count from the last byte."""


_THREADS_FOR_A_CALL: Final = 16
"""How many threads there may be for each call under way: those of calls that were given up wait for the SDK."""

_EVEN: Final = 1 / 2
"""How close calls of a bucket may come, of their mean distance: what comes in a bunch is refused sooner."""

_AGAIN: Final = (Throttled, Transient)


class _Failed(Exception):
    """A try that failed, with what it means."""

    def __init__(self, problem: Problem, cause: Exception) -> None:
        super().__init__(problem.text)
        self.problem = problem
        self.cause = cause


def by_action(action: str, _region: str) -> str:
    """A rate that a provider counts for each action, whichever the region."""
    return action


class Room:
    """Places for calls under way. A free one goes to the bucket with the most calls waiting: it takes the longest."""

    def __init__(self, places: int) -> None:
        self._free = places
        self._waiting: list[tuple[int, int, asyncio.Future[None]]] = []
        self._number = itertools.count()

    async def enter(self, crowd: int) -> None:
        """Wait for a place; `crowd` calls wait for their turn in the bucket."""
        if self._free:
            self._free -= 1
            return
        place: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        heapq.heappush(self._waiting, (-crowd, next(self._number), place))
        try:
            await place
        except asyncio.CancelledError:
            if place.done() and not place.cancelled():
                self.leave()
            raise

    def leave(self) -> None:
        """Give a place back."""
        while self._waiting:
            _, _, place = heapq.heappop(self._waiting)
            if not place.done():
                place.set_result(None)
                return
        self._free += 1


class Threads(ThreadPoolExecutor):
    """Room for so many calls at once, over all accounts. A call that is given up leaves its room, not its thread."""

    def __init__(self, at_once: int, name: str) -> None:
        super().__init__(_THREADS_FOR_A_CALL * at_once, name)
        self.room = Room(at_once)


class _Rate:
    """No more than so many calls in any stretch of so many seconds, which is what providers count, and evenly.

    A leaky bucket allows twice as many in its first stretch, and loses what it was late by.
    """

    def __init__(self, most: int, seconds: float) -> None:
        self.queue = asyncio.Lock()
        self.crowd = 0
        self._seconds = seconds
        self._spent: deque[float] = deque(maxlen=most)

    async def wait(self) -> None:
        """Until one more is allowed."""
        now = asyncio.get_running_loop().time()
        most = self._spent.maxlen or 1
        due = self._spent[-1] + _EVEN * self._seconds / most if self._spent else now
        if len(self._spent) == most:
            due = max(due, self._spent[0] + self._seconds)
        await asyncio.sleep(due - now)

    def spend(self) -> None:
        """One more is made now."""
        self._spent.append(asyncio.get_running_loop().time())


class Caller:
    """The calls of one account. Belongs to the event loop that it is first used in.

    `perform(action, region, params)` blocks and raises what the SDK raises; `explain(error, action, region)` is
    pure and says what that means. `bucket(action, region)` names what the provider limits the rate of: calls of one
    bucket share a rate, calls of others do not wait for them.
    """

    def __init__(
        self,
        perform: Callable[[str, str, Params], Page],
        explain: Callable[[Exception, str, str], Problem],
        politeness: Politeness,
        threads: Executor,
        bucket: Callable[[str, str], str] = by_action,
    ) -> None:
        self._perform = perform
        self._explain = explain
        self._politeness = politeness
        self._threads = threads
        self._room = threads.room if isinstance(threads, Threads) else Room(politeness.at_once)
        self._bucket = bucket
        self._rates: dict[str, _Rate] = {}

    def within(self, region: str) -> Call:
        """Calls in one region."""
        return partial(self.call, region)

    async def call(self, region: str, action: str, params: Params) -> Page:
        """One call. Raises Denied, Throttled, Transient or Terminal, with the SDK's error chained."""
        try:
            return await self._once(region, action, params)  # mostly that is all: stamina costs more than the call
        except _Failed as failed:
            first = failed
        return await self._again(first, region, action, params)

    async def _again(self, failed: _Failed, region: str, action: str, params: Params) -> Page:
        """The tries after the first, where they may help."""
        polite = self._politeness
        tries = 1

        def wait(error: Exception) -> bool | float:
            if not isinstance(error, _Failed) or not issubclass(error.problem.error, _AGAIN):
                return False
            return delay(polite, tries, error.problem.retry_after, random.random())  # noqa: S311 - spreads retries

        pause = wait(failed)
        try:
            if pause is False or polite.attempts == 1:
                raise failed
            await asyncio.sleep(pause)
            async for attempt in stamina.retry_context(on=wait, attempts=polite.attempts - 1, timeout=None):
                with attempt:
                    tries += 1
                    return await self._once(region, action, params)
        except _Failed as last:
            problem = last.problem
            often = f" after {tries} tries" if tries > 1 else ""
            raise problem.error(f"{problem.text}{often}") from last.cause
        raise AssertionError("unreachable")

    async def _once(self, region: str, action: str, params: Params) -> Page:
        work = partial(self._perform, action, region, params)
        longest = self._politeness.longest_call
        await self._turn(self._bucket(action, region))
        limit = asyncio.timeout(longest)  # runs from here: waiting for a turn is no part of the call
        try:
            async with limit:
                return await asyncio.get_running_loop().run_in_executor(self._threads, work)
        except Exception as error:
            if limit.expired():
                raise _Failed(Problem(Transient, f"{action} has not answered in {longest:g} s"), error) from error
            raise _Failed(self._explain(error, action, region), error) from error
        finally:
            self._room.leave()

    async def _turn(self, bucket: str) -> None:
        """Wait for a call's turn in its bucket, and then for room.

        Only one call of a bucket waits for room: if many did, each within the rate, they would come all at once.
        """
        polite = self._politeness
        rate = self._rates.setdefault(bucket, _Rate(polite.burst, polite.burst / polite.per_second))
        rate.crowd += 1
        try:
            async with rate.queue:
                await rate.wait()
                await self._room.enter(rate.crowd)
                rate.spend()
        finally:
            rate.crowd -= 1


def delay(polite: Politeness, tries: int, retry_after: float | None, chance: float) -> float:
    """How long to wait after so many tries: exponential with full jitter, and at least what the provider asks for."""
    own = chance * min(polite.longest_wait, polite.first_wait * 2.0 ** (tries - 1))
    return max(own, min(retry_after or 0.0, polite.longest_asked))
