"""One process reads sources into a store at a time; another is refused by name, and may once that one is gone."""

import subprocess
import sys
from collections.abc import Callable

import pytest

from tagweave.errors import WriterRunning
from tagweave.inventory import Inventory

HOLD = """
import sys
from tagweave.inventory import Inventory
with Inventory.open(sys.argv[1]).one_writer():
    print("held", flush=True)
    sys.stdin.read()
"""


def test_a_second_writer_is_refused_by_name_and_may_when_the_first_is_killed(fresh_store: Callable[[], str]) -> None:
    url = fresh_store()
    inventory = Inventory.open(url)
    first = subprocess.Popen(
        [sys.executable, "-c", HOLD, url], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )  # fmt: skip
    try:
        assert first.stdout is not None
        assert first.stdout.readline() == "held\n"
        with pytest.raises(WriterRunning, match=f"process {first.pid} on "), inventory.one_writer():
            pass
        first.kill()
        first.wait()
        for _ in range(100):  # the server sees that its client is gone
            try:
                with inventory.one_writer():
                    break
            except WriterRunning:
                continue
        else:
            pytest.fail("the lock of a killed process is still held")
    finally:
        first.kill()
        first.wait()
        first.stdin.close()
        first.stdout.close()
        inventory.close()
