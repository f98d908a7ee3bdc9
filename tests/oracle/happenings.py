"""What may happen to a made-up estate: what chance alone hardly makes."""

from collections.abc import Callable
from typing import Final

import msgspec

from tagweave.model import Attachment, EndpointPort, IngressRule, Resource

from .hand import minute
from .make import CLOUD, KUBE, behind, card, node, pod, port, service, vm
from .world import ADDRESSES, World

NAMED: Final = (
    "vpc",
    "cluster",
    "nat_gateway",
    "load_balancer",
    "rds",
    "redis",
    "vm",
    "network_interface",
    "host",
    "subnet",
)
"""What may be renamed, and what a public address is attached to."""


def _again(world: World, kind: str, **fields: object) -> None:
    """A resource goes and another takes its place, under a new id: seen at once, or the old one first gone."""
    if old := world.one(kind):
        _replace(world, old, **fields)


def _replace(world: World, old: Resource, **fields: object) -> None:
    part = world.part_of(old)
    world.drop(old)
    if world.random.random() < 0.4:
        world.tell()
        world.advance(world.random.choice([1, 5]))
    new = msgspec.structs.replace(old, id=world.fresh(old.kind), created_at=world.made(), **fields)
    world.put(new, part=part)


# ---- clouds


def range_made_again(world: World) -> None:
    _again(world, "subnet", az=world.random.choice(["eu-a", "eu-b"]))


def range_changes(world: World) -> None:
    """A range of a VPC or a subnet goes, or comes."""
    if one := world.one("vpc", "subnet"):
        more = world.random.choice(["100.65.0.0/24", "10.1.0.0/16", "10.1.0.0/24", "10.244.0.0/16"])
        cidrs = tuple(c for c in one.cidrs if c != more) if more in one.cidrs else (*one.cidrs, more)
        world.change(one, cidrs=cidrs)


def renamed(world: World) -> None:
    if one := world.one(*NAMED):
        world.change(one, name=world.random.choice([f"{one.id}-renamed", "prod", "worker-1", f"{one.id}-back"]))


def names_swapped(world: World) -> None:
    them = world.those(world.random.choice(NAMED))
    if len(them) > 1:
        one, other = world.random.sample(them, 2)
        world.change(one, name=other.name)
        world.change(other, name=one.name)


def joins_change(world: World) -> None:
    """A peering or a transit network ends, changes its state or what it joins; or comes later."""
    one = world.one("peering_connection", "cen")
    vpcs = world.random.sample(["vpc-1", "vpc-2", "vpc-3", "vpc-9"], 2)
    if one is None:
        return
    way = world.random.random()
    if way < 0.3:
        world.drop(one)
    elif one.kind == "cen":
        world.change(one, attachments=tuple(Attachment("vpc", v) for v in vpcs))
    elif way < 0.7:
        world.change(one, state="active" if one.state == "pending" else "pending")
    else:
        world.put(msgspec.structs.replace(one, id=world.fresh("pcx"), state="active", created_at=world.made()))


def moved_to_another_account(world: World) -> None:
    if one := world.one("vpc", "vm", "public_ip", "subnet", "nat_gateway", source=CLOUD):
        world.put(one, part=world.random.choice(["111/eu", "222/us", "222/eu"]))


def vm_replaced(world: World) -> None:
    """Under its name, with its addresses, as a group of machines does."""
    _again(world, "vm")


def address_moves(world: World) -> None:
    """From one VM to another; or both have it for a while."""
    them = world.those("vm")
    if len(them) > 1:
        one, other = world.random.sample(them, 2)
        cards = one.interfaces[:1]
        if world.random.random() < 0.6:
            world.change(one, interfaces=one.interfaces[1:])
        world.change(other, interfaces=(*other.interfaces[:1], *cards))


def held_twice(world: World) -> None:
    """Two of a kind have one address, both surely, in what may be one network."""
    kind, pool = world.random.choice([("vm", "vpc-1"), ("pod", "pods"), ("service", "services"), ("node", "vpc-1")])
    them = world.those(kind)
    ip = world.random.choice(ADDRESSES[pool][:2])
    for one in world.random.sample(them, min(2, len(them))):
        match kind:
            case "vm":
                world.change(one, vpc="vpc-1", interfaces=(*one.interfaces, card(ip, f"eni-{one.id}")))
            case "service":
                world.change(one, cluster_ips=(ip,))
            case _:
                world.change(one, ips=(*one.ips, ip) if ip not in one.ips else one.ips)


