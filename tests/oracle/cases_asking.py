"""Laws 7 to 10 by example: names, names of networks, how an answer is sought, and what the tags say."""

from typing import Final

from tagweave.model import Host, NetworkInterface, PublicIp, Region

from .case import Case, asking, is_, not_
from .hand import Held
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
    peering,
    pod,
    replica_set,
    service,
    subnet,
    vm,
    vpc,
    workload,
)

IP: Final = "10.244.0.5"

ASKING: Final = (
    Case(
        "7 the table of names",
        (
            cluster(name="prod"),
            pod("p", IP, name="web-0", containers=(box("main", "cid-1"), box("side", "cid-2"))),
            node("n-1", name="n1", hostname="n1.local"),
            workload("w", name="web"),
            replica_set("rs", "w"),
            service("s", name="front"),
            vm("i-1", card("10.0.0.5", native="eni-1", mac="02:00:00:00:00:0a"), name="web-1"),
            NetworkInterface(source=CLOUD, id="eni-2", mac="02:00:00:00:00:0b", vpc="vpc-1"),
            nat("nat-1"),
        ),
        [
            *(
                (asking(key), is_(owner, rule=rule))
                for key, owner, rule in (
                    ("p", "p", "pod_uid"),
                    ("shop/web-0", "p", "pod_name"),
                    ("c1/shop/web-0", "p", "pod_name"),
                    ("prod/shop/web-0", "p", "pod_name"),
                    ("k/shop/web-0", "p", "pod_name"),
                    ("cid-2", "p", "container_id"),
                    ("i-1", "i-1", "vm_id"),
                    ("web-1", "i-1", "host_name"),
                    ("n1", "n-1", "host_name"),
                    ("n1.local", "n-1", "host_name"),
                    ("02-00-00-00-00-0A", "i-1", "mac"),
                    ("02:00:00:00:00:0b", "eni-2", "mac"),
                    ("eni-1", "i-1", "interface_id"),
                    ("eni-2", "eni-2", "interface_id"),
                    ("n-1", "n-1", "id"),
                    ("prod/n1", "n-1", "id"),
                    ("shop/web", "w", "id"),
                    ("shop/rs-name", "rs", "id"),
                    ("shop/front", "s", "id"),
                    ("nat-1", "nat-1", "id"),
                    ("c1", "c1", "id"),
                )
            ),
            (asking("nobody"), not_("unknown_address")),
            (asking("cid-2"), is_("p", {"k8s.container.name": "side", "container.id": "cid-2"})),
            (asking("n1", rule="vm_id"), not_("unknown_address")),
        ],
    ),
    Case(
        "7.1 in a cluster the one that began later has the name; in a cloud two have it, unless one is unsure",
        (
            cluster(),
            Held(pod("p-0", name="db-0"), 0, 40),
            Held(pod("p-1", name="db-0"), 20, 30),
            Held(vm("i-1", name="twin"), 0),
            Held(vm("i-2", name="twin"), 0, 50, seen=20),
            workload("w-1", "Deployment", name="web"),
            workload("w-2", "StatefulSet", name="web"),
        ),
        (
            (asking("shop/db-0", 10), is_("p-0", interval=(0, 20))),
            (asking("shop/db-0", 25), is_("p-1")),
            (asking("shop/db-0", 35), not_("not_at_that_time")),
            (asking("twin", 10), not_("ambiguous", "i-1", "i-2")),
            (asking("twin", 30), is_("i-1")),
            (asking("shop/web"), not_("ambiguous", "w-1", "w-2")),
        ),
    ),
    Case(
        "7.2 a uid means its pod for ever after, and a container id too",
        (
            cluster(),
            Held(pod("p", IP, name="web-0", containers=(box("main", "cid-1"),)), 10, 20),
            Held(pod("p", IP, name="web-0", containers=(box("main", "cid-2"),)), 20, 30, seen=25),
        ),
        (
            (asking("p", 5), not_("not_at_that_time")),
            (asking("p", 85), is_("p", {"k8s.pod.name": "web-0"}, age=3600, interval=(10, None))),
            (asking("cid-1", 25), is_("p", {"container.id": "cid-1", "k8s.container.name": "main"}, age=300)),
            (asking("shop/web-0", 85), not_("not_at_that_time")),
        ),
    ),
    Case(
        "7.4 a name is sought like an address, the nearest first",
        (
            vpc("vpc-1"),
            vpc("vpc-2"),
            vpc("vpc-3"),
            peering("pcx", "vpc-1", "vpc-2"),
            vm("i-1", name="twin"),
            vm("i-2", name="twin", vpc="vpc-2"),
            vm("i-3", name="other", vpc="vpc-3"),
        ),
        (
            (asking("twin"), not_("ambiguous", "i-1", "i-2")),
            (asking("twin", network="vpc-1"), is_("i-1")),
            (asking("twin", network="vpc-2"), is_("i-2")),
            (asking("twin", network="vpc-3"), not_("out_of_reach")),
            (asking("other", network="vpc-1"), not_("out_of_reach")),
        ),
    ),
    Case(
        "7.5 a VM by name has the groups of all its interfaces, by an interface's name those of that one",
        (
            vm(
                "i-1",
                card("10.0.0.5", native="e-1", subnet="s-1", groups=("a",)),
                card("10.0.0.6", native="e-2", subnet="s-2", groups=("b",)),
            ),
        ),
        (
            (asking("i-1"), is_("i-1", {"cloud.security_group.id": "a,b", "cloud.subnet.id": None})),
            (asking("e-2"), is_("i-1", {"cloud.security_group.id": "b", "cloud.subnet.id": "s-2"})),
        ),
    ),
    Case(
        "8 names of networks, group by group",
        (
            vpc("vpc-1", name="prod"),
            vpc("vpc-2", name="prod", source="other"),
            vpc("vpc-3", name="test", source="other"),
            vm("i-1", card("10.0.0.5", native="eni-1"), name="vm-one"),
            vm("i-2", "10.0.0.5", vpc="vpc-2", source="other"),
            subnet("sub", "10.0.0.0/24"),
            cluster(name="kube"),
            node("n-1", name="n1"),
            pod("p", "10.0.0.5"),
        ),
        tuple(
            (asking("10.0.0.5", network=word), is_(owner) if owner else not_("unknown_network"))
            for word, owner in (
                ("vpc-1", "i-1"),
                ("prod", None),
                ("cloud/prod", "i-1"),
                ("other/prod", "i-2"),
                ("cloud", "i-1"),
                ("other", None),
                ("c1", "p"),
                ("kube", "p"),
                ("k/kube", "p"),
                ("k", "p"),
                ("n1", "p"),
                ("sub", "i-1"),
                ("sub-name", "i-1"),
                ("vm-one", "i-1"),
                ("eni-1", "i-1"),
                ("nothing", None),
            )
        ),
    ),
    Case(
        "8 who has a name at the time goes before who had it",
        (
            Held(vpc("vpc-1", name="prod"), 0, 50),
            Held(vpc("vpc-2", name="prod"), 60),
            vm("i-1", "10.0.0.5"),
            vm("i-2", "10.0.0.5", vpc="vpc-2"),
            Held(cluster("c-old"), 0, 50),
            Held(cluster("c-new"), 60),
            pod("p", "10.244.0.5", cluster="c-new"),
        ),
        (
            (asking("10.0.0.5", 20, network="prod"), is_("i-1")),
            (asking("10.0.0.5", 80, network="prod"), is_("i-2")),
            (asking("10.0.0.5", 55, network="prod"), not_("unknown_network")),
            (asking("10.244.0.5", 80, network="k"), is_("p")),
        ),
    ),
    Case(
        "9.1 exact before a range in each tier, and two owners in one are ambiguous",
        (
            vpc("vpc-1", "10.0.0.0/16"),
            vpc("vpc-2", "10.0.0.0/16"),
            vpc("vpc-3", "10.0.0.0/16"),
            peering("a", "vpc-1", "vpc-2"),
            peering("b", "vpc-1", "vpc-3"),
            vm("i-2", "10.0.0.5", "10.1.0.6", vpc="vpc-2"),
            vm("i-3", "10.1.0.6", vpc="vpc-3"),
        ),
        (
            (asking("10.0.0.5", network="vpc-1"), is_("vpc-1", rule="prefix")),
            (asking("10.1.0.6", network="vpc-1"), not_("ambiguous", "i-2", "i-3")),
        ),
    ),
    Case(
        "9.2 without a network all are one tier",
        (vpc("vpc-1", "10.0.0.0/16"), vpc("vpc-2", "10.0.0.0/16"), vm("i-2", "10.0.0.5", vpc="vpc-2")),
        ((asking("10.0.0.5"), is_("i-2")), (asking("10.0.0.6"), not_("ambiguous", "vpc-1", "vpc-2"))),
    ),
    Case(
        "9.3 why nothing was found",
        (vpc("vpc-1"), vpc("vpc-2"), Held(vm("i-1", "10.0.0.5"), 0, 50), vm("i-2", "169.254.1.1", vpc="vpc-2")),
        (
            (asking("10.0.0.5", 80), not_("not_at_that_time", itself="ip")),
            (asking("10.0.0.5", 80, network="vpc-2"), not_("out_of_reach", itself="ip")),
            (asking("10.0.0.5", 80, network="x"), not_("unknown_network", itself="ip")),
            (asking("127.0.0.1"), not_("special_address", itself="ip")),
            (asking("224.0.0.5"), not_("special_address", itself="ip")),
            (asking("169.254.1.1"), is_("i-2")),
            (asking("169.254.1.1", network="vpc-1"), not_("out_of_reach", itself="ip")),
            (asking("8.8.8.8"), not_("unknown_address", itself="internet")),
            (asking("10.9.9.9"), not_("unknown_address", itself="ip")),
        ),
    ),
    Case(
        "9.4 a record that was not matched at its start is asked again at its end",
        (vpc("vpc-1", "10.0.0.0/16"), Held(vm("i-1", "10.0.0.5"), 50), Held(vm("i-2", "10.1.0.5"), 0, 50)),
        (
            (asking("10.0.0.5", 40), is_("vpc-1")),
            (asking("10.0.0.5", 40, until=60), is_("i-1")),
            (asking("10.1.0.5", 40, until=60), is_("i-2")),
            (asking("10.1.0.5", 70, until=80), not_("not_at_that_time")),
        ),
    ),
    Case(
        "9.6 the age is since the claim was seen",
        (Held(vm("i-1", "10.0.0.5"), 0, seen=60),),
        ((asking("10.0.0.5", 50), is_("i-1", age=0)), (asking("10.0.0.5", 61.5), is_("i-1", age=90))),
    ),
    Case(
        "10.1, 10.2 the account, the machine and its cloud tags",
        (
            Held(vpc("vpc-1", labels={"of": "vpc"}), part="111/eu"),
            Held(vm("i-1", "10.0.0.5", labels={"of": "vm"}, host="h"), part="222/eu"),
            Host(source=CLOUD, id="h", labels={"of": "host"}),
            cluster(),
            node("n-1", name="n1", on="i-1", labels={"zone": "a"}),
            pod("p", IP, node="n1", labels={"app": "web"}),
            service("s", "10.96.0.1"),
            Held(Region(source=CLOUD, id="eu"), part="eu"),
            PublicIp(source=CLOUD, id="eip", ip="52.1.1.1", labels={"of": "eip"}),
        ),
        (
            (
                asking(IP),
                is_(
                    "p",
                    {
                        "cloud.account.id": "222",
                        "cloud.tag.of": "vm",
                        "k8s.pod.label.app": "web",
                        "k8s.node.label.zone": "a",
                    },
                ),
            ),
            (asking("10.96.0.1"), is_("s", {"cloud.account.id": "111", "cloud.provider": "aws", "cloud.tag.of": None})),
            (asking("vpc-1"), is_("vpc-1", {"cloud.account.id": "111", "cloud.tag.of": "vpc"})),
            (asking("52.1.1.1"), is_("eip", {"cloud.tag.of": "eip", "tagweave.instance.type": "public_ip"})),
            (asking("eu"), is_("eu", {"cloud.account.id": None, "cloud.region": "eu"})),
        ),
        accounts={CLOUD: ("aws", "")},
    ),
    Case(
        "10.3, 10.4, 10.6 instance, service and groups",
        (
            vpc("vpc-1"),
            cluster(name="kube"),
            namespace("ns", "shop", labels={"team": "blue"}),
            namespace("ns-2", "free"),
            workload("w", "NebulaCluster", name="graph"),
            workload("v", "Deployment", name="api", namespace="free"),
            pod("p", IP, workload="w"),
            pod("q", "10.244.0.6", workload="v", namespace="free"),
            pod("r", "10.244.0.7", namespace="free"),
            service("s", namespace="free", endpoints=(behind("r"),)),
            ingress("ing", ips=("10.9.0.9",), namespace="free"),
        ),
        [
            *(
                (
                    asking(key),
                    is_(
                        owner,
                        {"tagweave.instance.type": kind, "tagweave.service.type": of, "tagweave.service.name": name},
                    ),
                )
                for key, owner, kind, of, name in (
                    (IP, "p", "pod", "custom", "blue"),
                    ("10.244.0.6", "q", "pod", "Deployment", "api"),
                    ("10.244.0.7", "r", "pod", "service", "s-name"),
                    ("10.9.0.9", "ing", "ingress", "cluster", "kube"),
                    ("vpc-1", "vpc-1", None, None, None),
                    ("v", "v", "Deployment", "Deployment", "api"),
                )
            ),
            (
                asking(IP),
                is_(
                    "p",
                    {
                        "tagweave.group.service": "blue",
                        "k8s.workload.kind": "NebulaCluster",
                        "k8s.deployment.uid": None,
                    },
                ),
            ),
        ],
        groups={"service": ("k8s.namespace.label.owner", "k8s.namespace.label.team")},
    ),
)
