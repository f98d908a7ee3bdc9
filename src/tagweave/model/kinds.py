"""The kinds of resource and what each may refer to, as one table."""

from collections.abc import Iterator
from typing import Literal, NamedTuple, get_args

import msgspec

from tagweave.model.resources import AnyResource, Resource

Family = Literal["cloud", "kubernetes"]


class Reference(NamedTuple):
    """A field that refers to resources of `kind`: by native id, or by name where Kubernetes does so.

    `field` is a path: `interfaces.subnet` is the `subnet` of each of the `interfaces`.
    """

    field: str
    kind: str
    by: Literal["id", "name"] = "id"


class Kind(NamedTuple):
    """A row of the table: the family a kind belongs to and its references."""

    family: Family
    references: tuple[Reference, ...] = ()


def _by_id(**fields: str) -> tuple[Reference, ...]:
    return tuple(Reference(field.replace("__", "."), kind) for field, kind in fields.items())


_REGION = _by_id(region="region")
_ZONE = _by_id(region="region", az="az")
_VPC = _by_id(region="region", vpc="vpc")
_DATABASE = _by_id(region="region", az="az", vpc="vpc", subnets="subnet")
_CLUSTER = _by_id(cluster="cluster")
_NAMESPACED = (*_CLUSTER, Reference("namespace", "namespace", by="name"))

KINDS: dict[str, Kind] = {
    "region": Kind("cloud"),
    "az": Kind("cloud", _REGION),
    "vpc": Kind("cloud", _REGION),
    "subnet": Kind("cloud", _by_id(vpc="vpc", az="az", region="region", router="router")),
    "router": Kind("cloud", _by_id(vpc="vpc", region="region", subnets="subnet")),
    "security_group": Kind("cloud", _VPC),
    "vm": Kind(
        "cloud",
        _by_id(
            region="region",
            az="az",
            vpc="vpc",
            host="host",
            interfaces__subnet="subnet",
            interfaces__security_groups="security_group",
        ),
    ),
    "nat_gateway": Kind("cloud", _by_id(region="region", vpc="vpc", subnets="subnet")),
    "load_balancer": Kind("cloud", _by_id(region="region", vpc="vpc", subnets="subnet", listeners__targets__vm="vm")),
    "peering_connection": Kind("cloud", _by_id(vpcs__region="region", vpcs__vpc="vpc")),
    "cen": Kind("cloud", _REGION),
    "rds": Kind("cloud", _DATABASE),
    "redis": Kind("cloud", _DATABASE),
    "network_interface": Kind(
        "cloud",
        _by_id(region="region", az="az", vpc="vpc", subnet="subnet", security_groups="security_group"),
    ),
    "public_ip": Kind("cloud", _REGION),
    "host": Kind("cloud", _ZONE),
    "cluster": Kind("kubernetes"),
    "node": Kind("kubernetes", _CLUSTER),
    "namespace": Kind("kubernetes", _CLUSTER),
    "workload": Kind("kubernetes", (*_NAMESPACED, Reference("owner", "workload"))),
    "replica_set": Kind("kubernetes", (*_NAMESPACED, Reference("workload", "workload"))),
    "pod": Kind(
        "kubernetes",
        (
            *_NAMESPACED,
            Reference("node", "node", by="name"),
            Reference("replica_set", "replica_set"),
            Reference("workload", "workload"),
        ),
    ),
    "service": Kind("kubernetes", (*_NAMESPACED, Reference("endpoints.pod", "pod"))),
    "ingress": Kind("kubernetes", (*_NAMESPACED, Reference("rules.service", "service"))),
}

STRUCTS: dict[str, type[Resource]] = {struct.kind: struct for struct in get_args(AnyResource)}


def references(resource: Resource) -> Iterator[tuple[Reference, str]]:
    """Every reference that a resource holds, with the id or name it refers to; empty ones are left out."""
    for reference in KINDS[resource.kind].references:
        for value in _values(resource, reference.field.split(".")):
            yield reference, value


def _values(part: msgspec.Struct, path: list[str]) -> Iterator[str]:
    value = getattr(part, path[0])
    for one in value if isinstance(value, tuple) else (value,):
        if len(path) > 1:
            yield from _values(one, path[1:])
        elif one:
            yield one
