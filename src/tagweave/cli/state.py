"""What most commands start from: the configuration, the inventory, the tag index."""

import os
from contextlib import closing
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final

import typer

from tagweave import config
from tagweave.errors import ConfigError, StoreError
from tagweave.model.times import parse_time

if TYPE_CHECKING:
    from tagweave.inventory import Inventory
    from tagweave.tags import TagIndex

DATABASE: Final = "inventory.db"
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

    def index(self) -> "TagIndex":
        """The tag index over the whole inventory."""
        with closing(self.inventory()) as inventory:
            return self.index_of(inventory)

    def index_of(self, inventory: "Inventory") -> "TagIndex":
        """The tag index over the whole of an inventory that is open."""
        from tagweave.tags import TagIndex  # noqa: PLC0415 - `--help` does without NumPy

        return TagIndex.build(inventory.versions(), self.config.settings.groups, self.config.accounts())

    def keep_kernels(self) -> None:
        """Keep compiled code in the data folder, unless $NUMBA_CACHE_DIR says where. Ask before numba is loaded."""
        folder = config.data_dir(self._data_dir) / KERNELS
        os.environ.setdefault("NUMBA_CACHE_DIR", str(folder.absolute()))


def moment(text: str | None) -> datetime | None:
    """The time of a `--at`. Raises ConfigError for what is no RFC 3339 time with a zone."""
    if text is None:
        return None
    try:
        return parse_time(text)
    except ValueError as error:
        raise ConfigError(f"--at {text}: {error}; expected RFC 3339, such as 2026-01-31T14:05:00Z") from None
