"""Kubernetes objects → model: pure functions, one for each kind of object.

What a function cannot read (an address that is none) it leaves out and tells `Context.problem`; the object is
kept with the rest. Joins over several objects are in `joins`.
"""

from collections.abc import Callable, Iterable, Iterator
from datetime import datetime
from typing import Final, TypedDict

from tagweave import model
from tagweave.model.addresses import canonical, canonical_prefix
from tagweave.sources.kubernetes import objects
from tagweave.sources.kubernetes.quantities import parse_quantity

REPLICA_SETS: Final = frozenset({"ReplicaSet", "InPlaceSet"})
"""Kinds that stand between a pod and its workload."""

_TERMINAL: Final = frozenset({"Succeeded", "Failed"})
_INGRESS_CLASS: Final = "kubernetes.io/ingress.class"
_CAPACITY: Final = ("cpu", "memory", "pods")


class Context:
    """What a translation needs beside the object, and where it reports what it could not read."""

    def __init__(self, source: str, cluster: str, problem: Callable[[str], None]) -> None:
        self.source = source
        self.cluster = cluster
        self.problem = problem


def controller(meta: objects.Meta) -> objects.OwnerReference | None:
    """The owner that controls an object, else its first; None for the node of a static pod."""
    owners = meta.owner_references or ()
    found = next((o for o in owners if o.controller), next(iter(owners), None))
    return None if found is None or found.kind == "Node" else found


def native_id(meta: objects.Meta) -> str:
    """The uid; `namespace/name` in a dump that was stripped of uids."""
    return meta.uid or "/".join(filter(None, (meta.namespace, meta.name)))


def native_id_among(meta: objects.Meta, object_kind: str) -> str:
    """The same where several kinds of object become one kind of ours: `Deployment/namespace/name`."""
    found = native_id(meta)
    return found if meta.uid or not found else f"{object_kind}/{found}"


def node(obj: objects.Node, context: Context) -> model.Node:
    """core/v1 Node: all its addresses, of both families."""
    spec, status = obj.spec or objects.NodeSpec(), obj.status or objects.NodeStatus()
    addresses = status.addresses or ()
    ready = next((c for c in status.conditions or () if c.type == "Ready"), None)
    cidrs = spec.pod_cidrs or ([spec.pod_cidr] if spec.pod_cidr else [])
    return model.Node(
        **_identity(obj.metadata, context),
        cluster=context.cluster,
        ips=addresses_of((a.address for a in addresses if a.type.endswith("IP")), "status.addresses", context),
        hostname=next((a.address for a in addresses if a.type == "Hostname"), ""),
        pod_cidrs=_prefixes(cidrs, "spec.podCIDRs", context),
        provider_id=spec.provider_id or "",
        ready=ready is not None and ready.status == "True",
        capacity=_capacity(status.capacity or {}, context),
    )


def _capacity(quantities: dict[str, str | int | float], context: Context) -> dict[str, float]:
    out: dict[str, float] = {}
    for name in _CAPACITY:
        if name in quantities:
            try:
                out[name] = parse_quantity(str(quantities[name]))
            except ValueError as error:
                context.problem(f"status.capacity.{name}: {error}")
    return out


def namespace(obj: objects.Namespace, context: Context) -> model.Namespace:
    """core/v1 Namespace."""
    return model.Namespace(**_identity(obj.metadata, context), cluster=context.cluster)


def pod(obj: objects.Pod, context: Context) -> model.Pod:
    """core/v1 Pod."""
    spec, status = obj.spec or objects.PodSpec(), obj.status or objects.PodStatus()
    meta = obj.metadata
    owner = controller(meta)
    by_set = owner is not None and owner.kind in REPLICA_SETS
    conditions = status.conditions or ()
    ips = [a.ip for a in status.pod_ips or () if a.ip] or ([status.pod_ip] if status.pod_ip else [])
    phase = status.phase or ""
    return model.Pod(
        **_identity(meta, context),
        cluster=context.cluster,
        namespace=meta.namespace or "",
        node=spec.node_name or "",
        replica_set=owner.uid if owner is not None and by_set else "",
        workload=owner.uid if owner is not None and not by_set else "",
        ips=addresses_of(ips, "status.podIPs", context),
        host_network=bool(spec.host_network),
        phase=phase,
        ready=any(c.type == "Ready" and c.status == "True" for c in conditions),
        containers=tuple(_containers(spec, status)),
        started_at=status.start_time,
        finished_at=_finished(status) if phase in _TERMINAL else None,
        deleted_at=meta.deletion_timestamp,
    )


def _containers(spec: objects.PodSpec, status: objects.PodStatus) -> Iterator[model.Container]:
    statuses = (
        *(status.container_statuses or ()),
        *(status.init_container_statuses or ()),
        *(status.ephemeral_container_statuses or ()),
    )
    ids = {s.name: (s.container_id or "").rpartition("://")[2] for s in statuses}
    for one in (
        *(spec.containers or ()),
        *(spec.init_containers or ()),
        *(spec.ephemeral_containers or ()),
    ):
        ports = {p.name: p.container_port for p in one.ports or () if p.name}
        yield model.Container(name=one.name, id=ids.pop(one.name, ""), ports=ports)
    yield from (model.Container(name=name, id=found) for name, found in ids.items() if found)


