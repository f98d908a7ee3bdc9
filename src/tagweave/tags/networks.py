"""Networks: address spaces in which an address means one thing, and which of them can be reached from which.

A network is a VPC, a cluster's overlay, or `internet`, the one that holds every public address. From a network,
an address is sought tier by tier, the nearest first:

1. the network itself;
2. the VPC that a cluster runs in, or those;
3. the networks that are joined to it: the clusters in that VPC, VPCs by an active peering or a transit network,
   and the clusters in those;
4. `internet`.

What was joined once counts as joined: reach has no history, and nearer networks are asked first.

Records name a network by what they have: see `Networks.named`.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from ipaddress import ip_address
from typing import Final

import numpy as np
import numpy.typing as npt

from tagweave.errors import LookupKeyError
from tagweave.model import Resource
from tagweave.model.addresses import pack_prefix, unpack
from tagweave.tags.graph import Graph

INTERNET: Final = 1
NETWORK_UNNAMED: Final = -1
NETWORK_UNKNOWN: Final = -2

_MAPPED: Final = 0xFFFF
_TEN: Final = 10
_UNIQUE_LOCAL: Final = 0xFC >> 1
_LINK_LOCAL: Final = 0xFE80 >> 6
_MULTICAST: Final = 0xFF

_IN_A_VPC: Final = ("subnet", "vm", "network_interface", "nat_gateway", "load_balancer", "rds", "redis")


class Networks:
    """Every network of an inventory, with its dense id, its names and its reach."""

    def __init__(self, graph: Graph) -> None:
        self._graph = graph
        self._ids: dict[int, int] = {}
        self._owners: list[int] = [0, 0]
        self._ranges: defaultdict[int, dict[int, dict[int, int]]] = defaultdict(dict)
        self._joined: dict[int, set[int]] | None = None
        self._homes: dict[int, tuple[int, ...]] = {}
        self._names: defaultdict[str, set[int]] | None = None
        for kind in ("vpc", "cluster"):
            for rid in graph.of_kind(kind):
                self.of(rid)
        for kind in ("node", *_IN_A_VPC):
            for rid in graph.of_kind(kind):
                self._enter(rid)
        self._load_ranges()

    def __len__(self) -> int:
        """How many ids there are, with the unused id 0."""
        return len(self._owners)

    def of(self, owner: int) -> int:
        """The network of a VPC or cluster, made where it is new."""
        found = self._ids.get(owner)
        if found is None:
            found = self._ids[owner] = len(self._owners)
            self._owners.append(owner)
            self._names = None
        return found

    def known(self, owner: int) -> int | None:
        """The network of a VPC or cluster; None where it has none."""
        return self._ids.get(owner)

    def changed(self, rids: Iterable[int]) -> None:
        """Take in that resources, not those that give networks their shape, are new or have other names."""
        for rid in rids:
            if self._graph.identity(rid)[1] in ("node", *_IN_A_VPC):
                self._enter(rid)
                self._names = None

    def _enter(self, rid: int) -> None:
        """Make the networks that a resource names or ever named."""
        for version in self._graph.history[rid]:
            self._around(version.resource)

    def _around(self, resource: Resource) -> int | None:
        """The network that a node, or what is in a VPC, names by itself."""
        kind = "cluster" if resource.kind == "node" else "vpc"
        value = getattr(resource, kind)
        return self.of(self._graph.refer(resource.source, kind, value, 0)) if value else None

    def owner(self, network: int) -> int:
        """The VPC or cluster that a network is; 0 for the internet."""
        return self._owners[network]

    def label(self, network: int) -> str:
        """A network's native id: that of its VPC or cluster, or `internet`."""
        return "internet" if network == INTERNET else self._graph.identity(self._owners[network])[2]

    def homes(self, network: int) -> tuple[int, ...]:
        """The networks of the VPCs that a cluster runs in, ascending; none for a VPC."""
        if network not in self._homes:
            owner = self._owners[network]
            cluster = owner != 0 and self._graph.identity(owner)[1] == "cluster"
            self._homes[network] = tuple(sorted(map(self.of, self._graph.homes(owner)))) if cluster else ()
        return self._homes[network]

    # ---- where an address belongs

    def holds(self, vpc_network: int, address: int) -> bool:
        """Whether an address lies in the ranges of a VPC or of one of its subnets."""
        return self._narrowest(vpc_network, address) is not None

    def subnet(self, network: int, address: int, length: int = 128) -> int:
        """The subnet of a VPC that an address, or a whole prefix, lies in, the narrowest; 0 for none."""
        return self._narrowest(network, address, length) or 0

    def _narrowest(self, network: int, address: int, within: int = 128) -> int | None:
        for length, held in self._ranges[network].items():
            found = held.get(address >> (128 - length)) if length <= within else None
            if found is not None:
                return found
        return None

    def _load_ranges(self) -> None:
        """Ranges by network and length, the longest first: the top bits → a subnet, or 0 for the VPC's own."""
        for kind in ("vpc", "subnet"):
            for rid in self._graph.of_kind(kind):
                vpc = rid if kind == "vpc" else self._vpc_of(rid)
                for cidr in getattr(self._graph.latest(rid), "cidrs", ()) if vpc else ():
                    address, length = pack_prefix(cidr)
                    held = self._ranges[self.of(vpc)].setdefault(length, {})
                    held[address >> (128 - length)] = rid if kind == "subnet" else 0
        for network, lengths in self._ranges.items():
            self._ranges[network] = dict(sorted(lengths.items(), reverse=True))

    def _vpc_of(self, rid: int) -> int:
        source = self._graph.identity(rid)[0]
        vpc = getattr(self._graph.latest(rid), "vpc", "")
        return self._graph.refer(source, "vpc", vpc, 0) if vpc else 0

    # ---- names

    def named(self, name: str) -> int:
        """The network that a name means.

        That is the id or name of a VPC, cluster or source with one network, the name of a node, or the id of
        something in a VPC; with `source/` before it where several sources have it.

        Raises LookupKeyError where no network or several have that name.
        """
        found = self._all_names().get(name, set())
        if len(found) == 1:
            return next(iter(found))
        if not found:
            known = sorted({self.label(n) for n in range(INTERNET, len(self))})
            some = ", ".join(known[:8]) + (", …" if len(known) > 8 else "")
            raise LookupKeyError(f"no network is named {name!r}; there are: {some}")
        choices = ", ".join(sorted(self._qualified(n) for n in found))
        raise LookupKeyError(f"{len(found)} networks are named {name!r}; name one of: {choices}")

    def ids(self, names: Sequence[str]) -> npt.NDArray[np.int32]:
        """The networks of many names: NETWORK_UNNAMED for an empty one, NETWORK_UNKNOWN for none or several."""
        table = self._all_names()
        out = np.empty(len(names), np.int32)
        for i, name in enumerate(names):
            found = table.get(name, ())
            out[i] = next(iter(found)) if len(found) == 1 else NETWORK_UNKNOWN if name else NETWORK_UNNAMED
        return out

    def _qualified(self, network: int) -> str:
        if network == INTERNET:
            return "internet"
        source, _, native = self._graph.identity(self._owners[network])
        return f"{source}/{native}"

    def _all_names(self) -> defaultdict[str, set[int]]:
        if self._names is None:
            self._names = defaultdict(set)
            self._names["internet"].add(INTERNET)
            by_source: defaultdict[str, set[int]] = defaultdict(set)
            for rid, network in self._every_name():
                source, _, native = self._graph.identity(rid)
                resource = self._graph.latest(rid)
                by_source[source].add(network)
                for name in {native, resource.name if resource else ""} - {""}:
                    self._names[name].add(network)
                    self._names[f"{source}/{name}"].add(network)
            for source, networks in by_source.items():
                if len(networks) == 1 and source not in self._names:
                    self._names[source] |= networks
        return self._names

    def _every_name(self) -> Iterator[tuple[int, int]]:
        yield from self._ids.items()
        for kind in ("node", *_IN_A_VPC):
            for rid in self._graph.of_kind(kind):
                latest = self._graph.latest(rid)
                network = self._around(latest) if latest is not None else None
                if network is not None:
                    yield rid, network

    # ---- reach

    def reach(self, network: int) -> list[tuple[int, ...]]:
        """The tiers of networks in which an address is sought from a network, the nearest first."""
        homes = self.homes(network)
        seen = {network, *homes}
        tiers: list[tuple[int, ...]] = [(network,)]
        if homes:
            tiers.append(homes)
        joined: set[int] = set()
        for centre in homes or (network,):
            joined |= {*self._clusters_in(centre)}
            for vpc in self._joins().get(centre, ()):
                joined |= {vpc, *self._clusters_in(vpc)}
        if joined - seen:
            tiers.append(tuple(sorted(joined - seen)))
        if network != INTERNET:
            tiers.append((INTERNET,))
        return tiers

    def _joins(self) -> dict[int, set[int]]:
        """The VPC networks that peerings and transit networks join to each."""
        if self._joined is None:
            self._joined = {}
            for join in self._graph.joins():
                networks = {self.of(vpc) for vpc in join.vpcs}
                for network in networks:
                    self._joined.setdefault(network, set()).update(networks - {network})
        return self._joined

    def _clusters_in(self, network: int) -> list[int]:
        return [n for n in range(INTERNET + 1, len(self)) if network in self.homes(n)]


def is_public(address: int) -> bool:
    """Whether an address is routed in the internet (`ipaddress`: the IANA special-purpose registries)."""
    if is_v6(address):
        if address >> 121 == _UNIQUE_LOCAL:  # the common ones are told at once
            return False
    elif (address >> 24 & 0xFF) == _TEN:
        return False
    return ip_address(unpack(address)).is_global


def is_v6(address: int) -> bool:
    """Whether an address is one of IPv6."""
    return address >> 32 != _MAPPED


def is_special(address: int) -> bool:
    """Whether an address belongs to nobody: loopback, unspecified, link-local, multicast, broadcast or reserved."""
    if is_v6(address):
        return address <= 1 or address >> 118 == _LINK_LOCAL or address >> 120 == _MULTICAST
    top = address >> 24 & 0xFF
    return top in {0, 127} or top >= 224 or (address >> 16 & 0xFFFF) == 0xA9FE
