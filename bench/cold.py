"""Claim: a look-up by a new process costs what starting Python, NumPy and Arrow costs, whatever the history holds.

A store of VERSIONS versions: one cluster whose pods are all replaced 24 times and use their addresses again, so that
each address had 25 owners, and one address that 10,000 pods of a CronJob had, one after the other. `tagweave lookup` and
`tagweave history` each run in a new process: wall time, and the most memory that the process had. The floor is
`python -c 'import numpy'`, in the same run; the peer is the same look-up in a store with a tenth of the versions. The answers
are checked.

Run: .venv/bin/python bench/cold.py [VERSIONS]
"""

import json
import multiprocessing
import os
import subprocess
import sys
import tempfile
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, NamedTuple

GENERATIONS = 25
OWNERS = 10_000
ROUNDS = 5
START = datetime(2026, 1, 1, tzinfo=UTC)
HOUR = timedelta(hours=1)
RUN = timedelta(seconds=30)
BUSY = "10.255.0.9"
ASKED = 12
"""The generation that is asked for."""


class Took(NamedTuple):
    """Of a process: wall time in seconds, processor time in seconds, the most memory in MiB."""

    seconds: float
    processor: float
    memory: float


def address(slot: int) -> str:
    return f"10.{slot >> 16 & 127}.{slot >> 8 & 255}.{slot & 255}"


