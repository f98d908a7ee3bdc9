"""`name`: the tags of encoded ids, which `tag` with `encode="ids"` wrote, beside the records that hold them.

    source.tagset, destination.tagset, tagset    →    source.k8s.pod.name, destination.k8s.pod.name, k8s.pod.name

Names and labels are those of the record's time, where it has a column of times; else the newest.
"""

from collections import Counter
from collections.abc import Callable, Sequence
from typing import Any, Final, NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from tagweave.carriers.columns import roles, times
from tagweave.carriers.columns.blocks import Block, as_text, fitted, spread
from tagweave.carriers.columns.formats import Tags
from tagweave.carriers.columns.reports import Report
from tagweave.carriers.columns.tagging import Columns, through
from tagweave.carriers.columns.weaving import Options, check, view_of
from tagweave.errors import ConfigError, InputError
from tagweave.index.columns import I64, U64, Bools
from tagweave.index.opening import TagIndex
from tagweave.index.view import View
from tagweave.index.vocabulary import sided
from tagweave.index.weave import Weaver, names_of
from tagweave.model.times import to_ns

SUFFIX: Final = "tagset"
_MOST_UNKNOWN: Final = 2000


class Ids(NamedTuple):
    """Encoded ids of n records, 0 for none; `wrong` is where a column holds what is none."""

    ids: U64
    wrong: Bools


def name(
    source: str,
    target: str,
    index: TagIndex | View,
    options: Options,
    columns: Sequence[str] = (),
    progress: Callable[[int], None] = lambda _: None,
) -> Report:
    """Write the records of a file or `-` with the tags of the ids in some columns: else in those that end in `tagset`.

    Of the options, `encode` and `network` mean nothing here. Raises InputError where nothing can be read or no column
    holds ids, ConfigError for wrong options.
    """
    view = view_of(index)
    check(view, options._replace(network=None))
    report = Report()

    def naming(_: str, growing: bool) -> Columns:
        return Naming(view, options, columns, report, growing=growing)

    return through(source, target, options, naming, report, progress)


class Naming:
    """Reads the ids of blocks, and gives their tags. A `growing` input may have more columns later."""

    def __init__(
        self, view: View, options: Options, columns: Sequence[str], report: Report, *, growing: bool = False
    ) -> None:
        self._view = view
        self._options = options
        self._chosen = tuple(columns)
        self._report = report
        self._growing = growing
        self._tags = Weaver(view, options.tags, options.names).columns("")
        self._seen: dict[str, None] = {}

    def block(self, block: Block) -> Tags:
        """The tag columns of a block, over all its records."""
        self._report.empty += block.empty
        self._report.add_bad(block.bad)
        columns = block.batch.schema.names
        if not columns:  # nothing of the input could be read yet
            return []
        self._seen.update(dict.fromkeys(columns))
        at, timed = self._times(block)
        out: list[tuple[str, pa.Array]] = []
        for column in self._id_columns(columns):
            ids, wrong = ids_of(block.batch.column(column))
            self._report.refuse(block, wrong, f"no id in {column}", block.batch.column(column))
            ids = np.where(timed, ids, np.uint64(0))
            named = names_of(self._view, ids, self._tags, at, self._options.names)
            self._count(column, ids, named.known)
            out += zip(self._named(column), named.columns, strict=True)
        return [(tag, spread(values, block)) for tag, values in out]

    def finish(self) -> None:
        """Tell which columns there never were. Raises ConfigError where there was none of them."""
        lost = [column for column in self._chosen if column not in self._seen] if self._seen else []
        if lost and len(lost) == len(self._chosen):
            raise ConfigError(_no_column(lost[0], list(self._seen)))
        if lost:
            self._report.missing = _no_column(lost[0], list(self._seen))

    def _id_columns(self, columns: Sequence[str]) -> list[str]:
        found = [one for one in self._chosen if one in columns]
        if self._chosen:
            if len(found) < len(self._chosen) and not self._growing:
                raise ConfigError(_no_column(next(one for one in self._chosen if one not in found), columns))
            return found
        found = [one for one in columns if one.lower().endswith(SUFFIX)]
        if not found:
            raise InputError(
                f"no column ends in `{SUFFIX}`: name one that holds ids with --column; "
                f"the columns are {', '.join(columns)}"
            )
        return found

    def _times(self, block: Block) -> tuple[I64 | None, Bools]:
        """The time of each record, None for the newest; and whether it has one."""
        count = len(block.batch)
        if self._options.at is not None:
            return np.full(count, to_ns(self._options.at), np.int64), np.ones(count, np.bool_)
        column = roles.known(block.batch.schema.names, self._options.mapping, growing=self._growing).get("time")
        if column is None or column not in block.batch.schema.names:
            return None, np.ones(count, np.bool_)
        values = block.batch.column(column)
        found = times.parse_column(values)
        self._report.refuse(block, ~found.valid, "no time, or one without a zone", values)
        return found.at, found.valid

    def _named(self, column: str) -> list[str]:
        """What the tags of a column of ids are called."""
        of = column[: -len(SUFFIX)].rstrip("._-") if column.lower().endswith(SUFFIX) else column
        if of in (*roles.SIDES, ""):
            return [sided(self._options.names, tag, of) for tag in self._tags]
        return [f"{of}.{tag}" for tag in self._tags]

    def _count(self, column: str, ids: U64, known: Bools) -> None:
        counts = self._report.sides.setdefault(column, Counter())
        unknown = np.flatnonzero(~known)
        for word, count in (
            ("named", int((known & (ids != 0)).sum())),
            ("without an id", int((ids == 0).sum())),
            ("unknown_id", len(unknown)),
        ):
            if count:
                counts[word] += count
        self._report.unknown += len(unknown)
        for one in ids[unknown[:_MOST_UNKNOWN]].tolist():
            self._report.example("unknown_id", str(one))


def ids_of(column: Any) -> Ids:  # noqa: ANN401 - a pyarrow array of any type
    """The ids in a column of numbers or of their decimal digits. A signed number is taken by its bits.

    A number with decimals is none: it has lost digits.
    """
    if isinstance(column, pa.ChunkedArray):
        column = column.combine_chunks()
    if pa.types.is_floating(column.type):
        return Ids(np.zeros(len(column), np.uint64), column.is_valid().to_numpy(zero_copy_only=False))
    if pa.types.is_integer(column.type):
        wide = pa.uint64() if pa.types.is_unsigned_integer(column.type) else pa.int64()
        numbers = column.cast(wide).fill_null(0).to_numpy(zero_copy_only=False)
        return Ids(numbers.view(np.uint64), np.zeros(len(column), np.bool_))
    text = pc.utf8_trim_whitespace(as_text(column))
    digits = pc.if_else(pc.match_substring_regex(text, r"^\d{1,20}$"), text, None)
    found = fitted(digits, pa.uint64())
    wrong = pc.and_not(found.is_null(), text.is_null()).to_numpy(zero_copy_only=False)
    return Ids(found.fill_null(0).to_numpy(zero_copy_only=False), wrong)


def _no_column(column: str, columns: Sequence[str]) -> str:
    return f"--column {column}: there is no such column; there are: {', '.join(columns)}"
