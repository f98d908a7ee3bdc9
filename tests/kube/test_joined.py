"""Joins kept up to date say what joins made at once say, whatever the order in which things come and go."""

from datetime import UTC, datetime, timedelta

import msgspec
from hypothesis import example, given, settings
from hypothesis import strategies as st

from tagweave.model import Batch, Change, Endpoint, Failure, Ingress, Resource, Scope, Service, Snapshot
from tagweave.sources.kubernetes.joined import Joined, Watch
from tagweave.sources.kubernetes.kinds import APIS
from tagweave.sources.kubernetes.owners import GRACE
from tagweave.sources.kubernetes.reading import Made, Reader

from .script import pod

START = datetime(2026, 1, 1, tzinfo=UTC)
NAMES = ("pods", "replicasets", "deployments", "services", "endpointslices", "ingresses")
WATCHES = {api.resource: Watch(api) for api in APIS if api.resource in NAMES}
State = dict[tuple[str, str], Resource]


def no_problem(where: str, why: str) -> None:
    raise AssertionError((where, why))


READERS = {name: Reader(watch.api, "c", "cluster", no_problem) for name, watch in WATCHES.items()}


def made(name: str, fields: dict[str, object]) -> Made:
    found = READERS[name].read(msgspec.Raw(msgspec.json.encode(fields)))
    assert found is not None
    return found


def meta(name: str, number: int, owner: tuple[str, str] | None = None, **labels: str) -> dict[str, object]:
    kind, of = owner or ("", "")
    refs = [{"kind": kind, "name": of, "uid": of, "controller": True}] if owner else []
    identity = {"name": f"{name}-{number}", "namespace": "n", "uid": f"{name}-{number}"}
    return {**identity, "labels": labels, "ownerReferences": refs}


def an_object(name: str, number: int, other: int, turn: int) -> Made:
    """An object that refers to others: pods to ReplicaSets or a database, those to Deployments, slices to services."""
    match name:
        case "pods":
            owner = ("ReplicaSet", f"replicasets-{other}") if other % 3 else ("Database", f"database-{other}")
            return made(name, {"metadata": meta(name, number, owner, turn=str(turn))})
        case "replicasets":
            owner = ("Deployment", f"deployments-{other}") if other % 3 else None
            return made(name, {"metadata": meta(name, number, owner)})
        case "endpointslices":
            labels = {"kubernetes.io/service-name": f"services-{other}"}
            endpoints = [{"addresses": [f"10.0.{number}.{turn % 200}"]}]
            return made(name, {"metadata": meta(name, number, **labels), "addressType": "IPv4", "endpoints": endpoints})
        case "ingresses":
            backend = {"service": {"name": f"services-{other}", "port": {"number": 80}}}
            return made(name, {"metadata": meta(name, number), "spec": {"defaultBackend": backend}})
    return made(name, {"metadata": meta(name, number, turn=str(turn))})


def apply(state: State, batches: list[Batch], last: dict[Scope, datetime]) -> None:
    """What an inventory makes of batches. Those of a scope must not go back in time."""
    for batch in batches:
        assert isinstance(batch, Snapshot | Change)
        assert batch.observed_at >= last.get(batch.scope, START), batch
        last[batch.scope] = batch.observed_at
        kind, part = batch.scope.kind, batch.scope.part
        if isinstance(batch, Snapshot):
            for key in [key for key in state if key[0] == kind and PARTS.get(key) == part]:
                del state[key]
        else:
            assert not {r.id for r in batch.upserts} & {*batch.deletes}, batch
            for native in batch.deletes:
                state.pop((kind, native), None)
        for resource in batch.resources if isinstance(batch, Snapshot) else batch.upserts:
            state[kind, resource.id] = resource
            PARTS[kind, resource.id] = part


PARTS: dict[tuple[str, str], str] = {}

STEPS = st.lists(
    st.tuples(st.sampled_from(NAMES), st.integers(0, 3), st.integers(0, 3), st.sampled_from("ccccddrwb")), max_size=60
)


