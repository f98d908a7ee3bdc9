"""Small estates for the laws of tags: resources as an inventory would have them, asked both ways."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Final, NamedTuple

import numpy as np
import pyarrow as pa

from tagweave.inventory import Version
from tagweave.model import (
    VM,
    Cluster,
    Container,
    Interface,
    Namespace,
    Node,
    Pod,
    Resource,
    Service,
    ServicePort,
    Vpc,
)
from tagweave.model.addresses import pack
from tagweave.model.times import FOREVER, to_ns
from tagweave.tags import NETWORK_UNNAMED, PROTOCOLS, REASONS, Answer, Endpoints, TagIndex, Weaver, all_tags

BEGIN: Final = datetime(2026, 1, 1, tzinfo=UTC)
END: Final = 1000
"""When everything that is open was seen last, in minutes."""


def minute(n: float) -> datetime:
    return BEGIN + timedelta(minutes=n)


class Held(NamedTuple):
    """A version of a resource: true in [start, end), last seen at `seen`; in minutes, None for ever."""

    resource: Resource
    start: float = 0
    end: float | None = None
    seen: float | None = None


def build(
    *estate: Resource | Held,
    groups: Mapping[str, Sequence[str]] | None = None,
    accounts: Mapping[str, tuple[str, str]] | None = None,
) -> TagIndex:
    """The index of an estate; plain resources are there all the time. Ids are given in the order of first sight."""
    rids: dict[tuple[str, str, str], int] = {}
    versions: dict[int, list[Version]] = {}
    for one in estate:
        held = one if isinstance(one, Held) else Held(one)
        resource = held.resource
        rid = rids.setdefault((resource.source, resource.kind, resource.id), len(rids) + 1)
        end = FOREVER if held.end is None else to_ns(minute(held.end))
        seen = held.seen if held.seen is not None else END if held.end is None else held.end
        start = to_ns(minute(held.start))
        versions.setdefault(rid, []).append(Version(rid, resource, start, end, to_ns(minute(seen)), start))
    return TagIndex.build((v for rid in sorted(versions) for v in versions[rid]), groups, accounts)


def ends(address: str, at: float, network: int, port: int | None, protocol: str, until: float | None) -> Endpoints:
    packed = pack(address)
    return Endpoints(
        np.array([packed >> 64], np.uint64),
        np.array([packed & (2**64 - 1)], np.uint64),
        np.ones(1, np.bool_),
        np.array([to_ns(minute(at))], np.int64),
        None if until is None else np.array([to_ns(minute(until))], np.int64),
        np.array([network], np.int32),
        np.array([-1 if port is None else port], np.int32),
        np.array([PROTOCOLS.get(protocol.upper(), 0)], np.uint8),
    )


def woven(
    index: TagIndex,
    address: str,
    tags: Sequence[str] | None = None,
    *,
    at: float = 100,
    until: float | None = None,
    network: str | None = None,
    port: int | None = None,
    protocol: str = "tcp",
    names: str = "otel",
    side: str = "destination",
) -> tuple[str, dict[str, str]]:
    """The reason and the tags of one end of a record, by batch."""
    where = int(index.network_ids([network])[0]) if network else NETWORK_UNNAMED
    weaver = Weaver(index, tags if tags is not None else all_tags(names), names)
    out = weaver.weave(ends(address, at, where, port, protocol, until), side)
    values = [column.to_pylist()[0] for column in out.columns]
    return REASONS[out.reasons[0]], {t: v for t, v in zip(weaver.columns(""), values, strict=True) if v is not None}


def ask(
    index: TagIndex,
    address: str,
    *,
    at: float = 100,
    network: str | None = None,
    port: int | None = None,
    protocol: str = "tcp",
    names: str = "otel",
) -> Answer:
    """The answer to a look-up, which is the one that a batch gives too."""
    answer = index.lookup(address, at=minute(at), network=network, port=port, protocol=protocol, names=names)
    tags = [*dict.fromkeys([*all_tags(names), *answer.tags])]
    reason, got = woven(index, address, tags, at=at, network=network, port=port, protocol=protocol, names=names)
    if answer.match is None:
        assert answer.reason is not None
        assert answer.reason.partition(":")[0] == reason
        assert not answer.tags
        return answer
    assert reason == "matched"
    said = {t: ",".join(v) if isinstance(v, list) else v for t, v in answer.tags.items()}
    assert said == got
    return answer


def text(value: str | list[str] | None) -> str | None:
    """A tag as a column shows it."""
    return ",".join(value) if isinstance(value, list) else value


def shown(answer: Answer, *tags: str) -> tuple[str | None, ...]:
    return tuple(text(answer.tags.get(tag)) for tag in tags)


def named(rule: str, *values: str | None) -> "tuple[tuple[str, pa.StringArray], ...]":
    return ((rule, pa.array(values, pa.string())),)


# ---- resources


def cluster(vpc: str = "", **more: str) -> Cluster:
    return Cluster(source="k8s", id="cluster-1", name="shop", cloud_source="cloud" if vpc else "", vpc=vpc, **more)


def namespace(name: str = "web", **labels: str) -> Namespace:
    return Namespace(source="k8s", id=f"uid-{name}", name=name, cluster="cluster-1", labels=labels)


def node(name: str = "node-1", *ips: str, **more: object) -> Node:
    fixed: dict[str, object] = {"source": "k8s", "id": f"uid-{name}", "name": name, "cluster": "cluster-1", "ips": ips}
    return Node(**fixed | more)  # type: ignore[arg-type]


def pod(name: str = "front", *ips: str, app: str = "", ports: Mapping[str, int] | None = None, **more: object) -> Pod:
    fixed: dict[str, object] = {
        "source": "k8s",
        "id": f"uid-{name}",
        "name": name,
        "labels": {"app": app} if app else {},
        "cluster": "cluster-1",
        "namespace": "web",
        "node": "node-1",
        "ips": ips,
        "phase": "Running",
        "containers": (Container(name="main", id=f"container-{name}", ports=dict(ports or {})),),
    }
    return Pod(**fixed | more)  # type: ignore[arg-type]


def service(name: str, *ports: ServicePort, app: str = "", **more: object) -> Service:
    fixed: dict[str, object] = {
        "source": "k8s",
        "id": f"uid-{name}",
        "name": name,
        "cluster": "cluster-1",
        "namespace": "web",
        "ports": ports,
        "selector": {"app": app} if app else {},
    }
    return Service(**fixed | more)  # type: ignore[arg-type]


def vpc(native: str = "vpc-1", *cidrs: str, source: str = "cloud") -> Vpc:
    return Vpc(source=source, id=native, name=f"name of {native}", region="eu-1", cidrs=cidrs)


def vm(native: str, *ips: str, source: str = "cloud", **more: object) -> VM:
    fixed: dict[str, object] = {
        "source": source,
        "id": native,
        "name": f"name of {native}",
        "region": "eu-1",
        "az": "eu-1a",
        "vpc": "vpc-1",
        "interfaces": (Interface(id=f"eni-{native}", private_ips=ips),) if ips else (),
    }
    return VM(**fixed | more)  # type: ignore[arg-type]
