"""Claim: what gives networks their shape costs what it shapes, and nothing that grows with the rest of the estate.

Three shapes, each through the inventory and the index's writer, as `tagweave run` has them:

- 20 regions, each a batch with a VPC, one with a subnet and one with a router, beside PODS pods. The floor is to derive
  all of it anew once; a writer that began anew with each batch would do that 60 times.
- VPCS VPCs on one transit network: the file of the networks, what it takes to make it, and a look-up from one of them into
  another. The peer is a tenth as many: ten times the VPCs are ten times the file, and the same look-up.
- A new subnet, a new route table and a new peering among RESOURCES VMs: how long until a look-up shows it.

Run: .venv/bin/python bench/shapes.py [PODS [VPCS [RESOURCES]]]
"""

import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from updates import estate, observe

from tagweave.derive.writing import IndexWriter
from tagweave.index import TagIndex
from tagweave.index.folder import Folder
from tagweave.inventory import Inventory
from tagweave.model import (
    VM,
    Attachment,
    Cen,
    Change,
    Interface,
    PeeringConnection,
    Region,
    Resource,
    Router,
    Scope,
    Snapshot,
    Subnet,
    Vpc,
)
from tagweave.model.resources import PeeringEnd

AT = datetime(2026, 1, 2, tzinfo=UTC)
LATER = AT + timedelta(hours=1)
REGIONS = 20
VMS_OF_A_VPC = 250
ROUNDS = 5


@contextmanager
def following(folder: str, resources: list[Resource]) -> Iterator[tuple[Inventory, IndexWriter, TagIndex, float]]:
    """An inventory that holds some resources, the writer of its index, the index, and the seconds that it took to derive."""
    inventory = Inventory.open(f"sqlite:///{folder}/inventory.db")
    observe(inventory, resources, AT)
    place = Folder(Path(folder) / "index")
    with place.lock():
        writer = IndexWriter(place, inventory, {}, {})
        start = time.process_time()
        writer.begin()
        seconds = time.process_time() - start
        yield inventory, writer, TagIndex.open(place.path), seconds
        writer.close()
    inventory.close()


def took(run: Callable[[], Any]) -> float:
    """The least processor time of a few runs, in seconds."""
    times = []
    for _ in range(ROUNDS):
        start = time.process_time()
        run()
        times.append(time.process_time() - start)
    return min(times)


def regions(pods: int) -> None:
    with (
        tempfile.TemporaryDirectory() as folder,
        following(folder, estate(pods)) as (inventory, writer, index, whole),
    ):
        start = time.process_time()
        for r in range(REGIONS):
            where: dict[str, Any] = {"source": "cloud", "region": f"region-{r}"}
            made: list[Resource] = [
                Vpc(id=f"vpc-{r}", cidrs=(f"192.{r}.0.0/16",), **where),
                Subnet(id=f"subnet-{r}", vpc=f"vpc-{r}", cidrs=(f"192.{r}.1.0/24",), **where),
                Router(id=f"rtb-{r}", vpc=f"vpc-{r}", subnets=(f"subnet-{r}",), **where),
            ]
            for resource in made:
                scope = Scope("cloud", resource.kind, f"region-{r}")
                writer.take(inventory.observe(Snapshot(scope, (resource,), LATER)))
                writer.flush()
        seconds = time.process_time() - start
        index.refresh()
        for r in range(REGIONS):
            answer = index.lookup(f"192.{r}.1.7", at=LATER)
            assert answer.tags["cloud.router.id"] == f"rtb-{r}", answer
    print(f"{REGIONS} regions, each a VPC, a subnet and a router in batches of their own, beside {pods:,} pods")
    print(f"  all derived anew once: {whole:8.2f} s")
    print(
        f"  the {3 * REGIONS} batches:        {seconds:8.2f} s, {seconds / REGIONS / 3 * 1e3:.0f} ms each: ratio {seconds / whole:.2f} of once anew"
    )


