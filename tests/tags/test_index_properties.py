"""The index on estates that chance makes: batches against single look-ups, and following against deriving anew."""

import itertools
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address, ip_network

import msgspec
import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tagweave.errors import LookupKeyError
from tagweave.inventory import ChangeSet, Inventory, Version
from tagweave.model import (
    VM,
    Attachment,
    Cen,
    Change,
    Cluster,
    Container,
    Endpoint,
    Failure,
    Ingress,
    IngressRule,
    Interface,
    Namespace,
    NatGateway,
    Node,
    PeeringConnection,
    PeeringEnd,
    Pod,
    PublicIp,
    ReplicaSet,
    Resource,
    Router,
    Scope,
    Service,
    ServicePort,
    Snapshot,
    Subnet,
    Vpc,
    Workload,
)
from tagweave.model.addresses import pack
from tagweave.model.times import to_ns
from tagweave.tags import Endpoints, TagIndex, Weaver, all_tags
from tagweave.tags.index import REASONS

EXAMPLES = itertools.count()
START = datetime(2026, 1, 1, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
ADDRESSES = ["10.0.0.1", "10.0.0.2", "10.1.0.1", "10.1.0.2", "fd00::1", "198.51.100.7"]
RANGES = ["10.0.0.0/24", "10.1.0.0/16", "10.0.0.0/8", "fd00::/64"]
PORTS = [-1, 80, 8080, 30080]
CLUSTER_KINDS = ("cluster", "node", "namespace", "workload", "replica_set", "pod", "service", "ingress")
CLOUD_KINDS = ("vpc", "subnet", "vm", "router", "peering_connection", "cen", "public_ip", "nat_gateway")

few = st.integers(0, 2)
some_ips = st.lists(st.sampled_from(ADDRESSES), max_size=2, unique=True).map(tuple)
label = st.dictionaries(st.sampled_from(["app", "tier"]), st.sampled_from(["a", "b"]), max_size=2)


def or_none(value: str) -> st.SearchStrategy[str]:
    return st.sampled_from(["", value])


@st.composite
def resource(draw: st.DrawFn, source: str, kind: str) -> Resource:
    n = draw(few)
    base = {"source": source, "id": f"{kind}-{n}", "name": draw(st.sampled_from([f"{kind}{n}", "shared"]))}
    inside = {"cluster": "cluster-0", "namespace": f"namespace{draw(few)}"}
    match kind:
        case "cluster":
            return Cluster(**base | {"id": "cluster-0"}, version=draw(st.sampled_from(["1.31", "1.32"])))
        case "node":
            provider = draw(or_none(f"aws:///a/vm-{draw(few)}"))
            ranges = draw(st.lists(st.sampled_from(RANGES[1:]), max_size=1))
            return Node(
                **base,
                cluster="cluster-0",
                ips=draw(some_ips),
                provider_id=provider,
                pod_cidrs=tuple(ranges),
                ready=draw(st.booleans()),
            )
        case "namespace":
            return Namespace(**base | {"name": f"namespace{n}"}, cluster="cluster-0", labels=draw(label))
        case "workload":
            owner = f"workload-{draw(st.integers(0, n - 1))}" if n and draw(st.booleans()) else ""
            return Workload(**base, **inside, type=draw(st.sampled_from(["Deployment", "StatefulSet"])), owner=owner)
        case "replica_set":
            return ReplicaSet(**base, **inside, workload=f"workload-{draw(few)}")
        case "pod":
            host = draw(st.booleans()) and draw(st.booleans())
            return Pod(
                **base,
                **inside,
                labels=draw(label),
                node=draw(st.sampled_from(["", "node0", "node1", "shared"])),
                replica_set=draw(or_none(f"replica_set-{draw(few)}")),
                workload=draw(or_none(f"workload-{draw(few)}")),
                ips=draw(some_ips),
                host_network=host,
                phase=draw(st.sampled_from(["Pending", "Running", "Running", "Succeeded"])),
                ready=draw(st.booleans()),
                containers=(Container(name="main", id=f"container-{n}", ports={"http": 8080}),),
            )
        case "service":
            chosen = draw(label)
            endpoints = tuple(Endpoint(ip="", pod=f"pod-{k}") for k in draw(st.sets(few)))
            node_port = draw(st.sampled_from([None, 30080]))
            port = ServicePort(port=80, target_port=draw(st.sampled_from(["http", "8080", ""])), node_port=node_port)
            return Service(
                **base,
                **inside,
                type="NodePort" if node_port else "ClusterIP",
                cluster_ips=draw(some_ips),
                selector=chosen,
                endpoints=endpoints,
                ports=(port,),
            )
        case "ingress":
            return Ingress(
                **base, **inside, rules=(IngressRule(service=f"service-{draw(few)}"),), load_balancer_ips=draw(some_ips)
            )
        case "vpc":
            return Vpc(**base, cidrs=tuple(draw(st.lists(st.sampled_from(RANGES), max_size=1))), region="here")
        case "subnet":
            ranges = tuple(draw(st.lists(st.sampled_from(RANGES), max_size=1)))
            return Subnet(**base, vpc=f"vpc-{draw(few)}", cidrs=ranges)
        case "router":
            return Router(**base, vpc=f"vpc-{draw(few)}", subnets=tuple(f"subnet-{k}" for k in draw(st.sets(few))))
        case "peering_connection":
            both = tuple(PeeringEnd(vpc=f"vpc-{k}") for k in draw(st.sets(few)))
            return PeeringConnection(**base, vpcs=both, state=draw(st.sampled_from(["active", "deleted"])))
        case "cen":
            return Cen(**base, attachments=tuple(Attachment("vpc", f"vpc-{k}") for k in draw(st.sets(few))))
        case "public_ip":
            bound = draw(st.sampled_from(["", "vm", "nat_gateway"]))
            return PublicIp(**base, ip=ADDRESSES[-1], attached_kind=bound, attached=f"{bound}-{draw(few)}")
        case "nat_gateway":
            subnets = tuple(f"subnet-{k}" for k in draw(st.sets(few)))
            return NatGateway(**base, vpc=f"vpc-{draw(few)}", subnets=subnets, public_ips=tuple(ADDRESSES[-1:]))
        case _:
            interface = Interface(private_ips=draw(some_ips), subnet=draw(or_none(f"subnet-{draw(few)}")))
            return VM(**base, vpc=f"vpc-{draw(few)}", az=draw(or_none("a")), interfaces=(interface,))


@st.composite
def batches(draw: st.DrawFn) -> list[Snapshot | Change | Failure]:
    out: list[Snapshot | Change | Failure] = []
    at = START
    for _ in range(draw(st.integers(1, 12))):
        at += MINUTE * draw(st.integers(1, 3))
        source = draw(st.sampled_from(["k", "k", "c"]))
        kind = draw(st.sampled_from(CLUSTER_KINDS if source == "k" else CLOUD_KINDS))
        scope = Scope(source, kind)
        found = draw(st.lists(resource(source, kind), max_size=3, unique_by=lambda r: r.id))
        match draw(st.sampled_from(["snapshot", "snapshot", "change", "change", "failure"])):
            case "snapshot":
                out.append(Snapshot(scope, tuple(found), at))
            case "change":
                gone = draw(st.sets(few)) - {int(r.id[-1]) for r in found}
                out.append(Change(scope, tuple(found), tuple(f"{kind}-{n}" for n in gone), at))
            case _:
                out.append(Failure(scope, "refused", at))
    return out


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Inventory]:
    opened = Inventory.open(f"sqlite:///{tmp_path_factory.mktemp('store')}/inventory.db")
    yield opened
    opened.close()


