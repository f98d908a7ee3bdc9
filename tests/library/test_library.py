"""The library answers and tags as the command does, whatever the table is one of."""

import subprocess
import sys
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Final

import duckdb
import pandas as pd
import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

import tagweave
from carriers.test_tagging import COLUMNS, EPOCH, EXPECTED, FLOWS, POD, TAGS, TEN, table_of, tags_in
from tagweave.carriers.columns import Options, tag
from tagweave.errors import BrokenIndex, ConfigError, InputError, LookupKeyError
from tagweave.index.opening import TagIndex

FLOW_TABLE: Final = table_of(FLOWS)


class Array:
    """What has only one batch."""

    def __init__(self, batch: pa.RecordBatch) -> None:
        self._batch = batch

    def __arrow_c_array__(self, requested_schema: object = None) -> Any:
        return self._batch.__arrow_c_array__(requested_schema)


class Stream:
    """What has nothing but a stream."""

    def __init__(self, table: pa.Table) -> None:
        self._table = table

    def __arrow_c_stream__(self, requested_schema: object = None) -> Any:
        return self._table.__arrow_c_stream__(requested_schema)


GIVEN: Final[dict[str, Callable[[], Any]]] = {
    "pyarrow.Table": lambda: FLOW_TABLE,
    "pyarrow.Table of many batches": lambda: pa.Table.from_batches(FLOW_TABLE.to_batches(max_chunksize=2)),
    "pyarrow.RecordBatch": lambda: FLOW_TABLE.combine_chunks().to_batches()[0],
    "pyarrow.RecordBatchReader": FLOW_TABLE.to_reader,
    "pandas": FLOW_TABLE.to_pandas,
    "Polars": lambda: pl.from_arrow(FLOW_TABLE),
    "DuckDB": lambda: duckdb.from_arrow(FLOW_TABLE),
    "an array": lambda: Array(FLOW_TABLE.combine_chunks().to_batches()[0]),
    "a stream": lambda: Stream(FLOW_TABLE),
}


@pytest.mark.parametrize("kind", GIVEN)
def test_a_table_of_any_library_gets_the_same_tags(kind: str, index: tagweave.Index) -> None:
    report = tagweave.Report()
    found = index.tag(GIVEN[kind](), tags=TAGS, report=report)
    assert isinstance(found, pa.Table)
    assert found.column_names == [*FLOW_TABLE.column_names, *COLUMNS]
    assert tags_in(found.to_pylist()) == EXPECTED
    assert found.column("bytes").to_pylist() == FLOW_TABLE.column("bytes").to_pylist()
    assert report.records == len(FLOWS)
    assert report.sides["destination"] == {"matched": 6, "not_at_that_time": 2, "unknown_address": 1}


TAKEN: Final[dict[str, Callable[[pa.Table], list[Any]]]] = {
    "pandas": lambda table: table.to_pandas()[f"source.{POD}"].astype(object).where(lambda x: x.notna(), None).tolist(),
    "pandas by the interface": lambda table: [
        None if pd.isna(v) else v for v in pd.DataFrame.from_arrow(table)[f"source.{POD}"]
    ],
    "Polars": lambda table: pl.DataFrame(table)[f"source.{POD}"].cast(pl.String).to_list(),
    "DuckDB": lambda table: [row[0] for row in duckdb.from_arrow(table).project(f'"source.{POD}"').fetchall()],
}


@pytest.mark.parametrize("batch", [2, 100])
@pytest.mark.parametrize("kind", TAKEN)
def test_what_comes_back_is_taken_by_any_library(kind: str, batch: int, index: tagweave.Index) -> None:
    found = index.tag(pa.Table.from_batches(FLOW_TABLE.to_batches(max_chunksize=batch)), tags=(POD,))
    assert TAKEN[kind](found) == [row[TAGS.index(POD)] for row in EXPECTED]


@pytest.mark.parametrize("encode", ["names", "ids"])
def test_the_columns_are_those_of_the_command(encode: str, index: tagweave.Index, folder: Path, tmp_path: Path) -> None:
    pq.write_table(FLOW_TABLE, tmp_path / "in.parquet")
    command = TagIndex.open(folder / "data" / "index")
    for names in ("otel", "deepflow", "ecs"):
        options = Options(encode=encode, names=names)
        tag(str(tmp_path / "in.parquet"), str(tmp_path / "out.parquet"), command, options)
        ours = index.tag(FLOW_TABLE, encode=encode, names=names)
        theirs = pq.read_table(tmp_path / "out.parquet")
        assert ours.column_names == theirs.column_names
        new = ours.column_names[len(FLOW_TABLE.column_names) :]
        assert ours.select(new).to_pylist() == theirs.select(new).to_pylist()


def test_a_stream_is_read_as_it_is_asked_for(index: tagweave.Index) -> None:
    asked: list[int] = []

    def batches() -> Iterator[pa.RecordBatch]:
        for i, batch in enumerate(FLOW_TABLE.to_batches(max_chunksize=3)):
            asked.append(i)
            yield batch

    reader = index.stream(pa.RecordBatchReader.from_batches(FLOW_TABLE.schema, batches()), tags=TAGS)
    assert asked == []
    first = reader.read_next_batch()
    assert (len(first), asked) == (3, [0])
    assert tags_in(pa.Table.from_batches([first, *reader]).to_pylist()) == EXPECTED


def test_no_records_have_the_columns_all_the_same(index: tagweave.Index) -> None:
    found = index.tag(FLOW_TABLE.schema.empty_table(), tags=TAGS)
    assert (len(found), found.column_names[-len(COLUMNS) :]) == (0, COLUMNS)


