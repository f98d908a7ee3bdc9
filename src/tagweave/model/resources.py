"""The nouns: one frozen struct for each kind of resource.

Every resource has a `source` (the configured place it comes from), a native `id` that is unique within
(source, kind), a `name`, `labels` (cloud tags or Kubernetes labels) and `created_at`. A field that refers to
another resource holds that resource's native id in the same source, except that Kubernetes objects name
their node and namespace by name (as Kubernetes does); `model.kinds` says which fields refer to what, and how.

Addresses are canonical text: RFC 5952 for IPv6, dotted quad for IPv4, an IPv4-mapped IPv6 address as its
IPv4 address (`model.addresses.canonical`). Prefixes are `address/length` with the host bits cleared.
Times are aware datetimes. A resource as JSON is one object with `kind` and the field names below; fields
that are absent have their defaults.
"""

from datetime import datetime
from typing import ClassVar, get_args

import msgspec


class Resource(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, gc=False, tag_field="kind"):
    """What every resource has. Never instantiated: a resource is one of the kinds below."""

    kind: ClassVar[str] = ""
    source: str = ""
    id: str
    name: str = ""
    labels: dict[str, str] = {}
    created_at: datetime | None = None


class Part(msgspec.Struct, frozen=True, omit_defaults=True, gc=False):
    """A part of a resource that has no identity of its own."""


# ---- clouds


class Region(Resource, frozen=True, tag="region"):
    """A cloud region; its id is the provider's code, such as `eu-west-1`."""


class AvailabilityZone(Resource, frozen=True, tag="az"):
    """A zone of a region; its id is the provider's code, such as `eu-west-1a`."""

    region: str = ""


class Vpc(Resource, frozen=True, tag="vpc"):
    """A virtual network. It is also a network: an address in it means one thing."""

    region: str = ""
    cidrs: tuple[str, ...] = ()


class Subnet(Resource, frozen=True, tag="subnet"):
    """A range of a VPC."""

    vpc: str = ""
    az: str = ""
    region: str = ""
    cidrs: tuple[str, ...] = ()
    router: str = ""


class Route(Part, frozen=True):
    """One route: a destination prefix and where it leads, such as (`nat_gateway`, `nat-1`)."""

    destination: str
    next_hop_kind: str = ""
    next_hop: str = ""


class Router(Resource, frozen=True, tag="router"):
    """A virtual router. A route table is a router."""

    vpc: str = ""
    region: str = ""
    routes: tuple[Route, ...] = ()
    subnets: tuple[str, ...] = ()


class SecurityRule(Part, frozen=True):
    """One rule. `direction` is ingress or egress, `ports` text as `443`, `1000-2000` or `` for all."""

    direction: str
    protocol: str = ""
    ports: str = ""
    peer: str = ""
    action: str = "allow"


class SecurityGroup(Resource, frozen=True, tag="security_group"):
    """A security group with its rules; its members are the interfaces that name it."""

    vpc: str = ""
    region: str = ""
    rules: tuple[SecurityRule, ...] = ()


class Interface(Part, frozen=True):
    """A network interface of a VM, with every address it has."""

    id: str = ""
    mac: str = ""
    subnet: str = ""
    private_ips: tuple[str, ...] = ()
    public_ips: tuple[str, ...] = ()
    security_groups: tuple[str, ...] = ()


class VM(Resource, frozen=True, tag="vm"):
    """A cloud server. `state` is the provider's word in lower case, such as `running`."""

    region: str = ""
    az: str = ""
    vpc: str = ""
    host: str = ""
    state: str = ""
    instance_type: str = ""
    interfaces: tuple[Interface, ...] = ()


class NatRule(Part, frozen=True):
    """One SNAT or DNAT rule. Addresses or prefixes as the provider states them; ports as text."""

    type: str
    protocol: str = ""
    external: str = ""
    external_port: str = ""
    internal: str = ""
    internal_port: str = ""


