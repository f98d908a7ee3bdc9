"""A log of changes, strangers, when a scope was first known, and when the end of a version was learned."""

from collections.abc import Iterator
from datetime import datetime
from typing import Final

import msgspec
import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"

_FOREVER: Final = 2**63 - 1
_RESOURCE = sa.table("resource", sa.column("id"), sa.column("part"))
_VERSION = sa.table(
    "version", *(sa.column(name) for name in ("resource_id", "valid_to", "ended_learned_at", "part"))
)  # fmt: skip
_ALIVE = sa.text("fingerprint IS NOT NULL")

_Key = tuple[str, str, str]


class _Created(msgspec.Struct, gc=False):
    created_at: datetime | None = None


def upgrade() -> None:
    """Make the tables and columns, and fill in what old rows can tell."""
    op.create_table(
        "change",
        sa.Column("number", sa.BigInteger, primary_key=True, autoincrement=False),
        sa.Column("learned_at", sa.BigInteger, nullable=False),
        sa.Column("body", sa.LargeBinary, nullable=False),
    )
    op.create_table(
        "stranger",
        sa.Column("id", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("source", sa.Text, nullable=False),
        sa.Column("kind", sa.Text, nullable=False),
        sa.Column("native_id", sa.Text, nullable=False),
        sa.Column("name", sa.Text, nullable=False),
    )
    op.create_index("stranger_identity", "stranger", ["source", "kind", "native_id", "name"], unique=True)
    op.create_index("resource_kind", "resource", ["kind", "id"])
    op.create_index(
        "resource_part", "resource", ["source", "kind", "part"], sqlite_where=_ALIVE, postgresql_where=_ALIVE
    )
    op.execute("UPDATE counter SET name = 'change' WHERE name = 'revision'")
    op.execute("DELETE FROM version WHERE valid_to <= valid_from")  # what lasted no time is not stored any more
    op.add_column("version", sa.Column("ended_learned_at", sa.BigInteger))
    op.add_column("version", sa.Column("part", sa.Text, nullable=False, server_default=""))
    ended = sa.case((_VERSION.c.valid_to < _FOREVER, _VERSION.c.valid_to))
    part = sa.select(_RESOURCE.c.part).where(_RESOURCE.c.id == _VERSION.c.resource_id).scalar_subquery()
    op.execute(_VERSION.update().values(ended_learned_at=ended, part=part))
    op.add_column("scope", sa.Column("first_success", sa.BigInteger))
    _fill_first_success()


def _fill_first_success() -> None:
    """The start of the oldest version that does not tell its creation: it was observed then, and nothing before."""
    connection = op.get_bind()
    observed: dict[_Key, int] = {}
    learned: dict[_Key, int] = {}
    for key, start, learned_at, created_at in _versions(connection):
        learned[key] = min(learned_at, learned.get(key, learned_at))
        if created_at is None:
            observed[key] = min(start, observed.get(key, start))
    scopes = sa.text("SELECT source, kind, part, last_success FROM scope WHERE last_success IS NOT NULL")
    set_first = sa.text(
        "UPDATE scope SET first_success = :first WHERE source = :source AND kind = :kind AND part = :part"
    )
    for source, kind, part, success in connection.execute(scopes).all():
        key = source, kind, part
        first = min(observed.get(key, learned.get(key, success)), success)
        connection.execute(set_first, {"first": first, "source": source, "kind": kind, "part": part})


def _versions(connection: sa.Connection) -> Iterator[tuple[_Key, int, int, datetime | None]]:
    decode = msgspec.json.Decoder(_Created).decode
    query = sa.text(
        "SELECT r.source, r.kind, r.part, v.valid_from, v.learned_at, v.body "
        "FROM version v JOIN resource r ON r.id = v.resource_id"
    )
    with connection.execute(query, execution_options={"yield_per": 10_000}) as rows:
        for source, kind, part, start, learned_at, body in rows:
            yield (source, kind, part), start, learned_at, decode(body).created_at
