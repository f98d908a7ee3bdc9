"""The tables of the inventory, the same on SQLite and PostgreSQL. Times are ns, bodies canonical JSON."""

from sqlalchemy import BigInteger, Column, Double, Index, Integer, LargeBinary, MetaData, Table, Text, text

metadata = MetaData()

counter = Table(
    "counter",
    metadata,
    Column("name", Text, primary_key=True),
    Column("value", BigInteger, nullable=False),
)
"""`resource`: the highest id ever given to a resource or a stranger. `change`: the number of the last change."""

_ALIVE = text("fingerprint IS NOT NULL")

resource = Table(
    "resource",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=False),
    Column("source", Text, nullable=False),
    Column("kind", Text, nullable=False),
    Column("native_id", Text, nullable=False),
    Column("part", Text, nullable=False),
    Column("valid_from", BigInteger),
    Column("fingerprint", LargeBinary),
    Index("resource_identity", "source", "kind", "native_id", unique=True),
    Index("resource_kind", "kind", "id"),
    Index("resource_part", "source", "kind", "part", sqlite_where=_ALIVE, postgresql_where=_ALIVE),
)
"""Every resource that is or was; `valid_from` and `fingerprint` are those of its open version, if it has one."""

stranger = Table(
    "stranger",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=False),
    Column("source", Text, nullable=False),
    Column("kind", Text, nullable=False),
    Column("native_id", Text, nullable=False),
    Column("name", Text, nullable=False),
    Index("stranger_identity", "source", "kind", "native_id", "name", unique=True),
)
"""What is only referred to: by its native id, or where that is empty by its name."""

version = Table(
    "version",
    metadata,
    Column("resource_id", Integer, primary_key=True, autoincrement=False),
    Column("valid_from", BigInteger, primary_key=True, autoincrement=False),
    Column("valid_to", BigInteger, nullable=False),
    Column("seen_until", BigInteger),
    Column("learned_at", BigInteger, nullable=False),
    Column("body", LargeBinary, nullable=False),
    Column("ended_learned_at", BigInteger),
    Column("part", Text, nullable=False, server_default=""),
    Index("version_end", "valid_to"),
)
"""`seen_until` and `ended_learned_at` are empty while a version is open: it was seen at its scope's last success."""

scope = Table(
    "scope",
    metadata,
    Column("source", Text, primary_key=True),
    Column("kind", Text, primary_key=True),
    Column("part", Text, primary_key=True),
    Column("last_success", BigInteger),
    Column("last_attempt", BigInteger),
    Column("error", Text, nullable=False),
    Column("held", LargeBinary, nullable=False),
    Column("held_since", BigInteger),
    Column("first_success", BigInteger),
)
"""`held` is a JSON list of the native ids that the guard keeps, last seen at `held_since`."""

life = Table(
    "life",
    metadata,
    Column("source", Text, primary_key=True),
    Column("kind", Text, primary_key=True),
    Column("part", Text, primary_key=True),
    Column("last_event", BigInteger),
    Column("lag_seconds", Double),
    Column("last_bookmark", BigInteger),
    Column("list_seconds", Double),
    Column("restarts", BigInteger, nullable=False),
    Column("failures", BigInteger, nullable=False),
)
"""How each scope that is followed fares: `history.Life`."""

change = Table(
    "change",
    metadata,
    Column("number", BigInteger, primary_key=True, autoincrement=False),
    Column("learned_at", BigInteger, nullable=False),
    Column("body", LargeBinary, nullable=False),
)
"""The log: what each batch that changed something changed, `changes.Entry`. Numbers have no gaps."""
