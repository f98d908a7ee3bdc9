"""What people ask of an inventory: which resources are and were, what each scope holds, how fresh it is."""

from collections.abc import Iterable, Iterator
from contextlib import closing
from datetime import UTC, datetime
from typing import Any, Final

import msgspec

from tagweave.errors import ConfigError
from tagweave.inventory.counters import MOST_IDS
from tagweave.inventory.history import Life
from tagweave.inventory.inventory import Inventory
from tagweave.model import KINDS, STRUCTS, AnyResource
from tagweave.model.times import rfc3339, to_ns

SOURCE_COLUMNS: Final = (
    "source", "kind", "scope", "status", "last_success", "age_seconds", "count", "last_event", "lag_seconds",
    "last_bookmark", "list_seconds", "restarts", "failures", "error",
)  # fmt: skip
_OF_LIFE: Final = frozenset(Life.__struct_fields__)
_FIRST: Final = ("source", "cluster", "namespace", "name", "id")
_NOT_IN_TABLES: Final = frozenset(
    {"kind", "labels", "rules", "listeners", "interfaces", "containers", "endpoints", "routes", "capacity"}
)


def source_rows(inventory: Inventory, names: list[str]) -> list[dict[str, Any]]:
    """One row for each scope, and one for each configured source that was never synced."""
    now = to_ns(datetime.now(UTC))
    rows = []
    for state in inventory.scopes():
        age = None if state.last_success is None else max(0, (now - state.last_success) // 1_000_000_000)
        rows.append(
            {
                "source": state.scope.source,
                "kind": state.scope.kind,
                "scope": state.scope.part,
                "status": state.status,
                "last_success": None if state.last_success is None else rfc3339(state.last_success),
                "age_seconds": age,
                "count": state.count,
                **_life(state.life),
                "error": state.error or None,
            }
        )
    seen = {row["source"] for row in rows}
    empty = dict.fromkeys(SOURCE_COLUMNS)
    rows += [{**empty, "source": name, "status": "never", "count": 0} for name in names if name not in seen]
    return rows


def _life(life: Life) -> dict[str, Any]:
    moments = ("last_event", "last_bookmark")
    found = msgspec.structs.asdict(life)
    return {**found, **{name: None if found[name] is None else rfc3339(found[name]) for name in moments}}


def source_columns(listed: list[dict[str, Any]]) -> list[str]:
    """The columns of a table of sources: how scopes fare only where any is followed."""
    return [c for c in SOURCE_COLUMNS if c not in _OF_LIFE or any(row[c] for row in listed)]


def kind_of(word: str) -> str:
    """A kind from what people write: `pods`, `VM`, `security-group`. Raises ConfigError for none."""
    name = word.lower().replace("-", "_")
    plurals = {f"{k}s": k for k in KINDS} | {"redises": "redis", "proxies": "proxy", "azs": "az"}
    plurals |= {k[:-1] + "ies": k for k in KINDS if k.endswith("y")} | {"ingresses": "ingress"}
    found = name if name in KINDS else plurals.get(name)
    if found is None:
        raise ConfigError(f"there is no kind {word!r}: choose one of {', '.join(KINDS)}")
    return found


class Rows:
    """The resources of a kind that meet some conditions, as rows: read one at a time, each time they are gone through.

    At most `limit` rows come, and only those behind the cursor `after`. Where there are more, `next` is the cursor of
    the last row once they were gone through: what comes behind it is the next page.
    """

    def __init__(
        self,
        inventory: Inventory,
        kind: str,
        source: str | None = None,
        at: datetime | None = None,
        where: Iterable[str] = (),
        limit: int | None = None,
        after: str | None = None,
        contains: str | None = None,
    ) -> None:
        """`at` is now where it is None, `contains` a part of the name or the id in any case.

        Raises ConfigError for a condition or a cursor that is none.
        """
        self.next: str | None = None
        self._inventory = inventory
        self._kind = kind
        self._source = source
        self._at = at
        self._limit = limit
        self._after = _cursor(after)
        self._contains = (contains or "").casefold()
        conditions = [_condition(one, kind) for one in where]
        self._ids = {value for path, value in conditions if path == ["id"]}
        self._sources = {value for path, value in conditions if path == ["source"]}
        self._conditions = [(path, value) for path, value in conditions if path not in (["id"], ["source"])]

    def __iter__(self) -> Iterator[dict[str, Any]]:
        self.next = None
        sources = self._sources | ({self._source} if self._source is not None else set())
        if len(self._ids) > 1 or len(sources) > 1 or self._limit == 0:
            return  # nothing has two
        native, source = next(iter(self._ids), None), next(iter(sources), None)
        last, count = self._after, 0
        with closing(self._inventory.bodies(self._kind, self._at, source, native, self._after)) as bodies:
            for rid, body in bodies:
                if self._contains and not self._holds(_decode_named(body)):
                    continue
                resource = _decode(body)
                if not all(value in _values(resource, path) for path, value in self._conditions):
                    continue
                if count == self._limit:
                    self.next = str(last)
                    return
                last, count = rid, count + 1
                yield msgspec.to_builtins(resource)

    def _holds(self, one: "_Named") -> bool:
        return self._contains in one.name.casefold() or self._contains in one.id.casefold()


class _Named(msgspec.Struct, gc=False):
    """What of a body is read to see whether it is sought: a quarter of the work of reading all of it."""

    id: str
    name: str = ""


_decode = msgspec.json.Decoder(AnyResource).decode
_decode_named = msgspec.json.Decoder(_Named).decode


def _cursor(text: str | None) -> int:
    if text is None:
        return 0
    if not (text.isascii() and text.isdecimal()):
        raise ConfigError(f"after {text}: expected the cursor of a page before, as that page told it")
    return min(int(text), MOST_IDS)


def columns(kind: str, listed: Iterable[dict[str, Any]] | None = None) -> list[str]:
    """The columns of a table: identity first, then what fits a cell, and is in any row where these are given."""
    fields = [*STRUCTS[kind].__struct_encode_fields__]
    used = {*fields} if listed is None else {field for row in listed for field in row}
    rest = [f for f in fields if f in used and f not in _FIRST and f not in _NOT_IN_TABLES]
    return [f for f in _FIRST if f in used or f in {"name", "id"}] + rest


def _condition(text: str, kind: str) -> tuple[list[str], str]:
    path, equals, value = text.partition("=")
    if not equals:
        raise ConfigError(f"where {text}: expected FIELD=VALUE, such as labels.app=web")
    steps = path.split(".", 1) if path.startswith("labels.") else path.split(".")
    if steps[0] not in {*STRUCTS[kind].__struct_fields__, "kind"}:
        known = ", ".join(STRUCTS[kind].__struct_fields__)
        raise ConfigError(f"where {text}: a {kind} has no field {steps[0]!r}; it has {known}")
    return steps, value


def _values(part: Any, path: list[str]) -> set[str]:  # noqa: ANN401 - any part of a resource
    """Every value that a path leads to, as text; a list gives those of all its elements."""
    if isinstance(part, tuple):
        return {value for one in part for value in _values(one, path)}
    if not path:
        if isinstance(part, bool):
            return {str(part).lower()}
        return {part.isoformat().replace("+00:00", "Z") if isinstance(part, datetime) else str(part)}
    inner = part.get(path[0]) if isinstance(part, dict) else getattr(part, path[0], None)
    return set() if inner is None else _values(inner, path[1:])
