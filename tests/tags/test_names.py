"""Every tag of the three vocabularies: its name, its value, and that there is no other."""

from typing import Final

import pytest

from tagweave.errors import ConfigError
from tagweave.model import (
    Attachment,
    Cen,
    Cluster,
    Container,
    Host,
    Ingress,
    IngressRule,
    Interface,
    LoadBalancer,
    NatGateway,
    PeeringConnection,
    PeeringEnd,
    Rds,
    Redis,
    ReplicaSet,
    Resource,
    Router,
    SecurityGroup,
    Subnet,
    Workload,
)
from tagweave.tags import DEFAULTS, VOCABULARIES, TagIndex, Weaver, all_tags

from .estates import Held, ask, build, cluster, minute, namespace, node, pod, service, shown, text, vm, vpc, woven

INSIDE: Final = {"source": "k8s", "cluster": "cluster-1", "namespace": "web"}
IN_VPC: Final = {"source": "cloud", "region": "eu-1", "vpc": "vpc-1"}
ACCOUNTS: Final = {"cloud": ("aws", "123456789012")}

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


def workload(kind: str, **more: object) -> Workload:
    return Workload(**INSIDE, id=f"uid-{kind}", name=f"a-{kind}", type=kind, **more)  # type: ignore[arg-type]


def estate(kind: str = "Deployment") -> TagIndex:
    """A pod with everything above it, on a VM with everything above that; and one of each other cloud kind."""
    card = Interface(id="eni-1", subnet="s-1", private_ips=("10.0.1.5",), security_groups=("sg-1",))
    one_port = Container(name="main", id="c-1")
    return build(
        vpc("vpc-1", "10.0.0.0/16"),
        Router(**IN_VPC, id="rtb-1", name="routes", subnets=("s-1",)),
        Subnet(**IN_VPC, id="s-1", name="front", cidrs=("10.0.1.0/24",)),
        SecurityGroup(**IN_VPC, id="sg-1", name="group"),
        Host(source="cloud", id="host-1", name="rack", ips=("172.31.0.1",)),
        vm("i-1", name="web", host="host-1", instance_type="m5.large", interfaces=(card,), labels={"env": "prod"}),
        NatGateway(**IN_VPC, id="nat-1", name="nat", public_ips=("8.8.8.1",)),
        LoadBalancer(**IN_VPC, id="lb-1", name="balancer", ips=("8.8.8.2",)),
        PeeringConnection(source="cloud", id="pcx-1", name="peering", vpcs=(PeeringEnd(vpc="vpc-1"),)),
        Cen(source="cloud", id="cen-1", name="transit", attachments=(Attachment("vpc", "vpc-1"),)),
        Rds(**IN_VPC, id="rds-1", name="orders", ips=("10.0.1.8",)),
        Redis(**IN_VPC, id="redis-1", name="cache", ips=("10.0.1.9",)),
        cluster("vpc-1"),
        namespace(team="shop"),
        node("node-1", "10.0.1.5", provider_id="aws:///eu-1a/i-1", labels={"pool": "big"}),
        workload(kind, labels={"tier": "front"}),
        ReplicaSet(**INSIDE, id="uid-rs", name="front-1", workload=f"uid-{kind}", labels={"rev": "1"}),
        pod(
            "front",
            "10.244.0.5",
            app="a",
            replica_set="uid-rs",
            workload=f"uid-{kind}",
            containers=(one_port,),
            started_at=minute(0),
        ),
        service("svc", app="a", labels={"exposed": "yes"}),
        Ingress(**INSIDE, id="uid-ing", name="door", rules=(IngressRule(service="uid-svc"),), labels={"class": "x"}),
        groups={"owner": ["k8s.namespace.label.team", "cloud.tag.env"], "service": ["k8s.pod.label.svc"]},
        accounts=ACCOUNTS,
    )


POD, NODE, NAT, BALANCER, RDS, REDIS = "10.244.0.5", "10.0.1.5", "8.8.8.1", "8.8.8.2", "10.0.1.8", "10.0.1.9"

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


