"""A store that an older Tagweave wrote is taken over with all that it holds."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from alembic import command
from alembic.config import Config

import tagweave.inventory
from tagweave.errors import Forgotten
from tagweave.inventory import Inventory
from tagweave.model import Change, Scope, Snapshot, Vpc
from tagweave.model.times import FOREVER, from_ns

MINUTE = 60 * 10**9
START = 1_767_225_600 * 10**9


def minute(n: int) -> int:
    return START + n * MINUTE


def body(native: str, created: str = "") -> bytes:
    more = f',"created_at":"{created}"' if created else ""
    return f'{{"kind":"vpc","source":"acc","id":"{native}","name":"n"{more}}}'.encode()


PRINT = b"0" * 16
RESOURCES = [
    # id, native id, part, valid_from, fingerprint
    (1, "told", "eu", minute(-60), PRINT),
    (2, "seen", "eu", minute(9), PRINT),
    (3, "gone", "eu", None, None),
    (4, "blink", "eu", None, None),
    (5, "only-told", "us", minute(-30), PRINT),
    (6, "never-well", "ap", minute(3), PRINT),
]
VERSIONS = [
    # resource, from, to, seen until, learned, body
    (1, minute(-60), FOREVER, None, minute(5), body("told", "2025-12-31T23:00:00Z")),
    (2, minute(5), minute(9), minute(7), minute(5), body("seen")),
    (2, minute(9), FOREVER, None, minute(9), body("seen")),
    (3, minute(6), minute(8), minute(7), minute(6), body("gone")),
    (4, minute(7), minute(7), minute(7), minute(7), body("blink")),
    (5, minute(-30), FOREVER, None, minute(4), body("only-told", "2025-12-31T23:30:00Z")),
    (6, minute(3), FOREVER, None, minute(3), body("never-well")),
]
SCOPES = [
    # part, last success, last attempt, error
    ("eu", minute(10), minute(10), ""),
    ("us", minute(10), minute(10), ""),
    ("empty", minute(2), minute(4), "denied"),
    ("ap", None, minute(4), "denied"),
]


@pytest.fixture
def old(fresh_store: Callable[[], str]) -> str:
    """The URL of a store as version 0002 left it."""
    url = fresh_store()
    engine = sa.create_engine(url.replace("postgresql://", "postgresql+psycopg://"))
    config = Config()
    config.set_main_option("script_location", str(Path(tagweave.inventory.__file__).parent / "migrations"))
    with engine.begin() as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, "0002")
        tables = sa.MetaData()
        tables.reflect(connection)

        def put(table: str, *rows: dict[str, Any]) -> None:
            connection.execute(tables.tables[table].insert(), list(rows))

        put("counter", {"name": "resource", "value": 6}, {"name": "revision", "value": 41})
        names = ("id", "native_id", "part", "valid_from", "fingerprint")
        put("resource", *({"source": "acc", "kind": "vpc", **dict(zip(names, r, strict=True))} for r in RESOURCES))
        names = ("resource_id", "valid_from", "valid_to", "seen_until", "learned_at", "body")
        put("version", *(dict(zip(names, row, strict=True)) for row in VERSIONS))
        names = ("part", "last_success", "last_attempt", "error")
        rows = (dict(zip(names, row, strict=True)) for row in SCOPES)
        put("scope", *({"source": "acc", "kind": "vpc", "held": b"[]", **row} for row in rows))
    engine.dispose()
    return url


@pytest.fixture
def inventory(old: str) -> Inventory:
    return Inventory.open(old)


def test_an_old_store_keeps_its_history_and_its_ids(inventory: Inventory) -> None:
    found = [(v.rid, v.resource.id, v.valid_from, v.valid_to, v.part) for v in inventory.versions()]
    assert found == [
        (1, "told", minute(-60), FOREVER, "eu"),
        (2, "seen", minute(5), minute(9), "eu"),
        (2, "seen", minute(9), FOREVER, "eu"),
        (3, "gone", minute(6), minute(8), "eu"),
        (5, "only-told", minute(-30), FOREVER, "us"),
        (6, "never-well", minute(3), FOREVER, "ap"),
    ]
    name = ("acc", "vpc", "other", "")
    assert inventory.refer([name]) == {name: 7}
    inventory.close()


def test_an_old_store_knows_when_each_scope_was_first_known(inventory: Inventory) -> None:
    """By what was first observed in it, else by when anything of it was learned, else by what it says."""
    first = {state.scope.part: state.first_success for state in inventory.scopes()}
    assert first == {"eu": minute(5), "us": minute(4), "empty": minute(2), "ap": None}
    inventory.close()


def test_an_old_store_says_when_the_end_of_a_version_was_learned(inventory: Inventory) -> None:
    found = [(v.rid, v.valid_to) for v in inventory.versions(known_at=from_ns(minute(8)))]
    assert found == [(1, FOREVER), (2, FOREVER), (3, minute(8)), (5, FOREVER), (6, FOREVER)]
    inventory.close()


def test_an_old_store_goes_on(old: str) -> None:
    """Its log begins where its count of changes was: who has an older number derives anew."""
    inventory = Inventory.open(old)
    assert (inventory.revision(), inventory.changes_kept_from(), list(inventory.changes(41))) == (41, 42, [])
    with pytest.raises(Forgotten):
        inventory.changes(40)
    at = datetime(2026, 1, 1, tzinfo=UTC) + timedelta(minutes=20)
    eu = Scope("acc", "vpc", "eu")
    changes = inventory.observe(Change(eu, (Vpc(source="acc", id="blink"),), ("told",), at))
    assert (changes.number, changes.added, changes.removed) == (42, 1, 1)
    assert [v.rid for v in changes.opened] == [4]
    assert list(inventory.changes(41)) == [changes]
    assert inventory.observe(Snapshot(eu, (), at)).removed == 2
    inventory.close()
    Inventory.open(old).close()
