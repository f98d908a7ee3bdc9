"""The log of changes: what is worth a row, what a row says later, and what a follower is told when it was away."""

from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta

import pytest

from tagweave.errors import Forgotten
from tagweave.inventory import ChangeSet, Inventory, is_open
from tagweave.model import Change, Failure, Scope, Snapshot, Vpc
from tagweave.model.times import to_ns

START = datetime(2026, 1, 1, tzinfo=UTC)
EU, US = Scope("acc", "vpc", "eu"), Scope("acc", "vpc", "us")


def minute(n: float) -> datetime:
    return START + timedelta(minutes=n)


class Clock:
    now = START

    def __call__(self) -> int:
        return to_ns(self.now)


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def inventory(fresh_store: Callable[[], str], clock: Clock) -> Iterator[Inventory]:
    opened = Inventory.open(fresh_store(), clock)
    yield opened
    opened.close()


def vpc(native: str, name: str = "") -> Vpc:
    return Vpc(source="acc", id=native, name=name)


def numbers(inventory: Inventory, after: int = 0, limit: int | None = None) -> list[int]:
    return [changes.number for changes in inventory.changes(after, limit)]


def test_a_change_is_told_with_its_number_and_read_back_as_it_was(inventory: Inventory) -> None:
    first = inventory.observe(Snapshot(EU, (vpc("a"), vpc("b")), minute(0)))
    second = inventory.observe(Change(EU, (vpc("a", "new"),), ("b",), minute(1)))
    assert [first.number, second.number, inventory.revision()] == [1, 2, 2]
    (read,) = inventory.changes(1)
    assert read == second
    assert (read.added, read.changed, read.removed) == (0, 1, 1)


def test_a_version_that_ended_since_is_read_with_its_end(inventory: Inventory) -> None:
    opened = inventory.observe(Snapshot(EU, (vpc("a"),), minute(0)))
    inventory.observe(Change(EU, (), ("a",), minute(3)))
    then, now = inventory.changes(0)
    assert is_open(opened.opened[0])
    assert then.opened == now.closed
    assert then.opened[0].valid_to == to_ns(minute(3))


def test_a_scope_that_is_well_once_more_or_fails_again_makes_no_row(inventory: Inventory) -> None:
    """Else the log would grow with every pass over what never changes."""
    inventory.observe(Snapshot(EU, (vpc("a"),), minute(0)))
    quiet = [inventory.observe(Snapshot(EU, (vpc("a"),), minute(n))) for n in (1, 2)]
    quiet += [inventory.observe(Change(EU, (), (), minute(3)))]
    assert [(c.number, c.success) for c in quiet] == [(1, to_ns(minute(n))) for n in (1, 2, 3)]
    assert numbers(inventory) == [1]
    failed = [inventory.observe(Failure(EU, f"denied (request {n})", minute(n))) for n in (4, 5)]
    assert [c.number for c in failed] == [2, 2]
    well = inventory.observe(Snapshot(EU, (vpc("a"),), minute(6)))
    assert well.number == 3
    assert [(c.error, c.success) for c in inventory.changes(1)] == [
        ("denied (request 4)", to_ns(minute(3))),
        ("", to_ns(minute(6))),
    ]


def test_a_scope_that_is_known_for_the_first_time_makes_a_row_though_it_is_empty(inventory: Inventory) -> None:
    empty = inventory.observe(Snapshot(EU, (), minute(0)))
    assert (empty.number, empty.first_success) == (1, to_ns(minute(0)))
    assert inventory.observe(Snapshot(EU, (), minute(1))).number == 1
    assert inventory.observe(Failure(US, "denied", minute(1))).number == 2


def test_what_the_guard_holds_makes_a_row_and_so_does_its_release(inventory: Inventory) -> None:
    many = tuple(vpc(f"v{n:02}") for n in range(50))
    for n, batch in enumerate((many, many[:10], many)):
        inventory.observe(Snapshot(EU, batch, minute(n)))
    assert [(c.number, c.held) for c in inventory.changes(0)] == [(1, 0), (2, 40), (3, 0)]


def test_a_late_batch_makes_no_row(inventory: Inventory) -> None:
    inventory.observe(Snapshot(EU, (vpc("a"),), minute(5)))
    late = inventory.observe(Snapshot(EU, (vpc("b"),), minute(4)))
    assert (late.late, late.number, late.success) == (True, 1, to_ns(minute(5)))
    assert numbers(inventory) == [1]


def test_a_change_that_was_learned_late_tells_that_its_scope_is_no_fresher(inventory: Inventory) -> None:
    inventory.observe(Snapshot(EU, (vpc("a"),), minute(0)))
    late = inventory.observe(Change(EU, (vpc("a", "new"),), (), minute(9), minute(7)))
    assert (late.success, late.first_success) == (to_ns(minute(0)), to_ns(minute(0)))
    assert list(inventory.changes(1)) == [late]


