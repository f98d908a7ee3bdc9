"""Dumps of real clusters that nobody here wrote: every object in them is kept or told of.

What is expected comes from the standard library's json and from PyYAML, not from the code under test.
"""

import asyncio
import json
import os
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime
from functools import cache
from ipaddress import ip_address
from pathlib import Path
from typing import Any, Final, NamedTuple

import pytest
import yaml

from tagweave import model
from tagweave.sources.files import Config, Moment, Source

VARIABLE: Final = "TAGWEAVE_SAMPLES"

DUMPS: Final = (
    "kubernetes/k8s-graph-nebula/b81b037",
    "kubernetes/k8s-graph-nebula/d0c4be0",
    "kubernetes/k8s-graph-nebula/4ee1976",
    "kubernetes/fix-api-lists",
    "kubernetes/nri-minikube/1_31",
    "kubernetes/nri-minikube/1_35",
)
NEBULA: Final = DUMPS[:3]

KEPT: Final = {
    "DaemonSet": "workload",
    "Deployment": "workload",
    "StatefulSet": "workload",
    "ReplicaSet": "replica_set",
    "Endpoints": "",
    "EndpointSlice": "",
    "Ingress": "ingress",
    "Namespace": "namespace",
    "Node": "node",
    "Pod": "pod",
    "Service": "service",
}
"""The kinds of the samples that become resources, and which; endpoints become part of their service."""


class Object(NamedTuple):
    """An object of a dump, by plain parsing."""

    file: str
    kind: str
    value: dict[str, Any]

    @property
    def meta(self) -> dict[str, Any]:
        return dict(self.value["metadata"])

    @property
    def key(self) -> tuple[str, str, str]:
        return self.kind, self.meta.get("namespace", ""), self.meta["name"]

    @property
    def version(self) -> int:
        return int(self.meta.get("resourceVersion") or 0)


class Counted(NamedTuple):
    """A dump, by plain parsing: its objects, and how many things of each file are none."""

    objects: list[Object]
    strangers: Counter[str]


@pytest.fixture
def samples() -> Path:
    """The folder of the samples. They are other people's, and stay out of the repository."""
    folder = os.environ.get(VARIABLE)
    if folder:
        return Path(folder)
    missing = f"{VARIABLE} names no folder of sample dumps"
    if os.environ.get("CI") == "true":
        pytest.fail(missing)
    pytest.skip(missing)


def parsed(path: Path) -> Any:
    """A file's data; None for what is neither JSON nor YAML."""
    text = path.read_text(encoding="utf-8")
    if path.suffix in {".yaml", ".yml"}:
        return yaml.load(text, Loader=yaml.CSafeLoader)
    try:
        return json.loads(text)
    except json.JSONDecodeError:
        return None


def items_of(data: Any) -> Iterator[tuple[str, Any]]:
    """Each thing in a file, with its kind, empty where it has none."""
    if isinstance(data, list):
        for item in data:
            yield from items_of(item)
    elif isinstance(data, dict) and isinstance(data.get("items"), list):
        listed = str(data.get("kind", "")).removesuffix("List")
        for item in data["items"]:
            yield item.get("kind") or listed, item
    elif isinstance(data, dict) and "metadata" in data:
        yield str(data.get("kind", "")), data
    else:
        yield "", data


@cache
def counted(folder: Path) -> Counted:
    objects: list[Object] = []
    strangers: Counter[str] = Counter()
    for path in sorted(p for p in folder.rglob("*") if p.is_file()):
        name = str(path.relative_to(folder))
        for kind, item in items_of(parsed(path)):
            if kind:
                objects.append(Object(name, kind, item))
            else:
                strangers[name] += 1
    return Counted(objects, strangers)


def newest(objects: list[Object]) -> dict[tuple[str, str, str], Object]:
    """One of each object that stands several times in a dump: the one with the highest resourceVersion."""
    out: dict[tuple[str, str, str], Object] = {}
    for one in objects:
        known = out.get(one.key)
        if known is None or one.version >= known.version:
            out[one.key] = one
    return out


