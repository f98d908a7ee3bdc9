"""The laws of reading: what a tag of an end is, as of the time of its record; in a batch, in a look-up, from an id."""

import sys
from itertools import product

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tagweave.index.columns import REASONS
from tagweave.index.opening import TagIndex
from tagweave.index.weave import Weaver, names_of
from tagweave.model import Scope

from .handmade import END, Estate, ask, columns, ends, everything, minute, ns, piece, serves, woven

NAME, LABEL = "k8s.pod.name", "k8s.pod.label.rev"


# ---- names and labels as of the event


def changing() -> TagIndex:
    """A pod, its VM, namespace, cluster and service, all of which are called something else at 10, 20 and 30."""
    e = Estate()

    def called(kind: str, word: str, label: str) -> int:
        said = [
            (None if n == 0 else 10 * n, {"name": f"{word}{n}", "labels": {label: f"{label}{n}"}}) for n in range(4)
        ]
        return e.was(kind, word, *said)

    parts = [("vm", "env"), ("cluster", "tier"), ("namespace", "team"), ("node", "pool"), ("pod", "rev")]
    row = {kind: called(kind, kind, label) for kind, label in parts}
    services = (called("service", "svc", "tier"),)
    e.address("10.0.0.1", row["cluster"], piece(**row, service=services, owner=row["pod"]))
    return e.index({"owner": ["k8s.pod.label.rev"], "service": ["k8s.pod.label.none"]})


CHANGING = {
    "host.name": "vm",
    "cloud.tag.env": "env",
    "k8s.cluster.name": "cluster",
    "k8s.namespace.label.team": "team",
    "k8s.node.label.pool": "pool",
    "k8s.pod.label.rev": "rev",
    "k8s.service.label.tier": "tier",
    "tagweave.group.owner": "rev",
    "tagweave.instance.name": "pod",
    "tagweave.service.name": "svc",
}


@pytest.mark.parametrize(("at", "n"), [(0, 0), (9.9999, 0), (10, 1), (19.9999, 1), (20, 2), (30, 3), (500, 3)])
def test_names_and_labels_are_those_of_the_time_of_the_event(at: float, n: int) -> None:
    assert ask(changing(), "10.0.0.1", *CHANGING, at=at) == tuple(f"{word}{n}" for word in CHANGING.values())


def test_each_end_of_a_batch_has_the_names_of_its_own_time() -> None:
    moments = [35, 5, 15, 15, 25, 35, 0, 20, 29.999, 30]
    expected = [tuple(f"{word}{int(at // 10)}" for word in CHANGING.values()) for at in moments]
    assert columns(changing(), ends(["10.0.0.1"] * len(moments), moments), *CHANGING) == expected


def test_a_label_that_was_taken_away_is_not_there_afterwards() -> None:
    e = Estate()
    pod = e.was("pod", "p", (None, {"labels": {"rev": "1", "x": "y"}}), (50, {"labels": {"x": "y"}}))
    e.address("10.0.0.1", 9, piece(pod=pod, owner=pod))
    index = e.index()
    assert [ask(index, "10.0.0.1", LABEL, "k8s.pod.label.x", at=at) for at in (49, 50)] == [("1", "y"), (None, "y")]
    assert columns(index, ends(["10.0.0.1"] * 2, [49, 50]), LABEL) == [("1",), (None,)]


def test_a_rename_of_what_an_address_is_attached_to_is_seen() -> None:
    e = Estate()
    nat = e.was("nat_gateway", "nat-1", (None, {"name": "before"}), (50, {"name": "after"}))
    public = e.add("public_ip", "eip-1", "an address")
    e.address("8.8.8.8", 0, piece(nat_gateway=nat, public_ip=public, owner=public))
    index = e.index()
    tags = ("tagweave.instance.name", "tagweave.service.name", "tagweave.instance.type")
    assert columns(index, ends(["8.8.8.8"] * 2, [20, 80]), *tags) == [
        ("before", "before", "nat_gateway"),
        ("after", "after", "nat_gateway"),
    ]
    assert [ask(index, "8.8.8.8", *tags, at=at)[0] for at in (20, 80)] == ["before", "after"]


