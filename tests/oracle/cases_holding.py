"""Laws 5 and 6 by example: who holds an address, and which service."""

from typing import Final

from tagweave.model import Endpoint, EndpointPort, LoadBalancer, NetworkInterface, PublicIp, Rds, Redis

from .case import Case, asking, is_, not_
from .hand import Held, minute
from .make import (
    CLOUD,
    behind,
    box,
    card,
    cluster,
    ingress,
    namespace,
    nat,
    node,
    pod,
    port,
    service,
    subnet,
    vm,
    vpc,
)

WEB: Final = {"app": "web"}
TEN: Final = vpc("vpc-1", "10.0.0.0/8")
IP: Final = "10.244.0.5"

HOLDING: Final = (
    Case(
        "5 the table: the smaller rank wins",
        (
            TEN,
            vm("i-1", card("10.0.0.1", public="52.1.1.1")),
            cluster(cloud_source=CLOUD, vpc="vpc-1"),
            pod("p", "10.0.0.2"),
            node("n", "10.0.0.2", "10.0.0.3"),
            service("s", "10.0.0.3", "10.0.0.4", external_ips=("10.0.0.4", "10.0.0.5")),
            ingress("ing", ips=("10.0.0.5", "10.0.0.6")),
            Rds(source=CLOUD, id="rds", vpc="vpc-1", ips=("10.0.0.6", "10.0.0.7")),
            Redis(source=CLOUD, id="redis", vpc="vpc-1", ips=("10.0.0.8",)),
            nat("nat", vpc="vpc-1", private_ips=("10.0.0.7", "10.0.0.9"), public_ips=("52.1.1.2",)),
            LoadBalancer(source=CLOUD, id="lb", vpc="vpc-1", ips=("10.0.0.9", "10.0.0.1")),
            NetworkInterface(source=CLOUD, id="eni", vpc="vpc-1", private_ips=("10.0.0.10",), public_ips=("52.1.1.3",)),
            PublicIp(source=CLOUD, id="eip", ip="52.1.1.1"),
            PublicIp(source=CLOUD, id="free", ip="52.1.1.4"),
            pod("on-host", "10.0.0.11", host_network=True),
        ),
        tuple(
            (asking(ip), is_(owner))
            for ip, owner in (
                ("10.0.0.2", "p"),
                ("10.0.0.3", "n"),
                ("10.0.0.4", "s"),
                ("10.0.0.5", "s"),
                ("10.0.0.6", "ing"),
                ("10.0.0.7", "rds"),
                ("10.0.0.8", "redis"),
                ("10.0.0.9", "nat"),
                ("10.0.0.1", "lb"),
                ("10.0.0.10", "eni"),
                ("52.1.1.1", "i-1"),
                ("52.1.1.2", "nat"),
                ("52.1.1.3", "eni"),
                ("52.1.1.4", "free"),
                ("10.0.0.11", "vpc-1"),
            )
        ),
    ),
    Case(
        "5.1 a claim goes over versions, ends where its network does, and was seen until its last version was",
        (
            vpc("vpc-1", "10.0.0.0/16"),
            vpc("vpc-2", "10.0.0.0/16"),
            Held(vm("i-1", "10.0.0.5"), 0, 20, seen=10),
            Held(vm("i-1", "10.0.0.5", labels={"a": "b"}), 20, 40, seen=30),
            Held(vm("i-1", "10.0.0.5", vpc="vpc-2"), 40, 60, seen=50),
        ),
        (
            (asking("10.0.0.5", 15), is_("i-1", age=0, interval=(0, 40))),
            (asking("10.0.0.5", 35), is_("i-1", age=0, interval=(0, 40))),
            (asking("10.0.0.5", 55), is_("i-1", {"cloud.vpc.id": "vpc-2"}, age=300, interval=(40, 60))),
            (asking("10.0.0.5", 70, network="vpc-2"), is_("vpc-2", rule="prefix")),
        ),
    ),
    Case(
        "5.2 a pod got its address when the kubelet took it",
        (
            cluster(),
            Held(pod("first", IP, started_at=minute(15)), 10),
            Held(pod("second", phase="Pending"), 10, 30, seen=20),
            Held(pod("second", "10.244.0.6", started_at=minute(25)), 30),
            Held(pod("third", phase="Pending"), 10, 30, seen=20),
            Held(pod("third", "10.244.0.7", started_at=minute(12)), 30),
            Held(pod("fourth", phase="Pending"), 10, 30, seen=20),
            Held(pod("fourth", "10.244.0.8", started_at=minute(35)), 30),
        ),
        (
            (asking(IP, 12), not_("not_at_that_time")),
            (asking(IP, 16), is_("first", interval=(15, None))),
            (asking("10.244.0.6", 26), is_("second", interval=(25, None))),
            (asking("10.244.0.7", 22), is_("third", interval=(20, None))),
            (asking("10.244.0.8", 29), not_("not_at_that_time")),
            (asking("10.244.0.8", 31), is_("fourth", interval=(30, None))),
        ),
    ),
    Case(
        "5.2 a pod lost its address when it was terminal",
        (
            cluster(),
            Held(pod("told", IP), 0, 30, seen=10),
            Held(pod("told", IP, phase="Succeeded", finished_at=minute(20)), 30),
            Held(pod("not-told", "10.244.0.6"), 0, 30, seen=10),
            Held(pod("not-told", "10.244.0.6", phase="Failed"), 30),
            Held(pod("never", "10.244.0.7", phase="Succeeded"), 10),
            Held(pod("before", "10.244.0.8", phase="Succeeded", finished_at=minute(8)), 5),
            Held(pod("without", "10.244.0.9"), 0, 30, seen=10),
            Held(pod("without", finished_at=minute(20)), 30),
            Held(pod("later", "10.244.0.10"), 0, 30, seen=10),
            Held(pod("later", "10.244.0.10", phase="Failed"), 30, 40),
            Held(pod("later", phase="Failed", finished_at=minute(25)), 40),
        ),
        (
            (asking(IP, 19), is_("told", interval=(0, 20), age=0)),
            (asking(IP, 21), not_("not_at_that_time")),
            (asking("10.244.0.6", 25), is_("not-told", interval=(0, 30), age=900)),
            (asking("10.244.0.6", 31), not_("not_at_that_time")),
            (asking("10.244.0.7", 11), not_("unknown_address")),
            (asking("10.244.0.8", 6), is_("before", interval=(5, 8))),
            (asking("10.244.0.9", 19), is_("without", interval=(0, 20))),
            (asking("10.244.0.10", 24), is_("later", interval=(0, 25), age=0)),
        ),
    ),
    Case(
        "5.3 a sure one before an unsure one, and what begins in the unsure time ends it",
        (
            Held(vm("old", "10.0.0.5"), 0, 40, seen=10),
            Held(vm("new", "10.0.0.5"), 20, 30),
            Held(vm("open", "10.0.0.6"), 0, seen=10),
            Held(vm("after", "10.0.0.6"), 20, 30),
        ),
        (
            (asking("10.0.0.5", 15), is_("old", interval=(0, 20), age=300)),
            (asking("10.0.0.5", 25), is_("new", disputed=False)),
            (asking("10.0.0.5", 35), not_("not_at_that_time")),
            (asking("10.0.0.6", 15), is_("open", interval=(0, 20))),
            (asking("10.0.0.6", 35), not_("not_at_that_time")),
        ),
    ),
    Case(
        "5.3, 5.4 two sure ones are disputed; the one that started later, then the larger resource id, is told",
        (Held(vm("a", "10.0.0.5", "10.0.0.6"), 10), Held(vm("b", "10.0.0.5"), 5), Held(vm("c", "10.0.0.6"), 10)),
        (
            (asking("10.0.0.5", 20), is_("a", disputed=True)),
            (asking("10.0.0.5", 7), is_("b", disputed=False)),
            (asking("10.0.0.6", 20), is_("c", disputed=True)),
        ),
    ),
    Case(
        "5.5 a VM's address has the subnet and the security groups of its interface",
        (
            TEN,
            subnet("ranged", "10.0.0.0/24", az="a"),
            subnet("said", az="b"),
            vm("i-1", card("10.0.0.5", subnet="said", groups=("sg-1",)), card("10.0.0.6", groups=("sg-2",))),
            Rds(source=CLOUD, id="db", vpc="vpc-1", subnets=("said",), ips=("10.0.0.7",)),
            Rds(source=CLOUD, id="wide", vpc="vpc-1", az="c", subnets=("said", "more"), ips=("10.0.0.8",)),
        ),
        (
            (
                asking("10.0.0.5"),
                is_(
                    "i-1",
                    {"cloud.subnet.id": "said", "cloud.availability_zone": "b", "cloud.security_group.id": "sg-1"},
                ),
            ),
            (
                asking("10.0.0.6"),
                is_(
                    "i-1",
                    {"cloud.subnet.id": "ranged", "cloud.availability_zone": "a", "cloud.security_group.id": "sg-2"},
                ),
            ),
            (asking("10.0.0.7"), is_("db", {"cloud.subnet.id": "said", "cloud.availability_zone": "b"})),
            (asking("10.0.0.8"), is_("wide", {"cloud.subnet.id": "ranged", "cloud.availability_zone": "c"})),
        ),
    ),
    Case(
        "5.5 a loser of another rank adds what is lacked, where it contradicts nothing",
        (
            TEN,
            vpc("vpc-2", "10.0.0.0/8"),
            vm("i-1", card("10.0.0.5", groups=("sg",)), card("10.0.0.6"), az="a"),
            vm("i-2", "10.0.0.7"),
            cluster(cloud_source=CLOUD, vpc="vpc-1"),
            node("n-1", "10.0.0.5"),
            node("n-2", "10.0.0.7", on="i-1"),
            service("s", "10.0.0.5"),
        ),
        (
            (
                asking("10.0.0.5"),
                is_(
                    "n-1",
                    {
                        "host.id": "i-1",
                        "cloud.availability_zone": "a",
                        "cloud.security_group.id": "sg",
                        "k8s.service.uid": None,
                        "k8s.namespace.name": None,
                    },
                ),
            ),
            (
                asking("10.0.0.7"),
                is_("n-2", {"host.id": "i-1", "cloud.availability_zone": "a", "cloud.security_group.id": None}),
            ),
        ),
    ),
    Case(
        "5.6 a range answers where no address does, the longest first, and is no instance",
        (
            TEN,
            subnet("s-1", "10.0.0.0/8"),
            cluster(cloud_source=CLOUD, vpc="vpc-1"),
            node("n-1", pod_cidrs=("10.0.1.0/24",)),
            Held(vm("i-1", "10.0.1.5"), 0, 50),
        ),
        (
            (asking("10.0.1.5", 20), is_("i-1", rule="ip")),
            (
                asking("10.0.1.5", 80),
                is_(
                    "n-1",
                    {
                        "tagweave.instance.type": "ip",
                        "tagweave.instance.name": "10.0.1.5",
                        "cloud.subnet.id": "s-1",
                        "k8s.node.uid": "n-1",
                        "tagweave.service.type": "cluster",
                    },
                    rule="prefix",
                ),
            ),
            (asking("10.0.2.5"), is_("s-1", {"tagweave.service.type": "ip"}, rule="prefix")),
        ),
    ),
    Case(
        "6.1 a pod serves by its labels, without selector by endpoints, never by an external name",
        (
            cluster(),
            Held(pod("p", IP, labels=WEB), 0, 50),
            Held(pod("p", IP, labels={"app": "db"}), 50),
            service("s", selector=WEB, ports=(port(80),)),
            service("elsewhere", selector=WEB, namespace="other"),
            service("named", selector=WEB, type="ExternalName"),
            Held(service("direct", endpoints=(Endpoint(ip=IP, pod="p"),)), 0, 50),
            service("gone", endpoints=None),
            ingress("ing", "s"),
        ),
        (
            (asking(IP, 20), is_("p", {"k8s.service.uid": "direct,s", "k8s.ingress.uid": "ing"})),
            (
                asking(IP, 80),
                is_("p", {"k8s.service.uid": None, "k8s.ingress.uid": None, "tagweave.service.type": "cluster"}),
            ),
        ),
    ),
    Case(
        "6.2 what a pod serves: the endpoint's port, a number, a container's port, the service's own",
        (
            cluster(),
            pod("p", IP, labels=WEB, containers=(box("a"), box("b", http=8080))),
            service(
                "own",
                ports=(port(1, name="x"),),
                endpoints=(behind("p", EndpointPort(name="x", port=1001), EndpointPort(name="y", port=9)),),
            ),
            service("number", selector=WEB, ports=(port(2, "1002"),)),
            service("called", selector=WEB, ports=(port(3, "http"),)),
            service("bare", selector=WEB, ports=(port(4), port(5, "nothing"), port(6, protocol="UDP"))),
        ),
        tuple(
            (asking(IP, port=n, protocol=word), is_("p", {"k8s.service.uid": of}))
            for n, word, of in (
                (1001, "tcp", "own"),
                (1, "tcp", None),
                (9, "tcp", None),
                (1002, "tcp", "number"),
                (2, "tcp", None),
                (8080, "tcp", "called"),
                (4, "tcp", "bare"),
                (5, "tcp", None),
                (6, "tcp", None),
                (6, "udp", "bare"),
                (6, "", "bare"),
            )
        ),
    ),
    Case(
        "6.3 a node serves node ports, and what its hostNetwork pods do",
        (
            cluster(),
            node("n-1", "192.168.0.1", name="n1"),
            node("n-2", "192.168.0.2", name="n2"),
            service("s", ports=(port(80, node=30080),), type="NodePort"),
            service("inner", ports=(port(81, node=30081),)),
            pod("p", "192.168.0.1", node="n1", host_network=True, labels=WEB),
            pod("dead", node="n2", host_network=True, labels=WEB, phase="Failed"),
            service("host", ports=(port(9100),), selector=WEB),
        ),
        tuple(
            (asking(f"192.168.0.{n}", port=at), is_(f"n-{n}", {"k8s.service.uid": of}))
            for n, at, of in ((1, 30080, "s"), (2, 30080, "s"), (1, 30081, None), (1, 9100, "host"), (2, 9100, None))
        ),
    ),
    Case(
        "6.4 none picked: a pod keeps its services at a source, a service's address always",
        (
            cluster(),
            namespace("ns", "shop"),
            pod("p", IP, labels=WEB),
            service("s", "10.96.0.1", ports=(port(80),), selector=WEB),
            ingress("ing", "s"),
        ),
        (
            (
                asking(IP, port=99),
                is_("p", {"k8s.service.uid": None, "k8s.ingress.uid": None, "k8s.namespace.name": "shop"}),
            ),
            (asking(IP, port=99, side="source"), is_("p", {"k8s.service.uid": "s", "k8s.ingress.uid": "ing"})),
            (asking(IP, port=80, side="source"), is_("p", {"k8s.service.uid": "s", "tagweave.service.name": "s-name"})),
            (asking("10.96.0.1", port=99), is_("s", {"k8s.service.uid": "s", "k8s.ingress.uid": "ing"})),
            (asking("10.96.0.1", port=99, side="source"), is_("s", {"k8s.service.uid": "s"})),
        ),
    ),
    Case(
        "6.5 without a port: all services of a pod, none of a node, but those that hold its address",
        (
            cluster(),
            node("n-1", "192.168.0.1"),
            service("s", ports=(port(80, node=30080),), type="LoadBalancer", load_balancer_ips=("192.168.0.1",)),
            service("t", ports=(port(81, node=30081),), type="NodePort"),
            ingress("ing", "t", ips=("192.168.0.1",)),
        ),
        (
            (
                asking("192.168.0.1"),
                is_("n-1", {"k8s.service.uid": "s", "k8s.namespace.name": None, "k8s.ingress.uid": "ing"}),
            ),
            (asking("192.168.0.1", port=80), is_("n-1", {"k8s.service.uid": "s", "k8s.ingress.uid": "ing"})),
            (asking("192.168.0.1", port=5), is_("n-1", {"k8s.service.uid": None, "k8s.ingress.uid": None})),
        ),
    ),
)
