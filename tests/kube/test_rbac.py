"""What deploy/kubernetes/rbac.yaml grants is what is asked for: by the API server's own audit, no more and no less."""

import asyncio
import json
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from tagweave.config import load
from tagweave.model import Failure, Snapshot
from tagweave.sources.kubernetes import Config, Source
from tagweave.sources.kubernetes.kinds import APIS, part_of

from . import build
from .api import APPLY
from .controlplane import ControlPlane, Object
from .live import Live
from .manifests import crd

RBAC = Path(__file__).parents[2] / "deploy" / "kubernetes" / "rbac.yaml"
USER = "system:serviceaccount:tagweave:tagweave"
POLICY = {
    "apiVersion": "audit.k8s.io/v1",
    "kind": "Policy",
    "rules": [{"level": "Metadata"}],
    "omitStages": ["RequestReceived"],
}

Right = tuple[str, str, str, str]
"""A verb, a group, a resource and a name (empty for any)."""


def manifests() -> list[Object]:
    return list(yaml.safe_load_all(RBAC.read_text()))


def rules() -> list[Object]:
    (role,) = (one for one in manifests() if one["kind"] == "ClusterRole")
    return list(role["rules"])


def granted() -> set[Right]:
    return {
        (verb, group, resource, name)
        for rule in rules()
        for group in rule.get("apiGroups", ())
        for resource in rule["resources"]
        for verb in rule["verbs"]
        for name in rule.get("resourceNames", ("",))
    }


def definitions() -> list[Object]:
    """The CRDs of the kinds of the table that no cluster has by itself."""
    groups = ("gateway.networking.k8s.io", "route.openshift.io", "apps.kruise.io", "apps.cafe.cloud.alipay.com")
    own = [api for api in APIS if part_of(api).partition(".")[2] in groups]
    return [crd(*api.versions[0].split("/"), api.object_kind, api.resource) for api in own]


@pytest.fixture(scope="module")
def audited(control_plane: ControlPlane, tmp_path_factory: pytest.TempPathFactory) -> Iterator[ControlPlane]:
    """A cluster of its own whose API server writes down who asks what, with every kind of the table."""
    folder = tmp_path_factory.mktemp("audited")
    (folder / "policy.yaml").write_text(json.dumps(POLICY))
    flags = [f"--audit-policy-file={folder / 'policy.yaml'}", f"--audit-log-path={folder / 'audit.log'}"]
    with ControlPlane(build.folder(), folder, flags) as running:
        running.api.apply(*definitions(), *manifests())
        yield running


def asked(plane: ControlPlane) -> tuple[set[Right], set[str]]:
    """What our account asked for, and the paths that are of no resource."""
    rights, paths = set(), set()
    for line in (plane.folder / "audit.log").read_text().splitlines():
        event: dict[str, Any] = json.loads(line)
        if event["user"]["username"] != USER:
            continue
        where = event.get("objectRef")
        if where is None:
            paths.add(event["requestURI"])
            continue
        name = where.get("name", "") if event["verb"] == "get" else ""
        rights.add((event["verb"], where.get("apiGroup", ""), where["resource"], name))
    return rights, paths


def test_what_is_granted_is_what_is_asked_for(audited: ControlPlane, tmp_path: Path) -> None:
    kubeconfig = str(audited.kubeconfig_for_token(audited.token("tagweave", "tagweave")))
    config = Config(name="live", kubeconfig=kubeconfig, watch_seconds=2)

    async def once() -> list[Any]:
        return [batch async for batch in Source(config).batches()]

    batches = asyncio.run(once())
    assert not [batch for batch in batches if isinstance(batch, Failure)]
    parts = {batch.scope.part for batch in batches if isinstance(batch, Snapshot)}
    assert parts == {part_of(api) for api in APIS if api.object_kind != "Endpoints"} | {"", "owners"}
    with Live(config, tmp_path) as live:
        live.until(lambda: live.pulses("httproutes.gateway.networking.k8s.io", "restarted"), "watches are opened again")
        live.until_same(audited.api)
        time.sleep(1)
        assert not live.of(Failure)
        assert not live.defects()
    rights, paths = asked(audited)
    assert rights == granted()
    (urls,) = (rule["nonResourceURLs"] for rule in rules() if "nonResourceURLs" in rule)
    assert {path.partition("?")[0] for path in paths} <= {url for url in urls if "*" not in url}


@pytest.mark.parametrize("part", ["pods", "endpointslices.discovery.k8s.io", "namespaces"])
def test_a_kind_that_is_not_granted_is_told_and_the_others_go_on(
    audited: ControlPlane, tmp_path: Path, part: str
) -> None:
    resource = part.partition(".")[0]
    role = next(one for one in manifests() if one["kind"] == "ClusterRole")
    for rule in role["rules"]:
        rule["resources"] = [r for r in rule.get("resources", ()) if r != resource or "resourceNames" in rule]
    role["rules"] = [r for r in role["rules"] if r["resources"] or "nonResourceURLs" in r]
    for rule in role["rules"]:
        if "nonResourceURLs" in rule:
            del rule["resources"]
    audited.api.apply(role)
    try:
        kubeconfig = str(audited.kubeconfig_for_token(audited.token("tagweave", "tagweave")))
        with Live(Config(name="live", kubeconfig=kubeconfig), tmp_path) as live:
            error = live.until(lambda: live.errors().get(part), "it is stale")
            assert f"{resource}" in error
            assert "forbidden" in error
            live.until(lambda: any(kind == "service" for kind, _ in live.resources()), "others are followed")
            assert set(live.errors()) == {part}
    finally:
        audited.api.apply(*manifests())


def test_a_cluster_whose_identity_is_denied_is_known_by_the_sources_name(audited: ControlPlane, tmp_path: Path) -> None:
    role = next(one for one in manifests() if one["kind"] == "ClusterRole")
    role["rules"] = [rule for rule in role["rules"] if "resourceNames" not in rule]
    audited.api.apply(role)
    try:
        kubeconfig = str(audited.kubeconfig_for_token(audited.token("tagweave", "tagweave")))
        with Live(Config(name="live", kubeconfig=kubeconfig), tmp_path) as live:
            live.until(lambda: live.versions("cluster"), "the cluster is known")
            assert live.versions("cluster")[0].resource.id == "live"
            (defect,) = live.until(live.defects, "why is told")
            assert "the cluster's id is the source's name" in defect.reason
    finally:
        audited.api.apply(*manifests())


def test_the_deployment_is_what_the_api_server_takes_and_its_configuration_what_tagweave_takes(
    audited: ControlPlane, tmp_path: Path
) -> None:
    parts = list(yaml.safe_load_all(RBAC.with_name("tagweave.yaml").read_text()))
    for part in parts:
        path = audited.api.path_of(part)
        query = "fieldManager=tests&force=true&fieldValidation=Strict&dryRun=All"
        answer = audited.api.request("PATCH", f"{path}?{query}", part, APPLY)
        assert answer.status in (200, 201), answer.body
    (text,) = (part["data"]["tagweave.yaml"] for part in parts if part["kind"] == "ConfigMap")
    (tmp_path / "tagweave.yaml").write_text(text)
    (source,) = load(tmp_path / "tagweave.yaml").sources
    assert isinstance(source.config, Config)