def observed(store: Inventory, seen: list[Snapshot | Change | Failure]) -> tuple[list[ChangeSet], list[Version]]:
    """What an inventory makes of some batches, under source names of their own."""
    mark = f"-{next(EXAMPLES)}"

    def own(one: Resource) -> Resource:
        return msgspec.structs.replace(one, source=one.source + mark)

    def renamed(batch: Snapshot | Change | Failure) -> Snapshot | Change | Failure:
        scope = msgspec.structs.replace(batch.scope, source=batch.scope.source + mark)
        match batch:
            case Snapshot():
                return Snapshot(scope, tuple(map(own, batch.resources)), batch.observed_at)
            case Change():
                return Change(scope, tuple(map(own, batch.upserts)), batch.deletes, batch.observed_at)
        return Failure(scope, batch.error, batch.observed_at)

    changes = [store.observe(renamed(batch)) for batch in seen]
    return changes, [v for source in ("k", "c") for v in store.versions(source=source + mark)]


def probes() -> tuple[list[tuple[str, int, str, int]], Endpoints]:
    moments = [to_ns(START + MINUTE * m) for m in (0, 1, 2, 4, 7, 11, 16, 40)]
    networks = ["", "cluster-0", "vpc-0", "vpc-1"]
    asked = list(itertools.product(ADDRESSES, moments, networks, PORTS))
    values = [pack(text) for text, *_ in asked]
    return asked, Endpoints(
        np.array([v >> 64 for v in values], np.uint64),
        np.array([v & (2**64 - 1) for v in values], np.uint64),
        np.ones(len(asked), np.bool_),
        np.array([at for _, at, _, _ in asked], np.int64),
        None,
        np.zeros(len(asked), np.int32),
        np.array([port for *_, port in asked], np.int32),
        np.full(len(asked), 6, np.uint8),
    )


