"""What an answer says of itself: by which rule, from when to when, how old, whether disputed, and why there is none."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Final

import msgspec
import pytest

from tagweave.errors import BrokenIndex, ConfigError, LookupKeyError
from tagweave.index.answers import Answer
from tagweave.index.columns import REASONS
from tagweave.index.holders import canonical_mac
from tagweave.index.opening import TagIndex
from tagweave.model import Scope

from .handmade import END, Estate, ask, ends, minute, ns, piece, serves, woven

POD: Final = "k8s.pod.name"


def pods(*spans: tuple[str, float, float | None], network: str = "cluster-1") -> Estate:
    """10.0.0.1 in one cluster, held by pods: (name, from, to)."""
    e = Estate()
    cluster = e.network(e.add("cluster", network, "shop"), network)
    web = e.add("namespace", "uid-web", "web")
    rids: dict[str, int] = {}
    for name, *_ in spans:
        if name not in rids:
            rids[name] = e.add("pod", f"uid-{name}", name)
    rows = {name: {"cluster": cluster, "namespace": web, "pod": rid, "owner": rid} for name, rid in rids.items()}
    e.address("10.0.0.1", cluster, *(piece(start, end, **rows[name]) for name, start, end in spans))
    for name in rids:
        mine = [piece(start, end, **rows[name]) for of, start, end in spans if of == name]
        e.name("pod_uid", f"uid-{name}", cluster, *mine)
        e.name("pod_name", f"web/{name}", cluster, *mine)
    return e


def look(index: TagIndex, key: str, at: float = 100, **more: object) -> Answer:
    return index.lookup(key, at=minute(at), **more)  # type: ignore[arg-type]


# ---- the match


def test_a_match_says_its_rule_owner_and_whole_time_over_pieces_that_differ_elsewhere() -> None:
    index = pods(("a", 10, 20), ("a", 20, 30), ("a", 30, 40)).index()
    match = look(index, "10.0.0.1", 25).match
    assert match is not None
    assert (match.rule, match.kind, match.id, match.disputed) == ("ip", "pod", "uid-a", False)
    assert (match.since, match.until) == ("2026-01-01T00:10:00Z", "2026-01-01T00:40:00Z")


def test_an_answer_has_the_fields_that_scripts_read() -> None:
    index = pods(("a", 0, None)).index()
    answer = json.loads(msgspec.json.encode(look(index, "10.0.0.1")))
    assert set(answer) == {"key", "network", "at", "match", "tags", "candidates", "reason", "why"}
    assert set(answer["match"]) == {"rule", "kind", "id", "from", "to", "age_seconds", "disputed"}
    assert (answer["match"]["to"], answer["reason"], answer["at"]) == (None, None, "2026-01-01T01:40:00Z")
    assert answer["network"] == "cluster-1"
    entry = json.loads(msgspec.json.encode(index.history("10.0.0.1")))[0]
    assert set(entry) == {"network", "kind", "id", "name", "from", "to"}


def test_the_age_is_that_of_the_claim() -> None:
    e = Estate()
    pod = e.add("pod", "p")
    e.address("10.0.0.1", 9, piece(0, 50, owner=pod, seen=20), piece(60, owner=pod, seen=Scope("k8s", "pod")))
    index = e.index()
    ages = {at: (m := look(index, "10.0.0.1", at).match) and m.age_seconds for at in (10, 20, 30, 70, END + 2)}
    assert ages == {10: 0, 20: 0, 30: 600, 70: 0, END + 2: 120}


def test_who_disputes_an_address_is_a_candidate_and_who_only_lost_it_is_told() -> None:
    e = pods()
    a, b, node = e.add("pod", "uid-a", "a"), e.add("pod", "uid-b", "b"), e.add("node", "n-9", "node-9")
    e.address(
        "10.0.0.1",
        1,
        piece(0, 50, pod=a, owner=a, others=(node,)),
        piece(50, pod=b, owner=b, others=(a, node), disputed=True),
    )
    index = e.index()
    before, after = look(index, "10.0.0.1", 49), look(index, "10.0.0.1", 51)
    assert [one.tags["tagweave.match.disputed"] for one in (before, after)] == ["false", "true"]
    assert [[(c.kind, c.id) for c in one.candidates] for one in (before, after)] == [[], [("pod", "uid-a")]]
    assert "before pod a (k8s), node node-9 (k8s)" in after.why[-1]


# ---- no match


def test_no_answer_has_a_reason_and_is_never_a_blank() -> None:
    e = pods(("a", 0, 50))
    vpc = e.network(e.add("vpc", "vpc-1", "prod"), "vpc-1", "prod")
    other = e.network(e.add("cluster", "c-2"), "c-2")
    vm, pod = e.add("vm", "i-1", "one"), e.add("pod", "uid-b", "b")
    e.address("10.0.0.2", vpc, piece(vm=vm, owner=vm))
    e.address("10.0.0.2", other, piece(pod=pod, owner=pod))
    index = e.index()
    for key, network, reason in [
        ("10.9.9.9", None, "unknown_address: nothing in any network ever held 10.9.9.9"),
        ("10.0.0.1", None, "not_at_that_time: nobody held 10.0.0.1 at 2026-01-01T01:40:00Z, though somebody did"),
        ("10.0.0.1", "c-2", "out_of_reach: 10.0.0.1 is held only outside of network c-2 and what it reaches"),
        ("169.254.169.254", None, "special_address: 169.254.169.254 belongs to nobody"),
        ("10.0.0.2", None, "ambiguous: 2 networks hold 10.0.0.2 at that time: name one"),
    ]:
        answer = look(index, key, network=network)
        assert (answer.match, answer.tags) == (None, {})
        assert (answer.reason or "").startswith(reason)
        assert reason.partition(":")[0] in REASONS
        ask(index, key, network=network)  # and a batch says the same
    both = [(c.network, c.kind, c.id, c.name) for c in look(index, "10.0.0.2").candidates]
    assert both == [("c-2", "pod", "uid-b", "b"), ("vpc-1", "vm", "i-1", "one")]


def test_a_wrong_question_is_refused() -> None:
    e = pods(("a", 0, None))
    for source in ("x", "y"):
        e.network(e.add("vpc", f"vpc-{source}", source=source), "twin")
    index = e.index()
    with pytest.raises(LookupKeyError, match="no protocol 'tpc'"):
        index.lookup("10.0.0.1", port=80, protocol="tpc")
    with pytest.raises(ConfigError, match="no vocabulary 'otl'"):
        index.lookup("10.0.0.1", names="otl")
    with pytest.raises(
        LookupKeyError, match=r"no network is named 'nowhere' at .*; there are: cluster-1, internet, vpc-x"
    ):
        index.lookup("10.0.0.1", network="nowhere")
    with pytest.raises(LookupKeyError, match="2 networks are named 'twin'; name one of: x/vpc-x, y/vpc-y"):
        index.history("10.0.0.1", network="twin")


def test_history_knows_a_network_by_a_name_that_it_has_no_more() -> None:
    e = pods(("a", 0, 50))
    e._names.append(("old", 1, [(ns(0), ns(50))]))
    index = e.index()
    assert [h.id for h in index.history("10.0.0.1", network="old")] == ["uid-a"]
    with pytest.raises(LookupKeyError, match="no network is named 'never'"):
        index.history("10.0.0.1", network="never")


# ---- why


def test_why_tells_where_an_address_was_sought_and_who_had_it_at_other_times() -> None:
    e = pods(("a", 0, 50))
    vpc = e.add("vpc", "vpc-1", "prod")
    e.network(vpc, "vpc-1")
    e.home(1, vpc)
    e.prefix("10.1.0.0/16", vpc, piece(vpc=vpc, owner=vpc))
    index = e.index()
    assert look(index, "10.0.0.1", network="cluster-1").why == [
        "sought in cluster-1",
        "cluster-1: held at other times: pod web/a (k8s) from 2026-01-01T00:00:00Z to 2026-01-01T00:50:00Z",
        "sought in vpc-1",
        "sought in internet",
    ]
    by_range = look(index, "10.1.2.3")
    assert by_range.why == [
        "sought in all networks",
        "vpc-1: prefix 10.1.0.0/16 held by vpc prod (cloud) from 2026-01-01T00:00:00Z to now",
    ]


def test_why_tells_what_the_port_decided() -> None:
    e = Estate()
    web = e.add("namespace", "ns", "web")
    service, pod = e.add("service", "uid-s", "svc"), e.add("pod", "p", "a")
    row = {"namespace": web, "service": (service,)}
    e.address("10.0.0.1", 9, piece(**row, pod=pod, owner=pod, ports=[serves(service, 80)]))
    e.name("id", "service:uid-s", 9, piece(namespace=web, owner=service))
    index = e.index()
    assert look(index, "10.0.0.1", port=80).why[-1] == "port 80 is that of service web/svc (k8s)"
    assert look(index, "10.0.0.1", port=81).why[-1] == "no service of it serves port 81"
    assert "port" not in look(index, "10.0.0.1").why[-1]


# ---- names


def named() -> TagIndex:
    e = pods(("a", 0, 50), ("b", 60, None))
    vpcs = [e.network(e.add("vpc", f"vpc-{n}"), f"vpc-{n}") for n in (1, 2)]
    vms = [e.add("vm", f"i-{n}", "twin") for n in (1, 2)]
    subnet = e.add("subnet", "s-1", "front")
    for n in (0, 1):
        mine = piece(vm=vms[n], vpc=vpcs[n], owner=vms[n])
        e.name("vm_id", f"i-{n + 1}", vpcs[n], mine)
        e.name("host_name", "twin", vpcs[n], mine)
        e.name("mac", f"0a:00:00:00:00:0{n + 1}", vpcs[n], mine)
        e.name("interface_id", f"eni-{n + 1}", vpcs[n], mine)
    e.name("host_name", "pair", vpcs[0], piece(vm=vms[0], owner=vms[0], others=(vms[1],), disputed=True))
    e.name("id", "subnet:s-1", vpcs[0], piece(subnet=subnet, owner=subnet))
    e.name("id", "vpc:both", vpcs[0], piece(vpc=vpcs[0], owner=vpcs[0]))
    e.name("id", "router:both", vpcs[0], piece(router=subnet, owner=subnet))
    a = piece(0, 50, owner=3, pod=3), piece(50, owner=3, pod=3, after=True)
    e.name("container_id", "abc", 1, *a, label="main")
    return e.index()


@pytest.mark.parametrize(
    ("key", "network", "rule", "native"),
    [
        ("uid-b", None, "pod_uid", "uid-b"),
        ("web/b", None, "pod_name", "uid-b"),
        ("i-2", None, "vm_id", "i-2"),
        ("twin", "vpc-1", "host_name", "i-1"),
        ("twin", "vpc-2", "host_name", "i-2"),
        ("0A:00:00:00:00:01", None, "mac", "i-1"),
        ("0a-00-00-00-00-02", None, "mac", "i-2"),
        ("0a00.0000.0002", None, "mac", "i-2"),
        ("0A0000000001", None, "mac", "i-1"),
        ("eni-1", None, "interface_id", "i-1"),
        ("s-1", None, "id", "s-1"),
        ("abc", None, "container_id", "uid-a"),
        ("containerd://abc", None, "container_id", "uid-a"),
    ],
)
def test_a_name_is_tried_by_every_rule(key: str, network: str | None, rule: str, native: str) -> None:
    answer = look(named(), key, network=network)
    assert answer.match is not None
    assert (answer.match.rule, answer.match.id) == (rule, native)
    assert answer.tags["tagweave.match"] == rule
    means = [why for why in answer.why if why.startswith(f"{rule} {key!r} means ")]
    assert len(means) == 1


def test_an_id_that_is_never_used_again_means_its_owner_after_its_end() -> None:
    answer = look(named(), "abc", at=80)
    assert answer.match is not None
    assert (answer.match.id, answer.match.since, answer.match.until) == ("uid-a", "2026-01-01T00:00:00Z", None)
    assert answer.why[0] == "no resource has that name at that time; ids that are never reused still mean one"
    assert (answer.tags["container.id"], answer.tags["k8s.container.name"]) == ("abc", "main")


def test_without_a_protocol_a_port_is_that_of_all_of_them() -> None:
    e = Estate()
    tcp, udp = e.add("service", "tcp"), e.add("service", "udp")
    pod, ports = e.add("pod", "p"), [serves(tcp, 53), serves(udp, 53, "udp")]
    e.address("10.0.0.1", 9, piece(service=(tcp, udp), pod=pod, owner=pod, ports=ports))
    index = e.index()
    told = [look(index, "10.0.0.1", port=53, protocol=p).tags["k8s.service.uid"] for p in ("tcp", "UDP", "17", "")]
    assert told == ["tcp", "udp", "udp", ["tcp", "udp"]]


@pytest.mark.parametrize(
    ("key", "network", "reason", "candidates"),
    [
        ("twin", None, "ambiguous: 2 resources are named 'twin' at that time", ["i-1", "i-2"]),
        ("pair", None, "ambiguous: 2 resources are named 'pair' at that time", ["i-1", "i-2"]),
        ("both", None, "ambiguous: 2 resources are named 'both' at that time", ["s-1", "vpc-1"]),
        ("web/a", None, "not_at_that_time: 'web/a' is known from 2026-01-01T00:00:00Z to 2026-01-01T00:50:00Z", []),
        (
            "i-1",
            "vpc-2",
            "out_of_reach: 'i-1' is known only outside of network vpc-2 and what it reaches: in vpc-1",
            [],
        ),
        (
            "nothing",
            None,
            "unknown_address: 'nothing' is no IP address, and no resource has that id, name or MAC address",
            [],
        ),
    ],
)
def test_a_name_that_means_nothing_or_several_says_so(
    key: str, network: str | None, reason: str, candidates: list[str]
) -> None:
    answer = look(named(), key, network=network)
    assert (answer.match, answer.reason) == (None, reason)
    assert [one.id for one in answer.candidates] == candidates


@pytest.mark.parametrize(
    ("text", "mac"),
    [
        ("AA:bb:cc:DD:ee:01", "aa:bb:cc:dd:ee:01"),
        ("aa-bb-cc-dd-ee-01", "aa:bb:cc:dd:ee:01"),
        ("aabb.ccdd.ee01", "aa:bb:cc:dd:ee:01"),
        ("AABBCCDDEE01", "aa:bb:cc:dd:ee:01"),
        ("aabbccddee0", ""),
        ("aa:bb:cc:dd:ee:01:02", ""),
        ("host", ""),
    ],
)
def test_a_mac_is_known_in_every_form_that_it_is_written_in(text: str, mac: str) -> None:
    assert canonical_mac(text) == mac


# ---- history


def test_history_is_who_held_an_address_in_each_network_in_order() -> None:
    e = pods(("a", 0, 10), ("a", 10, 20), ("b", 30, 50), ("a", 60, None))
    vpc, vm = (
        e.network(e.add("vpc", "vpc-1"), "vpc-1"),
        e.was("vm", "i-1", (None, {"name": "was"}), (35, {"name": "is"})),
    )
    e.address("10.0.0.1", vpc, piece(10, 40, vm=vm, owner=vm))
    index = e.index()
    spans = [
        (h.network, h.name, h.since and h.since[14:16], h.until and h.until[14:16]) for h in index.history("10.0.0.1")
    ]
    assert spans == [
        ("cluster-1", "a", "00", "20"),
        ("vpc-1", "is", "10", "40"),
        ("cluster-1", "b", "30", "50"),
        ("cluster-1", "a", "00", None),
    ]
    assert [h.name for h in index.history("10.0.0.1", network="vpc-1")] == ["is"]
    assert index.history("10.9.9.9") == []


def test_history_of_a_name_tells_a_holder_once_and_nothing_after_its_end() -> None:
    index = named()
    found = [(h.network, h.id, h.since and h.since[14:16], h.until and h.until[14:16]) for h in index.history("abc")]
    assert found == [("cluster-1", "uid-a", "00", "50")]
    assert [(h.network, h.id) for h in index.history("twin")] == [("vpc-1", "i-1"), ("vpc-2", "i-2")]


def test_a_newer_segment_hides_an_older_one() -> None:
    e = pods(("a", 0, 50))
    b = e.add("pod", "uid-b", "b")
    e.newer()
    e.address("10.0.0.1", 1, piece(0, 20, owner=3, pod=3), piece(30, owner=b, pod=b))
    e.draft.gone_name("pod_uid", "uid-a")
    index = e.index()
    assert [h.id for h in index.history("10.0.0.1")] == ["uid-a", "uid-b"]
    assert look(index, "10.0.0.1", 40).tags["k8s.pod.uid"] == "uid-b"
    assert (look(index, "uid-a", 10).reason or "").startswith("unknown_address:")


def test_a_key_of_ten_thousand_owners_is_answered() -> None:
    e = Estate()
    cluster = e.network(e.add("cluster", "c"), "c")
    rids = [e.add("pod", f"uid-{n}", f"pod-{n}") for n in range(10_000)]
    e.address("10.0.0.1", cluster, *(piece(n, n + 1, pod=rid, owner=rid) for n, rid in enumerate(rids)))
    index = e.index()
    assert len(index.history("10.0.0.1")) == 10_000
    assert look(index, "10.0.0.1", 5000.5).tags[POD] == "pod-5000"


# ---- the folder


def test_a_folder_is_opened_and_a_newer_revision_is_taken_up(tmp_path: Path) -> None:
    with pytest.raises(BrokenIndex, match="there is no tag index"):
        TagIndex.open(tmp_path)
    pods(("a", 0, None)).publish(tmp_path, 1)
    index = TagIndex.open(tmp_path, {"owner": ["k8s.pod.name"]}, {"k8s": ("aws", "1")})
    before = index.view
    assert look(index, "10.0.0.1").tags["tagweave.group.owner"] == "a"
    assert not index.refresh()
    pods(("b", 0, None)).publish(tmp_path, 2)
    assert look(index, "10.0.0.1").tags[POD] == "a"
    assert index.refresh()
    assert not index.refresh()
    found = look(index, "10.0.0.1")
    assert (found.tags[POD], found.tags["tagweave.group.owner"], found.tags["cloud.account.id"]) == ("b", "b", "1")
    assert woven(TagIndex(before), ends("10.0.0.1"), [POD])[1] == {POD: "a"}  # who had begun reads on


def test_one_key_is_looked_up_without_numba(tmp_path: Path) -> None:
    pods(("a", 0, None)).publish(tmp_path)
    code = (
        "import sys; from tagweave.index.opening import TagIndex; i = TagIndex.open(sys.argv[1]);"
        "a = i.lookup('10.0.0.1', network='cluster-1', port=80); b = i.lookup('web/a'); i.history('10.0.0.1');"
        "print(a.match.id, b.match.id, 'numba' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code, str(tmp_path)], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["uid-a", "uid-a", "False"]
