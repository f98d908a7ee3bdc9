"""What records call their network: an id, a name, a node or an interface → the network, as of the time of the record.

    "vpc-0a1b"       the VPC of that id                       what networks are called (`Networks.names`)
    "prod"           the VPC or cluster of that name then
    "worker-7"       the cluster that a node of that name is in
    "eni-04f2"       the VPC of the VM, subnet, interface … of that id or name

The first of these groups that has the name at that time decides (docs/laws.md, 8).
"""

from collections.abc import Sequence
from typing import Any, Final, NamedTuple

import numpy as np

from tagweave.index.asking import exact, runs_of
from tagweave.index.columns import (
    FLAG_DISPUTED,
    I32,
    I64,
    INTERNET,
    NETWORK_AMBIGUOUS,
    NETWORK_UNKNOWN,
    NETWORK_UNNAMED,
    TAGSET_BITS,
    U64,
    Bools,
)
from tagweave.index.compiled import frozen
from tagweave.index.kernels import SEVERAL_HOLD
from tagweave.index.tables import NAME, name_keys
from tagweave.index.view import View

_NODE: Final = "host_name"
_IN_A_VPC: Final = (
    ("vm_id", ""),
    ("host_name", ""),
    ("interface_id", ""),
    *(
        ("id", f"{kind}{called}")
        for kind in ("subnet", "network_interface", "nat_gateway", "load_balancer", "rds", "redis")
        for called in (":", " named ")
    ),
)
"""The rules by which something in a VPC is named, and what stands before its name there."""

_UNDECIDED: Final = -9


class _Asked(NamedTuple):
    """Some records of a batch: which names there are, and of each record the code of its name and its time."""

    names: list[str]
    codes: I32
    at: I64

    def of(self, rows: Any) -> "_Asked":  # noqa: ANN401 - any index of an array
        return self._replace(codes=self.codes[rows], at=self.at[rows])


def network_ids(view: View, names: Any, at: I64) -> I32:  # noqa: ANN401 - an Arrow array or a sequence of texts
    """The networks that names mean, each as of a time in ns (n,).

    NETWORK_UNNAMED for an empty or missing name, NETWORK_UNKNOWN where nothing has that name then,
    NETWORK_AMBIGUOUS where several networks do.
    """
    words, codes = _distinct(names)
    out = np.full(len(codes), NETWORK_UNNAMED, np.int32)
    rows = np.flatnonzero(codes >= 0)
    asked = _Asked(words, codes[rows], at[rows])
    with np.errstate(over="ignore"):
        for group in (_networks, _nodes, _in_vpcs):
            if len(rows):
                found = group(view, asked)
                out[rows] = np.where(found == _UNDECIDED, NETWORK_UNKNOWN, found)
                left = np.flatnonzero(found == _UNDECIDED)
                rows, asked = rows[left], asked.of(left)
    return out


def _distinct(names: Any) -> tuple[list[str], I32]:  # noqa: ANN401 - an Arrow array or a sequence of texts
    """The names that there are, and of each record the code of its name, -1 for none."""
    if isinstance(names, Sequence):
        known: dict[str, int] = {}
        codes = [known.setdefault(name, len(known)) if name else -1 for name in names]
        return list(known), np.array(codes, np.int32)
    import pyarrow as pa  # noqa: PLC0415 - whoever has an Arrow array has it loaded

    coded = names if pa.types.is_dictionary(names.type) else names.dictionary_encode()
    words = [word or "" for word in coded.dictionary.to_pylist()]
    codes = coded.indices.fill_null(-1).to_numpy(zero_copy_only=False).astype(np.int32)
    empty = np.array([not word for word in words] + [True])
    return words, np.where(empty[codes], -1, codes).astype(np.int32)


# ---- the three groups: the network, NETWORK_AMBIGUOUS, or _UNDECIDED where the group does not have the name


def _networks(view: View, asked: _Asked) -> I32:
    """What networks are called themselves."""
    out = np.full(len(asked.codes), _UNDECIDED, np.int32)
    named = view.networks.names
    hi, lo = name_keys("network", asked.names)
    first = np.searchsorted(named.hi, hi)
    end = np.searchsorted(named.hi, hi, side="right")
    for code, rows in _by_code(asked.codes, end > first):
        runs = [r for r in range(first[code], end[code]) if named.lo[r] == lo[code]]
        times, meant = _meanings(view, runs)
        out[rows] = meant[np.searchsorted(times, asked.at[rows], side="right")]
        if asked.names[code] == "internet":
            out[rows[out[rows] == _UNDECIDED]] = INTERNET
    return out


