"""Write down what a batch means: history, the scope's state and the log, within a transaction of the caller."""

from collections.abc import Iterable, Mapping
from typing import Any, Final, NamedTuple

import msgspec
from sqlalchemy import Connection, and_, bindparam, delete, func, insert, select, update

from tagweave.inventory import changes as log
from tagweave.inventory import schema, strangers
from tagweave.inventory.bulk import chunks, insert_rows
from tagweave.inventory.counters import counted, new_ids
from tagweave.inventory.history import ChangeSet, Version, last_seen
from tagweave.inventory.reconcile import Current, Plan, Written, ended, first_valid, reconcile
from tagweave.model import AnyResource, Change, Failure, Scope, Snapshot
from tagweave.model.times import BEGINNING, FOREVER, to_ns

_decode = msgspec.json.Decoder(AnyResource).decode
_decode_held = msgspec.json.Decoder(tuple[str, ...]).decode

_R, _V, _S = schema.resource.c, schema.version.c, schema.scope.c

_IN_SCOPE: Final = and_(
    _S.source == bindparam("at_source"), _S.kind == bindparam("at_kind"), _S.part == bindparam("at_part")
)
_STATE: Final = select(
    _S.last_success, _S.first_success, _S.last_attempt, _S.error, _S.held, _S.held_since
).where(_IN_SCOPE)  # fmt: skip
_SAVE: Final = update(schema.scope).where(_IN_SCOPE).values(
    {name: bindparam(name) for name in ("last_success", "first_success", "last_attempt", "error", "held", "held_since")}
)  # fmt: skip
_SUCCESSES: Final = select(_S.part, _S.last_success).where(
    _S.source == bindparam("at_source"),
    _S.kind == bindparam("at_kind"),
    _S.part.in_(bindparam("some", expanding=True)),
)

_KNOWN: Final = select(_R.native_id, _R.id, _R.part, _R.fingerprint, _R.valid_from).where(
    _R.source == bindparam("at_source"), _R.kind == bindparam("at_kind")
)
_KNOWN_OF_PART: Final = _KNOWN.where(_R.part == bindparam("at_part"), _R.fingerprint.is_not(None))
_KNOWN_BY_ID: Final = _KNOWN.where(_R.native_id.in_(bindparam("some", expanding=True)))

_OPEN: Final = (
    select(_V.resource_id, _V.body, _V.valid_from, _V.learned_at)
    .join(schema.resource, and_(_R.id == _V.resource_id, _R.valid_from == _V.valid_from))
    .where(_R.id.in_(bindparam("some", expanding=True)))
)
"""Open versions by their key: by `valid_to` they would be looked for among all that are open."""
_ENDS: Final = (
    select(_V.resource_id, func.max(_V.valid_to))
    .where(_V.resource_id.in_(bindparam("some", expanding=True)))
    .group_by(_V.resource_id)
)
_THIS: Final = and_(_V.resource_id == bindparam("rid"), _V.valid_from == bindparam("since"))
_CLOSE: Final = update(schema.version).where(_THIS).values(
    valid_to=bindparam("until"), seen_until=bindparam("seen"), ended_learned_at=bindparam("learned")
)  # fmt: skip
_UNDO: Final = delete(schema.version).where(_THIS)
_NOW: Final = update(schema.resource).where(_R.id == bindparam("rid")).values(
    valid_from=bindparam("since"), fingerprint=bindparam("print"), part=bindparam("into")
)  # fmt: skip
_GONE: Final = update(schema.resource).where(_R.id == bindparam("rid")).values(valid_from=None, fingerprint=None)
_MOVE_VERSION: Final = update(schema.version).where(_THIS).values(part=bindparam("into"))
_MOVE: Final = update(schema.resource).where(_R.id == bindparam("rid")).values(part=bindparam("into"))


