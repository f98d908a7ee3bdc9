"""Time columns → nanoseconds since the epoch.

Arrow timestamps of any unit; RFC 3339 text with a zone; numbers of seconds, milliseconds, microseconds or
nanoseconds, told apart by their size: seconds below 10^11 (year 5138), milliseconds below 10^14, microseconds
below 10^17. A time without a zone is refused: it may mean anything.
"""

import re
from datetime import datetime
from typing import Any, Final, NamedTuple

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from tagweave.model.times import to_ns

_MOST: Final = 2**63 - 2
_PER_UNIT: Final = {"s": 10**9, "ms": 10**6, "us": 10**3, "ns": 1}
_INTEGER: Final = re.compile(r"[+-]?\d+")

I64 = npt.NDArray[np.int64]
BoolArray = npt.NDArray[np.bool_]


class Times(NamedTuple):
    """Times in ns, and where there is one."""

    at: I64
    valid: BoolArray


def parse_column(column: Any) -> Times:  # noqa: ANN401 - a pyarrow array of any type
    """The times of a column of timestamps, numbers or text. What nanoseconds in 64 bits cannot hold is no time."""
    if isinstance(column, pa.ChunkedArray):
        column = column.combine_chunks()
    if pa.types.is_dictionary(column.type):
        column = column.dictionary_decode()
    kind = column.type
    if pa.types.is_timestamp(kind):
        return _in_ns(_integers(column.cast(pa.int64())), np.int64(_PER_UNIT[kind.unit]))
    if pa.types.is_integer(kind):
        found = _integers(column)
        return _in_ns(found, _factors(found.at))
    if pa.types.is_floating(kind):
        return _floats(column)
    if pa.types.is_string_view(kind):
        return _text(column.cast(pa.large_string()))
    if pa.types.is_string(kind) or pa.types.is_large_string(kind):
        return _text(column)
    return Times(np.zeros(len(column), np.int64), np.zeros(len(column), np.bool_))


def _integers(column: pa.Array) -> Times:
    if pa.types.is_uint64(column.type):
        column = pc.if_else(pc.greater(column, pa.scalar(_MOST, pa.uint64())), None, column)
    column = column.cast(pa.int64())
    valid = column.is_valid().to_numpy(zero_copy_only=False)
    return Times(column.fill_null(0).to_numpy(zero_copy_only=False), valid)


def _factors(values: I64) -> I64:
    """Nanoseconds in the unit of each value, by its size."""
    size = np.abs(values)
    return np.select([size < 10**11, size < 10**14, size < 10**17], [10**9, 10**6, 10**3], 1).astype(np.int64)


def _in_ns(times: Times, factor: Any) -> Times:  # noqa: ANN401 - one factor, or one for each
    limit = _MOST // factor
    valid = times.valid & (times.at <= limit) & (times.at >= -limit)
    return Times(np.where(valid, times.at, 0) * factor, valid)


def _floats(column: pa.Array) -> Times:
    values = column.fill_null(float("nan")).to_numpy(zero_copy_only=False).astype(np.float64)
    finite = np.where(np.isfinite(values), values, 0.0)
    size = np.abs(finite)
    factor = np.select([size < 1e11, size < 1e14, size < 1e17], [1e9, 1e6, 1e3], 1.0)
    valid = np.isfinite(values) & (size * factor < float(_MOST))
    whole = np.floor(np.where(valid, finite, 0.0))
    part = np.where(valid, finite, 0.0) - whole
    at = whole.astype(np.int64) * factor.astype(np.int64) + np.round(part * factor).astype(np.int64)
    return Times(at, valid)


def _text(column: pa.Array) -> Times:
    """All numbers, all times, or (slowly) a mixture."""
    present = pc.if_else(pc.is_in(column, pa.array(["", "-"], column.type)), None, column)
    for kind in (pa.int64(), pa.float64(), pa.timestamp("ns", "UTC")):
        try:
            parsed = present.cast(kind)
        except pa.ArrowInvalid:
            continue
        return parse_column(parsed)
    found = [None if text is None else _one(text) for text in present.to_pylist()]
    return Times(
        np.array([0 if at is None else at for at in found], np.int64),
        np.array([at is not None for at in found], np.bool_),
    )


def _one(text: str) -> int | None:
    try:
        number = pa.array([int(text)], pa.int64()) if _INTEGER.fullmatch(text) else pa.array([float(text)])
    except ValueError:  # no number, or an integer that is none in 64 bits
        number = None
    except OverflowError:
        return None
    if number is not None:
        at, valid = parse_column(number)
        return int(at[0]) if valid[0] else None
    try:
        found = to_ns(datetime.fromisoformat(text))
    except ValueError:
        return None
    return found if abs(found) <= _MOST else None
