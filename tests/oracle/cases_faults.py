"""The faults that a review of the core found (core-review.md, 1 to 16 and N1 to N9), each with its right answer."""

from typing import Final

from tagweave.model import EndpointPort, Host, LoadBalancer, PublicIp

from .case import Case, asking, is_, not_
from .hand import Held, minute
from .make import (
    CLOUD,
    behind,
    card,
    cen,
    cluster,
    ingress,
    namespace,
    nat,
    node,
    peering,
    pod,
    port,
    service,
    subnet,
    vm,
    vpc,
)

WEB: Final = {"app": "web"}

FAULTS: Final = (
    Case(
        "1: the subnet of an address is that of the time",
        (
            vpc("vpc-1", "10.0.0.0/8"),
            Held(subnet("old", "10.0.0.0/24", az="a"), 0, 50),
            Held(subnet("new", "10.0.0.0/24", az="b"), 60),
            Held(LoadBalancer(source=CLOUD, id="lb", vpc="vpc-1", ips=("10.0.0.9",)), 0, 50),
        ),
        (
            (
                asking("10.0.0.77", 20),
                is_("old", {"cloud.subnet.id": "old", "cloud.availability_zone": "a"}, rule="prefix"),
            ),
            (asking("10.0.0.77", 55), is_("vpc-1", {"cloud.subnet.id": None, "cloud.vpc.id": "vpc-1"}, rule="prefix")),
            (
                asking("10.0.0.77", 80),
                is_("new", {"cloud.subnet.id": "new", "cloud.availability_zone": "b"}, rule="prefix"),
            ),
            (asking("10.0.0.9", 20), is_("lb", {"cloud.subnet.id": "old", "cloud.availability_zone": "a"}, rule="ip")),
        ),
    ),
    Case(
        "2: the port decides the ingress as of the time",
        (
            cluster(),
            pod("p", "10.244.0.5", labels=WEB),
            service("A", ports=(port(80),), selector=WEB),
            service("B", ports=(port(81),), selector=WEB),
            Held(ingress("ing", "A"), 0, 50),
            Held(ingress("ing", "B"), 50),
        ),
        (
            (asking("10.244.0.5", 20, port=80), is_("p", {"k8s.service.uid": "A", "k8s.ingress.uid": "ing"})),
            (asking("10.244.0.5", 20, port=81), is_("p", {"k8s.service.uid": "B", "k8s.ingress.uid": None})),
            (asking("10.244.0.5", 80, port=80), is_("p", {"k8s.service.uid": "A", "k8s.ingress.uid": None})),
            (asking("10.244.0.5", 80, port=81), is_("p", {"k8s.service.uid": "B", "k8s.ingress.uid": "ing"})),
            (asking("10.244.0.5", 80), is_("p", {"k8s.service.uid": "A,B", "k8s.ingress.uid": "ing"})),
        ),
    ),
    Case(
        "3: a node registered again is the node of its pods from then on",
        (
            cluster(),
            Held(node("n-old", name="n1", labels={"gen": "1"}), 0, 50),
            Held(node("n-new", name="n1", labels={"gen": "2"}), 51),
            Held(namespace("ns-old", "shop", labels={"team": "a"}), 0, 50),
            Held(namespace("ns-new", "shop", labels={"team": "b"}), 51),
            pod("p", "10.244.0.5", node="n1"),
        ),
        (
            (asking("10.244.0.5", 20), is_("p", {"k8s.node.uid": "n-old", "k8s.namespace.label.team": "a"})),
            (asking("10.244.0.5", 50.5), is_("p", {"k8s.node.uid": "n-old", "k8s.namespace.label.team": "a"})),
            (asking("10.244.0.5", 80), is_("p", {"k8s.node.uid": "n-new", "k8s.namespace.label.team": "b"})),
        ),
    ),
    Case(
        "4: reach is that of the time",
        (
            vpc("A", "10.1.0.0/16"),
            vpc("B"),
            vpc("C"),
            vm("in-b", "10.9.0.5", vpc="B"),
            vm("in-c", "10.9.0.5", vpc="C"),
            Held(peering("ab", "A", "B"), 0, 50),
            Held(peering("ac", "A", "C"), 60),
        ),
        (
            (asking("10.9.0.5", 20, network="A"), is_("in-b")),
            (asking("10.9.0.5", 55, network="A"), not_("out_of_reach")),
            (asking("10.9.0.5", 80, network="A"), is_("in-c")),
            (asking("10.9.0.5", 80), not_("ambiguous", "in-b", "in-c")),
        ),
    ),
    Case(
        "5: the instance has the name of the time",
        (
            Held(nat("nat-1", "before"), 0, 50),
            Held(nat("nat-1", "after"), 50),
            PublicIp(source=CLOUD, id="eip", ip="52.1.1.1", attached_kind="nat_gateway", attached="nat-1"),
        ),
        (
            (
                asking("52.1.1.1", 20),
                is_("eip", {"tagweave.instance.name": "before", "tagweave.service.name": "before"}),
            ),
            (
                asking("52.1.1.1", 80),
                is_("eip", {"tagweave.instance.name": "after", "cloud.nat_gateway.name": "after"}),
            ),
        ),
    ),
    Case(
        "6: the account is that of the owner",
        (
            Held(PublicIp(source="many", id="eip", ip="52.1.1.1", region="eu"), part="111/eu"),
            Held(vm("i-3", "10.0.0.3", vpc="", source="many", region="eu"), part="111/eu"),
            Held(Host(source="many", id="h", ips=("10.0.0.4",), region="eu"), part="222/eu"),
            Held(vm("i-1", "10.0.0.1", source="one", region="eu"), part="eu"),
        ),
        (
            (asking("52.1.1.1"), is_("eip", {"cloud.account.id": "111", "cloud.provider": "aws"})),
            (asking("10.0.0.3"), is_("i-3", {"cloud.account.id": "111"})),
            (asking("10.0.0.4"), is_("h", {"cloud.account.id": "222"})),
            (asking("10.0.0.1"), is_("i-1", {"cloud.account.id": "333", "cloud.provider": "alibaba_cloud"})),
        ),
        accounts={"many": ("aws", ""), "one": ("alibaba_cloud", "333")},
    ),
    Case(
        "7: a node and its VM of one name are one machine",
        (
            vpc("vpc-1", "10.1.0.0/16"),
            vm("i-1", "10.1.0.5", name="worker-1"),
            vm("i-2", "10.1.0.6", name="worker-2"),
            cluster(),
            node("n-1", "10.1.0.5", name="worker-1", on="i-1"),
        ),
        (
            (asking("worker-1"), is_("n-1", {"host.id": "i-1"}, rule="host_name")),
            (asking("worker-1", network="vpc-1"), is_("n-1")),
            (asking("worker-2"), is_("i-2")),
        ),
    ),
    Case(
        "8: a service and an ingress on one address",
        (
            cluster(),
            namespace("ns", "shop"),
            service("A", ports=(port(80),), type="LoadBalancer", load_balancer_ips=("52.1.1.1",)),
            ingress("ing", "B", ips=("52.1.1.1",)),
            service("B", ports=(port(81),)),
        ),
        (
            (asking("52.1.1.1", port=80), is_("A", {"k8s.service.uid": "A", "k8s.ingress.uid": "ing"})),
            (asking("52.1.1.1"), is_("A", {"k8s.service.uid": "A", "k8s.ingress.uid": "ing"})),
            (asking("52.1.1.1", port=99), is_("A", {"k8s.service.uid": "A", "k8s.ingress.uid": "ing"})),
        ),
    ),
    Case(
        "9: a name that is not in a network is out of its reach",
        (vpc("A"), vpc("B"), vm("vm-1", "10.1.0.5", vpc="A"), Held(vm("vm-0", vpc="B"), 0, 50)),
        (
            (asking("vm-1", network="B"), not_("out_of_reach")),
            (asking("vm-1", network="A"), is_("vm-1", rule="vm_id")),
            (asking("vm-0", network="B"), not_("not_at_that_time")),
            (asking("vm-0", network="A"), not_("out_of_reach")),
        ),
    ),
    Case(
        "10: an interface names its VPC",
        (
            vpc("A"),
            vpc("B"),
            vm("i-a", card("10.0.0.5", native="eni-a"), vpc="A"),
            vm("i-b", card("10.0.0.5", native="eni-b"), vpc="B"),
        ),
        (
            (asking("10.0.0.5"), not_("ambiguous", "i-a", "i-b")),
            (asking("10.0.0.5", network="eni-a"), is_("i-a")),
            (asking("10.0.0.5", network="eni-b"), is_("i-b")),
        ),
    ),
    Case(
        "11: the ports of a service without selector are those of its endpoints at the time",
        (
            cluster(),
            pod("p", "10.244.0.5"),
            Held(service("s", ports=(port(80),), endpoints=(behind("p", EndpointPort(port=8080)),)), 0, 50),
            Held(service("s", ports=(port(80),), endpoints=(behind("p", EndpointPort(port=9090)),)), 50),
        ),
        (
            (asking("10.244.0.5", 20, port=8080), is_("p", {"k8s.service.uid": "s"})),
            (asking("10.244.0.5", 80, port=8080), is_("p", {"k8s.service.uid": None})),
            (asking("10.244.0.5", 80, port=9090), is_("p", {"k8s.service.uid": "s"})),
        ),
    ),
    Case(
        "12, 13: a network has the name of the time, and so have the pods of a cluster",
        (
            Held(vpc("vpc-1", name="OLD"), 0, 50),
            Held(vpc("vpc-1", name="NEW"), 50),
            vm("i-1", "10.0.0.5"),
            Held(cluster(name="oldcluster"), 0, 50),
            Held(cluster(name="newcluster"), 50),
            pod("p", "10.244.0.5", name="web", namespace="shop"),
        ),
        (
            (asking("10.0.0.5", 80, network="NEW"), is_("i-1")),
            (asking("10.0.0.5", 80, network="OLD"), not_("unknown_network")),
            (asking("10.0.0.5", 20, network="OLD"), is_("i-1")),
            (asking("newcluster/shop/web", 80), is_("p", rule="pod_name")),
            (asking("oldcluster/shop/web", 80), not_("not_at_that_time")),
            (asking("oldcluster/shop/web", 20), is_("p")),
        ),
    ),
    Case(
        "14: what moved to another part is of its account, and as fresh as that",
        (Held(vm("i-1", "10.0.0.5"), 0, part="222/eu"),),
        ((asking("10.0.0.5", 1001), is_("i-1", {"cloud.account.id": "222"}, age=60)),),
        accounts={CLOUD: ("aws", "")},
    ),
    Case(
        "15: an age counts from when the claim was seen, whatever was learned late of its scope",
        (Held(vm("i-1", "10.0.0.5"), 0, seen=10), Held(vm("i-2", "10.0.0.6"), 0, 15, seen=15)),
        ((asking("10.0.0.5", 69), is_("i-1", age=59 * 60)),),
    ),
    Case(
        "16: an ingress that gains a route leads there from then on",
        (
            cluster(),
            pod("p", "10.244.0.5", labels=WEB),
            service("A", ports=(port(80),), selector=WEB),
            Held(ingress("ing"), 0, 50),
            Held(ingress("ing", "A"), 50),
        ),
        (
            (asking("10.244.0.5", 20, port=80), is_("p", {"k8s.ingress.uid": None})),
            (asking("10.244.0.5", 80, port=80), is_("p", {"k8s.ingress.uid": "ing"})),
        ),
    ),
    Case(
        "N1: a peering and a transit network that were first seen later are from then on",
        (
            vpc("vpc-1"),
            vm("i-1", "10.1.0.5"),
            Held(peering("p-1", "vpc-1", "vpc-2"), 20),
            Held(cen("cen-1", "vpc-1"), 20),
            cen("cen-0", "vpc-1"),
        ),
        (
            (asking("10.1.0.5", 5), is_("i-1", {"cloud.peering_connection.id": None, "cloud.cen.id": "cen-0"})),
            (asking("10.1.0.5", 25), is_("i-1", {"cloud.peering_connection.id": "p-1", "cloud.cen.id": "cen-0,cen-1"})),
        ),
    ),
    Case(
        "N2: names of networks that were swapped",
        (
            Held(vpc("vpc-1", name="prod"), 0, 20),
            Held(vpc("vpc-2", name="test"), 0, 20),
            Held(vpc("vpc-1", name="test"), 20),
            Held(vpc("vpc-2", name="prod"), 20),
            vm("i-1", "10.1.0.5", vpc="vpc-1"),
            vm("i-2", "10.1.0.5", vpc="vpc-2"),
        ),
        (
            (asking("10.1.0.5", 5, network="prod"), is_("i-1")),
            (asking("10.1.0.5", 25, network="prod"), is_("i-2")),
            (asking("10.1.0.5", 25, network="vpc-1"), is_("i-1")),
        ),
    ),
    Case(
        "N3: a range serves nothing",
        (
            cluster(),
            node("n-1", "192.168.0.1", pod_cidrs=("10.244.1.0/24",)),
            service("s", ports=(port(80, node=30080),), type="NodePort"),
        ),
        (
            (
                asking("10.244.1.77", port=30080),
                is_("n-1", {"k8s.service.uid": None, "tagweave.service.type": "cluster"}),
            ),
            (asking("192.168.0.1", port=30080), is_("n-1", {"k8s.service.uid": "s"})),
        ),
    ),
    Case(
        "N4: a cluster runs where its nodes are at the time",
        (
            vpc("vpc-1"),
            vpc("vpc-2"),
            vm("i-1", "10.1.0.9", vpc="vpc-1"),
            vm("i-2", "10.2.0.9", vpc="vpc-2"),
            cluster(),
            Held(node("n-1", "10.1.0.9", on="i-1"), 0, 20),
            Held(node("n-2", "10.2.0.9", on="i-2"), 20),
            service("s", "10.96.0.9"),
        ),
        (
            (asking("10.96.0.9", 5), is_("s", {"cloud.vpc.id": "vpc-1"})),
            (asking("10.96.0.9", 30), is_("s", {"cloud.vpc.id": "vpc-2"})),
            (asking("10.2.0.9", 5, network="k"), not_("out_of_reach")),
            (asking("10.2.0.9", 30, network="k"), is_("n-2")),
            (asking("10.1.0.9", 30, network="k"), not_("out_of_reach")),
        ),
    ),
    Case(
        "N5: the ranges of a VPC are those of the time",
        (
            Held(vpc("vpc-1", "10.1.0.0/16", "100.65.0.0/24"), 0, 20),
            Held(vpc("vpc-1", "10.1.0.0/16"), 20),
            vm("i-1", "10.1.0.5"),
            cluster(),
            node("n-1", "10.1.0.5", name="n1", on="i-1"),
            Held(pod("p", "100.65.0.9", node="n1"), 0, 20),
        ),
        (
            (asking("100.65.0.9", 5, network="vpc-1"), is_("p", rule="ip")),
            (asking("100.65.0.10", 5, network="vpc-1"), is_("vpc-1", rule="prefix")),
            (asking("100.65.0.9", 25, network="vpc-1"), not_("not_at_that_time")),
        ),
    ),
    Case(
        "N6: a node names its cluster, though its VM has the same name",
        (
            vpc("vpc-1"),
            vm("i-1", "10.1.0.5", name="worker-1"),
            cluster(),
            node("n-1", "10.1.0.5", name="worker-1", on="i-1"),
            pod("p", "10.244.1.2"),
            cluster("c2", source="k2"),
            pod("p2", "10.244.1.2", source="k2", cluster="c2"),
        ),
        ((asking("10.244.1.2", network="worker-1"), is_("p")), (asking("10.244.1.2"), not_("ambiguous", "p", "p2"))),
    ),
    Case(
        "N7: what a hostNetwork pod serves on its node it serves while it is there",
        (
            cluster(),
            node("n-1", "192.168.0.1", name="n1"),
            Held(pod("p", "192.168.0.1", node="n1", host_network=True, labels=WEB), 10, 20),
            service("s", ports=(port(9200),), selector=WEB),
        ),
        (
            (asking("192.168.0.1", 5, port=9200), is_("n-1", {"k8s.service.uid": None})),
            (asking("192.168.0.1", 15, port=9200), is_("n-1", {"k8s.service.uid": "s", "k8s.namespace.name": "shop"})),
            (asking("192.168.0.1", 30, port=9200), is_("n-1", {"k8s.service.uid": None})),
        ),
    ),
    Case(
        "N8: of one name the one that began later, between two dumps",
        (
            cluster(),
            Held(node("n-1", "10.0.0.1", name="n1"), 0, 20, seen=0),
            Held(node("n-2", "10.0.0.1", name="n1", created_at=minute(10)), 10),
            Held(pod("old", "10.244.0.5", name="db-0", namespace="web"), 0, 20, seen=0),
            Held(pod("new", "10.244.0.5", name="db-0", namespace="web", created_at=minute(10)), 10),
        ),
        (
            (asking("n1", 15), is_("n-2")),
            (asking("web/db-0", 15), is_("new", interval=(10, None))),
            (asking("web/db-0", 5), is_("old", interval=(0, 10), age=300)),
            (asking("10.0.0.1", 15), is_("n-2", disputed=False)),
            (asking("10.244.0.5", 15), is_("new")),
        ),
    ),
    Case(
        "N9: the age of an address is that of its own claim",
        (
            Held(vm("i-1", card("10.1.0.5"), card("10.1.0.6")), 0, 20, seen=0),
            Held(vm("i-1", card("10.1.0.5"), card("10.1.0.7")), 20),
        ),
        (
            (asking("10.1.0.5", 19), is_("i-1", age=0, interval=(0, None))),
            (asking("10.1.0.6", 19), is_("i-1", age=19 * 60, interval=(0, 20))),
        ),
    ),
)
