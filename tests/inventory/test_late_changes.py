"""A change that was learned late ended versions somewhere in its interval, and makes its scope no fresher."""

from datetime import UTC, datetime, timedelta

from tagweave.inventory import Inventory, Version
from tagweave.model import Change, Failure, Scope, Snapshot, Vpc
from tagweave.model.times import to_ns

START = datetime(2026, 1, 1, tzinfo=UTC)
SCOPE = Scope("acc", "vpc", "eu-1")


def minute(n: float) -> datetime:
    return START + timedelta(minutes=n)


def vpc(native: str, name: str = "") -> Vpc:
    return Vpc(source="acc", id=native, name=name)


def late(since: float, at: float, *upserts: Vpc, deletes: tuple[str, ...] = ()) -> Change:
    return Change(SCOPE, upserts, deletes, minute(at), minute(since))


def spans(inventory: Inventory) -> list[tuple[str, float, float, float]]:
    def of(version: Version) -> tuple[str, float, float, float]:
        times = (version.valid_from, version.seen_until, version.valid_to)
        begins, seen, ends = (min((time - to_ns(START)) / 60e9, 1e6) for time in times)
        return version.resource.name, begins, seen, ends

    return [of(version) for version in inventory.versions()]


def test_what_a_late_change_ends_was_last_seen_before_its_interval(inventory: Inventory) -> None:
    inventory.observe(Snapshot(SCOPE, (vpc("a", "old"), vpc("b", "gone")), minute(0)))
    inventory.observe(Change(SCOPE, (), (), minute(5)))
    inventory.observe(late(7, 9, vpc("a", "new"), deletes=("b",)))
    assert spans(inventory) == [("old", 0, 7, 9), ("new", 9, 9, 1e6), ("gone", 0, 7, 9)]


def test_a_late_change_makes_its_scope_no_fresher_and_a_change_of_nothing_does(inventory: Inventory) -> None:
    inventory.observe(Snapshot(SCOPE, (vpc("a"), vpc("b")), minute(0)))
    inventory.observe(Failure(SCOPE, "the API server is down", minute(3)))
    inventory.observe(late(1, 9, vpc("a", "new")))
    (state,) = inventory.scopes()
    assert (state.status, state.last_success) == ("stale", to_ns(minute(0)))
    inventory.observe(Snapshot(SCOPE, (vpc("a", "new"),), minute(10)))
    assert spans(inventory)[-1] == ("", 0, 0, 10), "b may have gone at any time since it was seen"
    inventory.observe(Change(SCOPE, (), (), minute(11)))
    (state,) = inventory.scopes()
    assert (state.status, state.last_success) == ("fresh", to_ns(minute(11)))


def test_a_change_touches_only_what_it_names(inventory: Inventory) -> None:
    inventory.observe(Snapshot(SCOPE, tuple(vpc(f"v{n}", "old") for n in range(50)), minute(0)))
    changes = inventory.observe(Change(SCOPE, (vpc("v3", "new"), vpc("v50", "first")), ("v4", "never"), minute(1)))
    assert (changes.added, changes.changed, changes.removed) == (1, 1, 1)
    assert len(list(inventory.versions(at=minute(2)))) == 50
