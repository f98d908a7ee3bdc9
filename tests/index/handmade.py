"""Indexes made by hand, through drafts: each test says what the segments hold. Times are in minutes."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Final

import numpy as np
import pyarrow as pa

from tagweave.index.columns import NETWORK_UNNAMED, REASONS
from tagweave.index.draft import Draft, Piece, Served, Value
from tagweave.index.find import Endpoints
from tagweave.index.folder import Folder, Manifest, ScopeSeen, SegmentEntry
from tagweave.index.networks import networks_of
from tagweave.index.opening import TagIndex
from tagweave.index.segment import Segment
from tagweave.index.view import View
from tagweave.index.vocabulary import all_tags
from tagweave.index.weave import Weaver, names_of
from tagweave.model import PROTOCOLS
from tagweave.model.addresses import pack, pack_prefix
from tagweave.model.batches import Scope
from tagweave.model.times import BEGINNING, FOREVER, to_ns

BEGIN: Final = datetime(2026, 1, 1, tzinfo=UTC)
END: Final = 1000
"""When what is open was last seen, in minutes."""
NOBODY: Final = SegmentEntry("", 0, 0, 0)


def minute(n: float) -> datetime:
    return BEGIN + timedelta(minutes=n)


def ns(n: float | None) -> int:
    return FOREVER if n is None else to_ns(minute(n))


def piece(
    start: float = 0,
    end: float | None = None,
    *,
    ports: Sequence[Served] = (),
    seen: float | Scope = END,
    others: Sequence[int] = (),
    disputed: bool = False,
    after: bool = False,
    **row: Any,
) -> Piece:
    seen_at = seen if isinstance(seen, Scope) else ns(seen)
    return Piece(ns(start), ns(end), row, tuple(ports), seen_at, tuple(others), disputed, after)


def serves(
    service: int,
    port: int,
    protocol: str = "tcp",
    *,
    ingresses: Sequence[int] = (),
    subject: tuple[int, int] = (0, 0),
    start: float = 0,
    end: float | None = None,
) -> Served:
    return Served(PROTOCOLS[protocol.upper()], port, ns(start), ns(end), service, tuple(ingresses), subject)


class Estate:
    """What an index holds, segment by segment, the oldest first."""

    def __init__(self) -> None:
        self.drafts = [Draft()]
        self._rids = 0
        self._networks: list[int] = []
        self._names: list[tuple[str, int, list[tuple[int, int]]]] = []
        self._homes: list[tuple[int, int, int, int]] = []

    @property
    def draft(self) -> Draft:
        return self.drafts[-1]

    def newer(self) -> None:
        """What comes from now on is in a newer segment."""
        self.drafts.append(Draft(self.draft.scopes))

    def add(self, kind: str, native: str, name: str = "", *, source: str = "", rid: int = 0, **more: object) -> int:
        """A resource that was always called so."""
        return self.was(kind, native, (None, {"name": name, **more}), source=source, rid=rid)

    def was(
        self, kind: str, native: str, *values: tuple[float | None, Mapping[str, object]], source: str = "", rid: int = 0
    ) -> int:
        """A resource, with its values from each moment on."""
        if not rid:
            self._rids += 1
            rid = self._rids
        empty = {"name": "", "type": "", "ip": "", "started": "", "account": "", "labels": {}}
        made = [Value(BEGINNING if at is None else ns(at), **{**empty, **said}) for at, said in values]  # type: ignore[arg-type]
        self.draft.resource(rid, source or self._source(kind), kind, native, made)
        return rid

    @staticmethod
    def _source(kind: str) -> str:
        inside = ("cluster", "node", "namespace", "workload", "replica_set", "pod", "service", "ingress")
        return "k8s" if kind in inside else "cloud"

    def network(self, rid: int, *names: str) -> int:
        """A VPC or cluster that is a network, always called so."""
        self._networks.append(rid)
        self._names += [(name, rid, [(BEGINNING, FOREVER)]) for name in names]
        return rid

    def home(self, cluster: int, vpc: int) -> None:
        """A cluster has always run in a VPC."""
        self._homes.append((cluster, vpc, BEGINNING, FOREVER))

    def address(self, text: str, network: int, *pieces: Piece) -> None:
        self.draft.address(pack(text), network, pieces)

    def prefix(self, text: str, network: int, *pieces: Piece) -> None:
        address, length = pack_prefix(text)
        self.draft.prefix(address, length, network, pieces)

    def name(self, rule: str, text: str, network: int, *pieces: Piece, label: str = "") -> None:
        self.draft.name(rule, text, network, pieces, label)

    def manifest(self, groups: Mapping[str, Sequence[str]], accounts: Mapping[str, tuple[str, str]]) -> Manifest:
        scopes = tuple(ScopeSeen(s.source, s.kind, s.part, ns(END)) for s in self.draft.scopes)
        told = {name: tuple(tags) for name, tags in groups.items()}
        return Manifest(1, 1, "2026-01-01T00:00:00Z", (), NOBODY, scopes, dict(accounts), told)

    def index(
        self, groups: Mapping[str, Sequence[str]] | None = None, accounts: Mapping[str, tuple[str, str]] | None = None
    ) -> TagIndex:
        """The index, in memory."""
        segments = [Segment.of(draft.arrays(), draft.meta()) for draft in reversed(self.drafts)]
        networks = networks_of(self._networks, self._homes, (), self._names)
        return TagIndex(View(segments, networks, self.manifest(groups or {}, accounts or {})))

    def publish(self, path: Path, revision: int = 1) -> None:
        """The index as a folder."""
        folder = Folder(path)
        with folder.lock():
            entries = []
            for draft in reversed(self.drafts):
                file = folder.file(folder.new_name())
                entries.append(SegmentEntry.of(file, draft.write(file)))
            file = folder.file(folder.new_name())
            networks = networks_of(self._networks, self._homes, (), self._names)
            manifest = self.manifest({}, {})
            parts = (revision, 1, manifest.written_at, tuple(entries), SegmentEntry.of(file, networks.write(file)))
            folder.publish(Manifest(*parts, manifest.scopes))


# ---- asking


def ends(
    address: str | Sequence[str],
    at: float | Sequence[float] = 100,
    network: int = NETWORK_UNNAMED,
    port: int | None = None,
    protocol: str = "tcp",
    keys: tuple = (),
    until: float | None = None,
) -> Endpoints:
    """An end of one record, or of several; an empty address is none."""
    many = [address] if isinstance(address, str) else list(address)
    packed = [pack(one) if one else 0 for one in many]
    moments = [at] * len(many) if isinstance(at, int | float) else list(at)
    n = len(many)
    return Endpoints(
        np.array([one >> 64 for one in packed], np.uint64),
        np.array([one & (2**64 - 1) for one in packed], np.uint64),
        np.array([bool(one) for one in many], np.bool_),
        np.array([ns(one) for one in moments], np.int64),
        None if until is None else np.full(n, ns(until), np.int64),
        np.full(n, network, np.int32),
        np.full(n, -1 if port is None else port, np.int32),
        np.full(n, PROTOCOLS.get(protocol.upper(), 0), np.uint8),
        keys,
    )


def woven(
    index: TagIndex, end: Endpoints, tags: Sequence[str], names: str = "otel", side: str = "destination"
) -> tuple[str, dict[str, str]]:
    """The reason and the tags of one end, by batch."""
    weaver = Weaver(index, tags, names)
    out = weaver.weave(end, side)
    values = [column.to_pylist()[0] for column in out.columns]
    return REASONS[out.reasons[0]], {t: v for t, v in zip(weaver.columns(""), values, strict=True) if v is not None}


def columns(index: TagIndex, end: Endpoints, *tags: str, names: str = "otel", side: str = "") -> list[tuple]:
    """The tags of several ends, a tuple each."""
    out = Weaver(index, tags, names).weave(end, side)
    return list(zip(*(column.to_pylist() for column in out.columns), strict=True))


def ask(
    index: TagIndex,
    key: str,
    *tags: str,
    at: float = 100,
    network: str | None = None,
    port: int | None = None,
    protocol: str = "tcp",
    names: str = "otel",
    rule: str = "",
) -> tuple[str | None, ...]:
    """Tags of a key (all that there are: `everything`), which a batch, a look-up and an encoded id give alike."""
    found = everything(index, key, at=at, network=network, port=port, protocol=protocol, names=names, rule=rule)
    return tuple(found.get(tag) for tag in tags)


def everything(
    index: TagIndex,
    key: str,
    *,
    at: float = 100,
    network: str | None = None,
    port: int | None = None,
    protocol: str = "tcp",
    names: str = "otel",
    rule: str = "",
) -> dict[str, str]:
    """All tags of a key. `rule` says which, where it is a name."""
    answer = index.lookup(key, at=minute(at), network=network, port=port, protocol=protocol, names=names)
    tags = [*dict.fromkeys([*all_tags(names), *answer.tags])]
    where = int(index.network_ids([network], ns(at))[0]) if network else NETWORK_UNNAMED
    keys = ((rule, pa.array([key], pa.string())),) if rule else ()
    end = ends("" if rule else key, at, where, port, protocol, keys)
    reason, got = woven(index, end, tags, names)
    if answer.match is None:
        assert (answer.reason or "").partition(":")[0] == reason
        assert not answer.tags
        return {}
    assert reason == "matched"
    said = {t: ",".join(v) if isinstance(v, list) else v for t, v in answer.tags.items()}
    assert said == got
    again = by_id(index, end, tags, names)
    beside = {tag for tag in tags if tag.startswith(("tagweave.match.age", "container.", "k8s.container."))}
    assert {tag: value for tag, value in again.items() if tag not in beside}.items() <= got.items()
    return got


def by_id(index: TagIndex, end: Endpoints, tags: Sequence[str], names: str = "otel") -> dict[str, str]:
    """Tags of the encoded id of an end."""
    out = Weaver(index, (), names).weave(end, "destination")
    named = names_of(index, out.ids, tags, pa.array(out.found.at), names)
    assert named.known.all()
    values = [column.to_pylist()[0] for column in named.columns]
    return {tag: value for tag, value in zip(tags, values, strict=True) if value is not None}
