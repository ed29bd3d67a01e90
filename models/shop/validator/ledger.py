"""What the validator found, and which of it the schedule's own ``fixed_conflicts`` excuse."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from models.shop.problem import Problem
from models.shop.schedule import Assignment, FixedConflict

Key = tuple[int, int]
"""(operation, lot)."""

ALONE_RULES = frozenset(
    {"eligibility", "calendar", "not-interruptible", "release", "start-after", "end-before", "operator", "hard-due"}
)
"""Rules that one piece of fixed work can contradict by itself."""

PAIR_RULES = frozenset({"overlap", "operator-capacity", "setup", "precedence"})
"""Rules that hold between two pieces of work. A setup after the initial family is contradicted by one alone."""


@dataclass(frozen=True, slots=True)
class Violation:
    """One broken rule: its stable name and one sentence with ids and seconds from second zero."""

    rule: str
    detail: str


@dataclass(frozen=True, slots=True)
class Verdict:
    """All violations, and the metrics as recomputed (hours, counts and rates, as in a result's ``metrics``)."""

    violations: tuple[Violation, ...]
    metrics: Mapping[str, float | None]

    @property
    def valid(self) -> bool:
        """Whether no rule is broken."""
        return not self.violations


class Ledger:
    """Collects violations. An excused one is dropped; a listed conflict that excused nothing is a violation itself."""

    def __init__(self, problem: Problem, conflicts: tuple[FixedConflict, ...]) -> None:
        self.violations: list[Violation] = []
        self._problem = problem
        self._fixed = {(work.operation, work.lot) for work in problem.fixed}
        self._listed = {(conflict.rule, frozenset(conflict.fixed)): conflict for conflict in conflicts}
        self._seen: set[tuple[str, frozenset[Key]]] = set()

    def report(self, rule: str, detail: str, *work: Assignment, optional: bool = False) -> None:
        """A rule is broken by ``work``: a violation, unless listed as a conflict of fixed work.

        ``optional``: it may be listed but need not be, as with what happened before second zero.
        """
        if not self.excused(rule, *work) and not optional:
            self.violations.append(Violation(rule, detail))

    def excused(self, rule: str, *work: Assignment) -> bool:
        """Whether the schedule lists that ``work`` contradicts ``rule`` and may do so.

        Everything in ``work`` must be fixed; of (predecessor, successor) only the successor, since nothing else is
        able to wait. Call it only where the contradiction is real: the listed conflict then counts as found.
        """
        if rule not in ALONE_RULES and rule not in PAIR_RULES:
            return False
        key = (rule, frozenset((a.operation, a.lot) for a in work))
        bound = work[1:] if rule == "precedence" else work
        if key not in self._listed or not all((a.operation, a.lot) in self._fixed for a in bound):
            return False
        self._seen.add(key)
        return True

    def close(self) -> None:
        """Report each listed conflict that was none."""
        for key, conflict in self._listed.items():
            if key not in self._seen:
                names = " and ".join(self.name(*entry) for entry in conflict.fixed)
                detail = f"The listed fixed conflict of rule {conflict.rule} of {names or 'nothing'} is none."
                self.violations.append(Violation("fixed", detail))

    def name(self, operation: int, lot: int = 1) -> str:
        """An operation (or lot) by its ids."""
        if not 0 <= operation < len(self._problem.operations):
            return f"operation number {operation}, which the problem does not have"
        what = self._problem.operations[operation]
        cut = f", lot {lot}" if lot != 1 else ""
        return f"operation {what.operation_id} of job {self._problem.jobs[what.job].job_id}{cut}"
