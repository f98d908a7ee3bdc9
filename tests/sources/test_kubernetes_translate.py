"""Kubernetes objects as API servers write them → the model, kind by kind.

The laws with "other systems" behind them: each is something that a well-known system silently loses.
"""

import json
from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any, Final

import pytest

from tagweave import model
from tagweave.sources.kubernetes import joins, kinds, translate
from tagweave.sources.kubernetes.translate import Context

Wire = dict[str, Any]

CREATED: Final = "2024-03-05T06:07:08Z"
BORN: Final = datetime(2024, 3, 5, 6, 7, 8, tzinfo=UTC)


def made(wire: Wire, problems: list[str] | None = None) -> Any:
    """What an object becomes. Fails on a problem where none are expected."""
    api = kinds.find(wire["apiVersion"], wire["kind"])
    assert api is not None, f"{wire['apiVersion']} {wire['kind']} is no kind that is kept"
    found: list[str] = [] if problems is None else problems
    out = api.translate(kinds.decoder(api).decode(json.dumps(wire)), Context("prod", "c-1", found.append))
    assert problems is not None or not found, found
    return out


def meta(name: str, uid: str, namespace: str | None = "shop", **more: Any) -> Wire:
    """An object's metadata, with the fields beside ours that a server always sends."""
    out: Wire = {
        "name": name,
        "uid": uid,
        "resourceVersion": "8801",
        "generation": 3,
        "creationTimestamp": CREATED,
        "managedFields": [
            {
                "manager": "kubectl",
                "operation": "Apply",
                "apiVersion": "v1",
                "time": CREATED,
                "fieldsType": "FieldsV1",
                "fieldsV1": {"f:metadata": {"f:labels": {".": {}}}},
            }
        ],
        **more,
    }
    if namespace is not None:
        out["namespace"] = namespace
    return out


def obj(version: str, kind: str, metadata: Wire, spec: Wire | None = None, status: Wire | None = None) -> Wire:
    out: Wire = {"apiVersion": version, "kind": kind, "metadata": metadata}
    if spec is not None:
        out["spec"] = spec
    if status is not None:
        out["status"] = status
    return out


def owner(kind: str, name: str, uid: str, version: str = "apps/v1", **more: Any) -> Wire:
    return {"apiVersion": version, "kind": kind, "name": name, "uid": uid, "blockOwnerDeletion": True, **more}


def controlled(kind: str, name: str, uid: str, version: str = "apps/v1") -> list[Wire]:
    return [owner(kind, name, uid, version, controller=True)]


# ---- nodes and namespaces


def test_a_namespace_keeps_its_labels() -> None:
    """Other systems have no namespace labels at all."""
    wire = obj(
        "v1",
        "Namespace",
        meta("shop", "ns-1", None, labels={"kubernetes.io/metadata.name": "shop", "team": "checkout"}),
        {"finalizers": ["kubernetes"]},
        {"phase": "Active"},
    )
    assert made(wire) == model.Namespace(
        source="prod",
        id="ns-1",
        name="shop",
        labels={"kubernetes.io/metadata.name": "shop", "team": "checkout"},
        created_at=BORN,
        cluster="c-1",
    )


NODE: Final = obj(
    "v1",
    "Node",
    meta("ip-10-0-1-7.ec2.internal", "node-1", None, labels={"topology.kubernetes.io/zone": "eu-west-1a"}),
    {
        "podCIDR": "10.244.3.0/24",
        "podCIDRs": ["10.244.3.0/24", "fd00:10:244:3::/64"],
        "providerID": "aws:///eu-west-1a/i-0abc",
        "taints": [{"key": "dedicated", "value": "db", "effect": "NoSchedule"}],
    },
    {
        "addresses": [
            {"type": "InternalIP", "address": "10.0.1.7"},
            {"type": "InternalIP", "address": "fd00:0:0::0007"},
            {"type": "ExternalIP", "address": "54.1.2.3"},
            {"type": "InternalDNS", "address": "ip-10-0-1-7.ec2.internal"},
            {"type": "Hostname", "address": "ip-10-0-1-7"},
        ],
        "allocatable": {"cpu": "3920m", "memory": "15Gi", "pods": "58"},
        "capacity": {"cpu": "4", "ephemeral-storage": "80Gi", "memory": "16Gi", "pods": "58", "hugepages-2Mi": "0"},
        "conditions": [
            {"type": "MemoryPressure", "status": "False", "reason": "KubeletHasSufficientMemory"},
            {"type": "Ready", "status": "True", "reason": "KubeletReady", "lastTransitionTime": CREATED},
        ],
        "nodeInfo": {"kubeletVersion": "v1.31.0", "architecture": "amd64", "machineID": "m", "osImage": "Ubuntu"},
        "images": [{"names": ["registry/app:1"], "sizeBytes": 123}],
    },
)


def test_a_node_keeps_every_address_of_both_families_and_what_links_it_to_its_vm() -> None:
    assert made(NODE) == model.Node(
        source="prod",
        id="node-1",
        name="ip-10-0-1-7.ec2.internal",
        labels={"topology.kubernetes.io/zone": "eu-west-1a"},
        created_at=BORN,
        cluster="c-1",
        ips=("10.0.1.7", "fd00::7", "54.1.2.3"),
        hostname="ip-10-0-1-7",
        pod_cidrs=("10.244.3.0/24", "fd00:10:244:3::/64"),
        provider_id="aws:///eu-west-1a/i-0abc",
        ready=True,
        capacity={"cpu": 4.0, "memory": 16 * 2.0**30, "pods": 58.0},
    )


@pytest.mark.parametrize(
    ("conditions", "ready"),
    [
        ([{"type": "Ready", "status": "True", "reason": "AnyOtherReason"}], True),
        ([{"type": "Ready", "status": "False", "reason": "KubeletReady"}], False),
        ([{"type": "Ready", "status": "Unknown", "reason": "NodeStatusUnknown"}], False),
        ([{"type": "DiskPressure", "status": "True", "reason": "KubeletReady"}], False),
        ([], False),
        (None, False),
    ],
)
def test_a_node_is_ready_by_the_type_of_its_condition_not_by_its_reason(
    conditions: list[Wire] | None, ready: bool
) -> None:
    assert made({**NODE, "status": {"conditions": conditions}}).ready is ready


@pytest.mark.parametrize(
    ("capacity", "expected"),
    [
        ({"cpu": "3920m", "memory": "16Gi"}, {"cpu": 3.92, "memory": 16 * 2.0**30}),
        ({"cpu": "8", "memory": "33626726400"}, {"cpu": 8.0, "memory": 33_626_726_400.0}),
        ({"cpu": 8, "memory": "512Mi", "pods": 110}, {"cpu": 8.0, "memory": 512 * 2.0**20, "pods": 110.0}),
        ({}, {}),
    ],
)
def test_a_capacity_is_a_number_whatever_its_unit(capacity: Wire, expected: dict[str, float]) -> None:
    assert made({**NODE, "status": {"capacity": capacity}}).capacity == expected


def test_a_node_without_spec_and_status_is_kept() -> None:
    """Other systems skip a node without an InternalIP."""
    assert made(obj("v1", "Node", meta("n", "node-2", None))) == model.Node(
        source="prod", id="node-2", name="n", created_at=BORN, cluster="c-1"
    )