def read(config: Config) -> list[model.Batch]:
    async def collect() -> list[model.Batch]:
        return [batch async for batch in Source(config).batches()]

    return asyncio.run(collect())


@cache
def batches_of(folder: Path) -> tuple[model.Batch, ...]:
    return tuple(read(Config(name="sample", path=str(folder))))


def resources(batches: tuple[model.Batch, ...], kind: str, *, named_only: bool = True) -> list[Any]:
    """The resources of a kind that were listed; with `named_only=False` those known as owners too."""
    return [
        resource
        for batch in batches
        if isinstance(batch, model.Snapshot) and batch.scope.kind == kind
        if not (named_only and batch.scope.part == "owners")
        for resource in batch.resources
    ]


@pytest.mark.parametrize("dump", DUMPS)
def test_every_object_of_a_dump_is_counted(samples: Path, dump: str) -> None:
    found = counted(samples / dump)
    read_of = Counter(one.kind for one in found.objects)
    single = Counter(kind for kind, _, _ in newest(found.objects))
    assert read_of.total() > 50
    expected = {
        kind: (count, single[kind], count - single[kind]) if kind in KEPT else (count, 0, 0)
        for kind, count in read_of.items()
    }
    tallies = [b for b in batches_of(samples / dump) if isinstance(b, model.Tally)]
    assert {t.kind: (t.read, t.kept, t.repeated) for t in tallies} == expected


@pytest.mark.parametrize("dump", DUMPS)
def test_every_object_of_a_kind_that_is_kept_is_there_by_its_uid(samples: Path, dump: str) -> None:
    expected: dict[str, set[tuple[str, str]]] = {}
    for one in newest(counted(samples / dump).objects).values():
        if KEPT.get(one.kind):
            expected.setdefault(KEPT[one.kind], set()).add((one.meta["uid"], one.meta["name"]))
    batches = batches_of(samples / dump)
    assert {kind: {(r.id, r.name) for r in resources(batches, kind)} for kind in expected} == expected
    for kind, wanted in expected.items():
        assert len(resources(batches, kind)) == len(wanted)


@pytest.mark.parametrize("dump", DUMPS)
def test_what_is_no_object_is_told_of_by_file_and_number(samples: Path, dump: str) -> None:
    defects = [b for b in batches_of(samples / dump) if isinstance(b, model.Defect)]
    told: Counter[str] = Counter()
    for defect in defects:
        number = defect.reason.rpartition("(")[2].partition(" objects)")[0]
        told[defect.where.removeprefix(f"{samples / dump}: ")] += int(number) if number.isdecimal() else 1
    assert told == counted(samples / dump).strangers


@pytest.mark.parametrize("dump", DUMPS)
def test_nothing_fails_and_every_resource_is_of_a_known_kind(samples: Path, dump: str) -> None:
    batches = batches_of(samples / dump)
    assert not [b for b in batches if isinstance(b, model.Failure)]
    assert {b.scope.kind for b in batches if isinstance(b, model.Snapshot)} <= set(model.KINDS)


@pytest.mark.parametrize("dump", DUMPS)
def test_a_dump_is_one_cluster_by_the_uid_of_kube_system(samples: Path, dump: str) -> None:
    uids = {
        one.meta["uid"]
        for one in counted(samples / dump).objects
        if one.kind == "Namespace" and one.meta["name"] == "kube-system"
    }
    (cluster,) = resources(batches_of(samples / dump), "cluster")
    assert cluster.id == (uids.pop() if uids else "sample")
    members = [r for kind in ("node", "pod", "service") for r in resources(batches_of(samples / dump), kind)]
    assert {r.cluster for r in members} == {cluster.id}


def addresses(texts: list[str]) -> tuple[str, ...]:
    return tuple(str(ip_address(text)) for text in texts)


