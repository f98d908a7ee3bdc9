"""One law for every columns format: the same records go in, the same tags come out, and nothing else changes."""

import csv
import gzip
import io
import json
import os
import sys
import threading
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, Final, NamedTuple

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from tagweave.carriers.columns import FORMATS, Options, Report, tag
from tagweave.errors import ConfigError, InputError, LookupKeyError
from tagweave.index.opening import TagIndex
from tagweave.index.weave import names_of

TEN: Final = datetime.fromisoformat("2026-01-01T10:00:00Z")
EPOCH: Final = int(TEN.timestamp())
PLAIN: Final = Options()

POD, SERVICE = "k8s.pod.name", "k8s.service.name"
TAGS: Final = (
    "host.name",
    "cloud.subnet.id",
    "k8s.namespace.name",
    "k8s.workload.name",
    POD,
    SERVICE,
    "tagweave.match",
)
COLUMNS: Final = [f"{side}.{name}" for side in ("source", "destination") for name in TAGS]

Row = dict[str, Any]


class Flow(NamedTuple):
    """A record in no format: minutes after ten, and the two ends."""

    minute: int
    source: str
    source_port: int
    destination: str
    destination_port: int


FLOWS: Final = [
    Flow(30, "10.244.0.9", 40000, "10.244.0.5", 8080),
    Flow(30, "fd00:244::9", 40000, "fd00:244::5", 8080),
    Flow(65, "10.244.0.9", 40001, "10.244.0.5", 8080),
    Flow(90, "10.244.0.9", 40002, "10.244.0.5", 9090),
    Flow(90, "fd00:244::9", 40002, "fd00:244::5", 9090),
    Flow(30, "10.0.1.10", 40003, "10.96.0.10", 80),
    Flow(30, "10.0.1.20", 40004, "198.51.100.9", 443),
    Flow(30, "10.0.1.77", 40005, "fd00:96::10", 80),
    Flow(5, "fd00:1::20", 40006, "10.244.0.5", 8080),
]
"""Both families, an address that two pods held in turn, an address between the two, a service, a VM, a bare subnet."""

Tagged = tuple[str | None, ...]
NOTHING: Final[Tagged] = (None,) * len(TAGS)
CLIENT: Final[Tagged] = ("worker", None, "web", None, "client", None, "ip")
FRONT: Final[Tagged] = ("worker", None, "web", "front", "front-a", "front", "ip")
API: Final[Tagged] = ("worker", None, "web", "api", "api-b", None, "ip")
FRONT_SERVICE: Final[Tagged] = (None, None, "web", None, None, "front", "ip")
WEB_VM: Final[Tagged] = ("web-1", "subnet-1", None, None, None, None, "ip")
WORKER: Final[Tagged] = ("worker", "subnet-1", None, None, None, None, "ip")
SUBNET: Final[Tagged] = (None, "subnet-1", None, None, None, None, "prefix")
EXPECTED: Final = [
    CLIENT + FRONT,
    CLIENT + FRONT,
    CLIENT + NOTHING,
    CLIENT + API,
    CLIENT + API,
    WEB_VM + FRONT_SERVICE,
    WORKER + NOTHING,
    SUBNET + FRONT_SERVICE,
    WORKER + NOTHING,
]


# ---- the formats: how FLOWS are written, how what came out is read


def rows_of(flows: Sequence[Flow]) -> list[Row]:
    return [
        {
            "time": EPOCH + 60 * flow.minute,
            "src_ip": flow.source,
            "src_port": flow.source_port,
            "dst_ip": flow.destination,
            "dst_port": flow.destination_port,
            "protocol": 6,
            "bytes": 100 + i,
        }
        for i, flow in enumerate(flows)
    ]


def table_of(flows: Sequence[Flow]) -> pa.Table:
    table = pa.Table.from_pylist(rows_of(flows))
    at = table.column("time").cast(pa.timestamp("s", "UTC"))
    return table.set_column(0, "time", at)


def delimited(flows: Sequence[Flow], separator: str) -> bytes:
    rows = rows_of(flows)
    lines = [list(rows[0]), *([str(v) for v in row.values()] for row in rows)]
    return "".join(f"{separator.join(line)}\n" for line in lines).encode()


def json_lines(flows: Sequence[Flow]) -> bytes:
    return "".join(json.dumps(row) + "\n" for row in rows_of(flows)).encode()


def parquet(flows: Sequence[Flow]) -> bytes:
    out = io.BytesIO()
    pq.write_table(table_of(flows), out, row_group_size=4)
    return out.getvalue()


def arrow(flows: Sequence[Flow], opened: Callable[[Any, pa.Schema], Any]) -> bytes:
    out, table = io.BytesIO(), table_of(flows)
    with opened(out, table.schema) as writer:
        writer.write_table(table, max_chunksize=4)
    return out.getvalue()


def aws_v2(flows: Sequence[Flow]) -> bytes:
    """As S3 has it from CloudWatch: the default fields, no header."""
    out = []
    for row in rows_of(flows):
        ends = [row[c] for c in ("src_ip", "dst_ip", "src_port", "dst_port")]
        fields = [2, 123456789012, "eni-0a", *ends, 6, 10, row["bytes"], row["time"], row["time"] + 10]
        out.append(" ".join(map(str, [*fields, "ACCEPT", "OK"])))
    return ("\n".join(out) + "\n").encode()


