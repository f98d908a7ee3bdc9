"""`tagweave names`: the tags of the encoded ids in a file or stream."""

from collections.abc import Sequence

from tagweave.carriers.columns import Options, name
from tagweave.cli.tagging import code, progress, show
from tagweave.index.opening import TagIndex


def run(index: TagIndex, source: str, target: str, options: Options, columns: Sequence[str]) -> int:
    """Name; the exit code: 0 all, 3 ids that the index does not know, bad records or a broken input, 1 nothing read."""
    report = name(source, target, index, options, columns, progress())
    show(report)
    return code(report)
