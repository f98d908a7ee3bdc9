"""Port sets compiled for batches: (port set, protocol, port, time) → the set of services there."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from tagweave.kernels import njit
from tagweave.tags.services import Served


class Ports(NamedTuple):
    """Port sets as arrays, in ascending order of `key`: port set, protocol and port in 32, 8 and 16 bits.

    `slots` is an open-addressed table of the first row of each key, -1 where there is none.
    """

    key: npt.NDArray[np.uint64]
    start: npt.NDArray[np.int64]
    end: npt.NDArray[np.int64]
    service: npt.NDArray[np.int32]
    slots: npt.NDArray[np.int32]

    @classmethod
    def of(cls, port_sets: Sequence[Sequence[Served]]) -> "Ports":
        """The arrays of port sets whose pieces of time do not overlap; `service` is the id of a set of services."""
        rows = [
            (i << 24 | one.protocol << 16 | one.port, one.start, one.end, one.service)
            for i, served in enumerate(port_sets)
            for one in served
        ]
        rows.sort()
        key, start, end, service = zip(*rows, strict=True) if rows else ((), (), (), ())
        keys = np.array(key, np.uint64)
        return cls(
            keys,
            np.array(start, np.int64),
            np.array(end, np.int64),
            np.array(service, np.int32),
            _hashed(keys),
        )

    def pick(
        self,
        port_set: npt.NDArray[np.int32],
        protocol: npt.NDArray[np.uint8],
        port: npt.NDArray[np.int32],
        at: npt.NDArray[np.int64],
    ) -> npt.NDArray[np.int32]:
        """The set of services of each (port set, protocol, port, time); 0 for none."""
        out = np.zeros(len(port_set), np.int32)
        if len(self.key):
            _pick(self.key, self.start, self.end, self.service, self.slots, port_set, protocol, port, at, out)
        return out


def _hashed(keys: npt.NDArray[np.uint64]) -> npt.NDArray[np.int32]:
    slots = np.full(1 << (max(len(keys), 1) * 4 - 1).bit_length(), -1, np.int32)
    _hash_keys(keys, slots)
    return slots


@njit(inline="always")
def _slot(key: np.uint64, slots: npt.NDArray[np.int32]) -> np.uint64:
    return (key * np.uint64(0x9E3779B97F4A7C15)) >> np.uint64(20) & np.uint64(len(slots) - 1)


@njit(cache=True)
def _hash_keys(keys: npt.NDArray[np.uint64], slots: npt.NDArray[np.int32]) -> None:
    for i in range(len(keys)):
        if i and keys[i] == keys[i - 1]:
            continue
        s = _slot(keys[i], slots)
        while slots[s] >= 0:
            s = (s + np.uint64(1)) & np.uint64(len(slots) - 1)
        slots[s] = i


@njit(nogil=True, cache=True)
def _pick(
    key: npt.NDArray[np.uint64],
    start: npt.NDArray[np.int64],
    end: npt.NDArray[np.int64],
    service: npt.NDArray[np.int32],
    slots: npt.NDArray[np.int32],
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
        s = _slot(wanted, slots)
        while slots[s] >= 0 and key[slots[s]] != wanted:
            s = (s + np.uint64(1)) & np.uint64(len(slots) - 1)
        row = slots[s]
        while 0 <= row < len(key) and key[row] == wanted:
            if start[row] <= at[i] < end[row]:
                out[i] = service[row]
                break
            row += 1
