"""How a made-up estate begins: a cloud of two accounts, another of one, two clusters, and what runs in them."""

from collections.abc import Callable
from typing import Final

from tagweave.model import (
    AvailabilityZone,
    EndpointPort,
    Host,
    LoadBalancer,
    NetworkInterface,
    PublicIp,
    Rds,
    Redis,
    Region,
    SecurityGroup,
)

from .hand import minute
from .make import (
    CLOUD,
    behind,
    box,
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
    replica_set,
    router,
    service,
    subnet,
    vm,
    vpc,
    workload,
)
from .world import World

EU: Final = "111/eu"
US: Final = "222/us"


def networks(world: World) -> None:
    told = world.random.choice([None, minute(-90)])
    world.put(Region(source=CLOUD, id="eu", name="Europe"), part="eu")
    world.put(*(AvailabilityZone(source=CLOUD, id=f"eu-{z}", region="eu") for z in "ab"), part="eu")
    world.put(
        vpc("vpc-1", "10.1.0.0/16", "100.65.0.0/24", "2600:1::/32", name="prod", region="eu", created_at=told), part=EU
    )
    world.put(vpc("vpc-2", "10.2.0.0/16", name="test", region="us", labels={"stage": "test"}), part=US)
    world.put(vpc("vpc-3", "10.1.0.0/16", name="old", region="eu", created_at=told), part=EU)
    world.put(subnet("s-1", "10.1.0.0/24", az="eu-a", region="eu", router="r-0"), part=EU)
    world.put(subnet("s-2", "10.1.1.0/24", "2600:1::/64", az="eu-b", region="eu"), part=EU)
    world.put(subnet("s-3", "10.2.0.0/24", vpc="vpc-2", created_at=told), part=US)
    world.put(router("r-0", name="main"), router("r-1", "s-1", "s-2"), part=EU)
    world.put(*(SecurityGroup(source=CLOUD, id=f"sg-{n}", name=f"group{n}", vpc="vpc-1") for n in (1, 2)), part=EU)
    world.put(peering("pcx", "vpc-1", "vpc-2", state=world.random.choice(["active", "pending"])), part=EU)
    world.put(cen("cen-1", "vpc-1", "vpc-3"), part=EU)


def machines(world: World) -> None:
    cards = (
        card("10.1.0.5", "eni-1", "52.1.1.1", "s-1", ("sg-1",), "02:00:00:00:00:01"),
        card("10.1.1.7", "eni-1b", groups=("sg-2",)),
    )
    world.put(
        vm(
            "i-1", *cards, name="worker-1", az="eu-a", region="eu", host="h-1", labels={"team": "a"}, instance_type="m5"
        ),
        part=EU,
    )
    world.put(
        vm("i-2", card("10.1.0.6", "eni-2", subnet="s-1"), card("2600:1::5", "eni-2b"), name="worker-2", az="eu-b"),
        part=EU,
    )
    world.put(vm("i-3", card("10.2.0.5", "eni-3", subnet="s-3"), name="worker-3", vpc="vpc-2"), part=US)
    world.put(vm("i-4", card("10.1.0.5", "eni-4"), card("10.9.0.9"), name="web", vpc="vpc-3"), part=EU)
    world.put(Host(source=CLOUD, id="h-1", name="hyper", region="eu", ips=("10.99.0.1",)), part=EU)


def others(world: World) -> None:
    """A source of one account, with a VPC of a name and an id that others have too."""
    world.put(vpc("vpc-2", "10.2.0.0/16", name="prod", source="other"), vpc("vpc-9", name="nine", source="other"))
    native = world.random.choice(
        ["i-1", "i-7", "i-8"]
    )  # i-1: another VM of that id, so that no node is known to run on it
    world.put(vm(native, "10.2.0.5", vpc="vpc-2", name="worker-1", source="other"))
    world.put(cen("cen-9", "vpc-9", "vpc-1", source="other"))
    world.put(vm("i-5", "10.9.0.9", vpc="", name="web", source="other"))


def gateways(world: World) -> None:
    world.put(
        nat(
            "nat-1",
            "gate",
            vpc="vpc-1",
            region="eu",
            subnets=("s-1",),
            private_ips=("10.1.0.9",),
            public_ips=("52.1.1.2",),
        ),
        part=EU,
    )
    world.put(nat("nat-2", "gate-2", vpc="vpc-2"), part=US)
    world.put(
        LoadBalancer(
            source=CLOUD, id="lb-1", name="front", vpc="vpc-1", subnets=("s-1", "s-2"), ips=("10.1.0.10", "203.0.113.7")
        ),
        part=EU,
    )
    world.put(
        Rds(source=CLOUD, id="db-1", name="orders", vpc="vpc-1", az="eu-a", ips=("10.1.0.11",), labels={"team": "b"}),
        part=EU,
    )
    world.put(
        Redis(source=CLOUD, id="cache-1", name="cache", vpc="vpc-2", subnets=("s-3",), ips=("10.2.0.11",)), part=US
    )
    world.put(
        PublicIp(
            source=CLOUD,
            id="eip-1",
            name="out",
            region="eu",
            ip="52.1.1.3",
            attached_kind="nat_gateway",
            attached="nat-1",
        ),
        PublicIp(source=CLOUD, id="eip-2", name="free", region="eu", ip="52.1.1.4", labels={"team": "c"}),
        part=EU,
    )
    world.put(
        NetworkInterface(
            source=CLOUD,
            id="eni-9",
            name="lambda",
            vpc="vpc-1",
            subnet="s-2",
            mac="02:00:00:00:00:09",
            private_ips=("10.1.1.9",),
            security_groups=("sg-2",),
            attached_kind="load_balancer",
            attached="lb-1",
        ),
        part=EU,
    )


