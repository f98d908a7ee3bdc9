"""The sample estate as files, in the wire formats of the real things.

Two clusters as LIST answers of the API server, one folder for each moment; two cloud accounts as Tagweave
resource files, with overlapping VPCs, one of them renamed on the way.
"""

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

import msgspec

from tagweave.demo.simulation import (
    DUMP_EVERY,
    LENGTH,
    NODES,
    START,
    Cluster,
    Pod,
    Workload,
    node_ip,
)

PORTS: Final = {"http": 8080, "metrics": 9090}
VMS_A_VPC: Final = 75
ACCOUNTS: Final = ("acme-eu", "acme-ap")


def write(folder: Path, clusters: list[Cluster]) -> Path:
    """Write everything and `tagweave.yaml`; the path of that."""
    sources = []
    for cluster in clusters:
        moments = []
        for at in range(START, START + LENGTH + 1, DUMP_EVERY):
            path = folder / "dumps" / cluster.name / f"{at}"
            path.mkdir(parents=True, exist_ok=True)
            for name, kind, items in lists(cluster, at):
                body = {"kind": f"{kind}List", "apiVersion": _VERSIONS[kind], "metadata": {}, "items": items}
                (path / f"{name}.json").write_bytes(msgspec.json.encode(body))
            moments.append({"path": str(path.relative_to(folder)), "at": rfc3339(at)})
        sources.append({"name": cluster.name, "type": "files", "snapshots": moments})
    for index, account in enumerate(ACCOUNTS):
        moments = []
        for at in (START, START + LENGTH // 2, START + LENGTH):
            path = folder / "clouds" / account / f"{at}.json"
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(msgspec.json.encode(list(cloud(index, late=at > START))))
            moments.append({"path": str(path.relative_to(folder)), "at": rfc3339(at)})
        provider = {"provider": ("aws", "alibaba_cloud")[index], "account": f"10000000000{index}"}
        sources.append({"name": account, "type": "files", **provider, "snapshots": moments})
    config = folder / "tagweave.yaml"
    config.write_text(_yaml(sources), "utf-8")
    return config


def rfc3339(at: int) -> str:
    """A time in seconds as RFC 3339."""
    return datetime.fromtimestamp(at, UTC).isoformat().replace("+00:00", "Z")


def _yaml(sources: list[dict[str, Any]]) -> str:
    lines = ["# The demo's estate: two clusters and two cloud accounts.", "sources:"]
    for source in sources:
        head = ", ".join(f"{k}: {msgspec.json.encode(v).decode()}" for k, v in source.items() if k != "snapshots")
        lines += [f"  - {{{head}, snapshots: ["]
        lines += [f"      {{path: {m['path']}, at: {m['at']}}}," for m in source["snapshots"]]
        lines += ["    ]}"]
    return "\n".join(lines) + "\n"


# ---- Kubernetes

_VERSIONS: Final = {
    "Namespace": "v1",
    "Node": "v1",
    "Pod": "v1",
    "Service": "v1",
    "Deployment": "apps/v1",
    "ReplicaSet": "apps/v1",
    "StatefulSet": "apps/v1",
    "DaemonSet": "apps/v1",
    "CronJob": "batch/v1",
    "Job": "batch/v1",
    "Ingress": "networking.k8s.io/v1",
}


def lists(cluster: Cluster, at: int) -> Iterator[tuple[str, str, list[dict[str, Any]]]]:
    """(file name, kind, items) of a dump of a cluster at a moment."""
    alive = [p for p in cluster.pods if p.start <= at and (p.gone is None or at < p.gone)]
    namespaces = sorted({w.namespace for w in cluster.workloads} | {"kube-system"})
    yield "namespaces", "Namespace", [_namespace(cluster, name) for name in namespaces]
    yield "nodes", "Node", [_node(cluster, node) for node in range(NODES)]
    yield "pods", "Pod", [_pod(cluster, pod, at) for pod in alive]
    yield "services", "Service", list(_services(cluster))
    yield "ingresses", "Ingress", [_ingress(cluster)]
    for kind in ("Deployment", "StatefulSet", "DaemonSet", "CronJob"):
        found = [_workload(w, at) for w in cluster.workloads if w.kind == kind]
        yield f"{kind.lower()}s", kind, found
    for kind in ("ReplicaSet", "Job"):
        owners = {p.owner_uid: p for p in alive if p.owner_kind == kind}
        yield f"{kind.lower()}s", kind, [_between(p) for p in owners.values()]


def _meta(name: str, uid: str, namespace: str | None, labels: dict[str, str], created: int) -> dict[str, Any]:
    meta = {"name": name, "uid": uid, "creationTimestamp": rfc3339(created), "labels": labels}
    return meta if namespace is None else {**meta, "namespace": namespace}


def _namespace(cluster: Cluster, name: str) -> dict[str, Any]:
    uid = cluster.uid if name == "kube-system" else f"{cluster.name}-{name}"
    return {"metadata": _meta(name, uid, None, {"kubernetes.io/metadata.name": name}, START - 90_000)}


def _node(cluster: Cluster, node: int) -> dict[str, Any]:
    name = f"{cluster.name}-node-{node:02}"
    return {
        "metadata": _meta(name, f"{cluster.uid[:-2]}{node:02}", None, {}, START - 90_000),
        "spec": {
            "podCIDRs": [f"10.244.{node}.0/24", f"fd00:10:244:{node:x}::/64"],
            "providerID": f"aws:///zone-a/{vm_id(cluster.index, node)}",
        },
        "status": {
            "addresses": [
                {"type": "InternalIP", "address": node_ip(cluster.index, node)},
                {"type": "Hostname", "address": name},
            ],
            "capacity": {"cpu": "8", "memory": "32Gi", "pods": "110"},
            "conditions": [{"type": "Ready", "status": "True"}],
            "nodeInfo": {"kubeletVersion": "v1.34.1"},
        },
    }


def _pod(cluster: Cluster, pod: Pod, at: int) -> dict[str, Any]:
    finished = pod.finished is not None and pod.finished <= at
    digest = pod.owner_name.rpartition("-")[2]
    labels = {"app": pod.workload.name, "team": pod.workload.namespace}
    if pod.owner_kind == "ReplicaSet":
        labels["pod-template-hash"] = digest
    meta = _meta(pod.name, pod.uid, pod.workload.namespace, labels, pod.start)
    meta["ownerReferences"] = [
        {"kind": pod.owner_kind, "name": pod.owner_name, "uid": pod.owner_uid, "controller": True}
    ]
    if pod.deleted is not None and pod.deleted - 310 <= at:
        meta["deletionTimestamp"] = rfc3339(pod.deleted)
        meta["deletionGracePeriodSeconds"] = 300
    ips = [pod.ip] if not pod.ip6 else [pod.ip, pod.ip6]
    status: dict[str, Any] = {"containerID": f"containerd://{pod.uid.replace('-', '') * 2}", "name": "main"}
    if finished and pod.finished is not None:
        status["state"] = {"terminated": {"exitCode": 0, "finishedAt": rfc3339(pod.finished)}}
    ports = [{"name": name, "containerPort": port} for name, port in PORTS.items()]
    return {
        "metadata": meta,
        "spec": {
            "nodeName": f"{cluster.name}-node-{pod.node:02}",
            "hostNetwork": pod.host_network,
            "containers": [{"name": "main", "ports": ports}],
        },
        "status": {
            "phase": "Succeeded" if finished else "Running",
            "podIP": pod.ip,
            "podIPs": [{"ip": ip} for ip in ips],
            "startTime": rfc3339(pod.start),
            "containerStatuses": [status],
            "conditions": [{"type": "Ready", "status": str(not finished)}],
        },
    }


def _workload(workload: Workload, at: int) -> dict[str, Any]:
    tier = "gold" if at > START + LENGTH // 2 else "silver"
    meta = _meta(workload.name, workload.uid, workload.namespace, {"app": workload.name, "tier": tier}, START - 80_000)
    return {"metadata": meta, "spec": {"selector": {"matchLabels": {"app": workload.name}}}}


def _between(pod: Pod) -> dict[str, Any]:
    """The ReplicaSet or Job between a pod and its workload."""
    meta = _meta(pod.owner_name, pod.owner_uid, pod.workload.namespace, {"app": pod.workload.name}, pod.start)
    owner = pod.workload
    meta["ownerReferences"] = [{"kind": owner.kind, "name": owner.name, "uid": owner.uid, "controller": True}]
    return {"metadata": meta, "spec": {}}


def services(cluster: Cluster) -> list[tuple[Workload, str, str]]:
    """(workload, uid, cluster IP) of each service; both clusters give out the same addresses."""
    selected = [w for w in cluster.workloads if w.kind in {"Deployment", "StatefulSet"}]
    return [(w, f"{w.uid[:-4]}5e1c", f"10.96.{i // 200}.{10 + i % 200}") for i, w in enumerate(selected)]


def balancer_ip(cluster: int) -> str:
    """The public address of a cluster's ingress."""
    return f"198.18.{cluster}.7"


def _services(cluster: Cluster) -> Iterator[dict[str, Any]]:
    for i, (workload, uid, ip) in enumerate(services(cluster)):
        spec: dict[str, Any] = {
            "type": "ClusterIP",
            "clusterIP": ip,
            "clusterIPs": [ip],
            "selector": {"app": workload.name},
            "ports": [{"name": "http", "port": 80, "targetPort": "http", "protocol": "TCP"}],
        }
        status = {}
        if i == 0:
            spec["type"] = "LoadBalancer"
            spec["ports"][0]["nodePort"] = 30080
            status = {"loadBalancer": {"ingress": [{"ip": balancer_ip(cluster.index)}]}}
        if workload.kind == "StatefulSet":
            spec["clusterIP"], spec["clusterIPs"] = "None", ["None"]
        meta = _meta(workload.name, uid, workload.namespace, {}, START - 80_000)
        yield {"metadata": meta, "spec": spec, "status": status}


def _ingress(cluster: Cluster) -> dict[str, Any]:
    workload, uid, _ = services(cluster)[0]
    backend = {"service": {"name": workload.name, "port": {"number": 80}}}
    return {
        "metadata": _meta("web", f"{uid[:-4]}1276", workload.namespace, {}, START - 80_000),
        "spec": {
            "ingressClassName": "nginx",
            "tls": [{"hosts": ["shop.example"]}],
            "rules": [{"host": "shop.example", "http": {"paths": [{"path": "/", "backend": backend}]}}],
        },
    }


# ---- clouds


def vpcs(account: int) -> list[tuple[str, str]]:
    """(id, range) of an account's VPCs: the first two have the same range, and so have both accounts."""
    region = ("eu", "ap")[account]
    return [
        (f"vpc-{region}-prod", "10.0.0.0/16"),
        (f"vpc-{region}-dev", "10.0.0.0/16"),
        (f"vpc-{region}-data", "10.20.0.0/16"),
    ]


def vm_id(account: int, number: int, vpc: int = 0) -> str:
    """The id of a VM; the first NODES of the first VPC are the nodes of the account's cluster."""
    return f"i-{account}{vpc}{number:04x}"


def vm_ip(account: int, number: int, vpc: int = 0) -> str:
    """The private address of a VM."""
    if vpc == 0 and number < NODES:
        return node_ip(account, number)
    return f"10.{20 if vpc == 2 else 0}.{100 + vpc}.{10 + number}"


def singles(account: int) -> list[tuple[str, str, str, int]]:
    """(kind, id, address, VPC) of what there is one of in each VPC."""
    out = []
    for vpc in range(3):
        base = f"10.{20 if vpc == 2 else 0}.200"
        out += [
            ("rds", f"rds-{account}{vpc}", f"{base}.5", vpc),
            ("redis", f"redis-{account}{vpc}", f"{base}.6", vpc),
            ("load_balancer", f"lb-{account}{vpc}", f"{base}.7", vpc),
            ("nat_gateway", f"nat-{account}{vpc}", f"{base}.8", vpc),
        ]
    return out


def cloud(account: int, *, late: bool) -> Iterator[dict[str, Any]]:
    """The resources of an account; its second VPC has another name late in the day."""
    region = ("eu-west-1", "ap-southeast-1")[account]
    created = rfc3339(START - 900_000)

    def of(kind: str, native: str, name: str, **fields: Any) -> dict[str, Any]:  # noqa: ANN401 - any field
        return {"kind": kind, "id": native, "name": name, "created_at": created, **fields}

    yield of("region", region, region)
    yield of("az", f"{region}a", f"{region}a", region=region)
    for i, (vpc, cidr) in enumerate(vpcs(account)):
        name = vpc.removeprefix("vpc-")
        yield of("vpc", vpc, f"{name}-renamed" if late and i == 1 else name, region=region, cidrs=[cidr])
        wide = cidr.removesuffix(".0.0/16")
        for part, third in (("nodes", account + 1), ("apps", 100 + i), ("managed", 200)):
            yield of("subnet", f"sub-{account}{i}-{part}", part, vpc=vpc, region=region, az=f"{region}a",
                     cidrs=[f"{wide}.{third}.0/24"])  # fmt: skip
        yield of("security_group", f"sg-{account}{i}", "default", vpc=vpc, region=region)
        for number in range(VMS_A_VPC if i else VMS_A_VPC + NODES):
            public = [f"198.51.100.{number}"] if i == 1 and number < 20 and account == 0 else []
            interface = {
                "id": f"eni-{account}{i}{number:04x}",
                "private_ips": [vm_ip(account, number, i)],
                "public_ips": public,
                "security_groups": [f"sg-{account}{i}"],
            }
            yield of("vm", vm_id(account, number, i), f"{name}-vm-{number:02}", region=region, az=f"{region}a",
                     vpc=vpc, state="running", instance_type="m7.large", interfaces=[interface],
                     labels={"team": ("shop", "search")[number % 2]})  # fmt: skip
    for kind, native, ip, vpc_number in singles(account):
        vpc = vpcs(account)[vpc_number][0]
        addresses = {"private_ips": [ip]} if kind == "nat_gateway" else {"ips": [ip]}
        yield of(kind, native, f"{kind}-{vpc}", region=region, vpc=vpc, **addresses)
    ends = [{"region": region, "vpc": vpcs(account)[0][0]}, {"region": region, "vpc": vpcs(account)[2][0]}]
    yield of("peering_connection", f"pcx-{account}", "prod-data", vpcs=ends, state="active")
