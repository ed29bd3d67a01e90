"""The line of one machine of capacity 1 for compiled code: where an operation goes behind what was appended before.

``earliest`` equals ``models.shop.resources.Line.earliest`` of a line without usages up to the horizon of the openings.
The state of a line is (end, family, gap) as there; families are codes, local to a setup matrix.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from models.shop.calendar import Calendars
from models.shop.fixed_work import lines as standing_lines
from models.shop.fixed_work import standing
from models.shop.problem import Problem
from models.shop.resources import Line
from workers.search.kernel import kernel
from workers.search.opening import NEVER, Openings, between, bisect_right, expand, finish, fit, next_open

NO_FAMILY = 0
"""The code of no family, and of every family on a machine without a setup matrix: no setup from it or to it."""

PLAIN, SET_UP, FULL = 0, 1, 2
"""Kinds of lines: nothing but processing; setups but always open and without fixed work ahead; everything."""

MOST_SETUPS = 20_000_000
"""Pairs of families that are held at once."""

Integers = npt.NDArray[np.int64]


class Lines(NamedTuple):
    """All machines as they stand before anything is appended; arrays are indexed by machine unless said.

    ``kind``: PLAIN, SET_UP or FULL. ``opening``: number in the openings. ``matrix`` is the place of the machine's setup
    times in ``setups`` (of ``width`` families squared, row: family before), -1 without. ``end``, ``family``, ``gap``:
    state at second zero. Fixed work ahead are the blocks ``block_first[m]`` to ``block_first[m + 1] - 1`` with
    ``block_start``, ``block_end`` and the families that they begin and end in.
    """

    kind: Integers
    opening: Integers
    matrix: Integers
    width: Integers
    setups: Integers
    end: Integers
    family: Integers
    gap: Integers
    block_first: Integers
    block_start: Integers
    block_end: Integers
    block_begins: Integers
    block_leaves: Integers


class Families:
    """Codes of families, from 1 on and apart for each setup matrix, for those that can occur on its machines."""

    def __init__(self, problem: Problem, lines: list[Line]) -> None:
        self._matrices = [machine.setup_matrix for machine in problem.machines]
        self._codes: dict[str, dict[str, int]] = {name: {} for name in self._matrices if name is not None}
        for machine, line in enumerate(lines):
            self._add(machine, line.family)
            for block in line.blocks:
                self._add(machine, block.first_family)
                self._add(machine, block.last_family)
        seen: set[tuple[str | None, str]] = set()
        for operation in problem.operations:
            if operation.family_id is None:
                continue
            for machine in operation.options:
                name = self._matrices[machine]
                if name is not None and (name, operation.family_id) not in seen:
                    seen.add((name, operation.family_id))
                    self._add(machine, operation.family_id)

    def code(self, machine: int, family: str | None) -> int:
        """The code of a family on a machine."""
        name = self._matrices[machine]
        return NO_FAMILY if name is None or family is None else self._codes[name][family]

    @property
    def pairs(self) -> int:
        """How many setup times there are to hold."""
        return sum((len(codes) + 1) ** 2 for codes in self._codes.values())

    def tables(self, problem: Problem) -> tuple[dict[str, tuple[int, int]], Integers]:
        """(place, width) of each matrix's setup times, and all setup times in seconds."""
        places: dict[str, tuple[int, int]] = {}
        tables = [np.zeros(0, np.int64)]
        total = 0
        for name, codes in self._codes.items():
            matrix = problem.setup_matrices[name]
            table = np.full((len(codes) + 1, len(codes) + 1), matrix.default, np.int64)
            np.fill_diagonal(table, 0)
            for (before, after), seconds in matrix.changes.items():
                if before in codes and after in codes:
                    table[codes[before], codes[after]] = seconds
            table[0, :] = table[:, 0] = 0
            places[name] = (total, len(table))
            tables.append(table.ravel())
            total += table.size
        return places, np.concatenate(tables)

    def _add(self, machine: int, family: str | None) -> None:
        name = self._matrices[machine]
        if name is not None and family is not None:
            codes = self._codes[name]
            codes.setdefault(family, len(codes) + 1)


