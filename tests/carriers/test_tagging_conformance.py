"""Every format in, every format out: one suite over the same records, on an estate whose truth is in this file."""

import gzip
import io
import json
import subprocess
import sys
import tempfile
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pyarrow as pa
import pyarrow.csv as pacsv
import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tagweave.carriers.columns import FORMATS, Options, Report, tag
from tagweave.carriers.columns.roles import AWS_V2
from tagweave.errors import ConfigError, InputError, LookupKeyError
from tagweave.index.opening import TagIndex
from tagweave.index.weave import names_of
from tagweave.model import VM, Cluster, Container, Interface, Namespace, Node, Pod, Resource, Service, ServicePort, Vpc
from tagweave.model.times import FOREVER, to_ns

from .making import index_of_spans

NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)
HALF_PAST = datetime(2026, 1, 1, 12, 30, tzinfo=UTC)
POD, SERVICE, HOST = "k8s.pod.name", "k8s.service.name", "host.name"
PLAIN = Options()
TAGS = (POD, SERVICE, HOST)
COLUMNS = [f"{side}.{name}" for side in ("source", "destination") for name in TAGS]


def pod(name: str, *ips: str, labels: dict[str, str] | None = None) -> Pod:
    return Pod(
        source="k",
        id=f"uid-{name}",
        name=name,
        cluster="k",
        namespace="shop",
        node="node-1",
        ips=ips,
        phase="Running",
        labels=labels or {},
        containers=(Container(name="main", id=f"c-{name}", ports={"http": 8080}),),
    )


CARD = Interface(mac="02:00:00:00:00:01", private_ips=("172.16.0.4",))


def estate() -> TagIndex:
    """`old` has 10.0.0.5 until half past, `new` from then on; `web` is dual stack and behind a service."""
    start, half = to_ns(NOON), to_ns(HALF_PAST)
    spans: list[tuple[Resource, int, int]] = [
        (Cluster(source="k", id="k", name="k"), start, FOREVER),
        (Node(source="k", id="n1", name="node-1", cluster="k", ips=("10.0.9.1",)), start, FOREVER),
        (Namespace(source="k", id="ns", name="shop", cluster="k"), start, FOREVER),
        (pod("old", "10.0.0.5"), start, half),
        (pod("new", "10.0.0.5"), half, FOREVER),
        (pod("web", "10.0.0.7", "fd00::7", labels={"app": "web"}), start, FOREVER),
        (
            Service(
                source="k", id="svc", name='we"b, the', cluster="k", namespace="shop", cluster_ips=("10.96.0.1",),
                selector={"app": "web"}, ports=(ServicePort(port=80, target_port="http"),),
            ),
            start,
            FOREVER,
        ),
        (Vpc(source="c", id="vpc-1", cidrs=("172.16.0.0/16",)), start, FOREVER),
        (
            VM(source="c", id="i-1", name="db", vpc="vpc-1", interfaces=(CARD,)),
            start,
            FOREVER,
        ),
    ]  # fmt: skip
    with tempfile.TemporaryDirectory() as folder:  # what is mapped stays when its name goes
        return index_of_spans(Path(folder), spans, to_ns(NOON) + 10**13)


INDEX = estate()

# time after noon in seconds, source, destination, destination port → the tags of both ends
RECORDS: list[tuple[int, str, str, int]] = [
    (60, "10.0.0.5", "10.0.0.7", 8080),
    (2400, "10.0.0.5", "10.96.0.1", 80),
    (60, "fd00::7", "172.16.0.4", 5432),
    (-3600, "10.0.0.5", "10.0.0.7", 8080),
    (60, "::ffff:10.0.0.5", "192.0.2.1", 443),
    (60, "10.0.0.7", "10.0.9.1", 10250),
]
WEB = 'we"b, the'
WOVEN: list[tuple[str | None, ...]] = [
    ("old", None, None, "web", WEB, None),
    ("new", None, None, None, WEB, None),
    ("web", WEB, None, None, None, "db"),
    (None, None, None, None, None, None),
    ("old", None, None, None, None, None),
    ("web", WEB, None, None, None, None),
]


def weave(source: Path, target: Path, options: Options = PLAIN, tags: tuple[str, ...] = TAGS) -> Report:
    return tag(str(source), str(target), INDEX, options._replace(tags=tags))