@pytest.mark.parametrize("dump", DUMPS)
def test_a_pods_fields_are_those_of_its_object(samples: Path, dump: str) -> None:
    found = {p.id: p for p in resources(batches_of(samples / dump), "pod")}
    for one in newest(counted(samples / dump).objects).values():
        if one.kind != "Pod":
            continue
        pod, spec, status = found[one.meta["uid"]], one.value["spec"], one.value["status"]
        started = status.get("startTime")
        containers = [*spec["containers"], *spec.get("initContainers", [])]
        statuses = [*status.get("containerStatuses", []), *status.get("initContainerStatuses", [])]
        ids = {s["name"]: s.get("containerID", "").rpartition("//")[2] for s in statuses}
        assert (pod.name, pod.namespace, pod.labels) == (
            one.meta["name"],
            one.meta["namespace"],
            one.meta.get("labels", {}),
        )
        assert pod.ips == addresses([a["ip"] for a in status.get("podIPs", [])])
        assert (pod.node, pod.phase) == (spec.get("nodeName", ""), status["phase"])
        assert pod.host_network is bool(spec.get("hostNetwork"))
        assert pod.started_at == (started and datetime.fromisoformat(started))
        assert pod.created_at == datetime.fromisoformat(one.meta["creationTimestamp"])
        assert {c.name: c.id for c in pod.containers} == {c["name"]: ids.get(c["name"], "") for c in containers}
        assert (pod.finished_at is not None) == (status["phase"] in {"Succeeded", "Failed"})


@pytest.mark.parametrize("dump", DUMPS)
def test_a_services_fields_are_those_of_its_object(samples: Path, dump: str) -> None:
    found = {s.id: s for s in resources(batches_of(samples / dump), "service")}
    for one in newest(counted(samples / dump).objects).values():
        if one.kind != "Service":
            continue
        service, spec = found[one.meta["uid"]], one.value["spec"]
        balancer = one.value.get("status", {}).get("loadBalancer", {})
        ports = [(p["port"], p.get("name", ""), str(p.get("targetPort", ""))) for p in spec.get("ports", [])]
        assert service.type == spec.get("type", "ClusterIP")
        assert service.cluster_ips == addresses([ip for ip in spec.get("clusterIPs", []) if ip != "None"])
        assert service.external_ips == addresses(spec.get("externalIPs", []))
        assert service.load_balancer_ips == addresses([i["ip"] for i in balancer.get("ingress", []) if "ip" in i])
        assert [(p.port, p.name, p.target_port) for p in service.ports] == ports
        assert service.selector == spec.get("selector", {})


def service_of(one: Object) -> tuple[str, str]:
    """The (namespace, name) of the service that endpoints are of."""
    name = one.meta["labels"]["kubernetes.io/service-name"] if one.kind == "EndpointSlice" else one.meta["name"]
    return one.meta["namespace"], name


def pod_of(end: dict[str, Any]) -> str:
    """The uid of the pod behind an address, empty where it is something else, such as a node's kubelet."""
    target = end.get("targetRef", {})
    return str(target["uid"]) if target.get("kind") == "Pod" else ""


@pytest.mark.parametrize("dump", DUMPS)
def test_a_services_endpoints_are_those_of_its_slices_else_of_its_endpoints(samples: Path, dump: str) -> None:
    ready: dict[tuple[str, str], set[tuple[str, str]]] = {}
    listed = newest(counted(samples / dump).objects).values()
    sliced = {service_of(one) for one in listed if one.kind == "EndpointSlice"}
    for one in listed:
        if one.kind == "EndpointSlice":
            for end in one.value.get("endpoints") or []:
                if end["conditions"].get("ready") is not False:
                    ready.setdefault(service_of(one), set()).update((ip, pod_of(end)) for ip in end["addresses"])
        elif one.kind == "Endpoints" and service_of(one) not in sliced:
            for subset in one.value.get("subsets") or []:
                for end in subset.get("addresses", []):
                    ready.setdefault(service_of(one), set()).add((end["ip"], pod_of(end)))
    for service in resources(batches_of(samples / dump), "service"):
        found = {(e.ip, e.pod) for e in service.endpoints or ()}
        assert found == ready.get((service.namespace, service.name), set()), service.name


