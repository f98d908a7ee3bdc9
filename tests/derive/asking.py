"""What an index says to questions, in the oracle's words: by single look-ups, and by batches."""

from collections.abc import Sequence
from datetime import datetime
from itertools import groupby
from typing import Final

import numpy as np
import pyarrow as pa

from oracle.compare import Answered
from oracle.estates import Probe
from oracle.names import as_mac
from tagweave.errors import LookupKeyError
from tagweave.index.columns import NETWORK_UNNAMED, REASONS
from tagweave.index.find import Endpoints
from tagweave.index.holders import identities
from tagweave.index.opening import TagIndex
from tagweave.index.vocabulary import all_tags
from tagweave.index.weave import Weaver
from tagweave.model import PROTOCOLS
from tagweave.model.addresses import pack
from tagweave.model.times import BEGINNING, FOREVER, from_ns, to_ns

IN_RECORDS: Final = ("pod_uid", "pod_name", "container_id", "vm_id", "host_name", "mac", "interface_id")
"""The rules of names that records can have."""

_LOW: Final = (1 << 64) - 1


def can_be_looked_up(probe: Probe) -> bool:
    """Whether a single look-up can ask it: that knows no end time, no source, and tries all rules."""
    return probe.until is None and probe.rule is None and probe.side != "source"


def looked_up(index: TagIndex, probe: Probe) -> Answered:
    key, at, network, port, protocol, *_ = probe
    try:
        answer = index.lookup(key, at=from_ns(at), network=network, port=port, protocol=protocol)
    except LookupKeyError:
        return {"reason": "unknown_network", "owner": None, "candidates": (), "tags": {}}
    match = answer.match
    if match is None:
        reason = (answer.reason or "").partition(":")[0]
        candidates = [(one.kind, one.id) for one in answer.candidates]
        return {"reason": reason, "owner": None, "candidates": candidates, "tags": answer.tags}
    return {
        "reason": "matched",
        "owner": (match.kind, match.id),
        "rule": match.rule,
        "disputed": match.disputed,
        "interval": (_ns(match.since, BEGINNING), _ns(match.until, FOREVER)),
        "age_seconds": match.age_seconds,
        "tags": answer.tags,
    }


def _ns(told: str | None, otherwise: int) -> int:
    return otherwise if told is None else to_ns(datetime.fromisoformat(told))


def told_in_batches(
    index: TagIndex, probes: Sequence[Probe], tags: Sequence[str] | None = None
) -> dict[Probe, Answered]:
    """All that records can ask (no name without its rule), one batch for sources and one for destinations."""
    askable = [p for p in probes if p.rule in IN_RECORDS or (p.rule is None and _is_address(p.key))]
    told: dict[Probe, Answered] = {}
    for side, some in groupby(sorted(askable, key=lambda p: p.side), key=lambda p: p.side):
        told |= _told(index, [*some], side, tags or all_tags("otel"))
    return told


def _told(index: TagIndex, probes: Sequence[Probe], side: str, tags: Sequence[str]) -> dict[Probe, Answered]:
    weaver = Weaver(index, tags)
    woven = weaver.weave(ends_of(index, probes), side)
    found = woven.found
    owners = index.view.column("owner", found.tagsets, found.picks)
    who = identities(index.view, owners, found.at)
    columns = dict(zip(tags, (column.to_pylist() for column in woven.columns), strict=True))
    return {
        probe: {
            "reason": REASONS[woven.reasons[i]],
            "owner": (who[i].source, who[i].kind, who[i].id) if found.tagsets[i] else None,
            "tags": {tag: column[i] for tag, column in columns.items() if column[i] is not None},
        }
        for i, probe in enumerate(probes)
    }


def ends_of(index: TagIndex, probes: Sequence[Probe]) -> Endpoints:
    """One end of records that ask this."""
    valid = np.array([p.rule is None for p in probes])
    packed = [pack(p.key) if p.rule is None else 0 for p in probes]
    at = np.array([p.at for p in probes], np.int64)
    named = index.network_ids([p.network or "" for p in probes], at)
    return Endpoints(
        np.array([one >> 64 for one in packed], np.uint64),
        np.array([one & _LOW for one in packed], np.uint64),
        valid,
        at,
        np.array([p.at if p.until is None else p.until for p in probes], np.int64),
        np.where([p.network is None for p in probes], NETWORK_UNNAMED, named).astype(np.int32),
        np.array([-1 if p.port is None else p.port for p in probes], np.int32),
        np.array([PROTOCOLS.get(p.protocol.upper(), 0) for p in probes], np.uint8),
        tuple(
            (rule, pa.array([_as_record(p) if p.rule == rule else None for p in probes], pa.string()))
            for rule in IN_RECORDS
            if any(p.rule == rule for p in probes)
        ),
    )


def _as_record(probe: Probe) -> str:
    return as_mac(probe.key) if probe.rule == "mac" else probe.key


def _is_address(key: str) -> bool:
    try:
        pack(key)
    except ValueError:
        return False
    return True
