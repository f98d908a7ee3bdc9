"""The pure parts of watching: lines, when things happened, what to do next, whose clock counts."""

import random
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tagweave.sources.kubernetes.clock import Clock
from tagweave.sources.kubernetes.contact import Contact, bounds
from tagweave.sources.kubernetes.course import FIRST_WAIT, HEALTHY, LONGEST_ASKED, LONGEST_WAIT, Course
from tagweave.sources.kubernetes.wire import Lines

START = datetime(2026, 1, 1, 12, tzinfo=UTC)


def at(seconds: float) -> datetime:
    return START + timedelta(seconds=seconds)


def course(*, streams: bool = True) -> Course:
    return Course(streams=streams, chance=random.Random(7))


@given(st.lists(st.binary(min_size=1).filter(lambda b: b"\n" not in b)), st.lists(st.integers(0, 200)))
def test_lines_come_whole_whatever_the_chunks(lines: list[bytes], cuts: list[int]) -> None:
    stream = b"".join(line + b"\n" for line in lines) + b"rest"
    places = sorted({0, len(stream), *(cut for cut in cuts if cut < len(stream))})
    splitter, found = Lines(), []
    for start, end in pairwise(places):
        found += splitter.split(stream[start:end])
    assert found == lines
    assert splitter.rest == b"rest"


@given(
    st.lists(st.tuples(st.floats(0.001, 100), st.sampled_from(["stamped", "unstamped", "stale", "older"])), min_size=1)
)
def test_what_was_learned_late_happened_within_its_bounds(events: list[tuple[float, str]]) -> None:
    moments = sorted(moment for moment, _ in events)
    stamps: list[datetime | None] = []
    for moment, (_, kind) in zip(moments, events, strict=True):
        whole = at(moment).replace(microsecond=0)
        stamps.append({"stamped": whole, "unstamped": None, "stale": at(-500)}.get(kind))
    found = bounds(at(0), at(100), stamps)
    for moment, bound in zip(moments, found, strict=True):
        assert at(0) <= bound.since <= at(moment) <= bound.at <= at(100)
    for before, after in pairwise(found):
        assert before.since <= after.since
        assert before.at <= after.at


def test_the_bounds_of_what_is_not_stamped_are_its_neighbours() -> None:
    found = bounds(at(0), at(100), [at(10), None, None, at(20), None])
    assert [(b.since - START, b.at - START) for b in found] == [
        (timedelta(seconds=s), timedelta(seconds=u)) for s, u in ((10, 11), (10, 21), (10, 21), (20, 21), (20, 100))
    ]


def test_news_of_an_open_watch_has_no_bounds_and_that_of_one_opened_again_has_until_it_is_prompt() -> None:
    contact = Contact()
    contact.caught_up(at(0))
    assert contact.heard(at(10), [at(9)]) is None
    contact.opened(at(100), troubled=False)
    late = contact.heard(at(100), [None])
    assert late is not None
    assert (late[0].since, late[0].at) == (at(10), at(100))
    assert contact.heard(at(101), [at(50), at(100)]) is not None
    assert contact.heard(at(102), [None]) is None


def test_a_watch_that_went_on_without_a_gap_is_not_behind() -> None:
    contact = Contact()
    contact.caught_up(at(0))
    contact.opened(at(1), troubled=False)
    assert contact.heard(at(1), [None]) is None
    contact.opened(at(2), troubled=True)
    assert contact.behind


def test_waits_double_up_to_a_limit_each_by_chance_from_nothing() -> None:
    most = [FIRST_WAIT * 2**n for n in range(20)]
    for seed in range(50):
        one = Course(streams=False, chance=random.Random(seed))
        for limit in most:
            assert 0 <= one.failed() <= min(limit, LONGEST_WAIT)


def test_what_the_server_asks_to_wait_is_waited_within_reason() -> None:
    assert course().failed(20) >= 20
    assert course().failed(10**6) <= LONGEST_ASKED + LONGEST_WAIT


def test_an_event_ends_a_row_of_failures_and_a_short_watch_without_one_is_a_failure() -> None:
    one = course()
    one.listed("5")
    assert one.ended(0.1, said=False) >= 0
    one.failed()
    assert one.failures == 2
    one.moved("6")
    assert one.failures == 0
    assert one.ended(0.1, said=True) == 0.0
    one.failed()
    assert one.ended(HEALTHY, said=False) == 0.0
    assert one.failures == 0


def test_a_forgotten_version_is_listed_anew_and_again_later_each_time() -> None:
    one = course(streams=False)
    one.listed("5")
    assert one.step() == "watch"
    one.gone()
    assert one.step() == "list"
    one.listed("9")
    one.gone()
    assert one.failures == 2


@pytest.mark.parametrize(("theirs", "step"), [("4", "stream"), ("5", "watch"), ("6", "watch"), ("opaque", "watch")])
def test_after_silence_a_history_that_went_back_is_listed_anew(theirs: str, step: str) -> None:
    one = course()
    one.listed("5")
    one.silent()
    assert one.step() == "probe"
    one.probed(theirs)
    assert one.step() == step


@pytest.mark.parametrize("ahead", [-300.0, -0.4, 0.0, 0.4, 2.5, 300.0])
def test_the_servers_clock_is_told_by_its_answers_to_the_second_and_never_goes_back(ahead: float) -> None:
    machine = [START.timestamp()]
    clock = Clock(lambda: machine[0])
    last = clock.now()
    for turn in range(40):
        machine[0] += 0.37
        theirs = datetime.fromtimestamp(machine[0] + ahead, UTC).replace(microsecond=0)
        clock.heard(format_datetime(theirs, usegmt=True), machine[0] - 0.01, machine[0] + 0.01)
        assert clock.now() >= last
        last = clock.now()
        assert abs(clock.ahead - ahead) <= 1.02 or turn == 0
    assert abs(clock.ahead - ahead) <= 1.02


def test_an_answer_without_a_date_says_nothing_of_the_clock() -> None:
    clock = Clock()
    clock.heard("", 0, 1)
    clock.heard("yesterday", 0, 1)
    assert clock.ahead == 0