def aws_v5(flows: Sequence[Flow]) -> bytes:
    """With a header; the packets' own addresses differ from those of the interface that they passed."""
    header = "version srcaddr dstaddr srcport dstport protocol bytes start end pkt-srcaddr pkt-dstaddr"
    out = [header]
    for row in rows_of(flows):
        fields = [5, "10.0.1.10", "10.0.1.10", row["src_port"], row["dst_port"], 6, row["bytes"], row["time"]]
        out.append(" ".join(map(str, [*fields, row["time"] + 10, row["src_ip"], row["dst_ip"]])))
    return ("\n".join(out) + "\n").encode()


class Given(NamedTuple):
    """An input: its name, the format that it is in, and how it is made."""

    name: str
    form: str
    made: Callable[[Sequence[Flow]], bytes]


INPUTS: Final = [
    Given("flows.csv", "csv", lambda flows: delimited(flows, ",")),
    Given("flows.tsv", "tsv", lambda flows: delimited(flows, "\t")),
    Given("flows.txt", "text", lambda flows: delimited(flows, "   ")),
    Given("flows.jsonl", "jsonl", json_lines),
    Given("flows.parquet", "parquet", parquet),
    Given("flows.arrow", "arrow", lambda flows: arrow(flows, pa.ipc.new_file)),
    Given("flows.arrows", "arrow-stream", lambda flows: arrow(flows, pa.ipc.new_stream)),
    Given("v2.log", "text", aws_v2),
    Given("v5.log", "text", aws_v5),
    Given("v5.log.gz", "text", lambda flows: gzip.compress(aws_v5(flows))),
    Given("flows.csv.gz", "csv", lambda flows: gzip.compress(delimited(flows, ","))),
    Given("flows.jsonl.gz", "jsonl", lambda flows: gzip.compress(json_lines(flows))),
    Given("flows", "csv", lambda flows: delimited(flows, ",")),
    Given("flows-of-a-pipe", "jsonl", json_lines),
]


def read_rows(data: bytes, form: str, header: list[str] | None = None) -> list[Row]:
    """Rows of an output, null where a cell is empty (`-` in text)."""
    if data[:2] == b"\x1f\x8b":
        data = gzip.decompress(data)
    match form:
        case "csv" | "tsv":
            parsed = list(csv.reader(io.StringIO(data.decode(), newline=""), delimiter="," if form == "csv" else "\t"))
        case "text" | "aws-flow-log":
            parsed = [line.split() for line in data.decode().splitlines()]
        case "jsonl":
            return [json.loads(line) for line in data.splitlines()]
        case "parquet":
            return list(pq.read_table(io.BytesIO(data)).to_pylist())
        case "arrow":
            return list(pa.ipc.open_file(io.BytesIO(data)).read_all().to_pylist())
        case _:
            return list(pa.ipc.open_stream(io.BytesIO(data)).read_all().to_pylist())
    names = header if header is not None else parsed.pop(0)
    blanks = ("-",) if form not in ("csv", "tsv") else ("",)
    return [dict(zip(names, (None if v in blanks else v for v in row), strict=True)) for row in parsed]


def tags_in(rows: list[Row]) -> list[Tagged]:
    return [tuple(row.get(name) for name in COLUMNS) for row in rows]


Run = Callable[..., Report]


@pytest.fixture
def run(index: TagIndex, tmp_path: Path) -> Run:
    """Tag bytes, kept in a file of some name, into another file of the same folder."""

    def tagged(
        data: bytes, source: str, target: str, options: Options = PLAIN, tags: Sequence[str] | None = TAGS
    ) -> Report:
        (tmp_path / source).write_bytes(data)
        return tag(str(tmp_path / source), str(tmp_path / target), index, options._replace(tags=tags))

    return tagged


# ---- conformance


@pytest.mark.parametrize("given_as", INPUTS, ids=lambda one: one.name)
def test_the_same_records_get_the_same_tags_in_each_format(given_as: Given, run: Run, tmp_path: Path) -> None:
    report = run(given_as.made(FLOWS), given_as.name, "out")
    header = None
    if given_as.made is aws_v2:
        header = [f"field {i}" for i in range(14)]
        header += COLUMNS
    assert tags_in(read_rows((tmp_path / "out").read_bytes(), given_as.form, header)) == EXPECTED
    assert (report.records, report.empty, report.whole()) == (len(FLOWS), 0, True)
    assert report.sides["source"] == {"matched": 9}
    assert report.sides["destination"] == {"matched": 6, "not_at_that_time": 2, "unknown_address": 1}


@pytest.mark.parametrize("form", [f for f in FORMATS if f != "aws-flow-log"])
def test_any_format_can_be_written_from_another(form: str, run: Run, tmp_path: Path) -> None:
    other = json_lines if form != "jsonl" else parquet
    run(other(FLOWS), "in", "out", Options(output_format=form))
    rows = read_rows((tmp_path / "out").read_bytes(), form)
    assert tags_in(rows) == EXPECTED
    assert [str(row["bytes"]) for row in rows] == [str(100 + i) for i in range(len(FLOWS))]


