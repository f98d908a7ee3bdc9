"""Every tag of the three vocabularies: its name, its value, and that there is no other."""

from typing import Final

import pytest

from tagweave.errors import ConfigError
from tagweave.index.opening import TagIndex
from tagweave.index.vocabulary import DEFAULTS, VOCABULARIES, all_tags, home_of, property_of, refusal
from tagweave.index.weave import Weaver

from .handmade import Estate, ask, ends, everything, piece, serves, woven

ACCOUNTS: Final = {"cloud": ("aws", "123456789012")}
GROUPS: Final = {"owner": ["k8s.namespace.label.team", "cloud.tag.env"], "service": ["k8s.pod.label.svc"]}

WORKLOADS: Final = {
    "Deployment": ("deployment", 130),
    "StatefulSet": ("statefulset", 131),
    "ReplicationController": ("replicationcontroller", 132),
    "DaemonSet": ("daemonset", 133),
    "CloneSet": ("cloneset", 135),
    "Job": ("job", 101),
    "CronJob": ("cronjob", 101),
    "CafeDeployment": ("cafedeployment", 101),
}
"""Types of workloads: their word in OpenTelemetry's names, and DeepFlow's code (101 is any workload)."""

POD, NODE, NAT, BALANCER, RDS, REDIS = "10.244.0.5", "10.0.1.5", "8.8.8.1", "8.8.8.2", "10.0.1.8", "10.0.1.9"
RACK, SVC = "172.31.0.1", "10.96.0.1"


def estate(kind: str = "Deployment") -> TagIndex:
    """A pod with everything above it, on a VM with everything above that; and one of each other cloud kind."""
    e = Estate()
    region = e.add("region", "eu-1")
    az = e.add("az", "eu-1a")
    cen = e.add("cen", "cen-1", "transit")
    peering = e.add("peering_connection", "pcx-1", "peering")
    vpc = e.add("vpc", "vpc-1", "name of vpc-1", cen=(cen,), peering_connection=(peering,))
    router = e.add("router", "rtb-1", "routes")
    subnet = e.add("subnet", "s-1", "front", router=router)
    group = e.add("security_group", "sg-1", "group")
    host = e.add("host", "host-1", "rack")
    vm = e.add("vm", "i-1", "web", type="m5.large", labels={"env": "prod"})
    nat = e.add("nat_gateway", "nat-1", "nat")
    balancer = e.add("load_balancer", "lb-1", "balancer")
    rds = e.add("rds", "rds-1", "orders")
    redis = e.add("redis", "redis-1", "cache")
    cluster = e.add("cluster", "cluster-1", "shop")
    namespace = e.add("namespace", "uid-web", "web", labels={"team": "shop"})
    node = e.add("node", "uid-node-1", "node-1", labels={"pool": "big"})
    workload = e.add("workload", f"uid-{kind}", f"a-{kind}", type=kind, labels={"tier": "front"})
    replicas = e.add("replica_set", "uid-rs", "front-1", type="ReplicaSet", labels={"rev": "1"})
    pod = e.add("pod", "uid-front", "front", ip=POD, started="2026-01-01T00:00:00Z", labels={"app": "a"})
    service = e.add("service", "uid-svc", "svc", labels={"exposed": "yes"})
    ingress = e.add("ingress", "uid-ing", "door", labels={"class": "x"})
    e.network(vpc, "vpc-1")
    e.network(cluster, "cluster-1")
    in_vpc = {"region": region, "az": az, "vpc": vpc}
    on_vm = {**in_vpc, "vm": vm, "host": host}
    inside = {**on_vm, "cluster": cluster}
    front = {"node": node, "namespace": namespace, "workload": workload, "workloads": (workload,), "pod": pod}
    front |= {**inside, "replica_set": replicas, "service": (service,), "ingress": (ingress,), "owner": pod}
    e.address(POD, cluster, piece(**front))
    e.address(NODE, vpc, piece(**inside, node=node, subnet=subnet, security_group=(group,), owner=node))
    e.address(RACK, vpc, piece(region=region, host=host, owner=host))
    e.address(NAT, 0, piece(region=region, vpc=vpc, nat_gateway=nat, owner=nat))
    e.address(BALANCER, 0, piece(region=region, vpc=vpc, load_balancer=balancer, owner=balancer))
    e.address(RDS, vpc, piece(**in_vpc, subnet=subnet, rds=rds, owner=rds))
    e.address(REDIS, vpc, piece(**in_vpc, subnet=subnet, redis=redis, owner=redis))
    of_service = {"cluster": cluster, "namespace": namespace, "service": (service,), "ingress": (ingress,)}
    e.address(SVC, cluster, piece(**of_service, owner=service, ports=[serves(service, 80)]))
    e.prefix("10.0.1.0/24", vpc, piece(region=region, az=az, vpc=vpc, subnet=subnet, owner=subnet))
    e.name("container_id", "c-1", cluster, piece(**front), label="main")
    return e.index(GROUPS, ACCOUNTS)


