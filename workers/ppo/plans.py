"""Finished plans as material to learn from, and to judge a policy by."""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import islice

import numpy as np

from models.shop.calendar import Calendars
from models.shop.problem import Problem
from models.shop.schedule import Schedule
from workers.ppo.build import from_problem
from workers.ppo.environment import Environment
from workers.ppo.forward import Weights
from workers.ppo.infer import Planner
from workers.ppo.place import SHOWN
from workers.ppo.shop import Bools, Integers, Shop, Singles
from workers.ppo.step import place

MOST_CHOICES = 20_000
"""Choices learned from, of all plans; some 100 MB."""


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


def choices(examples: Sequence[Example], most: int = MOST_CHOICES) -> tuple[Singles, Bools, Integers]:
    """(seen, mask, chosen place) of each choice that the plans made and that can be learned from, in order.

    A plan is followed in the order of its starts. Of the candidates that the plan has next on their machine, it chose
    the one with the soonest start. Where there is none, or nothing to choose, nothing is to be learned.
    """
    seen: list[Singles] = []
    masks: list[Bools] = []
    chosen: list[int] = []
    environment = Environment()
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
        while len(done) < len(order) and len(chosen) < most:
            while left[0] in done:
                left.popleft()
            shown = range(int(state.counts[SHOWN]))
            pairs = [(int(state.operation[at]), int(state.to[at])) for at in shown]
            same = [at for at in shown if [*islice(queues.get(pairs[at][1], ()), 1)] == [pairs[at][0]]]
            operation = left[0]
            if same:
                place_of = min(same, key=lambda at: (one.placed[pairs[at][0]][1], at))
                operation = pairs[place_of][0]
                if len(pairs) > 1:
                    seen.append(environment.seen.copy())
                    masks.append(environment.mask.copy())
                    chosen.append(place_of)
            machine = one.placed[operation][0]
            place(shop, state, environment.seen, environment.mask, operation, machine)
            done.add(operation)
            queues[machine].popleft()
    return np.array(seen, np.float32), np.array(masks, np.bool_), np.array(chosen, np.int64)


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
