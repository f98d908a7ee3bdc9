"""Random churn with random faults, for minutes: at the end the model is the API server's, and memory is flat.

Run: make soak, or .venv/bin/python tests/kube/soak.py [--seconds 600] [--seed N]
"""

import argparse
import gc
import random
import sys
import tempfile
import time
from collections.abc import Callable
from contextlib import suppress
from http.client import HTTPException
from pathlib import Path
from typing import NamedTuple

sys.path.insert(0, str(Path(__file__).parents[2]))

from tests.kube import build
from tests.kube.api import ApiError
from tests.kube.controlplane import ControlPlane
from tests.kube.live import Live, check_history
from tests.kube.manifests import deployment, ingress, pod, service
from tests.kube.proxy import Proxy

from tagweave.model.times import FOREVER
from tagweave.sources.kubernetes import Config

NAMESPACES = [f"soak-{n}" for n in range(4)]
MOST_REPLICAS = 12
CALM_SECONDS = 90
"""How long the cluster may take to come to rest at the end."""
GROWTH = 1.15
"""By how much memory may grow from the first third of the run to its end, beyond what the history itself holds."""


class Churn:
    """Changes to a cluster by chance."""

    def __init__(self, plane: ControlPlane, chance: random.Random) -> None:
        self._plane = plane
        self._chance = chance
        self.count = 0

    def step(self) -> None:
        """One change; what the API server refuses while it is down is a change that was not."""
        namespace, name = self._chance.choice(NAMESPACES), f"app-{self._chance.randrange(6)}"
        often = (self._scale,) * 3
        what = self._chance.choice((*often, self._serve, self._bare, self._drop, self._kill))
        with suppress(ApiError, OSError, HTTPException):
            what(namespace, name)
            self.count += 1

    def _scale(self, namespace: str, name: str) -> None:
        self._plane.api.apply(deployment(name, self._chance.randrange(MOST_REPLICAS), namespace))

    def _serve(self, namespace: str, name: str) -> None:
        self._plane.api.apply(service(name, namespace, name), ingress(name, namespace, name))

    def _bare(self, namespace: str, name: str) -> None:
        manifest = pod(f"bare-{name}", namespace, f"node-{self._chance.randrange(4)}")
        self._plane.api.create(f"/api/v1/namespaces/{namespace}/pods", manifest)

    def _drop(self, namespace: str, name: str) -> None:
        some = (deployment(name, 0, namespace), service(name, namespace, name), pod(f"bare-{name}", namespace))
        self._plane.api.delete(self._chance.choice(some))

    def _kill(self, namespace: str, name: str) -> None:
        path = f"/api/v1/namespaces/{namespace}/pods"
        for one in self._plane.api.items(path, labelSelector=f"app={name}")[:3]:
            self._plane.api.request("DELETE", f"{path}/{one['metadata']['name']}", {"gracePeriodSeconds": 0})


class Faults:
    """Faults by chance, one at a time."""

    def __init__(self, plane: ControlPlane, proxy: Proxy, chance: random.Random) -> None:
        self._plane, self._proxy, self._chance = plane, proxy, chance
        self.told: list[str] = []

    def step(self, between: Callable[[float], None]) -> None:
        """One fault; the churn goes on meanwhile."""
        fault = self._chance.choice((self._cut, self._cut_within, self._stall, self._forget, self._restart))
        self.told.append(fault.__name__.lstrip("_"))
        fault(between)
        self._proxy.resume()

    def _cut(self, between: Callable[[float], None]) -> None:
        self._proxy.cut()
        between(self._chance.uniform(0, 8))

    def _cut_within(self, between: Callable[[float], None]) -> None:
        self._proxy.cut_within(self._chance.randrange(20_000))
        between(self._chance.uniform(0, 8))

    def _stall(self, between: Callable[[float], None]) -> None:
        self._proxy.stall()
        between(self._chance.uniform(0, 12))

    def _forget(self, between: Callable[[float], None]) -> None:
        self._proxy.cut()
        between(self._chance.uniform(0, 4))
        self._plane.forget_history()
        self._plane.mend()

    def _restart(self, between: Callable[[float], None]) -> None:
        self._plane.api_server.kill()
        between(self._chance.uniform(0, 4))
        self._plane.api_server.start()
        self._plane.mend()


class Sample(NamedTuple):
    """Memory of this process, in bytes, and how many versions the inventory held."""

    seconds: float
    resident: int
    versions: int


def sample(live: Live, started: float) -> Sample:
    """How large the process is now, after a collection."""
    gc.collect()
    live.forget_seen()
    resident = int(Path("/proc/self/statm").read_text().split()[1]) * 4096
    return Sample(time.monotonic() - started, resident, sum(1 for _ in live.inventory.versions()))


def soak(seconds: float, seed: int) -> list[str]:
    """Churn and faults for so long; what is wrong at the end."""
    chance = random.Random(seed)
    with ControlPlane(build.folder(), Path(tempfile.mkdtemp(prefix="soak-"))) as plane, plane.proxy() as proxy:
        plane.ensure_nodes(4)
        plane.api.apply(*({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": n}} for n in NAMESPACES))
        config = Config(name="soak", server=proxy.url, watch_seconds=15, silence_seconds=4, discovery_seconds=5)
        with tempfile.TemporaryDirectory() as folder, Live(config, Path(folder)) as live:
            return _churn(plane, proxy, live, chance, seconds)


def _churn(plane: ControlPlane, proxy: Proxy, live: Live, chance: random.Random, seconds: float) -> list[str]:
    churn, faults = Churn(plane, chance), Faults(plane, proxy, chance)
    started, samples = time.monotonic(), []

    def between(pause: float) -> None:
        until = time.monotonic() + pause
        while time.monotonic() < until:
            churn.step()
            time.sleep(0.05)

    while time.monotonic() - started < seconds:
        between(chance.uniform(1, 6))
        faults.step(between)
        samples.append(sample(live, started))
        last = samples[-1]
        print(
            f"{last.seconds:5.0f} s  {faults.told[-1]:11} {churn.count:6,} changes  {last.versions:7,} versions"
            f"  {last.resident / 2**20:6.0f} MiB",
            flush=True,
        )
    found = live.until_same(plane.api, CALM_SECONDS)
    live.until(lambda: not live.errors(), "nothing is stale")
    check_history(live.inventory)
    held = sum(1 for version in live.inventory.versions() if version.valid_to == FOREVER)
    print(f"{churn.count:,} changes, {len(faults.told)} faults; {len(found):,} resources as listed, {held:,} held")
    return _growth(samples)


def _growth(samples: list[Sample]) -> list[str]:
    """What is wrong with memory: it may grow by what the versions need, a few KB each, and no more."""
    first, last = samples[len(samples) // 3], samples[-1]
    allowed = first.resident * GROWTH + (last.versions - first.versions) * 8192
    print(f"memory: {first.resident / 2**20:.0f} MiB after a third, {last.resident / 2**20:.0f} MiB at the end")
    return [] if last.resident <= allowed else [f"memory grew beyond {allowed / 2**20:.0f} MiB"]


def main() -> int:
    """Soak, and say what went wrong."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=600)
    parser.add_argument("--seed", type=int, default=random.randrange(2**32))
    chosen = parser.parse_args()
    print(f"seed {chosen.seed}", flush=True)
    wrong = soak(chosen.seconds, chosen.seed)
    for one in wrong:
        print(one, file=sys.stderr)
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
