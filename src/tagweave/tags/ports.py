"""Port sets compiled for batches: (port set, protocol, port, time) → service."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
from numba import njit

from tagweave.tags.services import Served


class Ports(NamedTuple):
    """Port sets as arrays, in ascending order of `key`: port set, protocol and port in 32, 8 and 16 bits."""

    key: npt.NDArray[np.uint64]
    start: npt.NDArray[np.int64]
    end: npt.NDArray[np.int64]
    service: npt.NDArray[np.int32]

    @classmethod
    def of(cls, port_sets: Sequence[tuple[Served, ...]]) -> "Ports":
        """The arrays of interned port sets."""
        rows = [
            (i << 24 | one.protocol << 16 | one.port, one.start, one.end, one.service)
            for i, served in enumerate(port_sets)
            for one in served
        ]
        rows.sort()
        key, start, end, service = zip(*rows, strict=True) if rows else ((), (), (), ())
        return cls(
            np.array(key, np.uint64),
            np.array(start, np.int64),
            np.array(end, np.int64),
            np.array(service, np.int32),
        )

    def pick(
        self,
        port_set: npt.NDArray[np.int32],
        protocol: npt.NDArray[np.uint8],
        port: npt.NDArray[np.int32],
        at: npt.NDArray[np.int64],
    ) -> npt.NDArray[np.int32]:
        """The service of each (port set, protocol, port, time); 0 for none."""
        out = np.zeros(len(port_set), np.int32)
        if len(self.key):
            _pick(self.key, self.start, self.end, self.service, port_set, protocol, port, at, out)
        return out


@njit(nogil=True, cache=True)
def _pick(
    key: npt.NDArray[np.uint64],
    start: npt.NDArray[np.int64],
    end: npt.NDArray[np.int64],
    service: npt.NDArray[np.int32],
    port_set: npt.NDArray[np.int32],
    protocol: npt.NDArray[np.uint8],
    port: npt.NDArray[np.int32],
    at: npt.NDArray[np.int64],
    out: npt.NDArray[np.int32],
) -> None:
    for i in range(len(port_set)):
        if port_set[i] == 0 or port[i] < 0:
            continue
        wanted = np.uint64(port_set[i]) << np.uint64(24)
        wanted |= np.uint64(protocol[i]) << np.uint64(16) | np.uint64(port[i])
        low, high = 0, len(key)
        while low < high:
            middle = (low + high) // 2
            if key[middle] < wanted:
                low = middle + 1
            else:
                high = middle
        while low < len(key) and key[low] == wanted:
            if start[low] <= at[i] < end[low]:
                out[i] = service[low]
                break
            low += 1
