"""Encoded ids and the way back: what was written as ids says later what it would have said at once."""

import json
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any, Final

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from tagweave.carriers.columns import FORMATS, Options, Report, name, tag
from tagweave.carriers.columns.naming import ids_of
from tagweave.errors import ConfigError, InputError
from tagweave.index.opening import TagIndex
from tagweave.model import VM, Interface
from tagweave.model.times import FOREVER, to_ns

from .making import index_of_spans
from .test_tagging import COLUMNS, EXPECTED, FLOWS, POD, TAGS, TEN, read_rows, table_of, tags_in

PLAIN: Final = Options(tags=TAGS)
FORMS: Final = [form for form in FORMATS if form != "aws-flow-log"]
UNKNOWN: Final = 12345 << 5 | 1
Run = Callable[..., Report]


@pytest.fixture
def run(index: TagIndex, tmp_path: Path) -> Run:
    """Name the ids of a file of a folder into another one."""

    def named(source: str, target: str, options: Options = PLAIN, columns: tuple[str, ...] = ()) -> Report:
        return name(str(tmp_path / source), str(tmp_path / target), index, options, columns)

    return named


def encoded(index: TagIndex, folder: Path, form: str = "parquet") -> None:
    pq.write_table(table_of(FLOWS), folder / "flows.parquet")
    tag(str(folder / "flows.parquet"), str(folder / "ids"), index, Options(output_format=form, encode="ids"))


@pytest.mark.parametrize("form", FORMS)
def test_ids_lead_to_the_same_tags_in_every_format(form: str, index: TagIndex, run: Run, tmp_path: Path) -> None:
    encoded(index, tmp_path, form)
    report = run("ids", "named", PLAIN._replace(input_format=form))
    rows = read_rows((tmp_path / "named").read_bytes(), form)
    assert tags_in(rows) == EXPECTED
    assert report.whole()
    assert report.sides["source.tagset"] == {"named": 9}
    assert report.sides["destination.tagset"] == {"named": 6, "without an id": 3}


def test_ids_in_json_are_text_since_its_numbers_lose_digits(index: TagIndex, tmp_path: Path) -> None:
    encoded(index, tmp_path, "jsonl")
    found = json.loads((tmp_path / "ids").read_text().splitlines()[0])["source.tagset"]
    assert isinstance(found, str)
    assert int(found) > 2**53


def test_names_are_those_of_the_records_time_or_of_one_for_all_or_the_newest(run: Run, tmp_path: Path) -> None:
    ten, eleven, noon = (to_ns(TEN + timedelta(hours=n)) for n in range(3))
    spans = [
        (VM(source="a", id="i-1", name=host, interfaces=(Interface(private_ips=("10.0.0.1",)),)), since, until)
        for host, since, until in (("old", ten, eleven), ("new", eleven, FOREVER))
    ]
    index = index_of_spans(tmp_path / "index", spans, noon)
    times = ["2026-01-01T10:30:00Z", "2026-01-01T11:30:00Z"]
    (tmp_path / "in.csv").write_text("".join(f"{line}\n" for line in ["at,ip", *(f"{t},10.0.0.1" for t in times)]))
    mapped = Options(mapping={"at": "time"}, tags=("host.name",))
    tag(str(tmp_path / "in.csv"), str(tmp_path / "ids.csv"), index, mapped._replace(encode="ids"))
    for options, expected in (
        (mapped, ["old", "new"]),
        (mapped._replace(at=TEN), ["old", "old"]),
        (mapped._replace(mapping={}), ["new", "new"]),
    ):
        name(str(tmp_path / "ids.csv"), str(tmp_path / "out.csv"), index, options)
        rows = read_rows((tmp_path / "out.csv").read_bytes(), "csv")
        assert [row["host.name"] for row in rows] == expected


def test_an_id_that_the_index_does_not_know_is_told_and_counted(run: Run, tmp_path: Path) -> None:
    (tmp_path / "in.csv").write_text(f"tagset\n{UNKNOWN}\n0\n\n")
    report = run("in.csv", "out.csv", Options(tags=(POD,)))
    assert (tmp_path / "out.csv").read_text() == f"tagset,{POD}\n{UNKNOWN},\n0,\n\n"
    assert report.sides["tagset"] == {"unknown_id": 1, "without an id": 1}
    assert report.examples["unknown_id"] == {str(UNKNOWN): 1}
    assert not report.whole()


@pytest.mark.parametrize("wrong", ["x", "-1", "1.5", "9" * 20, "1e18"])
def test_what_is_no_id_is_a_bad_record(wrong: str, run: Run, tmp_path: Path) -> None:
    (tmp_path / "in.csv").write_text(f"n,tagset\n1,{wrong}\n2,0\n")
    report = run("in.csv", "out.csv", Options(tags=(POD,)))
    assert [(bad.number, bad.reason) for bad in report.bad_records] == [(2, f"no id in tagset: {wrong!r}")]


