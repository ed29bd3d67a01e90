"""How everything compiled here is compiled: once, cached on disk, without the interpreter's lock.

Kernels allocate nothing: what they need is handed to them. So they are compiled without Numba's runtime, which would
count references to every array at every call and every look into a tuple of arrays; that takes a hundred times longer
than the work of a small kernel, and most of the compiler's time.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar, cast

from numba import njit

F = TypeVar("F", bound=Callable[..., object])

_KERNEL: dict[str, Any] = {"cache": True, "nogil": True, "error_model": "numpy", "_nrt": False}
_INNER: dict[str, Any] = {**_KERNEL, "cache": False, "no_cpython_wrapper": True, "no_cfunc_wrapper": True}


def kernel(function: F) -> F:
    """``function`` compiled by Numba at its first call; later processes load it from the cache."""
    return cast(F, njit(**_KERNEL)(function))


def inner(function: F) -> F:
    """A kernel that only kernels call: the compiler makes no way into it from Python, which takes it longer than most.

    It is compiled, and cached, with the kernels that call it.
    """
    return cast(F, njit(**_INNER)(function))
