"""What an address belongs to: up from its owner, through a node's providerID to its VM, to VPC and region."""

from typing import Final

import pytest

from tagweave.model import (
    VM,
    Attachment,
    AvailabilityZone,
    Cen,
    Cluster,
    Host,
    Interface,
    LoadBalancer,
    NatGateway,
    NetworkInterface,
    PeeringConnection,
    PeeringEnd,
    PublicIp,
    Rds,
    Region,
    ReplicaSet,
    Resource,
    Router,
    SecurityGroup,
    Subnet,
    Workload,
)
from tagweave.tags import TagIndex

from .estates import Held, ask, build, cluster, minute, namespace, node, pod, service, shown, vm, vpc

AZURE_VM: Final = (
    "/subscriptions/5d0e/resourcegroups/mc_shop/providers/microsoft.compute"
    "/virtualmachinescalesets/pool/virtualmachines/0"
)
AZURE_ONE: Final = "/subscriptions/5d0e/resourcegroups/r/virtualmachines/web"
PROVIDER_IDS: Final = [
    ("aws", "aws:///eu-west-1a/i-0abc", "i-0abc"),
    ("azure, of a scale set", f"azure://{AZURE_VM.replace('microsoft.compute', 'Microsoft.Compute')}", AZURE_VM),
    ("azure, of one machine", "azure:///subscriptions/5d0e/resourceGroups/R/virtualMachines/web", AZURE_ONE),
    ("aliyun", "cn-hangzhou.i-bp1abc", "i-bp1abc"),
    ("aliyun, with its scheme", "alicloud://cn-hangzhou.i-bp1abc", "i-bp1abc"),
    ("tencent", "qcloud:///100003/ins-1abc", "ins-1abc"),
    ("huawei", "huaweicloud://0b5c3a3e-5b0c-4a3f-9a55-7f3f3e1b2c10", "0b5c3a3e-5b0c-4a3f-9a55-7f3f3e1b2c10"),
    ("huawei, bare", "0b5c3a3e-5b0c-4a3f-9a55-7f3f3e1b2c10", "0b5c3a3e-5b0c-4a3f-9a55-7f3f3e1b2c10"),
    ("volcengine", "volcengine://cn-beijing/i-ycabc", "i-ycabc"),
    ("volcengine, dotted", "volcengine://cn-beijing-a.i-ycabc", "i-ycabc"),
    ("baidu", "cce://i-QGUcXDdM", "i-QGUcXDdM"),
    ("qingcloud", "qingcloud://i-abcd1234", "i-abcd1234"),
    ("openstack", "openstack:///0b5c3a3e-5b0c", "0b5c3a3e-5b0c"),
]  # fmt: skip
UP: Final = ("k8s.node.name", "host.id", "cloud.availability_zone", "cloud.vpc.id", "cloud.region")


@pytest.mark.parametrize(("provider_id", "native"), [p[1:] for p in PROVIDER_IDS], ids=[p[0] for p in PROVIDER_IDS])
def test_a_pod_goes_up_through_its_nodes_provider_id_to_vm_vpc_and_region(provider_id: str, native: str) -> None:
    index = build(
        vpc("vpc-1", "10.0.0.0/16"),
        vm(native, "10.0.0.1"),
        vm("another", "10.0.0.2"),
        cluster(),
        node("node-1", "10.0.0.1", provider_id=provider_id),
        pod("front", "10.244.0.5"),
    )
    for address in ("10.244.0.5", "10.0.0.1"):
        assert shown(ask(index, address), *UP) == ("node-1", native, "eu-1a", "vpc-1", "eu-1")


def test_a_provider_id_that_several_sources_list_is_that_of_the_clusters_own_cloud_or_nobodys() -> None:
    twice = [vm("i-1", "10.0.0.1"), vm("i-1", "10.0.0.1", source="cloud-2", vpc="vpc-2")]
    there = node("node-1", "192.168.0.1", provider_id="aws:///a/i-1")
    assert shown(ask(build(*twice, cluster(), there), "192.168.0.1"), "host.id") == (None,)
    chosen = Cluster(source="k8s", id="cluster-1", cloud_source="cloud-2")
    answer = ask(build(*twice, chosen, there), "192.168.0.1")
    assert shown(answer, "host.id", "cloud.vpc.id") == ("i-1", "vpc-2")


