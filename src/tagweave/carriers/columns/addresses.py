"""Address columns → packed addresses, at the speed of the column.

Text of both families as people write it: dotted quads, RFC 4291 forms with `::` and an embedded IPv4 address,
in brackets, with a zone. Numbers are IPv4; binaries of 4 or 16 bytes are network order. An IPv4-mapped IPv6
address is its IPv4 address. A test holds the parser to the standard library's.
"""

from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from tagweave.kernels import njit

U64 = npt.NDArray[np.uint64]
U8 = npt.NDArray[np.uint8]
I64 = npt.NDArray[np.int64]
BoolArray = npt.NDArray[np.bool_]

_MAPPED = np.uint64(0xFFFF << 32)


class Addresses(NamedTuple):
    """Packed addresses; `valid` is false for what is none, `absent` says where there was nothing at all."""

    hi: U64
    lo: U64
    valid: BoolArray
    absent: BoolArray


def parse_column(column: Any) -> Addresses:  # noqa: ANN401 - a pyarrow array of any type
    """The addresses of a column of text, numbers or bytes; of any other type, none is valid."""
    if isinstance(column, pa.ChunkedArray):
        column = column.combine_chunks()
    kind = column.type
    if pa.types.is_dictionary(kind):
        parsed = parse_column(column.dictionary)
        codes = column.indices.fill_null(0).to_numpy(zero_copy_only=False)
        absent = column.indices.is_null().to_numpy(zero_copy_only=False)
        if not len(column.dictionary):
            return _nothing(len(column))
        taken = Addresses(*(field[codes] for field in parsed))
        return taken._replace(valid=taken.valid & ~absent, absent=taken.absent | absent)
    if pa.types.is_string(kind) or pa.types.is_large_string(kind):
        return _text(column)
    if pa.types.is_string_view(kind):
        return _text(column.cast(pa.large_string()))
    if pa.types.is_integer(kind):
        return _numbers(column)
    if pa.types.is_binary(kind) or pa.types.is_large_binary(kind) or pa.types.is_fixed_size_binary(kind):
        return _bytes(column.cast(pa.large_binary()))
    return _nothing(len(column))


def _nothing(count: int) -> Addresses:
    zeros = np.zeros(count, np.uint64)
    return Addresses(zeros, zeros, np.zeros(count, np.bool_), np.ones(count, np.bool_))


def _text(column: pa.StringArray) -> Addresses:
    short = pc.less_equal(pc.binary_length(column), 1).fill_null(True)
    missing = short.to_numpy(zero_copy_only=False)
    if missing.any():
        nothing = pc.is_in(column, pa.array(["", "-"], column.type)).to_numpy(zero_copy_only=False)
        missing = nothing | column.is_null().to_numpy(zero_copy_only=False)
    hi, lo, valid = _parsed(column, _parse_text)
    return Addresses(hi, lo, valid & ~missing, missing)


def _bytes(column: pa.LargeBinaryArray) -> Addresses:
    missing = column.is_null().to_numpy(zero_copy_only=False)
    hi, lo, valid = _parsed(column, _parse_bytes)
    return Addresses(hi, lo, valid & ~missing, missing)


def _parsed(column: pa.Array, kernel: Any) -> tuple[U64, U64, BoolArray]:  # noqa: ANN401 - a numba kernel
    count = len(column)
    _, offsets_buffer, data_buffer = column.buffers()
    if not count:
        return np.zeros(0, np.uint64), np.zeros(0, np.uint64), np.zeros(0, np.bool_)
    wide = pa.types.is_large_string(column.type) or pa.types.is_large_binary(column.type)
    offsets = np.frombuffer(offsets_buffer, np.int64 if wide else np.int32, column.offset + count + 1)
    offsets = offsets[column.offset :]
    data = np.frombuffer(data_buffer, np.uint8) if data_buffer is not None else np.empty(0, np.uint8)
    hi, lo, valid = np.zeros(count, np.uint64), np.zeros(count, np.uint64), np.zeros(count, np.bool_)
    kernel(offsets, data, hi, lo, valid)
    return hi, lo, valid


def _numbers(column: pa.Array) -> Addresses:
    missing = column.is_null().to_numpy(zero_copy_only=False)
    values = column.fill_null(0).to_numpy(zero_copy_only=False).astype(np.int64)
    valid = (values >= 0) & (values <= 0xFFFFFFFF) & ~missing
    lo = np.where(valid, values.astype(np.uint64) | _MAPPED, 0).astype(np.uint64)
    return Addresses(np.zeros(len(values), np.uint64), lo, valid, missing)


