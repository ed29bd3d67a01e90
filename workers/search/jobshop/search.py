"""The makespan search: runs of tabu search, each from a plan between two elite plans."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable

import numpy as np

from models.shop.schedule import Decision
from workers.search.jobshop.arrays import Indices, Seconds, Shop
from workers.search.jobshop.elite import Elite, Pool, recombine
from workers.search.jobshop.memory import SLOTS
from workers.search.jobshop.neighbourhood import Scan
from workers.search.jobshop.plan import empty_plan, load
from workers.search.jobshop.start import list_schedule, work_remaining
from workers.search.jobshop.tabu import IMPROVED, ITERATION, MAKESPAN, RECORD, Run, tabu_search

SLICE_SECONDS = 0.03
"""Between slices of about this length the search looks at the clock and at ``stop``."""

POOL = 10
"""Elite plans kept."""

PATIENCE = 12_500
"""A run ends after so many iterations without a better plan."""

NEW_RUN = 100
"""Iterations that a new run counts as, so that shops without any move cost no more than others."""

NOISE = 0.5
"""First plans of the pool come from priorities disturbed by up to this share."""

ORDER_TENURE = 6
"""An order that a move turned round stays forbidden for at least so many iterations."""

MACHINE_TENURE = 8
"""A machine that an operation left stays forbidden to it for at least so many, and one more for each machine that an
operation has on average: with many alike (18 of 60), shorter tenures left makespans 5 % longer."""

NO_TARGET = -1


class JobShopSearch:
    """A search for the least makespan that goes on where it stood, call after call.

    Driven by ``run_iterations`` it is deterministic for a seed and what is adopted when; ``run`` ends by the clock.
    Start with a list schedule, or with a better plan handed to ``adopt``.
    """

    def __init__(self, shop: Shop, seed: int = 0) -> None:
        self.shop = shop
        self.random = np.random.default_rng(seed)
        self.pool = Pool(POOL)
        self.iterations = 0
        n = len(shop.release)
        self._rate = 2_000_000 / max(1, n)
        self._tenures = (ORDER_TENURE, MACHINE_TENURE + len(shop.option_machine) // max(1, n))
        self._plan = empty_plan(shop)
        self._run = Run(np.zeros(4, np.int64), np.zeros(n, np.int32), np.zeros(n, np.int32))
        self._scan = Scan(
            path=np.zeros(n, np.int32),
            segment=np.zeros(n, np.int32),
            segment_head=np.zeros(n, np.int64),
            best=np.zeros(5, np.int64),
            other=np.zeros(5, np.int64),
            memory=np.zeros(SLOTS, np.int64),
            generator=self.random.integers(1, 2**63, 1, np.uint64),
        )
        self._rest: Seconds = np.zeros(n, np.int64)
        work_remaining(shop, self._rest)
        self._begin(*self._list_schedule(0.0))

    @property
    def best(self) -> int:
        """The least makespan found, in seconds."""
        record = int(self._run.counters[RECORD])
        elite = self.pool.best
        return record if elite is None else min(record, elite.makespan)

    def decisions(self) -> tuple[Decision, ...]:
        """The best plan, in an order that replays to its makespan or less."""
        shop, run, elite = self.shop, self._run, self.pool.best
        machine, order = run.machine, run.order
        if elite is not None and elite.makespan < run.counters[RECORD]:
            machine, order = elite.machine, elite.order
        return tuple(
            Decision(operation, on)
            for operation, on in zip(shop.operation[order].tolist(), shop.machine[machine[order]].tolist(), strict=True)
        )

    def adopt(self, decisions: Iterable[Decision]) -> None:
        """Take over a plan of all of the shop's operations: go on from it if it is the best, else keep it in mind.

        Decisions about other operations are passed over. Raises ValueError where the plan is not complete, KeyError
        where it uses a machine that nothing of the shop is eligible for.
        """
        number = {int(operation): x for x, operation in enumerate(self.shop.operation)}
        index = {int(machine): k for k, machine in enumerate(self.shop.machine)}
        decided = [(number[d.operation], index[d.machine]) for d in decisions if d.operation in number]
        order = np.array([x for x, _ in decided], np.int32)
        if len(order) != len(number) or len(np.unique(order)) != len(number):
            raise ValueError("a plan to adopt must decide each operation of the shop once")
        machine = np.zeros(len(order), np.int32)
        machine[order] = [k for _, k in decided]
        best = self.best
        self._keep()
        self._begin(machine, order)
        if self.best == best:
            self._next()

    def run(self, seconds: float, target: int = NO_TARGET, stop: Callable[[], bool] = lambda: False) -> None:
        """Search until ``seconds`` have passed, the makespan is ``target`` or less, or ``stop()``."""
        now = time.monotonic()
        deadline = now + seconds
        while now < deadline and self.best > target and not stop():
            count = max(1, int(self._rate * min(SLICE_SECONDS, deadline - now)))
            self.run_iterations(count, target)
            begun, now = now, time.monotonic()
            self._rate = count / max(1e-6, now - begun)

    def run_iterations(self, count: int, target: int = NO_TARGET) -> None:
        """Do about ``count`` iterations, fewer where the makespan comes down to ``target``."""
        while count > 0 and self.best > target:
            done = tabu_search(self.shop, self._plan, self._scan, self._run, count, PATIENCE, target, self._tenures)
            count -= done
            self.iterations += done
            counters = self._run.counters
            if counters[ITERATION] - counters[IMPROVED] >= PATIENCE:
                self._keep()
                self._next()
                count -= NEW_RUN

    def _list_schedule(self, noise: float) -> tuple[Indices, Indices]:
        """Machines and order of a list schedule by the work remaining, disturbed by up to ``noise`` of it."""
        n = len(self._rest)
        machine, order = np.zeros(n, np.int32), np.zeros(n, np.int32)
        priority = (self._rest * (1 + noise * self.random.random(n))).astype(np.int64)
        list_schedule(self.shop, priority, machine, order)
        return machine, order

    def _begin(self, machine: Indices, order: Indices) -> None:
        """Start a run of tabu search from a plan."""
        counters = self._run.counters
        counters[MAKESPAN] = counters[RECORD] = load(self.shop, self._plan, machine, order)
        counters[IMPROVED] = counters[ITERATION]
        self._run.machine[:], self._run.order[:] = machine, order
        self._scan.memory[:] = 0

    def _keep(self) -> None:
        """Offer the run's best plan to the pool."""
        run = self._run
        load(self.shop, self._plan, run.machine, run.order)
        self.pool.add(Elite(int(run.counters[RECORD]), run.machine.copy(), self._plan.head - self._plan.tail))

    def _next(self) -> None:
        """Start the next run: fill the pool first, then between two of its plans."""
        if self.pool.full:
            self._begin(*recombine(*self.pool.pair(self.random), self.random))
        else:
            self._begin(*self._list_schedule(NOISE))
