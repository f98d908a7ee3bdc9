"""What most commands start from: the configuration, the inventory, the tag index."""

import os
import tempfile
from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final

import typer

from tagweave import config
from tagweave.cli.output import say
from tagweave.errors import BrokenIndex, ConfigError, StoreError
from tagweave.model.times import parse_time

if TYPE_CHECKING:
    from tagweave.derive.writing import IndexWriter
    from tagweave.index.folder import Folder
    from tagweave.index.opening import TagIndex
    from tagweave.inventory import Inventory

DATABASE: Final = "inventory.db"
INDEX: Final = "index"
"""The folder in the data folder where the tag index is kept."""
KERNELS: Final = "numba"
"""The folder in the data folder where compiled code is kept."""

ConfigOption = Annotated[
    str | None, typer.Option("--config", metavar="FILE", help="The configuration; else $TAGWEAVE_CONFIG.")
]
DataOption = Annotated[
    str | None,
    typer.Option("--data-dir", metavar="DIR", help="Where state is kept; else $TAGWEAVE_DATA_DIR."),
]


class State:
    """Opens things at their first use. Options of a command win over those before it."""

    def __init__(self, config_file: str | None, data_dir: str | None) -> None:
        self._config_file = config_file
        self._data_dir = data_dir
        self._config: config.Config | None = None

    def also(self, config_file: str | None, data_dir: str | None) -> "State":
        """The same with the options of a command."""
        return State(config_file or self._config_file, data_dir or self._data_dir)

    @property
    def config(self) -> config.Config:
        """The configuration. Raises ConfigError."""
        if self._config is None:
            self._config = config.load(config.find(self._config_file))
        return self._config

    def inventory(self, *, create: bool = False) -> "Inventory":
        """The inventory. Raises StoreError where nothing was synced yet, unless it may be made."""
        from tagweave.inventory import Inventory  # noqa: PLC0415 - `--help` does without a database

        url = self.config.settings.store or f"sqlite:///{config.data_dir(self._data_dir) / DATABASE}"
        if url.startswith("sqlite:///"):
            path = Path(url.removeprefix("sqlite:///"))
            if not path.is_absolute():
                path = self.config.path.parent / path if self.config.settings.store else Path.cwd() / path
                url = f"sqlite:///{path}"
            if not create and not path.exists():
                raise StoreError(f"nothing is known yet: there is no {path}; run `tagweave sync` first")
        return Inventory.open(url)

    def folder(self) -> "Folder":
        """Where the tag index is kept."""
        from tagweave.index.folder import Folder  # noqa: PLC0415 - `--help` does without NumPy

        return Folder(config.data_dir(self._data_dir) / INDEX)

    def index(self) -> "TagIndex":
        """The tag index, as it was last published; made anew where there is none that can be read.

        Raises StoreError where nothing was synced yet.
        """
        try:
            return self._opened()
        except BrokenIndex as error:
            with closing(self.inventory()) as inventory:
                say(f"{error}: made again")
                with self.writing(inventory) as writer:
                    writer.begin()
                    writer.close()
        return self._opened()

    @contextmanager
    def index_known_at(self, at: datetime) -> Iterator["TagIndex"]:
        """The tag index of what had been learned by a time, derived for this one question."""
        from tagweave.derive.writing import as_known  # noqa: PLC0415 - other look-ups derive nothing
        from tagweave.index.folder import Folder  # noqa: PLC0415
        from tagweave.index.opening import TagIndex  # noqa: PLC0415

        settings = self.config.settings
        with tempfile.TemporaryDirectory(prefix="tagweave-") as place, closing(self.inventory()) as inventory:
            as_known(Folder(Path(place)), inventory, at, settings.groups, self.config.accounts())
            yield TagIndex.open(place, settings.groups, self.config.accounts())

    def _opened(self) -> "TagIndex":
        from tagweave.index.opening import TagIndex  # noqa: PLC0415 - `--help` does without NumPy

        return TagIndex.open(self.folder().path, self.config.settings.groups, self.config.accounts())

    @contextmanager
    def writing(self, inventory: "Inventory") -> Iterator["IndexWriter"]:
        """The one writer of the index. Raises WriterRunning where another process is that."""
        from tagweave.derive.writing import IndexWriter  # noqa: PLC0415 - look-ups derive nothing

        folder = self.folder()
        with folder.lock():
            yield IndexWriter(folder, inventory, self.config.settings.groups, self.config.accounts())

    def keep_kernels(self) -> None:
        """Keep compiled code in the data folder, unless $NUMBA_CACHE_DIR says where. Ask before numba is loaded."""
        folder = config.data_dir(self._data_dir) / KERNELS
        os.environ.setdefault("NUMBA_CACHE_DIR", str(folder.absolute()))


def moment(text: str | None, option: str = "--at") -> datetime | None:
    """The time of an option. Raises ConfigError for what is no RFC 3339 time with a zone."""
    if text is None:
        return None
    try:
        return parse_time(text)
    except ValueError as error:
        raise ConfigError(f"{option} {text}: {error}; expected RFC 3339, such as 2026-01-31T14:05:00Z") from None
