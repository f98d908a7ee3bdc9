"""Open the inventory's database: SQLite (WAL) or PostgreSQL by URL, migrated to the tables of this version."""

import fcntl
import os
import socket
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

from sqlalchemy import Connection, Engine, create_engine, event, inspect, make_url, text
from sqlalchemy.exc import ArgumentError, DBAPIError, NoSuchModuleError

from tagweave.errors import StoreError, WriterRunning

HEAD: Final = "0003"
"""The newest migration."""

_SHOWN: Final = ("host", "port")
"""What is told of a URL's query, which may hold a password too."""

_WRITER_LOCK: Final = 0x7A67_7765
"""The key of PostgreSQL's advisory lock: one writer at a time, so that ids and history stay right."""

_PROCESS_LOCK: Final = 0x7A67_7766
"""The key of the lock that a process holds for as long as it may write."""

_LONGEST_NAME: Final = 63
"""How long PostgreSQL lets an application's name be."""

_HOLDER: Final = text(
    "SELECT a.application_name FROM pg_locks l JOIN pg_stat_activity a ON a.pid = l.pid "
    "WHERE l.locktype = 'advisory' AND l.granted AND l.objid = :key"
)


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


@contextmanager
def one_writer(engine: Engine) -> Iterator[None]:
    """Be the one process that reads sources into this store, for as long as the context lasts.

    What holds the lock dies with its process. Raises WriterRunning, which names the other one.
    """
    with _one_of_server(engine) if engine.dialect.name == "postgresql" else _one_of_file(engine):
        yield


@contextmanager
def _one_of_server(engine: Engine) -> Iterator[None]:
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        name = f"tagweave, process {os.getpid()} on {socket.gethostname()}"
        connection.execute(text("SELECT set_config('application_name', :name, false)"), {"name": name[:_LONGEST_NAME]})
        key = {"key": _PROCESS_LOCK}
        if not connection.execute(text("SELECT pg_try_advisory_lock(:key)"), key).scalar():
            holder = connection.execute(_HOLDER, key).scalar()
            raise WriterRunning(f"the store is being written to by {holder or 'another process'}")
        try:
            yield
        finally:
            connection.execute(text("SELECT pg_advisory_unlock(:key)"), key)


@contextmanager
def _one_of_file(engine: Engine) -> Iterator[None]:
    database = engine.url.database
    if not database or database == ":memory:":
        yield
        return
    path = Path(f"{database}.writer")
    with path.open("a+") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            file.seek(0)
            raise WriterRunning(f"{database} is being written to by {file.read() or 'another process'}") from None
        file.truncate(0)
        file.write(f"process {os.getpid()} on {socket.gethostname()}: {' '.join(sys.argv)[:200]}")
        file.flush()
        yield


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
