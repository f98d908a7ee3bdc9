"""Resources are listed page by page: pages put together are the whole, and none holds more than it may."""

from collections.abc import Iterable, Iterator
from datetime import UTC, datetime, timedelta

import pytest

from tagweave.errors import ConfigError
from tagweave.inventory import Inventory, reading
from tagweave.model import Change, Scope, Snapshot, Subnet, Vpc

START = datetime(2026, 1, 1, tzinfo=UTC)
SCOPE = Scope("acc", "vpc")


def vpc(native: str, name: str = "", **fields: object) -> Vpc:
    return Vpc(source="acc", id=native, name=name, **fields)  # type: ignore[arg-type]


def minute(n: int) -> datetime:
    return START + timedelta(minutes=n)


@pytest.fixture
def estate(inventory: Inventory) -> Inventory:
    """Twelve VPCs, of which v3 was renamed and v4 is gone; others that are not asked for."""
    inventory.observe(Snapshot(SCOPE, tuple(vpc(f"v{n}", f"Prod-{n % 3}") for n in range(12)), minute(0)))
    inventory.observe(Snapshot(Scope("acc", "subnet"), (Subnet(source="acc", id="v0"),), minute(0)))
    inventory.observe(Snapshot(Scope("else", "vpc"), (Vpc(source="else", id="v0", name="straße"),), minute(0)))
    inventory.observe(Change(SCOPE, (vpc("v3", "test"),), ("v4",), minute(1)))
    return inventory


def ids(rows: Iterable[dict[str, str]]) -> list[str]:
    return [row["id"] for row in rows]


def pages(inventory: Inventory, limit: int, **asked: object) -> Iterator[list[str]]:
    after = None
    while True:
        rows = reading.Rows(inventory, "vpc", limit=limit, after=after, **asked)  # type: ignore[arg-type]
        yield ids(rows)
        if rows.next is None:
            return
        after = rows.next


@pytest.mark.parametrize("limit", [1, 2, 3, 11, 12, 100])
@pytest.mark.parametrize(
    "asked", [{}, {"at": START}, {"source": "acc"}, {"where": ["name=Prod-1"]}, {"contains": "prod"}, {"contains": "x"}]
)
def test_pages_put_together_are_the_whole(estate: Inventory, limit: int, asked: dict[str, object]) -> None:
    found = list(pages(estate, limit, **asked))
    assert [native for page in found for native in page] == ids(reading.Rows(estate, "vpc", **asked))  # type: ignore[arg-type]
    assert all(len(page) == limit for page in found[:-1])
    assert len(found) == 1 or found[-1], "no page is told of that is empty"


def test_a_page_goes_on_where_the_one_before_ended_though_things_came_and_went(estate: Inventory) -> None:
    first = reading.Rows(estate, "vpc", limit=3)
    assert ids(first) == ["v0", "v1", "v2"]
    estate.observe(Change(SCOPE, (vpc("v99"),), ("v0", "v2", "v3"), minute(2)))
    assert ids(reading.Rows(estate, "vpc", after=first.next)) == [*(f"v{n}" for n in range(5, 12)), "v0", "v99"]


def test_conditions_hold_for_what_is_listed(estate: Inventory) -> None:
    def found(*where: str, **asked: object) -> list[str]:
        return ids(reading.Rows(estate, "vpc", where=where, **asked))  # type: ignore[arg-type]

    assert found("id=v5") == ["v5"]
    assert found("id=v0") == ["v0", "v0"]
    assert found("id=v0", "source=else") == ["v0"]
    assert found("source=else") == found(source="else") == ["v0"]
    assert found("source=else", source="acc") == found("id=v5", "id=v6") == found("id=v4") == []
    assert found("id=v4", at=START) == ["v4"]
    assert found("name=test") == ["v3"]
    assert found("name=test", at=START) == []


def test_a_part_of_a_name_or_an_id_is_found_in_any_case(estate: Inventory) -> None:
    def found(text: str) -> list[str]:
        return ids(reading.Rows(estate, "vpc", contains=text))

    assert found("PROD-0") == ["v0", "v6", "v9"]
    assert found("V1") == ["v1", "v10", "v11"]
    assert found("STRASSE") == ["v0"]
    assert found("es") == ["v3"]


@pytest.mark.parametrize("cursor", ["v0", "-1", "", "1.5", "²"])
def test_a_cursor_that_is_none_is_refused(estate: Inventory, cursor: str) -> None:
    with pytest.raises(ConfigError, match="expected the cursor of a page before"):
        reading.Rows(estate, "vpc", after=cursor)
    assert ids(reading.Rows(estate, "vpc", after="9" * 30)) == []
