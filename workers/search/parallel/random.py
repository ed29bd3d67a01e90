"""Random numbers for compiled code: xorshift64* (S. Vigna, ACM TOMS 42, 2016), its state in an array of one."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from workers.search.kernel import inner
from workers.search.parallel.state import State


def seeded(seed: int) -> npt.NDArray[np.uint64]:
    """The state that a seed begins with."""
    return np.random.SeedSequence(seed).generate_state(1, np.uint64) | np.uint64(1)


@inner
def draw(s: State) -> np.uint64:
    """The next 64 random bits."""
    x = s.random[0]
    x ^= x >> np.uint64(12)
    x ^= x << np.uint64(25)
    x ^= x >> np.uint64(27)
    s.random[0] = x
    return x * np.uint64(2685821657736338717)


@inner
def below(s: State, n: int) -> int:
    """A random integer of [0, n), n below 2 ** 31."""
    return int(np.int64(((draw(s) >> np.uint64(32)) * np.uint64(n)) >> np.uint64(32)))


@inner
def uniform(s: State) -> float:
    """A random number of [0, 1)."""
    return np.float64(draw(s) >> np.uint64(11)) * 2.0**-53
