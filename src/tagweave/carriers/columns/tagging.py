"""`tag`: weave tags into a file or stream of records, in whatever columns format, with bounded memory.

A thread reads ahead and a thread writes behind; between them records are joined against the tag index. A bad
record is counted, reported with its number and passed through untagged; it never stops the stream.
"""

import threading
import time
from collections.abc import Callable, Iterator
from queue import Queue
from typing import Final, Protocol

from tagweave.carriers import foreign
from tagweave.carriers.columns.blocks import Block
from tagweave.carriers.columns.formats import (
    Input,
    Tags,
    Writer,
    make_writer,
    open_input,
    output_format,
    output_stream,
)
from tagweave.carriers.columns.reports import Report
from tagweave.carriers.columns.weaving import Options, Weaving, check, view_of
from tagweave.errors import InputError
from tagweave.index.opening import TagIndex
from tagweave.index.view import View

_AHEAD: Final = 2


class Columns(Protocol):
    """What makes columns of blocks, to be written beside those of the input."""

    def block(self, block: Block) -> Tags:
        """The new columns of a block, over all its records."""

    def finish(self) -> None:
        """Tell what there is to tell behind the last block."""


def tag(
    source: str,
    target: str,
    index: TagIndex | View,
    options: Options,
    progress: Callable[[int], None] = lambda _: None,
) -> Report:
    """Tag the records of a file or `-` into a file or `-`, all from the view that the index has at the start.

    Raises InputError where nothing can be read, ConfigError for wrong options, LookupKeyError for a network that is
    none or several.
    """
    view = view_of(index)
    check(view, options)
    report = Report()

    def weaving(form: str, growing: bool) -> Columns:
        return Weaving(view, options, report, growing=growing, ids_as_text=form == "jsonl")

    return through(source, target, options, weaving, report, progress)


def through(
    source: str,
    target: str,
    options: Options,
    make: Callable[[str, bool], Columns],
    report: Report,
    progress: Callable[[int], None],
) -> Report:
    """Read, add columns and write; `make` gets the format of the output, and whether the input's columns may grow."""
    started = time.perf_counter()
    with open_input(source, options.input_format) as opened:
        form = output_format(target, options.output_format, opened.format)
        columns = make(form, opened.format == "jsonl")
        with output_stream(target) as stream:
            writer = make_writer(form, stream, opened, overwrite=options.overwrite)
            _blocks_through(opened, columns, writer, report, progress)
    report.seconds = time.perf_counter() - started
    return report


def _blocks_through(
    opened: Input, columns: Columns, writer: Writer, report: Report, progress: Callable[[int], None]
) -> None:
    """Read and write all blocks."""
    ordered = opened.format == "jsonl"  # its writer needs the objects of the block at hand
    written = _Behind(writer.write) if not ordered else None
    try:
        for block in _read(opened, report, ahead=not ordered):
            tags = columns.block(block)
            if written is None:
                writer.write(block, tags)
            else:
                written.put(block, tags)
            report.records += block.size - block.empty
            progress(report.records)
        columns.finish()
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
