"""A merged segment says what its segments say, and numbers nothing anew that lasts."""

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from tagweave.index.comparing import differences
from tagweave.index.draft import Draft
from tagweave.index.find import find
from tagweave.index.merging import merged
from tagweave.index.segment import Segment

from . import brute
from .brute import ASKED, MOMENTS, NAMES, Content, Shape
from .test_find import EVERYTHING, answers, asked, names_asked


@settings(deadline=None, max_examples=60)
@given(st.lists(brute.contents(), min_size=2, max_size=3), brute.shapes(), st.booleans())
def test_a_merged_segment_says_what_its_segments_say(contents: list[Content], shape: Shape, oldest: bool) -> None:
    segments = [brute.segment_of(content) for content in contents]
    whole = brute.view_of(segments, shape)
    if oldest:
        one = brute.view_of([Segment.of(*merged(segments, oldest=True))], shape)
    else:
        one = brute.view_of([Segment.of(*merged(segments[:-1], oldest=False)), segments[-1]], shape)
    _, by_name = names_asked(NAMES, MOMENTS, ASKED)
    for ends in (asked(EVERYTHING), by_name):
        before, after = find(whole, ends, ""), find(one, ends, "")
        assert answers(whole, before) == answers(one, after)
        assert (whole.seen(before.pieces) == one.seen(after.pieces)).all()
        assert (whole.ids(before.tagsets, before.picks) == one.ids(after.tagsets, after.picks)).all()
        assert differences(whole, one) == []
        assert [told(whole, label) for label in before.labels] == [told(one, label) for label in after.labels]


def told(view, label: int) -> str | None:
    if label < 0:
        return None
    one = view.segments[label >> 32]
    first, end = one["string.offset"][label & 0xFFFFFFFF :][:2]
    return bytes(one["string.bytes"][first:end]).decode()


@settings(deadline=None, max_examples=60)
@given(st.lists(brute.contents(), min_size=2, max_size=3))
def test_ids_of_what_no_key_refers_to_can_still_be_read_back(contents: list[Content]) -> None:
    segments = [brute.segment_of(content) for content in contents]
    one = brute.view_of([Segment.of(*merged(segments, oldest=True))], Shape([], []))
    for segment in segments:
        ids = segment["tagset.id"][1:]
        tagsets, picks = one.by_ids(ids)
        assert (tagsets > 0).all() or not len(ids)
        assert (one.ids(tagsets, picks) == ids).all()
        owner = one.column("owner", tagsets, picks)
        assert (owner == segment["tagset.owner"][1:]).all()


def test_what_is_gone_is_left_out_of_the_oldest_only() -> None:
    new, old = Draft(), Draft()
    old.address(brute.ADDRESSES[0], 1, brute.pieces([brute.Held(0, 5, 1)]))
    new.gone_address(brute.ADDRESSES[0])
    segments = [Segment.of(draft.arrays(), draft.meta()) for draft in (new, old)]
    assert len(merged(segments, oldest=False)[0]["address.run.hi"]) == 1
    arrays, _ = merged(segments, oldest=True)
    assert len(arrays["address.run.hi"]) == 0
    assert len(arrays["address.time"]) == 0
    assert len(arrays["tagset.id"]) == 2


def test_ids_do_not_depend_on_the_segment() -> None:
    one, other = Draft(), Draft()
    other.address(7, 1, brute.pieces([brute.Held(0, 5, 9, services=(4, 5, 6))]))
    for draft in (one, other):
        draft.address(8, 1, brute.pieces([brute.Held(0, 5, 1, services=(4, 5))]))
    ids = [set(Segment.of(draft.arrays(), draft.meta())["tagset.id"].tolist()) for draft in (one, other)]
    assert ids[0] <= ids[1]
    assert all(number & 31 == 0 for number in ids[1])
    assert np.uint64(0) in ids[0]
