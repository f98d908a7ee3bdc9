"""The oracle against answers that were written by hand."""

import pytest

from tagweave.model.times import FOREVER

from .case import Case
from .cases_asking import ASKING
from .cases_belonging import BELONGING
from .cases_faults import FAULTS
from .cases_holding import HOLDING
from .cases_networks import NETWORKS
from .cases_shared import SHARED
from .compare import Answered, by_hand
from .estates import Probe
from .hand import Held, at, oracle
from .make import cluster, pod, vm, vpc
from .oracle import Oracle

CASES = (*FAULTS, *SHARED, *BELONGING, *NETWORKS, *HOLDING, *ASKING)


def answered(truth: Oracle, probe: Probe) -> Answered:
    said = probe.put_to(truth)
    return {
        "reason": said.reason,
        "owner": said.owner,
        "rule": said.rule,
        "disputed": said.disputed,
        "interval": said.interval,
        "age_seconds": said.age_seconds,
        "candidates": said.candidates,
        "tags": said.tags or said.itself,
    }


@pytest.mark.parametrize("case", CASES, ids=repr)
def test_an_answer_is_the_one_written_by_hand(case: Case) -> None:
    truth = oracle(*case.estate, accounts=case.accounts, groups=case.groups)
    assert by_hand(lambda probe: answered(truth, probe), case, batch=True) == []


def test_a_wrong_answer_is_told() -> None:
    case = next(case for case in CASES if case.name.startswith("1:"))
    truth = oracle(*case.estate[:2])  # without the subnet that came later, and the load balancer
    told = by_hand(lambda probe: answered(truth, probe), case)
    assert any("10.0.0.77 at 2026-01-01T01:20:00Z" in line and "expected 'new'" in line for line in told)


def test_a_history_lists_who_held_a_key_in_each_network_and_when() -> None:
    """Law 9.7."""
    truth = oracle(
        vpc("vpc-1"),
        Held(vm("i-1", "10.0.0.5", name="before"), 0, 20, seen=20),
        Held(vm("i-1", "10.0.0.5", name="after"), 20, 40, seen=30),
        Held(vm("i-2", "10.0.0.5", name="next"), 35),
        cluster(),
        Held(pod("p", "10.0.0.5", name="web-0"), 10, 50),
    )
    assert truth.history("10.0.0.5") == [
        ("vpc-1", "vm", "i-1", "after", at(0), at(35)),
        ("c1", "pod", "p", "web-0", at(10), at(50)),
        ("vpc-1", "vm", "i-2", "next", at(35), FOREVER),
    ]
    assert truth.history("10.0.0.5", "k") == [("c1", "pod", "p", "web-0", at(10), at(50))]
    assert truth.history("shop/web-0") == [("c1", "pod", "p", "web-0", at(10), at(50))]
    assert truth.history("10.0.0.6") == []
