"""Generated job shops for the makespan search, and their makespan by other means."""

from __future__ import annotations

from itertools import pairwise, permutations, product

import numpy as np
from hypothesis import strategies as st
from hypothesis.strategies import DrawFn

from models.shop.problem import Problem
from models.shop.schedule import Decision
from models.shop.timeline import replay
from tests.build import at, job, operation, problem
from workers.search.jobshop.arrays import Shop
from workers.search.jobshop.plan import Plan

HOURS = st.sampled_from((0.25, 0.5, 1, 1.5, 2.5, 4))


@st.composite
def job_shops(draw: DrawFn, max_jobs: int = 6, max_operations: int = 4, max_machines: int = 4) -> Problem:
    """A problem that the makespan search covers: chains and other precedence, delays, releases, completed work."""
    machines = [f"M{i + 1}" for i in range(draw(st.integers(1, max_machines)))]
    jobs, fixed = [], []
    for j in range(draw(st.integers(1, max_jobs))):
        chain = draw(st.booleans())
        steps = []
        for i in range(draw(st.integers(1, max_operations))):
            eligible = draw(st.lists(st.sampled_from(machines), min_size=1, unique=True))
            fields = {}
            if not chain:
                before = [f"{p + 1}" for p in range(i)]
                fields["predecessors"] = draw(st.lists(st.sampled_from(before), unique=True)) if before else []
            if draw(st.integers(1, 4)) == 1:
                fields["min_delay"] = draw(HOURS)
            if draw(st.integers(1, 6)) == 1:
                fields["start_after"] = at(draw(HOURS))
            steps.append(operation(f"{i + 1}", machines={name: draw(HOURS) for name in eligible}, **fields))
        release = {"release_date": at(draw(HOURS))} if draw(st.integers(1, 4)) == 1 else {}
        jobs.append(job(f"J{j + 1}", operations=steps, **release))
        if draw(st.integers(1, 5)) == 1:
            done = {"machine_id": steps[0]["machines"][0]["machine_id"], "completed": True}
            done |= {"start_time": at(-5), "end_time": at(-draw(HOURS))}
            fixed.append({"job_id": f"J{j + 1}", "operation_id": "1"} | done)
    return problem(jobs, machines, objective="makespan", fixed=fixed or None)


def replayed(shop: Problem, decisions: tuple[Decision, ...]) -> int:
    """The makespan that the timeline gives a complete plan."""
    schedule = replay(shop, decisions)
    assert not schedule.unscheduled
    return max(0, max((work.end for work in schedule.assignments), default=0))


def longest_paths(shop: Shop, plan: Plan) -> tuple[np.ndarray, np.ndarray]:
    """Heads and tails of a plan, by relaxing every arc until nothing changes."""
    n = len(shop.release)
    arcs = [
        (int(p), x, int(shop.delay[x]))
        for x in range(n)
        for p in shop.predecessor[shop.predecessor_start[x] : shop.predecessor_start[x + 1]]
    ]
    for k in range(len(shop.machine)):
        row = plan.sequence[shop.machine_start[k] : shop.machine_start[k] + plan.length[k]].tolist()
        arcs += [(x, y, 0) for x, y in pairwise(row)]
    head, tail = shop.release.copy(), shop.tail.copy()
    for _ in range(n + 1):
        before = head.copy(), tail.copy()
        for x, y, delay in arcs:
            head[y] = max(head[y], head[x] + plan.time[x] + delay)
            tail[x] = max(tail[x], delay + plan.time[y] + tail[y])
        if np.array_equal(before[0], head) and np.array_equal(before[1], tail):
            return head, tail
    raise AssertionError("the plan has a cycle")


def least_makespan(shop: Problem) -> int:
    """The optimum of a tiny shop, by trying everything."""
    numbers = [o.number for o in shop.operations if o.number not in shop.fixed_by_operation]
    done = set(shop.fixed_by_operation)
    orders = [
        order
        for order in permutations(numbers)
        if all(p in done or order.index(p) < i for i, x in enumerate(order) for p in shop.operations[x].predecessors)
    ]
    choices = list(product(*(shop.operations[x].options for x in numbers)))
    return min(
        replayed(shop, tuple(Decision(x, on[x]) for x in order))
        for choice in choices
        for on in [dict(zip(numbers, choice, strict=True))]
        for order in orders
    )
