"""What a resource refers to and belongs to: by which fields, and which of two answers is the nearer one."""

from collections.abc import Iterator
from typing import Final

from tagweave.model import (
    VM,
    Cluster,
    LoadBalancer,
    NatGateway,
    NetworkInterface,
    Node,
    Pod,
    PublicIp,
    Rds,
    Redis,
    Resource,
    Subnet,
    Workload,
)

Reference = tuple[str, str, str]
"""The source, the kind, and the id or name by which a resource is referred to."""

_PLACE: Final = (("region", "region"), ("az", "az"))
_IN_A_VPC: Final = (("region", "region"), ("vpc", "vpc"))
_ZONED: Final = (*_PLACE, ("vpc", "vpc"))
_NAMESPACED: Final = (("cluster", "cluster"), ("namespace", "namespace"))

_UP: Final[dict[str, tuple[tuple[str, str], ...]]] = {
    "az": (("region", "region"),),
    "vpc": (("region", "region"),),
    "subnet": (*_IN_A_VPC, ("az", "az")),
    "router": _IN_A_VPC,
    "security_group": _IN_A_VPC,
    "host": _PLACE,
    "vm": (*_ZONED, ("host", "host")),
    "nat_gateway": _IN_A_VPC,
    "load_balancer": _IN_A_VPC,
    "rds": _ZONED,
    "redis": _ZONED,
    "network_interface": (*_ZONED, ("subnet", "subnet")),
    "public_ip": (("region", "region"),),
    "namespace": (("cluster", "cluster"),),
    "node": (("cluster", "cluster"),),
    "workload": (("cluster", "cluster"), ("owner", "workload"), ("namespace", "namespace")),
    "replica_set": (("cluster", "cluster"), ("workload", "workload"), ("namespace", "namespace")),
    "pod": (
        ("cluster", "cluster"),
        ("replica_set", "replica_set"),
        ("workload", "workload"),
        ("namespace", "namespace"),
        ("node", "node"),
    ),
    "service": _NAMESPACED,
    "ingress": _NAMESPACED,
}
"""Which references lead upward, in the order in which the later one's answer wins: (field, kind)."""

_ATTACHED_TO: Final = frozenset(
    {"vm", "nat_gateway", "load_balancer", "rds", "redis", "network_interface", "host", "cluster"}
)
"""Kinds that interfaces and public addresses are attached to and belong to."""

ATTACHED: Final = frozenset({"public_ip", "network_interface"})
"""Kinds that may be attached to something."""

BY_NAME: Final = frozenset({"namespace", "node"})
"""Kinds that are referred to by name."""


def upward(resource: Resource) -> Iterator[Reference]:
    """What a resource refers to and belongs to, the furthest first. Of several subnets it belongs to none."""
    source = resource.source
    match resource:
        case Pod():  # there are many of them: the common case first
            pass
        case PublicIp() | NetworkInterface() if resource.attached and resource.attached_kind in _ATTACHED_TO:
            yield source, resource.attached_kind, resource.attached
        case Cluster() if resource.region:
            yield resource.cloud_source or source, "region", resource.region
        case NatGateway() | LoadBalancer() | Rds() | Redis() if len(resource.subnets) == 1:
            yield source, "subnet", resource.subnets[0]
    for field, kind in _UP.get(resource.kind, ()):
        value = getattr(resource, field)
        if value:
            yield source, kind, value


def owner_of(resource: Resource) -> str:
    """The workload that owns a workload; empty for none."""
    return resource.owner if isinstance(resource, Workload) else ""


def references(resource: Resource) -> Iterator[Reference]:
    """What a resource refers to upward, and its security groups and subnets."""
    yield from upward(resource)
    if isinstance(resource, Subnet) and resource.router:
        yield resource.source, "router", resource.router
    interfaces = resource.interfaces if isinstance(resource, VM) else ()
    for part in (resource,) if isinstance(resource, NetworkInterface) else interfaces:
        for group in part.security_groups:
            yield resource.source, "security_group", group
        if part.subnet:
            yield resource.source, "subnet", part.subnet


def machine_ids(node: Node) -> tuple[str, ...]:
    """The native ids, in lower case, by which a node's providerID may name its VM, the likelier first.

    Providers write it in their own ways: `aws:///eu-west-1a/i-0ab`, `cn-hangzhou.i-bp1`, `qcloud:///100003/ins-x`,
    `azure:///subscriptions/…`: the whole, or what follows its last `/` or `.`.
    """
    given = node.provider_id.lower()
    whole = given.partition("://")[2] or given
    return given, whole, whole.rpartition("/")[2], whole.rpartition(".")[2]
