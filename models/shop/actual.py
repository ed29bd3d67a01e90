"""What the plant tells of an operation: how it really stands."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

State = Literal["running", "paused", "finished", "scrapped"]


@dataclass(frozen=True, slots=True)
class Actual:
    """What the plant tells of an operation (or lot), in seconds from the problem's second zero.

    ``stretches`` are the times it was worked on, in order; the end of the last one is None while it goes on, and set
    where running work has come to a stand.
    ``left``: (second, seconds of open time that were left then), where the plant says so; else what is left follows
    from the time worked. ``scrapped`` work is to be done again from the beginning; its stretches do not count.
    """

    operation: int
    state: State
    machine: int
    stretches: tuple[tuple[int, int | None], ...]
    lot: int = 1
    operator: int | None = None
    left: tuple[int, int] | None = None
