"""The peers: PyJobShop, and a plain CP-SAT model as a textbook states it. Imported in a child of their own only."""

from __future__ import annotations

import math
from collections.abc import Callable

from ortools.sat.python import cp_model

from benchmarks.clock import Clock
from benchmarks.work import CPSAT, PYJOBSHOP, PYJOBSHOP_DEFAULT, Outcome, Task
from models.shop.objective import HOUR
from models.shop.problem import Problem

OBJECTIVES = ("makespan", "weighted_tardiness")
THOUSAND = 1000
DIGITS = 6


class NotForThisPeer(ValueError):
    """The peer has no words for a rule of the problem."""


class Scale:
    """The peers count in whole units: the greatest that divides all times, and all weights."""

    def __init__(self, problem: Problem) -> None:
        times = [seconds for operation in problem.operations for seconds in operation.options.values()]
        times += [job.earliest for job in problem.jobs] + [job.due for job in problem.jobs if job.due is not None]
        times += [operation.min_delay for operation in problem.operations]
        for matrix in problem.setup_matrices.values():
            times += [matrix.default, *matrix.changes.values()]
        self.seconds = math.gcd(*times) or 1
        self.thousandths = math.gcd(*(job.weight for job in problem.jobs)) or 1
        overdue = sum(job.weight * max(0, -job.due) for job in problem.jobs if job.due is not None)
        self.overdue = overdue / THOUSAND / HOUR
        """Weighted hours that jobs are late at second zero; due dates before it are moved there."""

    def hours(self, value: float, objective: str) -> float:
        """A peer's objective in ours."""
        found = value * self.seconds / HOUR
        if objective == "weighted_tardiness":
            found = found * self.thousandths / THOUSAND + self.overdue
        return round(found, DIGITS)

    def due(self, due: int) -> int:
        """A due date in units, none before second zero."""
        return max(0, due) // self.seconds


Build = Callable[[Problem, Scale, str], cp_model.CpModel]


def solver(name: str) -> Callable[[Problem, Task, Outcome], None]:
    """The peer of that name, its library imported."""
    build: Build = plain
    if name in (PYJOBSHOP, PYJOBSHOP_DEFAULT):
        from benchmarks.peer_pyjobshop import build as pyjobshop  # noqa: PLC0415  only where PyJobShop is asked for

        build = pyjobshop
    elif name != CPSAT:
        raise KeyError(name)
    threads = 0 if name == PYJOBSHOP_DEFAULT else 1  # 0: as many as CP-SAT takes by itself

    def solve(problem: Problem, task: Task, outcome: Outcome) -> None:
        _solve(build, threads, problem, task, outcome)

    return solve


class _Watch(cp_model.CpSolverSolutionCallback):
    """Notes when each solution was found."""

    def __init__(self, clock: Clock, hours: Callable[[float], float], points: list[tuple[float, float]]) -> None:
        super().__init__()
        self.clock, self.hours, self.points = clock, hours, points

    def on_solution_callback(self) -> None:
        """A better solution."""
        self.points.append((round(self.clock.seconds, 3), self.hours(self.objective_value)))


def _solve(build: Build, threads: int, problem: Problem, task: Task, outcome: Outcome) -> None:
    objective = next(iter(problem.objective[0]))
    clock = Clock()
    _refuse(problem, objective)
    scale = Scale(problem)
    model = build(problem, scale, objective)
    outcome.more = {"build_seconds": round(clock.seconds, 3)}
    searcher = cp_model.CpSolver()
    searcher.parameters.max_time_in_seconds = max(0.01, task.limit - clock.seconds)
    searcher.parameters.num_workers = threads
    searcher.parameters.random_seed = task.seed
    watch = _Watch(clock, lambda value: scale.hours(value, objective), outcome.points)
    status = searcher.solve(model, watch)
    outcome.seconds, outcome.cpu_seconds = clock.seconds, clock.cpu_seconds
    outcome.status = searcher.status_name(status).lower()
    if outcome.points:
        outcome.value = outcome.points[-1][1]
        outcome.bound = scale.hours(searcher.best_objective_bound, objective)


def _refuse(problem: Problem, objective: str) -> None:
    operations, machines = problem.operations, problem.machines
    reasons = {
        "calendars": any(machine.calendar is not None or machine.closed for machine in machines),
        "operators": any(operation.skill is not None for operation in operations),
        "windows": any(o.start_after is not None or o.end_before is not None for o in operations),
        "fixed work": bool(problem.fixed),
        "hard due dates": any(job.due_hard for job in problem.jobs),
        "capacity above 1": any(machine.capacity > 1 for machine in machines),
        f"objective {objective}": objective not in OBJECTIVES,
    }
    named = [what for what, there in reasons.items() if there]
    if named:
        raise NotForThisPeer(f"not for this peer: {', '.join(named)}")


def plain(problem: Problem, scale: Scale, objective: str) -> cp_model.CpModel:
    """Flexible job shop as a textbook states it: an optional interval for each eligible machine, no overlap on any.

    No hint, no bound, no symmetry breaking; the horizon is all work one after the other. Lots run whole.
    """
    if any(machine.setup_matrix is not None for machine in problem.machines):
        raise NotForThisPeer("not for this peer: setups")
    model = cp_model.CpModel()
    unit = scale.seconds
    horizon = sum(max(o.options.values()) + o.min_delay for o in problem.operations) // unit
    horizon += max((job.earliest for job in problem.jobs), default=0) // unit
    starts: list[cp_model.IntVar] = []
    ends: list[cp_model.IntVar] = []
    on: dict[int, list[cp_model.IntervalVar]] = {}
    for operation in problem.operations:
        earliest = problem.jobs[operation.job].earliest // unit
        start = model.new_int_var(earliest, horizon, "")
        end = model.new_int_var(earliest, horizon, "")
        chosen = []
        for machine, seconds in operation.options.items():
            there = model.new_bool_var("")
            interval = model.new_optional_interval_var(start, seconds // unit, end, there, "")
            on.setdefault(machine, []).append(interval)
            chosen.append(there)
        model.add_exactly_one(chosen)
        for before in operation.predecessors:
            model.add(start >= ends[before] + operation.min_delay // unit)
        starts.append(start)
        ends.append(end)
    for intervals in on.values():
        model.add_no_overlap(intervals)
    if objective == "makespan":
        last = model.new_int_var(0, horizon, "")
        model.add_max_equality(last, ends)
        model.minimize(last)
        return model
    late = []
    for job in problem.jobs:
        if job.due is None:
            continue
        tardiness = model.new_int_var(0, horizon, "")
        for number in job.operations:
            model.add(tardiness >= ends[number] - scale.due(job.due))
        late.append(tardiness * (job.weight // scale.thousandths))
    model.minimize(sum(late))
    return model
