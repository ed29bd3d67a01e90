"""Who uses an operator, or a machine of capacity above 1, and when: ``models.shop.resources.Usage`` for kernels.

The use of a resource is known only where it was asked for in the change being tried, as steps: from each step's time on
the resource has that many users.
"""

from __future__ import annotations

from workers.search.floor.shop import Floor
from workers.search.kernel import inner
from workers.search.opening import NEVER


@inner
def _step(floor: Floor, r: int, t: int) -> int:
    """The index of the last step of a resource's use that begins at or before ``t``."""
    low, high = floor.resource[r].first_step, floor.resource[r].first_step + floor.resource[r].steps
    while high - low > 1:
        middle = (low + high) // 2
        if floor.step[middle].time <= t:
            low = middle
        else:
            high = middle
    return low


@inner
def _cut(floor: Floor, r: int, t: int) -> int:
    """The index of the step that begins at ``t``, made if there is none."""
    at = _step(floor, r, t)
    if floor.step[at].time == t:
        return at
    last = floor.resource[r].first_step + floor.resource[r].steps
    for k in range(last, at + 1, -1):
        floor.step[k].time = floor.step[k - 1].time
        floor.step[k].level = floor.step[k - 1].level
    floor.step[at + 1].time = t
    floor.step[at + 1].level = floor.step[at].level
    floor.resource[r].steps += 1
    return at + 1


@inner
def hold(floor: Floor, r: int, start: int, end: int) -> None:
    """One more user of a resource in [start, end)."""
    if start >= end:
        return
    first = _cut(floor, r, start)
    last = _cut(floor, r, end)
    for k in range(first, last):
        floor.step[k].level += 1


@inner
def skip(floor: Floor, r: int, t: int, seconds: int) -> int:
    """The earliest second at or after ``t`` with ``seconds`` of free capacity from there on."""
    at, stop = _step(floor, r, t), floor.resource[r].first_step + floor.resource[r].steps
    while at < stop and floor.step[at].time < t + seconds:
        if floor.step[at].level >= floor.resource[r].capacity and at + 1 < stop and floor.step[at + 1].time > t:
            t = floor.step[at + 1].time
        at += 1
    return t


@inner
def conflict(floor: Floor, r: int, start: int, end: int) -> int:
    """-1 where [start, end) is free, else the end of the last full stretch in it."""
    at = _step(floor, r, end - 1)
    while floor.step[at].level < floor.resource[r].capacity:
        if floor.step[at].time <= start:
            return -1
        at -= 1
    while floor.step[at].level >= floor.resource[r].capacity:
        at += 1
    return floor.step[at].time


@inner
def end_of(floor: Floor, stamp: int, piece: int) -> int:
    """The end of a piece, after the change."""
    return floor.piece[piece].new_end if floor.piece[piece].changed == stamp else floor.piece[piece].end


@inner
def option_of(floor: Floor, piece: int) -> int:
    """The option of a piece, after the change."""
    return floor.trial[0].option if piece == floor.trial[0].piece else floor.piece[piece].option


@inner
def build_use(floor: Floor, stamp: int, r: int, at: int) -> None:
    """Makes the use of a resource by fixed work and all pieces that stand before ``at`` known."""
    if floor.resource[r].built == stamp:
        return
    floor.resource[r].built = stamp
    first = floor.resource[r].first_step
    floor.step[first].time, floor.step[first].level, floor.resource[r].steps = -NEVER, 0, 1
    for k in range(floor.resource[r].first_used, floor.resource[r + 1].first_used):
        hold(floor, r, floor.used[k].start, floor.used[k].end)
    for k in range(floor.resource[r].first_held, floor.resource[r].first_held + floor.resource[r].holders):
        piece = floor.held[k]
        if floor.piece[piece].place < at and floor.piece[piece].changed != stamp and piece != floor.trial[0].piece:
            hold(floor, r, floor.piece[piece].start, floor.piece[piece].end)
    for k in range(floor.trial[0].touched):
        piece = floor.touched[k]
        if (
            floor.piece[piece].new_operator == r
            or floor.machine[floor.option[option_of(floor, piece)].machine].unit == r
        ):
            hold(floor, r, floor.piece[piece].new_start, floor.piece[piece].new_end)
