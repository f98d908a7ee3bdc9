"""Kubernetes objects as narrow structs: only the fields that become our model; the rest is skipped.

They decode straight from an API server's bytes. Field names are those of the API reference (kubernetes.io/docs
/reference/kubernetes-api); `null` is allowed wherever the API allows it.
"""

from datetime import datetime
from typing import Any

import msgspec

Labels = dict[str, str]


class Narrow(msgspec.Struct, gc=False, rename="camel"):
    """A struct of which unknown fields are skipped."""


class Present(Narrow):
    """An object of which it counts that it is there."""


class OwnerReference(Narrow):
    """metadata.ownerReferences[]."""

    kind: str = ""
    name: str = ""
    uid: str = ""
    controller: bool | None = None


class Meta(Narrow):
    """metadata."""

    name: str = ""
    namespace: str | None = None
    uid: str = ""
    resource_version: str | None = None
    labels: Labels | None = None
    creation_timestamp: datetime | None = None
    deletion_timestamp: datetime | None = None
    owner_references: list[OwnerReference] | None = None


class Typed(Narrow):
    """What every object starts with."""

    metadata: Meta
    kind: str = ""
    api_version: str = ""


# ---- nodes and namespaces


class NodeAddress(Narrow):
    type: str = ""
    address: str = ""


class Condition(Narrow):
    type: str = ""
    status: str = ""
    last_transition_time: datetime | None = None


class NodeInfo(Narrow):
    kubelet_version: str = ""


class NodeStatus(Narrow):
    addresses: list[NodeAddress] | None = None
    conditions: list[Condition] | None = None
    capacity: dict[str, str | int | float] | None = None
    node_info: NodeInfo | None = None


class NodeSpec(Narrow):
    pod_cidr: str | None = msgspec.field(default=None, name="podCIDR")
    pod_cidrs: list[str] | None = msgspec.field(default=None, name="podCIDRs")
    provider_id: str | None = msgspec.field(default=None, name="providerID")


class Node(Typed, kw_only=True):
    """core/v1 Node."""

    spec: NodeSpec | None = None
    status: NodeStatus | None = None


class Namespace(Typed):
    """core/v1 Namespace."""


# ---- pods


class Address(Narrow):
    ip: str | None = None


class ContainerPort(Narrow):
    container_port: int
    name: str | None = None


class Container(Narrow):
    name: str = ""
    ports: list[ContainerPort] | None = None


class Terminated(Narrow):
    finished_at: datetime | None = None


class ContainerState(Narrow):
    terminated: Terminated | None = None


class ContainerStatus(Narrow):
    name: str = ""
    container_id: str | None = msgspec.field(default=None, name="containerID")
    state: ContainerState | None = None


class PodSpec(Narrow):
    node_name: str | None = None
    host_network: bool | None = None
    containers: list[Container] | None = None
    init_containers: list[Container] | None = None
    ephemeral_containers: list[Container] | None = None


class PodStatus(Narrow):
    phase: str | None = None
    pod_ip: str | None = msgspec.field(default=None, name="podIP")
    pod_ips: list[Address] | None = msgspec.field(default=None, name="podIPs")
    start_time: datetime | None = None
    conditions: list[Condition] | None = None
    container_statuses: list[ContainerStatus] | None = None
    init_container_statuses: list[ContainerStatus] | None = None
    ephemeral_container_statuses: list[ContainerStatus] | None = None


class Pod(Typed, kw_only=True):
    """core/v1 Pod."""

    spec: PodSpec | None = None
    status: PodStatus | None = None


# ---- services


class ServicePort(Narrow):
    port: int
    name: str | None = None
    protocol: str | None = None
    target_port: int | str | None = None
    node_port: int | None = None


class LoadBalancer(Narrow):
    ingress: list[Address] | None = None


class LoadBalanced(Narrow):
    load_balancer: LoadBalancer | None = None


class ServiceSpec(Narrow):
    type: str | None = None
    cluster_ip: str | None = msgspec.field(default=None, name="clusterIP")
    cluster_ips: list[str] | None = msgspec.field(default=None, name="clusterIPs")
    external_ips: list[str] | None = msgspec.field(default=None, name="externalIPs")
    external_name: str | None = None
    ports: list[ServicePort] | None = None
    selector: Labels | None = None


class Service(Typed, kw_only=True):
    """core/v1 Service."""

    spec: ServiceSpec | None = None
    status: LoadBalanced | None = None


class EndpointPort(Narrow):
    name: str | None = None
    protocol: str | None = None
    port: int | None = None


class TargetRef(Narrow):
    kind: str = ""
    uid: str = ""


class EndpointConditions(Narrow):
    ready: bool | None = None


