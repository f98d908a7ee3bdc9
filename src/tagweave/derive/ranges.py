"""The ranges of VPCs over time: whether an address lies in one, and in which of its subnets."""

from collections import defaultdict
from collections.abc import Iterator
from typing import Final, NamedTuple

from tagweave.derive.estate import Estate
from tagweave.derive.timeline import Stretch, Timeline, always, joined, mapped, swept
from tagweave.model import Resource, Subnet, Vpc
from tagweave.model.addresses import pack_prefix

SHAPING: Final = ("vpc", "subnet")
"""Kinds that have ranges."""

WHOLE: Final = 128
"""The length of a single address."""


class Place(NamedTuple):
    """Where an address lies: whether in the VPC at all, and in which subnet (0: none)."""

    inside: bool
    subnet: int


NOWHERE: Final = Place(inside=False, subnet=0)


class Prefix(NamedTuple):
    """A range of a VPC: its length and its top bits."""

    vpc: int
    length: int
    top: int


class _Range(NamedTuple):
    length: int
    since: int
    subnet: int
    rid: int


class Ranges:
    """Every range of every VPC and subnet, derived from an estate."""

    def __init__(self, estate: Estate) -> None:
        self._estate = estate
        self._by_vpc: defaultdict[int, dict[int, dict[int, list[tuple[int, int, _Range]]]]] = defaultdict(dict)
        self._of: dict[int, list[Prefix]] = {}
        self._known: dict[tuple[int, ...], Timeline[Place]] = {}
        for kind in SHAPING:
            for rid in estate.of_kind(kind):
                self.change(rid)

    def change(self, rid: int) -> set[Prefix]:
        """Take in the changed history of a VPC or subnet; the prefixes in which addresses may lie elsewhere now."""
        before = self._of.pop(rid, [])
        for prefix in before:
            held = self._by_vpc[prefix.vpc][prefix.length][prefix.top]
            held[:] = [one for one in held if one[2].rid != rid]
        self._known.clear()
        now = self._of[rid] = [] if rid not in self._estate.history else list(self._enter(rid))
        return {*before, *now}

    def _enter(self, rid: int) -> Iterator[Prefix]:
        subnet = rid if self._estate.identity(rid)[1] == "subnet" else 0
        held: defaultdict[Prefix, list[Stretch[bool]]] = defaultdict(list)
        for start, end, resource in self._estate.counting(rid):
            vpc = self._vpc_of(rid, resource)
            for cidr in resource.cidrs if vpc and isinstance(resource, Subnet | Vpc) else ():
                address, length = pack_prefix(cidr)
                held[Prefix(vpc, length, address >> (WHOLE - length))].append(Stretch(start, end, True))
        for prefix, stretches in held.items():
            ranges = self._by_vpc[prefix.vpc].setdefault(prefix.length, {}).setdefault(prefix.top, [])
            ranges += [(s.start, s.end, _Range(prefix.length, s.start, subnet, rid)) for s in joined(stretches)]
            yield prefix

    def _vpc_of(self, rid: int, resource: Resource) -> int:
        if not isinstance(resource, Subnet):
            return rid
        return self._estate.refer(resource.source, "vpc", resource.vpc) if resource.vpc else 0

    def place(self, vpc: int, address: int, length: int = WHOLE) -> Timeline[Place]:
        """Where an address, or a whole prefix, lies in a VPC, over all time."""
        found = [
            held
            for bits, ranges in self._by_vpc.get(vpc, {}).items()
            if bits <= length and (held := ranges.get(address >> (WHOLE - bits)))
        ]
        if not found:
            return _OUTSIDE
        alike = tuple(map(id, found))  # the lists live as long as this does
        known = self._known.get(alike)
        if known is None:
            known = self._known[alike] = mapped(swept([one for held in found for one in held]), _narrowest)
        return known


_OUTSIDE: Final[list[Stretch[Place]]] = always(NOWHERE)


def _narrowest(live: tuple[_Range, ...]) -> Place:
    """The subnet with the longest range, of equal ones the one that began last; a VPC's own range has none."""
    if not live:
        return NOWHERE
    subnets = [one for one in live if one.subnet]
    return Place(inside=True, subnet=max(subnets).subnet if subnets else 0)
