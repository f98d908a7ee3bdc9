"""From NumPy to Arrow and back, without a copy.

pyarrow's own `pa.array` and `to_numpy` import pandas, where it is installed, only to see whether they were given some
of its objects: a third of a second, which a single look-up does without.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa


def from_numpy(values: npt.NDArray[Any], valid: npt.NDArray[np.bool_] | None = None) -> pa.Array:
    """Numbers as an Arrow array; null where they are not `valid`. They must not be changed any more."""
    bits = None if valid is None else pa.py_buffer(np.packbits(valid, bitorder="little"))
    data = pa.py_buffer(np.ascontiguousarray(values))
    return pa.Array.from_buffers(pa.from_numpy_dtype(values.dtype), len(values), [bits, data])


def to_numpy(values: pa.Array) -> npt.NDArray[Any]:
    """The numbers of an Arrow array; what is under a null means nothing."""
    dtype = np.dtype(values.type.to_pandas_dtype())
    data = values.buffers()[1]
    return (
        np.frombuffer(data, dtype, len(values), values.offset * dtype.itemsize) if len(values) else np.empty(0, dtype)
    )


def texts(values: Sequence[str]) -> pa.StringArray:
    """Texts as an Arrow array."""
    parts = [value.encode("utf-8", "surrogatepass") for value in values]
    offsets = np.zeros(len(parts) + 1, np.int32)
    np.cumsum(np.fromiter(map(len, parts), np.int32, len(parts)), out=offsets[1:])
    return pa.StringArray.from_buffers(len(parts), pa.py_buffer(offsets), pa.py_buffer(b"".join(parts)))


NO_TEXTS: pa.StringArray = texts(())
"""An array of texts with none in it."""