def nodes(world: World) -> None:
    configured = world.random.choice([{}, {}, {"cloud_source": CLOUD, "vpc": "vpc-1", "region": "eu"}])
    world.put(
        cluster(name="kube", **configured), namespace("ns-1", "shop", labels={"team": "a"}), namespace("ns-2", "free")
    )
    told = world.random.choice([None, minute(-30)])
    world.put(
        node(
            "n-1", "10.1.0.5", name="worker-1", hostname="ip-5", on="i-1", pod_cidrs=("10.244.0.0/24",), created_at=told
        )
    )
    world.put(node("n-2", "10.1.0.6", "192.168.1.10", name="worker-2", on="i-2", pod_cidrs=("10.244.1.0/24",)))


def workloads(world: World) -> None:
    began = {"created_at": minute(-20), "started_at": minute(-19)}
    world.put(workload("w-1", name="web", labels={"tier": "front"}), replica_set("rs-1", "w-1"))
    world.put(
        workload("w-2", "StatefulSet", name="db"),
        workload("w-3", "CronJob", name="nightly"),
        workload("w-4", "Job", owner="w-3"),
    )
    web = {"labels": {"app": "web"}, "containers": (box("main", "cid-1", http=8080), box("side", "cid-2"))}
    world.put(pod("p-1", "10.244.0.5", name="web-a", node="worker-1", replica_set="rs-1", **web, **began))
    world.put(
        pod("p-2", "10.244.1.7", "2600:9::7", name="web-b", node="worker-2", replica_set="rs-1", labels={"app": "web"})
    )
    world.put(pod("p-3", "10.244.0.6", name="db-0", node="worker-1", workload="w-2", labels={"app": "db"}, **began))
    world.put(pod("p-4", "100.65.0.9", name="night-x", node="worker-1", workload="w-4", namespace="free"))
    world.put(
        pod(
            "p-5",
            "10.1.0.5",
            name="agent",
            node="worker-1",
            host_network=True,
            labels={"app": "agent"},
            namespace="free",
        )
    )


def services(world: World) -> None:
    own = (behind("p-3", EndpointPort(name="sql", port=5432)),)
    world.put(
        service(
            "s-web",
            "10.96.0.1",
            name="web",
            selector={"app": "web"},
            ports=(port(80, "http", "web", node=30080),),
            type="NodePort",
        ),
        service("s-db", "10.96.0.2", name="db", endpoints=own, ports=(port(5432, name="sql"),)),
        service(
            "s-lb",
            "10.96.0.3",
            name="lb",
            selector={"app": "web"},
            ports=(port(81, "8081", node=30081),),
            type="LoadBalancer",
            load_balancer_ips=("203.0.113.7", "192.168.1.10"),
        ),
        service(
            "s-dns",
            name="dns",
            namespace="free",
            selector={"app": "agent"},
            ports=(port(53, protocol="UDP"), port(9100)),
            external_ips=("203.0.113.7",),
        ),
        service("s-ext", name="ext", type="ExternalName", selector={"app": "db"}),
    )
    world.put(ingress("ing-1", "s-web", ips=("203.0.113.7",), name="edge"))
    world.put(ingress("ing-2", "s-lb", "s-db", ips=("192.168.1.10",), name="inner", namespace="free"))


def twins(world: World) -> None:
    """A second cluster with the same ranges, whose things have the same names."""
    world.put(cluster("c2", "k2", "kube-2", cloud_source=CLOUD, vpc="vpc-2"), namespace("ns-1", "shop", "k2", "c2"))
    world.put(node("n-9", "10.2.0.5", name="worker-3", on="i-3", source="k2", cluster="c2"))
    world.put(pod("q-1", "10.244.0.5", name="web-a", source="k2", cluster="c2", node="worker-3"))
    world.put(pod("q-2", "10.244.0.9", name="db-0", source="k2", cluster="c2", node="worker-9"))


PIECES: Final[dict[str, Callable[[World], None]]] = {
    "networks": networks,
    "machines": machines,
    "gateways": gateways,
    "nodes": nodes,
    "workloads": workloads,
    "services": services,
    "others": others,
    "twins": twins,
}
"""What an estate may begin with; the rest is of strangers."""
