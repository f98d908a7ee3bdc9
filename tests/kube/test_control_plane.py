"""The control plane is a real one: controllers, RBAC, storage, history and failure all work."""

import base64
import ipaddress
import json
import ssl
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from . import build
from .conftest import _do_without
from .controlplane import KEEPER, Api, ComponentError, ControlPlane, Object, Response
from .waiting import wait_until


def config_map(name: str, namespace: str, **data: str) -> Object:
    return {
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": {"name": name, "namespace": namespace},
        "data": data,
    }


def event(name: str, namespace: str) -> Object:
    return {
        "apiVersion": "v1",
        "kind": "Event",
        "metadata": {"name": name, "namespace": namespace},
        "involvedObject": {"kind": "Namespace", "name": namespace, "namespace": namespace},
        "type": "Normal",
    }


def account(name: str, namespace: str, *rules: Object) -> list[Object]:
    rbac = "rbac.authorization.k8s.io"
    metadata = {"name": name, "namespace": namespace}
    role = {"apiVersion": f"{rbac}/v1", "kind": "Role", "metadata": metadata, "rules": [*rules]}
    binding = {
        "apiVersion": f"{rbac}/v1",
        "kind": "RoleBinding",
        "metadata": metadata,
        "roleRef": {"apiGroup": rbac, "kind": "Role", "name": name},
        "subjects": [{"kind": "ServiceAccount", **metadata}],
    }
    return [{"apiVersion": "v1", "kind": "ServiceAccount", "metadata": metadata}, role, binding]


def families(addresses: list[str]) -> list[int]:
    return [ipaddress.ip_address(address).version for address in addresses]


def is_gone(watch: Response) -> bool:
    if watch.status != 200:
        return watch.status == 410
    return any(row["type"] == "ERROR" and row["object"]["code"] == 410 for row in watch.events())


def watch(api: Api, path: str, version: str) -> Response:
    return api.request("GET", path, watch=1, resourceVersion=version, timeoutSeconds=2)


def test_the_version_served_is_the_version_pinned(control_plane: ControlPlane) -> None:
    pinned = next(module for module in build.MODULES if module.folder == "kubernetes")
    served = control_plane.api.get("/version")["gitVersion"]
    assert served == f"v{build.version_of(pinned)}"


def test_a_deployment_gets_a_replica_set_and_running_pods_with_addresses_of_both_families(
    control_plane: ControlPlane,
    namespace: str,
) -> None:
    control_plane.ensure_nodes(2)
    pods = control_plane.deploy("web", 3, namespace)
    replica_sets = control_plane.api.items(f"/apis/apps/v1/namespaces/{namespace}/replicasets")
    assert [row["metadata"]["ownerReferences"][0]["name"] for row in replica_sets] == ["web"]
    owners = {owner["uid"] for pod in pods for owner in pod["metadata"]["ownerReferences"]}
    assert owners == {replica_sets[0]["metadata"]["uid"]}
    assert all(families([row["ip"] for row in pod["status"]["podIPs"]]) == [4, 6] for pod in pods)
    assert all(families([row["ip"] for row in pod["status"]["hostIPs"]]) == [4, 6] for pod in pods)
    assert len({pod["status"]["podIP"] for pod in pods}) == 3
    ids = {row["containerID"] for pod in pods for row in pod["status"]["containerStatuses"]}
    assert len(ids) == 3


def test_a_service_gets_cluster_ips_of_both_families_and_the_pods_as_endpoints(
    control_plane: ControlPlane,
    namespace: str,
) -> None:
    control_plane.ensure_nodes(2)
    pods = control_plane.deploy("web", 2, namespace)
    (service,) = control_plane.api.apply(
        {
            "apiVersion": "v1",
            "kind": "Service",
            "metadata": {"name": "web", "namespace": namespace},
            "spec": {
                "ipFamilyPolicy": "RequireDualStack",
                "selector": {"app": "web"},
                "ports": [{"port": 80}],
            },
        }
    )
    assert families(service["spec"]["clusterIPs"]) == [4, 6]
    addresses = {row["ip"] for pod in pods for row in pod["status"]["podIPs"]}
    path = f"/apis/discovery.k8s.io/v1/namespaces/{namespace}/endpointslices"

    def endpoints() -> set[str]:
        slices = control_plane.api.items(path)
        rows = [row for each in slices for row in each["endpoints"] or ()]
        return {address for row in rows for address in row["addresses"]}

    control_plane.wait_until(lambda: endpoints() == addresses, "the pods are endpoints")


