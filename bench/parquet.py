"""Claim: tagging Parquet to Parquet costs at most twice what pyarrow needs to read and write the same data, also where
half of the peers are strangers.

Both ends of each record, 12 tag columns each, over 20,000 pods in two clusters. In half of the records one end, the
source or the destination, is an internet address that nobody holds, and no two of these are alike: each is a row and a
text of its own. Floors, in the same run: pyarrow reads the input and writes it again; and pyarrow reads the tagged output
and writes that again (what has to be written in any case). Beside it the same records with pods at both ends. With a second
argument it tags that many records too and prints the memory of both: flat.

Run: .venv/bin/python bench/parquet.py [RECORDS [MANY]]
"""

import multiprocessing
import resource
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from updates import observe, written

from tagweave.carriers.columns import Options, tag
from tagweave.index import TagIndex
from tagweave.inventory import Inventory
from tagweave.model import Cluster, Namespace, Node, Pod, ReplicaSet, Service, ServicePort, Workload

PODS = 20_000
TAGS = (
    "k8s.cluster.name",
    "k8s.node.name",
    "k8s.node.uid",
    "k8s.namespace.name",
    "k8s.workload.kind",
    "k8s.workload.name",
    "k8s.deployment.name",
    "k8s.replicaset.name",
    "k8s.pod.name",
    "k8s.pod.uid",
    "k8s.service.name",
    "tagweave.match",
)
START = 1_790_000_000 * 10**9
ROUNDS = 3


