"""`tagweave check`: every source is tried, and nothing is recorded."""

import asyncio
from collections import defaultdict
from collections.abc import AsyncIterator
from typing import Final

import msgspec

from tagweave import sources
from tagweave.cli import output
from tagweave.cli.output import Format, say
from tagweave.config import Configured
from tagweave.model import Defect, Failure, Snapshot
from tagweave.sources import Check, Checked, Source

ALL, NONE, PARTLY = 0, 1, 3
_COLUMNS: Final = ("source", "what", "where", "state", "detail", "grant")


def run(configured: list[Configured], form: Format) -> int:
    """Try some sources; the exit code."""
    rows: list[Check] = []
    for one in configured:
        say(f"checking {one.config.name} …")
        rows += asyncio.run(_tried(sources.make(one.type, one.config)))
    output.listing([msgspec.to_builtins(row) for row in rows], _COLUMNS, form)
    for source, missing in _missing(rows).items():
        say(f"{source}: grant {', '.join(missing)}")
    return exit_code(rows)


def exit_code(rows: list[Check]) -> int:
    """0 where nothing failed, 1 where nothing went well, 3 in between."""
    states = {row.state for row in rows}
    return ALL if "failed" not in states and "ok" in states else PARTLY if "ok" in states else NONE


async def _tried(source: Source) -> list[Check]:
    return [row async for row in (source.check() if isinstance(source, Checked) else _one_pass(source))]


async def _one_pass(source: Source) -> AsyncIterator[Check]:
    """Check a source that cannot be tried otherwise: read it once."""
    broken: list[Defect] = []
    async for batch in source.batches():
        if isinstance(batch, Snapshot):
            detail = f"{len(batch.resources)} resources"
            yield Check(source.name, batch.scope.kind, batch.scope.part, "ok", detail)
        elif isinstance(batch, Failure):
            yield Check(source.name, batch.scope.kind, batch.scope.part, "failed", batch.error)
        elif isinstance(batch, Defect):
            broken.append(batch)
    if broken:
        first = f"{broken[0].where}: {broken[0].reason}"
        yield Check(source.name, "objects", "", "failed", f"{len(broken)} broken, the first: {first}")


def _missing(rows: list[Check]) -> dict[str, list[str]]:
    """What to grant, by source, each once."""
    out: defaultdict[str, dict[str, None]] = defaultdict(dict)
    for row in rows:
        if row.grant:
            out[row.source][row.grant] = None
    return {source: list(grants) for source, grants in out.items()}
