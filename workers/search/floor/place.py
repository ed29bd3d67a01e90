"""The earliest place of a piece behind what was appended, as ``models.shop.timeline`` finds it, for kernels.

Everything here is the compiled twin of ``models.shop.resources`` and ``models.shop.attendance``; a property test holds
the two equal.
"""

from __future__ import annotations

from workers.search.floor.shop import NONE, Floor
from workers.search.floor.use import build_use, conflict, skip
from workers.search.kernel import inner
from workers.search.opening import NEVER, between, finish, fit, next_open

Spot = tuple[int, int, int]
"""(start, end, setup seconds); start is NEVER where there is no place."""


@inner
def _run(
    floor: Floor, owner: int, unit: int, who: int, t: int, seconds: int, latest: int, whole: int
) -> tuple[int, int]:
    """The earliest (start, end) from ``t`` on: by ``latest``, open at the start, free in both uses throughout."""
    while True:
        if unit >= 0:
            t = skip(floor, unit, t, seconds)
        if who >= 0:
            t = skip(floor, who, t, seconds)
        if t + seconds > latest:
            return NEVER, NEVER
        if owner < 0:
            start, end = t, t + seconds
        elif whole:
            start = fit(floor.openings, owner, t, seconds)
            end = start + seconds
        else:
            start = next_open(floor.openings, owner, t)
            end = finish(floor.openings, owner, start, seconds)
        if start >= NEVER or end > latest:
            return NEVER, NEVER
        again = -1
        if unit >= 0:
            again = conflict(floor, unit, start, end)
        if again < 0 and who >= 0:
            again = conflict(floor, who, start, end)
        if again < 0:
            return start, end
        t = again


@inner
def gap_at(floor: Floor, machine: int, t: int) -> int:
    """How many blocks of fixed work on a machine begin before ``t``."""
    low, high = floor.machine[machine].first_block, floor.machine[machine + 1].first_block
    first = low
    while low < high:
        middle = (low + high) // 2
        if floor.block[middle].start < t:
            low = middle + 1
        else:
            high = middle
    return low - first


@inner
def setup_seconds(floor: Floor, machine: int, before: int, after: int) -> int:
    """Setup time on a machine from one family to the next."""
    matrix = floor.machine[machine].matrix
    return 0 if matrix < 0 else floor.setups[matrix + before * floor.machine[machine].width + after]


@inner
def in_line(
    floor: Floor,
    piece: int,
    machine: int,
    code: int,
    owner: int,
    who: int,
    ready: int,
    seconds: int,
    latest: int,
    end: int,
    family: int,
    gap: int,
) -> Spot:
    """The earliest place on a machine's line after ``end``, where ``family`` was made; ``owner``: when work goes on."""
    first = floor.machine[machine].first_block
    blocks = floor.machine[machine + 1].first_block - first
    at = gap
    if at < blocks and ready > end:
        at = max(at, gap_at(floor, machine, ready + 1))
    while True:
        free, before = end, family
        if at != gap:
            free, before = floor.block[first + at - 1].end, floor.block[first + at - 1].leaves
        t = max(ready, free)
        setup = setup_seconds(floor, machine, before, code)
        if setup:
            t = max(t, finish(floor.openings, floor.machine[machine].opening, free, setup))
        if t >= latest:
            return NEVER, NEVER, 0
        limit = latest if at >= blocks else min(latest, floor.block[first + at].start)
        start, stop = _run(floor, owner, floor.machine[machine].unit, who, t, seconds, limit, floor.piece[piece].whole)
        if at >= blocks:
            return start, stop, setup
        if start < NEVER:
            change = setup_seconds(floor, machine, code, floor.block[first + at].begins)
            begin = floor.block[first + at].start
            if change == 0 or between(floor.openings, floor.machine[machine].opening, stop, begin) >= change:
                return start, stop, setup
        at += 1


@inner
def attended(
    floor: Floor,
    piece: int,
    machine: int,
    code: int,
    ready: int,
    seconds: int,
    latest: int,
    end: int,
    family: int,
    gap: int,
    own: int,
    stamp: int,
    at: int,
) -> tuple[int, int, int, int, int]:
    """(start, end, setup seconds, operator, delayed) with the operator who lets the piece end first.

    Of several ``own``, else the one that the timeline prefers. ``delayed``: without operators it could end sooner.
    Start is NEVER where there is no place.
    """
    group = floor.piece[piece].skill
    first, last = floor.skill[group].first, floor.skill[group + 1].first
    kind = floor.machine[machine].kind
    _, soonest, _ = in_line(
        floor, piece, machine, code, floor.machine[machine].opening, NONE, ready, seconds, latest, end, family, gap
    )
    if soonest >= NEVER:
        return NEVER, NEVER, 0, -1, 0
    # who can do it as soon as it can be done at all is found quickly, as nothing later need be looked at
    for k in range(first - 1, last):
        who = own if k < first else floor.able[k]
        if who < 0:
            continue
        build_use(floor, stamp, who, at)
        start, stop, setup = in_line(
            floor, piece, machine, code, floor.joint[kind, who], who, ready, seconds, soonest, end, family, gap
        )
        if start < NEVER:
            return start, stop, setup, who, 0
    best = (NEVER, NEVER, 0, -1, 1)
    for k in range(first, last):
        who = floor.able[k]
        start, stop, setup = in_line(
            floor, piece, machine, code, floor.joint[kind, who], who, ready, seconds, latest, end, family, gap
        )
        if start < NEVER:
            best = (start, stop, setup, who, 1)
            latest = stop - 1
    return best
