"""One change of a plan tried out: only what it touches gets new times.

A piece is placed anew where its machine's line, a predecessor, or the use of an operator who could attend it is not as
in the plan; all others keep their times. What comes out is what replaying the changed order would give.
"""

from __future__ import annotations

from workers.search.floor.measure import add_job, moved
from workers.search.floor.place import attended, gap_at, in_line
from workers.search.floor.shop import NO_REFERENCE, NONE, Floats, Floor
from workers.search.floor.terms import (
    CHANGES,
    MAKESPAN,
    MAX_TARDINESS,
    SETUP_TIME,
    TOTAL_FLOW_TIME,
    TOTAL_TARDINESS,
    WEIGHTED_TARDINESS,
)
from workers.search.floor.use import build_use, conflict, end_of, hold, option_of
from workers.search.kernel import inner, kernel
from workers.search.opening import NEVER

ANEW = NONE
"""Instead of a moved piece: everything is placed anew, in the plan's order."""


@kernel
def try_move(floor: Floor, weights: Floats, piece: int, option: int, place: int, ahead: int, limit: float) -> bool:
    """Tries a piece on the machine of ``option``, appended just before the piece that stands at ``place`` now.

    ``ahead`` is the piece then before it on that machine, NONE if there is none. ``piece`` ANEW places everything
    anew. False where some piece finds no place, would be too late, or where the jobs done so far already cost more
    than ``limit`` more than in the plan; then ``trial`` says nothing.
    """
    trial = floor.trial[0]
    trial.stamp += 1
    trial.piece, trial.option = piece, option
    trial.touched = trial.jobs = 0
    trial.loss = 0.0
    stamp, pieces = trial.stamp, len(floor.order)
    at = 0
    if piece != ANEW:
        at = min(floor.piece[piece].place, place)
    while at <= pieces:
        if trial.loss > limit:
            return False
        if piece != ANEW and at == place and not _move(floor, weights, stamp, piece, option, at, ahead):
            return False
        if at == pieces:
            break
        other = floor.order[at]
        if other == piece:
            _leave(floor, stamp, piece)
        elif piece == ANEW or _stale(floor, stamp, other, at):
            if not _place_again(floor, weights, stamp, other, at, piece == ANEW):
                return False
        else:
            _keep(floor, stamp, other)
        at += 1
    _measure(floor, stamp)
    return True


@inner
def _stale(floor: Floor, stamp: int, piece: int, at: int) -> bool:
    """Whether the piece that stands at ``at`` can no longer be where it is in the plan, or may be earlier."""
    row = floor.piece[piece]
    machine = floor.option[row.option].machine
    unit = floor.machine[machine].unit
    if unit < 0:
        if floor.machine[machine].changed == stamp:
            return True
    elif _disturbed(floor, stamp, unit, row.release, row.end):
        return True
    for k in range(row.first_before, floor.piece[piece + 1].first_before):
        if floor.piece[floor.before[k]].changed == stamp:
            return True
    if row.skill < 0:
        return False
    if row.delayed:
        for k in range(floor.skill[row.skill].first, floor.skill[row.skill + 1].first):
            if _disturbed(floor, stamp, floor.able[k], row.release, row.end):
                return True
        return False
    if not _disturbed(floor, stamp, row.operator, row.start, row.end):
        return False
    build_use(floor, stamp, row.operator, at)
    return conflict(floor, row.operator, row.start, row.end) >= 0


@inner
def _disturbed(floor: Floor, stamp: int, r: int, start: int, end: int) -> bool:
    """Whether a resource may be used otherwise than in the plan within [start, end)."""
    row = floor.resource[r]
    return row.dirty == stamp and row.dirty_from < end and row.dirty_to > start


