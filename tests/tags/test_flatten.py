"""Who holds an address: `flatten` against the rules written out moment by moment."""

import itertools

from hypothesis import given
from hypothesis import strategies as st

from tagweave.model.times import FOREVER
from tagweave.tags.flatten import Claim, flatten

MOMENTS = range(12)


@st.composite
def claims(draw: st.DrawFn) -> Claim:
    start = draw(st.integers(0, 9))
    end = draw(st.one_of(st.just(FOREVER), st.integers(start + 1, 11)))
    seen = draw(st.integers(start, 11)) if end == FOREVER else draw(st.integers(start, end))
    return Claim(start, end, seen, draw(st.sampled_from([10, 20])), draw(st.integers(1, 4)))


def sure(claim: Claim, moment: int) -> bool:
    return claim.end in (FOREVER, claim.seen_until) or moment < claim.seen_until


def live(claim: Claim, moment: int, everyone: list[Claim]) -> bool:
    if not claim.start <= moment < claim.end:
        return False
    if claim.seen_until == claim.end:
        return True
    rivals = (c for c in everyone if c.rank == claim.rank and c.owner != claim.owner and c.start > claim.start)
    first = claim.seen_until + 1 if claim.end == FOREVER else claim.seen_until
    return not any(first <= c.start <= moment for c in rivals)


@given(st.lists(claims(), min_size=1, max_size=6))
def test_at_each_moment_the_holder_is_the_one_that_the_rules_name(everyone: list[Claim]) -> None:
    pieces = flatten(everyone)
    for moment in MOMENTS:
        now = [i for i, c in enumerate(everyone) if live(c, moment, everyone)]
        found = [p for p in pieces if p.start <= moment < p.end]
        assert len(found) == (1 if now else 0)
        if not now:
            continue
        ordered = sorted(
            now,
            key=lambda i: (
                everyone[i].rank,
                not sure(everyone[i], moment),
                -everyone[i].start,
                -everyone[i].owner,
            ),
        )
        piece = found[0]
        assert set(piece.holders) == set(now)
        first, best = everyone[piece.holders[0]], everyone[ordered[0]]
        assert (first.rank, first.start, first.owner) == (best.rank, best.start, best.owner)
        rivals = [
            everyone[i]
            for i in now
            if everyone[i].rank == best.rank and everyone[i].owner != best.owner and sure(everyone[i], moment)
        ]
        assert piece.disputed == (bool(rivals) and sure(best, moment))


@given(st.lists(claims(), min_size=1, max_size=6))
def test_pieces_ascend_and_do_not_overlap(everyone: list[Claim]) -> None:
    pieces = flatten(everyone)
    assert all(p.start < p.end for p in pieces)
    assert all(a.end <= b.start for a, b in itertools.pairwise(pieces))


def test_an_unsure_end_gives_way_to_the_successor_and_does_not_come_back() -> None:
    old = Claim(0, 20, 10, 10, 1)
    successor = Claim(12, 15, 15, 10, 2)
    assert [(p.start, p.end, p.holders, p.disputed) for p in flatten([old, successor])] == [
        (0, 12, (0,), False),
        (12, 15, (1,), False),
    ]


def test_a_claim_that_nobody_confirmed_since_gives_way_to_a_newer_one() -> None:
    pieces = flatten([Claim(0, FOREVER, 10, 10, 1), Claim(12, FOREVER, 20, 10, 2)])
    assert [(p.start, p.end, p.holders, p.disputed) for p in pieces] == [
        (0, 12, (0,), False),
        (12, FOREVER, (1,), False),
    ]


def test_two_owners_that_were_seen_together_are_disputed_also_when_nothing_was_seen_since() -> None:
    pieces = flatten([Claim(0, FOREVER, 10, 10, 1), Claim(10, FOREVER, 10, 10, 2)])
    assert [(p.start, p.holders, p.disputed) for p in pieces] == [(0, (0,), False), (10, (1, 0), True)]


def test_two_sure_owners_of_one_rank_are_disputed_and_the_later_one_wins() -> None:
    pieces = flatten([Claim(0, FOREVER, 50, 10, 1), Claim(5, FOREVER, 50, 10, 2)])
    assert [(p.start, p.holders, p.disputed) for p in pieces] == [(0, (0,), False), (5, (1, 0), True)]


def test_owners_of_a_shared_rank_do_not_dispute() -> None:
    pieces = flatten([Claim(0, FOREVER, 50, 35, 1), Claim(0, FOREVER, 50, 35, 2)], {35})
    assert [(p.holders, p.disputed) for p in pieces] == [((1, 0), False)]
