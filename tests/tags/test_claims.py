"""The claim table: what of each kind is an address of it, in which network, and who has it before whom."""

from typing import Final

import pytest

from tagweave.model import (
    VM,
    Cluster,
    Host,
    Ingress,
    Interface,
    LoadBalancer,
    NatGateway,
    NetworkInterface,
    PublicIp,
    Rds,
    Redis,
    Resource,
    Subnet,
)
from tagweave.model.addresses import pack
from tagweave.tags import NETWORK_UNNAMED, Weaver
from tagweave.tags.claims import ADDRESS_RULES, PREFIX_RULES

from .estates import (
    Held,
    ask,
    build,
    cluster,
    ends,
    minute,
    named,
    namespace,
    node,
    pod,
    service,
    shown,
    vm,
    vpc,
    woven,
)

INTERNET, VPC, CLUSTER = "internet", "vpc-1", "cluster-1"
CLOUD: Final = {"source": "cloud", "id": "it", "name": "it"}
IN_VPC: Final = {**CLOUD, "region": "eu-1", "vpc": "vpc-1"}
INSIDE: Final = {"source": "k8s", "id": "it", "name": "it", "cluster": "cluster-1", "namespace": "web"}


def two_cards() -> VM:
    cards = (
        Interface(id="eni-1", private_ips=("10.0.0.5", "fd00:1::5"), public_ips=("198.18.0.1", "2a05:d01c::5")),
        Interface(id="eni-2", private_ips=("10.0.9.5",), public_ips=("8.8.4.4",)),
    )
    return VM(**IN_VPC, interfaces=cards)


CLAIMED: Final[list[tuple[Resource, str, dict[str, str]]]] = [
    (pod("it", "10.244.0.5", "fd00:244::5"), "pod.ips", {"10.244.0.5": CLUSTER, "fd00:244::5": CLUSTER}),
    (pod("it", "10.0.7.5"), "pod.ips", {"10.0.7.5": VPC}),
    (node("it", "192.168.0.5", "8.8.8.8"), "node.ips", {"192.168.0.5": CLUSTER, "8.8.8.8": INTERNET}),
    (node("it", "10.0.7.5", "fd00:1::7"), "node.ips", {"10.0.7.5": VPC, "fd00:1::7": VPC}),
    (
        service("it", cluster_ips=("10.96.0.1", "fd00:96::1"), id="it"),
        "service.cluster_ips",
        {"10.96.0.1": CLUSTER, "fd00:96::1": CLUSTER},
    ),
    (
        service("it", external_ips=("8.8.8.8", "192.168.9.9"), id="it"),
        "service.external_ips",
        {"8.8.8.8": INTERNET, "192.168.9.9": CLUSTER},
    ),
    (
        service("it", load_balancer_ips=("8.8.8.8", "10.0.7.9"), id="it"),
        "service.load_balancer_ips",
        {"8.8.8.8": INTERNET, "10.0.7.9": VPC},
    ),
    (
        Ingress(**INSIDE, load_balancer_ips=("8.8.8.8", "2001:4860::8")),
        "ingress.load_balancer_ips",
        {"8.8.8.8": INTERNET, "2001:4860::8": INTERNET},
    ),
    (Rds(**IN_VPC, ips=("10.0.7.1", "8.8.8.8")), "rds.ips", {"10.0.7.1": VPC, "8.8.8.8": INTERNET}),
    (Redis(**IN_VPC, ips=("10.0.7.1",)), "redis.ips", {"10.0.7.1": VPC}),
    (NatGateway(**IN_VPC, private_ips=("10.0.7.1",)), "nat_gateway.private_ips", {"10.0.7.1": VPC}),
    (NatGateway(**IN_VPC, public_ips=("8.8.8.8",)), "nat_gateway.public_ips", {"8.8.8.8": INTERNET}),
    (LoadBalancer(**IN_VPC, ips=("10.0.7.1", "8.8.8.8")), "load_balancer.ips", {"10.0.7.1": VPC, "8.8.8.8": INTERNET}),
    (
        two_cards(),
        "vm.interfaces.private_ips",
        {"10.0.0.5": VPC, "fd00:1::5": VPC, "10.0.9.5": VPC},
    ),
    (two_cards(), "vm.interfaces.public_ips", {"8.8.4.4": INTERNET, "2a05:d01c::5": INTERNET}),
    (Host(**CLOUD, ips=("172.31.0.1",)), "host.ips", {"172.31.0.1": "cloud"}),
    (
        NetworkInterface(**IN_VPC, private_ips=("10.0.7.1", "fd00:1::9")),
        "network_interface.private_ips",
        {"10.0.7.1": VPC, "fd00:1::9": VPC},
    ),
    (NetworkInterface(**IN_VPC, public_ips=("8.8.8.8",)), "network_interface.public_ips", {"8.8.8.8": INTERNET}),
    (PublicIp(**CLOUD, ip="8.8.8.8"), "public_ip.ip", {"8.8.8.8": INTERNET}),
]
"""One of a kind, the row of the claim table it stands for, and its addresses with their networks."""

