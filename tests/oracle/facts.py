"""What each resource was at a time, and what a reference means: sections 1 and 2 of docs/laws.md.

Everything here is a function of a time. What holds is constant from one *moment* at which anything changes to the next,
so that each function remembers what it said of a moment.
"""

from bisect import bisect_right
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping
from functools import cache
from typing import Final, NamedTuple

from tagweave.inventory import Version
from tagweave.model import Resource, Scope
from tagweave.model.times import FOREVER, to_ns

EVER: Final = -(2**63)
"""Since ever."""

KUBERNETES: Final = frozenset({"cluster", "node", "namespace", "workload", "replica_set", "pod", "service", "ingress"})


class Ident(NamedTuple):
    """Which resource. A stranger that is known by its name alone has no id."""

    source: str
    kind: str
    id: str
    name: str = ""


INTERNET: Final = Ident("", "internet", "internet")


class Facts:
    """The versions of an estate, to be asked about one moment at a time."""

    def __init__(self, versions: Iterable[Version], first_success: Mapping[Scope, int]) -> None:
        self.versions: dict[Ident, list[Version]] = defaultdict(list)
        self.rid: dict[Ident, int] = {}
        self.of_kind: dict[str, list[Ident]] = defaultdict(list)
        for version in versions:
            r = version.resource
            it = Ident(r.source, r.kind, r.id)
            if it not in self.rid:
                self.rid[it] = version.rid
                self.of_kind[r.kind].append(it)
            if version.valid_from < version.valid_to:
                self.versions[it].append(version)
        for mine in self.versions.values():
            mine.sort(key=lambda v: v.valid_from)
        self.firsts = {(scope.source, scope.kind, at) for scope, at in first_success.items()}
        self.moments = sorted({moment for mine in self.versions.values() for v in mine for moment in _moments(v)})
        # Each estate is asked by its own functions: they remember by (what, moment).
        self.was = cache(self._was)
        self.holding = cache(self._holding)
        self.counts = cache(self._counts)

    def moment(self, at: int) -> int:
        """The moment since which everything is as it is at a time; EVER before the first."""
        i = bisect_right(self.moments, at) - 1
        return self.moments[i] if i >= 0 else EVER

    def all_moments(self) -> list[int]:
        """EVER, and every moment at which anything changes."""
        return [EVER, *self.moments]

    # ---- section 1

    def _holding(self, it: Ident, t: int) -> Version | None:
        """The version that holds a time."""
        return next((v for v in self.versions.get(it, ()) if v.valid_from <= t < v.valid_to), None)

    def _was(self, it: Ident, t: int) -> Version | None:
        """Law 1.1: the version that holds `t`, else the one that began last before, else the first."""
        mine = self.versions.get(it, ())
        before = [v for v in mine if v.valid_from <= t]
        return self.holding(it, t) or (before[-1] if before else mine[0] if mine else None)

    def resource(self, it: Ident, t: int) -> Resource | None:
        version = self.was(it, t)
        return version.resource if version else None

    def _counts(self, it: Ident, t: int) -> Version | None:
        """Law 1.2: the version by which something that shapes networks counts."""
        found = self.holding(it, t)
        mine = self.versions.get(it, ())
        if found is None and mine and t < mine[0].valid_from and self.since_ever(mine[0]):
            return mine[0]
        return found

    def since_ever(self, first: Version) -> bool:
        """Whether a first version was what the very first snapshot showed, and does not tell when it was made."""
        r = first.resource
        return r.created_at is None and (r.source, r.kind, first.valid_from) in self.firsts

    def began(self, it: Ident, t: int, so: Callable[[Resource], bool], *, shaping: bool = False) -> int:
        """Since when something has unbrokenly been `so`, as it is at `t`."""
        mine = self.versions[it]
        version = self.counts(it, t) if shaping else self.holding(it, t)
        assert version is not None
        i = mine.index(version)
        while i and mine[i - 1].valid_to == mine[i].valid_from and so(mine[i - 1].resource):
            i -= 1
        return EVER if shaping and i == 0 and self.since_ever(mine[0]) else mine[i].valid_from

    # ---- section 2

    def named(self, source: str, kind: str, name: str, t: int) -> Ident:
        """Law 2.2: which node or namespace a name means."""

        def so(resource: Resource) -> bool:
            return resource.name == name

        lives = [
            (v.valid_from, v.valid_to)
            for it in self.of_kind.get(kind, ())
            if it.source == source
            for v in self.versions[it]
            if so(v.resource)
        ]
        if not lives:
            return Ident(source, kind, "", name)
        if not any(start <= t < end for start, end in lives):
            before = [
                end for _, end in lives if end <= t
            ]  # as at the last moment at which any had it, else at the first
            t = self.moment(max(before) - 1) if before else min(start for start, _ in lives)
        having = [
            it
            for it in self.of_kind[kind]
            if it.source == source and (v := self.holding(it, t)) is not None and so(v.resource)
        ]
        return max(having, key=lambda it: (self.began(it, t, so), self.rid[it]))

    def meant_vpcs(self, source: str, native: str) -> list[Ident]:
        """What a transit network or a peering means by the id of a VPC: its source's, else those of all sources."""
        own = Ident(source, "vpc", native)
        others = [it for it in self.of_kind.get("vpc", ()) if it.id == native]
        return [own] if own in self.rid or not others else others


def ns(moment: object) -> int | None:
    return None if moment is None else to_ns(moment)  # type: ignore[arg-type]


def _moments(version: Version) -> Iterable[int]:
    yield from (version.valid_from, version.seen_until)
    if version.valid_to != FOREVER:
        yield version.valid_to
    for field in ("started_at", "finished_at"):
        told = ns(getattr(version.resource, field, None))
        if told is not None:
            yield told
