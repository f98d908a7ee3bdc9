"""Formats: open an input in whatever format it is, write an output.

What an input is shows in its first bytes, else in its name. Compressed text (gzip, zstd) is unpacked as it
comes. An output is written as `tagweave.writing` says: a file appears under its name only when it is whole.
"""

import gzip
import io
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any, BinaryIO, Final, NamedTuple

import msgspec
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from tagweave import writing
from tagweave.carriers import foreign
from tagweave.carriers.columns.blocks import (
    BATCH_ROWS,
    BYTE_ORDER_MARK,
    Block,
    Delimited,
    JsonLines,
    arrow_blocks,
    fitted,
    member,
    spread,
    values,
    without,
)
from tagweave.errors import ConfigError, InputError

FORMATS: Final = ("csv", "tsv", "text", "jsonl", "parquet", "arrow", "arrow-stream", "aws-flow-log")
_SUFFIXES: Final = {
    ".csv": "csv",
    ".tsv": "tsv",
    ".jsonl": "jsonl",
    ".ndjson": "jsonl",
    ".json": "jsonl",
    ".parquet": "parquet",
    ".arrow": "arrow",
    ".feather": "arrow",
    ".arrows": "arrow-stream",
    ".txt": "text",
    ".log": "text",
}
_DELIMITERS: Final = {"csv": ",", "tsv": "\t", "text": "", "aws-flow-log": ""}
_GZIP, _ZSTD = b"\x1f\x8b", b"\x28\xb5\x2f\xfd"

Tags = Sequence[tuple[str, pa.Array]]


class Input(NamedTuple):
    """An input that is open: its format and its blocks. `reader` knows the columns after the first block."""

    format: str
    blocks: Iterator[Block]
    reader: Any
    schema: pa.Schema | None


@contextmanager
def open_input(path: str, form: str | None) -> Iterator[Input]:
    """Open a file or `-` for stdin. Raises InputError where it cannot be read or is of no known format."""
    check_format(form)
    with ExitStack() as opened:
        try:
            raw: Any = sys.stdin.buffer if path == "-" else opened.enter_context(Path(path).open("rb"))
            stream = _unpacked(raw)
        except OSError as error:
            raise InputError(f"cannot read {path}: {error.strerror or error}") from error
        try:
            head = stream.peek(4096)[:4096]
        except foreign.UNREADABLE as error:
            raise InputError(f"cannot unpack {path}: {foreign.reason(error)}") from error
        if not head:
            raise InputError(f"{path} is empty")
        found = form or _format_of(path, head)
        try:
            made = _opened(found, stream, path)
        except foreign.UNREADABLE as error:
            why = foreign.reason(error)
            raise InputError(f"cannot read {path} as {found}: {why}; name another format with --from") from error
        if hasattr(made.reader, "close"):
            opened.callback(made.reader.close)
        yield made


def _opened(found: str, stream: Any, path: str) -> Input:  # noqa: ANN401 - any binary stream
    waits = path != "-" and Path(path).is_file()
    if found == "jsonl":
        lines = JsonLines(stream, waits=waits)
        return Input(found, lines.blocks(), lines, None)
    if found in _DELIMITERS:
        text = Delimited(stream, _DELIMITERS[found], waits=waits)
        return Input(found, text.blocks(), text, None)
    if found == "parquet":
        source = pa.BufferReader(stream.read()) if path == "-" else path
        file = pq.ParquetFile(source, pre_buffer=True)
        schema = foreign.checked_schema(file.schema_arrow)
        groups = range(file.num_row_groups)  # one at a time: what is buffered ahead is let go with its group
        batches = (batch for i in groups for batch in file.iter_batches(BATCH_ROWS, row_groups=[i], use_threads=True))
        return Input(found, arrow_blocks(foreign.checked(batches, path), schema), file, schema)
    if found == "arrow":
        opened = pa.ipc.open_file(pa.BufferReader(stream.read()) if path == "-" else pa.OSFile(path))  # not mapped:
        schema = foreign.checked_schema(opened.schema)  # what was validated must not change
        batches = (opened.get_batch(i) for i in range(opened.num_record_batches))
        return Input(found, arrow_blocks(foreign.checked(batches, path), schema), opened, schema)
    reader = pa.ipc.open_stream(stream)
    schema = foreign.checked_schema(reader.schema)
    return Input(found, arrow_blocks(foreign.checked(iter(reader), path), schema), reader, schema)


