"""Reconcile: what a batch means for a scope, as a pure function of what is known and what was seen.

- A snapshot is complete: what it lacks is gone. A failure changes nothing. A change says what it says.
- A snapshot that would remove more than half of a scope, and more than 20 resources, does not remove them
  until a second one lacks them too.
- A batch that is older than the last one of its scope is late and changes nothing.
- A resource belongs to the part of the scope that listed it last; only that part's listings can lack it.
"""

from collections.abc import Iterable, Mapping
from hashlib import blake2b
from typing import Final, NamedTuple, cast

import msgspec

from tagweave.model import AnyResource, Change, Resource, Snapshot
from tagweave.model.times import to_ns

GUARD_SHARE: Final = 2
"""One in how many resources of a scope may go at once, once more than GUARD_COUNT go."""
GUARD_COUNT: Final = 20

_encode = msgspec.json.Encoder(order="deterministic").encode


class Current(NamedTuple):
    """The open version of a resource, as the store has it."""

    rid: int
    part: str
    fingerprint: bytes
    valid_from: int


class Written(NamedTuple):
    """A resource with its canonical encoding and the digest of that."""

    resource: AnyResource
    body: bytes
    fingerprint: bytes


class Plan(NamedTuple):
    """What to write: resources, and by their native ids those that only moved to this part, are gone, or are kept.

    `unchanged` counts also those that moved.
    """

    added: list[Written]
    changed: list[Written]
    moved: list[str]
    removed: list[str]
    held: list[str]
    unchanged: int


def reconcile(current: Mapping[str, Current], held: Iterable[str], batch: Snapshot | Change) -> Plan:
    """Compare a batch with open versions by native id: those of its part, and of what it names.

    `held` are the resources that the previous snapshot lacked and the guard kept.
    """
    seen: dict[str, Resource] = {}
    resources = batch.resources if isinstance(batch, Snapshot) else batch.upserts
    for resource in resources:
        seen[resource.id] = resource
    added: list[Written] = []
    changed: list[Written] = []
    moved: list[str] = []
    unchanged = 0
    for native, resource in seen.items():
        body = _encode(resource)
        fingerprint = blake2b(body, digest_size=16).digest()
        known = current.get(native)
        if known is None:
            added.append(Written(cast("AnyResource", resource), body, fingerprint))
        elif known.fingerprint != fingerprint:
            changed.append(Written(cast("AnyResource", resource), body, fingerprint))
        else:
            unchanged += 1
            if known.part != batch.scope.part:
                moved.append(native)
    if isinstance(batch, Change):
        gone = [native for native in dict.fromkeys(batch.deletes) if native in current]
        return Plan(added, changed, moved, gone, [], unchanged)
    mine = [native for native, known in current.items() if known.part == batch.scope.part]
    missing = [native for native in mine if native not in seen]
    removed, kept = guard(missing, held, len(mine))
    return Plan(added, changed, moved, removed, kept, unchanged)


def guard(missing: list[str], held: Iterable[str], count: int) -> tuple[list[str], list[str]]:
    """Split what a snapshot of a scope of `count` resources lacks into what is removed and what is kept.

    What the previous snapshot lacked too is removed in any case.
    """
    before = set(held)
    fresh = [native for native in missing if native not in before]
    if len(fresh) <= GUARD_COUNT or len(fresh) * GUARD_SHARE <= count:
        return missing, []
    return [native for native in missing if native in before], fresh


def first_valid(resource: Resource, observed_at: int) -> int:
    """When the first version of a resource began: at its creation, as far as it tells that."""
    created = to_ns(resource.created_at) if resource.created_at else observed_at
    return min(created, observed_at)


def ended(resource: Resource, seen_until: int, observed_at: int) -> int:
    """When a resource that a snapshot lacks was gone at the latest.

    A pod that was already being deleted tells by when: its deletionTimestamp includes the grace period.
    """
    deleted_at = getattr(resource, "deleted_at", None)
    if deleted_at is not None and seen_until <= to_ns(deleted_at) <= observed_at:
        return to_ns(deleted_at)
    return observed_at
