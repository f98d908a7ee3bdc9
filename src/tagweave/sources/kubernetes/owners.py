"""Owners that nothing lists, kept by what the objects they own say of them, as they come and go.

An owner may be listed a little later than what it owns, since the two are watched apart: it has GRACE seconds.
"""

from collections import Counter, defaultdict
from collections.abc import Hashable, Iterable, Iterator, Mapping
from datetime import datetime
from typing import Final

from tagweave.model import Batch, Change, ReplicaSet, Resource, Scope, Snapshot, Workload
from tagweave.sources.kubernetes import joins
from tagweave.sources.kubernetes.kinds import OWNERS_PART
from tagweave.sources.kubernetes.reading import Made
from tagweave.sources.kubernetes.translate import Context

GRACE: Final = 5.0
_KINDS: Final = ("workload", "replica_set")


class Owners:
    """Who owns what, over everything that is watched of one cluster."""

    def __init__(self, source: str, cluster: str) -> None:
        self._source = source
        self._context = Context(source, cluster, _nothing)
        self._owned: defaultdict[Hashable, dict[str, str]] = defaultdict(dict)
        self._owners: dict[str, joins.Owner] = {}
        self._counts: Counter[str] = Counter()
        self._listed: Counter[tuple[str, str]] = Counter()
        self._listed_by: defaultdict[Hashable, dict[str, str]] = defaultdict(dict)
        self._own: dict[str, Workload] = {}
        self._missing_since: dict[str, float] = {}
        self._overdue: set[str] = set()
        self._told: dict[str, dict[str, Resource | None]] = {kind: {} for kind in _KINDS}
        self._whole = False
        self._changed = True
        self._at: datetime | None = None

    def replace(self, watch: Hashable, objects: Mapping[str, Made], at: datetime) -> None:
        """What is watched is all of these."""
        for native in {*self._owned[watch], *self._listed_by[watch]} - objects.keys():
            self._forget(watch, native)
        for made in objects.values():
            self._keep(watch, made)
        self._note(at)

    def change(self, watch: Hashable, events: Iterable[tuple[bool, Made]], at: datetime) -> None:
        """Objects came, changed or went."""
        for deleted, made in events:
            if deleted:
                self._forget(watch, made.native)
                self._untell(made)
            else:
                self._keep(watch, made)
        self._note(at)

    def again(self) -> None:
        """Tell all of them once more."""
        self._whole = False

    @property
    def pending(self) -> bool:
        """Whether an owner may be told of a little later."""
        return bool(self._missing_since)

    def batches(self, now: float, *, complete: bool) -> Iterator[Batch]:
        """What changed of the owners that nothing lists. Unless all is `complete` nothing is said to be gone."""
        if self._at is None or not (self._changed or self._missing_since or (complete and not self._whole)):
            return
        self._changed = False
        first = not self._whole
        wanted = self._wanted(now, at_once=first)
        for kind in _KINDS:
            scope, told = Scope(self._source, kind, OWNERS_PART), self._told[kind]
            if first and complete:
                yield Snapshot(scope, tuple(wanted[kind].values()), self._at)
            else:
                upserts = tuple(one for native, one in wanted[kind].items() if told.get(native) != one)
                gone = [native for native in told if native not in wanted[kind] and not self._listed[kind, native]]
                if upserts or (gone and complete):
                    yield Change(scope, upserts, tuple(gone) if complete else (), self._at)
            self._told[kind] = {**wanted[kind]}
        self._whole = self._whole or complete

    def _wanted(self, now: float, *, at_once: bool) -> dict[str, dict[str, Resource]]:
        missing = [uid for uid in self._owners if not self._is_listed(uid)]
        since = {uid: self._missing_since.get(uid, now) for uid in missing if uid not in self._overdue}
        due = [uid for uid in missing if at_once or uid in self._overdue or now - since[uid] >= GRACE]
        self._overdue = set(due)
        self._missing_since = {uid: when for uid, when in since.items() if uid not in self._overdue}
        listed = self._owners.keys() - missing
        workloads, sets = joins.unlisted((self._owners[uid] for uid in due), listed, self._context)
        return {
            "workload": {one.id: one for one in (*workloads, *self._own.values())},
            "replica_set": {one.id: one for one in sets},
        }

    def _keep(self, watch: Hashable, made: Made) -> None:
        self._own_up(made)
        if made.resource is not None and made.resource.kind in _KINDS and made.native not in self._listed_by[watch]:
            self._listed_by[watch][made.native] = made.resource.kind
            self._listed[made.resource.kind, made.native] += 1
            self._changed = self._changed or made.native in self._owners
        before, owner = self._owned[watch].get(made.native), made.owner
        if owner is None or owner.uid != before:
            self._disown(watch, made.native)
        if owner is not None and owner.uid != before:
            self._owned[watch][made.native] = owner.uid
            self._counts[owner.uid] += 1
            if owner.uid not in self._owners:
                self._owners[owner.uid] = owner
                self._changed = self._changed or not self._is_listed(owner.uid)

    def _own_up(self, made: Made) -> None:
        """A ReplicaSet that nothing controls is its own workload."""
        own = joins.own_workload(made.resource) if isinstance(made.resource, ReplicaSet) else None
        if own != self._own.get(made.native):
            self._changed = True
            if own is not None:
                self._own[made.native] = own
            else:
                del self._own[made.native]

    def _forget(self, watch: Hashable, native: str) -> None:
        self._disown(watch, native)
        if self._own.pop(native, None) is not None:
            self._changed = True
        kind = self._listed_by[watch].pop(native, None)
        if kind is not None:
            self._listed[kind, native] -= 1
            if not self._listed[kind, native]:
                del self._listed[kind, native]
            self._changed = self._changed or native in self._owners

    def _untell(self, made: Made) -> None:
        """One that was never listed was deleted: where something still names it as its owner, it is told again."""
        told = self._told.get(made.resource.kind, {}) if made.resource is not None else {}
        if made.native in told:
            told[made.native] = None
            self._changed = True

    def _disown(self, watch: Hashable, native: str) -> None:
        uid = self._owned[watch].pop(native, None)
        if uid is None:
            return
        self._counts[uid] -= 1
        if not self._counts[uid]:
            del self._counts[uid], self._owners[uid]
            self._changed = self._changed or not self._is_listed(uid)

    def _is_listed(self, uid: str) -> bool:
        return any((kind, uid) in self._listed for kind in _KINDS)

    def _note(self, at: datetime) -> None:
        self._at = at if self._at is None else max(at, self._at)


def _nothing(text: str) -> None:
    """No owner is broken: what an object says of it is all that is taken."""
    raise AssertionError(text)
