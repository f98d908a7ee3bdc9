"""A `tagweave run` of its own for tests, in a folder with a dump."""

import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import requests

PROGRAM = str(Path(sys.executable).parent / "tagweave")


def pod(name: str, ip: str, phase: str = "Running") -> dict[str, Any]:
    created = "2026-01-01T09:00:00Z"
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": name, "namespace": "web", "uid": f"uid-{name}", "creationTimestamp": created},
        "spec": {"nodeName": "node-1"},
        "status": {"phase": phase, "podIP": ip, "podIPs": [{"ip": ip}], "startTime": created},
    }


def dump(*pods: dict[str, Any]) -> str:
    return json.dumps({"kind": "PodList", "apiVersion": "v1", "items": list(pods)})


class Service(NamedTuple):
    """A running `tagweave run`."""

    url: str
    folder: Path
    process: "subprocess.Popen[bytes]"

    def get(self, path: str, **more: Any) -> requests.Response:
        return requests.get(self.url + path, timeout=10, **more)

    def post(self, path: str, data: bytes, **headers: str) -> requests.Response:
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        return requests.post(self.url + path, data=data, headers=named, timeout=30)

    def log(self) -> list[dict[str, Any]]:
        return [json.loads(line) for line in (self.folder / "log").read_text().splitlines()]

    def end(self, how: signal.Signals = signal.SIGTERM) -> int:
        self.process.send_signal(how)
        return self.process.wait(30)


def free_port() -> int:
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        port: int = one.getsockname()[1]
    return port


def until(holds: Callable[[], bool], seconds: float = 30) -> None:
    end = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < end, "it did not come true"
        time.sleep(0.05)


def begin(folder: Path, *, ready: bool = True, program: tuple[str, ...] = (PROGRAM,)) -> Service:
    """Run the service in a folder; wait until it answers, and until every source was read."""
    port = free_port()
    environment = {k: v for k, v in os.environ.items() if not k.startswith("TAGWEAVE_")}
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen(
            [*program, "run", "--listen", f"127.0.0.1:{port}", "--data-dir", "data"],
            cwd=folder, env=environment, stdout=log, stderr=log,
        )  # fmt: skip
    service = Service(f"http://127.0.0.1:{port}", folder, process)

    def answers() -> bool:
        assert process.poll() is None, (folder / "log").read_text()
        try:
            return service.get("/readyz" if ready else "/healthz").ok
        except requests.ConnectionError:
            return False

    until(answers)
    return service


def write(folder: Path, more: str = "", interval: float = 300) -> None:
    folder.mkdir(exist_ok=True)
    (folder / "shop.json").write_text(dump(pod("a", "10.244.0.5"), pod("b", "10.244.0.6")))
    (folder / "tagweave.yaml").write_text(
        f"interval_seconds: {interval}\n{more}sources:\n  - {{name: shop, type: files, path: shop.json}}\n"
    )
