"""Claim: as-of look-ups run at a good part of the speed of a random gather, and far above ASOF joins.

A million addresses, half of them IPv6, each with four intervals of different owners; probes are uniform or
Zipf-distributed over the addresses, at uniform times. One core each:

- floor: NumPy gathers one 8-byte value for each probe from an array with one value for each interval;
- ours: `tags.table.find`, address + network + time → tagset id;
- DuckDB ASOF JOIN and Polars join_asof on the same addresses and times (they take the latest interval that
  starts before; neither checks networks, ends or prefixes), the smaller time of the two.

It also takes a delta of 10,000 changed addresses: the base is not copied, and what a batch costs then.

Run: .venv/bin/python bench/index.py [PROBES]
"""

import os
import sys
import time
from collections.abc import Callable

os.environ["POLARS_MAX_THREADS"] = "1"

import duckdb
import numpy as np
import polars as pl
import pyarrow as pa

from tagweave.tags import table
from tagweave.tags.table import Runs

ADDRESSES = 1_000_000
INTERVALS = 4
SPAN = 7 * 86_400 * 10**9
FIRST = 1_790_000_000 * 10**9


def best(run: Callable[[], object], rounds: int = 5) -> float:
    """The least time of several runs, in seconds."""
    times = []
    for _ in range(rounds):
        start = time.perf_counter()
        run()
        times.append(time.perf_counter() - start)
    return min(times)


