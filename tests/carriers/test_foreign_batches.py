"""Batches that lie about where their values are, in every way in which Arrow's formats bring them, and odd values."""

import io
import json
import struct
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final, NamedTuple

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from tagweave.carriers import foreign
from tagweave.carriers.columns import Options, Report, tag
from tagweave.errors import InputError
from tagweave.index.opening import TagIndex

NOON: Final = datetime(2026, 1, 1, 10, 30, tzinfo=UTC)
FAR: Final = 1 << 23
Outcome = Callable[..., Report]


class Lie(NamedTuple):
    """A column of three values, and the bytes in it that are changed to lie."""

    column: pa.Array
    before: bytes
    after: bytes


def numbers(width: str, *values: int) -> bytes:
    return struct.pack(f"<{len(values)}{width}", *values)


TWO: Final = numbers("i", 3) + b"two" + bytes(9)
"""A view of a short text."""
TEXTS: Final = pa.array(["one", "two", None])
ENDS, FAR_END = numbers("i", 0, 3, 6, 6), numbers("i", 0, 3, FAR, 6)
LIES: Final = {
    "binary": Lie(TEXTS.cast(pa.binary()), ENDS, FAR_END),
    "string": Lie(TEXTS, ENDS, FAR_END),
    "large_binary": Lie(TEXTS.cast(pa.large_binary()), numbers("q", 0, 3, 6, 6), numbers("q", 0, 3, FAR, 6)),
    "no_utf8": Lie(pa.array(["a", "?", "b"]), b"a?b", b"a\xffb"),
    "view": Lie(TEXTS.cast(pa.string_view()), TWO, numbers("i", FAR) + bytes(12)),
    "null_view": Lie(TEXTS.cast(pa.binary_view()), TWO + bytes(16), TWO + numbers("i", -FAR) + bytes(12)),
    "code": Lie(pa.DictionaryArray.from_arrays(pa.array([3, 1, 2], pa.int32()), pa.array(list("abcd"))),
                numbers("i", 3, 1, 2), numbers("i", 3, FAR, 2)),
    "dictionary": Lie(pa.array(["one", "two", "one"]).dictionary_encode(), numbers("i", 0, 3, 6),
                      numbers("i", 0, FAR, 6)),
    "struct": Lie(pa.StructArray.from_arrays([TEXTS], ["a"]), ENDS, FAR_END),
    "list": Lie(pa.ListArray.from_arrays(pa.array([0, 1, 2, 3], pa.int32()), TEXTS), ENDS, FAR_END),
    "length": Lie(pa.ListArray.from_arrays(pa.array([0, 1, 3, 5], pa.int32()), pa.array([7] * 5, pa.int8())),
                  numbers("i", 0, 1, 3, 5), numbers("i", 0, 1, FAR, 5)),
}  # fmt: skip


def batch(x: pa.Array) -> pa.RecordBatch:
    times = pa.array([NOON] * 3, pa.timestamp("us", "UTC"))
    return pa.RecordBatch.from_arrays([times, pa.array(["10.244.0.9"] * 3), x], ["time", "src_ip", "x"])


def written(batches: list[pa.RecordBatch], form: str) -> bytes:
    out = io.BytesIO()
    begin = pa.ipc.new_stream if form == "arrow-stream" else pa.ipc.new_file
    with begin(out, batches[0].schema) as writer:
        for one in batches:
            writer.write_batch(one)
    return out.getvalue()


def told(lie: Lie, form: str, good: int = 0) -> bytes:
    """An input of which the batch behind some good ones lies."""
    data = written([batch(lie.column)] * (good + 1), form)
    assert data.count(lie.before) >= 1
    at = data.rindex(lie.before)
    return data[:at] + lie.after + data[at + len(lie.before) :]


@pytest.fixture
def weave(index: TagIndex, tmp_path: Path) -> Outcome:
    def tagged(data: bytes, form: str, target: str = "jsonl", **more: Any) -> Report:
        (tmp_path / "in").write_bytes(data)
        options = Options(form, target, tags=("k8s.pod.name",), **more)
        return tag(str(tmp_path / "in"), str(tmp_path / "out"), index, options)

    return tagged


def rows(folder: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (folder / "out").read_bytes().splitlines()]


@pytest.mark.parametrize("form", ["arrow-stream", "arrow"])
@pytest.mark.parametrize("name", list(LIES))
def test_a_batch_that_lies_is_refused_by_its_number_and_nothing_is_written(
    name: str, form: str, weave: Outcome, tmp_path: Path
) -> None:
    with pytest.raises(InputError) as raised:
        weave(told(LIES[name], form), form)
    assert f"{tmp_path}/in: batch 1, behind record 0, is not sound: " in str(raised.value)
    assert "\n" not in str(raised.value)
    assert {path.name for path in tmp_path.iterdir()} == {"in"}


@pytest.mark.parametrize("form", ["arrow-stream", "arrow"])
def test_records_before_a_batch_that_lies_are_tagged_and_where_it_broke_off_is_told(
    form: str, weave: Outcome, tmp_path: Path
) -> None:
    report = weave(told(LIES["binary"], form, good=2), form)
    assert report.records == len(rows(tmp_path)) == 6
    assert "the input breaks off after record 6" in report.truncated
    assert "batch 3, behind record 6, is not sound" in report.truncated
    assert not report.whole()