def attached_elsewhere(world: World) -> None:
    if one := world.one("public_ip", "network_interface"):
        to = world.one("vm", "nat_gateway", "load_balancer", "rds", "network_interface", "host", "cluster")
        free = to is None or to.id == one.id or world.random.random() < 0.2
        world.change(one, attached_kind="" if free else to.kind, attached="" if free else to.id)


def public_addresses(world: World) -> None:
    if one := world.one("load_balancer", "rds", "host", "node"):
        pool = [*ADDRESSES["outside"], *ADDRESSES["v6"], *ADDRESSES["vpc-1"], "192.168.1.10"]
        world.change(one, ips=tuple(world.random.sample(pool, 2)))


def routed_anew(world: World) -> None:
    if one := world.one("router"):
        world.change(one, subnets=tuple(world.random.sample(["s-1", "s-2", "s-3"], world.random.choice([0, 1, 2]))))


# ---- clusters


def registered_again(world: World) -> None:
    """A node object, with a new uid under the same name; its pods stay."""
    _again(world, "node")


def namespace_made_again(world: World) -> None:
    _again(world, "namespace", labels={"team": world.random.choice("xyz")})


def pool_moves(world: World) -> None:
    """A node goes, and one on a machine of another VPC comes."""
    if old := world.one("node"):
        machine = world.fresh("i")
        ip = world.random.choice(ADDRESSES["vpc-2"])
        world.put(
            vm(machine, card(ip, f"eni-{machine}"), vpc="vpc-2", name=world.random.choice([old.name, machine])),
            part="222/us",
        )
        if world.random.random() < 0.7:
            world.drop(old)
        world.put(node(world.fresh("n"), ip, name=machine, on=machine, source=old.source, cluster=old.cluster))


def ready_flips(world: World) -> None:
    """A change of what no answer tells, which begins a version."""
    if one := world.one("node", "pod"):
        world.change(one, ready=not one.ready)


def labels_change(world: World) -> None:
    if one := world.one("pod", "namespace", "node", "workload", "vm", "vpc", "subnet"):
        world.change(
            one, labels={"app": world.random.choice(["web", "db", "agent"]), "team": world.random.choice("abc")}
        )


def pod_replaced(world: World) -> None:
    """As a StatefulSet does: a new uid under one name, on the same address or another."""
    if old := world.one("pod"):
        ips = world.random.choice([old.ips, tuple(world.random.sample(ADDRESSES["pods"], 1))])
        started = world.random.choice([None, minute(world.now), minute(world.now - 2), minute(world.now + 1)])
        _replace(world, old, ips=ips, started_at=started, finished_at=None, phase="Running")


def pod_scheduled(world: World) -> None:
    """A pod comes without an address, or with one, and may tell that it started later than it was first seen."""
    name = world.fresh("pod")
    first = world.random.choice([(), (world.random.choice(ADDRESSES["pods"]),)])
    started = minute(world.now + world.random.choice([-1, 0, 2])) if world.random.random() < 0.7 else None
    labels = {"app": world.random.choice(["web", "db"])}
    where = world.random.choice(["worker-1", "worker-2", "worker-9"])
    phase = "Running" if first else "Pending"
    told = {"created_at": minute(world.now - 1), "started_at": started if first else None}
    world.put(pod(name, *first, name=name, node=where, labels=labels, phase=phase, workload="w-2", **told))


def pod_gets_an_address(world: World) -> None:
    if waiting := [one for one in world.those("pod") if not one.ips and one.phase == "Pending"]:
        one = world.random.choice(waiting)
        started = minute(world.now - world.random.choice([0, 3, 8]))
        world.change(one, ips=(world.random.choice(ADDRESSES["pods"]),), phase="Running", started_at=started)


def pod_finishes(world: World) -> None:
    """It tells when, or does not; it keeps its addresses in its status, or does not; it may tell later."""
    if one := world.one("pod"):
        finished = minute(world.now - world.random.choice([0, 1, 4])) if world.random.random() < 0.5 else None
        ips = one.ips if world.random.random() < 0.7 else ()
        world.change(one, phase=world.random.choice(["Succeeded", "Failed"]), finished_at=finished, ips=ips)


def host_pod(world: World) -> None:
    """A pod on its node's network comes, or goes."""
    them = [one for one in world.those("pod") if one.host_network]
    if them and world.random.random() < 0.6:
        world.drop(world.random.choice(them))
    else:
        where = world.random.choice(["worker-1", "worker-2"])
        name = world.fresh("agent")
        world.put(
            pod(name, "10.1.0.5", name=name, node=where, host_network=True, labels={"app": "agent"}, namespace="free")
        )


