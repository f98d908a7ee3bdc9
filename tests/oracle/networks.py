"""Networks, what lies in them, what they reach and what they are called: sections 4 and 8 of docs/laws.md."""

from collections.abc import Callable, Iterable
from functools import cache
from ipaddress import IPv6Address, ip_address, ip_network
from typing import Final

from tagweave.model import Resource

from .facts import INTERNET, Facts, Ident
from .rows import Row, Rows, family, private_ips

IN_A_VPC: Final = ("subnet", "vm", "network_interface", "nat_gateway", "load_balancer", "rds", "redis")


def routed(address: str) -> bool:
    """Whether the internet routes an address."""
    one = ip_address(address)
    return one.is_global and not one.is_multicast


def special(address: str) -> bool:
    one = ip_address(address)
    return (
        one.is_loopback or one.is_unspecified or one.is_link_local or one.is_multicast or address == "255.255.255.255"
    )


@cache
def holds(cidr: str, key: str) -> bool:
    """Whether a range holds an address, or the whole of another range."""
    outer, inner = ip_network(cidr), ip_network(key)
    return outer.version == inner.version and inner.subnet_of(outer)  # type: ignore[arg-type]


class Networks:
    """The networks of an estate, at each moment."""

    def __init__(self, facts: Facts, rows: Rows) -> None:
        self.facts = facts
        self.rows = rows
        self.ranges = cache(self._ranges)
        self.lies_in = cache(self._lies_in)
        self.subnet_of = cache(self._subnet_of)
        self.tiers = cache(self._tiers)
        self.everything = cache(self._everything)
        self.called = cache(self._called)
        self.with_claims: Callable[[], frozenset[Ident]] = frozenset
        """The networks in which anything ever held anything: the claims tell it, when they are made."""

    # ---- law 4.1

    def _ranges(self, vpc: Ident, t: int) -> list[tuple[str, Ident]]:
        """The ranges of a VPC and of its subnets that count at `t`, and whose they are."""
        found: list[tuple[str, Ident]] = []
        for it in (vpc, *self.facts.of_kind.get("subnet", ())):
            version = self.facts.counts(it, t) if vpc.kind == "vpc" else None
            if version and (it == vpc or (it.source, version.resource.vpc) == (vpc.source, vpc.id)):
                found += [(cidr, it) for cidr in version.resource.cidrs]
        return found

    def _lies_in(self, key: str, vpc: Ident, t: int) -> bool:
        return any(holds(cidr, key) for cidr, _ in self.ranges(vpc, t))

    def _subnet_of(self, key: str, vpc: Ident, t: int) -> Ident | None:
        def rank(found: tuple[str, Ident]) -> tuple[int, int, int]:
            cidr, it = found

            def so(resource: Resource) -> bool:
                return resource.vpc == vpc.id and cidr in resource.cidrs

            return ip_network(cidr).prefixlen, self.facts.began(it, t, so, shaping=True), self.facts.rid[it]

        found = [(cidr, it) for cidr, it in self.ranges(vpc, t) if it.kind == "subnet" and holds(cidr, key)]
        return max(found, key=rank)[1] if found else None

    # ---- laws 4.2 to 4.4

    def own(self, it: Ident, key: str, t: int) -> tuple[Ident, bool]:
        """The network of an address of something, and whether the address lies in it, it being a VPC."""
        row: Row = self.rows.row(it, t)
        vpc, cluster = row.get("vpc"), row.get("cluster")
        alone = Ident(it.source, "vpc", it.source)
        lies = vpc is not None and self.lies_in(key, vpc, t)
        if family(it) == "cloud":
            return vpc or alone, lies
        vm = self.rows.vm_of(it, t) if it.kind == "node" else None
        if vpc and (lies or (vm and key in private_ips(self.facts.resource(vm, t)))):
            return vpc, True
        return cluster or alone, False

    def of(self, it: Ident, key: str, where: str, t: int) -> frozenset[Ident]:
        """The networks in which something holds an address or a range at `t`; `where` is the table's word."""
        own, stays = self.own(it, key, t)
        if where == "public":
            return frozenset({INTERNET})
        if "/" in key or not routed(key):
            return frozenset({own})
        if isinstance(ip_address(key), IPv6Address) and (stays or it.kind == "pod"):
            return frozenset({own, INTERNET})
        return frozenset({INTERNET if where == "either" and not stays else own})

    # ---- law 4.5

    def _tiers(self, network: Ident, t: int) -> list[frozenset[Ident]]:
        """The networks that are reached from one, the nearest first."""
        if network == INTERNET:
            return [frozenset({INTERNET})]
        homes = self.rows.homes(network, t) if network.kind == "cluster" else frozenset()
        near = homes or frozenset({network})
        joined = {vpc for _, vpcs in self.rows.joining(t) if vpcs & near for vpc in vpcs}
        clusters = {c for c in self.clusters() if self.rows.homes(c, t) & (joined | near)}
        tiers = [frozenset({network}), homes, frozenset(joined | clusters), frozenset({INTERNET})]
        return [tier - frozenset().union(*tiers[:i]) for i, tier in enumerate(tiers)]

    def _everything(self) -> frozenset[Ident]:
        """Every VPC and cluster that is listed or that anything refers to."""
        found = set()
        for it, versions in self.facts.versions.items():
            if it.kind in {"vpc", "cluster"}:
                found.add(it)
            for version in versions:
                r = version.resource
                if it.kind == "cluster" and r.vpc:
                    found.add(Ident(r.cloud_source or it.source, "vpc", r.vpc))
                elif getattr(r, "vpc", ""):
                    found.add(Ident(it.source, "vpc", r.vpc))
                if getattr(r, "cluster", ""):
                    found.add(Ident(it.source, "cluster", r.cluster))
                for native in [a.id for a in getattr(r, "attachments", ()) if a.kind == "vpc"]:
                    found.update(self.facts.meant_vpcs(it.source, native))
                for native in [end.vpc for end in getattr(r, "vpcs", ()) if end.vpc]:
                    found.update(self.facts.meant_vpcs(it.source, native))
        return frozenset(found)

    def clusters(self) -> Iterable[Ident]:
        return [it for it in self.everything() if it.kind == "cluster"]

    # ---- section 8

    def _called(self, word: str, t: int) -> frozenset[Ident]:
        """The networks that a name means at `t`, of the first group that has it: one, or the name is refused."""
        if word == "internet":
            return frozenset({INTERNET})
        for group in (self._networks_called, self._nodes_called, self._rest_called):
            if found := group(word, t):
                return found
        return frozenset()

    def called_by_what_is_there(self, word: str, t: int) -> bool:
        """Whether what a name means at `t` is decided without anything in a network that was there before or after."""
        if word == "internet" or self._networks_called(word, t):
            return True
        return all(self.facts.holding(it, t) for it in (*self._nodes_named(word, t), *self._rest_named(word, t)))

    def _networks_called(self, word: str, t: int) -> frozenset[Ident]:
        found = set(self._plainly(word, self.everything(), t))
        source, _, rest = word.partition("/")
        found.update(self._plainly(rest, [it for it in self.everything() if it.source == source], t))
        of_source = [it for it in self.everything() if it.source == word]
        listed = [it for it in of_source if it in self.facts.rid]
        meant = [it for it in listed if self.facts.holding(it, t)] or listed or of_source
        if len(meant) == 1:
            found.update(meant)
        own = Ident(word, "vpc", word)
        if not meant and own in self.with_claims():
            found.add(own)
        return frozenset(found)

    def _nodes_called(self, word: str, t: int) -> frozenset[Ident]:
        return frozenset(c for node in self._nodes_named(word, t) if (c := self.rows.row(node, t).get("cluster")))

    def _rest_called(self, word: str, t: int) -> frozenset[Ident]:
        return frozenset(vpc for it in self._rest_named(word, t) if (vpc := self.rows.row(it, t).get("vpc")))

    def _nodes_named(self, word: str, t: int) -> list[Ident]:
        return self._having(self.facts.of_kind.get("node", ()), t, lambda r: r.name == word)

    def _rest_named(self, word: str, t: int) -> set[Ident]:
        them = [it for kind in IN_A_VPC for it in self.facts.of_kind.get(kind, ())]

        def so(resource: Resource) -> bool:
            return resource.name == word or word in {i.id for i in getattr(resource, "interfaces", ())}

        return {it for it in them if it.id == word} | set(self._having(them, t, so))

    def _plainly(self, word: str, them: Iterable[Ident], t: int) -> set[Ident]:
        """Those of some networks whose id it is, or whose name it is at `t`."""
        if not word:
            return set()
        return {it for it in them if it.id == word} | set(self._having(them, t, lambda r: r.name == word))

    def _having(self, them: Iterable[Ident], t: int, so: Callable[[Resource], bool]) -> list[Ident]:
        """Those of which it is so in a version that holds `t`; where none is, of those that are not there at `t`."""
        known = [it for it in them if it in self.facts.rid]
        alive = [it for it in known if (v := self.facts.holding(it, t)) and so(v.resource)]
        gone = [it for it in known if not self.facts.holding(it, t) and (r := self.facts.resource(it, t)) and so(r)]
        return alive or gone
