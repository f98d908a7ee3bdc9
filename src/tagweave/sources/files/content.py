"""Files as bytes: a single file, a folder tree, an archive; compressed or not."""

import lzma
import mmap
import os
import tarfile
import zipfile
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO, Final, NamedTuple

GZIP: Final = b"\x1f\x8b"
_CHUNK: Final = 1 << 20
_BROKEN: Final = (tarfile.TarError, zipfile.BadZipFile, lzma.LZMAError, zlib.error, EOFError, OSError)
_ARCHIVES: Final = (".tar", ".tar.gz", ".tgz", ".tar.bz2", ".tar.xz", ".zip")


class Content(NamedTuple):
    """A file by name; `error` says why its data could not be read.

    A map is let go with the last object that was decoded from it.
    """

    name: str
    data: bytes | mmap.mmap
    error: str = ""


def walk(path: str) -> Iterator[Content]:
    """Every file at a path, folders and archives unpacked, in order of their names.

    Raises OSError where the path itself cannot be read; what cannot be read below it is told by its content.
    """
    root = Path(path)
    if not root.is_dir():
        with root.open("rb"):
            pass
        yield from _file(root, root.name)
        return
    for folder, folders, files in os.walk(root):
        folders[:] = sorted(f for f in folders if not f.startswith("."))
        for file in sorted(f for f in files if not f.startswith(".")):
            found = Path(folder) / file
            name = str(found.relative_to(root))
            try:
                yield from _file(found, name)
            except OSError as error:
                yield Content(name, b"", f"cannot be read: {error.strerror or error}")


def _file(path: Path, name: str) -> Iterator[Content]:
    if path.name.endswith(_ARCHIVES):
        yield from _archive(path, name)
        return
    if not path.stat().st_size:
        yield Content(name, b"")
        return
    with path.open("rb") as file:
        data = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
    yield _unzipped(name, data[:]) if data[:2] == GZIP else Content(name, data)


def _archive(path: Path, name: str) -> Iterator[Content]:
    with path.open("rb") as file:
        try:
            yield from _zip(file, name) if path.suffix == ".zip" else _tar(file, name)
        except _BROKEN as error:
            yield Content(name, b"", f"the archive is broken: {error}; what stood before the break was read")


def _tar(file: BinaryIO, name: str) -> Iterator[Content]:
    with tarfile.open(fileobj=file) as archive:
        for member in archive:
            data = archive.extractfile(member) if member.isfile() else None
            if data is not None and not _hidden(member.name):
                yield _plain(f"{name}:{member.name}", data.read())
        unpacked = archive.fileobj
        assert unpacked is not None
        unpacked.seek(archive.offset)  # tarfile takes a header that it cannot read for the end
        if unpacked.read(tarfile.BLOCKSIZE) != b"\0" * tarfile.BLOCKSIZE:
            raise tarfile.ReadError("it has no end, or a member without a header")
        while unpacked.read(_CHUNK):  # to its checksum
            pass


def _zip(file: BinaryIO, name: str) -> Iterator[Content]:
    with zipfile.ZipFile(file) as archive:
        for member in sorted(archive.namelist()):
            if member.endswith("/") or _hidden(member):
                continue
            try:
                yield _plain(f"{name}:{member}", archive.read(member))
            except (RuntimeError, NotImplementedError) as error:  # encrypted, or compressed by an unknown method
                yield Content(f"{name}:{member}", b"", f"cannot be unpacked: {error}")


def _hidden(name: str) -> bool:
    return Path(name).name.startswith(".")


def _plain(name: str, data: bytes) -> Content:
    return _unzipped(name, data) if data[:2] == GZIP else Content(name, data)


def _unzipped(name: str, data: bytes) -> Content:
    """Unpacked as far as it goes, all its members."""
    out: list[bytes] = []
    while data[:2] == GZIP:
        unpacker = zlib.decompressobj(zlib.MAX_WBITS | 16)
        try:
            out.append(unpacker.decompress(data))
        except zlib.error as error:
            return Content(name, b"".join(out), f"the gzip data are broken: {error}")
        if not unpacker.eof:
            return Content(name, b"".join(out), "the gzip data end too early")
        data = unpacker.unused_data
    return Content(name, b"".join(out))
