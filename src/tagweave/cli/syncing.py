"""`tagweave sync`: one pass over the sources, and what it changed."""

import asyncio
import sys
from collections import Counter, defaultdict
from typing import TYPE_CHECKING, Any, Final

from tagweave import sources
from tagweave.cli import output
from tagweave.cli.output import Format, say
from tagweave.config import Configured
from tagweave.errors import ConfigError
from tagweave.model import Change, Defect, Failure, Progress, Scope, Snapshot, Tally

if TYPE_CHECKING:
    from tagweave.derive.writing import IndexWriter
    from tagweave.inventory import ChangeSet, Inventory

ALL, NONE, PARTLY = 0, 1, 3
_MOST_DEFECTS: Final = 20
_COLUMNS: Final = ("source", "kind", "scope", "status", "added", "changed", "removed", "error")


class Report:
    """What a sync did, scope by scope."""

    def __init__(self) -> None:
        self.scopes: dict[Scope, dict[str, Any]] = {}
        self.defects: list[Defect] = []
        self.tallies: defaultdict[tuple[str, str], Counter[str]] = defaultdict(Counter)

    def applied(self, changes: "ChangeSet") -> None:
        """Take in what one batch changed."""
        scope = changes.scope
        row = self.scopes.setdefault(
            scope,
            {
                "source": scope.source,
                "kind": scope.kind,
                "scope": scope.part,
                "status": "fresh",
                "added": 0,
                "changed": 0,
                "removed": 0,
                "error": None,
            },
        )
        for what in ("added", "changed", "removed"):
            row[what] += getattr(changes, what)
        if changes.error:
            row["status"], row["error"] = "failed", changes.error
        elif changes.held:
            row["status"] = "held"
            row["error"] = f"{changes.held} resources are gone from the listing: kept until the next one agrees"
        elif not changes.late:
            row["status"], row["error"] = "fresh", None

    def exit_code(self) -> int:
        """0 where every scope was read and applied, 1 where none was, 3 in between."""
        good = [row["status"] == "fresh" for row in self.scopes.values()]
        return ALL if all(good) and good else PARTLY if any(good) else NONE


def run(inventory: "Inventory", writer: "IndexWriter", configured: list[Configured], form: Format) -> int:
    """Sync some sources and have the tag index follow; the exit code."""
    report = Report()
    writer.begin()
    try:
        for one in configured:
            asyncio.run(_sync(inventory, writer, one, report))
    finally:  # what was read is in the inventory, whatever ended the rest
        writer.flush()
        writer.close()
    _show(report, form)
    return report.exit_code()


def choose(configured: tuple[Configured, ...], names: list[str]) -> list[Configured]:
    """The sources of some names, all where there are none. Raises ConfigError for an unknown name."""
    known = {one.config.name: one for one in configured}
    for name in names:
        if name not in known:
            raise ConfigError(f"there is no source {name!r}: choose from {', '.join(known)}")
    return [known[name] for name in names] if names else list(configured)


async def _sync(inventory: "Inventory", writer: "IndexWriter", one: Configured, report: Report) -> None:
    say(f"syncing {one.config.name} …")
    reached: dict[Scope, str] = {}
    async for batch in sources.make(one.type, one.config).batches():
        if isinstance(batch, Snapshot | Change | Failure):
            changes = inventory.observe(batch)
            writer.take(changes)
            reached[changes.scope] = reached.get(changes.scope) or changes.error
            report.applied(changes)
        elif isinstance(batch, Defect):
            report.defects.append(batch)
        elif isinstance(batch, Tally):
            counts = report.tallies[batch.source, batch.kind]
            counts.update(read=batch.read, kept=batch.kept, repeated=batch.repeated)
        elif isinstance(batch, Progress) and sys.stderr.isatty():
            say(f"  {batch.source}: {batch.message} ({batch.done:,})")
    if sources.TYPES[one.type].whole:
        for changes in inventory.unreached(one.config.name, reached):
            writer.take(changes)
            report.applied(changes)


def _show(report: Report, form: Format) -> None:
    for defect in report.defects[:_MOST_DEFECTS]:
        say(f"skipped: {defect.source}: {defect.where}: {defect.reason}")
    if len(report.defects) > _MOST_DEFECTS:
        say(f"skipped: and {len(report.defects) - _MOST_DEFECTS} more")
    for (source, kind), counts in sorted(report.tallies.items()):
        again = f", {counts['repeated']} of them repeated" if counts["repeated"] else ""
        kept = f"kept {counts['kept']}" if counts["kept"] else "not a kind that is kept"
        say(f"{source}: read {counts['read']} {kind}{again}, {kept}")
    rows = [report.scopes[scope] for scope in sorted(report.scopes)]
    if form is Format.json:
        output.put_json({"scopes": rows})
    else:
        output.listing(rows, _COLUMNS, form)
