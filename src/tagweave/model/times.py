"""Moments: aware datetimes outside, nanoseconds since the epoch (UTC) inside."""

from datetime import UTC, datetime, timedelta
from typing import Final

FOREVER: Final = 2**63 - 1
"""The end of an interval that has not ended."""

BEGINNING: Final = -(2**63)
"""The start of an interval of which nobody knows the start."""

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)


def to_ns(moment: datetime) -> int:
    """Nanoseconds since the epoch of an aware datetime. Raises ValueError for a naive one."""
    if moment.tzinfo is None:
        raise ValueError(f"{moment.isoformat()} has no time zone: write it as RFC 3339, with Z or an offset")
    return (moment - _EPOCH) // _MICROSECOND * 1000


def from_ns(moment: int) -> datetime:
    """The aware datetime (UTC, microseconds) of nanoseconds since the epoch."""
    return _EPOCH + timedelta(microseconds=moment // 1000)


def rfc3339(moment: int) -> str | None:
    """RFC 3339 text in UTC, or None for the beginning and for ever."""
    if moment in (BEGINNING, FOREVER):
        return None
    return from_ns(moment).isoformat().replace("+00:00", "Z")


def parse_time(text: str) -> datetime:
    """A moment from RFC 3339 text. Raises ValueError, also for a time without a zone."""
    moment = datetime.fromisoformat(text)
    to_ns(moment)
    return moment
