"""The history of both stores, held to a brute-force model and to the laws one by one."""

import sqlite3
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tagweave.errors import StoreError
from tagweave.inventory import Inventory, is_open
from tagweave.model import Change, Failure, Pod, Scope, Snapshot, Vpc
from tagweave.model.times import to_ns

START = datetime(2026, 1, 1, tzinfo=UTC)
SCOPE = Scope("acc", "vpc", "eu-1")


def minute(n: float) -> datetime:
    return START + timedelta(minutes=n)


def vpc(native: str, name: str = "", **fields: object) -> Vpc:
    return Vpc(source="acc", id=native, name=name, **fields)  # type: ignore[arg-type]


def snapshot(n: float, *resources: Vpc | Pod, scope: Scope = SCOPE) -> Snapshot:
    return Snapshot(scope, resources, minute(n))


def alive(inventory: Inventory, at: datetime | None = None) -> dict[str, str]:
    return {v.resource.id: v.resource.name for v in inventory.versions(at=at) if at or is_open(v)}


def spans(inventory: Inventory) -> list[tuple[str, str, float, float | None, float]]:
    """(id, name, from, to, seen until) of each version, in minutes."""

    def minutes(ns: int) -> float:
        return (ns - to_ns(START)) / 60e9

    return [
        (
            v.resource.id,
            v.resource.name,
            minutes(v.valid_from),
            None if is_open(v) else minutes(v.valid_to),
            minutes(v.seen_until),
        )
        for v in inventory.versions()
    ]


def test_a_failure_deletes_nothing_and_leaves_the_scope_stale_with_its_reason(inventory: Inventory) -> None:
    inventory.observe(snapshot(0, vpc("a")))
    changes = inventory.observe(Failure(SCOPE, "cannot list vpcs in eu-1: 403", minute(1)))
    assert (changes.removed, changes.error) == (0, "cannot list vpcs in eu-1: 403")
    assert alive(inventory) == {"a": ""}
    (state,) = inventory.scopes()
    assert (state.status, state.error, state.count) == ("stale", "cannot list vpcs in eu-1: 403", 1)
    assert (state.last_success, state.last_attempt) == (to_ns(minute(0)), to_ns(minute(1)))
    inventory.observe(snapshot(2, vpc("a")))
    assert inventory.scopes()[0].status == "fresh"


@pytest.mark.parametrize("error", ["", " \n"])
def test_a_failure_that_does_not_say_why_is_a_failure_to_everybody(inventory: Inventory, error: str) -> None:
    inventory.observe(snapshot(0, vpc("a")))
    changes = inventory.observe(Failure(SCOPE, error, minute(1)))
    (state,) = inventory.scopes()
    assert state.status == "stale"
    assert changes.error == state.error == Failure(SCOPE, error, minute(1)).error != ""


def test_a_rename_closes_one_version_and_opens_the_next(inventory: Inventory) -> None:
    inventory.observe(snapshot(0, vpc("a", "old")))
    inventory.observe(snapshot(5, vpc("a", "old")))
    changes = inventory.observe(snapshot(9, vpc("a", "new")))
    assert (changes.added, changes.changed, changes.removed, changes.unchanged) == (0, 1, 0, 0)
    assert spans(inventory) == [("a", "old", 0, 9, 5), ("a", "new", 9, None, 9)]
    assert alive(inventory, minute(8)) == {"a": "old"}
    assert alive(inventory, minute(9)) == {"a": "new"}


def test_what_a_snapshot_lacks_ended_between_the_two(inventory: Inventory) -> None:
    inventory.observe(snapshot(0, vpc("a"), vpc("b")))
    inventory.observe(snapshot(7, vpc("b")))
    assert spans(inventory) == [("a", "", 0, 7, 0), ("b", "", 0, None, 7)]


def test_a_watch_event_is_exact(inventory: Inventory) -> None:
    inventory.observe(snapshot(0, vpc("a"), vpc("b")))
    inventory.observe(Change(SCOPE, (vpc("b", "new"),), ("a",), minute(3)))
    assert spans(inventory) == [("a", "", 0, 3, 3), ("b", "", 0, 3, 3), ("b", "new", 3, None, 3)]


def test_a_resource_began_when_it_was_created_and_a_deleted_pod_ended_by_its_deletion_time(
    inventory: Inventory,
) -> None:
    scope = Scope("k", "pod", "pods")
    pod = Pod(source="k", id="p", name="p", created_at=minute(-30), deleted_at=minute(2))
    inventory.observe(snapshot(0, pod, scope=scope))
    inventory.observe(snapshot(10, scope=scope))
    assert spans(inventory) == [("p", "p", -30, 2, 0)]


