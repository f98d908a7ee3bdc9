"""Read versions: the query, and the short way from a row to a Version."""

from collections.abc import Iterable, Iterator
from typing import Any, Final

import msgspec
from sqlalchemy import Connection, Select, and_, or_, select, tuple_

from tagweave.inventory import schema
from tagweave.inventory.bulk import AT_ONCE, chunks
from tagweave.inventory.history import Version, last_seen
from tagweave.model import AnyResource
from tagweave.model.times import FOREVER

_AT_A_TIME: Final = 10_000
"""How many rows are in memory at a time."""

_decode = msgspec.json.Decoder(AnyResource).decode

_V, _R, _S = schema.version.c, schema.resource.c, schema.scope.c

Key = tuple[int, int]
"""(rid, valid_from): which version."""

_ALL: Final = (
    select(
        _V.resource_id, _V.body, _V.valid_from, _V.valid_to, _V.seen_until, _V.learned_at, _V.ended_learned_at,
        _V.part, _S.last_success,
    )
    .join(schema.resource, _R.id == _V.resource_id)
    .outerjoin(schema.scope, and_(_S.source == _R.source, _S.kind == _R.kind, _S.part == _V.part))
)  # fmt: skip


def read(
    connection: Connection,
    kinds: Iterable[str] | None = None,
    at: int | None = None,
    source: str | None = None,
    rids: Iterable[int] | None = None,
    known_at: int | None = None,
) -> Iterator[Version]:
    """Versions in ascending order of (rid, valid_from); times in ns. See `Inventory.versions`."""
    query = _ALL.order_by(_V.resource_id, _V.valid_from)
    if kinds is not None:
        query = query.where(_R.kind.in_(list(kinds)))
    if source is not None:
        query = query.where(_R.source == source)
    if known_at is not None:
        query = query.where(_V.learned_at <= known_at)
    if at is not None:
        after = _V.valid_to > at
        query = query.where(_V.valid_from <= at)
        query = query.where(after if known_at is None else or_(after, _V.ended_learned_at > known_at))
    if rids is None:
        yield from _versions(connection, query, known_at)
        return
    for some in chunks(sorted(set(rids))):
        yield from _versions(connection, query.where(_V.resource_id.in_(some)), known_at)


def by_key(connection: Connection, keys: Iterable[Key]) -> dict[Key, Version]:
    """The versions of some keys; those that are not kept are not in it."""
    out: dict[Key, Version] = {}
    for some in chunks(sorted(set(keys)), AT_ONCE // 2):
        rids = sorted({rid for rid, _ in some})  # SQLite finds by an index no pairs, but these
        query = _ALL.where(_V.resource_id.in_(rids), tuple_(_V.resource_id, _V.valid_from).in_(some))
        out.update(((v.rid, v.valid_from), v) for v in _versions(connection, query, None))
    return out


def bodies(
    connection: Connection, kind: str, at: int | None, source: str | None, native: str | None, after: int
) -> Iterator[tuple[int, bytes]]:
    """(rid, body) of the resources of a kind that were at a time, now where it is None, in ascending order of rid.

    `native` is the native id of the one that is sought; those up to the id `after` are passed over.
    """
    query = select(_R.id, _V.body).where(_R.kind == kind, _R.id > after).order_by(_R.id)
    if at is None:
        query = query.join(schema.version, and_(_V.resource_id == _R.id, _V.valid_from == _R.valid_from))
    else:
        query = query.join(schema.version, and_(_V.resource_id == _R.id, _V.valid_from <= at, _V.valid_to > at))
    if source is not None:
        query = query.where(_R.source == source)
    if native is not None:
        query = query.where(_R.native_id == native)
    with connection.execute(query, execution_options={"yield_per": 1000}) as rows:
        yield from (tuple(row) for row in rows)


def _versions(connection: Connection, query: Select[Any], known_at: int | None) -> Iterator[Version]:
    with connection.execute(query, execution_options={"yield_per": _AT_A_TIME}) as rows:
        for rid, body, start, end, seen, learned, ended, part, success in rows:
            until = seen if seen is not None else last_seen(start, success)
            if known_at is None:
                yield Version(rid, _decode(body), start, end, until, learned, part)
            else:
                then = end if ended is None or ended <= known_at else FOREVER
                yield Version(rid, _decode(body), start, then, max(start, min(until, known_at)), learned, part)