CLOUD: Final = {
    "cloud.region": (POD, "eu-1"),
    "cloud.availability_zone": (POD, "eu-1a"),
    "cloud.vpc.id": (POD, "vpc-1"),
    "cloud.vpc.name": (POD, "name of vpc-1"),
    "cloud.subnet.id": (NODE, "s-1"),
    "cloud.subnet.name": (NODE, "front"),
    "cloud.router.id": (NODE, "rtb-1"),
    "cloud.router.name": (NODE, "routes"),
    "cloud.security_group.id": (NODE, "sg-1"),
    "cloud.security_group.name": (NODE, "group"),
    "cloud.nat_gateway.id": (NAT, "nat-1"),
    "cloud.nat_gateway.name": (NAT, "nat"),
    "cloud.load_balancer.id": (BALANCER, "lb-1"),
    "cloud.load_balancer.name": (BALANCER, "balancer"),
    "cloud.peering_connection.id": (POD, "pcx-1"),
    "cloud.peering_connection.name": (POD, "peering"),
    "cloud.cen.id": (POD, "cen-1"),
    "cloud.cen.name": (POD, "transit"),
    "cloud.rds.id": (RDS, "rds-1"),
    "cloud.rds.name": (RDS, "orders"),
    "cloud.redis.id": (REDIS, "redis-1"),
    "cloud.redis.name": (REDIS, "cache"),
}
COMMON: Final = {
    "cloud.provider": (POD, "aws"),
    "cloud.account.id": (POD, "123456789012"),
    "tagweave.instance.type": (POD, "pod"),
    "tagweave.instance.id": (POD, "uid-front"),
    "tagweave.instance.name": (POD, "front"),
    "tagweave.service.type": (POD, "service"),
    "tagweave.service.id": (POD, "uid-svc"),
    "tagweave.service.name": (POD, "svc"),
    "tagweave.match": (POD, "ip"),
    "tagweave.match.age": (POD, "0"),
    "tagweave.match.disputed": (POD, "false"),
}
NAMES: Final[dict[str, dict[str, tuple[str, str]]]] = {
    "otel": {
        **CLOUD,
        **COMMON,
        "host.id": (POD, "i-1"),
        "host.name": (POD, "web"),
        "host.type": (POD, "m5.large"),
        "cloud.host.id": (POD, "host-1"),
        "cloud.host.name": (POD, "rack"),
        "k8s.cluster.name": (POD, "shop"),
        "k8s.cluster.uid": (POD, "cluster-1"),
        "k8s.node.name": (POD, "node-1"),
        "k8s.node.uid": (POD, "uid-node-1"),
        "k8s.namespace.name": (POD, "web"),
        "k8s.workload.kind": (POD, "Deployment"),
        "k8s.workload.name": (POD, "a-Deployment"),
        "k8s.replicaset.name": (POD, "front-1"),
        "k8s.replicaset.uid": (POD, "uid-rs"),
        "k8s.pod.name": (POD, "front"),
        "k8s.pod.uid": (POD, "uid-front"),
        "k8s.pod.ip": (POD, "10.244.0.5"),
        "k8s.pod.start_time": (POD, "2026-01-01T00:00:00Z"),
        "k8s.container.name": ("c-1", "main"),
        "container.id": ("c-1", "c-1"),
        "k8s.service.name": (POD, "svc"),
        "k8s.service.uid": (POD, "uid-svc"),
        "k8s.ingress.name": (POD, "door"),
        "k8s.ingress.uid": (POD, "uid-ing"),
    },
    "deepflow": {
        "region": (POD, "eu-1"),
        "az": (POD, "eu-1a"),
        "chost": (POD, "web"),
        "host": (POD, "rack"),
        "vpc": (POD, "name of vpc-1"),
        "subnet": (NODE, "front"),
        "router": (NODE, "routes"),
        "natgw": (NAT, "nat"),
        "lb": (BALANCER, "balancer"),
        "rds": (RDS, "orders"),
        "redis": (REDIS, "cache"),
        "pod_cluster": (POD, "shop"),
        "pod_node": (POD, "node-1"),
        "pod_ns": (POD, "web"),
        "pod_group": (POD, "a-Deployment"),
        "pod_group_type": (POD, "Deployment"),
        "pod": (POD, "front"),
        "pod_service": (POD, "svc"),
        "pod_ingress": (POD, "door"),
        "auto_instance": (POD, "front"),
        "auto_instance_type": (POD, "10"),
        "auto_service": (POD, "svc"),
        "auto_service_type": (POD, "11"),
    },
    "ecs": {
        **CLOUD,
        **COMMON,
        "cloud.instance.id": (POD, "i-1"),
        "cloud.instance.name": (POD, "web"),
        "cloud.machine.type": (POD, "m5.large"),
        "orchestrator.cluster.name": (POD, "shop"),
        "orchestrator.cluster.id": (POD, "cluster-1"),
        "kubernetes.node.name": (POD, "node-1"),
        "kubernetes.node.uid": (POD, "uid-node-1"),
        "orchestrator.namespace": (POD, "web"),
        "orchestrator.resource.parent.type": (POD, "Deployment"),
        "orchestrator.resource.parent.name": (POD, "a-Deployment"),
        "kubernetes.replicaset.name": (POD, "front-1"),
        "kubernetes.pod.name": (POD, "front"),
        "kubernetes.pod.uid": (POD, "uid-front"),
        "container.id": ("c-1", "c-1"),
        "container.name": ("c-1", "main"),
        "orchestrator.resource.name": (POD, "svc"),
    },
}
"""The table of tag names, as it is agreed: each name with a key that has it, and the value there."""

