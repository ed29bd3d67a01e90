"""The pieces of work of a single-stage shop as arrays: whole operations, lots, or what is left of fixed ones."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from itertools import chain
from typing import NamedTuple

import numpy as np

from models.shop.calendar import Calendars
from models.shop.fixed_work import lot_seconds, standing
from models.shop.problem import MAX_SECONDS, WHOLE_SHARE, Operation, Problem
from workers.search.line import NO_FAMILY, Families
from workers.search.opening import NEVER
from workers.search.parallel.state import FIRST, JOB_END, JOB_FIRST, JOB_LAST, LAST, Integers

Cuts = Mapping[int, Sequence[int]]
"""Operation number -> the shares of its lots 1, 2, ..., in millionths; what is not there stays whole."""


class Pieces(NamedTuple):
    """All pieces; those of one job follow one another. ``facts``, ``options``, ``jobs``: the tables of ``State``.

    A piece's options are in order of machines. ``operation``, ``lot`` and ``share`` say what each piece is, ``job`` the
    problem's index of each job with any.
    """

    facts: Integers
    options: Integers
    jobs: Integers
    operation: list[int]
    lot: list[int]
    share: list[int]
    job: list[int]


def build(problem: Problem, jobs: Collection[int], calendars: Calendars, families: Families, cuts: Cuts) -> Pieces:
    """The unfixed pieces of ``jobs``, with the operations in ``cuts`` cut into lots.

    A job with a piece that no machine may run, because its fixed lots are too many or a lot is too short, has a piece
    without options: it cannot be scheduled.
    """
    operation_of: list[int] = []
    lot_of: list[int] = []
    share_of: list[int] = []
    job_of: list[int] = []
    facts: list[tuple[int, ...]] = []
    options: list[Mapping[int, int]] = []
    begins: list[int] = []
    ends: list[int] = []
    fixed_end = _fixed_ends(problem, calendars)
    for index in sorted(jobs):
        job = problem.jobs[index]
        begin = len(options)
        hard = job.due if job.due_hard and job.due is not None else MAX_SECONDS
        due = NEVER if job.due is None else job.due
        end = max((fixed_end.get(number, 0) for number in job.operations), default=0) if fixed_end else 0
        for number in job.operations:
            operation = problem.operations[number]
            for lot, share in _lots(problem, number, cuts):
                ready = max(0, job.earliest, operation.start_after or 0)
                latest = hard if operation.end_before is None else min(hard, operation.end_before)
                facts.append((ready, due, latest, int(operation.interruptible), len(begins), int(end > 0), 0, 0))
                options.append(operation.options if share == WHOLE_SHARE else _options(problem, operation, share))
                operation_of.append(number)
                lot_of.append(lot)
                share_of.append(share)
        if len(options) == begin:
            continue
        if len(options) > begin + 1:
            facts[begin:] = [(*row[:5], 1, 0, 0) for row in facts[begin:]]
        begins.append(begin)
        ends.append(end)
        job_of.append(index)
    table = np.array(facts, np.int64).reshape(len(options), 8)
    job_table = np.zeros((len(begins), 4), np.int64)
    job_table[:, JOB_FIRST], job_table[:, JOB_END] = begins, ends
    job_table[:, JOB_LAST] = [*begins[1:], len(options)] if begins else []
    sizes = np.fromiter((len(row) for row in options), np.int64, len(options))
    table[:, LAST] = np.cumsum(sizes)
    table[:, FIRST] = table[:, LAST] - sizes
    return Pieces(
        table, _option_table(problem, options, sizes, operation_of, families), job_table, operation_of, lot_of,
        share_of, job_of,
    )  # fmt: skip


def _option_table(
    problem: Problem, options: list[Mapping[int, int]], sizes: Integers, operation: list[int], families: Families
) -> Integers:
    total = int(sizes.sum())
    machine = np.fromiter(chain.from_iterable(options), np.int64, total)
    seconds = np.fromiter(chain.from_iterable(row.values() for row in options), np.int64, total)
    owner = np.repeat(np.arange(len(options)), sizes)
    code = np.full(total, NO_FAMILY, np.int64)
    if any(m.setup_matrix is not None for m in problem.machines):
        family = [problem.operations[number].family_id for number in operation]
        code[:] = [families.code(m, family[j]) for m, j in zip(machine.tolist(), owner.tolist(), strict=True)]
    table = np.column_stack((machine, seconds, code, owner))
    return np.ascontiguousarray(table[np.lexsort((machine, owner))])


def _lots(problem: Problem, number: int, cuts: Cuts) -> list[tuple[int, int]]:
    """(lot, share) of each piece of an operation: its cut, itself, or the rest that fixed lots leave."""
    fixed = problem.fixed_by_operation.get(number, ())
    if not fixed:
        shares = cuts.get(number)
        return [(1, WHOLE_SHARE)] if shares is None else list(enumerate(shares, start=1))
    share = WHOLE_SHARE - sum(work.share for work in fixed)
    taken = {work.lot for work in fixed}
    return [(next(lot for lot in range(1, len(taken) + 2) if lot not in taken), share)] if share > 0 else []


def _options(problem: Problem, operation: Operation, share: int) -> Mapping[int, int]:
    if len(problem.fixed_by_operation.get(operation.number, ())) >= operation.max_lots:
        return {}
    times = {machine: lot_seconds(seconds, share) for machine, seconds in operation.options.items()}
    return {machine: seconds for machine, seconds in times.items() if seconds >= operation.min_lot}


def _fixed_ends(problem: Problem, calendars: Calendars) -> dict[int, int]:
    ends: dict[int, int] = {}
    for work in standing(problem, calendars) if problem.fixed else ():
        ends[work.operation] = max(work.end, ends.get(work.operation, work.end))
    return ends
