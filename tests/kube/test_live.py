"""A cluster is followed: what the API server lists is what the inventory holds, and soon after a change."""

import asyncio
import json
from pathlib import Path
from typing import Any

import msgspec
import pytest

from tagweave.model import Batch, Failure, Ingress, Pod, Service, Snapshot, Workload
from tagweave.sources.kubernetes import Config, Source

from .api import Object
from .controlplane import ControlPlane
from .live import Live, check_history
from .manifests import deployment, ingress, pod, service


def config(control_plane: ControlPlane, **options: Any) -> Config:
    return Config(name="live", kubeconfig=str(control_plane.admin_kubeconfig), **options)


def test_what_is_followed_is_what_a_dump_of_the_cluster_shows(
    control_plane: ControlPlane, namespace: str, tmp_path: Path
) -> None:
    control_plane.ensure_nodes(2)
    control_plane.deploy("web", 3, namespace)
    control_plane.api.apply(service("web", namespace, "web"), ingress("front", namespace, "web"))
    with Live(config(control_plane), tmp_path) as live:
        found = live.until_same(control_plane.api)
        check_history(live.inventory)
    assert {kind for kind, _ in found} == {
        "node", "namespace", "workload", "replica_set", "pod", "service", "ingress",
    }  # fmt: skip
    web = next(r for r in found.values() if isinstance(r, Service) and r.name == "web")
    assert web.endpoints is not None
    assert len(web.endpoints) == 3
    front = next(r for r in found.values() if isinstance(r, Ingress) and r.name == "front")
    assert front.rules[0].service == web.id


def every_kind(namespace: str) -> list[Object]:
    """An object of each kind that a cluster has by itself, and the odd ones."""
    template = deployment("x", 1, namespace)["spec"]["template"]
    selected = {"selector": {"matchLabels": {"app": "x"}}, "template": template}
    once = {**template, "spec": {**template["spec"], "restartPolicy": "Never"}}

    def of(version: str, kind: str, name: str, **fields: object) -> Object:
        return {"apiVersion": version, "kind": kind, "metadata": {"name": name, "namespace": namespace}, **fields}

    return [
        of("apps/v1", "StatefulSet", "set", spec={**selected, "serviceName": "headless", "replicas": 2}),
        of("apps/v1", "DaemonSet", "daemons", spec=selected),
        of("apps/v1", "ReplicaSet", "alone", spec={**selected, "replicas": 1}),
        of("v1", "ReplicationController", "old", spec={"replicas": 1, "selector": {"app": "x"}, "template": template}),
        of("batch/v1", "Job", "job", spec={"template": once}),
        of("batch/v1", "CronJob", "cron", spec={"schedule": "* * * * *", "jobTemplate": {"spec": {"template": once}}}),
        pod("bare", namespace),
        pod("host", namespace, hostNetwork=True),
        of("v1", "Service", "headless", spec={"clusterIP": "None", "selector": {"app": "x"}, "ports": [{"port": 80}]}),
        of("v1", "Service", "outside", spec={"type": "ExternalName", "externalName": "example.invalid"}),
        of("v1", "Service", "without", spec={"ports": [{"port": 80}], "externalIPs": ["192.0.2.9"]}),
        of(
            "v1",
            "Service",
            "both",
            spec={"ipFamilyPolicy": "RequireDualStack", "ports": [{"port": 1}], "type": "NodePort"},
        ),
        ingress("nowhere", namespace, "missing"),
    ]


def test_every_kind_is_followed_as_it_comes_and_goes(
    control_plane: ControlPlane, namespace: str, tmp_path: Path
) -> None:
    control_plane.ensure_nodes(2)
    with Live(config(control_plane), tmp_path) as live:
        live.until_same(control_plane.api)
        some = every_kind(namespace)
        control_plane.api.apply(*some)
        found = live.until(lambda: done_jobs(live, namespace), "the job is done")
        assert {pod.phase for pod in found} == {"Succeeded"}
        there = live.until_same(control_plane.api)
        mine = [one for one in there.values() if getattr(one, "namespace", "") == namespace]
        assert {one.type for one in mine if isinstance(one, Workload)} == {
            "StatefulSet", "DaemonSet", "ReplicaSet", "ReplicationController", "Job", "CronJob",
        }  # fmt: skip
        live.until(
            lambda: live.index.lookup("192.0.2.9").tags.get("k8s.service.name") == "without", "its address is its"
        )
        control_plane.api.delete(*some)
        live.until(lambda: not done_jobs(live, namespace), "the job is gone")
        live.until_same(control_plane.api)
        check_history(live.inventory)
        assert not live.of(Failure)
        assert not live.defects()


