"""Claim: a change of one pod among 100,000 is woven by a batch in another process a fraction of a second later, and
batches cost hardly more while changes come in.

The writer is a process of its own: it observes a change in its inventory (SQLite on disk) and publishes it, as
`tagweave run` does. The reader, another process, refreshes its index and weaves a batch of 100,000 ends with twelve tags;
one end of it is the address that the pod was given. What is timed is from before `observe()` in the one process to after
the batch in the other that has the pod's name at that end. The floor is the batch itself.

Then batches without changes, and batches that refresh while 100 changes a second come in: processor time of each.

Run: .venv/bin/python bench/updates.py [PODS [SECONDS]]
"""

import multiprocessing
import sys
import tempfile
import time
from collections.abc import Sequence
from datetime import UTC, datetime
from multiprocessing.connection import Connection
from pathlib import Path

import msgspec
import numpy as np
from reconcile import pods

from tagweave.derive.writing import IndexWriter
from tagweave.index import Endpoints, TagIndex, Weaver
from tagweave.index.folder import Folder
from tagweave.inventory import Inventory
from tagweave.model import Change, Cluster, Namespace, Node, ReplicaSet, Resource, Scope, Snapshot, Workload
from tagweave.model.addresses import pack

AT = datetime(2026, 1, 2, tzinfo=UTC)
BATCH = 100_000
RATE = 100
ALONE = 40
TAGS = (
    "k8s.cluster.name",
    "k8s.node.name",
    "k8s.namespace.name",
    "k8s.workload.kind",
    "k8s.workload.name",
    "k8s.deployment.name",
    "k8s.pod.name",
    "k8s.pod.uid",
    "k8s.service.name",
    "tagweave.instance.name",
    "tagweave.service.name",
    "tagweave.match",
)
NAME = TAGS.index("k8s.pod.name")


# ---- an estate, for other benches too


def estate(count: int) -> list[Resource]:
    inside = {"source": "bench", "cluster": "bench"}
    sets = count // 10 + 1
    return [
        Cluster(source="bench", id="bench"),
        *(Node(id=f"n{i}", name=f"node-{i}", **inside) for i in range(1000)),
        *(Namespace(id=f"s{i}", name=f"team-{i}", **inside) for i in range(100)),
        *(
            Workload(id=f"w{i}", name=f"checkout-{i}", type="Deployment", namespace="team-0", **inside)
            for i in range(sets)
        ),
        *(
            ReplicaSet(id=f"10000000-0000-4000-8000-{i:012x}", workload=f"w{i}", namespace="team-0", **inside)
            for i in range(sets)
        ),
        *pods(count),
    ]


def observe(inventory: Inventory, resources: Sequence[Resource], at: datetime) -> None:
    """A snapshot of each source and kind."""
    scopes: dict[Scope, list[Resource]] = {}
    for resource in resources:
        scopes.setdefault(Scope(resource.source, resource.kind), []).append(resource)
    for scope, held in scopes.items():
        inventory.observe(Snapshot(scope, tuple(held), at))


def written(inventory: Inventory, folder: Path) -> TagIndex:
    """The index of an inventory, derived whole into a folder and opened."""
    place = Folder(folder)
    with place.lock():
        writer = IndexWriter(place, inventory, {}, {})
        writer.rebuild()
        writer.close()
    return TagIndex.open(folder)


def ends(addresses: Sequence[str], at: int) -> Endpoints:
    """One end of as many records, of any network and without a port."""
    packed = [pack(address) for address in addresses]
    count = len(packed)
    return Endpoints(
        np.array([value >> 64 for value in packed], np.uint64),
        np.array([value & (2**64 - 1) for value in packed], np.uint64),
        np.ones(count, np.bool_),
        np.full(count, at, np.int64),
        None,
        np.full(count, -1, np.int32),
        np.full(count, -1, np.int32),
        np.zeros(count, np.uint8),
    )


# ---- the writer


def write(folder: str, count: int, pipe: Connection) -> None:
    """Make the index, then change pods as often a second as it is told, until it is told None."""
    inventory = Inventory.open(f"sqlite:///{folder}/inventory.db")
    observe(inventory, estate(count), AT)
    place = Folder(Path(folder) / "index")
    held = pods(count)
    turn = 0
    with place.lock():
        writer = IndexWriter(place, inventory, {}, {})
        start = time.perf_counter()
        writer.begin()
        pipe.send(time.perf_counter() - start)
        while (rate := pipe.recv()) is not None:
            began = time.time()
            made, asked = [], 0
            while rate == 0 or not pipe.poll():
                now = time.time()
                due = 1 if rate == 0 else int((now - began) * rate) - asked
                for _ in range(due):
                    pod = held[turn % count]
                    ip = f"172.{16 + (turn >> 16)}.{turn >> 8 & 255}.{turn & 255}"
                    held[turn % count] = pod = msgspec.structs.replace(pod, ips=(ip, *pod.ips))
                    turn += 1
                    made.append((ip, pod.name, time.time()))
                    writer.take(inventory.observe(Change(Scope("bench", "pod"), (pod,), (), datetime.now(UTC))))
                    asked += 1
                if made:
                    writer.flush()
                    pipe.send(made)
                    made = []
                if rate == 0:
                    break
                time.sleep(0.05)
            if rate:
                pipe.recv()
                pipe.send(None)
        writer.close()
    inventory.close()


