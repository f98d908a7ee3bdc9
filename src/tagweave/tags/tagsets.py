"""Tagsets: immutable rows of resource ids, each with a dense integer id.

Columns of single resources hold a resource's id, columns of several hold the id of a set of them (sorted by
id). 0 is none in both. Tagset 0 is the empty one. Rows are only ever added, so whoever holds an older length
of the columns reads on undisturbed while new rows are added behind it.
"""

from collections.abc import Mapping
from typing import Final

import numpy as np
import numpy.typing as npt

SINGLE: Final = (
    "region",
    "az",
    "vpc",
    "subnet",
    "router",
    "host",
    "vm",
    "nat_gateway",
    "load_balancer",
    "rds",
    "redis",
    "network_interface",
    "public_ip",
    "cluster",
    "node",
    "namespace",
    "workload",
    "replica_set",
    "pod",
    "container",
)
"""Columns that hold one resource."""

SEVERAL: Final = ("security_group", "service", "ingress", "cen", "peering_connection", "workloads")
"""Columns that hold a set; `workloads` is the chain of owners from a pod's controller to the top."""

FACTS: Final = ("owner", "network", "rule", "disputed", "ports")
"""`owner` claims the address; `rule` indexes RULE_WORDS; `ports` is a set of served ports."""

COLUMNS: Final = (*SINGLE, *SEVERAL, *FACTS)

Row = Mapping[str, int]
I32 = npt.NDArray[np.int32]


class Tagsets:
    """The interned rows, by column."""

    def __init__(self) -> None:
        self._ids: dict[tuple[int, ...], int] = {}
        self._rows: list[tuple[int, ...]] = []
        self._sets: dict[tuple[int, ...], int] = {(): 0}
        self.members: list[tuple[int, ...]] = [()]
        self._columns: dict[str, I32] = {}
        self.intern({})

    def __len__(self) -> int:
        return len(self._rows)

    def intern(self, row: Row) -> int:
        """The id of the tagset with this row."""
        get = row.get
        key = tuple([get(column, 0) for column in COLUMNS])
        found = self._ids.get(key)
        if found is None:
            found = self._ids[key] = len(self._rows)
            self._rows.append(key)
        return found

    def row(self, tagset: int) -> dict[str, int]:
        """The columns of a tagset that are set."""
        return {column: value for column, value in zip(COLUMNS, self._rows[tagset], strict=True) if value}

    def set_of(self, members: frozenset[int] | set[int] | tuple[int, ...]) -> int:
        """The id of a set of resources."""
        key = tuple(sorted(members))
        found = self._sets.get(key)
        if found is None:
            found = self._sets[key] = len(self.members)
            self.members.append(key)
        return found

    def chain_of(self, members: tuple[int, ...]) -> int:
        """The id of an ordered set."""
        found = self._sets.get(members)
        if found is None:
            found = self._sets[members] = len(self.members)
            self.members.append(members)
        return found

    def union(self, a: int, b: int) -> int:
        """The id of the union of two sets."""
        if a == b or not b:
            return a
        return self.set_of(set(self.members[a]) | set(self.members[b])) if a else b

    def column(self, name: str) -> I32:
        """One column over all tagsets, at least as long as there are tagsets."""
        have = self._columns.get(name)
        start = 0 if have is None else len(have)
        if have is None or start < len(self._rows):
            position = COLUMNS.index(name)
            new = np.fromiter((row[position] for row in self._rows[start:]), np.int32)
            self._columns[name] = have = new if have is None else np.concatenate([have, new])
        return have
