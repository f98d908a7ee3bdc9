"""deploy/kubernetes/tagweave.yaml starts: its command, environment, user and mounts, on a root that is read-only."""

import json
import os
import shlex
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final, NamedTuple

import pytest
import requests
import yaml

from .service import PROGRAM, dump, free_port, pod

MANIFEST: Final = Path(__file__).parents[2] / "deploy" / "kubernetes" / "tagweave.yaml"
SOURCE: Final = Path(__file__).parents[2] / "src"
TOKEN: Final = "a-token-of-the-test"
READ_ALL: Final = "-all,+dac_read_search"
"""No capability but to read: an image can be read by everybody, this checkout maybe not."""


def documents() -> dict[str, Any]:
    return {one["kind"]: one for one in yaml.safe_load_all(MANIFEST.read_text())}


def template() -> Any:
    return documents()["Deployment"]["spec"]["template"]["spec"]


def namespaces() -> str:
    """Why the test cannot run here; empty where it can."""
    if sys.platform != "linux":
        return "mount namespaces are Linux's"
    if os.geteuid() != 0:
        return "only root may change mounts and users: run it as root"
    for command in ("unshare", "setpriv"):
        if subprocess.run(["sh", "-c", f"command -v {command}"], capture_output=True, check=False).returncode:
            return f"there is no {command}: install util-linux"
    tried = ["unshare", "--mount", "--propagation", "private", "mount", "-o", "remount,bind,ro", "/"]
    done = subprocess.run(tried, capture_output=True, text=True, check=False)
    return f"this container may not mount: {done.stderr.strip()}" if done.returncode else ""


class Deployed(NamedTuple):
    """What was started, and the folders that stand for its volumes."""

    url: str
    process: "subprocess.Popen[bytes]"
    volumes: dict[str, Path]
    log: Path

    def get(self, path: str) -> requests.Response:
        return requests.get(self.url + path, headers={"Authorization": f"Bearer {TOKEN}"}, timeout=10)


def volumes(folder: Path, port: int) -> dict[str, Path]:
    """A folder for each volume; the configuration is the manifest's with a source and a port that are here."""
    made = {}
    for volume in template()["volumes"]:
        made[volume["name"]] = folder / volume["name"]
        made[volume["name"]].mkdir()
    user = template()["securityContext"]
    for name in ("data", "tmp"):
        os.chown(made[name], 0, user["fsGroup"])
        made[name].chmod(0o770)
    settings = yaml.safe_load(documents()["ConfigMap"]["data"]["tagweave.yaml"])
    settings["server"]["listen"] = f"127.0.0.1:{port}"
    settings["sources"] = [{"name": "shop", "type": "files", "path": "shop.json"}]
    (made["config"] / "tagweave.yaml").write_text(yaml.safe_dump(settings))
    (made["config"] / "shop.json").write_text(dump(pod("a", "10.244.0.5")))
    (made["tokens"] / "tokens").write_text(f"{TOKEN}\n")
    return made


def started(folder: Path) -> "tuple[subprocess.Popen[bytes], str, dict[str, Path], Path]":
    """The manifest's container: its mounts over a root that is read-only, its user, its environment, its command."""
    port = free_port()
    made = volumes(folder, port)
    spec = template()
    container, user = spec["containers"][0], spec["securityContext"]["runAsUser"]
    assert container["securityContext"]["readOnlyRootFilesystem"] is True
    assert container["securityContext"]["capabilities"] == {"drop": ["ALL"]}
    mounts = sorted(container["volumeMounts"], key=lambda mount: mount["mountPath"] == "/tmp")
    kept_out = {one["name"] for one in spec["volumes"] if "configMap" in one or "secret" in one}
    over = dict.fromkeys(f"/{Path(m['mountPath']).parts[1]}" for m in mounts if m["mountPath"] != "/tmp")
    lines = ["set -e", *(f"mount -t tmpfs none {top}" for top in over)]  # only in this namespace
    for mount in mounts:
        path = mount["mountPath"]
        lines += [f"mkdir -p {path}", f"mount --bind {shlex.quote(str(made[mount['name']]))} {path}"]
        if mount["name"] in kept_out:
            lines.append(f"mount -o remount,bind,ro {path}")
    lines += [f"mount -o remount,ro {top}" for top in over]
    lines += ["mount -o remount,bind,ro /"]
    environment = {one["name"]: one["value"] for one in container.get("env", [])}
    environment |= {"PATH": f"{Path(PROGRAM).parent}:{os.environ['PATH']}", "PYTHONPATH": str(SOURCE)}  # the image's
    group = spec["securityContext"]["fsGroup"]
    run = ["setpriv", "--reuid", str(user), "--regid", "0", "--groups", str(group), "--no-new-privs",
           "--inh-caps", READ_ALL, "--ambient-caps", READ_ALL, "--bounding-set", READ_ALL,
           "env", "-i", *(f"{k}={v}" for k, v in environment.items()), *container["command"]]  # fmt: skip
    lines.append(f"exec {shlex.join(run)}")
    log = folder / "log"
    with log.open("wb") as file:
        command = ["unshare", "--mount", "--propagation", "private", "sh", "-c", "\n".join(lines)]
        process = subprocess.Popen(command, stdout=file, stderr=file, cwd="/")
    return process, f"http://127.0.0.1:{port}", made, log