RANGES: Final[list[tuple[Resource, str, str, str]]] = [
    (node("it", pod_cidrs=("10.244.3.0/24", "fd00:244:3::/64")), "node.pod_cidrs", "10.244.3.9", CLUSTER),
    (node("it", pod_cidrs=("10.244.3.0/24", "fd00:244:3::/64")), "node.pod_cidrs", "fd00:244:3::9", CLUSTER),
    (node("it", pod_cidrs=("10.0.3.0/24",)), "node.pod_cidrs", "10.0.3.9", VPC),
    (Subnet(**IN_VPC, cidrs=("10.0.3.0/24", "fd00:1:3::/64")), "subnet.cidrs", "10.0.3.9", VPC),
    (Subnet(**IN_VPC, cidrs=("10.0.3.0/24", "fd00:1:3::/64")), "subnet.cidrs", "fd00:1:3::9", VPC),
    (vpc("vpc-2", "10.2.0.0/16", "fd00:2::/48"), "vpc.cidrs", "10.2.9.9", "vpc-2"),
    (vpc("vpc-2", "10.2.0.0/16", "fd00:2::/48"), "vpc.cidrs", "fd00:2::9", "vpc-2"),
]


def estate(it: Resource, *more: Resource | Held) -> list[Resource | Held]:
    return [vpc("vpc-1", "10.0.0.0/16", "fd00:1::/48"), cluster("vpc-1"), namespace(), it, *more]


@pytest.mark.parametrize(("it", "rule", "addresses"), CLAIMED, ids=[f"{r}-{n}" for n, (_, r, _) in enumerate(CLAIMED)])
def test_an_address_of_a_kind_is_that_resource_in_its_network(
    it: Resource, rule: str, addresses: dict[str, str]
) -> None:
    index = build(*estate(it))
    kind, _, _ = rule.partition(".")
    for address, network in addresses.items():
        for asked in (None, network):
            answer = ask(index, address, network=asked)
            assert answer.match is not None, address
            assert (answer.match.rule, answer.match.kind, answer.match.id) == ("ip", kind, it.id)
            assert answer.network == network


@pytest.mark.parametrize(("it", "rule", "address", "network"), RANGES)
def test_a_range_of_a_kind_holds_its_addresses_by_prefix(it: Resource, rule: str, address: str, network: str) -> None:
    index = build(*estate(it))
    kind, _, _ = rule.partition(".")
    for asked in (None, network):
        answer = ask(index, address, network=asked)
        assert answer.match is not None
        assert (answer.match.rule, answer.match.kind, answer.match.id) == ("prefix", kind, it.id)
        assert answer.network == network
        assert shown(answer, "tagweave.instance.type", "tagweave.instance.name") == ("ip", address)


def test_every_row_of_the_claim_table_is_held_here() -> None:
    tried = {rule for _, rule, _ in CLAIMED} | {rule for _, rule, _, _ in RANGES}
    assert tried == {f"{rule.kind}.{rule.field}" for rule in (*ADDRESS_RULES, *PREFIX_RULES)}


