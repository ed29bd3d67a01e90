"""How everything compiled here is compiled: once, cached on disk, without the interpreter's lock."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar, cast

from numba import njit

F = TypeVar("F", bound=Callable[..., object])


def kernel(function: F) -> F:
    """``function`` compiled by Numba at its first call; later processes load it from the cache."""
    return cast(F, njit(cache=True, nogil=True)(function))
