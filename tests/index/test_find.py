"""What `find` answers, against trying everything: every tier, time, range, name and segment."""

from random import Random
from typing import NamedTuple

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tagweave.index import compiled
from tagweave.index.columns import AMBIGUOUS, BY_PREFIX, MATCHED, NO_ADDRESS, REASONS
from tagweave.index.find import Endpoints, Found, find
from tagweave.index.view import View
from tagweave.model.times import BEGINNING, FOREVER

from . import brute
from .brute import ADDRESSES, ASKED, MOMENTS, NAMES, Answer, Content, Shape


def asked(questions: list[tuple[int, int, int]], keys: tuple = (), until: list[int] | None = None) -> Endpoints:
    """(address, at, network) for each."""
    n = len(questions)
    return Endpoints(
        np.array([a >> 64 for a, _, _ in questions], np.uint64),
        np.array([a & (2**64 - 1) for a, _, _ in questions], np.uint64),
        np.ones(n, np.bool_),
        np.array([t for _, t, _ in questions], np.int64),
        None if until is None else np.array(until, np.int64),
        np.array([w for _, _, w in questions], np.int32),
        np.full(n, -1, np.int32),
        np.zeros(n, np.uint8),
        keys,
    )


def answers(view: View, found: Found) -> list[Answer]:
    owner = view.column("owner", found.tagsets, found.picks)
    where, table, row = view.where(found.pieces)
    start = [
        int(view.segments[s][f"{('address', 'prefix', 'name')[t]}.time"][r]) if piece >= 0 else 0
        for s, t, r, piece in zip(where, table, row, found.pieces, strict=True)
    ]
    fields = (found.reasons.tolist(), found.rules.tolist(), owner.tolist(), start, found.flags.tolist())
    return [Answer(*one) for one in zip(*fields, strict=True)]


@pytest.fixture
def interpreted(monkeypatch: pytest.MonkeyPatch) -> None:
    """No compiled kernels, as in a process that looks one thing up."""
    monkeypatch.setattr(compiled, "FEW", 1 << 40)
    monkeypatch.setattr(compiled, "_NAME", "none")


def names_asked(names: list[tuple[str, str]], times: list[int], networks: list[int]) -> tuple[list, Endpoints]:
    """Each name, at each time, from each network; the addresses are none."""
    questions = [(name, t, n) for name in names for t in times for n in networks]
    rules = list(dict.fromkeys(rule for rule, _ in names))
    keys = tuple((rule, [name[1] if name[0] == rule else None for name, _, _ in questions]) for rule in rules)
    ends = asked([(0, t, n) for _, t, n in questions], keys)
    return questions, ends._replace(valid=np.zeros(len(questions), np.bool_))


EVERYTHING = [(a, t, n) for a in ADDRESSES for t in MOMENTS for n in ASKED]


@settings(deadline=None, max_examples=60)
@given(st.lists(brute.contents(), min_size=1, max_size=3), brute.shapes())
def test_an_address_is_what_trying_everything_says(contents: list[Content], shape: Shape) -> None:
    view = brute.view_of([brute.segment_of(content) for content in contents], shape)
    found = answers(view, find(view, asked(EVERYTHING), ""))
    for question, got in zip(EVERYTHING, found, strict=True):
        assert got == brute.ask_address(contents, shape, *question), question


@settings(deadline=None, max_examples=60)
@given(st.lists(brute.contents(), min_size=1, max_size=3), brute.shapes())
def test_a_name_is_what_trying_everything_says(contents: list[Content], shape: Shape) -> None:
    view = brute.view_of([brute.segment_of(content) for content in contents], shape)
    questions, ends = names_asked(NAMES, MOMENTS, ASKED)
    found = answers(view, find(view, ends, ""))
    for question, got in zip(questions, found, strict=True):
        assert got == brute.ask_name(contents, shape, *question), question