class NatGateway(Resource, frozen=True, tag="nat_gateway"):
    """A NAT gateway with its addresses and rules."""

    region: str = ""
    vpc: str = ""
    subnets: tuple[str, ...] = ()
    private_ips: tuple[str, ...] = ()
    public_ips: tuple[str, ...] = ()
    rules: tuple[NatRule, ...] = ()


class Target(Part, frozen=True):
    """Where a listener sends to: a VM by id or an address, and a port."""

    vm: str = ""
    ip: str = ""
    port: int | None = None


class Listener(Part, frozen=True):
    """One listener of a load balancer. `protocol` is the provider's word in upper case, such as `TCP`."""

    protocol: str = ""
    port: int | None = None
    targets: tuple[Target, ...] = ()


class LoadBalancer(Resource, frozen=True, tag="load_balancer"):
    """A load balancer. `scheme` is `internal` or `internet`."""

    region: str = ""
    vpc: str = ""
    subnets: tuple[str, ...] = ()
    scheme: str = ""
    ips: tuple[str, ...] = ()
    dns_name: str = ""
    listeners: tuple[Listener, ...] = ()


class PeeringEnd(Part, frozen=True):
    """One end of a peering connection; `account` is the provider's account id when it is not ours."""

    account: str = ""
    region: str = ""
    vpc: str = ""


class PeeringConnection(Resource, frozen=True, tag="peering_connection"):
    """A peering of two VPCs; traffic passes while `state` is `active`."""

    vpcs: tuple[PeeringEnd, ...] = ()
    state: str = ""


class Attachment(Part, frozen=True):
    """What a transit network joins: a resource of `kind` with its id, region and account."""

    kind: str
    id: str
    region: str = ""
    account: str = ""


class Cen(Resource, frozen=True, tag="cen"):
    """A cloud enterprise network: the provider's transit network and what is attached to it."""

    region: str = ""
    attachments: tuple[Attachment, ...] = ()


class _Database(Resource, frozen=True):
    """What RDS and Redis instances share."""

    region: str = ""
    az: str = ""
    vpc: str = ""
    subnets: tuple[str, ...] = ()
    ips: tuple[str, ...] = ()
    port: int | None = None
    engine: str = ""
    version: str = ""
    state: str = ""


class Rds(_Database, frozen=True, tag="rds"):
    """A managed relational database."""


class Redis(_Database, frozen=True, tag="redis"):
    """A managed Redis (or Redis-compatible) instance."""


class NetworkInterface(Resource, frozen=True, tag="network_interface"):
    """An interface of something other than a VM: its addresses still belong to something."""

    region: str = ""
    az: str = ""
    vpc: str = ""
    subnet: str = ""
    mac: str = ""
    private_ips: tuple[str, ...] = ()
    public_ips: tuple[str, ...] = ()
    security_groups: tuple[str, ...] = ()
    attached_kind: str = ""
    attached: str = ""


class PublicIp(Resource, frozen=True, tag="public_ip"):
    """An elastic or public address, bound to something or not."""

    region: str = ""
    ip: str = ""
    attached_kind: str = ""
    attached: str = ""


class Host(Resource, frozen=True, tag="host"):
    """A hypervisor or bare-metal server, where a provider tells it."""

    region: str = ""
    az: str = ""
    ips: tuple[str, ...] = ()


# ---- Kubernetes


class Cluster(Resource, frozen=True, tag="cluster"):
    """A Kubernetes cluster; its id is the uid of its kube-system namespace when that is known.

    `cloud_source`, `vpc` and `region` say where a cluster runs: `vpc` and `region` are ids in `cloud_source`.
    """

    version: str = ""
    network: str = ""
    cloud_source: str = ""
    vpc: str = ""
    region: str = ""


class Node(Resource, frozen=True, tag="node"):
    """A node. `provider_id` links it to its VM. `capacity` is in cores (`cpu`), bytes (`memory`) and pods."""

    cluster: str = ""
    ips: tuple[str, ...] = ()
    hostname: str = ""
    pod_cidrs: tuple[str, ...] = ()
    provider_id: str = ""
    ready: bool = False
    capacity: dict[str, float] = {}


