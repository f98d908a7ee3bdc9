"""A segment: one immutable file of named flat arrays, mapped into memory.

Opening a segment reads its header and its directory and maps the rest: nothing is parsed or copied, and what is
never asked is never read. docs/index-format.md draws the bytes.

    header     64 bytes: TAGWEAVE, format, crc32 of the directory, bytes of the directory and of the file, crc32 of that
    directory  JSON: {"meta": {…}, "arrays": {name: [dtype, offset, count, crc32]}}
    arrays     each at a multiple of 64 bytes from the end of the directory, little-endian
"""

import mmap
import os
import struct
import sys
import zlib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Final, NamedTuple

import msgspec
import numpy as np
import numpy.typing as npt

from tagweave.errors import BrokenSegment

FORMAT: Final = 1
"""The version of the format: grows with every change that an older reader would misread."""

MAGIC: Final = b"TAGWEAVE"
ALIGNMENT: Final = 64
"""A cache line: a record of a table lies in one."""

_HEADER: Final = struct.Struct("<8sIIQQI")
_WIDTH: Final = 64
_DTYPES: Final = ("u1", "u2", "u4", "u8", "i4", "i8")

Array = npt.NDArray[Any]


class _Directory(msgspec.Struct):
    meta: dict[str, Any]
    arrays: dict[str, tuple[str, int, int, int]]


_decode: Final = msgspec.json.Decoder(_Directory).decode


class Written(NamedTuple):
    """A file that was written: its size, and a checksum that stands for all of its content."""

    bytes: int
    checksum: int


def write(path: Path, arrays: Mapping[str, Array], meta: Mapping[str, Any]) -> Written:
    """Write a segment: under another name first, so that `path` is whole or is not there, and on the disk."""
    if sys.byteorder != "little":  # pragma: no cover - nobody has such a machine
        raise NotImplementedError("segments are mapped as they are, and they are little-endian")
    parts = {name: np.ascontiguousarray(array) for name, array in arrays.items()}
    places: dict[str, tuple[str, int, int, int]] = {}
    end = 0
    for name, part in parts.items():
        word = part.dtype.str[1:]
        assert word in _DTYPES, f"{name} is of {part.dtype}"
        places[name] = (word, _up(end), len(part), zlib.crc32(_bytes(part)))
        end = _up(end) + part.nbytes
    directory = msgspec.json.encode(_Directory(dict(meta), places))
    base = _up(_WIDTH + len(directory))
    size = base + end
    checksum = zlib.crc32(directory)
    head = _header(checksum, len(directory), size)
    part_path = path.with_name(f"{path.name}.part")
    with part_path.open("wb") as file:
        file.write(head.ljust(_WIDTH, b"\0"))
        file.write(directory)
        for name, part in parts.items():
            file.seek(base + places[name][1])
            file.write(_bytes(part))
        file.truncate(size)
        file.flush()
        os.fsync(file.fileno())
    part_path.rename(path)
    return Written(size, checksum)


def _header(checksum: int, directory: int, size: int) -> bytes:
    head = _HEADER.pack(MAGIC, FORMAT, checksum, directory, size, 0)[:-4]
    return head + struct.pack("<I", zlib.crc32(head))


def _up(position: int) -> int:
    return -(-position // ALIGNMENT) * ALIGNMENT


def _bytes(part: Array) -> memoryview:
    return part.data.cast("B") if len(part) else memoryview(b"")


class Segment(Mapping[str, Array]):
    """A mapped segment: `segment["address.time"]` is an array that cannot be written to.

    Arrays are views of the map, which lives as long as one of them: the file may be unlinked meanwhile.
    """

    def __init__(self, path: Path, arrays: Mapping[str, Array], meta: Mapping[str, Any], checksum: int) -> None:
        self.path = path
        self.meta = meta
        self.checksum = checksum
        self._arrays = arrays
        self._crc: Mapping[str, int] = {}
        self._gaps: list[Array] = []

    @classmethod
    def open(cls, path: Path) -> "Segment":
        """Map a segment file. Raises BrokenSegment for what is none, is cut off, or is of another format."""
        try:
            with path.open("rb") as file:
                mapped = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
        except FileNotFoundError as error:
            raise BrokenSegment(path, "is not there") from error
        except (OSError, ValueError) as error:  # an empty file cannot be mapped
            raise BrokenSegment(path, f"cannot be mapped ({error})") from error
        base, checksum, directory = _read(path, mapped)
        whole = np.frombuffer(mapped, np.uint8)
        arrays: dict[str, Array] = {}
        gaps = [whole[_HEADER.size : _WIDTH]]
        filled = base
        for name, (word, offset, count, _) in directory.arrays.items():
            start, end = base + offset, base + offset + count * int(word[1])
            if word not in _DTYPES or count < 0 or offset < 0 or end > len(whole):
                raise BrokenSegment(path, f"says that {name} lies outside of it")
            arrays[name] = whole[start:end].view(f"<{word}")
            gaps.append(whole[filled:start])
            filled = end
        segment = cls(path, arrays, directory.meta, checksum)
        segment._gaps = gaps
        segment._crc = {name: place[3] for name, place in directory.arrays.items()}
        return segment

    @classmethod
    def of(cls, arrays: Mapping[str, Array], meta: Mapping[str, Any], name: str = "(in memory)") -> "Segment":
        """The same from arrays that are in memory, and in no file."""
        held = {}
        for key, array in arrays.items():
            held[key] = array.view()
            held[key].flags.writeable = False
        return cls(Path(name), held, meta, 0)

    def __getitem__(self, name: str) -> Array:
        return self._arrays[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._arrays)

    def __len__(self) -> int:
        return len(self._arrays)

    def __repr__(self) -> str:
        return f"Segment({self.path.name})"

    def verify(self) -> None:
        """Read the whole file. Raises BrokenSegment where its content is not what was written."""
        for name, crc in self._crc.items():
            if zlib.crc32(_bytes(self._arrays[name])) != crc:
                raise BrokenSegment(self.path, f"is damaged: {name} is not what was written")
        if any(gap.any() for gap in self._gaps):
            raise BrokenSegment(self.path, "is damaged: there is something between its arrays")


def _read(path: Path, mapped: mmap.mmap) -> tuple[int, int, _Directory]:
    """Where the arrays begin, the checksum, and the directory."""
    if len(mapped) < _WIDTH or mapped[: len(MAGIC)] != MAGIC:
        raise BrokenSegment(path, "is no segment of a tag index")
    _, version, checksum, directory, size, crc = _HEADER.unpack_from(mapped)
    if version != FORMAT:
        raise BrokenSegment(path, f"is of format {version}; this version of Tagweave reads format {FORMAT}")
    if crc != zlib.crc32(mapped[: _HEADER.size - 4]):
        raise BrokenSegment(path, "is damaged: its header is not what was written")
    if size != len(mapped):
        raise BrokenSegment(path, f"has {len(mapped)} bytes of {size}: it was cut off")
    content = mapped[_WIDTH : _WIDTH + directory]
    if zlib.crc32(content) != checksum:
        raise BrokenSegment(path, "is damaged: its directory is not what was written")
    try:
        return _up(_WIDTH + directory), checksum, _decode(content)
    except msgspec.MsgspecError as error:
        raise BrokenSegment(path, f"has a directory that cannot be read ({error})") from error