def _by_code(codes: I32, wanted: Bools) -> list[tuple[int, Any]]:
    """(code, its rows) of the codes that are wanted."""
    order = np.argsort(codes, kind="stable")
    codes = codes[order]
    heads = np.flatnonzero(np.diff(codes, prepend=-1))
    parts = np.split(order, heads[1:])
    return [(int(codes[head]), part) for head, part in zip(heads, parts, strict=True) if wanted[codes[head]]]


def _meanings(view: View, runs: Sequence[int]) -> tuple[I64, I32]:
    """When a name began to mean something else, and what it meant before the first, and from each on."""
    named = view.networks.names
    events: dict[int, dict[int, bool]] = {}
    for r in runs:
        network = int(named.network[r])
        for k in range(int(named.first[r]), int(named.first[r]) + int(named.length[r])):
            events.setdefault(int(named.time[k]), {})[network] = bool(named.value[k])
    meant = [_UNDECIDED]
    live: set[int] = set()
    for time in sorted(events):
        for network, has in events[time].items():
            (live.add if has else live.discard)(network)
        meant.append(NETWORK_AMBIGUOUS if len(live) > 1 else next(iter(live), _UNDECIDED))
    return np.array(sorted(events), np.int64), np.array(meant, np.int32)


def _nodes(view: View, asked: _Asked) -> I32:
    """The clusters of nodes."""
    hi, lo = name_keys(_NODE, asked.names)
    return _owners(view, asked, hi, lo, "cluster", nodes=True)


def _in_vpcs(view: View, asked: _Asked) -> I32:
    """The VPCs of what is in one."""
    out = np.full(len(asked.codes), _UNDECIDED, np.int32)
    for rule, before in _IN_A_VPC:
        hi, lo = name_keys(rule, [before + name for name in asked.names])
        found = _owners(view, asked, hi, lo, "vpc", nodes=False)
        both = (out != _UNDECIDED) & (found != _UNDECIDED) & (out != found)
        out = np.where(out == _UNDECIDED, found, out)
        out[both] = NETWORK_AMBIGUOUS
    return out


def _owners(view: View, asked: _Asked, hi: U64, lo: U64, column: str, *, nodes: bool) -> I32:
    """A column of the owners of names at the times asked: of nodes, or of all but nodes."""
    n = len(asked.codes)
    everywhere = np.full(n, NETWORK_UNNAMED, np.int32)
    hits = exact(view, NAME, hi[asked.codes], lo[asked.codes], frozen(asked.at), everywhere)
    several = hits.rest[hits.states[hits.rest] == SEVERAL_HOLD]
    disputed = np.flatnonzero((hits.tagsets > 0) & (hits.flags & FLAG_DISPUTED != 0))
    out = _columns(view, hits.tagsets, column, nodes=nodes)
    for i in (*several.tolist(), *disputed.tolist()):
        tagsets = _live(view, int(hi[asked.codes[i]]), int(lo[asked.codes[i]]), int(asked.at[i]))
        found = {*_columns(view, tagsets, column, nodes=nodes).tolist()} - {_UNDECIDED}
        out[i] = NETWORK_AMBIGUOUS if len(found) > 1 else next(iter(found), _UNDECIDED)
    return out


def _columns(view: View, tagsets: I32, column: str, *, nodes: bool) -> I32:
    as_it_is = np.zeros(len(tagsets), np.int32)
    owner, node, found = (view.column(name, tagsets, as_it_is) for name in ("owner", "node", column))
    mine = ((owner == node) if nodes else (owner != node)) & (found != 0)
    return np.where(mine, found, _UNDECIDED).astype(np.int32)


def _live(view: View, hi: int, lo: int, at: int) -> I32:
    """The tagsets that a name has at a time, in all networks."""
    out = []
    for s, first, end in runs_of(view, NAME, hi, lo):
        one = view.segments[s]
        for r in range(first, end):
            begin, length = int(one["name.run.first"][r]), int(one["name.run.length"][r])
            k = int(np.searchsorted(one["name.time"][begin : begin + length], at, side="right")) - 1
            row = int(one["name.value"][begin + k]) & TAGSET_BITS if k >= 0 else 0
            out += [row + int(view.offsets[s])] if row else []
    return np.array(out, np.int32)
