"""What ended long ago is forgotten, piece by piece."""

from datetime import UTC, datetime, timedelta

import pytest

from tagweave.inventory import Inventory, is_open
from tagweave.model import Change, Scope, Snapshot, Vpc

START = datetime(2026, 1, 1, tzinfo=UTC)
SCOPE = Scope("acc", "vpc")


def vpc(native: str, name: str = "") -> Vpc:
    return Vpc(source="acc", id=native, name=name)


def minute(n: int) -> datetime:
    return START + timedelta(minutes=n)


@pytest.fixture(params=[1, 3, 10_000], ids="{} at a time".format)
def piece(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tagweave.inventory.retention._AT_ONCE", request.param)
    monkeypatch.setattr("tagweave.inventory.retention._REST", 0.0)


@pytest.mark.usefixtures("piece")
def test_what_ended_before_a_time_is_forgotten_and_nothing_else(inventory: Inventory) -> None:
    inventory.observe(Snapshot(SCOPE, tuple(vpc(f"v{n}", "old") for n in range(9)), minute(0)))
    inventory.observe(Snapshot(SCOPE, tuple(vpc(f"v{n}", "new") for n in range(6)), minute(10)))
    inventory.observe(Change(SCOPE, (), ("v0",), minute(20)))
    before = list(inventory.versions())
    assert inventory.forget(minute(10)) == 0, "what ended at that time is kept"
    assert inventory.forget(minute(11)) == 9
    assert list(inventory.versions()) == [v for v in before if v.resource.name == "new"]
    assert inventory.forget(minute(30)) == 1
    assert [v.resource.id for v in inventory.versions() if is_open(v)] == [f"v{n}" for n in range(1, 6)]
    assert inventory.forget(minute(30)) == 0


@pytest.mark.usefixtures("piece")
def test_what_is_forgotten_and_comes_back_is_a_new_resource(inventory: Inventory) -> None:
    inventory.observe(Snapshot(SCOPE, (vpc("a"), vpc("b")), minute(0)))
    taken = {v.rid for v in inventory.versions()}
    inventory.observe(Snapshot(SCOPE, (), minute(1)))
    inventory.forget(minute(2))
    inventory.observe(Snapshot(SCOPE, (vpc("a"),), minute(3)))
    (version,) = inventory.versions()
    assert version.rid not in taken


def test_others_write_while_it_forgets(inventory: Inventory, monkeypatch: pytest.MonkeyPatch) -> None:
    """It lets go of the writer's lock between two pieces."""
    inventory.observe(Snapshot(SCOPE, tuple(vpc(f"v{n}") for n in range(10)), minute(0)))
    inventory.observe(Snapshot(SCOPE, (), minute(1)))
    wrote = []

    def rest(_: float) -> None:
        wrote.append(inventory.observe(Change(SCOPE, (vpc(f"new-{len(wrote)}"),), (), minute(2))))

    monkeypatch.setattr("tagweave.inventory.retention._AT_ONCE", 4)
    monkeypatch.setattr("tagweave.inventory.retention.time.sleep", rest)
    assert inventory.forget(minute(2)) == 10
    assert len(wrote) == 2
    assert [v.resource.id for v in inventory.versions()] == ["new-0", "new-1"]