def transit(vpcs: int) -> tuple[float, int, float]:
    """Seconds to derive, bytes of the networks' file, seconds of a look-up."""
    made: list[Resource] = [Region(source="cloud", id="region-0")]
    for v in range(vpcs):
        block = f"10.{v >> 8}.{v & 255}"
        where: dict[str, Any] = {"source": "cloud", "region": "region-0"}
        made.append(Vpc(id=f"vpc-{v}", cidrs=(f"{block}.0/24",), **where))
        cards = (Interface(id=f"eni-{v}", private_ips=(f"{block}.9",)),)
        made.append(VM(id=f"i-{v}", vpc=f"vpc-{v}", interfaces=cards, **where))
    attached = tuple(Attachment("vpc", f"vpc-{v}", "region-0") for v in range(vpcs))
    made.append(Cen(source="cloud", id="cen-1", attachments=attached))
    with tempfile.TemporaryDirectory() as folder, following(folder, made) as (_, _, index, whole):
        other = vpcs - 1
        address = f"10.{other >> 8}.{other & 255}.9"

        def one() -> None:
            answer = index.lookup(address, network="vpc-0", at=AT)
            assert answer.match is not None
            assert answer.match.id == f"i-{other}"

        return whole, index.view.manifest.networks.bytes, took(one)


def visible(
    inventory: Inventory, writer: IndexWriter, index: TagIndex, new: Resource, shows: Callable[[], bool]
) -> float:
    """Seconds from before a resource is observed until a look-up shows it."""
    index.refresh()
    assert not shows()
    start = time.perf_counter()
    writer.take(inventory.observe(Change(Scope("cloud", new.kind), (new,), (), LATER)))
    writer.flush()
    index.refresh()
    assert shows()
    return time.perf_counter() - start


def reshaped(count: int) -> None:
    vpcs = count // VMS_OF_A_VPC
    where: dict[str, Any] = {"source": "cloud", "region": "region-0"}
    made: list[Resource] = [Region(source="cloud", id="region-0")]
    for v in range(vpcs):
        block = f"10.{v >> 8}.{v & 255}"
        made.append(Vpc(id=f"vpc-{v}", cidrs=(f"{block}.0/24",), **where))
        made.append(Subnet(id=f"subnet-{v}", vpc=f"vpc-{v}", cidrs=(f"{block}.0/25",), **where))
        made += [
            VM(id=f"i-{v}-{i}", vpc=f"vpc-{v}", interfaces=(Interface(private_ips=(f"{block}.{i + 2}",)),), **where)
            for i in range(VMS_OF_A_VPC)
        ]
    with tempfile.TemporaryDirectory() as folder, following(folder, made) as (inventory, writer, index, whole):

        def tag(address: str, name: str) -> str | None:
            return index.lookup(address, network="vpc-1", at=LATER).tags.get(name)

        news: dict[str, tuple[Resource, Callable[[], bool]]] = {
            "a new subnet": (
                Subnet(id="subnet-new", vpc="vpc-1", cidrs=("10.0.1.128/25",), **where),
                lambda: tag("10.0.1.200", "cloud.subnet.id") == "subnet-new",
            ),
            "a new route table": (
                Router(id="rtb-new", vpc="vpc-1", subnets=("subnet-1",), **where),
                lambda: tag("10.0.1.9", "cloud.router.id") == "rtb-new",
            ),
            "a new peering": (
                PeeringConnection(
                    source="cloud", id="pcx-new", vpcs=(PeeringEnd(vpc="vpc-1"), PeeringEnd(vpc="vpc-2"))
                ),
                lambda: index.lookup("10.0.2.9", network="vpc-1", at=LATER).match is not None,
            ),
        }
        print(f"among {len(made):,} resources of a cloud, all derived anew in {whole:.1f} s")
        for what, (new, shows) in news.items():
            seconds = visible(inventory, writer, index, new, shows)
            print(
                f"  {what + ' is visible after:':34} {seconds * 1e3:8.1f} ms: ratio 1/{whole / seconds:.0f} of deriving anew"
            )


def main() -> None:
    pods, vpcs, resources = (int(a) for a in (*sys.argv[1:], *("20000", "2000", "100000")[len(sys.argv) - 1 :]))
    regions(pods)
    few, many = transit(vpcs // 10), transit(vpcs)
    print(f"{vpcs:,} VPCs on one transit network, and a tenth as many; a VM in each")
    for name, of, unit in (("derived in", 0, "s"), ("file of the networks", 1, "bytes"), ("a look-up across", 2, "s")):
        print(f"  {name + ':':22} {many[of]:12,.4g} {unit}, {few[of]:,.4g}: ratio {many[of] / few[of]:.1f}")
    reshaped(resources)


if __name__ == "__main__":
    main()
