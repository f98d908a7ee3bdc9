"""In which network an address is sought: a record's own, then what that reaches, the nearest first; never a guess."""

from typing import Final

import pytest

from tagweave.errors import LookupKeyError
from tagweave.model import (
    Attachment,
    Cen,
    Cluster,
    Interface,
    PeeringConnection,
    PeeringEnd,
    Pod,
    PublicIp,
    Resource,
    Subnet,
)
from tagweave.tags import NETWORK_UNKNOWN, NETWORK_UNNAMED, TagIndex

from .estates import Held, ask, build, minute, node, pod, shown, vm, vpc, woven

SAME: Final = "10.0.0.5"
"""An address that several networks have."""


def other_pod(number: int, *ips: str) -> Pod:
    return pod(f"pod-{number}", *ips, source=f"k8s-{number}", cluster=f"cluster-{number}")


def overlay(number: int, vpc_id: str = "") -> Cluster:
    ids = {"source": f"k8s-{number}", "id": f"cluster-{number}", "name": f"shop-{number}"}
    return Cluster(**ids, cloud_source="cloud", vpc=vpc_id)


def estate(*more: Resource | Held) -> TagIndex:
    """Three VPCs with one range, each with a VM at one address and one of its own; two clusters in the first."""
    vpcs = [vpc(f"vpc-{n}", "10.0.0.0/16", f"10.9.{n}.0/24") for n in (1, 2, 3)]
    vms = [vm(f"i-{n}", SAME, f"10.9.{n}.1", vpc=f"vpc-{n}") for n in (1, 2, 3)]
    pods = [other_pod(n, "10.244.0.5", f"10.244.9.{n}") for n in (1, 2)]
    return build(*vpcs, *vms, overlay(1, "vpc-1"), overlay(2, "vpc-1"), *pods, *more)


def test_without_a_network_a_unique_address_matches_and_a_shared_one_is_ambiguous_with_its_candidates() -> None:
    index = estate()
    for n in (1, 2, 3):
        assert shown(ask(index, f"10.9.{n}.1"), "host.id") == (f"i-{n}",)
    answer = ask(index, SAME)
    assert answer.reason is not None
    assert answer.reason.startswith("ambiguous: 3 networks hold 10.0.0.5")
    assert [(c.network, c.kind, c.id) for c in answer.candidates] == [
        ("vpc-1", "vm", "i-1"),
        ("vpc-2", "vm", "i-2"),
        ("vpc-3", "vm", "i-3"),
    ]


def test_an_address_is_ambiguous_only_while_several_networks_hold_it() -> None:
    index = build(vpc("vpc-1"), vpc("vpc-2"), Held(vm("i-1", SAME), 0, 60), Held(vm("i-2", SAME, vpc="vpc-2"), 30, 90))
    found = [ask(index, SAME, at=at) for at in (20, 50, 70, 95)]
    assert [shown(one, "host.id")[0] for one in found] == ["i-1", None, "i-2", None]
    assert [(one.reason or "").partition(":")[0] for one in found] == ["", "ambiguous", "", "not_at_that_time"]


@pytest.mark.parametrize(
    ("name", "found"),
    [
        ("vpc-2", "i-2"),  # a VPC by its id
        ("name of vpc-2", "i-2"),  # and by its name
        ("cloud/vpc-2", "i-2"),  # and with its source
        ("i-2", "i-2"),  # something in it
        ("subnet-2", "i-2"),
        ("cluster-1", "i-1"),  # a cluster in it
        ("shop-1", "i-1"),
        ("k8s-1", "i-1"),  # a source with one network
        ("node-a", "i-1"),  # a node of a cluster
    ],
)
def test_a_record_names_its_network_by_what_it_has(name: str, found: str) -> None:
    index = estate(
        Subnet(source="cloud", id="subnet-2", vpc="vpc-2"), node("node-a", source="k8s-1", cluster="cluster-1")
    )
    assert shown(ask(index, SAME, network=name), "host.id") == (found,)


def test_a_name_of_no_network_or_of_several_is_no_network() -> None:
    index = estate()
    assert list(index.network_ids(["", "nowhere", "cloud", "internet"])) == [
        NETWORK_UNNAMED, NETWORK_UNKNOWN, NETWORK_UNKNOWN, 1,
    ]  # fmt: skip
    assert woven(index, SAME, network="nowhere")[0] == "unknown_network"
    for name, message in (("nowhere", "no network is named"), ("same", "2 networks are named")):
        twins = estate(vpc("same", source="a"), vpc("same", source="b"))
        with pytest.raises(LookupKeyError, match=message):
            twins.lookup(SAME, network=name)