def build_lines(problem: Problem, calendars: Calendars, horizon: int) -> tuple[Lines, Openings, Families]:
    """The machines of a problem with all fixed work standing, their open time up to ``horizon``, and family codes.

    Of a machine with capacity above 1 only its opening means anything. Raises ValueError for more than MOST_SETUPS
    pairs of families.
    """
    fixed = standing(problem, calendars) if problem.fixed else ()
    found = standing_lines(problem, calendars, fixed)
    families = Families(problem, found)
    if families.pairs > MOST_SETUPS:
        raise ValueError(f"{families.pairs} pairs of setup families are more than the {MOST_SETUPS} that may be held")
    openings, numbers = expand((line.opened for line in found), horizon)
    places, setups = families.tables(problem)
    place = [(-1, 0) if line.matrix is None else places[line.matrix.name] for line in found]
    blocks = [(machine, block) for machine, line in enumerate(found) for block in line.blocks]
    counts = [0, *(len(line.blocks) for line in found)]
    columns = (
        [_kind(line) for line in found],
        [numbers[id(line.opened)] for line in found],
        [at for at, _ in place],
        [width for _, width in place],
        setups,
        [line.end for line in found],
        [families.code(machine, line.family) for machine, line in enumerate(found)],
        [line.gap for line in found],
        np.cumsum(counts),
        [block.start for _, block in blocks],
        [block.end for _, block in blocks],
        [families.code(machine, block.first_family) for machine, block in blocks],
        [families.code(machine, block.last_family) for machine, block in blocks],
    )
    return Lines(*(np.array(column, np.int64) for column in columns)), openings, families


def _kind(line: Line) -> int:
    if line.plain:
        return PLAIN
    return SET_UP if line.opened.always and not line.blocks and not line.usages else FULL


@kernel
def setup_seconds(lines: Lines, machine: int, before: int, after: int) -> int:
    """Setup time on a machine from one family to the next."""
    at = lines.matrix[machine]
    return 0 if at < 0 else lines.setups[at + before * lines.width[machine] + after]


@kernel
def earliest(
    lines: Lines,
    openings: Openings,
    machine: int,
    end: int,
    family: int,
    gap: int,
    code: int,
    ready: int,
    seconds: int,
    latest: int,
    interruptible: bool,
    opening: int,
) -> tuple[int, int, int]:
    """(start, end, setup seconds) of the earliest place on a line in state (``end``, ``family``, ``gap``).

    For work of family ``code`` that may start at ``ready`` and must end by ``latest``, at most MAX_SECONDS, around
    fixed work. ``opening`` is when work goes on: the machine's own, or shared with an operator; setups need the
    machine's alone. Start and end are NEVER where there is no such place.
    """
    own = lines.opening[machine]
    last = lines.block_first[machine + 1] - lines.block_first[machine]
    base = lines.block_first[machine]
    first = gap
    if gap < last and ready > end:
        gap = max(gap, bisect_right(lines.block_start, base, base + last, ready) - base)
    while True:
        free, before = end, family
        if gap != first:
            free, before = lines.block_end[base + gap - 1], lines.block_leaves[base + gap - 1]
        t = max(ready, free)
        setup = setup_seconds(lines, machine, before, code)
        if setup > 0:
            t = max(t, finish(openings, own, free, setup))
        if t >= latest:
            return NEVER, NEVER, 0
        limit = latest if gap == last else min(latest, lines.block_start[base + gap])
        if t + seconds <= limit:
            if interruptible:
                start = next_open(openings, opening, t)
                stop = finish(openings, opening, start, seconds) if start < NEVER else NEVER
            else:
                start = fit(openings, opening, t, seconds)
                stop = start + seconds
            if stop <= limit:
                if gap == last:
                    return start, stop, setup
                after = setup_seconds(lines, machine, code, lines.block_begins[base + gap])
                if after == 0 or between(openings, own, stop, lines.block_start[base + gap]) >= after:
                    return start, stop, setup
        if gap == last:
            return NEVER, NEVER, 0
        gap += 1


@kernel
def gap_at(lines: Lines, machine: int, end: int) -> int:
    """The gap between fixed work that a line is in once its last appended operation ends at ``end``."""
    base, last = lines.block_first[machine], lines.block_first[machine + 1]
    return bisect_right(lines.block_start, base, last, end - 1) - base


@kernel
def append(
    lines: Lines,
    openings: Openings,
    machine: int,
    end: int,
    family: int,
    gap: int,
    code: int,
    ready: int,
    seconds: int,
    latest: int,
    interruptible: bool,
) -> tuple[int, int, int, int]:
    """(start, end, setup seconds, gap) of ``earliest`` in the machine's own open time, by the shortest way there is."""
    kind = lines.kind[machine]
    if kind == FULL:
        start, stop, setup = earliest(
            lines,
            openings,
            machine,
            end,
            family,
            gap,
            code,
            ready,
            seconds,
            latest,
            interruptible,
            lines.opening[machine],
        )
        return start, stop, setup, gap_at(lines, machine, stop)
    setup = setup_seconds(lines, machine, family, code) if kind == SET_UP else 0
    start = max(ready, end + setup)
    stop = start + seconds
    if stop > latest:
        return NEVER, NEVER, 0, 0
    return start, stop, setup, 0
