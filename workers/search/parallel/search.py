"""The search as its callers see it: adopt a plan, run for a while, take the best plan found."""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Iterable, Iterator

import numpy as np

from models.shop.calendar import Calendars
from models.shop.problem import MAX_SECONDS, Problem
from models.shop.schedule import Decision, Schedule
from workers.search.line import PLAIN, build_lines
from workers.search.parallel.anneal import anneal
from workers.search.parallel.balance import Loads, best_cuts, options_on, relevelled
from workers.search.parallel.dispatch import dispatched, look_aheads
from workers.search.parallel.insert import insert
from workers.search.parallel.lots import cuttable, equal_cuts
from workers.search.parallel.model import horizon, laid_out, new_state
from workers.search.parallel.peaks import find_peaks, total_cost
from workers.search.parallel.pieces import Cuts, build
from workers.search.parallel.plan import cuts_in, cuts_of, in_order_of_ends, ranked
from workers.search.parallel.rows import replay
from workers.search.parallel.start import in_order, orders
from workers.search.parallel.state import (
    BALANCE,
    BASE,
    BEST,
    DUE,
    END,
    FIRST,
    FLOOR_END,
    FLOOR_LATE,
    FLOW,
    HEAT,
    JOB,
    LAST,
    LAST_END,
    LATE,
    LATEST,
    LENGTH,
    MAKESPAN,
    NOWHERE,
    OPTION,
    POSITION,
    READY,
    RIGID,
    SETUP,
    SETUPS,
    SHARED,
    TAKES,
    TARDY,
    USABLE,
    WORST,
    Integers,
)
from workers.search.parallel.value import Valuer
from workers.search.parallel.weights import weigh

SLICE = 0.04
"""Seconds between two looks at the clock, about."""

FIRST_SPEED = 200_000
"""Moves a second before any are counted."""

HOT, WARM, COLD = 0.2, 0.02, 0.002
"""Temperatures in typical costs of one piece: at the start of a first run, of later ones, and at the end of each."""

CUTTING_SECONDS = 2.0
"""The longest that the LP may take that says how operations are cut."""

TRIES = 100_000
"""Moves between two looks at the clock while loads are levelled."""

PATIENCE = 8
"""So many times these without any gain, and loads are level."""

SHARES_LATE, SHARES_TOP = (0.8, 0.0, 0.8, 0.1), (0.1, 0.6, 0.5, 0.1)
"""Shares of moves (HOT_SHARE and on in ``state``) where lateness is to be made less, and where it is not."""

ROUND = 4096
"""Moves between two changes of temperature where iterations are counted."""


