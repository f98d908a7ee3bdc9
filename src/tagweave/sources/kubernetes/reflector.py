"""The reflector of one kind: what there is, and then what changes, for ever.

What to do next is `course`'s to say, whether something is news `contact`'s; here is the talking.
"""

import asyncio
import random
import time
from collections.abc import AsyncGenerator, Iterator, Sequence
from contextlib import aclosing
from datetime import datetime
from itertools import groupby
from operator import itemgetter
from typing import Final, Literal, NamedTuple

import msgspec

from tagweave.errors import SourceError, Throttled, Transient
from tagweave.sources.kubernetes import wire
from tagweave.sources.kubernetes.client import (
    JSON,
    METADATA,
    METADATA_LIST,
    Absent,
    Busy,
    Client,
    Gone,
    Query,
    Refused,
    error_of,
)
from tagweave.sources.kubernetes.clock import Clock
from tagweave.sources.kubernetes.contact import QUIET, SECOND, Bounds, Contact
from tagweave.sources.kubernetes.course import Course, Step
from tagweave.sources.kubernetes.feed import Feed
from tagweave.sources.kubernetes.reading import Made, Reader

_page = msgspec.json.Decoder(wire.Page[msgspec.Raw]).decode

_AGAIN_AFTER: Final = 300.0
"""Seconds after which a failure that stays the same is told again."""
_SERIOUS: Final = 2
"""How many failures in a row are worth telling, of those that may pass."""
_TRIES: Final = 4
_PROBE_SECONDS: Final = 15.0


class Listed(NamedTuple):
    """Everything there is of a kind, by native id; it took `seconds`."""

    objects: dict[str, Made]
    at: datetime
    seconds: float


class Happened(NamedTuple):
    """Objects that came, changed or, where `deleted`, went: at `at`, or after `since` and by `at` if learned late.

    `happened_at` is the oldest time that any of them tells and that may be: not every change is stamped.
    """

    events: tuple[tuple[bool, Made], ...]
    at: datetime
    since: datetime | None
    happened_at: datetime | None


class Alive(NamedTuple):
    """A sign of life: a bookmark, a watch that has caught up, or one that was opened `seconds` after the last."""

    event: Literal["bookmark", "caught_up", "restarted"]
    at: datetime
    seconds: float = 0.0


class Broken(NamedTuple):
    """A kind cannot be listed or watched: what is known of it grows old."""

    error: str
    at: datetime


Signal = Listed | Happened | Alive | Broken


class Pace(NamedTuple):
    """The times and sizes of `Config`: in seconds, and objects a page."""

    watch: float
    silence: float
    page: int


class Target(NamedTuple):
    """What is reflected: the path of a resource, its selectors, and whether metadata are enough."""

    path: str
    selectors: tuple[tuple[str, str], ...] = ()
    metadata_only: bool = False


