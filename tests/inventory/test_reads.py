"""What is read of the history, and what is not read to write it."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import event

from tagweave.inventory import Inventory
from tagweave.model import Change, Scope, Snapshot, Subnet, Vpc

START = datetime(2026, 1, 1, tzinfo=UTC)


def minute(n: int) -> datetime:
    return START + timedelta(minutes=n)


def vpc(native: str, name: str = "") -> Vpc:
    return Vpc(source="acc", id=native, name=name)


def test_versions_are_those_of_some_ids_each_once_in_order(inventory: Inventory) -> None:
    many = [vpc(f"v{n:04}") for n in range(1200)]
    inventory.observe(Snapshot(Scope("acc", "vpc"), tuple(many), minute(0)))
    inventory.observe(Change(Scope("acc", "vpc"), (vpc("v0003", "new"),), (), minute(1)))
    inventory.observe(Snapshot(Scope("acc", "subnet"), (Subnet(source="acc", id="s"),), minute(0)))
    everything = list(inventory.versions())
    rids = {v.resource.id: v.rid for v in everything}
    asked = [rids["v0003"], rids["s"], rids["v0001"], rids["v0003"], 10**6]
    found = [(v.resource.id, v.resource.name) for v in inventory.versions(rids=asked)]
    assert found == [("v0001", ""), ("v0003", ""), ("v0003", "new"), ("s", "")]
    assert [v.resource.id for v in inventory.versions(rids=asked, kinds=["subnet"])] == ["s"]
    assert list(inventory.versions(rids=reversed([*rids.values()]))) == everything
    assert list(inventory.versions(rids=[])) == []


@pytest.fixture
def planned(tmp_path: Path) -> Iterator[tuple[Inventory, list[str]]]:
    """An inventory of 3 parts, and how SQLite goes about each statement from now on."""
    inventory = Inventory.open(f"sqlite:///{tmp_path}/inventory.db")
    for part in "abc":
        held = tuple(vpc(f"{part}{n}") for n in range(30))
        inventory.observe(Snapshot(Scope("acc", "vpc", part), held, minute(0)))
    inventory.refer([("acc", "vpc", "elsewhere", "")])
    plans: list[str] = []

    def note(connection: Any, cursor: Any, statement: str, parameters: Any, _context: Any, many: bool) -> None:
        if statement.split(maxsplit=1)[0] in {"SELECT", "UPDATE", "DELETE"}:
            one = parameters[0] if many else parameters
            raw = connection.connection.driver_connection
            plans.extend(row[3] for row in raw.execute(f"EXPLAIN QUERY PLAN {statement}", one))

    event.listen(inventory._engine, "before_cursor_execute", note)
    yield inventory, plans
    inventory.close()


def test_a_batch_reads_only_what_its_part_holds(planned: tuple[Inventory, list[str]]) -> None:
    """A cloud of thousands of parts is gone through in every pass."""
    inventory, plans = planned
    a = Scope("acc", "vpc", "a")
    inventory.observe(Snapshot(a, tuple(vpc(f"a{n}") for n in range(30)), minute(1)))
    assert any("resource_part (source=? AND kind=? AND part=?)" in plan for plan in plans)
    changed = (*(vpc(f"a{n}", "new") for n in range(10)), vpc("b1"), vpc("b2", "new"), vpc("new"), vpc("elsewhere"))
    inventory.observe(Snapshot(a, changed, minute(2)))
    inventory.observe(Change(a, (vpc("a29"),), ("a1", "a2"), minute(3)))
    assert [plan for plan in plans if "SCAN" in plan] == []


def test_a_page_of_changes_and_some_versions_are_found_without_a_scan(planned: tuple[Inventory, list[str]]) -> None:
    inventory, plans = planned
    assert len(list(inventory.changes(1))) == 2
    assert len(list(inventory.versions(rids=[3, 1, 2]))) == 3
    assert [plan for plan in plans if "SCAN" in plan and "CONSTANT ROW" not in plan] == []
