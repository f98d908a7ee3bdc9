"""A draft: what derive says of keys and resources, collected and made into the arrays of one segment.

    draft = Draft(manifest.scopes)
    pieces = [Piece(start, FOREVER, {"owner": pod, "pod": pod, …}, (), scope, (), False, False)]
    draft.address(pack("10.3.7.12"), vpc, pieces)
    draft.name("pod_uid", "2c1d…", cluster, pieces)
    draft.resource(pod, "k8s", "pod", "2c1d…", [Value(BEGINNING, "web-1", …)])
    entry = draft.write(folder / "7.segment")

Rows, sets, sets of ports and texts are kept once. The arrays are made at the end, by NumPy.
"""

import itertools
from array import array
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, Final, NamedTuple

import numpy as np

from tagweave.index import segment
from tagweave.index.arrays import (
    VALUE_CELLS,
    Array,
    label_arrays,
    port_arrays,
    regrouped,
    resource_arrays,
    tagset_arrays,
)
from tagweave.index.columns import AFTER, DISPUTED, I32, I64, SEVERAL, SINGLE, TAGSET_BITS, U64
from tagweave.index.folder import SegmentEntry
from tagweave.index.tables import (
    ADDRESS,
    NAME,
    NO_RUNS,
    PREFIX,
    Runs,
    name_keys,
    set_ids,
    table_arrays,
)
from tagweave.model.batches import Scope
from tagweave.model.kinds import KINDS
from tagweave.model.times import BEGINNING, FOREVER

Row = Mapping[str, int | tuple[int, ...]]

_LOW: Final = (1 << 64) - 1
_OF_ROW: Final = (*SINGLE, "owner")
_NO_CELLS: Final = (0,) * len(_OF_ROW)
_NO_SETS: Final[tuple[tuple[int, ...], ...]] = ((),) * len(SEVERAL)
_Cells = tuple[tuple[int, ...], tuple[tuple[int, ...], ...], int]
_flat: Final = itertools.chain.from_iterable
_MOST_ROWS: Final = 1 << 14
_PORTS: Final = 0xFFFF


class Served(NamedTuple):
    """A service is served at (protocol, port) during [start, end), and these ingresses lead to it.

    `protocol` is IANA's number. `subject` are the service's namespace and cluster, 0 for none.
    """

    protocol: int
    port: int
    start: int
    end: int
    service: int
    ingresses: tuple[int, ...]
    subject: tuple[int, int]


class Piece(NamedTuple):
    """During [start, end) a key meant a row.

    `row` is column → id, without the network, which is that of the key; of SEVERAL columns an ascending tuple of ids
    (`workloads`: the nearest first). `ports` is what is served there, the same tuple object for the same content where
    that is easy. `seen` is when it was last observed, in ns, or the scope that it is as fresh as. `others` are the
    owners whose claims lost, in order.
    """

    start: int
    end: int
    row: Row
    ports: tuple[Served, ...]
    seen: int | Scope
    others: tuple[int, ...]
    disputed: bool
    after: bool


class Value(NamedTuple):
    """What a resource was called from `since` on; the first `since` is BEGINNING.

    `cen` and `peering_connection` are the transit networks and peerings of a VPC then, `router` the router of a subnet.
    """

    since: int
    name: str
    type: str
    ip: str
    started: str
    account: str
    labels: Mapping[str, str]
    cen: tuple[int, ...] = ()
    peering_connection: tuple[int, ...] = ()
    router: int = 0


