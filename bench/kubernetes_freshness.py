"""Claim: from a pod's change to a look-up that shows it, under 1 s at the 99th percentile: 200 changes/s, 20,000 pods.

A real API server; `tagweave run`'s own Following, with its database on disk. Another process gives pods new addresses
through the API; each is timed from before its request until the published index finds the pod by the address.

What is measured is look-ups in the process that follows, as its HTTP answers are; bench/updates.py has a reader elsewhere.

Run: .venv/bin/python bench/kubernetes_freshness.py [PODS] [CHANGES_A_SECOND] [SECONDS]
"""

import multiprocessing
import sys
import tempfile
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from multiprocessing.connection import Connection
from pathlib import Path

import numpy as np
from updates import ends

sys.path.insert(0, str(Path(__file__).parents[1]))

from tests.kube import build
from tests.kube.controlplane import ControlPlane
from tests.kube.crowd import address, crowd

from tagweave.config import Config, Configured, Settings
from tagweave.index import TagIndex
from tagweave.index.folder import Folder
from tagweave.inventory import Inventory
from tagweave.server.following import Following
from tagweave.server.metrics import Metrics
from tagweave.sources import kubernetes

WORKERS = 16


def change(plane: ControlPlane, names: list[str], rate: int, seconds: int, told: Connection) -> None:
    """Give pods new addresses, evenly in time; tells of each when it was asked for, and at last None."""
    start = time.time()

    def one(turn: int) -> None:
        time.sleep(max(0.0, start + turn / rate - time.time()))
        ip = address(turn % len(names), 1 + turn // len(names))
        path = f"/api/v1/namespaces/crowd/pods/{names[turn % len(names)]}/status"
        asked = time.time()
        plane.api.patch(path, {"status": {"podIP": ip, "podIPs": [{"ip": ip}]}})
        told.send((ip, asked, time.time()))

    with ThreadPoolExecutor(WORKERS) as workers:
        list(workers.map(one, range(rate * seconds)))
    told.send(None)


def found(index: TagIndex, ips: Sequence[str]) -> list[bool]:
    return [bool(tagset) for tagset in index.find(ends(ips, time.time_ns()), "").tagsets]


def watch(following: Following, told: Connection) -> tuple[list[float], list[float]]:
    """Seconds from each change's request, and from its answer, until a look-up showed it."""
    waiting: dict[str, tuple[float, float]] = {}
    since_asked, since_answered, over = [], [], False
    while waiting or not over:
        while told.poll():
            if (one := told.recv()) is None:
                over = True
                break
            waiting[one[0]] = one[1:]
        if waiting:
            ips = list(waiting)
            hits = found(following.index, ips)
            now = time.time()
            for ip, hit in zip(ips, hits, strict=True):
                if hit:
                    asked, answered = waiting.pop(ip)
                    since_asked.append(now - asked)
                    since_answered.append(max(0.0, now - answered))
        time.sleep(0.005)
    return since_asked, since_answered


def main() -> None:
    pods, rate, seconds = (int(a) for a in (*sys.argv[1:], *("20000", "200", "30")[len(sys.argv) - 1 :]))
    if not build.is_built():
        print("the Kubernetes control plane is not built: run `make kube` first")
        return
    with ControlPlane(build.folder(), Path(tempfile.mkdtemp())) as plane, tempfile.TemporaryDirectory() as folder:
        names = crowd(plane, pods)
        inventory = Inventory.open(f"sqlite:///{folder}/inventory.db")
        source = kubernetes.Config(name="bench", kubeconfig=str(plane.admin_kubeconfig))
        config = Config(Path(folder) / "tagweave.yaml", Settings(), (Configured("kubernetes", source),))
        place = Folder(Path(folder) / "index")
        with place.lock():
            following = Following(config, inventory, place, Metrics())
            following.start()
            while not all(found(following.index, [address(pods - 1)])):
                time.sleep(0.2)
            ours, theirs = multiprocessing.get_context("fork").Pipe(duplex=False)
            args = (plane, names, rate, seconds, theirs)
            changer = multiprocessing.get_context("fork").Process(target=change, args=args)
            changer.start()
            start = time.time()
            asked, answered = watch(following, ours)
            took = time.time() - start
            changer.join()
            following.stop()
        inventory.close()
    assert len(asked) == rate * seconds
    print(f"{pods:,} pods, {len(asked):,} changes in {took:.0f} s, {len(asked) / took:.0f} a second")
    for name, all_of_them in (("the request", asked), ("its answer", answered)):
        p50, p90, p99, most = np.percentile(all_of_them, [50, 90, 99, 100])
        print(f"  from {name + ':':12} p50 {p50:.3f} s  p90 {p90:.3f} s  p99 {p99:.3f} s  max {most:.3f} s")


if __name__ == "__main__":
    main()
