"""Claim: the first sync of PODS pods takes at most 3 times what `kubectl get pods -A -o json >/dev/null` takes, and
under 6 KB a pod.

A real API server, and kubectl of the same version. What is measured against it is all of `tagweave run`'s way: decoded,
joined, in the inventory's database and in the tag index. The floor beside it is to ask for all pods in pages of 500, as
kubectl does, and to throw the answers away. Memory is the resident set beyond that of the same process before it began.

Run: .venv/bin/python bench/kubernetes_sync.py [PODS]
"""

import asyncio
import gc
import multiprocessing
import subprocess
import sys
import tempfile
import time
from contextlib import ExitStack
from pathlib import Path
from urllib.parse import quote

from updates import ends

sys.path.insert(0, str(Path(__file__).parents[1]))

from tests.kube import build
from tests.kube.controlplane import ControlPlane
from tests.kube.crowd import address, crowd

from tagweave.derive.writing import IndexWriter
from tagweave.index import TagIndex
from tagweave.index.compiled import for_rows
from tagweave.index.folder import Folder
from tagweave.inventory import Inventory
from tagweave.model import Change, Failure, Snapshot
from tagweave.sources.kubernetes import Config, Source

STAGES = ("the source alone", "with the inventory", "with inventory and index")


def resident() -> int:
    """Bytes of memory that this process has."""
    return int(Path("/proc/self/statm").read_text().split()[1]) * 4096


def plain(plane: ControlPlane) -> float:
    start = time.perf_counter()
    token = ""
    while True:
        more = f"&continue={quote(token)}" if token else ""
        page = plane.api.request("GET", f"/api/v1/pods?limit=500{more}").body
        _, found, rest = page[:1000].partition(b'"continue":"')
        if not found:
            return time.perf_counter() - start
        token = rest.partition(b'"')[0].decode()


def kubectl(plane: ControlPlane) -> float:
    start = time.perf_counter()
    command = [
        build.folder() / "kubectl",
        "--kubeconfig",
        str(plane.admin_kubeconfig),
        "get",
        "pods",
        "-A",
        "-o",
        "json",
    ]
    subprocess.run(command, stdout=subprocess.DEVNULL, check=True)
    return time.perf_counter() - start


async def follow(kubeconfig: str, folder: Path, stage: int, pods: int) -> tuple[float, float, float]:
    inventory = Inventory.open(f"sqlite:///{folder / 'inventory.db'}")
    place = Folder(folder / "index")
    writer = IndexWriter(place, inventory, {}, {})
    source = Source(Config(name="bench", kubeconfig=kubeconfig))
    with ExitStack() as locked:
        if stage == 2:
            locked.enter_context(place.lock())
            writer.begin()
            for_rows(1 << 20)  # loads what is compiled
        gc.collect()
        before, start, known, listed = resident(), time.perf_counter(), 0, 0.0
        stream = source.follow()
        async for batch in stream:
            if isinstance(batch, Snapshot) and batch.scope.kind == "pod":
                listed = time.perf_counter() - start
                known = len(batch.resources)
            if stage and isinstance(batch, Snapshot | Change | Failure):
                writer.take(inventory.observe(batch))
                if stage == 2:
                    writer.flush()
            if isinstance(batch, Snapshot) and batch.scope.part == "owners" and batch.scope.kind == "replica_set":
                break
        seconds = time.perf_counter() - start
        del batch
        gc.collect()
        memory = resident() - before
        writer.close()
    assert known == pods, (known, pods)
    await stream.aclose()
    inventory.close()
    if stage == 2:
        found = TagIndex.open(place.path).find(ends([address(i) for i in range(pods - 1)], time.time_ns()), "")
        assert (found.tagsets > 0).all()
    return listed, seconds, memory / pods


def measured(kubeconfig: str, stage: int, pods: int) -> tuple[float, float, float]:
    with tempfile.TemporaryDirectory() as folder:
        return asyncio.run(follow(kubeconfig, Path(folder), stage, pods))


def main() -> None:
    pods = int(sys.argv[1]) if len(sys.argv) > 1 else 50_000
    if not build.is_built():
        print("the Kubernetes control plane is not built: run `make kube` first")
        return
    with ControlPlane(build.folder(), Path(tempfile.mkdtemp())) as plane:
        crowd(plane, pods - 1)
        plain(plane)
        peer, floor = min(kubectl(plane) for _ in range(2)), min(plain(plane) for _ in range(2))
        print(f"{pods:,} pods; kubectl get pods -A -o json: {peer:.2f} s; a plain GET of the same pages: {floor:.2f} s")
        with multiprocessing.get_context("spawn").Pool(1, maxtasksperchild=1) as fresh:
            for stage, name in enumerate(STAGES):
                kubeconfig = str(plane.admin_kubeconfig)
                listed, seconds, memory = fresh.apply(measured, (kubeconfig, stage, pods))
                print(
                    f"  {name + ':':26} pods listed in {listed:5.2f} s; all in {seconds:6.2f} s,"
                    f" {seconds / peer:.2f} times kubectl, {seconds / floor:.1f} the plain GET; {memory / 1024:.2f} KB a pod"
                )


if __name__ == "__main__":
    main()