def check_format(form: str | None) -> None:
    """Raise ConfigError unless a format exists."""
    if form is not None and form not in FORMATS:
        raise ConfigError(f"there is no format {form!r}: choose one of {', '.join(FORMATS)}")


def output_format(path: str, form: str | None, input_format: str) -> str:
    """The format of an output: as told, by its name, else that of the input."""
    check_format(form)
    return form or _SUFFIXES.get(_suffix(path), input_format)


def _suffix(path: str) -> str:
    name = Path(path).name.lower()
    for packed in (".gz", ".zst"):
        name = name.removesuffix(packed)
    return Path(name).suffix


def _unpacked(stream: Any) -> Any:  # noqa: ANN401 - any binary stream
    magic = stream.peek(4)[:4]
    if magic[:2] == _GZIP:
        return io.BufferedReader(gzip.GzipFile(fileobj=stream))
    if magic == _ZSTD:
        return io.BufferedReader(pa.CompressedInputStream(stream, "zstd"))
    return stream


def _format_of(path: str, head: bytes) -> str:
    if head[:4] == b"PAR1":
        return "parquet"
    if head[:6] == b"ARROW1":
        return "arrow"
    if head[:4] == b"\xff\xff\xff\xff":
        return "arrow-stream"
    text = head.lstrip(b"\xef\xbb\xbf \t\r\n")
    if text[:1] == b"{":
        return "jsonl"
    named = _SUFFIXES.get(_suffix(path))
    if named in ("csv", "tsv", "text"):
        return named
    first = text.split(b"\n", 1)[0]
    return "csv" if b"," in first else "tsv" if b"\t" in first else "text"


# ---- writing


class Writer(NamedTuple):
    """Takes blocks with their tags, in order. `left_out` grows by the columns of which values could not be written."""

    write: Callable[[Block, Tags], None]
    close: Callable[[], None]
    left_out: set[str]


@contextmanager
def output_stream(path: str) -> Iterator[BinaryIO]:
    """A stream to what a path leads to, or to stdout for `-`; packed where the name says so. Raises OutputError."""
    with writing.to(path) as file:
        if path.endswith(".gz"):
            with gzip.GzipFile(fileobj=file, mode="wb", compresslevel=3, mtime=0) as packed:
                yield packed  # type: ignore[misc]
        elif path.endswith(".zst"):
            with pa.CompressedOutputStream(file, "zstd") as packed:
                yield packed
        else:
            yield file


def make_writer(form: str, stream: BinaryIO, source: Input, *, overwrite: bool) -> Writer:
    """A writer of a format; text of the input's own format is kept to the letter, tags are appended."""
    if form == source.format and form in _DELIMITERS:
        return _Appender(stream, source.reader, overwrite=overwrite).writer()
    if form == source.format == "jsonl":
        return _JsonAppender(stream, source.reader, overwrite=overwrite).writer()
    return _Columnar(form, stream, source.format, overwrite=overwrite).writer()


class _Appender:
    """Appends tags to the lines of delimited text; a tag that a line cannot hold as it is gets quoted."""

    def __init__(self, stream: BinaryIO, reader: Delimited, *, overwrite: bool) -> None:
        self._stream = stream
        self._reader = reader
        self._overwrite = overwrite
        self._began = False

    def writer(self) -> Writer:
        return Writer(self._write, lambda: None, set())

    def _write(self, block: Block, tags: Tags) -> None:
        reader = self._reader
        separator = reader.delimiter or " "
        clash = {name for name, _ in tags} & set(reader.columns)
        raw = block.raw if not clash else _rebuilt(block, reader, dict(tags), clash, overwrite=self._overwrite)
        tags = [(name, column) for name, column in tags if name not in clash]
        if not self._began:
            self._began = True
            self._stream.write(_header(block.preamble, tags, separator, reader.end).encode("utf-8", "surrogateescape"))
        columns = [_fields(column, separator) for _, column in tags]
        blank = "" if reader.delimiter else "-"
        filled = [pc.fill_null(c, _literal(blank)) for c in columns]
        joined = _join([raw, *filled], separator) if filled else raw
        joined = _where_parsed(block, joined, raw)
        self._stream.write(_lines(joined, reader.end))
        self._stream.flush()


def _header(preamble: str, tags: Tags, separator: str, end: str) -> str:
    if preamble in ("", BYTE_ORDER_MARK):
        return preamble
    names = "".join(f"{separator}{name}" for name, _ in tags)
    return preamble.removesuffix(end) + names + end


