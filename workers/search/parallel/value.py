"""What a plan on the arrays is worth, exactly: the levels by which plans are compared."""

from __future__ import annotations

from collections.abc import Collection

import numpy as np
import numpy.typing as npt

from models.shop.calendar import Calendars
from models.shop.fixed_work import standing
from models.shop.objective import Metrics, levels
from models.shop.problem import WHOLE_SHARE, Problem
from workers.search.parallel.pieces import Pieces
from workers.search.parallel.state import Integers


class Valuer:
    """Levels of plans of ``pieces``, which are all unfixed work of ``jobs``."""

    def __init__(self, problem: Problem, jobs: Collection[int], calendars: Calendars, pieces: Pieces) -> None:
        self._problem = problem
        fixed = _fixed_jobs(problem, jobs, calendars)
        numbers = [*pieces.job, *fixed]
        rows = [problem.jobs[index] for index in numbers]
        self._first = pieces.jobs[:, 0]
        self._job_end = pieces.jobs[:, 2]
        self._fixed_end = np.array(list(fixed.values()), np.int64)
        self._weight = np.array([job.weight for job in rows], np.int64)
        self._release = np.array([job.release or 0 for job in rows], np.int64)
        self._dated = np.array([job.due is not None for job in rows], bool)
        self._due = np.array([job.due or 0 for job in rows], np.int64)

    @property
    def floors(self) -> tuple[int, int]:
        """The least makespan and maximum tardiness, which the jobs make that are fixed whole."""
        due, dated = self._due[len(self._first) :], self._dated[len(self._first) :]
        late = np.where(dated, self._fixed_end - due, 0)
        return max(0, int(self._fixed_end.max(initial=0))), max(0, int(late.max(initial=0)))

    def levels(self, ends: Integers, planned: npt.NDArray[np.bool_], setup_seconds: int) -> tuple[int, ...]:
        """The levels of the plan in which each piece ends at ``ends`` where it is ``planned``."""
        job_end, whole = self._job_end, np.zeros(0, bool)
        if len(self._first):
            job_end = np.maximum(np.maximum.reduceat(ends, self._first), job_end)
            whole = np.logical_and.reduceat(planned, self._first)
        end = np.concatenate((job_end, self._fixed_end))
        done = np.concatenate((whole, np.ones(len(self._fixed_end), bool)))
        late = np.where(done & self._dated, np.maximum(0, end - self._due), 0)
        tardy = late > 0
        metrics = Metrics(
            makespan=max(0, int(end[done].max(initial=0))),
            weighted_tardiness=sum((self._weight[tardy] * late[tardy]).tolist()),
            total_tardiness=int(late.sum()),
            max_tardiness=int(late.max(initial=0)),
            tardy_jobs=int(tardy.sum()),
            weighted_tardy_jobs=int(self._weight[tardy].sum()),
            total_flow_time=int((end - self._release)[done].sum()),
            setup_time=setup_seconds,
            changes=0,
            unscheduled_weight=int(self._weight[~done].sum()),
            completion_rate=1.0,
            machine_utilisation=0.0,
            on_time_rate=None,
        )
        return levels(self._problem, metrics)


def _fixed_jobs(problem: Problem, jobs: Collection[int], calendars: Calendars) -> dict[int, int]:
    """When each of the jobs that fixed work alone makes up is complete."""
    wanted = set(jobs)
    ends: dict[int, int] = {}
    shares: dict[int, int] = {}
    for work in standing(problem, calendars) if problem.fixed else ():
        job = problem.operations[work.operation].job
        if job in wanted:
            ends[job] = max(work.end, ends.get(job, work.end))
            shares[job] = shares.get(job, 0) + work.share
    return {job: ends[job] for job, share in shares.items() if share >= WHOLE_SHARE * problem.jobs[job].count}