def test_a_provider_id_of_no_listed_vm_leaves_the_node_a_node() -> None:
    for provider_id in ("", "kind://docker/kind/kind-control-plane", "aws:///a/i-gone", "://", "/"):
        index = build(vm("i-1"), cluster(), node("node-1", "192.168.0.1", provider_id=provider_id))
        assert shown(ask(index, "192.168.0.1"), *UP) == ("node-1", None, None, None, None)


def test_a_node_that_came_back_on_another_vm_is_on_each_in_its_time() -> None:
    def on(machine: str) -> Resource:
        return node("node-1", "192.168.0.1", provider_id=f"aws:///a/{machine}")

    index = build(vm("i-1"), vm("i-2"), cluster(), Held(on("i-1"), 0, 50), Held(on("i-2"), 50), pod("p", "10.244.0.5"))
    for address in ("192.168.0.1", "10.244.0.5"):
        assert [shown(ask(index, address, at=at), "host.id") for at in (49, 50)] == [("i-1",), ("i-2",)]


def two_vpcs(home: str = "") -> TagIndex:
    """A cluster with a node in each of two VPCs, the first of which is in a transit network."""
    return build(
        vpc("vpc-1", "10.1.0.0/16"),
        vpc("vpc-2", "10.2.0.0/16"),
        Cen(source="cloud", id="cen-1", attachments=(Attachment("vpc", "vpc-1"),)),
        vm("i-1", "10.1.0.1"),
        vm("i-2", "10.2.0.1", vpc="vpc-2", az="eu-1b"),
        cluster(home),
        namespace(),
        node("node-1", "10.1.0.1", provider_id="aws:///a/i-1"),
        node("node-2", "10.2.0.1", provider_id="aws:///b/i-2"),
        Workload(source="k8s", id="w", name="w", cluster="cluster-1", namespace="web", type="Deployment"),
        pod("one", "10.1.0.5", workload="w"),
        pod("two", "10.2.0.5", node="node-2", workload="w"),
        pod("overlay", "10.244.0.5", node="node-2", workload="w"),
    )


@pytest.mark.parametrize("home", ["", "vpc-1"])
def test_in_a_cluster_of_several_vpcs_everything_is_in_the_vpc_of_its_own_node(home: str) -> None:
    index = two_vpcs(home)
    tags = ("cloud.vpc.id", "host.id", "cloud.availability_zone", "cloud.cen.id")
    one, two = ("vpc-1", "i-1", "eu-1a", "cen-1"), ("vpc-2", "i-2", "eu-1b", None)
    for address, found in [("10.1.0.1", one), ("10.1.0.5", one), ("10.2.0.1", two), ("10.2.0.5", two)]:
        for network in (None, "cluster-1", found[0], "node-1"):
            answer = ask(index, address, network=network)
            assert answer.network == found[0]
            assert shown(answer, *tags) == found
    assert shown(ask(index, "10.244.0.5"), *tags) == two
    assert ask(index, "10.244.0.5").network == "cluster-1"


def test_everything_a_vm_refers_to_is_its_tag() -> None:
    cards = (
        Interface(id="eni-1", subnet="s-1", private_ips=("10.0.1.5",), security_groups=("sg-b", "sg-a")),
        Interface(id="eni-2", subnet="s-2", private_ips=("10.0.2.5",), security_groups=("sg-c",)),
    )
    index = build(
        Region(source="cloud", id="eu-1", name="Europe"),
        AvailabilityZone(source="cloud", id="eu-1a", region="eu-1"),
        vpc("vpc-1", "10.0.0.0/16"),
        Router(source="cloud", id="rtb-1", name="main", vpc="vpc-1", subnets=("s-1",)),
        Subnet(source="cloud", id="s-1", name="front", vpc="vpc-1", cidrs=("10.0.1.0/24",)),
        Subnet(source="cloud", id="s-2", name="back", vpc="vpc-1", cidrs=("10.0.2.0/24",), router="rtb-2"),
        *(SecurityGroup(source="cloud", id=f"sg-{x}", name=x) for x in "abc"),
        Host(source="cloud", id="host-1", name="rack 7"),
        VM(
            source="cloud", id="i-1", name="web", az="eu-1a", vpc="vpc-1", host="host-1", instance_type="m5.large",
            interfaces=cards,
        ),
    )  # fmt: skip
    tags = ("host.id", "host.name", "host.type", "cloud.host.name", "cloud.region", "cloud.availability_zone")
    paths = ("cloud.vpc.name", "cloud.subnet.name", "cloud.router.id", "cloud.security_group.name")
    same = ("i-1", "web", "m5.large", "rack 7", "eu-1", "eu-1a", "name of vpc-1")
    assert shown(ask(index, "10.0.1.5"), *tags, *paths) == (*same, "front", "rtb-1", "a,b")
    assert shown(ask(index, "10.0.2.5"), *tags, *paths) == (*same, "back", "rtb-2", "c")
    by_name = index.lookup("i-1", at=minute(100))
    assert shown(by_name, *tags, *paths) == (*same, None, None, "a,b,c")