def _fields(column: pa.Array, separator: str) -> pa.Array:
    """Values as fields of delimited text, quoted where they must be."""
    if pa.types.is_dictionary(column.type):
        return _fields(column.dictionary, separator).take(column.indices)
    text = column.cast(pa.large_string())
    special = pc.match_substring_regex(text, rf'["\r\n{separator}]')
    if not pc.any(special).as_py():
        return text
    doubled = pc.replace_substring(text, '"', '""')
    return pc.if_else(special, pc.binary_join_element_wise(_literal('"'), doubled, _literal('"'), _literal("")), text)


def _rebuilt(
    block: Block, reader: Delimited, tags: dict[str, pa.Array], clash: set[str], *, overwrite: bool
) -> pa.Array:
    """The text of records in which columns of the input are merged with tags of the same name."""
    separator = reader.delimiter or " "
    blank = "" if reader.delimiter else "-"
    merged = []
    for i, name in enumerate(reader.columns):
        column = spread(block.batch.column(i), block).cast(pa.large_string())
        if name in clash:
            ours = tags[name].cast(pa.large_string())
            theirs = pc.if_else(pc.is_in(column, pa.array(["", "-"], pa.large_string())), None, column)
            column = pc.coalesce(ours, theirs) if overwrite else pc.coalesce(theirs, ours)
        merged.append(_fields(pc.fill_null(column, blank), separator))
    joined = _join(merged, separator)
    return _where_parsed(block, joined, block.raw)


def _where_parsed(block: Block, woven: pa.Array, raw: pa.Array) -> pa.Array:
    """The woven text of the records that were parsed, the others as they stood."""
    if block.rows is None:
        return woven
    parsed = np.zeros(block.size, np.bool_)
    parsed[block.rows] = True
    return pc.if_else(pa.array(parsed), woven, raw.cast(pa.large_binary()))


def _join(columns: Sequence[Any], separator: str) -> pa.Array:
    """Texts, row by row, with a separator between them, as bytes: what was read may be no UTF-8."""
    parts = (c.cast(pa.large_binary()) for c in columns)
    return pc.binary_join_element_wise(*parts, pa.scalar(separator.encode(), pa.large_binary()))


def _literal(text: str) -> pa.Scalar:
    return pa.scalar(text, pa.large_string())


def _lines(texts: pa.Array, end: str) -> bytes:
    """Texts with line ends, as one piece: the values of an Arrow string array lie one after another."""
    joined = _join([texts, _literal(end)], "")
    if not len(joined):
        return b""
    offsets = np.frombuffer(joined.buffers()[1], np.int64)[joined.offset : joined.offset + len(joined) + 1]
    return memoryview(joined.buffers()[2])[offsets[0] : offsets[-1]].tobytes()


class _JsonAppender:
    """Appends members to JSON objects without touching what is there."""

    def __init__(self, stream: BinaryIO, reader: JsonLines, *, overwrite: bool) -> None:
        self._stream = stream
        self._reader = reader
        self._overwrite = overwrite

    def writer(self) -> Writer:
        return Writer(self._write, lambda: None, set())

    def _write(self, block: Block, tags: Tags) -> None:
        raw = block.raw
        assert raw is not None
        members = {key for record in self._reader.records for key in record}
        taken = {name for name, _ in tags if name in members or name.partition(".")[0] in members}
        tags = [(name, self._kept(name, column, block) if name in taken else column) for name, column in tags]
        if taken and self._overwrite:
            raw = self._without(block, {name: column for name, column in tags if name in taken})
        added = [pc.fill_null(_members(name, column), _literal("")) for name, column in tags]
        body = pc.replace_substring_regex(raw.cast(pa.large_binary()), r"\}\s*$", "")
        joined = _join([body, *added, _literal("}")], "") if added else raw
        joined = pc.replace_substring_regex(joined, r"^(\s*\{\s*),", r"\1")
        self._stream.write(_lines(_where_parsed(block, joined, raw), "\n"))
        self._stream.flush()

    def _kept(self, name: str, column: pa.Array, block: Block) -> pa.Array:
        """A tag, without the records that carry it already."""
        if self._overwrite:
            return column
        has = pa.array([member(record, name) is not None for record in self._reader.records], pa.bool_())
        theirs = pc.fill_null(spread(has, block), False)
        return pc.if_else(theirs, None, column.cast(pa.string())).dictionary_encode()

    def _without(self, block: Block, tags: dict[str, pa.Array]) -> pa.Array:
        """The records without the members that are written anew."""
        records = iter(self._reader.records)
        parsed = set(range(block.size)) if block.rows is None else set(block.rows.tolist())
        texts = []
        for i in range(block.size):
            if i not in parsed:
                texts.append(block.raw[i].as_py() if block.raw is not None else "")
                continue
            record = next(records)
            for name in (name for name, column in tags.items() if column[i].is_valid):
                record = without(record, name)
            texts.append(msgspec.json.encode(record).decode())
        return pa.array(texts, pa.large_string())