def test_the_old_single_pod_cidr_counts_where_there_is_no_list() -> None:
    assert made({**NODE, "spec": {"podCIDR": "10.1.2.3/16"}}).pod_cidrs == ("10.1.0.0/16",)


# ---- pods

POD: Final = obj(
    "v1",
    "Pod",
    meta(
        "web-5d4f8c7b9-x2k4q",
        "pod-1",
        generateName="web-5d4f8c7b9-",
        labels={"app": "web", "pod-template-hash": "5d4f8c7b9"},
        annotations={"cni.projectcalico.org/podIP": "10.244.3.9/32"},
        ownerReferences=controlled("ReplicaSet", "web-5d4f8c7b9", "rs-1"),
    ),
    {
        "nodeName": "node-a",
        "serviceAccountName": "default",
        "containers": [
            {
                "name": "web",
                "image": "nginx:1.27",
                "ports": [
                    {"name": "http", "containerPort": 8080, "protocol": "TCP"},
                    {"name": "metrics", "containerPort": 9090, "protocol": "TCP"},
                    {"containerPort": 6060, "protocol": "TCP"},
                ],
                "resources": {"limits": {"cpu": "1"}},
            },
            {"name": "istio-proxy", "image": "istio/proxyv2", "ports": [{"name": "envoy", "containerPort": 15090}]},
        ],
        "initContainers": [{"name": "migrate", "image": "migrate:1"}],
        "ephemeralContainers": [{"name": "debugger-x", "image": "busybox", "targetContainerName": "web"}],
        "volumes": [{"name": "cfg", "configMap": {"name": "web", "items": [{"key": "a", "path": "a"}]}}],
    },
    {
        "phase": "Running",
        "hostIP": "10.0.1.7",
        "hostIPs": [{"ip": "10.0.1.7"}],
        "podIP": "10.244.3.9",
        "podIPs": [{"ip": "10.244.3.9"}, {"ip": "FD00:10:244:3:0:0:0:9"}],
        "startTime": "2024-03-05T06:07:09Z",
        "conditions": [
            {"type": "Initialized", "status": "True", "lastTransitionTime": "2024-03-05T06:07:10Z"},
            {"type": "Ready", "status": "True", "lastTransitionTime": "2024-03-05T06:07:20Z"},
        ],
        "containerStatuses": [
            {"name": "istio-proxy", "containerID": "containerd://bbb", "ready": True, "restartCount": 0},
            {
                "name": "web",
                "containerID": "containerd://aaa",
                "ready": True,
                "state": {"running": {"startedAt": "2024-03-05T06:07:15Z"}},
            },
        ],
        "initContainerStatuses": [
            {
                "name": "migrate",
                "containerID": "containerd://ccc",
                "state": {"terminated": {"exitCode": 0, "finishedAt": "2024-03-05T06:07:12Z"}},
            }
        ],
        "ephemeralContainerStatuses": [{"name": "debugger-x", "containerID": "containerd://ddd"}],
    },
)


def pod(spec: Wire | None = None, status: Wire | None = None, **metadata: Any) -> model.Pod:
    wire = {
        **POD,
        "metadata": {**POD["metadata"], **metadata},
        "spec": {**POD["spec"], **(spec or {})},
        "status": {**POD["status"], **(status or {})},
    }
    out = made(wire)
    assert isinstance(out, model.Pod)
    return out


def test_a_pod_keeps_both_ip_families_and_every_kind_of_container() -> None:
    assert made(POD) == model.Pod(
        source="prod",
        id="pod-1",
        name="web-5d4f8c7b9-x2k4q",
        labels={"app": "web", "pod-template-hash": "5d4f8c7b9"},
        created_at=BORN,
        cluster="c-1",
        namespace="shop",
        node="node-a",
        replica_set="rs-1",
        workload="",
        ips=("10.244.3.9", "fd00:10:244:3::9"),
        host_network=False,
        phase="Running",
        ready=True,
        containers=(
            model.Container("web", "aaa", {"http": 8080, "metrics": 9090}),
            model.Container("istio-proxy", "bbb", {"envoy": 15090}),
            model.Container("migrate", "ccc"),
            model.Container("debugger-x", "ddd"),
        ),
        started_at=datetime(2024, 3, 5, 6, 7, 9, tzinfo=UTC),
        finished_at=None,
        deleted_at=None,
    )


@pytest.mark.parametrize(
    ("status", "ips"),
    [
        ({"podIP": "10.1.1.1"}, ("10.1.1.1",)),
        ({"podIP": "10.1.1.1", "podIPs": None}, ("10.1.1.1",)),
        ({"podIP": "10.1.1.1", "podIPs": [{"ip": "10.1.1.1"}]}, ("10.1.1.1",)),
        ({"podIP": "10.1.1.1", "podIPs": [{"ip": "10.1.1.1"}, {"ip": "fd00::1"}]}, ("10.1.1.1", "fd00::1")),
        ({"podIP": "fd00::1", "podIPs": [{"ip": "fd00::1"}, {"ip": "10.1.1.1"}]}, ("fd00::1", "10.1.1.1")),
        ({"podIP": "::ffff:10.1.1.1", "podIPs": [{"ip": "::ffff:10.1.1.1"}]}, ("10.1.1.1",)),
        ({"podIP": "", "podIPs": []}, ()),
        ({"podIPs": [{}]}, ()),
        ({}, ()),
    ],
)
def test_a_pods_addresses_are_all_of_its_pod_ips(status: Wire, ips: tuple[str, ...]) -> None:
    assert made(obj("v1", "Pod", meta("p", "pod-2"), {}, status)).ips == ips


def test_a_host_network_pod_does_not_take_its_nodes_address() -> None:
    """The pod says whose the address is: `host_network` stands beside the ips, and claims leave them to the node."""
    found = pod(spec={"hostNetwork": True}, status={"podIP": "10.0.1.7", "podIPs": [{"ip": "10.0.1.7"}]})
    assert (found.host_network, found.ips) == (True, ("10.0.1.7",))


def test_a_pod_says_nothing_of_host_network_where_its_spec_is_silent() -> None:
    assert pod(spec={"hostNetwork": None}).host_network is False
    assert pod(spec={"hostNetwork": False}).host_network is False


@pytest.mark.parametrize(
    ("phase", "expected"),
    [
        ("Succeeded", datetime(2024, 3, 5, 6, 40, tzinfo=UTC)),
        ("Failed", datetime(2024, 3, 5, 6, 40, tzinfo=UTC)),
        ("Running", None),
        ("Pending", None),
        ("Unknown", None),
    ],
)
def test_a_terminal_pod_gave_up_its_address_when_its_last_container_ended(
    phase: str, expected: datetime | None
) -> None:
    """Other systems let a completed pod that still shows its podIP steal it from the pod that got it next."""
    ended = [
        {"name": "web", "state": {"terminated": {"exitCode": 0, "finishedAt": "2024-03-05T06:30:00Z"}}},
        {"name": "istio-proxy", "state": {"terminated": {"exitCode": 0, "finishedAt": "2024-03-05T06:40:00Z"}}},
    ]
    found = pod(status={"phase": phase, "containerStatuses": ended})
    assert (found.phase, found.finished_at, found.ips[0]) == (phase, expected, "10.244.3.9")