@pytest.fixture(scope="module")
def deployed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Deployed]:
    if why := namespaces():
        pytest.skip(why)
    process, url, made, log = started(tmp_path_factory.mktemp("deployed"))
    end = time.monotonic() + 60
    try:
        while True:
            assert process.poll() is None, log.read_text()
            assert time.monotonic() < end, log.read_text()
            try:
                if requests.get(f"{url}/readyz", timeout=5).ok:
                    break
            except requests.ConnectionError:
                time.sleep(0.1)
        yield Deployed(url, process, made, log)
    finally:
        process.terminate()
        assert process.wait(30) == 0


def test_it_gets_ready_and_a_look_up_answers(deployed: Deployed) -> None:
    answer = deployed.get("/api/v1/lookup?key=10.244.0.5&at=2026-01-01T12:00:00Z")
    assert answer.status_code == 200, answer.text
    assert answer.json()["tags"]["k8s.pod.name"] == "a"
    assert "Traceback" not in deployed.log.read_text()


def test_records_are_tagged_and_what_is_compiled_is_kept_in_the_data_folder(deployed: Deployed) -> None:
    record = {"time": "2026-01-01T12:00:00Z", "src_ip": "10.244.0.5"}
    answer = requests.post(
        f"{deployed.url}/api/v1/tag?tag=k8s.pod.name", data=json.dumps(record) + "\n", timeout=60,
        headers={"Authorization": f"Bearer {TOKEN}", "Content-Type": "application/x-ndjson"},
    )  # fmt: skip
    assert answer.status_code == 200, answer.text
    assert answer.json()["source.k8s.pod.name"] == "a"
    kept = {path.name for path in deployed.volumes["data"].iterdir()}
    assert {"inventory.db", "numba"} <= kept
    assert list((deployed.volumes["data"] / "numba").rglob("*.nbc"))
    assert list(deployed.volumes["tmp"].iterdir()) == []


def test_it_writes_nothing_outside_of_its_data_folder_and_tmp(deployed: Deployed) -> None:
    """The root is read-only, and of what is mounted over it these two are not."""
    lines = [line.split() for line in Path(f"/proc/{deployed.process.pid}/mounts").read_text().splitlines()]
    writable = {path: "rw" in options.split(",") for _, path, _, options, *_ in lines}
    mounts = template()["containers"][0]["volumeMounts"]
    own = {"/", "/etc", "/var", *(mount["mountPath"] for mount in mounts)}
    named = {mount["mountPath"] for mount in mounts if mount["name"] in ("data", "tmp")}
    assert {path for path in own if writable[path]} == named


def test_it_runs_as_the_manifest_says(deployed: Deployed) -> None:
    status = Path(f"/proc/{deployed.process.pid}/status").read_text()
    assert f"Uid:\t{template()['securityContext']['runAsUser']}\t" in status
    environment = Path(f"/proc/{deployed.process.pid}/environ").read_bytes().split(b"\0")
    assert not any(one.startswith((b"HOME=", b"TMPDIR=", b"NUMBA_")) for one in environment if one)


def test_every_volume_that_it_writes_to_has_a_limit() -> None:
    for volume in template()["volumes"]:
        if "emptyDir" in volume:
            assert volume["emptyDir"]["sizeLimit"], volume["name"]
