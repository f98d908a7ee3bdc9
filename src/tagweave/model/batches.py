"""What a source yields: snapshots, changes and failures, each for a scope."""

from datetime import datetime
from typing import Final, Literal

import msgspec

from tagweave.model.resources import Resource

UNEXPLAINED: Final = "the listing failed, and it was not said why"
"""The error of a failure that has none."""


class Scope(msgspec.Struct, frozen=True, order=True):
    """The unit of completeness of a listing: a source, a kind, and a part of it.

    `part` is a region for a cloud and a Kubernetes resource such as `deployments.apps` for a cluster; it is
    empty where a source lists the kind as a whole.
    """

    source: str
    kind: str
    part: str = ""


class Snapshot(msgspec.Struct, frozen=True):
    """Every resource of a scope at one moment. What it lacks is gone."""

    scope: Scope
    resources: tuple[Resource, ...]
    observed_at: datetime


class Change(msgspec.Struct, frozen=True):
    """Single resources of a scope that came, changed or went: `deletes` are native ids.

    What happened, happened at `observed_at`; where it was learned late, after `since` and by `observed_at`. A
    change of nothing says that the scope still was as it is known.
    """

    scope: Scope
    upserts: tuple[Resource, ...]
    deletes: tuple[str, ...]
    observed_at: datetime
    since: datetime | None = None


class Failure(msgspec.Struct, frozen=True):
    """A scope could not be listed: nothing is known, and its last good state stands, now stale.

    `error` is never empty: a failure that does not say why is one all the same.
    """

    scope: Scope
    error: str
    observed_at: datetime

    def __post_init__(self) -> None:
        if not self.error.strip():
            msgspec.structs.force_setattr(self, "error", UNEXPLAINED)


class Pulse(msgspec.Struct, frozen=True):
    """A sign of life of a scope that is followed; the history has none of it. Times are of this machine's clock.

    `listed` took `seconds`; a `bookmark` says that nothing was missed; an `event` follows the change that it is of,
    and `happened_at` is when its oldest object changed by the API server's own account; `restarted` says that a
    stream was opened anew, `seconds` after the one before it was last alive.
    """

    scope: Scope
    observed_at: datetime
    event: Literal["listed", "bookmark", "event", "restarted"]
    seconds: float = 0.0
    happened_at: datetime | None = None


class Progress(msgspec.Struct, frozen=True):
    """How far a source has come: shown to a person, recorded nowhere. `done` equals `total` when it is through once."""

    source: str
    message: str
    done: int = 0
    total: int | None = None


class Defect(msgspec.Struct, frozen=True):
    """One broken object or file of a source, with where it is and why; everything else was taken."""

    source: str
    where: str
    reason: str


class Tally(msgspec.Struct, frozen=True):
    """How many objects of a kind, in the source's own word for it, were read, kept, and seen more than once.

    What was read and is neither is of a kind that is not kept, or was broken: a Defect tells of each of those.
    """

    source: str
    kind: str
    read: int
    kept: int
    repeated: int = 0


Batch = Snapshot | Change | Failure | Pulse | Progress | Defect | Tally
