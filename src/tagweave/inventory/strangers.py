"""Strangers: what is only referred to has an id as well, for ever, from the same counter as resources."""

from collections.abc import Iterable, Iterator, Sequence
from typing import Any, Final

from sqlalchemy import BindParameter, Connection, bindparam, delete, select

from tagweave.inventory import schema
from tagweave.inventory.bulk import chunks, insert_rows
from tagweave.inventory.counters import new_ids
from tagweave.inventory.history import Stranger

Referred = tuple[str, str, str, str]
"""(source, kind, native id, name): the native id is empty where only the name is known."""

_T, _R = schema.stranger.c, schema.resource.c

_OF_KIND: Final = (_T.source == bindparam("at_source"), _T.kind == bindparam("at_kind"))
_ANY: Final = select(_T.id).where(*_OF_KIND, _T.native_id > "").limit(1)
_SOME: Final[BindParameter[Any]] = bindparam("some", expanding=True)
_BY_ID: Final = select(_T.native_id, _T.id).where(*_OF_KIND, _T.native_id.in_(_SOME))
_BY_NAME: Final = select(_T.name, _T.id).where(*_OF_KIND, _T.native_id == "", _T.name.in_(_SOME))
_RESOURCES: Final = select(_R.native_id, _R.id).where(
    _R.source == bindparam("at_source"), _R.kind == bindparam("at_kind"), _R.native_id.in_(_SOME)
)
_TAKE: Final = delete(schema.stranger).where(_T.id.in_(_SOME))


def read(connection: Connection) -> Iterator[Stranger]:
    """All of them, in ascending order of their ids."""
    query = select(_T.id, _T.source, _T.kind, _T.native_id, _T.name).order_by(_T.id)
    with connection.execute(query, execution_options={"yield_per": 10_000}) as rows:
        for row in rows:
            yield Stranger(*row)


def listed(connection: Connection, source: str, kind: str, natives: Sequence[str]) -> dict[str, int]:
    """Of resources that are new, the ids that they had as strangers; they are none any more."""
    place = {"at_source": source, "at_kind": kind}
    if not natives or connection.execute(_ANY, place).first() is None:
        return {}
    out: dict[str, int] = {}
    for some in chunks(natives):
        out.update((native, rid) for native, rid in connection.execute(_BY_ID, {**place, "some": some}))
    for ids in chunks(list(out.values())):
        connection.execute(_TAKE, {"some": ids})
    return out


def refer(connection: Connection, names: Iterable[Referred]) -> dict[Referred, int]:
    """The id of each: a resource's, a stranger's, or that of a stranger that is new."""
    asked = list(dict.fromkeys(names))
    by_kind: dict[tuple[str, str], list[Referred]] = {}
    for name in asked:
        by_kind.setdefault(name[:2], []).append(name)
    known: dict[Referred, int] = {}
    for (source, kind), some in by_kind.items():
        place = {"at_source": source, "at_kind": kind}
        natives = list({native for _, _, native, _ in some if native})
        for part in chunks(natives):
            for query in (_RESOURCES, _BY_ID):
                for native, rid in connection.execute(query, {**place, "some": part}):
                    known[source, kind, native, ""] = rid
        for part in chunks(list({name for _, _, native, name in some if not native})):
            for name, rid in connection.execute(_BY_NAME, {**place, "some": part}):
                known[source, kind, "", name] = rid
    new: dict[Referred, Referred] = {}
    for one in asked:
        if _identity(one) not in known:
            new.setdefault(_identity(one), one)
    ids = dict(zip(new, new_ids(connection, len(new)), strict=True))
    if new:
        insert_rows(connection, schema.stranger, [(rid, *new[identity]) for identity, rid in ids.items()])
    known |= ids
    return {one: known[_identity(one)] for one in asked}


def _identity(one: Referred) -> Referred:
    """What makes two the same: the native id, and where there is none the name."""
    source, kind, native, name = one
    return (source, kind, native, "") if native else (source, kind, "", name)
