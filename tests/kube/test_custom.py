"""Kinds of custom resource by configuration alone: they are owners, have addresses, come and go with their CRD."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tagweave.model import Service, Workload
from tagweave.sources.kubernetes import Config
from tagweave.sources.kubernetes.config import CustomKind

from .api import Object
from .controlplane import ControlPlane
from .live import Live
from .manifests import crd, custom, deployment, owned, pod
from .waiting import wait_until

ROLLOUT = CustomKind(
    group="argoproj.io",
    version="v1alpha1",
    resource="rollouts",
    kind="Rollout",
    replicas=".spec.replicas",
    selector=".spec.selector.matchLabels",
)
DATABASE = CustomKind(
    group="opengauss.cmbc.com.cn",
    version="v1",
    resource="opengaussclusters",
    kind="OpenGaussCluster",
    replicas=".spec.size",
    addresses=(".spec.vip", ".status.endpoints[*].ip"),
)
KNATIVE = tuple(
    CustomKind(group="serving.knative.dev", version="v1", resource=f"{kind.lower()}s", kind=kind)
    for kind in ("Service", "Configuration", "Revision")
)
ALL = (ROLLOUT, DATABASE, *KNATIVE)


@pytest.fixture
def definitions(control_plane: ControlPlane) -> Iterator[list[Object]]:
    control_plane.ensure_nodes(2)
    made = [crd(one.group, one.version, one.kind, one.resource) for one in ALL]
    control_plane.api.apply(*made)
    yield made
    control_plane.api.delete(*made)
    for one in made:  # until then the next test's objects are refused: "the definition is terminating"
        path = control_plane.api.path_of(one)
        wait_until(lambda path=path: control_plane.api.request("GET", path).status == 404, f"{path} is gone")


def config(control_plane: ControlPlane, **options: Any) -> Config:
    kubeconfig = str(control_plane.admin_kubeconfig)
    return Config(name="live", kubeconfig=kubeconfig, custom=ALL, discovery_seconds=1, **options)


def made(control_plane: ControlPlane, kind: CustomKind, name: str, namespace: str, **fields: object) -> Object:
    (found,) = control_plane.api.apply(custom(kind.group, kind.version, kind.kind, name, namespace, **fields))
    return found


def replica_set(name: str, namespace: str) -> Object:
    manifest = deployment(name, 1, namespace)
    return {**manifest, "kind": "ReplicaSet"}


def test_the_pods_of_an_argo_rollout_belong_to_it(
    control_plane: ControlPlane, namespace: str, definitions: list[Object], tmp_path: Path
) -> None:
    selector = {"matchLabels": {"app": "shop"}}
    rollout = made(control_plane, ROLLOUT, "shop", namespace, spec={"replicas": 1, "selector": selector})
    control_plane.api.apply(owned(replica_set("shop", namespace), rollout))
    (running,) = control_plane.wait_for_pods("app=shop", 1, namespace)
    ip = running["status"]["podIP"]
    with Live(config(control_plane), tmp_path) as live:
        live.until(lambda: live.index.lookup(ip).match, "the pod is known")
        live.until(lambda: live.versions("workload", "shop", namespace), "the rollout is known")
        known = live.versions("workload", "shop", namespace)[-1].resource
        assert isinstance(known, Workload)
        assert (known.type, known.replicas, known.selector) == ("Rollout", 1, {"app": "shop"})
        live.until(lambda: live.index.lookup(ip).tags.get("k8s.workload.kind") == "Rollout", "the pod is the rollout's")
        assert live.index.lookup(ip).tags["k8s.workload.name"] == "shop"


def test_the_addresses_of_an_opengauss_cluster_lead_to_it(
    control_plane: ControlPlane, namespace: str, definitions: list[Object], tmp_path: Path
) -> None:
    database = made(
        control_plane,
        DATABASE,
        "ledger",
        namespace,
        spec={"size": 3, "vip": "10.55.0.1"},
        status={"endpoints": [{"ip": "10.55.0.2"}, {"ip": "fd00:55::2"}, {"ip": "no address"}]},
    )
    control_plane.api.create(f"/api/v1/namespaces/{namespace}/pods", owned(pod("ledger-0", namespace), database))
    (running,) = control_plane.wait_for_pods("app=ledger-0", 1, namespace)
    with Live(config(control_plane), tmp_path) as live:
        service = live.until(lambda: live.versions("service", "ledger", namespace), "its service is known")[-1].resource
        assert isinstance(service, Service)
        assert service.type == "OpenGaussCluster"
        assert service.external_ips == ("10.55.0.1", "10.55.0.2", "fd00:55::2")
        assert [d.reason for d in live.defects() if "ledger" in d.where]
        for ip in service.external_ips:
            live.until(
                lambda ip=ip: live.index.lookup(ip).tags.get("k8s.service.name") == "ledger", "its address is its"
            )
        ip = running["status"]["podIP"]
        live.until(lambda: live.index.lookup(ip).tags.get("k8s.workload.kind") == "OpenGaussCluster", "its pod is its")


def test_the_pods_of_a_knative_service_belong_to_it_by_way_of_its_revision(
    control_plane: ControlPlane, namespace: str, definitions: list[Object], tmp_path: Path
) -> None:
    owner: Object | None = None
    for kind, name in zip(KNATIVE, ("hello", "hello", "hello-00001"), strict=True):
        manifest = custom(kind.group, kind.version, kind.kind, name, namespace)
        (owner,) = control_plane.api.apply(owned(manifest, owner) if owner else manifest)
    assert owner is not None
    control_plane.api.apply(owned(deployment("hello-00001-deployment", 1, namespace), owner))
    (running,) = control_plane.wait_for_pods("app=hello-00001-deployment", 1, namespace)
    ip = running["status"]["podIP"]
    with Live(config(control_plane), tmp_path) as live:
        live.until(lambda: live.index.lookup(ip).tags.get("k8s.workload.name") == "hello", "it is hello's")
        assert live.index.lookup(ip).tags["k8s.workload.kind"] == "Service"


def test_a_kind_is_followed_from_when_its_crd_comes_and_gone_when_its_crd_goes(
    control_plane: ControlPlane, namespace: str, tmp_path: Path
) -> None:
    definition = crd(ROLLOUT.group, ROLLOUT.version, ROLLOUT.kind, ROLLOUT.resource)
    with Live(config(control_plane, watch_seconds=3), tmp_path) as live:
        live.until_same(control_plane.api)
        assert not live.errors()
        control_plane.api.apply(definition)
        made(control_plane, ROLLOUT, "late", namespace)
        live.until(lambda: live.versions("workload", "late", namespace), "the rollout is known")
        control_plane.api.delete(definition)
        live.until_same(control_plane.api)
        live.until(lambda: live.versions("workload", "late", namespace)[-1].valid_to < 2**62, "the rollout is gone")
        live.until(lambda: not live.errors(), "nothing is stale")


def test_a_path_that_is_none_is_refused_by_name() -> None:
    for path, reason in (
        ("spec.vip", "breaks at 'spec.vip'"),
        (".status.ips[*", "breaks at '[*'"),
        (".data.owner", "begins with .metadata, .spec, .status"),
    ):
        with pytest.raises(ValueError, match=reason.replace("[", r"\[").replace("*", r"\*")):
            CustomKind(group="g.example", version="v1", resource="things", kind="Thing", owner=path)
