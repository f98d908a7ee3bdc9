"""Both ends of a record together: what is settled is what trying every pair of networks leaves, and never wrong."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Final

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from index import brute
from index.brute import ADDRESSES, ASKED, MOMENTS, NETWORKS, Content, Shape
from tagweave.carriers.columns import Report, talking
from tagweave.carriers.columns import together as module
from tagweave.carriers.columns.together import Together
from tagweave.index.addresses import reachable
from tagweave.index.columns import AMBIGUOUS, BY_ADDRESS, INTERNET, MATCHED, NETWORK_AMBIGUOUS, NETWORK_UNNAMED
from tagweave.index.find import Endpoints, find
from tagweave.index.networks import tiers
from tagweave.library import Index
from tagweave.model import (
    VM,
    Cluster,
    Interface,
    Node,
    PeeringConnection,
    PeeringEnd,
    Pod,
    Resource,
    Vpc,
)  # fmt: skip
from tagweave.model.times import FOREVER, to_ns

from .making import index_of_spans

SOMEBODY: Final = -2
Question = tuple[int, int, int, int, int]
"""Source, destination, time, and the networks of both."""


# ---- by trying every pair


def holders(contents: Sequence[Content], address: int, at: int) -> dict[int, int]:
    """Network → owner, of all that hold an address at a time."""
    runs = brute.truth(list(contents), "addresses", address) or {}
    return {network: one.owner for network, held in runs.items() if (one := brute.at_time(held, at))}


def ranges(contents: Sequence[Content], address: int, at: int) -> dict[int, int]:
    """Network → owner of the longest range in it that an address lies in at a time."""
    found: dict[int, tuple[int, int]] = {}
    for prefix, length in brute.PREFIXES:
        of_v4 = length >= 96 and prefix >> 32 == 0xFFFF
        if (address >> 32 == 0xFFFF) == of_v4 and address >> (128 - length) == prefix >> (128 - length):
            for network, held in (brute.truth(list(contents), "prefixes", (prefix, length)) or {}).items():
                if (one := brute.at_time(held, at)) and found.get(network, (-1, 0))[0] < length:
                    found[network] = (length, one.owner)
    return {network: owner for network, (_, owner) in found.items()}


def candidates(contents: Sequence[Content], address: int, at: int, *, strict: bool) -> dict[int, int]:
    """Network → owner; somebody whom nobody knows is -2 - network."""
    held, around = holders(contents, address, at), ranges(contents, address, at)
    if held and strict:
        held = {**{n: SOMEBODY - n for n in around}, **held}
    found = held or around
    return {INTERNET: SOMEBODY, **found} if reachable(address) else found


def can_talk(shape: Shape, one: int, other: int, at: int) -> bool:
    if INTERNET in (one, other):
        return True
    return brute.tier(shape, one, other, at) >= 0 or brute.tier(shape, other, one, at) >= 0


def is_open(contents: Sequence[Content], shape: Shape, address: int, at: int, network: int, *, strict: bool) -> bool:
    answer = brute.ask_address(list(contents), shape, address, at, network)
    exact = answer.reason == MATCHED and answer.rule == BY_ADDRESS
    return network == NETWORK_UNNAMED and (answer.reason == AMBIGUOUS or (strict and exact))


def evidence(
    contents: Sequence[Content], shape: Shape, address: int, at: int, network: int, *, strict: bool
) -> dict[int, int]:
    """What an end tells of the other: one that names its network, that where it is found; nothing if it is not held."""
    if network == NETWORK_UNNAMED:
        held = holders(contents, address, at)
        return candidates(contents, address, at, strict=strict) if held else {}
    answer = brute.ask_address(list(contents), shape, address, at, network)
    if answer.reason != MATCHED or answer.rule != BY_ADDRESS:
        return {}
    held = {n: o for n, o in holders(contents, address, at).items() if o == answer.owner}
    tiers = {n: brute.tier(shape, network, n, at) for n in held}
    nearest = min(tier for tier in tiers.values() if tier >= 0)
    return {max(n for n, tier in tiers.items() if tier == nearest): answer.owner}


def left(shape: Shape, own: dict[int, int], other: dict[int, int], at: int) -> dict[int, int]:
    return {n: o for n, o in own.items() if not other or any(can_talk(shape, n, m, at) for m in other)}


def decided(rest: dict[int, int], own: dict[int, int], *, strict: bool) -> int:
    owners = set(rest.values())
    if strict:
        return max(rest) if len(owners) == 1 else NETWORK_AMBIGUOUS if len(own) > 1 else NETWORK_UNNAMED
    return max(rest) if len(owners) == 1 and min(owners) > 0 else NETWORK_UNNAMED


def settled(contents: Sequence[Content], shape: Shape, question: Question, *, strict: bool) -> tuple[int, int]:
    """The networks of both ends, by trying every pair of candidates."""
    a, b, at, *networks = question
    told = [evidence(contents, shape, x, at, n, strict=strict) for x, n in zip((a, b), networks, strict=True)]
    out = []
    for address, other, network in zip((a, b), reversed(told), networks, strict=True):
        own = candidates(contents, address, at, strict=strict)
        is_asked = is_open(contents, shape, address, at, network, strict=strict) and own
        out.append(decided(left(shape, own, other, at), own, strict=strict) if is_asked else network)
    return out[0], out[1]


def ends(questions: Sequence[Question], side: int) -> Endpoints:
    n = len(questions)
    return Endpoints(
        np.array([q[side] >> 64 for q in questions], np.uint64),
        np.array([q[side] & (2**64 - 1) for q in questions], np.uint64),
        np.ones(n, np.bool_),
        np.array([q[2] for q in questions], np.int64),
        None,
        np.array([q[3 + side] for q in questions], np.int32),
        np.full(n, -1, np.int32),
        np.zeros(n, np.uint8),
    )


UNNAMED: Final = [(a, b, t, -1, -1) for a in ADDRESSES for b in ADDRESSES for t in MOMENTS]
NAMED: Final = [(a, b, t, n, -1) for a in ADDRESSES for b in ADDRESSES[:4] for t in MOMENTS[::3] for n in ASKED]
QUESTIONS: Final = {"no network": UNNAMED, "one network": NAMED}
CONTENTS: Final = st.lists(brute.contents(), min_size=1, max_size=3)


@settings(deadline=None, max_examples=10)
@given(CONTENTS, brute.shapes())
@pytest.mark.parametrize("strict", [False, True], ids=["", "strict"])
@pytest.mark.parametrize("asked", QUESTIONS)
def test_ends_are_settled_as_trying_every_pair_says(
    asked: str, strict: bool, contents: list[Content], shape: Shape
) -> None:
    questions = QUESTIONS[asked]
    view = brute.view_of([brute.segment_of(content) for content in contents], shape)
    found = Together(view, strict=strict).settle([ends(questions, 0), ends(questions, 1)])
    for question, *got in zip(questions, *(side.tolist() for side in found), strict=True):
        assert tuple(got) == settled(contents, shape, question, strict=strict), question


@settings(deadline=None, max_examples=100)
@given(brute.shapes(), st.sets(st.sampled_from([*NETWORKS, 9]), min_size=1), st.sampled_from(MOMENTS))
def test_networks_could_have_talked_where_one_reaches_the_other(shape: Shape, some: set[int], at: int) -> None:
    networks = brute.networks(shape)
    talk = talking.Talking(networks)
    spell = int(talk.spells(np.array([at], np.int64))[0])
    found = talk.partners(talk.numbers(np.array([*some], np.int32)), spell, at)
    for network, got in zip(networks.rid.tolist(), found.tolist(), strict=True):
        assert got == any(other == 9 or can_talk(shape, network, other, at) for other in some)
    for other in some - {INTERNET, 9}:
        reached = tiers(networks, other, networks.rid, at) >= 0
        assert (found[reached]).all()


@settings(deadline=None, max_examples=8)
@given(CONTENTS, brute.shapes())
def test_an_end_alone_is_strictly_that_of_one_network_or_of_several(contents: list[Content], shape: Shape) -> None:
    view = brute.view_of([brute.segment_of(content) for content in contents], shape)
    alone = [(a, 0, t, -1, -1) for a in ADDRESSES for t in MOMENTS]
    (plain,), (strictly,) = (Together(view, strict=strict).settle([ends(alone, 0)]) for strict in (False, True))
    assert plain.tolist() == [NETWORK_UNNAMED] * len(alone)
    for (a, _, t, *_), got in zip(alone, strictly.tolist(), strict=True):
        own = candidates(contents, a, t, strict=True)
        is_asked = is_open(contents, shape, a, t, NETWORK_UNNAMED, strict=True)
        assert got == (decided(own, own, strict=True) if is_asked else NETWORK_UNNAMED)


@settings(deadline=None, max_examples=10)
@given(CONTENTS, brute.shapes())
@pytest.mark.parametrize("strict", [False, True], ids=["", "strict"])
def test_whichever_pair_it_was_no_settled_end_is_wrong(strict: bool, contents: list[Content], shape: Shape) -> None:
    """The truth is any pair of holders that could talk: what is settled must be right in each of them.

    Strictly, whoever is in a range may be a holder whom nobody knows.
    """
    view = brute.view_of([brute.segment_of(content) for content in contents], shape)
    sides = [ends(UNNAMED, side) for side in (0, 1)]
    networks = Together(view, strict=strict).settle(sides)
    for (a, b, at, *_), one, other in zip(UNNAMED, *(side.tolist() for side in networks), strict=True):
        held = [candidates(contents, x, at, strict=strict) for x in (a, b)]
        if not all(holders(contents, x, at) for x in (a, b)):
            continue
        for x, x_owner in held[0].items():
            for y, y_owner in held[1].items():
                if can_talk(shape, x, y, at):
                    assert one < 0 or held[0][one] == x_owner
                    assert other < 0 or held[1][other] == y_owner


@settings(deadline=None, max_examples=10)
@given(CONTENTS, brute.shapes())
def test_nothing_changes_where_little_room_is_taken(contents: list[Content], shape: Shape) -> None:
    view = brute.view_of([brute.segment_of(content) for content in contents], shape)
    sides = [ends(UNNAMED, side) for side in (0, 1)]
    whole = Together(view, strict=True).settle(sides)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(module, "_MOST_ENTRIES", 3)
        patch.setattr(talking, "_MOST_SPELLS", 1)
        parts = Together(view, strict=True).settle(sides)
    assert [one.tolist() for one in parts] == [one.tolist() for one in whole]


@settings(deadline=None, max_examples=8)
@given(CONTENTS, brute.shapes())
def test_what_is_matched_without_it_stays_as_it_is(contents: list[Content], shape: Shape) -> None:
    view = brute.view_of([brute.segment_of(content) for content in contents], shape)
    sides = [ends(UNNAMED, side) for side in (0, 1)]
    for side, network in zip(sides, Together(view).settle(sides), strict=True):
        before, after = find(view, side, ""), find(view, side._replace(network=network), "")
        matched = before.reasons == MATCHED
        assert (before.tagsets[matched] == after.tagsets[matched]).all()
        assert (after.reasons[network != NETWORK_UNNAMED] == MATCHED).all()


def test_no_records_and_no_index_are_no_trouble() -> None:
    nothing = brute.view_of([], Shape([], []))
    for strict in (False, True):
        both = Together(nothing, strict=strict)
        assert [one.tolist() for one in both.settle([ends([], 0), ends([], 1)])] == [[], []]
        found = both.settle([ends(UNNAMED[:1], 0), ends(UNNAMED[:1], 1)])
        assert [one.tolist() for one in found] == [[NETWORK_UNNAMED]] * 2


# ---- by hand

TEN: Final = datetime(2026, 1, 1, 10, tzinfo=UTC)
HOST: Final = "host.name"
EARLY, LATE = TEN + timedelta(minutes=10), TEN + timedelta(minutes=50)


def vm(name: str, vpc: str, *ips: str, mac: str = "") -> VM:
    return VM(source="acme", id=f"i-{name}", name=name, vpc=vpc, interfaces=(Interface(mac=mac, private_ips=ips),))


def vpc(name: str) -> Vpc:
    return Vpc(source="acme", id=name, name=name, cidrs=("10.0.0.0/16", f"10.{ord(name[-1])}.0.0/16"))


def peering(name: str, one: str, other: str) -> PeeringConnection:
    return PeeringConnection(source="acme", id=name, state="active", vpcs=(PeeringEnd(vpc=one), PeeringEnd(vpc=other)))


@pytest.fixture(scope="module")
def index(tmp_path_factory: pytest.TempPathFactory) -> Index:
    """10.0.0.5 is in vpc-a, vpc-b and vpc-d; vpc-b is peered with vpc-c until 10:30, vpc-a from then on."""
    half = TEN + timedelta(minutes=30)
    always: list[Resource] = [
        *(vpc(f"vpc-{x}") for x in "abcd"),
        vm("a", "vpc-a", "10.0.0.5", "10.97.0.1", mac="02:00:00:00:00:0a"),
        vm("b", "vpc-b", "10.0.0.5", "10.98.0.1", "10.0.0.6"),
        vm("c", "vpc-c", "10.99.0.7", "10.0.0.6"),
        vm("d", "vpc-d", "10.0.0.5"),
        vm("e", "vpc-d", "10.0.0.8"),
        Cluster(source="k", id="k", name="k", vpc="vpc-d", cloud_source="acme"),
        Node(source="k", id="n", name="node", cluster="k", ips=("10.100.0.9",)),
        Pod(source="k", id="p", name="web", cluster="k", node="node", ips=("172.20.0.2",), phase="Running"),
    ]  # fmt: skip
    spans = [(one, to_ns(TEN), FOREVER) for one in always]
    spans += [(peering("p-1", "vpc-b", "vpc-c"), to_ns(TEN), to_ns(half))]
    spans += [(peering("p-2", "vpc-a", "vpc-c"), to_ns(half), FOREVER)]
    return Index(index_of_spans(tmp_path_factory.mktemp("together"), spans, to_ns(TEN + timedelta(hours=2))))


Tagged = tuple[str | None, str | None]


def tagged(index: Index, at: datetime, source: str, destination: str, *, strict: bool = False, **more: str) -> Tagged:
    row = {"time": at, "src_ip": source, "dst_ip": destination, **more}
    found = index.tag(pa.Table.from_pylist([row]), tags=(HOST,), strict=strict).to_pylist()[0]
    return found[f"source.{HOST}"], found[f"destination.{HOST}"]


def test_an_end_is_in_the_network_that_could_talk_to_the_other_end_at_that_time(index: Index) -> None:
    assert tagged(index, EARLY, "10.0.0.5", "10.99.0.7") == ("b", "c")
    assert tagged(index, EARLY, "10.99.0.7", "10.0.0.5") == ("c", "b")
    assert tagged(index, LATE, "10.0.0.5", "10.99.0.7") == ("a", "c")


def test_two_ends_that_are_both_open_may_settle_each_other(index: Index) -> None:
    assert tagged(index, LATE, "10.0.0.6", "10.98.0.1") == ("b", "b")
    assert tagged(index, EARLY, "10.0.0.5", "10.0.0.6") == ("b", None)


def test_the_internet_decides_nothing(index: Index) -> None:
    assert tagged(index, EARLY, "10.0.0.5", "8.8.8.8") == (None, None)


def test_an_end_in_a_range_or_of_nobody_decides_nothing(index: Index) -> None:
    assert tagged(index, EARLY, "10.0.0.5", "10.98.0.77") == (None, None)
    assert tagged(index, EARLY, "10.0.0.5", "192.168.7.7") == (None, None)


def test_an_end_by_name_decides_as_far_as_it_is_of_a_cluster(index: Index) -> None:
    assert tagged(index, EARLY, "10.0.0.5", "", **{"destination.k8s.pod.uid": "p"}) == ("d", None)
    assert tagged(index, EARLY, "10.0.0.5", "", dst_mac="02:00:00:00:00:0a") == (None, "a")


def test_a_network_that_a_record_names_is_not_overruled(index: Index) -> None:
    assert tagged(index, EARLY, "10.0.0.5", "10.99.0.7", vpc_id="vpc-d") == ("d", None)


def test_ends_that_could_not_talk_stay_as_they_are(index: Index) -> None:
    assert tagged(index, EARLY, "10.0.0.6", "172.20.0.2") == (None, None)


def test_strictly_an_address_that_lies_in_the_range_of_another_network_may_be_somebody_there(index: Index) -> None:
    """10.0.0.6 is held in vpc-b and vpc-c, and 10.0.0.0/16 is a range of all of them."""
    assert tagged(index, EARLY, "10.98.0.1", "10.99.0.7", strict=True) == ("b", "c")
    assert tagged(index, EARLY, "10.0.0.5", "10.99.0.7", strict=True) == (None, "c")
    assert tagged(index, LATE, "10.0.0.6", "10.98.0.1", strict=True) == ("b", "b")
    assert tagged(index, EARLY, "10.0.0.5", "10.99.0.7", strict=True, vpc_id="vpc-a") == ("a", None)


def test_strictly_so_is_an_address_of_a_record_of_one_end_and_that_is_told(index: Index) -> None:
    report = Report()
    rows = [{"time": EARLY, "ip": ip} for ip in ("10.97.0.1", "10.0.0.66", "172.20.0.2", "8.8.8.8", "10.0.0.8")]
    found = index.tag(pa.Table.from_pylist(rows), tags=(HOST,), strict=True, report=report).column(HOST).to_pylist()
    assert found == ["a", None, None, None, None]
    assert report.sides[""] == {"matched": 2, "ambiguous": 2, "unknown_address": 1}
    assert report.examples["ambiguous"] == {"10.0.0.66": 1, "10.0.0.8": 1}
    index.tag(pa.Table.from_pylist(rows), tags=(HOST,), report=(plain := Report()))
    assert plain.sides[""] == {"matched": 3, "ambiguous": 1, "unknown_address": 1}
