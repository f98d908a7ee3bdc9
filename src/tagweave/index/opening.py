"""The tag index: a folder of segments, opened for reading.

    index = TagIndex.open(Path("index"))
    index.lookup("10.3.7.12", at=datetime(2026, 1, 31, 14, 5, tzinfo=UTC))
    index.refresh()   # whatever the writer has published since

Whoever reads takes the view that counts now and keeps it until it is done; `refresh` puts another one in its place
by one assignment. So nobody waits, and no answer is half of one revision and half of the next.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec
import numpy as np

from tagweave.errors import BrokenIndex
from tagweave.index.columns import I32, I64
from tagweave.index.find import Endpoints, Found, find, network_ids
from tagweave.index.folder import Folder
from tagweave.index.view import View, open_view

if TYPE_CHECKING:
    import pyarrow as pa

    from tagweave.index.answers import Answer, Holding


class TagIndex:
    """Everything that tags are looked up in. Safe to use from several threads."""

    def __init__(self, view: View, folder: Folder | None = None) -> None:
        """An index of a view; without a folder it has that one for ever."""
        self.view = view
        self._folder = folder
        self._opened = view
        self._groups: Mapping[str, Sequence[str]] | None = None
        self._accounts: Mapping[str, tuple[str, str]] | None = None

    @classmethod
    def open(
        cls,
        folder: Path | str,
        groups: Mapping[str, Sequence[str]] | None = None,
        accounts: Mapping[str, tuple[str, str]] | None = None,
    ) -> "TagIndex":
        """Open a folder; nothing but its manifest and the directories of its files is read.

        `groups` (the custom groups of tags) and `accounts` (the provider and account of sources) are the writer's,
        where they are not given.

        Raises BrokenIndex where there is no index in it, or one that cannot be read.
        """
        place = Folder(Path(folder))
        opened = open_view(place)
        if opened is None:
            raise BrokenIndex(
                f"there is no tag index in {place.path}: `tagweave sync` or `tagweave index rebuild` makes one"
            )
        index = cls(opened, place)
        index._groups, index._accounts = groups, accounts
        index.view = index._as_told(opened)
        return index

    def refresh(self) -> bool:
        """Take the newest revision, where there is a newer one than that at hand; whether there was.

        Raises BrokenIndex where it cannot be read; what was at hand stays.
        """
        if self._folder is None:
            return False
        newest = open_view(self._folder, self._opened)
        if newest is None or newest is self._opened:
            return False
        self._opened = newest
        self.view = self._as_told(newest)
        return True

    def _as_told(self, opened: View) -> View:
        """A view with the groups and accounts that the reader has of its own."""
        if self._groups is None and self._accounts is None:
            return opened
        manifest = opened.manifest
        if self._groups is not None:
            manifest = msgspec.structs.replace(manifest, groups={k: tuple(v) for k, v in self._groups.items()})
        if self._accounts is not None:
            manifest = msgspec.structs.replace(manifest, accounts=dict(self._accounts))
        return View(opened.segments, opened.networks, manifest)

    # ---- one key

    def lookup(
        self,
        key: str,
        *,
        network: str | None = None,
        at: datetime | None = None,
        port: int | None = None,
        protocol: str = "tcp",
        names: str = "otel",
    ) -> "Answer":
        """What a key was at a time: see `answers.lookup`."""
        from tagweave.index.answers import lookup  # noqa: PLC0415 - a batch does without

        return lookup(self.view, key, network=network, at=at, port=port, protocol=protocol, names=names)

    def history(self, key: str, *, network: str | None = None) -> "list[Holding]":
        """Who held a key, when: see `answers.history`."""
        from tagweave.index.answers import history  # noqa: PLC0415 - a batch does without

        return history(self.view, key, network=network)

    # ---- batches

    def find(self, ends: Endpoints, side: str) -> Found:
        """What each end is as of its time, and why where it is nothing; `side` is source, destination or empty."""
        return find(self.view, ends, side)

    def network_ids(self, names: "Sequence[str] | pa.Array", at: I64 | int) -> I32:
        """The networks that names mean, each at its time (or all at one): see `find.network_ids`."""
        moments = np.full(len(names), at, np.int64) if isinstance(at, int) else at
        found: I32 = network_ids(self.view, names, moments)
        return found