def _members(name: str, column: pa.Array) -> pa.Array:
    key = f",{msgspec.json.encode(name).decode()}:"
    values = [f"{key}{msgspec.json.encode(v).decode()}" for v in column.dictionary.to_pylist()]
    return pa.array(values, pa.large_string()).take(column.indices)


class _Columnar:
    """Writes the columns of the input and the tags in a format of its own.

    Where that fixes its columns with the first records, `left_out` are those of which later values do not fit.
    """

    def __init__(self, form: str, stream: BinaryIO, input_format: str, *, overwrite: bool) -> None:
        self._form = form
        self._recoded = form == "arrow" != input_format
        self._stream = stream
        self._overwrite = overwrite
        self._open: Any = None
        self._schema: pa.Schema | None = None
        self._left_out: set[str] = set()

    def writer(self) -> Writer:
        return Writer(self._write, self._close, self._left_out)

    def _write(self, block: Block, tags: Tags) -> None:
        batch = merged(block, tags, overwrite=self._overwrite)
        if self._form == "jsonl":
            self._write_json(batch)
            return
        try:
            self._write_columns(batch, {name for name, _ in tags})
        except pa.ArrowException as error:
            why = foreign.reason(error)
            raise InputError(
                f"the records cannot be written as {self._form}: {why}; choose another with --to"
            ) from error

    def _write_columns(self, batch: pa.RecordBatch, tags: set[str]) -> None:
        if self._schema is None:
            self._schema = self._outgoing(batch.schema, tags)
            self._begin(self._schema, tags)
        if batch.schema != self._schema:
            batch = self._fitted(batch, self._schema)
        if self._form in _DELIMITERS:
            self._write_text(batch)
        else:
            self._open.write_batch(batch) if self._form != "parquet" else self._open.write_batch(batch, 1 << 20)

    def _outgoing(self, schema: pa.Schema, tags: set[str]) -> pa.Schema:
        """The columns as the format has them.

        An Arrow file has one dictionary a column: that of the first batch. So there tags are no dictionaries, nor is
        what comes from another format.
        """
        if self._form == "parquet":
            return _storable(schema)
        if self._form != "arrow":
            return schema
        fields = [
            f.with_type(f.type.value_type)
            if pa.types.is_dictionary(f.type) and (self._recoded or f.name in tags)
            else f
            for f in schema
        ]
        return pa.schema(fields, schema.metadata)

    def _begin(self, schema: pa.Schema, tags: set[str]) -> None:
        if self._form == "parquet":
            # The least and greatest name of a row group helps no query, and costs half of the writing.
            counted = [name for name in schema.names if name not in tags]
            self._open = pq.ParquetWriter(self._stream, schema, compression="snappy", write_statistics=counted)
        elif self._form == "arrow":
            options = pa.ipc.IpcWriteOptions(unify_dictionaries=True)
            self._open = pa.ipc.new_file(self._stream, schema, options=options)
        elif self._form == "arrow-stream":
            self._open = pa.ipc.new_stream(self._stream, schema)
        else:
            separator = _DELIMITERS[self._form] or " "
            names = _fields(pa.array(schema.names, pa.large_string()), separator).to_pylist()
            self._stream.write((separator.join(names) + "\n").encode())

    def _fitted(self, batch: pa.RecordBatch, schema: pa.Schema) -> pa.RecordBatch:
        """A batch in the columns of the first one."""
        self._left_out |= set(batch.schema.names) - set(schema.names)
        columns = []
        for field in schema:
            if field.name not in batch.schema.names:
                columns.append(pa.nulls(len(batch), field.type))
                continue
            found = batch.column(field.name)
            column = fitted(found, field.type)
            if column.null_count > found.null_count:
                self._left_out.add(field.name)
            columns.append(column)
        return pa.RecordBatch.from_arrays(columns, schema=schema)

    def _write_json(self, batch: pa.RecordBatch) -> None:
        columns = [self._values(name, column) for name, column in zip(batch.schema.names, batch.columns, strict=True)]
        rows = (dict(zip(batch.schema.names, row, strict=True)) for row in zip(*columns, strict=True))
        kept = ({k: v for k, v in row.items() if v is not None} for row in rows)
        self._stream.write(b"".join(msgspec.json.encode(row, enc_hook=str) + b"\n" for row in kept))
        self._stream.flush()

    def _values(self, name: str, column: pa.Array) -> list[Any]:
        found = values(column if pa.types.is_nested(column.type) else _textual(column))
        self._miss(name, column, found.count(None))
        return found

    def _miss(self, name: str, column: pa.Array, nulls: int) -> None:
        """Note a column of which values could not be written: more of them are null than were."""
        if nulls > column.null_count and nulls > pc.is_null(column).to_pylist().count(True):
            self._left_out.add(name)

    def _texts(self, name: str, column: pa.Array) -> pa.Array:
        """A column as text; bytes that are none are left out."""
        told = _textual(column)
        if pa.types.is_dictionary(told.type) and pa.types.is_string(told.type.value_type):
            return told
        texts = fitted(told, pa.large_string())
        self._miss(name, column, texts.null_count)
        return texts

    def _write_text(self, batch: pa.RecordBatch) -> None:
        separator = _DELIMITERS[self._form]
        fields = [_fields(self._texts(name, batch.column(name)), separator or " ") for name in batch.schema.names]
        if separator:
            fields = [pc.fill_null(f, "") for f in fields]
        else:
            fields = [pc.fill_null(pc.replace_substring_regex(f, "^$", "-"), "-") for f in fields]
        self._stream.write(_lines(_join(fields, separator or " "), "\n"))
        self._stream.flush()

    def _close(self) -> None:
        if self._open is not None:
            self._open.close()


