"""The compiled table against a dictionary: every look-up, at and around every breakpoint."""

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from tagweave.tags import table
from tagweave.tags.table import Reach, Runs

KEYS = [0, 1, 0xFFFF0A000001, 0xFFFF0A000002, 0xFD00 << 112, (0xFD00 << 112) | 1, (1 << 128) - 1]
NETWORKS = [1, 2, 3, 4]
UNIT = 1 << 30
TIMES = [-(2**63), -1, 0, 1, 5 * UNIT - 1, 5 * UNIT, 5 * UNIT + 1, 6 * UNIT, 7 * UNIT, 2**62, 2**63 - 2]
OWNERS = [0, 1, 1, 2, 3, 4, 4, 4, 5, 6]
"""Of each value: what one owner holds in several networks is not ambiguous."""

Held = dict[tuple[int, int], list[tuple[int, int]]]


@st.composite
def holdings(draw: st.DrawFn) -> Held:
    """(key, network) → ascending (time, value)."""
    pairs = draw(st.lists(st.tuples(st.sampled_from(KEYS), st.sampled_from(NETWORKS)), unique=True, min_size=1))
    out: Held = {}
    for pair in pairs:
        moments = draw(st.lists(st.sampled_from(TIMES), unique=True, min_size=1, max_size=9))
        out[pair] = [(moment, draw(st.integers(0, 9))) for moment in sorted(moments)]
    return out


def compiled(held: Held) -> table.Table:
    pairs = sorted(held, key=lambda pair: (pair[0], pair[1]))
    starts = np.cumsum([0] + [len(held[pair]) for pair in pairs])
    points = [point for pair in pairs for point in held[pair]]
    return table.build(
        Runs(
            np.array([key >> 64 for key, _ in pairs], np.uint64),
            np.array([key & (2**64 - 1) for key, _ in pairs], np.uint64),
            np.array([network for _, network in pairs], np.int32),
            starts[:-1].astype(np.int64),
            np.diff(starts).astype(np.int64),
            np.array([t for t, _ in points], np.int64),
            np.array([v for _, v in points], np.uint32),
        )
    )


def reach() -> Reach:
    """1 reaches 2 and 3 in the next tier, 2 reaches 3; 4 reaches nothing."""
    rows = {0: [], 1: [(1, 0), (2, 1), (3, 1)], 2: [(2, 0), (3, 1)], 3: [(3, 0)], 4: [(4, 0)]}
    flat = [row for network in sorted(rows) for row in rows[network]]
    start = np.cumsum([0] + [len(rows[network]) for network in sorted(rows)])
    return Reach(
        start.astype(np.int64),
        np.array([n for n, _ in flat], np.int32),
        np.array([t for _, t in flat], np.int32),
    )


def as_of(points: list[tuple[int, int]], at: int) -> int:
    return next((value for moment, value in reversed(points) if moment <= at), 0)


def expected(held: Held, key: int, network: int, at: int) -> int:
    tiers = {1: [{1}, {2, 3}], 2: [{2}, {3}], 3: [{3}], 4: [{4}], -1: [{1, 2, 3, 4}]}[network]
    mine = {n for k, n in held if k == key}
    if not mine:
        return table.ABSENT
    if not any(tier & mine for tier in tiers):
        return table.ELSEWHERE
    for tier in tiers:
        live = [v for n in sorted(tier & mine) if (v := as_of(held[key, n], at))]
        if len({OWNERS[v] for v in live}) == 1:
            return live[-1]
        if live:
            return table.AMBIGUOUS
    return table.NOBODY


@settings(deadline=None)
@given(holdings())
def test_a_lookup_finds_what_a_dictionary_finds(held: Held) -> None:
    made = compiled(held)
    probes = [(k, n, t) for k in KEYS for n in (-1, *NETWORKS) for t in TIMES]
    hi = np.array([k >> 64 for k, _, _ in probes], np.uint64)
    lo = np.array([k & (2**64 - 1) for k, _, _ in probes], np.uint64)
    at = np.array([t for _, _, t in probes], np.int64)
    network = np.array([n for _, n, _ in probes], np.int32)
    want = np.array([expected(held, k, n, t) for k, n, t in probes])

    found, _, _ = table.find_all(made, reach(), np.array(OWNERS, np.int32), hi, lo, at, network)
    np.testing.assert_array_equal(found, want)

    fast = table.find(made, hi, lo, at, network)
    decided = fast != 0
    np.testing.assert_array_equal(fast[decided], want[decided])
    np.testing.assert_array_equal(table.contains(made, hi, lo), [k in {key for key, _ in held} for k, _, _ in probes])


def test_a_record_of_one_network_with_few_breakpoints_needs_no_second_look() -> None:
    key = KEYS[2]
    made = compiled({(key, 1): [(0, 7), (5 * UNIT, 0), (6 * UNIT, 8)]})
    n = len(TIMES)
    found = table.find(
        made,
        np.full(n, key >> 64, np.uint64),
        np.full(n, key & (2**64 - 1), np.uint64),
        np.array(TIMES, np.int64),
        np.full(n, 1, np.int32),
    )
    assert found.tolist() == [0, 0, 7, 7, 7, 0, 0, 8, 8, 8, 8]


def test_an_empty_table_holds_nothing() -> None:
    made = compiled({})
    one = np.ones(1, np.uint64)
    assert table.find(made, one, one, np.zeros(1, np.int64), np.full(1, -1, np.int32)).tolist() == [0]
    assert not table.contains(made, one, one)[0]


def test_a_hundred_thousand_random_keys_are_all_placed_and_found() -> None:
    rng = np.random.default_rng(7)
    count = 100_000
    hi = rng.integers(0, 2**63, count, dtype=np.uint64)
    lo = rng.integers(0, 2**63, count, dtype=np.uint64)
    made = table.build(
        Runs(
            hi,
            lo,
            np.ones(count, np.int32),
            np.arange(count, dtype=np.int64),
            np.ones(count, np.int64),
            np.zeros(count, np.int64),
            np.arange(1, count + 1, dtype=np.uint32),
        )
    )
    at = np.ones(count, np.int64)
    network = np.full(count, -1, np.int32)
    np.testing.assert_array_equal(table.find(made, hi, lo, at, network), np.arange(1, count + 1))
    assert not table.contains(made, hi + np.uint64(1), lo).any()
