"""Tables in memory: the records of anything that speaks Arrow's PyCapsule interface, with columns beside them.

pyarrow, pandas (2.2 and newer), Polars and DuckDB do, and many more: https://arrow.apache.org/docs/format/CDataInterface/PyCapsuleInterface.html
"""

from collections.abc import Iterator
from typing import Any

import numpy as np
import pyarrow as pa

from tagweave.carriers.columns.blocks import BATCH_ROWS, Block, arrow_blocks
from tagweave.carriers.columns.formats import merged
from tagweave.carriers.columns.reports import Report
from tagweave.carriers.columns.tagging import Columns
from tagweave.errors import InputError


def reader_of(table: Any) -> pa.RecordBatchReader:  # noqa: ANN401 - whatever speaks the interface
    """The batches of a table. Raises InputError for what is none."""
    if isinstance(table, pa.RecordBatchReader):
        return table
    if hasattr(table, "__arrow_c_stream__"):
        return pa.RecordBatchReader.from_stream(table)
    if hasattr(table, "__arrow_c_array__"):
        batch = pa.record_batch(table)
        return pa.RecordBatchReader.from_batches(batch.schema, [batch])
    more = ": collect() it first" if hasattr(table, "collect") else ""
    raise InputError(
        f"{type(table).__name__} is no table of Arrow's PyCapsule interface (__arrow_c_stream__), as those of pyarrow, "
        f"pandas, Polars and DuckDB are{more}"
    )


def beside(table: Any, columns: Columns, report: Report, *, overwrite: bool) -> pa.RecordBatchReader:  # noqa: ANN401
    """The records of a table with more columns, read as they are asked for."""
    given = reader_of(table)
    nothing = Block(pa.RecordBatch.from_pylist([], given.schema), 0, np.empty(0, np.int64))
    schema = merged(nothing, columns.block(nothing), overwrite=overwrite).schema

    def batches() -> Iterator[pa.RecordBatch]:
        for block in arrow_blocks(_pieces(given), given.schema):
            yield merged(block, columns.block(block), overwrite=overwrite)
            report.records += block.size
        columns.finish()

    return pa.RecordBatchReader.from_batches(schema.with_metadata(given.schema.metadata), batches())


def _pieces(reader: pa.RecordBatchReader) -> Iterator[pa.RecordBatch]:
    """The same records in batches that are not too large."""
    for batch in reader:
        for begin in range(0, len(batch), BATCH_ROWS):
            yield batch.slice(begin, BATCH_ROWS)