class ParallelSearch:
    """Local search on the unfixed work of some jobs of a single-stage shop.

    ``level`` is the objective level to make better: those before it are kept, those behind it break ties. With
    ``machines`` only pieces on these machines move, and only among them. ``cuts`` are operations to cut into lots. The
    problem is already relaxed, and ``covers`` finds nothing against it. Deterministic for a seed where moves are
    counted (``run_iterations``).
    """

    def __init__(
        self,
        problem: Problem,
        jobs: Collection[int] | None = None,
        calendars: Calendars | None = None,
        *,
        seed: int = 0,
        level: int = 0,
        machines: Collection[int] | None = None,
        cuts: Cuts | None = None,
    ) -> None:
        self.problem = problem
        self.jobs = range(len(problem.jobs)) if jobs is None else sorted(set(jobs))
        self.calendars = calendars or Calendars(problem)
        self._level, self._machines, self._seed = level, machines, seed
        self._speed = float(FIRST_SPEED)
        self._may_cut = cuts is None and bool(cuttable(problem, self.jobs)) and machines is None
        reach = horizon(problem, self.jobs, self.calendars)
        self.lines, self.openings, self._families = build_lines(problem, self.calendars, reach)
        self._cut(cuts or {})

    def _cut(self, cuts: Cuts) -> None:
        """Builds all that depends on how operations are cut."""
        self.pieces = build(self.problem, self.jobs, self.calendars, self._families, cuts)
        weights = weigh(self.problem, self.pieces.job, self._level)
        self.state = new_state(self.pieces, weights, self._machines, len(self.problem.machines), self._seed)
        self._valuer = Valuer(self.problem, self.jobs, self.calendars, self.pieces)
        weights.shop[FLOOR_END], weights.shop[FLOOR_LATE] = self._valuer.floors
        self._unit = self._typical_cost()
        self._started = False
        self._take(self.state.now[:, OPTION].copy(), self.state.now[:, POSITION].copy())

    def _typical_cost(self) -> float:
        """What it costs, about, to make one piece later by another; notes whether being late costs at all."""
        weights = weigh(self.problem, self.pieces.job, self._level, alone=True)
        seconds = float(self.pieces.options[:, TAKES].mean()) if len(self.pieces.options) else 1.0
        jobs = weights.jobs.mean(axis=0) if len(weights.jobs) else np.zeros(3)
        self._late_hurts = bool(jobs[LATE] or jobs[TARDY])
        peaks = weights.shop[MAKESPAN] + weights.shop[WORST] + weights.shop[SETUP]
        return float((jobs[LATE] + jobs[FLOW] + peaks) * seconds + jobs[TARDY]) or 1.0

    def start(self) -> None:
        """Adopts the best of some simple plans, with operations whole or cut."""
        if self._only_loads:
            self._start_from_loads()
            return
        ways: list[Cuts] = [cuts_in(self.problem, self.pieces)]
        if self._may_cut:
            ways = [{}, equal_cuts(self.problem, self.jobs)]
        best, kept = np.inf, None
        for cuts in ways:
            if self._may_cut:
                self._cut(cuts)
            for option, rank in self._simple_plans():
                self._take(option, rank)
                missing = int((self.state.now[:, OPTION] < 0).sum())
                cost = total_cost(self.state) + 1e9 * self._unit * missing
                if cost < best:
                    best, kept = cost, (cuts, option, rank)
        if kept is not None:
            if self._may_cut:
                self._cut(kept[0])
            self._take(*kept[1:])

    @property
    def _only_loads(self) -> bool:
        """Whether nothing counts but the machines' loads: makespan alone, always open, no setups, no dates to keep."""
        s = self.state
        return (
            self._level == 0
            and set(self.problem.objective[:1][0]) == {"makespan"}
            and not self.problem.fixed
            and bool((self.lines.kind == PLAIN).all())
            and not s.facts[:, READY].any()
            and bool((s.facts[:, LATEST] == MAX_SECONDS).all())
            and bool((s.facts[:, FIRST] < s.facts[:, LAST]).all())
        )

    def _start_from_loads(self) -> None:
        found = best_cuts(self.problem, self.jobs, CUTTING_SECONDS) if self._may_cut else None
        if found is None:
            if self._may_cut:
                self._cut(equal_cuts(self.problem, self.jobs))
            loads = Loads(self.state, np.full(len(self.state.facts), NOWHERE, np.int64))
            loads.spread()
            loads.level(TRIES)
            if self._may_cut:
                found = relevelled(self.problem, self.jobs, self.pieces, loads.option)
        if found is None:
            self._take_loads(loads.option)
        else:
            self._cut(found[0])
            self._take_loads(options_on(self.pieces, found[1]))

    def _take_loads(self, option: Integers) -> None:
        """Makes a plan of options alone: each row by due date, then the shortest first."""
        rank = np.zeros(len(option), np.int64)
        rank[np.lexsort((self.state.options[option, TAKES], self.state.facts[:, DUE]))] = np.arange(len(option))
        self._take(option, rank)

    def _level_loads(self, ended: Callable[[], bool]) -> None:
        """Levels the loads of the plan until that no longer helps or has ``ended``."""
        loads = Loads(self.state, self.state.now[:, OPTION])
        best, idle = int(loads.load.max(initial=0)), 0
        first = best
        while idle < PATIENCE and not ended():
            top = loads.level(TRIES)
            best, idle = (top, 0) if top < best else (best, idle + 1)
        if best < first:
            self._take_loads(loads.option)

    def _simple_plans(self) -> Iterator[tuple[Integers, Integers]]:
        """(option, rank) of each piece: by dispatching where lateness or flow counts, and by lists."""
        count = len(self.pieces.facts)
        if self.state.money[:, (LATE, TARDY, FLOW)].any():
            for look_ahead in look_aheads(self.state):
                yield dispatched(self.state, self.lines, self.openings, look_ahead)
        for order in orders(self.state):
            option, rank = np.full(count, NOWHERE, np.int64), np.empty(count, np.int64)
            rank[order] = np.arange(count)
            scratch = np.zeros((len(self.lines.kind), 3), np.int64)
            in_order(self.state, self.lines, self.openings, order, option, scratch)
            yield option, rank

    def adopt(self, plan: Schedule | Iterable[Decision]) -> None:
        """Begins anew from a plan; cuts operations as it does. Decisions about other work are passed over."""
        decisions = plan.decisions() if isinstance(plan, Schedule) else tuple(plan)
        cuts = cuts_of(self.problem, decisions)
        if cuts != cuts_in(self.problem, self.pieces):
            self._cut(cuts)
        self._take(*ranked(self.problem, self.pieces, decisions))
        self._started = True

    def _take(self, option: Integers, rank: Integers) -> None:
        """Makes a plan of the pieces with an option, in order of ``rank``, without the jobs that find no place."""
        while True:
            missing = np.unique(self.pieces.facts[option < 0, JOB])
            option[np.isin(self.pieces.facts[:, JOB], missing)] = NOWHERE
            self.state = laid_out(self.state, option, rank)
            if replay(self.state, self.lines, self.openings):
                break
            for m in range(len(self.lines.kind)):
                base, length = self.state.machines[m, BASE], self.state.machines[m, LENGTH]
                row = self.state.row[base : base + length]
                failed = row[self.state.now[row, END] >= MAX_SECONDS + 1]
                option[failed[:1]] = NOWHERE
        find_peaks(self.state)
        weights = self.state.weights
        weights[BALANCE] = weights[MAKESPAN] * 0.02 / max(1, int(self.state.machines[:, LAST_END].max(initial=1)))
        self._remember()

    def _remember(self) -> None:
        """Keeps the plan as it stands as the best one."""
        s = self.state
        self.state = s._replace(best_row=s.row.copy())
        self.state.best_machines[:] = s.machines[:, :2]
        self.state.best_option[:] = s.now[:, OPTION]
        self.state.totals[BEST] = total_cost(self.state)

    def _restore(self) -> None:
        """Goes back to the best plan."""
        s = self.state
        rank = np.zeros(len(s.now), np.int64)
        for base, length in s.best_machines.tolist():
            rank[s.best_row[base : base + length]] = np.arange(length)
        self._take(s.best_option.copy(), rank)

    def run(
        self,
        seconds: float,
        target: tuple[int, ...] | None = None,
        stop: Callable[[], bool] = lambda: False,
        heat: float | None = None,
    ) -> int:
        """Searches for ``seconds``, or until the value is ``target`` or better, or ``stop`` says so; the moves tried.

        ``heat`` is the temperature to begin with, in typical costs of a piece; by default high for the first run and
        low for later ones and after a plan was adopted.
        """
        begun = time.monotonic()
        hot = self._begin(heat)
        if self._only_loads:
            self._level_loads(lambda: stop() or time.monotonic() - begun > seconds)
        moves = 0
        done = (time.monotonic() - begun) / max(seconds, 1e-9)
        while done < 1.0 and len(self.state.movable) and not stop():
            if target is not None and self.value <= target:
                break
            t = time.monotonic()
            count = max(64, int(self._speed * SLICE))
            self.state.control[HEAT] = self._unit * hot * (COLD / hot) ** done
            tried = self._slice(count)
            moves += tried
            now = time.monotonic()
            self._speed = 0.5 * self._speed + 0.5 * tried / max(1e-4, now - t)
            done = (now - begun) / max(seconds, 1e-9)
        self._finish()
        return moves

    def run_iterations(self, moves: int, heat: float | None = None) -> None:
        """Tries ``moves`` moves; the same for the same seed and the same calls before."""
        hot = self._begin(heat)
        if self._only_loads:
            self._level_loads(lambda: False)
        done = 0
        while done < moves and len(self.state.movable):
            self.state.control[HEAT] = self._unit * hot * (COLD / hot) ** (done / moves)
            count = min(ROUND, moves - done)
            self._slice(count)
            done += count
        self._finish()

    def _begin(self, heat: float | None) -> float:
        """Readies the plan and the controls for a run; the temperature to begin with."""
        if heat is None:
            heat = WARM if self._started else HOT
        if not self._started:
            self.start()
        self._started = True
        self._insert_idle()
        s = self.state
        self._before = (s.now[:, OPTION].copy(), s.now[:, POSITION].copy(), self.value)
        s.counts[RIGID] = int(
            bool((self.lines.kind[s.machines[:, USABLE] == 1] == PLAIN).all())
            and not s.facts[:, (READY, SHARED)].any()
            and not s.money[:, TARDY].any()
            and s.weights[WORST] == 0
        )
        s.control[:] = (0.0, *(SHARES_LATE if self._late_hurts else SHARES_TOP))
        return heat

    def _finish(self) -> None:
        """Goes back to the best plan; to that at the begin where the cost, which is rounded, misjudged levels."""
        option, rank, value = self._before
        self._restore()
        if self.value > value:
            self._take(option, rank)

    def _slice(self, count: int) -> int:
        """Tries ``count`` moves; fewer only where nothing can move."""
        done = 0
        while done < count and len(self.state.movable):
            done += anneal(self.state, self.lines, self.openings, count - done)
            if done < count:
                s = self.state
                self.state = laid_out(s, s.now[:, OPTION].copy(), s.now[:, POSITION].copy())
        return count

    def _insert_idle(self) -> None:
        """Puts jobs into the plan that are not in it, the heaviest first, where all of their pieces find a place."""
        idle = np.unique(self.pieces.facts[self.state.now[:, OPTION] < 0, JOB]).tolist()
        if not idle:
            return
        for job in sorted(idle, key=lambda row: -self.problem.jobs[self.pieces.job[row]].weight):
            first, last = self.pieces.jobs[job, :2].tolist()
            room = self.state.machines[:, 2] - self.state.machines[:, LENGTH]
            if room.min(initial=last - first) < last - first:
                self._again()
            if not all(insert(self.state, self.lines, self.openings, j) for j in range(first, last)):
                self._again()
        self._again()
        self._remember()

    def _again(self) -> None:
        """Lays the plan out anew, without jobs that are not whole."""
        now = self.state.now
        self._take(now[:, OPTION].copy(), now[:, POSITION].copy())

    @property
    def value(self) -> tuple[int, ...]:
        """The levels of the best plan: unscheduled weight first, then each level."""
        self._restore()
        now = self.state.now
        planned = now[:, OPTION] >= 0
        return self._valuer.levels(now[:, END], planned, int(now[planned, SETUPS].sum()))

    def decisions(self) -> tuple[Decision, ...]:
        """The best plan, in order of ends; the timeline replays it to the search's own times."""
        self._restore()
        return in_order_of_ends(self.pieces, self.state.now)

    def ends(self) -> dict[tuple[int, int], int]:
        """When each planned piece, an (operation, lot), ends in the best plan."""
        self._restore()
        rows = zip(self.pieces.operation, self.pieces.lot, self.state.now[:, (OPTION, END)].tolist(), strict=True)
        return {(number, lot): end for number, lot, (option, end) in rows if option >= 0}