def test_a_creation_time_in_the_future_is_not_believed(inventory: Inventory) -> None:
    inventory.observe(snapshot(0, vpc("a", created_at=minute(99))))
    assert spans(inventory) == [("a", "", 0, None, 0)]


def test_what_comes_back_keeps_its_id_and_begins_anew(inventory: Inventory) -> None:
    inventory.observe(snapshot(0, vpc("a", created_at=minute(-5)), vpc("b")))
    inventory.observe(snapshot(1, vpc("b")))
    inventory.observe(snapshot(2, vpc("a", created_at=minute(-5)), vpc("b")))
    versions = [v for v in inventory.versions() if v.resource.id == "a"]
    assert len({v.rid for v in versions}) == 1
    assert [(s[2], s[3]) for s in spans(inventory) if s[0] == "a"] == [(-5, 1), (1, None)]


def test_a_mass_deletion_waits_for_a_second_snapshot_that_agrees(fresh_store: Callable[[], str]) -> None:
    url = fresh_store()
    inventory = Inventory.open(url)
    many = [vpc(f"v{i:02}") for i in range(50)]
    inventory.observe(snapshot(0, *many))
    first = inventory.observe(snapshot(1, *many[:10], vpc("new")))
    assert (first.removed, first.held, first.added) == (0, 40, 1)
    assert inventory.scopes()[0].status == "held"
    inventory.close()
    inventory = Inventory.open(url)  # the guard remembers over a restart
    second = inventory.observe(snapshot(2, *many[:12], vpc("new")))
    assert (second.removed, second.held) == (38, 0)
    assert inventory.scopes()[0].status == "fresh"
    assert len(alive(inventory)) == 13
    gone = next(s for s in spans(inventory) if s[0] == "v49")
    assert gone[3:] == (2, 0)  # last seen before the guard held it
    inventory.close()


@pytest.mark.parametrize(("count", "left"), [(20, 0), (60, 30)])
def test_small_or_partial_removals_are_believed_at_once(inventory: Inventory, count: int, left: int) -> None:
    many = [vpc(f"v{i:02}") for i in range(count)]
    inventory.observe(snapshot(0, *many))
    assert inventory.observe(snapshot(1, *many[:left])).removed == count - left


def test_two_sources_that_see_one_object_do_not_touch_each_other(inventory: Inventory) -> None:
    other = Scope("other", "vpc", "eu-1")
    inventory.observe(snapshot(0, vpc("a")))
    inventory.observe(snapshot(0, Vpc(source="other", id="a"), scope=other))
    inventory.observe(snapshot(1, scope=other))
    assert [v.resource.source for v in inventory.versions() if is_open(v)] == ["acc"]


def test_a_resource_belongs_to_the_part_that_listed_it_last(inventory: Inventory) -> None:
    owners, deployments = Scope("acc", "vpc", "owners"), Scope("acc", "vpc", "deployments")
    inventory.observe(snapshot(0, vpc("a"), scope=owners))
    inventory.observe(snapshot(1, vpc("a"), scope=deployments))
    inventory.observe(snapshot(2, scope=owners))
    assert alive(inventory) == {"a": ""}
    inventory.observe(snapshot(3, scope=deployments))
    assert alive(inventory) == {}


def test_a_late_batch_changes_nothing_and_says_so(inventory: Inventory) -> None:
    inventory.observe(snapshot(5, vpc("a", "now")))
    before = spans(inventory)
    assert inventory.observe(snapshot(4, vpc("b"))).late
    assert spans(inventory) == before


def test_ids_are_never_given_twice_not_even_after_retention(inventory: Inventory) -> None:
    inventory.observe(snapshot(0, vpc("a"), vpc("b")))
    inventory.observe(snapshot(1, vpc("b")))
    taken = {v.rid for v in inventory.versions()}
    assert inventory.forget(minute(2)) == 1
    assert {v.resource.id for v in inventory.versions()} == {"b"}
    inventory.observe(snapshot(3, vpc("b"), vpc("c"), vpc("a")))
    fresh = {v.resource.id: v.rid for v in inventory.versions()}
    assert not {fresh["a"], fresh["c"]} & taken


