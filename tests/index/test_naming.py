"""What records call their network, as of their time: docs/laws.md, section 8."""

from collections.abc import Sequence

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tagweave.index.columns import INTERNET, NETWORK_AMBIGUOUS, NETWORK_UNKNOWN, NETWORK_UNNAMED
from tagweave.index.draft import Draft, Piece
from tagweave.index.find import network_ids
from tagweave.index.folder import Manifest, SegmentEntry
from tagweave.index.networks import networks_of
from tagweave.index.segment import Segment
from tagweave.index.view import View
from tagweave.model.times import BEGINNING, FOREVER

A, B, C = 1, 2, 3  # two VPCs and a cluster
NAMES = [
    ("vpc-a", A, [(BEGINNING, FOREVER)]),
    ("vpc-b", B, [(BEGINNING, FOREVER)]),
    ("prod", A, [(0, 50)]),
    ("prod", B, [(50, FOREVER)]),
    ("twice", A, [(0, 100)]),
    ("twice", B, [(40, 60)]),
    ("worker", A, [(200, 300)]),
    ("internet", INTERNET, [(BEGINNING, FOREVER)]),
]


def held(start: int, end: int, row: dict, *, disputed: bool = False) -> Piece:
    return Piece(start, end, row, (), 0, (), disputed, False)


@pytest.fixture(scope="module")
def view() -> View:
    draft, older = Draft(), Draft()
    node = {"node": 20, "owner": 20, "cluster": C, "vpc": A}
    draft.name("host_name", "worker", C, [held(0, FOREVER, node)])
    draft.name(
        "vm_id",
        "i-1",
        A,
        [held(0, 50, {"vm": 30, "owner": 30, "vpc": A}), held(50, FOREVER, {"vm": 30, "owner": 30, "vpc": B})],
    )
    draft.name("host_name", "same", A, [held(0, FOREVER, {"vm": 31, "owner": 31, "vpc": A})])
    draft.name("host_name", "same", B, [held(50, FOREVER, {"vm": 32, "owner": 32, "vpc": B})])
    draft.name("host_name", "alike", A, [held(0, FOREVER, {"vm": 33, "owner": 33, "vpc": A})])
    draft.name("host_name", "alike", B, [held(0, FOREVER, {"vm": 34, "owner": 34, "vpc": A})])
    draft.name("host_name", "node-and-vm", C, [held(0, 50, node)])
    draft.name("host_name", "node-and-vm", B, [held(0, FOREVER, {"vm": 32, "owner": 32, "vpc": B})])
    draft.name("interface_id", "eni-1", A, [held(0, FOREVER, {"network_interface": 40, "owner": 40, "vpc": A})])
    draft.name("interface_id", "gone", A, [])
    draft.name("id", "subnet:front", A, [held(0, FOREVER, {"subnet": 50, "owner": 50, "vpc": A})])
    draft.name("id", "rds:front", B, [held(10, 20, {"rds": 51, "owner": 51, "vpc": B})])
    draft.name("id", "nat_gateway:nat", B, [held(0, FOREVER, {"nat_gateway": 52, "owner": 52, "vpc": B})])
    draft.name("id", "service:nat2", B, [held(0, FOREVER, {"owner": 53, "vpc": B})])
    draft.name("interface_id", "of-nothing", 9, [held(0, FOREVER, {"network_interface": 41, "owner": 41})])
    older.name("interface_id", "gone", A, [held(0, FOREVER, {"network_interface": 40, "owner": 40, "vpc": A})])
    older.name("interface_id", "eni-old", A, [held(0, FOREVER, {"network_interface": 40, "owner": 40, "vpc": A})])
    segments = [Segment.of(one.arrays(), one.meta()) for one in (draft, older)]
    networks = networks_of([A, B, C], [], [], NAMES)
    return View(segments, networks, Manifest(1, 1, "", (), SegmentEntry("", 0, 0, 0)))