def index(folder: Path) -> TagIndex:
    """Two clusters of 10,000 pods each: 100 to a node, 20 to a deployment."""
    made: list = []
    for source in ("blue", "green"):
        octet = 1 if source == "blue" else 2
        made.append(Cluster(source=source, id=source, name=source))
        made += [Namespace(source=source, id=f"{source}-ns-{i}", name=f"team-{i}", cluster=source) for i in range(50)]
        made += [Node(source=source, id=f"{source}-n-{i}", name=f"node-{i:03}", cluster=source) for i in range(100)]
        for i in range(500):
            common = {"source": source, "cluster": source, "namespace": f"team-{i % 50}"}
            made.append(Workload(id=f"{source}-d-{i}", name=f"app-{i}", type="Deployment", **common))
            made.append(ReplicaSet(id=f"{source}-r-{i}", name=f"app-{i}-7d9c", workload=f"{source}-d-{i}", **common))
            made.append(
                Service(
                    id=f"{source}-s-{i}", name=f"app-{i}", selector={"app": f"app-{i}"},
                    ports=(ServicePort(80, target_port="8080"),), **common,
                )
            )  # fmt: skip
        made += [
            Pod(
                source=source, id=f"{source}-{i:08x}-4b2f-4d7e", name=f"app-{i % 500}-7d9c-{i:05x}", cluster=source,
                namespace=f"team-{i % 50}", node=f"node-{i % 100:03}", replica_set=f"{source}-r-{i % 500}",
                labels={"app": f"app-{i % 500}"}, phase="Running", ips=(f"10.{octet}.{i >> 8}.{i & 255}",),
            )
            for i in range(PODS // 2)
        ]  # fmt: skip
    inventory = Inventory.open(f"sqlite:///{folder}/inventory.db")
    observe(inventory, made, datetime.fromtimestamp(START / 1e9, UTC))
    opened = written(inventory, folder / "index")
    inventory.close()
    return opened


def strangers(first: int, count: int) -> pa.Array:
    """Distinct addresses of the internet: 2**28 of them, from 32.0.0.0 on, each once and in no order."""
    number = (np.arange(first, first + count, dtype=np.int64) * 0x9E3779B1 % (1 << 28)) + (32 << 24)
    quads = [pa.array((number >> shift & 255).astype(str)) for shift in (24, 16, 8, 0)]
    return pc.binary_join_element_wise(*quads, ".")


def write_records(path: Path, count: int, *, half: bool) -> int:
    """Flow records as a collector writes them: many ports, bytes, packets. How many ends are strangers: `half` as many
    as there are records, or none."""
    rng = np.random.default_rng(1)
    unknown = 0
    pods = pa.array([f"10.{1 + i % 2}.{(i // 2) >> 8}.{(i // 2) & 255}" for i in range(PODS)])
    with pq.ParquetWriter(path, _schema()) as writer:
        for first in range(0, count, 1 << 20):
            n = min(1 << 20, count - first)
            source, destination = (pods.take(pa.array(rng.integers(0, PODS, n))) for _ in range(2))
            if half:
                stranger = rng.integers(
                    0, 4, n
                )  # of four records one has a stranger as its source, one as its destination
                met = strangers(first, n)
                source = pc.if_else(pa.array(stranger == 0), met, source)
                destination = pc.if_else(pa.array(stranger == 1), met, destination)
                unknown += int((stranger < 2).sum())
            columns = [
                pa.array(START + np.sort(rng.integers(0, 3600 * 10**9, n)), pa.timestamp("ns", "UTC")),
                source,
                destination,
                pa.array(rng.integers(32768, 60999, n), pa.int32()),
                pa.array(np.full(n, 8080), pa.int32()),
                pa.array(np.full(n, 6), pa.uint8()),
                pa.array(rng.integers(64, 1 << 20, n), pa.int64()),
                pa.array(rng.integers(1, 1 << 10, n), pa.int64()),
            ]
            writer.write_batch(pa.RecordBatch.from_arrays(columns, schema=_schema()))
    return unknown


def _schema() -> pa.Schema:
    return pa.schema(
        [
            ("time", pa.timestamp("ns", "UTC")), ("src_ip", pa.string()), ("dst_ip", pa.string()),
            ("src_port", pa.int32()), ("dst_port", pa.int32()), ("protocol", pa.uint8()),
            ("bytes", pa.int64()), ("packets", pa.int64()),
        ]
    )  # fmt: skip


class Took(NamedTuple):
    """Seconds on the wall, and of all processors together."""

    wall: float
    processor: float


def took(run: Callable[[], object]) -> Took:
    wall, processor = time.perf_counter(), time.process_time()
    run()
    return Took(time.perf_counter() - wall, time.process_time() - processor)


def copy(source: Path, target: Path) -> None:
    """pyarrow alone: read and write, batch by batch."""
    file = pq.ParquetFile(source, pre_buffer=True)
    with pq.ParquetWriter(target, file.schema_arrow) as writer:
        for batch in file.iter_batches(1 << 18):
            writer.write_batch(batch, 1 << 20)


def memory(folder: str, pipe: "multiprocessing.connection.Connection") -> None:
    """Peak memory of tagging a folder's records, in a process of its own that did nothing else."""
    opened = TagIndex.open(Path(folder) / "index")
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    report = tag(f"{folder}/in.parquet", f"{folder}/out.parquet", opened, Options(tags=TAGS))
    pipe.send((before, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss, report.seconds))


def measured(opened: TagIndex, folder: Path, count: int, *, half: bool) -> list[Took]:
    """Of tagging, of copying the input, and of copying the output: the least of ROUNDS, wall and processor each."""
    records, tagged, again = folder / "in.parquet", folder / "out.parquet", folder / "copy.parquet"
    unknown = write_records(records, count, half=half)
    report = tag(str(records), str(tagged), opened, Options(tags=TAGS))
    reasons = sum((Counter(side) for side in report.sides.values()), Counter())
    assert reasons == Counter({"matched": 2 * count - unknown, "unknown_address": unknown}), reasons
    steps: list[Callable[[], object]] = [
        lambda: tag(str(records), str(tagged), opened, Options(tags=TAGS)),
        lambda: copy(records, again),
        lambda: copy(tagged, again),
    ]
    rounds = [[took(step) for step in steps] for _ in range(ROUNDS)]
    return [Took(*map(min, zip(*of_step, strict=True))) for of_step in zip(*rounds, strict=True)]


def main() -> None:
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 2_000_000
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        opened = index(folder)
        times = {}
        for half in (False, True):
            ours, least, output = measured(opened, folder, count, half=half)
            times[half] = ours
            who = "half of the peers strangers" if half else "pods at both ends"
            print(f"{count:,} records, both ends, {len(TAGS)} tags each, {who}")
            print(
                f"  tagweave                       {ours.wall:6.2f} s   {ours.processor:6.2f} s processor   {count / ours.wall:12,.0f} records/s"
            )
            for what, peer in (("floor: input read and written ", least), ("floor: output read and written", output)):
                ratio = f"ratio {ours.wall / peer.wall:.2f}, of processor time {ours.processor / peer.processor:.2f}"
                print(f"  {what} {peer.wall:6.2f} s   {peer.processor:6.2f} s processor   {ratio}")
            print(f"  must: 2.0 of the input: {ours.wall / least.wall:.2f}")
        ratio = times[True].processor / times[False].processor
        print(f"ratio: {ratio:.2f} of processor time, half strangers to all known")
        for many in (1_000_000, int(sys.argv[2])) if len(sys.argv) > 2 else ():
            write_records(folder / "in.parquet", many, half=True)
            mine, theirs = multiprocessing.Pipe()
            process = multiprocessing.get_context("spawn").Process(target=memory, args=(name, theirs))
            process.start()
            before, peak, seconds = mine.recv()
            process.join()
            print(f"  {many:12,} records: peak {peak / 1024:.0f} MiB ({before / 1024:.0f} before), {seconds:.1f} s")


if __name__ == "__main__":
    main()
