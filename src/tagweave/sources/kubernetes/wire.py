"""What an API server sends: pages of a list and the lines of a watch, decoded straight into what is needed."""

from datetime import datetime, timedelta
from typing import Final, Generic, NamedTuple, TypeVar

import msgspec

from tagweave.sources.kubernetes.client import Status

_END_OF_LIST: Final = "k8s.io/initial-events-end"

T = TypeVar("T")


class ListMeta(msgspec.Struct, rename="camel", gc=False):
    """meta/v1 ListMeta."""

    resource_version: str = ""
    continue_: str = msgspec.field(default="", name="continue")


class Page(msgspec.Struct, Generic[T], gc=False):
    """A page of a list."""

    metadata: ListMeta
    items: list[T] | None = None


class _Line(msgspec.Struct, gc=False):
    type: str
    object: msgspec.Raw


class _Stamp(msgspec.Struct, gc=False):
    time: datetime | None = None


class _StampedMeta(msgspec.Struct, rename="camel", gc=False):
    """What an object's metadata say of when it changed, and of where in the watch it stands."""

    resource_version: str = ""
    creation_timestamp: datetime | None = None
    deletion_timestamp: datetime | None = None
    deletion_grace_period_seconds: float | None = None
    managed_fields: list[_Stamp] | None = None
    annotations: dict[str, str] | None = None


class _Stamped(msgspec.Struct, gc=False):
    metadata: _StampedMeta


class Event(NamedTuple):
    """ADDED, MODIFIED or DELETED, by its object's bytes; `happened_at` is None where the object does not tell."""

    deleted: bool
    object: msgspec.Raw
    version: str
    happened_at: datetime | None


class Bookmark(NamedTuple):
    """Everything up to `version` was sent; `listed` where that is everything there is."""

    version: str
    listed: bool


class Trouble(NamedTuple):
    """The watch ends with an error."""

    status: Status
    body: bytes


class Unreadable(Exception):
    """A line of a watch is no event."""


_line = msgspec.json.Decoder(_Line).decode
_stamped = msgspec.json.Decoder(_Stamped).decode
_status = msgspec.json.Decoder(Status).decode


class Lines:
    """Splits a stream into whole lines; what comes after the last one waits for its end."""

    def __init__(self) -> None:
        self._rest: list[bytes] = []

    @property
    def rest(self) -> bytes:
        """What came after the last whole line."""
        return b"".join(self._rest)

    def split(self, chunk: bytes) -> list[bytes]:
        """The lines that a chunk completes."""
        first, newline, more = chunk.partition(b"\n")
        self._rest.append(first)
        if not newline:
            return []
        lines = [b"".join(self._rest), *more.split(b"\n")]
        self._rest = [lines.pop()]
        return [line for line in lines if line]


def parse_line(line: bytes, *, listing: bool = False) -> Event | Bookmark | Trouble:
    """A line of a watch; while it is `listing` an event's version and time are not wanted. Raises Unreadable."""
    try:
        found = _line(line)
        if found.type == "ERROR":
            return Trouble(_status(found.object), bytes(found.object))
        if listing and found.type == "ADDED":
            return Event(False, found.object, "", None)
        meta = _stamped(found.object).metadata
    except msgspec.DecodeError as error:
        raise Unreadable(f"a line is no event: {error}") from error
    if found.type == "BOOKMARK":
        return Bookmark(meta.resource_version, (meta.annotations or {}).get(_END_OF_LIST) == "true")
    if found.type not in ("ADDED", "MODIFIED", "DELETED"):
        raise Unreadable(f"a line has the unknown type {found.type!r}")
    deleted = found.type == "DELETED"
    return Event(deleted, found.object, meta.resource_version, None if deleted else _happened(meta))


def _happened(meta: _StampedMeta) -> datetime | None:
    """When an object last changed, by the newest of its times, in whole seconds.

    A deletionTimestamp is when the grace period ends: deletion was asked for that much earlier.
    """
    times = [stamp.time for stamp in meta.managed_fields or () if stamp.time]
    if meta.creation_timestamp:
        times.append(meta.creation_timestamp)
    if meta.deletion_timestamp:
        times.append(meta.deletion_timestamp - timedelta(seconds=meta.deletion_grace_period_seconds or 0))
    return max(times, default=None)
