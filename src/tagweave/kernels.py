"""Kernels: functions that numba compiles to machine code, and keeps where $NUMBA_CACHE_DIR says.

The command sets that to `numba` in its data folder before numba is loaded. Where no folder can be written, each process
compiles anew, which takes some seconds at first use.
"""

from collections.abc import Callable
from typing import Any, TypeVar

import numba

Function = TypeVar("Function", bound=Callable[..., Any])


def njit(**options: Any) -> Callable[[Function], Function]:  # noqa: ANN401 - numba's own options
    """`numba.njit`, which does without `cache=True` where there is no place for it."""

    def compiled(function: Function) -> Function:
        try:
            kernel: Function = numba.njit(**options)(function)
        except RuntimeError as error:
            if "cannot cache function" not in str(error):
                raise
            kernel = numba.njit(**{**options, "cache": False})(function)
        return kernel

    return compiled
