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
    Workload,
)

Reference = tuple[str, str, str]
"""The source, the kind, and the id or name by which a resource is referred to."""

_UP: Final[dict[str, tuple[tuple[str, str], ...]]] = {
    "az": (("region", "region"),),
    "vpc": (("region", "region"),),
    "subnet": (("region", "region"), ("vpc", "vpc"), ("az", "az"), ("router", "router")),
    "router": (("region", "region"), ("vpc", "vpc")),
    "security_group": (("region", "region"), ("vpc", "vpc")),
    "host": (("region", "region"), ("az", "az")),
    "vm": (("region", "region"), ("az", "az"), ("vpc", "vpc"), ("host", "host")),
    "nat_gateway": (("region", "region"), ("vpc", "vpc")),
    "load_balancer": (("region", "region"), ("vpc", "vpc")),
    "rds": (("region", "region"), ("az", "az"), ("vpc", "vpc")),
    "redis": (("region", "region"), ("az", "az"), ("vpc", "vpc")),
    "network_interface": (("region", "region"), ("az", "az"), ("vpc", "vpc"), ("subnet", "subnet")),
    "public_ip": (("region", "region"),),
    "namespace": (("cluster", "cluster"),),
    "workload": (("cluster", "cluster"), ("namespace", "namespace")),
    "replica_set": (("cluster", "cluster"), ("namespace", "namespace"), ("workload", "workload")),
    "node": (("cluster", "cluster"),),
    "pod": (
        ("cluster", "cluster"),
        ("namespace", "namespace"),
        ("replica_set", "replica_set"),
        ("workload", "workload"),
        ("node", "node"),
    ),
    "service": (("cluster", "cluster"), ("namespace", "namespace")),
    "ingress": (("cluster", "cluster"), ("namespace", "namespace")),
}
"""Which references lead upward, in the order in which the later one's answer wins."""

_ATTACHED_TO: Final = frozenset(
    {"vm", "nat_gateway", "load_balancer", "rds", "redis", "network_interface", "host", "cluster"}
)
"""Kinds that interfaces and public addresses are attached to and belong to."""

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
    if isinstance(resource, Workload) and resource.owner:
        yield source, "workload", resource.owner


def references(resource: Resource) -> Iterator[Reference]:
    """What a resource refers to upward, and its security groups."""
    yield from upward(resource)
    interfaces = resource.interfaces if isinstance(resource, VM) else ()
    for part in (resource,) if isinstance(resource, NetworkInterface) else interfaces:
        for group in part.security_groups:
            yield resource.source, "security_group", group


def machine_ids(node: Node) -> tuple[str, ...]:
    """The native ids, in lower case, by which a node's providerID may name its VM, the likelier first.

    Providers write it in their own ways: `aws:///eu-west-1a/i-0ab`, `cn-hangzhou.i-bp1`, `qcloud:///100003/ins-x`,
    `azure:///subscriptions/…`: the whole, or what follows its last `/` or `.`.
    """
    given = node.provider_id.lower()
    whole = given.partition("://")[2] or given
    return given, whole, whole.rpartition("/")[2], whole.rpartition(".")[2]
