"""Wait until something is so, within a deadline."""

import time
from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")


def wait_until(
    predicate: Callable[[], T | None],
    what: str = "the awaited state",
    timeout: float = 30,
    interval: float = 0.05,
) -> T:
    """The first true value of `predicate`; TimeoutError naming `what` after `timeout` seconds."""
    deadline = time.monotonic() + timeout
    while not (value := predicate()):
        if time.monotonic() > deadline:
            raise TimeoutError(f"{what}: not so after {timeout:g} s")
        time.sleep(interval)
    return value
