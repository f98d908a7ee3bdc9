"""Python's garbage collector and bulk work: walking a million fresh structs over and over finds nothing."""

import gc
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def no_collection() -> Iterator[None]:
    """Build many objects without collections in between, and keep them out of later ones (`gc.freeze`).

    For objects without cycles: reference counts free them as ever.
    """
    was = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        gc.freeze()
        if was:
            gc.enable()