def test_an_evicted_pod_without_container_statuses_ended_when_its_conditions_last_changed() -> None:
    found = pod(
        status={
            "phase": "Failed",
            "reason": "Evicted",
            "containerStatuses": None,
            "conditions": [
                {"type": "DisruptionTarget", "status": "True", "lastTransitionTime": "2024-03-05T07:00:00Z"},
                {"type": "Ready", "status": "False", "lastTransitionTime": "2024-03-05T07:00:05Z"},
            ],
        }
    )
    assert (found.finished_at, found.ready) == (datetime(2024, 3, 5, 7, 0, 5, tzinfo=UTC), False)


def test_a_terminal_pod_that_tells_no_time_has_none() -> None:
    found = made(obj("v1", "Pod", meta("p", "pod-2"), {}, {"phase": "Failed"}))
    assert (found.phase, found.finished_at) == ("Failed", None)


def test_a_pod_under_deletion_says_since_when() -> None:
    found = pod(deletionTimestamp="2024-03-05T08:00:00Z", deletionGracePeriodSeconds=30)
    assert found.deleted_at == datetime(2024, 3, 5, 8, tzinfo=UTC)


def test_times_keep_their_zone_and_their_microseconds() -> None:
    found = pod(creationTimestamp="2024-03-05T08:07:08.250000+02:00")
    assert found.created_at == datetime(2024, 3, 5, 6, 7, 8, 250_000, tzinfo=UTC)


def test_a_pending_pod_without_a_node_is_kept() -> None:
    wire = obj("v1", "Pod", meta("p", "pod-2"), {"containers": [{"name": "c"}]}, {"phase": "Pending", "qosClass": "x"})
    assert made(wire) == model.Pod(
        source="prod",
        id="pod-2",
        name="p",
        created_at=BORN,
        cluster="c-1",
        namespace="shop",
        phase="Pending",
        containers=(model.Container("c"),),
    )


@pytest.mark.parametrize(
    ("status", "expected"),
    [
        ("docker://abc", "abc"),
        ("containerd://abc", "abc"),
        ("cri-o://abc", "abc"),
        ("abc", "abc"),
        ("", ""),
        (None, ""),
    ],
)
def test_a_containers_id_is_told_without_its_runtime(status: str | None, expected: str) -> None:
    found = pod(
        spec={"containers": [{"name": "c"}], "initContainers": None, "ephemeralContainers": None},
        status={
            "containerStatuses": [{"name": "c", "containerID": status}],
            "initContainerStatuses": None,
            "ephemeralContainerStatuses": None,
        },
    )
    assert found.containers == (model.Container("c", expected),)


def test_a_container_that_only_the_status_names_is_kept() -> None:
    """A dump whose specs were stripped still tells container ids."""
    wire = {**POD, "spec": {"nodeName": "node-a"}}
    assert {c.name: c.id for c in made(wire).containers} == {
        "web": "aaa",
        "istio-proxy": "bbb",
        "migrate": "ccc",
        "debugger-x": "ddd",
    }


@pytest.mark.parametrize(
    ("references", "replica_set", "workload"),
    [
        (controlled("ReplicaSet", "web-5d", "u"), "u", ""),
        (controlled("InPlaceSet", "web-ips", "u", "apps.cafe.cloud.alipay.com/v1alpha1"), "u", ""),
        (controlled("StatefulSet", "db", "u"), "", "u"),
        (controlled("StatefulSet", "db", "u", "apps.kruise.io/v1beta1"), "", "u"),
        (controlled("DaemonSet", "agent", "u"), "", "u"),
        (controlled("ReplicationController", "old", "u", "v1"), "", "u"),
        (controlled("Job", "once", "u", "batch/v1"), "", "u"),
        (controlled("CloneSet", "web", "u", "apps.kruise.io/v1alpha1"), "", "u"),
        (controlled("Workflow", "w", "u", "argoproj.io/v1alpha1"), "", "u"),
        (controlled("TaskRun", "t", "u", "tekton.dev/v1"), "", "u"),
        (controlled("SparkApplication", "s", "u", "sparkoperator.k8s.io/v1beta2"), "", "u"),
        (controlled("NebulaCluster", "n", "u", "apps.nebula-graph.io/v1alpha1"), "", "u"),
        (controlled("Node", "node-a", "u", "v1"), "", ""),
        ([], "", ""),
        (None, "", ""),
    ],
)
def test_a_pod_of_any_owner_is_kept_with_it(references: list[Wire] | None, replica_set: str, workload: str) -> None:
    """Other systems drop pods of Jobs, nodes, custom resources and of nobody."""
    found = pod(ownerReferences=references)
    assert (found.replica_set, found.workload) == (replica_set, workload)


@pytest.mark.parametrize(
    ("references", "workload"),
    [
        ([owner("Backup", "b", "u-1"), owner("StatefulSet", "db", "u-2", controller=True)], "u-2"),
        ([owner("Backup", "b", "u-1", controller=False), owner("Job", "j", "u-2", controller=True)], "u-2"),
        ([owner("Backup", "b", "u-1"), owner("StatefulSet", "db", "u-2")], "u-1"),
    ],
)
def test_the_owner_that_controls_counts_wherever_it_stands(references: list[Wire], workload: str) -> None:
    """Other systems take the first owner, whatever its `controller` says."""
    assert pod(ownerReferences=references).workload == workload


# ---- workloads

SELECTOR: Final = {"matchLabels": {"app": "web"}, "matchExpressions": [{"key": "tier", "operator": "Exists"}]}
TEMPLATE: Final = {"metadata": {"labels": {"app": "web"}}, "spec": {"containers": [{"name": "web", "image": "nginx"}]}}
REPLICATED: Final = {"replicas": 3, "selector": SELECTOR, "template": TEMPLATE}
SELECTED: Final = {"selector": SELECTOR, "template": TEMPLATE}


@pytest.mark.parametrize(
    ("version", "kind", "spec", "replicas", "selector"),
    [
        ("apps/v1", "Deployment", REPLICATED, 3, {"app": "web"}),
        ("apps/v1beta2", "Deployment", REPLICATED, 3, {"app": "web"}),
        ("apps/v1beta1", "Deployment", REPLICATED, 3, {"app": "web"}),
        ("extensions/v1beta1", "Deployment", REPLICATED, 3, {"app": "web"}),
        ("apps/v1", "Deployment", {**REPLICATED, "replicas": 0}, 0, {"app": "web"}),
        ("apps/v1", "StatefulSet", {**REPLICATED, "serviceName": "web"}, 3, {"app": "web"}),
        ("apps/v1beta1", "StatefulSet", REPLICATED, 3, {"app": "web"}),
        ("apps/v1", "DaemonSet", SELECTED, None, {"app": "web"}),
        ("extensions/v1beta1", "DaemonSet", SELECTED, None, {"app": "web"}),
        ("batch/v1", "Job", {"parallelism": 4, "completions": 8, **SELECTED}, 4, {"app": "web"}),
        ("batch/v1", "CronJob", {"schedule": "*/5 * * * *", "jobTemplate": {"spec": {}}}, None, {}),
        ("batch/v1beta1", "CronJob", {"schedule": "*/5 * * * *", "jobTemplate": {"spec": {}}}, None, {}),
        ("apps.cafe.cloud.alipay.com/v1alpha1", "CafeDeployment", REPLICATED, 3, {"app": "web"}),
        ("apps.kruise.io/v1alpha1", "CloneSet", REPLICATED, 3, {"app": "web"}),
        ("apps.kruise.io/v1beta1", "StatefulSet", REPLICATED, 3, {"app": "web"}),
        ("apps.kruise.io/v1alpha1", "StatefulSet", REPLICATED, 3, {"app": "web"}),
        ("apps.kruise.io/v1alpha1", "DaemonSet", SELECTED, None, {"app": "web"}),
        ("v1", "ReplicationController", {"replicas": 2, "selector": {"app": "web"}}, 2, {"app": "web"}),
        ("v1", "ReplicationController", {"replicas": 1, "template": TEMPLATE}, 1, {}),
        ("apps/v1", "Deployment", {"replicas": 1, "selector": {"matchExpressions": []}}, 1, {}),
    ],
)
def test_a_workload_is_told_by_its_own_kind(
    version: str, kind: str, spec: Wire, replicas: int | None, selector: dict[str, str]
) -> None:
    wire = obj(version, kind, meta("web", "wl-1", labels={"app": "web"}), spec, {"observedGeneration": 3})
    assert made(wire) == model.Workload(
        source="prod",
        id="wl-1",
        name="web",
        labels={"app": "web"},
        created_at=BORN,
        cluster="c-1",
        namespace="shop",
        type=kind,
        owner="",
        replicas=replicas,
        selector=selector,
    )