@settings(max_examples=200, deadline=None)
@example([("replicasets", 0, 1, "c"), ("pods", 0, 0, "b"), ("pods", 0, 0, "b"), ("deployments", 1, 0, "d")])
@given(STEPS)
def test_what_came_and_went_one_by_one_is_what_is_listed_at_once(steps: list[tuple[str, int, int, str]]) -> None:
    PARTS.clear()
    there: dict[str, dict[str, Made]] = {name: {} for name in NAMES}
    one_by_one, state, last = Joined("c", "cluster", WATCHES.values()), {}, {}
    now = 0.0
    for name, watch in WATCHES.items():
        one_by_one.listed(watch, there[name], START)
    for turn, (name, number, other, what) in enumerate(steps, 1):
        at, watch = START + timedelta(seconds=turn), WATCHES[name]
        one = an_object(name, number, other, turn)
        if what == "w":
            now += GRACE / 2
        elif what == "r":
            one_by_one.listed(watch, there[name], at)
        elif what == "b":
            one_by_one.alive(watch, at)
        elif what == "d":
            there[name].pop(one.native, None)
            one_by_one.happened(watch, ((True, one),), at, None)
        else:
            there[name][one.native] = one
            one_by_one.happened(watch, ((False, one),), at, START if other == 1 else None)
        if turn % 3 == 0:
            apply(state, one_by_one.drain(now), last)
    now += 2 * GRACE
    apply(state, one_by_one.drain(now), last)
    apply(state, one_by_one.drain(now + 2 * GRACE), last)
    at_once, expected = Joined("c", "cluster", WATCHES.values()), {}
    for name, watch in WATCHES.items():
        at_once.listed(watch, there[name], START)
    PARTS.clear()
    apply(expected, at_once.drain(now), {})
    assert state == expected
    assert not one_by_one.pending


def test_nothing_that_is_joined_is_told_before_it_can_be() -> None:
    joined = Joined("c", "cluster", WATCHES.values())
    joined.listed(WATCHES["services"], {"services-1": an_object("services", 1, 0, 0)}, START)
    joined.listed(WATCHES["ingresses"], {"ingresses-1": an_object("ingresses", 1, 1, 0)}, START)
    joined.listed(WATCHES["pods"], {"pods-1": an_object("pods", 1, 1, 0)}, START)
    assert {batch.scope.kind for batch in joined.drain(0) if isinstance(batch, Snapshot)} == {"pod"}
    joined.listed(WATCHES["endpointslices"], {"endpointslices-1": an_object("endpointslices", 1, 1, 3)}, START)
    (_, services, ingresses) = joined.drain(0)
    assert isinstance(services, Snapshot)
    assert isinstance(ingresses, Snapshot)
    (service,), (ingress,) = services.resources, ingresses.resources
    assert isinstance(service, Service)
    assert isinstance(ingress, Ingress)
    assert service.endpoints == (Endpoint("10.0.1.3"),)
    assert ingress.rules[0].service == "services-1"
    joined.broken(WATCHES["replicasets"], "denied", START)
    assert [type(batch) for batch in joined.drain(0)] == [Failure]
    joined.absent(WATCHES["deployments"])
    (owner, replica_set) = joined.drain(0)
    assert isinstance(owner, Change), "ReplicaSets could not be listed: what nothing lists now may be listed later"
    assert isinstance(replica_set, Change)
    assert [one.id for one in replica_set.upserts] == ["replicasets-1"]


def test_a_pod_that_came_and_went_at_once_was_there() -> None:
    joined = Joined("c", "cluster", [WATCHES["pods"]])
    joined.listed(WATCHES["pods"], {}, START)
    joined.drain(0)
    one = made("pods", pod("brief", 1))
    joined.happened(WATCHES["pods"], ((False, one), (True, one)), START, None)
    came, went = joined.drain(0)
    assert isinstance(came, Change)
    assert isinstance(went, Change)
    assert ([r.id for r in came.upserts], came.deletes) == (["uid-brief"], ())
    assert (went.upserts, went.deletes) == ((), ("uid-brief",))
