"""What tags show of a resource, over all time: its name, type, labels and the like."""

from collections.abc import Sequence

from tagweave.derive.estate import Stranger, spread
from tagweave.derive.machines import Membership
from tagweave.derive.timeline import Timeline, cut
from tagweave.index.draft import Value
from tagweave.inventory import Version
from tagweave.model import VM, Pod, Resource
from tagweave.model.times import rfc3339, to_ns


def values(history: Sequence[Version], members: Timeline[Membership]) -> list[Value]:
    """A resource's values, each from when it began; the first since ever. `members` says what it is part of."""
    out: list[Value] = []
    for start, end, version in spread(history):
        for since, _, membership in cut(members, start, end):
            value = _value(version.resource, since, version.part, membership)
            if not out or out[-1][1:] != value[1:]:
                out.append(value)
    return out


def of_stranger(stranger: Stranger, members: Timeline[Membership]) -> list[Value]:
    """What is known of a resource that nobody listed."""
    return [Value(since, stranger.name, "", "", "", "", {}, *membership) for since, _, membership in members]


def _value(resource: Resource, since: int, part: str, membership: Membership) -> Value:
    started = ip = ""
    kind = getattr(resource, "type", "")
    if isinstance(resource, Pod):
        ip = resource.ips[0] if resource.ips else ""
        started = (rfc3339(to_ns(resource.started_at)) or "") if resource.started_at else ""
    elif isinstance(resource, VM):
        kind = resource.instance_type
    return Value(since, resource.name, kind, ip, started, part.partition("/")[0], resource.labels, *membership)
