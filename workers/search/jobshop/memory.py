"""Tabu memory: what must not be undone for a while, in a table of fixed size.

Two kinds of attributes are kept until an iteration: that one operation comes before another on their machine, and that
an operation is on a machine. Attributes that share a slot are tabu together, which is rare and harmless.
"""

from __future__ import annotations

import numpy as np

from workers.search.jobshop.arrays import Seconds
from workers.search.kernel import inlined

SLOTS = 1 << 14


@inlined
def slot(first: int, second: int) -> int:
    """The slot of a pair of numbers (Fibonacci hashing)."""
    key = np.uint64(first) * np.uint64(0x9E3779B97F4A7C15) + np.uint64(second)
    return int(np.int64((key * np.uint64(0xD1342543DE82EF95)) >> np.uint64(50)))


@inlined
def order_is_tabu(memory: Seconds, now: int, first: int, second: int) -> bool:
    """Whether ``first`` must not come before ``second``."""
    return memory[slot(first, second)] > now


@inlined
def forbid_order(memory: Seconds, until: int, first: int, second: int) -> None:
    """``first`` must not come before ``second`` up to iteration ``until``."""
    memory[slot(first, second)] = until


@inlined
def machine_is_tabu(memory: Seconds, now: int, operation: int, machine: int) -> bool:
    """Whether ``operation`` must not go to ``machine``."""
    return memory[slot(operation, -1 - machine)] > now


@inlined
def forbid_machine(memory: Seconds, until: int, operation: int, machine: int) -> None:
    """``operation`` must not go to ``machine`` up to iteration ``until``."""
    memory[slot(operation, -1 - machine)] = until
