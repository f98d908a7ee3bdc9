"""Blocks: a stretch of records as columns, and for text formats as they stood in the input.

Text is read line by line of the input, so that what cannot be parsed is passed through as it stands and what
can keeps its exact text: tags are appended to it.
"""

import re
from collections.abc import Iterator, Sequence
from typing import Any, BinaryIO, Final, NamedTuple

import msgspec
import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv as pacsv

from tagweave.carriers import foreign
from tagweave.carriers.columns.fields import Dialect
from tagweave.carriers.columns.roles import AWS_V2
from tagweave.errors import InputError

BLOCK_BYTES: Final = 8 << 20
BATCH_ROWS: Final = 1 << 18
BYTE_ORDER_MARK: Final = "\ufeff"
_HEADER_LINES: Final = 20
_MOST_LINES: Final = 1000
"""How many lines one record may have; a quote that is not closed by then is none."""
_NO_DATA: Final = (" NODATA", " SKIPDATA")
_ADDRESS: Final = re.compile(r"\d+\.\d+\.\d+\.\d+|[0-9a-fA-F]*:[0-9a-fA-F:.]*:[0-9a-fA-F:.]*")

NO_FORM: Final = (ValueError, ArithmeticError, LookupError)
"""What Arrow raises for a value that Python has no form of: a date beyond year 9999, a time in an unknown zone."""
_NO_UTF8: Final = re.compile("[\udc80-\udcff]")

I64 = npt.NDArray[np.int64]


class Bad(NamedTuple):
    """A record that could not be read, by its number in the input (from 1; lines of text count as such)."""

    number: int
    reason: str


class Block(NamedTuple):
    """Records in the order of the input. `batch` holds those at `rows` of all `size`, None being all.

    `raw` is the text of all of them without line ends, None for columnar formats. `numbers` are the record
    numbers of the rows of `batch`; `preamble` stood before the first record (a header, for one). `empty` counts what
    is no record: blank lines, which are at `blank`, and lines that say that there were no data.
    """

    batch: pa.RecordBatch
    size: int
    numbers: I64
    rows: I64 | None = None
    raw: pa.Array | None = None
    bad: Sequence[Bad] = ()
    empty: int = 0
    blank: Sequence[int] = ()
    preamble: str = ""


# ---- text: delimited, and separated by blanks


