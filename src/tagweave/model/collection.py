"""Python's garbage collector and bulk work: walking a million fresh structs over and over finds nothing."""

import gc
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

_MANY: Final = 50_000
"""So many objects are worth keeping out of collections."""


@contextmanager
def no_collection() -> Iterator[None]:
    """Build many objects without collections in between, and keep them out of later ones (`gc.freeze`).

    For objects without cycles: reference counts free them as ever. Where few were built nothing is kept out: what is
    garbage by now would stay for ever.
    """
    was = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if gc.get_count()[0] > _MANY:
            gc.freeze()
        if was:
            gc.enable()


def seldom() -> None:
    """Have collections come seldom in this process: answers and structs come by the thousand, and hold no cycles."""
    gc.set_threshold(50_000, 20, 50)