def test_a_pod_of_a_job_succeeds_and_its_container_ends(
    control_plane: ControlPlane,
    namespace: str,
) -> None:
    control_plane.ensure_nodes(1)
    container = {"name": "main", "image": "example.invalid/once:1"}
    control_plane.api.apply(
        {
            "apiVersion": "batch/v1",
            "kind": "Job",
            "metadata": {"name": "once", "namespace": namespace},
            "spec": {"template": {"spec": {"containers": [container], "restartPolicy": "Never"}}},
        }
    )
    job = f"/apis/batch/v1/namespaces/{namespace}/jobs/once"
    control_plane.wait_until(lambda: control_plane.api.get(job)["status"].get("succeeded") == 1, "the job succeeds")
    (pod,) = control_plane.api.items(f"/api/v1/namespaces/{namespace}/pods")
    (state,) = (row["state"] for row in pod["status"]["containerStatuses"])
    assert pod["status"]["phase"] == "Succeeded"
    assert list(state) == ["terminated"]


def test_a_pod_that_is_deleted_is_terminating_as_long_as_its_annotation_says(
    control_plane: ControlPlane,
    namespace: str,
) -> None:
    control_plane.ensure_nodes(1)
    pod: Object = {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {
            "name": "slow",
            "namespace": namespace,
            "labels": {"app": "slow"},
            "annotations": {"pod-delete.stage.kwok.x-k8s.io/delay": "2s"},
        },
        "spec": {"containers": [{"name": "main", "image": "example.invalid/slow:1"}]},
    }
    control_plane.api.apply(pod)
    control_plane.wait_for_pods("app=slow", 1, namespace)
    control_plane.api.delete(pod)
    path = control_plane.api.path_of(pod)
    assert control_plane.api.get(path)["metadata"]["deletionTimestamp"]

    def is_missing() -> bool:
        return control_plane.api.request("GET", path).status == 404

    control_plane.wait_until(is_missing, "the deleted pod is gone")


def test_a_node_that_a_test_makes_unready_stays_so(control_plane: ControlPlane) -> None:
    (name,) = control_plane.ensure_nodes(1)
    path = f"/api/v1/nodes/{name}"

    def set_ready(status: str) -> None:
        conditions = control_plane.api.get(path)["status"]["conditions"]
        others = [row for row in conditions if row["type"] != "Ready"]
        ready = {"type": "Ready", "status": status, "reason": "Test", "message": ""}
        changed = {"status": {"conditions": [*others, ready]}}
        control_plane.api.patch(f"{path}/status", changed)

    set_ready("False")
    time.sleep(1)
    conditions = control_plane.api.get(path)["status"]["conditions"]
    assert [row["status"] for row in conditions if row["type"] == "Ready"] == ["False"]
    set_ready("True")


def test_rbac_denies_a_token_what_no_role_grants(
    control_plane: ControlPlane,
    namespace: str,
) -> None:
    rule = {"apiGroups": [""], "resources": ["pods"], "verbs": ["list"]}
    control_plane.api.apply(*account("reader", namespace, rule))
    reader = control_plane.api_as(control_plane.token("reader", namespace))
    assert reader.request("GET", f"/api/v1/namespaces/{namespace}/pods").status == 200
    assert reader.request("GET", f"/api/v1/namespaces/{namespace}/services").status == 403
    assert reader.request("GET", "/api/v1/pods").status == 403


def test_a_token_that_has_ended_is_refused(control_plane: ControlPlane, namespace: str) -> None:
    good = control_plane.short_token("default", namespace, seconds=60)
    ended = control_plane.short_token("default", namespace, seconds=-120)
    path = f"/api/v1/namespaces/{namespace}/pods"
    assert control_plane.api_as(good).request("GET", path).status == 403
    assert control_plane.api_as(ended).request("GET", path).status == 401
    assert control_plane.api_as("nonsense").request("GET", path).status == 401


