"""Tag indexes of small estates, for carriers to read from."""

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from derive.building import Built, lasts_of
from tagweave.derive.deriver import Scopes
from tagweave.index.opening import TagIndex
from tagweave.inventory import Version
from tagweave.model import Resource, Scope
from tagweave.model.times import FOREVER

Span = tuple[Resource, int, int]
"""A resource, and from when until when it was so, in ns."""


def index_of(
    folder: Path, versions: Iterable[Version], accounts: Mapping[str, tuple[str, str]] | None = None
) -> TagIndex:
    """The tag index of some versions, of which each scope was first listed when its first one began."""
    known = list(versions)
    firsts: dict[Scope, int] = {}
    for one in known:
        scope = Scope(one.resource.source, one.resource.kind, one.part)
        firsts[scope] = min(firsts.get(scope, one.valid_from), one.valid_from)
    return Built(folder, known, Scopes(firsts, lasts_of(known)), accounts).index


def index_of_spans(
    folder: Path, spans: Sequence[Span], seen: int, accounts: Mapping[str, tuple[str, str]] | None = None
) -> TagIndex:
    """The same of spans, as many of a resource as it has versions; `seen` is when what is open was seen last."""
    rids: dict[tuple[str, str, str], int] = {}
    versions: dict[int, list[Version]] = {}
    for resource, since, until in spans:
        rid = rids.setdefault((resource.source, resource.kind, resource.id), len(rids) + 1)
        last = seen if until == FOREVER else until
        versions.setdefault(rid, []).append(Version(rid, resource, since, until, last, since))
    return index_of(folder, [one for rid in sorted(versions) for one in versions[rid]], accounts)
