"""From a problem and a schedule to the arrays of the floor."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np

from models.shop.calendar import Calendars
from models.shop.fixed_work import lot_seconds, standing
from models.shop.problem import MAX_SECONDS, WHOLE_SHARE, Operation, Problem
from models.shop.schedule import Assignment, Schedule
from workers.search.floor import shop
from workers.search.floor.shop import NO_REFERENCE, Floor, Integers, Records
from workers.search.floor.terms import TERMS
from workers.search.line import Families, build_lines
from workers.search.opening import NEVER, expand


def build(problem: Problem, calendars: Calendars, schedule: Schedule, horizon: int) -> Floor:
    """The arrays for a schedule; its pieces are its rows that are not fixed, in its order.

    Calendars are known until ``horizon``; nothing is placed beyond it. Raises ValueError where setup times of too many
    pairs of families would have to be held.
    """
    rows = [row for row in schedule.assignments if not row.fixed]
    fixed = standing(problem, calendars) if problem.fixed else ()
    ends: dict[int, int] = {}
    for work in fixed:
        ends[work.operation] = max(work.end, ends.get(work.operation, work.end))
    needs = sorted({(o.skill, o.skill_level) for o in problem.operations if o.skill is not None})
    skills = {need: number for number, need in enumerate(needs)}
    lines, _, families = build_lines(problem, calendars, horizon)
    piece, option, before, after = _pieces(problem, rows, families, skills, ends)
    machine, openings, joint = _machines(problem, calendars, lines, horizon)
    able = [_able(problem, *need) for need in needs]
    resource, used, held, step = _resources(problem, fixed, machine, piece, option, able)
    job, pieces_of = _jobs(problem, rows, schedule, ends)
    blocks = np.zeros(len(lines.block_start), shop.BLOCK)
    for field in ("start", "end", "begins", "leaves"):
        blocks[field] = getattr(lines, f"block_{field}")
    skill = np.zeros(len(able) + 1, shop.SKILL)
    skill["first"] = _offsets([len(row) for row in able])
    return Floor(
        openings=openings,
        piece=piece,
        option=option,
        machine=machine,
        resource=resource,
        job=job,
        block=blocks,
        skill=skill,
        used=used,
        step=step,
        trial=np.zeros(1, shop.TRIAL),
        before=before,
        after=after,
        pieces_of=pieces_of,
        able=_integers(who for row in able for who in row),
        joint=joint,
        setups=lines.setups,
        order=np.arange(len(rows), dtype=np.int64),
        held=held,
        touched=np.zeros(len(rows), np.int64),
        changed_jobs=np.zeros(len(problem.jobs), np.int64),
        amounts=np.zeros(len(TERMS), np.int64),
        new_amounts=np.zeros(len(TERMS), np.int64),
        target=np.zeros(4, np.int64),
        cost_sums=np.zeros(len(problem.jobs), np.float64),
    )


def _integers(values: Iterable[int]) -> Integers:
    return np.array(list(values), np.int64)


def _offsets(counts: Iterable[int]) -> Integers:
    """Where each of some rows begins, and where the last one ends."""
    return np.concatenate(([0], np.cumsum(_integers(counts)))).astype(np.int64)


def _pieces(
    problem: Problem,
    rows: Sequence[Assignment],
    families: Families,
    skills: Mapping[tuple[str, int], int],
    ends: Mapping[int, int],
) -> tuple[Records, Records, Integers, Integers]:
    """Pieces with their options, predecessors and successors."""
    of: dict[int, list[int]] = defaultdict(list)
    for number, row in enumerate(rows):
        of[row.operation].append(number)
    reference = {(work.operation, work.lot): work for work in problem.reference}
    found = np.zeros(len(rows) + 1, shop.PIECE)
    options: list[tuple[int, int, int]] = []
    before: list[int] = []
    after: list[int] = []
    for number, row in enumerate(rows):
        operation = problem.operations[row.operation]
        job = problem.jobs[operation.job]
        waits = [ends[p] + operation.min_delay for p in operation.predecessors if p in ends]
        limits = [limit for limit in (operation.end_before, job.due if job.due_hard else None) if limit is not None]
        known = reference.get((row.operation, row.lot))
        piece = found[number]
        piece["job"], piece["delay"] = operation.job, operation.min_delay
        piece["release"] = max(0, job.earliest, operation.start_after or 0, *waits)
        piece["latest"] = min([MAX_SECONDS, *limits])
        piece["whole"] = not operation.interruptible
        piece["skill"] = -1 if operation.skill is None else skills[operation.skill, operation.skill_level]
        piece["reference_machine"] = NO_REFERENCE if known is None else known.machine
        piece["reference_start"] = 0 if known is None else known.start
        piece["first_option"], piece["first_before"], piece["first_after"] = len(options), len(before), len(after)
        times = _times(operation, row)
        piece["option"] = len(options) + list(times).index(row.machine)
        piece["start"], piece["end"], piece["setup"] = row.start, row.end, row.setup_seconds
        piece["operator"] = -1 if row.operator is None else row.operator
        options += [(m, seconds, families.code(m, operation.family_id)) for m, seconds in times.items()]
        before += [other for p in operation.predecessors for other in of.get(p, ())]
        after += [other for s in problem.successors[row.operation] for other in of.get(s, ())]
    last = found[len(rows)]
    last["first_option"], last["first_before"], last["first_after"] = len(options), len(before), len(after)
    return found, np.array(options, shop.OPTION), _integers(before), _integers(after)


def _times(operation: Operation, row: Assignment) -> dict[int, int]:
    """Seconds of a piece on each machine that may run it."""
    if row.share == WHOLE_SHARE:
        return dict(operation.options)
    times = {machine: lot_seconds(seconds, row.share) for machine, seconds in operation.options.items()}
    return {machine: seconds for machine, seconds in times.items() if seconds >= operation.min_lot}


def _machines(problem: Problem, calendars: Calendars, lines: Any, horizon: int) -> tuple[Records, Any, Integers]:
    """Machines, all openings, and the openings that kinds of machines share with operators."""
    people, machines = range(len(problem.operators)), range(len(problem.machines))
    opened = [calendars.machine(machine) for machine in machines]
    kinds = {own: number for number, own in enumerate(dict.fromkeys(map(id, opened)))}
    first = {id(opened[machine]): machine for machine in reversed(machines)}
    shared = [[calendars.both(first[own], who) for who in people] for own in kinds]
    # machines come first, so that their openings have the numbers that their lines know
    openings, numbers = expand([*opened, *(one for row in shared for one in row)], horizon)
    found = np.zeros(len(machines) + 1, shop.MACHINE)
    for field in ("opening", "matrix", "width", "end", "family", "gap"):
        found[field][:-1] = getattr(lines, field)
    found["first_block"] = lines.block_first
    found["kind"][:-1] = [kinds[id(own)] for own in opened]
    wide = [machine for machine in machines if problem.machines[machine].capacity > 1]
    found["unit"] = -1
    found["unit"][wide] = len(people) + np.arange(len(wide))
    joint = [[numbers[id(one)] for one in row] for row in shared]
    return found, openings, np.array(joint, np.int64).reshape(len(kinds), len(people))


def _able(problem: Problem, skill: str, level: int) -> list[int]:
    """Operators who may attend, those that the timeline prefers first."""
    people = problem.operators
    return sorted(
        problem.operators_by_skill[skill, level],
        key=lambda who: (people[who].skills[skill], len(people[who].skills), who),
    )


def _resources(
    problem: Problem,
    fixed: Iterable[Assignment],
    machine: Records,
    piece: Records,
    option: Records,
    able: Sequence[Sequence[int]],
) -> tuple[Records, Records, Integers, Records]:
    """Resources, their fixed work, and room for who holds them and for the steps of their use."""
    people = len(problem.operators)
    wide = [m for m in problem.machines if m.capacity > 1]
    used: list[list[tuple[int, int]]] = [[] for _ in range(people + len(wide))]
    for work in fixed:
        if work.operator is not None:
            used[work.operator].append((work.start, work.end))
        if (unit := int(machine["unit"][work.machine])) >= 0:
            used[unit].append((work.start, work.end))
    room = np.zeros(len(used), np.int64)
    wanted = np.bincount(piece["skill"][:-1][piece["skill"][:-1] >= 0], minlength=len(able))
    for row, count in zip(able, wanted.tolist(), strict=True):
        room[list(row)] += count
    units = machine["unit"][option["machine"]]
    np.add.at(room, units[units >= 0], 1)
    fixed_counts = _integers(len(row) for row in used)
    steps = 2 * (room + fixed_counts) + 2
    found = np.zeros(len(used) + 1, shop.RESOURCE)
    found["capacity"][:-1] = [*(who.capacity for who in problem.operators), *(m.capacity for m in wide)]
    found["first_used"], found["first_held"], found["first_step"] = map(_offsets, (fixed_counts, room, steps))
    spans = np.array([span for row in used for span in sorted(row)], shop.USED)
    return found, spans, np.zeros(int(room.sum()), np.int64), np.zeros(int(steps.sum()), shop.STEP)


def _jobs(
    problem: Problem, rows: Sequence[Assignment], schedule: Schedule, ends: Mapping[int, int]
) -> tuple[Records, Integers]:
    mine: list[list[int]] = [[] for _ in problem.jobs]
    for number, row in enumerate(rows):
        mine[problem.operations[row.operation].job].append(number)
    left_out = {entry.job for entry in schedule.unscheduled}
    found = np.zeros(len(mine) + 1, shop.JOB)
    for job in problem.jobs:
        record = found[job.index]
        record["due"], record["weight"] = NEVER if job.due is None else job.due, job.weight
        record["released"] = job.release or 0
        record["standing"] = max((ends[n] for n in job.operations if n in ends), default=-NEVER)
        record["counted"] = job.index not in left_out and (bool(mine[job.index]) or record["standing"] > -NEVER)
    found["first_piece"] = _offsets([len(row) for row in mine])
    return found, _integers(number for row in mine for number in row)
