"""Claim: as-of look-ups run at a good part of the speed of a random gather; so do names, misses and several segments.

A million addresses, half of them IPv6, each with four intervals of different owners; a million pod uids; a thousand
ranges; a hundred VPCs and clusters joined by one transit network. All of it lies in a segment file that is mapped.
Everything is measured on one core, in one run, and told as a ratio to the floor of that run:

- floor: NumPy gathers one 8-byte value for each probe from an array with one value for each interval;
- `kernel`: `kernels.find`, address + network + time → tagset, flags and breakpoint, nothing else;
- `find`: all of `index.find.find` in batches of 262,144 ends: reasons, ranges, reach, names, ports;
- DuckDB ASOF JOIN and Polars join_asof on the same addresses and times (they take the latest interval that starts
  before; neither checks networks, ends or prefixes), the smaller time of the two.

It also times one look-up by a new process, which maps the file and loads neither numba nor Arrow.

Run: .venv/bin/python bench/index.py [PROBES]
"""

import os
import subprocess
import sys
import tempfile
import time
import uuid
from collections.abc import Callable
from pathlib import Path

os.environ["POLARS_MAX_THREADS"] = "1"

import duckdb
import numpy as np
import polars as pl
import pyarrow as pa

from tagweave.index.compiled import for_rows, frozen
from tagweave.index.draft import Draft, Piece
from tagweave.index.find import Endpoints, find, network_ids
from tagweave.index.folder import Folder, Manifest, SegmentEntry
from tagweave.index.merging import merged
from tagweave.index.networks import networks_of
from tagweave.index.segment import Segment, write
from tagweave.index.tables import NAME, NO_RUNS, Runs, name_keys, table_arrays, text_keys
from tagweave.index.view import View, open_view
from tagweave.model.times import BEGINNING, FOREVER

ADDRESSES = 1_000_000
INTERVALS = 4
NETWORKS = 100
SPAN = 7 * 86_400 * 10**9
FIRST = 1_790_000_000 * 10**9
BATCH = 262_144


def best(run: Callable[[], object], rounds: int = 7) -> float:
    """The least time of several runs, in seconds of this process."""
    times = []
    for _ in range(rounds):
        start = time.process_time()
        run()
        times.append(time.process_time() - start)
    return min(times)


