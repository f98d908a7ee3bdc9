"""The twin of `kernels`, compiled by numba at its first use: the one place that imports numba and LLVM.

`for_rows(1)` is the interpreted module, `for_rows(100_000)` the compiled one, and from then on every caller gets
the compiled one: it is there now.
"""

import importlib.util
import sys
from collections.abc import Callable
from threading import Lock
from types import ModuleType
from typing import TYPE_CHECKING, Any, Final, TypeVar

import numpy as np
import numpy.typing as npt

from tagweave.index import kernels

T = TypeVar("T", bound=np.generic)

FEW: Final = 128
"""So many rows take less time to interpret than numba takes to import."""

_NAME: Final = f"{kernels.__name__}_compiled"
_lock: Final = Lock()


def for_rows(count: int) -> Any:  # noqa: ANN401 - a module: its functions are typed where they are written
    """The module of kernels that is the faster one for so many rows."""
    return kernels if interprets(count) else _load()


def interprets(count: int) -> bool:
    """Whether so many rows are few, and the compiled kernels are not there yet."""
    return count <= FEW and not hasattr(sys.modules.get(_NAME), "READY")


def frozen(values: npt.NDArray[T]) -> npt.NDArray[T]:
    """The same array, contiguous and read-only, so that each kernel is compiled for one kind of array."""
    out = np.ascontiguousarray(values).view()
    out.flags.writeable = False
    return out


def _load() -> ModuleType:
    with _lock:
        twin = sys.modules.get(_NAME)
        if twin is None or not hasattr(twin, "READY"):
            spec = importlib.util.spec_from_file_location(_NAME, kernels.__file__)
            assert spec is not None
            assert spec.loader is not None
            twin = importlib.util.module_from_spec(spec)
            sys.modules[_NAME] = twin  # numba finds what a function refers to by its module's name
            spec.loader.exec_module(twin)
            twin.READY = True  # type: ignore[attr-defined]
        return twin


def kernel(function: Callable[..., Any]) -> Any:  # noqa: ANN401 - a dispatcher of numba
    """Compile a loop at its first call, and keep it on the disk ($NUMBA_CACHE_DIR)."""
    from tagweave.kernels import njit  # noqa: PLC0415 - numba is slow to import, and one look-up does without

    return njit(cache=True, nogil=True)(function)


def helper(function: Callable[..., Any]) -> Any:  # noqa: ANN401 - a dispatcher of numba
    """Compile a part of a loop, which LLVM may put into it."""
    from tagweave.kernels import njit  # noqa: PLC0415 - as above

    return njit(nogil=True)(function)


def inlined(function: Callable[..., Any]) -> Any:  # noqa: ANN401 - a dispatcher of numba
    """Compile a small part of a loop as if it stood there: the loop is faster, and slower to compile."""
    from tagweave.kernels import njit  # noqa: PLC0415 - as above

    return njit(nogil=True, inline="always")(function)


def _intrinsics() -> tuple[Any, Any]:
    from llvmlite import ir  # noqa: PLC0415 - as above
    from numba import types  # noqa: PLC0415
    from numba.core import cgutils  # noqa: PLC0415
    from numba.extending import intrinsic  # noqa: PLC0415

    byte = ir.IntType(8).as_pointer()

    @intrinsic
    def prefetch(_typing: object, array: object, index: object) -> object:  # noqa: ARG001 - numba binds by name
        """Ask the processor for the cache line of array[index]: LLVM's llvm.prefetch, read, keep in all levels."""

        def generate(context, builder, signature, arguments):  # type: ignore[no-untyped-def] # noqa: ANN001, ANN202
            view = context.make_array(signature.args[0])(context, builder, arguments[0])
            pointer = builder.bitcast(builder.gep(view.data, [arguments[1]]), byte)
            number = ir.IntType(32)
            kind = ir.FunctionType(ir.VoidType(), [byte, number, number, number])
            call = cgutils.get_or_insert_function(builder.module, kind, "llvm.prefetch.p0i8")
            builder.call(call, [pointer, number(0), number(3), number(1)])
            return context.get_dummy_value()

        return types.void(array, types.uint64), generate

    @intrinsic
    def word(_typing: object, data: object, index: object) -> object:  # noqa: ARG001 - numba binds by name
        """Eight bytes from data[index] on as a number: a load that need not be aligned."""

        def generate(context, builder, signature, arguments):  # type: ignore[no-untyped-def] # noqa: ANN001, ANN202
            view = context.make_array(signature.args[0])(context, builder, arguments[0])
            pointer = builder.bitcast(builder.gep(view.data, [arguments[1]]), ir.IntType(64).as_pointer())
            return builder.load(pointer, align=1)

        return types.uint64(data, types.int64), generate

    return prefetch, word


if not TYPE_CHECKING:

    def __getattr__(name: str) -> object:
        """The two instructions that numba lacks, made when the twin asks for them."""
        if name not in {"prefetch", "word"}:
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        made = _intrinsics()
        globals()["prefetch"], globals()["word"] = made
        return globals()[name]
