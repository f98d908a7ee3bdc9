"""Short names for the resources of small estates: a cloud `cloud` and a cluster `c1` of a source `k`."""

from typing import Any

from tagweave.model import (
    VM,
    Attachment,
    Cen,
    Cluster,
    Container,
    Endpoint,
    EndpointPort,
    Ingress,
    IngressRule,
    Interface,
    Namespace,
    NatGateway,
    Node,
    PeeringConnection,
    PeeringEnd,
    Pod,
    ReplicaSet,
    Router,
    Service,
    ServicePort,
    Subnet,
    Vpc,
    Workload,
)

CLOUD = "cloud"
KUBE = "k"


def vpc(native: str, *cidrs: str, name: str = "", source: str = CLOUD, **more: Any) -> Vpc:
    return Vpc(source=source, id=native, name=name or f"{native}-name", cidrs=cidrs, **more)


def subnet(native: str, *cidrs: str, vpc: str = "vpc-1", source: str = CLOUD, **more: Any) -> Subnet:
    return Subnet(**{"name": f"{native}-name", **more}, source=source, id=native, vpc=vpc, cidrs=cidrs)


def router(native: str, *subnets: str, vpc: str = "vpc-1", **more: Any) -> Router:
    return Router(**{"name": f"{native}-name", **more}, source=CLOUD, id=native, vpc=vpc, subnets=subnets)


def peering(native: str, *vpcs: str, state: str = "active", **more: Any) -> PeeringConnection:
    ends = tuple(PeeringEnd(vpc=one) for one in vpcs)
    return PeeringConnection(source=CLOUD, id=native, name=f"{native}-name", vpcs=ends, state=state, **more)


def cen(native: str, *vpcs: str, source: str = CLOUD, **more: Any) -> Cen:
    return Cen(
        source=source,
        id=native,
        name=f"{native}-name",
        attachments=tuple(Attachment("vpc", one) for one in vpcs),
        **more,
    )


def card(
    ip: str = "", native: str = "", public: str = "", subnet: str = "", groups: tuple[str, ...] = (), mac: str = ""
) -> Interface:
    return Interface(
        id=native,
        mac=mac,
        subnet=subnet,
        private_ips=(ip,) if ip else (),
        public_ips=(public,) if public else (),
        security_groups=groups,
    )


def vm(
    native: str, *cards: str | Interface, vpc: str = "vpc-1", name: str = "", source: str = CLOUD, **more: Any
) -> VM:
    interfaces = tuple(card(one) if isinstance(one, str) else one for one in cards)
    return VM(source=source, id=native, name=name or f"{native}-name", vpc=vpc, interfaces=interfaces, **more)


def nat(native: str, name: str = "", **more: Any) -> NatGateway:
    return NatGateway(source=CLOUD, id=native, name=name or f"{native}-name", **more)


def cluster(native: str = "c1", source: str = KUBE, name: str = "", **more: Any) -> Cluster:
    return Cluster(source=source, id=native, name=name or f"{native}-name", **more)


def node(
    native: str, *ips: str, name: str = "", on: str = "", source: str = KUBE, cluster: str = "c1", **more: Any
) -> Node:
    return Node(
        source=source,
        id=native,
        name=name or f"{native}-name",
        cluster=cluster,
        ips=ips,
        **({"provider_id": f"aws:///zone/{on}"} if on else {}),
        **more,
    )


def namespace(native: str, name: str, source: str = KUBE, cluster: str = "c1", **more: Any) -> Namespace:
    return Namespace(source=source, id=native, name=name, cluster=cluster, **more)


def workload(native: str, of: str = "Deployment", name: str = "", namespace: str = "shop", **more: Any) -> Workload:
    return Workload(
        source=KUBE, id=native, name=name or f"{native}-name", type=of, cluster="c1", namespace=namespace, **more
    )


def replica_set(native: str, workload: str, **more: Any) -> ReplicaSet:
    return ReplicaSet(
        source=KUBE, id=native, name=f"{native}-name", cluster="c1", namespace="shop", workload=workload, **more
    )


def pod(
    native: str,
    *ips: str,
    name: str = "",
    source: str = KUBE,
    namespace: str = "shop",
    cluster: str = "c1",
    **more: Any,
) -> Pod:
    return Pod(
        **{"phase": "Running", **more},
        source=source,
        id=native,
        name=name or f"{native}-name",
        cluster=cluster,
        namespace=namespace,
        ips=ips,
    )


def service(
    native: str,
    *cluster_ips: str,
    ports: tuple[ServicePort, ...] = (),
    name: str = "",
    namespace: str = "shop",
    **more: Any,
) -> Service:
    return Service(
        source=KUBE,
        id=native,
        name=name or f"{native}-name",
        cluster="c1",
        namespace=namespace,
        cluster_ips=cluster_ips,
        ports=ports,
        **more,
    )


def port(number: int, to: str = "", name: str = "", protocol: str = "TCP", node: int | None = None) -> ServicePort:
    return ServicePort(port=number, name=name, protocol=protocol, target_port=to, node_port=node)


def behind(pod: str, *ports: EndpointPort) -> Endpoint:
    return Endpoint(ip="", pod=pod, ports=ports)


def ingress(native: str, *services: str, ips: tuple[str, ...] = (), name: str = "", namespace: str = "shop") -> Ingress:
    return Ingress(
        source=KUBE,
        id=native,
        name=name or f"{native}-name",
        cluster="c1",
        namespace=namespace,
        load_balancer_ips=ips,
        rules=tuple(IngressRule(service=one) for one in services),
    )


def box(name: str, native: str = "", **ports: int) -> Container:
    return Container(name=name, id=native, ports=ports)