class Delimited:
    """CSV, TSV, and text with columns separated by blanks, such as VPC flow logs and tools' tables."""

    def __init__(self, stream: BinaryIO, delimiter: str, *, waits: bool = False) -> None:
        self._stream = stream
        self._waits = waits
        self.delimiter = delimiter  # empty: runs of blanks
        self._dialect = Dialect(delimiter) if delimiter else None
        self.end = "\n"
        self.columns: list[str] = []
        self._preamble: list[str] = []
        self._mark = ""
        self._line = 0

    def blocks(self) -> Iterator[Block]:
        """Blocks of whole records; the first one carries the header as its preamble."""
        rest: list[str] = []
        for lines in _line_blocks(self._stream, waits=self._waits):
            records, rest = self._records(rest + lines, last=False)
            if records:
                yield self._numbered(records)
        if rest:
            yield self._numbered(self._records(rest, last=True)[0])

    def _numbered(self, records: list[tuple[int, str]]) -> Block:
        start = self._line
        self._line += sum(text.count("\n") + 1 for _, text in records)
        if not self.columns:
            if records[0][1].startswith(BYTE_ORDER_MARK):
                self._mark = BYTE_ORDER_MARK
                records[0] = (0, records[0][1].removeprefix(BYTE_ORDER_MARK))
            records = self._find_header(records)
        block = self._block([(start + i + 1, text) for i, text in records])
        self._preamble, self._mark = [], ""
        return block

    def _records(self, lines: list[str], *, last: bool) -> tuple[list[tuple[int, str]], list[str]]:
        """Lines joined to records where a quoted field holds a line end, and those of a record that goes on."""
        dialect = self._dialect
        if dialect is None or not any('"' in line for line in lines):
            return list(enumerate(lines)), []
        out: list[tuple[int, str]] = []
        at = 0
        while at < len(lines):
            text, end = lines[at], at + 1
            if '"' in text and dialect.is_open(text):
                whole = _closed(lines, at, dialect)
                if whole is None and not last and len(lines) - at < _MOST_LINES:
                    return out, lines[at:]
                text, end = whole or (text, end)
            out.append((at, text))
            at = end
        return out, []

    def _find_header(self, records: list[tuple[int, str]]) -> list[tuple[int, str]]:
        """The header is the first line that is no comment, if it holds no address.

        In text by blanks, which tools may begin with words of their own, it has as many fields as most lines.
        """
        if records and records[0][1].endswith("\r"):
            self.end = "\r\n"
        sample = [self._split(text.rstrip("\r")) for _, text in records[:_HEADER_LINES]]
        widths = [len(fields) for fields in sample if fields and not fields[0].startswith("#")]
        if not widths:
            raise InputError("the input has no records in its first lines")
        width = widths[0] if self.delimiter else max(widths, key=widths.count)
        first = next(i for i, fields in enumerate(sample) if len(fields) == width)
        self._preamble = [text.rstrip("\r") for _, text in records[:first]]
        fields = sample[first]
        if not any(_ADDRESS.fullmatch(field) for field in fields) and not all(map(_is_number, fields)):
            self.columns = fields
            self._preamble.append(records[first][1].rstrip("\r"))
            return records[first + 1 :]
        if not self.delimiter and width == len(AWS_V2) and fields[0] == "2":
            self.columns = list(AWS_V2)
        else:
            self.columns = [str(i + 1) for i in range(width)]
        return records[first:]

    def _split(self, text: str) -> list[str]:
        if not self.delimiter:
            return text.split()
        assert self._dialect is not None
        return self._dialect.split(text)

    def _block(self, records: list[tuple[int, str]]) -> Block:
        texts = [text.rstrip("\r") for _, text in records] if self.end == "\r\n" else [t for _, t in records]
        raw = _raw(texts)
        good: list[int] = []
        bad: list[Bad] = []
        blank: list[int] = []
        empty = 0
        width = len(self.columns)
        for i, text in enumerate(texts):
            if not text.strip():
                blank.append(i)
            elif not self.delimiter and text.endswith(_NO_DATA):
                empty += 1
            elif pa.types.is_large_binary(raw.type) and _NO_UTF8.search(text):
                bad.append(Bad(records[i][0], "no UTF-8"))
            elif (found := self._width(text)) != width:
                reason = f"{found} fields where the header has {width}" if found else "a quote is opened and not closed"
                bad.append(Bad(records[i][0], reason))
            else:
                good.append(i)
        batch = self._parse([texts[i] for i in good])
        rows = None if len(good) == len(texts) else np.array(good, np.int64)
        numbers = np.array([records[i][0] for i in good], np.int64)
        preamble = self._mark + "".join(f"{line}{self.end}" for line in self._preamble)
        return Block(batch, len(texts), numbers, rows, raw, bad, empty + len(blank), blank, preamble)

    def _width(self, text: str) -> int:
        if not self.delimiter:
            return len(text.split())
        return text.count(self.delimiter) + 1 if '"' not in text else len(self._split(text))

    def _parse(self, texts: list[str]) -> pa.RecordBatch:
        if not self.delimiter:
            fields = list(zip(*(text.split() for text in texts), strict=True)) or [()] * len(self.columns)
            arrays = [pa.array(column, pa.string()) for column in fields]
            return pa.RecordBatch.from_arrays(arrays, self.columns)
        if not texts:
            return pa.RecordBatch.from_arrays([pa.array([], pa.string())] * len(self.columns), self.columns)
        try:
            found = self._read_csv(texts)
        except pa.ArrowInvalid:
            found = None
        if found is not None and len(found) == len(texts):
            return found
        split = zip(*map(self._split, texts), strict=True)  # what Arrow reads in another way than RFC 4180
        return pa.RecordBatch.from_arrays([pa.array(column, pa.string()) for column in split], self.columns)

    def _read_csv(self, texts: list[str]) -> pa.RecordBatch:
        data = "\n".join(texts).encode()
        names = [str(i) for i in range(len(self.columns))]
        table = pacsv.read_csv(
            pa.BufferReader(data),
            pacsv.ReadOptions(column_names=names, block_size=len(data) + 1),
            pacsv.ParseOptions(delimiter=self.delimiter, newlines_in_values=True, ignore_empty_lines=False),
            pacsv.ConvertOptions(column_types=dict.fromkeys(names, pa.string()), strings_can_be_null=False),
        )
        return table.rename_columns(self.columns).combine_chunks().to_batches()[0]