def test_the_newest_segment_that_has_a_resource_tells_its_values() -> None:
    e = Estate()
    pod = e.add("pod", "p", "old", labels={"rev": "1"})
    other = e.add("pod", "q", "other", labels={"rev": "1"})
    e.address("10.0.0.1", 9, piece(pod=pod, owner=pod))
    e.address("10.0.0.2", 9, piece(pod=other, owner=other))
    e.newer()
    e.was("pod", "p", (None, {"name": "old", "labels": {"rev": "1"}}), (50, {"name": "new"}), rid=pod)
    index = e.index()
    found = columns(index, ends(["10.0.0.1", "10.0.0.1", "10.0.0.2"], [40, 60, 60]), NAME, LABEL, "k8s.pod.uid")
    assert found == [("old", "1", "p"), ("new", None, "p"), ("other", "1", "q")]


def test_one_text_of_several_segments_is_one_word_of_a_column() -> None:
    e = Estate()
    pods = [e.add("pod", "p", "same"), e.add("pod", "q", "same")]
    e.address("10.0.0.1", 9, piece(pod=pods[0], owner=pods[0]))
    e.address("10.0.0.2", 9, piece(pod=pods[1], owner=pods[1]))
    e.newer()
    e.add("pod", "q", "same", rid=pods[1])
    out = Weaver(e.index(), [NAME]).weave(ends(["10.0.0.1", "10.0.0.2"]), "source")
    assert out.columns[0].dictionary.to_pylist() == ["same"]


# ---- what lies behind a column


def test_transit_networks_peerings_and_routers_are_those_of_the_time() -> None:
    e = Estate()
    cens = (
        e.was("cen", "cen-1", (None, {"name": "a"})),
        e.was("cen", "cen-2", (None, {"name": "b"}), (60, {"name": "c"})),
    )
    peering = e.add("peering_connection", "pcx", "p")
    routers = e.add("router", "r-1"), e.add("router", "r-2")
    joined = (None, {"cen": cens[:1]}), (50, {"cen": cens}), (70, {"peering_connection": (peering,)})
    vpc = e.was("vpc", "vpc-1", *joined)
    subnet = e.was("subnet", "s-1", (None, {"router": routers[0]}), (50, {"router": routers[1]}))
    vm = e.add("vm", "i-1")
    e.address("10.0.0.1", vpc, piece(vpc=vpc, subnet=subnet, vm=vm, owner=vm))
    e.address("10.0.0.2", vpc, piece(vpc=vpc, router=routers[0], owner=routers[0]))
    e.name("id", "cen:cen-2", vpc, piece(owner=cens[1]))
    index = e.index()
    tags = ("cloud.cen.id", "cloud.cen.name", "cloud.peering_connection.id", "cloud.router.id")
    expected = [
        ("cen-1", "a", None, "r-1"),
        ("cen-1,cen-2", "a,b", None, "r-2"),
        ("cen-1,cen-2", "a,c", None, "r-2"),
        (None, None, "pcx", "r-2"),
    ]
    assert columns(index, ends(["10.0.0.1"] * 4, [40, 55, 65, 75]), *tags) == expected
    assert [ask(index, "10.0.0.1", *tags, at=at) for at in (40, 55, 65, 75)] == expected
    assert ask(index, "10.0.0.2", "cloud.router.id", at=75) == ("r-1",)
    assert index.lookup("cen-2", at=minute(75)).tags["cloud.cen.name"] == "c"  # and of itself it is itself


def several() -> TagIndex:
    """Pods of no service, one, two and three; and what else there may be several of."""
    e = Estate()
    groups = tuple(e.add("security_group", f"sg-{n}", f"group {n}") for n in (1, 2))
    services = [e.add("service", f"uid-{n}", f"svc-{n}", labels={"tier": str(n)} if n != 2 else {}) for n in (1, 2, 3)]
    workload = e.add("workload", "w", "owner", type="Deployment")
    for n in range(4):
        pod = e.add("pod", f"p-{n}")
        more = {"service": tuple(services[:n])} if n else {}
        e.address(f"10.0.0.{n}", 9, piece(pod=pod, workload=workload, security_group=groups, owner=pod, **more))
    return e.index()