@njit(nogil=True, cache=True)
def _parse_bytes(offsets: I64, data: U8, hi: U64, lo: U64, valid: BoolArray) -> None:
    for i in range(len(hi)):
        start, end = offsets[i], offsets[i + 1]
        if end - start == 4:
            word = np.uint64(0xFFFF)
            for k in range(4):
                word = word << np.uint64(8) | np.uint64(data[start + k])
            lo[i] = word
            valid[i] = True
        elif end - start == 16:
            for k in range(8):
                hi[i] = hi[i] << np.uint64(8) | np.uint64(data[start + k])
                lo[i] = lo[i] << np.uint64(8) | np.uint64(data[start + 8 + k])
            valid[i] = True


@njit(nogil=True, cache=True)
def _parse_text(offsets: I64, data: U8, hi: U64, lo: U64, valid: BoolArray) -> None:
    for i in range(len(hi)):
        start, end = offsets[i], offsets[i + 1]
        if end - start >= 2 and data[start] == 91 and data[end - 1] == 93:  # [ ]
            start += 1
            end -= 1
        for k in range(start, end):
            if data[k] == 37:  # %
                if k + 1 < end:
                    end = k
                break
        colon = False
        for k in range(start, end):
            if data[k] == 58:
                colon = True
                break
        if colon:
            high, low, good = _ipv6(data, start, end)
        else:
            word, good = _ipv4(data, start, end)
            high, low = np.uint64(0), np.uint64(0xFFFF) << np.uint64(32) | word
        if good:
            hi[i], lo[i], valid[i] = high, low, True


@njit(nogil=True, inline="always")
def _ipv4(data: U8, start: int, end: int) -> tuple[np.uint64, bool]:
    """Four decimal numbers of at most three digits, none with a leading zero (as `ipaddress` demands)."""
    word = np.uint64(0)
    parts, digits, value = 0, 0, 0
    for k in range(start, end + 1):
        c = data[k] if k < end else np.uint8(46)
        if 48 <= c <= 57:
            if digits == 3 or (digits > 0 and value == 0):
                return word, False
            value = value * 10 + int(c) - 48
            digits += 1
        elif c == 46:
            if digits == 0 or value > 255 or parts == 4:
                return word, False
            word = word << np.uint64(8) | np.uint64(value)
            parts += 1
            digits, value = 0, 0
        else:
            return word, False
    return word, parts == 4


@njit(nogil=True, inline="always")
def _ipv6(data: U8, start: int, end: int) -> tuple[np.uint64, np.uint64, bool]:  # noqa: PLR0915 - one automaton
    """RFC 4291 section 2.2, all three forms; groups before `::` in `groups`, those after it in `tail`."""
    none = np.uint64(0)
    groups = np.zeros(8, np.uint64)
    count, gap = 0, -1
    k = start
    if end - start >= 2 and data[start] == 58:
        if data[start + 1] != 58:
            return none, none, False
        gap = 0
        k = start + 2
    while k < end:
        digits = 0
        value = np.uint64(0)
        first = k
        while k < end and digits < 5:
            c = data[k]
            if 48 <= c <= 57:
                value = value << np.uint64(4) | np.uint64(c - 48)
            elif 97 <= c <= 102:
                value = value << np.uint64(4) | np.uint64(c - 87)
            elif 65 <= c <= 70:
                value = value << np.uint64(4) | np.uint64(c - 55)
            else:
                break
            digits += 1
            k += 1
        if k < end and data[k] == 46:
            word, good = _ipv4(data, first, end)
            if not good or count > 6:
                return none, none, False
            groups[count] = word >> np.uint64(16)
            groups[count + 1] = word & np.uint64(0xFFFF)
            count += 2
            k = end
            break
        if digits == 0 or digits > 4 or count == 8:
            return none, none, False
        groups[count] = value
        count += 1
        if k == end:
            break
        if data[k] != 58:
            return none, none, False
        k += 1
        if k == end:
            return none, none, False
        if data[k] == 58:
            if gap >= 0:
                return none, none, False
            gap = count
            k += 1
    if gap < 0 and count != 8:
        return none, none, False
    if gap >= 0 and count > 7:
        return none, none, False
    high, low = none, none
    after = count - gap if gap >= 0 else 0
    for g in range(8):
        value = none
        if gap < 0 or g < gap:
            value = groups[g]
        elif g >= 8 - after:
            value = groups[gap + g - (8 - after)]
        if g < 4:
            high = high << np.uint64(16) | value
        else:
            low = low << np.uint64(16) | value
    return high, low, True
