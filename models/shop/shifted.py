"""The same problem, and the same plan, counted from another second zero, or by the numbers of another problem."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta

from models.shop.problem import Calendar, FixedWork, Job, Machine, Operation, Operator, Problem, Span
from models.shop.schedule import Schedule


def shifted(problem: Problem, seconds: int) -> Problem:
    """The same problem with its second zero ``seconds`` later. Calendars, closures and dates stay where they are."""

    def spans(found: Sequence[Span]) -> tuple[Span, ...]:
        return tuple(Span(span.start - seconds, span.end - seconds, span.reason) for span in found)

    def calendar(one: Calendar) -> Calendar:
        return replace(one, extra=spans(one.extra), closed=spans(one.closed))

    def machine(one: Machine) -> Machine:
        return replace(one, closed=spans(one.closed)) if one.closed else one

    def operator(one: Operator) -> Operator:
        return replace(one, absent=spans(one.absent)) if one.absent else one

    def job(one: Job) -> Job:
        return replace(
            one,
            release=earlier(one.release, seconds),
            due=earlier(one.due, seconds),
            earliest=max(0, one.earliest - seconds),
        )

    def operation(one: Operation) -> Operation:
        if one.start_after is None and one.end_before is None:
            return one
        return replace(one, start_after=earlier(one.start_after, seconds), end_before=earlier(one.end_before, seconds))

    if seconds == 0:
        return problem
    return replace(
        problem,
        start=problem.start + timedelta(seconds=seconds),
        calendars={name: calendar(one) for name, one in problem.calendars.items()},
        machines=tuple(machine(one) for one in problem.machines),
        operators=tuple(operator(one) for one in problem.operators),
        jobs=tuple(job(one) for one in problem.jobs),
        operations=tuple(operation(one) for one in problem.operations),
        fixed=tuple(shifted_work(work, seconds) for work in problem.fixed),
        reference=tuple(replace(work, start=work.start - seconds) for work in problem.reference),
    )


def onto(problem: Problem, was: Problem, schedule: Schedule) -> Schedule:
    """``schedule``, a plan of ``was``, in the numbers and seconds of ``problem``, as far as its ids are known there.

    What is of a job, operation or machine that is gone, or on a machine that is no longer eligible, is left out; an
    operator who is gone is no operator. Times may be negative: pass them to ``carry``.
    """
    shift = problem.epoch - was.epoch
    numbers = {(problem.jobs[one.job].job_id, one.operation_id): one.number for one in problem.operations}
    machines = {machine.machine_id: index for index, machine in enumerate(problem.machines)}
    operators = {operator.operator_id: index for index, operator in enumerate(problem.operators)}
    rows = []
    for row in schedule.assignments:
        before = was.operations[row.operation]
        number = numbers.get((was.jobs[before.job].job_id, before.operation_id))
        machine = machines.get(was.machines[row.machine].machine_id)
        if number is None or machine is None or machine not in problem.operations[number].options:
            continue
        rows.append(
            row._replace(
                operation=number,
                machine=machine,
                operator=None if row.operator is None else operators.get(was.operators[row.operator].operator_id),
                start=row.start - shift,
                end=row.end - shift,
                setup_start=earlier(row.setup_start, shift),
            )
        )
    return Schedule(tuple(sorted(rows, key=lambda row: (row.start, row.end, row.operation, row.lot))))


def earlier(second: int | None, by: int) -> int | None:
    """A second as it is counted from ``by`` seconds later."""
    return None if second is None else second - by


def shifted_work(work: FixedWork, seconds: int) -> FixedWork:
    """Fixed work as it is counted from ``seconds`` later."""
    return replace(work, start=work.start - seconds, end=earlier(work.end, seconds))