@pytest.mark.parametrize(
    ("kinds", "winner"),
    [
        (("pod", "vm"), "pod"),
        (("node", "vm"), "node"),
        (("vm", "public_ip"), "vm"),
        (("nat_gateway", "network_interface", "public_ip"), "nat_gateway"),
        (("load_balancer", "network_interface"), "load_balancer"),
        (("rds", "network_interface"), "rds"),
        (("redis", "network_interface"), "redis"),
        (("service", "load_balancer"), "service"),
        (("service", "ingress", "load_balancer"), "service"),
    ],
)
def test_of_two_owners_the_nearer_one_has_the_address_and_knows_of_the_other(
    kinds: tuple[str, ...], winner: str
) -> None:
    public = "8.8.8.8" if kinds[-1] == "public_ip" or "service" in kinds else "10.0.7.7"
    ids = {"source": "cloud", "name": "", "region": "eu-1"}
    held = {
        "pod": pod("p", public),
        "node": node("node-1", public),
        "vm": vm("i-1", interfaces=(Interface(private_ips=("10.0.7.7",), public_ips=("8.8.8.8",)),)),
        "public_ip": PublicIp(**ids, id="eip-1", ip=public),
        "nat_gateway": NatGateway(**ids, id="nat-1", vpc="vpc-1", public_ips=(public,)),
        "network_interface": NetworkInterface(
            **ids, id="eni-1", vpc="vpc-1", private_ips=("10.0.7.7",), public_ips=("8.8.8.8",)
        ),
        "load_balancer": LoadBalancer(**ids, id="lb-1", vpc="vpc-1", ips=(public,)),
        "rds": Rds(**ids, id="rds-1", vpc="vpc-1", ips=(public,)),
        "redis": Redis(**ids, id="redis-1", vpc="vpc-1", ips=(public,)),
        "service": service("svc", load_balancer_ips=(public,)),
        "ingress": Ingress(source="k8s", id="ing-1", cluster="cluster-1", load_balancer_ips=(public,)),
    }
    for order in (kinds, kinds[::-1]):
        index = build(vpc("vpc-1", "10.0.0.0/16"), cluster("vpc-1"), *(held[kind] for kind in order))
        answer = ask(index, public)
        assert answer.match is not None
        assert (answer.match.kind, answer.match.disputed) == (winner, False)
        assert answer.network is not None
        held_as = index.held(128, pack(public), index.networks.named(answer.network))[0].tagset
        assert {kind for kind in kinds if index.tagsets.row(held_as).get(kind)} == set(kinds)


def test_an_address_that_is_written_as_ipv6_is_its_ipv4_address() -> None:
    index = build(*estate(pod("it", "::ffff:10.244.0.5"), vm("i-1", "10.0.7.7")))
    for address in ("10.244.0.5", "::ffff:10.244.0.5", "::ffff:af4:5", "::FFFF:10.244.0.5"):
        assert shown(ask(index, address), "k8s.pod.name") == ("it",)
    assert shown(ask(index, "::ffff:10.0.7.7"), "host.id") == ("i-1",)
    assert shown(ask(index, "::ffff:10.0.9.9"), "cloud.vpc.id", "tagweave.match") == ("vpc-1", "prefix")


@pytest.mark.parametrize(
    "address",
    ["127.0.0.1", "0.0.0.0", "169.254.169.254", "224.0.0.1", "255.255.255.255", "::", "::1", "fe80::1", "ff02::1"],
)
def test_addresses_that_belong_to_nobody_are_said_to_be_special(address: str) -> None:
    for network in (None, "vpc-1", "cluster-1"):
        answer = ask(build(*estate(vm("i-1", "10.0.7.7"))), address, network=network)
        assert answer.reason is not None
        assert answer.reason.startswith("special_address: ")


def test_an_ipv6_address_of_the_internet_is_the_same_from_inside_and_outside_and_never_ambiguous() -> None:
    inside = "2a05:d01c:1::5"
    both = Interface(private_ips=(inside,), public_ips=(inside,), subnet="s-1")
    index = build(
        vpc("vpc-1", "10.0.0.0/16", "2a05:d01c:1::/56"),
        vpc("vpc-2", "10.2.0.0/16"),
        Subnet(source="cloud", id="s-1", vpc="vpc-1", az="eu-1a", cidrs=("2a05:d01c:1::/64",)),
        cluster("vpc-1"),
        vm("i-1", interfaces=(both,)),
        pod("front", "2a05:d01c:1::7"),
        LoadBalancer(**IN_VPC, ips=("2a05:d01c:1::9",)),
    )
    for address, kind in ((inside, "vm"), ("2a05:d01c:1::7", "pod"), ("2a05:d01c:1::9", "load_balancer")):
        for network in (None, "vpc-1", "vpc-2", "cluster-1", "internet"):
            answer = ask(index, address, network=network)
            assert answer.match is not None, (address, network)
            assert answer.match.kind == kind
            assert answer.tags["cloud.subnet.id"] == "s-1"


def test_a_public_ipv4_range_that_a_vpc_uses_inside_is_the_vpcs_alone() -> None:
    index = build(
        vpc("vpc-1", "11.0.0.0/16"),
        vpc("vpc-2", "10.2.0.0/16"),
        cluster("vpc-1"),
        node("node-1", "11.0.0.5"),
        Rds(**IN_VPC, ips=("11.0.0.9",)),
    )
    for address, kind in (("11.0.0.5", "node"), ("11.0.0.9", "rds")):
        answer = ask(index, address, network="vpc-1")
        assert answer.match is not None
        assert (answer.match.kind, answer.network) == (kind, "vpc-1")
        assert woven(index, address, network="vpc-2")[0] == "out_of_reach"