class _Keys:
    """The runs of one table as they come, in few long arrays: appending is most of the work of a draft."""

    def __init__(self) -> None:
        self.keys = array("Q")  # high and low half
        self.runs = array("q")  # mark, network, first breakpoint, the end
        self.points = array("q")  # time, value, seen, others

    def run(self, key: int, mark: int, network: int, first: int) -> None:
        """A run whose breakpoints were the last ones to be added, from the first one on."""
        self.keys.extend((key >> 64, key & _LOW))
        self.runs.extend((mark, network, first, len(self.points) // 4))

    def made(self) -> Runs:
        keys = _array(self.keys, np.uint64).reshape(-1, 2)
        mark, network, first, end = _array(self.runs, np.int64).reshape(-1, 4).T
        return _runs(keys[:, 0], keys[:, 1], (mark, network, first, end), np.full(len(keys), -1), self.points)


class _Names:
    """The runs of names as they come: names that mean the same are a group."""

    def __init__(self) -> None:
        self.by_rule: dict[str, tuple[list[str], array[int], array[int]]] = {}  # text, group, label
        self.groups = array("q")  # network, first breakpoint, the end
        self.points = array("q")  # time, value, seen, others

    def rule(self, rule: str) -> tuple[list[str], "array[int]", "array[int]"]:
        found = self.by_rule[rule] = ([], array("q"), array("i"))
        return found

    def count(self) -> int:
        return sum(len(texts) for texts, _, _ in self.by_rule.values())

    def made(self) -> Runs:
        if not self.by_rule:
            return NO_RUNS
        keys = [name_keys(rule, texts) for rule, (texts, _, _) in self.by_rule.items()]
        group = np.concatenate([_array(groups, np.int64) for _, groups, _ in self.by_rule.values()])
        label = np.concatenate([_array(labels, np.int32) for _, _, labels in self.by_rule.values()])
        network, first, end = _array(self.groups, np.int64).reshape(-1, 3).T
        hi, lo = (np.concatenate(halves) for halves in zip(*keys, strict=True))
        mark = np.zeros(len(group), np.int64)
        return _runs(hi, lo, (mark, network[group], first[group], end[group]), label, self.points)


def _runs(hi: U64, lo: U64, rows: tuple[I64, ...], label: Array, points: "array[int]") -> Runs:
    mark, network, first, end = rows
    time, value, seen, others = _array(points, np.int64).reshape(-1, 4).T
    return Runs(
        np.ascontiguousarray(hi),
        np.ascontiguousarray(lo),
        mark.astype(np.uint8),
        network.astype(np.int32),
        np.ascontiguousarray(first),
        (end - first).astype(np.int32),
        label.astype(np.int32),
        np.ascontiguousarray(time),
        value.astype(np.uint32),
        np.ascontiguousarray(seen),
        others.astype(np.int32),
    ).ordered()


class Draft:
    """The content of a segment that is being made. `scopes` are those of the manifest; new ones are added to it."""

    def __init__(self, scopes: Iterable[Scope] = ()) -> None:
        self.scopes: list[Scope] = list(scopes)
        self._scope_codes = {scope: code for code, scope in enumerate(self.scopes)}
        self._addresses = _Keys()
        self._prefixes = _Keys()
        self._names = _Names()
        self._cells: dict[_Cells, int] = {(_NO_CELLS, _NO_SETS, 0): 0}
        self._cells_of: dict[int, tuple[int, Row, tuple[Served, ...]]] = {}
        self._tagsets: dict[int, int] = {0: 0}
        self._sets: dict[tuple[int, ...], int] = {(): 0}
        self._ports: dict[tuple[Served, ...], int] = {(): 0}
        self._ports_by_object: dict[int, tuple[int, tuple[Served, ...]]] = {}
        self._strings: dict[str, int] = {}
        self._kinds: dict[str, int] = {kind: code for code, kind in enumerate(KINDS)}
        self._resources = array("i")
        self._resource_texts = array("i")
        self._value_count = array("q")
        self._value_since = array("q")
        self._value_cells = array("i")
        self._labels: dict[tuple[tuple[str, str], ...], int] = {(): 0}

    # ---- keys

    def address(self, address: int, network: int, pieces: Sequence[Piece]) -> None:
        """What a packed address meant in a network, in ascending pieces that do not overlap."""
        keys = self._addresses
        keys.run(address, 0, network, self._add(keys.points, network, pieces))

    def prefix(self, address: int, length: int, network: int, pieces: Sequence[Piece]) -> None:
        """What a packed prefix (IPv4: a length of 96 and more) meant in a network."""
        keys = self._prefixes
        keys.run(address, length + 1, network, self._add(keys.points, network, pieces))

    def name(self, rule: str, text: str, network: int, pieces: Sequence[Piece], label: str = "") -> None:
        """What a name meant in a network, by one of RULES; `label` is a text that belongs to the name."""
        self.names(((rule, text, label),), network, pieces)

    def names(self, names: Iterable[tuple[str, str, str]], network: int, pieces: Sequence[Piece]) -> None:
        """What several names (rule, text, label) meant in a network: the same."""
        keys = self._names
        group = len(keys.groups) // 3
        first = self._add(keys.points, network, pieces)
        keys.groups.extend((network, first, len(keys.points) // 4))
        by_rule = keys.by_rule
        for rule, text, label in names:
            texts, groups, labels = by_rule.get(rule) or keys.rule(rule)
            texts.append(text)
            groups.append(group)
            labels.append(self._string(label) if label else -1)

    def gone_address(self, address: int) -> None:
        """Nobody has this address any more, whatever older segments say."""
        self.address(address, 0, ())

    def gone_prefix(self, address: int, length: int) -> None:
        """Nobody has this prefix any more, whatever older segments say."""
        self.prefix(address, length, 0, ())

    def gone_name(self, rule: str, text: str) -> None:
        """Nobody has this name any more, whatever older segments say."""
        self.name(rule, text, 0, ())

    def _add(self, points: "array[int]", network: int, pieces: Sequence[Piece]) -> int:
        """Add the breakpoints of pieces: one where each begins, and one where nobody follows; the first of them."""
        first = len(points) // 4
        until = FOREVER
        for start, end, row, ports, seen, others, disputed, after in pieces:
            if until not in (FOREVER, start):
                points.extend((until, 0, BEGINNING, 0))
            known = self._cells_of.get(id(row))
            cells = known[0] if known is not None and known[2] is ports else self._new_cells(row, ports)
            key = cells << 32 | network
            value = self._tagsets.get(key)
            if value is None:
                value = self._tagsets[key] = len(self._tagsets)
            if disputed:
                value |= DISPUTED
            if after:
                value |= AFTER
            last = seen if type(seen) is int else self._scope(seen)  # type: ignore[arg-type]
            points.extend((start, value, last, self._set(others) if others else 0))
            until = end
        if until != FOREVER:
            points.extend((until, 0, BEGINNING, 0))
        return first

    # ---- resources

    def resource(self, rid: int, source: str, kind: str, native: str, values: Sequence[Value]) -> None:
        """Whose id it is, and what it was called when; a stranger has one value without a name."""
        string = self._string
        self._resources.append(rid)
        kinds = self._kinds
        self._resource_texts.extend((kinds.setdefault(kind, len(kinds)), string(source), string(native)))
        self._value_count.append(len(values))
        for since, name, type_, ip, started, account, labels, cen, peerings, router in values:
            self._value_since.append(since)
            self._value_cells.extend(
                (
                    string(name) if name else -1,
                    string(type_) if type_ else -1,
                    string(ip) if ip else -1,
                    string(started) if started else -1,
                    string(account) if account else -1,
                    self._label_set(labels) if labels else 0,
                    self._set(cen) if cen else 0,
                    self._set(peerings) if peerings else 0,
                    router,
                )
            )

    # ---- what is kept once

    def _new_cells(self, row: Row, ports: tuple[Served, ...]) -> int:
        """The number of what a row and its ports say; rows of one resource are mostly one object, for all its keys."""
        get = row.get
        key = (
            tuple(map(get, _OF_ROW, _NO_CELLS)),
            tuple(map(get, SEVERAL, _NO_SETS)),
            self._port_set(ports) if ports else 0,
        )
        cells = self._cells.setdefault(key, len(self._cells))  # type: ignore[arg-type]
        if len(self._cells_of) >= _MOST_ROWS:
            self._cells_of.clear()
        self._cells_of[id(row)] = (cells, row, ports)  # held, so that its id is nobody else's
        return cells

    def _set(self, members: tuple[int, ...]) -> int:
        return self._sets.setdefault(members, len(self._sets))

    def _port_set(self, ports: tuple[Served, ...]) -> int:
        known = self._ports_by_object.get(id(ports))
        if known is None:
            code = self._ports.setdefault(ports, len(self._ports))
            known = self._ports_by_object[id(ports)] = (code, ports)  # held, so that its id is nobody else's
        return known[0]

    def _scope(self, scope: Scope) -> int:
        code = self._scope_codes.get(scope)
        if code is None:
            code = self._scope_codes[scope] = len(self.scopes)
            self.scopes.append(scope)
        return BEGINNING + 1 + code

    def _label_set(self, labels: Mapping[str, str]) -> int:
        return self._labels.setdefault(tuple(sorted(labels.items())), len(self._labels))

    def _string(self, text: str) -> int:
        return self._strings.setdefault(text, len(self._strings)) if text else -1

    # ---- the arrays

    def meta(self) -> dict[str, Any]:
        """What a segment says of itself: `kinds` by their codes, and how many keys it has."""
        return {"kinds": list(self._kinds), "keys": self._count()}

    def _count(self) -> int:
        return len(self._addresses.runs) // 4 + len(self._prefixes.runs) // 4 + self._names.count()

    @property
    def is_empty(self) -> bool:
        """Whether nothing was said of any key or resource."""
        return not self._resources and not self._count()

    def arrays(self) -> dict[str, Array]:
        """The arrays of the segment (docs/index-format.md)."""
        if len(self._tagsets) > TAGSET_BITS:
            raise ValueError(f"{len(self._tagsets)} tagsets are too many for one segment")
        ports = self._port_arrays()
        columns = self._tagset_columns()
        out = {
            **table_arrays(ADDRESS, self._addresses.made()),
            **table_arrays(PREFIX, self._prefixes.made()),
            **table_arrays(NAME, self._names.made()),
            **ports,
        }
        out |= self._set_arrays()
        out |= tagset_arrays(columns, out["set.id"])
        out |= self._resource_arrays()
        out |= self._label_arrays()
        return out | self._string_arrays()

    def write(self, path: Path) -> SegmentEntry:
        """Write the segment."""
        meta = self.meta()
        return SegmentEntry.of(path, segment.write(path, self.arrays(), meta), meta["keys"])

    def _tagset_columns(self) -> dict[str, I32]:
        keys = np.fromiter(self._tagsets, np.int64, len(self._tagsets))
        cells = keys >> 32
        ones = np.fromiter(_flat(key[0] for key in self._cells), np.int32, len(self._cells) * len(_OF_ROW))
        sets = np.fromiter(map(self._set, _flat(key[1] for key in self._cells)), np.int32)
        columns = dict(zip(_OF_ROW, ones.reshape(-1, len(_OF_ROW))[cells].T, strict=True))
        columns |= dict(zip(SEVERAL, sets.reshape(-1, len(SEVERAL))[cells].T, strict=True))
        columns["network"] = (keys & 0xFFFFFFFF).astype(np.int32)
        columns["ports"] = np.fromiter((key[2] for key in self._cells), np.int32, len(self._cells))[cells]
        return {name: np.ascontiguousarray(column) for name, column in columns.items()}

    def _set_arrays(self) -> dict[str, Array]:
        first = np.zeros(len(self._sets) + 1, np.int64)
        np.cumsum(np.fromiter(map(len, self._sets), np.int64, len(self._sets)), out=first[1:])
        member = np.fromiter(_flat(self._sets), np.int32, int(first[-1]))
        return {"set.first": first, "set.member": member, "set.id": set_ids(first, member)}

    def _port_arrays(self) -> dict[str, Array]:
        """Sets of ports as rows of what is picked when; a pick is kept once."""
        picks: dict[tuple[int, int, int, int], int] = {(0, 0, 0, 0): 0, (-1, 0, 0, 0): 1}
        rows: list[tuple[int, int, int, int]] = []
        for code, served in enumerate(self._ports):
            for protocol, port, start, end, picked in settled_ports(served):
                services, ingresses, namespace, cluster = picked
                pick = (self._set(services), self._set(ingresses), namespace, cluster)
                key = code << 24 | protocol << 16 | port
                rows.append((key, start, end, picks.setdefault(pick, len(picks))))
        rows.sort()
        keys, starts, ends, codes = (list(column) for column in zip(*rows, strict=True)) if rows else ([], [], [], [])
        said = np.array(list(picks), np.int32).T
        said[:, 1] = 0
        return port_arrays(np.array(keys, np.uint64), np.array(starts, np.int64), np.array(ends, np.int64), codes, said)

    def _resource_arrays(self) -> dict[str, Array]:
        rid = _array(self._resources, np.int32)
        order = np.argsort(rid, kind="stable")
        texts = _array(self._resource_texts, np.int32).reshape(-1, 3)[order]
        first, values = regrouped(_array(self._value_count, np.int64), order)
        cells = _array(self._value_cells, np.int32).reshape(-1, len(VALUE_CELLS))[values]
        return resource_arrays(rid[order], texts, first, _array(self._value_since, np.int64)[values], cells)

    def _label_arrays(self) -> dict[str, Array]:
        """Sets of labels; of each, the labels by ascending code of the key."""
        string = self._string
        rows = [sorted((string(key), string(value)) for key, value in labels) for labels in self._labels]
        first = np.zeros(len(rows) + 1, np.int64)
        np.cumsum(np.fromiter(map(len, rows), np.int64, len(rows)), out=first[1:])
        flat = _flat(_flat(rows))
        key, value = np.fromiter(flat, np.int32, 2 * int(first[-1])).reshape(-1, 2).T
        return label_arrays(first, np.ascontiguousarray(key), np.ascontiguousarray(value))

    def _string_arrays(self) -> dict[str, Array]:
        parts = [text.encode("utf-8", "surrogatepass") for text in self._strings]
        offset = np.zeros(len(parts) + 1, np.int64)
        np.cumsum(np.fromiter(map(len, parts), np.int64, len(parts)), out=offset[1:])
        return {"string.offset": offset, "string.bytes": np.frombuffer(b"".join(parts), np.uint8)}


# ---- ports


Picked = tuple[tuple[int, ...], tuple[int, ...], int, int]


def settled_ports(served: Iterable[Served]) -> Iterable[tuple[int, int, int, int, Picked]]:
    """(protocol, port, start, end, what is picked there), not overlapping; protocol 0 is all protocols together.

    What is picked: the services, the ingresses, and the namespace and cluster in which all of those services are.
    """
    by_port: dict[tuple[int, int], list[Served]] = {}
    for one in served:
        if one.start < one.end and 0 < one.port <= _PORTS:
            by_port.setdefault((0, one.port), []).append(one)
            if one.protocol:
                by_port.setdefault((one.protocol, one.port), []).append(one)
    for (protocol, port), mine in by_port.items():
        moments = sorted({moment for one in mine for moment in (one.start, one.end)})
        for start, end in itertools.pairwise(moments):
            live = [one for one in mine if one.start <= start < one.end]
            if live:
                yield protocol, port, start, end, _picked(live)


def _picked(live: Sequence[Served]) -> Picked:
    namespaces = {one.subject[0] for one in live}
    clusters = {one.subject[1] for one in live}
    return (
        tuple(sorted({one.service for one in live})),
        tuple(sorted({ingress for one in live for ingress in one.ingresses})),
        namespaces.pop() if len(namespaces) == 1 else 0,
        clusters.pop() if len(clusters) == 1 else 0,
    )


def _array(values: "array[Any]", dtype: Any) -> Any:  # noqa: ANN401 - of whatever type is asked
    assert values.itemsize == np.dtype(dtype).itemsize
    return np.frombuffer(values, dtype) if len(values) else np.empty(0, dtype)
