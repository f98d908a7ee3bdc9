"""Flow records of the sample estate, with the truth of both ends beside them.

Half of the addresses are pods at a time when they held them, a tenth of those at the very edge of that time; the
rest are services, nodes, VMs, load balancers, NAT gateways, databases, the internet, and addresses that
nobody held at that time. Seven records in ten name their network; only these go to addresses that nobody holds:
without a network, a holder of that address elsewhere cannot be told from nobody here.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Final, NamedTuple

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.parquet as pq

from tagweave.demo import estate
from tagweave.demo.simulation import LENGTH, NODES, START, Cluster, node_ip

SECOND: Final = 1_000_000_000
_EVER: Final = 1 << 40
_SLOT: Final = 20
_NAMED: Final = 0.7
_NOBODY: Final = 0.03
_EDGE: Final = 0.1

I64 = npt.NDArray[np.int64]


class Holding(NamedTuple):
    """An address in a network belonged to an owner during [start, end), in seconds; owner 0 is nobody."""

    address: str
    network: int
    owner: int
    start: int
    end: int
    port: int


@dataclass
class World:
    """All holdings as arrays, and the names behind their numbers."""

    holdings: list[Holding]
    owners: list[str]
    networks: list[str]


class Flows(NamedTuple):
    """The records, and the truth: for each end the number of its holding; `late` in seconds."""

    records: pa.Table
    source: I64
    destination: I64
    at: I64
    late: I64
    named: npt.NDArray[np.bool_]


def world(clusters: list[Cluster]) -> World:
    """Who held what: the ground truth. Network 0 is the internet's, where outsiders are."""
    networks = ["", *(c.name for c in clusters), *(v for a in range(2) for v, _ in estate.vpcs(a))]
    owners = {"": 0}
    held: list[Holding] = []

    def hold(address: str, network: int, owner: str, start: int, end: int, port: int) -> None:
        number = owners.setdefault(owner, len(owners))
        held.append(Holding(address, network, number, start, end, port))

    for cluster in clusters:
        for pod in cluster.pods:
            until = pod.released or _EVER
            if until <= START or pod.host_network:
                continue
            for address in (pod.ip, pod.ip6):
                hold(address, 1 + cluster.index, pod.uid, pod.start, until, 8080)
        for workload, service, ip in estate.services(cluster):
            if workload.kind != "StatefulSet":  # theirs are headless
                hold(ip, 1 + cluster.index, service, 0, _EVER, 80)
        for node in range(NODES):
            vpc = networks.index(estate.vpcs(cluster.index)[0][0])
            hold(node_ip(cluster.index, node), vpc, f"{cluster.uid[:-2]}{node:02}", 0, _EVER, 9100)
    for account in range(2):
        for i, (name, _) in enumerate(estate.vpcs(account)):
            first = NODES if i == 0 else 0
            for number in range(first, estate.VMS_A_VPC):
                ip = estate.vm_ip(account, number, i)
                hold(ip, networks.index(name), estate.vm_id(account, number, i), 0, _EVER, 443)
        for _, native, ip, i in estate.singles(account):
            hold(ip, networks.index(estate.vpcs(account)[i][0]), native, 0, _EVER, 5432)
    pool = {h.address for h in held if h.network in (1, 2) and h.end < _EVER}
    held += [Holding(address, network, 0, 0, 0, 8080) for address in sorted(pool) for network in (1, 2)]
    held += [Holding(f"203.0.113.{i}", 0, 0, 0, _EVER, 443) for i in range(1, 250)]
    return World(held, list(owners), networks)


def draw(truth: World, count: int, seed: int) -> Flows:
    """Records in the order of their arrival."""
    rng = np.random.default_rng(seed)
    start = np.array([h.start for h in truth.holdings])
    end = np.array([h.end for h in truth.holdings])
    network = np.array([h.network for h in truth.holdings])
    source, at = _sources(rng, start, end, network, count)
    view = network[source]
    destination = _partners(rng, truth, start, end, network, source, at)
    named = rng.random(count) < _NAMED
    _to_nobody(rng, truth, destination, view, at, named)
    swap = rng.random(count) < 0.5
    source, destination = np.where(swap, destination, source), np.where(swap, source, destination)
    late = np.where(rng.random(count) < 0.3, rng.integers(0, 600, count), rng.integers(0, 5, count))
    order = np.argsort(at + late, kind="stable")
    source, destination, at, late = source[order], destination[order], at[order], late[order]
    records = _table(rng, truth, source, destination, at, view[order], named[order])
    return Flows(records, source, destination, at, late, named[order])


def _sources(rng: np.random.Generator, start: I64, end: I64, network: I64, count: int) -> tuple[I64, I64]:
    """One end of each record and its time: inside of its holding, a tenth at its edges."""
    inside = np.flatnonzero((network > 0) & (end > 0))
    weight = np.where(end[inside] < _EVER, 3.0, 1.0)
    source = rng.choice(inside, count, p=weight / weight.sum())
    first, last = np.maximum(start[source], START), np.minimum(end[source], START + LENGTH) - 1
    at = first + (rng.random(count) * (last - first + 1)).astype(np.int64)
    edge = rng.random(count) < _EDGE
    return source, np.where(edge, np.where(rng.random(count) < 0.5, first, last), at)


