"""Open the inventory's database: SQLite (WAL) or PostgreSQL by URL, migrated to the tables of this version."""

from pathlib import Path
from typing import Any, Final

from sqlalchemy import Connection, Engine, create_engine, event, inspect, make_url, text
from sqlalchemy.exc import ArgumentError, DBAPIError, NoSuchModuleError

from tagweave.errors import StoreError

HEAD: Final = "0003"
"""The newest migration."""

_SHOWN: Final = ("host", "port")
"""What is told of a URL's query, which may hold a password too."""

_WRITER_LOCK: Final = 0x7A67_7765
"""The key of PostgreSQL's advisory lock: one writer at a time, so that ids and history stay right."""


def open_database(url: str) -> Engine:
    """An engine on the database, migrated. Raises StoreError, without the URL's password."""
    try:
        made = make_url(url)
    except (ArgumentError, ValueError):  # the URL stays untold, with whatever password it has
        raise StoreError(
            "store is no database URL: write sqlite:///path or postgresql://user:password@host/db"
        ) from None
    if made.host is not None and "@" in f"{made.host}{made.database}":
        raise StoreError("store has an @ behind its host: in a password write %40 for @, %2F for /, %3A for :")
    kept = {name: value for name, value in made.query.items() if name in _SHOWN}
    shown = made.set(query=kept).render_as_string(hide_password=True)
    if made.get_backend_name() not in {"sqlite", "postgresql"}:
        raise StoreError(f"store {shown}: Tagweave keeps its inventory in sqlite or postgresql")
    if made.drivername == "postgresql":
        made = made.set(drivername="postgresql+psycopg")
    if made.get_backend_name() == "sqlite" and made.database:
        Path(made.database).parent.mkdir(parents=True, exist_ok=True)
    try:
        engine = create_engine(made, hide_parameters=True)
        if made.get_backend_name() == "sqlite":
            event.listen(engine, "connect", _prepare_sqlite)
            event.listen(engine, "begin", _begin_sqlite)
        with engine.connect() as connection:
            _migrate(connection, shown)
    except (ModuleNotFoundError, NoSuchModuleError) as error:
        raise StoreError(f"cannot open store {shown}: {error}; pip install 'tagweave[postgresql]'") from error
    except DBAPIError as error:
        raise StoreError(f"cannot open store {shown}: {' '.join(str(error.orig).split())}") from error
    return engine


def lock_for_writing(connection: Connection) -> None:
    """Wait until no other process writes; the transaction that is open then holds the lock."""
    if connection.dialect.name == "postgresql":
        connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _WRITER_LOCK})
    else:
        connection.exec_driver_sql("COMMIT")
        connection.exec_driver_sql("BEGIN IMMEDIATE")


def _prepare_sqlite(connection: Any, _record: object) -> None:  # noqa: ANN401 - the driver's own
    connection.isolation_level = None  # sqlite3 leaves BEGIN to us
    for pragma in ("journal_mode = WAL", "synchronous = NORMAL", "busy_timeout = 60000"):
        connection.execute(f"PRAGMA {pragma}")


def _begin_sqlite(connection: Connection) -> None:
    connection.exec_driver_sql("BEGIN")


def _migrate(connection: Connection, shown: str) -> None:
    found = None
    if inspect(connection).has_table("alembic_version"):
        found = connection.execute(text("SELECT version_num FROM alembic_version")).scalar()
    if found == HEAD:
        return
    if found is not None and found > HEAD:
        raise StoreError(
            f"store {shown} has tables of version {found}, this Tagweave knows up to {HEAD}: "
            "use the Tagweave that wrote it, or a newer one"
        )
    from alembic import command  # noqa: PLC0415 - a database that is up to date does without
    from alembic.config import Config  # noqa: PLC0415

    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent / "migrations"))
    config.attributes["connection"] = connection
    lock_for_writing(connection)
    command.upgrade(config, "head")
    connection.commit()