def _finished(status: objects.PodStatus) -> datetime | None:
    """When the last container ended; a pod that was evicted has none, its conditions tell."""
    ends = [
        s.state.terminated.finished_at
        for s in status.container_statuses or ()
        if s.state and s.state.terminated and s.state.terminated.finished_at
    ]
    changes = [c.last_transition_time for c in status.conditions or () if c.last_transition_time]
    return max(ends or changes, default=None)


def service(obj: objects.Service, context: Context) -> model.Service:
    """core/v1 Service; `None` as its clusterIP means headless."""
    spec, meta = obj.spec or objects.ServiceSpec(), obj.metadata
    cluster_ips = spec.cluster_ips or ([spec.cluster_ip] if spec.cluster_ip else [])
    return model.Service(
        **_identity(meta, context),
        cluster=context.cluster,
        namespace=meta.namespace or "",
        type=spec.type or "ClusterIP",
        cluster_ips=addresses_of((ip for ip in cluster_ips if ip != "None"), "spec.clusterIPs", context),
        external_ips=addresses_of(spec.external_ips or (), "spec.externalIPs", context),
        load_balancer_ips=_balanced(obj.status, context),
        external_name=spec.external_name or "",
        ports=tuple(
            model.ServicePort(
                port=port.port,
                name=port.name or "",
                protocol=port.protocol or "TCP",
                target_port="" if port.target_port is None else str(port.target_port),
                node_port=port.node_port or None,
            )
            for port in spec.ports or ()
        ),
        selector=spec.selector or {},
    )


def ingress(obj: objects.Ingress, context: Context) -> model.Ingress:
    """Ingress of any version: its default backend is a rule without host and path."""
    spec, meta = obj.spec or objects.IngressSpec(), obj.metadata
    default = spec.default_backend or spec.backend
    rules = [_ingress_rule("", "", default)] if default else []
    for rule in spec.rules or ():
        paths = (rule.http.paths if rule.http else None) or ()
        rules += [_ingress_rule(rule.host or "", p.path or "", p.backend) for p in paths if p.backend]
    return model.Ingress(
        **_identity(meta, context, "Ingress"),
        cluster=context.cluster,
        namespace=meta.namespace or "",
        ingress_class=spec.ingress_class_name or (meta.annotations or {}).get(_INGRESS_CLASS, ""),
        load_balancer_ips=_balanced(obj.status, context),
        rules=tuple(rules),
        tls_hosts=tuple(host for tls in spec.tls or () for host in tls.hosts or ()),
    )


def _ingress_rule(host: str, path: str, backend: objects.Backend) -> model.IngressRule:
    if backend.service is not None:
        port = backend.service.port
        shown = "" if port is None else port.name or str(port.number or "")
        return model.IngressRule(host=host, path=path, service=backend.service.name, port=shown)
    port_text = "" if backend.service_port is None else str(backend.service_port)
    return model.IngressRule(host=host, path=path, service=backend.service_name or "", port=port_text)


def route(obj: objects.Route, context: Context) -> model.Ingress:
    """OpenShift's Route: one rule for each of its backends."""
    spec, meta = obj.spec or objects.RouteSpec(), obj.metadata
    port = "" if spec.port is None or spec.port.target_port is None else str(spec.port.target_port)
    backends = [spec.to, *(spec.alternate_backends or ())]
    return model.Ingress(
        **_identity(meta, context, "Route"),
        cluster=context.cluster,
        namespace=meta.namespace or "",
        type="Route",
        rules=tuple(
            model.IngressRule(host=spec.host or "", path=spec.path or "", service=to.name, port=port)
            for to in backends
            if to is not None and to.kind in (None, "Service")
        ),
        tls_hosts=(spec.host,) if spec.tls is not None and spec.host else (),
    )


def http_route(obj: objects.HttpRoute, context: Context) -> model.Ingress:
    """Gateway API's HTTPRoute; its class is the gateway it is attached to."""
    spec, meta = obj.spec or objects.HttpRouteSpec(), obj.metadata
    rules = [
        model.IngressRule(host=host, path=path, service=_named_from(meta, ref), port=str(ref.port or ""))
        for rule in spec.rules or ()
        for ref in rule.backend_refs or ()
        if ref.kind in (None, "Service")
        for path in [m.path.value or "" for m in rule.matches or () if m.path] or [""]
        for host in spec.hostnames or ("",)
    ]
    parents = spec.parent_refs or ()
    return model.Ingress(
        **_identity(meta, context, "HTTPRoute"),
        cluster=context.cluster,
        namespace=meta.namespace or "",
        type="HTTPRoute",
        ingress_class=parents[0].name if parents else "",
        rules=tuple(rules),
    )


