"""A tag index from versions, without a store: strangers get ids of their own."""

import itertools
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from tagweave.derive.deriver import Deriver, Scopes
from tagweave.derive.estate import Identify, Name
from tagweave.index.draft import Draft
from tagweave.index.folder import Folder, Manifest, ScopeSeen, SegmentEntry
from tagweave.index.opening import TagIndex
from tagweave.inventory import Version
from tagweave.model import Scope
from tagweave.model.times import FOREVER

FIRST_STRANGER = 1 << 20


class Built:
    """A deriver and the folder that it writes; `change` adds a segment to it."""

    def __init__(
        self,
        folder: Path,
        versions: Iterable[Version],
        scopes: Scopes,
        accounts: Mapping[str, tuple[str, str]] | None = None,
        groups: Mapping[str, Sequence[str]] | None = None,
        identify: Identify | None = None,
    ) -> None:
        self._ids = itertools.count(FIRST_STRANGER)
        self._folder = Folder(folder)
        self._folder.path.mkdir(parents=True, exist_ok=True)
        self._accounts = dict(accounts or {})
        self._groups = {name: tuple(tags) for name, tags in (groups or {}).items()}
        self.deriver = Deriver(versions, scopes, identify or self._identify)
        draft = Draft()
        self.deriver.everything(draft)
        self._publish(draft, None, networks=True)
        self.index = TagIndex.open(folder)

    def change(self, histories: Mapping[int, Sequence[Version]], scopes: Scopes) -> TagIndex:
        manifest = self._folder.read()
        assert manifest is not None
        draft = Draft(one.scope for one in manifest.scopes)
        networks = self.deriver.change(histories, scopes, draft)
        self._publish(draft, manifest, networks=networks)
        self.index.refresh()
        return self.index

    def _identify(self, names: Sequence[Name]) -> Mapping[Name, int]:
        return {name: next(self._ids) for name in names}

    def _publish(self, draft: Draft, before: Manifest | None, *, networks: bool) -> None:
        path = self._folder.file(self._folder.new_name())
        segments = (
            SegmentEntry.of(path, draft.write(path), draft.meta()["keys"]),
            *(before.segments if before else ()),
        )
        spaces = before.networks if before else None
        if networks or spaces is None:
            path = self._folder.file(self._folder.new_name())
            spaces = SegmentEntry.of(path, self.deriver.networks().write(path))
        last = self.deriver.scopes()
        seen = tuple(ScopeSeen(s.source, s.kind, s.part, last.get(s, 0)) for s in draft.scopes)
        revision = before.revision + 1 if before else 1
        self._folder.publish(Manifest(revision, 0, "", segments, spaces, seen, self._accounts, self._groups))


def lasts_of(versions: Iterable[Version]) -> dict[Scope, int]:
    """When each scope was last seen: as late as what is open in it."""
    out: dict[Scope, int] = {}
    for version in versions:
        if version.valid_to != FOREVER:
            continue
        scope = Scope(version.resource.source, version.resource.kind, version.part)
        out[scope] = max(out.get(scope, 0), version.seen_until)
    return out
