"""After each fault the inventory is what the API server lists, and its history claims no more than was known.

Nothing that is still there was deleted, no version overlaps the next, and what ended unseen ended somewhere between
`seen_until` and `valid_to`.
"""

import json
import sys
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from tagweave.inventory import Version
from tagweave.model import Failure
from tagweave.model.times import FOREVER, parse_time, to_ns
from tagweave.sources.kubernetes import Config

from .api import Object
from .controlplane import ControlPlane
from .live import Live, check_history
from .manifests import account, pod
from .proxy import Proxy

QUICK: dict[str, Any] = {"watch_seconds": 20, "silence_seconds": 3, "discovery_seconds": 2}
SLACK = 2 * 10**9
"""Nanoseconds by which times may differ that are told in whole seconds."""


def through(proxy: Proxy, **options: Any) -> Config:
    return Config(name="live", server=proxy.url, **(QUICK | options))


def now() -> int:
    return to_ns(datetime.now(UTC))


def create(plane: ControlPlane, namespace: str, *names: str) -> list[Object]:
    for name in names:
        plane.api.create(f"/api/v1/namespaces/{namespace}/pods", pod(name, namespace))
    return [plane.wait_for_pods(f"app={name}", 1, namespace)[0] for name in names]


def remove(plane: ControlPlane, namespace: str, *names: str) -> None:
    """Delete pods and wait until they are gone."""
    for name in names:
        plane.api.delete(pod(name, namespace))
    path = f"/api/v1/namespaces/{namespace}/pods"
    plane.wait_until(
        lambda: not {p["metadata"]["name"] for p in plane.api.items(path)} & {*names}, f"{names} are deleted"
    )


def only(versions: list[Version]) -> Version:
    assert versions
    return versions[-1]


def ended_between(version: Version, start: int, end: int) -> bool:
    """Whether the interval in which a version may have ended has a part in that in which it did."""
    return version.seen_until <= end + SLACK and version.valid_to >= start - SLACK


@pytest.fixture
def nodes(control_plane: ControlPlane) -> list[str]:
    return control_plane.ensure_nodes(2)


def test_an_api_server_that_is_killed_takes_nothing_with_it(
    control_plane: ControlPlane, namespace: str, nodes: list[str], proxy: Proxy, tmp_path: Path
) -> None:
    create(control_plane, namespace, "before")
    with Live(through(proxy), tmp_path) as live:
        live.until_same(control_plane.api)
        control_plane.api_server.kill()
        live.until(lambda: "pods" in live.errors(), "the pods are stale")
        assert only(live.versions("pod", "before", namespace)).valid_to == FOREVER
        control_plane.api_server.start()
        live.until(lambda: not live.errors(), "nothing is stale")
        create(control_plane, namespace, "after")
        live.until_same(control_plane.api)
        assert only(live.versions("pod", "before", namespace)).valid_to == FOREVER
        assert {v.rid for v in live.versions("node")} == {v.rid for v in live.versions("node") if v.valid_to == FOREVER}
        check_history(live.inventory)


def test_a_history_that_the_server_forgot_is_listed_anew_and_what_is_gone_is_told_with_its_uncertainty(
    control_plane: ControlPlane, namespace: str, nodes: list[str], proxy: Proxy, tmp_path: Path
) -> None:
    create(control_plane, namespace, "stays", "goes")
    with Live(through(proxy), tmp_path) as live:
        live.until_same(control_plane.api)
        proxy.cut()
        last_seen = now()
        time.sleep(1)
        start = now()
        remove(control_plane, namespace, "goes")
        end = now()
        create(control_plane, namespace, "comes")
        control_plane.forget_history()
        listings = len(live.pulses("pods", "listed"))
        proxy.resume()
        live.until_same(control_plane.api)
        assert len(live.pulses("pods", "listed")) > listings
        goes = only(live.versions("pod", "goes", namespace))
        assert goes.valid_to != FOREVER
        assert goes.seen_until <= last_seen + SLACK
        assert ended_between(goes, start, end)
        assert only(live.versions("pod", "stays", namespace)).valid_to == FOREVER
        check_history(live.inventory)


@pytest.mark.parametrize("count", [1, 700, 2_500, 9_000])
def test_a_watch_that_is_cut_within_an_event_loses_nothing(
    control_plane: ControlPlane, namespace: str, nodes: list[str], proxy: Proxy, tmp_path: Path, count: int
) -> None:
    create(control_plane, namespace, "old")
    with Live(through(proxy, silence_seconds=60), tmp_path) as live:
        live.until_same(control_plane.api)
        listings = len(live.pulses("pods", "listed"))
        proxy.cut_within(count)
        start = now()
        remove(control_plane, namespace, "old")
        end = now()
        create(control_plane, namespace, "new-1", "new-2", "new-3")
        live.until(lambda: proxy.spent, "the watches are cut")
        proxy.resume()
        live.until_same(control_plane.api)
        assert len(live.pulses("pods", "listed")) == listings
        assert ended_between(only(live.versions("pod", "old", namespace)), start, end)
        check_history(live.inventory)