@pytest.mark.parametrize("given_as", INPUTS[:7], ids=lambda one: one.name)
def test_what_the_records_hold_comes_out_unchanged_before_the_tags(given_as: Given, run: Run, tmp_path: Path) -> None:
    before = read_rows(given_as.made(FLOWS), given_as.form)
    run(given_as.made(FLOWS), given_as.name, "out")
    after = read_rows((tmp_path / "out").read_bytes(), given_as.form)
    assert [{k: v for k, v in row.items() if k not in COLUMNS} for row in after] == before
    assert list(after[0])[: len(before[0])] == list(before[0])


def test_text_keeps_its_own_spelling_and_only_grows_at_the_end(run: Run, tmp_path: Path) -> None:
    lines = ['time,src_ip,"note, free"', f'{EPOCH + 1800},"10.244.0.9","a ""b"", c"', f"{EPOCH + 1800},10.244.0.9,"]
    run("\r\n".join([*lines, ""]).encode(), "in.csv", "out.csv", PLAIN, (POD,))
    after = (tmp_path / "out.csv").read_bytes().decode().split("\r\n")
    assert after == [f"{lines[0]},source.k8s.pod.name", f"{lines[1]},client", f"{lines[2]},client", ""]


def test_records_of_more_than_one_batch_keep_their_order(run: Run, tmp_path: Path) -> None:
    count = 300_000
    which = [i % len(FLOWS) for i in range(count)]
    base = table_of(FLOWS).take(pa.array(which)).set_column(6, "bytes", pa.array(range(count), pa.int64()))
    out = io.BytesIO()
    pq.write_table(base, out)
    report = run(out.getvalue(), "in.parquet", "out.parquet", PLAIN, (POD,))
    found = pq.read_table(tmp_path / "out.parquet")
    assert report.records == count
    assert found.column("bytes").to_pylist() == list(range(count))
    pods = [EXPECTED[i][len(TAGS) + TAGS.index(POD)] for i in range(len(FLOWS))]
    assert found.column("destination.k8s.pod.name").to_pylist() == [pods[i] for i in which]


def test_text_of_more_than_one_block_keeps_its_order_and_line_numbers(run: Run, tmp_path: Path) -> None:
    filler = "x" * 90
    good = f"{EPOCH + 1800},10.244.0.9,{filler}\n"
    count = (9 << 20) // len(good)
    data = "time,src_ip,note\n" + good * count + "short\n" + f"{EPOCH + 5400},10.244.0.5,last\n"
    report = run(data.encode(), "in.csv", "out.csv", PLAIN, (POD,))
    lines = (tmp_path / "out.csv").read_text().splitlines()
    assert len(lines) == count + 3
    assert lines[-3:] == [f"{good[:-1]},client", "short", f"{EPOCH + 5400},10.244.0.5,last,api-b"]
    assert [bad.number for bad in report.bad_records] == [count + 2]


# ---- time

UNITS: Final[dict[str, Callable[[int], str]]] = {
    "s": str,
    "ms": lambda at: f"{at}123",
    "us": lambda at: f"{at}123456",
    "ns": lambda at: f"{at}123456789",
    "decimals": lambda at: f"{at}.25",
    "Z": lambda at: (TEN + timedelta(seconds=at - EPOCH)).strftime("%Y-%m-%dT%H:%M:%SZ"),
    "offset": lambda at: (TEN + timedelta(seconds=at - EPOCH + 19800)).strftime("%Y-%m-%dT%H:%M:%S.5+05:30"),
}
TURNS: Final = [(9, None), (10, "front-a"), (59, "front-a"), (60, None), (69, None), (70, "api-b"), (500, "api-b")]
"""Who held the reused address, by minutes after ten."""


@pytest.mark.parametrize("unit", UNITS)
@pytest.mark.parametrize("form", ["csv", "jsonl"])
def test_a_record_gets_the_owner_of_its_own_moment_in_any_unit(unit: str, form: str, run: Run, tmp_path: Path) -> None:
    times = [UNITS[unit](EPOCH + 60 * minute) for minute, _ in TURNS]
    if form == "csv":
        text = "".join(["time,src_ip\n", *(f"{at},10.244.0.5\n" for at in times)])
    else:
        quoted = unit in ("Z", "offset")
        text = "".join(f'{{"time": {json.dumps(at) if quoted else at}, "src_ip": "10.244.0.5"}}\n' for at in times)
    run(text.encode(), f"in.{form}", "out.jsonl", Options(output_format="jsonl"), (POD,))
    rows = read_rows((tmp_path / "out.jsonl").read_bytes(), "jsonl")
    assert [row.get(f"source.{POD}") for row in rows] == [name for _, name in TURNS]


@pytest.mark.parametrize("unit", ["s", "ms", "us", "ns"])
def test_timestamps_of_any_unit_are_read_by_their_type(unit: str, run: Run, tmp_path: Path) -> None:
    at = [TEN + timedelta(minutes=minute) for minute, _ in TURNS]
    table = pa.table({"time": pa.array(at, pa.timestamp(unit, "Asia/Shanghai")), "src_ip": ["10.244.0.5"] * len(at)})
    out = io.BytesIO()
    pq.write_table(table, out)
    run(out.getvalue(), "in.parquet", "out.parquet", PLAIN, (POD,))
    assert pq.read_table(tmp_path / "out.parquet").column(f"source.{POD}").to_pylist() == [n for _, n in TURNS]


