"""A thousand mutated inputs of each format; `make fuzz` tries a hundred thousand."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from . import seeds

COUNT = os.environ.get("TAGWEAVE_FUZZ_COUNT", "1000")


@pytest.mark.parametrize("form", seeds.FORMS)
def test_no_bytes_end_the_process_or_fail_in_a_way_of_their_own(form: str) -> None:
    program = [sys.executable, str(Path(__file__).parent / "foreign.py"), "--count", COUNT, form]
    done = subprocess.run(program, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout[-5000:] + done.stderr[-2000:]
    assert "whole" in done.stdout or "partly" in done.stdout, "all were refused: what is mutated is no sound input"
    assert "refused" in done.stdout


@pytest.mark.parametrize("form", seeds.FORMS)
def test_what_is_mutated_is_sound_and_of_every_type(form: str, tmp_path: Path) -> None:
    from .foreign import index, outcome

    known = index(tmp_path)
    for number, data in enumerate(seeds.of(form)):
        assert outcome(data, form, number, tmp_path, known).what in ("whole", "partly")
