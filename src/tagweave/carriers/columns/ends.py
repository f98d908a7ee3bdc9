"""Ends: the columns of a block of records → what a tag index is asked of each end."""

from collections.abc import Callable, Iterator, Mapping
from typing import Any, Final, NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from tagweave.carriers.columns import addresses, networks, times
from tagweave.carriers.columns.addresses import Addresses
from tagweave.carriers.columns.blocks import as_text
from tagweave.index.columns import I32, I64, U8, Bools
from tagweave.index.find import Endpoints
from tagweave.index.view import View
from tagweave.model import PROTOCOLS

KEY_RULES: Final = (
    ("container_id", "container_id"),
    ("pod_uid", "pod_uid"),
    ("pod", "pod_name"),
    ("vm", "vm_id"),
    ("mac", "mac"),
    ("host", "host_name"),
)
"""Roles that identify an end, in the order in which they are tried, before the address."""

_MAC: Final = "^(?:[0-9a-f]{2}[:-]){5}[0-9a-f]{2}$|^(?:[0-9a-f]{4}\\.){2}[0-9a-f]{4}$|^[0-9a-f]{12}$"
_PAIRS: Final = "^(..)(..)(..)(..)(..)(..)$"


class Side(NamedTuple):
    """One end of n records: what is asked of it, and where its address column has what is none."""

    ends: Endpoints
    wrong: Bools


class Records:
    """The records of a batch with the roles of its columns, of which some may not be there yet."""

    def __init__(self, batch: pa.RecordBatch, roles: Mapping[str, str], at: I64 | None = None) -> None:
        """`at` (n,) stands for the times of the records, in ns."""
        self.batch = batch
        self.roles = roles
        self._at = at
        self._networks: dict[tuple[str, ...], I32] = {}

    def column(self, role: str) -> Any | None:  # noqa: ANN401 - a pyarrow array of any type
        """The column of a role; None where the records have none."""
        name = self.roles.get(role)
        return None if name is None or name not in self.batch.schema.names else self.batch.column(name)

    def moments(self) -> tuple[times.Times, I64 | None]:
        """When each record was, and the ends of their windows, where they have any."""
        count = len(self.batch)
        if self._at is not None:
            return times.Times(self._at, np.ones(count, np.bool_)), None
        column = self.column("time")
        if column is None:
            return times.Times(np.zeros(count, np.int64), np.zeros(count, np.bool_)), None
        moments = times.parse_column(column)
        last = self.column("end_time")
        if last is None:
            return moments, None
        until = times.parse_column(last)
        return moments, np.where(until.valid, until.at, moments.at)

    def side(self, view: View, side: str, moments: tuple[times.Times, I64 | None], option: str | None) -> Side:
        """One end of all records; `option` is the network of those that name none."""
        prefix = f"{side}." if side else ""
        count = len(self.batch)
        found = _addresses(self.column(f"{prefix}ip"), count)
        at, until = moments
        ends = Endpoints(
            found.hi,
            found.lo,
            found.valid & at.valid,
            at.at,
            until,
            self._network(view, prefix, at.at, option),
            _ports(self.column(f"{prefix}port"), count),
            _protocols(self.column("protocol"), count),
            tuple(self._keys(prefix, at.valid)),
        )
        return Side(ends, ~found.valid & ~found.absent)

    def _network(self, view: View, prefix: str, at: I64, option: str | None) -> I32:
        named = (f"{prefix}network", *networks.NAMED) if prefix else networks.NAMED
        here = tuple(role for role in named if self.column(role) is not None)
        if here not in self._networks:  # both ends mostly share it
            self._networks[here] = networks.networks_of(view, self.column, here, option, at)
        return self._networks[here]

    def _keys(self, prefix: str, timed: Bools) -> Iterator[tuple[str, pa.Array]]:
        for role, rule in KEY_RULES:
            column = self.column(prefix + role)
            if column is None:
                continue
            texts = as_text(column)
            namespace = self.column(f"{prefix}namespace")
            if role == "pod" and namespace is not None:
                texts = pc.binary_join_element_wise(as_text(namespace), texts, "/")
            if role == "mac":
                texts = macs(texts)
            if role == "container_id":
                texts = pc.replace_substring_regex(texts, "^[a-z-]+://", "")
            yield rule, texts if timed.all() else pc.if_else(pa.array(timed), texts, None)


def macs(texts: pa.StringArray) -> pa.StringArray:
    """MAC addresses in lower case with colons, null for what is none.

    They are written `AA-BB-CC-DD-EE-FF`, `aabb.ccdd.eeff` and `aabbccddeeff` too.
    """
    return _by_word(texts, _canonical_macs)


def _canonical_macs(words: pa.StringArray) -> pa.StringArray:
    lower = pc.utf8_lower(words)
    digits = pc.replace_substring_regex(lower, "[:.-]", "")
    found = pc.replace_substring_regex(digits, _PAIRS, r"\1:\2:\3:\4:\5:\6")
    return pc.if_else(pc.match_substring_regex(lower, _MAC), found, None)


def _by_word(texts: pa.StringArray, change: Callable[[pa.StringArray], pa.StringArray]) -> pa.StringArray:
    """What becomes of each text; each distinct one is changed once."""
    coded = texts.dictionary_encode()
    return change(coded.dictionary).take(coded.indices)


def _addresses(column: Any | None, count: int) -> Addresses:  # noqa: ANN401 - a pyarrow array of any type
    if column is not None:
        return addresses.parse_column(column)
    nothing = np.zeros(count, np.uint64)
    return Addresses(nothing, nothing, np.zeros(count, np.bool_), np.ones(count, np.bool_))


def _ports(column: Any | None, count: int) -> I32:  # noqa: ANN401 - a pyarrow array of any type
    """Ports: -1 where there is none."""
    if column is None:
        return np.full(count, -1, np.int32)
    if not pa.types.is_integer(column.type):
        text = as_text(column)
        column = pc.if_else(pc.match_substring_regex(text, r"^\d{1,5}$"), text, None).cast(pa.int32())
    return _within(column, 65535, -1)


def _within(column: Any, most: int, otherwise: int) -> I32:  # noqa: ANN401 - a pyarrow array of integers
    """Integers from 0 to `most`, and another one for all else."""
    least, greatest = (pa.scalar(bound, column.type) for bound in (0, min(most, _greatest(column.type))))
    inside = pc.and_(pc.greater_equal(column, least), pc.less_equal(column, greatest))
    numbers: I32 = pc.if_else(inside, column, None).cast(pa.int32()).fill_null(otherwise).to_numpy(zero_copy_only=False)
    return numbers


def _greatest(kind: Any) -> int:  # noqa: ANN401 - a pyarrow type of integers
    return int(2 ** (kind.bit_width - pa.types.is_signed_integer(kind)) - 1)


def _protocols(column: Any | None, count: int) -> U8:  # noqa: ANN401 - any pyarrow array
    """IANA numbers from numbers or names; 0 where it is not known."""
    if column is None:
        return np.zeros(count, np.uint8)
    if pa.types.is_integer(column.type):
        return _within(column, 255, 0).astype(np.uint8)
    coded = as_text(column).dictionary_encode()
    table = np.array([_protocol(text) for text in coded.dictionary.to_pylist()] + [0], np.uint8)
    codes: I32 = coded.indices.fill_null(len(table) - 1).to_numpy(zero_copy_only=False)
    return table[codes]


def _protocol(text: str) -> int:
    if text.isdecimal():
        return int(text) if int(text) < 256 else 0
    return PROTOCOLS.get(text.upper(), 0)