def test_several_values_are_joined_in_a_column_and_a_list_in_an_answer() -> None:
    index = several()
    tags = ("k8s.service.name", "k8s.service.label.tier", "cloud.security_group.name", "tagweave.service.name")
    expected = [
        (None, None, "group 1,group 2", "owner"),
        ("svc-1", "1", "group 1,group 2", "svc-1"),
        ("svc-1,svc-2", "1", "group 1,group 2", "owner"),
        ("svc-1,svc-2,svc-3", "1,3", "group 1,group 2", "owner"),
    ]
    assert columns(index, ends([f"10.0.0.{n}" for n in range(4)]), *tags) == expected
    assert [ask(index, f"10.0.0.{n}", *tags) for n in range(4)] == expected
    answer = index.lookup("10.0.0.3")
    assert answer.tags["k8s.service.label.tier"] == ["1", "3"]
    assert index.lookup("10.0.0.1").tags["k8s.service.label.tier"] == "1"


def test_equal_values_are_one() -> None:
    e = Estate()
    services = tuple(e.add("service", f"s-{n}", "same" if n != 1 else "other", labels={"a": "x"}) for n in range(3))
    e.address("10.0.0.1", 9, piece(service=services, owner=services[0]))
    assert ask(e.index(), "10.0.0.1", "k8s.service.name", "k8s.service.label.a") == ("same,other", "x")


def test_a_name_that_is_an_address_is_one_word_with_it() -> None:
    e = Estate()
    node = e.add("node", "n", "10.0.0.2")
    e.address("10.0.0.1", 9, piece(node=node, owner=node))
    out = Weaver(e.index(), ["tagweave.instance.name"]).weave(ends(["10.0.0.1", "10.0.0.2", "10.0.0.3"]), "")
    assert out.columns[0].to_pylist() == ["10.0.0.2", "10.0.0.2", "10.0.0.3"]
    assert len(out.columns[0].dictionary) == 2


def test_a_name_with_a_comma_is_one_value() -> None:
    e = Estate()
    group = e.add("security_group", "sg", "a,b")
    e.address("10.0.0.1", 9, piece(security_group=(group,), owner=group))
    assert e.index().lookup("10.0.0.1").tags["cloud.security_group.name"] == "a,b"


# ---- subjects


SUBJECTS = ("tagweave.instance.type", "tagweave.instance.name", "tagweave.service.type", "tagweave.service.name")


def test_an_interface_or_a_public_address_is_what_it_is_attached_to() -> None:
    e = Estate()
    kinds = ("vm", "nat_gateway", "load_balancer", "rds", "redis", "host")
    for n, (kind, address) in enumerate(product(kinds, ("network_interface", "public_ip"))):
        rid, owner = e.add(kind, f"{kind}-{n}", kind), e.add(address, f"a-{n}")
        e.address(f"10.0.0.{n}", 9, piece(owner=owner, **{kind: rid, address: owner}))
    alone, cluster = e.add("network_interface", "eni-9", "an interface"), e.add("cluster", "c", "shop")
    e.address("10.0.1.1", 9, piece(network_interface=alone, owner=alone))
    e.address("10.0.1.2", 9, piece(network_interface=alone, cluster=cluster, owner=alone))
    index = e.index()
    for n, (kind, _) in enumerate(product(kinds, (0, 1))):
        assert ask(index, f"10.0.0.{n}", *SUBJECTS) == (kind, kind, kind, kind)
    alone_ = ("network_interface", "an interface")
    assert ask(index, "10.0.1.1", *SUBJECTS) == alone_ * 2
    assert ask(index, "10.0.1.2", *SUBJECTS) == (*alone_, "cluster", "shop")


