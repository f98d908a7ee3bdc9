"""Both stores: SQLite in a file, and a PostgreSQL server of our own where it is installed."""

import os
import shutil
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tagweave.inventory import Inventory

MISSING = "PostgreSQL is not installed: apt-get install postgresql"


def _program(name: str) -> str | None:
    folders = sorted(Path("/usr/lib/postgresql").glob("*/bin"), reverse=True)
    return next((str(f / name) for f in folders if (f / name).exists()), shutil.which(name))


def _as_other_user(command: list[str]) -> list[str]:
    """PostgreSQL's server refuses to run as root."""
    return ["setpriv", "--reuid=nobody", "--regid=nogroup", "--clear-groups", *command] if os.getuid() == 0 else command


@pytest.fixture(scope="session")
def postgresql(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The URL of a server that lives as long as the test session, on a unix socket."""
    initdb, pg_ctl = _program("initdb"), _program("pg_ctl")
    if initdb is None or pg_ctl is None or shutil.which(pg_ctl) is None:
        if os.environ.get("CI"):
            pytest.fail(MISSING)
        pytest.skip(MISSING)
    folder = Path("/tmp") / f"tagweave-pg-{os.getpid()}"
    folder.mkdir(mode=0o777)
    folder.chmod(0o777)
    data = folder / "data"
    try:
        subprocess.run(
            _as_other_user([initdb, "-D", str(data), "-U", "tagweave", "-A", "trust", "-N"]),
            check=True, capture_output=True, cwd=folder,
        )  # fmt: skip
        options = f"-c listen_addresses='' -c unix_socket_directories='{folder}' -c fsync=off"
        subprocess.run(
            _as_other_user([pg_ctl, "-D", str(data), "-w", "-o", options, "-l", str(folder / "log"), "start"]),
            check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, cwd=folder,
        )  # fmt: skip
        yield f"postgresql://tagweave@/postgres?host={folder}"
    finally:
        stop = [pg_ctl, "-D", str(data), "-m", "immediate", "stop"]
        subprocess.run(_as_other_user(stop), check=False, capture_output=True, cwd=folder)
        shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(params=["sqlite", "postgresql"])
def fresh_store(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Callable[[], str]:
    """Makes the URL of a new, empty database at each call."""
    if request.param == "sqlite":
        return lambda: f"sqlite:///{tmp_path_factory.mktemp('store')}/inventory.db"
    server: str = request.getfixturevalue("postgresql")

    def new() -> str:
        import psycopg

        name = f"test_{os.urandom(6).hex()}"
        with psycopg.connect(server, autocommit=True) as connection:
            connection.execute(f"CREATE DATABASE {name}".encode())
        return server.replace("/postgres?", f"/{name}?")

    return new


@pytest.fixture
def inventory(fresh_store: Callable[[], str]) -> Iterator[Inventory]:
    opened = Inventory.open(fresh_store())
    yield opened
    opened.close()
