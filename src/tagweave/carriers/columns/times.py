"""Time columns → nanoseconds since the epoch.

Arrow timestamps of any unit; RFC 3339 text with a zone; numbers of seconds, milliseconds, microseconds or
nanoseconds, told apart by their size: seconds below 10^11 (year 5138), milliseconds below 10^14, microseconds
below 10^17. A time without a zone is refused: it may mean anything.
"""

from datetime import datetime
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from tagweave.model.times import to_ns

I64 = npt.NDArray[np.int64]
BoolArray = npt.NDArray[np.bool_]


class Times(NamedTuple):
    """Times in ns, and where there is one."""

    at: I64
    valid: BoolArray


def parse_column(column: Any) -> Times:  # noqa: ANN401 - a pyarrow array of any type
    """The times of a column of timestamps, numbers or text."""
    if isinstance(column, pa.ChunkedArray):
        column = column.combine_chunks()
    if pa.types.is_dictionary(column.type):
        column = column.dictionary_decode()
    kind = column.type
    if pa.types.is_timestamp(kind):
        return _valid(column.cast(pa.timestamp("ns", kind.tz)).cast(pa.int64()))
    if pa.types.is_integer(kind):
        times = _valid(column.cast(pa.int64()))
        return times._replace(at=_scaled(times.at))
    if pa.types.is_floating(kind):
        return _floats(column)
    if pa.types.is_string(kind) or pa.types.is_large_string(kind):
        return _text(column)
    return Times(np.zeros(len(column), np.int64), np.zeros(len(column), np.bool_))


def _valid(column: pa.Array) -> Times:
    valid = column.is_valid().to_numpy(zero_copy_only=False)
    return Times(column.fill_null(0).to_numpy(zero_copy_only=False).astype(np.int64), valid)


def _scaled(values: I64) -> I64:
    size = np.abs(values)
    factor = np.select([size < 10**11, size < 10**14, size < 10**17], [10**9, 10**6, 10**3], 1)
    return values * factor.astype(np.int64)


def _floats(column: pa.Array) -> Times:
    values = column.fill_null(float("nan")).to_numpy(zero_copy_only=False).astype(np.float64)
    valid = np.isfinite(values)
    size = np.abs(np.where(valid, values, 0))
    factor = np.select([size < 1e11, size < 1e14, size < 1e17], [1e9, 1e6, 1e3], 1.0)
    whole = np.floor(np.where(valid, values, 0))
    part = np.where(valid, values, 0) - whole
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
    out = [_one(text) for text in present.to_pylist()]
    return Times(
        np.array([at if at is not None else 0 for at in out], np.int64),
        np.array([at is not None for at in out], np.bool_),
    )


def _one(text: str | None) -> int | None:
    if text is None:
        return None
    try:
        return int(_scaled(np.array([int(text)], np.int64))[0])
    except (ValueError, OverflowError):
        pass
    try:
        return int(_floats(pa.array([float(text)])).at[0])
    except ValueError:
        pass
    try:
        return to_ns(datetime.fromisoformat(text))
    except ValueError:
        return None