def test_one_column_may_mix_the_ways_to_write_a_time(run: Run, tmp_path: Path) -> None:
    times = [write(EPOCH + 1800) for write in UNITS.values()]
    run(
        "".join(["time,src_ip\n", *(f"{at},10.244.0.5\n" for at in times)]).encode(), "in.csv", "out.csv", PLAIN, (POD,)
    )
    assert [row[f"source.{POD}"] for row in read_rows((tmp_path / "out.csv").read_bytes(), "csv")] == ["front-a"] * 7


@pytest.mark.parametrize(
    "wrong", ["", "-", "soon", "2026-01-01T10:30:00", "2026-13-01T00:00:00Z", "nan", "inf", "1e400", "9" * 25]
)
@pytest.mark.parametrize("beside", [str(EPOCH + 1800), "2026-01-01T10:30:00Z"])
def test_what_is_no_time_is_reported_and_its_record_gets_no_tags(
    wrong: str, beside: str, run: Run, tmp_path: Path
) -> None:
    report = run(f"time,src_ip\n{beside},10.244.0.5\n{wrong},10.244.0.5\n".encode(), "in.csv", "out.csv", PLAIN, (POD,))
    assert (tmp_path / "out.csv").read_text().splitlines()[1:] == [
        f"{beside},10.244.0.5,front-a",
        f"{wrong},10.244.0.5,",
    ]
    assert [bad.number for bad in report.bad_records] == [3]


@pytest.mark.parametrize("wrong", ["20260101103000", "99999999999", "-99999999999"])
def test_a_time_that_nanoseconds_cannot_hold_is_bad_and_does_not_wrap_into_another(
    wrong: str, run: Run, tmp_path: Path
) -> None:
    report = run(f"time,src_ip\n{wrong},10.244.0.9\n".encode(), "in.csv", "out.csv", PLAIN, (POD,))
    assert (tmp_path / "out.csv").read_text().splitlines()[1] == f"{wrong},10.244.0.9,"
    assert [bad.number for bad in report.bad_records] == [2]


def test_one_time_for_all_records_stands_for_what_they_do_not_say(run: Run, tmp_path: Path) -> None:
    for minute, name in TURNS[2:6]:
        moment = TEN + timedelta(minutes=minute)
        run(b"src_ip\n10.244.0.5\n", "in.csv", "out.csv", Options(at=moment), (POD,))
        assert read_rows((tmp_path / "out.csv").read_bytes(), "csv")[0][f"source.{POD}"] == name


# ---- bad records

CSV_HEAD: Final = b"time,src_ip,dst_ip\n"
CSV_GOOD: Final = f"{EPOCH + 1800},10.244.0.9,10.244.0.5\n".encode()
CSV_TAGGED: Final = CSV_GOOD.replace(b"\n", b",client,front-a")
BAD_CSV: Final = {
    "too few fields": b"1,2",
    "too many fields": CSV_GOOD.rstrip() + b",more",
    "no address": b"1767263400,10.0.0.256,10.244.0.5",
    "a quote that is none": b'1767263400,5"disk,10.244.0.5',
    "two quotes that are none": b'1767263400,5"x"disk,10.244.0.5',
    "not UTF-8": b"1767263400,\xff\xfe,10.244.0.5",
    "a carriage return": b"1767263400,a\rb,10.244.0.5",
    "a zero byte": b"1767263400,\0,10.244.0.5",
    "a very long field": b"1767263400," + b"9" * 200_000 + b",x",
    "a long quoted field": b'1767263400,"' + b"9" * 200_000 + b'",x',
}


@pytest.mark.parametrize("kind", BAD_CSV)
def test_a_bad_line_is_reported_by_its_number_and_passed_through_between_good_ones(
    kind: str, run: Run, tmp_path: Path
) -> None:
    bad = BAD_CSV[kind]
    report = run(CSV_HEAD + CSV_GOOD + bad + b"\n" + CSV_GOOD * 2, "in.csv", "out.csv", PLAIN, (POD,))
    lines = (tmp_path / "out.csv").read_bytes().split(b"\n")
    assert lines[1:2] + lines[3:] == [CSV_TAGGED, CSV_TAGGED, CSV_TAGGED, b""]
    assert lines[2].startswith(bad)
    assert {one.number for one in report.bad_records} == {3}
    assert (report.records, report.whole()) == (4, False)


JSON_GOOD: Final = b'{"time":1767263400,"src_ip":"10.244.0.9","dst_ip":"10.244.0.5"}'
BAD_JSON: Final = {
    "cut": b'{"time":1767263400,"src_ip"',
    "an array": b'["10.244.0.9"]',
    "a number": b"7",
    "not UTF-8": b'{"time":1767263400,"src_ip":"\xff\xfe"}',
    "an address that is none": b'{"time":1767263400,"src_ip":"nowhere"}',
    "a time that is none": b'{"time":{"at":1},"src_ip":"10.244.0.9"}',
    "a list for an address": b'{"time":1767263400,"src_ip":["10.244.0.9"]}',
}


