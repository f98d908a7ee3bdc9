"""What an answer says of itself: by which rule, from when to when, how old, whether disputed, and why there is none."""

import json
from typing import Final

import msgspec
import pytest

from tagweave.errors import ConfigError, LookupKeyError
from tagweave.model import Cluster, Resource, ServicePort
from tagweave.tags import REASONS, TagIndex

from .estates import Held, ask, build, cluster, minute, node, pod, service, shown, vm, vpc, woven

POD: Final = "k8s.pod.name"


def test_a_match_says_its_rule_owner_and_whole_time_over_versions_that_differ_elsewhere() -> None:
    index = build(
        cluster(),
        Held(pod("a", "10.0.0.1"), 10, 20),
        Held(pod("a", "10.0.0.1", labels={"new": "label"}), 20, 30),
        Held(pod("a", "10.0.0.1", app="b"), 30, 40),
    )
    match = ask(index, "10.0.0.1", at=25).match
    assert match is not None
    assert (match.rule, match.kind, match.id, match.disputed) == ("ip", "pod", "uid-a", False)
    assert (match.since, match.until) == ("2026-01-01T00:10:00Z", "2026-01-01T00:40:00Z")


def test_an_answer_has_the_fields_that_scripts_read() -> None:
    index = build(cluster(), pod("a", "10.0.0.1"))
    answer = json.loads(msgspec.json.encode(ask(index, "10.0.0.1")))
    assert set(answer) == {"key", "network", "at", "match", "tags", "candidates", "reason", "why"}
    assert set(answer["match"]) == {"rule", "kind", "id", "from", "to", "age_seconds", "disputed"}
    assert (answer["match"]["to"], answer["reason"], answer["at"]) == (None, None, "2026-01-01T01:40:00Z")
    entry = json.loads(msgspec.json.encode(index.history("10.0.0.1")))[0]
    assert set(entry) == {"network", "kind", "id", "name", "from", "to"}


@pytest.mark.parametrize(
    ("estate", "ages"),
    [
        # seen to be true until 50, and not since: open, and older by the minute
        ([Held(pod("a", "10.0.0.1"), 0, None, seen=50)], {40: 0, 50: 0, 51: 60, 110: 3600}),
        # gone at some time between 50 and 80
        ([Held(pod("a", "10.0.0.1"), 0, 80, seen=50)], {50: 0, 60: 600, 79: 1740}),
        # it only changed its labels between 50 and 80: seen later with the same address
        ([Held(pod("a", "10.0.0.1"), 0, 80, seen=50), Held(pod("a", "10.0.0.1", app="b"), 80)], {60: 0, 90: 0}),
        # it changed its address between 50 and 80
        ([Held(pod("a", "10.0.0.1"), 0, 80, seen=50), Held(pod("a", "10.0.0.2"), 80)], {40: 0, 60: 600}),
    ],
)
def test_the_age_is_the_time_since_the_fact_was_last_seen_and_none_if_it_was_seen_later(
    estate: list[Held], ages: dict[int, int]
) -> None:
    index = build(cluster(), *estate)
    for at, seconds in ages.items():
        answer = ask(index, "10.0.0.1", at=at)
        assert answer.match is not None
        assert answer.match.age_seconds == seconds
        assert answer.tags["tagweave.match.age"] == str(seconds)


def test_two_that_were_seen_with_one_address_at_once_dispute_it_and_the_later_one_has_it() -> None:
    index = build(cluster(), pod("a", "10.0.0.1"), Held(pod("b", "10.0.0.1"), 50), node("node-9", "10.0.0.1"))
    before, after = ask(index, "10.0.0.1", at=49), ask(index, "10.0.0.1", at=51)
    assert [shown(one, POD, "tagweave.match.disputed") for one in (before, after)] == [("a", "false"), ("b", "true")]
    assert [[(c.kind, c.id) for c in one.candidates] for one in (before, after)] == [[], [("pod", "uid-a")]]
    assert "before pod web/a (k8s), node node-9 (k8s)" in after.why[-1]


def test_a_dispute_ends_with_the_one_who_goes() -> None:
    index = build(cluster(), Held(pod("a", "10.0.0.1"), 0, 60), Held(pod("b", "10.0.0.1"), 50))
    disputed = [ask(index, "10.0.0.1", at=at).match for at in (49, 55, 61)]
    assert [m and m.disputed for m in disputed] == [False, True, False]