@inner
def _disturb(floor: Floor, stamp: int, r: int, start: int, end: int) -> None:
    """Notes that a resource is used otherwise within [start, end)."""
    row = floor.resource[r]
    if row.dirty != stamp:
        row.dirty, row.dirty_from, row.dirty_to = stamp, start, end
    else:
        row.dirty_from, row.dirty_to = min(row.dirty_from, start), max(row.dirty_to, end)


@inner
def _keep(floor: Floor, stamp: int, piece: int) -> None:
    """A piece stays where it is; resources whose use is known count it."""
    row = floor.piece[piece]
    if row.operator >= 0 and floor.resource[row.operator].built == stamp:
        hold(floor, row.operator, row.start, row.end)
    unit = floor.machine[floor.option[row.option].machine].unit
    if unit >= 0 and floor.resource[unit].built == stamp:
        hold(floor, unit, row.start, row.end)


@inner
def _leave(floor: Floor, stamp: int, piece: int) -> None:
    """The moved piece's old place: what follows there follows its predecessor now."""
    row = floor.piece[piece]
    machine = floor.machine[floor.option[row.option].machine]
    if machine.unit >= 0:
        _disturb(floor, stamp, machine.unit, row.start, row.end)
    elif machine.changed != stamp:
        machine.changed, machine.last = stamp, row.ahead
    if row.operator >= 0:
        _disturb(floor, stamp, row.operator, row.start, row.end)


@inner
def _move(floor: Floor, weights: Floats, stamp: int, piece: int, option: int, at: int, ahead: int) -> bool:
    """The moved piece's new place."""
    machine = floor.machine[floor.option[option].machine]
    if machine.changed == stamp:
        ahead = machine.last
    if not _find(floor, stamp, piece, option, at, ahead, NONE):
        return False
    _touch(floor, weights, stamp, piece)
    row = floor.piece[piece]
    if row.new_operator >= 0:
        _disturb(floor, stamp, row.new_operator, row.new_start, row.new_end)
    if machine.unit >= 0:
        _disturb(floor, stamp, machine.unit, row.new_start, row.new_end)
    else:
        machine.changed, machine.last = stamp, piece
    return True


@inner
def _place_again(floor: Floor, weights: Floats, stamp: int, piece: int, at: int, anew: bool) -> bool:
    """A new place for a piece on its machine; where it is the old one, the line behind it is as in the plan again."""
    row = floor.piece[piece]
    machine = floor.machine[floor.option[row.option].machine]
    ahead = row.ahead
    if machine.unit < 0 and machine.changed == stamp:
        ahead = machine.last
    if not _find(floor, stamp, piece, row.option, at, ahead, row.operator):
        return False
    moved = row.new_start != row.start or row.new_end != row.end
    other = row.new_operator != row.operator
    if moved or other or anew or row.new_setup != row.setup or row.new_delayed != row.delayed:
        _touch(floor, weights, stamp, piece)
    if moved or other:
        if row.operator >= 0:
            _disturb(floor, stamp, row.operator, row.start, row.end)
        if row.new_operator >= 0:
            _disturb(floor, stamp, row.new_operator, row.new_start, row.new_end)
    if machine.unit >= 0:
        if moved:
            _disturb(floor, stamp, machine.unit, row.start, row.end)
            _disturb(floor, stamp, machine.unit, row.new_start, row.new_end)
    elif anew or row.new_end != row.end:
        machine.changed, machine.last = stamp, piece
    else:
        machine.changed = 0
    return True


@inner
def _touch(floor: Floor, weights: Floats, stamp: int, piece: int) -> None:
    """Notes that a piece has new times, and what that costs if its job ends with it."""
    row = floor.piece[piece]
    if row.first_after == floor.piece[piece + 1].first_after and row.new_end != row.end:
        job = floor.job[row.job]
        weight = weights[WEIGHTED_TARDINESS] * job.weight + weights[TOTAL_TARDINESS]
        late = max(0, row.new_end - job.due) - max(0, row.end - job.due)
        floor.trial[0].loss += weight * late + weights[TOTAL_FLOW_TIME] * (row.new_end - row.end)
    floor.piece[piece].changed = stamp
    floor.touched[floor.trial[0].touched] = piece
    floor.trial[0].touched += 1


