"""Random numbers for kernels: a generator whose whole state is one number in an array."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from workers.search.kernel import inlined

Generator = npt.NDArray[np.uint64]
"""(1,): the state, never 0."""


@inlined
def draw(generator: Generator, bound: int) -> int:
    """A whole number from 0 to bound - 1 (xorshift64*, S. Vigna, ACM TOMS 42, 2016)."""
    x = generator[0]
    x ^= x >> np.uint64(12)
    x ^= x << np.uint64(25)
    x ^= x >> np.uint64(27)
    generator[0] = x
    return int(np.int64((x * np.uint64(0x2545F4914F6CDD1D)) >> np.uint64(33))) % bound
