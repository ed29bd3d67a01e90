"""The way that cuts operations into lots, or puts lots together again, where jobs are late or the plan ends."""

from __future__ import annotations

from bisect import bisect_left
from collections import defaultdict
from collections.abc import Iterator, Sequence
from random import Random

from models.shop.fixed_work import lot_seconds
from models.shop.problem import MAX_TERMS, Problem
from models.shop.schedule import Assignment, Decision, Schedule
from models.shop.timeline import replay
from workers.engine import Limits
from workers.improve.incumbent import value_of
from workers.improve.standing import Standing

STEP_SECONDS = 0.4

DEEPER_SHARE = 0.6
"""How often the chain of what an operation waits for is followed one step further."""

CHAIN = 20
"""Steps of a chain at most."""

FITTED_SHARE = 0.5
"""How often a share is so large that both lots would end together, instead of any."""

Piece = tuple[int, int, int | None, int]
"""(share, machine, operator, the second in which its turn comes)."""


class Lots:
    """One operation at a time is cut otherwise: one lot more on another machine, two lots as one, shares moved."""

    name = "lots"

    def __init__(self, random: Random) -> None:
        self._random = random

    def step(self, standing: Standing, level: int, target: int, limits: Limits) -> bool:  # noqa: ARG002  see LocalSearch
        """Tries operations one after another for a moment, until a plan is better; False where none may be cut."""
        assert standing.plan is not None
        problem, base = standing.problem, standing.plan.schedule
        chart = _Chart(problem, base)
        if not chart.cuttable:
            return False
        now = value_of(problem, base, standing.calendars)
        step = Limits.within(min(STEP_SECONDS, limits.seconds_left))
        while step.seconds_left > 0 and not standing.watch.cancelled():
            number = chart.hurting(level, self._random)
            pieces = self._changed(chart, number)
            if pieces is None:
                continue
            found = replay(problem, chart.with_lots(number, pieces), None, standing.calendars)
            if value_of(problem, found, standing.calendars) < now:
                standing.offer((standing.version, base), (), found)
                break
        return True

    def _changed(self, chart: _Chart, number: int) -> list[Piece] | None:
        """The operation's lots, changed in one way at random; None where that cannot be."""
        operation, random = chart.problem.operations[number], self._random
        rows = chart.lots[number]
        pieces: list[Piece] = [(row.share, row.machine, row.operator, row.start) for row in rows]
        at = random.randrange(len(pieces))
        share, machine, _, start = pieces[at]
        ways = ["more"] * (len(pieces) < operation.max_lots) + ["fewer", "shift"] * (len(pieces) > 1)
        if not ways:
            return None
        way = random.choice(ways)
        if way == "more":
            others = [m for m in operation.options if all(m != piece[1] for piece in pieces)] or list(operation.options)
            other = chart.soonest(number, random.sample(others, min(4, len(others))), start)
            moved = self._share(operation.options[machine], operation.options[other], share)
            pieces[at] = (share - moved, *pieces[at][1:])
            pieces.append((moved, other, None, start))
        else:
            to = random.choice([k for k in range(len(pieces)) if k != at])
            moved = share if way == "fewer" else random.randint(1, share - 1) if share > 1 else 0
            pieces[to] = (pieces[to][0] + moved, *pieces[to][1:])
            pieces[at] = (share - moved, *pieces[at][1:])
        pieces = [piece for piece in pieces if piece[0]]
        long_enough = len(pieces) == 1 or all(
            lot_seconds(operation.options[piece[1]], piece[0]) >= operation.min_lot for piece in pieces
        )
        return pieces if long_enough else None

    def _share(self, here: int, there: int, share: int) -> int:
        """How much of a share goes to another machine: in proportion to the speeds, or any."""
        if self._random.random() < FITTED_SHARE:
            return max(1, min(share - 1, round(share * here / (here + there))))
        return self._random.randint(1, max(1, share - 1))


class _Chart:
    """A plan as this way looks at it: its rows, the lots of what may be cut, and what is before what on machines."""

    def __init__(self, problem: Problem, schedule: Schedule) -> None:
        self.problem = problem
        self.rows = [row for row in schedule.assignments if not row.fixed]
        self.lots: dict[int, list[Assignment]] = defaultdict(list)
        self._lines: dict[int, list[Assignment]] = defaultdict(list)
        for row in self.rows:
            self.lots[row.operation].append(row)
            self._lines[row.machine].append(row)
        may = problem.operations
        self.cuttable = [n for n in self.lots if may[n].max_lots > 1 and n not in problem.fixed_by_operation]
        self._may = frozenset(self.cuttable)
        self._ends: dict[int, Assignment] = {}
        for row in self.rows:
            job = may[row.operation].job
            if job not in self._ends or row.end > self._ends[job].end:
                self._ends[job] = row

    def with_lots(self, number: int, pieces: Sequence[Piece]) -> list[Decision]:
        """The plan's decisions in the order of starts, with an operation in other lots."""
        order = [
            (row.start, row.operation, Decision(row.operation, row.machine, row.operator, row.lot, row.share))
            for row in self.rows
            if row.operation != number
        ]
        order += [
            (start, number, Decision(number, machine, operator, lot, share))
            for lot, (share, machine, operator, start) in enumerate(pieces, start=1)
        ]
        return [decision for _, _, decision in sorted(order, key=lambda entry: entry[:2])]

    def hurting(self, level: int, random: Random) -> int:
        """An operation that may be cut: of a job that costs something, or one that it waits for; else any."""
        jobs, terms = self.problem.jobs, self.problem.objective[level]
        last = max(self._ends.values(), key=lambda row: row.end)
        if not terms.keys() <= set(MAX_TERMS):
            rows = [
                (row, jobs[n].weight, row.end - due)
                for n, row in self._ends.items()
                if (due := jobs[n].due) is not None
            ]
            late = [(row, max(1, weight * over) ** 0.5) for row, weight, over in rows if over > 0]
            if late:
                last = random.choices([row for row, _ in late], [cost for _, cost in late])[0]
        found = [row.operation for row in self._chain(last) if row.operation in self._may]
        for number in found:
            if random.random() > DEEPER_SHARE:
                return number
        return random.choice(found or self.cuttable)

    def _chain(self, row: Assignment) -> Iterator[Assignment]:
        """The row and what it waited for, one after another."""
        for _ in range(CHAIN):
            yield row
            line = self._lines[row.machine]
            at = bisect_left(line, row.start, key=lambda other: other.start)
            before = [line[at - 1]] if at else []
            before += [lot for n in self.problem.operations[row.operation].predecessors for lot in self.lots.get(n, ())]
            if not before:
                return
            row = max(before, key=lambda other: other.end)

    def soonest(self, number: int, machines: Sequence[int], start: int) -> int:
        """The machine that would be done first with an operation, behind what runs there at ``start``."""
        options = self.problem.operations[number].options

        def end(machine: int) -> int:
            line = self._lines.get(machine, [])
            at = bisect_left(line, start, key=lambda other: other.start)
            free = line[at - 1].end if at else 0
            return max(start, free) + options[machine]

        return min(machines, key=end)