def _closed(lines: list[str], at: int, dialect: Dialect) -> tuple[str, int] | None:
    """The record that begins at a line with an open quote, and the line behind it; None where it is not closed."""
    text = lines[at]
    for end in range(at + 1, min(len(lines), at + _MOST_LINES)):
        text = f"{text}\n{lines[end]}"
        if '"' in lines[end] and not dialect.is_open(text):
            return text, end + 1
    return None


def _raw(texts: list[str]) -> pa.Array:
    """Texts as they stood in the input: as bytes where any is no UTF-8."""
    try:
        return pa.array(texts, pa.large_string())
    except UnicodeEncodeError:
        return pa.array([text.encode("utf-8", "surrogateescape") for text in texts], pa.large_binary())


def _is_number(text: str) -> bool:
    return text.replace(".", "", 1).replace("-", "", 1).isdecimal()


def _line_blocks(stream: BinaryIO, *, waits: bool) -> Iterator[list[str]]:
    """Lines without their ends, some megabytes at a time."""
    rest = b""
    for data in _pieces(stream, waits=waits):
        cut = data.rfind(b"\n") + 1
        if not cut:
            rest += data
            continue
        block, rest = rest + data[:cut], data[cut:]
        yield block[:-1].decode("utf-8", "surrogateescape").split("\n")
    if rest:
        yield rest.decode("utf-8", "surrogateescape").split("\n")


def _pieces(stream: BinaryIO, *, waits: bool) -> Iterator[bytes]:
    """The bytes of a stream, some megabytes at a time; what was read before it breaks off comes first.

    A file can be waited for until a piece is full. A pipe cannot: of it, a piece is what there is.
    """
    read = getattr(stream, "read1", stream.read)
    while True:
        parts: list[bytes] = []
        room, failure = BLOCK_BYTES, None
        try:
            while room > 0 and (part := read(room)):
                parts.append(part)
                room = room - len(part) if waits else 0
        except foreign.UNREADABLE as error:
            failure = error
        if parts:
            yield b"".join(parts)
        if failure is not None:
            raise failure
        if not parts:
            return


# ---- JSON lines


class JsonLines:
    """One JSON object a line, flat or nested; nested members are named by their path, `source.ip`.

    `columns` grows with what the records show.
    """

    end = "\n"

    def __init__(self, stream: BinaryIO, *, waits: bool = False) -> None:
        self._stream = stream
        self._waits = waits
        self.columns: list[str] = []
        self.records: list[dict[str, Any]] = []
        self._line = 0

    def blocks(self) -> Iterator[Block]:
        """Blocks of whole lines; `records` then holds the objects of the last one."""
        for lines in _line_blocks(self._stream, waits=self._waits):
            yield self._block(lines)

    def _block(self, lines: list[str]) -> Block:
        decode = msgspec.json.Decoder(dict[str, Any]).decode
        records: list[dict[str, Any]] = []
        good: list[int] = []
        bad: list[Bad] = []
        blank: list[int] = []
        for i, line in enumerate(lines):
            if not line.strip():
                blank.append(i)
                continue
            try:
                records.append(decode(line.removeprefix(BYTE_ORDER_MARK)))
                good.append(i)
            except (msgspec.DecodeError, UnicodeEncodeError) as error:
                bad.append(Bad(self._line + i + 1, f"no JSON object: {error}"))
        self._learn(records)
        self.records = records
        arrays = [_column([member(record, name) for record in records]) for name in self.columns]
        batch = pa.RecordBatch.from_arrays(arrays, self.columns)
        rows = None if len(good) == len(lines) else np.array(good, np.int64)
        numbers = np.array(good, np.int64) + self._line + 1
        self._line += len(lines)
        raw = _raw([line.rstrip("\r") for line in lines])
        return Block(batch, len(lines), numbers, rows, raw, bad, len(blank), blank)

    def _learn(self, records: list[dict[str, Any]]) -> None:
        """Take in the members that no record had before."""
        columns = dict.fromkeys(self.columns)
        for record in records:
            if not record.keys() <= columns.keys():
                columns.update(dict.fromkeys(_paths(record)))
        self.columns = list(columns)


