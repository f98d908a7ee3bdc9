"""Tagweave's own resources, as `tagweave resources -o json` prints them: decoded, and made canonical."""

from collections.abc import Callable
from datetime import datetime
from typing import Any, Final

import msgspec

from tagweave.model import AnyResource, Resource
from tagweave.model.addresses import canonical, canonical_prefix

_FORMS: Final[dict[str, tuple[Callable[[str], str], str]]] = {
    **dict.fromkeys(
        ("ip", "ips", "private_ips", "public_ips", "cluster_ips", "external_ips", "load_balancer_ips"),
        (canonical, "IP address"),
    ),
    **dict.fromkeys(("cidrs", "pod_cidrs"), (canonical_prefix, "prefix")),
}
"""The fields that hold addresses and prefixes, of resources and of their parts."""

_decode = msgspec.json.Decoder(AnyResource).decode


def resource(value: Any, problem: Callable[[str], None]) -> Resource:  # noqa: ANN401 - JSON bytes or a dict
    """A resource. What is no address, prefix or moment is left out and told.

    Raises msgspec.ValidationError for what is no resource at all.
    """
    found: Resource = msgspec.convert(value, AnyResource, strict=False) if isinstance(value, dict) else _decode(value)
    if not found.id:
        raise msgspec.ValidationError("Expected an `id`, found an empty one - at `$.id`")
    made: Resource = _canonical(found, "", problem)
    return made


def _canonical(part: Any, path: str, problem: Callable[[str], None]) -> Any:  # noqa: ANN401 - any struct
    changes = {}
    for name in part.__struct_fields__:
        value = getattr(part, name)
        where = f"{path}{name}"
        if name in _FORMS:
            changes[name] = _in_form(value, name, where, problem)
        elif isinstance(value, tuple) and value and isinstance(value[0], msgspec.Struct):
            changes[name] = tuple(_canonical(one, f"{where}[{i}].", problem) for i, one in enumerate(value))
        elif isinstance(value, datetime) and value.tzinfo is None:
            problem(f"{where}: {value.isoformat()} has no time zone")
            changes[name] = None
    return msgspec.structs.replace(part, **changes) if changes else part


def _in_form(value: Any, name: str, where: str, problem: Callable[[str], None]) -> Any:  # noqa: ANN401 - a text or some
    form, what = _FORMS[name]
    out = []
    for text in (value,) if isinstance(value, str) else value:
        try:
            out.append(form(text) if text else text)
        except ValueError:
            problem(f"{where}: {text!r} is no {what}")
    return (out[0] if out else "") if isinstance(value, str) else tuple(out)