@pytest.mark.parametrize("given", [FLOW_TABLE.to_pandas, lambda: pl.from_arrow(FLOW_TABLE), lambda: FLOW_TABLE])
def test_ids_lead_back_to_the_same_tags(given: Callable[[], Any], index: tagweave.Index) -> None:
    ids = index.tag(given(), encode="ids")
    assert ids.column("source.tagset").type == pa.uint64()
    assert tags_in(index.name(ids, tags=TAGS).to_pylist()) == EXPECTED
    assert tags_in(index.name(pl.DataFrame(ids), tags=TAGS).to_pylist()) == EXPECTED


def test_ids_that_nobody_knows_are_counted(index: tagweave.Index) -> None:
    report = tagweave.Report()
    index.name(pa.table({"who": pa.array([33, 0], pa.uint64())}), columns=["who"], report=report)
    assert report.unknown == 1


TEXTS: Final = [pa.string(), pa.large_string(), pa.string_view(), pa.dictionary(pa.int8(), pa.string())]


@pytest.mark.parametrize("text", TEXTS)
@pytest.mark.parametrize("overwrite", [False, True])
def test_a_tag_that_a_record_carries_is_kept_whatever_its_type(
    text: pa.DataType, overwrite: bool, index: tagweave.Index
) -> None:
    carried = FLOW_TABLE.append_column(f"source.{POD}", pa.array(["mine"] * len(FLOWS)).cast(text))
    found = index.tag(carried, tags=(POD,), overwrite=overwrite)
    ours = [row[TAGS.index(POD)] or "mine" for row in EXPECTED]
    assert found.column(f"source.{POD}").to_pylist() == (ours if overwrite else ["mine"] * len(FLOWS))


@pytest.mark.parametrize("text", TEXTS)
def test_texts_of_every_type_are_read(text: pa.DataType, index: tagweave.Index) -> None:
    rows = {
        "time": [str(EPOCH + 1800)] * 2,
        "src_pod_uid": ["uid-front-a", None],
        "src_mac": [None, "0200.0000.0001"],
        "vpc_id": ["vpc-1", "vpc-1"],
        "protocol": ["tcp", "udp"],
    }
    table = pa.table({name: pa.array(values, pa.string()).cast(text) for name, values in rows.items()})
    found = index.tag(table, tags=(POD, "host.name"))
    assert found.column(f"source.{POD}").to_pylist() == ["front-a", None]
    assert found.column("source.host.name").to_pylist() == ["worker", "web-1"]


def test_one_time_and_one_network_stand_for_all_and_a_mapping_says_what_columns_are(index: tagweave.Index) -> None:
    table = pa.table({"who": ["10.244.0.5"]})
    at = TEN + timedelta(minutes=30)
    found = index.tag(table, tags=(POD,), at=at, network="shop", mapping={"who": "ip"})
    assert found.column(POD).to_pylist() == ["front-a"]


@pytest.mark.parametrize(
    ("table", "options", "error", "message"),
    [
        ([1, 2], {}, InputError, "list is no table of Arrow's PyCapsule interface"),
        (pl.LazyFrame({"a": [1]}), {}, InputError, r"LazyFrame is no table .*: collect\(\) it first"),
        (pa.table({"a": [1]}), {}, InputError, "no column is known to be an address"),
        (FLOW_TABLE, {"mapping": {"a": "ip"}}, ConfigError, "there is no column 'a'"),
        (FLOW_TABLE, {"tags": ["pod"]}, ConfigError, "the vocabulary 'otel' has no tag 'pod'"),
        (FLOW_TABLE, {"names": "x"}, ConfigError, "there is no vocabulary 'x'"),
        (FLOW_TABLE, {"encode": "x"}, ConfigError, "there is no encoding 'x'"),
        (FLOW_TABLE, {"network": "x"}, LookupKeyError, "no network is named 'x'"),
    ],
)
def test_what_is_wrong_is_said_at_once(
    table: Any, options: dict[str, Any], error: type[Exception], message: str, index: tagweave.Index
) -> None:
    with pytest.raises(error, match=message):
        index.stream(table, **options)


def test_look_ups_and_histories_are_those_of_the_index(index: tagweave.Index) -> None:
    answer = index.lookup("10.244.0.5", at=datetime(2026, 1, 1, 10, 30, tzinfo=UTC), port=8080)
    assert answer.match is not None
    assert (answer.match.id, answer.tags[POD]) == ("uid-front-a", "front-a")
    assert [one.name for one in index.history("10.244.0.5")] == ["front-a", "api-b"]
    assert index.refresh() is False


def test_where_there_is_no_index_it_is_said(tmp_path: Path) -> None:
    with pytest.raises(BrokenIndex, match="there is no tag index in "):
        tagweave.open(tmp_path)


def test_every_name_that_is_exported_is_there() -> None:
    assert [name for name in tagweave.__all__ if not hasattr(tagweave, name)] == []
    with pytest.raises(AttributeError, match="module 'tagweave' has no attribute 'close'"):
        getattr(tagweave, "close")  # noqa: B009 - what is not there


def test_opening_loads_neither_arrow_nor_a_compiler(folder: Path) -> None:
    script = (
        "import sys, tagweave\n"
        "assert not {'numpy', 'msgspec'} & sys.modules.keys()\n"
        f"tagweave.open({str(folder / 'data' / 'index')!r})\n"
        "assert not {'pyarrow', 'numba', 'pandas', 'polars', 'duckdb'} & sys.modules.keys()\n"
    )
    subprocess.run([sys.executable, "-c", script], check=True)


def test_the_package_says_that_it_has_types() -> None:
    assert (Path(tagweave.__file__).parent / "py.typed").exists()
