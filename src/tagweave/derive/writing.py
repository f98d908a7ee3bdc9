"""The one writer of a tag index: what the inventory learned is derived, written as a segment and published.

    with folder.lock():
        writer = IndexWriter(folder, inventory, groups, accounts)
        writer.begin()                          # goes on from the last revision, or makes the index
        writer.take(inventory.observe(batch))   # again and again
        writer.flush()                          # now whoever refreshes sees it

What changes between `begin` and `flush` must be taken: the writer knows what was before, and from that what differs.

Small segments are merged into larger ones, so that there are few: one is merged into the next as soon as it has grown
to an eighth of it. A large merge goes on in a thread of its own, while small segments are published on top.
"""

from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from threading import Lock, Thread
from typing import Final

import msgspec

from tagweave.derive.claims import Key
from tagweave.derive.deriver import Deriver, Scopes
from tagweave.derive.estate import Name
from tagweave.derive.names import NameKey
from tagweave.errors import BrokenIndex
from tagweave.index.draft import Draft
from tagweave.index.folder import Folder, Manifest, ScopeSeen, SegmentEntry
from tagweave.index.merging import merge
from tagweave.index.networks import Networks
from tagweave.index.segment import Segment
from tagweave.inventory import ChangeSet, Inventory, Version
from tagweave.model import Scope
from tagweave.model.collection import no_collection
from tagweave.model.times import to_ns

_FANOUT: Final = 8
"""A segment is merged into the next older one when it has more than one in so many of its keys."""
_ASIDE: Final = "merging"
_LARGE: Final = 100_000
"""A merge of more keys than this is done aside."""

Accounts = Mapping[str, tuple[str, str]]
Groups = Mapping[str, Sequence[str]]


class IndexWriter:
    """Keeps a folder of segments equal to what an inventory says. The caller holds the folder's lock."""

    def __init__(self, folder: Folder, inventory: Inventory, groups: Groups, accounts: Accounts) -> None:
        self._folder = folder
        self._inventory = inventory
        self._groups = {name: tuple(tags) for name, tags in groups.items()}
        self._accounts = dict(accounts)
        self._deriver: Deriver | None = None
        self._manifest: Manifest | None = None
        self._taking = Lock()
        self._taken: list[ChangeSet] = []
        self._publishing = Lock()
        self._merging: Thread | None = None

    def begin(self) -> None:
        """Go on from the last revision of the folder; make the whole index where there is none to go on from.

        There is none where the folder cannot be read, or where the inventory has learned something meanwhile.
        """
        try:
            self._manifest = self._folder.read()
            for entry in self._manifest.segments if self._manifest else ():
                self._open(entry)
        except BrokenIndex:
            self._manifest = None
        if self._manifest is None or self._manifest.number != self._inventory.revision():
            self.rebuild()
            return
        scopes = self._scopes()
        told = {one.scope: one.last_success for one in self._manifest.scopes}
        self._deriver = self._load(scopes._replace(last={**scopes.last, **told}), _waiting(self._manifest))
        if self._seen(scopes.last) != self._manifest.scopes:
            self._follow([], scopes)

    def rebuild(self) -> None:
        """Derive the whole index anew and publish it in place of what there is."""
        number = self._inventory.revision()
        self._deriver = None  # before another one takes as much memory
        deriver = self._deriver = self._load(self._scopes(), {})
        draft = Draft()
        with no_collection():
            deriver.everything(draft)
        self._publish(number, draft, networks=True, whole=True)

    def take(self, changes: ChangeSet) -> None:
        """Have a change be in what is flushed next. Safe to call from any thread."""
        with self._taking:
            self._taken.append(changes)

    def flush(self) -> bool:
        """Publish what was taken; whether there was anything to say."""
        with self._taking:
            changes, self._taken = self._taken, []
        known = [c for c in changes if not (c.late or c.error)]
        if not known:
            return False
        first = {c.scope: c.first_success for c in known if c.first_success is not None}
        last = {c.scope: c.success for c in known if c.success is not None}
        self._follow(known, Scopes(first, last))
        return True

    def close(self) -> None:
        """Wait for a merge that is going on."""
        if self._merging is not None:
            self._merging.join()

    # ---- what the inventory says

    def _follow(self, changes: Iterable[ChangeSet], scopes: Scopes) -> None:
        assert self._manifest is not None
        assert self._deriver is not None
        changed: dict[int, None] = {}
        number = self._manifest.number
        for change in changes:
            changed.update(dict.fromkeys(v.rid for v in (*change.opened, *change.closed, *change.moved)))
            changed.update(dict.fromkeys(rid for rid, _ in change.undone))
            number = max(number, change.number)
        draft = Draft(one.scope for one in self._manifest.scopes)
        networks = self._deriver.change(self._histories(changed), scopes, draft)
        self._publish(number, draft, networks=networks)

    def _load(self, scopes: Scopes, waiting: Mapping[Scope, set[Key | NameKey]]) -> Deriver:
        with no_collection():
            return Deriver(self._inventory.versions(), scopes, self._identify, waiting)

    def _identify(self, names: Sequence[Name]) -> Mapping[Name, int]:
        return self._inventory.refer(names)

    def _scopes(self) -> Scopes:
        states = self._inventory.scopes()
        return Scopes(
            {s.scope: s.first_success for s in states if s.first_success is not None},
            {s.scope: s.last_success for s in states if s.last_success is not None},
        )

    def _histories(self, rids: Iterable[int]) -> dict[int, list[Version]]:
        out: dict[int, list[Version]] = {rid: [] for rid in rids}
        for version in self._inventory.versions(rids=list(out)) if out else ():
            out[version.rid].append(version)
        return out

    # ---- what the folder says

    def _publish(self, number: int, draft: Draft, *, networks: bool, whole: bool = False) -> None:
        deriver = self._deriver
        assert deriver is not None
        with self._publishing:
            before = self._manifest
            entries = [] if whole or before is None else list(before.segments)
            if not (draft.is_empty and entries):
                entries = [draft.write(self._folder.file(self._folder.new_name())), *entries]
            large = _together(entries)
            if large > 1 and sum(entry.keys for entry in entries[:large]) <= _LARGE:
                path = self._folder.file(self._folder.new_name())
                opened = [self._open(entry) for entry in entries[:large]]
                entries = [merge(opened, path, oldest=large == len(entries)), *entries[large:]]
                large = _together(entries)
            spaces = self._write_networks(deriver.networks()) if networks or before is None else before.networks
            last = deriver.scopes()
            seen = tuple(ScopeSeen(s.source, s.kind, s.part, last.get(s, 0)) for s in draft.scopes)
            waiting = {_named(scope): _written(keys) for scope, keys in deriver.waiting.items() if keys}
            self._put(number, tuple(entries), spaces, seen, waiting)
        if large > 1 and (self._merging is None or not self._merging.is_alive()):
            oldest = large == len(entries)
            self._merging = Thread(target=self._merge_aside, args=(entries[:large], oldest), name="merge", daemon=True)
            self._merging.start()

    def _put(
        self,
        number: int,
        entries: tuple[SegmentEntry, ...],
        networks: SegmentEntry,
        seen: tuple[ScopeSeen, ...],
        waiting: dict[str, list[tuple[int | str, str]]],
    ) -> None:
        revision = 1 if self._manifest is None else self._manifest.revision + 1
        written_at = datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
        self._manifest = Manifest(
            revision, number, written_at, entries, networks, seen, self._accounts, self._groups, waiting
        )  # fmt: skip
        self._folder.publish(self._manifest)

    def _seen(self, last: Mapping[Scope, int]) -> tuple[ScopeSeen, ...]:
        assert self._manifest is not None
        return tuple(
            ScopeSeen(one.source, one.kind, one.part, last.get(one.scope, one.last_success))
            for one in self._manifest.scopes
        )

    def _write_networks(self, networks: Networks) -> SegmentEntry:
        path = self._folder.file(self._folder.new_name())
        return SegmentEntry.of(path, networks.write(path))

    def _open(self, entry: SegmentEntry) -> Segment:
        return Segment.open(self._folder.file(entry.file))

    def _merge_aside(self, entries: Sequence[SegmentEntry], oldest: bool) -> None:
        """Merge segments and put the one that comes of it in their place, unless all was made anew meanwhile."""
        aside = self._folder.path / _ASIDE
        aside.mkdir(exist_ok=True)
        path = aside / "merged.segment"  # not among the others, which are removed while nothing names them
        merged = merge([self._open(entry) for entry in entries], path, oldest=oldest)
        with self._publishing:
            now = self._manifest
            assert now is not None
            names = [entry.file for entry in now.segments]
            if entries[0].file not in names:
                return
            at = names.index(entries[0].file)
            if now.segments[at : at + len(entries)] == tuple(entries):
                name = self._folder.new_name()
                path.rename(self._folder.file(name))
                merged = msgspec.structs.replace(merged, file=name)
                kept = (*now.segments[:at], merged, *now.segments[at + len(entries) :])
                self._put(now.number, kept, now.networks, now.scopes, now.waiting)


