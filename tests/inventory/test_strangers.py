"""What is only referred to has an id for ever, also when it is listed later."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest

from tagweave.errors import StoreError
from tagweave.inventory import Inventory, Stranger
from tagweave.model import Scope, Snapshot, Vpc

START = datetime(2026, 1, 1, tzinfo=UTC)
SCOPE = Scope("acc", "vpc")
PEER = ("acc", "vpc", "vpc-9", "")
NAMED = ("acc", "vpc", "", "prod")


def listed(inventory: Inventory, at: int, *natives: str) -> dict[str, int]:
    resources = tuple(Vpc(source="acc", id=native, name="prod") for native in natives)
    inventory.observe(Snapshot(SCOPE, resources, START + timedelta(minutes=at)))
    return {v.resource.id: v.rid for v in inventory.versions()}


def test_a_stranger_keeps_its_id_and_nobody_else_gets_it(fresh_store: Callable[[], str]) -> None:
    url = fresh_store()
    inventory = Inventory.open(url)
    taken = listed(inventory, 0, "a")["a"]
    ids = inventory.refer([PEER, NAMED, PEER])
    inventory.close()
    inventory = Inventory.open(url)
    assert inventory.refer([NAMED, PEER]) == ids
    later = listed(inventory, 1, "a", "b")["b"]
    assert len({taken, later, *ids.values()}) == 4
    assert list(inventory.strangers()) == [
        Stranger(ids[PEER], "acc", "vpc", "vpc-9", ""),
        Stranger(ids[NAMED], "acc", "vpc", "", "prod"),
    ]
    inventory.close()


def test_a_stranger_that_is_listed_keeps_its_id_and_is_a_resource_then(inventory: Inventory) -> None:
    ids = inventory.refer([PEER, NAMED, ("acc", "subnet", "vpc-9", ""), ("else", "vpc", "vpc-9", "")])
    assert listed(inventory, 0, "vpc-9")["vpc-9"] == ids[PEER]
    assert inventory.refer([PEER]) == {PEER: ids[PEER]}
    assert {(s.source, s.kind, s.id, s.name) for s in inventory.strangers()} == {*ids} - {PEER}
    listed(inventory, 1)
    assert listed(inventory, 2, "vpc-9")["vpc-9"] == ids[PEER]


def test_what_is_listed_has_the_id_of_its_resource_by_its_native_id_alone(inventory: Inventory) -> None:
    rid = listed(inventory, 0, "a")["a"]
    found = inventory.refer([("acc", "vpc", "a", "prod"), NAMED])
    assert found["acc", "vpc", "a", "prod"] == rid
    assert found[NAMED] != rid, "names may be shared"


def test_one_native_id_under_two_names_is_one_stranger(inventory: Inventory) -> None:
    plain, named = PEER, (*PEER[:3], "prod")
    found = inventory.refer([plain, named])
    assert found[plain] == found[named]
    assert len(list(inventory.strangers())) == 1
    assert inventory.refer([named]) == {named: found[named]}


def test_many_are_given_ids_at_once(inventory: Inventory) -> None:
    names = [("acc", kind, str(n), "") for n in range(1500) for kind in ("vpc", "vm")]
    names += [("acc", "vm", "", f"host-{n}") for n in range(1500)]
    found = inventory.refer(names)
    assert [*found] == names
    assert len({*found.values()}) == len(names)
    assert inventory.refer(reversed(names)) == found
    assert [s.rid for s in inventory.strangers()] == sorted(found.values())
    assert inventory.refer([]) == {}


def test_retention_drops_no_stranger(inventory: Inventory) -> None:
    ids = inventory.refer([PEER, NAMED])
    listed(inventory, 0, "a")
    listed(inventory, 1)
    assert inventory.forget(START + timedelta(days=1)) == 1
    assert {s.rid for s in inventory.strangers()} == {*ids.values()}


def test_a_store_that_has_given_out_all_ids_says_so(inventory: Inventory) -> None:
    rid = listed(inventory, 0, "a")["a"]
    with inventory._engine.begin() as connection:
        connection.exec_driver_sql(f"UPDATE counter SET value = {2**31 - 3} WHERE name = 'resource'")
    assert inventory.refer([PEER])[PEER] == 2**31 - 2
    with pytest.raises(StoreError, match="all of its 2,147,483,646 ids"):
        inventory.refer([NAMED])
    with pytest.raises(StoreError):
        listed(inventory, 1, "a", "b")
    assert {v.resource.id: v.rid for v in inventory.versions()} == {"a": rid}
