"""Answers that were written by hand, asked of a derived index by single look-ups and by batches."""

from pathlib import Path

import pytest

from oracle.case import Case, Question, Right
from oracle.hand import at, firsts_of, versions_of
from oracle.test_oracle import CASES
from tagweave.derive.deriver import Scopes

from .asking import Told, looked_up, woven
from .building import Built, lasts_of


def shown(told: Told, right: Right) -> tuple[str, dict[str, str | None]]:
    reason, tags = told
    return reason, {tag: tags.get(tag) for tag in right.tags}


def wanted(right: Right) -> tuple[str, dict[str, str | None]]:
    return right.reason, dict(right.tags)


@pytest.mark.parametrize("case", CASES, ids=repr)
def test_an_index_answers_what_was_written_by_hand(case: Case, tmp_path: Path) -> None:
    versions = versions_of(case.estate)
    index = Built(tmp_path, versions, Scopes(firsts_of(versions), lasts_of(versions)), case.accounts, case.groups).index
    for question, right in case.asks:
        assert (question, *shown(by_batch(index, question, right), right)) == (question, *wanted(right))
        if question.until is None and question.rule is None and question.side == "destination":
            q = question
            told = looked_up(index, q.key, at(q.at), q.network, q.port, q.protocol)
            assert (question, *shown(told, right)) == (question, *wanted(right))


def by_batch(index: object, q: Question, right: Right) -> Told:
    until = None if q.until is None else at(q.until)
    rule = q.rule
    return woven(index, q.key, at(q.at), q.network, q.port, q.protocol, q.side, until, rule, [*right.tags] or None)  # type: ignore[arg-type]