@pytest.mark.parametrize("dump", DUMPS)
def test_every_pod_reaches_the_owner_that_its_object_names(samples: Path, dump: str) -> None:
    batches = batches_of(samples / dump)
    workloads = {w.id: w for w in resources(batches, "workload", named_only=False)}
    sets = {s.id: s for s in resources(batches, "replica_set", named_only=False)}
    pods = {p.id: p for p in resources(batches, "pod")}
    for one in newest(counted(samples / dump).objects).values():
        if one.kind != "Pod":
            continue
        pod = pods[one.meta["uid"]]
        owners = [o for o in one.meta.get("ownerReferences", []) if o.get("controller")]
        if not owners or owners[0]["kind"] == "Node":
            assert (pod.replica_set, pod.workload) == ("", "")
            continue
        if owners[0]["kind"] == "ReplicaSet":
            assert (pod.replica_set, sets[pod.replica_set].name) == (owners[0]["uid"], owners[0]["name"])
            top = workloads[sets[pod.replica_set].workload]
            assert owners[0]["name"].startswith(f"{top.name}-")
            assert (top.type, top.namespace) == ("Deployment", pod.namespace)
        else:
            found = workloads[pod.workload]
            assert (found.id, found.type, found.name) == (owners[0]["uid"], owners[0]["kind"], owners[0]["name"])


@pytest.mark.parametrize("dump", DUMPS)
def test_an_id_is_unique_in_its_kind(samples: Path, dump: str) -> None:
    for kind in model.KINDS:
        ids = Counter(r.id for r in resources(batches_of(samples / dump), kind, named_only=False))
        assert not [i for i, count in ids.items() if count > 1]


def test_a_stateful_set_of_an_operator_belongs_to_its_custom_resource(samples: Path) -> None:
    batches = batches_of(samples / NEBULA[2])
    workloads = {w.id: w for w in resources(batches, "workload", named_only=False)}
    custom = [w for w in workloads.values() if w.type == "NebulaCluster"]
    assert [w.name for w in custom] == ["nebula"]
    owned = {w.name for w in workloads.values() if w.owner == custom[0].id}
    assert owned == {"nebula-graphd", "nebula-metad", "nebula-storaged"}


def test_one_cluster_at_three_moments_is_its_history(samples: Path) -> None:
    """15, 28 and 30 pods, of which those that were before are the same by uid."""
    at = [datetime(2022, 11, day, tzinfo=UTC) for day in (10, 11, 12)]
    taken = tuple(Moment(str(samples / dump), when) for dump, when in zip(NEBULA, at, strict=True))
    batches = read(Config(name="sample", snapshots=taken[::-1]))
    pods = [b for b in batches if isinstance(b, model.Snapshot) and (b.scope.kind, b.scope.part) == ("pod", "pods")]
    assert [(b.observed_at, len(b.resources)) for b in pods] == list(zip(at, (15, 28, 30), strict=True))
    uids = [{r.id for r in b.resources} for b in pods]
    wanted = [{o.meta["uid"] for o in counted(samples / d).objects if o.kind == "Pod"} for d in NEBULA]
    assert uids == wanted
    assert uids[1] & uids[2]


def test_a_host_network_pod_is_told_from_its_node_in_a_real_cluster(samples: Path) -> None:
    batches = batches_of(samples / "kubernetes/fix-api-lists")
    on_host = [p for p in resources(batches, "pod") if p.host_network]
    nodes = {n.name: n for n in resources(batches, "node")}
    assert len(on_host) == 16
    assert all(set(p.ips) <= set(nodes[p.node].ips) for p in on_host)


@pytest.mark.parametrize("dump", DUMPS[4:])
def test_a_finished_job_that_still_shows_its_address_has_an_end(samples: Path, dump: str) -> None:
    finished = [p for p in resources(batches_of(samples / dump), "pod") if p.phase in {"Succeeded", "Failed"} and p.ips]
    assert finished
    assert all(p.finished_at is not None and p.started_at is not None for p in finished)
    assert all(p.started_at <= p.finished_at for p in finished)
