"""When an address is a pod's: from when it got it to its end, and never while another is known to have it."""

from typing import Final

import pytest

from tagweave.tags import TagIndex

from .estates import Held, ask, build, cluster, minute, node, pod, shown, woven

POD: Final = "k8s.pod.name"


def holders(index: TagIndex, address: str, *moments: float) -> list[str | None]:
    return [shown(ask(index, address, at=at), POD)[0] for at in moments]


def test_a_pod_has_its_address_from_its_start_time_and_not_from_its_creation() -> None:
    index = build(cluster(), Held(pod("a", "10.0.0.1", started_at=minute(5)), 0))
    assert holders(index, "10.0.0.1", 4, 5, 6) == [None, "a", "a"]
    assert ask(index, "10.0.0.1", at=4).reason.startswith("not_at_that_time")  # type: ignore[union-attr]


@pytest.mark.parametrize(
    ("waiting", "since"),
    [
        (Held(pod("a"), 0, 10, seen=10), 10),  # a watch: it was seen without until the moment it got it
        (Held(pod("a"), 0, 10, seen=4), 4),  # two dumps: it got it at some time between
        (Held(pod("a"), 0, 10, seen=1), 2),  # of which it tells that it had started by then
    ],
)
def test_a_pod_that_was_seen_without_an_address_has_it_since_then_at_the_earliest(waiting: Held, since: int) -> None:
    index = build(cluster(), waiting, Held(pod("a", "10.0.0.1", started_at=minute(2)), 10))
    assert holders(index, "10.0.0.1", since - 1, since, 11) == [None, "a", "a"]


def test_a_pod_that_waited_for_its_address_does_not_take_it_from_who_had_it_meanwhile() -> None:
    index = build(
        cluster(),
        Held(pod("old", "10.0.0.1"), 0, 8),
        Held(pod("new"), 3, 9),
        Held(pod("new", "10.0.0.1", started_at=minute(4)), 9),
    )
    assert holders(index, "10.0.0.1", 5, 7, 8.5, 9) == ["old", "old", None, "new"]


@pytest.mark.parametrize("phase", ["Succeeded", "Failed"])
def test_a_pod_loses_its_address_when_it_finishes_though_it_is_not_deleted(phase: str) -> None:
    told = pod("a", "10.0.0.1", phase=phase, finished_at=minute(20))
    watched = build(cluster(), Held(pod("a", "10.0.0.1"), 0, 21), Held(told, 21))
    dumped = build(cluster(), Held(told, 0))
    for index in (watched, dumped):
        assert holders(index, "10.0.0.1", 19, 20, 30) == ["a", None, None]


def test_a_finished_pod_that_does_not_tell_when_had_its_address_until_it_was_first_seen_finished() -> None:
    over = pod("a", "10.0.0.1", phase="Succeeded")
    index = build(cluster(), Held(pod("a", "10.0.0.1"), 0, 20, seen=10), Held(over, 20))
    assert holders(index, "10.0.0.1", 9, 19, 20) == ["a", "a", None]
    assert holders(build(cluster(), Held(over, 0)), "10.0.0.1", 0, 20) == [None, None]


def test_an_evicted_pod_that_lost_its_addresses_lost_them_when_it_finished() -> None:
    gone = pod("a", phase="Failed", finished_at=minute(15))
    index = build(cluster(), Held(pod("a", "10.0.0.1"), 0, 20, seen=10), Held(gone, 20))
    assert holders(index, "10.0.0.1", 14, 16) == ["a", None]


@pytest.mark.parametrize("addresses", [("192.168.0.1",), ("192.168.0.1", "fd00::1")])
def test_a_host_network_pod_never_takes_its_nodes_address(addresses: tuple[str, ...]) -> None:
    index = build(cluster(), node("node-1", *addresses), pod("agent", *addresses, host_network=True))
    for address in addresses:
        answer = ask(index, address)
        assert answer.match is not None
        assert answer.match.kind == "node"
        assert shown(answer, POD, "tagweave.instance.type") == (None, "node")
    found = ask_by_name(index, "web/agent")
    assert found == ("agent", "node-1")


