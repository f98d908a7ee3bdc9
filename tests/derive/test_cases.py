"""Answers that were written by hand, asked of a derived index by single look-ups and by batches."""

from pathlib import Path

import pytest

from oracle.case import Case
from oracle.compare import by_hand, probe_of
from oracle.hand import firsts_of, versions_of
from oracle.test_oracle import CASES
from tagweave.derive.deriver import Scopes

from .asking import can_be_looked_up, looked_up, told_in_batches
from .building import Built, lasts_of


@pytest.mark.parametrize("case", CASES, ids=repr)
def test_an_index_answers_what_was_written_by_hand(case: Case, tmp_path: Path) -> None:
    versions = versions_of(case.estate)
    index = Built(tmp_path, versions, Scopes(firsts_of(versions), lasts_of(versions)), case.accounts, case.groups).index
    tags = sorted({tag for _, right in case.asks for tag in right.tags} | {"tagweave.instance.type"})
    told = told_in_batches(index, [probe_of(question) for question, _ in case.asks], tags)
    assert by_hand(told.get, case, batch=True) == []
    assert by_hand(lambda probe: looked_up(index, probe) if can_be_looked_up(probe) else None, case) == []