def test_what_another_part_lists_now_is_told_as_moved(inventory: Inventory) -> None:
    inventory.observe(Snapshot(EU, (vpc("a"), vpc("b")), minute(0)))
    moved = inventory.observe(Snapshot(US, (vpc("a"), vpc("b", "new")), minute(1)))
    (same,) = moved.moved
    assert (same.resource.id, same.part, same.valid_from) == ("a", "us", to_ns(minute(0)))
    assert same.seen_until == to_ns(minute(1))
    assert [(v.resource.name, v.part) for v in (*moved.closed, *moved.opened)] == [("", "eu"), ("new", "us")]
    assert list(inventory.changes(1)) == [moved]
    assert {v.part for v in inventory.versions() if is_open(v)} == {"us"}


def test_what_came_and_went_at_one_moment_is_told_as_undone(inventory: Inventory) -> None:
    came = inventory.observe(Snapshot(EU, (vpc("a"), vpc("b")), minute(0)))
    (rid,) = (v.rid for v in came.opened if v.resource.id == "a")
    went = inventory.observe(Snapshot(EU, (vpc("b"),), minute(0)))
    assert (went.undone, went.closed, went.removed) == (((rid, to_ns(minute(0))),), (), 1)
    assert list(inventory.changes(1)) == [went]
    assert [v.resource.id for v in inventory.versions()] == ["b"]
    again = inventory.observe(Change(EU, (vpc("b", "other"),), (), minute(0)))
    assert (again.added, again.changed, again.removed) == (0, 1, 0)
    assert [v.resource.name for v in inventory.versions()] == ["other"]


def test_changes_are_read_in_order_a_few_or_many_at_a_time(inventory: Inventory) -> None:
    for n in range(1100):
        inventory.observe(Change(EU, (vpc("a", str(n)),), (), minute(n)))
    assert numbers(inventory) == [*range(1, 1101)]
    assert numbers(inventory, 3, 2) == [4, 5]
    assert numbers(inventory, 0, 0) == []
    assert numbers(inventory, 490, 600) == [*range(491, 1091)]
    assert numbers(inventory, 1100) == []


def test_a_change_of_many_resources_is_read_whole(inventory: Inventory) -> None:
    told = [
        inventory.observe(Snapshot(EU, tuple(vpc(str(i), name) for i in range(n)), minute(at)))
        for at, (n, name) in enumerate([(12_000, ""), (3, "x"), (3, "y")])
    ]
    read: list[ChangeSet] = list(inventory.changes(0))
    assert [len(c.opened) for c in read] == [len(c.opened) for c in told] == [12_000, 3, 3]
    assert read[-1] == told[-1]


def test_a_follower_that_was_away_for_too_long_is_told_to_derive_anew(inventory: Inventory, clock: Clock) -> None:
    for n in range(4):
        clock.now = minute(n)
        inventory.observe(Change(EU, (vpc("a", str(n)),), (), minute(n)))
    assert inventory.changes_kept_from() == 1
    inventory.forget(minute(2))
    assert inventory.changes_kept_from() == 3
    assert numbers(inventory, 2) == [3, 4]
    with pytest.raises(Forgotten, match=r"changes 2 to 2 are not kept any more: derive anew .* the changes after 4"):
        inventory.changes(1)
    inventory.forget(minute(9))
    assert (inventory.changes_kept_from(), numbers(inventory, 4)) == (5, [])
    with pytest.raises(Forgotten):
        inventory.changes(3)
    assert inventory.observe(Change(EU, (vpc("a", "later"),), (), minute(9))).number == 5


def test_a_follower_of_another_store_is_told_to_derive_anew(inventory: Inventory) -> None:
    inventory.observe(Snapshot(EU, (vpc("a"),), minute(0)))
    with pytest.raises(Forgotten, match="there is no change 7, the last is 1"):
        inventory.changes(7)


def test_a_version_that_retention_dropped_is_left_out_of_its_change(inventory: Inventory, clock: Clock) -> None:
    inventory.observe(Snapshot(EU, (vpc("a"), vpc("b")), minute(0)))
    inventory.observe(Snapshot(EU, (vpc("b"),), minute(1)))
    clock.now = minute(60)
    inventory.observe(Snapshot(EU, (vpc("b"), vpc("c")), minute(60)))
    with inventory._engine.begin() as connection:  # the log is kept longer than its versions where clocks differ
        connection.exec_driver_sql(f"UPDATE change SET learned_at = {to_ns(minute(60))}")
    inventory.forget(minute(30))
    assert [[v.resource.id for v in c.opened] for c in inventory.changes(0)] == [["b"], [], ["c"]]


def test_a_change_that_cannot_be_written_leaves_no_row(inventory: Inventory, monkeypatch: pytest.MonkeyPatch) -> None:
    inventory.observe(Snapshot(EU, (vpc("a"),), minute(0)))

    def broken(*_: object) -> int:
        raise RuntimeError

    with monkeypatch.context() as patch:
        patch.setattr("tagweave.inventory.changes.insert_rows", broken)
        with pytest.raises(RuntimeError):
            inventory.observe(Snapshot(EU, (vpc("b"),), minute(1)))
    assert [v.resource.id for v in inventory.versions()] == ["a"]
    assert inventory.observe(Snapshot(EU, (vpc("b"),), minute(1))).number == 2