def as_table() -> pa.Table:
    at = [NOON.timestamp() + seconds for seconds, *_ in RECORDS]
    return pa.table(
        {
            "time": pa.array([int(t * 10**9) for t in at], pa.timestamp("ns", "UTC")),
            "src_ip": [source for _, source, _, _ in RECORDS],
            "dst_ip": [destination for _, _, destination, _ in RECORDS],
            "dst_port": pa.array([port for *_, port in RECORDS], pa.int32()),
            "bytes": pa.array(range(len(RECORDS)), pa.int64()),
        }
    )


def text_lines(separator: str) -> str:
    rows = [["time", "src_ip", "dst_ip", "dst_port", "bytes"]]
    for row in as_table().to_pylist():
        at = int(row["time"].timestamp())
        rows.append([str(at), row["src_ip"], row["dst_ip"], str(row["dst_port"]), str(row["bytes"])])
    return "".join(separator.join(row) + "\n" for row in rows)


def write_input(form: str, path: Path) -> None:
    table = as_table()
    match form:
        case "csv" | "tsv" | "text":
            path.write_text(text_lines({"csv": ",", "tsv": "\t", "text": "  "}[form]))
        case "jsonl":
            rows = table.to_pylist()
            path.write_text("".join(json.dumps(r | {"time": r["time"].isoformat()}) + "\n" for r in rows))
        case "parquet":
            pq.write_table(table, path, row_group_size=4)
        case "arrow":
            with pa.ipc.new_file(path, table.schema) as writer:
                writer.write_table(table, 4)
        case "arrow-stream":
            with pa.ipc.new_stream(path, table.schema) as writer:
                writer.write_table(table, 4)
        case _:
            lines = []
            for seconds, source, destination, port in RECORDS:
                at = int(NOON.timestamp()) + seconds
                fields = [2, "123456789010", "eni-1", source, destination, 40000, port, 6, 20, 4249, at, at + 1]
                lines.append(" ".join(map(str, [*fields, "ACCEPT", "OK"])))
            path.write_text("".join(f"{line}\n" for line in lines))


def read_rows(form: str, path: Path) -> list[dict[str, object]]:
    match form:
        case "csv" | "tsv":
            text = pa.BufferReader(path.read_bytes())
            strings = pacsv.ConvertOptions(strings_can_be_null=True, null_values=[""])
            parsed = pacsv.read_csv(
                text,
                parse_options=pacsv.ParseOptions(delimiter={"csv": ",", "tsv": "\t"}[form]),
                convert_options=strings,
            )
            return parsed.to_pylist()
        case "text" | "aws-flow-log":
            import csv

            rows = list(csv.reader(io.StringIO(path.read_text()), delimiter=" ", skipinitialspace=True))
            return [dict(zip(rows[0], (None if v == "-" else v for v in row), strict=True)) for row in rows[1:]]
        case "jsonl":
            return [json.loads(line) for line in path.read_text().splitlines()]
        case "parquet":
            return pq.read_table(path).to_pylist()
        case "arrow":
            return pa.ipc.open_file(path).read_all().to_pylist()
    return pa.ipc.open_stream(path).read_all().to_pylist()


def tags_of(rows: list[dict[str, object]]) -> list[tuple[object, ...]]:
    return [tuple(row.get(name) for name in COLUMNS) for row in rows]


@pytest.mark.parametrize("given_as", FORMATS)
@pytest.mark.parametrize("asked_as", [form for form in FORMATS if form != "aws-flow-log"])
def test_the_same_records_get_the_same_tags_in_every_format(given_as: str, asked_as: str, tmp_path: Path) -> None:
    source, target = tmp_path / "in", tmp_path / "out"
    write_input(given_as, source)
    report = weave(source, target, Options(input_format=given_as, output_format=asked_as))
    assert tags_of(read_rows(asked_as, target)) == WOVEN
    assert report.records == len(RECORDS)
    assert report.whole()
    assert report.sides["source"] == {"matched": 5, "not_at_that_time": 1}


@pytest.mark.parametrize("form", ["csv", "tsv", "text", "jsonl", "parquet", "arrow", "arrow-stream"])
def test_the_columns_of_the_input_stay_as_they_are(form: str, tmp_path: Path) -> None:
    source, target = tmp_path / "in", tmp_path / "out"
    write_input(form, source)
    weave(source, target, Options(input_format=form))
    before, after = read_rows(form, source), read_rows(form, target)
    assert [{k: v for k, v in row.items() if k not in COLUMNS} for row in after] == before


