"""Many rows at a time: whole rows in, and the ids of a query in pieces that a statement can take."""

from collections.abc import Iterator, Sequence
from typing import Any, Final, TypeVar

from sqlalchemy import Connection, Table, insert

AT_ONCE: Final = 500
"""How many ids go into one IN clause."""

_T = TypeVar("_T")


def insert_rows(connection: Connection, table: Table, rows: list[tuple[Any, ...]]) -> None:
    """Insert whole rows, their columns in the table's order, without a dictionary for each."""
    statement = insert(table).compile(dialect=connection.dialect)
    names = [column.name for column in table.columns]
    if connection.dialect.positional:
        connection.exec_driver_sql(str(statement), rows)
    else:
        connection.exec_driver_sql(str(statement), [dict(zip(names, row, strict=True)) for row in rows])


def chunks(items: Sequence[_T], size: int = AT_ONCE) -> Iterator[Sequence[_T]]:
    """The items in pieces."""
    for start in range(0, len(items), size):
        yield items[start : start + size]
