"""Claim: a snapshot of 100,000 unchanged pods costs at most 2 s, and little more where one in a hundred changed.

The floor is what no inventory can avoid: encode every pod as JSON, and write the rows with the sqlite3 module.

Run: .venv/bin/python bench/reconcile.py [PODS]
"""

import resource
import sqlite3
import sys
import tempfile
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

import msgspec

from tagweave.inventory import Inventory
from tagweave.model import Container, Pod, Scope, Snapshot

START = datetime(2026, 1, 1, tzinfo=UTC)


def pods(count: int) -> list[Pod]:
    return [
        Pod(
            source="bench",
            id=f"00000000-0000-4000-8000-{i:012x}",
            name=f"checkout-7d9c5b8f6-{i:05x}",
            labels={"app": "checkout", "pod-template-hash": "7d9c5b8f6", "app.kubernetes.io/part-of": "shop"},
            created_at=START,
            cluster="bench",
            namespace=f"team-{i % 100}",
            node=f"node-{i % 1000}",
            replica_set=f"10000000-0000-4000-8000-{i // 10:012x}",
            ips=(f"10.{i >> 16 & 255}.{i >> 8 & 255}.{i & 255}", f"fd00::{i >> 16:x}:{i & 65535:x}"),
            phase="Running",
            ready=True,
            started_at=START,
            containers=(Container(name="main", id=f"{i:064x}", ports={"http": 8080}),),
        )
        for i in range(count)
    ]


def floor(batch: list[Pod], folder: Path) -> float:
    start = time.perf_counter()
    rows = [(i, msgspec.json.encode(pod)) for i, pod in enumerate(batch)]
    with sqlite3.connect(folder / "floor.db") as db:
        db.execute("CREATE TABLE version (id INTEGER PRIMARY KEY, body BLOB)")
        db.executemany("INSERT INTO version VALUES (?, ?)", rows)
    return time.perf_counter() - start


def main() -> None:
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 100_000
    batch = pods(count)
    changed = [msgspec.structs.replace(p, ready=False) if i % 100 == 0 else p for i, p in enumerate(batch)]
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        least = floor(batch, folder)
        print(f"{count:,} pods; floor (encode, and insert with sqlite3): {least:.2f} s")
        inventory = Inventory.open(f"sqlite:///{folder}/inventory.db")
        scope = Scope("bench", "pod", "pods")
        rounds = [("first sync", batch), ("unchanged (must: 2 s)", batch), ("1 % changed", changed)]
        for minute, (what, seen) in enumerate(rounds):
            snapshot = Snapshot(scope, tuple(seen), START + timedelta(minutes=minute))
            start = time.perf_counter()
            changes = inventory.observe(snapshot)
            seconds = time.perf_counter() - start
            print(
                f"  {what:22} {seconds:5.2f} s  {seconds / least:4.2f} of the floor"
                f"   +{changes.added:,} ~{changes.changed:,} -{changes.removed:,} ={changes.unchanged:,}"
            )
        start = time.perf_counter()
        read = sum(1 for _ in inventory.versions())
        print(f"  {'read all versions':22} {time.perf_counter() - start:5.2f} s  {read:,} versions")
    print(f"peak memory: {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024:.0f} MiB")


if __name__ == "__main__":
    main()
