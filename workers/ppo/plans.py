"""Finished plans as material to learn from, and to judge a policy by."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice

import numpy as np
import numpy.typing as npt

from models.shop.calendar import Calendars
from models.shop.problem import Problem
from models.shop.schedule import Schedule
from workers.ppo.build import from_problem
from workers.ppo.environment import Environment
from workers.ppo.forward import Weights
from workers.ppo.infer import Planner
from workers.ppo.place import SHOWN
from workers.ppo.shop import Bools, Shop
from workers.ppo.step import place

MOST_CHOICES = 200_000
"""Choices learned from, of all plans; some 450 MB."""

SOONEST = 0.5
"""How often a plan is followed by the right candidate that starts first; else by one drawn, so that other orders of the
same plan are seen too."""

Halves = npt.NDArray[np.float16]


@dataclass(frozen=True)
class Example:
    """A shop and the plan it was given: by operation of the shop, its machine and its start in seconds.

    ``value`` is the plan's makespan or weighted tardiness in (weighted) seconds, as the shop is for.
    """

    shop: Shop
    placed: Mapping[int, tuple[int, int]]
    value: float


def example(problem: Problem, schedule: Schedule, *, tardy: bool) -> Example | None:
    """What can be learned from a plan of a relaxed problem; None where it leaves jobs out or there was nothing to plan.

    Of work cut into lots the first lot counts.
    """
    shop, numbers = from_problem(problem, range(len(problem.jobs)), Calendars(problem), tardy=tardy)
    first: dict[int, tuple[int, int]] = {}
    ends = np.zeros(len(problem.jobs))
    for row in sorted(schedule.assignments, key=lambda row: row.start):
        first.setdefault(row.operation, (row.machine, row.start))
        job = problem.operations[row.operation].job
        ends[job] = max(ends[job], row.end)
    if not numbers or schedule.unscheduled or any(number not in first for number in numbers):
        return None
    late = np.maximum(0.0, ends - shop.due)
    value = float((late * shop.weight).sum()) if tardy else float(ends.max())
    return Example(shop, {at: first[number] for at, number in enumerate(numbers)}, value)


def choices(examples: Iterable[Example], most: int = MOST_CHOICES, seed: int = 0) -> tuple[Halves, Bools, Bools]:
    """(seen, mask, right places) of each choice that the plans made and that can be learned from, in order.

    Right are all candidates that the plan has next on their machine: taken in any order, they lead to that plan. A plan
    is followed by one of them, half the time the one with the soonest start, else one drawn. Where there is none, or
    nothing wrong to choose, nothing is to be learned. ``seen`` is kept in half precision.
    """
    seen: list[Halves] = []
    masks: list[Bools] = []
    rights: list[Bools] = []
    environment, rng = Environment(), np.random.default_rng(seed)
    for one in examples:
        environment.begin(one.shop)
        shop, state = environment.shop, environment.state
        # of two that start at once, what must come first has the longer chain after it
        order = sorted(one.placed, key=lambda at: (one.placed[at][1], -int(shop.chain[at])))
        queues: dict[int, deque[int]] = {}
        for operation in order:
            queues.setdefault(one.placed[operation][0], deque()).append(operation)
        left = deque(order)
        done: set[int] = set()
        while len(done) < len(order) and len(rights) < most:
            while left[0] in done:
                left.popleft()
            count = int(state.counts[SHOWN])
            pairs = list(zip(state.operation[:count].tolist(), state.to[:count].tolist(), strict=True))
            same = [at for at, (waits, machine) in enumerate(pairs) if [*islice(queues.get(machine, ()), 1)] == [waits]]
            operation = left[0]
            if same:
                soonest = min(same, key=lambda at: (one.placed[pairs[at][0]][1], at))
                operation = pairs[soonest if rng.random() < SOONEST else int(rng.choice(same))][0]
                if len(same) < count:
                    seen.append(environment.seen.astype(np.float16))
                    masks.append(environment.mask.copy())
                    rights.append(np.isin(np.arange(len(environment.mask)), same))
            machine = one.placed[operation][0]
            place(shop, state, environment.seen, environment.mask, operation, machine)
            done.add(operation)
            queues[machine].popleft()
        if len(rights) >= most:
            break
    return np.array(seen, np.float16), np.array(masks, np.bool_), np.array(rights, np.bool_)


def beside_plans(examples: Sequence[Example], weights: Weights, samples: int) -> tuple[float, float]:
    """Mean over plans that are not 0 of the value that a policy reaches over theirs: greedily, and as best of samples.

    Both as the compiled shop has it: without operators and lots, which the plans had to keep.
    """
    greedy, best = [], []
    for one in examples:
        if one.value > 0:
            found = Planner(one.shop, weights).best_of(samples)
            assert found is not None, "nothing stops it"
            greedy.append(found.greedy.value / one.value)
            best.append(found.plan.value / one.value)
    return (float(np.mean(greedy)), float(np.mean(best))) if greedy else (1.0, 1.0)
