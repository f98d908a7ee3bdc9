"""The folder of a tag index: which files it is made of, who may write, and how a new revision appears at once.

    index/
      manifest.json        names all others; replaced by one rename
      writer.lock          held by the process that writes, free as soon as that is gone
      000017.segment  …    segments, and the networks of a revision

A reader opens what the manifest names and never locks. A writer adds files, then publishes a manifest that names
them. Whenever it is killed, the manifest names whole files: those of the revision before or of the new one.
"""

import contextlib
import fcntl
import os
import socket
import sys
import zlib
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any, Final

import msgspec

from tagweave.errors import BrokenIndex, WriterRunning
from tagweave.index.segment import Written
from tagweave.model.batches import Scope

MANIFEST: Final = "manifest.json"
LOCK: Final = "writer.lock"
FORMAT: Final = 1


class SegmentEntry(msgspec.Struct, frozen=True):
    """A file of the index: its name in the folder, its size, how many keys it has, and its checksum."""

    file: str
    bytes: int
    keys: int
    checksum: int

    @classmethod
    def of(cls, path: Path, written: Written, keys: int = 0) -> "SegmentEntry":
        """The entry of a file that was written."""
        return cls(path.name, written.bytes, keys, written.checksum)


class ScopeSeen(msgspec.Struct, frozen=True):
    """When a scope was last listed, in ns: what is open in it was seen until then."""

    source: str
    kind: str
    part: str
    last_success: int

    @property
    def scope(self) -> Scope:
        """The scope."""
        return Scope(self.source, self.kind, self.part)


class Manifest(msgspec.Struct, frozen=True):
    """What an index is made of at one revision.

    `number` is that of the inventory's last change that is in it; `written_at` RFC 3339; `segments` the newest
    first; `scopes` in an order to which is only ever added; `accounts` the provider and account of sources; `groups`
    the custom groups of tags; `waiting` is the writer's own: what it decides again when a scope is seen again.
    """

    revision: int
    number: int
    written_at: str
    segments: tuple[SegmentEntry, ...]
    networks: SegmentEntry
    scopes: tuple[ScopeSeen, ...] = ()
    accounts: dict[str, tuple[str, str]] = {}
    groups: dict[str, tuple[str, ...]] = {}
    waiting: dict[str, list[tuple[int | str, str]]] = {}
    format: int = FORMAT

    def files(self) -> set[str]:
        """The names of its files."""
        return {self.networks.file, *(entry.file for entry in self.segments)}


class _File(msgspec.Struct):
    checksum: int
    manifest: msgspec.Raw


class _Format(msgspec.Struct):
    format: int


class Folder:
    """A folder that holds a tag index, or will."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def file(self, name: str) -> Path:
        """The path of one of its files."""
        return self.path / name

    def read(self) -> Manifest | None:
        """The manifest; None where there is no index yet.

        Raises BrokenIndex where it is damaged, or of another format.
        """
        try:
            content = self.file(MANIFEST).read_bytes()
        except (FileNotFoundError, NotADirectoryError):
            return None
        try:
            file = msgspec.json.decode(content, type=_File)
            version = msgspec.json.decode(file.manifest, type=_Format).format
        except msgspec.MsgspecError as error:
            raise self._broken(f"cannot be read ({error})") from error
        if version != FORMAT:
            raise self._broken(f"is of format {version}; this version of Tagweave reads format {FORMAT}")
        if zlib.crc32(file.manifest) != file.checksum:
            raise self._broken("is damaged: it is not what was written")
        try:
            return msgspec.json.decode(file.manifest, type=Manifest)
        except msgspec.MsgspecError as error:
            raise self._broken(f"cannot be read ({error})") from error

    def _broken(self, why: str) -> BrokenIndex:
        return BrokenIndex(f"{self.file(MANIFEST)} {why}; make the index again: tagweave index rebuild")

    # ---- writing

    @contextlib.contextmanager
    def lock(self) -> Iterator[None]:
        """Be the one writer for as long as the context lasts. Raises WriterRunning, which names the other one."""
        self.path.mkdir(parents=True, exist_ok=True)
        descriptor = os.open(self.file(LOCK), os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
        try:
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)  # the system lets go of it with the process
            except BlockingIOError as error:
                raise WriterRunning(f"{self.path} is being written to by {self._holder()}") from error
            os.ftruncate(descriptor, 0)
            os.pwrite(descriptor, msgspec.json.encode(_me()), 0)
            yield
        finally:
            os.close(descriptor)

    def _holder(self) -> str:
        try:
            found = msgspec.json.decode(self.file(LOCK).read_bytes(), type=dict[str, Any])
        except (OSError, msgspec.MsgspecError):
            return "another process"
        return f"process {found.get('pid')} on {found.get('host')}: {found.get('command')}"

    def publish(self, manifest: Manifest) -> None:
        """Make a manifest the index, whose files have been written; then remove the files that nobody names.

        Those of the manifest before stay one more time: a reader may have read that one and not yet opened them.
        What a reader has mapped stays readable for as long as it holds it.
        """
        before = self._known()
        body = msgspec.json.encode(manifest)
        content = msgspec.json.encode(_File(zlib.crc32(body), msgspec.Raw(body)))
        part = self.file(f"{MANIFEST}.part")
        self._sync_folder()  # the names of the new files, before anything names them
        with part.open("wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        part.rename(self.file(MANIFEST))
        self._sync_folder()
        self.clean({*manifest.files(), *before})

    def clean(self, keep: Iterable[str]) -> None:
        """Remove segments and unfinished files, but for some."""
        kept = {*keep}
        for path in self.path.iterdir():
            if path.name not in kept and path.suffix in {".segment", ".part"}:
                path.unlink(missing_ok=True)

    def new_name(self) -> str:
        """A name that no file of the folder has, nor had since the last manifest was written."""
        taken = [int(path.name.partition(".")[0]) for path in self.path.glob("[0-9]*.segment*")]
        named = [int(name.partition(".")[0]) for name in self._known()]
        return f"{max([0, *taken, *named]) + 1:08}.segment"

    def _known(self) -> set[str]:
        try:
            manifest = self.read()
        except BrokenIndex:
            return set()
        return manifest.files() if manifest else set()

    def _sync_folder(self) -> None:
        descriptor = os.open(self.path, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)


def _me() -> dict[str, Any]:
    return {"pid": os.getpid(), "host": socket.gethostname(), "command": " ".join(sys.argv)[:200]}