@pytest.mark.parametrize(
    ("form", "name"), [("parquet", "a"), ("csv", "b"), ("jsonl", "c"), ("arrow", "d"), ("tsv", "e.tsv")]
)
def test_a_format_is_known_by_its_content_or_name(form: str, name: str, tmp_path: Path) -> None:
    write_input(form, tmp_path / name)
    weave(tmp_path / name, tmp_path / "out.jsonl")
    assert tags_of(read_rows("jsonl", tmp_path / "out.jsonl")) == WOVEN


def test_headerless_flow_logs_of_aws_are_known_and_keep_their_text(tmp_path: Path) -> None:
    source = tmp_path / "flow.log"
    write_input("aws-flow-log", source)
    nodata = "2 123456789010 eni-1 - - - - - - - 1431280876 1431280934 - NODATA"
    source.write_text(source.read_text() + nodata + "\n")
    report = weave(source, tmp_path / "out")
    lines = (tmp_path / "out").read_text().splitlines()
    assert lines[0].endswith('ACCEPT OK old - - web "we""b, the" -')
    assert lines[-1] == nodata
    assert (report.records, report.empty) == (len(RECORDS), 1)


def test_flow_logs_of_aws_version_5_name_the_packets_own_addresses(tmp_path: Path) -> None:
    header = "version srcaddr dstaddr pkt-srcaddr pkt-dstaddr dstport protocol start end vpc-id"
    at = int(NOON.timestamp()) + 60
    record = f"5 172.16.0.9 172.16.0.8 10.0.0.7 172.16.0.4 5432 6 {at} {at + 10} vpc-1"
    (tmp_path / "v5.log.gz").write_bytes(gzip.compress(f"{header}\n{record}\n".encode()))
    weave(tmp_path / "v5.log.gz", tmp_path / "out.jsonl", Options(), (POD, HOST))
    row = read_rows("jsonl", tmp_path / "out.jsonl")[0]
    assert row["destination.host.name"] == "db"
    assert row["pkt-srcaddr"] == "10.0.0.7"


def test_two_gzip_members_are_one_input_and_gz_out_is_gzip(tmp_path: Path) -> None:
    text = text_lines(",").encode()
    cut = text.index(b"\n", 60) + 1
    (tmp_path / "in.csv.gz").write_bytes(gzip.compress(text[:cut]) + gzip.compress(text[cut:]))
    weave(tmp_path / "in.csv.gz", tmp_path / "out.csv.gz")
    (tmp_path / "out.csv").write_bytes(gzip.decompress((tmp_path / "out.csv.gz").read_bytes()))
    assert tags_of(read_rows("csv", tmp_path / "out.csv")) == WOVEN