@pytest.mark.parametrize(
    ("version", "kind", "references"),
    [
        ("batch/v1", "Job", controlled("CronJob", "nightly", "top", "batch/v1")),
        ("apps/v1", "StatefulSet", controlled("NebulaCluster", "nebula", "top", "apps.nebula-graph.io/v1alpha1")),
        ("apps/v1", "Deployment", controlled("Kafka", "k", "top", "kafka.strimzi.io/v1beta2")),
        ("v1", "ReplicationController", controlled("DeploymentConfig", "dc", "top", "apps.openshift.io/v1")),
    ],
)
def test_a_workload_names_what_controls_it(version: str, kind: str, references: list[Wire]) -> None:
    assert made(obj(version, kind, meta("w", "wl-1", ownerReferences=references), {})).owner == "top"


@pytest.mark.parametrize(
    ("version", "kind"),
    [
        ("apps/v1", "ReplicaSet"),
        ("extensions/v1beta1", "ReplicaSet"),
        ("apps.cafe.cloud.alipay.com/v1alpha1", "InPlaceSet"),
    ],
)
@pytest.mark.parametrize("replicas", [0, 3])
def test_a_replica_set_stands_between_its_pods_and_its_workload(version: str, kind: str, replicas: int) -> None:
    """Other systems skip those with no replicas, and with them pods that still run."""
    metadata = meta("web-5d", "rs-1", labels={"app": "web"}, ownerReferences=controlled("Deployment", "web", "d-1"))
    wire = obj(version, kind, metadata, {**REPLICATED, "replicas": replicas}, {"replicas": replicas})
    assert made(wire) == model.ReplicaSet(
        source="prod",
        id="rs-1",
        name="web-5d",
        labels={"app": "web"},
        created_at=BORN,
        cluster="c-1",
        namespace="shop",
        workload="d-1",
        type=kind,
    )


def test_a_bare_replica_set_is_its_own_workload() -> None:
    """Other systems let it vanish with all its pods."""
    found = made(obj("apps/v1", "ReplicaSet", meta("solo", "rs-1", labels={"app": "solo"}), REPLICATED))
    assert found.workload == "rs-1"
    assert joins.own_workload(found) == model.Workload(
        source="prod",
        id="rs-1",
        name="solo",
        labels={"app": "solo"},
        created_at=BORN,
        cluster="c-1",
        namespace="shop",
        type="ReplicaSet",
    )


def test_a_replica_set_of_a_workload_is_no_workload_itself() -> None:
    metadata = meta("web-5d", "rs-1", ownerReferences=controlled("Deployment", "web", "d-1"))
    assert joins.own_workload(made(obj("apps/v1", "ReplicaSet", metadata, REPLICATED))) is None


# ---- owner chains to the top


def owned(version: str, kind: str, name: str, references: list[Wire] | None = None, **more: Any) -> Wire:
    """An object in the namespace `shop` whose uid is `kind/name`."""
    return obj(version, kind, meta(name, f"{kind}/{name}", ownerReferences=references, **more), {}, {})


def of(version: str, kind: str, name: str) -> list[Wire]:
    return controlled(kind, name, f"{kind}/{name}", version)


def chain(wires: Iterable[Wire]) -> list[str]:
    """From the pod to the top, as `type/name`, over what is listed and what is only named as an owner."""
    listed = list(wires)
    resources = [made(w) for w in listed]
    context = Context("prod", "c-1", pytest.fail)
    owners = []
    for wire in listed:
        api = kinds.find(wire["apiVersion"], wire["kind"])
        assert api is not None
        found = joins.owner_of(kinds.decoder(api).decode(json.dumps(wire)).metadata)
        owners += [found] if found else []
    uids = {r.id for r in resources}
    unlisted, unlisted_sets = joins.unlisted(owners, uids, context)
    sets = [*(r for r in resources if isinstance(r, model.ReplicaSet)), *unlisted_sets]
    own = filter(None, map(joins.own_workload, sets))
    workloads = {w.id: w for w in [*(r for r in resources if isinstance(r, model.Workload)), *unlisted, *own]}
    by_id = {s.id: s for s in sets}
    (found_pod,) = (r for r in resources if isinstance(r, model.Pod))
    out = [f"Pod/{found_pod.name}"]
    top = found_pod.workload
    if found_pod.replica_set:
        between = by_id[found_pod.replica_set]
        out.append(f"{between.type}/{between.name}")
        top = between.workload
    while top:
        out.append(f"{workloads[top].type}/{workloads[top].name}")
        assert workloads[top].namespace == "shop"
        top = workloads[top].owner
    return out


KRUISE: Final = "apps.kruise.io/v1alpha1"
CAFE: Final = "apps.cafe.cloud.alipay.com/v1alpha1"
HASHED: Final = {"labels": {"app": "web", "pod-template-hash": "5d4f"}}