def done_jobs(live: Live, namespace: str) -> list[Pod]:
    pods = [one for one in live.resources(["pod"]).values() if isinstance(one, Pod) and one.namespace == namespace]
    jobs = [one for one in pods if one.workload in {v.resource.id for v in live.versions("workload", "job", namespace)}]
    return [one for one in jobs if one.phase == "Succeeded"]


def test_what_is_known_from_before_is_not_told_again_after_a_restart(
    control_plane: ControlPlane, namespace: str, tmp_path: Path
) -> None:
    control_plane.ensure_nodes(1)
    control_plane.api.apply(service("web", namespace, "web"), ingress("front", namespace, "web"))
    control_plane.deploy("web", 2, namespace)
    with Live(config(control_plane), tmp_path) as live:
        live.until_same(control_plane.api)
        before = [v for v in live.inventory.versions() if getattr(v.resource, "namespace", "") == namespace]
    with Live(config(control_plane), tmp_path) as live:
        live.until(lambda: any(s.scope.part == "owners" for s in live.of(Snapshot)), "all was listed")
        after = [v for v in live.inventory.versions() if getattr(v.resource, "namespace", "") == namespace]
    assert [(v.rid, v.resource, v.valid_from, v.valid_to) for v in after] == [
        (v.rid, v.resource, v.valid_from, v.valid_to) for v in before
    ]


def test_only_the_namespaces_and_kinds_that_are_wanted_are_watched(
    control_plane: ControlPlane, namespace: str, tmp_path: Path
) -> None:
    control_plane.ensure_nodes(1)
    control_plane.deploy("web", 1, namespace)
    control_plane.deploy("api", 1, namespace)
    off = {"watch": False}
    kinds = {"nodes": off, "namespaces": off, "replicasets.apps": off, "pods": {"labels": "app=web"}}
    wanted = msgspec.convert({"name": "live", "namespaces": [namespace], "kinds": kinds}, Config)
    with Live(msgspec.structs.replace(wanted, kubeconfig=str(control_plane.admin_kubeconfig)), tmp_path) as live:
        live.until(lambda: live.resources(["workload"]), "the workloads are known")
        live.until(lambda: live.versions("replica_set"), "the pod's ReplicaSet is known by the pod")
        there = live.resources()
        (web,) = [one for one in there.values() if isinstance(one, Pod)]
        assert web.name.startswith("web-")
        assert not {"node", "namespace"} & {kind for kind, _ in there}
        assert {getattr(one, "namespace", "") for one in there.values()} == {namespace}
        assert {v.part for v in live.versions("pod")} == {f"pods/{namespace}"}


@pytest.mark.parametrize(
    ("options", "reason"),
    [
        ({"kinds": {"pod": {"watch": False}}}, "no kind 'pod' to watch; did you mean 'pods'"),
        ({"kinds": {"pods": {"label": "a=b"}}}, "unknown field `label`"),
        ({"token_file": "token"}, "`token_file` needs `server`"),
        ({"silence_seconds": 0}, "more than nothing"),
        ({"tls": False}, "unknown field `tls`"),
    ],
)
def test_a_wrong_configuration_is_refused(options: dict[str, Any], reason: str) -> None:
    with pytest.raises(msgspec.ValidationError, match=reason):
        msgspec.convert({"name": "live", **options}, Config)


async def once(config: Config) -> list[Batch]:
    return [batch async for batch in Source(config).batches()]


def test_a_kubeconfig_that_cannot_be_used_is_a_failure_without_its_secrets(tmp_path: Path) -> None:
    secret = "hidden-from-all"
    users = [{"name": "u", "user": {"token": secret}}]
    for text in (
        "{",
        "users: [1]",
        json.dumps({"users": users}),
        json.dumps({"users": users, "current-context": "c", "contexts": [{"name": "c", "context": {"user": "u"}}]}),
        json.dumps({"users": [{"user": {"token": secret}}], "clusters": [], "contexts": [], "current-context": "c"}),
        None,
    ):
        path = tmp_path / "kubeconfig"
        path.unlink(missing_ok=True)
        if text is not None:
            path.write_text(text)

        (failure,) = [b for b in asyncio.run(once(Config(name="live", kubeconfig=str(path)))) if isinstance(b, Failure)]
        assert failure.scope.kind == "cluster"
        assert "cannot log in" in failure.error
        assert secret not in failure.error