CASES: Final = [(n, t, k, v) for table in (NAMES, FAMILIES) for n, of in table.items() for t, (k, v) in of.items()]


@pytest.mark.parametrize(("names", "tag", "key", "value"), CASES, ids=[f"{n}-{t}" for n, t, _, _ in CASES])
def test_a_tag_has_the_value_of_its_resource(names: str, tag: str, key: str, value: str) -> None:
    index = estate()
    answer = index.lookup(key, at=minute(100), names=names)
    assert text(answer.tags.get(tag)) == value
    if key != "c-1":
        assert woven(index, key, [tag], names=names)[1] == {tag: value}


@pytest.mark.parametrize("kind", WORKLOADS)
def test_a_workload_has_the_names_of_its_own_type_and_deepflows_code(kind: str) -> None:
    index = estate(kind)
    word, code = WORKLOADS[kind]
    tags = (f"k8s.{word}.name", f"k8s.{word}.uid", f"k8s.{word}.label.tier", "k8s.workload.kind")
    answer = ask(index, POD)
    assert shown(answer, *tags) == (f"a-{kind}", f"uid-{kind}", "front", kind)
    others = (of_workloads() - set(tags)) & set(answer.tags)
    assert others == set()
    bare = build(cluster(), workload(kind), pod("p", "10.0.0.1", workload=f"uid-{kind}"))
    assert shown(ask(bare, "10.0.0.1", names="deepflow"), "auto_service", "auto_service_type") == (
        f"a-{kind}",
        str(code),
    )


def test_a_workload_of_another_type_keeps_its_own_kind_and_name() -> None:
    index = build(cluster(), workload("NebulaCluster"), pod("p", "10.0.0.1", workload="uid-NebulaCluster"))
    answer = ask(index, "10.0.0.1")
    assert shown(answer, "k8s.workload.kind", "k8s.workload.name", "tagweave.service.type") == (
        "NebulaCluster",
        "a-NebulaCluster",
        "NebulaCluster",
    )
    assert shown(ask(index, "10.0.0.1", names="deepflow"), "auto_service_type") == ("101",)


def test_a_resource_without_a_name_is_told_by_its_id_in_deepflows_names_alone() -> None:
    index = build(vm("i-1", "10.0.0.5", name=""))
    assert shown(ask(index, "10.0.0.5"), "host.id", "host.name", "tagweave.instance.name") == ("i-1", None, "i-1")
    assert shown(ask(index, "10.0.0.5", names="deepflow"), "chost", "region") == ("i-1", "eu-1")


def test_columns_of_two_ends_are_named_as_each_vocabulary_has_it() -> None:
    index = estate()
    for names, tag, source, destination in [
        ("otel", "k8s.pod.name", "source.k8s.pod.name", "destination.k8s.pod.name"),
        ("ecs", "kubernetes.pod.name", "source.kubernetes.pod.name", "destination.kubernetes.pod.name"),
        ("deepflow", "pod", "pod_0", "pod_1"),
        ("deepflow", "k8s.label.app", "k8s.label.app_0", "k8s.label.app_1"),
    ]:
        weaver = Weaver(index, [tag], names)
        assert [weaver.columns(side) for side in ("source", "destination", "")] == [[source], [destination], [tag]]


@pytest.mark.parametrize(
    ("names", "tag"),
    [("otel", "pod"), ("otel", "k8s.pod.nmae"), ("deepflow", "k8s.pod.name"), ("ecs", "cloud.tag."), ("otl", "region")],
)
def test_a_name_that_a_vocabulary_does_not_have_is_refused(names: str, tag: str) -> None:
    with pytest.raises(ConfigError, match="vocabulary"):
        Weaver(estate(), [tag], names)


# ---- auto_instance and auto_service


