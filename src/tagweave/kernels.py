"""Kernels: functions that numba compiles to machine code, and keeps where $NUMBA_CACHE_DIR says.

The command sets that to `numba` in its data folder before numba is loaded. Where no folder can be written, each process
compiles anew, which takes some seconds at first use.
"""

from collections.abc import Callable
from contextlib import suppress
from pickle import UnpicklingError
from typing import Any, Final, TypeVar

import numba
from numba.core.caching import FunctionCache

_LOST: Final = (OSError, EOFError, UnpicklingError)
"""How a cache fails: no place, no room, or a file that was cut when the machine stopped."""

Function = TypeVar("Function", bound=Callable[..., Any])


def njit(*, cache: bool = False, **options: Any) -> Callable[[Function], Function]:  # noqa: ANN401 - numba's own
    """`numba.njit`, whose cache is a help and no condition: without a place, or on a full disk, it does without."""

    def compiled(function: Function) -> Function:
        kernel = numba.njit(**options)(function)
        if cache:
            try:
                kernel._cache = _Cache(function)  # as cache=True sets it
            except RuntimeError as error:
                if "no locator available" not in str(error):
                    raise
        made: Function = kernel
        return made

    return compiled


class _Cache(FunctionCache):  # type: ignore[misc] # numba has no types
    """What cannot be read is compiled; what cannot be kept is compiled again by the next process."""

    def load_overload(self, sig: Any, target_context: Any) -> Any:  # noqa: ANN401 - numba's own
        try:
            return super().load_overload(sig, target_context)
        except _LOST:
            return None

    def save_overload(self, sig: Any, data: Any) -> None:  # noqa: ANN401 - numba's own
        with suppress(*_LOST):
            super().save_overload(sig, data)
