"""One small estate, as the inventory has it: a VPC with VMs, and a cluster in it whose pods use an address in turn."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

from tagweave.index.opening import TagIndex
from tagweave.inventory import Inventory
from tagweave.model import (
    VM,
    AvailabilityZone,
    Change,
    Cluster,
    Container,
    Interface,
    Namespace,
    Node,
    Pod,
    Region,
    ReplicaSet,
    Resource,
    Scope,
    Service,
    ServicePort,
    Snapshot,
    Subnet,
    Vpc,
    Workload,
)

from .making import index_of

TEN = datetime(2026, 1, 1, 10, tzinfo=UTC)
CREATED = TEN - timedelta(hours=1)
REUSED = ("10.244.0.5", "fd00:244::5")


def pod(name: str, created: datetime, *ips: str, workload: str = "", app: str = "") -> Pod:
    return Pod(
        source="shop",
        id=f"uid-{name}",
        name=name,
        created_at=created,
        labels={"app": app} if app else {},
        cluster="shop-uid",
        namespace="web",
        node="node-1",
        replica_set=f"uid-{workload}-1" if workload else "",
        workload=f"uid-{workload}" if workload else "",
        ips=ips,
        phase="Running",
        ready=True,
        containers=(Container(name="main", id=f"container-{name}", ports={"http": 8080}),),
    )


def deployment(name: str) -> tuple[Workload, ReplicaSet]:
    common = {"source": "shop", "cluster": "shop-uid", "namespace": "web", "created_at": CREATED}
    return (
        Workload(**common, id=f"uid-{name}", name=name, type="Deployment"),
        ReplicaSet(**common, id=f"uid-{name}-1", name=f"{name}-1", workload=f"uid-{name}"),
    )


def vm(native: str, name: str, *ips: str) -> VM:
    card = Interface(id=f"eni-{native}", mac=f"02:00:00:00:00:0{native[-1]}", subnet="subnet-1", private_ips=ips)
    return VM(
        source="acme", id=native, name=name, created_at=CREATED, region="eu-1", az="eu-1a", vpc="vpc-1",
        instance_type="m5.large", interfaces=(card,),
    )  # fmt: skip


def steady() -> list[Resource]:
    """What does not change all day."""
    return [
        Region(source="acme", id="eu-1"),
        AvailabilityZone(source="acme", id="eu-1a", region="eu-1"),
        Vpc(
            source="acme", id="vpc-1", name="main", created_at=CREATED, region="eu-1",
            cidrs=("10.0.0.0/16", "fd00:1::/56"),
        ),
        Subnet(
            source="acme", id="subnet-1", name="front", created_at=CREATED, vpc="vpc-1", az="eu-1a", region="eu-1",
            cidrs=("10.0.1.0/24", "fd00:1::/64"),
        ),
        vm("i-1", "web-1", "10.0.1.10"),
        vm("i-2", "worker", "10.0.1.20", "fd00:1::20"),
        Cluster(source="shop", id="shop-uid", name="shop", created_at=CREATED, cloud_source="acme", vpc="vpc-1"),
        Node(
            source="shop", id="uid-node-1", name="node-1", created_at=CREATED, cluster="shop-uid",
            ips=("10.0.1.20", "fd00:1::20"), provider_id="aws:///eu-1a/i-2", ready=True,
        ),
        Namespace(source="shop", id="uid-web", name="web", created_at=CREATED, cluster="shop-uid"),
        *deployment("front"),
        *deployment("api"),
        pod("client", CREATED, "10.244.0.9", "fd00:244::9"),
        Service(
            source="shop", id="uid-front-svc", name="front", created_at=CREATED, cluster="shop-uid", namespace="web",
            cluster_ips=("10.96.0.10", "fd00:96::10"), selector={"app": "front"},
            ports=(ServicePort(port=80, target_port="http"),),
        ),
    ]  # fmt: skip


def write(folder: Path) -> TagIndex:
    """The estate's tag index, in `index` of a folder.

    `front-a` holds the reused addresses 10:10 to 11:00, nobody until 11:10, `api-b` from then on.
    """
    inventory = Inventory.open(f"sqlite:///{folder}/inventory.db")
    resources = steady()
    for source, kind in dict.fromkeys((r.source, r.kind) for r in resources):
        mine = tuple(r for r in resources if (r.source, r.kind) == (source, kind))
        inventory.observe(Snapshot(Scope(source, kind), mine, TEN))
    pods = Scope("shop", "pod")
    came, went, came_next = (TEN + timedelta(minutes=m) for m in (10, 60, 70))
    inventory.observe(Change(pods, (pod("front-a", came, *REUSED, workload="front", app="front"),), (), came))
    inventory.observe(Change(pods, (), ("uid-front-a",), went))
    inventory.observe(Change(pods, (pod("api-b", came_next, *REUSED, workload="api"),), (), came_next))
    found = index_of(folder / "index", inventory.versions(), {"acme": ("aws", "123456789012")})
    inventory.close()
    return found