def _paths(record: dict[str, Any], prefix: str = "") -> Iterator[str]:
    for key, value in record.items():
        if isinstance(value, dict):
            yield from _paths(value, f"{prefix}{key}.")
        else:
            yield f"{prefix}{key}"


def member(record: dict[str, Any], path: str) -> Any:  # noqa: ANN401 - any JSON
    """A member by its path; a flat member of that name goes before a nested one."""
    if path in record:
        return record[path]
    value: Any = record
    for step in path.split("."):
        if not isinstance(value, dict):
            return None
        value = value.get(step)
    return value


def without(record: dict[str, Any], path: str) -> dict[str, Any]:
    """The same without a member, flat or nested."""
    if path in record:
        return {name: value for name, value in record.items() if name != path}
    step, _, rest = path.partition(".")
    inner = record.get(step)
    return {**record, step: without(inner, rest)} if isinstance(inner, dict) and rest else record


def _column(values: list[Any]) -> pa.Array:
    """A column of JSON values: of their type where they share one, else as text."""
    try:
        return pa.array(values)
    except (pa.ArrowInvalid, pa.ArrowTypeError, OverflowError):
        return pa.array([v if v is None or isinstance(v, str) else msgspec.json.encode(v).decode() for v in values])


# ---- columnar formats


def arrow_blocks(batches: Iterator[pa.RecordBatch], schema: pa.Schema) -> Iterator[Block]:
    """Blocks of record batches; an empty one where there are none, since the columns are known all the same."""
    number = 1
    for batch in batches:
        yield Block(batch, len(batch), np.arange(number, number + len(batch), dtype=np.int64))
        number += len(batch)
    if number == 1:
        yield Block(pa.RecordBatch.from_pylist([], schema), 0, np.empty(0, np.int64))


def spread(column: pa.Array, block: Block) -> pa.Array:
    """A column of the parsed rows over all records; null for those that were not parsed."""
    if block.rows is None:
        return column
    position = np.full(block.size, -1, np.int64)
    position[block.rows] = np.arange(len(block.rows))
    return column.take(pa.array(position, mask=position < 0))


def told(value: Any) -> str:  # noqa: ANN401 - a pyarrow scalar of any type
    """A value for a message, also one that Python has no form of, such as a time far beyond every calendar."""
    try:
        return repr(value.as_py())
    except NO_FORM:
        return f"{value.cast(pa.int64())} as {value.type}"


def values(column: pa.Array) -> list[Any]:
    """The values of a column; None also for one that Python has no form of."""
    try:
        return list(column.to_pylist())
    except NO_FORM:
        half = len(column) // 2
        return values(column[:half]) + values(column[half:]) if half else [None] * len(column)


def fitted(column: pa.Array, kind: pa.DataType) -> pa.Array:
    """A column as another type; null where a value has no such form."""
    if column.type == kind:
        return column
    try:
        return column.cast(kind)
    except pa.ArrowNotImplementedError:
        return pa.nulls(len(column), kind)
    except pa.ArrowInvalid:
        half = len(column) // 2
        if not half:
            return pa.nulls(len(column), kind)
        return pa.concat_arrays([fitted(column[:half], kind), fitted(column[half:], kind)])


def as_text(column: Any) -> pa.Array:  # noqa: ANN401 - a pyarrow array of any type
    """A column as strings, null where it is empty, `-`, or a list or object."""
    if isinstance(column, pa.ChunkedArray):
        column = column.combine_chunks()
    if pa.types.is_dictionary(column.type):
        column = column.dictionary_decode()
    if pa.types.is_nested(column.type):
        return pa.nulls(len(column), pa.string())
    if pa.types.is_floating(column.type):
        column = fitted(column, pa.float64())
        column = fitted(pc.if_else(pc.equal(column, pc.round(column)), column, None), pa.int64())
    text = fitted(column, pa.string())
    return pc.if_else(pc.is_in(text, pa.array(["", "-"], pa.string())), None, text)