def merged(block: Block, tags: Tags, *, overwrite: bool) -> pa.RecordBatch:
    """The columns of a block with its tags: behind them, or within those of the same name that it has."""
    fields = [spread(column, block) for column in block.batch.columns]
    names = list(block.batch.schema.names)
    if block.rows is not None and block.raw is not None and fields and pa.types.is_string(fields[0].type):
        fields[0] = pc.coalesce(fields[0], _readable(block.raw))
    for name, column in tags:
        if name not in names:
            names.append(name)
            fields.append(column)
            continue
        at = names.index(name)
        theirs = _plain(fields[at])
        ours = fitted(_plain(column), theirs.type)
        fields[at] = pc.coalesce(ours, theirs) if overwrite else pc.coalesce(theirs, ours)
    batch = pa.RecordBatch.from_arrays(fields, names)
    return batch.take(pa.array(np.delete(np.arange(block.size), block.blank))) if block.blank else batch


def _plain(column: pa.Array) -> pa.Array:
    """A column that values can be chosen from: no dictionary, and no view."""
    if pa.types.is_dictionary(column.type):
        column = column.dictionary_decode()
    return column.cast(pa.large_string()) if pa.types.is_string_view(column.type) else column


def _storable(schema: pa.Schema) -> pa.Schema:
    """The columns of a schema that Parquet has a type for."""
    kept = []
    for field in schema:
        if pa.types.is_timestamp(field.type) and field.type.unit == "s":  # Parquet's begin with milliseconds
            field = field.with_type(pa.timestamp("ms", field.type.tz))  # noqa: PLW2901
        try:
            pq.ParquetWriter(pa.BufferOutputStream(), pa.schema([field])).close()
        except pa.ArrowNotImplementedError:  # run-end encoding and unions, for two
            continue
        kept.append(field)
    return pa.schema(kept, schema.metadata)


def _textual(column: pa.Array) -> pa.Array:
    """Times as RFC 3339 in all their digits, lists and structs as JSON; any other column as it is."""
    if pa.types.is_nested(column.type):
        texts = [None if v is None else msgspec.json.encode(v, enc_hook=str).decode() for v in values(column)]
        return pa.array(texts, pa.string())
    if not pa.types.is_timestamp(column.type):
        return column
    utc = column.type.tz is not None
    plain = column.cast(pa.timestamp(column.type.unit, "UTC")) if utc else column
    return pc.strftime(plain, "%Y-%m-%dT%H:%M:%SZ" if utc else "%Y-%m-%dT%H:%M:%S")


def _readable(raw: pa.Array) -> pa.Array:
    """Text as it stood, with a mark for what is no UTF-8."""
    if pa.types.is_large_string(raw.type):
        return raw.cast(pa.string())
    return pa.array([line.decode("utf-8", "replace") for line in raw.to_pylist()], pa.string())