class Namespace(Resource, frozen=True, tag="namespace"):
    """A namespace."""

    cluster: str = ""


class Workload(Resource, frozen=True, tag="workload"):
    """An owner of pods. `type` is its own kind, such as `Deployment`, `CronJob` or `NebulaCluster`.

    `owner` is the workload that owns this one (a CronJob its Jobs): a pod belongs to the top of that chain.
    """

    cluster: str = ""
    namespace: str = ""
    type: str = ""
    owner: str = ""
    replicas: int | None = None
    selector: dict[str, str] = {}


class ReplicaSet(Resource, frozen=True, tag="replica_set"):
    """A ReplicaSet or InPlaceSet and the workload that owns it."""

    cluster: str = ""
    namespace: str = ""
    workload: str = ""
    type: str = "ReplicaSet"


class Container(Part, frozen=True):
    """A container of a pod: its name, its runtime's id without the scheme, and its named ports."""

    name: str
    id: str = ""
    ports: dict[str, int] = {}


class Pod(Resource, frozen=True, tag="pod"):
    """A pod. `finished_at` is when it reached a terminal phase, `deleted_at` is its deletionTimestamp."""

    cluster: str = ""
    namespace: str = ""
    node: str = ""
    replica_set: str = ""
    workload: str = ""
    ips: tuple[str, ...] = ()
    host_network: bool = False
    phase: str = ""
    ready: bool = False
    containers: tuple[Container, ...] = ()
    started_at: datetime | None = None
    finished_at: datetime | None = None
    deleted_at: datetime | None = None


class ServicePort(Part, frozen=True):
    """A port of a service. `target_port` is a number or a container port's name, as text."""

    port: int
    name: str = ""
    protocol: str = "TCP"
    target_port: str = ""
    node_port: int | None = None


class EndpointPort(Part, frozen=True):
    """A port that an endpoint serves; `name` is that of the service's port."""

    name: str = ""
    protocol: str = "TCP"
    port: int | None = None


class Endpoint(Part, frozen=True):
    """A ready address behind a service; `pod` is the pod's id when the slice names one."""

    ip: str
    pod: str = ""
    node: str = ""
    ports: tuple[EndpointPort, ...] = ()


class Service(Resource, frozen=True, tag="service"):
    """A service. Its selector says which pods are behind it, else its `endpoints`: None where none were seen."""

    cluster: str = ""
    namespace: str = ""
    type: str = "ClusterIP"
    cluster_ips: tuple[str, ...] = ()
    external_ips: tuple[str, ...] = ()
    load_balancer_ips: tuple[str, ...] = ()
    external_name: str = ""
    ports: tuple[ServicePort, ...] = ()
    selector: dict[str, str] = {}
    endpoints: tuple[Endpoint, ...] | None = None


class IngressRule(Part, frozen=True):
    """One route of an ingress. `service` is a service's id, or its name where no such service was seen."""

    host: str = ""
    path: str = ""
    service: str = ""
    port: str = ""


class Ingress(Resource, frozen=True, tag="ingress"):
    """An Ingress, OpenShift Route or Gateway API HTTPRoute; `type` says which."""

    cluster: str = ""
    namespace: str = ""
    type: str = "Ingress"
    ingress_class: str = msgspec.field(default="", name="class")
    load_balancer_ips: tuple[str, ...] = ()
    rules: tuple[IngressRule, ...] = ()
    tls_hosts: tuple[str, ...] = ()


AnyResource = (
    Region
    | AvailabilityZone
    | Vpc
    | Subnet
    | Router
    | SecurityGroup
    | VM
    | NatGateway
    | LoadBalancer
    | PeeringConnection
    | Cen
    | Rds
    | Redis
    | NetworkInterface
    | PublicIp
    | Host
    | Cluster
    | Node
    | Namespace
    | Workload
    | ReplicaSet
    | Pod
    | Service
    | Ingress
)

for _struct in get_args(AnyResource):
    _struct.kind = _struct.__struct_config__.tag
