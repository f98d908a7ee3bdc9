"""Law 4 by example: networks, what lies in them, and reach."""

from typing import Final

from tagweave.model import LoadBalancer, Rds

from .case import Case, asking, is_, not_
from .hand import Held
from .make import (
    CLOUD,
    card,
    cen,
    cluster,
    node,
    peering,
    pod,
    subnet,
    vm,
    vpc,
)

TEN: Final = vpc("vpc-1", "10.0.0.0/8")

NETWORKS: Final = (
    Case(
        "4.1 the longest range, and of equal ones the one that began last to have it",
        (
            TEN,
            subnet("wide", "10.0.0.0/16"),
            Held(subnet("old", "10.0.1.0/24"), 0, 40),
            Held(subnet("old", "10.0.1.0/24", labels={"a": "b"}), 40, 60, seen=40),
            Held(subnet("new", "10.0.1.0/24"), 30),
            vm("i-1", "10.0.1.5", "10.0.2.5"),
        ),
        (
            (asking("10.0.2.5"), is_("i-1", {"cloud.subnet.id": "wide"})),
            (asking("10.0.1.5", 20), is_("i-1", {"cloud.subnet.id": "old"})),
            (asking("10.0.1.5", 50), is_("i-1", {"cloud.subnet.id": "new"})),
        ),
    ),
    Case(
        "4.2 what is in no VPC is alone with its source",
        (
            vm("i-1", "10.0.0.5", vpc=""),
            vm("i-2", "10.0.0.5", vpc="", source="other"),
            vpc("vpc-1"),
            vm("i-3", "10.0.0.6"),
            vpc("vpc-2", source="third"),
            vpc("vpc-3", source="third"),
            vm("i-4", "10.0.0.7", vpc="", source="third"),
        ),
        (
            (asking("10.0.0.5"), not_("ambiguous", "i-1", "i-2")),
            (asking("10.0.0.5", network="other"), is_("i-2")),
            (asking("10.0.0.7", network="third"), not_("unknown_network")),
            (asking("10.0.0.5", network="vpc-1"), not_("out_of_reach")),
            (asking("10.0.0.6", network="cloud"), is_("i-3")),
        ),
    ),
    Case(
        "4.3 something of a cluster is in the VPC where its address lies in it, or is its VM's",
        (
            vpc("vpc-1", "10.0.0.0/16"),
            vm("i-1", "10.0.0.5"),
            vm("i-2", "172.16.0.5"),
            cluster(),
            node("n-1", "10.0.0.5", name="n1", on="i-1"),
            node("n-2", "172.16.0.5", name="n2", on="i-2"),
            node("n-3", "172.16.0.6", name="n3"),
            pod("in", "10.0.0.77", node="n1"),
            pod("out", "10.244.0.5", node="n1"),
            vpc("vpc-2"),
            peering("pcx", "vpc-1", "vpc-2"),
            cluster("c2", source="k2"),
        ),
        (
            (asking("10.0.0.77", network="vpc-1"), is_("in")),
            (asking("10.0.0.77", network="vpc-2"), is_("in")),
            (asking("172.16.0.5", network="vpc-1"), is_("n-2", {"host.id": "i-2"})),
            (asking("10.244.0.5", network="vpc-1"), is_("out")),
            (asking("10.244.0.5", network="k2"), not_("out_of_reach")),
        ),
    ),
    Case(
        "4.4 public addresses are in the internet; one that the internet routes, unless it lies in its own VPC",
        (
            vpc("vpc-1", "10.0.0.0/16", "8.1.0.0/16", "2600:1::/32"),
            vm("i-1", card("10.0.0.5", public="52.1.1.1"), card("2600:1::5")),
            LoadBalancer(source=CLOUD, id="lb-out", vpc="vpc-1", ips=("52.1.1.2",)),
            LoadBalancer(source=CLOUD, id="lb-in", vpc="vpc-1", ips=("8.1.0.1",)),
            LoadBalancer(source=CLOUD, id="lb-priv", vpc="vpc-1", ips=("10.0.0.9",)),
            cluster(),
            pod("p", "2600:9::7"),
        ),
        (
            (asking("52.1.1.1", network="internet"), is_("i-1")),
            (asking("52.1.1.2", network="internet"), is_("lb-out")),
            (asking("52.1.1.2", network="vpc-1"), is_("lb-out", {"cloud.vpc.id": "vpc-1"})),
            (asking("8.1.0.1", network="internet"), not_("out_of_reach")),
            (asking("8.1.0.1", network="vpc-1"), is_("lb-in")),
            (asking("10.0.0.9", network="internet"), not_("out_of_reach")),
            (asking("2600:1::5", network="internet"), is_("i-1")),
            (asking("2600:1::5", network="vpc-1"), is_("i-1")),
            (asking("2600:1::5"), is_("i-1")),
            (asking("2600:9::7", network="internet"), is_("p")),
            (asking("2600:9::7", network="k"), is_("p")),
        ),
    ),
    Case(
        "4.5 an address is sought in the network, the homes, what is joined, the internet",
        (
            vpc("vpc-1"),
            vpc("vpc-2"),
            vpc("vpc-3"),
            cen("cen", "vpc-1", "vpc-2"),
            vm("i-1", "10.0.0.1"),
            cluster(),
            node("n-1", on="i-1"),
            cluster("c2", source="k2", cloud_source=CLOUD, vpc="vpc-2"),
            pod("p", "10.1.0.1", "10.1.0.2", "10.1.0.3"),
            vm("near", "10.1.0.1", "10.1.0.2"),
            vm("far", "10.1.0.2", "10.1.0.4", vpc="vpc-2"),
            pod("q", "10.1.0.4", "10.1.0.5", source="k2", cluster="c2"),
            Rds(source=CLOUD, id="db", vpc="vpc-3", ips=("10.1.0.6", "52.1.1.1")),
        ),
        (
            (asking("10.1.0.1", network="k"), is_("p")),
            (asking("10.1.0.1", network="vpc-1"), is_("near")),
            (asking("10.1.0.4", network="k"), not_("ambiguous", "far", "q")),
            (asking("10.1.0.5", network="vpc-1"), is_("q")),
            (asking("10.1.0.3", network="vpc-2"), is_("p")),
            (asking("10.1.0.6", network="k"), not_("out_of_reach")),
            (asking("52.1.1.1", network="k"), is_("db")),
            (asking("10.1.0.1", network="internet"), not_("out_of_reach")),
        ),
    ),
)