@pytest.mark.parametrize("kind", BAD_JSON)
@pytest.mark.parametrize("first", [False, True], ids=["later", "first"])
def test_a_bad_json_line_is_reported_and_passed_through_wherever_it_stands(
    kind: str, first: bool, run: Run, tmp_path: Path
) -> None:
    bad = BAD_JSON[kind]
    lines = [bad, JSON_GOOD, JSON_GOOD] if first else [JSON_GOOD, bad, JSON_GOOD]
    report = run(b"\n".join(lines) + b"\n", "in.jsonl", "out.jsonl", Options(input_format="jsonl"), (POD,))
    out = (tmp_path / "out.jsonl").read_bytes().splitlines()
    at = lines.index(bad)
    assert out[at] == bad
    assert [json.loads(o)[f"source.{POD}"] for i, o in enumerate(out) if i != at] == ["client", "client"]
    assert {one.number for one in report.bad_records} == {at + 1}


def test_a_field_of_any_json_type_never_stops_the_stream(run: Run, tmp_path: Path) -> None:
    odd = b'{"time":1767263400,"src_ip":"10.244.0.9","protocol":[6],"src_port":{"a":1},"vpc_id":["x"],"pod":[1]}\n'
    run(odd, "in.jsonl", "out.jsonl", PLAIN, (POD,))
    assert json.loads((tmp_path / "out.jsonl").read_bytes()).items() >= json.loads(odd).items()


@pytest.mark.parametrize("target", ["out.jsonl", "out.parquet", "out.csv"])
def test_blank_lines_are_no_records_of_another_format(target: str, run: Run, tmp_path: Path) -> None:
    report = run(CSV_HEAD + CSV_GOOD + b"\n" + CSV_GOOD + b"\n\n", "in", target, Options(input_format="csv"), (POD,))
    assert (report.records, report.empty) == (2, 3)
    if target != "out.csv":
        assert len(read_rows((tmp_path / target).read_bytes(), target[4:])) == 2


def test_every_bad_record_is_counted_and_the_first_are_shown(run: Run) -> None:
    report = run(CSV_HEAD + CSV_GOOD + b"1767263400,nowhere,10.244.0.5\n" * 500, "in.csv", "out.csv", PLAIN, (POD,))
    assert report.bad.total() == 500
    assert [bad.number for bad in report.bad_records] == list(range(3, 23))


def test_an_input_that_breaks_off_is_tagged_as_far_as_it_goes(run: Run, tmp_path: Path) -> None:
    whole = gzip.compress(CSV_HEAD + b"".join(CSV_GOOD.replace(b"3400", b"%d" % (3400 + i % 60)) for i in range(9999)))
    report = run(whole[:-20], "in.csv.gz", "out.csv", PLAIN, (POD,))
    lines = (tmp_path / "out.csv").read_bytes().splitlines()
    assert "breaks off" in report.truncated
    assert not report.whole()
    assert report.records >= len(lines) - 2 > 0


# ---- what a record carries already


@pytest.mark.parametrize("overwrite", [False, True])
@pytest.mark.parametrize("form", ["csv", "text", "jsonl", "parquet", "arrow"])
def test_the_emitters_tag_is_kept_unless_told_otherwise(form: str, overwrite: bool, run: Run, tmp_path: Path) -> None:
    name = f"source.{POD}"
    carried = ["mine", None, "theirs"]
    rows = {"time": [EPOCH + 1800] * 3, "src_ip": ["10.244.0.5", "10.244.0.5", "192.0.2.1"], name: carried}
    table = pa.table({**rows, "note": ["a", "b", "c"]})
    out = io.BytesIO()
    match form:
        case "parquet":
            pq.write_table(table, out)
        case "arrow":
            with pa.ipc.new_file(out, table.schema) as writer:
                writer.write_table(table)
        case "jsonl":
            out.write(b"".join(json.dumps(row).encode() + b"\n" for row in table.to_pylist()))
        case _:
            comma, blank = (",", "") if form == "csv" else (" ", "-")
            lines = [
                table.column_names,
                *([str(blank if v is None else v) for v in r.values()] for r in table.to_pylist()),
            ]
            out.write("".join(comma.join(line) + "\n" for line in lines).encode())
    run(out.getvalue(), "in", "out", Options(input_format=form, overwrite=overwrite), (POD,))
    found = read_rows((tmp_path / "out").read_bytes(), form)
    assert [row[name] for row in found] == (
        ["front-a", "front-a", "theirs"] if overwrite else ["mine", "front-a", "theirs"]
    )
    assert [row["note"] for row in found] == ["a", "b", "c"]


def test_a_column_that_neither_side_fills_stays_a_column_of_text(run: Run, tmp_path: Path) -> None:
    data = f"time src_ip source.{POD} note\n{EPOCH + 1800} 192.0.2.1 - kept\n"
    run(data.encode(), "in.txt", "out.txt", PLAIN, (POD,))
    assert (tmp_path / "out.txt").read_text() == data