class _State(msgspec.Struct, frozen=True):
    """What is known of a scope: its row."""

    last_success: int | None = None
    first_success: int | None = None
    last_attempt: int | None = None
    error: str = ""
    held: tuple[str, ...] = ()
    held_since: int | None = None


class _Written(NamedTuple):
    """What was written of a plan."""

    opened: list[Version]
    closed: list[Version]
    moved: list[Version]
    undone: list[tuple[int, int]]


class Writer:
    """Applies one batch. `learned_at`, in ns, is when; the caller holds the writer's lock."""

    def __init__(self, connection: Connection, scope: Scope, observed_at: int, learned_at: int) -> None:
        self._connection = connection
        self._scope = scope
        self._observed_at = observed_at
        self._learned_at = learned_at
        self._place = {"at_source": scope.source, "at_kind": scope.kind}
        self._known: dict[str, Current] = {}
        self._gone: dict[str, int] = {}
        """Of what the batch names, the ids of those that were there before and are not now."""

    def apply(self, batch: Snapshot | Change | Failure) -> ChangeSet:
        """Write what a batch changes, its scope's state, and a row of the log where there is something to tell."""
        before = self._state()
        state = before or _State()
        if isinstance(batch, Failure):
            after = msgspec.structs.replace(state, last_attempt=self._observed_at, error=batch.error)
            return self._done(before, after, ChangeSet(self._scope, self._observed_at, error=batch.error))
        if state.last_success is not None and self._observed_at < state.last_success:
            return ChangeSet(
                self._scope,
                self._observed_at,
                late=True,
                success=state.last_success,
                first_success=state.first_success,
                number=counted(self._connection, "change"),
            )
        self._read_known(batch)
        plan = reconcile(self._known, state.held, batch)
        since = to_ns(batch.since) if isinstance(batch, Change) and batch.since is not None else None
        after = self._after(state, plan, batch, since)
        written = self._write(plan, state, after, isinstance(batch, Change), since)
        return self._done(
            before,
            after,
            ChangeSet(
                self._scope,
                self._observed_at,
                opened=tuple(written.opened),
                closed=tuple(written.closed),
                unchanged=plan.unchanged,
                held=len(plan.held),
                moved=tuple(written.moved),
                undone=tuple(written.undone),
            ),
        )

    def _after(self, state: _State, plan: Plan, batch: Snapshot | Change, since: int | None) -> _State:
        """The scope's state after a batch. One that was learned late makes it no fresher: more may come."""
        held = tuple(plan.held) if isinstance(batch, Snapshot) else state.held
        held_since = (state.held_since if state.held else self._before(state, since)) if held else None
        after = msgspec.structs.replace(state, last_attempt=self._observed_at, held=held, held_since=held_since)
        if since is not None:
            return after
        first = state.first_success if state.first_success is not None else self._observed_at
        return msgspec.structs.replace(after, last_success=self._observed_at, first_success=first, error="")

    def _before(self, state: _State, since: int | None) -> int:
        """When what ends now was last seen, as far as its scope says; the beginning where it does not."""
        seen = state.last_success if since is None else since
        return BEGINNING if seen is None else min(seen, self._observed_at)

    def _done(self, before: _State | None, after: _State, changes: ChangeSet) -> ChangeSet:
        """Save the scope's state; the ChangeSet with it, and with its number in the log."""
        self._save(after, new=before is None)
        changes = msgspec.structs.replace(changes, success=after.last_success, first_success=after.first_success)
        told = changes.opened or changes.closed or changes.moved or changes.undone or _status(before) != _status(after)
        number = log.append(self._connection, changes, self._learned_at) if told else None
        return msgspec.structs.replace(changes, number=number or counted(self._connection, "change"))

    # ---- what a plan comes to

    def _write(self, plan: Plan, before: _State, after: _State, change: bool, since: int | None) -> _Written:
        exact = change and since is None
        changed = [w.resource.id for w in plan.changed]
        seen = self._seen([*changed, *plan.removed], before, since)
        opened = self._open_new(plan.added)
        closed: list[Version] = []
        undone: list[tuple[int, int]] = []

        def end(old: Version, at: int, seen_until: int) -> None:
            if at > old.valid_from:
                seen_until = max(old.valid_from, min(seen_until, at))
                closed.append(msgspec.structs.replace(old, valid_to=at, seen_until=seen_until))
            else:
                undone.append((old.rid, old.valid_from))

        open_now = self._open_versions([*changed, *plan.removed, *plan.moved])
        for written in plan.changed:
            native = written.resource.id
            old = open_now[native]
            start = max(self._observed_at, old.valid_from)
            end(old, start, start if exact else seen[native])
            opened.append(self._opened(old.rid, written.resource, start))
        for native in plan.removed:
            old = open_now[native]
            at = self._observed_at if exact else ended(old.resource, seen[native], self._observed_at)
            end(old, at, at if exact else seen[native])
        success = after.last_success
        opened = [msgspec.structs.replace(v, seen_until=last_seen(v.valid_from, success)) for v in opened]
        moved = [
            msgspec.structs.replace(
                open_now[native], seen_until=last_seen(open_now[native].valid_from, success), part=self._scope.part
            )
            for native in plan.moved
        ]
        out = _Written(opened, closed, moved, undone)
        self._store(out, {w.resource.id: w for w in (*plan.added, *plan.changed)})
        return out

    def _seen(self, natives: Iterable[str], before: _State, since: int | None) -> dict[str, int]:
        """When each of some resources was last seen; one of another part, by what that part knew."""
        mine = self._before(before, since)
        elsewhere = {self._known[native].part for native in natives} - {self._scope.part}
        success = {self._scope.part: mine}
        if since is None:
            for some in chunks(list(elsewhere)):
                rows = self._connection.execute(_SUCCESSES, {**self._place, "some": some})
                known = ((part, time) for part, time in rows if time is not None)
                success.update((part, max(mine, min(time, self._observed_at))) for part, time in known)
        out = {native: success.get(self._known[native].part, mine) for native in natives}
        if before.held_since is not None:
            out.update((native, before.held_since) for native in before.held if native in out)
        return out

    def _opened(self, rid: int, resource: AnyResource, start: int) -> Version:
        return Version(rid, resource, start, FOREVER, start, self._learned_at, self._scope.part)

    def _open_new(self, added: list[Written]) -> list[Version]:
        """Open the first versions of new resources, and of those that come back under their old ids."""
        back = {w.resource.id: self._gone[w.resource.id] for w in added if w.resource.id in self._gone}
        ends = self._ends(back.values())
        self._new_ids = self._ids([w.resource.id for w in added if w.resource.id not in back])
        out = []
        for written in added:
            native = written.resource.id
            start = first_valid(written.resource, self._observed_at)
            rid = back.get(native)
            if rid is None:
                rid = self._new_ids[native]
            elif rid in ends:
                start = max(start, ends[rid])
            out.append(self._opened(rid, written.resource, start))
        return out

    def _ids(self, natives: list[str]) -> dict[str, int]:
        """Ids for new resources: those that they had as strangers, else new ones."""
        had = strangers.listed(self._connection, self._scope.source, self._scope.kind, natives)
        fresh = [native for native in natives if native not in had]
        return had | dict(zip(fresh, new_ids(self._connection, len(fresh)), strict=True))

    def _store(self, changed: _Written, bodies: Mapping[str, Written]) -> None:
        part = self._scope.part
        new = [o for o in changed.opened if o.resource.id in self._new_ids]
        if new:
            key = (self._scope.source, self._scope.kind)
            insert_rows(
                self._connection,
                schema.resource,
                [(o.rid, *key, o.resource.id, part, o.valid_from, bodies[o.resource.id].fingerprint) for o in new],
            )
        self._each(
            _CLOSE,
            [
                {
                    "rid": c.rid,
                    "since": c.valid_from,
                    "until": c.valid_to,
                    "seen": c.seen_until,
                    "learned": self._learned_at,
                }
                for c in changed.closed
            ],
        )
        self._each(_UNDO, [{"rid": rid, "since": since} for rid, since in changed.undone])
        if changed.opened:
            insert_rows(
                self._connection,
                schema.version,
                [
                    (o.rid, o.valid_from, FOREVER, None, o.learned_at, bodies[o.resource.id].body, None, part)
                    for o in changed.opened
                ],
            )
        current = [
            {"rid": o.rid, "since": o.valid_from, "print": bodies[o.resource.id].fingerprint, "into": part}
            for o in changed.opened
            if o.resource.id not in self._new_ids
        ]
        self._each(_NOW, current)
        gone = {c.rid for c in changed.closed} | {rid for rid, _ in changed.undone}
        self._each(_GONE, [{"rid": rid} for rid in gone - {o.rid for o in changed.opened}])
        self._each(_MOVE, [{"rid": m.rid, "into": part} for m in changed.moved])
        self._each(_MOVE_VERSION, [{"rid": m.rid, "since": m.valid_from, "into": part} for m in changed.moved])

    def _each(self, statement: Any, rows: list[dict[str, Any]]) -> None:  # noqa: ANN401 - any kind of statement
        if rows:
            self._connection.execute(statement, rows)

    # ---- what is known

    def _read_known(self, batch: Snapshot | Change) -> None:
        """The open versions of the batch's part, where it is complete, and of what it names; what of that is gone."""
        if isinstance(batch, Change):
            named = {*batch.deletes, *(resource.id for resource in batch.upserts)}
        else:
            named = {resource.id for resource in batch.resources}
            rows = self._connection.execute(_KNOWN_OF_PART, {**self._place, "at_part": self._scope.part})
            self._known = {row[0]: Current(row[1], row[2], row[3], row[4]) for row in rows}
        for some in chunks([native for native in named if native not in self._known]):
            for native, rid, part, fingerprint, start in self._connection.execute(
                _KNOWN_BY_ID, {**self._place, "some": some}
            ):
                if fingerprint is None:
                    self._gone[native] = rid
                else:
                    self._known[native] = Current(rid, part, fingerprint, start)

    def _ends(self, rids: Iterable[int]) -> dict[int, int]:
        """When some resources that are gone ended; those of which no version is left are not in it."""
        out: dict[int, int] = {}
        for some in chunks(list(rids)):
            out.update((rid, end) for rid, end in self._connection.execute(_ENDS, {"some": some}))
        return out

    def _open_versions(self, natives: list[str]) -> dict[str, Version]:
        named = {self._known[native].rid: native for native in natives}
        out: dict[str, Version] = {}
        for some in chunks([*named]):
            for rid, body, start, learned in self._connection.execute(_OPEN, {"some": some}):
                part = self._known[named[rid]].part
                out[named[rid]] = Version(rid, _decode(body), start, FOREVER, start, learned, part)
        return out

    def _state(self) -> _State | None:
        row = self._connection.execute(_STATE, {**self._place, "at_part": self._scope.part}).first()
        if row is None:
            return None
        success, first, attempt, error, held, held_since = row
        return _State(success, first, attempt, error, _decode_held(held), held_since)

    def _save(self, state: _State, *, new: bool) -> None:
        values = msgspec.structs.asdict(state) | {"held": msgspec.json.encode(state.held)}
        if new:
            key = msgspec.structs.asdict(self._scope)
            self._connection.execute(insert(schema.scope).values(**key, **values))
        else:
            self._connection.execute(_SAVE, {**self._place, "at_part": self._scope.part, **values})


def _status(state: _State | None) -> object:
    """What of a scope's state is worth a row of the log: not that it was well once more, nor that it failed again."""
    return state and (bool(state.error), state.held, state.first_success)
