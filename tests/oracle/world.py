"""What there is in a made-up estate at one moment, and the batches by which sources tell of it."""

from collections.abc import Iterable
from random import Random
from typing import Final, NamedTuple

import msgspec

from tagweave.model import Change, Failure, Resource, Scope, Snapshot

from .facts import KUBERNETES
from .hand import minute

Key = tuple[str, str, str]
"""Source, kind, id."""

Told = Snapshot | Change | Failure


class Listed(NamedTuple):
    """A resource, and the part of the scope that lists it."""

    resource: Resource
    part: str


class World:
    """The resources of an estate. What happens to them is put into it; `tell` then says what sources see of that."""

    def __init__(self, random: Random) -> None:
        self.random = random
        self.now = 0.0
        self.there: dict[Key, Listed] = {}
        self.batches: list[Told] = []
        self._told: dict[Key, Listed] = {}
        self._parts: set[Scope] = set()
        self._before = 0.0
        self._count = 0

    # ---- what happens

    def put(self, *resources: Resource, part: str | None = None) -> None:
        for resource in resources:
            key = (resource.source, resource.kind, resource.id)
            known = self.there.get(key) or self._told.get(key)
            where = part if part is not None else known.part if known else ""
            self.there[key] = Listed(resource, where)
            self._parts.add(Scope(resource.source, resource.kind, where))

    def drop(self, resource: Resource) -> None:
        del self.there[resource.source, resource.kind, resource.id]

    def change(self, resource: Resource, **fields: object) -> None:
        self.put(msgspec.structs.replace(resource, **fields))

    def part_of(self, resource: Resource) -> str:
        """The part that lists a resource, or did last."""
        key = (resource.source, resource.kind, resource.id)
        known = self.there.get(key) or self._told.get(key)
        return known.part if known else ""

    def those(self, *kinds: str, source: str | None = None) -> list[Resource]:
        """The resources of some kinds, in the order in which they came."""
        return [
            listed.resource
            for (of, kind, _), listed in self.there.items()
            if kind in kinds and (source is None or of == source)
        ]

    def one(self, *kinds: str, source: str | None = None) -> Resource | None:
        """Any resource of some kinds."""
        them = self.those(*kinds, source=source)
        return self.random.choice(them) if them else None

    def fresh(self, stem: str) -> str:
        """An id that nothing had yet."""
        self._count += 1
        return f"{stem}-n{self._count}"

    def made(self) -> object:
        """When something was made that is seen now: it may tell, a moment ago or since when nobody looked."""
        return self.random.choice([None, None, minute(self.now), minute((self._before + self.now) / 2)])

    # ---- what is told

    def advance(self, minutes: float) -> None:
        self._before, self.now = self.now, self.now + minutes

    def tell(self, *, everything: bool = False, surely: bool = False) -> None:
        """Have sources say what changed since they last did, in their own ways; `surely` by whole snapshots."""
        changed = [k for k in {**self._told, **self.there} if self._told.get(k) != self.there.get(k)]
        scopes = sorted({(source, kind) for source, kind, _ in (self._parts_keys() if everything else changed)})
        self.random.shuffle(scopes)
        for source, kind in scopes:
            if surely:
                self._snapshots(source, kind)
                continue
            way = self.random.random()
            if way < 0.06:
                parts = self._parts_of(source, kind)
                self.batches += [Failure(scope, "denied", minute(self.now)) for scope in parts]
            elif kind in KUBERNETES and way < 0.5:
                self._changes(source, kind, [k for k in changed if k[:2] == (source, kind)], late=False)
            elif way < 0.62:
                self._changes(source, kind, [k for k in changed if k[:2] == (source, kind)], late=True)
            else:
                self._snapshots(source, kind)

    def _parts_keys(self) -> Iterable[Key]:
        return [(scope.source, scope.kind, "") for scope in self._parts]

    def _parts_of(self, source: str, kind: str) -> list[Scope]:
        return sorted(scope for scope in self._parts if (scope.source, scope.kind) == (source, kind))

    def _snapshots(self, source: str, kind: str) -> None:
        parts = self._parts_of(source, kind)
        self.random.shuffle(parts)  # what moves to another part may be lacking in the old one first
        for scope in parts:
            listed = {k: one for k, one in self.there.items() if k[:2] == (source, kind) and one.part == scope.part}
            resources = tuple(one.resource for one in listed.values())
            self.batches.append(Snapshot(scope, resources, minute(self.now)))
        for key in [k for k in self._told if k[:2] == (source, kind)]:
            del self._told[key]
        self._told.update({k: one for k, one in self.there.items() if k[:2] == (source, kind)})

    def _changes(self, source: str, kind: str, keys: list[Key], *, late: bool) -> None:
        since = minute(self._before) if late else None
        for scope in self._parts_of(source, kind):
            upserts = tuple(
                one.resource for k in keys if (one := self.there.get(k)) is not None and one.part == scope.part
            )
            deletes = tuple(k[2] for k in keys if k not in self.there and self._told[k].part == scope.part)
            if upserts or deletes:
                self.batches.append(Change(scope, upserts, deletes, minute(self.now), since))
        for key in keys:
            if key in self.there:
                self._told[key] = self.there[key]
            else:
                del self._told[key]


ADDRESSES: Final = {
    "vpc-1": ("10.1.0.5", "10.1.0.6", "10.1.1.7", "100.65.0.9"),
    "vpc-2": ("10.2.0.5", "10.2.0.6", "10.1.0.5"),
    "vpc-3": ("10.1.0.5", "10.1.0.6"),
    "pods": ("10.244.0.5", "10.244.0.6", "10.244.1.7", "10.1.1.7", "100.65.0.9", "2600:9::7"),
    "services": ("10.96.0.1", "10.96.0.2"),
    "outside": ("52.1.1.1", "52.1.1.2", "203.0.113.7"),
    "v6": ("2600:1::5", "fd00::5"),
}