def build(folder: str, count: int) -> None:
    """Fill the store and derive the index; in a process of its own, so that its memory is not this one's."""
    from updates import written

    from tagweave.inventory import Inventory
    from tagweave.model import Change, Cluster, Container, Namespace, Node, Pod, Resource, Scope, Snapshot, Workload

    inside: dict[str, Any] = {"source": "bench", "cluster": "bench"}
    slots = (count - OWNERS) // GENERATIONS
    inventory = Inventory.open(f"sqlite:///{folder}/inventory.db")

    def whole(*resources: Resource) -> None:
        inventory.observe(Snapshot(Scope("bench", resources[0].kind), resources, START))

    def pods(generation: int) -> tuple[Pod, ...]:
        began = START + generation * HOUR
        return tuple(
            Pod(
                id=f"{generation:08x}-0000-4000-8000-{i:012x}", name=f"shop-{i // 20}-{generation}-{i}", namespace=f"team-{i % 20}",
                node=f"node-{i // 50}", workload=f"w{i // 20}", ips=(address(i),), phase="Running", created_at=began, started_at=began,
                labels={"app": f"shop-{i // 20}"}, containers=(Container("main", f"{generation * slots + i:064x}"),), **inside,
            )
            for i in range(slots)
        )  # fmt: skip

    jobs = tuple(
        Pod(
            id=f"ffffffff-0000-4000-8000-{i:012x}", name=f"nightly-{i}", namespace="team-0", node="node-0", workload="nightly",
            ips=(BUSY,), phase="Succeeded", created_at=START + i * RUN, started_at=START + i * RUN, finished_at=START + (i + 1) * RUN, **inside,
        )
        for i in range(OWNERS)
    )  # fmt: skip
    whole(Cluster(source="bench", id="bench", name="bench"))
    whole(*(Namespace(id=f"ns{i}", name=f"team-{i}", **inside) for i in range(20)))
    whole(
        *(
            Node(id=f"n{i}", name=f"node-{i}", ips=(f"192.168.{i >> 8}.{i & 255}",), **inside)
            for i in range(slots // 50 + 1)
        )
    )
    deployments = (
        Workload(id=f"w{i}", name=f"shop-{i}", type="Deployment", namespace=f"team-{i % 20}", **inside)
        for i in range(slots // 20 + 1)
    )
    whole(*deployments, Workload(id="nightly", name="nightly", type="CronJob", namespace="team-0", **inside))
    scope = Scope("bench", "pod")
    inventory.observe(Snapshot(scope, pods(0), START))
    for generation in range(1, GENERATIONS):
        gone = tuple(pod.id for pod in pods(generation - 1))
        inventory.observe(Change(scope, pods(generation), gone, START + generation * HOUR))
    inventory.observe(Change(scope, jobs, (), START + (OWNERS + 1) * RUN))
    written(inventory, Path(folder) / "index")
    inventory.close()


def timed(command: list[str]) -> tuple[Took, str]:
    start = time.perf_counter()
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
    assert process.stdout is not None
    out = process.stdout.read()
    _, status, used = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    assert process.returncode == 0, (command, process.returncode)
    return Took(time.perf_counter() - start, used.ru_utime + used.ru_stime, used.ru_maxrss / 1024), out


def least(command: list[str]) -> tuple[Took, str]:
    """The least of several runs, each figure for itself, and what the last one printed."""
    runs = [timed(command) for _ in range(ROUNDS)]
    return Took(*(min(column) for column in zip(*(took for took, _ in runs), strict=True))), runs[-1][1]


def told(what: str, took: Took, floor: Took) -> None:
    ratio = took.processor / floor.processor
    print(
        f"  {what:44} {took.seconds:6.2f} s  {took.processor:6.2f} s processor  {took.memory:6.0f} MiB  ratio {ratio:.1f}"
    )


def asked(folder: Path, floor: Took) -> Took:
    tagweave = [
        str(Path(sys.executable).parent / "tagweave"),
        "--config",
        f"{folder}/tagweave.yaml",
        "--data-dir",
        str(folder),
    ]
    at = (START + ASKED * HOUR + HOUR / 2).isoformat()
    took, out = least([*tagweave, "lookup", address(7), "--at", at, "-o", "json"])
    answer = json.loads(out)
    assert answer["match"]["id"] == f"{ASKED:08x}-0000-4000-8000-{7:012x}", answer
    assert answer["tags"]["k8s.workload.name"] == "shop-0", answer
    told("lookup, 25 owners, by time", took, floor)
    history, out = least([*tagweave, "history", address(7), "-o", "json"])
    assert [one["id"][:8] for one in json.loads(out)] == [f"{g:08x}" for g in range(GENERATIONS)], out[:300]
    told("history of that", history, floor)
    busy = OWNERS // 3
    one, out = least([*tagweave, "lookup", BUSY, "--at", (START + (busy + 0.5) * RUN).isoformat(), "-o", "json"])
    assert json.loads(out)["match"]["id"] == f"ffffffff-0000-4000-8000-{busy:012x}", out
    told(f"lookup, {OWNERS:,} owners", one, floor)
    many, out = least([*tagweave, "history", BUSY, "-o", "json"])
    assert len(json.loads(out)) == OWNERS
    told("history of that", many, floor)
    return took


def main() -> None:
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 200_000
    floor, _ = least([sys.executable, "-c", "import numpy"])
    print(
        f"floor: python -c 'import numpy': {floor.seconds:.2f} s, {floor.processor:.2f} s processor, {floor.memory:.0f} MiB"
    )
    took = []
    few = max(count // 10, 2 * OWNERS)
    for versions in (few, count):
        with tempfile.TemporaryDirectory() as name:
            (Path(name) / "tagweave.yaml").write_text("sources:\n  - {name: bench, type: files, path: nowhere}\n")
            start = time.perf_counter()
            child = multiprocessing.get_context("spawn").Process(target=build, args=(name, versions))
            child.start()
            child.join()
            assert child.exitcode == 0
            size = sum(file.stat().st_size for file in (Path(name) / "index").iterdir())
            print(
                f"{versions:,} versions, {size / 1e6:.0f} MB of index; stored and derived in {time.perf_counter() - start:.0f} s"
            )
            took.append(asked(Path(name), floor))
    print(
        f"ratio: {took[1].processor / took[0].processor:.2f}, a look-up among {count:,} versions to one among {few:,} (must: 1.2)"
    )


if __name__ == "__main__":
    main()
