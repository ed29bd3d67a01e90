"""The way that gives jobs which a plan leaves out a place in it: each is put among the others and all is replayed."""

from __future__ import annotations

from random import Random

from models.shop.problem import WHOLE_SHARE
from models.shop.schedule import Decision
from models.shop.soonest import soonest
from models.shop.timeline import replay
from workers.engine import Limits
from workers.improve.incumbent import value_of
from workers.improve.standing import Standing

STEP_SECONDS = 0.4

AHEAD = -1
"""What a job's operation comes before: all that starts in the same second."""

FASTEST_SHARE = 0.5
"""How often an operation goes where it ends first in the empty shop, instead of anywhere."""


class LeftOut:
    """Jobs with hard due dates or ends of windows go before work that can wait, or that matters less.

    A job that finds no place even before everything else is given up.
    """

    name = "left out"

    def __init__(self, random: Random) -> None:
        self._random = random
        self._known: dict[int, bool] = {}

    def step(self, standing: Standing, level: int, target: int, limits: Limits) -> bool:  # noqa: ARG002  it is level 0
        """Tries jobs one after another for a moment, until a plan is better; False where none may find a place."""
        assert standing.plan is not None
        problem, base = standing.problem, standing.plan.schedule
        out = sorted(entry.job for entry in base.unscheduled if entry.reason != "never_fits")
        now = value_of(problem, base, standing.calendars)
        rows = [row for row in base.assignments if not row.fixed]
        placed = [(row.start, 0, decision) for row, decision in zip(rows, base.decisions(), strict=True)]
        end = max((row.end for row in rows), default=0)
        step = Limits.within(min(STEP_SECONDS, limits.seconds_left))
        while out := [job for job in out if self._known.get(job, True)]:
            if step.seconds_left <= 0 or standing.watch.cancelled():
                break
            job = self._random.choices(out, [1 + problem.jobs[n].weight for n in out])[0]
            first = job not in self._known
            due = problem.jobs[job].due
            since = 0 if first else self._random.randint(0, max(0, end if due is None else min(due, end)))
            decided = self._decided(standing, job, since, 1.0 if first else FASTEST_SHARE)
            merged = sorted([*placed, *decided], key=lambda entry: entry[:2])
            found = replay(problem, [decision for _, _, decision in merged], None, standing.calendars)
            if first:
                self._known[job] = all(entry.job != job for entry in found.unscheduled)
            if value_of(problem, found, standing.calendars) < now:
                standing.offer((standing.version, base), (), found)
                break
        return bool(out)

    def _decided(self, standing: Standing, job: int, since: int, fastest: float) -> list[tuple[int, int, Decision]]:
        """The job's operations, each with the second in which its turn comes: when those before it may be done."""
        problem, ends = standing.problem, dict[int, int]()
        found = []
        for decision in soonest(problem, [job], standing.calendars):
            operation = problem.operations[decision.operation]
            chosen = decision._replace(operator=None)
            if decision.share == WHOLE_SHARE and self._random.random() > fastest:
                chosen = Decision(operation.number, self._random.choice(list(operation.options)))
            ready = max([since, *(ends[p] + operation.min_delay for p in operation.predecessors if p in ends)])
            ends[operation.number] = ready + operation.options[chosen.machine]
            found.append((ready, AHEAD, chosen))
        return found