def addresses(rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    half = ADDRESSES // 2
    hi = np.zeros(ADDRESSES, np.uint64)
    lo = (np.uint64(0xFFFF) << np.uint64(32)) | (np.uint64(0x0A000000) + np.arange(ADDRESSES, dtype=np.uint64))
    hi[half:] = np.uint64(0xFD00000000000000) + (np.arange(half, dtype=np.uint64) >> np.uint64(8))
    lo[half:] = rng.permutation(np.arange(half, dtype=np.uint64)) * np.uint64(0x9E3779B97F4A7C15)
    order = rng.permutation(ADDRESSES)
    return hi[order], lo[order]


def runs(hi: np.ndarray, lo: np.ndarray, starts: np.ndarray) -> Runs:
    count = len(hi)
    return Runs(
        hi,
        lo,
        np.ones(count, np.int32),
        np.arange(count, dtype=np.int64) * INTERVALS,
        np.full(count, INTERVALS, np.int64),
        starts.ravel(),
        np.arange(1, count * INTERVALS + 1, dtype=np.uint32),
    )


def against(
    name: str,
    hi: np.ndarray,
    lo: np.ndarray,
    starts: np.ndarray,
    made: table.Table,
    picks: np.ndarray,
    rng: np.random.Generator,
) -> None:
    count = len(picks)
    at = rng.integers(FIRST, FIRST + SPAN, count)
    network = np.ones(count, np.int32)
    qhi, qlo = hi[picks], lo[picks]
    found = table.find(made, qhi, qlo, at, network)
    ours = best(lambda: table.find(made, qhi, qlo, at, network))

    values = np.arange(ADDRESSES * INTERVALS, dtype=np.int64)
    where = picks * INTERVALS + rng.integers(0, INTERVALS, count)
    floor = best(lambda: values.take(where))

    few = min(count, 1_000_000)
    probes = pa.table({"hi": qhi[:few], "lo": qlo[:few], "at": at[:few], "n": np.arange(few)})
    intervals = pa.table(
        {
            "hi": np.repeat(hi, INTERVALS),
            "lo": np.repeat(lo, INTERVALS),
            "since": starts.ravel(),
            "tagset": np.arange(1, ADDRESSES * INTERVALS + 1, dtype=np.uint32),
        }
    )
    duck = asof_duckdb(probes, intervals, found[:few]) * count / few
    bear = asof_polars(probes, intervals, found[:few]) * count / few
    peer = min(duck, bear)
    print(f"\n{name}, {count:,} probes, {np.mean(found > 0):.0%} matched, one core")
    for what, seconds in (
        ("gather", floor),
        ("tagweave", ours),
        ("DuckDB ASOF", duck),
        ("Polars asof", bear),
    ):
        print(f"  {what:12} {seconds / count * 1e9:8.1f} ns a look-up   {count / seconds / 1e6:8.1f} M/s")
    print(f"  ratio: {floor / ours:.2f} of the gather floor (must: 0.25)")
    print(f"  ratio: {peer / ours:.1f} times the faster of DuckDB and Polars (must: 8)")


def asof_duckdb(probes: pa.Table, intervals: pa.Table, want: np.ndarray) -> float:
    with duckdb.connect() as db:
        db.execute("SET threads = 1")
        db.register("probes_in", probes)
        db.register("intervals_in", intervals)
        db.execute("CREATE TABLE probes AS FROM probes_in")
        db.execute("CREATE TABLE intervals AS FROM intervals_in")
        sql = (
            "SELECT n, tagset FROM probes ASOF LEFT JOIN intervals"
            " ON probes.hi = intervals.hi AND probes.lo = intervals.lo AND probes.at >= intervals.since"
        )
        got = db.sql(f"{sql} ORDER BY n").to_arrow_table().column("tagset").fill_null(0).to_numpy()
        assert (got == want).all()
        return best(lambda: db.sql(sql).to_arrow_table(), 2)


def asof_polars(probes: pa.Table, intervals: pa.Table, want: np.ndarray) -> float:
    left = pl.from_arrow(probes).sort("at")
    right = pl.from_arrow(intervals).sort("since")

    def join() -> pl.DataFrame:
        return left.join_asof(right, left_on="at", right_on="since", by=["hi", "lo"])

    got = join().sort("n")["tagset"].fill_null(0).to_numpy()
    assert (got == want).all()
    return best(join, 2)


def delta(
    hi: np.ndarray,
    lo: np.ndarray,
    starts: np.ndarray,
    made: table.Table,
    rng: np.random.Generator,
    count: int,
) -> None:
    changed = rng.choice(ADDRESSES, 10_000, replace=False)
    start = time.perf_counter()
    small = table.build(runs(hi[changed], lo[changed], starts[changed]))
    seconds = time.perf_counter() - start
    picks = rng.integers(0, ADDRESSES, count)
    qhi, qlo = hi[picks], lo[picks]
    at = rng.integers(FIRST, FIRST + SPAN, count)
    network = np.ones(count, np.int32)
    base = best(lambda: table.find(made, qhi, qlo, at, network))
    both = base + best(lambda: table.contains(small, qhi, qlo))
    print(
        f"\ndelta of 10,000 addresses: compiled in {seconds * 1e3:.1f} ms, {small.records.nbytes / 1e6:.1f} MB beside"
    )
    print(
        f"  a base of {made.records.nbytes / 1e6:.0f} MB that is not copied; a look-up then costs {both / base:.2f} times as much"
    )


def main() -> None:
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 4_000_000
    rng = np.random.default_rng(2026)
    hi, lo = addresses(rng)
    starts = np.sort(rng.integers(FIRST, FIRST + SPAN // 2, (ADDRESSES, INTERVALS)), axis=1)
    start = time.perf_counter()
    made = table.build(runs(hi, lo, starts))
    print(
        f"{ADDRESSES:,} addresses, {ADDRESSES * INTERVALS:,} intervals: compiled in {time.perf_counter() - start:.2f} s"
    )
    against("uniform", hi, lo, starts, made, rng.integers(0, ADDRESSES, count), rng)
    against("Zipf (a = 1.2)", hi, lo, starts, made, (rng.zipf(1.2, count) - 1) % ADDRESSES, rng)
    delta(hi, lo, starts, made, rng, count)


if __name__ == "__main__":
    main()
