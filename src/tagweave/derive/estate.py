"""An estate: every resource that is or was, as of any time, and what refers to what.

What nobody listed but somebody refers to is a *stranger*: a resource known by its id or its name alone, so that no tag
is silently missing. Its id comes from the inventory, as those of resources do.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import NamedTuple

from tagweave.derive.references import BY_NAME, Reference, machine_ids, references
from tagweave.derive.timeline import Stretch, Timeline, always, filled, joined, mapped, swept
from tagweave.inventory import Version
from tagweave.model import Node, Resource, Scope
from tagweave.model.times import BEGINNING, FOREVER

Name = tuple[str, str, str, str]
"""Of a stranger: source, kind, native id and name; one of the last two is empty."""

Identify = Callable[[Sequence[Name]], Mapping[Name, int]]
"""Gives strangers their ids."""


class Stranger(NamedTuple):
    """A resource that is known only because another refers to it: by id or by name, the other is empty."""

    source: str
    kind: str
    id: str
    name: str


class Estate:
    """All versions of all resources. Histories are never changed in place."""

    def __init__(self, identify: Identify, first_success: Mapping[Scope, int]) -> None:
        self.history: dict[int, Sequence[Version]] = {}
        self.strangers: dict[int, Stranger] = {}
        self._first_seen: defaultdict[tuple[str, str], set[int]] = defaultdict(set)
        self.saw_first(first_success)
        self._identify = identify
        self._ids: dict[tuple[str, str, str], int] = {}
        self._stranger_ids: dict[Name, int] = {}
        self._sources: dict[str, None] = {}
        self._of_kind: defaultdict[str, dict[int, None]] = defaultdict(dict)
        self._named: defaultdict[Reference, dict[int, None]] = defaultdict(dict)
        self._holders: dict[Reference, list[Stretch[int]]] = {}
        self._referrers: defaultdict[Reference, dict[int, None]] = defaultdict(dict)
        self._on_machine: defaultdict[str, dict[int, None]] = defaultdict(dict)
        self._vms: defaultdict[str, dict[int, None]] = defaultdict(dict)
        self._vpcs: defaultdict[str, dict[int, None]] = defaultdict(dict)

    def saw_first(self, first_success: Mapping[Scope, int]) -> None:
        """Take in when scopes were first known whole."""
        for scope, at in first_success.items():
            self._first_seen[scope.source, scope.kind].add(at)

    def load(self, versions: Iterable[Version]) -> None:
        """Take in whole histories: versions in ascending order of (rid, valid_from)."""
        history: list[Version] = []
        for version in versions:
            if history and history[0].rid != version.rid:
                self.put(history)
                history = []
            history.append(version)
        if history:
            self.put(history)
        self.meet()

    def put(self, history: Sequence[Version]) -> None:
        """Take in the whole history of one resource in place of what was known of it."""
        rid = history[0].rid
        first = history[0].resource
        source, kind, native = first.source, first.kind, first.id
        self.history[rid] = history
        self._ids[source, kind, native] = rid
        self._of_kind[kind][rid] = None
        self._sources[source] = None
        self.strangers.pop(rid, None)
        if kind == "vm":
            self._vms[native.lower()][rid] = None
        elif kind == "vpc":
            self._vpcs[native][rid] = None
        for version in history:
            for reference in references(version.resource):
                self._referrers[reference][rid] = None
            if isinstance(version.resource, Node):
                for machine in machine_ids(version.resource) if version.resource.provider_id else ():
                    self._on_machine[machine][rid] = None
            if kind in BY_NAME:
                name = (source, kind, version.resource.name)
                self._named[name][rid] = None
                self._holders.pop(name, None)

    def drop(self, rid: int) -> None:
        """Forget a resource whose last version was dropped."""
        source, kind, native = self.identity(rid)
        for version in self.history.pop(rid, ()):
            for reference in references(version.resource):
                self._referrers[reference].pop(rid, None)
            if kind in BY_NAME:
                name = (source, kind, version.resource.name)
                self._named[name].pop(rid, None)
                self._holders.pop(name, None)
            if isinstance(version.resource, Node):
                for machine in machine_ids(version.resource):
                    self._on_machine[machine].pop(rid, None)
        self._ids.pop((source, kind, native), None)
        stranger = Stranger(source, kind, native, "")
        if self._stranger_ids.get(stranger) == rid:  # others refer to it, as they did before it was listed
            self.strangers[rid] = stranger
        self._of_kind[kind].pop(rid, None)
        self._vms[native.lower()].pop(rid, None)
        self._vpcs[native].pop(rid, None)

    def meet(self) -> None:
        """Have ids for all that is referred to and was never listed, in one go."""
        self._introduce(
            [
                (source, kind, "", value) if kind in BY_NAME else (source, kind, value, "")
                for source, kind, value in self._referrers
                if (source, kind, value) not in (self._named if kind in BY_NAME else self._ids)
            ]
        )

    # ---- who is there

    def of_kind(self, kind: str) -> Iterator[int]:
        """The ids of every resource of a kind that is or was."""
        return iter(self._of_kind[kind])

    def identity(self, rid: int) -> tuple[str, str, str]:
        """(source, kind, native id) of a resource or stranger."""
        stranger = self.strangers.get(rid)
        if stranger is not None:
            return stranger.source, stranger.kind, stranger.id
        resource = self.history[rid][0].resource
        return resource.source, resource.kind, resource.id

    def as_of(self, rid: int, at: int) -> Resource | None:
        """A resource as of a time, else as it was next before that, else as it was first; None for a stranger."""
        version = nearest(self.history.get(rid, ()), at)
        return None if version is None else version.resource

    def counting(self, rid: int) -> Iterator[tuple[int, int, Resource]]:
        """(start, end, version) of what shapes networks, for as long as it counts.

        What the first snapshot of a scope showed, and does not tell when it was made, was there before.
        """
        for i, version in enumerate(self.history[rid]):
            resource = version.resource
            start = version.valid_from
            if i == 0 and resource.created_at is None and start in self._first_seen[resource.source, resource.kind]:
                start = BEGINNING
            yield start, version.valid_to, resource

    # ---- references

    def refer(self, source: str, kind: str, native: str) -> int:
        """The id of what a reference by id means; a stranger where nobody listed it."""
        found = self._ids.get((source, kind, native))
        return found if found is not None else self.stranger(source, kind, native, "")

    def groups(self, source: str, natives: Iterable[str]) -> tuple[int, ...]:
        """The ids of some security groups, each once, in ascending order."""
        return tuple(sorted({self.refer(source, "security_group", native) for native in natives}))

    def find(self, source: str, kind: str, native: str) -> int | None:
        """The id of a listed resource."""
        return self._ids.get((source, kind, native))

    def holders(self, source: str, kind: str, name: str) -> Timeline[int]:
        """What a reference by name means, over all time."""
        key = (source, kind, name)
        known = self._holders.get(key)
        if known is None:
            known = self._holders[key] = self._held_name(key)
        return known

    def _held_name(self, key: Reference) -> list[Stretch[int]]:
        lives: list[tuple[int, int, tuple[int, int]]] = []
        for rid in self._named.get(key, ()):
            spans = joined(
                Stretch(v.valid_from, v.valid_to, True) for v in self.history[rid] if v.resource.name == key[2]
            )
            lives += [(span.start, span.end, (span.start, rid)) for span in spans]
        if not lives:
            return always(self.stranger(key[0], key[1], "", key[2]))
        if len(lives) == 1:
            return always(lives[0][2][1])
        held = mapped(swept(lives), lambda live: max(live)[1] if live else 0)
        return filled(held, bool)

    def stranger(self, source: str, kind: str, native: str, name: str) -> int:
        """The id of a resource that is known by its native id or its name alone."""
        key = (source, kind, native, name)
        found = self._stranger_ids.get(key)
        if found is None:
            self._introduce([key])
            found = self._stranger_ids[key]
        return found

    def _introduce(self, names: Iterable[Name]) -> None:
        fresh = [name for name in names if name not in self._stranger_ids]
        for name, rid in self._identify(fresh).items() if fresh else ():
            self._stranger_ids[name] = rid
            self.strangers.setdefault(rid, Stranger(*name))

    def referrers(self, reference: Reference) -> Iterable[int]:
        """Who refers or referred to what has an id or name, upward or to a security group or subnet."""
        return self._referrers.get(reference, ())

    def nodes_on(self, native: str) -> Iterable[int]:
        """The nodes whose providerID may mean a VM with a native id."""
        return self._on_machine.get(native.lower(), ())

    def called(self, source: str, kind: str, name: str) -> Iterable[int]:
        """The nodes or namespaces that ever had a name."""
        return self._named.get((source, kind, name), ())

    def in_any_source(self, kind: str, native: str) -> list[int]:
        """The resources of all sources with a kind and native id."""
        found = (self._ids.get((source, kind, native)) for source in self._sources)
        return [rid for rid in found if rid is not None]

    def vpcs_of_all(self, source: str, native: str) -> list[int]:
        """The listed VPCs of all sources with a native id, and the stranger of a source."""
        stranger = self._stranger_ids.get((source, "vpc", native, ""))
        return [*self._vpcs.get(native, ()), *([] if stranger is None else [stranger])]

    def vms_called(self, native: str) -> list[int]:
        """The VMs of all sources whose native id is this one, in lower case."""
        return list(self._vms.get(native, ()))

    def vpcs_called(self, source: str, native: str) -> list[int]:
        """The VPC with a native id: that of the same source, else those of all sources, else a stranger."""
        own = self.find(source, "vpc", native)
        if own is not None:
            return [own]
        return list(self._vpcs.get(native, ())) or [self.refer(source, "vpc", native)]


def nearest(history: Sequence[Version], at: int) -> Version | None:
    """The version that holds a moment, else the one before it, else the first."""
    for version in reversed(history):
        if version.valid_from <= at:
            return version
    return history[0] if history else None


def alive(history: Sequence[Version]) -> Iterator[tuple[int, int]]:
    """The unbroken times in which a resource was there."""
    for stretch in joined(Stretch(v.valid_from, v.valid_to, True) for v in history):
        yield stretch.start, stretch.end


def spread(history: Sequence[Version]) -> Iterator[tuple[int, int, Version]]:
    """Versions laid over all time: each until the next begins, the first since ever, the last for ever."""
    for i, version in enumerate(history):
        start = BEGINNING if i == 0 else version.valid_from
        end = history[i + 1].valid_from if i + 1 < len(history) else FOREVER
        yield start, end, version
