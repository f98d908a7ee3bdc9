"""`tag`: weave tags into a file or stream of records, in whatever columns format, with bounded memory.

A thread reads ahead and a thread writes behind; between them records are joined against the tag index. A bad
record is counted, reported with its number and passed through untagged; it never stops the stream.
"""

import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from queue import Queue
from typing import Any, Final, NamedTuple

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from tagweave.carriers import foreign
from tagweave.carriers.columns import addresses, roles, times
from tagweave.carriers.columns.blocks import Bad, Block, as_text, spread, told
from tagweave.carriers.columns.formats import (
    Input,
    Tags,
    Writer,
    make_writer,
    open_input,
    output_format,
    output_stream,
)
from tagweave.errors import InputError
from tagweave.model.addresses import unpack
from tagweave.model.times import to_ns
from tagweave.tags import NETWORK_UNNAMED, PROTOCOLS, REASONS, Endpoints, TagIndex, Weaver, Woven

_AHEAD: Final = 2
_MOST_BAD: Final = 20
_SAMPLE: Final = 2000
_MOST_EXAMPLES: Final = 10_000

KEY_RULES: Final = (
    ("container_id", "container_id"),
    ("pod_uid", "pod_uid"),
    ("pod", "pod_name"),
    ("vm", "vm_id"),
    ("mac", "mac"),
    ("host", "host_name"),
)
"""Roles that identify an end, in the order in which they are tried, before the address."""

_NETWORK_ROLES: Final = ("network", "cluster", "node", "vpc")

I32 = npt.NDArray[np.int32]


class Options(NamedTuple):
    """How records are read and tagged; see the command's help."""

    input_format: str | None = None
    output_format: str | None = None
    mapping: Mapping[str, str] = {}
    encode: str = "names"
    network: str | None = None
    at: datetime | None = None
    overwrite: bool = False


@dataclass
class Report:
    """What was read and tagged. `sides` counts, for each end, how many records had which reason.

    `left_out` are the columns of which the output has no form for some values, or has not the column: its columns and
    types may be those of the first records.
    """

    records: int = 0
    seconds: float = 0.0
    empty: int = 0
    bad: Counter[str] = field(default_factory=Counter)
    bad_records: list[Bad] = field(default_factory=list)
    sides: dict[str, Counter[str]] = field(default_factory=dict)
    examples: dict[str, Counter[str]] = field(default_factory=dict)
    truncated: str = ""
    left_out: list[str] = field(default_factory=list)

    def whole(self) -> bool:
        """Whether everything was read and written and no record was bad."""
        return not self.bad and not self.truncated and not self.left_out

    def add_bad(self, bad: Sequence[Bad]) -> None:
        """Count records that could not be read; the first of them are kept."""
        for one in bad:
            self.bad[one.reason if len(self.bad) < _SAMPLE else "other"] += 1
        self.bad_records.extend(bad[: max(0, _MOST_BAD - len(self.bad_records))])


def tag(
    source: str,
    target: str,
    index: TagIndex,
    weaver: Weaver,
    options: Options,
    progress: Callable[[int], None] = lambda _: None,
) -> Report:
    """Tag the records of a file or `-` into a file or `-`.

    Raises InputError where nothing can be read, ConfigError for a wrong mapping, LookupKeyError for a network
    that is none or several.
    """
    report = Report()
    started = time.perf_counter()
    with open_input(source, options.input_format) as opened:
        form = output_format(target, options.output_format, opened.format)
        weave = _Weave(index, weaver, options, report)
        with output_stream(target) as stream:
            writer = make_writer(form, stream, opened, overwrite=options.overwrite)
            _through(opened, weave, writer, report, progress)
    report.seconds = time.perf_counter() - started
    return report


def _through(opened: Input, weave: "_Weave", writer: Writer, report: Report, progress: Callable[[int], None]) -> None:
    """Read, weave and write all blocks."""
    ordered = opened.format == "jsonl"  # its writer needs the objects of the block at hand
    written = _Behind(writer.write) if not ordered else None
    try:
        for block in _read(opened, report, ahead=not ordered):
            tags = weave.block(block)
            if written is None:
                writer.write(block, tags)
            else:
                written.put(block, tags)
            report.records += block.size - block.empty
            progress(report.records)
    finally:
        if written is not None:
            written.finish()
    writer.close()
    report.left_out = sorted(writer.left_out)


def _read(opened: Input, report: Report, *, ahead: bool) -> Iterator[Block]:
    """The blocks of an input; where it breaks off, what stood before, and the report says where."""
    blocks = _ahead(opened.blocks) if ahead else opened.blocks
    try:
        yield from blocks
    except (InputError, *foreign.UNREADABLE) as error:
        if isinstance(error, BrokenPipeError) or (isinstance(error, InputError) and not report.records):
            raise
        report.truncated = f"the input breaks off after record {report.records:,}: {error}"