REASONED: Final[list[tuple[str, list[Resource | Held], str | None, str]]] = [
    ("10.9.9.9", [pod("a", "10.0.0.1")], None, "unknown_address: nothing in any network ever held 10.9.9.9"),
    (
        "10.0.0.1",
        [Held(pod("a", "10.0.0.1"), 0, 50)],
        None,
        "not_at_that_time: nobody held 10.0.0.1 at 2026-",
    ),
    ("10.0.0.1", [pod("a", "10.0.0.1"), Cluster(source="x", id="c-2")], "c-2", "out_of_reach: 10.0.0.1 is held only"),
    ("169.254.169.254", [pod("a", "10.0.0.1")], None, "special_address: 169.254.169.254 belongs to nobody"),
    (
        "10.0.0.1",
        [pod("a", "10.0.0.1"), vpc("vpc-1"), vm("i-1", "10.0.0.1")],
        None,
        "ambiguous: 2 networks hold 10.0.0.1 at that time",
    ),
]


@pytest.mark.parametrize(
    ("key", "estate", "network", "reason"), REASONED, ids=[r[3].partition(":")[0] for r in REASONED]
)
def test_no_answer_has_a_reason_and_is_never_a_blank(
    key: str, estate: list[Resource | Held], network: str | None, reason: str
) -> None:
    answer = ask(build(cluster(), *estate), key, network=network)
    assert (answer.match, answer.tags) == (None, {})
    assert (answer.reason or "").startswith(reason)
    assert reason.partition(":")[0] in REASONS


def test_why_tells_where_an_address_was_sought_and_who_had_it_at_other_times() -> None:
    index = build(vpc("vpc-1", "10.1.0.0/16"), cluster("vpc-1"), Held(pod("a", "10.0.0.1"), 0, 50))
    answer = ask(index, "10.0.0.1", network="cluster-1")
    assert answer.why == [
        "sought in cluster-1",
        "cluster-1: held at other times: pod web/a (k8s) from 2026-01-01T00:00:00Z to 2026-01-01T00:50:00Z",
        "sought in vpc-1",
        "sought in internet",
    ]
    by_range = ask(index, "10.1.2.3")
    assert (
        by_range.why[-1]
        == "vpc-1: prefix 10.1.0.0/16 held by vpc name of vpc-1 (cloud) from 2026-01-01T00:00:00Z to now"
    )


def test_why_tells_what_the_port_decided() -> None:
    index = build(cluster(), pod("a", "10.0.0.1", app="a"), service("svc", ServicePort(port=80), app="a"))
    assert ask(index, "10.0.0.1", port=80).why[-1] == "port 80 is that of service web/svc (k8s)"
    assert ask(index, "10.0.0.1", port=81).why[-1] == "no service of it serves port 81"


def rfc(at: float) -> str:
    return minute(at).isoformat().replace("+00:00", "Z")


def test_history_is_who_held_an_address_in_each_network_in_order() -> None:
    index = build(
        cluster(),
        vpc("vpc-1", "10.0.0.0/16"),
        Held(pod("a", "10.0.0.1"), 0, 20),
        Held(pod("b", "10.0.0.1"), 30, 50),
        Held(pod("a", "10.0.0.1"), 60),
        Held(vm("i-1", "10.0.0.1"), 10, 40),
    )
    spans = [
        (h.network, h.name, h.since and h.since[14:16], h.until and h.until[14:16]) for h in index.history("10.0.0.1")
    ]
    assert spans == [
        ("cluster-1", "a", "00", "20"),
        ("vpc-1", "name of i-1", "10", "40"),
        ("cluster-1", "b", "30", "50"),
        ("cluster-1", "a", "00", None),
    ]
    assert [h.name for h in index.history("10.0.0.1", network="vpc-1")] == ["name of i-1"]
    assert index.history("10.9.9.9") == []


def test_a_key_that_means_nothing_says_so() -> None:
    index = build(cluster(), pod("a"))
    answer = index.lookup("no-such-thing", at=minute(1))
    assert answer.reason == (
        "unknown: 'no-such-thing' is no IP address, and no resource has that id, name or MAC address"
    )
    assert answer.match is None


def test_a_wrong_question_is_refused() -> None:
    index: TagIndex = build(cluster(), pod("a", "10.0.0.1"))
    with pytest.raises(LookupKeyError, match="no protocol 'tpc'"):
        index.lookup("10.0.0.1", port=80, protocol="tpc")
    with pytest.raises(ConfigError, match="no vocabulary 'otl'"):
        index.lookup("10.0.0.1", names="otl")


@pytest.mark.parametrize("address", ["10.0.0.1", "fd00::1"])
def test_moments_before_and_after_all_history_have_an_answer_too(address: str) -> None:
    index = build(cluster(), Held(pod("a", "10.0.0.1", "fd00::1"), 0, 50))
    for at in (-(10**7), -0.0001, 50, 10**8):
        assert woven(index, address, [POD], at=at) == ("not_at_that_time", {})
    assert woven(index, address, [POD], at=0) == ("matched", {POD: "a"})
    assert woven(index, address, [POD], at=49.9999) == ("matched", {POD: "a"})
