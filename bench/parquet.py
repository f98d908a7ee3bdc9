"""Claim: tagging Parquet to Parquet costs at most twice what pyarrow needs to read and write the same data.

Both ends of each record, 12 tag columns each, over 20,000 pods in two clusters. Floors, in the same run: pyarrow
reads the input and writes it again; and pyarrow reads the tagged output and writes that again (what has to be
written in any case). With a second argument it tags that many records too and prints the memory of both: flat.

Run: .venv/bin/python bench/parquet.py [RECORDS [MANY]]
"""

import multiprocessing
import resource
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from tagweave.carriers.columns import Options, tag
from tagweave.inventory import Version
from tagweave.model import Cluster, Namespace, Node, Pod, ReplicaSet, Service, ServicePort, Workload
from tagweave.model.times import FOREVER
from tagweave.tags import TagIndex, Weaver

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


def index() -> TagIndex:
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
    return TagIndex.build(Version(i + 1, r, 0, FOREVER, START, 0) for i, r in enumerate(made))


def write_records(path: Path, count: int) -> None:
    """Flow records as a collector writes them: a thousand distinct ports, bytes, packets, flags."""
    rng = np.random.default_rng(1)
    pods = pa.array([f"10.{1 + i % 2}.{(i // 2) >> 8}.{(i // 2) & 255}" for i in range(PODS)])
    with pq.ParquetWriter(path, _schema()) as writer:
        for first in range(0, count, 1 << 20):
            n = min(1 << 20, count - first)
            columns = [
                pa.array(START + np.sort(rng.integers(0, 3600 * 10**9, n)), pa.timestamp("ns", "UTC")),
                pods.take(pa.array(rng.integers(0, PODS, n))),
                pods.take(pa.array(rng.integers(0, PODS, n))),
                pa.array(rng.integers(32768, 60999, n), pa.int32()),
                pa.array(np.full(n, 8080), pa.int32()),
                pa.array(np.full(n, 6), pa.uint8()),
                pa.array(rng.integers(64, 1 << 20, n), pa.int64()),
                pa.array(rng.integers(1, 1 << 10, n), pa.int64()),
            ]
            writer.write_batch(pa.RecordBatch.from_arrays(columns, schema=_schema()))


def _schema() -> pa.Schema:
    return pa.schema(
        [
            ("time", pa.timestamp("ns", "UTC")), ("src_ip", pa.string()), ("dst_ip", pa.string()),
            ("src_port", pa.int32()), ("dst_port", pa.int32()), ("protocol", pa.uint8()),
            ("bytes", pa.int64()), ("packets", pa.int64()),
        ]
    )  # fmt: skip


def copy(source: Path, target: Path) -> float:
    """pyarrow alone: read and write, batch by batch."""
    start = time.perf_counter()
    file = pq.ParquetFile(source, pre_buffer=True)
    with pq.ParquetWriter(target, file.schema_arrow) as writer:
        for batch in file.iter_batches(1 << 18):
            writer.write_batch(batch, 1 << 20)
    return time.perf_counter() - start


def memory(folder: str, pipe: "multiprocessing.connection.Connection") -> None:
    """Peak memory of tagging a folder's records, in a process of its own that did nothing else."""
    made = index()
    weaver = Weaver(made, TAGS)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    report = tag(f"{folder}/in.parquet", f"{folder}/out.parquet", made, weaver, Options())
    pipe.send((before, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss, report.seconds))


def main() -> None:
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 2_000_000
    made = index()
    weaver = Weaver(made, TAGS)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        records, tagged, again = folder / "in.parquet", folder / "out.parquet", folder / "copy.parquet"
        write_records(records, count)
        report = tag(str(records), str(tagged), made, weaver, Options())
        assert all(counts == {"matched": count} for counts in report.sides.values()), report.sides
        times = [tag(str(records), str(tagged), made, weaver, Options()).seconds for _ in range(ROUNDS)]
        ours = min(times)
        least = min(copy(records, again) for _ in range(ROUNDS))
        output = min(copy(tagged, again) for _ in range(ROUNDS))
        print(f"{count:,} records, both ends, {len(TAGS)} tags each")
        print(f"  tagweave                       {ours:6.2f} s   {count / ours:12,.0f} records/s")
        print(f"  floor: input read and written  {least:6.2f} s   ratio {ours / least:.2f} (must: 2.0)")
        print(f"  floor: output read and written {output:6.2f} s   ratio {ours / output:.2f}")
    if len(sys.argv) > 2:
        for many in (1_000_000, int(sys.argv[2])):
            with tempfile.TemporaryDirectory() as name:
                write_records(Path(name) / "in.parquet", many)
                mine, theirs = multiprocessing.Pipe()
                process = multiprocessing.get_context("spawn").Process(target=memory, args=(name, theirs))
                process.start()
                before, peak, seconds = mine.recv()
                process.join()
            print(f"  {many:12,} records: peak {peak / 1024:.0f} MiB ({before / 1024:.0f} before), {seconds:.1f} s")


if __name__ == "__main__":
    main()
