"""The Kubernetes kinds that become our model, as one table: adding a kind is adding a row."""

from collections.abc import Callable
from functools import cache
from typing import Any, Final, NamedTuple

import msgspec

from tagweave.sources.kubernetes import objects, translate


class Api(NamedTuple):
    """A kind of object: the resource in its API's URL, its groups and versions, best first, and what it becomes.

    `kind` is empty for what is joined into another kind (endpoints into services). `front` makes the service that an
    object is besides, where it has addresses.
    """

    object_kind: str
    resource: str
    versions: tuple[str, ...]
    struct: type[Any]
    translate: Callable[[Any, translate.Context], Any]
    kind: str
    front: Callable[[Any, translate.Context], Any] | None = None


@cache
def part_of(api: Api) -> str:
    """The part of a scope that an API's objects are: `deployments.apps`, `pods`."""
    group = api.versions[0].rpartition("/")[0]
    return f"{api.resource}.{group}" if group else api.resource


@cache
def metadata_only(api: Api) -> bool:
    """Whether nothing of an API's objects is needed but their metadata."""
    fields: tuple[str, ...] = api.struct.__struct_fields__
    return fields == objects.Typed.__struct_fields__


@cache
def decoder(api: Api) -> msgspec.json.Decoder[Any]:
    """The decoder of an API's objects from JSON."""
    return msgspec.json.Decoder(api.struct)


_CAFE: Final = ("apps.cafe.cloud.alipay.com/v1alpha1",)
_KRUISE: Final = ("apps.kruise.io/v1alpha1", "apps.kruise.io/v1beta1")


def _workload(object_kind: str, resource: str, *versions: str) -> Api:
    return Api(object_kind, resource, versions, objects.Workload, translate.workload, "workload")


APIS: Final = (
    Api("Namespace", "namespaces", ("v1",), objects.Namespace, translate.namespace, "namespace"),
    Api("Node", "nodes", ("v1",), objects.Node, translate.node, "node"),
    _workload("Deployment", "deployments", "apps/v1", "apps/v1beta2", "apps/v1beta1", "extensions/v1beta1"),
    _workload("StatefulSet", "statefulsets", "apps/v1", "apps/v1beta2", "apps/v1beta1"),
    _workload("DaemonSet", "daemonsets", "apps/v1", "apps/v1beta2", "extensions/v1beta1"),
    _workload("Job", "jobs", "batch/v1"),
    _workload("CronJob", "cronjobs", "batch/v1", "batch/v1beta1"),
    _workload("CafeDeployment", "cafedeployments", *_CAFE),
    _workload("CloneSet", "clonesets", *_KRUISE),
    _workload("StatefulSet", "statefulsets", *reversed(_KRUISE)),
    _workload("DaemonSet", "daemonsets", *_KRUISE),
    Api(
        "ReplicationController",
        "replicationcontrollers",
        ("v1",),
        objects.ReplicationController,
        translate.replication_controller,
        "workload",
    ),
    Api(
        "ReplicaSet",
        "replicasets",
        ("apps/v1", "apps/v1beta2", "extensions/v1beta1"),
        objects.Typed,
        translate.replica_set,
        "replica_set",
    ),
    Api("InPlaceSet", "inplacesets", _CAFE, objects.Typed, translate.replica_set, "replica_set"),
    Api("Pod", "pods", ("v1",), objects.Pod, translate.pod, "pod"),
    Api("Service", "services", ("v1",), objects.Service, translate.service, "service"),
    Api(
        "EndpointSlice",
        "endpointslices",
        ("discovery.k8s.io/v1", "discovery.k8s.io/v1beta1"),
        objects.EndpointSlice,
        translate.endpoint_slice,
        "",
    ),
    Api("Endpoints", "endpoints", ("v1",), objects.Endpoints, translate.endpoints, ""),
    Api(
        "Ingress",
        "ingresses",
        ("networking.k8s.io/v1", "networking.k8s.io/v1beta1", "extensions/v1beta1"),
        objects.Ingress,
        translate.ingress,
        "ingress",
    ),
    Api("Route", "routes", ("route.openshift.io/v1",), objects.Route, translate.route, "ingress"),
    Api(
        "HTTPRoute",
        "httproutes",
        ("gateway.networking.k8s.io/v1", "gateway.networking.k8s.io/v1beta1"),
        objects.HttpRoute,
        translate.http_route,
        "ingress",
    ),
)

OWNERS_PART: Final = "owners"
"""The part of workloads and ReplicaSets that are known because something names them as its owner."""

_BY_VERSION: Final = {(version, api.object_kind): api for api in APIS for version in api.versions}
_BY_KIND: Final = {api.object_kind: api for api in reversed(APIS)}


def find(api_version: str, object_kind: str) -> Api | None:
    """The row of an object; by its kind alone where it does not tell its version. None for a kind not kept."""
    if not api_version:
        return _BY_KIND.get(object_kind)
    return _BY_VERSION.get((api_version, object_kind))
