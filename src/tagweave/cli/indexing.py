"""`tagweave index`: of what the tag index is made, and whether it is right."""

import tempfile
from pathlib import Path
from typing import Any, Final

from tagweave.cli import output
from tagweave.cli.output import Format, say
from tagweave.derive.writing import IndexWriter
from tagweave.errors import BrokenIndex
from tagweave.index.comparing import differences
from tagweave.index.folder import Folder
from tagweave.index.segment import Segment
from tagweave.index.view import View, open_view
from tagweave.inventory import Inventory

RIGHT, WRONG = 0, 1
_COLUMNS: Final = ("file", "keys", "bytes")


def status(folder: Folder, inventory: Inventory, form: Format) -> int:
    """Print the segments of the index, the newest first; how far it is goes to stderr."""
    manifest = folder.read()
    if manifest is None:
        say(f"there is no tag index in {folder.path}: `tagweave index rebuild` makes it")
        return WRONG
    entries = [*manifest.segments, manifest.networks]
    rows: list[dict[str, Any]] = [{"file": e.file, "keys": e.keys, "bytes": e.bytes} for e in entries]
    behind = inventory.revision() - manifest.number
    output.listing(rows, _COLUMNS, form)
    say(
        f"revision {manifest.revision} of {manifest.written_at}, "
        f"with every change up to number {manifest.number}" + (f", {behind} behind the inventory" if behind else "")
    )
    return RIGHT


def verify(folder: Folder, inventory: Inventory) -> int:
    """Check the files' checksums, then compare with an index that is derived anew; the exit code."""
    view = open_view(folder)
    if view is None:
        raise BrokenIndex(f"there is no tag index in {folder.path}: `tagweave index rebuild` makes it")
    for segment in view.segments:
        segment.verify()
    Segment.open(folder.file(view.manifest.networks.file)).verify()
    found = differences(view, _anew(inventory, view))
    for line in found:
        say(line)
    say("the index says what the inventory says" if not found else "make it again: tagweave index rebuild")
    return WRONG if found else RIGHT


def _anew(inventory: Inventory, view: View) -> View:
    with tempfile.TemporaryDirectory(prefix="tagweave-index-") as place:
        folder = Folder(Path(place))
        with folder.lock():
            writer = IndexWriter(folder, inventory, view.manifest.groups, view.manifest.accounts)
            writer.begin()
        made = open_view(folder)  # its files stay mapped when they are gone
        assert made is not None
        return made