def test_a_watch_that_stalls_is_dropped_and_what_it_missed_is_told_with_its_uncertainty(
    control_plane: ControlPlane, namespace: str, nodes: list[str], proxy: Proxy, tmp_path: Path
) -> None:
    create(control_plane, namespace, "stays", "goes")
    with Live(through(proxy), tmp_path) as live:
        live.until_same(control_plane.api)
        proxy.stall()
        last_seen = now()
        start = now()
        remove(control_plane, namespace, "goes")
        end = now()
        create(control_plane, namespace, "comes")
        live.until(lambda: "pods" in live.errors(), "the pods are stale")
        assert only(live.versions("pod", "goes", namespace)).valid_to == FOREVER
        proxy.resume()
        live.until_same(control_plane.api)
        live.until(lambda: not live.errors(), "nothing is stale")
        goes = only(live.versions("pod", "goes", namespace))
        assert goes.seen_until <= last_seen + SLACK
        assert ended_between(goes, start, end)
        check_history(live.inventory)


@pytest.mark.parametrize("forgotten", [False, True], ids=["remembered", "forgotten"])
def test_a_namespace_of_a_thousand_pods_that_goes_unwatched_is_gone(
    control_plane: ControlPlane, nodes: list[str], proxy: Proxy, tmp_path: Path, forgotten: bool
) -> None:
    control_plane.ensure_nodes(12)
    name = f"crowd-{'f' if forgotten else 'r'}"
    control_plane.api.apply({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}})
    control_plane.deploy("crowd", 1000, name)
    with Live(through(proxy), tmp_path) as live:
        live.until_same(control_plane.api)
        proxy.cut()
        start = now()
        control_plane.api.delete({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}})
        path = f"/api/v1/namespaces/{name}"
        control_plane.wait_until(lambda: control_plane.api.request("GET", path).status == 404, "it is gone", 120)
        end = now()
        if forgotten:
            control_plane.forget_history()
        proxy.resume()
        live.until_same(control_plane.api)
        crowd = live.versions("pod", namespace=name)
        assert len({v.rid for v in crowd}) == 1000
        last = {v.rid: v for v in crowd}.values()
        assert all(ended_between(version, start, end) for version in last)
        check_history(live.inventory)


READ_ALL = [{"apiGroups": ["*"], "resources": ["*"], "verbs": ["get", "list", "watch"]}]
ALL_BUT_PODS = [
    {
        "apiGroups": ["apps", "batch", "discovery.k8s.io", "networking.k8s.io"],
        "resources": ["*"],
        "verbs": ["list", "watch"],
    },
    {
        "apiGroups": [""],
        "resources": ["namespaces", "nodes", "services", "replicationcontrollers"],
        "verbs": ["get", "list", "watch"],
    },
]


@pytest.fixture
def reader(control_plane: ControlPlane, namespace: str) -> Iterator[str]:
    """A service account that may read everything."""
    name = f"reader-{namespace}"
    made = account(name, namespace, READ_ALL)
    control_plane.api.apply(*made)
    yield name
    control_plane.api.delete(*made)


def by_file(plane: ControlPlane, file: Path) -> Config:
    return Config(
        name="live",
        server=plane.url,
        ca_file=str(plane.ca_file),
        token_file=str(file),
        **(QUICK | {"watch_seconds": 2, "silence_seconds": 20}),
    )


def by_plugin(plane: ControlPlane, file: Path) -> Config:
    """A kubeconfig with an exec plugin that hands out the token in a file."""
    program = (
        "import json, sys; print(json.dumps({'apiVersion': 'client.authentication.k8s.io/v1', 'kind': 'ExecCredential',"
        " 'status': {'token': open(sys.argv[1]).read()}}))"
    )
    kubeconfig = json.loads(plane.kubeconfig_for_token("none").read_text())
    kubeconfig["users"][0]["user"] = {
        "exec": {
            "apiVersion": "client.authentication.k8s.io/v1",
            "command": sys.executable,
            "args": ["-c", program, str(file)],
            "interactiveMode": "Never",
        }
    }
    path = file.with_suffix(".kubeconfig")
    path.write_text(json.dumps(kubeconfig))
    return Config(name="live", kubeconfig=str(path), **(QUICK | {"watch_seconds": 2, "silence_seconds": 20}))


