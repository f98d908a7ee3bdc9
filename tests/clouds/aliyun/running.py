"""Aliyun under test: the server with its estate, and what a source must find there."""

import os
from collections.abc import Mapping
from typing import Final
from unittest import mock

from clouds.aliyun import identity
from clouds.aliyun.estate import KINDS, Estate
from clouds.aliyun.fake import HABITS, Api
from clouds.aliyun.large import large
from clouds.aliyun.places import AWAY, HOME, SHOP, SOLD_OUT
from clouds.aliyun.signing import Key
from clouds.aliyun.standard import standard, warehouse
from clouds.server import Server
from tagweave.sources import Source
from tagweave.sources.clouds import Politeness

ABSENT: Final[Mapping[str, str]] = {}
"""Aliyun has a product for every kind."""
KEY_ID: Final = "LTAI5tTagweaveReads"
SECRET: Final = "8a1f0c3e5b7d9a2c4e6f8091a3b5c7d9"


class Running:
    """A server with an estate. `members` are the estates of other accounts of the resource directory."""

    def __init__(self, estate: Estate, regions: tuple[str, ...], members: Mapping[str, Estate]) -> None:
        self._environment = mock.patch.dict(
            os.environ, {"ALIBABA_CLOUD_ACCESS_KEY_ID": KEY_ID, "ALIBABA_CLOUD_ACCESS_KEY_SECRET": SECRET}
        )
        self._environment.start()
        self._estate = estate
        keys = {KEY_ID: Key(SECRET, identity.TEAM, f"acs:ram::{identity.TEAM}:user/tagweave")}
        self.api = Api({identity.TEAM: estate, **members}, keys)
        self.server = Server(self.api, HABITS)
        self.regions = regions
        self.expected: Mapping[str, frozenset[str]] = {}
        self.tagged: Mapping[str, tuple[str, Mapping[str, str]]] = {}
        self.addresses: Mapping[str, tuple[str, frozenset[str]]] = {}

    @property
    def secrets(self) -> tuple[str, ...]:
        """Those of the key, and those that STS gave out."""
        return tuple(one for key in self.api.signatures.keys.values() for one in (key.secret, key.token) if one)

    def source(self, politeness: Politeness, page_size: int | None = None, **settings: object) -> Source:
        """A source that reads the server, in these regions unless the settings say others."""
        from tagweave.sources.aliyun import Config
        from tagweave.sources.aliyun import Source as Aliyun

        config = Config(**{"name": "aliyun", "endpoint": self.server.url, "regions": self.regions, **settings})  # type: ignore[arg-type]
        return Aliyun(config, politeness=politeness, page_size=page_size)

    def remove(self, kind: str, id: str) -> None:  # noqa: A002 - what it is
        """Take one resource out of the estate."""
        self._estate.remove(kind, id)

    def close(self) -> None:
        """Stop the server."""
        self.server.close()
        self._environment.stop()


def start(vms: int | None = None, regions: int = 5) -> Running:
    """The standard estate, or one of so many VMs in so many regions, with what is around them."""
    if vms is not None:
        estate = large(vms, regions)
        return Running(estate, tuple(sorted(estate.offered("ecs"))), {})
    estate = standard()
    running = Running(estate, (HOME, AWAY), {identity.MEMBER: warehouse()})
    running.expected = {kind: estate.ids(kind) for kind in KINDS} | EXPECTED
    running.tagged = TAGGED
    running.addresses = ADDRESSES
    return running


EXPECTED: Final = {
    "region": frozenset({HOME, AWAY, SOLD_OUT}),
    "network_interface": frozenset({"eni-bp1free", "eni-bp1nlb", "eni-bp1job", "eni-t4nfree"}),
    "peering_connection": frozenset(
        {
            "pcc-bp1data",
            "pcc-bp1far",
            "pcc-bp1theirs",
            "ri-bp1one",
            "ri-t4ntwo",
            "ri-bp1theirs",
        }
    ),
    "az": frozenset({"cn-hangzhou-h", "cn-hangzhou-i", "cn-hangzhou-b", "ap-southeast-1a", "ap-southeast-1b"}),
}
"""Where a kind is not all of its lists: interfaces of VMs are the VMs', a pair of router interfaces is one peering,
named by the initiating one where that is ours, and one to a border router is none; the third region is not read."""

TAGGED: Final[Mapping[str, tuple[str, Mapping[str, str]]]] = {
    kind: (native, SHOP)
    for kind, native in (
        ("vm", "i-bp1web1"),
        ("vpc", "vpc-bp1shop"),
        ("subnet", "vsw-bp1shoph"),
        ("router", "vtb-bp1shop"),
        ("security_group", "sg-bp1web"),
        ("nat_gateway", "ngw-bp1shop"),
        ("load_balancer", "alb-bp1outer"),
        ("peering_connection", "pcc-bp1data"),
        ("cen", "cen-shop"),
        ("rds", "rm-bp1mysql"),
        ("redis", "r-bp1std"),
        ("network_interface", "eni-bp1free"),
        ("public_ip", "eip-bp1web1"),
        ("cluster", "c0a1b2c3d4e5f60718293a4b5c6d7e8f0"),
    )
}

ADDRESSES: Final[Mapping[str, tuple[str, frozenset[str]]]] = {
    "vm": ("i-bp1web1", frozenset({
        "10.0.1.11", "10.0.1.21", "2001:db8:1100:1::11", "203.0.113.11", "10.0.2.11", "203.0.113.12",
    })),
    "vpc": ("vpc-bp1shop", frozenset({"10.0.0.0/16", "10.1.0.0/16", "2001:db8:1100::/56"})),
    "subnet": ("vsw-bp1shoph", frozenset({"10.0.1.0/24", "2001:db8:1100:1::/64"})),
    "router": ("vtb-bp1shop", frozenset({"0.0.0.0/0", "::/0", "2001:db8:1100:1::/64", "10.8.0.0/16"})),
    "security_group": ("sg-bp1web", frozenset({"0.0.0.0/0", "::/0", "198.51.100.0/24"})),
    "nat_gateway": ("ngw-bp1shop", frozenset({"10.0.1.253", "203.0.113.1", "203.0.113.2", "10.0.2.0/24"})),
    "load_balancer": ("alb-bp1outer", frozenset({
        "10.0.1.40", "203.0.113.40", "2001:db8:1100:1::40", "10.0.2.40", "203.0.113.41",
    })),
    "rds": ("rm-bp1mysql", frozenset({"10.0.1.70", "203.0.113.70"})),
    "redis": ("r-bp1cluster", frozenset({"10.0.1.86", "10.0.1.96", "203.0.113.86"})),
    "network_interface": ("eni-bp1free", frozenset({
        "10.0.1.90", "10.0.1.91", "2001:db8:1100:1::90", "203.0.113.90",
    })),
    "public_ip": ("eip-bp1free", frozenset({"203.0.113.99"})),
}  # fmt: skip
