"""Estates made by hand: resources, and when each version of them was; in minutes after BEGIN."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Final, NamedTuple

from tagweave.inventory import Version
from tagweave.model import Resource, Scope
from tagweave.model.times import FOREVER, to_ns

from .oracle import Oracle

BEGIN: Final = datetime(2026, 1, 1, tzinfo=UTC)
END: Final = 1000
"""When everything that is open was seen last."""


def minute(n: float) -> datetime:
    return BEGIN + timedelta(minutes=n)


def at(n: float) -> int:
    return to_ns(minute(n))


class Held(NamedTuple):
    """A version of a resource: true in [start, end), last seen at `seen`. What begins at 0 is of the first snapshot."""

    resource: Resource
    start: float = 0
    end: float | None = None
    seen: float | None = None
    part: str = ""


def versions_of(estate: Iterable[Resource | Held]) -> list[Version]:
    """Versions as an inventory gives them; ids in the order of first sight."""
    rids: dict[tuple[str, str, str], int] = {}
    versions: dict[int, list[Version]] = {}
    for one in estate:
        held = one if isinstance(one, Held) else Held(one)
        r = held.resource
        rid = rids.setdefault((r.source, r.kind, r.id), len(rids) + 1)
        end = FOREVER if held.end is None else at(held.end)
        seen = held.seen if held.seen is not None else END if held.end is None else held.end
        start = at(held.start)
        versions.setdefault(rid, []).append(Version(rid, r, start, end, at(seen), start, held.part))
    return [v for rid in sorted(versions) for v in versions[rid]]


def firsts_of(versions: Iterable[Version]) -> dict[Scope, int]:
    """When each scope was first listed: at the beginning."""
    return {Scope(v.resource.source, v.resource.kind, v.part): at(0) for v in versions}


def oracle(
    *estate: Resource | Held,
    accounts: Mapping[str, tuple[str, str]] | None = None,
    groups: Mapping[str, Sequence[str]] | None = None,
) -> Oracle:
    versions = versions_of(estate)
    return Oracle(versions, firsts_of(versions), None, accounts, groups)
