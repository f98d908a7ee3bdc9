"""Timelines: what something was, when. One type for holders of names, ranges, rows, reach and services.

A timeline is a list of stretches in ascending order that do not overlap. Most have no gap and no end: they
begin at BEGINNING and end at FOREVER, and `at` finds the one stretch that holds a moment.
"""

import itertools
from bisect import bisect_right
from collections.abc import Callable, Iterable, Iterator, Sequence
from operator import itemgetter
from typing import Any, Generic, NamedTuple, TypeVar

from tagweave.model.times import BEGINNING, FOREVER

T = TypeVar("T")
T_co = TypeVar("T_co", covariant=True)
V = TypeVar("V")


class Stretch(NamedTuple, Generic[T_co]):
    """During [start, end) it was `value`."""

    start: int
    end: int
    value: T_co


Timeline = Sequence[Stretch[T]]

_START = itemgetter(0)


def always(value: T) -> list[Stretch[T]]:
    """A timeline that never was anything else."""
    return [Stretch(BEGINNING, FOREVER, value)]


def at(timeline: Timeline[T], moment: int) -> T:
    """The value at a moment of a timeline without gaps."""
    if len(timeline) == 1:
        return timeline[0].value
    return timeline[max(bisect_right(timeline, moment, key=_START) - 1, 0)].value


def cut(timeline: Timeline[T], start: int, end: int) -> Iterator[Stretch[T]]:
    """The parts of a timeline that lie within [start, end)."""
    if len(timeline) == 1:
        only = timeline[0]
        if only.start <= start and end <= only.end:
            yield Stretch(start, end, only.value)
            return
    first = max(bisect_right(timeline, start, key=_START) - 1, 0)
    for stretch in itertools.islice(timeline, first, None):
        if stretch.start >= end:
            return
        if start < stretch.end:
            yield Stretch(max(stretch.start, start), min(stretch.end, end), stretch.value)


def joined(stretches: Iterable[Stretch[T]]) -> list[Stretch[T]]:
    """Ascending stretches, neighbours with equal values as one."""
    out: list[Stretch[T]] = []
    for stretch in stretches:
        if out and out[-1].end == stretch.start and out[-1].value == stretch.value:
            out[-1] = Stretch(out[-1].start, stretch.end, stretch.value)
        else:
            out.append(stretch)
    return out


def pieces(timelines: Iterable[Timeline[Any]], start: int, end: int) -> Iterator[tuple[int, int]]:
    """[start, end) cut at every moment at which one of the timelines changes."""
    moments = {start, end}
    for timeline in timelines:
        if len(timeline) > 1:
            for stretch in cut(timeline, start, end):
                moments.add(stretch.start)
                moments.add(stretch.end)
    if len(moments) == 2:
        yield start, end
    else:
        yield from itertools.pairwise(sorted(moments))


def swept(intervals: Iterable[tuple[int, int, T]]) -> list[Stretch[tuple[T, ...]]]:
    """Which of some intervals hold each moment, as one timeline without gaps; each in the order given."""
    given = [one for one in intervals if one[0] < one[1]]
    if not given:
        return always(())
    if len(given) == 1:
        start, end, value = given[0]
        parts = [(BEGINNING, start, ()), (start, end, (value,)), (end, FOREVER, ())]
        return [Stretch(*part) for part in parts if part[0] < part[1]]
    begins = sorted(range(len(given)), key=lambda i: given[i][0])
    moments = sorted({BEGINNING, FOREVER, *(m for start, end, _ in given for m in (start, end))})
    live: list[int] = []
    out: list[Stretch[tuple[T, ...]]] = []
    position = 0
    for since, until in itertools.pairwise(moments):
        while position < len(begins) and given[begins[position]][0] <= since:
            live.append(begins[position])
            position += 1
        live = [i for i in live if given[i][1] > since]
        out.append(Stretch(since, until, tuple(given[i][2] for i in sorted(live))))
    return joined(out)


def filled(timeline: Timeline[T], known: Callable[[T], bool]) -> list[Stretch[T]]:
    """A timeline in which what is not known is what was known before, and first of all what is known first."""
    out: list[Stretch[T]] = []
    last = next((s.value for s in timeline if known(s.value)), None)
    for stretch in timeline:
        if known(stretch.value):
            last = stretch.value
        out.append(stretch if last is None else Stretch(stretch.start, stretch.end, last))
    return joined(out)


def mapped(timeline: Timeline[T], function: Callable[[T], V]) -> list[Stretch[V]]:
    """The same stretches with what a function makes of their values."""
    return joined(Stretch(s.start, s.end, function(s.value)) for s in timeline)
