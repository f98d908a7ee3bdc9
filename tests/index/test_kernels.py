"""Kernels: the same lines interpreted and compiled, and what they were taken from."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tagweave.index import kernels
from tagweave.index.compiled import _load
from tagweave.index.tables import content_ids, length_masks, name_keys, set_ids, table_arrays

from .brute import UNIT

BOTH = [kernels, _load()]

REFERENCE = {  # vectors_sip128 of https://github.com/veorq/SipHash/blob/master/vectors.h: key 00 … 0f, message 00 … n-1
    0: "a3817f04ba25a8e66df67214c7550293",
    1: "da87c1d86b99af44347659119b22fc45",
    15: "5493e99933b0a8117e08ec0f97cfc3d9",
    16: "6ee2a4ca67b054bbfd3315bf85230577",
}


@pytest.mark.parametrize("module", BOTH)
@pytest.mark.parametrize("size", [0, 1, 15, 16])
def test_siphash_is_that_of_the_reference(module, size: int) -> None:
    hi, lo = np.empty(1, np.uint64), np.empty(1, np.uint64)
    key = [np.uint64(int.from_bytes(bytes(range(k, k + 8)), "little")) for k in (0, 8)]
    with np.errstate(over="ignore"):
        module.name_keys(*key, np.array([0, size], np.int64), np.arange(64, dtype=np.uint8), hi, lo)
    assert (int(hi[0]).to_bytes(8, "little") + int(lo[0]).to_bytes(8, "little")).hex() == REFERENCE[size]


@settings(deadline=None, max_examples=30)
@given(st.lists(st.text(max_size=40), max_size=20))
def test_texts_have_one_key_each_interpreted_and_compiled(texts: list[str]) -> None:
    parts = [text.encode("utf-8", "surrogatepass") for text in texts]
    offsets = np.cumsum([0, *map(len, parts)]).astype(np.int64)
    data = np.frombuffer(b"".join(parts), np.uint8)
    found = []
    for module in BOTH:
        hi, lo = np.empty(len(texts), np.uint64), np.empty(len(texts), np.uint64)
        with np.errstate(over="ignore"):
            module.name_keys(np.uint64(7), np.uint64(9), offsets, data, hi, lo)
        found.append(list(zip(hi.tolist(), lo.tolist(), strict=True)))
    assert found[0] == found[1]
    assert len(set(found[0])) == len(set(texts))


def test_a_name_has_another_key_under_another_rule() -> None:
    keys = [name_keys(rule, ["a"]) for rule in ("pod_uid", "host_name", "id", "network")]
    assert len({(int(hi[0]), int(lo[0])) for hi, lo in keys}) == 4


@settings(deadline=None, max_examples=50)
@given(st.integers(-(2**63), 2**63 - 1), st.integers(-3, 3))
def test_units_of_time_ascend(at: int, step: int) -> None:
    later = min(max(at + step * UNIT, -(2**63)), 2**63 - 1)
    assert (kernels.unit(np.int64(at)) <= kernels.unit(np.int64(later))) or later < at


@pytest.mark.parametrize("count", [0, 1, 2, 5, 1000, 20_000])
def test_every_key_has_its_own_record(count: int) -> None:
    rng = np.random.default_rng(count)
    hi = rng.integers(0, 4, count).astype(np.uint64)
    lo = np.unique(rng.integers(0, 2**63, count * 2 + 2).astype(np.uint64))[:count]
    hashes = [m.hash_keys(np.uint64(3), hi, lo, np.zeros(count, np.uint8)) for m in BOTH[1:]]
    seeds, places, done = BOTH[1].seek_seeds(hashes[0], max(count // 4, 1), count + count // 4 + 1)
    assert done
    assert len(np.unique(places)) == count
    assert len(seeds) == max(count // 4, 1)


@settings(deadline=None, max_examples=50)
@given(st.lists(st.tuples(st.integers(0, 128), st.integers(0, 2**128 - 1)), max_size=20), st.integers(0, 2**128 - 1))
def test_every_length_that_may_match_is_in_the_masks(prefixes: list[tuple[int, int]], other: int) -> None:
    """Whatever the slots share: what lies in a prefix finds its length."""
    masked = [(length, number >> (128 - length) << (128 - length)) for length, number in prefixes]
    hi = np.array([number >> 64 for _, number in masked], np.uint64)
    lo = np.array([number & (2**64 - 1) for _, number in masked], np.uint64)
    masks = length_masks(hi, lo, np.array([length + 1 for length, _ in masked], np.uint8))
    with np.errstate(over="ignore"):
        for length, number in masked:
            inside = number | (other & ((1 << (128 - length)) - 1))
            v4 = inside >> 32 == 0xFFFF
            if v4 and not (length >= 96 and number >> 32 == 0xFFFF):
                continue  # a range of IPv6 holds no IPv4 address
            halves = np.uint64(inside >> 64), np.uint64(inside & (2**64 - 1))
            lengths = int(kernels._lengths(masks, *halves, v4, length // 64))
            assert lengths >> length % 64 & 1


def test_ids_are_of_content_and_not_of_order() -> None:
    first = np.array([0, 0, 2, 4, 5], np.int64)
    ids = set_ids(first, np.array([1, 2, 2, 1, 1], np.int32))
    assert ids[0] == 0
    assert len(set(ids.tolist())) == 4
    columns = [("a", np.array([0, 1, 2], np.int32)), ("b", np.array([0, 2, 1], np.int32))]
    there, back = content_ids(columns, 3), content_ids(columns[::-1], 3)
    assert (there == back).all()
    assert len(set(there.tolist())) == 3
    assert there[0] == 0


def test_ids_are_what_they_always_were() -> None:
    """They are written into other people's files: no version of Tagweave may change them."""
    ids = content_ids([("vpc", np.array([7], np.int32)), ("pod", np.array([9], np.int32))], 1)
    hi, lo = name_keys("pod_uid", ["2c1d5c3e-0f6c-4f0b-9a4e-5d1f0c3b2a19"])
    assert (int(ids[0]), int(hi[0]), int(lo[0])) == (
        6493381435542808959,
        8166043669295425631,
        1133413314193818629,
    )


def test_tables_are_the_same_whoever_builds_them(monkeypatch: pytest.MonkeyPatch) -> None:
    from tagweave.index import compiled
    from tagweave.index.tables import NO_RUNS

    from . import brute

    content = brute.Content({a: {1: [brute.Held(0, 5, 1)]} for a in brute.ADDRESSES}, {}, {n: {} for n in brute.NAMES})
    arrays = brute.drafted(content).arrays()
    assert len(table_arrays("address", NO_RUNS)["address.records"]) == 8
    monkeypatch.setattr(compiled, "FEW", 1 << 40)
    monkeypatch.setattr(compiled, "_NAME", "none")
    again = brute.drafted(content).arrays()
    assert arrays.keys() == again.keys()
    for name, array in arrays.items():
        assert array.dtype == again[name].dtype
        assert (array == again[name]).all(), name
