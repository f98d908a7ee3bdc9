"""Counters of the store, that only ever go up."""

from typing import Final, Literal

from sqlalchemy import Connection, bindparam, insert, select, update

from tagweave.errors import StoreError
from tagweave.inventory.schema import counter

MOST_IDS: Final = 2**31 - 2
"""Ids are 32 bits with a sign, and the greatest such number is nobody's."""

Name = Literal["resource", "change"]

_READ: Final = select(counter.c.value).where(counter.c.name == bindparam("counted"))
_SET: Final = update(counter).where(counter.c.name == bindparam("counted")).values(value=bindparam("upto"))


def counted(connection: Connection, name: Name) -> int:
    """How far a counter is."""
    return connection.execute(_READ, {"counted": name}).scalar() or 0


def count_up(connection: Connection, name: Name, by: int = 1) -> int:
    """Raise a counter; what it was before. The caller holds the writer's lock."""
    before = counted(connection, name)
    done = connection.execute(_SET, {"counted": name, "upto": before + by})
    if not done.rowcount:
        connection.execute(insert(counter).values(name=name, value=by))
    return before


def new_ids(connection: Connection, count: int) -> range:
    """Ids that nobody ever had. Raises StoreError where there are none left."""
    if not count:
        return range(0)
    first = count_up(connection, "resource", count) + 1
    if first + count - 1 > MOST_IDS:
        raise StoreError(f"the inventory has given out all of its {MOST_IDS:,} ids")
    return range(first, first + count)
