"""What every cloud's source must do, kind by kind, against its rig."""

import asyncio
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest

from clouds import coverage, passes
from clouds.conftest import Estate, Written
from clouds.coverage import KINDS, SUPPORTING
from clouds.passes import Fallen
from clouds.server import Fault
from tagweave.model import Defect, Failure, Resource, Snapshot
from tagweave.sources.clouds import Check, Listing
from tagweave.sources.clouds.paging import WHOLE

FAULTS: tuple[Fault, ...] = ("denied", "throttled", "error", "cut", "truncated", "timeout", "wrong_total")


def listings(estate: Estate, kind: str) -> list[Listing]:
    """The listings of a kind. Skips what the provider has no product for."""
    if kind in estate.rig.absent:
        pytest.skip(f"{estate.rig.title} has none: {estate.rig.absent[kind]}")
    found = [one for one in passes.listings(estate.rig) if one.kind == kind]
    assert found, f"nothing lists a {kind}"
    return found


def texts(value: Any) -> Iterator[str]:
    """Every text in a resource as JSON."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict | list | tuple):
        for one in value.values() if isinstance(value, dict) else value:
            yield from texts(one)


# ---- what is there


@pytest.mark.parametrize("kind", [*KINDS, *SUPPORTING])
def test_every_resource_of_the_estate_is_read_and_nothing_else(estate: Estate, kind: str) -> None:
    listings(estate, kind)
    assert estate.running.expected[kind] == set(passes.by_kind(estate.batches).get(kind, {}))


def test_nothing_fails_and_nothing_is_broken_in_a_whole_estate(estate: Estate) -> None:
    assert [batch for batch in estate.batches if isinstance(batch, Failure | Defect)] == []


@pytest.mark.parametrize("kind", [*KINDS, *SUPPORTING])
def test_what_the_user_tagged_has_its_tags(estate: Estate, kind: str) -> None:
    listings(estate, kind)
    if kind not in estate.running.tagged:
        pytest.skip("cannot be tagged")
    native, labels = estate.running.tagged[kind]
    found = passes.by_kind(estate.batches)[kind][native]
    assert dict(labels).items() <= found.labels.items()


@pytest.mark.parametrize("kind", [*KINDS, *SUPPORTING])
def test_addresses_of_both_families_are_kept(estate: Estate, kind: str) -> None:
    listings(estate, kind)
    if kind not in estate.running.addresses:
        pytest.skip("has no addresses")
    native, addresses = estate.running.addresses[kind]
    found = passes.by_kind(estate.batches)[kind][native]
    assert addresses <= set(texts(msgspec.to_builtins(found)))


@pytest.fixture(scope="module")
def paged(estate: Estate) -> tuple[dict[str, dict[str, Resource]], dict[str, int], dict[str, int]]:
    """What a pass with the smallest pages gives, and the calls of each action with large and with small pages."""
    counts = []
    batches = []
    for size in (None, 1):
        estate.running.server.calls.clear()
        batches = passes.read(estate.running.source(passes.POLITE, size))
        made = [call.action for call in estate.running.server.calls]
        counts.append({action: made.count(action) for action in set(made)})
    return passes.by_kind(batches), counts[0], counts[1]


@pytest.mark.parametrize("kind", [*KINDS, *SUPPORTING])
def test_all_pages_are_read(
    estate: Estate, paged: tuple[dict[str, dict[str, Resource]], dict[str, int], dict[str, int]], kind: str
) -> None:
    found, large, small = paged
    for listing in listings(estate, kind):
        if listing.paging is not WHOLE:
            assert small[listing.action] > large[listing.action], f"{listing.action} was not paged"
    assert estate.running.expected[kind] == set(found.get(kind, {}))


# ---- what goes wrong


@pytest.mark.parametrize("kind", [*KINDS, *SUPPORTING])
def test_a_denied_listing_is_a_failure_and_not_an_empty_snapshot(
    estate: Estate, walked: list[Fallen], kind: str
) -> None:
    for listing in listings(estate, kind):
        fallen = next(one for one in walked if (one.action, one.fault) == (listing.action, "denied"))
        assert fallen.scopes
        assert {scope: "grant" in said for scope, said in fallen.said.items()} == dict.fromkeys(fallen.scopes, True)
        assert fallen.same


@pytest.mark.parametrize("kind", [*KINDS, *SUPPORTING])
def test_a_throttled_listing_is_tried_again_and_then_a_failure(estate: Estate, walked: list[Fallen], kind: str) -> None:
    for listing in listings(estate, kind):
        fallen = next(one for one in walked if (one.action, one.fault) == (listing.action, "throttled"))
        assert fallen.tries >= passes.POLITE.attempts
        assert fallen.scopes
        assert all(f"after {passes.POLITE.attempts} tries" in said for said in fallen.said.values())


def test_a_call_that_is_throttled_once_is_repeated_and_loses_nothing(estate: Estate) -> None:
    server = estate.running.server
    action = next(one.action for one in estate.rig.listings if one.kind == "vm")
    with server.fault(action, "throttled", times=1):
        batches = passes.read(estate.running.source(passes.POLITE))
    assert not passes.failures(batches)
    assert set(passes.by_kind(batches)["vm"]) == estate.running.expected["vm"]


@pytest.fixture(scope="module")
def broken(estate: Estate) -> tuple[dict[str, dict[str, Resource]], list[Defect], dict[Any, str]]:
    """A pass in which the first item of every listing lacks what it needs, in the first region."""
    from contextlib import ExitStack

    with ExitStack() as stack:
        for action in {one.action for one in estate.rig.listings}:
            stack.enter_context(estate.running.server.fault(action, "broken_item"))
        batches = passes.read(estate.running.source(passes.POLITE))
    defects = [batch for batch in batches if isinstance(batch, Defect)]
    return passes.by_kind(batches), defects, passes.failures(batches)


@pytest.mark.parametrize("kind", [*KINDS, *SUPPORTING])
def test_a_broken_item_is_told_and_the_rest_is_taken(
    estate: Estate, broken: tuple[dict[str, dict[str, Resource]], list[Defect], dict[Any, str]], kind: str
) -> None:
    found, defects, failed = broken
    if kind == "region":
        pytest.skip("is found before all others; see below")
    holders = {one.api for one in listings(estate, kind) if one.of}
    fallen = {scope for scope in failed if scope.kind == kind}
    assert {scope for scope in fallen if scope.part.split("/")[-1] not in holders} == set(), "a whole scope fell"
    whole = {scope: {one.id for one in batch.resources} for batch in estate.batches
             if isinstance(batch, Snapshot) and (scope := batch.scope).kind == kind}  # fmt: skip
    expected = set().union(*(ids for scope, ids in whole.items() if scope not in fallen))
    told = [defect for defect in defects if defect.reason.startswith(f"broken {kind}:")]
    assert told
    assert set(found.get(kind, {})) <= expected
    assert len(expected - set(found.get(kind, {}))) <= len(told) < len(expected)


@pytest.mark.parametrize("fault", FAULTS)
def test_any_single_failure_leaves_its_scopes_as_they_were_and_stale_with_the_reason(
    estate: Estate, walked: list[Fallen], fault: Fault
) -> None:
    fallen = [one for one in walked if one.fault == fault]
    if not fallen and fault == "wrong_total":
        pytest.skip("states no totals")
    if fault != "wrong_total":
        assert {one.action for one in fallen} == set(passes.actions(estate.rig))
    for one in fallen:
        assert one.scopes, f"nothing needs {one.action}"
        assert one.same, f"{one.action} {fault} changed its scopes"
        assert set(one.statuses.values()) == {"stale"}, f"{one.action} {fault}: {one.statuses}"
        assert all(said.startswith("cannot list ") for said in one.said.values()), f"{one.action} {fault}: {one.said}"


@pytest.mark.parametrize("fault", FAULTS)
def test_any_single_failure_leaves_every_other_scope_fresh(estate: Estate, walked: list[Fallen], fault: Fault) -> None:
    for one in walked:
        if one.fault == fault:
            assert one.disturbed == frozenset(), f"{one.action} {fault}"


def test_regions_that_cannot_be_listed_are_a_failure_and_those_named_are_read(estate: Estate) -> None:
    server, running = estate.running.server, estate.running
    action = _region_action(estate)
    with server.fault(action, "denied"):
        batches = passes.read(running.source(passes.POLITE))
    failed, found = passes.failures(batches), passes.by_kind(batches)
    known = {batch.scope for batch in estate.batches if isinstance(batch, Snapshot)}
    assert set(failed) == passes.dependents(estate.rig, action, "", known)
    assert all("grant" in said for said in failed.values())
    others = running.expected.keys() - {scope.kind for scope in failed}
    assert "vpc" in others
    assert {kind: frozenset(found[kind]) for kind in others} == {kind: running.expected[kind] for kind in others}


@pytest.mark.parametrize("fault", ["denied", "throttled", "error", "truncated"])
def test_an_account_that_cannot_be_entered_is_a_failure_and_nothing_is_taken_for_empty(
    estate: Estate, fault: Fault, written: Written
) -> None:
    server, running = estate.running.server, estate.running
    server.calls.clear()
    passes.read(running.source(passes.POLITE))
    first = server.calls[0].action
    assert first not in {one.action for one in estate.rig.listings}
    with server.fault(first, fault):
        batches = passes.read(running.source(passes.POLITE))
    written.add(batches)
    ((scope, said),) = passes.failures(batches).items()
    assert (scope.kind, scope.part) == ("region", "")
    assert said.startswith("cannot list regions: ")
    assert [batch for batch in batches if isinstance(batch, Snapshot)] == []


def test_a_broken_region_is_told_and_the_rest_is_taken(estate: Estate) -> None:
    with estate.running.server.fault(_region_action(estate), "broken_item"):
        batches = passes.read(estate.running.source(passes.POLITE))
    assert [batch for batch in batches if isinstance(batch, Defect) and batch.reason.startswith("broken region:")]
    found = set(passes.by_kind(batches)["region"])
    assert found
    assert found < estate.running.expected["region"]


def _region_action(estate: Estate) -> str:
    return listings(estate, "region")[0].action


def test_a_resource_that_goes_is_gone_from_the_next_snapshot(estate: Estate) -> None:
    fresh = estate.rig.start()
    try:
        same = set(passes.by_kind(passes.read(fresh.source(passes.POLITE)))["vm"])
        gone = min(same)
        fresh.remove("vm", gone)
        after = passes.by_kind(passes.read(fresh.source(passes.POLITE)))["vm"]
    finally:
        fresh.close()
    assert set(after) == same - {gone}


# ---- check


def check(estate: Estate) -> list[Check]:
    async def collect() -> list[Check]:
        return [row async for row in estate.running.source(passes.POLITE).check()]  # type: ignore[attr-defined]

    return asyncio.run(collect())


def test_check_tries_every_call_once_and_all_is_well(estate: Estate, written: Written) -> None:
    rows = check(estate)
    written.add(rows)
    assert [row for row in rows if row.state == "failed"] == []
    assert [(row.what, row.state) for row in rows[:2]] == [("identity", "ok"), ("regions", "ok")]
    assert {row.what for row in rows} >= {action for one in estate.rig.listings for action in one.actions()}


def test_check_says_what_to_grant(estate: Estate, written: Written) -> None:
    action = listings(estate, "vm")[0].action
    with estate.running.server.fault(action, "denied"):
        rows = [row for row in check(estate) if row.what == action]
    written.add(rows)
    assert [(row.state, bool(row.grant)) for row in rows] == [("failed", True)]
    assert rows[0].grant in rows[0].detail


# ---- what is told


def test_the_page_of_the_coverage_is_that_of_the_rig(estate: Estate) -> None:
    lines = (Path(__file__).parents[2] / "docs" / "coverage.md").read_text().splitlines()
    cells = {line.split(" | ")[0].strip("| "): line.strip("| ").split(" | ") for line in lines if line[:1] == "|"}
    column = next(n for n, title in enumerate(cells["kind"]) if title.startswith(f"[{estate.rig.title}]"))
    for kind in (*KINDS, *SUPPORTING):
        assert cells[kind][column].strip() == coverage.cell(estate.rig, estate.running, kind), "run `make docs`"


# ---- secrets


def test_zzz_no_secret_is_in_anything_that_was_written(estate: Estate, written: Written) -> None:
    """Last of this module: everything before it has written by now."""
    source = estate.running.source(passes.POLITE)
    written.add(source, getattr(source, "_pass", ""), getattr(source, "__dict__", {}))
    snapshots = [batch for batch in estate.batches if isinstance(batch, Snapshot)]
    assert snapshots
    assert len(written.texts) > 10
    for secret in estate.running.secrets:
        assert secret
        assert [text[:200] for text in written.texts if secret in text] == []
