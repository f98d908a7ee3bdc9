"""The inventory: every resource that is or was, with the interval in which each version was true."""

from collections.abc import Callable, Generator, Iterable, Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any, Final, Self

import msgspec
from sqlalchemy import Engine, and_, delete, func, insert, select

from tagweave.inventory import changes, retention, schema, strangers, versions
from tagweave.inventory.counters import counted
from tagweave.inventory.database import lock_for_writing, one_writer, open_database
from tagweave.inventory.history import ChangeSet, Life, ScopeState, Stranger, Version
from tagweave.inventory.writing import Writer
from tagweave.model import Change, Failure, Scope, Snapshot
from tagweave.model.collection import no_collection
from tagweave.model.times import to_ns

_LIFE: Final = Life.__struct_fields__


def _now() -> int:
    return to_ns(datetime.now(UTC))


class Inventory:
    """The store and its history. One writer at a time, across processes; readers never wait.

    `clock` tells when something is learned, in ns.
    """

    def __init__(self, engine: Engine, clock: Callable[[], int] = _now) -> None:
        self._engine = engine
        self._clock = clock

    @classmethod
    def open(cls, url: str, clock: Callable[[], int] = _now) -> Self:
        """Open by URL (`sqlite:///path`, `postgresql://…`), made and migrated where it needs to be.

        Raises StoreError where it cannot be opened, or is of a newer version.
        """
        return cls(open_database(url), clock)

    @contextmanager
    def one_writer(self) -> Iterator[None]:
        """Be the one process that reads sources into this inventory. Raises WriterRunning, which names another one."""
        with one_writer(self._engine):
            yield

    def close(self) -> None:
        """Let go of the database."""
        self._engine.dispose()

    # ---- writing

    def observe(self, batch: Snapshot | Change | Failure) -> ChangeSet:
        """Apply what a source saw, in one transaction."""
        with no_collection(), self._engine.begin() as connection:
            lock_for_writing(connection)
            return Writer(connection, batch.scope, to_ns(batch.observed_at), self._clock()).apply(batch)

    def unreached(self, source: str, reached: Mapping[Scope, str]) -> list[ChangeSet]:
        """Mark the scopes of a source that a pass over it did not come to: they are not fresh any more.

        `reached` are those that it came to, with their errors, the first of which may be why; empty for none.
        """
        said = next(filter(None, reached.values()), "")
        why = f": {said}" if said else ", and it was not said why"
        s = schema.scope.c
        mine = select(s.source, s.kind, s.part).where(s.source == source).order_by(s.kind, s.part)
        with self._engine.connect() as connection:
            left = [scope for row in connection.execute(mine) if (scope := Scope(*row)) not in reached]
        now = datetime.now(UTC)
        return [self.observe(Failure(scope, f"not reached by the last pass{why}", now)) for scope in left]

    def refer(self, names: Iterable[strangers.Referred]) -> dict[strangers.Referred, int]:
        """The id of each thing that is referred to as (source, kind, native id, name): given to it where it has none.

        The native id is empty where only the name is known. What is listed has its resource's id, by its native id;
        everything else is a stranger, and keeps its id for ever, also when it is listed later.
        """
        with self._engine.begin() as connection:
            lock_for_writing(connection)
            return strangers.refer(connection, names)

    def record(self, lives: Mapping[Scope, Life]) -> None:
        """Keep how scopes fare."""
        with self._engine.begin() as connection:
            lock_for_writing(connection)
            c = schema.life.c
            for scope, life in lives.items():
                mine = and_(c.source == scope.source, c.kind == scope.kind, c.part == scope.part)
                connection.execute(delete(schema.life).where(mine))
                values = msgspec.structs.asdict(scope) | msgspec.structs.asdict(life)
                connection.execute(insert(schema.life).values(values))

    def forget(self, before: datetime) -> int:
        """Drop versions that ended before a time, and changes that were logged before it; how many versions.

        Ids stay taken, and strangers stay. It goes piece by piece: others write in between.
        """
        return retention.forget(self._engine, to_ns(before))

    # ---- reading

    def versions(
        self,
        kinds: Iterable[str] | None = None,
        at: datetime | None = None,
        source: str | None = None,
        rids: Iterable[int] | None = None,
        known_at: datetime | None = None,
    ) -> Iterator[Version]:
        """Versions in ascending order of (rid, valid_from): of some kinds, as of a time, of one source, of some ids.

        `known_at` gives the history as it was known at an earlier time: without what was learned since, and what
        ended since is open. Of such versions it is not known any more up to when they had been seen by then:
        `seen_until` is the last time that anybody saw them, or `known_at` where that is earlier. What was undone since
        is not there, and the `part` of one that was open then is that which listed it last.
        """
        with self._engine.connect() as connection:
            yield from versions.read(
                connection,
                kinds,
                None if at is None else to_ns(at),
                source,
                rids,
                None if known_at is None else to_ns(known_at),
            )

    def bodies(
        self,
        kind: str,
        at: datetime | None = None,
        source: str | None = None,
        native: str | None = None,
        after: int = 0,
    ) -> Generator[tuple[int, bytes], None, None]:
        """(rid, resource as JSON) of what of a kind is, or was at a time, in ascending order of rid.

        Of one source, of one native id, and behind an id, where these are given.
        """
        with self._engine.connect() as connection:
            yield from versions.bodies(connection, kind, None if at is None else to_ns(at), source, native, after)

    def strangers(self) -> Iterator[Stranger]:
        """What is only referred to, in ascending order of rid."""
        with self._engine.connect() as connection:
            yield from strangers.read(connection)

    def scopes(self) -> list[ScopeState]:
        """What is known of each scope, in order."""
        r, s, f = schema.resource.c, schema.scope.c, schema.life.c
        count = (
            select(r.source, r.kind, r.part, func.count().label("count"))
            .where(r.fingerprint.is_not(None))
            .group_by(r.source, r.kind, r.part)
            .subquery()
        )
        query = (
            select(schema.scope, func.coalesce(count.c.count, 0).label("count"), *(f[name] for name in _LIFE))
            .outerjoin(
                count,
                and_(count.c.source == s.source, count.c.kind == s.kind, count.c.part == s.part),
            )
            .outerjoin(schema.life, and_(f.source == s.source, f.kind == s.kind, f.part == s.part))
            .order_by(s.source, s.kind, s.part)
        )
        with self._engine.connect() as connection:
            return [_state(dict(row)) for row in connection.execute(query).mappings()]

    # ---- the log of changes

    def revision(self) -> int:
        """The number of the last change, 0 before the first.

        Whoever derives something reads this first, then `versions`, then follows `changes` after it. What the versions
        hold already comes once more then, and changes nothing.
        """
        with self._engine.connect() as connection:
            return counted(connection, "change")

    def changes(self, after: int, limit: int | None = None) -> Iterator[ChangeSet]:
        """The changes after a number, at most `limit` of them, in order and without gaps.

        Versions come as they are known now: one that was opened here and ended in a later change has its end
        already. What retention dropped is left out. So a change that is read late is not all that it was, and who
        follows the log to its end has the present truth. A scope that was well once more, or failed again, is no
        change: `scopes` tells how fresh each is.

        Raises Forgotten where not all of them are kept: derive anew, as `revision` says.
        """
        with self._engine.connect() as connection:
            changes.check(connection, after)
        return changes.read(self._engine, after, limit)

    def changes_kept_from(self) -> int:
        """The number of the oldest change that is kept, or of the next one where none is."""
        with self._engine.connect() as connection:
            return changes.kept_from(connection)


def _state(row: dict[str, Any]) -> ScopeState:
    held = row["held"] != b"[]"
    status = "stale" if row["error"] else "held" if held else "fresh"
    scope = Scope(row["source"], row["kind"], row["part"])
    life = Life(**{name: row[name] for name in _LIFE if row[name] is not None})
    return ScopeState(
        scope,
        status,
        row["last_success"],
        row["last_attempt"],
        row["error"],
        row["count"],
        life,
        row["first_success"],
    )
