"""What people ask of an inventory: which resources are and were, what each scope holds, how fresh it is."""

from datetime import UTC, datetime
from typing import Any, Final

import msgspec

from tagweave.errors import ConfigError
from tagweave.inventory.history import Life
from tagweave.inventory.inventory import Inventory
from tagweave.model import KINDS, STRUCTS
from tagweave.model.times import FOREVER, rfc3339, to_ns

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


def rows(
    inventory: Inventory, kind: str, source: str | None, at: datetime | None, where: list[str]
) -> list[dict[str, Any]]:
    """The resources of a kind that were at a time (now where it is None) and meet every condition."""
    conditions = [_condition(one, kind) for one in where]
    found = [
        version.resource
        for version in inventory.versions(kinds=[kind], at=at, source=source)
        if at is not None or version.valid_to == FOREVER
    ]
    return [
        msgspec.to_builtins(resource)
        for resource in found
        if all(value in _values(resource, path) for path, value in conditions)
    ]


def columns(kind: str, listed: list[dict[str, Any]]) -> list[str]:
    """The columns of a table: identity first, then what any row has that fits a cell."""
    fields = [*STRUCTS[kind].__struct_encode_fields__]
    used = {field for row in listed for field in row}
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
