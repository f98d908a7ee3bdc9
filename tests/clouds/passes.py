"""Passes over a rig's server, and what they come to in an inventory."""

import asyncio
from collections import defaultdict
from collections.abc import Iterator, Mapping
from contextlib import ExitStack
from importlib import import_module
from typing import Final, NamedTuple

import msgspec

from clouds.rig import Rig, Running
from clouds.server import Fault
from tagweave.inventory import Inventory
from tagweave.model import Batch, Change, Failure, Resource, Scope, Snapshot
from tagweave.sources import Source
from tagweave.sources.clouds import Listing, Politeness

POLITE: Final = Politeness(
    per_second=100_000.0, burst=100_000, attempts=2, first_wait=0.001, longest_wait=0.001, longest_asked=0.001
)
PATIENCE: Final = (1.0, 4.0, 16.0)
"""How long a call is waited for that is not answered, in seconds."""


def read(source: Source) -> list[Batch]:
    """Everything of one pass."""

    async def collect() -> list[Batch]:
        return [batch async for batch in source.batches()]

    return asyncio.run(collect())


def by_kind(batches: list[Batch]) -> dict[str, dict[str, Resource]]:
    """The resources of all snapshots, by kind and native id."""
    out: defaultdict[str, dict[str, Resource]] = defaultdict(dict)
    for batch in batches:
        if isinstance(batch, Snapshot):
            out[batch.scope.kind].update((one.id, one) for one in batch.resources)
    return dict(out)


def failures(batches: list[Batch]) -> dict[Scope, str]:
    """Why each scope that failed did."""
    return {batch.scope: batch.error for batch in batches if isinstance(batch, Failure)}


def accounts(batches: list[Batch]) -> set[str]:
    """The accounts of which networks were listed."""
    return {b.scope.part.partition("/")[0] for b in batches if isinstance(b, Snapshot) and b.scope.kind == "vpc"}


def listings(rig: Rig) -> tuple[Listing, ...]:
    """Every listing, that of the regions too."""
    regions: Listing = import_module(f"tagweave.sources.{rig.cloud}.compute").REGIONS
    return (regions, *rig.listings)


def actions(rig: Rig) -> list[str]:
    """Every call that the listings make."""
    return list(dict.fromkeys(action for listing in listings(rig) for action in listing.actions()))


def dependents(rig: Rig, action: str, region: str, scopes: set[Scope]) -> frozenset[Scope]:
    """The scopes that need an action in a region (empty: in any)."""
    return frozenset(
        scope
        for scope in scopes
        for one in listings(rig)
        if action in one.actions()
        if scope.kind == one.kind and _is_of(scope.part, one.api, region if one.scope == "region" else "")
    )


def _is_of(part: str, api: str, region: str) -> bool:
    steps = part.split("/")
    return (steps[-1] == api if api else True) and (not region or region in steps)


class Aim(NamedTuple):
    """A call in a region (empty: wherever it is made), and the scopes that need it."""

    action: str
    region: str
    scopes: frozenset[Scope]


def groups(choices: Mapping[str, list[Aim]]) -> list[list[Aim]]:
    """Every action once, in one of the regions in which it can fail, in few groups whose scopes do not meet.

    What is in one group can fail in one pass, and be told apart.
    """
    out: list[list[Aim]] = []
    for _, aims in sorted(choices.items(), key=lambda one: -max(len(aim.scopes) for aim in one[1])):
        fits = ((group, aim) for group in out for aim in aims if not any(aim.scopes & other.scopes for other in group))
        group, aim = next(fits, (None, aims[0]))
        if group is None:
            out.append([aim])
        else:
            group.append(aim)
    return out


class Fallen(NamedTuple):
    """A call that was made to fail: the scopes that need it, what was said of them, and what became of them."""

    action: str
    fault: Fault
    scopes: frozenset[Scope]
    said: Mapping[Scope, str]
    tries: int
    statuses: Mapping[Scope, str]
    same: bool
    """Whether its scopes hold the versions that they held before."""
    disturbed: frozenset[Scope]
    """Scopes that need none of what failed in this pass and were not refreshed by it."""