CASES = [
    ("vpc-a", 0, A),
    ("prod", -1, NETWORK_UNKNOWN),
    ("prod", 0, A),
    ("prod", 49, A),
    ("prod", 50, B),
    ("prod", FOREVER - 1, B),
    ("twice", 39, A),
    ("twice", 40, NETWORK_AMBIGUOUS),
    ("twice", 60, A),
    ("twice", 100, NETWORK_UNKNOWN),
    ("internet", 7, INTERNET),
    ("", 7, NETWORK_UNNAMED),
    (None, 7, NETWORK_UNNAMED),
    ("nothing", 7, NETWORK_UNKNOWN),
    ("worker", 7, C),  # a node's cluster
    ("worker", 250, A),  # but a network of that name goes before
    ("worker", -7, NETWORK_UNKNOWN),
    ("i-1", 49, A),
    ("i-1", 50, B),
    ("same", 49, A),
    ("same", 50, NETWORK_AMBIGUOUS),
    ("alike", 50, A),  # two, but in one network
    ("node-and-vm", 49, C),
    ("node-and-vm", 50, B),
    ("eni-1", 7, A),
    ("eni-old", 7, A),
    ("gone", 7, NETWORK_UNKNOWN),
    ("front", 9, A),
    ("front", 10, NETWORK_AMBIGUOUS),
    ("front", 20, A),
    ("nat", 7, B),
    ("nat2", 7, NETWORK_UNKNOWN),
    ("of-nothing", 7, NETWORK_UNKNOWN),
]
TIMES = np.array([at for _, at, _ in CASES], np.int64)
WANTED = [network for _, _, network in CASES]


@pytest.mark.parametrize(
    "given_as",
    [
        list,
        pa.array,
        lambda names: pa.array(names).dictionary_encode(),
        lambda names: pa.array(["x", *names])[1:],
        lambda names: pa.array(names, pa.large_string()),
    ],
)
def test_a_network_has_the_name_of_its_time(view: View, given_as) -> None:  # type: ignore[no-untyped-def]
    names = given_as([name for name, _, _ in CASES])
    assert network_ids(view, names, TIMES).tolist() == WANTED


def test_one_name_is_what_a_batch_says(view: View) -> None:
    for name, at, network in CASES:
        assert network_ids(view, [name], np.array([at], np.int64)).tolist() == [network]


def test_many_records_are_as_one(view: View) -> None:
    times = 100
    found = network_ids(view, [name for name, _, _ in CASES] * times, np.tile(TIMES, times))
    assert found.tolist() == WANTED * times


def test_an_index_without_names_knows_none() -> None:
    nothing = View([], networks_of([], [], [], []), Manifest(0, 0, "", (), SegmentEntry("", 0, 0, 0)))
    assert network_ids(nothing, ["a", ""], np.array([0, 0], np.int64)).tolist() == [NETWORK_UNKNOWN, NETWORK_UNNAMED]


spans = st.lists(st.integers(0, 20), unique=True, min_size=2, max_size=6).map(
    lambda edges: [(a, b) for a, b in zip(sorted(edges)[::2], sorted(edges)[1::2], strict=False)]
)


@settings(deadline=None, max_examples=100)
@given(
    st.lists(
        st.tuples(st.sampled_from("xyz"), st.sampled_from([A, B, C]), spans), max_size=6, unique_by=lambda r: r[:2]
    )
)
def test_names_of_networks_against_trying_everything(rows: Sequence[tuple[str, int, list[tuple[int, int]]]]) -> None:
    view = View([], networks_of([A, B, C], [], [], rows), Manifest(0, 0, "", (), SegmentEntry("", 0, 0, 0)))
    asked = [(name, at) for name in "xyz" for at in range(-1, 22)]
    found = network_ids(view, [name for name, _ in asked], np.array([at for _, at in asked], np.int64))
    for (name, at), got in zip(asked, found.tolist(), strict=True):
        live = {network for n, network, held in rows if n == name and any(a <= at < b for a, b in held)}
        assert got == (live.pop() if len(live) == 1 else NETWORK_AMBIGUOUS if live else NETWORK_UNKNOWN)
