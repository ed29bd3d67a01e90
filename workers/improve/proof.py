"""Proving beside the search: lower bounds of the objective's terms, then CP-SAT on the whole problem, in slices."""

from __future__ import annotations

import importlib
import time
from dataclasses import replace

from models.shop.timeline import replay
from workers.bounds import level_bounds
from workers.engine import Limits
from workers.improve.standing import Proved, Quiet, Standing, differences
from workers.proofs import term_bounds

TERMS_SHARE = 0.1
"""The part of the time that bounds of terms may take, ..."""

MOST_TERMS_SECONDS = 8.0
"""... and the most: prices of machines have settled by then with 2,000 jobs."""

SEARCHING_SHARE, STUCK_SHARE, BESIDE_SHARE = 0.15, 0.5, 0.9
"""The part of the time for proving: while the search gets on, once it does not, and where others search beside."""

STUCK = 0.3
"""The search does not get on where nothing better was found for this part of the time since it began."""

FIRST_SLICE_SECONDS = 0.5

PROVER = "workers.cpsat.prove"
"""Who proves; imported when first needed, as it loads a solver."""


class Proof:
    """Keeps ``standing.proved`` rising. ``alone`` says that nobody else searches meanwhile."""

    def __init__(self, standing: Standing, limits: Limits, *, alone: bool) -> None:
        self._standing, self._limits = standing, limits
        self._begun = time.monotonic()
        self._whole = limits.seconds_left
        self._alone = alone
        self._spent = 0.0
        self._bounded = False
        self._able: bool | None = None

    def due(self) -> bool:
        """Whether it is time for a slice of proving."""
        if self._able is False:
            return False
        now = time.monotonic()
        elapsed = now - self._begun
        if not self._bounded:
            return elapsed > TERMS_SHARE * self._whole
        stuck = now - max(self._begun, self._standing.improved_at) > STUCK * elapsed
        share = BESIDE_SHARE if not self._alone else STUCK_SHARE if stuck else SEARCHING_SHARE
        return self._spent + FIRST_SLICE_SECONDS < share * elapsed

    def slice(self) -> None:
        """Bounds of terms the first time, then a slice of CP-SAT, each as long as all before."""
        begun = time.monotonic()
        if not self._bounded:
            self._bounded = True
            self._bound()
        else:
            self._prove()
        self._spent += time.monotonic() - begun

    def _bound(self) -> None:
        standing = self._standing
        seconds = min(MOST_TERMS_SECONDS, TERMS_SHARE * self._whole)
        terms = term_bounds(standing.problem, standing.calendars, seconds=seconds)
        found = level_bounds(standing.problem, (), {}, terms)
        standing.prove([Proved(bound.value, bound.proved_by) for bound in found])

    def _prove(self) -> None:
        standing = self._standing
        prover = importlib.import_module(PROVER)
        jobs = range(len(standing.problem.jobs))
        if self._able is None:
            self._able = bool(prover.promising(standing.problem, jobs))
        if not self._able or standing.plan is None:
            return
        seconds = min(max(FIRST_SLICE_SECONDS, self._spent), self._limits.seconds_left)
        limits = replace(self._limits, deadline=time.monotonic() + seconds)
        base = standing.version, standing.plan.schedule
        floors = tuple(None if row is None else row.value for row in standing.proved)
        report = prover.prove(standing.problem, jobs, base[1].decisions(), limits, Quiet(standing.watch), floors=floors)
        standing.prove([None if value is None else Proved(value, "cpsat") for value in report.bounds])
        if report.decisions:
            found = replay(standing.problem, report.decisions, None, standing.calendars)
            standing.offer(base, differences(base[1], found), found)
