"""The oracle on estates that chance makes: what holds of every right answer, and what the estates hold."""

from collections import Counter
from itertools import pairwise
from pathlib import Path
from random import Random

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tagweave.model import Change, Failure, Snapshot

from .compare import differences, report
from .estates import Estate, Probe, Story, batches_of, kept, moments_of, names_of, probes_of, stories, story_of
from .happenings import HAPPENINGS
from .oracle import Said

MANY = 40


@pytest.fixture(scope="module")
def estates(tmp_path_factory: pytest.TempPathFactory) -> list[Estate]:
    return [kept(batches_of(story_of(seed)), tmp_path_factory.mktemp("store")) for seed in range(MANY)]


def answers(estate: Estate, count: int, seed: int = 0) -> list[tuple[Probe, Said]]:
    oracle = estate.oracle()
    random = Random(seed)
    moments = moments_of(estate.versions)
    times = random.sample(moments, min(8, len(moments)))
    return [(p, p.put_to(oracle)) for p in probes_of(estate.versions, random, count, times)]


def test_estates_hold_what_chance_would_not_make(estates: list[Estate]) -> None:
    """Each kind of answer is given often enough that a fault in it would be seen."""
    said = [one for estate in estates for one in answers(estate, 200)]
    reasons = Counter(s.reason for _, s in said)
    rules = Counter(s.rule for _, s in said if s.rule)
    assert min(reasons.values()) > 50, reasons
    assert len(reasons) == 7, reasons
    assert rules.keys() == {
        "ip",
        "prefix",
        "pod_uid",
        "pod_name",
        "container_id",
        "vm_id",
        "host_name",
        "mac",
        "interface_id",
        "id",
    }
    assert sum(s.disputed for _, s in said) > 10
    kinds = Counter(s.owner[1] for _, s in said if s.owner and s.rule == "ip")
    assert len(kinds) > 11, kinds
    services = Counter(len(s.tags.get("k8s.service.uid", ())) for _, s in said)
    assert {0, 1, 2} <= services.keys()


def test_everything_happens_and_is_told_in_every_way() -> None:
    told = [batch for seed in range(MANY) for batch in batches_of(story_of(seed))]
    assert {type(batch) for batch in told} == {Snapshot, Change, Failure}
    assert any(isinstance(batch, Change) and batch.since for batch in told)
    happened = {step.what for seed in range(MANY) for step in story_of(seed).steps}
    assert happened == set(HAPPENINGS)
    assert any(a.observed_at == b.observed_at and a.scope == b.scope for a, b in pairwise(told))


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(stories(), st.integers(0, 99))
def test_what_holds_of_every_right_answer(tmp_path_factory: pytest.TempPathFactory, story: Story, seed: int) -> None:
    estate = kept(batches_of(story), tmp_path_factory.mktemp("store"))
    oracle = estate.oracle()
    spaces = {v.resource.id: v.resource.namespace for v in estate.versions if v.resource.kind == "service"}
    for probe, said in answers(estate, 120, seed):
        assert (said.reason == "matched") == (said.owner is not None) == bool(said.tags)
        assert (said.reason == "ambiguous") == (len(said.candidates) > 1)
        if said.interval is None:
            continue
        at = probe.at if probe.until is None else None
        assert at is None or said.interval[0] <= at < said.interval[1]
        namespace = said.tags.get("k8s.namespace.name", ())
        services = {spaces[uid] for uid in said.tags.get("k8s.service.uid", ()) if uid in spaces}
        if said.owner[1] != "pod":  # endpoints may name a pod of another namespace
            assert not namespace or services <= set(namespace), "a service with the namespace of another"
        if said.rule == "ip":
            held = {(row[1], row[2], row[4], row[5]) for row in oracle.history(probe.key)}
            assert (*said.owner[1:], *said.interval) in held


def test_differences_are_told_as_lines(tmp_path: Path) -> None:
    """The oracle agrees with itself; what is changed in its answers is found, and nothing else."""
    estate = kept(batches_of(story_of(3)), tmp_path)
    oracle = estate.oracle()
    probes = probes_of(estate.versions, Random(1), 200)

    def ask(p: Probe, wrong: str = "") -> dict[str, object]:
        said = p.put_to(oracle)
        tags = {tag: ",".join(values) for tag, values in said.tags.items()}
        if wrong in tags:
            tags[wrong] = "wrong"
        return {
            "reason": said.reason,
            "owner": said.owner and said.owner[1:],
            "candidates": [c[1:] for c in said.candidates],
            "interval": said.interval,
            "tags": tags,
        }

    assert differences(ask, oracle, probes) == []
    found = differences(lambda p: ask(p, "cloud.vpc.id"), oracle, probes)
    assert found
    assert {one.what for one in found} == {"cloud.vpc.id"}
    assert "cloud.vpc.id: said 'wrong', expected " in report(found)
    assert all(name not in {"", "/"} for name in names_of(estate.versions))
