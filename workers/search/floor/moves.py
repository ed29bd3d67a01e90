"""Which change to try next: a piece of a job that hurts, or what it waits for, to another machine or place."""

from __future__ import annotations

import numpy as np

from workers.search.floor.place import setup_seconds
from workers.search.floor.shop import NONE, Floats, Floor
from workers.search.floor.terms import (
    MAKESPAN,
    MAX_TARDINESS,
    TARDY_JOBS,
    TOTAL_FLOW_TIME,
    TOTAL_TARDINESS,
    WEIGHTED_TARDINESS,
    WEIGHTED_TARDY_JOBS,
)
from workers.search.kernel import inner
from workers.search.opening import bisect_right

HURTING_SHARE = 0.8
"""How often a change starts from a job that costs something."""

DELAY_SHARE = 0.35
"""How often what is in the way of a piece is put behind it, instead of the piece before."""

DEEPER_SHARE = 0.6
"""How often the chain of what a piece waits for is followed one step further."""

TRIES = 4
"""Machines looked at for a piece that moves; it goes where it would end first."""

FURTHER_SHARE = 0.4
"""How often a piece goes one place further back than where it could be first."""


@inner
def weigh_jobs(floor: Floor, weights: Floats) -> None:
    """Sums up, over the jobs in their order, the square root of what each costs in the objective."""
    total = 0.0
    for job in range(len(floor.job) - 1):
        cost = 0.0
        if floor.job[job].counted and floor.job[job].first_piece < floor.job[job + 1].first_piece:
            late = floor.job[job].done - floor.job[job].due
            if late > 0:
                cost += late * (weights[WEIGHTED_TARDINESS] * floor.job[job].weight + weights[TOTAL_TARDINESS])
                cost += weights[TARDY_JOBS] + weights[WEIGHTED_TARDY_JOBS] * floor.job[job].weight
                if late == floor.amounts[MAX_TARDINESS]:
                    cost += late * weights[MAX_TARDINESS]
            cost += max(0, floor.job[job].done - floor.job[job].released) * weights[TOTAL_FLOW_TIME]
            if floor.job[job].done == floor.amounts[MAKESPAN]:
                cost += floor.job[job].done * weights[MAKESPAN]
        total += np.sqrt(cost)
        floor.cost_sums[job] = total


@inner
def pick(floor: Floor) -> int:
    """A piece: of a job that hurts, or one that it waits for; now and then any."""
    sums = floor.cost_sums
    total = sums[len(sums) - 1]
    if total <= 0 or np.random.random() > HURTING_SHARE:
        return np.random.randint(len(floor.order))
    job = bisect_right(sums, 0, len(sums) - 1, np.random.random() * total)  # type: ignore[arg-type]  # of any numbers
    first, last = floor.job[job].first_piece, floor.job[job + 1].first_piece
    if first == last:
        return np.random.randint(len(floor.order))
    piece = floor.pieces_of[first + np.random.randint(last - first)]
    while np.random.random() < DEEPER_SHARE:
        cause = waits_for(floor, piece)
        if cause == NONE:
            break
        piece = cause
    return piece


@inner
def waits_for(floor: Floor, piece: int) -> int:
    """What a piece waits for: the piece before it on its machine, or its last predecessor; NONE if for neither."""
    ready, cause = floor.piece[piece].release, NONE
    for k in range(floor.piece[piece].first_before, floor.piece[piece + 1].first_before):
        before = floor.before[k]
        if floor.piece[before].end + floor.piece[piece].delay >= ready:
            ready, cause = floor.piece[before].end + floor.piece[piece].delay, before
    if floor.piece[piece].start > ready and floor.piece[piece].ahead >= 0:
        return floor.piece[piece].ahead
    return cause


@inner
def aim(floor: Floor, piece: int) -> bool:
    """Chooses where the piece goes: the floor's ``target``. False where it can go nowhere."""
    best = np.inf
    first, last = floor.piece[piece].first_option, floor.piece[piece + 1].first_option
    for _ in range(min(TRIES, 2 * (last - first))):
        option = first + np.random.randint(last - first)
        ready = _ready(floor, piece)
        ahead = _first_place(floor, piece, floor.option[option].machine, ready)
        while np.random.random() < FURTHER_SHARE:
            behind = _behind(floor, piece, floor.option[option].machine, ahead)
            if behind < 0:
                break
            ahead = behind
        begin = _after(floor, option, ahead, ready)
        end = begin + floor.option[option].seconds
        if end * (1 + 0.02 * np.random.random()) < best and _put(floor, piece, option, ahead, begin):
            best = float(end)
    return best < np.inf


@inner
def delay(floor: Floor, piece: int) -> bool:
    """Puts the piece that is before ``piece`` on its machine behind it."""
    blocker = floor.piece[piece].ahead
    if blocker < 0:
        return False
    return _put(floor, blocker, floor.piece[blocker].option, piece, floor.piece[piece].start + 1)


@inner
def _ready(floor: Floor, piece: int) -> int:
    ready = floor.piece[piece].release
    for k in range(floor.piece[piece].first_before, floor.piece[piece + 1].first_before):
        ready = max(ready, floor.piece[floor.before[k]].end + floor.piece[piece].delay)
    return ready


@inner
def _first_place(floor: Floor, piece: int, machine: int, ready: int) -> int:
    """The last piece on a machine that ends by ``ready``, ``piece`` left out; NONE if none does."""
    at = floor.machine[machine].tail
    while at >= 0 and (at == piece or floor.piece[at].end > ready):
        at = floor.piece[at].ahead
    return at


@inner
def _behind(floor: Floor, piece: int, machine: int, ahead: int) -> int:
    """The piece that follows ``ahead`` on a machine, ``piece`` left out."""
    at = floor.machine[machine].head if ahead < 0 else floor.piece[ahead].behind
    return floor.piece[at].behind if at == piece and at >= 0 else at


@inner
def _after(floor: Floor, option: int, ahead: int, ready: int) -> int:
    """About when a piece could start behind ``ahead``, calendars and fixed work left out."""
    machine = floor.option[option].machine
    if floor.machine[machine].unit >= 0:
        return ready
    end, code = floor.machine[machine].end, floor.machine[machine].family
    if ahead >= 0:
        end, code = floor.piece[ahead].end, floor.option[floor.piece[ahead].option].code
    return max(ready, end + setup_seconds(floor, machine, code, floor.option[option].code))


@inner
def _put(floor: Floor, piece: int, option: int, ahead: int, begin: int) -> bool:
    """Fills ``target`` with the place behind ``ahead`` that fits a start at ``begin``; False where there is none.

    The place lies behind all predecessors and before all successors.
    """
    low, high = 0, len(floor.order)
    for k in range(floor.piece[piece].first_before, floor.piece[piece + 1].first_before):
        low = max(low, floor.piece[floor.before[k]].place + 1)
    for k in range(floor.piece[piece].first_after, floor.piece[piece + 1].first_after):
        high = min(high, floor.piece[floor.after[k]].place)
    if ahead >= 0:
        low = max(low, floor.piece[ahead].place + 1)
    behind = _behind(floor, piece, floor.option[option].machine, ahead)
    if behind >= 0:
        high = min(high, floor.piece[behind].place)
    if low > high:
        return False
    at, end = low, high
    while at < end:
        middle = (at + end) // 2
        if floor.piece[floor.order[middle]].start < begin:
            at = middle + 1
        else:
            end = middle
    here = floor.piece[piece].place
    if option == floor.piece[piece].option and (at == here or at == here + 1):
        return False
    target = floor.target
    target[0], target[1], target[2], target[3] = piece, option, at, ahead
    return True