@pytest.mark.parametrize(
    ("objects", "expected"),
    [
        pytest.param(
            [
                owned("batch/v1", "CronJob", "nightly"),
                owned("batch/v1", "Job", "nightly-284", of("batch/v1", "CronJob", "nightly")),
                owned("v1", "Pod", "nightly-284-x", of("batch/v1", "Job", "nightly-284")),
            ],
            ["Pod/nightly-284-x", "Job/nightly-284", "CronJob/nightly"],
            id="a cron job's",
        ),
        pytest.param(
            [
                owned("batch/v1", "Job", "nightly-284", of("batch/v1", "CronJob", "nightly")),
                owned("v1", "Pod", "nightly-284-x", of("batch/v1", "Job", "nightly-284")),
            ],
            ["Pod/nightly-284-x", "Job/nightly-284", "CronJob/nightly"],
            id="a cron job's that was not listed",
        ),
        pytest.param(
            [owned("v1", "Pod", "once-x", of("batch/v1", "Job", "once"))],
            ["Pod/once-x", "Job/once"],
            id="a job's that was not listed",
        ),
        pytest.param(
            [
                owned("apps/v1", "Deployment", "web"),
                owned("apps/v1", "ReplicaSet", "web-5d4f", of("apps/v1", "Deployment", "web"), **HASHED),
                owned("v1", "Pod", "web-5d4f-x", of("apps/v1", "ReplicaSet", "web-5d4f"), **HASHED),
            ],
            ["Pod/web-5d4f-x", "ReplicaSet/web-5d4f", "Deployment/web"],
            id="a deployment's",
        ),
        pytest.param(
            [
                owned("apps/v1", "ReplicaSet", "web-5d4f", of("apps/v1", "Deployment", "web"), **HASHED),
                owned("v1", "Pod", "web-5d4f-x", of("apps/v1", "ReplicaSet", "web-5d4f"), **HASHED),
            ],
            ["Pod/web-5d4f-x", "ReplicaSet/web-5d4f", "Deployment/web"],
            id="a deployment's that was not listed",
        ),
        pytest.param(
            [owned("v1", "Pod", "web-5d4f-x", of("apps/v1", "ReplicaSet", "web-5d4f"), **HASHED)],
            ["Pod/web-5d4f-x", "ReplicaSet/web-5d4f", "Deployment/web"],
            id="a deployment's of which only the pod was listed",
        ),
        pytest.param(
            [
                owned("apps/v1", "ReplicaSet", "web-5d4f", of("argoproj.io/v1alpha1", "Rollout", "web")),
                owned("v1", "Pod", "web-5d4f-x", of("apps/v1", "ReplicaSet", "web-5d4f")),
            ],
            ["Pod/web-5d4f-x", "ReplicaSet/web-5d4f", "Rollout/web"],
            id="an Argo rollout's",
        ),
        pytest.param(
            [
                owned("apps/v1", "ReplicaSet", "solo"),
                owned("v1", "Pod", "solo-x", of("apps/v1", "ReplicaSet", "solo")),
            ],
            ["Pod/solo-x", "ReplicaSet/solo", "ReplicaSet/solo"],
            id="a bare replica set's",
        ),
        pytest.param(
            [owned("v1", "Pod", "solo-x", of("apps/v1", "ReplicaSet", "solo"))],
            ["Pod/solo-x", "ReplicaSet/solo", "ReplicaSet/solo"],
            id="a bare replica set's that was not listed",
        ),
        pytest.param(
            [
                owned(CAFE, "CafeDeployment", "pay"),
                owned(CAFE, "InPlaceSet", "pay-z1", of(CAFE, "CafeDeployment", "pay")),
                owned("v1", "Pod", "pay-z1-x", of(CAFE, "InPlaceSet", "pay-z1")),
            ],
            ["Pod/pay-z1-x", "InPlaceSet/pay-z1", "CafeDeployment/pay"],
            id="a cafe deployment's",
        ),
        pytest.param(
            [owned("v1", "Pod", "pay-z1-x", of(CAFE, "InPlaceSet", "pay-z1"))],
            ["Pod/pay-z1-x", "InPlaceSet/pay-z1", "InPlaceSet/pay-z1"],
            id="an in-place set's that was not listed",
        ),
        pytest.param(
            [
                owned(KRUISE, "CloneSet", "web"),
                owned("v1", "Pod", "web-x", of(KRUISE, "CloneSet", "web")),
            ],
            ["Pod/web-x", "CloneSet/web"],
            id="a clone set's",
        ),
        pytest.param(
            [
                owned("apps/v1", "StatefulSet", "nebula-graphd", of("apps.nebula-graph.io/v1", "NebulaCluster", "n")),
                owned("v1", "Pod", "nebula-graphd-0", of("apps/v1", "StatefulSet", "nebula-graphd")),
            ],
            ["Pod/nebula-graphd-0", "StatefulSet/nebula-graphd", "NebulaCluster/n"],
            id="a stateful set's of an operator",
        ),
        pytest.param(
            [owned("v1", "Pod", "kafka-0", of("core.strimzi.io/v1beta2", "StrimziPodSet", "kafka"))],
            ["Pod/kafka-0", "StrimziPodSet/kafka"],
            id="a custom owner's",
        ),
        pytest.param(
            [
                owned("v1", "ReplicationController", "dc-1", of("apps.openshift.io/v1", "DeploymentConfig", "dc")),
                owned("v1", "Pod", "dc-1-x", of("v1", "ReplicationController", "dc-1")),
            ],
            ["Pod/dc-1-x", "ReplicationController/dc-1", "DeploymentConfig/dc"],
            id="a deployment config's",
        ),
        pytest.param(
            [
                owned(
                    "v1",
                    "Pod",
                    "kube-proxy-node-a",
                    of("v1", "Node", "node-a"),
                    annotations={"kubernetes.io/config.source": "file", "kubernetes.io/config.mirror": "ab12"},
                )
            ],
            ["Pod/kube-proxy-node-a"],
            id="a static pod",
        ),
        pytest.param([owned("v1", "Pod", "debug")], ["Pod/debug"], id="a bare pod"),
    ],
)
def test_a_pods_chain_of_owners_goes_to_the_top(objects: list[Wire], expected: list[str]) -> None:
    assert chain(objects) == expected


def test_an_unlisted_owner_is_kept_once_however_many_pods_name_it() -> None:
    owners = [joins.Owner("Job", "j", "u-1", "shop", "")] * 3
    workloads, sets = joins.unlisted(owners, set(), Context("prod", "c-1", pytest.fail))
    assert workloads == [model.Workload(source="prod", id="u-1", name="j", cluster="c-1", namespace="shop", type="Job")]
    assert sets == []


# ---- services


def service(spec: Wire, status: Wire | None = None) -> Wire:
    return obj("v1", "Service", meta("web", "svc-1", labels={"app": "web"}), spec, status or {"loadBalancer": {}})


def known_service(**fields: Any) -> model.Service:
    return model.Service(
        source="prod",
        id="svc-1",
        name="web",
        labels={"app": "web"},
        created_at=BORN,
        cluster="c-1",
        namespace="shop",
        **fields,
    )


