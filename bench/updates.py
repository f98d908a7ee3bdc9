"""Claim: a change is in the published tables in milliseconds, however many addresses there are.

An estate of PODS pods; single pods come and go. Each change is taken in by `TagIndex.apply` and looked up in a batch.
The peer is what has no delta: to compile all tables anew. The base is not copied: its arrays stay the same memory.

Run: .venv/bin/python bench/updates.py [PODS]
"""

import sys
import time
from datetime import UTC, datetime

import numpy as np
from reconcile import pods

from tagweave.inventory import ChangeSet, Version
from tagweave.model import Cluster, Namespace, Node, ReplicaSet, Resource, Scope, Workload
from tagweave.model.addresses import pack
from tagweave.model.times import FOREVER, to_ns
from tagweave.tags import Endpoints, TagIndex
from tagweave.tags.compiled import Compiled

AT = to_ns(datetime(2026, 1, 2, tzinfo=UTC))
CHANGES = 2_000
SCOPE = Scope("bench", "pod")


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


def probe(address: str, at: int) -> Endpoints:
    value = pack(address)
    return Endpoints(
        np.array([value >> 64], np.uint64),
        np.array([value & (2**64 - 1)], np.uint64),
        np.ones(1, np.bool_),
        np.array([at], np.int64),
        None,
        np.full(1, -1, np.int32),
        np.full(1, -1, np.int32),
        np.zeros(1, np.uint8),
    )


def main() -> None:
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 100_000
    everything = estate(count + CHANGES)
    held, coming = everything[:-CHANGES], everything[-CHANGES:]
    index = TagIndex.build(Version(i + 1, r, 0, FOREVER, AT, 0) for i, r in enumerate(held))
    index.find(probe("10.0.0.1", AT))
    base = index.compiled.base
    start = time.perf_counter()
    Compiled.of(index)
    anew = time.perf_counter() - start

    seconds = []
    for i, pod in enumerate(coming):
        at = AT + i * 10**9
        old = index.graph.history[len(held) - i][-1]
        came = Version(len(held) + 1 + i, pod, at, FOREVER, at, at)
        went = Version(old.rid, old.resource, old.valid_from, at, at, old.learned_at)
        start = time.perf_counter()
        index = index.apply([ChangeSet(SCOPE, at, (came,), (went,), success=at)])
        found = index.find(probe(pod.ips[0], at))
        seconds.append(time.perf_counter() - start)
        assert found.tagsets[0] > 0
        assert index.find(probe(old.resource.ips[0], at)).tagsets[0] == 0
    assert index.compiled.base is base
    assert index.compiled.delta is not None

    first, *rest = seconds
    p50, p99 = np.percentile(rest, [50, 99])
    print(f"{count:,} pods with two addresses each; {CHANGES:,} changes, each of a pod that went and one that came")
    print(f"  to compile all tables anew: {anew * 1e3:8.1f} ms")
    print(
        f"  a change, with a look-up:   {p50 * 1e3:8.2f} ms (median)  {p99 * 1e3:.2f} ms (p99)  {first * 1e3:.1f} ms (first)"
    )
    print(f"  the delta at the end: {index.compiled.delta.keys:,} addresses; the base is the same memory as before")
    print(f"  ratio: a change costs 1/{anew / p50:.0f} of compiling anew")


if __name__ == "__main__":
    main()
