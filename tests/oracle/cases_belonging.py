"""Laws 1 to 3 by example: what things were, what references mean, and what things belong to."""

from typing import Final

from tagweave.model import AvailabilityZone, Host, NetworkInterface, PublicIp, Region

from .case import Case, asking, is_
from .hand import Held, minute
from .make import (
    CLOUD,
    cen,
    cluster,
    namespace,
    nat,
    node,
    peering,
    pod,
    replica_set,
    router,
    service,
    subnet,
    vm,
    vpc,
    workload,
)

TEN: Final = vpc("vpc-1", "10.0.0.0/8")

BELONGING: Final = (
    Case(
        "1.1 what is referred to is never blank: before, between and after its versions",
        (
            Held(vpc("vpc-1", name="first"), 20, 30),
            Held(vpc("vpc-1", name="last"), 40, 50),
            vm("i-1", "10.0.0.5"),
        ),
        (
            (asking("10.0.0.5", 5), is_("i-1", {"cloud.vpc.name": "first"})),
            (asking("10.0.0.5", 35), is_("i-1", {"cloud.vpc.name": "first"})),
            (asking("10.0.0.5", 45), is_("i-1", {"cloud.vpc.name": "last"})),
            (asking("10.0.0.5", 80), is_("i-1", {"cloud.vpc.name": "last"})),
        ),
    ),
    Case(
        "1.2 what the first snapshot showed was there before, what was made later or is gone was not",
        (
            vpc("vpc-1", "10.0.0.0/8", created_at=minute(-60)),
            Held(subnet("since-ever", "10.0.1.0/24")),
            Held(subnet("told", "10.0.2.0/24", created_at=minute(0))),
            Held(subnet("later", "10.0.3.0/24"), 20),
            Held(vm("i-1", "10.0.1.5", "10.0.2.5", "10.0.3.5"), -30),
        ),
        (
            (asking("10.0.1.5", -10), is_("i-1", {"cloud.subnet.id": "since-ever"})),
            (asking("10.0.2.5", -10), is_("i-1", {"cloud.subnet.id": None})),
            (asking("10.0.2.5", 10), is_("i-1", {"cloud.subnet.id": "told"})),
            (asking("10.0.3.5", 10), is_("i-1", {"cloud.subnet.id": None})),
            (asking("10.0.3.5", 30), is_("i-1", {"cloud.subnet.id": "later"})),
        ),
    ),
    Case(
        "2.1 what nobody lists is known by its id alone",
        (vm("i-1", "10.0.0.5", vpc="vpc-9", az="a"), vpc("vpc-9", source="other")),
        (
            (
                asking("10.0.0.5"),
                is_("i-1", {"cloud.vpc.id": "vpc-9", "cloud.vpc.name": None, "cloud.availability_zone": "a"}),
            ),
        ),
    ),
    Case(
        "2.2 a name means who has it, who had it last, who has it first, or a stranger",
        (
            cluster(),
            Held(node("n-1", name="n1"), 20, 30),
            Held(node("n-2", name="n1"), 40, 50),
            pod("p", "10.244.0.5", node="n1"),
            pod("q", "10.244.0.6", node="n9", namespace="nowhere"),
        ),
        (
            (asking("10.244.0.5", 5), is_("p", {"k8s.node.uid": "n-1"})),
            (asking("10.244.0.5", 25), is_("p", {"k8s.node.uid": "n-1"})),
            (asking("10.244.0.5", 35), is_("p", {"k8s.node.uid": "n-1"})),
            (asking("10.244.0.5", 45), is_("p", {"k8s.node.uid": "n-2"})),
            (asking("10.244.0.5", 80), is_("p", {"k8s.node.uid": "n-2"})),
            (
                asking("10.244.0.6"),
                is_("q", {"k8s.node.name": "n9", "k8s.node.uid": None, "k8s.namespace.name": "nowhere"}),
            ),
        ),
    ),
    Case(
        "2.2 of two that have a name, the one that began last to have it: a change of something else is no beginning",
        (
            cluster(),
            Held(node("n-1", name="n1"), 0, 20),
            Held(node("n-1", name="n1", ready=True), 20, 40, seen=20),
            Held(node("n-2", name="n1", created_at=minute(10)), 10),
            pod("p", "10.244.0.5", node="n1"),
        ),
        (
            (asking("10.244.0.5", 5), is_("p", {"k8s.node.uid": "n-1"})),
            (asking("10.244.0.5", 30), is_("p", {"k8s.node.uid": "n-2"})),
        ),
    ),
    Case(
        "3 a row is laid from what is referred to: the node's VM over the cluster, with another VPC's joins gone",
        (
            Region(source=CLOUD, id="eu"),
            AvailabilityZone(source=CLOUD, id="eu-a", region="eu"),
            vpc("vpc-1", region="eu"),
            vpc("vpc-2", region="eu"),
            cen("cen-1", "vpc-1"),
            vm("i-1", "10.0.0.5", vpc="vpc-2", az="eu-a", host="h-1"),
            Host(source=CLOUD, id="h-1", name="hyper"),
            cluster(cloud_source=CLOUD, vpc="vpc-1", region="eu"),
            node("n-1", name="n1", on="i-1"),
            workload("w"),
            replica_set("rs", "w"),
            pod("p", "10.244.0.5", node="n1", replica_set="rs"),
            service("s", "10.96.0.1"),
        ),
        (
            (
                asking("10.244.0.5"),
                is_(
                    "p",
                    {
                        "cloud.vpc.id": "vpc-2",
                        "cloud.cen.id": None,
                        "cloud.region": "eu",
                        "cloud.availability_zone": "eu-a",
                        "host.id": "i-1",
                        "cloud.host.name": "hyper",
                        "k8s.replicaset.uid": "rs",
                        "k8s.deployment.uid": "w",
                        "k8s.workload.name": "w-name",
                        "tagweave.service.type": "Deployment",
                    },
                ),
            ),
            (asking("10.96.0.1"), is_("s", {"cloud.vpc.id": "vpc-1", "cloud.cen.id": "cen-1", "cloud.region": "eu"})),
        ),
    ),
    Case(
        "3 owners of owners: the top is the workload, a circle is walked once, a stranger is kept",
        (
            cluster(),
            workload("job", "Job", owner="cron"),
            workload("cron", "CronJob"),
            workload("a", "StatefulSet", owner="b"),
            workload("b", "Deployment", owner="a"),
            pod("p", "10.244.0.5", workload="job"),
            pod("q", "10.244.0.6", workload="a"),
            pod("r", "10.244.0.7", workload="nobody"),
        ),
        (
            (
                asking("10.244.0.5"),
                is_("p", {"k8s.job.uid": "job", "k8s.cronjob.uid": "cron", "k8s.workload.kind": "CronJob"}),
            ),
            (
                asking("10.244.0.6"),
                is_("q", {"k8s.statefulset.uid": "a", "k8s.deployment.uid": "b", "k8s.workload.kind": "Deployment"}),
            ),
            (
                asking("10.244.0.7"),
                is_(
                    "r",
                    {"k8s.workload.name": None, "tagweave.service.type": "workload", "tagweave.service.name": "nobody"},
                ),
            ),
        ),
    ),
    Case(
        "3 an object's own namespace wins over that of its owner; a peering that tells no state is one",
        (
            cluster(),
            namespace("ns-1", "shop", labels={"team": "a"}),
            namespace("ns-2", "system", labels={"team": "b"}),
            workload("w", namespace="system"),
            pod("p", "10.244.0.5", workload="w"),
            vm("i-1", "10.0.0.5"),
            peering("pcx", "vpc-1", "vpc-2", state=""),
        ),
        (
            (
                asking("10.244.0.5"),
                is_("p", {"k8s.namespace.name": "shop", "k8s.namespace.label.team": "a", "k8s.deployment.uid": "w"}),
            ),
            (asking("10.0.0.5"), is_("i-1", {"cloud.peering_connection.id": "pcx"})),
        ),
    ),
    Case(
        "3 what is attached lies first of all, and so does the one subnet",
        (
            TEN,
            subnet("s-1", "10.0.1.0/24", az="a"),
            nat("nat-1", vpc="vpc-1", subnets=("s-1",)),
            NetworkInterface(
                source=CLOUD,
                id="eni",
                vpc="vpc-1",
                private_ips=("10.9.0.1",),
                attached_kind="nat_gateway",
                attached="nat-1",
                security_groups=("sg-1",),
            ),
            PublicIp(source=CLOUD, id="eip", ip="52.1.1.1", attached_kind="network_interface", attached="eni"),
        ),
        (
            (
                asking("10.9.0.1"),
                is_(
                    "eni",
                    {
                        "cloud.nat_gateway.id": "nat-1",
                        "cloud.subnet.id": "s-1",
                        "cloud.availability_zone": "a",
                        "cloud.security_group.id": "sg-1",
                    },
                ),
            ),
            (
                asking("52.1.1.1"),
                is_(
                    "eip",
                    {
                        "cloud.nat_gateway.id": "nat-1",
                        "cloud.subnet.id": "s-1",
                        "tagweave.instance.type": "nat_gateway",
                    },
                ),
            ),
        ),
    ),
    Case(
        "3 a router that names a subnet, one that the subnet names, and only an active peering",
        (
            TEN,
            subnet("s-1", "10.0.1.0/24", router="r-0"),
            subnet("s-2", "10.0.2.0/24", router="r-0"),
            router("r-0"),
            router("r-1", "s-1"),
            Held(router("r-2", "s-1"), 50),
            vm("i-1", "10.0.1.5"),
            vm("i-2", "10.0.2.5"),
            Held(peering("p", "vpc-1", "vpc-2", state="pending"), 0, 50),
            Held(peering("p", "vpc-1", "vpc-2"), 50),
        ),
        (
            (asking("10.0.1.5", 20), is_("i-1", {"cloud.router.id": "r-1", "cloud.peering_connection.id": None})),
            (asking("10.0.1.5", 80), is_("i-1", {"cloud.router.id": "r-2", "cloud.peering_connection.id": "p"})),
            (asking("10.0.2.5", 80), is_("i-2", {"cloud.router.id": "r-0"})),
        ),
    ),
    Case(
        "3 a transit network names its own source's VPC, else those of all sources",
        (
            cen("own", "vpc-1", source="a"),
            cen("far", "vpc-2", source="a"),
            vpc("vpc-1", source="a"),
            vpc("vpc-1", source="b"),
            vpc("vpc-2", source="b"),
            vm("i-1", "10.1.0.1", source="b"),
            vm("i-2", "10.1.0.2", source="b", vpc="vpc-2"),
        ),
        (
            (asking("10.1.0.1"), is_("i-1", {"cloud.cen.id": None})),
            (asking("10.1.0.2"), is_("i-2", {"cloud.cen.id": "far"})),
        ),
    ),
    Case(
        "3 the VM of a node: by the whole of its provider id, what follows ://, the last / or the last dot",
        (
            vm("i-slash", "10.0.0.1"),
            vm("i-dot", "10.0.0.2"),
            vm("WHOLE", "10.0.0.3"),
            vm("twin", "10.0.0.4"),
            vm("twin", "10.0.0.4", source="other"),
            node("n-1", "10.1.0.1", provider_id="aws:///eu-a/i-SLASH"),
            node("n-2", "10.1.0.2", provider_id="cn-hangzhou.i-dot"),
            node("n-3", "10.1.0.3", provider_id="whole"),
            node("n-4", "10.1.0.4", provider_id="aws:///eu-a/twin"),
            node("n-5", "10.1.0.5", provider_id="aws:///eu-a/twin", cluster="c2"),
            cluster("c2", cloud_source="other"),
        ),
        tuple(
            (asking(f"10.1.0.{n}"), is_(f"n-{n}", {"host.id": host}))
            for n, host in ((1, "i-slash"), (2, "i-dot"), (3, "WHOLE"), (4, None), (5, "twin"))
        ),
    ),
    Case(
        "3 the VPC of a cluster: configured, else the one of all its nodes, carried over times without any",
        (
            vpc("vpc-1"),
            vpc("vpc-2"),
            vm("i-1", "10.0.0.1"),
            vm("i-2", "10.0.0.2", vpc="vpc-2"),
            cluster(),
            Held(node("n-1", on="i-1"), 20, 40),
            Held(node("n-2", on="i-2"), 30, 60),
            service("s", "10.96.0.1"),
        ),
        (
            (asking("10.96.0.1", 10), is_("s", {"cloud.vpc.id": "vpc-1"})),
            (asking("10.96.0.1", 25), is_("s", {"cloud.vpc.id": "vpc-1"})),
            (asking("10.96.0.1", 35), is_("s", {"cloud.vpc.id": None})),
            (asking("10.96.0.1", 50), is_("s", {"cloud.vpc.id": "vpc-2"})),
            (asking("10.96.0.1", 90), is_("s", {"cloud.vpc.id": "vpc-2"})),
            (asking("10.0.0.2", 90, network="k"), is_("i-2")),
            (asking("10.0.0.1", 35, network="k"), is_("i-1")),
        ),
    ),
)
