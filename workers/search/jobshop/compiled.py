"""How the kernels of the tabu search are compiled: without counting references, the small ones into their callers.

They are handed tuples of many arrays. Counting references to each array, and handing them on from function to function,
took four fifths of the time of an iteration (225 operations: 26,000 iterations a second, 57,000 without counting,
115,000 with the small functions inlined). Such functions cannot make arrays.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar, cast

from numba import njit

F = TypeVar("F", bound=Callable[..., object])

# Without Numba's run-time for arrays (NRT) there is nothing to count references with. Its stubs do not list the option.
LEAN: dict[str, Any] = {"cache": True, "nogil": True, "_nrt": False}


def lean(function: F) -> F:
    """A kernel that only reads and writes the arrays it is handed."""
    return cast(F, njit(**LEAN)(function))


def inlined(function: F) -> F:
    """The same, always compiled into its callers."""
    return cast(F, njit(**LEAN, forceinline=True)(function))