TYPES: Final[list[tuple[str, str, str, str]]] = [
    (POD, "10 front", "11 svc", "a pod: itself, its service"),
    (NODE, "14 node-1", "103 shop", "a node: itself, its cluster"),
    ("172.31.0.1", "6 rack", "6 rack", "a hypervisor"),
    (NAT, "16 nat", "16 nat", "a NAT gateway"),
    (BALANCER, "15 balancer", "15 balancer", "a load balancer"),
    (RDS, "13 orders", "13 orders", "an RDS"),
    (REDIS, "12 cache", "12 cache", "a Redis"),
    ("10.0.1.77", "255 10.0.1.77", "255 10.0.1.77", "an address in a subnet"),
    ("192.168.9.9", "255 192.168.9.9", "255 192.168.9.9", "an unknown private address"),
    ("1.1.1.1", "0 1.1.1.1", "0 1.1.1.1", "an address of the internet"),
    ("2606:4700::1111", "0 2606:4700::1111", "0 2606:4700::1111", "one of IPv6"),
]


@pytest.mark.parametrize(("address", "instance", "serving"), [t[:3] for t in TYPES], ids=[t[3] for t in TYPES])
def test_an_end_is_the_instance_and_the_service_that_deepflow_has_a_code_for(
    address: str, instance: str, serving: str
) -> None:
    tags = ["auto_instance_type", "auto_instance", "auto_service_type", "auto_service"]
    found = woven(estate(), address, tags, names="deepflow")[1]
    assert f"{found['auto_instance_type']} {found['auto_instance']}" == instance
    assert f"{found['auto_service_type']} {found['auto_service']}" == serving


def test_a_vm_and_a_service_address_are_what_they_are() -> None:
    index = build(vm("i-1", "10.0.0.5"), cluster(), service("svc", cluster_ips=("10.96.0.1",)))
    tags = ("auto_instance_type", "auto_instance", "auto_service_type", "auto_service")
    assert shown(ask(index, "10.0.0.5", names="deepflow"), *tags) == ("1", "name of i-1", "1", "name of i-1")
    assert shown(ask(index, "10.96.0.1", names="deepflow"), *tags) == ("11", "svc", "11", "svc")


def test_a_service_of_a_pod_comes_before_its_workload_and_that_before_its_cluster() -> None:
    inside = (cluster(), workload("Deployment"), service("svc", app="a"))
    for app, owner, found in [("a", "uid-Deployment", "11"), ("", "uid-Deployment", "130"), ("", "", "103")]:
        index = build(*inside, pod("p", "10.0.0.1", app=app, workload=owner))
        assert shown(ask(index, "10.0.0.1", names="deepflow"), "auto_service_type") == (found,)


def test_the_custom_service_is_the_first_of_its_tags_that_is_set_and_comes_before_all() -> None:
    groups = {"service": ["k8s.pod.label.svc", "cloud.tag.svc", "k8s.namespace.name"], "team": ["pod_ns", "host.name"]}
    machine = vm("i-1", "10.0.0.5", labels={"svc": "billing"})
    pods = pod("p", "10.0.0.1", labels={"svc": "checkout", "app": "a"}), pod("q", "10.0.0.2", app="a")
    index = build(machine, cluster(), service("svc", app="a"), *pods, groups=groups)
    tags = ["tagweave.service.type", "tagweave.service.name", "tagweave.group.team", "tagweave.group.service"]
    for address, found in [
        ("10.0.0.1", ["custom", "checkout", "web", "checkout"]),
        ("10.0.0.2", ["custom", "web", "web", "web"]),
        ("10.0.0.5", ["custom", "billing", "name of i-1", "billing"]),
    ]:
        assert list(woven(index, address, tags)[1].values()) == found
        assert shown(ask(index, address), *tags) == tuple(found)
        assert shown(ask(index, address, names="deepflow"), "auto_service_type") == ("104",)


def test_a_subject_that_has_no_id_does_not_borrow_the_address() -> None:
    index = build(pod("p", "10.0.0.1", id="uid-p"), node("", "10.0.0.2", id="uid-n"))
    for address, found in (("10.0.0.1", ("uid-p", "p")), ("10.0.0.2", ("uid-n", "uid-n"))):
        assert shown(ask(index, address), "tagweave.instance.id", "tagweave.instance.name") == found


# ---- labels and cloud tags