TIMES = {
    "seconds": str,
    "milliseconds": lambda t: str(t * 10**3),
    "microseconds": lambda t: str(t * 10**6),
    "nanoseconds": lambda t: str(t * 10**9),
    "decimals": lambda t: f"{t}.5",
    "RFC 3339": lambda t: datetime.fromtimestamp(t, UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
    "an offset": lambda t: datetime.fromtimestamp(t + 7200, UTC).strftime("%Y-%m-%dT%H:%M:%S.25+02:00"),
}


@pytest.mark.parametrize("unit", TIMES)
def test_a_time_is_read_in_its_unit(unit: str, tmp_path: Path) -> None:
    write: Callable[[int], str] = TIMES[unit]
    at = [int(NOON.timestamp()) + 60, int(HALF_PAST.timestamp()) + 60]
    (tmp_path / "in.csv").write_text("".join(["time,src_ip\n", *(f"{write(t)},10.0.0.5\n" for t in at)]))
    weave(tmp_path / "in.csv", tmp_path / "out.jsonl", Options(), (POD,))
    assert [row["source.k8s.pod.name"] for row in read_rows("jsonl", tmp_path / "out.jsonl")] == ["old", "new"]


def test_a_time_without_a_zone_is_refused_since_it_may_mean_anything(tmp_path: Path) -> None:
    (tmp_path / "in.csv").write_text("time,src_ip\n2026-01-01T12:01:00,10.0.0.5\n2026-01-01T12:01:00Z,10.0.0.5\n")
    report = weave(tmp_path / "in.csv", tmp_path / "out.csv", Options(), (POD,))
    assert (tmp_path / "out.csv").read_text().splitlines()[1:] == [
        "2026-01-01T12:01:00,10.0.0.5,",
        "2026-01-01T12:01:00Z,10.0.0.5,old",
    ]
    assert [(bad.number, bad.reason[:24]) for bad in report.bad_records] == [(2, "no time, or one without ")]


BROKEN_CSV = (
    b"time,src_ip,dst_ip\n"
    b"1767268860,10.0.0.5,10.0.0.7\n"
    b"1767268860,10.0.0.5\n"
    b"1767268860,***HIDDEN***,10.0.0.7\n"
    b"\n"
    b"1767268860,\xff\xfe,10.0.0.7\n"
    b'1767268860,"10.0.0.5",10.0.0.7\n'
    b"1767268860,10.0.0.5,10.0.0.7,more\n"
    b"1767268860,10.0.0.5,10.0.0.7"
)


def test_bad_records_are_counted_named_by_line_and_passed_through(tmp_path: Path) -> None:
    (tmp_path / "in.csv").write_bytes(BROKEN_CSV)
    report = weave(tmp_path / "in.csv", tmp_path / "out.csv", Options(), (POD,))
    assert (tmp_path / "out.csv").read_bytes().split(b"\n") == [
        b"time,src_ip,dst_ip,source.k8s.pod.name,destination.k8s.pod.name",
        b"1767268860,10.0.0.5,10.0.0.7,old,web",
        b"1767268860,10.0.0.5",
        b"1767268860,***HIDDEN***,10.0.0.7,,web",
        b"",
        b"1767268860,\xff\xfe,10.0.0.7",
        b'1767268860,"10.0.0.5",10.0.0.7,old,web',
        b"1767268860,10.0.0.5,10.0.0.7,more",
        b"1767268860,10.0.0.5,10.0.0.7,old,web",
        b"",
    ]
    assert {bad.number for bad in report.bad_records} == {3, 4, 6, 8}
    assert not report.whole()


BROKEN_JSON = (
    b'{"time": 1767268860, "src_ip": "10.0.0.5", "dst_ip": "10.0.0.7"}\n'
    b'{"time": 1767268860, "src_ip": "10.0.0.5", "dst_ip"\n'
    b"[1]\n"
    b"\n"
    b'{"time": 1767268860, "src_ip": 7, "dst_ip": null, "more": {"a": [1]}}\n'
    b'{"time": 1767268860, "src_ip": "\xff"}\n'
    b'{"src_ip": "10.0.0.5"}\n'
    b"{}"
)


def test_bad_json_lines_are_counted_named_by_line_and_passed_through(tmp_path: Path) -> None:
    (tmp_path / "in.jsonl").write_bytes(BROKEN_JSON)
    report = weave(tmp_path / "in.jsonl", tmp_path / "out.jsonl", Options(), (POD,))
    before, after = BROKEN_JSON.split(b"\n"), (tmp_path / "out.jsonl").read_bytes().split(b"\n")
    assert json.loads(after[0])["source.k8s.pod.name"] == "old"
    assert after[1:7] == before[1:7]
    assert {2, 3, 6} <= {bad.number for bad in report.bad_records}
    assert report.records == 7


def test_a_cut_input_is_tagged_as_far_as_it_goes_and_says_so(tmp_path: Path) -> None:
    whole = gzip.compress(text_lines(",").encode() + b"1767268860,10.0.0.5,10.0.0.7,80,9\n" * 200_000)
    (tmp_path / "cut.csv.gz").write_bytes(whole[: len(whole) // 2])
    report = weave(tmp_path / "cut.csv.gz", tmp_path / "out.csv")
    assert "breaks off" in report.truncated
    assert not report.whole()


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "empty"),
        ("a,b\n1,2\n", "no column is known to be an address"),
        ("src_ip,dst_ip\n10.0.0.5,10.0.0.7\n", "no column is known to be the time"),
    ],
)
def test_an_input_without_what_is_needed_is_refused_and_says_what_to_do(
    text: str, message: str, tmp_path: Path
) -> None:
    (tmp_path / "in.csv").write_text(text)
    with pytest.raises(InputError, match=message):
        weave(tmp_path / "in.csv", tmp_path / "out.csv")
    assert not (tmp_path / "out.csv").exists()


