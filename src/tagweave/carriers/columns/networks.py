"""Networks of records: where each one says that it was, as of its time.

| a record has | it counts |
|---|---|
| `network`, `cluster`, `node`, `vpc`: the emitter's word | always: what means no network then is *unknown_network* |
| `subnet`, `interface`, the address of a node: where it was seen | where it means a network |
| none of these | `--network` does, where there is one |

The first of these that counts decides, in this order.
"""

from collections.abc import Callable, Sequence
from typing import Any, Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from tagweave.carriers.columns import addresses
from tagweave.carriers.columns.blocks import as_text
from tagweave.errors import LookupKeyError
from tagweave.index.answers import one_network
from tagweave.index.columns import I32, I64, NETWORK_AMBIGUOUS, NETWORK_UNNAMED
from tagweave.index.find import Endpoints, find, network_ids
from tagweave.index.holders import labels, name_runs, spellings
from tagweave.index.tables import name_keys
from tagweave.index.view import View
from tagweave.model.times import BEGINNING

NAMED: Final = ("network", "cluster", "node", "vpc")
"""Roles by which a record names its network itself."""
SEEN: Final = ("subnet", "interface")
"""Roles that say where a record was seen."""

_MOST: Final = 8

Columns = Callable[[str], Any]
"""The column of a role, a pyarrow array; None where there is none."""


def networks_of(view: View, column: Columns, named: Sequence[str], option: str | None, at: I64) -> I32:
    """The network of each record (n,), as of its time in ns; NETWORK_UNNAMED where nothing says which.

    `named` are the roles in which records name it, the first one first.
    """
    out = np.full(len(at), NETWORK_UNNAMED, np.int32)
    words = [(role, as_text(found)) for role in named if (found := column(role)) is not None]
    nodes = [text for role, text in words if role == "node"]
    told = [_without_addresses(text) if role == "node" else text for role, text in words]
    if told:
        out = network_ids(view, pc.coalesce(*told), at)
    for text in nodes:
        _fill(out, _of_addresses(view, text, at))
    for role in SEEN:
        found = column(role)
        if found is not None and (out == NETWORK_UNNAMED).any():
            _fill(out, network_ids(view, as_text(found), at))
    rest = np.flatnonzero(out == NETWORK_UNNAMED)
    if option and len(rest):
        out[rest] = network_ids(view, [option] * len(rest), at[rest])
    return out


def _fill(out: I32, found: I32) -> None:
    """Take over the networks of records that have none yet."""
    mine = (out == NETWORK_UNNAMED) & (found >= 0)
    out[mine] = found[mine]


def _without_addresses(text: pa.Array) -> pa.Array:
    return pc.if_else(pa.array(addresses.parse_column(text).valid), None, text)


def _of_addresses(view: View, text: pa.Array, at: I64) -> I32:
    """The clusters of the nodes that have some addresses, or the networks that they are in."""
    found = addresses.parse_column(text)
    out = np.full(len(at), NETWORK_UNNAMED, np.int32)
    rows = np.flatnonzero(found.valid)
    if not len(rows):
        return out
    n = len(rows)
    ends = Endpoints(
        found.hi[rows],
        found.lo[rows],
        np.ones(n, np.bool_),
        at[rows],
        None,
        np.full(n, NETWORK_UNNAMED, np.int32),
        np.full(n, -1, np.int32),
        np.zeros(n, np.uint8),
    )
    hits = find(view, ends, "")
    node, cluster, network = (view.column(name, hits.tagsets, hits.picks) for name in ("node", "cluster", "network"))
    out[rows] = np.where(node != 0, np.where(cluster != 0, cluster, network), NETWORK_UNNAMED)
    return out


def check(view: View, name: str) -> None:
    """Raise LookupKeyError for what never names one network: that of no network, or always that of several."""
    moments = np.array([BEGINNING, *_moments(view, name)], np.int64)
    found = network_ids(view, [name] * len(moments), moments)
    if (found >= 0).any():
        return
    several = np.flatnonzero(found == NETWORK_AMBIGUOUS)
    if len(several):
        one_network(view, name, int(moments[several[-1]]))
    every = view.networks.rid
    more = ", …" if len(every) > _MOST else ""
    raise LookupKeyError(f"no network is named {name!r}; there are: {', '.join(labels(view, every[:_MOST]))}{more}")


def _moments(view: View, name: str) -> list[int]:
    """When the name may have begun to mean something else."""
    names = view.networks.names
    hi, lo = name_keys("network", [name])
    out: set[int] = set()
    for r in np.flatnonzero((names.hi == hi[0]) & (names.lo == lo[0])).tolist():
        out |= {*names.time[names.first[r] : names.first[r] + names.length[r]].tolist()}
    for rule, text in spellings(name):
        for run in name_runs(view, rule, text):
            out |= {*run.time.tolist()}
    return sorted(out)