def test_a_network_means_its_own_address_before_everything_that_it_reaches() -> None:
    index = estate(_cen("vpc-1", "vpc-2", "vpc-3"))
    for n in (1, 2, 3):
        assert shown(ask(index, SAME, network=f"vpc-{n}"), "host.id") == (f"i-{n}",)


def _cen(*vpcs: str) -> Cen:
    return Cen(source="cloud", id="cen-1", attachments=tuple(Attachment("vpc", one) for one in vpcs))


def _peering(a: str, b: str, state: str = "active") -> PeeringConnection:
    both = (PeeringEnd(vpc=a), PeeringEnd(vpc=b))
    return PeeringConnection(source="cloud", id=f"pcx-{a}-{b}", state=state, vpcs=both)


@pytest.mark.parametrize(
    ("joined", "reached"),
    [
        ([], {1: "1", 2: "2", 3: "3"}),
        ([_peering("vpc-1", "vpc-2")], {1: "12", 2: "12", 3: "3"}),
        ([_peering("vpc-1", "vpc-2"), _peering("vpc-2", "vpc-3")], {1: "12", 2: "123", 3: "23"}),
        ([_peering("vpc-1", "vpc-2", "pending-acceptance")], {1: "1", 2: "2", 3: "3"}),
        ([_cen("vpc-1", "vpc-2", "vpc-3")], {1: "123", 2: "123", 3: "123"}),
        ([_cen("vpc-1", "vpc-3"), _peering("vpc-2", "vpc-1")], {1: "123", 2: "12", 3: "13"}),
    ],
)
def test_peerings_reach_one_step_and_transit_networks_all_their_members(
    joined: list[Resource], reached: dict[int, str]
) -> None:
    index = estate(*joined)
    for own, others in reached.items():
        for n in (1, 2, 3):
            answer = ask(index, f"10.9.{n}.1", network=f"vpc-{own}")
            found = f"i-{n}" if str(n) in others else None
            assert shown(answer, "host.id") == (found,)
            assert found or (answer.reason or "").startswith("out_of_reach")


def test_an_address_outside_of_what_a_network_reaches_is_out_of_reach() -> None:
    index = build(vpc("vpc-1"), vpc("vpc-2"), vm("i-1", "10.0.0.5"), vm("i-2", "10.0.0.6", vpc="vpc-2"))
    answer = ask(index, "10.0.0.6", network="vpc-1")
    assert answer.reason is not None
    assert answer.reason.startswith("out_of_reach: ")
    unknown = ask(index, "10.7.7.7", network="vpc-1")
    assert unknown.reason is not None
    assert unknown.reason.startswith("unknown_address: ")


def test_two_joined_networks_at_one_distance_that_hold_an_address_are_ambiguous() -> None:
    index = build(
        *(vpc(f"vpc-{n}") for n in (1, 2, 3)),
        vm("i-2", SAME, vpc="vpc-2"),
        vm("i-3", SAME, vpc="vpc-3"),
        _cen("vpc-1", "vpc-2", "vpc-3"),
    )
    answer = ask(index, SAME, network="vpc-1")
    assert [c.id for c in answer.candidates] == ["i-2", "i-3"]
    assert shown(ask(index, SAME, network="vpc-2"), "host.id") == ("i-2",)


def test_a_cluster_reaches_its_vpc_its_sisters_and_what_the_vpc_is_joined_to_in_that_order() -> None:
    index = estate(_peering("vpc-1", "vpc-2"), overlay(3, "vpc-2"), other_pod(3, "10.244.9.3"))
    for n in (1, 2):
        assert shown(ask(index, "10.244.0.5", network=f"cluster-{n}"), "k8s.pod.name") == (f"pod-{n}",)
    for n in (1, 2, 3):
        assert shown(ask(index, f"10.244.9.{n}", network="cluster-1"), "k8s.pod.name") == (f"pod-{n}",)
        assert shown(ask(index, f"10.244.9.{n}", network="vpc-1"), "k8s.pod.name") == (f"pod-{n}",)
    assert shown(ask(index, SAME, network="cluster-1"), "host.id") == ("i-1",)
    assert shown(ask(index, "10.9.2.1", network="cluster-1"), "cloud.vpc.id") == ("vpc-2",)
    assert ask(index, "10.244.0.5", network="vpc-1").candidates != []


def test_a_cluster_that_is_in_no_known_vpc_is_alone() -> None:
    index = build(vpc("vpc-1"), vm("i-1", "10.0.0.5"), overlay(1), other_pod(1, "10.244.0.5"))
    assert ask(index, "10.0.0.5", network="cluster-1").match is None
    assert ask(index, "10.244.0.5", network="vpc-1").match is None


