"""Custom resources by configuration: rows of the table of kinds, made from JSON paths."""

from functools import partial
from typing import Any, Final

import msgspec

from tagweave import model
from tagweave.sources.kubernetes import objects
from tagweave.sources.kubernetes.config import CustomKind
from tagweave.sources.kubernetes.kinds import Api
from tagweave.sources.kubernetes.paths import follow, parse_path
from tagweave.sources.kubernetes.translate import Context, addresses_of, workload

_NOTHING: Final = objects.WorkloadSpec()


def api_of(custom: CustomKind) -> Api:
    """The row of a configured kind. One of which no path is wanted needs its metadata only."""
    plain = not (custom.owner or custom.replicas or custom.selector or custom.addresses)
    return Api(
        custom.kind,
        custom.resource,
        (f"{custom.group}/{custom.version}",),
        objects.Typed if plain else objects.Custom,
        partial(_workload, custom),
        "workload",
        partial(_front, custom) if custom.addresses else None,
    )


def _workload(custom: CustomKind, obj: Any, context: Context) -> model.Workload:  # noqa: ANN401 - Typed or Custom
    made = workload(objects.Workload(metadata=obj.metadata, kind=custom.kind, spec=_NOTHING), context)
    owner = _one(custom.owner, obj, str, context)
    return msgspec.structs.replace(
        made,
        owner=made.owner if owner is None else owner,
        replicas=_one(custom.replicas, obj, int, context),
        selector=_one(custom.selector, obj, dict[str, str], context) or {},
    )


def _front(custom: CustomKind, obj: Any, context: Context) -> model.Service | None:  # noqa: ANN401 - Custom
    """The service that an object is by its addresses; None where it has none."""
    texts = [str(text) for path in custom.addresses for text in _found(path, obj)]
    ips = addresses_of(texts, ", ".join(custom.addresses), context)
    if not ips:
        return None
    made = _workload(custom, obj, context)
    return model.Service(
        source=made.source,
        id=made.id,
        name=made.name,
        labels=made.labels,
        created_at=made.created_at,
        cluster=made.cluster,
        namespace=made.namespace,
        type=custom.kind,
        external_ips=ips,
        selector=made.selector,
    )


def _found(path: str, obj: Any) -> list[Any]:  # noqa: ANN401 - any JSON
    if not path:
        return []
    root, *rest = parse_path(path)
    value = msgspec.to_builtins(obj.metadata) if root == "metadata" else getattr(obj, str(root))
    return list(follow(value, tuple(rest)))


def _one(path: str, obj: Any, form: Any, context: Context) -> Any:  # noqa: ANN401 - any JSON
    """What a path leads to, as `form`; None where it leads nowhere, or to what is no such thing, which is told."""
    for value in _found(path, obj):
        try:
            return msgspec.convert(value, form, strict=False)
        except msgspec.ValidationError as error:
            context.problem(f"{path}: {error}")
    return None