@inner
def _find(
    floor: Floor,
    stamp: int,
    piece: int,
    option: int,
    at: int,
    ahead: int,
    own: int,
) -> bool:
    """Finds the earliest place of a piece behind ``ahead``, with operator ``own`` where that is as good as any."""
    machine, seconds, code = floor.option[option].machine, floor.option[option].seconds, floor.option[option].code
    unit, group = floor.machine[machine].unit, floor.piece[piece].skill
    ready = floor.piece[piece].release
    for k in range(floor.piece[piece].first_before, floor.piece[piece + 1].first_before):
        ready = max(ready, end_of(floor, stamp, floor.before[k]) + floor.piece[piece].delay)
    end, family, gap = floor.machine[machine].end, floor.machine[machine].family, floor.machine[machine].gap
    if unit < 0 and ahead != NONE:
        end = end_of(floor, stamp, ahead)
        family = floor.option[option_of(floor, ahead)].code
        gap = gap_at(floor, machine, end)
    latest = floor.piece[piece].latest
    if unit >= 0:
        build_use(floor, stamp, unit, at)
    who, delayed = -1, 0
    if group < 0:
        start, stop, setup = in_line(
            floor, piece, machine, code, floor.machine[machine].opening, NONE, ready, seconds, latest, end, family, gap
        )
    else:
        start, stop, setup, who, delayed = attended(
            floor, piece, machine, code, ready, seconds, latest, end, family, gap, own, stamp, at
        )
    if start >= NEVER:
        return False
    row = floor.piece[piece]
    row.new_start, row.new_end, row.new_setup = start, stop, setup
    row.new_operator, row.new_delayed = who, delayed
    if who >= 0:
        hold(floor, who, start, stop)
    if unit >= 0:
        hold(floor, unit, start, stop)
    return True


@inner
def _measure(floor: Floor, stamp: int) -> None:
    """The objective terms after the change."""
    amounts = floor.new_amounts
    for k in range(len(amounts)):
        amounts[k] = floor.amounts[k]
    for k in range(floor.trial[0].touched):
        piece = floor.touched[k]
        amounts[SETUP_TIME] += floor.piece[piece].new_setup - floor.piece[piece].setup
        if floor.piece[piece].reference_machine != NO_REFERENCE:
            amounts[CHANGES] += moved(floor, piece, option_of(floor, piece), floor.piece[piece].new_start)
            amounts[CHANGES] -= moved(floor, piece, floor.piece[piece].option, floor.piece[piece].start)
        _complete(floor, stamp, floor.piece[piece].job)
    for k in range(floor.trial[0].jobs):
        job = floor.changed_jobs[k]
        add_job(floor, amounts, job, floor.job[job].done, -1)
        add_job(floor, amounts, job, floor.job[job].new_done, 1)
    if floor.trial[0].jobs > 0:
        last, worst = 0, 0
        for job in range(len(floor.job) - 1):
            if floor.job[job].counted:
                done = floor.job[job].new_done if floor.job[job].changed == stamp else floor.job[job].done
                last = max(last, done)
                worst = max(worst, done - floor.job[job].due)
        amounts[MAKESPAN], amounts[MAX_TARDINESS] = last, worst


@inner
def _complete(floor: Floor, stamp: int, job: int) -> None:
    """The new completion of a job, if it has one."""
    if floor.job[job].changed == stamp:
        return
    done = floor.job[job].standing
    for k in range(floor.job[job].first_piece, floor.job[job + 1].first_piece):
        done = max(done, end_of(floor, stamp, floor.pieces_of[k]))
    if done != floor.job[job].done:
        floor.job[job].changed = stamp
        floor.job[job].new_done = done
        floor.changed_jobs[floor.trial[0].jobs] = job
        floor.trial[0].jobs += 1
