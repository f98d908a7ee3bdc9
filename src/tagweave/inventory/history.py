"""Versions of resources, and what a batch changes: the words that the store, its followers and the index share."""

import msgspec

from tagweave.model import AnyResource, Scope
from tagweave.model.times import FOREVER


class Version(msgspec.Struct, frozen=True, gc=False):
    """What a resource was during [valid_from, valid_to), which is never empty; times in ns.

    `rid` is the resource's id, 32 bits, never reused. `valid_to` is FOREVER while the version is open.
    `seen_until` is the last moment at which it was observed to be true: where it is less than `valid_to`,
    the version ended somewhere between the two. `learned_at` is when the version was recorded. `part` is that of
    the scope that listed it last.
    """

    rid: int
    resource: AnyResource
    valid_from: int
    valid_to: int
    seen_until: int
    learned_at: int
    part: str = ""


class ChangeSet(msgspec.Struct, frozen=True):
    """What one batch changed in its scope.

    For example, a VM is renamed at noon: `closed` holds its version that ended at noon, `opened` the one that began
    then. A changed resource is in both.

    - `opened` and `closed` are the versions that began and ended.
    - `undone` are versions, as (rid, valid_from), that turned out to have lasted no time: what came and went, or was
      said in two ways, at one observed moment. They are as if they had never been; one that begins when an undone
      one did takes its place. Take in `undone` first, then `closed`, then `moved`, then `opened`.
    - `moved` are the open versions of resources that did not change, and that another part of their kind listed now.
    - `unchanged` counts the resources that were seen as they are known, `held` those that the guard against mass
      deletion kept.
    - `late`: the batch was older than what is known of the scope, so that nothing was applied.
    - `error` is that of a failure.
    - `success` and `first_success` are when the scope was last and first known whole, after this batch, in ns;
      None where it never was. A failure or a change that was learned late does not move them.
    - `number` is its place in the log of changes; where nothing is worth a row of it, that of the last one.
    """

    scope: Scope
    observed_at: int
    opened: tuple[Version, ...] = ()
    closed: tuple[Version, ...] = ()
    unchanged: int = 0
    held: int = 0
    late: bool = False
    error: str = ""
    moved: tuple[Version, ...] = ()
    undone: tuple[tuple[int, int], ...] = ()
    success: int | None = None
    first_success: int | None = None
    number: int = 0

    @property
    def added(self) -> int:
        """How many resources began."""
        return len(self._began() - self._ended())

    @property
    def changed(self) -> int:
        """How many resources changed."""
        return len(self._began() & self._ended())

    @property
    def removed(self) -> int:
        """How many resources ended."""
        return len(self._ended() - self._began())

    def _began(self) -> set[int]:
        return {v.rid for v in self.opened}

    def _ended(self) -> set[int]:
        return {v.rid for v in self.closed} | {rid for rid, _ in self.undone}


class Stranger(msgspec.Struct, frozen=True, gc=False):
    """Something that is only referred to, and that nobody listed: by its native id, or where that is empty by its name.

    `rid` is its id, of those that resources have. It keeps it when it is listed after all, and is a resource then.
    """

    rid: int
    source: str
    kind: str
    id: str
    name: str


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

    `last_success`, `last_attempt` and `first_success` are in ns, None where there was none; `count` is how many
    resources are. Nothing is known of what was before `first_success`.
    """

    scope: Scope
    status: str
    last_success: int | None
    last_attempt: int | None
    error: str
    count: int
    life: Life = Life()
    first_success: int | None = None


def is_open(version: Version) -> bool:
    """Whether a version has not ended."""
    return version.valid_to == FOREVER


def last_seen(valid_from: int, success: int | None) -> int:
    """When an open version was last observed to be true: at its scope's last success, and when it began."""
    return valid_from if success is None else max(valid_from, success)