def ask_by_name(index: TagIndex, key: str) -> tuple[str | None, ...]:
    return shown(index.lookup(key, at=minute(100)), POD, "k8s.node.name")


def test_an_address_that_pods_use_in_turn_is_each_ones_in_its_time_and_nobodys_between() -> None:
    turns = [Held(pod(f"p{n}", "10.0.0.1", "fd00::1"), 20 * n, 20 * n + 10) for n in range(7)]
    index = build(cluster(), *turns)
    for address in ("10.0.0.1", "fd00::1"):
        moments = [20 * n + d for n in range(7) for d in (0, 9.99, 10, 15)]
        want = [one for n in range(7) for one in (f"p{n}", f"p{n}", None, None)]
        assert holders(index, address, *moments) == want


def test_a_late_record_gets_the_owner_of_its_own_time_though_the_address_is_anothers_now() -> None:
    index = build(cluster(), Held(pod("old", "10.0.0.1"), 0, 10), Held(pod("new", "10.0.0.1"), 10))
    assert holders(index, "10.0.0.1", 9.999, 10) == ["old", "new"]


def test_a_deletion_that_was_learned_late_ends_where_the_successor_began() -> None:
    index = build(cluster(), Held(pod("old", "10.0.0.1"), 0, 60, seen=10), Held(pod("new", "10.0.0.1"), 30))
    assert holders(index, "10.0.0.1", 20, 29, 30, 50) == ["old", "old", "new", "new"]
    answers = [ask(index, "10.0.0.1", at=at).match for at in (20, 50)]
    assert [m and m.disputed for m in answers] == [False, False]


def test_a_terminating_pod_whose_address_another_got_already_disputes_it_and_loses() -> None:
    leaving = pod("old", "10.0.0.1", deleted_at=minute(40))
    index = build(cluster(), Held(leaving, 0, 40), Held(pod("new", "10.0.0.1"), 30))
    assert holders(index, "10.0.0.1", 29, 35, 41) == ["old", "new", "new"]
    answer = ask(index, "10.0.0.1", at=35)
    assert answer.match is not None
    assert answer.match.disputed
    assert [(c.kind, c.name) for c in answer.candidates] == [("pod", "old")]
    assert answer.tags["tagweave.match.disputed"] == "true"


def test_a_pod_of_which_nobody_heard_since_gives_way_to_one_that_was_seen_later() -> None:
    index = build(cluster(), Held(pod("lost", "10.0.0.1"), 0, None, seen=10), Held(pod("new", "10.0.0.1"), 30))
    assert holders(index, "10.0.0.1", 20, 31) == ["lost", "new"]


def test_a_pod_that_changed_its_address_had_each_in_its_time() -> None:
    index = build(cluster(), Held(pod("a", "10.0.0.1"), 0, 10), Held(pod("a", "10.0.0.2"), 10))
    assert holders(index, "10.0.0.1", 5, 15) == ["a", None]
    assert holders(index, "10.0.0.2", 5, 15) == [None, "a"]


# ---- windows


@pytest.mark.parametrize(
    ("estate", "found"),
    [
        ([Held(pod("late", "10.0.0.1"), 105)], "late"),
        ([Held(pod("first", "10.0.0.1"), 0, 103), Held(pod("second", "10.0.0.1"), 105)], "first"),
        ([Held(node("node-1", pod_cidrs=("10.0.0.0/24",))), Held(pod("late", "10.0.0.1"), 105)], "late"),
        (
            [  # two clusters' pods at the start, one at the end: which of them it was nobody knows
                Held(pod("mine", "10.0.0.1"), 0),
                Held(pod("other", "10.0.0.1", cluster="cluster-2", source="k8s-2"), 0, 105),
            ],
            None,
        ),
    ],
)
def test_a_record_is_of_who_held_the_address_first_in_its_window_and_is_not_guessed(
    estate: list[Held], found: str | None
) -> None:
    index = build(cluster(), *estate)
    reason, tags = woven(index, "10.0.0.1", [POD], at=100, until=110)
    assert tags.get(POD) == found
    assert reason == ("matched" if found else "ambiguous")
