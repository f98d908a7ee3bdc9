"""The demo: make the estate, sync it, tag a million records, and compare with the truth."""

import asyncio
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

import pyarrow.parquet as pq
from rich.console import Console
from rich.table import Table

from tagweave import config as configuration
from tagweave import sources
from tagweave.carriers.columns import Options, tag
from tagweave.demo import accuracy, estate, flows
from tagweave.demo.simulation import START, Cluster, simulate
from tagweave.derive.writing import IndexWriter
from tagweave.index.folder import Folder
from tagweave.index.opening import TagIndex
from tagweave.inventory import Inventory
from tagweave.model import Change, Failure, Snapshot

SEED: Final = 7
_SHOWN: Final = 4
_TAGS: Final = (
    "cloud.region",
    "cloud.vpc.id",
    "host.name",
    "k8s.cluster.name",
    "k8s.node.name",
    "k8s.namespace.name",
    "k8s.workload.kind",
    "k8s.workload.name",
    "k8s.pod.name",
    "k8s.service.name",
    *accuracy.TAGS,
)


def run(folder: Path, count: int, console: Console | None = None) -> None:
    """Run it all in a folder, and print what it did. Everything printed is measured here."""
    console = console or Console(width=None if Console().is_terminal else 140, emoji=False, highlight=False)
    clock = _Clock(console)
    started = time.perf_counter()
    with clock.step("made the estate: 2 clusters and 2 cloud accounts with overlapping ranges, 2 hours"):
        clusters = simulate(SEED)
        path = estate.write(folder, clusters)
        truth = flows.world(clusters)
    with clock.step(f"drew {count:,} flow records with known truth"):
        drawn = flows.draw(truth, count, SEED)
        records, tagged = folder / "flows.parquet", folder / "tagged.parquet"
        flows.write(drawn, truth, records, folder / "truth.parquet")
    settings = configuration.load(path)
    with clock.step("synced every dump into the inventory's history") as step:
        inventory, versions = sync_all(settings, folder)
        step["more"] = f"{versions:,} versions of resources"
    with clock.step("derived the tag index") as step:
        index = made_index(settings, inventory, folder)
        inventory.close()
        (segment,) = index.view.manifest.segments
        step["more"] = f"{segment.keys:,} addresses, ranges and names in {segment.bytes / 1e6:.1f} MB"
    with clock.step("tagged both ends of every record, as of its time") as step:
        report = tag(str(records), str(tagged), index, Options(tags=_TAGS))
        step["more"] = f"{report.records / report.seconds:,.0f} records a second"
    _show_records(console, records, tagged)
    _show_accuracy(console, accuracy.compare(truth, drawn, tagged))
    console.print(f"\n{time.perf_counter() - started:.0f} s in all. Try next:\n")
    console.print(_next_steps(folder, clusters))


class _Clock:
    def __init__(self, console: Console) -> None:
        self._console = console

    @contextmanager
    def step(self, text: str) -> Iterator[dict[str, str]]:
        start = time.perf_counter()
        said: dict[str, str] = {}
        yield said
        more = f" ({said['more']})" if said else ""
        self._console.print(f"[green]{time.perf_counter() - start:6.1f} s[/]  {text}{more}")


def sync_all(settings: configuration.Config, folder: Path) -> tuple[Inventory, int]:
    """Sync every source into a new inventory in a folder; how many versions it then holds."""
    database = folder / "data" / "inventory.db"
    database.unlink(missing_ok=True)
    inventory = Inventory.open(f"sqlite:///{database.absolute()}")

    async def all_of(one: configuration.Configured) -> int:
        opened = 0
        async for batch in sources.make(one.type, one.config).batches():
            if isinstance(batch, Snapshot | Change | Failure):
                opened += len(inventory.observe(batch).opened)
        return opened

    return inventory, sum(asyncio.run(all_of(one)) for one in settings.sources)


def made_index(settings: configuration.Config, inventory: Inventory, folder: Path) -> TagIndex:
    """The tag index of an inventory, made in a folder's data folder."""
    place = Folder(folder / "data" / "index")
    with place.lock():
        writer = IndexWriter(place, inventory, settings.settings.groups, settings.accounts())
        writer.rebuild()
        writer.close()
    return TagIndex.open(place.path)


def _show_records(console: Console, before: Path, after: Path) -> None:
    """A few records as they were and as they are."""
    rows = pq.read_table(after).slice(0, 2000).to_pylist()
    chosen = [r for r in rows if r["source.k8s.pod.name"] and r["destination.tagweave.match"] == "ip"][:_SHOWN]
    table = Table(title=f"\nof {before.name} and {after.name}", box=None, title_justify="left", pad_edge=False)
    for column in ("time", "record", "source", "destination"):
        table.add_column(column, overflow="fold")
    for row in chosen:
        record = f"{row['src_ip']} → {row['dst_ip']}:{row['dst_port']}"
        table.add_row(f"{row['time']:%H:%M:%S}", record, _end(row, "source"), _end(row, "destination"))
    console.print(table)


def _end(row: dict[str, Any], side: str) -> str:
    names = (
        "k8s.cluster.name",
        "k8s.namespace.name",
        "k8s.workload.name",
        "k8s.pod.name",
        "k8s.service.name",
    )
    found = [row[f"{side}.{name}"] for name in names if row[f"{side}.{name}"]]
    return " / ".join(found or [row[f"{side}.host.name"] or row[f"{side}.tagweave.instance.id"] or ""])


def _show_accuracy(console: Console, scores: accuracy.Scores) -> None:
    table = Table(title="\nof all ends, against the truth", box=None, title_justify="left", pad_edge=False)
    table.add_column("policy")
    for network in ("network known", "network not known"):
        for what in ("right", "wrong", "no tag"):
            table.add_column(f"{what}\n{network}", justify="right")
    for policy, by_network in scores.items():
        cells = [
            f"{by_network[known][what]:.2%}" for known in ("known", "unknown") for what in ("right", "wrong", "missing")
        ]
        table.add_row(policy, *cells)
    console.print(table)


def _next_steps(folder: Path, clusters: list[Cluster]) -> str:
    """Commands that show something on this estate."""
    reused = max(
        {p.ip for p in clusters[0].pods if not p.host_network},
        key=lambda ip: sum(p.ip == ip and (p.released or START) > START for p in clusters[0].pods),
    )
    pod = next(p for p in clusters[0].pods if p.ip == reused and p.start > START and p.released)
    at = estate.rfc3339((pod.start + (pod.released or 0)) // 2)
    return "\n".join(
        [
            f"  export TAGWEAVE_CONFIG={folder}/tagweave.yaml TAGWEAVE_DATA_DIR={folder}/data",
            f"  tagweave lookup {reused} --network shop-eu --at {at} --why",
            f"  tagweave history {reused}",
            f"  tagweave resources pod --source shop-eu --where namespace=checkout --at {at}",
            f"  tagweave tag {folder}/flows.parquet flows.jsonl --tag k8s.pod.name --tag k8s.service.name",
        ]
    )
