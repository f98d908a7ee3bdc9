"""A cluster's objects together, as they come and go: the joins of `joins`, kept up to date.

Pure: what was listed and what happened goes in, batches come out. What needs no join passes through. Endpoints become
part of their service and ingresses name services by id; each waits until what it is joined with was listed once, or
could not be, so that nothing is told twice at the start. Owners that nothing lists are `owners`.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import datetime
from typing import Any, Generic, NamedTuple, TypeVar

from tagweave.model import Batch, Change, Endpoint, Failure, Ingress, Resource, Scope, Service, Snapshot
from tagweave.sources.kubernetes import joins
from tagweave.sources.kubernetes.kinds import Api, part_of
from tagweave.sources.kubernetes.owners import Owners
from tagweave.sources.kubernetes.reading import Made

Name = tuple[str, str]
"""A namespace and a name in it."""
Events = tuple[tuple[bool, Made], ...]
"""Whether each object was deleted, and what it is or was."""

R = TypeVar("R", bound=Resource)


class Watch(NamedTuple):
    """One thing that is watched: a kind of object, in one namespace or all of them (empty)."""

    api: Api
    namespace: str = ""

    @property
    def part(self) -> str:
        """The part of its scopes."""
        return f"{part_of(self.api)}/{self.namespace}" if self.namespace else part_of(self.api)

    @property
    def kinds(self) -> tuple[str, ...]:
        """The kinds of resource that its objects become, or become part of."""
        first = self.api.kind or "service"
        return (first, "service") if self.api.front else (first,)


class Joined:
    """Joins what is watched of one cluster; `watches` is all of it."""

    def __init__(self, source: str, cluster: str, watches: Iterable[Watch]) -> None:
        self._source = source
        self._unsettled = set(watches)
        self._unlisted = set(self._unsettled)
        self._out: list[Batch] = []
        self._services: _Held[Service] = _Held(source, "service", _own_name)
        self._ingresses: _Held[Ingress] = _Held(source, "ingress", _services_of)
        self._slices: dict[Watch, dict[str, Made]] = {}
        self._slices_of: defaultdict[Name, dict[str, Made]] = defaultdict(dict)
        self._ids: dict[Name, str] = {}
        self._owners = Owners(source, cluster)

    # ---- what goes in

    def listed(self, watch: Watch, objects: Mapping[str, Made], at: datetime) -> None:
        """Everything there is of what is watched."""
        self._unsettled.discard(watch)
        self._unlisted.discard(watch)
        self._owners.replace(watch, objects, at)
        if not watch.api.kind:
            self._replace_slices(watch, objects, at)
            self._out.append(Snapshot(self._scope(watch, "service"), (), at))
            return
        resources = {native: made.resource for native, made in objects.items() if made.resource is not None}
        held = self._held(watch.api.kind)
        if held is None:
            self._out.append(Snapshot(self._scope(watch), tuple(resources.values()), at))
        else:
            self._rename(held.replace(watch.part, resources, at), at)
        if watch.api.front:
            fronts = {native: made.front for native, made in objects.items() if made.front is not None}
            self._rename(self._services.replace(watch.part, fronts, at), at)

    def happened(self, watch: Watch, events: Events, at: datetime, since: datetime | None) -> None:
        """Some of what is watched came, changed or went."""
        self._owners.change(watch, events, at)
        if not watch.api.kind:
            self._change_slices(watch, events, at, since)
            return
        held = self._held(watch.api.kind)
        if held is None:
            self._out += changes(self._scope(watch), events, at, since)
        else:
            self._rename(held.change(watch.part, _resources(events), at, since), at)
        if watch.api.front:
            fronts = [(deleted or made.front is None, made.native, made.front) for deleted, made in events]
            self._rename(self._services.change(watch.part, fronts, at, since), at)

    def alive(self, watch: Watch, at: datetime) -> None:
        """What is known of what is watched is up to date."""
        for kind in watch.kinds:
            held = self._held(kind) if watch.api.kind else None
            if held is None:
                self._out.append(Change(self._scope(watch, kind), (), (), at))
            else:
                held.note(watch.part, at, None)

    def broken(self, watch: Watch, error: str, at: datetime) -> None:
        """What is watched cannot be told: the last that is known of it stands."""
        self._unsettled.discard(watch)
        self._out += [Failure(self._scope(watch, kind), error, at) for kind in watch.kinds]

    def absent(self, watch: Watch) -> None:
        """What is watched is no resource of this server."""
        self._unsettled.discard(watch)
        self._unlisted.discard(watch)

    def again(self) -> None:
        """Tell all owners that nothing lists once more."""
        self._owners.again()

    # ---- what comes out

    def drain(self, now: float) -> list[Batch]:
        """The batches of all that went in; `now` is in seconds, of a clock that only moves on."""
        waiting = {watch.api.kind for watch in self._unsettled} | {"service" for w in self._unsettled if w.api.front}
        if "" not in waiting:
            self._out += self._services.batches(self._with_endpoints)
            if "service" not in waiting:
                self._out += self._ingresses.batches(self._with_services)
        if not self._unsettled:
            self._out += self._owners.batches(now, complete=not self._unlisted)
        out, self._out = self._out, []
        return out

    @property
    def settled(self) -> bool:
        """Whether everything that is watched was listed once, or cannot be."""
        return not self._unsettled

    @property
    def pending(self) -> bool:
        """Whether there will be something to drain though nothing more goes in."""
        return self._owners.pending

    # ---- joins

    def _replace_slices(self, watch: Watch, objects: Mapping[str, Made], at: datetime) -> None:
        before = self._slices.get(watch, {})
        gone = tuple((True, made) for native, made in before.items() if native not in objects)
        self._change_slices(watch, (*gone, *((False, made) for made in objects.values())), at, None)

    def _change_slices(self, watch: Watch, events: Events, at: datetime, since: datetime | None) -> None:
        mine = self._slices.setdefault(watch, {})
        for deleted, made in events:
            before = mine.pop(made.native, None)
            if not deleted:
                mine[made.native] = made
            if before is not None and before.service is not None:
                self._slices_of[before.service].pop(made.native, None)
            if not deleted and made.service is not None:
                self._slices_of[made.service][made.native] = made
            for name in {one.service for one in (before, made) if one is not None and one.service is not None}:
                if not self._slices_of[name]:
                    del self._slices_of[name]
                self._services.touch(name, at, since)

    def _with_endpoints(self, service: Service) -> Service:
        name = (service.namespace, service.name)
        if name not in self._slices_of:
            return service
        found: tuple[Endpoint, ...] = tuple(e for made in self._slices_of[name].values() for e in made.endpoints)
        return joins.with_endpoints(service, {name: found})

    def _with_services(self, ingress: Ingress) -> Ingress:
        return joins.with_services(ingress, self._ids)

    def _rename(self, names: Iterable[Name], at: datetime) -> None:
        """Services of these names came or went: the ingresses that name them change with them."""
        for name in names:
            there = self._services.ids(name)
            if (there[-1] if there else None) == self._ids.get(name):
                continue
            if there:
                self._ids[name] = there[-1]
            else:
                del self._ids[name]
            self._ingresses.touch(name, at, None)

    def _held(self, kind: str) -> "_Held[Any] | None":
        return self._services if kind == "service" else self._ingresses if kind == "ingress" else None

    def _scope(self, watch: Watch, kind: str = "") -> Scope:
        return Scope(self._source, kind or watch.api.kind, watch.part)


def changes(scope: Scope, events: Events, at: datetime, since: datetime | None) -> Iterator[Change]:
    """Events as changes; two where a resource both comes and goes, so that it was there."""
    upserts: dict[str, Resource] = {}
    deletes: dict[str, None] = {}
    for deleted, made in events:
        if made.native in (upserts if deleted else deletes):
            yield Change(scope, tuple(upserts.values()), tuple(deletes), at, since)
            upserts, deletes = {}, {}
        if deleted:
            deletes[made.native] = None
        elif made.resource is not None:
            upserts[made.native] = made.resource
    if upserts or deletes:
        yield Change(scope, tuple(upserts.values()), tuple(deletes), at, since)


class _Part(Generic[R]):
    """What is held of one part of a kind, and what of it is to be told."""

    def __init__(self) -> None:
        self.resources: dict[str, R] = {}
        self.whole = False
        self.dirty: set[str] = set()
        self.gone: dict[str, None] = {}
        self.at: datetime | None = None
        self.since: datetime | None = None
        self.noted = False


class _Held(Generic[R]):
    """The resources of a kind that others are joined into, found by the names of those."""

    def __init__(self, source: str, kind: str, names_of: Callable[[R], Iterable[Name]]) -> None:
        self._source = source
        self._kind = kind
        self._names_of = names_of
        self._parts: defaultdict[str, _Part[R]] = defaultdict(_Part)
        self._by_name: defaultdict[Name, dict[str, str]] = defaultdict(dict)

    def ids(self, name: Name) -> list[str]:
        """The native ids of what has a name."""
        return list(self._by_name.get(name, ()))

    def note(self, part: str, at: datetime, since: datetime | None) -> None:
        """Something is to be told of a part."""
        mine = self._parts[part]
        mine.noted = True
        mine.at = at if mine.at is None else max(at, mine.at)
        if since is not None:
            mine.since = since if mine.since is None else min(since, mine.since)

    def touch(self, name: Name, at: datetime, since: datetime | None) -> None:
        """What has a name is to be joined anew."""
        for native, part in self._by_name.get(name, {}).items():
            self._parts[part].dirty.add(native)
            self.note(part, at, since)

    def replace(self, part: str, resources: Mapping[str, R], at: datetime) -> set[Name]:
        """A part is all of these; the names that came or went."""
        mine = self._parts[part]
        names = set(self._forget(part, [native for native in mine.resources if native not in resources]))
        for native, resource in resources.items():
            names |= self._keep(part, native, resource)
        mine.whole = True
        self.note(part, at, None)
        return names

    def change(
        self, part: str, events: Iterable[tuple[bool, str, R | None]], at: datetime, since: datetime | None
    ) -> set[Name]:
        """Resources of a part came, changed or went; the names that came or went."""
        names: set[Name] = set()
        mine = self._parts[part]
        for deleted, native, resource in events:
            if resource is not None and not deleted:
                names |= self._keep(part, native, resource)
                mine.dirty.add(native)
                mine.gone.pop(native, None)
            elif native in mine.resources:
                names |= self._forget(part, [native])
                mine.dirty.discard(native)
                mine.gone[native] = None
        self.note(part, at, since)
        return names

    def batches(self, join: Callable[[R], R]) -> Iterator[Batch]:
        """What is to be told, joined."""
        for part, mine in self._parts.items():
            if not mine.noted or mine.at is None:
                continue
            scope = Scope(self._source, self._kind, part)
            if mine.whole:
                yield Snapshot(scope, tuple(join(one) for one in mine.resources.values()), mine.at)
            else:
                upserts = tuple(join(mine.resources[native]) for native in mine.dirty if native in mine.resources)
                yield Change(scope, upserts, tuple(mine.gone), mine.at, mine.since)
            mine.whole, mine.noted, mine.since = False, False, None
            mine.dirty, mine.gone = set(), {}

    def _keep(self, part: str, native: str, resource: R) -> set[Name]:
        before = self._forget(part, [native])
        self._parts[part].resources[native] = resource
        names = set(self._names_of(resource))
        for name in names:
            self._by_name[name][native] = part
        return before ^ names

    def _forget(self, part: str, natives: Iterable[str]) -> set[Name]:
        names: set[Name] = set()
        for native in natives:
            before = self._parts[part].resources.pop(native, None)
            for name in self._names_of(before) if before is not None else ():
                names.add(name)
                self._by_name[name].pop(native, None)
                if not self._by_name[name]:
                    del self._by_name[name]
        return names


def _own_name(service: Service) -> Iterable[Name]:
    return ((service.namespace, service.name),)


def _services_of(ingress: Ingress) -> Iterable[Name]:
    return ((ingress.namespace, rule.service) for rule in ingress.rules)


def _resources(events: Events) -> Iterator[tuple[bool, str, Resource | None]]:
    return ((deleted, made.native, made.resource) for deleted, made in events)