def _named_from(meta: objects.Meta, ref: objects.BackendRef) -> str:
    """A service's name, with its namespace where that is another one."""
    return ref.name if ref.namespace in (None, meta.namespace) else f"{ref.namespace}/{ref.name}"


def workload(obj: objects.Workload, context: Context) -> model.Workload:
    """A workload of any kind; `owner` is what controls it, such as the CronJob of a Job."""
    spec, meta = obj.spec or objects.WorkloadSpec(), obj.metadata
    owner = controller(meta)
    return model.Workload(
        **_identity(meta, context, obj.kind),
        cluster=context.cluster,
        namespace=meta.namespace or "",
        type=obj.kind,
        owner=owner.uid if owner else "",
        replicas=spec.replicas if spec.replicas is not None else spec.parallelism,
        selector=(spec.selector.match_labels if spec.selector else None) or {},
    )


def replication_controller(obj: objects.ReplicationController, context: Context) -> model.Workload:
    """core/v1 ReplicationController."""
    spec, meta = obj.spec or objects.ReplicationControllerSpec(), obj.metadata
    owner = controller(meta)
    return model.Workload(
        **_identity(meta, context, "ReplicationController"),
        cluster=context.cluster,
        namespace=meta.namespace or "",
        type="ReplicationController",
        owner=owner.uid if owner else "",
        replicas=spec.replicas,
        selector=spec.selector or {},
    )


def replica_set(obj: objects.Typed, context: Context) -> model.ReplicaSet:
    """ReplicaSet or InPlaceSet; one that nothing controls is its own workload (`joins.own_workload`)."""
    owner = controller(obj.metadata)
    return model.ReplicaSet(
        **_identity(obj.metadata, context, obj.kind),
        cluster=context.cluster,
        namespace=obj.metadata.namespace or "",
        workload=owner.uid if owner else native_id_among(obj.metadata, obj.kind),
        type=obj.kind,
    )


def endpoint_slice(obj: objects.EndpointSlice, context: Context) -> tuple[model.Endpoint, ...]:
    """The ready endpoints of a slice; `ready` unset means ready. An FQDN slice has no addresses."""
    if obj.address_type == "FQDN":
        return ()
    ports = _endpoint_ports(obj.ports)
    return tuple(
        model.Endpoint(ip=ip, pod=_pod_of(e.target_ref), node=e.node_name or "", ports=ports)
        for e in obj.endpoints or ()
        if e.conditions is None or e.conditions.ready is not False
        for ip in addresses_of(e.addresses or (), "endpoints[].addresses", context)
    )


def endpoints(obj: objects.Endpoints, context: Context) -> tuple[model.Endpoint, ...]:
    """core/v1 Endpoints: its ready addresses."""
    return tuple(
        model.Endpoint(ip=ip, pod=_pod_of(a.target_ref), node=a.node_name or "", ports=_endpoint_ports(subset.ports))
        for subset in obj.subsets or ()
        for a in subset.addresses or ()
        for ip in addresses_of((a.ip,), "subsets[].addresses", context)
    )


def _endpoint_ports(ports: list[objects.EndpointPort] | None) -> tuple[model.EndpointPort, ...]:
    return tuple(model.EndpointPort(p.name or "", p.protocol or "TCP", p.port) for p in ports or ())


def _pod_of(target: objects.TargetRef | None) -> str:
    return target.uid if target is not None and target.kind == "Pod" else ""


class _Identity(TypedDict):
    source: str
    id: str
    name: str
    labels: dict[str, str]
    created_at: datetime | None


def _identity(meta: objects.Meta, context: Context, object_kind: str = "") -> _Identity:
    return {
        "source": context.source,
        "id": native_id_among(meta, object_kind) if object_kind else native_id(meta),
        "name": meta.name,
        "labels": meta.labels or {},
        "created_at": meta.creation_timestamp,
    }


def _balanced(status: objects.LoadBalanced | None, context: Context) -> tuple[str, ...]:
    balancer = status.load_balancer if status else None
    ips = (a.ip for a in (balancer.ingress if balancer else None) or () if a.ip)
    return addresses_of(ips, "status.loadBalancer.ingress", context)


def addresses_of(texts: Iterable[str], field: str, context: Context) -> tuple[str, ...]:
    """Canonical addresses, each once; what is none is a problem of the field."""
    return _canonical(texts, field, context, canonical, "IP address")


def _prefixes(texts: Iterable[str], field: str, context: Context) -> tuple[str, ...]:
    return _canonical(texts, field, context, canonical_prefix, "prefix")


def _canonical(
    texts: Iterable[str], field: str, context: Context, form: Callable[[str], str], what: str
) -> tuple[str, ...]:
    out = []
    for text in texts:
        try:
            out.append(form(text))
        except ValueError:
            context.problem(f"{field}: {text!r} is no {what}")
    return tuple(dict.fromkeys(out))
