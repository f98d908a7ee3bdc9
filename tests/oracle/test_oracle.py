"""The oracle against answers that were written by hand."""

import pytest

from .case import Case, Question, Right
from .cases_asking import ASKING
from .cases_belonging import BELONGING
from .cases_faults import FAULTS
from .cases_holding import HOLDING
from .cases_networks import NETWORKS
from .cases_shared import SHARED
from .hand import at, oracle
from .oracle import Oracle, Said

CASES = (*FAULTS, *SHARED, *BELONGING, *NETWORKS, *HOLDING, *ASKING)


def ask(oracle: Oracle, question: Question) -> Said:
    until = None if question.until is None else at(question.until)
    return oracle.answer(
        question.key,
        at(question.at),
        question.network,
        question.port,
        question.protocol,
        question.side,
        until=until,
        rule=question.rule,
    )


def shown(said: Said, right: Right) -> Right:
    """What was said, as far as it is asked for."""
    tags = {tag: ",".join(sorted(said.tags[tag])) if tag in said.tags else None for tag in right.tags}
    interval = said.interval and tuple(None if abs(m) >= 2**62 else (m - at(0)) / 60e9 for m in said.interval)
    return Right(
        said.reason,
        said.owner[2] if said.owner else None,
        right.rule and said.rule,
        tags,
        None if right.disputed is None else said.disputed,
        None if right.age is None else said.age_seconds,
        right.interval and interval,
        right.candidates and tuple(c[2] for c in said.candidates),
        right.itself and said.itself["tagweave.instance.type"][0],
    )


@pytest.mark.parametrize("case", CASES, ids=repr)
def test_an_answer_is_the_one_written_by_hand(case: Case) -> None:
    truth = oracle(*case.estate, accounts=case.accounts, groups=case.groups)
    for question, right in case.asks:
        said = ask(truth, question)
        assert (question, shown(said, right)) == (question, right), said