def test_a_wrong_map_or_format_or_network_names_what_there_is(tmp_path: Path) -> None:
    write_input("csv", tmp_path / "in.csv")
    with pytest.raises(ConfigError, match="did you mean 'src_ip'"):
        weave(tmp_path / "in.csv", tmp_path / "out.csv", Options(mapping={"src_ipp": "source.ip"}))
    with pytest.raises(ConfigError, match=r"no role 'sauce\.ip'"):
        weave(tmp_path / "in.csv", tmp_path / "out.csv", Options(mapping={"src_ip": "sauce.ip"}))
    with pytest.raises(ConfigError, match="no format 'xml'"):
        weave(tmp_path / "in.csv", tmp_path / "out.csv", Options(input_format="xml"))
    with pytest.raises(LookupKeyError, match="no network is named 'elsewhere'"):
        weave(tmp_path / "in.csv", tmp_path / "out.csv", Options(network="elsewhere"))


def test_a_mapped_column_has_the_role_that_it_was_given(tmp_path: Path) -> None:
    (tmp_path / "in.txt").write_text("PID CLIENT SERVER\n1 10.0.0.5 10.0.0.7\n")
    mapping = {"CLIENT": "source.ip", "SERVER": "destination.ip"}
    weave(tmp_path / "in.txt", tmp_path / "out.txt", Options(mapping=mapping, at=NOON), (POD,))
    assert (tmp_path / "out.txt").read_text().splitlines()[1] == "1 10.0.0.5 10.0.0.7 old web"