def test_a_kubeconfig_for_a_user_makes_that_user_known(
    control_plane: ControlPlane,
    tmp_path: Path,
) -> None:
    config = json.loads(control_plane.kubeconfig_for_user("ada", ["readers"]).read_text())
    login = config["users"][0]["user"]
    pem = tmp_path / "ada.pem"
    parts = ("client-certificate-data", "client-key-data")
    pem.write_bytes(b"".join(base64.b64decode(login[part]) for part in parts))
    tls = ssl.create_default_context(cafile=control_plane.ca_file)
    tls.load_cert_chain(pem)
    review = Api(config["clusters"][0]["cluster"]["server"], tls).create(
        "/apis/authentication.k8s.io/v1/selfsubjectreviews",
        {"apiVersion": "authentication.k8s.io/v1", "kind": "SelfSubjectReview"},
    )
    user = review["status"]["userInfo"]
    assert user["username"] == "ada"
    assert "readers" in user["groups"]
    assert "system:masters" not in user["groups"]


def test_a_killed_api_server_comes_back_with_its_data(
    control_plane: ControlPlane,
    namespace: str,
) -> None:
    (before,) = control_plane.api.apply(config_map("kept", namespace, answer="42"))
    control_plane.api_server.kill()
    with pytest.raises(ConnectionError):
        control_plane.api.get("/version")
    control_plane.api_server.start()
    path = f"/api/v1/namespaces/{namespace}/configmaps/kept"
    assert control_plane.api.get(path) == before


def test_controllers_go_on_after_the_api_server_was_killed(
    control_plane: ControlPlane,
    namespace: str,
) -> None:
    control_plane.ensure_nodes(2)
    control_plane.deploy("web", 1, namespace)
    control_plane.api_server.restart()
    assert len(control_plane.deploy("web", 4, namespace)) == 4


def test_a_new_kwok_does_not_give_away_the_addresses_of_running_pods(
    control_plane: ControlPlane,
    namespace: str,
) -> None:
    control_plane.ensure_nodes(2)
    pods = control_plane.deploy("old", 5, namespace)
    control_plane.kwok.restart()
    pods += control_plane.deploy("new", 5, namespace)
    assert len({row["ip"] for pod in pods for row in pod["status"]["podIPs"]}) == 20


def test_a_killed_etcd_comes_back_with_its_data(
    control_plane: ControlPlane,
    namespace: str,
) -> None:
    (before,) = control_plane.api.apply(config_map("kept", namespace, answer="42"))
    control_plane.etcd.restart()
    path = f"/api/v1/namespaces/{namespace}/configmaps/kept"
    control_plane.wait_until(lambda: control_plane.api.request("GET", path).status == 200, "etcd answers again")
    assert control_plane.api.get(path) == before


def test_a_watch_from_before_a_compaction_is_gone(
    control_plane: ControlPlane,
    namespace: str,
) -> None:
    path = f"/api/v1/namespaces/{namespace}/events"
    (first,) = control_plane.api.apply(event("first", namespace))
    version = first["metadata"]["resourceVersion"]
    control_plane.api.apply(event("second", namespace), event("third", namespace))
    seen = watch(control_plane.api, path, version).events()
    assert [row["object"]["metadata"]["name"] for row in seen] == ["second", "third"]
    control_plane.compact_etcd()
    assert is_gone(watch(control_plane.api, path, version))


def test_a_watch_of_a_cached_kind_from_before_forgotten_history_is_gone(
    control_plane: ControlPlane,
    namespace: str,
) -> None:
    path = f"/api/v1/namespaces/{namespace}/configmaps"
    (first,) = control_plane.api.apply(config_map("one", namespace, turn="1"))
    version = first["metadata"]["resourceVersion"]
    control_plane.api.apply(config_map("one", namespace, turn="2"))
    assert not is_gone(watch(control_plane.api, path, version))
    control_plane.forget_history()
    assert is_gone(watch(control_plane.api, path, version))


def test_a_watch_can_begin_with_the_list_and_says_where_it_ends(
    control_plane: ControlPlane,
    namespace: str,
) -> None:
    path = f"/api/v1/namespaces/{namespace}/configmaps"
    control_plane.api.apply(*(config_map(f"map-{n}", namespace) for n in range(3)))
    names = {row["metadata"]["name"] for row in control_plane.api.items(path)}
    stream = control_plane.api.request(
        "GET",
        path,
        watch=1,
        sendInitialEvents="true",
        resourceVersionMatch="NotOlderThan",
        allowWatchBookmarks="true",
        timeoutSeconds=1,
    ).events()
    kinds = [row["type"] for row in stream[: len(names) + 1]]
    assert kinds == ["ADDED"] * len(names) + ["BOOKMARK"]
    assert {row["object"]["metadata"]["name"] for row in stream[: len(names)]} == names
    end = stream[len(names)]["object"]["metadata"]["annotations"]
    assert end == {"k8s.io/initial-events-end": "true"}