def addresses(rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    half = ADDRESSES // 2
    hi = np.zeros(ADDRESSES, np.uint64)
    lo = (np.uint64(0xFFFF) << np.uint64(32)) | (np.uint64(0x0A000000) + np.arange(ADDRESSES, dtype=np.uint64))
    hi[half:] = np.uint64(0xFD00000000000000) + (np.arange(half, dtype=np.uint64) >> np.uint64(8))
    lo[half:] = rng.permutation(np.arange(half, dtype=np.uint64)) * np.uint64(0x9E3779B97F4A7C15)
    order = rng.permutation(ADDRESSES)
    return hi[order], lo[order]


def runs(hi: np.ndarray, lo: np.ndarray, network: np.ndarray, starts: np.ndarray, first_value: int) -> Runs:
    count, intervals = starts.shape
    points = count * intervals
    return Runs(
        hi,
        lo,
        np.zeros(count, np.uint8),
        network.astype(np.int32),
        np.arange(count, dtype=np.int64) * intervals,
        np.full(count, intervals, np.int32),
        np.full(count, -1, np.int32),
        starts.ravel(),
        np.arange(first_value, first_value + points, dtype=np.uint32),
        np.zeros(points, np.int64),
        np.zeros(points, np.int32),
    ).ordered()


def base() -> Draft:
    """The rest of a segment: ranges, by a draft."""
    draft = Draft()
    for network in range(1, NETWORKS + 1):
        for k in range(10):
            row = {"subnet": 10_000_000 + network * 10 + k, "owner": 10_000_000 + network * 10 + k, "vpc": network}
            address = 0xFFFF << 32 | 10 << 24 | network << 16 | k << 8
            draft.prefix(address, 96 + 24, network, [Piece(BEGINNING, FOREVER, row, (), 0, (), False, False)])
    return draft


def estate(folder: Path, rng: np.random.Generator) -> tuple[View, dict[str, np.ndarray]]:
    """A folder with one segment and its networks."""
    hi, lo = addresses(rng)
    network = rng.integers(1, NETWORKS + 1, ADDRESSES)
    starts = np.sort(rng.integers(FIRST, FIRST + SPAN // 2, (ADDRESSES, INTERVALS)), axis=1)
    uids = [str(uuid.UUID(bytes=rng.bytes(16))) for _ in range(ADDRESSES)]
    name_hi, name_lo = name_keys("pod_uid", uids)
    arrays = base().arrays()
    rows = ADDRESSES * INTERVALS + ADDRESSES + 1 + len(arrays["tagset.id"])
    shift = len(arrays["tagset.id"])
    begin = time.perf_counter()
    arrays |= table_arrays("address", runs(hi, lo, network, starts, shift))
    seconds = time.perf_counter() - begin
    print(f"{ADDRESSES:,} addresses, {ADDRESSES * INTERVALS:,} intervals: table built in {seconds:.2f} s")
    by_name = np.full((ADDRESSES, 1), FIRST)
    arrays |= table_arrays(NAME, runs(name_hi, name_lo, network, by_name, shift + ADDRESSES * INTERVALS))
    for name in [name for name in arrays if name.startswith("tagset.")]:
        filled = np.zeros(rows, arrays[name].dtype)
        filled[:shift] = arrays[name]
        if name == "tagset.owner":
            filled[shift:] = np.arange(1, rows - shift + 1)
        arrays[name] = filled
    written = write(folder / "00000001.segment", arrays, {"kinds": [], "keys": 2 * ADDRESSES})
    vpcs = range(1, NETWORKS // 2 + 1)
    homes = [
        (network, network - NETWORKS // 2, BEGINNING, FOREVER) for network in range(NETWORKS // 2 + 1, NETWORKS + 1)
    ]
    groups = [(vpc, 9_000_000, BEGINNING, FOREVER) for vpc in vpcs]
    names = [(f"vpc-{n:08x}", n, [(BEGINNING, FOREVER)]) for n in range(1, NETWORKS + 1)]
    spaces = networks_of(range(1, NETWORKS + 1), homes, groups, names).write(folder / "00000002.segment")
    entry = SegmentEntry("00000001.segment", written.bytes, 2 * ADDRESSES, written.checksum)
    Folder(folder).publish(Manifest(1, 1, "", (entry,), SegmentEntry("00000002.segment", *spaces[:1], 0, spaces[1])))
    view = open_view(Folder(folder))
    assert view is not None
    return view, {"hi": hi, "lo": lo, "network": network, "starts": starts, "uids": np.array(uids)}


def told(what: str, seconds: float, count: int, floor: float) -> None:
    each = seconds / count
    print(f"  {what:34} {each * 1e9:8.1f} ns   {1e-6 / each:8.1f} M/s   {floor / each:5.2f} of the gather floor")


def gathered(count: int, rng: np.random.Generator) -> float:
    """Seconds for one probe of a random gather."""
    values = np.arange(ADDRESSES * INTERVALS, dtype=np.int64)
    where = rng.integers(0, len(values), count)
    return best(lambda: values.take(where)) / count


def ends_of(hi: np.ndarray, lo: np.ndarray, at: np.ndarray, network: np.ndarray, keys: tuple = ()) -> list[Endpoints]:
    n = len(at)
    return [
        Endpoints(
            hi[a : a + BATCH],
            lo[a : a + BATCH],
            np.full(len(at[a : a + BATCH]), not keys, np.bool_),
            at[a : a + BATCH],
            None,
            network[a : a + BATCH].astype(np.int32),
            np.full(len(at[a : a + BATCH]), 80, np.int32),
            np.full(len(at[a : a + BATCH]), 6, np.uint8),
            tuple((rule, texts[a : a + BATCH]) for rule, texts in keys),
        )
        for a in range(0, n, BATCH)
    ]


def found(view: View, batches: list[Endpoints]) -> float:
    """Seconds for all batches, and what part of them was matched."""
    return best(lambda: [find(view, ends, "destination") for ends in batches], 5)


def matched(view: View, batches: list[Endpoints]) -> str:
    return f"{np.mean(np.concatenate([find(view, ends, 'destination').tagsets > 0 for ends in batches])):.0%} matched"


def hits(view: View, made: dict[str, np.ndarray], picks: np.ndarray, what: str, rng: np.random.Generator) -> None:
    count = len(picks)
    at = rng.integers(FIRST, FIRST + SPAN, count)
    network = made["network"][picks].astype(np.int32)
    qhi, qlo = made["hi"][picks], made["lo"][picks]
    table = view.table(0, "address")
    kernels = for_rows(count)
    out = np.empty(count, np.int32), np.empty(count, np.uint8), np.empty(count, np.int64)
    probes = [frozen(array) for array in (qhi, qlo, at, network)]
    kernels.find(table, *probes, 0, 0, *out)
    tagsets = out[0].copy()
    values = np.arange(ADDRESSES * INTERVALS, dtype=np.int64)
    where = picks * INTERVALS + rng.integers(0, INTERVALS, count)
    floor = best(lambda: values.take(where)) / count
    kernel = best(lambda: kernels.find(table, *probes, 0, 0, *out))
    batches = ends_of(qhi, qlo, at, network)
    print(f"\n{what}, {count:,} probes, {matched(view, batches)}; a gather takes {floor * 1e9:.1f} ns")
    told("kernel", kernel, count, floor)
    told("find", found(view, batches), count, floor)
    peer = peers(made, qhi, qlo, at, tagsets - (tagsets.min(initial=1 << 30, where=tagsets > 0) - 1) * (tagsets > 0))
    print(f"  ratio: {floor * count / kernel:.2f} of the gather floor (must: 0.25)")
    print(f"  ratio: {peer / (kernel / count):.1f} times the faster of DuckDB and Polars (must: 8)")


def peers(made: dict[str, np.ndarray], hi: np.ndarray, lo: np.ndarray, at: np.ndarray, want: np.ndarray) -> float:
    few = min(len(hi), 1_000_000)
    probes = pa.table({"hi": hi[:few], "lo": lo[:few], "at": at[:few], "n": np.arange(few)})
    order = np.lexsort((made["lo"], made["hi"]))
    number = np.empty(ADDRESSES, np.int64)
    number[order] = np.arange(ADDRESSES)
    intervals = pa.table(
        {
            "hi": np.repeat(made["hi"], INTERVALS),
            "lo": np.repeat(made["lo"], INTERVALS),
            "since": made["starts"].ravel(),
            "tagset": np.arange(ADDRESSES * INTERVALS, dtype=np.uint32),
        }
    )
    times = []
    for name, join in (("DuckDB ASOF", asof_duckdb), ("Polars asof", asof_polars)):
        seconds, some = join(probes, intervals)
        assert ((some > 0) == (want[:few] > 0)).all()
        print(f"  {name:34} {seconds / few * 1e9:8.1f} ns   {few / seconds / 1e6:8.1f} M/s")
        times.append(seconds / few)
    return min(times)


def asof_duckdb(probes: pa.Table, intervals: pa.Table) -> tuple[float, np.ndarray]:
    with duckdb.connect() as db:
        db.execute("SET threads = 1")
        db.register("probes_in", probes)
        db.register("intervals_in", intervals)
        db.execute("CREATE TABLE probes AS FROM probes_in")
        db.execute("CREATE TABLE intervals AS FROM intervals_in")
        sql = (
            "SELECT n, tagset + 1 AS tagset FROM probes ASOF LEFT JOIN intervals"
            " ON probes.hi = intervals.hi AND probes.lo = intervals.lo AND probes.at >= intervals.since"
        )
        got = db.sql(f"{sql} ORDER BY n").to_arrow_table().column("tagset").fill_null(0).to_numpy()
        return best(lambda: db.sql(sql).to_arrow_table(), 2), got


def asof_polars(probes: pa.Table, intervals: pa.Table) -> tuple[float, np.ndarray]:
    left = pl.from_arrow(probes).sort("at")
    right = pl.from_arrow(intervals).with_columns(pl.col("tagset") + 1).sort("since")

    def join() -> pl.DataFrame:
        return left.join_asof(right, left_on="at", right_on="since", by=["hi", "lo"])

    return best(join, 2), join().sort("n")["tagset"].fill_null(0).to_numpy()


def misses(view: View, made: dict[str, np.ndarray], count: int, rng: np.random.Generator, floor: float) -> None:
    """Half of the ends are distinct internet addresses that no range covers; then all ends from any network."""
    picks = rng.integers(0, ADDRESSES, count)
    hi, lo = made["hi"][picks], made["lo"][picks]
    network = made["network"][picks]
    strangers = np.flatnonzero(rng.random(count) < 0.5)
    hi[strangers] = 0
    lo[strangers] = np.uint64(0xFFFF << 32) | rng.integers(0x10000000, 0xDF000000, len(strangers)).astype(np.uint64)
    at = rng.integers(FIRST, FIRST + SPAN, count)
    print(f"\nhalf of them internet addresses that nobody holds, {NETWORKS * 10:,} ranges")
    for what, where in (("find, network named", network), ("find, no network", np.full(count, -1))):
        batches = ends_of(hi, lo, at, where)
        told(f"{what}, {matched(view, batches)}", found(view, batches), count, floor)
    lo[strangers] = (
        np.uint64(0xFFFF << 32) | np.uint64(10 << 24) | rng.integers(0, 1 << 24, len(strangers)).astype(np.uint64)
    )
    batches = ends_of(hi, lo, at, network)
    told(f"find, half in ranges, {matched(view, batches)}", found(view, batches), count, floor)
    others = rng.integers(1, NETWORKS + 1, count)
    batches = ends_of(made["hi"][picks], made["lo"][picks], at, others)
    told(f"find, of joined networks, {matched(view, batches)}", found(view, batches), count, floor)


def names(view: View, made: dict[str, np.ndarray], count: int, rng: np.random.Generator, floor: float) -> None:
    texts = pa.array(made["uids"][rng.integers(0, ADDRESSES, count)], pa.string())
    texts = texts.combine_chunks() if isinstance(texts, pa.ChunkedArray) else texts
    at = rng.integers(FIRST, FIRST + SPAN, count)
    nothing = np.zeros(count, np.uint64)
    offsets = np.frombuffer(texts.buffers()[1], np.int32)[: count + 1].astype(np.int64)
    data = np.frombuffer(texts.buffers()[2], np.uint8)
    print(f"\nnames: {count:,} pod uids of 36 bytes, of {ADDRESSES:,}")
    told("hash alone", best(lambda: text_keys("pod_uid", offsets, data)), count, floor)
    batches = ends_of(nothing, nothing, at, np.full(count, -1), (("pod_uid", texts),))
    told(f"find, {matched(view, batches)}", found(view, batches), count, floor)
    called = pa.array([f"vpc-{n:08x}" for n in rng.integers(1, NETWORKS + 1, count)])
    told("names of networks", best(lambda: network_ids(view, called, at), 3), count, floor)


def several(view: View, made: dict[str, np.ndarray], count: int, rng: np.random.Generator, floor: float) -> None:
    """Small newer segments before the large one."""
    picks = rng.integers(0, ADDRESSES, count)
    at = rng.integers(FIRST, FIRST + SPAN, count)
    batches = ends_of(made["hi"][picks], made["lo"][picks], at, made["network"][picks])
    alone = found(view, batches)
    print("\nnewer segments before it")
    told("none", alone, count, floor)
    small = []
    for changed in (100, 1_000, 10_000, 100_000):
        draft = Draft()
        for i in rng.choice(ADDRESSES, changed, replace=False).tolist():
            address = int(made["hi"][i]) << 64 | int(made["lo"][i])
            row = {"vm": i + 1, "owner": i + 1}
            draft.address(address, int(made["network"][i]), [Piece(FIRST, FOREVER, row, (), 0, (), False, False)])
        begin = time.perf_counter()
        arrays = draft.arrays()
        seconds = time.perf_counter() - begin
        small.insert(0, Segment.of(arrays, draft.meta()))
        print(f"  a segment of {changed:,} changed addresses is made in {seconds * 1e3:.1f} ms")
        small.sort(key=len)
        newer = View([*sorted(small, key=lambda one: one.meta["keys"]), *view.segments], view.networks, view.manifest)
        time_ = found(newer, batches)
        told(f"{len(small)}, of up to {changed:,} keys", time_, count, floor)
    begin = time.perf_counter()
    merged(small, oldest=False)
    print(f"  these four are merged in {time.perf_counter() - begin:.2f} s")


def drafting(rng: np.random.Generator) -> None:
    pieces, uids = [], []
    for i in range(200_000):
        row = {
            "region": 1,
            "az": 2,
            "vpc": 3,
            "subnet": 4,
            "vm": 100 + i // 30,
            "cluster": 8,
            "node": 200 + i // 30,
            "namespace": 7,
            "workload": 300 + i // 3,
            "replica_set": 400 + i // 3,
            "pod": 1000 + i,
            "service": (5,),
            "workloads": (400 + i // 3, 300 + i // 3),
            "owner": 1000 + i,
        }
        pieces.append([Piece(FIRST, FOREVER, row, (), 0, (), False, False)])
        uids.append(str(uuid.UUID(bytes=rng.bytes(16))))
    draft = Draft()
    begin = time.process_time()
    for i, held in enumerate(pieces):
        draft.address(0xFFFF0A000000 + i, 3, held)
    by_address = time.process_time() - begin
    begin = time.process_time()
    for uid, held in zip(uids, pieces, strict=True):
        draft.names((("pod_uid", uid, ""), ("pod_name", uid, ""), ("container_id", uid, "app")), 8, held)
    by_name = time.process_time() - begin
    begin = time.process_time()
    draft.arrays()
    arrays = time.process_time() - begin
    each = 1e6 / len(pieces)
    print(f"\na draft: {by_address * each:.1f} us an address, {by_name * each:.1f} us three names of one pod")
    print(f"  arrays of {len(pieces) * 4:,} keys in {arrays:.2f} s, {arrays * each / 4:.2f} us a key")


_ONE = """
import sys
from pathlib import Path
import numpy as np
from tagweave.index.find import Endpoints, find
from tagweave.index.folder import Folder
from tagweave.index.view import open_view
view = open_view(Folder(Path(sys.argv[1])))
one = lambda value, dtype: np.array([value], dtype)
ends = Endpoints(one(0, "u8"), one(0xFFFF0A000007, "u8"), one(True, "?"), one(int(sys.argv[2]), "i8"), None, one(-1, "i4"), one(80, "i4"),
    one(6, "u1"), (("pod_uid", ["nobody's"]),))
found = find(view, ends, "destination")
print(found.tagsets[0], "numba" in sys.modules, "pyarrow" in sys.modules)
"""


def single(folder: Path) -> None:
    times = []
    for _ in range(5):
        begin = time.perf_counter()
        command = [sys.executable, "-c", _ONE, str(folder), str(FIRST + SPAN)]
        out = subprocess.run(command, capture_output=True, text=True, check=True).stdout.split()
        times.append(time.perf_counter() - begin)
    assert out[1:] == ["False", "False"]
    assert int(out[0]) > 0
    print(f"\none look-up by a new process, a name and then an address: {min(times):.3f} s (must: 0.6)")


def main() -> None:
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 4_000_000
    rng = np.random.default_rng(2026)
    assert not len(NO_RUNS.hi)
    with tempfile.TemporaryDirectory() as where:
        folder = Path(where)
        view, made = estate(folder, rng)
        hits(view, made, rng.integers(0, ADDRESSES, count), "uniform", rng)
        hits(view, made, (rng.zipf(1.2, count) - 1) % ADDRESSES, "Zipf (a = 1.2)", rng)
        floor = gathered(count, rng)
        misses(view, made, count, rng, floor)
        names(view, made, count, rng, floor)
        several(view, made, count, rng, floor)
        drafting(rng)
        single(folder)


if __name__ == "__main__":
    main()