def _seen_from(truth: World) -> dict[int, list[int]]:
    """Which networks' holdings the other end may be in, by the network that a record is of."""
    out: dict[int, list[int]] = {}
    for cluster in range(2):
        prod, dev, data = (truth.networks.index(vpc) for vpc, _ in estate.vpcs(cluster))
        out[1 + cluster] = [1 + cluster, prod, data, 0]
        out[prod] = [prod, data, 0]
        out[data] = [data, 0]
        out[dev] = [dev, 0]
    return out


def _partners(rng: np.random.Generator, truth: World, start: I64, end: I64, network: I64, source: I64, at: I64) -> I64:
    """For each record a holding of its family that lasts through its slot and is seen from its network."""
    view = network[source]
    slots = (at - START) // _SLOT
    destination = np.empty(len(at), np.int64)
    ipv6 = np.array([":" in h.address for h in truth.holdings])
    key = (view * (LENGTH // _SLOT + 1) + slots) * 2 + ipv6[source]
    order = np.argsort(key, kind="stable")
    cuts = np.flatnonzero(np.diff(key[order])) + 1
    reachable = {v: np.flatnonzero(np.isin(network, seen)) for v, seen in _seen_from(truth).items()}
    for rows in np.split(order, cuts):
        mine = reachable[int(view[rows[0]])]
        since = START + int(slots[rows[0]]) * _SLOT
        lasting = mine[(start[mine] <= since) & (end[mine] >= since + _SLOT)]
        lasting = lasting[ipv6[lasting] == ipv6[source[rows[0]]]]
        destination[rows] = rng.choice(lasting, len(rows))
    return destination


def _to_nobody(
    rng: np.random.Generator,
    truth: World,
    destination: I64,
    view: I64,
    at: I64,
    named: npt.NDArray[np.bool_],
) -> None:
    """Some records of a named cluster go to an address of its range that nobody holds at that time."""
    chosen = np.flatnonzero(named & (view <= 2) & (rng.random(len(at)) < _NOBODY))
    empty = [i for i, h in enumerate(truth.holdings) if h.end == 0]
    by_network = {n: [i for i in empty if truth.holdings[i].network == n] for n in (1, 2)}
    known = Owners.of(truth, by_network=True)
    for network, places in by_network.items():
        rows = chosen[view[chosen] == network]
        picks = rng.choice(np.array(places), len(rows))
        free = known.alive(picks, at[rows], 0) == 0
        destination[rows[free]] = picks[free]


class Owners(NamedTuple):
    """Who started last on an address, at any time: the holdings in order of (address, start)."""

    place: I64  # the address of each holding, as a number
    order: I64  # place and start in one number, ascending
    owner: I64
    end: I64

    @classmethod
    def of(cls, truth: World, *, by_network: bool) -> "Owners":
        """By network and address, or by address alone."""
        keys = [(h.network if by_network else 0, h.address) for h in truth.holdings]
        numbers = {key: i for i, key in enumerate(dict.fromkeys(keys))}
        place = np.array([numbers[key] for key in keys])
        start = np.array([h.start for h in truth.holdings])
        owner = np.array([h.owner for h in truth.holdings])
        end = np.array([h.end for h in truth.holdings])
        real = np.flatnonzero(owner > 0)
        both = place * _EVER + start
        ascending = real[np.argsort(both[real], kind="stable")]
        return cls(place, both[ascending], owner[ascending], end[ascending])

    def alive(self, holding: I64, at: I64, grace: int) -> I64:
        """The latest owner at a time of the address of a holding; 0 when it ended more than `grace` s before."""
        place = self.place[holding]
        found = np.searchsorted(self.order, place * _EVER + at, side="right") - 1
        mine = (found >= 0) & (self.order[found] // _EVER == place) & (self.end[found] + grace > at)
        return np.where(mine, self.owner[found], 0)


def _table(
    rng: np.random.Generator,
    truth: World,
    source: I64,
    destination: I64,
    at: I64,
    view: I64,
    named: npt.NDArray[np.bool_],
) -> pa.Table:
    count = len(at)
    addresses = pa.array([h.address for h in truth.holdings])
    ports = np.array([h.port for h in truth.holdings])
    networks = pa.array(truth.networks)
    return pa.table(
        {
            "time": pa.array(at * SECOND, pa.timestamp("ns", "UTC")),
            "network": networks.take(pa.array(view, mask=~named)),
            "src_ip": addresses.take(pa.array(source)),
            "dst_ip": addresses.take(pa.array(destination)),
            "src_port": pa.array(rng.integers(32768, 60999, count), pa.int32()),
            "dst_port": pa.array(ports[destination], pa.int32()),
            "protocol": pa.array(np.full(count, 6), pa.uint8()),
            "bytes": pa.array(rng.integers(64, 1 << 20, count), pa.int64()),
        }
    )


def write(flows: Flows, truth: World, records: Path, answers: Path) -> None:
    """The records, and apart from them the truth."""
    pq.write_table(flows.records, records)
    owner = np.array([h.owner for h in truth.holdings])
    names = pa.array(truth.owners)
    table = {
        "source": names.take(pa.array(owner[flows.source])),
        "destination": names.take(pa.array(owner[flows.destination])),
        "late_seconds": flows.late,
        "network_named": flows.named,
    }
    pq.write_table(pa.table(table), answers)