FAMILIES: Final = {
    "otel": {
        "k8s.pod.label.app": (POD, "a"),
        "k8s.namespace.label.team": (POD, "shop"),
        "k8s.node.label.pool": (POD, "big"),
        "k8s.service.label.exposed": (POD, "yes"),
        "k8s.ingress.label.class": (POD, "x"),
        "k8s.replicaset.label.rev": (POD, "1"),
        "k8s.workload.label.tier": (POD, "front"),
        "k8s.deployment.label.tier": (POD, "front"),
        "cloud.tag.env": (POD, "prod"),
    },
    "deepflow": {"k8s.label.app": (POD, "a"), "cloud.tag.env": (POD, "prod")},
    "ecs": {"kubernetes.labels.app": (POD, "a"), "cloud.tag.env": (POD, "prod")},
}


def of_workloads() -> set[str]:
    return {f"k8s.{word}.{part}" for word, _ in WORKLOADS.values() for part in ("name", "uid")}


@pytest.mark.parametrize("names", VOCABULARIES)
def test_a_vocabulary_has_the_names_of_the_table_and_no_others(names: str) -> None:
    expected = set(NAMES[names]) | (of_workloads() if names == "otel" else set())
    assert set(all_tags(names)) == expected
    assert set(DEFAULTS[names]) <= expected


@pytest.fixture(scope="module")
def whole() -> TagIndex:
    return estate()


CASES: Final = [(n, t, k, v) for table in (NAMES, FAMILIES) for n, of in table.items() for t, (k, v) in of.items()]