def test_a_nested_member_is_the_emitters_word_too(run: Run, tmp_path: Path) -> None:
    record = {"time": EPOCH + 1800, "src_ip": "10.244.0.5", "source": {"k8s": {"pod": {"name": "mine"}}}}
    run(json.dumps(record).encode() + b"\n", "in.jsonl", "out.jsonl", PLAIN, (POD, SERVICE))
    found = read_rows((tmp_path / "out.jsonl").read_bytes(), "jsonl")[0]
    assert found == {**record, f"source.{SERVICE}": "front"}


# ---- options


def test_ids_are_one_tagset_an_end_that_leads_to_the_same_tags(index: TagIndex, run: Run, tmp_path: Path) -> None:
    run(parquet(FLOWS), "in.parquet", "out.parquet", Options(encode="ids"))
    table = pq.read_table(tmp_path / "out.parquet")
    assert table.column_names[-2:] == ["source.tagset", "destination.tagset"]
    ids = table.column("destination.tagset").combine_chunks()
    assert ids.type == pa.uint64()
    assert [one is None for one in ids.to_pylist()] == [row[len(TAGS) :] == NOTHING for row in EXPECTED]
    at = table.column("time").cast(pa.timestamp("ns", "UTC")).cast(pa.int64()).combine_chunks()
    named = names_of(index, ids, TAGS, at)
    assert named.known.all()
    rows = zip(*(column.to_pylist() for column in named.columns), strict=True)
    assert list(rows) == [row[len(TAGS) :] for row in EXPECTED]


@pytest.mark.parametrize("form", ["csv", "jsonl", "text"])
def test_ids_are_written_into_text_too(form: str, run: Run, tmp_path: Path) -> None:
    made = {"csv": delimited(FLOWS, ","), "text": delimited(FLOWS, " "), "jsonl": json_lines(FLOWS)}[form]
    run(made, "in", "out", Options(input_format=form, encode="ids"))
    rows = read_rows((tmp_path / "out").read_bytes(), form)
    assert [row.get("destination.tagset") is None for row in rows] == [r[len(TAGS) :] == NOTHING for r in EXPECTED]
    assert rows[0]["source.tagset"] == rows[2]["source.tagset"]


@pytest.mark.parametrize(("network", "owner"), [("shop", "front-a"), ("node-1", "front-a"), ("internet", None)])
def test_a_network_says_from_where_addresses_are_seen(
    network: str, owner: str | None, run: Run, tmp_path: Path
) -> None:
    run(CSV_HEAD + CSV_GOOD, "in.csv", "out.csv", Options(network=network), (POD,))
    assert read_rows((tmp_path / "out.csv").read_bytes(), "csv")[0][f"destination.{POD}"] == owner


def test_a_mapped_column_has_the_role_it_was_given_and_the_rest_are_known_by_name(run: Run, tmp_path: Path) -> None:
    data = f"when,who,src_ip\n{EPOCH + 1800},10.244.0.5,10.244.0.9\n".encode()
    mapping = {"when": "time", "who": "destination.ip"}
    run(data, "in.csv", "out.csv", Options(mapping=mapping), (POD,))
    row = read_rows((tmp_path / "out.csv").read_bytes(), "csv")[0]
    assert (row[f"source.{POD}"], row[f"destination.{POD}"]) == ("client", "front-a")


LATE: Final = {"a": "10.244.0.9", "time": EPOCH + 1800}


def test_a_mapped_member_may_come_with_any_later_record(run: Run, tmp_path: Path) -> None:
    rows = [{**LATE, "note": "x" * 1000}] * 99 + [{**LATE, "uid": "uid-front-a"}]
    data = "".join(json.dumps(row) + "\n" for row in rows).encode()
    report = run(data, "in.jsonl", "out.jsonl", Options(mapping={"a": "source.ip", "uid": "source.pod_uid"}), (POD,))
    found = read_rows((tmp_path / "out.jsonl").read_bytes(), "jsonl")
    assert [row[f"source.{POD}"] for row in found] == ["client"] * 99 + ["front-a"]
    assert report.whole()


def test_a_mapped_member_of_a_pipe_may_come_later_too(index: TagIndex, monkeypatch: pytest.MonkeyPatch) -> None:
    rows = [LATE, {**LATE, "uid": "uid-front-a"}]
    options = Options(mapping={"a": "source.ip", "uid": "source.pod_uid"})
    parts = [(json.dumps(row).encode() + b"\n", 1) for row in rows]
    out = through_pipes(index, monkeypatch, "jsonl", parts, options)
    assert [json.loads(line)[f"source.{POD}"] for line in out] == ["client", "front-a"]


def test_a_mapped_member_that_never_came_is_told_at_the_end(run: Run, tmp_path: Path) -> None:
    options = Options(mapping={"a": "source.ip", "uuid": "source.pod_uid"})
    data = json.dumps({**LATE, "uid": "uid-front-a"}).encode()
    report = run(data, "in.jsonl", "out.jsonl", options, (POD,))
    assert report.missing == "--map uuid=source.pod_uid: there is no column 'uuid'; did you mean 'uid'?"
    assert not report.whole()
    assert read_rows((tmp_path / "out.jsonl").read_bytes(), "jsonl")[0][f"source.{POD}"] == "client"


