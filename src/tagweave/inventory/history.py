"""Versions of resources, and what a batch changes: the words that stores, subscribers and the index share."""

import msgspec

from tagweave.model import Resource, Scope
from tagweave.model.times import FOREVER


class Version(msgspec.Struct, frozen=True, gc=False):
    """What a resource was during [valid_from, valid_to); times in ns.

    `rid` is the resource's id, 32 bits, never reused. `valid_to` is FOREVER while the version is open.
    `seen_until` is the last moment at which it was observed to be true: where it is less than `valid_to`,
    the version ended somewhere between the two. `learned_at` is when the version was recorded; `part` is that of
    the scope in which the resource was listed.
    """

    rid: int
    resource: Resource
    valid_from: int
    valid_to: int
    seen_until: int
    learned_at: int
    part: str = ""


class ChangeSet(msgspec.Struct, frozen=True):
    """What one batch changed in its scope.

    `opened` and `closed` are the versions that began and ended; a changed resource is in both. `held` counts
    the resources that the guard against mass deletion keeps. `late` says that the batch was older than what
    is known of the scope, so that nothing was applied. `error` is that of a failure.
    """

    scope: Scope
    observed_at: int
    opened: tuple[Version, ...] = ()
    closed: tuple[Version, ...] = ()
    unchanged: int = 0
    held: int = 0
    late: bool = False
    error: str = ""

    @property
    def added(self) -> int:
        """How many resources began."""
        return len({v.rid for v in self.opened} - {v.rid for v in self.closed})

    @property
    def changed(self) -> int:
        """How many resources changed."""
        return len({v.rid for v in self.opened} & {v.rid for v in self.closed})

    @property
    def removed(self) -> int:
        """How many resources ended."""
        return len({v.rid for v in self.closed} - {v.rid for v in self.opened})


class Life(msgspec.Struct, frozen=True):
    """How a scope that is followed fares. Moments are in ns, durations in seconds, None where there was none.

    `lag_seconds` is how long after an object changed, by its API server's account, look-ups showed the last event.
    `restarts` and `failures` count for as long as the store lives.
    """

    last_event: int | None = None
    lag_seconds: float | None = None
    last_bookmark: int | None = None
    list_seconds: float | None = None
    restarts: int = 0
    failures: int = 0


class ScopeState(msgspec.Struct, frozen=True):
    """What is known of a scope: `fresh`, `stale` (its last listing failed) or `held` (the guard waits).

    `last_success` and `last_attempt` are in ns, None where there was none; `count` is how many resources are.
    """

    scope: Scope
    status: str
    last_success: int | None
    last_attempt: int | None
    error: str
    count: int
    life: Life = Life()


def is_open(version: Version) -> bool:
    """Whether a version has not ended."""
    return version.valid_to == FOREVER