def test_a_machine_is_itself_whatever_it_runs_on() -> None:
    e = Estate()
    vm, host, balancer = e.add("vm", "i-1", labels={"a": "vm"}), e.add("host", "h"), e.add("load_balancer", "lb")
    e.address("10.0.0.1", 9, piece(vm=vm, host=host, owner=vm))
    e.address("10.0.0.2", 9, piece(vm=vm, load_balancer=balancer, owner=balancer))
    e.address("10.0.0.3", 9, piece(vm=vm, host=host, owner=host))
    found = columns(e.index(), ends([f"10.0.0.{n}" for n in (1, 2, 3)]), "tagweave.instance.id", "cloud.tag.a")
    assert found == [("i-1", "vm"), ("lb", None), ("h", None)]


def test_at_an_address_of_services_the_instance_is_the_one_that_the_port_picks() -> None:
    e = Estate()
    services = e.add("service", "git"), e.add("service", "traefik")
    ingress, cluster = e.add("ingress", "i"), e.add("cluster", "c")
    of = (0, cluster)
    ports = [serves(services[0], 22, subject=of), serves(services[1], 80, subject=of)]
    ports += [serves(one, 9, subject=of) for one in services]
    row = {"cluster": cluster, "service": services, "ports": ports}
    e.address("10.0.0.1", 9, piece(**row, owner=services[0]))
    e.address("10.0.0.2", 9, piece(**row, ingress=(ingress,), owner=ingress))
    index = e.index()
    tags = ("tagweave.instance.id", "tagweave.service.id")
    for address, owner in (("10.0.0.1", "git"), ("10.0.0.2", "i")):
        said = {port: ask(index, address, *tags, port=port) for port in (22, 80, 9, 1, None)}
        assert (said[22], said[80]) == (("git", "git"), ("traefik", "traefik"))
        assert said[9] == said[1] == said[None] == (owner, "c")


def test_a_service_of_a_pod_comes_before_its_workload_and_that_before_its_cluster() -> None:
    e = Estate()
    service, workload, cluster = e.add("service", "s"), e.add("workload", "w", type="Job"), e.add("cluster", "c")
    row = {"service": (service,), "workload": workload, "cluster": cluster}
    for n in range(4):
        pod = e.add("pod", f"p-{n}")
        e.address(f"10.0.0.{n}", cluster, piece(pod=pod, owner=pod, **dict([*row.items()][n:])))  # type: ignore[arg-type]
    found = columns(e.index(), ends([f"10.0.0.{n}" for n in range(4)]), "tagweave.service.type", "tagweave.service.id")
    assert found == [("service", "s"), ("Job", "w"), ("cluster", "c"), ("pod", "p-3")]


def test_what_lies_in_a_range_is_not_the_one_whose_range_it_is() -> None:
    e = Estate()
    node, cluster, vpc = e.add("node", "n"), e.add("cluster", "c", "shop"), e.add("vpc", "v")
    e.prefix("10.1.0.0/24", cluster, piece(node=node, cluster=cluster, owner=node))
    e.prefix("10.2.0.0/16", vpc, piece(vpc=vpc, owner=vpc))
    e.address("10.2.0.1", vpc, piece(vpc=vpc, owner=vpc))
    index = e.index()
    assert ask(index, "10.1.0.9", *SUBJECTS, "k8s.node.uid") == ("ip", "10.1.0.9", "cluster", "shop", "n")
    assert ask(index, "10.2.0.9", *SUBJECTS, "tagweave.match") == ("ip", "10.2.0.9", "ip", "10.2.0.9", "prefix")
    assert ask(index, "10.2.0.1", *SUBJECTS) == (None, None, None, None)  # nobody is a VPC


def test_what_lies_in_a_public_range_that_somebody_has_is_no_more_of_the_internet() -> None:
    e = Estate()
    subnet = e.add("subnet", "s")
    e.prefix("8.8.8.0/24", 9, piece(subnet=subnet, owner=subnet))
    assert ask(e.index(), "8.8.8.8", *SUBJECTS) == ("ip", "8.8.8.8", "ip", "8.8.8.8")