@pytest.mark.parametrize(
    ("wire", "expected"),
    [
        pytest.param(
            service(
                {
                    "type": "ClusterIP",
                    "clusterIP": "10.96.0.10",
                    "clusterIPs": ["10.96.0.10", "FD00:96::A"],
                    "ipFamilies": ["IPv4", "IPv6"],
                    "ipFamilyPolicy": "PreferDualStack",
                    "ports": [{"name": "http", "port": 80, "protocol": "TCP", "targetPort": "http"}],
                    "selector": {"app": "web", "tier": "front"},
                    "sessionAffinity": "None",
                }
            ),
            known_service(
                cluster_ips=("10.96.0.10", "fd00:96::a"),
                ports=(model.ServicePort(80, "http", "TCP", "http"),),
                selector={"app": "web", "tier": "front"},
            ),
            id="of two families",
        ),
        pytest.param(
            service({"clusterIP": "10.96.0.10", "ports": [{"port": 80}], "selector": {"app": "web"}}),
            known_service(
                cluster_ips=("10.96.0.10",),
                ports=(model.ServicePort(80),),
                selector={"app": "web"},
            ),
            id="of an old server that tells one address and no type",
        ),
        pytest.param(
            service(
                {
                    "type": "ClusterIP",
                    "clusterIP": "None",
                    "clusterIPs": ["None"],
                    "ports": [{"name": "raft", "port": 2380, "targetPort": 2380, "protocol": "TCP"}],
                    "selector": {"app": "etcd"},
                }
            ),
            known_service(ports=(model.ServicePort(2380, "raft", "TCP", "2380"),), selector={"app": "etcd"}),
            id="headless",
        ),
        pytest.param(
            service({"type": "ExternalName", "externalName": "db.example.com", "sessionAffinity": "None"}),
            known_service(type="ExternalName", external_name="db.example.com"),
            id="an external name",
        ),
        pytest.param(
            service({"type": "ClusterIP", "clusterIP": "10.96.0.1", "ports": [{"name": "https", "port": 443}]}),
            known_service(cluster_ips=("10.96.0.1",), ports=(model.ServicePort(443, "https"),)),
            id="without a selector",
        ),
        pytest.param(
            service({"clusterIP": "None", "selector": {"app": "db"}}),
            known_service(selector={"app": "db"}),
            id="without ports",
        ),
        pytest.param(
            service(
                {
                    "type": "NodePort",
                    "clusterIP": "10.96.0.11",
                    "clusterIPs": ["10.96.0.11"],
                    "externalIPs": ["192.0.2.4", "2001:DB8::1"],
                    "ports": [
                        {"name": "dns", "port": 53, "protocol": "UDP", "targetPort": 5353, "nodePort": 30053},
                        {"name": "dns-tcp", "port": 53, "protocol": "TCP", "targetPort": 5353, "nodePort": 30054},
                        {"name": "sctp", "port": 9, "protocol": "SCTP", "nodePort": 30055},
                    ],
                    "selector": {"app": "dns"},
                }
            ),
            known_service(
                type="NodePort",
                cluster_ips=("10.96.0.11",),
                external_ips=("192.0.2.4", "2001:db8::1"),
                ports=(
                    model.ServicePort(53, "dns", "UDP", "5353", 30053),
                    model.ServicePort(53, "dns-tcp", "TCP", "5353", 30054),
                    model.ServicePort(9, "sctp", "SCTP", "", 30055),
                ),
                selector={"app": "dns"},
            ),
            id="on node ports",
        ),
        pytest.param(
            service(
                {
                    "type": "LoadBalancer",
                    "clusterIP": "10.96.0.12",
                    "clusterIPs": ["10.96.0.12"],
                    "allocateLoadBalancerNodePorts": False,
                    "ports": [{"port": 443, "protocol": "TCP", "targetPort": 8443, "nodePort": 0}],
                },
                {
                    "loadBalancer": {
                        "ingress": [
                            {"ip": "203.0.113.9", "ipMode": "VIP", "ports": [{"port": 443, "protocol": "TCP"}]},
                            {"hostname": "a1.elb.amazonaws.com"},
                            {"ip": "2001:DB8::9"},
                        ]
                    }
                },
            ),
            known_service(
                type="LoadBalancer",
                cluster_ips=("10.96.0.12",),
                load_balancer_ips=("203.0.113.9", "2001:db8::9"),
                ports=(model.ServicePort(443, "", "TCP", "8443"),),
            ),
            id="behind a load balancer",
        ),
        pytest.param(obj("v1", "Service", meta("web", "svc-1", labels={"app": "web"})), known_service(), id="bare"),
    ],
)
def test_a_service_of_every_shape_is_kept(wire: Wire, expected: model.Service) -> None:
    """Other systems drop those without selector or ports, ExternalName, and the second family."""
    assert made(wire) == expected


# ---- endpoints


def endpoint_slice(endpoints: list[Wire] | None, family: str = "IPv4", version: str = "v1", **metadata: Any) -> Wire:
    wire = obj(
        f"discovery.k8s.io/{version}",
        "EndpointSlice",
        meta(
            "web-abc",
            "eps-1",
            labels={"kubernetes.io/service-name": "web", "endpointslice.kubernetes.io/managed-by": "x"},
            ownerReferences=controlled("Service", "web", "svc-1", "v1"),
            **metadata,
        ),
    )
    ports = [{"name": "http", "port": 8080, "protocol": "TCP"}, {"name": "", "port": 9090}]
    return {**wire, "addressType": family, "endpoints": endpoints, "ports": ports}


PORTS: Final = (model.EndpointPort("http", "TCP", 8080), model.EndpointPort("", "TCP", 9090))


@pytest.mark.parametrize(
    ("wire", "expected"),
    [
        pytest.param(
            endpoint_slice(
                [
                    {
                        "addresses": ["10.244.3.9"],
                        "conditions": {"ready": True, "serving": True, "terminating": False},
                        "nodeName": "node-a",
                        "zone": "eu-west-1a",
                        "targetRef": {"kind": "Pod", "name": "web-x", "namespace": "shop", "uid": "pod-1"},
                    },
                    {
                        "addresses": ["10.244.3.10"],
                        "conditions": {"ready": False, "serving": True, "terminating": True},
                        "targetRef": {"kind": "Pod", "name": "web-y", "namespace": "shop", "uid": "pod-2"},
                    },
                ]
            ),
            (model.Endpoint("10.244.3.9", "pod-1", "node-a", PORTS),),
            id="those that are ready",
        ),
        pytest.param(
            endpoint_slice([{"addresses": ["10.1.1.1"], "conditions": {}}, {"addresses": ["10.1.1.2"]}]),
            (model.Endpoint("10.1.1.1", ports=PORTS), model.Endpoint("10.1.1.2", ports=PORTS)),
            id="those that do not say whether they are ready",
        ),
        pytest.param(
            endpoint_slice([{"addresses": ["FD00::1"], "conditions": {"ready": True}}], "IPv6", "v1beta1"),
            (model.Endpoint("fd00::1", ports=PORTS),),
            id="of the other family, by the older API",
        ),
        pytest.param(
            endpoint_slice([{"addresses": ["10.0.0.9"], "targetRef": {"kind": "Node", "uid": "node-1"}}]),
            (model.Endpoint("10.0.0.9", ports=PORTS),),
            id="that are no pods",
        ),
        pytest.param(endpoint_slice([{"addresses": ["db.example.com"]}], "FQDN"), (), id="names are no addresses"),
        pytest.param(endpoint_slice(None), (), id="none"),
    ],
)
def test_a_slice_gives_its_ready_endpoints(wire: Wire, expected: tuple[model.Endpoint, ...]) -> None:
    assert made(wire) == expected


def test_endpoints_of_an_old_cluster_give_the_same_as_slices() -> None:
    wire = {
        **obj("v1", "Endpoints", meta("web", "ep-1")),
        "subsets": [
            {
                "addresses": [
                    {
                        "ip": "10.244.3.9",
                        "nodeName": "node-a",
                        "targetRef": {"kind": "Pod", "name": "web-x", "namespace": "shop", "uid": "pod-1"},
                    }
                ],
                "notReadyAddresses": [{"ip": "10.244.3.10"}],
                "ports": [{"name": "http", "port": 8080, "protocol": "TCP"}, {"port": 9090}],
            }
        ],
    }
    assert made(wire) == (model.Endpoint("10.244.3.9", "pod-1", "node-a", PORTS),)


def test_a_service_whose_slice_is_empty_has_no_endpoints_and_one_without_a_slice_does_not_know() -> None:
    plain = known_service()
    assert joins.with_endpoints(plain, {("shop", "web"): ()}).endpoints == ()
    assert joins.with_endpoints(plain, {("other", "web"): ()}).endpoints is None