def test_without_the_only_mapped_member_there_is_no_output(run: Run, tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="there is no column 'aa'; did you mean 'a'"):
        run(json.dumps(LATE).encode(), "in.jsonl", "out.jsonl", Options(mapping={"aa": "source.ip"}), (POD,))
    assert [path.name for path in tmp_path.iterdir()] == ["in.jsonl"]


@pytest.mark.parametrize(
    ("options", "error", "message"),
    [
        (Options(mapping={"src_ipp": "source.ip"}), ConfigError, r"--map src_ipp=source\.ip: .*did you mean 'src_ip'"),
        (Options(mapping={"src_ip": "source.adress"}), ConfigError, r"there is no role 'source\.adress'"),
        (Options(input_format="excel"), ConfigError, "there is no format 'excel': choose one of csv, "),
        (Options(output_format="excel"), ConfigError, "there is no format 'excel': choose one of csv, "),
        (Options(network="nowhere"), LookupKeyError, "no network is named 'nowhere'; there are: "),
        (Options(input_format="parquet"), InputError, r"cannot read .*in\.csv as parquet: "),
        (Options(input_format="arrow"), InputError, r"cannot read .*in\.csv as arrow: "),
        (Options(input_format="arrow-stream"), InputError, r"cannot read .*in\.csv as arrow-stream: "),
    ],
)
def test_a_wrong_option_says_what_was_expected_and_leaves_no_output(
    options: Options, error: type[Exception], message: str, run: Run, tmp_path: Path
) -> None:
    with pytest.raises(error, match=message):
        run(CSV_HEAD + CSV_GOOD, "in.csv", "out.csv", options)
    assert [path.name for path in tmp_path.iterdir()] == ["in.csv"]


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"a,b\n1,2\n", "name one with --map COLUMN=ROLE; the columns are a, b; the roles time, "),
        (
            b"src_ip\n10.244.0.9\n",
            "--map COLUMN=time, or say when all of them were with --at TIME; the columns are src_ip",
        ),
    ],
)
def test_columns_that_nobody_knows_are_listed_with_what_to_do(data: bytes, message: str, run: Run) -> None:
    with pytest.raises(InputError, match=message):
        run(data, "in.csv", "out.csv")


def test_a_column_that_is_there_twice_is_refused_and_named(run: Run) -> None:
    with pytest.raises(InputError, match="src_ip"):
        run(b"time,src_ip,src_ip\n1767263400,10.244.0.9,10.244.0.5\n", "in.csv", "out.csv")


# ---- nothing to tag


@pytest.mark.parametrize("name", ["in", "in.csv", "in.txt", "in.jsonl", "in.parquet"])
def test_an_empty_file_is_refused_in_the_readers_words(name: str, run: Run) -> None:
    with pytest.raises(InputError, match=name):
        run(b"", name, "out")


@pytest.mark.parametrize("form", ["csv", "parquet", "arrow", "arrow-stream"])
def test_no_records_in_are_no_records_out_with_the_columns_of_both(form: str, run: Run, tmp_path: Path) -> None:
    schema = table_of(FLOWS).schema
    data = io.BytesIO()
    match form:
        case "csv":
            data.write(CSV_HEAD)
        case "parquet":
            pq.write_table(schema.empty_table(), data)
        case "arrow":
            pa.ipc.new_file(data, schema).close()
        case _:
            pa.ipc.new_stream(data, schema).close()
    report = run(data.getvalue(), "in", "out.parquet", Options(input_format=form))
    found = pq.read_table(tmp_path / "out.parquet")
    assert (report.records, len(found)) == (0, 0)
    assert found.column_names[-len(COLUMNS) :] == COLUMNS


# ---- pipes


def through_pipes(
    index: TagIndex,
    monkeypatch: pytest.MonkeyPatch,
    form: str,
    parts: Sequence[tuple[bytes, int]],
    options: Options = PLAIN,
) -> list[bytes]:
    """What stdout had after each part that was written to stdin: as many lines as the part says."""
    to_read, to_write = os.pipe()
    from_read, from_write = os.pipe()
    out: list[bytes] = []
    failed: list[BaseException] = []
    with os.fdopen(to_read) as stdin, os.fdopen(to_write, "wb", 0) as feed, os.fdopen(from_read, "rb") as taken:
        stdout = os.fdopen(from_write, "w")
        monkeypatch.setattr(sys, "stdin", stdin)
        monkeypatch.setattr(sys, "stdout", stdout)

        def run() -> None:
            try:
                tag("-", "-", index, options._replace(input_format=form, tags=(POD,)))
            except BaseException as error:  # noqa: BLE001 - raised again below
                failed.append(error)
            finally:
                stdout.close()

        thread = threading.Thread(target=run, daemon=True)
        thread.start()
        for part, answers in parts:
            feed.write(part)
            out.append(b"".join(taken.readline() for _ in range(answers)))
            if failed:
                raise failed[0]
        feed.close()
        thread.join(30)
    assert not thread.is_alive()
    return out