def test_what_nobody_listed_is_still_a_tag_by_the_id_that_refers_to_it() -> None:
    index = build(vm("i-1", "10.0.0.5", host="host-9"), pod("front", "10.244.0.5", replica_set="rs-9", workload="w-9"))
    assert shown(ask(index, "10.0.0.5"), "cloud.vpc.id", "cloud.vpc.name", "cloud.host.id", "cloud.region") == (
        "vpc-1",
        None,
        "host-9",
        "eu-1",
    )
    found = shown(
        ask(index, "10.244.0.5"), "k8s.cluster.uid", "k8s.namespace.name", "k8s.node.name", "k8s.replicaset.uid"
    )
    assert found == ("cluster-1", "web", "node-1", "rs-9")


def test_a_chain_of_owners_ends_at_the_top_and_keeps_every_workload_on_the_way() -> None:
    inside = {"source": "k8s", "cluster": "cluster-1", "namespace": "web"}
    index = build(
        cluster(),
        Workload(**inside, id="cron", name="nightly", type="CronJob"),
        Workload(**inside, id="job", name="nightly-1", type="Job", owner="cron"),
        Workload(**inside, id="custom", name="graph", type="NebulaCluster"),
        Workload(**inside, id="sts", name="graph-storage", type="StatefulSet", owner="custom"),
        Workload(**inside, id="dep", name="front", type="Deployment"),
        ReplicaSet(**inside, id="rs", name="front-1", workload="dep"),
        pod("a", "10.244.0.1", workload="job"),
        pod("b", "10.244.0.2", workload="sts"),
        pod("c", "10.244.0.3", workload="dep", replica_set="rs"),
        pod("d", "10.244.0.4"),
    )
    top = ("k8s.workload.kind", "k8s.workload.name")
    assert shown(ask(index, "10.244.0.1"), *top, "k8s.job.name", "k8s.cronjob.name") == (
        "CronJob", "nightly", "nightly-1", "nightly",
    )  # fmt: skip
    assert shown(ask(index, "10.244.0.2"), *top, "k8s.statefulset.name", "k8s.statefulset.uid") == (
        "NebulaCluster", "graph", "graph-storage", "sts",
    )  # fmt: skip
    assert shown(ask(index, "10.244.0.3"), *top, "k8s.deployment.name", "k8s.replicaset.name") == (
        "Deployment", "front", "front", "front-1",
    )  # fmt: skip
    assert shown(ask(index, "10.244.0.4"), *top) == (None, None)


def test_owners_that_own_each_other_are_no_endless_chain() -> None:
    inside = {"source": "k8s", "cluster": "cluster-1", "namespace": "web", "type": "Deployment"}
    a, b = (Workload(**inside, id=one, name=one, owner=other) for one, other in ("ab", "ba"))
    assert shown(ask(build(a, b, pod("p", "10.244.0.1", workload="a")), "10.244.0.1"), "k8s.pod.name") == ("p",)


@pytest.mark.parametrize(
    ("column", "joining"),
    [
        ("cloud.cen.id", Cen(source="cloud", id="it", attachments=(Attachment("vpc", "vpc-1"),))),
        (
            "cloud.peering_connection.id",
            PeeringConnection(source="cloud", id="it", state="active", vpcs=(PeeringEnd(vpc="vpc-1"),)),
        ),
        ("cloud.router.id", Router(source="cloud", id="it", vpc="vpc-1", subnets=("s-1",))),
    ],
)
def test_what_joins_a_vpc_or_routes_a_subnet_is_a_tag_for_as_long_as_it_does(column: str, joining: Resource) -> None:
    front = Subnet(source="cloud", id="s-1", vpc="vpc-1", cidrs=("10.0.0.0/24",))
    index = build(
        vpc("vpc-1", "10.0.0.0/16"), front, vm("i-1", "10.0.0.5"),
        cluster("vpc-1"), pod("p", "10.0.0.7"), Held(joining, 0, 50),
    )  # fmt: skip
    for address in ("10.0.0.5", "10.0.0.7", "10.0.0.99"):
        assert [shown(ask(index, address, at=at), column) for at in (49, 50)] == [("it",), (None,)]