@pytest.mark.parametrize("target", ["jsonl", "csv", "arrow-stream", "parquet"])
def test_no_memory_of_the_process_comes_out_with_the_records(target: str, weave: Outcome, tmp_path: Path) -> None:
    """The values that lie would hold 8 MB of the heap, this secret among it."""
    secret = b"a secret of somebody else".ljust(FAR, b".")
    report = weave(told(LIES["binary"], "arrow-stream", good=1), "arrow-stream", target)
    assert report.records == 3
    assert (tmp_path / "out").stat().st_size < 5000
    assert secret[:24] not in (tmp_path / "out").read_bytes()


def test_parquet_text_that_is_no_utf8_is_refused_by_its_batch(weave: Outcome) -> None:
    out = io.BytesIO()
    pq.write_table(pa.Table.from_batches([batch(pa.array(["a", "?", "c"]))]), out, compression="none")
    with pytest.raises(InputError, match=r"batch 1, behind record 0, is not sound: .*UTF8"):
        weave(out.getvalue().replace(numbers("i", 1) + b"?", numbers("i", 1) + b"\xff"), "parquet")


def test_a_name_or_a_zone_that_is_no_text_is_refused(weave: Outcome) -> None:
    good = written([batch(pa.array(["a", "b", "c"]))], "arrow-stream")
    for wrong in (good.replace(b"src_ip", b"src_\xffp"), good.replace(b"UTC\0", b"U\xffC\0")):
        assert wrong != good
        with pytest.raises(InputError, match=r"cannot read .* as arrow-stream: .*can't decode"):
            weave(wrong, "arrow-stream")


# ---- odd, and sound


@pytest.mark.parametrize("unit", ["s", "ms", "us", "ns"])
@pytest.mark.parametrize("target", ["jsonl", "csv", "arrow-stream", "arrow", "parquet"])
@pytest.mark.parametrize("moment", [2**63 - 1, -(2**63) + 1, -(2**63)])
def test_a_time_beyond_every_calendar_is_a_bad_record(
    moment: int, target: str, unit: str, weave: Outcome, tmp_path: Path
) -> None:
    """Databases write infinity so."""
    good = batch(pa.array(["a", "b", "c"]))
    kind = pa.timestamp(unit, "UTC")
    times = pa.array([moment, int(NOON.timestamp()) * 1000 ** ["s", "ms", "us", "ns"].index(unit), moment], pa.int64())
    odd = pa.RecordBatch.from_arrays([times.cast(kind), *good.columns[1:]], good.schema.names)
    report = weave(written([odd], "arrow-stream"), "arrow-stream", target)
    assert report.records == 3
    assert [bad.number for bad in report.bad_records] == [1, 3]
    assert all(bad.reason.startswith("no time, or one without a zone: ") for bad in report.bad_records)
    if target == "jsonl":
        assert [row.get("source.k8s.pod.name") for row in rows(tmp_path)][1] == "client"


@pytest.mark.parametrize("target", ["jsonl", "csv", "parquet", "text"])
def test_values_that_an_output_has_no_form_for_are_left_out_and_told(target: str, weave: Outcome) -> None:
    good = batch(pa.array(["a", "b", "c"]))
    columns = {
        "bytes": pa.array([b"\xff", b"plain", None], pa.binary()),
        "date": pa.array([2**31 - 1, 0, None], pa.int32()).cast(pa.date32()),
        "nested": pa.array([{"d": 2**31 - 1}, {"d": 0}, None], pa.struct([("d", pa.int32())])).cast(
            pa.struct([("d", pa.date32())])
        ),
        "union": pa.UnionArray.from_sparse(pa.array([0, 0, 0], pa.int8()), [pa.array([1, 2, 3])]),
        "second": pa.array([2**63 - 1, 0, None], pa.int64()).cast(pa.timestamp("s", "UTC")),
    }
    odd = pa.RecordBatch.from_arrays([*good.columns, *columns.values()], [*good.schema.names, *columns])
    report = weave(written([odd], "arrow-stream"), "arrow-stream", target)
    expected = {
        "jsonl": ["date", "nested"],
        "csv": ["bytes", "nested"],
        "text": ["bytes", "nested"],
        "parquet": ["second", "union"],
    }
    assert report.left_out == expected[target]
    assert report.records == 3


def test_dictionaries_that_differ_from_batch_to_batch_can_be_an_arrow_file(weave: Outcome, tmp_path: Path) -> None:
    parts = [batch(pa.array([a, b, None]).dictionary_encode()) for a, b in (("one", "two"), ("three", "one"))]
    report = weave(written(parts, "arrow-stream"), "arrow-stream", "arrow")
    assert report.whole()
    read = pa.ipc.open_file((tmp_path / "out").read_bytes()).read_all()
    assert read.column("x").to_pylist() == ["one", "two", None, "three", "one", None]


def test_foreign_streams_are_refused_with_a_reason_or_not_at_all(tmp_path: Path) -> None:
    """What the process that reads bodies first answers."""
    good = written([batch(pa.array(["a", "b", "c"]))] * 2, "arrow-stream")
    cases = {
        good: "",
        good[: len(good) * 2 // 3]: "the body: batch 2, behind record 3, is not sound",
        b"no stream at all": "the body is no Arrow stream",
        b"": "the body is no Arrow stream",
        told(LIES["binary"], "arrow-stream"): "the body: batch 1, behind record 0, is not sound",
    }
    for data, words in cases.items():
        (tmp_path / "in").write_bytes(data)
        found = foreign.refusal(str(tmp_path / "in"))
        assert (found == "") is (words == "")
        assert found.startswith(words)
    assert foreign.refusal(str(tmp_path / "nothing")).startswith("the body is no Arrow stream")
