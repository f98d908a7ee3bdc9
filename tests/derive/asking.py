"""What an index says to a question, in the oracle's words: by a single look-up, and by a batch."""

from collections.abc import Sequence

import numpy as np
import pyarrow as pa

from tagweave.errors import LookupKeyError
from tagweave.index.columns import NETWORK_UNNAMED, REASONS, RULES
from tagweave.index.find import Endpoints
from tagweave.index.opening import TagIndex
from tagweave.index.vocabulary import all_tags
from tagweave.index.weave import Weaver
from tagweave.model import PROTOCOLS
from tagweave.model.addresses import pack
from tagweave.model.times import from_ns

Told = tuple[str, dict[str, str]]
"""A reason, and the tags: several values of one in alphabetical order, joined by commas."""


def looked_up(index: TagIndex, key: str, at: int, network: str | None, port: int | None, protocol: str) -> Told:
    try:
        answer = index.lookup(key, at=from_ns(at), network=network, port=port, protocol=protocol)
    except LookupKeyError:
        return "unknown_network", {}
    reason = "matched" if answer.match else (answer.reason or "").partition(":")[0]
    return reason, {tag: _sorted(value) for tag, value in answer.tags.items()}


def _sorted(value: str | list[str]) -> str:
    return ",".join(sorted(value)) if isinstance(value, list) else value


def end(
    key: str, at: int, network: int, port: int | None, protocol: str, until: int | None, rule: str | None
) -> Endpoints:
    try:
        packed, valid = pack(key), rule is None
    except ValueError:
        packed, valid = 0, False
    return Endpoints(
        np.array([packed >> 64], np.uint64),
        np.array([packed & (2**64 - 1)], np.uint64),
        np.array([valid]),
        np.array([at], np.int64),
        None if until is None else np.array([until], np.int64),
        np.array([network], np.int32),
        np.array([-1 if port is None else port], np.int32),
        np.array([PROTOCOLS.get(protocol.upper(), 0)], np.uint8),
        () if rule is None else ((rule, pa.array([key])),),
    )


def woven(
    index: TagIndex,
    key: str,
    at: int,
    network: str | None,
    port: int | None,
    protocol: str,
    side: str,
    until: int | None = None,
    rule: str | None = None,
    tags: Sequence[str] | None = None,
) -> Told:
    where = int(index.network_ids([network], at)[0]) if network else NETWORK_UNNAMED
    weaver = Weaver(index, tags or all_tags("otel"))
    out = weaver.weave(end(key, at, where, port, protocol, until, rule), side)
    values = [column.to_pylist()[0] for column in out.columns]
    said = zip(weaver.columns(""), values, strict=True)
    return REASONS[out.reasons[0]], {tag: ",".join(sorted(v.split(","))) for tag, v in said if v is not None}


assert RULES