def test_a_cluster_is_in_the_vpc_that_the_vms_of_its_nodes_are_in() -> None:
    index = build(
        vpc("vpc-1", "10.0.0.0/16"),
        vm("i-1", "10.0.0.1"),
        Cluster(source="k8s", id="cluster-1"),
        node("node-1", "10.0.0.1", provider_id="aws:///a/i-1"),
        pod("native", "10.0.0.9"),
        pod("overlay", "10.244.0.5"),
    )
    assert ask(index, "10.0.0.9").network == "vpc-1"
    assert ask(index, "10.244.0.5").network == "cluster-1"
    assert shown(ask(index, "10.244.0.5", network="vpc-1"), "k8s.pod.name", "cloud.vpc.id") == ("overlay", "vpc-1")


@pytest.mark.parametrize("network", [None, "vpc-1", "cluster-1", "internet"])
def test_the_internet_is_reached_from_everywhere_last(network: str | None) -> None:
    index = estate(PublicIp(source="cloud", id="eip-1", ip="8.8.8.8"))
    assert ask(index, "8.8.8.8", network=network).network == "internet"


def test_a_longer_prefix_is_the_nearer_one_and_an_address_nearer_than_any() -> None:
    index = build(
        vpc("vpc-1", "10.0.0.0/8", "fd00::/32"),
        Subnet(source="cloud", id="wide", vpc="vpc-1", cidrs=("10.0.0.0/16", "fd00::/48")),
        Subnet(source="cloud", id="narrow", vpc="vpc-1", cidrs=("10.0.1.0/24", "fd00::/64")),
        vm("i-1", "10.0.1.5", "fd00::5"),
    )
    for address, found in [
        ("10.0.1.5", ("i-1", "narrow", "vpc-1", "ip")),
        ("10.0.1.6", (None, "narrow", "vpc-1", "prefix")),
        ("10.0.2.1", (None, "wide", "vpc-1", "prefix")),
        ("10.1.0.1", (None, None, "vpc-1", "prefix")),
        ("fd00::5", ("i-1", "narrow", "vpc-1", "ip")),
        ("fd00::6", (None, "narrow", "vpc-1", "prefix")),
        ("fd00:0:0:1::1", (None, "wide", "vpc-1", "prefix")),
        ("fd00:0:1::1", (None, None, "vpc-1", "prefix")),
    ]:
        tags = ("host.id", "cloud.subnet.id", "cloud.vpc.id", "tagweave.match")
        assert shown(ask(index, address, network="vpc-1"), *tags) == found


def test_ranges_of_two_networks_that_hold_an_address_are_ambiguous_however_long_they_are() -> None:
    index = build(vpc("vpc-1", "10.0.0.0/16"), vpc("vpc-2", "10.0.1.0/24"))
    assert [c.id for c in ask(index, "10.0.1.5").candidates] == ["vpc-1", "vpc-2"]
    assert shown(ask(index, "10.0.1.5", network="vpc-1"), "cloud.vpc.id") == ("vpc-1",)


def test_a_range_counts_only_while_it_is_the_subnets() -> None:
    def subnet(cidr: str) -> Subnet:
        return Subnet(source="cloud", id="s-1", vpc="vpc-1", cidrs=(cidr,))

    index = build(vpc("vpc-1"), Held(subnet("10.0.0.0/24"), 0, 50), Held(subnet("10.0.1.0/24"), 50))
    for address, found in (("10.0.0.5", ["s-1", None]), ("10.0.1.5", [None, "s-1"])):
        assert [shown(ask(index, address, at=at), "cloud.subnet.id")[0] for at in (49, 50)] == found


def test_one_vpc_that_two_sources_list_is_two_networks_unless_one_is_named() -> None:
    index = build(vpc("vpc-1"), vpc("vpc-1", source="cloud-2"), vm("i-1", SAME), vm("i-1", SAME, source="cloud-2"))
    assert ask(index, SAME).match is None
    assert ask(index, SAME, network="cloud-2/vpc-1").match is not None


def test_a_look_up_at_the_time_of_a_record_says_the_same_in_every_network() -> None:
    moved = Interface(private_ips=(SAME,))
    index = build(
        vpc("vpc-1"), vpc("vpc-2"),
        Held(vm("i-1", interfaces=(moved,)), 0, 50), Held(vm("i-1", vpc="vpc-2", interfaces=(moved,)), 50),
    )  # fmt: skip
    assert [ask(index, SAME, at=at).network for at in (49, 51)] == ["vpc-1", "vpc-2"]
    assert [h.network for h in index.history(SAME)] == ["vpc-1", "vpc-2"]
    assert index.lookup(SAME, at=minute(51), network="vpc-1").match is None
