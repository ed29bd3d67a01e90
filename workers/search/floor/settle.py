"""Making a tried change the plan, and putting a plan's order in line with its times."""

from __future__ import annotations

import numpy as np

from workers.search.floor.change import ANEW, try_move
from workers.search.floor.measure import cost_of
from workers.search.floor.shop import Floats, Floor
from workers.search.kernel import inner, kernel


@kernel
def accept(floor: Floor, place: int, ahead: int) -> None:
    """Makes the change that ``try_move`` tried last, with these arguments, the plan."""
    piece, option = floor.trial[0].piece, floor.trial[0].option
    for k in range(floor.trial[0].touched):
        other = floor.touched[k]
        _release(floor, other, floor.piece[other].operator)
        floor.piece[other].start, floor.piece[other].end = floor.piece[other].new_start, floor.piece[other].new_end
        floor.piece[other].setup, floor.piece[other].operator = (
            floor.piece[other].new_setup,
            floor.piece[other].new_operator,
        )
        floor.piece[other].delayed = floor.piece[other].new_delayed
        _hold(floor, other, floor.piece[other].operator)
    for k in range(floor.trial[0].jobs):
        floor.job[floor.changed_jobs[k]].done = floor.job[floor.changed_jobs[k]].new_done
    for k in range(len(floor.amounts)):
        floor.amounts[k] = floor.new_amounts[k]
    if piece != ANEW:
        _unlink(floor, piece)
        floor.piece[piece].option = option
        _link(floor, piece, ahead)
        _shift(floor, piece, place)


@kernel
def settle(floor: Floor, weights: Floats, allowed: float) -> bool:
    """Orders the pieces by their starts and places them anew, which may bring some forward.

    False where that costs more than ``allowed`` more, as other operators may be chosen: then all times stay.
    """
    order, pieces = floor.order, floor.piece
    for i in range(1, len(order)):
        piece = order[i]
        k = i - 1
        while k >= 0 and pieces[order[k]].start > pieces[piece].start:
            order[k + 1] = order[k]
            k -= 1
        order[k + 1] = piece
    relink(floor)
    if not try_move(floor, weights, ANEW, ANEW, ANEW, ANEW, np.inf):
        return False
    if cost_of(floor.new_amounts, weights) > cost_of(floor.amounts, weights) + allowed:
        return False
    accept(floor, ANEW, ANEW)
    return True


@kernel
def relink(floor: Floor) -> None:
    """What follows from a plan's order, options and operators: places, lines, and who holds what."""
    for machine in range(len(floor.machine)):
        floor.machine[machine].head = floor.machine[machine].tail = -1
    for r in range(len(floor.resource)):
        floor.resource[r].holders = 0
    for i in range(len(floor.order)):
        piece = floor.order[i]
        floor.piece[piece].place = i
        _hold(floor, piece, floor.piece[piece].operator)
        _link(floor, piece, floor.machine[floor.option[floor.piece[piece].option].machine].tail)


@inner
def _unlink(floor: Floor, piece: int) -> None:
    """Takes a piece out of the line of its machine."""
    machine = floor.option[floor.piece[piece].option].machine
    ahead, behind = floor.piece[piece].ahead, floor.piece[piece].behind
    if ahead < 0:
        floor.machine[machine].head = behind
    else:
        floor.piece[ahead].behind = behind
    if behind < 0:
        floor.machine[machine].tail = ahead
    else:
        floor.piece[behind].ahead = ahead
    _release(floor, piece, floor.machine[machine].unit)


@inner
def _link(floor: Floor, piece: int, ahead: int) -> None:
    """Puts a piece into the line of its machine behind ``ahead`` (-1: first)."""
    machine = floor.option[floor.piece[piece].option].machine
    behind = floor.machine[machine].head if ahead < 0 else floor.piece[ahead].behind
    floor.piece[piece].ahead, floor.piece[piece].behind = ahead, behind
    if ahead < 0:
        floor.machine[machine].head = piece
    else:
        floor.piece[ahead].behind = piece
    if behind < 0:
        floor.machine[machine].tail = piece
    else:
        floor.piece[behind].ahead = piece
    _hold(floor, piece, floor.machine[machine].unit)


@inner
def _shift(floor: Floor, piece: int, place: int) -> None:
    """Moves a piece in the order, to just before what stands at ``place``."""
    at = floor.piece[piece].place
    if place > at:
        for k in range(at, place - 1):
            floor.order[k] = floor.order[k + 1]
            floor.piece[floor.order[k]].place = k
        place -= 1
    else:
        for k in range(at, place, -1):
            floor.order[k] = floor.order[k - 1]
            floor.piece[floor.order[k]].place = k
    floor.order[place] = piece
    floor.piece[piece].place = place


@inner
def _hold(floor: Floor, piece: int, r: int) -> None:
    """Notes that a piece holds a resource (NONE: no resource), in the order of starts."""
    if r >= 0:
        first = floor.resource[r].first_held
        at = first + floor.resource[r].holders
        start = floor.piece[piece].start
        while at > first and floor.piece[floor.held[at - 1]].start > start:
            floor.held[at] = floor.held[at - 1]
            at -= 1
        floor.held[at] = piece
        floor.resource[r].holders += 1


@inner
def _release(floor: Floor, piece: int, r: int) -> None:
    """Notes that a piece holds a resource no longer."""
    if r >= 0:
        at = floor.resource[r].first_held
        while floor.held[at] != piece:
            at += 1
        floor.resource[r].holders -= 1
        for k in range(at, floor.resource[r].first_held + floor.resource[r].holders):
            floor.held[k] = floor.held[k + 1]