def test_cloud_tags_are_those_of_the_cloud_resource_that_an_end_is_or_runs_on() -> None:
    index = build(
        vpc("vpc-1", "10.0.0.0/16"),
        vm("i-1", "10.0.0.5", labels={"env": "prod"}),
        LoadBalancer(**IN_VPC, id="lb-1", ips=("8.8.8.8",), labels={"env": "edge"}),
        cluster("vpc-1"),
        node("node-1", "10.0.0.5", provider_id="aws:///a/i-1", labels={"env": "of the node"}),
        pod("p", "10.244.0.5", labels={"env": "of the pod"}),
        service("svc", load_balancer_ips=("8.8.8.8",), labels={"env": "of the service"}),
    )
    for address, found in [("10.0.0.5", "prod"), ("10.244.0.5", "prod"), ("8.8.8.8", "edge")]:
        assert shown(ask(index, address), "cloud.tag.env") == (found,)
    bare = build(cluster(), pod("p", "10.244.0.5", labels={"env": "of the pod"}))
    assert woven(bare, "10.244.0.5", ["cloud.tag.env"])[1] == {}


def test_a_label_of_several_services_has_the_value_of_each() -> None:
    index = build(
        cluster(),
        pod("p", "10.0.0.1", app="a"),
        service("x", app="a", labels={"tier": "1"}),
        service("y", app="a", labels={"tier": "2", "only": "y"}),
    )
    answer = ask(index, "10.0.0.1")
    assert answer.tags["k8s.service.label.tier"] == ["1", "2"]
    assert answer.tags["k8s.service.label.only"] == "y"


# ---- names as of the event


def test_names_and_labels_are_those_of_the_time_of_the_event() -> None:
    def estate_at(n: int) -> list[Resource]:
        return [
            vm("i-1", name=f"vm{n}", labels={"env": f"env{n}"}, interfaces=(Interface(private_ips=("10.0.0.5",)),)),
            Cluster(source="k8s", id="cluster-1", name=f"cluster{n}"),
            namespace("web", team=f"team{n}"),
            node("node-1", "10.0.0.5", provider_id="aws:///a/i-1", labels={"pool": f"pool{n}"}),
            pod("p", "10.0.0.1", labels={"app": "a", "rev": f"rev{n}"}),
            service("svc", app="a", labels={"tier": f"tier{n}"}),
        ]

    versions = [Held(r, 10 * n, 10 * n + 10 if n < 3 else None) for n in (1, 2, 3) for r in estate_at(n)]
    index = build(*versions, groups={"owner": ["k8s.pod.label.rev"]})
    tags = (
        "host.name",
        "cloud.tag.env",
        "k8s.cluster.name",
        "k8s.namespace.label.team",
        "k8s.node.label.pool",
        "k8s.pod.label.rev",
        "k8s.service.label.tier",
        "tagweave.group.owner",
    )
    for at, n in ((10, 1), (19.999, 1), (20, 2), (30, 3), (500, 3)):
        found = tuple(f"{word}{n}" for word in ("vm", "env", "cluster", "team", "pool", "rev", "tier", "rev"))
        assert shown(ask(index, "10.0.0.1", at=at), *tags) == found
        assert woven(index, "10.0.0.1", tags, at=at)[1] == dict(zip(tags, found, strict=True))


def test_a_label_that_was_taken_away_is_not_there_afterwards() -> None:
    index = build(
        cluster(),
        Held(pod("p", "10.0.0.1", labels={"rev": "1"}), 0, 50),
        Held(pod("p", "10.0.0.1"), 50),
    )
    assert [shown(ask(index, "10.0.0.1", at=at), "k8s.pod.label.rev") for at in (49, 50)] == [("1",), (None,)]


def test_a_resource_that_is_gone_keeps_its_name_and_labels_in_its_own_time() -> None:
    gone = vm("i-1", "10.0.0.5", labels={"env": "prod"})
    index = build(Held(gone, 0, 50))
    assert shown(ask(index, "10.0.0.5", at=49), "host.name", "cloud.tag.env") == ("name of i-1", "prod")
    assert ask(index, "10.0.0.5", at=50).match is None
