"""A plan laid out for questions: by operation, by machine, by operator; and which jobs are late."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from models.shop.calendar import Calendars
from models.shop.fixed_work import lot_seconds
from models.shop.problem import WHOLE_SHARE, Problem
from models.shop.schedule import Assignment, Schedule
from workers.explain.spent import Clock


@dataclass(frozen=True, slots=True)
class Late:
    """A job that is completed after its due date. ``cost`` is weighted tardiness in thousandths of seconds."""

    job: int
    completion: int
    tardiness: int
    cost: int


class Plan:
    """A valid schedule of a relaxed problem. Rows are ordered by (start, end, operation, lot)."""

    def __init__(self, problem: Problem, schedule: Schedule, calendars: Calendars | None = None) -> None:
        self.problem, self.schedule = problem, schedule
        self.calendars = calendars or Calendars(problem)
        self.clock = Clock(problem, self.calendars)
        self.of_operation: dict[int, list[Assignment]] = {}
        self.on_machine: dict[int, list[Assignment]] = {}
        self.with_operator: dict[int, list[Assignment]] = {}
        for row in schedule.assignments:
            self.of_operation.setdefault(row.operation, []).append(row)
            self.on_machine.setdefault(row.machine, []).append(row)
            if row.operator is not None:
                self.with_operator.setdefault(row.operator, []).append(row)
        self.left_out = {entry.job: entry for entry in schedule.unscheduled}

    def last(self, job: int) -> Assignment | None:
        """The work that completes a job; None for a job that is left out."""
        numbers = self.problem.jobs[job].operations
        if job in self.left_out or any(number not in self.of_operation for number in numbers):
            return None
        rows = (row for number in numbers for row in self.of_operation[number])
        return max(rows, key=lambda row: (row.end, row.start, row.operation, row.lot))

    def seconds(self, row: Assignment) -> int:
        """Open seconds that planned work takes on its machine."""
        whole = self.problem.operations[row.operation].options[row.machine]
        return whole if row.share == WHOLE_SHARE else lot_seconds(whole, row.share)

    def late(self) -> Sequence[Late]:
        """The late jobs, the costliest first."""
        found = []
        for job in self.problem.jobs:
            last = None if job.due is None else self.last(job.index)
            if last is not None and job.due is not None and last.end > job.due:
                over = last.end - job.due
                found.append(Late(job.index, last.end, over, over * job.weight))
        return sorted(found, key=lambda late: (-late.cost, -late.tardiness, late.job))


def late_jobs(problem: Problem, schedule: Schedule, calendars: Calendars | None = None) -> Sequence[Late]:
    """The jobs of a schedule that are completed after their due date, the costliest (weighted tardiness) first."""
    return Plan(problem, schedule, calendars).late()
