"""Files as bytes: a single file, a folder tree, an archive; compressed or not."""

import gzip
import mmap
import os
import tarfile
import zipfile
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Final, NamedTuple

GZIP: Final = b"\x1f\x8b"
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

    Raises OSError where the path itself cannot be read.
    """
    root = Path(path)
    if root.is_dir():
        for folder, folders, files in os.walk(root):
            folders[:] = sorted(f for f in folders if not f.startswith("."))
            for name in sorted(f for f in files if not f.startswith(".")):
                yield from _file(Path(folder) / name, str((Path(folder) / name).relative_to(root)))
    else:
        yield from _file(root, root.name)


def _file(path: Path, name: str) -> Iterator[Content]:
    if path.name.endswith(_ARCHIVES):
        yield from _archive(path, name)
        return
    if not path.is_file():
        return
    if path.stat().st_size == 0:
        yield Content(name, b"")
        return
    with path.open("rb") as file:
        data = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
    yield _unzipped(name, data[:]) if data[:2] == GZIP else Content(name, data)


def _archive(path: Path, name: str) -> Iterator[Content]:
    try:
        yield from _zip(path, name) if path.suffix == ".zip" else _tar(path, name)
    except (tarfile.TarError, zipfile.BadZipFile, EOFError, zlib.error, gzip.BadGzipFile) as error:
        yield Content(name, b"", f"the archive is broken: {error}; what stood before the break was read")


def _tar(path: Path, name: str) -> Iterator[Content]:
    with tarfile.open(path) as archive:
        for member in archive:
            file = archive.extractfile(member) if member.isfile() else None
            if file is not None and not _hidden(member.name):
                yield _plain(f"{name}:{member.name}", file.read())


def _zip(path: Path, name: str) -> Iterator[Content]:
    with zipfile.ZipFile(path) as archive:
        for member in sorted(archive.namelist()):
            if not member.endswith("/") and not _hidden(member):
                yield _plain(f"{name}:{member}", archive.read(member))


def _hidden(name: str) -> bool:
    return Path(name).name.startswith(".")


def _plain(name: str, data: bytes) -> Content:
    return _unzipped(name, data) if data[:2] == GZIP else Content(name, data)


def _unzipped(name: str, data: bytes) -> Content:
    """Unpacked as far as it goes."""
    unpacker = zlib.decompressobj(zlib.MAX_WBITS | 16)
    try:
        out = unpacker.decompress(data)
    except zlib.error as error:
        return Content(name, b"", f"the gzip data are broken: {error}")
    return Content(name, out, "" if unpacker.eof else "the gzip data end too early")