def test_what_nobody_holds_is_its_own_address_or_one_of_the_internet() -> None:
    e = Estate()
    addresses = ["10.9.9.9", "8.8.8.8", "fd00::1", "2606:4700::1", "224.0.0.1", "10.9.9.9", "::ffff:1.2.3.4"]
    found = columns(e.index(), ends(addresses), "tagweave.instance.type", "tagweave.service.id", NAME)
    assert columns(e.index(), ends([""]), "tagweave.instance.type") == [(None,)]
    kinds = ["ip", "internet", "ip", "internet", "ip", "ip", "internet"]
    texts = [*addresses[:-1], "1.2.3.4"]
    assert found == [(kind, text, None) for kind, text in zip(kinds, texts, strict=True)]


# ---- accounts, groups, the match itself


def test_the_account_is_the_owners_own_before_those_of_what_it_is_in() -> None:
    e = Estate()
    region = e.add("region", "eu-1", account="999")  # a region is everybody's
    vpc = e.add("vpc", "v", source="shared", account="111")
    vm = e.was("vm", "i-1", (None, {"account": "222"}), (50, {"account": "333"}))
    public, pod, rds = e.add("public_ip", "eip", account="444"), e.add("pod", "p"), e.add("rds", "db", source="one")
    e.address("10.0.0.1", vpc, piece(region=region, vpc=vpc, vm=vm, owner=vm))
    e.address("10.0.0.2", vpc, piece(region=region, owner=public))
    e.address("10.0.0.3", vpc, piece(region=region, vpc=vpc, vm=vm, pod=pod, owner=pod))
    e.address("10.0.0.4", vpc, piece(region=region, vpc=vpc, pod=pod, owner=pod))
    e.address("10.0.0.5", vpc, piece(pod=pod, owner=pod))
    e.address("10.0.0.6", vpc, piece(region=region, rds=rds, owner=rds))
    e.address("10.0.0.7", vpc, piece(region=region, pod=pod, owner=pod))
    index = e.index(None, {"cloud": ("aws", ""), "shared": ("azure", ""), "one": ("tencent_cloud", "777")})
    tags = ("cloud.provider", "cloud.account.id")
    assert columns(index, ends([f"10.0.0.{n}" for n in range(1, 8)]), *tags) == [
        ("aws", "333"),
        ("aws", "444"),
        ("aws", "333"),
        ("azure", "111"),
        (None, None),
        ("tencent_cloud", "777"),
        ("aws", None),
    ]
    assert [ask(index, "10.0.0.1", *tags, at=at) for at in (49, 50)] == [("aws", "222"), ("aws", "333")]


def test_a_group_is_the_first_of_its_tags_that_is_set_of_whatever_vocabulary() -> None:
    groups = {
        "service": ["k8s.pod.label.svc", "cloud.tag.svc", "k8s.namespace.name"],
        "team": ["pod_ns", "host.name"],
        "empty": [],
    }
    e = Estate()
    vm = e.add("vm", "i-1", "web-vm", labels={"svc": "billing"})
    web = e.add("namespace", "ns", "web")
    p, q = e.add("pod", "p", labels={"svc": "checkout"}), e.add("pod", "q")
    e.address("10.0.0.5", 9, piece(vm=vm, owner=vm))
    e.address("10.0.0.1", 9, piece(namespace=web, pod=p, owner=p))
    e.address("10.0.0.2", 9, piece(namespace=web, pod=q, owner=q))
    index = e.index(groups)
    tags = ("tagweave.service.type", "tagweave.service.id", "tagweave.service.name", "tagweave.group.team")
    expected = [
        ("custom", "billing", "billing", "web-vm"),
        ("custom", "checkout", "checkout", "web"),
        ("custom", "web", "web", "web"),
        ("ip", "10.9.9.9", "10.9.9.9", None),
    ]
    addresses = ["10.0.0.5", "10.0.0.1", "10.0.0.2", "10.9.9.9"]
    assert columns(index, ends(addresses), *tags) == expected
    assert [ask(index, address, *tags) for address in addresses[:3]] == expected[:3]
    assert "tagweave.group.team" in Weaver(index).columns("")
    assert everything(index, "10.0.0.1", names="deepflow")["auto_service_type"] == "104"