class Reflector:
    """Reflects one resource. `streams` says whether the server may begin a watch with what there is (WatchList)."""

    def __init__(
        self, client: Client, clock: Clock, target: Target, reader: Reader, pace: Pace, *, streams: bool
    ) -> None:
        self._client = client
        self._clock = clock
        self._target = target
        self._reader = reader
        self._pace = pace
        self._chance = random.Random()  # noqa: S311 - spreads requests, keeps no secret
        self._course = Course(streams=streams, chance=self._chance)
        self._contact = Contact()
        self._told: tuple[str, float] = ("", 0.0)
        self._interrupted = asyncio.Event()

    def again(self) -> None:
        """Have everything listed anew soon."""
        self._interrupted.set()

    async def once(self) -> Listed:
        """Everything there is, now, by pages. Raises SourceError, after some tries where it may pass."""
        while True:
            try:
                return await self._list()
            except (Transient, Throttled) as error:
                wait = self._wait_after(error)
                if self._course.failures >= _TRIES:
                    raise
                await asyncio.sleep(wait)

    async def run(self) -> AsyncGenerator[Signal, None]:
        """Signals until the resource is no longer served (404), or for ever."""
        while True:
            step = self._course.step()
            try:
                async with aclosing(self._take(step)) as signals:
                    async for signal in signals:
                        yield signal
            except Absent:
                return
            except SourceError as error:
                if isinstance(error, Refused) and step == "stream":
                    self._course.refused_stream()
                    continue
                wait = self._wait_after(error)
                if self._worth_telling(error):
                    yield Broken(str(error), self._clock.now())
                await asyncio.sleep(wait)

    def _wait_after(self, error: SourceError) -> float:
        if isinstance(error, Gone):
            return self._course.gone()
        return self._course.failed(error.after if isinstance(error, Busy) else 0.0)

    async def _take(self, step: Step) -> AsyncGenerator[Signal, None]:
        if step in ("list", "stream"):
            self._interrupted.clear()
        if step == "list":
            yield await self._list()
        elif step == "probe":
            await self._probe()
        else:
            async with aclosing(self._watch(listing=step == "stream")) as signals:
                async for signal in signals:
                    yield signal

    def _worth_telling(self, failure: SourceError) -> bool:
        """A failure that may pass is told when it comes again, one that stays the same now and then."""
        first = self._course.failures < _SERIOUS and not self._course.in_doubt
        passing = isinstance(failure, Transient | Throttled) and first
        said, when = self._told
        again = str(failure) != said or time.monotonic() - when > _AGAIN_AFTER
        if passing or not again:
            return False
        self._told = (str(failure), time.monotonic())
        return True

    # ---- listing

    async def _list(self) -> Listed:
        """A consistent list by pages. If its token expires it begins anew, and if it does again without pages."""
        began = time.monotonic()
        for limit in (self._pace.page, self._pace.page, 0):
            try:
                found, version, at = await self._pages(limit)
                break
            except _Expired as error:
                expired = error
        else:
            raise Gone(str(expired)) from expired
        return self._listed(found, version, at, began)

    async def _pages(self, limit: int) -> tuple[dict[str, Made], str, datetime]:
        """The objects of all pages, the list's resourceVersion, and when it was taken."""
        found: dict[str, Made] = {}
        version, token, at = "", "", None
        while at is None or token:
            query = [*self._target.selectors, ("limit", str(limit)), *([("continue", token)] if token else ())]
            try:
                page = await self._page(query, self._pace.silence)
            except Gone as error:
                raise _Expired(str(error)) from error
            at = at or self._clock.now()
            version = version or page.metadata.resource_version
            token = page.metadata.continue_
            for raw in page.items or ():
                made = self._reader.read(raw)
                if made is not None:
                    found[made.native] = made
        return found, version, at

    async def _page(self, query: Query, patience: float) -> wire.Page[msgspec.Raw]:
        path = self._target.path
        accept = METADATA_LIST if self._target.metadata_only else JSON
        try:
            page: wire.Page[msgspec.Raw] = _page(await self._client.get(path, query, accept, patience))
        except msgspec.DecodeError as error:
            raise Transient(f"cannot read what {path} lists: {error}") from error
        return page

    def _listed(self, found: dict[str, Made], version: str, at: datetime, began: float) -> Listed:
        if not version:
            raise Transient(f"cannot list {self._target.path}: the list has no resourceVersion")
        self._course.listed(version)
        self._contact.caught_up(at)
        self._told = ("", 0.0)
        return Listed(found, at, time.monotonic() - began)

    async def _probe(self) -> None:
        """Ask where the server's history is."""
        page = await self._page([*self._target.selectors, ("limit", "1")], min(_PROBE_SECONDS, self._pace.silence))
        self._course.probed(page.metadata.resource_version)

    # ---- watching

    async def _watch(self, *, listing: bool) -> AsyncGenerator[Signal, None]:
        """One watch until it ends; where it is `listing` it begins with everything there is, up to a bookmark."""
        began = time.monotonic()
        accept = METADATA if self._target.metadata_only else JSON
        async with (
            self._client.stream(self._target.path, self._query(listing=listing), accept, self._pace.silence) as content,
            Feed(content, self._interrupted) as feed,
        ):
            if listing:
                yield await self._whole(feed, began)
            else:
                yield self._opened()
            said = listing
            while True:
                lines = await feed.lines(QUIET if self._contact.behind else self._pace.silence)
                if lines is None and self._contact.behind:
                    yield self._alive("caught_up")
                    continue
                if not lines:
                    break
                said = True
                for signal in self._signals(lines):
                    yield signal
        await self._ended(feed, time.monotonic() - began, said=said)

    def _query(self, *, listing: bool) -> Query:
        seconds = self._pace.watch * self._chance.uniform(1, 2)
        query = [*self._target.selectors, ("watch", "1"), ("allowWatchBookmarks", "true")]
        query.append(("timeoutSeconds", str(max(1, round(seconds)))))
        if listing:
            return [*query, ("sendInitialEvents", "true"), ("resourceVersionMatch", "NotOlderThan")]
        return [*query, ("resourceVersion", self._course.version)]

    async def _whole(self, feed: Feed, began: float) -> Listed:
        """What a watch begins with. Raises SourceError where it ends before it is whole."""
        at = self._clock.now()
        found: dict[str, Made] = {}
        while lines := await feed.lines(self._pace.silence):
            for number, line in enumerate(lines, 1):
                item = _parsed(line, self._target.path, listing=True)
                if isinstance(item, wire.Bookmark):
                    if item.listed:
                        feed.unread(lines[number:])
                        return self._listed(found, item.version, at, began)
                elif (made := self._reader.read(item.object)) is not None:
                    if item.deleted:
                        found.pop(made.native, None)
                    else:
                        found[made.native] = made
        raise Transient(f"cannot watch {self._target.path}: it {feed.end} before its list was whole")

    def _signals(self, lines: list[bytes]) -> Iterator[Signal]:
        """What whole lines of a watch say. Raises SourceError for what ends it, after everything before that."""
        events: list[tuple[wire.Event, Made]] = []
        for line in lines:
            try:
                item = _parsed(line, self._target.path, listing=False)
            except SourceError:
                yield from self._happened(events)
                raise
            if isinstance(item, wire.Bookmark):
                yield from self._happened(events)
                events = []
                self._course.moved(item.version)
                yield self._alive("bookmark")
                continue
            self._course.moved(item.version)
            if (made := self._reader.read(item.object)) is not None:
                events.append((item, made))
        yield from self._happened(events)

    def _happened(self, events: list[tuple[wire.Event, Made]]) -> Iterator[Happened]:
        """Events as signals: one of what is news, of what was learned late one for each moment."""
        if not events:
            return
        now, before = self._clock.now(), self._contact.current
        times = [event.happened_at for event, _ in events]
        bounds: Sequence[Bounds | None] = self._contact.heard(now, times) or [None] * len(events)
        for bound, some in groupby(zip(bounds, events, strict=True), key=itemgetter(0)):
            told = [pair for _, pair in some]
            stamps = [event.happened_at for event, _ in told if event.happened_at is not None]
            oldest = min((stamp for stamp in stamps if before is None or stamp + SECOND > before), default=None)
            pairs = tuple((event.deleted, made) for event, made in told)
            at, since = (now, None) if bound is None else (bound.at, bound.since)
            yield Happened(pairs, at, since, oldest)

    def _opened(self) -> Alive:
        now = self._clock.now()
        before = self._contact.current
        self._contact.opened(now, troubled=self._course.failures > 0)
        return Alive("restarted", now, (now - before).total_seconds() if before else 0.0)

    def _alive(self, event: Literal["bookmark", "caught_up"]) -> Alive:
        now = self._clock.now()
        self._contact.caught_up(now)
        self._told = ("", 0.0)
        return Alive(event, now)

    async def _ended(self, feed: Feed, lived: float, *, said: bool) -> None:
        if feed.end == "fell silent":
            self._course.silent()
            return
        if feed.end == "was interrupted":
            self._course.forget()
            return
        if feed.end == "ended" and not self._contact.behind:
            self._contact.caught_up(self._clock.now())
        await asyncio.sleep(self._course.ended(lived, said=said))


class _Expired(Exception):
    """410 for a page of a list."""


def _parsed(line: bytes, path: str, *, listing: bool) -> wire.Event | wire.Bookmark:
    """An event or bookmark. Raises SourceError for anything else."""
    try:
        item = wire.parse_line(line, listing=listing)
    except wire.Unreadable as error:
        raise Transient(f"cannot go on watching {path}: {error}") from error
    if isinstance(item, wire.Trouble):
        raise error_of(item.status.code, f"go on watching {path}", item.body)
    return item