def as_known(folder: Folder, inventory: Inventory, at: datetime, groups: Groups, accounts: Accounts) -> None:
    """Make an index of what had been learned by a time, in a folder of its own: how an old report came about.

    How fresh each scope was then is not known any more: ages are from when each version was last seen by then.
    """
    with no_collection():
        deriver = Deriver(inventory.versions(known_at=at), Scopes({}, {}), inventory.refer)
    draft = Draft()
    deriver.everything(draft)
    with folder.lock():
        segment = draft.write(folder.file(folder.new_name()))
        path = folder.file(folder.new_name())
        networks = SegmentEntry.of(path, deriver.networks().write(path))
        seen = tuple(ScopeSeen(s.source, s.kind, s.part, to_ns(at)) for s in draft.scopes)
        said = {name: tuple(tags) for name, tags in groups.items()}
        folder.publish(Manifest(1, 0, at.isoformat(), (segment,), networks, seen, dict(accounts), said))


def _named(scope: Scope) -> str:
    return "\n".join((scope.source, scope.kind, scope.part))


def _written(keys: Iterable[Key | NameKey]) -> list[tuple[int | str, str]]:
    """Keys as JSON can hold them: an address is a number of 128 bits."""
    return [(key[0], key[1] if isinstance(key[1], str) else f"{key[1]:x}") for key in keys]


def _waiting(manifest: Manifest) -> dict[Scope, set[Key | NameKey]]:
    """The keys that are decided again when a scope is seen again, as the last writer left them."""
    return {
        Scope(*name.split("\n")): {(k, int(v, 16)) if isinstance(k, int) else (k, v) for k, v in keys}
        for name, keys in manifest.waiting.items()
    }


def _together(entries: Sequence[SegmentEntry]) -> int:
    """How many of the newest segments are to be merged so that each is much smaller than the next."""
    take, keys = 1, entries[0].keys
    for entry in entries[1:]:
        if keys * _FANOUT < entry.keys:
            break
        keys += entry.keys
        take += 1
    return take
