"""Many improvers on paper: a discrete-event simulation of what more workers would bring, from recorded steps.

What is taken from the record of one worker: the sequence of patches that made its plan what it was in the end; for each
place in that sequence the steps made around it (how long they took, which machines they claimed, whether they found a
patch). What is taken from the record of two workers: how often a patch still stands after the incumbent has moved.

In the simulation each worker draws a step from those recorded around the present place; draws again where another holds
one of its machines (as an improver does, and as often); works for the recorded time; and if the step found a patch, it
stands where the incumbent has not moved, and with the measured share where it has. A patch that stands takes the plan
one place further. All workers start where the one worker had its first plan: what comes before is not sped up. Not
simulated: cores that share caches and memory.
"""

from __future__ import annotations

import heapq
from collections.abc import Sequence
from dataclasses import dataclass
from random import Random
from statistics import median

from benchmarks.recording import Step
from workers.improve.ways import BLOCKED_TRIES

WINDOW = 40
"""Steps to both sides of a place that are drawn from."""

REPEATS = 60


@dataclass(frozen=True, slots=True)
class Record:
    """One worker's run: its steps that were not blocked, when improving began, and when it had its final quality."""

    steps: Sequence[Step]
    begun: float
    reached: float

    @property
    def patches(self) -> list[int]:
        """The steps whose patch stands, up to the one that reached the final quality."""
        return [at for at, step in enumerate(self.steps) if step.put and step.end <= self.reached + 1e-6]


def standing_share(steps: Sequence[Step]) -> float:
    """How much rarer a patch stands where the incumbent had moved, as a share of 1; 1 where that was never seen."""

    def stands(chosen: Sequence[Step]) -> float:
        return sum(step.put for step in chosen) / len(chosen) if chosen else 0.0

    offered = [step for step in steps if step.offered]
    still, moved = ([step for step in offered if step.moved is moving] for moving in (False, True))
    return min(1.0, stands(moved) / stands(still)) if moved and stands(still) else 1.0


def seconds_to_quality(record: Record, workers: int, standing: float, seed: int = 1, repeats: int = REPEATS) -> float:
    """The median time until ``workers`` have made all patches of the record, from the beginning of the run."""
    return median(_once(record, workers, standing, Random(seed * 7919 + number)) for number in range(repeats))


def _once(record: Record, workers: int, standing: float, random: Random) -> float:
    patches = record.patches
    if not patches:
        return record.reached
    now, place, version = record.begun, 0, 0
    claims: dict[int, frozenset[int]] = {}
    ends: list[tuple[float, int, int, bool]] = []  # end, worker, version read, whether it has a patch

    def begin(worker: int) -> None:
        for _ in range(BLOCKED_TRIES):
            step = _drawn(record, patches[place], random)
            machines = frozenset(step.machines)
            if not any(machines & held for held in claims.values()):
                break
        claims[worker] = machines
        heapq.heappush(ends, (now + step.seconds, worker, version, step.put))

    for worker in range(workers):
        begin(worker)
    while place < len(patches):
        now, worker, seen, found = heapq.heappop(ends)
        del claims[worker]
        if found and (seen == version or random.random() < standing):
            place, version = place + 1, version + 1
            if place == len(patches):
                break
        begin(worker)
    return now


def _drawn(record: Record, around: int, random: Random) -> Step:
    low, high = max(0, around - WINDOW), min(len(record.steps), around + WINDOW + 1)
    return record.steps[random.randrange(low, high)]