def _ahead(blocks: Iterator[Block]) -> Iterator[Block]:
    """The same blocks, read by a thread that is some of them ahead."""
    queue: Queue[Block | BaseException | None] = Queue(_AHEAD)
    stopped = threading.Event()

    def run() -> None:
        last: BaseException | None = None
        try:
            for block in blocks:
                queue.put(block)
                if stopped.is_set():
                    return
        except BaseException as error:  # noqa: BLE001 - raised again where the blocks are taken
            last = error
        queue.put(last)

    thread = threading.Thread(target=run, name="tagweave-read", daemon=True)
    thread.start()
    try:
        while isinstance(item := queue.get(), Block):
            yield item
        if item is not None:
            raise item
    finally:
        stopped.set()
        while not queue.empty():  # it may wait for room
            queue.get()


class _Behind:
    """Writes in a thread of its own; what it raises is raised where the next block is handed over."""

    def __init__(self, write: Callable[[Block, Tags], None]) -> None:
        self._write = write
        self._queue: Queue[tuple[Block, Tags] | None] = Queue(_AHEAD)
        self._error: BaseException | None = None
        self._thread = threading.Thread(target=self._run, name="tagweave-write", daemon=True)
        self._thread.start()

    def put(self, block: Block, tags: Tags) -> None:
        if self._error is not None:
            raise self._error
        self._queue.put((block, tags))

    def finish(self) -> None:
        self._queue.put(None)
        self._thread.join()
        if self._error is not None:
            raise self._error

    def _run(self) -> None:
        while (item := self._queue.get()) is not None:
            if self._error is None:
                try:
                    self._write(*item)
                except BaseException as error:  # noqa: BLE001 - raised again by put or finish
                    self._error = error


class _Weave:
    """Finds the ends of the records of blocks and their tags."""

    def __init__(self, index: TagIndex, weaver: Weaver, options: Options, report: Report) -> None:
        self._index = index
        self._weaver = weaver
        self._options = options
        self._report = report
        self._columns: list[str] = []
        self._roles: dict[str, str] = {}
        self._networks: dict[str, int] = {}
        self._network = index.networks.named(options.network) if options.network else NETWORK_UNNAMED

    def block(self, block: Block) -> Tags:
        """The tag columns of a block, over all its records."""
        self._report.empty += block.empty
        self._report.add_bad(block.bad)
        columns = block.batch.schema.names
        if not columns:  # nothing of the input could be read yet
            return []
        if columns != self._columns:
            self._columns, self._roles = columns, self._assign(columns)
        moments = self._times(block)
        out: list[tuple[str, pa.Array]] = []
        for side in roles.sides(self._roles):
            ends = self._ends(block, side, moments)
            woven = self._weaver.weave(ends, side)
            self._count(side, ends, woven)
            if self._options.encode == "ids":
                ids = pa.array(woven.tagsets, mask=woven.tagsets == 0)
                out.append((f"{side}.tagset" if side else "tagset", ids))
            else:
                out += zip(self._weaver.columns(side), woven.columns, strict=True)
        return [(name, spread(column, block)) for name, column in out]

    def _assign(self, columns: list[str]) -> dict[str, str]:
        found = roles.assign(columns, self._options.mapping)
        twice = [name for name in found.values() if columns.count(name) > 1]
        if twice:
            raise InputError(f"there are {columns.count(twice[0])} columns {twice[0]!r}: give each its own name")
        if "time" not in found and self._options.at is None:
            raise InputError(
                f"no column is known to be the time of a record: name one with --map COLUMN=time, or say when "
                f"all of them were with --at TIME; the columns are {', '.join(columns)}"
            )
        return found

    def _column(self, block: Block, role: str) -> Any | None:  # noqa: ANN401 - a pyarrow array of any type
        name = self._roles.get(role)
        return None if name is None else block.batch.column(name)

    def _times(self, block: Block) -> tuple[times.Times, times.Times | None]:
        column = self._column(block, "time")
        count = len(block.batch)
        if column is None or self._options.at is not None:
            assert self._options.at is not None
            at = np.full(count, to_ns(self._options.at), np.int64)
            return times.Times(at, np.ones(count, np.bool_)), None
        moments = times.parse_column(column)
        self._refuse(block, ~moments.valid, "no time, or one without a zone", column)
        until = self._column(block, "end_time")
        return moments, None if until is None else times.parse_column(until)

    def _ends(self, block: Block, side: str, moments: tuple[times.Times, times.Times | None]) -> Endpoints:
        prefix = f"{side}." if side else ""
        count = len(block.batch)
        column = self._column(block, f"{prefix}ip")
        if column is None:
            nothing = np.zeros(count, np.uint64)
            found = addresses.Addresses(nothing, nothing, np.zeros(count, np.bool_), np.ones(count, np.bool_))
        else:
            found = addresses.parse_column(column)
            self._refuse(block, ~found.valid & ~found.absent, f"no {prefix}ip address", column)
        at, until = moments
        return Endpoints(
            found.hi,
            found.lo,
            found.valid & at.valid,
            at.at,
            None if until is None else np.where(until.valid, until.at, at.at),
            self._network_column(block, prefix, count),
            _integers(self._column(block, f"{prefix}port"), count),
            _protocols(self._column(block, "protocol"), count),
            tuple(self._keys(block, prefix, at.valid)),
        )

    def _keys(self, block: Block, prefix: str, timed: npt.NDArray[np.bool_]) -> Iterator[tuple[str, pa.StringArray]]:
        for role, rule in KEY_RULES:
            column = self._column(block, prefix + role)
            if column is None:
                continue
            values = as_text(column)
            namespace = self._column(block, f"{prefix}namespace")
            if role == "pod" and namespace is not None:
                values = pc.binary_join_element_wise(as_text(namespace), values, "/")
            if role == "mac":
                values = pc.replace_substring(pc.utf8_lower(values), "-", ":")
            if role == "container_id":
                values = pc.replace_substring_regex(values, "^[a-z-]+://", "")
            yield rule, values if timed.all() else pc.if_else(pa.array(timed), values, None)

    def _network_column(self, block: Block, prefix: str, count: int) -> I32:
        names = (f"{prefix}network", *_NETWORK_ROLES) if prefix else _NETWORK_ROLES
        column = next((c for role in names if (c := self._column(block, role)) is not None), None)
        if column is None:
            return np.full(count, self._network, np.int32)
        coded = as_text(column).dictionary_encode()
        values = coded.dictionary.to_pylist()
        fresh = [name for name in values if name not in self._networks]
        if fresh:
            found = self._index.network_ids(fresh)
            self._networks.update(zip(fresh, found.tolist(), strict=True))
        table = np.array([self._networks[name] for name in values] + [self._network], np.int32)
        codes: I32 = coded.indices.fill_null(len(values)).to_numpy(zero_copy_only=False)
        return table[codes]

    def _refuse(self, block: Block, wrong: npt.NDArray[np.bool_], reason: str, column: Any) -> None:  # noqa: ANN401
        """Report records of which one field cannot be read."""
        rows = np.flatnonzero(wrong)
        if not len(rows):
            return
        self._report.bad[reason] += len(rows) - min(len(rows), _MOST_BAD)
        shown = [Bad(int(block.numbers[i]), reason) for i in rows[:_MOST_BAD]]
        self._report.add_bad(shown)
        for bad, i in zip(shown, rows, strict=False):
            if bad in self._report.bad_records:
                where = self._report.bad_records.index(bad)
                value = told(column[int(i)])
                self._report.bad_records[where] = bad._replace(reason=f"{reason}: {value}")

    def _count(self, side: str, ends: Endpoints, woven: Woven) -> None:
        counts = self._report.sides.setdefault(side, Counter())
        for reason, count in enumerate(np.bincount(woven.reasons, minlength=len(REASONS))):
            if count:
                counts[REASONS[reason]] += int(count)
        rows = np.flatnonzero((woven.reasons != 0) & ends.valid)[:_SAMPLE]
        for i in rows:
            seen = self._report.examples.setdefault(REASONS[woven.reasons[i]], Counter())
            if len(seen) < _MOST_EXAMPLES:
                seen[unpack(int(ends.hi[i]) << 64 | int(ends.lo[i]))] += 1