@pytest.mark.usefixtures("interpreted")
@settings(deadline=None, max_examples=10, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(brute.contents(), min_size=1, max_size=3), brute.shapes(), st.randoms(use_true_random=False))
def test_one_row_that_is_interpreted_is_what_a_batch_is(contents: list[Content], shape: Shape, random: Random) -> None:
    view = brute.view_of([brute.segment_of(content) for content in contents], shape)
    some = random.sample(EVERYTHING, 40)
    for question, got in zip(some, answers(view, find(view, asked(some), "")), strict=True):
        assert got == brute.ask_address(contents, shape, *question), question
    questions, ends = names_asked(NAMES, random.sample(MOMENTS, 2), random.sample(ASKED, 3))
    for question, got in zip(questions, answers(view, find(view, ends, "")), strict=True):
        assert got == brute.ask_name(contents, shape, *question), question


class Record(NamedTuple):
    address: int | None
    at: int
    until: int
    network: int
    uid: str | None
    host: str | None


def records() -> st.SearchStrategy[Record]:
    text = st.sampled_from([None, "", "u-1", "u-2", "nobody"])
    moment = st.sampled_from(MOMENTS)
    address = st.one_of(st.none(), st.sampled_from(ADDRESSES))
    return st.builds(Record, address, moment, moment, st.sampled_from(ASKED), text, text)


def at_once(contents: list[Content], shape: Shape, record: Record, at: int) -> Answer:
    """The first name that means something, else the address; with neither, why the first name means nothing."""
    names = [(rule, text) for rule, text in (("pod_uid", record.uid), ("host_name", record.host)) if text]
    by_name = [brute.ask_name(contents, shape, name, at, record.network) for name in names]
    for answer in by_name:
        if answer.reason == MATCHED:
            return answer
    if record.address is not None:
        return brute.ask_address(contents, shape, record.address, at, record.network)
    return by_name[0] if by_name else Answer(NO_ADDRESS)


@settings(deadline=None, max_examples=100)
@given(
    st.lists(brute.contents(), min_size=1, max_size=2), brute.shapes(), st.lists(records(), min_size=1, max_size=200)
)
@pytest.mark.parametrize("arrow", [False, True])
def test_a_record_is_asked_by_name_then_by_address_and_again_at_its_end(
    arrow: bool, contents: list[Content], shape: Shape, given: list[Record]
) -> None:
    view = brute.view_of([brute.segment_of(content) for content in contents], shape)
    ends = asked([(r.address or 0, r.at, r.network) for r in given], (), [r.until for r in given])
    uids, hosts = [r.uid for r in given], [r.host for r in given]
    if arrow:
        uids, hosts = pa.array(uids, pa.string()), pa.array(hosts, pa.string()).dictionary_encode()
    valid = np.array([r.address is not None for r in given])
    found = find(view, ends._replace(valid=valid, keys=(("pod_uid", uids), ("host_name", hosts))), "")
    for record, got, at in zip(given, answers(view, found), found.at.tolist(), strict=True):
        first = at_once(contents, shape, record, record.at)
        wanted, time = first, record.at
        if record.until > record.at and (first.reason not in (MATCHED, AMBIGUOUS) or first.rule == BY_PREFIX):
            later = at_once(contents, shape, record, record.until)
            if later.reason == MATCHED and (first.reason != MATCHED or later.rule != BY_PREFIX):
                wanted, time = later, record.until
        assert (got, at) == (wanted, time), record


def test_an_empty_batch_and_an_empty_index_have_answers() -> None:
    nothing = brute.view_of([], Shape([], []))
    assert find(nothing, asked([]), "source").tagsets.tolist() == []
    found = find(nothing, asked([(ADDRESSES[0], 0, -1), (0, 0, 3)]), "source")
    assert [REASONS[reason] for reason in found.reasons] == ["unknown_address", "special_address"]
    assert nothing.seen(found.pieces).tolist() == [BEGINNING, BEGINNING]
    assert nothing.ids(found.tagsets, found.picks).tolist() == [0, 0]


def test_an_age_is_counted_from_when_the_claim_was_last_seen() -> None:
    content = Content({ADDRESSES[0]: {1: [brute.Held(0, 50, 1), brute.Held(50, FOREVER, 2)]}}, {}, {})
    view = brute.view_of([brute.segment_of(content)], Shape([], []))
    found = find(view, asked([(ADDRESSES[0], at, 1) for at in (7, 90)]), "")
    assert view.seen(found.pieces).tolist() == [50, brute.LISTED]