class SliceEndpoint(Narrow):
    addresses: list[str] | None = None
    conditions: EndpointConditions | None = None
    target_ref: TargetRef | None = None
    node_name: str | None = None


class EndpointSlice(Typed, kw_only=True):
    """discovery.k8s.io/v1 and v1beta1 EndpointSlice."""

    address_type: str = ""
    endpoints: list[SliceEndpoint] | None = None
    ports: list[EndpointPort] | None = None


class SubsetAddress(Narrow):
    ip: str = ""
    target_ref: TargetRef | None = None
    node_name: str | None = None


class EndpointSubset(Narrow):
    addresses: list[SubsetAddress] | None = None
    ports: list[EndpointPort] | None = None


class Endpoints(Typed, kw_only=True):
    """core/v1 Endpoints, which clusters older than v1.21 have in place of slices."""

    subsets: list[EndpointSubset] | None = None


# ---- ingresses


class BackendPort(Narrow):
    name: str | None = None
    number: int | None = None


class BackendService(Narrow):
    name: str = ""
    port: BackendPort | None = None


class ResourceRef(Narrow):
    kind: str = ""
    name: str = ""


class Backend(Narrow):
    """v1 has `service`, v1beta1 `serviceName` and `servicePort`."""

    service: BackendService | None = None
    service_name: str | None = None
    service_port: int | str | None = None
    resource: ResourceRef | None = None


class HttpPath(Narrow):
    path: str | None = None
    backend: Backend | None = None


class HttpRule(Narrow):
    paths: list[HttpPath] | None = None


class IngressRule(Narrow):
    host: str | None = None
    http: HttpRule | None = None


class IngressTls(Narrow):
    hosts: list[str] | None = None


class IngressSpec(Narrow):
    ingress_class_name: str | None = None
    default_backend: Backend | None = None
    backend: Backend | None = None
    rules: list[IngressRule] | None = None
    tls: list[IngressTls] | None = None


class AnnotatedMeta(Meta):
    """metadata with annotations: the ingress class used to be one."""

    annotations: Labels | None = None


class Ingress(Narrow, kw_only=True):
    """networking.k8s.io/v1 and v1beta1, extensions/v1beta1 Ingress."""

    metadata: AnnotatedMeta
    kind: str = ""
    api_version: str = ""
    spec: IngressSpec | None = None
    status: LoadBalanced | None = None


class RouteTarget(Narrow):
    kind: str | None = None
    name: str = ""


class RoutePort(Narrow):
    target_port: int | str | None = None


class RouteSpec(Narrow):
    host: str | None = None
    path: str | None = None
    to: RouteTarget | None = None
    alternate_backends: list[RouteTarget] | None = None
    port: RoutePort | None = None
    tls: Present | None = None


class Route(Typed, kw_only=True):
    """route.openshift.io/v1 Route."""

    spec: RouteSpec | None = None


class BackendRef(Narrow):
    name: str = ""
    kind: str | None = None
    namespace: str | None = None
    port: int | None = None


class PathMatch(Narrow):
    value: str | None = None


class HttpMatch(Narrow):
    path: PathMatch | None = None


class HttpRouteRule(Narrow):
    matches: list[HttpMatch] | None = None
    backend_refs: list[BackendRef] | None = None


class ParentRef(Narrow):
    name: str = ""


class HttpRouteSpec(Narrow):
    hostnames: list[str] | None = None
    parent_refs: list[ParentRef] | None = None
    rules: list[HttpRouteRule] | None = None


class HttpRoute(Typed, kw_only=True):
    """gateway.networking.k8s.io/v1 and v1beta1 HTTPRoute."""

    spec: HttpRouteSpec | None = None


# ---- workloads


class LabelSelector(Narrow):
    match_labels: Labels | None = None


class WorkloadSpec(Narrow):
    """spec of apps/v1 and its like; `replicas` is Job's `parallelism`."""

    replicas: int | None = None
    parallelism: int | None = None
    selector: LabelSelector | None = None


class Workload(Typed, kw_only=True):
    """Deployment, StatefulSet, DaemonSet, CloneSet, CafeDeployment, Job, CronJob."""

    spec: WorkloadSpec | None = None


class ReplicationControllerSpec(Narrow):
    replicas: int | None = None
    selector: Labels | None = None


class ReplicationController(Typed, kw_only=True):
    """core/v1 ReplicationController: its selector is a plain map of labels."""

    spec: ReplicationControllerSpec | None = None


class Custom(Narrow, kw_only=True):
    """A custom resource of a configured kind: JSON paths lead into it."""

    metadata: AnnotatedMeta
    kind: str = ""
    api_version: str = ""
    spec: Any = None
    status: Any = None
