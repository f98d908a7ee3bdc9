"""The command at work: dumps of two clusters and a cloud account, synced once, and `tagweave` called on them."""

import io
import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from tagweave.cli.main import run

Json = dict[str, Any]

CONFIG = """\
groups:
  team: [k8s.pod.label.team, k8s.namespace.name]
sources:
  - name: acme
    type: files
    provider: aws
    account: "123456789012"
    snapshots: [{path: acme.jsonl, at: 2026-01-01T10:00:00Z}]
  - name: shop
    type: files
    snapshots:
      - {path: shop-1000.json, at: 2026-01-01T10:00:00Z}
      - {path: shop-1100.json, at: 2026-01-01T11:00:00Z}
  - name: lab
    type: files
    snapshots: [{path: lab, at: 2026-01-01T10:00:00Z}]
"""

ACME = [
    {"kind": "region", "id": "eu-1"},
    {"kind": "vpc", "id": "vpc-1", "name": "main", "region": "eu-1", "cidrs": ["10.0.0.0/16"]},
    {"kind": "subnet", "id": "subnet-1", "name": "front", "vpc": "vpc-1", "cidrs": ["10.0.1.0/24"]},
    {
        "kind": "vm", "id": "i-1", "name": "web-1", "created_at": "2026-01-01T08:00:00Z", "region": "eu-1",
        "vpc": "vpc-1", "state": "running", "labels": {"team": "red", "cost.center": "7"},
        "interfaces": [{"mac": "02:00:00:00:00:01", "subnet": "subnet-1", "private_ips": ["10.0.1.10"]}],
    },
    {"kind": "vm", "id": "i-2", "name": "web-2", "region": "eu-1", "vpc": "vpc-1", "state": "stopped"},
]  # fmt: skip


def meta(name: str, uid: str, namespace: str = "web", **more: Any) -> Json:
    return {"name": name, "uid": uid, "namespace": namespace, "creationTimestamp": "2026-01-01T09:00:00Z", **more}


def pod(name: str, uid: str, created: str, address: str, labels: Json | None = None) -> Json:
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": meta(name, uid) | {"creationTimestamp": created, "labels": labels or {}},
        "spec": {
            "nodeName": "node-1",
            "containers": [{"name": "main", "ports": [{"name": "http", "containerPort": 8080}]}],
        },
        "status": {
            "phase": "Running",
            "podIP": address,
            "podIPs": [{"ip": address}],
            "startTime": created,
            "containerStatuses": [{"name": "main", "containerID": f"containerd://c-{uid}", "ready": True}],
        },
    }


def dump(cluster: str, *objects: Json) -> str:
    """A dump of a cluster: what each has, and some objects."""
    system = {"name": "kube-system", "uid": cluster, "creationTimestamp": "2026-01-01T08:00:00Z"}
    namespace = {**system, "name": "web", "uid": f"{cluster}-web"}
    service = {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": meta("front", f"{cluster}-front"),
        "spec": {
            "type": "ClusterIP",
            "clusterIPs": ["10.96.0.10"],
            "selector": {"app": "front"},
            "ports": [{"port": 80, "protocol": "TCP", "targetPort": "http"}],
        },
    }
    other = {
        **service,
        "metadata": meta("metrics", f"{cluster}-metrics"),
        "spec": {**service["spec"], "clusterIPs": ["10.96.0.11"], "ports": [{"port": 9090, "targetPort": 9090}]},
    }
    spaces = [{"apiVersion": "v1", "kind": "Namespace", "metadata": m} for m in (system, namespace)]
    return json.dumps({"apiVersion": "v1", "kind": "List", "items": [*spaces, service, other, *objects]})


def write_estate(folder: Path) -> None:
    """`front-a` holds 10.244.0.5 in the cluster `shop` from 09:30, `api-b` from 10:50; `lab` is as large, and alike."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "tagweave.yaml").write_text(CONFIG)
    (folder / "acme.jsonl").write_text("".join(json.dumps(one) + "\n" for one in ACME))
    client = pod("client", "uid-client", "2026-01-01T09:00:00Z", "10.244.0.9")
    front = pod("front-a", "uid-a", "2026-01-01T09:30:00Z", "10.244.0.5", {"app": "front", "team": "blue"})
    later = pod("api-b", "uid-b", "2026-01-01T10:50:00Z", "10.244.0.5")
    (folder / "shop-1000.json").write_text(dump("uid-shop", client, front))
    (folder / "shop-1100.json").write_text(dump("uid-shop", client, later))
    (folder / "lab").mkdir(exist_ok=True)
    twin = pod("client", "uid-twin", "2026-01-01T09:00:00Z", "10.244.0.9")
    (folder / "lab" / "all.json").write_text(dump("uid-lab", twin))


class Done(NamedTuple):
    """What a command did: its exit code, its data, and what it said to a person."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        return json.loads(self.out)


Tagweave = Callable[..., Done]


@pytest.fixture
def tagweave(monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]) -> Tagweave:
    """Call the command's entry point in this process, with its arguments and the bytes of stdin."""

    def call(*arguments: str | Path, stdin: bytes = b"") -> Done:
        monkeypatch.setattr(sys, "argv", ["tagweave", *map(str, arguments)])
        monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BufferedReader(io.BytesIO(stdin))))  # type: ignore[arg-type]
        capfd.readouterr()
        with pytest.raises(SystemExit) as exited:
            run()
        out, err = capfd.readouterr()
        code = exited.value.code
        return Done(code if isinstance(code, int) else 0 if code is None else 1, out, err)

    return call


def environment() -> dict[str, str]:
    return {k: v for k, v in os.environ.items() if not k.startswith("TAGWEAVE_")} | {"PYTHONUTF8": "1"}


def installed(folder: Path, *arguments: str, stdin: bytes | None = None) -> Done:
    """Run the installed command in a folder, as a person does."""
    program = Path(sys.executable).parent / "tagweave"
    done = subprocess.run(
        [program, *arguments], cwd=folder, env=environment(), input=stdin, capture_output=True, check=False, timeout=60
    )
    return Done(done.returncode, done.stdout.decode(), done.stderr.decode())


@pytest.fixture
def shell(tmp_path: Path) -> Tagweave:
    """The installed command in a new folder."""
    return lambda *arguments, stdin=None: installed(tmp_path, *arguments, stdin=stdin)


@pytest.fixture(scope="session")
def estate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder in which everything was synced once; nobody writes to it."""
    folder = tmp_path_factory.mktemp("estate")
    write_estate(folder)
    done = installed(folder, "sync", "--data-dir", "data")
    assert done.code == 0, done.err
    return folder


@pytest.fixture
def synced(estate: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The synced estate, as the environment names it."""
    monkeypatch.setenv("TAGWEAVE_CONFIG", str(estate / "tagweave.yaml"))
    monkeypatch.setenv("TAGWEAVE_DATA_DIR", str(estate / "data"))
    return estate