@pytest.mark.parametrize(
    ("seen", "ages"),
    [(50, {40: 0, 50: 0, 51: 60, 110: 3600}), (Scope("k8s", "pod", "pods"), {40: 0, END: 0, END + 1: 60})],
)
def test_the_age_is_the_time_since_the_claim_itself_was_last_seen(seen: float | Scope, ages: dict[float, int]) -> None:
    e = Estate()
    pod = e.add("pod", "p")
    e.address("10.0.0.1", 9, piece(pod=pod, owner=pod, seen=seen))
    e.address("10.0.0.2", 9, piece(pod=pod, owner=pod, seen=END))  # another claim of the same owner
    index = e.index()
    for at, seconds in ages.items():
        assert ask(index, "10.0.0.1", "tagweave.match.age", at=at) == (str(seconds),)
    found = columns(index, ends(["10.0.0.1"] * len(ages), [*ages]), "tagweave.match.age")
    assert found == [(str(seconds),) for seconds in ages.values()]


def test_the_match_says_its_rule_and_whether_it_is_disputed() -> None:
    e = Estate()
    vm = e.add("vm", "i-1")
    e.address("10.0.0.1", 9, piece(0, 50, vm=vm, owner=vm), piece(50, vm=vm, owner=vm, disputed=True, others=(7,)))
    e.prefix("10.0.0.0/8", 9, piece(owner=vm))
    e.name("vm_id", "i-1", 9, piece(vm=vm, owner=vm))
    index = e.index()
    tags = ("tagweave.match", "tagweave.match.disputed")
    assert columns(index, ends(["10.0.0.1", "10.0.0.1", "10.0.0.9", "11.0.0.1"], [49, 51, 51, 51]), *tags) == [
        ("ip", "false"),
        ("ip", "true"),
        ("prefix", "false"),
        (None, None),
    ]
    assert ask(index, "i-1", *tags, rule="vm_id") == ("vm_id", "false")


def test_a_container_is_told_by_the_text_that_it_was_asked_by() -> None:
    e = Estate()
    pod = e.add("pod", "p")
    e.address("10.0.0.1", 9, piece(pod=pod, owner=pod))
    for native, label in (("c-1", "main"), ("c-2", "sidecar"), ("c-3", "")):
        e.name("container_id", native, 9, piece(pod=pod, owner=pod), label=label)
    index = e.index()
    asked = pa.array(["c-1", None, "c-2", "c-3", "c-9"])
    tags = ("k8s.container.name", "container.id", "k8s.pod.uid")
    found = columns(index, ends(["10.0.0.1"] * 5, keys=(("container_id", asked),)), *tags)
    assert found == [
        ("main", "c-1", "p"),
        (None, None, "p"),
        ("sidecar", "c-2", "p"),
        (None, "c-3", "p"),
        (None, None, "p"),
    ]
    coded = columns(index, ends(["10.0.0.1"] * 5, keys=(("container_id", asked.dictionary_encode()),)), *tags)
    assert coded == found


def test_the_port_decides_the_service() -> None:
    e = Estate()
    web, other = e.add("namespace", "web", "web"), e.add("namespace", "other", "other")
    s1, s2 = e.add("service", "s-1"), e.add("service", "s-2")
    pod, node, cluster = e.add("pod", "p"), e.add("node", "n"), e.add("cluster", "c")
    ports = [serves(s1, 80), serves(s2, 81)]
    e.address("10.0.0.1", 9, piece(namespace=web, service=(s1, s2), pod=pod, owner=pod, ports=ports))
    e.name("pod_name", "web/p", 9, piece(namespace=web, service=(s1, s2), pod=pod, owner=pod, ports=ports))
    node_ports = [serves(s1, 30080, subject=(other, cluster))]
    e.address("10.0.0.2", 9, piece(node=node, cluster=cluster, owner=node, ports=node_ports))
    index = e.index()
    tags = ("k8s.service.uid", "tagweave.service.id", "k8s.namespace.name")
    assert [ask(index, "10.0.0.1", *tags, port=port) for port in (None, 80, 81, 82)] == [
        ("s-1,s-2", "p", "web"),
        ("s-1", "s-1", "web"),
        ("s-2", "s-2", "web"),
        (None, "p", "web"),
    ]
    assert [ask(index, "web/p", *tags, port=port, rule="pod_name")[0] for port in (None, 80, 82)] == [
        "s-1,s-2",
        "s-1",
        None,
    ]
    assert woven(index, ends("10.0.0.1", port=82), tags, side="source")[1]["k8s.service.uid"] == "s-1,s-2"
    assert [ask(index, "10.0.0.2", *tags, port=port) for port in (30080, 30081)] == [
        ("s-1", "s-1", "other"),
        (None, "c", None),
    ]


