"""The arrays of a segment that drafts and merging both make, from columns that are ready.

docs/index-format.md says what each array holds.
"""

from collections.abc import Mapping, Sequence
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from tagweave.index.columns import FACTS, I32, I64, SEVERAL, SINGLE, U64
from tagweave.index.tables import content_ids, key_slots

Array = npt.NDArray[Any]


def tagset_arrays(columns: Mapping[str, I32], set_id: U64) -> dict[str, Array]:
    """The arrays of tagsets: their columns, ids, and the rows by ascending id.

    `settling` says what a port may do to a row: the set of ports, shifted by two bits; 1 where the row is a pod's,
    2 where it is a node's, that has a service or an ingress to lose.
    """
    count = len(columns["owner"])
    cells: list[tuple[str, Array]] = [(name, columns[name]) for name in (*SINGLE, *FACTS)]
    cells += [(name, set_id[columns[name]]) for name in SEVERAL]
    ids = content_ids(cells, count) & ~np.uint64(31)
    loses = (columns["service"] != 0) | (columns["ingress"] != 0)
    of_pod = loses & (columns["pod"] != 0)
    of_node = loses & (columns["pod"] == 0) & (columns["node"] != 0) & (columns["node"] == columns["owner"])
    settling = columns["ports"] << 2 | of_pod | of_node * np.int32(2)
    arrays: dict[str, Array] = {f"tagset.{name}": column for name, column in columns.items()}
    arrays["tagset.settling"] = settling.astype(np.int32)
    arrays["tagset.id"] = ids
    arrays["tagset.order"] = np.argsort(ids, kind="stable").astype(np.int32)
    return arrays


def port_arrays(key: U64, start: I64, end: I64, pick: Sequence[int] | I32, said: I32) -> dict[str, Array]:
    """The arrays of ports, by ascending key, and of what they pick: `said` has a row for each of PICKED."""
    service, ingress, namespace, cluster = (np.ascontiguousarray(column) for column in said)
    return {
        "port.key": key,
        "port.start": start,
        "port.end": end,
        "port.pick": np.asarray(pick, np.int32),
        "port.slots": key_slots(key),
        "pick.service": service,
        "pick.ingress": ingress,
        "pick.namespace": namespace,
        "pick.cluster": cluster,
    }


VALUE_CELLS: Final = (
    "name",
    "type",
    "ip",
    "started",
    "account",
    "labels",
    "cen",
    "peering_connection",
    "router",
)
"""What a value holds: codes of texts, a set of labels, sets, and a resource."""


def resource_arrays(rid: I32, texts: Array, first: I64, since: I64, cells: Array) -> dict[str, Array]:
    """The arrays of resources by ascending rid (`texts`: kind, source, native) and of their values (VALUE_CELLS)."""
    kind, source, native = (np.ascontiguousarray(column) for column in texts.T)
    return {
        "resource.rid": rid,
        "resource.slots": key_slots(rid),
        "resource.kind": kind.astype(np.uint8),
        "resource.source": source,
        "resource.native": native,
        "resource.first": first,
        "value.since": since,
        **{f"value.{name}": np.ascontiguousarray(cells[:, i]) for i, name in enumerate(VALUE_CELLS)},
    }


def label_arrays(first: I64, key: I32, value: I32) -> dict[str, Array]:
    """The arrays of sets of labels, and the keys that there are."""
    return {"labels.first": first, "label.key": key, "label.value": value, "label.names": np.unique(key)}


def regrouped(counts: I64, order: npt.NDArray[np.intp]) -> tuple[I64, npt.NDArray[np.intp]]:
    """Groups of rows in another order: where each begins (and the end), and which row stands where."""
    begin = np.cumsum(counts) - counts
    taken = counts[order]
    first = np.zeros(len(order) + 1, np.int64)
    np.cumsum(taken, out=first[1:])
    return first, np.repeat(begin[order] - first[:-1], taken) + np.arange(int(first[-1]))