def test_a_peering_is_a_tag_only_while_it_is_active() -> None:
    def peering(state: str) -> PeeringConnection:
        return PeeringConnection(source="cloud", id="pcx-1", state=state, vpcs=(PeeringEnd(vpc="vpc-1"),))

    index = build(
        vpc("vpc-1", "10.0.0.0/16"),
        vm("i-1", "10.0.0.5"),
        Held(peering("pending-acceptance"), 0, 20),
        Held(peering("active"), 20, 40),
        Held(peering("deleted"), 40),
    )
    found = [shown(ask(index, "10.0.0.5", at=at), "cloud.peering_connection.id")[0] for at in (10, 30, 50)]
    assert found == [None, "pcx-1", None]


def test_one_subnet_of_a_resource_is_its_subnet_and_of_several_the_one_its_address_lies_in() -> None:
    subnets = [
        Subnet(source="cloud", id=f"s-{n}", vpc="vpc-1", az=f"eu-1{'ab'[n - 1]}", cidrs=(f"10.0.{n}.0/24",))
        for n in (1, 2)
    ]
    common = {"source": "cloud", "region": "eu-1", "vpc": "vpc-1"}
    index = build(
        vpc("vpc-1", "10.0.0.0/16"),
        *subnets,
        NatGateway(**common, id="nat-1", subnets=("s-1",), public_ips=("8.8.8.8",)),
        LoadBalancer(**common, id="lb-1", subnets=("s-1", "s-2"), ips=("10.0.2.9", "8.8.4.4")),
        Rds(**common, id="rds-1", subnets=("s-2",), ips=("192.168.0.9",)),
    )
    tags = ("cloud.subnet.id", "cloud.availability_zone")
    assert shown(ask(index, "8.8.8.8"), *tags) == ("s-1", "eu-1a")
    assert shown(ask(index, "10.0.2.9"), *tags) == ("s-2", "eu-1b")
    assert shown(ask(index, "8.8.4.4"), *tags) == (None, None)
    assert shown(ask(index, "192.168.0.9"), *tags) == ("s-2", "eu-1b")


@pytest.mark.parametrize(
    ("kind", "tag"),
    [
        ("vm", "host.id"),
        ("load_balancer", "cloud.load_balancer.id"),
        ("nat_gateway", "cloud.nat_gateway.id"),
        ("rds", "cloud.rds.id"),
        ("redis", "cloud.redis.id"),
    ],
)
def test_an_address_that_is_attached_to_something_is_that_things(kind: str, tag: str) -> None:
    bound = {"attached_kind": kind, "attached": "thing-1"}
    index = build(
        PublicIp(source="cloud", id="eip-1", ip="8.8.8.8", **bound),
        NetworkInterface(source="cloud", id="eni-1", vpc="vpc-1", private_ips=("10.0.0.5",), **bound),
        PublicIp(source="cloud", id="eip-2", ip="8.8.4.4", attached_kind="network_interface", attached="eni-1"),
        PublicIp(source="cloud", id="eip-3", ip="1.1.1.1", attached_kind="firewall", attached="fw-1"),
        PublicIp(source="cloud", id="eip-4", ip="9.9.9.9"),
    )
    instance = ("tagweave.instance.type", "tagweave.instance.id")
    for address in ("8.8.8.8", "10.0.0.5", "8.8.4.4"):
        answer = ask(index, address)
        assert shown(answer, tag, *instance) == ("thing-1", kind, "thing-1")
    for address, loose in (("1.1.1.1", "eip-3"), ("9.9.9.9", "eip-4")):
        assert shown(ask(index, address), tag, *instance) == (None, "public_ip", loose)


def test_a_cluster_that_names_its_region_is_in_it_though_its_vpc_is_not_known() -> None:
    managed = Cluster(source="k8s", id="cluster-1", name="shop", cloud_source="cloud", region="eu-1")
    index = build(managed, pod("front", "10.244.0.5"), service("svc", cluster_ips=("10.96.0.1",)))
    for address in ("10.244.0.5", "10.96.0.1"):
        assert shown(ask(index, address), "cloud.region") == ("eu-1",)