@pytest.mark.parametrize(("names", "tag", "key", "value"), CASES, ids=[f"{n}-{t}" for n, t, _, _ in CASES])
def test_a_tag_has_the_value_of_its_resource(whole: TagIndex, names: str, tag: str, key: str, value: str) -> None:
    assert ask(whole, key, tag, names=names, rule="container_id" if key == "c-1" else "") == (value,)


@pytest.mark.parametrize("kind", WORKLOADS)
def test_a_workload_has_the_names_of_its_own_type_and_deepflows_code(kind: str) -> None:
    index = estate(kind)
    word, code = WORKLOADS[kind]
    tags = (f"k8s.{word}.name", f"k8s.{word}.uid", f"k8s.{word}.label.tier", "k8s.workload.kind")
    assert ask(index, POD, *tags) == (f"a-{kind}", f"uid-{kind}", "front", kind)
    assert (of_workloads() - set(tags)) & set(everything(index, POD)) == set()
    e = Estate()
    owner = e.add("workload", f"uid-{kind}", f"a-{kind}", type=kind)
    e.address("10.0.0.1", e.network(e.add("cluster", "c")), piece(workload=owner, pod=e.add("pod", "p"), owner=3))
    assert ask(e.index(), "10.0.0.1", "auto_service", "auto_service_type", names="deepflow") == (f"a-{kind}", str(code))


def test_a_workload_of_another_type_keeps_its_own_kind_and_name() -> None:
    e = Estate()
    pod, owner = e.add("pod", "p"), e.add("workload", "uid", "a", type="NebulaCluster")
    e.address("10.0.0.1", 9, piece(workload=owner, workloads=(owner,), pod=pod, owner=pod))
    tags = ("k8s.workload.kind", "k8s.workload.name", "tagweave.service.type")
    assert ask(e.index(), "10.0.0.1", *tags) == ("NebulaCluster", "a", "NebulaCluster")
    assert ask(e.index(), "10.0.0.1", "auto_service_type", names="deepflow") == ("101",)


def test_a_workload_that_was_never_listed_is_a_workload() -> None:
    e = Estate()
    pod, owner = e.add("pod", "p"), e.add("workload", "uid")
    e.address("10.0.0.1", 9, piece(workload=owner, workloads=(owner,), pod=pod, owner=pod))
    tags = ("k8s.workload.name", "tagweave.service.type", "tagweave.service.name")
    assert ask(e.index(), "10.0.0.1", *tags) == (None, "workload", "uid")
    assert ask(e.index(), "10.0.0.1", "auto_service_type", "auto_service", names="deepflow") == ("101", "uid")


def test_a_tag_of_owners_of_a_type_is_that_of_the_nearest_one() -> None:
    e = Estate()
    pod = e.add("pod", "p")
    job, cron, top = (
        e.add("workload", f"uid-{n}", n, type=t) for n, t in (("j", "Job"), ("c", "CronJob"), ("t", "Job"))
    )
    e.address("10.0.0.1", 9, piece(workload=top, workloads=(job, cron, top), pod=pod, owner=pod))
    tags = ("k8s.job.name", "k8s.cronjob.name", "k8s.deployment.name", "k8s.workload.name")
    assert ask(e.index(), "10.0.0.1", *tags) == ("j", "c", None, "t")


def test_a_resource_without_a_name_is_told_by_its_id_in_deepflows_names_alone() -> None:
    e = Estate()
    vm = e.add("vm", "i-1")
    e.address("10.0.0.5", 9, piece(vm=vm, region=e.add("region", "eu-1"), owner=vm))
    assert ask(e.index(), "10.0.0.5", "host.id", "host.name", "tagweave.instance.name") == ("i-1", None, "i-1")
    assert ask(e.index(), "10.0.0.5", "chost", "region", names="deepflow") == ("i-1", "eu-1")


