"""Forget: drop what ended before a time, a piece at a time, so that writers never wait long."""

import time
from typing import Final

from sqlalchemy import Connection, Engine, delete, exists, select, tuple_

from tagweave.inventory import changes as log
from tagweave.inventory import schema
from tagweave.inventory.bulk import chunks
from tagweave.inventory.database import lock_for_writing

_AT_ONCE: Final = 25_000
"""How many versions, and rows of the log, go in one transaction: a fraction of a second."""
_REST: Final = 0.1
"""How long others may write in between, in seconds: as long as SQLite sleeps before it tries again."""

_V, _R = schema.version.c, schema.resource.c


def forget(engine: Engine, before: int) -> int:
    """Drop what ended, and rows of the log that were written, before a time in ns; how many versions."""
    gone = 0
    while True:
        with engine.begin() as connection:
            lock_for_writing(connection)
            versions = _versions(connection, before)
            rows = log.forget(connection, before, _AT_ONCE)
        gone += versions
        if versions < _AT_ONCE and rows < _AT_ONCE:
            return gone
        time.sleep(_REST)


def _versions(connection: Connection, before: int) -> int:
    """Drop some versions, and the resources of which none is left."""
    oldest = select(_V.resource_id, _V.valid_from).where(_V.valid_to < before).order_by(_V.valid_to).limit(_AT_ONCE)
    these = tuple_(_V.resource_id, _V.valid_from).in_(oldest)
    rids = connection.execute(delete(schema.version).where(these).returning(_V.resource_id)).scalars().all()
    left = exists().where(_V.resource_id == _R.id)
    for some in chunks(sorted(set(rids))):
        connection.execute(delete(schema.resource).where(_R.id.in_(some), ~left))
    return len(rids)