def test_a_record_without_its_time_is_bad_and_gets_no_tags(index: TagIndex, run: Run, tmp_path: Path) -> None:
    encoded(index, tmp_path, "csv")
    head, first, second, *_ = (tmp_path / "ids").read_text().splitlines()
    (tmp_path / "in.csv").write_text("\n".join([head, "soon" + first[first.index(",") :], second]))
    report = run("in.csv", "out.csv", Options(tags=(POD,)))
    rows = read_rows((tmp_path / "out.csv").read_bytes(), "csv")
    assert [row[f"source.{POD}"] for row in rows] == [None, "client"]
    assert [bad.number for bad in report.bad_records] == [2]


@pytest.mark.parametrize(
    ("column", "names", "tagged"),
    [
        ("source.tagset", "otel", "source.k8s.pod.name"),
        ("destination.tagset", "deepflow", "pod_1"),
        ("source.tagset", "deepflow", "pod_0"),
        ("tagset", "otel", "k8s.pod.name"),
        ("client_tagset", "otel", "client.k8s.pod.name"),
        ("who", "otel", "who.k8s.pod.name"),
    ],
)
def test_the_tags_of_a_column_of_ids_are_called_after_it(
    column: str, names: str, tagged: str, index: TagIndex, run: Run, tmp_path: Path
) -> None:
    encoded(index, tmp_path)
    ids = pq.read_table(tmp_path / "ids").column("source.tagset")
    pq.write_table(pa.table({column: ids}), tmp_path / "in.parquet")
    tags = ("pod",) if names == "deepflow" else (POD,)
    chosen = () if column.endswith("tagset") else (column,)
    run("in.parquet", "out.parquet", Options(tags=tags, names=names), chosen)
    found = pq.read_table(tmp_path / "out.parquet")
    assert found.column_names == [column, tagged]
    assert found.column(tagged).to_pylist() == [row[TAGS.index(POD)] for row in EXPECTED]


def test_without_a_column_of_ids_there_is_an_error_that_names_the_columns(run: Run, tmp_path: Path) -> None:
    (tmp_path / "in.csv").write_text("time,who\n1767263400,7\n")
    with pytest.raises(InputError, match=r"no column ends in `tagset`: name one .* the columns are time, who"):
        run("in.csv", "out.csv")
    with pytest.raises(ConfigError, match="--column whom: there is no such column; there are: time, who"):
        run("in.csv", "out.csv", PLAIN, ("whom",))


def test_a_column_of_ids_may_come_late_and_one_that_never_came_is_told(run: Run, tmp_path: Path) -> None:
    (tmp_path / "in.jsonl").write_text('{"n":1}\n{"a":"0"}\n')
    assert (
        run("in.jsonl", "out.jsonl", PLAIN, ("a", "b")).missing
        == "--column b: there is no such column; there are: n, a"
    )
    with pytest.raises(ConfigError, match="--column c: there is no such column"):
        run("in.jsonl", "out.jsonl", PLAIN, ("c",))


def test_a_tag_that_a_record_carries_is_kept(index: TagIndex, run: Run, tmp_path: Path) -> None:
    encoded(index, tmp_path)
    table = pq.read_table(tmp_path / "ids")
    pq.write_table(table.append_column(COLUMNS[4], pa.array(["mine"] * len(table))), tmp_path / "in.parquet")
    for overwrite, expected in ((False, "mine"), (True, "client")):
        run("in.parquet", "out.parquet", PLAIN._replace(overwrite=overwrite))
        assert pq.read_table(tmp_path / "out.parquet").column(COLUMNS[4])[0].as_py() == expected


BIG: Final = (1 << 63) + 97


@pytest.mark.parametrize(
    "column",
    [
        pa.array([BIG, None, 33], pa.uint64()),
        pa.array([BIG - (1 << 64), None, 33], pa.int64()),
        pa.array([str(BIG), None, "33"]),
        pa.array([str(BIG), "", " 33 "]).dictionary_encode(),
        pa.chunked_array([[str(BIG)], ["-", "33"]]),
    ],
)
def test_ids_are_numbers_or_text_and_signed_ones_are_taken_by_their_bits(column: Any) -> None:
    ids, wrong = ids_of(column)
    assert ids.dtype == np.uint64
    assert ids.tolist() == [BIG, 0, 33]
    assert not wrong.any()


def test_a_float_is_no_id_since_it_has_lost_digits() -> None:
    assert ids_of(pa.array([1e18, None])).wrong.tolist() == [True, False]
