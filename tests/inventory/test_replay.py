"""The stored history, what follows it, and what was known when, against a replay by brute force."""

import itertools
from collections.abc import Callable, Iterable, Iterator
from datetime import datetime

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tagweave.inventory import ChangeSet, Inventory, Version
from tagweave.model import Scope
from tagweave.model.times import FOREVER, from_ns

from .replay import Replay, Row, Said, ns, said

EXAMPLES = itertools.count()
Key = tuple[int, int]


class Clock:
    """Moves on by a second at each look."""

    def __init__(self) -> None:
        self.now = 10**18

    def __call__(self) -> int:
        self.now += 10**9
        return self.now


CLOCK = Clock()


@pytest.fixture
def inventory(fresh_store: Callable[[], str]) -> Iterator[Inventory]:
    opened = Inventory.open(fresh_store(), CLOCK)
    yield opened
    opened.close()


def row(version: Version) -> Row:
    resource = version.resource
    return Row(
        resource.id, resource.name, version.valid_from, version.valid_to, version.seen_until, version.part
    )  # fmt: skip


def rows(versions: Iterable[Version]) -> list[Row]:
    return sorted(map(row, versions))


class Follower:
    """Keeps what ChangeSets say, as their docstring tells to."""

    def __init__(self) -> None:
        self.versions: dict[Key, Version] = {}
        self.success: dict[Scope, int] = {}

    def take(self, changes: ChangeSet) -> None:
        for key in changes.undone:
            self.versions.pop(key, None)
        for version in (*changes.closed, *changes.moved, *changes.opened):
            self.versions[version.rid, version.valid_from] = version
        if changes.success is not None:
            self.success[changes.scope] = changes.success

    def rows(self) -> list[Row]:
        return rows(map(self.as_of_now, self.versions.values()))

    def as_of_now(self, version: Version) -> Version:
        if version.valid_to != FOREVER:
            return version
        success = self.success.get(Scope(version.resource.source, version.resource.kind, version.part))
        seen = version.valid_from if success is None else max(version.valid_from, success)
        return msgspec.structs.replace(version, seen_until=seen)


@settings(deadline=None, max_examples=80, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(batches=said(), read_at=st.sets(st.integers(0, 13)))
def test_history_is_that_of_a_replay_and_so_is_what_follows_it(
    inventory: Inventory, batches: list[Said], read_at: set[int]
) -> None:
    source = f"acc-{next(EXAMPLES)}"
    replay, told, reading = Replay(), Follower(), Follower()
    number = first = inventory.revision()
    passed: list[ChangeSet] = []
    for n, one in enumerate(batches):
        changes = inventory.observe(one.batch(source))
        passed.append(changes)
        replay.take(one)
        told.take(changes)
        versions = list(inventory.versions(source=source))
        assert rows(versions) == replay.rows() == told.rows()
        assert all(v.valid_from < v.valid_to for v in versions)
        assert changes.number == inventory.revision()
        state = next(s for s in inventory.scopes() if s.scope == changes.scope)
        assert (state.last_success, state.first_success) == (changes.success, changes.first_success)
        assert changes.success == (ns(replay.success[one.part]) if one.part in replay.success else None)
        assert changes.first_success == (ns(replay.first[one.part]) if one.part in replay.first else None)
        assert (state.status == "stale") == replay.stale[one.part]
        assert msgspec.json.decode(msgspec.json.encode(changes), type=ChangeSet) == changes
        assert msgspec.msgpack.decode(msgspec.msgpack.encode(changes), type=ChangeSet) == changes
        if n in read_at:
            number = follow(inventory, reading, number)
    follow(inventory, reading, number)
    reading.success = {state.scope: state.last_success for state in inventory.scopes() if state.last_success}
    assert reading.rows() == replay.rows()
    logged = {c.number: c for c in inventory.changes(first)}
    assert [*logged] == list(range(first + 1, inventory.revision() + 1))
    fresh = [c for c, before in zip(passed, [first, *(c.number for c in passed)], strict=False) if c.number != before]
    assert [c.number for c in fresh] == [*logged]
    for changes in fresh:
        kept = logged[changes.number]
        for name in ("scope", "observed_at", "undone", "unchanged", "held", "error", "success", "first_success"):
            assert getattr(kept, name) == getattr(changes, name), name


def follow(inventory: Inventory, follower: Follower, number: int) -> int:
    for changes in inventory.changes(number):
        assert changes.number == number + 1
        follower.take(changes)
        number = changes.number
    return number


@settings(deadline=None, max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(batches=said())
def test_what_was_known_at_an_earlier_time_is_what_was_read_then(inventory: Inventory, batches: list[Said]) -> None:
    """But for what was undone since: of that nothing is kept."""
    source = f"acc-{next(EXAMPLES)}"
    known: list[tuple[datetime, set[Version]]] = []
    undone: list[set[Key]] = []
    for one in batches:
        changes = inventory.observe(one.batch(source))
        undone.append({*changes.undone})
        known.append((from_ns(CLOCK.now), {*plain(inventory.versions(source=source))}))
    for n, (then, versions) in enumerate(known):
        since = set().union(*undone[n + 1 :])
        left = {v for v in versions if v[:2] not in since}
        assert {*plain(inventory.versions(source=source, known_at=then))} == left
        for version in inventory.versions(source=source, known_at=then):
            assert version.valid_from <= version.seen_until <= version.valid_to
        for minute in (6, 9, 11, 14):
            at = from_ns(ns(minute))
            found = {*plain(inventory.versions(source=source, known_at=then, at=at))}
            assert found == {v for v in left if v[1] <= ns(minute) < v[2]}


def plain(versions: Iterable[Version]) -> Iterator[tuple[int, int, int, str, str, int]]:
    for v in versions:
        yield v.rid, v.valid_from, v.valid_to, v.resource.id, v.resource.name, v.learned_at