def test_the_endpoints_of_all_slices_of_a_service_are_its_own_once_and_in_order() -> None:
    both = (model.Endpoint("10.1.1.2"), model.Endpoint("10.1.1.1"), model.Endpoint("10.1.1.2"))
    found = joins.with_endpoints(known_service(), {("shop", "web"): both})
    assert found.endpoints == (model.Endpoint("10.1.1.1"), model.Endpoint("10.1.1.2"))


def test_one_address_may_serve_different_ports() -> None:
    """Two host-network pods of one node, or two subsets of hand-written Endpoints."""
    both = (
        model.Endpoint("10.0.0.9", ports=(model.EndpointPort("http", port=8081),)),
        model.Endpoint("10.0.0.9", ports=(model.EndpointPort("http", port=8080),)),
    )
    found = joins.with_endpoints(known_service(), {("shop", "web"): both}).endpoints
    assert found is not None
    assert set(found) == set(both)


# ---- ingresses


def ingress_of(wire: Wire, **fields: Any) -> model.Ingress:
    assert wire["metadata"]["name"] == "front"
    return model.Ingress(
        source="prod", id="ing-1", name="front", created_at=BORN, cluster="c-1", namespace="shop", **fields
    )


def front(version: str, kind: str, spec: Wire, status: Wire | None = None, **metadata: Any) -> Wire:
    return obj(version, kind, meta("front", "ing-1", **metadata), spec, status)


INGRESS_V1: Final = front(
    "networking.k8s.io/v1",
    "Ingress",
    {
        "ingressClassName": "nginx",
        "defaultBackend": {"service": {"name": "fallback", "port": {"number": 80}}},
        "rules": [
            {
                "host": "a.example.com",
                "http": {
                    "paths": [
                        {
                            "path": "/api",
                            "pathType": "Prefix",
                            "backend": {"service": {"name": "api", "port": {"name": "http"}}},
                        },
                        {"pathType": "Prefix", "backend": {"service": {"name": "web", "port": {"number": 8080}}}},
                    ]
                },
            },
            {
                "host": "b.example.com",
                "http": {
                    "paths": [
                        {
                            "path": "/api",
                            "pathType": "Exact",
                            "backend": {"service": {"name": "api", "port": {"name": "grpc"}}},
                        }
                    ]
                },
            },
        ],
        "tls": [{"hosts": ["a.example.com", "b.example.com"], "secretName": "cert"}, {"secretName": "other"}],
    },
    {"loadBalancer": {"ingress": [{"ip": "203.0.113.5"}, {"hostname": "lb.example.net"}]}},
)


def test_an_ingress_keeps_every_host_path_named_port_and_tls_host() -> None:
    """Other systems lose named ports but the last, a second host with the same path, and TLS."""
    assert made(INGRESS_V1) == ingress_of(
        INGRESS_V1,
        type="Ingress",
        ingress_class="nginx",
        load_balancer_ips=("203.0.113.5",),
        rules=(
            model.IngressRule("", "", "fallback", "80"),
            model.IngressRule("a.example.com", "/api", "api", "http"),
            model.IngressRule("a.example.com", "", "web", "8080"),
            model.IngressRule("b.example.com", "/api", "api", "grpc"),
        ),
        tls_hosts=("a.example.com", "b.example.com"),
    )


@pytest.mark.parametrize("version", ["networking.k8s.io/v1beta1", "extensions/v1beta1"])
def test_a_beta_ingress_has_the_same_rules_as_a_stable_one(version: str) -> None:
    """Other systems read no backend of these at all."""
    wire = front(
        version,
        "Ingress",
        {
            "backend": {"serviceName": "fallback", "servicePort": 80},
            "rules": [
                {
                    "host": "a.example.com",
                    "http": {
                        "paths": [
                            {"path": "/api", "backend": {"serviceName": "api", "servicePort": "http"}},
                            {"backend": {"serviceName": "web", "servicePort": 8080}},
                        ]
                    },
                }
            ],
            "tls": [{"hosts": ["a.example.com"]}],
        },
        {"loadBalancer": {"ingress": [{"ip": "203.0.113.5"}]}},
        annotations={"kubernetes.io/ingress.class": "traefik"},
    )
    assert made(wire) == ingress_of(
        wire,
        ingress_class="traefik",
        load_balancer_ips=("203.0.113.5",),
        rules=(
            model.IngressRule("", "", "fallback", "80"),
            model.IngressRule("a.example.com", "/api", "api", "http"),
            model.IngressRule("a.example.com", "", "web", "8080"),
        ),
        tls_hosts=("a.example.com",),
    )


@pytest.mark.parametrize("version", ["networking.k8s.io/v1", "networking.k8s.io/v1beta1"])
@pytest.mark.parametrize("spec", [{"backend": None, "defaultBackend": None}, {"rules": None, "tls": None}, {}])
def test_a_backend_that_is_null_makes_no_rule(version: str, spec: Wire) -> None:
    assert made(front(version, "Ingress", spec)).rules == ()


def test_an_ingress_to_something_other_than_a_service_keeps_its_host_and_path() -> None:
    resource = {"resource": {"apiGroup": "k8s.example.com", "kind": "StorageBucket", "name": "static-assets"}}
    rules = [{"host": "s.example.com", "http": {"paths": [{"path": "/icons", "backend": resource}]}}]
    found = made(front("networking.k8s.io/v1", "Ingress", {"rules": rules}))
    assert found.rules == (model.IngressRule("s.example.com", "/icons"),)


@pytest.mark.parametrize(
    ("spec", "fields"),
    [
        pytest.param(
            {
                "host": "shop.apps.example.com",
                "path": "/v2",
                "port": {"targetPort": "8080-tcp"},
                "tls": {"termination": "edge", "insecureEdgeTerminationPolicy": "Redirect"},
                "to": {"kind": "Service", "name": "web", "weight": 90},
                "alternateBackends": [{"kind": "Service", "name": "web-canary", "weight": 10}],
                "wildcardPolicy": "None",
            },
            {
                "rules": (
                    model.IngressRule("shop.apps.example.com", "/v2", "web", "8080-tcp"),
                    model.IngressRule("shop.apps.example.com", "/v2", "web-canary", "8080-tcp"),
                ),
                "tls_hosts": ("shop.apps.example.com",),
            },
            id="with everything",
        ),
        pytest.param(
            {"host": "h", "port": {"targetPort": 8443}, "to": {"kind": "Service", "name": "web"}},
            {"rules": (model.IngressRule("h", "", "web", "8443"),)},
            id="a numbered port",
        ),
        pytest.param(
            {"host": "h", "to": {"kind": "Service", "name": "web"}},
            {"rules": (model.IngressRule("h", "", "web"),)},
            id="no port",
        ),
        pytest.param({}, {}, id="nothing"),
    ],
)
def test_an_openshift_route_is_an_ingress_with_a_rule_for_each_backend(spec: Wire, fields: Wire) -> None:
    """Other systems lose its named port, its path, its TLS and its alternate backends."""
    status = {"ingress": [{"host": "shop.apps.example.com", "routerName": "default", "conditions": []}]}
    wire = front("route.openshift.io/v1", "Route", spec, status)
    assert made(wire) == ingress_of(wire, type="Route", **fields)