# ---- ids


def test_an_id_is_read_back_as_of_its_time_and_as_of_now() -> None:
    index = changing()
    weaver = Weaver(index, [])
    at = [5, 15, 25]
    out = weaver.weave(ends(["10.0.0.1"] * 3, at), "source")
    assert len(set(out.ids.tolist())) == 1
    tags = ["host.name", "tagweave.match"]
    then = names_of(index, out.ids, tags, np.array([ns(one) for one in at]))
    assert [column.to_pylist() for column in then.columns] == [["vm0", "vm1", "vm2"], ["ip"] * 3]
    now = names_of(index, pa.array(out.ids), tags)
    assert [column.to_pylist() for column in now.columns] == [["vm3"] * 3, ["ip"] * 3]


def test_an_id_that_is_unknown_is_told_and_none_is_nobodys() -> None:
    index = changing()
    out = Weaver(index, []).weave(ends(["10.0.0.1", "10.9.9.9"]), "source")
    assert out.ids[1] == 0
    found = names_of(
        index, pa.array([int(out.ids[0]), 0, None, 12345 << 5 | 1, int(out.ids[0]) | 15], pa.uint64()), [NAME]
    )
    assert found.known.tolist() == [True, True, True, False, False]
    assert found.columns[0].to_pylist() == ["pod3", None, None, None, None]


def test_an_id_stands_for_the_row_as_the_port_left_it() -> None:
    e = Estate()
    s1, s2, pod = e.add("service", "s-1"), e.add("service", "s-2"), e.add("pod", "p")
    e.address("10.0.0.1", 9, piece(service=(s1, s2), pod=pod, owner=pod, ports=[serves(s1, 80), serves(s2, 81)]))
    index = e.index()
    out = [Weaver(index, []).weave(ends("10.0.0.1", port=port), "destination").ids for port in (None, 80, 81, 82)]
    found = names_of(index, np.concatenate(out), ["k8s.service.uid"])
    assert found.columns[0].to_pylist() == ["s-1,s-2", "s-1", "s-2", None]


# ---- cost


def test_an_answer_for_one_record_is_small_however_much_there_is() -> None:
    e = Estate()
    for n in range(5000):
        pod = e.add("pod", f"uid-{n}", f"pod-{n}", labels={"app": f"app-{n}"})
        e.address(f"10.0.{n // 256}.{n % 256}", 9, piece(pod=pod, owner=pod))
    out = Weaver(e.index(), ["k8s.pod.name", "k8s.pod.label.app", *Weaver(e.index()).columns("")]).weave(
        ends("10.0.0.1"), "source"
    )
    assert sum(column.nbytes for column in out.columns) < 4096
    assert all(len(column.dictionary) <= 1 for column in out.columns)


def test_a_weaver_keeps_nothing() -> None:
    index = changing()
    weaver = Weaver(index, ["k8s.pod.name"])
    before = dict(vars(weaver))
    weaver.weave(ends("10.0.0.1"), "source")
    assert vars(weaver) == before
    assert sum(map(sys.getsizeof, [*before.values(), before])) < 1024


def test_a_weaver_goes_with_its_index() -> None:
    e, f = Estate(), Estate()
    for one, name in ((e, "old"), (f, "new")):
        pod = one.add("pod", "p", name)
        one.address("10.0.0.1", 9, piece(pod=pod, owner=pod))
    index = e.index()
    weaver = Weaver(index, [NAME])
    assert weaver.weave(ends("10.0.0.1"), "").columns[0].to_pylist() == ["old"]
    index.view = f.index().view
    assert weaver.weave(ends("10.0.0.1"), "").columns[0].to_pylist() == ["new"]