ASKED, ENDS = probes()
WOVEN = [tag for tag in all_tags("otel") if not tag.startswith("tagweave.match.a")]


def woven(index: TagIndex) -> list[tuple[object, ...]]:
    """Every tag of every probe, with the reason where there is none."""
    names = sorted({network for _, _, network, _ in ASKED})
    ids = dict(zip(names, index.network_ids(names), strict=True))
    ends = ENDS._replace(network=np.array([ids[network] for _, _, network, _ in ASKED], np.int32))
    out = Weaver(index, WOVEN).weave(ends, "destination")
    columns = [column.to_pylist() for column in out.columns]
    reasons = [REASONS[r] for r in out.reasons]
    return list(zip(reasons, *columns, strict=True))


def differing(one: list[tuple[object, ...]], other: list[tuple[object, ...]]) -> list[object]:
    return [(asked, a, b) for asked, a, b in zip(ASKED, one, other, strict=True) if a != b][:3]


@settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(seen=batches(), compiled_after=st.integers(0, 12))
def test_an_index_that_follows_answers_as_one_derived_anew(
    store: Inventory, seen: list[Snapshot | Change | Failure], compiled_after: int
) -> None:
    changes, versions = observed(store, seen)
    following = TagIndex.build([])
    for i, change in enumerate(changes):
        if i == compiled_after:
            woven(following)
            following.lookup("nobody")
        following = following.apply([change])
    anew = TagIndex.build(versions)
    assert differing(woven(following), woven(anew)) == []
    for key in [*ADDRESSES, "namespace0/pod0", "namespace1/shared", "container-0", "vm-1", "shared"]:
        at = START + MINUTE * 9
        assert following.lookup(key, at=at) == anew.lookup(key, at=at)
        assert following.history(key) == anew.history(key)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(seen=batches())
def test_a_batch_answers_as_single_lookups_do(store: Inventory, seen: list[Snapshot | Change | Failure]) -> None:
    _, versions = observed(store, seen)
    index = TagIndex.build(versions)
    columns = Weaver(index, WOVEN).columns("destination")
    for (text, at, network, port), row in zip(ASKED, woven(index), strict=True):
        when = datetime.fromtimestamp(at / 1e9, UTC)
        try:
            answer = index.lookup(text, at=when, network=network or None, port=port if port >= 0 else None)
        except LookupKeyError:
            assert row[0] == "unknown_network"
            continue
        if answer.match is None:
            assert answer.reason is not None
            assert answer.reason.partition(":")[0] == row[0]
            continue
        assert row[0] == "matched"
        tags = {c.removeprefix("destination."): v for c, v in zip(columns, row[1:], strict=True) if v is not None}
        for tag, value in tags.items():
            said = answer.tags.get(tag)
            assert (",".join(said) if isinstance(said, list) else said) == value, tag


def test_the_ranges_hold_the_addresses_that_are_asked() -> None:
    held = [a for a in ADDRESSES if any(ip_address(a) in ip_network(r) for r in RANGES)]
    assert held == ADDRESSES[:-1]