def test_the_revision_grows_with_changes_alone(inventory: Inventory) -> None:
    inventory.observe(snapshot(0, vpc("a")))
    first = inventory.revision()
    inventory.observe(snapshot(1, vpc("a")))
    assert inventory.revision() == first
    inventory.observe(snapshot(2, vpc("a", "new")))
    assert inventory.revision() > first


def test_label_order_is_no_change(inventory: Inventory) -> None:
    inventory.observe(snapshot(0, vpc("a", labels={"x": "1", "y": "2"})))
    assert inventory.observe(snapshot(1, vpc("a", labels={"y": "2", "x": "1"}))).unchanged == 1


def test_a_newer_database_is_refused_with_what_to_do(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/i.db"
    Inventory.open(url).close()
    with sqlite3.connect(tmp_path / "i.db") as db:
        db.execute("UPDATE alembic_version SET version_num = '9999'")
    with pytest.raises(StoreError, match="version 9999, this Tagweave knows up to"):
        Inventory.open(url)


@pytest.mark.parametrize("url", ["mysql://u:secret@h/db", "no url at all", "postgresql://u:secret@/x?host=/nowhere"])
def test_a_store_that_cannot_be_opened_is_named_without_its_password(url: str) -> None:
    with pytest.raises(StoreError) as caught:
        Inventory.open(url)
    assert "secret" not in str(caught.value)


NAMES = st.sampled_from(["x", "y"])
STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("snapshot"), st.dictionaries(st.sampled_from("abcde"), NAMES)),
        st.tuples(st.just("change"), st.dictionaries(st.sampled_from("abcde"), st.one_of(NAMES, st.none()))),
        st.tuples(st.just("failure"), st.just({})),
    ),
    max_size=12,
)


@settings(deadline=None, max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(STEPS)
def test_any_sequence_of_batches_reads_back_as_it_was_seen(
    fresh_store: Callable[[], str], steps: list[tuple[str, dict[str, str | None]]]
) -> None:
    inventory = Inventory.open(fresh_store())
    model: dict[str, str] = {}
    seen: list[dict[str, str]] = []
    ids: dict[str, int] = {}
    for n, (what, content) in enumerate(steps):
        if what == "snapshot":
            model = {k: v for k, v in content.items() if v is not None}
            inventory.observe(snapshot(n, *(vpc(k, v) for k, v in model.items())))
        elif what == "change":
            model = {k: v for k, v in {**model, **content}.items() if v is not None}
            upserts = tuple(vpc(k, v) for k, v in content.items() if v is not None)
            deletes = tuple(k for k, v in content.items() if v is None)
            inventory.observe(Change(SCOPE, upserts, deletes, minute(n)))
        else:
            inventory.observe(Failure(SCOPE, "down", minute(n)))
        seen.append(dict(model))
    for n, expected in enumerate(seen):
        assert alive(inventory, minute(n)) == expected
    ends: dict[str, int] = {}
    for version in inventory.versions():
        native = version.resource.id
        assert ids.setdefault(native, version.rid) == version.rid
        assert ends.get(native, 0) <= version.valid_from < version.valid_to
        assert version.valid_from <= version.seen_until
        ends[native] = version.valid_to
    assert len(set(ids.values())) == len(ids)
    assert msgspec.json.encode(list(inventory.versions()))
    inventory.close()


def test_a_scope_that_a_pass_did_not_come_to_is_stale_and_keeps_what_it_has(inventory: Inventory) -> None:
    """An account that cannot be entered, or is not told of any more, must not look fresh."""
    eu, us, other = Scope("acme", "vpc", "1/eu"), Scope("acme", "vpc", "2/us"), Scope("else", "vpc")
    for scope in (eu, us, other):
        inventory.observe(Snapshot(scope, (Vpc(source=scope.source, id=scope.part or "v"),), minute(0)))
    denied = Failure(Scope("acme", "region", "2"), "cannot enter account 2", minute(1))
    inventory.unreached("acme", {eu: "", denied.scope: denied.error})
    states = {s.scope: s for s in inventory.scopes()}
    assert states[us].status == "stale"
    assert states[us].error == "not reached by the last pass: cannot enter account 2"
    assert (states[us].count, states[eu].status, states[other].status) == (1, "fresh", "fresh")
    inventory.observe(Snapshot(us, (Vpc(source="acme", id="2/us"),), minute(2)))
    inventory.unreached("acme", {us: ""})
    assert {s.scope: s.status for s in inventory.scopes() if s.scope.source == "acme"} == {eu: "stale", us: "fresh"}
