"""What is mutated: sound Arrow streams, Arrow files and Parquet files with columns of every type, a few KB each."""

import io
from collections.abc import Callable
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from typing import Any, Final

import pyarrow as pa
import pyarrow.parquet as pq

NOON: Final = datetime(2026, 1, 1, 12, tzinfo=UTC)
FORMS: Final = ("arrow-stream", "arrow", "parquet")
_ROWS: Final = 40


def _repeated(values: list[Any]) -> list[Any]:
    return [values[i % len(values)] for i in range(_ROWS)]


def flows() -> dict[str, pa.Array]:
    """A flow log as most are."""
    return {
        "time": pa.array([NOON + timedelta(seconds=i) for i in range(_ROWS)], pa.timestamp("us", "UTC")),
        "src_ip": pa.array(_repeated(["10.0.1.10", "10.0.1.20", "fd00:1::20", None, "oops"])),
        "dst_ip": pa.array(_repeated(["10.0.1.20", "192.0.2.1", "-", None])).dictionary_encode(),
        "src_port": pa.array(_repeated([40000, 443, None]), pa.uint16()),
        "dst_port": pa.array(_repeated(["80", "x", None])),
        "protocol": pa.array(_repeated([6, 17, 300]), pa.int32()),
        "vpc": pa.array(_repeated(["vpc-1", None])),
        "x": pa.array(_repeated([b"one", b"", None, b"\xff\x00four"]), pa.binary()),
    }


def others() -> dict[str, pa.Array]:
    """The same as other types, and columns that nobody asks about."""
    base = flows()
    return {
        "time": pa.array([int(NOON.timestamp()) + i for i in range(_ROWS)], pa.int64()),
        "end": pa.array([NOON + timedelta(seconds=i) for i in range(_ROWS)], pa.timestamp("ns", "Europe/Berlin")),
        "src_ip": pa.array(_repeated([bytes((10, 0, 1, 10)), bytes(16), None, b"odd"]), pa.large_binary()),
        "dst_ip": pa.array(_repeated(["10.0.1.20", "192.0.2.1", None])).cast(pa.large_string()).dictionary_encode(),
        "dst_port": pa.array(_repeated([80.0, 443.5, None])),
        "protocol": pa.array(_repeated(["tcp", "UDP", ""])),
        "pod": base["vpc"],
        "list": pa.array(_repeated([["a", "b"], [], None]), pa.list_(pa.string())),
        "struct": pa.array(_repeated([{"a": 1, "t": NOON}, {"a": None, "t": None}, None])),
        "map": pa.array(_repeated([[("k", 1)], []]), pa.map_(pa.string(), pa.int64())),
        "decimal": pa.array(_repeated([Decimal("1.50"), None]), pa.decimal128(10, 2)),
        "day": pa.array(_repeated([date(2026, 1, 1), None])),
        "clock": pa.array(_repeated([time(12, 30), None]), pa.time64("us")),
        "flag": pa.array(_repeated([True, False, None])),
        "half": pa.array(_repeated([1.5, None]), pa.float32()),
        "fixed": pa.array(_repeated([bytes(16), None]), pa.binary(16)),
        "second": pa.array(_repeated([NOON, None]), pa.timestamp("s")),
        "took": pa.array(_repeated([timedelta(seconds=3), None]), pa.duration("ns")),
        "nothing": pa.nulls(_ROWS),
    }


def arrows_own() -> dict[str, pa.Array]:
    """Types that Parquet has not."""
    base = flows()
    times = base["time"].cast(pa.timestamp("ms", "UTC"))
    numbers = pa.array(range(_ROWS), pa.int32())
    return {
        "time": times,
        "src_ip": pa.array(_repeated(["10.0.1.10", "a longer text than twelve", None])).cast(pa.string_view()),
        "dst_ip": pa.array(_repeated([0x0A000114, 1, None]), pa.uint32()),
        "ends": pa.RunEndEncodedArray.from_arrays(pa.array([10, _ROWS], pa.int32()), pa.array(["a", "b"])),
        "bytes": base["x"].cast(pa.binary_view()),
        "viewed": pa.array(
            _repeated([["x", None], None, ["a text of more than twelve"]]), pa.list_view(pa.string_view())
        ),
        "wide": pa.array(_repeated([["x"], None]), pa.large_list(pa.string())),
        "pair": pa.array(_repeated([[1, 2], None]), pa.list_(pa.int8(), 2)),
        "sparse": pa.UnionArray.from_sparse(pa.array([0, 1] * (_ROWS // 2), pa.int8()), [numbers, base["vpc"]]),
        "dense": pa.UnionArray.from_dense(pa.array([0] * _ROWS, pa.int8()), numbers, [numbers]),
        "coded": pa.StructArray.from_arrays([base["dst_ip"], base["x"].cast(pa.binary_view())], ["a", "b"]),
        "interval": pa.array(_repeated([(1, 2, 3), None]), pa.month_day_nano_interval()),
    }


def batches(columns: dict[str, pa.Array]) -> list[pa.RecordBatch]:
    """Two batches: what goes wrong in the second has records before it."""
    whole = pa.RecordBatch.from_pydict(columns)
    return [whole.slice(0, _ROWS // 2), whole.slice(_ROWS // 2)]


def ipc(columns: dict[str, pa.Array], begin: Callable[..., Any], compression: str | None = None) -> bytes:
    out = io.BytesIO()
    options = pa.ipc.IpcWriteOptions(compression=compression, unify_dictionaries=True)
    parts = batches(columns)
    with begin(out, parts[0].schema, options=options) as writer:
        for part in parts:
            writer.write_batch(part)
    return out.getvalue()


def parquet(columns: dict[str, pa.Array], compression: str) -> bytes:
    out = io.BytesIO()
    table = pa.Table.from_batches(batches(columns))
    pq.write_table(table, out, compression=compression, row_group_size=_ROWS // 2)
    return out.getvalue()


def of(form: str) -> list[bytes]:
    """The seeds of a format."""
    if form == "parquet":
        return [parquet(columns(), compression) for columns in (flows, others) for compression in ("none", "snappy")]
    begin = pa.ipc.new_stream if form == "arrow-stream" else pa.ipc.new_file
    plain = [ipc(columns(), begin) for columns in (flows, others, arrows_own)]
    return [*plain, plain[0], ipc(flows(), begin, "lz4"), ipc(others(), begin, "zstd")]