@pytest.mark.parametrize("login", [by_file, by_plugin])
def test_an_expired_token_is_renewed_and_until_then_nothing_is_lost(
    control_plane: ControlPlane, namespace: str, nodes: list[str], reader: str, tmp_path: Path, login: Any
) -> None:
    create(control_plane, namespace, "old")
    token = tmp_path / "token"
    token.write_text(control_plane.token(reader, namespace))
    secrets = {token.read_text()}
    with Live(login(control_plane, token), tmp_path) as live:
        live.until_same(control_plane.api)
        token.write_text(control_plane.short_token(reader, namespace, -120))
        again = account(reader, namespace, READ_ALL)[0]
        control_plane.api.delete(again)
        control_plane.api.apply(again)  # the token that Live holds was another account's now
        live.until(lambda: "not accepted" in live.errors().get("pods", ""), "the token is refused")
        assert only(live.versions("pod", "old", namespace)).valid_to == FOREVER
        secrets.add(token.read_text())
        token.write_text(control_plane.token(reader, namespace))
        live.until(lambda: not live.errors(), "nothing is stale")
        create(control_plane, namespace, "new")
        live.until_same(control_plane.api)
        assert only(live.versions("pod", "old", namespace)).valid_to == FOREVER
        assert not [secret for secret in secrets if secret in str(live.seen)]
        check_history(live.inventory)


def test_a_token_that_is_renewed_in_its_file_before_it_is_refused_is_never_missed(
    control_plane: ControlPlane, namespace: str, nodes: list[str], reader: str, tmp_path: Path
) -> None:
    token = tmp_path / "token"
    old = control_plane.short_token(reader, namespace, -55)
    token.write_text(old)
    with Live(by_file(control_plane, token), tmp_path) as live:
        live.until_same(control_plane.api)
        token.write_text(control_plane.token(reader, namespace))
        live.until(lambda: control_plane.api_as(old).request("GET", "/version").status == 401, "it is refused")
        time.sleep(6)  # every watch of two to four seconds has ended since
        create(control_plane, namespace, "new")
        live.until_same(control_plane.api)
        assert not live.of(Failure)


def test_a_kind_whose_permission_is_withdrawn_grows_old_alone_and_recovers_when_it_is_granted(
    control_plane: ControlPlane, namespace: str, nodes: list[str], reader: str, tmp_path: Path
) -> None:
    create(control_plane, namespace, "old", "gone")
    token = tmp_path / "token"
    token.write_text(control_plane.token(reader, namespace))
    with Live(by_file(control_plane, token), tmp_path) as live:
        live.until_same(control_plane.api)
        control_plane.api.apply(*account(reader, namespace, ALL_BUT_PODS))
        live.until(lambda: "pods" in live.errors(), "the pods are stale")
        error = live.errors()["pods"]
        assert "pods is forbidden" in error
        assert "deploy/kubernetes" in error
        start = now()
        remove(control_plane, namespace, "gone")
        end = now()
        control_plane.deploy("web", 1, namespace)
        live.until(lambda: live.versions("workload", "web", namespace), "other kinds are followed")
        assert set(live.errors()) == {"pods"}
        assert only(live.versions("pod", "old", namespace)).valid_to == FOREVER
        control_plane.api.apply(*account(reader, namespace, READ_ALL))
        live.until(lambda: not live.errors(), "nothing is stale")
        live.until_same(control_plane.api)
        assert ended_between(only(live.versions("pod", "gone", namespace)), start, end)
        assert only(live.versions("pod", "old", namespace)).valid_to == FOREVER
        check_history(live.inventory)


def give(plane: ControlPlane, namespace: str, name: str, address: str) -> None:
    """Have a pod that runs be at an address."""
    path = f"/api/v1/namespaces/{namespace}/pods/{name}/status"
    plane.api.patch(path, {"status": {"podIP": address, "podIPs": [{"ip": address}]}})


@pytest.mark.parametrize("ahead", [0, 300, -300], ids=["same clock", "ahead", "behind"])
@pytest.mark.parametrize("cut", [False, True], ids=["watched", "unwatched"])
def test_two_pods_in_turn_on_one_address_hold_it_one_after_the_other(
    control_plane: ControlPlane, namespace: str, nodes: list[str], proxy: Proxy, tmp_path: Path, ahead: int, cut: bool
) -> None:
    address = f"10.128.77.{(3 * cut) + (ahead // 300) + 2}"  # another one each time
    create(control_plane, namespace, "first")
    give(control_plane, namespace, "first", address)
    with Live(through(proxy), tmp_path, machine=lambda: time.time() + ahead) as live:
        live.until_same(control_plane.api)
        time.sleep(2)
        if cut:
            proxy.cut()
        start = now()
        remove(control_plane, namespace, "first")
        end = now()
        time.sleep(2)
        create(control_plane, namespace, "second")
        give(control_plane, namespace, "second", address)
        begins = now()
        time.sleep(2)
        if cut:
            proxy.resume()
        live.until_same(control_plane.api)
        time.sleep(2)
        live.until(lambda: len(live.index.history(address)) == 2, "both had the address")
        first, second = live.index.history(address)
        assert (first.name, second.name) == ("first", "second")
        assert first.until is not None
        assert second.since is not None
        assert parse_time(first.until) <= parse_time(second.since)
        assert ended_between(only(live.versions("pod", "first", namespace)), start, end)
        assert abs(to_ns(parse_time(second.since)) - begins) <= 2 * SLACK
        clock_told = [defect for defect in live.defects() if "clock" in defect.where]
        assert bool(clock_told) == bool(ahead)
        check_history(live.inventory)
