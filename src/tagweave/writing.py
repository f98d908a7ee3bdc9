"""Writing: to whatever a path leads to; a file is seen under its name only when it is whole.

| the path leads to | what is done |
|---|---|
| `-`, or an open descriptor, such as /dev/stdout | what is open there is written to, from where it stands |
| nothing yet | a new file beside it takes its name at the end; its mode is that of any new file |
| a file | the same, and the new file keeps the mode, and owner and group as far as that is permitted |
| a device, a FIFO, a socket | it is opened and written to |
| a folder, or what may not be written | refused |

Links are followed: what they lead to is written.
"""

import os
import secrets
import signal
import socket
import stat
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from io import RawIOBase
from pathlib import Path
from typing import Any, BinaryIO, Final

from tagweave.errors import OutputError

STDOUT: Final = "-"
_MOST_LINKS: Final = 40
_MOST_NAME: Final = 56
"""How much of a file's name is in the name of its part, in characters: a name has at most 255 bytes."""

_parts: set[Path] = set()


def check(path: str) -> None:
    """Raise OutputError where a path cannot be written: ask before the work that leads to it."""
    if path == STDOUT:
        if sys.stdout is None:
            raise OutputError("cannot write to stdout: it is closed")
        return
    try:
        reason = _refusal(path)
    except OSError as error:
        reason = error.strerror or str(error)
    if reason:
        raise OutputError(f"cannot write {path}: {reason}")


@contextmanager
def to(path: str) -> Iterator[BinaryIO]:
    """A stream to what a path leads to. Raises OutputError; BrokenPipeError where the reader of a pipe has gone."""
    check(path)
    try:
        with _opened(path) as file, _Forward(file) as stream:
            yield stream  # type: ignore[misc]
    except BrokenPipeError:
        raise
    except OSError as error:
        shown = "to stdout" if path == STDOUT else path
        raise OutputError(f"cannot write {shown}: {error.strerror or error}") from error


def remove_parts_when_ended() -> None:
    """Have SIGTERM and SIGHUP remove the files that are not whole, before they end the process as they always do."""
    for one in (signal.SIGTERM, signal.SIGHUP):
        if signal.getsignal(one) is signal.SIG_DFL:
            signal.signal(one, _end)


def _end(number: int, _frame: object) -> None:
    for part in list(_parts):
        with suppress(OSError):  # the process ends all the same
            part.unlink()
    signal.signal(number, signal.SIG_DFL)
    os.kill(os.getpid(), number)


class _Forward(RawIOBase):
    """A stream that only goes forward and counts: Parquet asks how far it is, which a pipe or a device cannot tell."""

    def __init__(self, stream: Any) -> None:  # noqa: ANN401 - any binary stream
        self._stream = stream
        self._written = 0

    def writable(self) -> bool:
        return True

    def write(self, data: Any) -> int:  # noqa: ANN401 - any buffer
        count: int = self._stream.write(data)
        self._written += count
        return count

    def tell(self) -> int:
        return self._written

    def flush(self) -> None:
        if not self._stream.closed:
            self._stream.flush()


@contextmanager
def _opened(path: str) -> Iterator[Any]:
    target = _followed(path) if path != STDOUT else None
    descriptor = None if target is None else _descriptor(target)
    if target is None:
        yield sys.stdout.buffer
    elif descriptor is not None:
        with os.fdopen(os.dup(descriptor), "wb") as file:
            yield file
    elif target.is_socket():
        with socket.socket(socket.AF_UNIX) as connection:
            connection.connect(str(target))
            with connection.makefile("wb") as file:
                yield file
    elif target.exists() and not target.is_file():
        with target.open("wb") as file:
            yield file
    else:
        with _beside(target) as file:
            yield file


@contextmanager
def _beside(target: Path) -> Iterator[BinaryIO]:
    """A file in the same folder that takes the target's place when all is written."""
    old = target.stat() if target.exists() else None
    part = target.with_name(f".{target.name[:_MOST_NAME]}.{secrets.token_hex(4)}.part")
    mode = 0o666 if old is None else 0o600
    _parts.add(part)
    try:
        with open(part, "xb", opener=lambda name, flags: os.open(name, flags, mode)) as file:
            if old is not None:
                _make_like(file.fileno(), old)
            yield file
        part.replace(target)
    finally:
        part.unlink(missing_ok=True)
        _parts.discard(part)


def _make_like(descriptor: int, old: os.stat_result) -> None:
    for owner in (old.st_uid, -1):
        try:
            os.fchown(descriptor, owner, old.st_gid)
            break
        except PermissionError:  # only root gives files away, and only to a group of one's own may others
            continue
    os.fchmod(descriptor, stat.S_IMODE(old.st_mode) & 0o777)


def _refusal(path: str) -> str:
    """Why a path cannot be written; empty where nothing speaks against it."""
    target = _followed(path)
    descriptor = _descriptor(target)
    if descriptor is not None:
        os.fstat(descriptor)
        return ""
    exists = target.exists()
    if path.endswith(os.sep) or target.is_dir():
        return "it is a folder: name a file in it"
    if exists and not os.access(target, os.W_OK):
        return "there is no permission to write to it"
    if exists and not target.is_file():
        return ""
    folder = target.parent
    if not folder.is_dir():
        return f"there is no folder {folder}: make it first"
    if not os.access(folder, os.W_OK | os.X_OK):
        return f"nothing can be written in the folder {folder}: there is no permission, or it is read-only"
    return ""


def _followed(path: str) -> Path:
    """Where the links of a path lead; those of the descriptors of this process stay, being no links to a path."""
    target = Path(path)
    for _ in range(_MOST_LINKS):
        target = Path(os.path.realpath(target.parent)) / target.name
        if _descriptor(target) is not None or not target.is_symlink():
            return target
        target = target.parent / target.readlink()
    raise OutputError(f"cannot write {path}: its links lead nowhere")


def _descriptor(path: Path) -> int | None:
    """The descriptor of this process that a path is: /proc/self/fd/1, or /dev/fd/1."""
    own = str(path.parent) in ("/dev/fd", "/proc/self/fd", f"/proc/{os.getpid()}/fd")
    return int(path.name) if own and path.name.isdecimal() else None