def test_a_chunked_list_yields_every_object_once(
    control_plane: ControlPlane,
    namespace: str,
) -> None:
    path = f"/api/v1/namespaces/{namespace}/configmaps"
    control_plane.api.apply(*(config_map(f"map-{n}", namespace) for n in range(25)))
    everything = [row["metadata"]["name"] for row in control_plane.api.items(path)]
    page = control_plane.api.get(path, limit=10)
    version, names, sizes = page["metadata"]["resourceVersion"], [], []
    while True:
        names += [row["metadata"]["name"] for row in page["items"]]
        sizes.append(len(page["items"]))
        if not (token := page["metadata"].get("continue")):
            break
        page = control_plane.api.get(path, **{"limit": 10, "continue": token})
        assert page["metadata"]["resourceVersion"] == version
    assert names == everything
    assert sizes == [10, 10, 6]


def test_a_continue_token_from_before_forgotten_history_is_gone(
    control_plane: ControlPlane,
    namespace: str,
) -> None:
    path = f"/api/v1/namespaces/{namespace}/configmaps"
    control_plane.api.apply(*(config_map(f"map-{n}", namespace) for n in range(3)))
    token = control_plane.api.get(path, limit=2)["metadata"]["continue"]
    control_plane.api.apply(config_map("map-0", namespace, turn="2"))
    control_plane.forget_history()
    answer = control_plane.api.request("GET", path, **{"limit": 2, "continue": token})
    assert answer.status == 410


def test_a_kind_of_a_new_crd_can_be_applied_at_once(
    control_plane: ControlPlane,
    namespace: str,
) -> None:
    group = f"{namespace}.example.invalid"
    schema = {"type": "object", "x-kubernetes-preserve-unknown-fields": True}
    version = {"name": "v1", "served": True, "storage": True}
    crd = {
        "apiVersion": "apiextensions.k8s.io/v1",
        "kind": "CustomResourceDefinition",
        "metadata": {"name": f"cafes.{group}"},
        "spec": {
            "group": group,
            "scope": "Namespaced",
            "names": {"plural": "cafes", "singular": "cafe", "kind": "Cafe"},
            "versions": [{**version, "schema": {"openAPIV3Schema": schema}}],
        },
    }
    cafe = {
        "apiVersion": f"{group}/v1",
        "kind": "Cafe",
        "metadata": {"name": "corner", "namespace": namespace},
        "seats": 12,
    }
    _, made = control_plane.api.apply(crd, cafe)
    assert made["seats"] == 12
    control_plane.api.delete(crd)


def test_a_paused_api_server_leaves_its_clients_waiting(control_plane: ControlPlane) -> None:
    control_plane.api_server.pause()
    answers: list[float] = []

    def ask() -> None:
        control_plane.api.get("/version")
        answers.append(time.monotonic())

    client = threading.Thread(target=ask)
    client.start()
    client.join(1)
    assert not answers
    resumed = time.monotonic()
    control_plane.api_server.resume()
    client.join(30)
    assert answers[0] > resumed


def test_a_component_that_cannot_start_says_why_and_leaves_nothing_running(
    control_plane: ControlPlane,
    tmp_path: Path,
) -> None:
    broken = ControlPlane(build.folder(), tmp_path, ["--no-such-flag"])
    with pytest.raises(ComponentError, match=r"(?s)kube-apiserver ended.*unknown flag: --no-such"):
        broken.start()
    assert [component.pid for component in broken.components] == [None] * 5


def test_the_keeper_kills_what_a_dead_test_run_left_behind() -> None:
    left, stopped = (subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"]) for _ in range(2))
    lines = f"+{left.pid}\n+{stopped.pid}\n-{stopped.pid}\n"
    subprocess.run([sys.executable, str(KEEPER)], input=lines, text=True, check=True)
    assert wait_until(left.poll, "the process is killed") == -9
    assert stopped.poll() is None
    stopped.kill()
    stopped.wait()


def test_without_binaries_tests_skip_but_in_ci_they_fail(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CI", "true")
    with pytest.raises(pytest.fail.Exception, match="make kube"):
        _do_without("run `make kube` first")
    monkeypatch.delenv("CI")
    with pytest.raises(pytest.skip.Exception, match="make kube"):
        _do_without("run `make kube` first")
