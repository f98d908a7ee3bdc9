"""Lists that several listings of a place ask alike: each is read once, and kept until the last of them is done."""

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable, Iterable
from datetime import datetime
from typing import NamedTuple

from tagweave.sources.clouds.listing import Join, Listing, Place, Raw


class Key(NamedTuple):
    """What makes two lists the same."""

    account: str
    region: str
    action: str
    path: str
    params: str


def key_of(step: Join | Listing, place: Place) -> Key:
    """The key of a list that is asked for once in a place."""
    return Key(place.account, place.region, step.action, step.path, repr(sorted(step.params.items())))


def keys_of(listing: Listing, place: Place) -> set[Key]:
    """The keys of every list that a listing asks for once in a place."""
    return {key_of(listing, place), *(key_of(join, place) for join in listing.joins if join.each is None)}


class Shared:
    """The lists of one pass. `wanted` are the keys of every listing in every place."""

    def __init__(self, wanted: Iterable[set[Key]], clock: Callable[[], datetime]) -> None:
        self._users = Counter(key for keys in wanted for key in keys)
        self._clock = clock
        self._reading: dict[Key, asyncio.Future[list[Raw]]] = {}
        self._since: dict[Key, datetime] = {}

    async def read(self, key: Key, reading: Callable[[], Awaitable[list[Raw]]]) -> list[Raw]:
        """The list: read now, or as another listing of this pass read it. Raises what reading it raised."""
        task = self._reading.get(key)
        if task is None:
            if self._users[key] < 2:
                return await reading()
            self._since[key] = self._clock()
            task = self._reading[key] = asyncio.ensure_future(reading())
            task.add_done_callback(lambda done: done.cancelled() or done.exception())  # others may have gone
        return await asyncio.shield(task)

    def since(self, keys: Iterable[Key]) -> list[datetime]:
        """When those of some lists that are shared began to be read."""
        return [self._since[key] for key in keys if key in self._since]

    def release(self, keys: Iterable[Key]) -> None:
        """A listing is done with its lists."""
        for key in keys:
            self._users[key] -= 1
            if self._users[key] <= 0:
                self._since.pop(key, None)
                task = self._reading.pop(key, None)
                if task is not None:
                    task.cancel()

    def close(self) -> None:
        """Let go of everything."""
        for task in self._reading.values():
            task.cancel()
        self._reading.clear()