# ---- names


def test_every_name_of_a_resource_means_it() -> None:
    machine = vm("i-1", interfaces=(Interface(mac="02:00:00:00:00:0a", private_ips=("10.0.7.7",)),), name="web-1")
    card = NetworkInterface(**CLOUD, mac="02:00:00:00:00:0b")
    index = build(*estate(pod("front", "10.244.0.5"), machine, card, node("node-1", hostname="node-1.local")))
    for key, rule, kind in [
        ("uid-front", "pod_uid", "pod"),
        ("web/front", "pod_name", "pod"),
        ("shop/web/front", "pod_name", "pod"),
        ("cluster-1/web/front", "pod_name", "pod"),
        ("k8s/web/front", "pod_name", "pod"),
        ("container-front", "container_id", "pod"),
        ("i-1", "vm_id", "vm"),
        ("web-1", "host_name", "vm"),
        ("02-00-00-00-00-0A", "mac", "vm"),
        ("02:00:00:00:00:0b", "mac", "network_interface"),
        ("node-1", "host_name", "node"),
        ("node-1.local", "host_name", "node"),
        ("uid-node-1", "id", "node"),
        ("vpc-1", "id", "vpc"),
        ("uid-web", "id", "namespace"),
    ]:
        match = index.lookup(key, at=None).match
        assert match is not None, key
        assert (match.rule, match.kind) == (rule, kind), key


def test_a_name_means_who_bore_it_at_that_time() -> None:
    index = build(
        Held(vm("i-1", name="web"), 0, 50),
        Held(vm("i-1", name="old-web"), 50),
        Held(vm("i-2", name="web"), 60),
    )
    found = [index.lookup("web", at=minute(at)) for at in (40, 55, 70)]
    assert [one.match and one.match.id for one in found] == ["i-1", None, "i-2"]
    assert found[1].reason is not None
    assert found[1].reason.startswith("not_at_that_time")
    spans = [(h.id, h.since, h.until) for h in index.history("web")]
    assert spans == [("i-1", "2026-01-01T00:00:00Z", "2026-01-01T00:50:00Z"), ("i-2", "2026-01-01T01:00:00Z", None)]


def test_a_mac_address_goes_with_the_interface_that_moved() -> None:
    card = (Interface(id="eni-1", mac="02:00:00:00:00:0a"),)
    index = build(Held(vm("i-1", interfaces=card), 0, 50), Held(vm("i-1"), 50), Held(vm("i-2", interfaces=card), 50))
    found = [index.lookup("02:00:00:00:00:0a", at=minute(at)).match for at in (40, 60)]
    assert [one and one.id for one in found] == ["i-1", "i-2"]


def test_what_several_resources_are_named_at_once_is_ambiguous_with_its_candidates() -> None:
    other = pod("front", source="k8s-2", id="uid-2", cluster="cluster-2")
    index = build(cluster(), Cluster(source="k8s-2", id="cluster-2"), pod("front"), other)
    answer = index.lookup("web/front")
    assert answer.match is None
    assert [(c.network, c.id) for c in answer.candidates] == [("cluster-1", "uid-front"), ("cluster-2", "uid-2")]
    assert index.lookup("shop/web/front").match is not None
    assert index.lookup("web/front", network="cluster-1").match is not None


def test_ids_that_are_never_used_again_still_mean_what_is_gone() -> None:
    index = build(cluster(), Held(pod("front", "10.244.0.5"), 0, 50))
    for key, at in (("uid-front", 60), ("container-front", 60)):
        match = index.lookup(key, at=minute(at)).match
        assert match is not None
        assert match.until == "2026-01-01T00:50:00Z"
    assert index.lookup("web/front", at=None).match is None


def test_a_record_that_carries_a_name_is_what_it_means_whatever_its_address() -> None:

    index = build(cluster(), pod("front", "10.244.0.5"), pod("other", "10.244.0.6"))
    tags = ["k8s.pod.name", "k8s.container.name", "container.id", "tagweave.match"]
    for rule, key, found in [
        ("container_id", "container-other", ["other", "main", "container-other", "container_id"]),
        ("pod_uid", "uid-other", ["other", None, None, "pod_uid"]),
        ("pod_name", "web/other", ["other", None, None, "pod_name"]),
        ("pod_uid", "uid-unknown", ["front", None, None, "ip"]),
    ]:
        one = ends("10.244.0.5", 100, NETWORK_UNNAMED, None, "tcp", None)._replace(keys=named(rule, key))
        out = Weaver(index, tags).weave(one, "")
        assert [column.to_pylist()[0] for column in out.columns] == found
