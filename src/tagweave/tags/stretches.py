"""What something belonged to over time, in pieces: rows of a tagset that are cut, laid over each other and joined."""

import itertools
from collections.abc import Iterable, Iterator, Sequence
from typing import Final, NamedTuple

OF_A_VPC: Final = ("cen", "peering_connection")
"""Columns that say what a VPC is joined to."""


class Stretch(NamedTuple):
    """During [start, end) the columns of a row were `row`."""

    start: int
    end: int
    row: dict[str, int]


def lay(above: dict[str, int], row: dict[str, int]) -> None:
    """Lay what a nearer one belongs to over a row: another VPC is not joined to what that of the row is."""
    vpc = above.get("vpc")
    if vpc is not None and row.get("vpc", vpc) != vpc:
        for column in OF_A_VPC:
            row.pop(column, None)
    row.update(above)


def joined(stretches: Iterable[Stretch]) -> list[Stretch]:
    """Ascending stretches without gaps, neighbours with equal rows as one."""
    out: list[Stretch] = []
    for stretch in stretches:
        if out and out[-1].row == stretch.row:
            out[-1] = out[-1]._replace(end=stretch.end)
        else:
            out.append(stretch)
    return out


def pieces(groups: Sequence[Sequence[Stretch]], start: int, end: int) -> Iterator[tuple[int, int]]:
    """[start, end) cut at every boundary of any stretch in the groups."""
    cuts = {start, end}
    for stretches in groups:
        cuts.update(s.start for s in stretches if start < s.start < end)
    ordered = sorted(cuts)
    yield from itertools.pairwise(ordered)


def cut(stretches: Sequence[Stretch], start: int, end: int) -> Iterator[Stretch]:
    """The parts of ascending stretches that lie within [start, end)."""
    if len(stretches) == 1:
        yield Stretch(start, end, stretches[0].row)
        return
    for stretch in stretches:
        if stretch.start < end and start < stretch.end:
            yield Stretch(max(stretch.start, start), min(stretch.end, end), stretch.row)