class Kept:
    """An inventory that is fed by passes."""

    def __init__(self, url: str) -> None:
        self.inventory = Inventory.open(url)

    def take(self, batches: list[Batch]) -> None:
        for batch in batches:
            if isinstance(batch, Snapshot | Change | Failure):
                self.inventory.observe(batch)

    def states(self) -> dict[Scope, tuple[str, int | None, str]]:
        """The status, the last success and the error of each scope."""
        return {one.scope: (one.status, one.last_success, one.error) for one in self.inventory.scopes()}

    def held(self) -> dict[Scope, frozenset[tuple[int, bytes, int, int]]]:
        """Every version in each scope."""
        out: defaultdict[Scope, set[tuple[int, bytes, int, int]]] = defaultdict(set)
        for one in self.inventory.versions():
            scope = Scope(one.resource.source, one.resource.kind, one.part)
            body = msgspec.json.encode(one.resource, order="deterministic")
            out[scope].add((one.rid, body, one.valid_from, one.valid_to))
        return {scope: frozenset(versions) for scope, versions in out.items()}


def walk(rig: Rig, running: Running, url: str) -> Iterator[Fallen]:
    """Let each call fail in each way, in one region, and see what becomes of an inventory."""
    kept = Kept(url)
    running.server.calls.clear()
    kept.take(read(running.source(POLITE)))
    where: defaultdict[str, set[str]] = defaultdict(set)
    for call in running.server.calls:
        where[call.action].add(call.region)
    known = set(kept.states())
    choices = {
        action: [
            Aim(action, region, dependents(rig, action, region, known))
            for region in [one for one in running.regions if one in where[action]] or [""]
        ]
        for action in actions(rig)
    }
    faults: list[Fault] = ["denied", "throttled", "error", "cut", "truncated"]
    totals = {one.action for one in listings(rig) if one.total or one.paging.total}
    for group in groups(choices):
        for turn in range(len(faults)):
            assigned = {aim: faults[(number + turn) % len(faults)] for number, aim in enumerate(group)}
            yield from _fall(running, kept, assigned, POLITE)
        yield from _unanswered(running, kept, group)
        counted: dict[Aim, Fault] = {aim: "wrong_total" for aim in group if aim.action in totals}
        if counted:
            yield from _fall(running, kept, counted, POLITE)
    kept.inventory.close()


def _unanswered(running: Running, kept: Kept, group: list[Aim]) -> list[Fallen]:
    """Calls that are not answered. On a machine that is busy, others may be slow: then all wait longer."""
    fallen: list[Fallen] = []
    for patience in PATIENCE:
        politeness = msgspec.structs.replace(POLITE, attempts=1, longest_call=patience)
        fallen = list(_fall(running, kept, dict.fromkeys(group, "timeout"), politeness))
        if not fallen[0].disturbed:
            break
    return fallen


def _fall(
    running: Running, kept: Kept, assigned: Mapping[Aim, Fault], politeness: Politeness
) -> Iterator[Fallen]:  # fmt: skip
    held, before = kept.held(), kept.states()
    running.server.calls.clear()
    with ExitStack() as stack:
        for aim, fault in assigned.items():
            stack.enter_context(running.server.fault(aim.action, fault, aim.region))
        batches = read(running.source(politeness))
    said = failures(batches)
    kept.take(batches)
    after, now = kept.states(), kept.held()
    fallen = {scope for aim in assigned for scope in aim.scopes}
    disturbed = frozenset(
        scope
        for scope, (status, success, _) in after.items()
        if scope not in fallen and (status != "fresh" or success == before.get(scope, ("", 0, ""))[1])
    )
    for (action, region, scopes), fault in assigned.items():
        yield Fallen(
            action,
            fault,
            scopes,
            {scope: said.get(scope, "") for scope in scopes},
            sum(1 for call in running.server.made(action) if region in {"", call.region}),
            {scope: after[scope][0] for scope in scopes},
            all(held.get(scope) == now.get(scope) and before[scope][1] == after[scope][1] for scope in scopes),
            disturbed,
        )
