"""How the commands print: tables for people, JSON, JSON lines and CSV for programs. Data go to stdout alone."""

import csv
import sys
from collections.abc import Iterable, Mapping, Sequence
from enum import StrEnum
from typing import Any

import msgspec


class Format(StrEnum):
    """What `-o` takes."""

    table = "table"
    json = "json"
    jsonl = "jsonl"
    csv = "csv"


Row = Mapping[str, Any]


def say(text: str) -> None:
    """A line for the person, not for the data: to stderr."""
    sys.stderr.write(f"{text}\n")
    sys.stderr.flush()


def put(text: str) -> None:
    """Data: to stdout."""
    sys.stdout.write(text)


def put_json(value: object) -> None:
    """One JSON value, indented."""
    put(msgspec.json.format(msgspec.json.encode(value), indent=2).decode() + "\n")


def listing(rows: Iterable[Row], columns: Sequence[str], form: Format, title: str = "") -> None:
    """Print rows: all their fields as JSON, the named columns as a table or CSV.

    Each row is written as it comes, but for a table, whose columns are as wide as its widest row.
    """
    if form is Format.json:
        _json_list(rows)
    elif form is Format.jsonl:
        for row in rows:
            put(msgspec.json.encode(row).decode() + "\n")
    elif form is Format.csv:
        _csv(rows, columns)
    else:
        table(rows, columns, title)


def _json_list(rows: Iterable[Row]) -> None:
    """What `put_json` writes of a list, without the list."""
    before = "[\n  "
    for row in rows:
        text = msgspec.json.format(msgspec.json.encode(row), indent=2).decode()
        put(before + text.replace("\n", "\n  "))
        before = ",\n  "
    put("\n]\n" if before.startswith(",") else "[]\n")


def _csv(rows: Iterable[Row], columns: Sequence[str]) -> None:
    writer = csv.writer(sys.stdout, lineterminator="\n")
    writer.writerow(columns)
    writer.writerows([text(row.get(column)) for column in columns] for row in rows)


def table(rows: Iterable[Row], columns: Sequence[str], title: str = "") -> None:
    """A table on stdout: coloured and fitted on a terminal, plain and never cut in a pipe."""
    from rich import box  # noqa: PLC0415 - JSON does without
    from rich.console import Console  # noqa: PLC0415
    from rich.table import Table  # noqa: PLC0415

    terminal = sys.stdout.isatty()
    console = Console(file=sys.stdout, width=None if terminal else 10_000)
    made = Table(box=box.SIMPLE_HEAD if terminal else None, title=title or None, pad_edge=False)
    for column in columns:
        made.add_column(column.upper().replace("_", " "), overflow="fold", no_wrap=not terminal)
    for row in rows:
        made.add_row(*(text(row.get(column)) for column in columns))
    console.print(made)


def text(value: object) -> str:
    """A value for a cell: lists joined, nothing for what is not set."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, str | int | float):
        return str(value)
    if isinstance(value, list | tuple) and all(isinstance(one, str) for one in value):
        return ",".join(value)
    return msgspec.json.encode(value).decode()
