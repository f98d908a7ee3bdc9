"""Two views are the same if and only if they say the same."""

from collections.abc import Callable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tagweave.index.comparing import differences
from tagweave.index.draft import Draft, Piece, Served, Value
from tagweave.index.folder import Manifest, ScopeSeen, SegmentEntry
from tagweave.index.merging import merged
from tagweave.index.networks import networks_of
from tagweave.index.segment import Segment
from tagweave.index.view import View
from tagweave.model import Scope
from tagweave.model.addresses import pack
from tagweave.model.times import BEGINNING, FOREVER

from . import brute
from .brute import Content, Shape

ADDRESS = pack("10.0.0.5")
SCOPES = [Scope("s", "pod", ""), Scope("s", "vm", "r1")]
ROW = {"vm": 7, "owner": 7, "service": (1, 2)}
SERVED = Served(6, 80, 0, FOREVER, 1, (5,), (30, 40))
LABELS = {"b": "1", "a": "2"}


def address(**changed: object) -> Callable[[Draft], None]:
    piece = Piece(0, 50, ROW, (SERVED,), SCOPES[0], (3, 4), False, False)._replace(**changed)
    return lambda draft: draft.address(ADDRESS, 12, [piece])


def resource(**changed: object) -> Callable[[Draft], None]:
    late = Value(9, "n", "t", "ip", "s", "a", LABELS, (1, 2), (3,), 4)._replace(**changed)
    return lambda draft: draft.resource(7, "s", "vm", "i-7", [Value(BEGINNING, "", "", "", "", "", {}), late])


def said(*parts: Callable[[Draft], None], scopes: list[Scope] = SCOPES, **networks: list) -> View:
    draft = Draft(scopes)
    for part in parts:
        part(draft)
    names = {"homes": [], "groups": [], "names": [], **networks}
    seen = tuple(ScopeSeen(one.source, one.kind, one.part, 5) for one in draft.scopes)
    manifest = Manifest(1, 1, "", (), SegmentEntry("", 0, 0, 0), seen)
    return View([Segment.of(draft.arrays(), draft.meta())], networks_of([1, 3], **names), manifest)


def in_two(draft: Draft) -> None:
    piece = Piece(0, 20, ROW, (SERVED,), SCOPES[0], (3, 4), False, False)
    draft.address(ADDRESS, 12, [piece, piece._replace(start=20, end=50)])


BASE = (address(), resource())
SAME = [
    said(*reversed(BASE)),
    said(*BASE, scopes=SCOPES[::-1]),
    said(in_two, resource(labels=dict(reversed(LABELS.items())))),
]


@pytest.mark.parametrize("number", range(3))
def test_what_is_said_in_another_order_is_the_same(number: int) -> None:
    assert differences(said(*BASE), SAME[number]) == []


def test_what_is_gone_is_as_if_it_never_was() -> None:
    gone = Draft()
    gone.gone_address(5)
    old = said(*BASE, lambda draft: draft.address(5, 1, [Piece(0, 9, {"owner": 99}, (), 0, (), False, False)]))
    both = View([Segment.of(gone.arrays(), gone.meta()), *old.segments], old.networks, old.manifest)
    assert differences(said(*BASE), both) == []


CHANGES = {
    "start": address(start=1),
    "end": address(end=51),
    "row": address(row={**ROW, "service": (1,)}),
    "owner": address(row={**ROW, "owner": 8}),
    "port": address(ports=(SERVED._replace(port=81),)),
    "served": address(ports=(SERVED._replace(service=2),)),
    "until": address(ports=(SERVED._replace(end=60),)),
    "no ports": address(ports=()),
    "seen": address(seen=SCOPES[1]),
    "seen then": address(seen=17),
    "others": address(others=(4, 3)),
    "disputed": address(disputed=True),
    "after": address(after=True),
}


@pytest.mark.parametrize("what", CHANGES)
def test_every_word_of_a_key_counts(what: str) -> None:
    told = differences(said(*BASE), said(CHANGES[what], BASE[1]))
    assert len(told) == 1
    assert told[0].startswith("address 10.0.0.5 in network 12: [from 1970-01-01T00:00:00Z owner 7")


@pytest.mark.parametrize(
    "changed",
    [
        {"since": 10},
        {"name": "m"},
        {"type": "m"},
        {"ip": ""},
        {"started": "m"},
        {"account": "m"},
        {"labels": {"b": "1", "a": "3"}},
        {"labels": {"b": "2", "a": "1"}},
        {"labels": {}},
        {"cen": (1,)},
        {"peering_connection": ()},
        {"router": 5},
    ],
    ids=str,
)
def test_every_word_of_a_value_counts(changed: dict) -> None:
    told = differences(said(*BASE), said(BASE[0], resource(**changed)))
    assert len(told) == 1
    assert told[0].startswith("resource 7: its values from 1970")


def test_what_only_one_has_is_told_and_most_is_most() -> None:
    nothing = View([], networks_of([1, 3], [], [], []), Manifest(1, 1, "", (), SegmentEntry("", 0, 0, 0)))
    told = differences(said(*BASE), nothing)
    assert [line.partition(":")[0] for line in told] == ["address 10.0.0.5 in network 12", "resource 7"]
    assert told[0].endswith("| nothing")
    assert told[1].endswith("only the first has it")
    assert differences(nothing, said(*BASE))[1].endswith("only the other has it")
    assert len(differences(said(*BASE), nothing, most=1)) == 1


@pytest.mark.parametrize(
    ("what", "rows"),
    [("homes", [(3, 1, 0, 9)]), ("groups", [(1, 8, 0, 9)]), ("names", [("prod", 1, [(0, 9)])])],
)
def test_every_word_of_the_networks_counts(what: str, rows: list) -> None:
    told = differences(said(*BASE, **{what: rows}), said(*BASE))
    assert told
    assert all(line.endswith("only the first has it") for line in told)


@settings(deadline=None, max_examples=40)
@given(st.lists(brute.contents(), min_size=1, max_size=3))
def test_however_it_is_cut_into_segments_it_is_the_same(contents: list[Content]) -> None:
    segments = [brute.segment_of(content) for content in contents]
    whole = brute.view_of(segments, Shape([], []))
    one = brute.view_of([Segment.of(*merged(segments, oldest=True))], Shape([], []))
    assert differences(whole, one) == []


@settings(deadline=None, max_examples=40)
@given(brute.contents(), brute.contents())
def test_views_without_a_difference_have_equal_content(one: Content, other: Content) -> None:
    views = [brute.view_of([brute.segment_of(content)], Shape([], [])) for content in (one, other)]
    assert (differences(*views) == []) == (canonical(one) == canonical(other))


def canonical(content: Content) -> list:
    """What it says; what was held until its end was seen until then, so neighbours always differ."""
    out = [
        (key, network, tuple(held))
        for table in content[:3]
        for key, by_network in table.items()
        for network, held in by_network.items()
    ]
    for rid, values in content.resources.items():
        joined = [value for i, value in enumerate(values) if i == 0 or value[1:] != values[i - 1][1:]]
        out.append((rid, [(value, sorted(value.labels.items())) for value in joined]))
    return sorted(out, key=repr)
