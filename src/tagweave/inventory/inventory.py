"""The inventory: every resource that is or was, with the interval in which each version was true."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import UTC, datetime
from typing import Any, Final, Self, TypeVar

import msgspec
from sqlalchemy import Connection, Engine, Table, and_, bindparam, delete, func, insert, select, update

from tagweave.errors import StoreError
from tagweave.inventory import schema
from tagweave.inventory.database import lock_for_writing, open_database
from tagweave.inventory.history import ChangeSet, Life, ScopeState, Version
from tagweave.inventory.reconcile import Current, Plan, Written, ended, first_valid, reconcile
from tagweave.model import AnyResource, Change, Failure, Resource, Scope, Snapshot
from tagweave.model.collection import no_collection
from tagweave.model.times import FOREVER, to_ns

_MOST_IDS: Final = 2**30 - 1
"""Ids above are those of the tag graph's phantoms."""
_AT_ONCE: Final = 500
"""How many ids go into one IN clause."""

_LIFE: Final = Life.__struct_fields__

_decode = msgspec.json.Decoder(AnyResource).decode

_T = TypeVar("_T")
Row = dict[str, Any]
Subscriber = Callable[[ChangeSet], None]


class Inventory:
    """The store and its history. One writer at a time, across processes; readers never wait."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._subscribers: list[Subscriber] = []

    @classmethod
    def open(cls, url: str) -> Self:
        """Open by URL (`sqlite:///path`, `postgresql://…`), made and migrated where it needs to be.

        Raises StoreError where it cannot be opened, or is of a newer version.
        """
        return cls(open_database(url))

    def close(self) -> None:
        """Let go of the database."""
        self._engine.dispose()

    def subscribe(self, subscriber: Subscriber) -> None:
        """Have `subscriber` called with each ChangeSet, in order, after it is committed.

        What a subscriber raises reaches the caller of `observe`; the change is in the store all the same.
        """
        self._subscribers.append(subscriber)

    # ---- writing

    def observe(self, batch: Snapshot | Change | Failure) -> ChangeSet:
        """Apply what a source saw, in one transaction."""
        with no_collection(), self._engine.begin() as connection:
            lock_for_writing(connection)
            changes = _Writer(connection, batch.scope, to_ns(batch.observed_at)).apply(batch)
        for subscriber in self._subscribers:
            subscriber(changes)
        return changes

    def unreached(self, source: str, reached: Mapping[Scope, str]) -> list[ChangeSet]:
        """Mark the scopes of a source that a pass over it did not come to: they are not fresh any more.

        `reached` are those that it came to, with their errors, the first of which may be why; empty for none.
        """
        said = next(filter(None, reached.values()), "")
        why = f": {said}" if said else ", and it was not said why"
        left = [s.scope for s in self.scopes() if s.scope.source == source and s.scope not in reached]
        now = datetime.now(UTC)
        return [self.observe(Failure(scope, f"not reached by the last pass{why}", now)) for scope in left]

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
        """Drop versions that ended before a time; how many. Their ids stay taken."""
        with self._engine.begin() as connection:
            lock_for_writing(connection)
            gone = connection.execute(delete(schema.version).where(schema.version.c.valid_to < to_ns(before)))
            alive = select(schema.version.c.resource_id)
            connection.execute(delete(schema.resource).where(schema.resource.c.id.not_in(alive)))
            if gone.rowcount:
                _count_up(connection, "revision", 1)
            return gone.rowcount

    # ---- reading

    def versions(
        self,
        kinds: Iterable[str] | None = None,
        at: datetime | None = None,
        source: str | None = None,
    ) -> Iterator[Version]:
        """Versions in ascending order of (rid, valid_from): of some kinds, as of a time, of one source."""
        v, r, s = schema.version.c, schema.resource.c, schema.scope.c
        query = (
            select(v.resource_id, v.body, v.valid_from, v.valid_to, v.seen_until, s.last_success, v.learned_at, r.part)
            .join(schema.resource, r.id == v.resource_id)
            .outerjoin(schema.scope, and_(s.source == r.source, s.kind == r.kind, s.part == r.part))
            .order_by(v.resource_id, v.valid_from)
        )
        if kinds is not None:
            query = query.where(r.kind.in_(list(kinds)))
        if source is not None:
            query = query.where(r.source == source)
        if at is not None:
            query = query.where(v.valid_from <= to_ns(at), v.valid_to > to_ns(at))
        with self._engine.connect() as connection:
            rows = connection.execution_options(yield_per=10_000).execute(query)
            for rid, body, start, end, seen, success, learned, part in rows:
                until = seen if seen is not None else max(start, success or learned)
                yield Version(rid, _decode(body), start, end, until, learned, part)

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

    def revision(self) -> int:
        """A number that grows with every change to the history."""
        with self._engine.connect() as connection:
            return _counted(connection, "revision")


class _Writer:
    """Applies one batch within a transaction."""

    def __init__(self, connection: Connection, scope: Scope, observed_at: int) -> None:
        self._connection = connection
        self._scope = scope
        self._observed_at = observed_at
        self._learned_at = to_ns(datetime.now(UTC))

    def apply(self, batch: Snapshot | Change | Failure) -> ChangeSet:
        state = self._state()
        success = state["last_success"]
        if isinstance(batch, Failure):
            self._save(state, error=batch.error)
            return ChangeSet(self._scope, self._observed_at, error=batch.error)
        if success is not None and self._observed_at < success:
            return ChangeSet(self._scope, self._observed_at, late=True)
        held = msgspec.json.decode(state["held"], type=list[str])
        plan = reconcile(self._current(batch), held, batch)
        since = to_ns(batch.since) if isinstance(batch, Change) and batch.since is not None else None
        seen = next((t for t in (since, success) if t is not None), self._observed_at)
        exact = isinstance(batch, Change) and since is None
        opened, closed = self._write(plan, min(seen, self._observed_at), state, exact)
        kept = plan.held if isinstance(batch, Snapshot) else held
        held_since = (state["held_since"] if held else seen) if kept else None
        if since is None:
            self._save(state, success=self._observed_at, held=kept, held_since=held_since)
        else:  # more of what happened meanwhile may come: the scope is no fresher yet
            self._save(state, error=state["error"], held=kept, held_since=held_since)
        if opened or closed or plan.moved:
            _count_up(self._connection, "revision", 1)
        return ChangeSet(self._scope, self._observed_at, tuple(opened), tuple(closed), plan.unchanged, len(plan.held))

    def _write(
        self, plan: Plan, seen: int, state: Mapping[str, Any], exact: bool
    ) -> tuple[list[Version], list[Version]]:
        known = self._known
        opened = self._open_new(plan.added)
        before = self._open_versions([known[w.resource.id].rid for w in plan.changed])
        closed: list[Version] = []
        for written in plan.changed:
            old = before[known[written.resource.id].rid]
            start = max(self._observed_at, old.valid_from)
            if start > old.valid_from:
                closed.append(self._closed(old, start, start if exact else min(seen, start)))
            opened.append(self._opened(old.rid, written.resource, start))
        held = set(msgspec.json.decode(state["held"], type=list[str]))
        gone = self._open_versions([known[native].rid for native in plan.removed])
        for native in plan.removed:
            old = gone[known[native].rid]
            last = state["held_since"] if native in held else seen
            end = self._observed_at if exact else ended(old.resource, last, self._observed_at)
            closed.append(self._closed(old, max(end, old.valid_from), end if exact else last))
        self._store(plan, opened, closed)
        return opened, closed

    def _opened(self, rid: int, resource: Resource, start: int) -> Version:
        at, part = self._observed_at, self._scope.part
        return Version(rid, resource, start, FOREVER, at, self._learned_at, part)

    def _closed(self, old: Version, end: int, seen: int) -> Version:
        seen_until = max(old.valid_from, min(seen, end))
        return Version(old.rid, old.resource, old.valid_from, end, seen_until, old.learned_at, self._scope.part)

    def _open_new(self, added: list[Written]) -> list[Version]:
        """Open the first versions of new resources, and of those that come back under their old ids."""
        natives = [w.resource.id for w in added]
        back = self._gone_before(natives)
        fresh = [native for native in natives if native not in back]
        first = _count_up(self._connection, "resource", len(fresh)) if fresh else 0
        if first + len(fresh) > _MOST_IDS:
            raise StoreError(f"the inventory has given out all of its {_MOST_IDS:,} ids")
        self._new_ids = {native: first + 1 + i for i, native in enumerate(fresh)}
        out = []
        for written in added:
            native = written.resource.id
            start = first_valid(written.resource, self._observed_at)
            if native in back:
                rid, last_end = back[native]
                start = max(start, last_end)
            else:
                rid = self._new_ids[native]
            out.append(self._opened(rid, written.resource, start))
        return out

    def _store(self, plan: Plan, opened: list[Version], closed: list[Version]) -> None:
        execute = self._connection.execute
        part = self._scope.part
        wrote = {w.resource.id: w for w in (*plan.added, *plan.changed)}
        new = [o for o in opened if o.resource.id in self._new_ids]
        if new:
            key = (self._scope.source, self._scope.kind)
            _insert(
                self._connection,
                schema.resource,
                [(o.rid, *key, o.resource.id, part, o.valid_from, wrote[o.resource.id].fingerprint) for o in new],
            )
        if closed:
            v = schema.version
            execute(
                update(v)
                .where(v.c.resource_id == bindparam("rid"), v.c.valid_from == bindparam("since"))
                .values(valid_to=bindparam("until"), seen_until=bindparam("seen")),
                [{"rid": c.rid, "since": c.valid_from, "until": c.valid_to, "seen": c.seen_until} for c in closed],
            )
        self._replace_in_place(opened)
        if opened:
            _insert(
                self._connection,
                schema.version,
                [(o.rid, o.valid_from, FOREVER, None, o.learned_at, wrote[o.resource.id].body) for o in opened],
            )
        current = [
            {
                "rid": o.rid,
                "since": o.valid_from,
                "print": wrote[o.resource.id].fingerprint,
                "into": part,
            }
            for o in opened
            if o.resource.id not in self._new_ids
        ]
        ended_rids = {c.rid for c in closed} - {o.rid for o in opened}
        current += [{"rid": rid, "since": None, "print": None, "into": part} for rid in ended_rids]
        r = schema.resource
        if current:
            execute(
                update(r)
                .where(r.c.id == bindparam("rid"))
                .values(valid_from=bindparam("since"), fingerprint=bindparam("print"), part=bindparam("into")),
                current,
            )
        if plan.moved:
            execute(
                update(r).where(r.c.id == bindparam("rid")).values(part=bindparam("into")),
                [{"rid": self._known[native].rid, "into": part} for native in plan.moved],
            )

    def _replace_in_place(self, opened: list[Version]) -> None:
        """A version that begins when its predecessor did takes its place."""
        same = [o for o in opened if (known := self._known.get(o.resource.id)) and known.valid_from == o.valid_from]
        if same:
            v = schema.version
            self._connection.execute(
                delete(v).where(v.c.resource_id == bindparam("rid"), v.c.valid_from == bindparam("since")),
                [{"rid": o.rid, "since": o.valid_from} for o in same],
            )

    # ---- what is known

    def _current(self, batch: Snapshot | Change) -> dict[str, Current]:
        """The open versions of what a batch is of: of all of a kind, or of what a change names."""
        r = schema.resource.c
        query = select(r.native_id, r.id, r.part, r.fingerprint, r.valid_from).where(
            r.source == self._scope.source, r.kind == self._scope.kind, r.fingerprint.is_not(None)
        )
        queries = [query]
        if isinstance(batch, Change):
            named = list({*batch.deletes, *(resource.id for resource in batch.upserts)})
            queries = [query.where(r.native_id.in_(some)) for some in _chunks(named)]
        rows = (row for one in queries for row in self._connection.execute(one))
        self._known = {row[0]: Current(row[1], row[2], bytes(row[3]), row[4]) for row in rows}
        return self._known

    def _gone_before(self, natives: list[str]) -> dict[str, tuple[int, int]]:
        """Of some native ids, those that were there before: their id and when they ended."""
        r, v = schema.resource.c, schema.version.c
        known: dict[str, int] = {}
        mine = and_(r.source == self._scope.source, r.kind == self._scope.kind)
        if not self._connection.execute(select(r.id).where(mine, r.fingerprint.is_(None)).limit(1)).first():
            return {}
        for some in _chunks(natives):
            rows = self._connection.execute(select(r.native_id, r.id).where(mine, r.native_id.in_(some)))
            known.update((native, rid) for native, rid in rows)
        ends: dict[int, int] = {}
        for some_ids in _chunks(list(known.values())):
            rows = self._connection.execute(
                select(v.resource_id, func.max(v.valid_to)).where(v.resource_id.in_(some_ids)).group_by(v.resource_id)
            )
            ends.update((rid, end) for rid, end in rows)
        return {native: (rid, ends.get(rid, 0)) for native, rid in known.items()}

    def _open_versions(self, rids: list[int]) -> dict[int, Version]:
        v = schema.version.c
        out: dict[int, Version] = {}
        for some in _chunks(rids):
            rows = self._connection.execute(
                select(v.resource_id, v.body, v.valid_from, v.learned_at).where(
                    v.resource_id.in_(some), v.valid_to == FOREVER
                )
            )
            for rid, body, start, learned in rows:
                out[rid] = Version(rid, _decode(body), start, FOREVER, start, learned)
        return out

    def _state(self) -> Row:
        s = schema.scope.c
        row = self._connection.execute(
            select(schema.scope).where(
                s.source == self._scope.source, s.kind == self._scope.kind, s.part == self._scope.part
            )
        ).mappings().first()  # fmt: skip
        if row is not None:
            return dict(row)
        return {"last_success": None, "held": b"[]", "held_since": None, "error": "", "new": True}

    def _save(
        self,
        state: Row,
        success: int | None = None,
        error: str = "",
        held: list[str] | None = None,
        held_since: int | None = None,
    ) -> None:
        values = {
            "last_success": success if success is not None else state["last_success"],
            "last_attempt": self._observed_at,
            "error": error,
            "held": state["held"] if held is None else msgspec.json.encode(held),
            "held_since": state["held_since"] if held is None else held_since,
        }
        key = msgspec.structs.asdict(self._scope)
        if "new" in state:
            self._connection.execute(insert(schema.scope).values(**key, **values))
            return
        s = schema.scope
        self._connection.execute(update(s).where(*(s.c[name] == value for name, value in key.items())).values(**values))


def _state(row: Row) -> ScopeState:
    held = row["held"] != b"[]"
    status = "stale" if row["error"] else "held" if held else "fresh"
    scope = Scope(row["source"], row["kind"], row["part"])
    life = Life(**{name: row[name] for name in _LIFE if row[name] is not None})
    return ScopeState(scope, status, row["last_success"], row["last_attempt"], row["error"], row["count"], life)


def _counted(connection: Connection, name: str) -> int:
    c = schema.counter.c
    return connection.execute(select(c.value).where(c.name == name)).scalar() or 0


def _count_up(connection: Connection, name: str, by: int) -> int:
    """Raise a counter; what it was before."""
    before = _counted(connection, name)
    table = schema.counter
    done = connection.execute(update(table).where(table.c.name == name).values(value=before + by))
    if not done.rowcount:
        connection.execute(insert(table).values(name=name, value=by))
    return before


def _insert(connection: Connection, table: Table, rows: list[tuple[Any, ...]]) -> None:
    """Insert whole rows, their columns in the table's order, without a dictionary for each."""
    statement = insert(table).compile(dialect=connection.dialect)
    names = [column.name for column in table.columns]
    if connection.dialect.positional:
        connection.exec_driver_sql(str(statement), rows)
    else:
        connection.exec_driver_sql(str(statement), [dict(zip(names, row, strict=True)) for row in rows])


def _chunks(items: list[_T]) -> Iterator[list[_T]]:
    for start in range(0, len(items), _AT_ONCE):
        yield items[start : start + _AT_ONCE]