@pytest.mark.parametrize("version", ["v1", "v1beta1"])
def test_an_http_route_is_an_ingress_with_a_rule_for_each_host_path_and_backend(version: str) -> None:
    wire = front(
        f"gateway.networking.k8s.io/{version}",
        "HTTPRoute",
        {
            "parentRefs": [{"group": "gateway.networking.k8s.io", "kind": "Gateway", "name": "public"}],
            "hostnames": ["a.example.com", "b.example.com"],
            "rules": [
                {
                    "matches": [
                        {"path": {"type": "PathPrefix", "value": "/api"}, "headers": [{"name": "x", "value": "y"}]},
                        {"path": {"type": "PathPrefix", "value": "/v2"}},
                    ],
                    "backendRefs": [{"group": "", "kind": "Service", "name": "api", "port": 8080, "weight": 1}],
                },
                {"backendRefs": [{"name": "web", "port": 80}]},
                {"filters": [{"type": "RequestRedirect", "requestRedirect": {"scheme": "https"}}]},
                {"backendRefs": [{"group": "net.gke.io", "kind": "ServiceImport", "name": "far", "port": 80}]},
            ],
        },
        {"parents": []},
    )
    assert made(wire) == ingress_of(
        wire,
        type="HTTPRoute",
        ingress_class="public",
        rules=(
            model.IngressRule("a.example.com", "/api", "api", "8080"),
            model.IngressRule("b.example.com", "/api", "api", "8080"),
            model.IngressRule("a.example.com", "/v2", "api", "8080"),
            model.IngressRule("b.example.com", "/v2", "api", "8080"),
            model.IngressRule("a.example.com", "", "web", "80"),
            model.IngressRule("b.example.com", "", "web", "80"),
        ),
    )


def test_an_http_route_without_hosts_is_for_all_of_them() -> None:
    wire = front("gateway.networking.k8s.io/v1", "HTTPRoute", {"rules": [{"backendRefs": [{"name": "web"}]}]})
    assert made(wire).rules == (model.IngressRule(service="web"),)


def test_a_rule_names_its_service_by_id_or_by_name_where_it_was_not_seen() -> None:
    found = joins.with_services(made(INGRESS_V1), {("shop", "api"): "svc-api", ("other", "web"): "svc-other"})
    assert [rule.service for rule in found.rules] == ["fallback", "svc-api", "web", "svc-api"]


# ---- what cannot be read


@pytest.mark.parametrize(
    ("wire", "kept", "reason"),
    [
        (
            obj("v1", "Pod", meta("p", "u"), {}, {"podIPs": [{"ip": "***HIDDEN***"}, {"ip": "10.1.1.1"}]}),
            {"ips": ("10.1.1.1",)},
            "status.podIPs: '***HIDDEN***' is no IP address",
        ),
        (
            obj("v1", "Node", meta("n", "u", None), {"podCIDRs": ["10.1.0.0/99", "10.2.0.0/16"]}),
            {"pod_cidrs": ("10.2.0.0/16",)},
            "spec.podCIDRs: '10.1.0.0/99' is no prefix",
        ),
        (
            obj("v1", "Node", meta("n", "u", None), {}, {"addresses": [{"type": "InternalIP", "address": "10.0.0"}]}),
            {"ips": ()},
            "status.addresses: '10.0.0' is no IP address",
        ),
        (
            obj("v1", "Node", meta("n", "u", None), {}, {"capacity": {"cpu": "many", "pods": "110"}}),
            {"capacity": {"pods": 110.0}},
            "status.capacity.cpu: 'many' is no Kubernetes quantity",
        ),
        (
            service({"clusterIPs": ["10.96.0.300", "fd00::1"]}),
            {"cluster_ips": ("fd00::1",)},
            "spec.clusterIPs: '10.96.0.300' is no IP address",
        ),
        (
            service({"externalIPs": ["x"]}),
            {"external_ips": ()},
            "spec.externalIPs: 'x' is no IP address",
        ),
        (
            service({}, {"loadBalancer": {"ingress": [{"ip": "x"}]}}),
            {"load_balancer_ips": ()},
            "status.loadBalancer.ingress: 'x' is no IP address",
        ),
    ],
)
def test_what_cannot_be_read_is_reported_and_the_object_kept_without_it(wire: Wire, kept: Wire, reason: str) -> None:
    problems: list[str] = []
    found = made(wire, problems)
    assert {field: getattr(found, field) for field in kept} == kept
    assert problems == [reason]


def test_an_endpoint_that_is_no_address_is_reported_and_the_others_kept() -> None:
    problems: list[str] = []
    found = made(endpoint_slice([{"addresses": ["10.1.1.1"]}, {"addresses": ["x"]}]), problems)
    assert [e.ip for e in found] == ["10.1.1.1"]
    assert problems == ["endpoints[].addresses: 'x' is no IP address"]


# ---- identity and the table of kinds


@pytest.mark.parametrize(
    ("metadata", "expected"),
    [
        ({"name": "web", "namespace": "shop", "uid": "u-1"}, "u-1"),
        ({"name": "web", "namespace": "shop"}, "shop/web"),
        ({"name": "web"}, "web"),
    ],
)
def test_an_objects_id_is_its_uid_else_what_names_it(metadata: Wire, expected: str) -> None:
    assert made({"apiVersion": "v1", "kind": "Pod", "metadata": metadata}).id.endswith(expected)


@pytest.mark.parametrize("api", kinds.APIS, ids=lambda api: f"{api.versions[0]} {api.object_kind}")
def test_an_object_of_every_kind_and_version_with_nothing_but_a_name_is_kept(api: kinds.Api) -> None:
    for version in api.versions:
        found = made({"apiVersion": version, "kind": api.object_kind, "metadata": {"name": "x"}})
        assert found == () if not api.kind else (found.kind, found.name, bool(found.id)) == (api.kind, "x", True)


@pytest.mark.parametrize(
    ("version", "kind", "part"),
    [
        ("apps/v1", "StatefulSet", "statefulsets.apps"),
        ("apps.kruise.io/v1beta1", "StatefulSet", "statefulsets.apps.kruise.io"),
        ("apps/v1", "DaemonSet", "daemonsets.apps"),
        ("apps.kruise.io/v1alpha1", "DaemonSet", "daemonsets.apps.kruise.io"),
        ("", "StatefulSet", "statefulsets.apps"),
        ("", "Pod", "pods"),
        ("v1", "Service", "services"),
    ],
)
def test_a_kind_is_found_by_its_group_and_without_one_is_the_built_in(version: str, kind: str, part: str) -> None:
    found = kinds.find(version, kind)
    assert found is not None
    assert kinds.part_of(found) == part


@pytest.mark.parametrize(
    ("version", "kind"),
    [
        ("serving.knative.dev/v1", "Service"),
        ("config.openshift.io/v1", "Ingress"),
        ("metrics.k8s.io/v1beta1", "Node"),
        ("v1", "Secret"),
        ("", "Secret"),
    ],
)
def test_a_kind_of_another_group_is_not_taken_for_ours(version: str, kind: str) -> None:
    assert kinds.find(version, kind) is None


def test_a_kind_that_stands_between_is_a_replica_set_in_the_table_too() -> None:
    assert {a.object_kind for a in kinds.APIS if a.kind == "replica_set"} == translate.REPLICA_SETS