def test_a_record_may_name_its_end_by_something_else_than_an_address(tmp_path: Path) -> None:
    rows = [
        {"time": 1767268860, "source": {"k8s": {"pod": {"uid": "uid-old"}}}, "dst_ip": "192.0.2.1"},
        {"time": 1767268860, "source.container.id": "containerd://c-web", "dst_ip": "192.0.2.1"},
        {"time": 1767268860, "src_mac": "02-00-00-00-00-01", "src_ip": "192.0.2.2", "dst_ip": "192.0.2.1"},
    ]
    (tmp_path / "in.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    weave(tmp_path / "in.jsonl", tmp_path / "out.jsonl", Options(), (POD, HOST))
    found = read_rows("jsonl", tmp_path / "out.jsonl")
    assert [row.get("source.k8s.pod.name") for row in found] == ["old", "web", None]
    assert found[2]["source.host.name"] == "db"


def test_records_of_one_end_have_tags_without_a_side(tmp_path: Path) -> None:
    (tmp_path / "in.jsonl").write_text('{"timestamp": "2026-01-01T12:01:00Z", "k8s.pod.ip": "10.0.0.5", "value": 1}\n')
    weave(tmp_path / "in.jsonl", tmp_path / "out.jsonl", Options(), (POD,))
    assert read_rows("jsonl", tmp_path / "out.jsonl")[0]["k8s.pod.name"] == "old"


@pytest.mark.parametrize("form", ["csv", "text", "jsonl", "parquet"])
def test_a_tag_that_a_record_carries_is_the_emitters_word(form: str, tmp_path: Path) -> None:
    table = pa.table(
        {
            "time": pa.array([1767268860] * 2, pa.int64()),
            "src_ip": ["10.0.0.5", "10.0.0.5"],
            "source.k8s.pod.name": ["mine", None],
        }
    )
    source, rows = tmp_path / "in", table.to_pylist()
    if form == "parquet":
        pq.write_table(table, source)
    elif form == "jsonl":
        source.write_text("".join(json.dumps({k: v for k, v in row.items() if v is not None}) + "\n" for row in rows))
    else:
        blank, comma = ("", ",") if form == "csv" else ("-", " ")
        lines = [table.column_names, *([str(blank if v is None else v) for v in row.values()] for row in rows)]
        source.write_text("".join(comma.join(line) + "\n" for line in lines))
    for overwrite, expected in ((False, ["mine", "old"]), (True, ["old", "old"])):
        weave(source, tmp_path / "out", Options(form, form, overwrite=overwrite), (POD,))
        assert [row["source.k8s.pod.name"] for row in read_rows(form, tmp_path / "out")] == expected


def test_ids_are_one_tagset_an_end(tmp_path: Path) -> None:
    write_input("parquet", tmp_path / "in.parquet")
    weave(tmp_path / "in.parquet", tmp_path / "out.parquet", Options(encode="ids"))
    table = pq.read_table(tmp_path / "out.parquet")
    assert table.column_names[-2:] == ["source.tagset", "destination.tagset"]
    ids = table.column("source.tagset").combine_chunks()
    assert ids.type == pa.uint64()
    assert names_of(INDEX, ids, [POD]).columns[0].to_pylist() == [woven[0] for woven in WOVEN]


def test_stdin_to_stdout_hands_on_what_has_come_before_the_end(tmp_path: Path) -> None:
    script = (
        "import sys; sys.path[:0] = sys.argv[1:]\n"
        "from carriers.test_tagging_conformance import INDEX, POD, Options, tag\n"
        "print('ready', file=sys.stderr, flush=True)\n"
        "tag('-', '-', INDEX, Options(input_format='csv', tags=(POD,)))\n"
    )
    process = subprocess.Popen(
        [sys.executable, "-c", script, str(Path(__file__).parents[1])],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
    )  # fmt: skip
    assert process.stdin is not None
    assert process.stdout is not None
    assert process.stderr is not None
    assert process.stderr.readline() == b"ready\n"
    process.stdin.write(b"time,src_ip\n1767268860,10.0.0.5\n")
    process.stdin.flush()
    assert process.stdout.readline() == b"time,src_ip,source.k8s.pod.name\n"
    assert process.stdout.readline() == b"1767268860,10.0.0.5,old\n"
    rest, _ = process.communicate(b"1767270660,10.0.0.5\n", timeout=60)
    assert rest == b"1767270660,10.0.0.5,new\n"
    assert process.returncode == 0


def test_a_failure_while_writing_leaves_no_half_output(tmp_path: Path) -> None:
    write_input("csv", tmp_path / "in.csv")
    (tmp_path / "out.csv").write_text("before")
    with pytest.raises(InputError):
        weave(tmp_path / "in.csv", tmp_path / "out.csv", Options(input_format="parquet"))
    assert (tmp_path / "out.csv").read_text() == "before"
    assert {path.name for path in tmp_path.iterdir()} == {"in.csv", "out.csv"}


FIELDS = st.sampled_from(["10.0.0.5", "10.0.0.7", "fd00::7", "", "-", "x", "1.2.3.4", '"10.0.0.5"', "a b", "ü"])
LINES = st.lists(st.lists(FIELDS, min_size=1, max_size=5), min_size=1, max_size=12)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(rows=LINES, end=st.sampled_from(["\n", "\r\n"]))
def test_every_line_comes_out_once_in_order_with_its_own_text_in_front(
    rows: list[list[str]], end: str, tmp_path: Path
) -> None:
    lines = ["time,src_ip,dst_ip", *(",".join(["1767268860", *row]) for row in rows)]
    (tmp_path / "in.csv").write_bytes("".join(line + end for line in lines).encode())
    report = weave(tmp_path / "in.csv", tmp_path / "out.csv", Options(input_format="csv"), (POD,))
    out = (tmp_path / "out.csv").read_bytes().decode().split(end)
    assert len(out) == len(lines) + 1
    assert all(after.startswith(before) for before, after in zip(lines, out, strict=False))
    good = [after.removeprefix(before).count(",") == 2 for before, after in zip(lines[1:], out[1:], strict=False)]
    assert good == [len(row) == 2 for row in rows]
    assert report.records == len(rows)


@pytest.mark.parametrize("bom", [b"\xef\xbb\xbf", b""])
def test_a_byte_order_mark_is_no_part_of_the_first_column(bom: bytes, tmp_path: Path) -> None:
    (tmp_path / "in.csv").write_bytes(bom + b"src_ip,time\n10.0.0.5,1767268860\n")
    weave(tmp_path / "in.csv", tmp_path / "out.csv", Options(), (POD,))
    assert (tmp_path / "out.csv").read_bytes() == bom + b"src_ip,time,source.k8s.pod.name\n10.0.0.5,1767268860,old\n"


def test_the_default_format_of_aws_has_the_fields_of_version_2() -> None:
    assert len(AWS_V2) == 14
