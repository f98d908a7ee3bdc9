"""Foreign bytes in Arrow's formats: every batch is validated in full before anything reads it.

A batch says of itself where its values lie, and Arrow believes it: an offset that points past its buffer ends the
process, or reads what else is in its memory. `checked` refuses such a batch. Bytes may also end the process while they
are read, so the service first has bodies read by a process of their own: `python -m tagweave.carriers.foreign` takes
paths of Arrow streams on stdin, as JSON, and answers each with the reason why it is refused, empty for a sound one.
"""

import json
import signal
import sys
import zlib
from collections.abc import Iterator
from typing import Any, Final

import pyarrow as pa

from tagweave.errors import InputError

UNREADABLE: Final = (pa.ArrowException, OSError, EOFError, zlib.error, UnicodeError, OverflowError, MemoryError)
"""What reading foreign bytes raises where they are not what they should be."""
_MOST_REASON: Final = 300
_MOST_ROWS: Final = 2**31 - 1
"""The most rows of a batch that Arrow's own specification advises, and that all its implementations can read."""


def checked(batches: Iterator[pa.RecordBatch], name: str) -> Iterator[pa.RecordBatch]:
    """The same batches, each validated in full. Raises InputError at the first that is not sound or cannot be read."""
    number, records = 1, 0
    while True:
        where = f"{name}: batch {number}, behind record {records:,}"
        try:
            batch = next(batches, None)
            if batch is None:
                return
            _validate(batch)
        except UNREADABLE as error:
            raise InputError(f"{where}, is not sound: {reason(error)}") from error
        if len(batch) > _MOST_ROWS:
            raise InputError(f"{where}, has over {_MOST_ROWS:,} records")
        yield batch
        number, records = number + 1, records + len(batch)


def _validate(batch: pa.RecordBatch) -> None:
    """Raise ArrowInvalid for a batch that is not sound, also for what stands where a view is null: casts read it."""
    batch.validate(full=True)
    try:
        parts = [part for column in batch.columns for part in _parts(column)]
    except KeyError:
        raise pa.ArrowNotImplementedError("a column is of a type that Arrow has and pyarrow has not") from None
    for part in parts:
        if part.type in (pa.string_view(), pa.binary_view()) and part.null_count:
            _, *views = part.buffers()
            twin = pa.Array.from_buffers(pa.binary_view(), len(part), [None, *views], 0, part.offset)
            twin.validate(full=True)


def _parts(array: Any) -> Iterator[Any]:  # noqa: ANN401 - pyarrow arrays of any type
    """An array, and all that it is made of."""
    yield array
    kind = array.type
    if isinstance(array, pa.ExtensionArray):
        yield from _parts(array.storage)
    elif pa.types.is_dictionary(kind):
        yield from _parts(array.dictionary)
    elif pa.types.is_map(kind):
        yield from _parts(array.keys)
        yield from _parts(array.items)
    elif pa.types.is_struct(kind) or pa.types.is_union(kind):
        for i in range(kind.num_fields):
            yield from _parts(array.field(i))
    elif pa.types.is_run_end_encoded(kind) or pa.types.is_nested(kind):
        yield from _parts(array.values)


def checked_schema(schema: pa.Schema) -> pa.Schema:
    """The same schema. Raises UnicodeError where a name in it, or a time zone, is no text."""
    for field in schema:
        _read_texts(field)
    return schema


def _read_texts(field: Any) -> None:  # noqa: ANN401 - a pyarrow field
    """Read all that Arrow decodes only when it is asked for."""
    assert isinstance(field.name, str)
    kind = field.type
    if isinstance(kind, pa.ExtensionType):
        kind = kind.storage_type
    if pa.types.is_dictionary(kind):
        kind = kind.value_type
    if pa.types.is_timestamp(kind):
        assert isinstance(kind.tz, str | None)
    for i in range(kind.num_fields):
        _read_texts(kind.field(i))


def reason(error: BaseException) -> str:
    """Why reading failed, in one line."""
    return " ".join(str(error).split())[:_MOST_REASON] or type(error).__name__


def refusal(path: str) -> str:
    """Why an Arrow stream in a file is refused; empty for a sound one."""
    try:
        with pa.OSFile(path) as file, pa.ipc.open_stream(file) as reader:
            checked_schema(reader.schema)
            for _ in checked(iter(reader), "the body"):
                pass
    except InputError as error:
        return str(error)
    except UNREADABLE as error:
        return f"the body is no Arrow stream: {reason(error)}"
    return ""


def _answer() -> None:
    import resource  # noqa: PLC0415 - not on every system, and only here

    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))  # a body that ends the process leaves no core behind
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the service, which then closes stdin
    for line in sys.stdin:
        sys.stdout.write(json.dumps(refusal(json.loads(line))) + "\n")
        sys.stdout.flush()


if __name__ == "__main__":
    _answer()
