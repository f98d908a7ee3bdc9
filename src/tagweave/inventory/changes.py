"""The log of changes: a numbered row for each batch that changed something, written with it.

A row names versions and does not hold them: they are in the history already, and the log stays small beside it.
"""

from collections.abc import Iterator
from typing import Any, Final

import msgspec
from sqlalchemy import Connection, Engine, delete, func, select

from tagweave.errors import Forgotten
from tagweave.inventory import schema, versions
from tagweave.inventory.bulk import insert_rows
from tagweave.inventory.counters import count_up, counted
from tagweave.inventory.history import ChangeSet, Version
from tagweave.inventory.versions import Key
from tagweave.model import Scope

_PAGE: Final = 500
"""How many rows are read at a time."""
_VERSIONS: Final = 10_000
"""How many versions of theirs are in memory at a time, but for a row that has more."""

_C = schema.change.c


class Entry(msgspec.Struct, frozen=True, omit_defaults=True):
    """A row's body: a ChangeSet with the keys of its versions in their place."""

    scope: Scope
    observed_at: int
    opened: tuple[Key, ...] = ()
    closed: tuple[Key, ...] = ()
    moved: tuple[Key, ...] = ()
    undone: tuple[Key, ...] = ()
    unchanged: int = 0
    held: int = 0
    error: str = ""
    success: int | None = None
    first_success: int | None = None

    def size(self) -> int:
        """How many versions it names."""
        return len(self.opened) + len(self.closed) + len(self.moved)


_encode = msgspec.json.Encoder().encode
_decode = msgspec.json.Decoder(Entry).decode


def append(connection: Connection, changes: ChangeSet, learned_at: int) -> int:
    """Write a row; its number."""
    number = count_up(connection, "change") + 1
    entry = Entry(
        changes.scope,
        changes.observed_at,
        _keys(changes.opened),
        _keys(changes.closed),
        _keys(changes.moved),
        changes.undone,
        changes.unchanged,
        changes.held,
        changes.error,
        changes.success,
        changes.first_success,
    )
    insert_rows(connection, schema.change, [(number, learned_at, _encode(entry))])
    return number


def kept_from(connection: Connection) -> int:
    """The number of the oldest row that is kept; of the next one to be written where none is."""
    oldest = connection.execute(select(func.min(_C.number))).scalar()
    return oldest if oldest is not None else counted(connection, "change") + 1


def check(connection: Connection, after: int) -> None:
    """Raise Forgotten where the changes after a number are not all kept, or the number was never given."""
    oldest, last = kept_from(connection), counted(connection, "change")
    if after < oldest - 1:
        raise Forgotten(
            f"changes {after + 1:,} to {oldest - 1:,} are not kept any more: "
            f"derive anew from all versions, and follow the changes after {last:,}"
        )
    if after > last:
        raise Forgotten(
            f"there is no change {after:,}, the last is {last:,}: the store is not the one that was followed; "
            f"derive anew from all versions, and follow the changes after {last:,}"
        )


def read(engine: Engine, after: int, limit: int | None) -> Iterator[ChangeSet]:
    """The changes after a number, in order. Each page is read in a transaction of its own."""
    left = limit
    while left is None or left > 0:
        size = _PAGE if left is None else min(_PAGE, left)
        with engine.connect() as connection:
            check(connection, after)
            query = select(_C.number, _C.body).where(_C.number > after).order_by(_C.number).limit(size)
            page = [(number, _decode(body)) for number, body in connection.execute(query)]
            if page and page[0][0] != after + 1:
                check(connection, after)  # they were forgotten between the two
            for some in _portions(page):
                yield from _joined(connection, some)
        if len(page) < size:
            return
        after, left = page[-1][0], None if left is None else left - size


def forget(connection: Connection, before: int, most: int) -> int:
    """Drop up to `most` of the oldest rows that were written before a time in ns; how many."""
    query = select(_C.number, _C.learned_at).order_by(_C.number).limit(most)
    gone = 0
    for number, learned_at in connection.execute(query):
        if learned_at >= before:
            break
        gone = number
    return connection.execute(delete(schema.change).where(_C.number <= gone)).rowcount if gone else 0


def _keys(found: tuple[Version, ...]) -> tuple[Key, ...]:
    return tuple((v.rid, v.valid_from) for v in found)


def _portions(page: list[tuple[int, Entry]]) -> Iterator[list[tuple[int, Entry]]]:
    """A page in runs of rows that do not name too many versions."""
    run: list[tuple[int, Entry]] = []
    size = 0
    for row in page:
        run.append(row)
        size += row[1].size()
        if size >= _VERSIONS:
            yield run
            run, size = [], 0
    if run:
        yield run


def _joined(connection: Connection, some: list[tuple[int, Entry]]) -> Iterator[ChangeSet]:
    """Rows with the versions that they name, as they are known now."""
    named = (key for _, entry in some for key in (*entry.opened, *entry.closed, *entry.moved))
    known = versions.by_key(connection, named)

    def found(keys: tuple[Key, ...]) -> tuple[Version, ...]:
        return tuple(known[key] for key in keys if key in known)

    for number, entry in some:
        fields: dict[str, Any] = msgspec.structs.asdict(entry)
        for name in ("opened", "closed", "moved"):
            fields[name] = found(fields[name])
        yield ChangeSet(**fields, number=number)
