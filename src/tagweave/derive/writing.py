"""The one writer of a tag index: what the inventory learned is derived, written as a segment and published.

Small segments are merged into larger ones, so that there are few: one is merged into the next as soon as it has grown
to an eighth of it.
"""

from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Final

from tagweave.derive.deriver import Deriver, Scopes
from tagweave.derive.estate import Name
from tagweave.errors import BrokenIndex
from tagweave.index.draft import Draft
from tagweave.index.folder import Folder, Manifest, ScopeSeen, SegmentEntry
from tagweave.index.merging import merge
from tagweave.index.networks import Networks
from tagweave.index.segment import Segment
from tagweave.inventory import Inventory, Version
from tagweave.model import Scope
from tagweave.model.collection import no_collection

_FANOUT: Final = 8
"""A segment is merged into the next older one when it has more than one in so many of its keys."""

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

    def begin(self) -> None:
        """Go on from the last revision of the folder, or write the whole index where there is none to go on from."""
        try:
            self._manifest = self._folder.read()
        except BrokenIndex:
            self._manifest = None
        if self._manifest is None:
            self.rebuild()
        else:
            self.catch_up()

    def rebuild(self) -> None:
        """Derive the whole index anew and publish it in place of what there is."""
        number = self._inventory.revision()
        deriver = self._derived()
        draft = Draft()
        with no_collection():
            deriver.everything(draft)
        self._publish(number, draft, deriver, networks=True, whole=True)

    def catch_up(self) -> bool:
        """Publish what the inventory learned since the last revision; whether there was anything."""
        manifest = self._manifest
        assert manifest is not None
        scopes = self._scopes()
        changed: dict[int, None] = {}
        number = manifest.number
        for change in self._inventory.changes(after=manifest.number):
            changed.update(dict.fromkeys(v.rid for v in (*change.opened, *change.closed, *change.moved)))
            changed.update(dict.fromkeys(rid for rid, _ in change.undone))
            number = change.number
        if number == manifest.number and self._seen(scopes.last) == manifest.scopes:
            return False
        known = self._deriver
        deriver = known or self._derived()
        draft = Draft(one.scope for one in manifest.scopes)
        histories = self._histories(changed)
        networks = deriver.change(histories, scopes, draft)
        self._publish(number, draft, deriver, networks=networks)
        return True

    # ---- what the inventory says

    def _derived(self) -> Deriver:
        if self._deriver is None:
            with no_collection():
                self._deriver = Deriver(self._inventory.versions(), self._scopes(), self._identify)
        return self._deriver

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
        for version in self._inventory.versions(rids=list(out)):
            out[version.rid].append(version)
        return out

    # ---- what the folder says

    def _publish(self, number: int, draft: Draft, deriver: Deriver, *, networks: bool, whole: bool = False) -> None:
        before = self._manifest
        entries = [] if whole or before is None else list(before.segments)
        entries = self._compacted([self._write(draft), *entries])
        spaces = self._write_networks(deriver.networks()) if networks or before is None else before.networks
        last = deriver.scopes()
        self._manifest = Manifest(
            revision=1 if before is None else before.revision + 1,
            number=number,
            written_at=datetime.now(UTC).isoformat().replace("+00:00", "Z"),
            segments=tuple(entries),
            networks=spaces,
            scopes=tuple(ScopeSeen(s.source, s.kind, s.part, last.get(s, 0)) for s in draft.scopes),
            accounts=self._accounts,
            groups=self._groups,
        )
        self._folder.publish(self._manifest)

    def _seen(self, last: Mapping[Scope, int]) -> tuple[ScopeSeen, ...]:
        assert self._manifest is not None
        return tuple(
            ScopeSeen(one.source, one.kind, one.part, last.get(one.scope, one.last_success))
            for one in self._manifest.scopes
        )

    def _write(self, draft: Draft) -> SegmentEntry:
        path = self._folder.file(self._folder.new_name())
        return SegmentEntry.of(path, draft.write(path), draft.meta()["keys"])

    def _write_networks(self, networks: Networks) -> SegmentEntry:
        path = self._folder.file(self._folder.new_name())
        return SegmentEntry.of(path, networks.write(path))

    def _compacted(self, entries: list[SegmentEntry]) -> list[SegmentEntry]:
        """Segments, the newest first, each much smaller than the next."""
        take = 1
        keys = entries[0].keys
        for entry in entries[1:]:
            if keys * _FANOUT < entry.keys:
                break
            keys += entry.keys
            take += 1
        if take == 1:
            return entries
        opened = [Segment.open(self._folder.file(entry.file)) for entry in entries[:take]]
        path = self._folder.file(self._folder.new_name())
        written = merge(opened, path, oldest=take == len(entries))
        return [SegmentEntry.of(path, written, written.keys), *entries[take:]]
