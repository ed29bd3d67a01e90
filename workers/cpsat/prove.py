"""Proving: the whole problem as one model, from the best plan that is known, for as long as there is time for it.

The local search finds good plans sooner; what CP-SAT adds is the bound and, on shops of the sizes that ``promising``
names, the proof that nothing better exists.
"""

from __future__ import annotations

from collections.abc import Sequence

from models.shop.calendar import Calendars
from models.shop.problem import Problem
from models.shop.schedule import Decision
from workers.cpsat.engine import CpSatEngine
from workers.cpsat.scope import Part, parts, scope
from workers.cpsat.unsupported import MAX_OPTIONS, unsupported
from workers.engine import Limits, Report, Watch

ROUTED_OPERATIONS, ROUTED_OPTIONS = 400, 1000
"""Larger job shops are not proved within a minute, and bounds of terms say as much of them as the model does."""

SINGLE_OPERATIONS, SINGLE_OPTIONS = 150, 1500
"""Larger groups of parallel machines are not proved either."""


def prove(
    problem: Problem,
    jobs: Sequence[int],
    start: Sequence[Decision],
    limits: Limits,
    watch: Watch,
    floors: Sequence[int | None] = (),
) -> Report:
    """Looks for a better plan than ``start`` and for lower bounds until all levels are proved or the deadline.

    ``floors`` are lower bounds known before, aligned with ``Levels`` (of terms, or the ``bounds`` of an earlier call):
    the search goes on above them. The report's plan is never worse than ``start``.
    """
    engine = CpSatEngine()
    engine.start, engine.floors, engine.bounds_first = tuple(start), tuple(floors), True
    return engine.solve(problem, jobs, limits, watch)


def promising(problem: Problem, jobs: Sequence[int]) -> bool:
    """Whether most operations of ``jobs`` lie in parts of the shop of a size that is proved within about a minute."""
    operations = [problem.operations[number] for job in jobs for number in problem.jobs[job].operations]
    if sum(len(operation.options) for operation in operations) > MAX_OPTIONS or unsupported(problem, jobs):
        return False
    batch = scope(problem, jobs, Calendars(problem))
    good = sum(len(part.operations) for part in parts(batch) if _provable(part))
    return 2 * good > len(batch.operations)


def _provable(part: Part) -> bool:
    if part.routed:
        return len(part.operations) <= ROUTED_OPERATIONS and part.options <= ROUTED_OPTIONS
    return len(part.operations) <= SINGLE_OPERATIONS and part.options <= SINGLE_OPTIONS
