"""Formats: open an input in whatever format it is, write an output.

What an input is shows in its first bytes, else in its name. Compressed text (gzip, zstd) is unpacked as it
comes. An output file appears under its name only when it is whole.
"""

import csv
import gzip
import io
import os
import sys
import zlib
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any, BinaryIO, Final, NamedTuple

import msgspec
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv as pacsv
import pyarrow.parquet as pq

from tagweave.carriers.columns.blocks import (
    BATCH_ROWS,
    BYTE_ORDER_MARK,
    Block,
    Delimited,
    JsonLines,
    arrow_blocks,
    spread,
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
_ENDS_EARLY: Final = (EOFError, zlib.error, gzip.BadGzipFile, pa.ArrowInvalid, pa.ArrowIOError)

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
        head = stream.peek(4096)[:4096]
        if not head:
            raise InputError(f"{path} is empty")
        found = form or _format_of(path, head)
        try:
            made = _opened(found, stream, path)
        except _ENDS_EARLY as error:
            raise InputError(f"cannot read {path} as {found}: {error}; name another format with --from") from error
        if hasattr(made.reader, "close"):
            opened.callback(made.reader.close)
        yield made


def _opened(found: str, stream: Any, path: str) -> Input:  # noqa: ANN401 - any binary stream
    if found == "jsonl":
        lines = JsonLines(stream)
        return Input(found, lines.blocks(), lines, None)
    if found in _DELIMITERS:
        text = Delimited(stream, _DELIMITERS[found])
        return Input(found, text.blocks(), text, None)
    if found == "parquet":
        source = pa.BufferReader(stream.read()) if path == "-" else path
        file = pq.ParquetFile(source, pre_buffer=True)
        batches = file.iter_batches(BATCH_ROWS, use_threads=True)
        return Input(found, arrow_blocks(batches, file.schema_arrow), file, file.schema_arrow)
    if found == "arrow":
        opened = pa.ipc.open_file(pa.BufferReader(stream.read()) if path == "-" else pa.memory_map(path))
        batches = (opened.get_batch(i) for i in range(opened.num_record_batches))
        return Input(found, arrow_blocks(batches, opened.schema), opened, opened.schema)
    reader = pa.ipc.open_stream(stream)
    return Input(found, arrow_blocks(iter(reader), reader.schema), reader, reader.schema)


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
    """Takes blocks with their tags, in order."""

    write: Callable[[Block, Tags], None]
    close: Callable[[], None]


@contextmanager
def output_stream(path: str) -> Iterator[BinaryIO]:
    """A stream to a file that takes its name when all is written, or to stdout for `-`."""
    if path == "-":
        yield sys.stdout.buffer
        sys.stdout.buffer.flush()
        return
    target = Path(path)
    part = target.with_name(f".{target.name}.{os.getpid()}.part")
    try:
        with part.open("wb") as file:
            if path.endswith(".gz"):
                with gzip.GzipFile(fileobj=file, mode="wb", compresslevel=3, mtime=0) as packed:
                    yield packed  # type: ignore[misc]
            elif path.endswith(".zst"):
                with pa.CompressedOutputStream(file, "zstd") as packed:
                    yield packed
            else:
                yield file
        part.replace(target)
    finally:
        part.unlink(missing_ok=True)


def make_writer(form: str, stream: BinaryIO, source: Input, *, overwrite: bool) -> Writer:
    """A writer of a format; text of the input's own format is kept to the letter, tags are appended."""
    if form == source.format and form in _DELIMITERS:
        return _Appender(stream, source.reader, overwrite=overwrite).writer()
    if form == source.format == "jsonl":
        return _JsonAppender(stream, source.reader, overwrite=overwrite).writer()
    return _Columnar(form, stream, overwrite=overwrite).writer()


class _Appender:
    """Appends tags to the lines of delimited text; a tag that a line cannot hold as it is gets quoted."""

    def __init__(self, stream: BinaryIO, reader: Delimited, *, overwrite: bool) -> None:
        self._stream = stream
        self._reader = reader
        self._overwrite = overwrite
        self._began = False

    def writer(self) -> Writer:
        return Writer(self._write, lambda: None)

    def _write(self, block: Block, tags: Tags) -> None:
        reader = self._reader
        separator = reader.delimiter or " "
        clash = {name for name, _ in tags} & set(reader.columns)
        raw = block.raw if not clash else _rebuilt(block, reader, dict(tags), clash, overwrite=self._overwrite)
        tags = [(name, column) for name, column in tags if name not in clash]
        if not self._began:
            self._began = True
            self._stream.write(_header(block.preamble, tags, separator, reader.end).encode("utf-8", "surrogateescape"))
        columns = [_quoted(column, separator) for _, column in tags]
        blank = "" if reader.delimiter else "-"
        filled = [pc.fill_null(c, pa.scalar(blank, pa.large_string())) for c in columns]
        joined = _join([raw, *filled], separator) if filled else raw
        joined = _where_parsed(block, joined, raw)
        self._stream.write(_lines(joined, reader.end))
        self._stream.flush()


def _header(preamble: str, tags: Tags, separator: str, end: str) -> str:
    if preamble in ("", BYTE_ORDER_MARK):
        return preamble
    names = "".join(f"{separator}{name}" for name, _ in tags)
    return preamble.removesuffix(end) + names + end


def _quoted(column: pa.Array, separator: str) -> pa.Array:
    """Dictionary values as fields of delimited text."""
    values = column.dictionary.to_pylist()
    fields = ['"' + v.replace('"', '""') + '"' if separator in v or '"' in v or "\n" in v else v for v in values]
    return pa.array(fields, pa.large_string()).take(column.indices)


def _rebuilt(
    block: Block, reader: Delimited, tags: dict[str, pa.Array], clash: set[str], *, overwrite: bool
) -> pa.Array:
    """The text of records in which columns of the input are merged with tags of the same name."""
    separator = reader.delimiter or " "
    merged = []
    for name in reader.columns:
        column = spread(block.batch.column(name), block).cast(pa.large_string())
        if name in clash:
            ours = tags[name].cast(pa.large_string())
            theirs = pc.if_else(pc.is_in(column, pa.array(["", "-"], pa.large_string())), None, column)
            column = pc.coalesce(ours, theirs) if overwrite else pc.coalesce(theirs, ours)
        merged.append(_quoted(pc.fill_null(column, "").dictionary_encode(), separator))
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


def _lines(texts: pa.Array, end: str) -> bytes:
    """Texts with line ends, as one piece: the values of an Arrow string array lie one after another."""
    joined = _join([texts, pa.scalar(end, pa.large_string())], "")
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
        return Writer(self._write, lambda: None)

    def _write(self, block: Block, tags: Tags) -> None:
        raw = block.raw
        assert raw is not None
        taken = {name for name, _ in tags} & {key for record in self._reader.records for key in record}
        tags = [(name, self._kept(name, column, block) if name in taken else column) for name, column in tags]
        if taken and self._overwrite:
            raw = self._without(block, {name: column for name, column in tags if name in taken})
        members = [pc.fill_null(_members(name, column), pa.scalar("", pa.large_string())) for name, column in tags]
        body = pc.replace_substring_regex(raw.cast(pa.large_binary()), r"\}\s*$", "")
        joined = _join([body, *members, pa.scalar("}", pa.large_string())], "") if members else raw
        joined = pc.replace_substring_regex(joined, r"^(\s*\{\s*),", r"\1")
        self._stream.write(_lines(_where_parsed(block, joined, raw), "\n"))
        self._stream.flush()

    def _kept(self, name: str, column: pa.Array, block: Block) -> pa.Array:
        """A tag, without the records that carry it already."""
        if self._overwrite:
            return column
        has = pa.array([record.get(name) is not None for record in self._reader.records])
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
            record = {k: v for k, v in next(records).items() if k not in tags or not tags[k][i].is_valid}
            texts.append(msgspec.json.encode(record).decode())
        return pa.array(texts, pa.large_string())


def _members(name: str, column: pa.Array) -> pa.Array:
    key = msgspec.json.encode(name).decode()
    values = [f",{key}:{msgspec.json.encode(v).decode()}" for v in column.dictionary.to_pylist()]
    return pa.array(values, pa.large_string()).take(column.indices)


class _Columnar:
    """Writes the columns of the input and the tags in a format of its own."""

    def __init__(self, form: str, stream: BinaryIO, *, overwrite: bool) -> None:
        self._form = form
        self._stream = stream
        self._overwrite = overwrite
        self._open: Any = None
        self._schema: pa.Schema | None = None

    def writer(self) -> Writer:
        return Writer(self._write, self._close)

    def _write(self, block: Block, tags: Tags) -> None:
        batch = self._merged(block, tags)
        if self._form == "jsonl":
            rows = pa.RecordBatch.from_arrays([_textual(c) for c in batch.columns], batch.schema.names).to_pylist()
            kept = ({k: v for k, v in row.items() if v is not None} for row in rows)
            self._stream.write(b"".join(msgspec.json.encode(row, enc_hook=str) + b"\n" for row in kept))
            self._stream.flush()
            return
        if self._open is None:
            self._schema = batch.schema
            self._open = self._opened(batch.schema, {name for name, _ in tags})
        if batch.schema != self._schema:
            batch = batch.cast(self._schema)
        self._open.write_batch(batch) if self._form != "parquet" else self._open.write_batch(batch, 1 << 20)

    def _opened(self, schema: pa.Schema, tags: set[str]) -> Any:  # noqa: ANN401 - one of pyarrow's writers
        if self._form == "parquet":
            # The least and greatest name of a row group helps no query, and costs half of the writing.
            counted = [name for name in schema.names if name not in tags]
            return pq.ParquetWriter(self._stream, schema, compression="snappy", write_statistics=counted)
        if self._form == "arrow":
            return pa.ipc.new_file(self._stream, schema, options=pa.ipc.IpcWriteOptions(unify_dictionaries=True))
        if self._form == "arrow-stream":
            return pa.ipc.new_stream(self._stream, schema)
        delimiter = _DELIMITERS[self._form] or " "
        header = io.StringIO()
        csv.writer(header, delimiter=delimiter, lineterminator="\n").writerow(schema.names)
        self._stream.write(header.getvalue().encode())
        plain = pacsv.WriteOptions(include_header=False, delimiter=delimiter, quoting_style="needed")
        return pacsv.CSVWriter(self._stream, schema, write_options=plain)

    def _merged(self, block: Block, tags: Tags) -> pa.RecordBatch:
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
            theirs, ours = fields[at], column.cast(fields[at].type)
            fields[at] = pc.coalesce(ours, theirs) if self._overwrite else pc.coalesce(theirs, ours)
        if self._form in _DELIMITERS:
            fields = [_textual(f.cast(pa.string()) if pa.types.is_dictionary(f.type) else f) for f in fields]
            if not _DELIMITERS[self._form]:
                fields = [pc.fill_null(pc.replace_substring_regex(f.cast(pa.string()), "^$", "-"), "-") for f in fields]
        return pa.RecordBatch.from_arrays(fields, names)

    def _close(self) -> None:
        if self._open is not None:
            self._open.close()


def _textual(column: pa.Array) -> pa.Array:
    """A column of times as RFC 3339, in all its digits; any other as it is."""
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