# ---- the reader


class Reader:
    """Weaves one batch again and again, with the addresses that are waited for at its end."""

    def __init__(self, index: TagIndex, count: int, rng: np.random.Generator) -> None:
        self.index = index
        self.weaver = Weaver(index, TAGS)
        held = pods(count)
        self.chosen = [held[i] for i in rng.integers(0, count, BATCH)]
        self.batch = ends([pod.ips[-1] for pod in self.chosen], 0)

    def weave(self, addresses: Sequence[str] = ()) -> list[str | None]:
        """Refresh, weave, and tell the pods' names of some addresses."""
        self.index.refresh()
        asked = self.batch._replace(at=np.full(BATCH, time.time_ns(), np.int64))
        if addresses:
            few, rest = ends(addresses, 0), BATCH - len(addresses)
            asked = asked._replace(
                hi=np.append(self.batch.hi[:rest], few.hi), lo=np.append(self.batch.lo[:rest], few.lo)
            )
        column = self.weaver.weave(asked, "source").columns[NAME]
        return column[BATCH - len(addresses) :].to_pylist() if addresses else []

    def seen(self, made: list[tuple[str, str, float]]) -> list[float]:
        """Seconds until each change was woven."""
        out = []
        while made:
            names = self.weave([ip for ip, _, _ in made])
            now = time.time()
            out += [now - asked for (_, name, asked), got in zip(made, names, strict=True) if got == name]
            made = [one for one, got in zip(made, names, strict=True) if got != one[1]]
        return out

    def cost(self, seconds: float, pipe: Connection | None = None) -> tuple[float, list[float]]:
        """Processor seconds of a batch (median), and how long each change took that came meanwhile."""
        costs, lags, waiting = [], [], []
        until = time.time() + seconds
        while time.time() < until:
            while pipe is not None and pipe.poll():
                waiting += pipe.recv()
            start = time.process_time()
            names = self.weave([ip for ip, _, _ in waiting])
            costs.append(time.process_time() - start)
            now = time.time()
            lags += [now - one[2] for one, got in zip(waiting, names, strict=True) if got == one[1]]
            waiting = [one for one, got in zip(waiting, names, strict=True) if got != one[1]]
        return float(np.median(costs)), lags


def main() -> None:
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 100_000
    seconds = float(sys.argv[2]) if len(sys.argv) > 2 else 10.0
    with tempfile.TemporaryDirectory() as folder:
        ours, theirs = multiprocessing.get_context("spawn").Pipe()
        child = multiprocessing.get_context("spawn").Process(target=write, args=(folder, count, theirs), daemon=True)
        child.start()
        whole = ours.recv()
        reader = Reader(TagIndex.open(Path(folder) / "index"), count, np.random.default_rng(1))
        reader.weave()
        still, _ = reader.cost(seconds / 2)

        lags = []
        for _ in range(ALONE):
            ours.send(0)
            lags += reader.seen(ours.recv())
        alone = float(np.median(lags))

        ours.send(RATE)
        busy, coming = reader.cost(seconds, ours)
        ours.send("stop")
        while (made := ours.recv()) is not None:
            coming += reader.seen(made)
        ours.send(None)
        child.join()
        last = TagIndex.open(Path(folder) / "index")
        woven = Weaver(last, TAGS).weave(reader.batch._replace(at=np.full(BATCH, time.time_ns(), np.int64)), "source")
        assert woven.columns[NAME].to_pylist() == [pod.name for pod in reader.chosen]
        files = len(last.view.segments)
    print(f"{count:,} pods with two addresses each; all of them derived in {whole:.1f} s")
    print(f"  a batch of {BATCH:,} ends, {len(TAGS)} tags:    {still * 1e3:8.1f} ms of a processor: the floor")
    print(
        f"  a single change is woven after:     {alone * 1e3:8.1f} ms (median)  {np.percentile(lags, 99) * 1e3:.0f} ms (p99):"
        f" ratio {alone / still:.1f} of a batch, 1/{whole / alone:.0f} of deriving anew"
    )
    print(
        f"  {len(coming) / seconds:.0f} changes a second are:        {np.median(coming) * 1e3:8.1f} ms (median)"
        f"  {np.percentile(coming, 99) * 1e3:.0f} ms (p99); {files} segments at the end"
    )
    print(
        f"  a batch meanwhile:                  {busy * 1e3:8.1f} ms: ratio {busy / still:.2f} of one without changes"
    )
    assert len(lags) == ALONE


if __name__ == "__main__":
    main()