@pytest.mark.timeout(60)
def test_a_pipe_gets_each_record_before_the_next_is_there(index: TagIndex, monkeypatch: pytest.MonkeyPatch) -> None:
    later = CSV_GOOD.replace(b"%d" % (EPOCH + 1800), b"%d" % (EPOCH + 5400))
    out = through_pipes(index, monkeypatch, "csv", [(CSV_HEAD + CSV_GOOD, 2), (later, 1), (b"x\n", 1)])
    head = CSV_HEAD.rstrip() + f",source.{POD},destination.{POD}\n".encode()
    assert out == [head + CSV_TAGGED + b"\n", later.rstrip() + b",client,api-b\n", b"x\n"]


@pytest.mark.timeout(60)
def test_a_pipe_may_begin_with_a_bad_record_and_learn_of_members_later(
    index: TagIndex, monkeypatch: pytest.MonkeyPatch
) -> None:
    parts = [b'{"time":176\n', b'{"time":1767263400,"dst_ip":"10.244.0.5"}\n', JSON_GOOD + b"\n"]
    out = through_pipes(index, monkeypatch, "jsonl", [(part, 1) for part in parts])
    assert out[0] == parts[0]
    assert json.loads(out[1])[f"destination.{POD}"] == "front-a"
    assert json.loads(out[2])[f"source.{POD}"] == "client"


# ---- any mix of records

TEXT: Final = st.text(st.characters(codec="utf-8", exclude_characters='\n\r,"\x00'), max_size=8)
ADDRESS: Final = st.sampled_from(["10.244.0.9", "10.244.0.5", "fd00:244::5", "192.0.2.1", "10.0.1.77"])
GOOD_FIELDS: Final = st.tuples(st.just(str(EPOCH + 1800)), ADDRESS, ADDRESS, TEXT)
ANY_FIELDS: Final = st.lists(st.one_of(ADDRESS, TEXT, st.just('"a, ""b"""')), min_size=1, max_size=6)
RECORDS: Final = st.lists(st.one_of(GOOD_FIELDS, ANY_FIELDS), max_size=25)


@settings(max_examples=120, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(records=RECORDS, end=st.sampled_from(["\n", "\r\n"]))
@example(records=[["\ufeff"], ["1e999", "10.244.0.9", "x", ""]], end="\n")
def test_any_lines_come_out_in_order_each_with_its_text_unchanged(
    records: list[Sequence[str]], end: str, run: Run, tmp_path: Path
) -> None:
    lines = ["time,src_ip,dst_ip,note", *(",".join(fields) for fields in records)]
    report = run("".join(line + end for line in lines).encode(), "in.csv", "out.csv", PLAIN, (POD,))
    out = (tmp_path / "out.csv").read_bytes().decode().split(end)
    assert len(out) == len(lines) + 1
    for before, after, fields in zip(lines[1:], out[1:], records, strict=False):
        if len(fields) == 4 and before.strip():
            assert after.startswith(f"{before},")
            assert after[len(before) :].count(",") == 2
        else:
            assert after == before
    assert report.records + report.empty == len(records)


VALUES: Final = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(-(2**70), 2**70), st.floats(allow_nan=False), TEXT, ADDRESS),
    lambda inner: st.one_of(st.lists(inner, max_size=2), st.dictionaries(TEXT, inner, max_size=2)),
    max_leaves=4,
)
OBJECTS: Final = st.fixed_dictionaries(
    {},
    optional={"time": st.one_of(st.just(EPOCH + 1800), VALUES), "src_ip": st.one_of(ADDRESS, VALUES), "note": VALUES},
)
LINES: Final = st.lists(
    st.one_of(OBJECTS.map(json.dumps), st.sampled_from(["{", "[]", "7", "null", '{"a":'])), max_size=12
)


@settings(max_examples=120, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(lines=LINES)
def test_any_json_lines_come_out_in_order_with_their_members_unchanged(
    lines: list[str], run: Run, tmp_path: Path
) -> None:
    first = JSON_GOOD.decode()
    text = "".join(f"{line}\n" for line in [first, *lines])
    run(text.encode(), "in.jsonl", "out.jsonl", Options(input_format="jsonl"), (POD,))
    out = (tmp_path / "out.jsonl").read_text().split("\n")
    assert len(out) == len(lines) + 2
    for before, after in zip(lines, out[1:], strict=False):
        if not before.startswith("{") or before in ("{", '{"a":'):
            assert after == before
        else:
            kept = {k: v for k, v in json.loads(after).items() if not k.endswith(POD)}
            assert kept == json.loads(before)


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(records=st.lists(st.tuples(st.one_of(st.none(), st.just(EPOCH + 1800)), st.one_of(st.none(), ADDRESS, TEXT))))
def test_any_rows_come_out_in_order_with_their_columns_unchanged(
    records: list[tuple[int | None, str | None]], run: Run, tmp_path: Path
) -> None:
    table = pa.table(
        {
            "time": pa.array([at for at, _ in records], pa.int64()),
            "src_ip": pa.array([ip for _, ip in records], pa.string()),
            "n": pa.array(range(len(records)), pa.int64()),
        }
    )
    out = io.BytesIO()
    pq.write_table(table, out, row_group_size=3)
    run(out.getvalue(), "in.parquet", "out.parquet", PLAIN, (POD,))
    assert pq.read_table(tmp_path / "out.parquet").select(table.column_names).to_pylist() == table.to_pylist()