def _integers(column: Any | None, count: int) -> I32:  # noqa: ANN401 - a pyarrow array of any type
    """Ports: -1 where there is none."""
    if column is None:
        return np.full(count, -1, np.int32)
    if not pa.types.is_integer(column.type):
        text = as_text(column)
        column = pc.if_else(pc.match_substring_regex(text, r"^\d{1,5}$"), text, None).cast(pa.int32())
    return _within(column, 65535, -1)


def _within(column: Any, most: int, otherwise: int) -> I32:  # noqa: ANN401 - a pyarrow array of integers
    """Integers from 0 to `most`, and another one for all else."""
    least, greatest = (pa.scalar(bound, column.type) for bound in (0, min(most, _greatest(column.type))))
    inside = pc.and_(pc.greater_equal(column, least), pc.less_equal(column, greatest))
    numbers: I32 = pc.if_else(inside, column, None).cast(pa.int32()).fill_null(otherwise).to_numpy(zero_copy_only=False)
    return numbers


def _greatest(kind: Any) -> int:  # noqa: ANN401 - a pyarrow type of integers
    return int(2 ** (kind.bit_width - pa.types.is_signed_integer(kind)) - 1)


def _protocols(column: Any | None, count: int) -> npt.NDArray[np.uint8]:  # noqa: ANN401 - any pyarrow array
    """IANA numbers from numbers or names; 0 where it is not known."""
    if column is None:
        return np.zeros(count, np.uint8)
    if pa.types.is_integer(column.type):
        return _within(column, 255, 0).astype(np.uint8)
    coded = as_text(column).dictionary_encode()
    table = np.array([_protocol(text) for text in coded.dictionary.to_pylist()] + [0], np.uint8)
    codes: I32 = coded.indices.fill_null(len(table) - 1).to_numpy(zero_copy_only=False)
    return table[codes]


def _protocol(text: str) -> int:
    if text.isdecimal():
        return int(text) if int(text) < 256 else 0
    return PROTOCOLS.get(text.upper(), 0)