def endpoint_ports_change(world: World) -> None:
    """With no selector and no other change."""
    direct = [one for one in world.those("service") if one.endpoints]
    if direct:
        one = world.random.choice(direct)
        to = world.random.choice([5432, 5433, 8080])
        pods = [p.id for p in world.those("pod", source=KUBE)] or ["p-3"]
        world.change(one, endpoints=(behind(world.random.choice(["p-3", *pods]), EndpointPort(name="sql", port=to)),))


def service_changes(world: World) -> None:
    if one := world.one("service"):
        way = world.random.choice(["type", "ports", "selector", "outside", "gone", "new"])
        outside = tuple(world.random.sample([*ADDRESSES["outside"], "192.168.1.10", "10.1.0.5"], 2))
        match way:
            case "type":
                world.change(one, type=world.random.choice(["ClusterIP", "NodePort", "LoadBalancer", "ExternalName"]))
            case "ports":
                world.change(one, ports=(port(world.random.choice([80, 81, 5432]), "http", "sql", node=30080),))
            case "selector":
                world.change(one, selector=world.random.choice([{"app": "web"}, {"app": "db"}, {"app": "agent"}]))
            case "outside":
                world.change(one, load_balancer_ips=outside)
            case "gone":
                world.drop(one)
            case "new":
                ports = (port(80, "http", node=30085),)
                name = world.fresh("s")
                space = world.random.choice(["shop", "free"])
                more = {"selector": {"app": "web"}, "type": "LoadBalancer", "load_balancer_ips": outside}
                world.put(service(name, "10.96.0.1", name=name, namespace=space, ports=ports, **more))


def routes_move(world: World) -> None:
    """An ingress leads to another service."""
    if one := world.one("ingress"):
        to = [s.id for s in world.those("service", source=KUBE)] or ["s-web"]
        rules = tuple(
            IngressRule(service=s) for s in world.random.sample(to, min(len(to), world.random.choice([0, 1, 2])))
        )
        ips = world.random.choice([one.load_balancer_ips, (), ("203.0.113.7",), ("10.1.0.5",)])
        world.change(one, rules=rules, load_balancer_ips=ips)


def owners_change(world: World) -> None:
    them = [w.id for w in world.those("workload", source=KUBE)]
    if them and (one := world.one("workload", "replica_set", "pod", source=KUBE)):
        field = "owner" if one.kind == "workload" else "workload"
        world.change(one, **{field: world.random.choice([*them, "", "w-stranger"])})


# ---- anything


def gone(world: World) -> None:
    if one := world.one(*{kind for _, kind, _ in sorted(world.there)} or {"vm"}):
        world.drop(one)


def back_at_once(world: World) -> None:
    """It goes and comes back at one observed moment."""
    if one := world.one("vm", "pod", "node", "subnet", "service"):
        part = world.part_of(one)
        world.drop(one)
        world.tell(surely=True)
        world.put(one, part=part)
        world.tell(surely=True)


def flickers(world: World) -> None:
    """Something new is seen, is gone and is back, all at one observed moment."""
    name = world.fresh("i")
    new = vm(name, card(world.random.choice(ADDRESSES["vpc-1"])), name=name)
    for there in (True, False, world.random.random() < 0.7):
        if there:
            world.put(new, part="111/eu")
        elif new in world.those("vm"):
            world.drop(new)
        world.tell(surely=True)


def back_later(world: World) -> None:
    if one := world.one("vm", "pod", "node", "subnet", "vpc", "peering_connection", "service"):
        part = world.part_of(one)
        world.drop(one)
        world.tell(surely=True)
        world.advance(5)
        world.put(one, part=part)


HAPPENINGS: Final[dict[str, Callable[[World], None]]] = {
    f.__name__: f
    for f in (
        range_made_again, range_changes, renamed, names_swapped, joins_change, moved_to_another_account,
        vm_replaced, address_moves, held_twice, attached_elsewhere, public_addresses, routed_anew, registered_again,
        namespace_made_again, pool_moves, ready_flips, labels_change, pod_replaced, pod_scheduled,
        pod_gets_an_address, pod_finishes, host_pod, endpoint_ports_change, service_changes, routes_move,
        owners_change, gone, back_at_once, flickers, back_later,
    )
}  # fmt: skip