# ---- a batch is what its ends are one by one


TAGS = [
    *CHANGING,
    "k8s.service.name",
    "cloud.cen.name",
    "cloud.router.name",
    "tagweave.match.age",
    "tagweave.instance.id",
]


@st.composite
def estates(draw: st.DrawFn) -> TagIndex:
    e = Estate()
    values = st.lists(st.tuples(st.integers(1, 9), st.sampled_from("abc"), st.sampled_from("xyz")), max_size=3)

    def resource(kind: str, n: int, **more: object) -> int:
        said = [(None, {"name": "a", **more})]
        for at, name, label in sorted(draw(values)):
            said.append((at, {"name": name, "labels": dict.fromkeys(("env", "rev", "tier", "pool"), label), **more}))
        return e.was(kind, f"{kind}-{n}", *said)

    cens = [resource("cen", n) for n in range(2)]
    routers = [resource("router", n) for n in range(2)]
    joined = st.sampled_from([(), (cens[0],), tuple(cens)])
    vpc = e.was("vpc", "v", (None, {"cen": draw(joined)}), (3, {"cen": draw(joined)}), (6, {"cen": draw(joined)}))
    subnet = e.was("subnet", "s", *((n or None, {"router": draw(st.sampled_from(routers))}) for n in (0, 4)))
    common = [resource(kind, 0) for kind in ("vm", "cluster", "node", "namespace")]
    services = [resource("service", n) for n in range(3)]
    for n in range(4):
        if draw(st.booleans()):
            e.newer()
        pod = resource("pod", n)
        row = dict(
            zip(("vm", "cluster", "node", "namespace"), common, strict=True), pod=pod, owner=pod, vpc=vpc, subnet=subnet
        )
        of = tuple(services[: draw(st.integers(0, 3))])
        ports = [serves(one, 80 + i) for i, one in enumerate(of)]
        e.address(
            f"10.0.0.{n}", 9, piece(0, draw(st.integers(1, 9)), **row, service=of, ports=ports), piece(9, **row, seen=9)
        )
    return e.index({"owner": ["k8s.pod.label.rev", "cloud.tag.env"], "service": ["k8s.node.label.pool"]})


ASKED = [(f"10.0.0.{n}", at) for n in range(5) for at in (0, 1, 2.5, 3, 4, 5, 6, 7, 8.5, 9, 12)]


@settings(deadline=None, max_examples=40)
@given(estates(), st.permutations(ASKED), st.sampled_from([None, 80, 81]))
def test_a_batch_says_what_its_ends_are_one_by_one(
    index: TagIndex, asked: list[tuple[str, float]], port: int | None
) -> None:
    weaver = Weaver(index, TAGS)
    whole = weaver.weave(ends([a for a, _ in asked], [t for _, t in asked], port=port), "destination")
    rows = list(zip(*(column.to_pylist() for column in whole.columns), strict=True))
    for (address, at), row, reason, number in zip(asked, rows, whole.reasons, whole.ids, strict=True):
        one = weaver.weave(ends(address, at, port=port), "destination")
        assert row == tuple(column.to_pylist()[0] for column in one.columns)
        assert (REASONS[reason], number) == (REASONS[one.reasons[0]], one.ids[0])


def test_a_batch_of_no_records_has_its_columns() -> None:
    out = Weaver(changing()).weave(ends([]), "source")
    assert [len(column) for column in out.columns] == [0] * len(Weaver(changing()).columns("source"))
    assert len(out.ids) == len(out.reasons) == 0
    assert [len(one) for one in names_of(changing(), out.ids, [NAME]).columns] == [0]


def test_columns_are_arrow_arrays_that_hold_together() -> None:
    index = changing()
    for addresses in (["10.0.0.1", "10.9.9.9", "8.8.8.8"], ["10.9.9.9"], ["10.0.0.1"]):
        out = Weaver(index).weave(ends(addresses), "source")
        pa.RecordBatch.from_arrays(out.columns, Weaver(index).columns("source")).validate(full=True)