@pytest.mark.parametrize(
    ("names", "tag", "source", "destination"),
    [
        ("otel", "k8s.pod.name", "source.k8s.pod.name", "destination.k8s.pod.name"),
        ("ecs", "kubernetes.pod.name", "source.kubernetes.pod.name", "destination.kubernetes.pod.name"),
        ("deepflow", "pod", "pod_0", "pod_1"),
        ("deepflow", "k8s.label.app", "k8s.label.app_0", "k8s.label.app_1"),
    ],
)
def test_columns_of_two_ends_are_named_as_each_vocabulary_has_it(
    whole: TagIndex, names: str, tag: str, source: str, destination: str
) -> None:
    weaver = Weaver(whole, [tag], names)
    assert [weaver.columns(side) for side in ("source", "destination", "")] == [[source], [destination], [tag]]


@pytest.mark.parametrize(
    ("names", "tag"),
    [("otel", "pod"), ("otel", "k8s.pod.nmae"), ("deepflow", "k8s.pod.name"), ("ecs", "cloud.tag."), ("otl", "region")],
)
def test_a_name_that_a_vocabulary_does_not_have_is_refused(whole: TagIndex, names: str, tag: str) -> None:
    with pytest.raises(ConfigError, match="vocabulary"):
        Weaver(whole, [tag], names)


def test_a_wrong_name_is_refused_with_the_nearest_right_one() -> None:
    with pytest.raises(ConfigError, match=r"no tag 'k8s\.pod\.nmae'; did you mean 'k8s\.pod\.name'"):
        property_of("otel", "k8s.pod.nmae")


@pytest.mark.parametrize(
    ("tag", "why"),
    [
        ("k8s.pod.label.app", ""),
        ("pod_ns", ""),
        ("tagweave.instance.name", ""),
        ("tagweave.service.name", "may itself be read from a group"),
        ("auto_service_type", "may itself be read from a group"),
        ("tagweave.group.x", "may itself be read from a group"),
        ("k8s.pod.nmae", "no vocabulary has a tag 'k8s.pod.nmae'; did you mean 'k8s.pod.name'?"),
    ],
)
def test_a_group_takes_tags_of_all_vocabularies_but_none_that_may_be_a_groups(tag: str, why: str) -> None:
    assert refusal(tag).endswith(why)
    assert bool(refusal(tag)) == bool(why)


def test_a_tag_is_sought_in_the_vocabulary_at_hand_first() -> None:
    assert home_of("cloud.region", "ecs") == "ecs"
    assert home_of("pod_ns", "otel") == "deepflow"
    assert home_of("nothing", "otel") is None


# ---- auto_instance and auto_service


TYPES: Final[list[tuple[str, str, str, str]]] = [
    (POD, "10 front", "11 svc", "a pod: itself, its service"),
    (NODE, "14 node-1", "103 shop", "a node: itself, its cluster"),
    (SVC, "11 svc", "11 svc", "a service"),
    (RACK, "6 rack", "6 rack", "a hypervisor"),
    (NAT, "16 nat", "16 nat", "a NAT gateway"),
    (BALANCER, "15 balancer", "15 balancer", "a load balancer"),
    (RDS, "13 orders", "13 orders", "an RDS"),
    (REDIS, "12 cache", "12 cache", "a Redis"),
    ("10.0.1.77", "255 10.0.1.77", "255 10.0.1.77", "an address in a subnet"),
    ("192.168.9.9", "255 192.168.9.9", "255 192.168.9.9", "an unknown private address"),
    ("1.1.1.1", "0 1.1.1.1", "0 1.1.1.1", "an address of the internet"),
    ("2606:4700::1111", "0 2606:4700::1111", "0 2606:4700::1111", "one of IPv6"),
    ("fd00::1", "255 fd00::1", "255 fd00::1", "a private one of IPv6"),
]


@pytest.mark.parametrize(("address", "instance", "serving"), [t[:3] for t in TYPES], ids=[t[3] for t in TYPES])
def test_an_end_is_the_instance_and_the_service_that_deepflow_has_a_code_for(
    whole: TagIndex, address: str, instance: str, serving: str
) -> None:
    tags = ["auto_instance_type", "auto_instance", "auto_service_type", "auto_service"]
    found = woven(whole, ends(address), tags, names="deepflow")[1]
    assert f"{found['auto_instance_type']} {found['auto_instance']}" == instance
    assert f"{found['auto_service_type']} {found['auto_service']}" == serving
