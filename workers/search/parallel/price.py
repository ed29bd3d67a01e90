"""What changing a part of a row would cost, without doing it.

Every change is "the pieces at positions [low, high) of a machine's row become these". Behind the change the row is
replayed only until it meets its old times again, or until it costs more than is allowed.
"""

from __future__ import annotations

from workers.search.kernel import inner
from workers.search.line import FULL, SET_UP, Lines, append, gap_at, setup_seconds
from workers.search.opening import NEVER, Openings
from workers.search.parallel.state import (
    AS,
    BASE,
    CHANGE,
    CODE,
    COST,
    DUE,
    END,
    FLOW,
    JOB,
    JOB_END,
    JOB_FIRST,
    JOB_LAST,
    LAST_END,
    LATE,
    LATEST,
    LENGTH,
    OF,
    OPTION,
    READY,
    SECONDS,
    SETUP,
    SHARED,
    STAMP,
    TAKES,
    TARDY,
    TOUCHED,
    TOUCHED_AT,
    TRIAL,
    WAITS,
    WORST,
    State,
)

IMPOSSIBLE = 1e300
"""The price of a change after which some piece finds no place."""


@inner
def completion_cost(s: State, j: int, end: int) -> float:
    """What it costs that the job of piece ``j`` ends at ``end``."""
    cost = s.money[j, FLOW] * end
    late = end - s.facts[j, DUE]
    if late > 0:
        cost += s.money[j, LATE] * late + s.money[j, TARDY]
    return cost


@inner
def price(
    s: State, lines: Lines, openings: Openings, m: int, low: int, high: int, side: int, count: int, allowed: float
) -> tuple[float, int, int]:
    """What it would do if the options ``fresh[side, :count]`` took positions [low, high) of a row.

    (change of the jobs' and setups' cost, the machine's new last end, its new greatest lateness). IMPOSSIBLE where some
    piece would have no place, or where the change costs more than ``allowed`` for sure. Ends of shared pieces are put
    on trial; ``settle`` adds what their jobs cost.
    """
    base, length = s.machines[m, BASE], s.machines[m, LENGTH]
    kind = lines.kind[m]
    worst_counts = s.weights[WORST] > 0
    delta = 0.0
    worst = -NEVER
    for q in range(base + low, base + high):
        delta -= s.money[s.row[q], COST]
    if worst_counts:
        for q in range(base, base + low):
            j = s.row[q]
            worst = max(worst, s.now[j, END] - s.facts[j, DUE])
    end, family, gap = lines.end[m], lines.family[m], lines.gap[m]
    last = 0
    if low > 0:
        j = s.row[base + low - 1]
        end, family = s.now[j, END], s.now[j, CODE]
        last = end
        if kind == FULL:
            gap = gap_at(lines, m, end)
    for q in range(high - count, length):
        fresh = q < high
        if fresh:
            option = s.fresh[side, q - high + count]
            j = s.options[option, OF]
            seconds, code, old = s.options[option, TAKES], s.options[option, AS], -1
        else:
            j = int(s.row[base + q])
            seconds, code, old = s.now[j, SECONDS], s.now[j, CODE], s.now[j, END]
        setup = 0
        if kind == FULL:
            _, end, setup, gap = append(
                lines,
                openings,
                m,
                end,
                family,
                gap,
                code,
                s.facts[j, READY],
                seconds,
                s.facts[j, LATEST],
                s.facts[j, WAITS] == 1,
            )
            if end >= NEVER:
                return IMPOSSIBLE, 0, 0
        else:
            if kind == SET_UP:
                setup = setup_seconds(lines, m, family, code)
            end = max(s.facts[j, READY], end + setup) + seconds
            if end > s.facts[j, LATEST]:
                return IMPOSSIBLE, 0, 0
        family, last = code, end
        if s.facts[j, SHARED] == 0:
            delta += completion_cost(s, j, end)
        elif end != old:
            put_on_trial(s, j, end)
        if setup > 0:
            delta += s.weights[SETUP] * setup
        if worst_counts:
            worst = max(worst, end - s.facts[j, DUE])
        if not fresh:
            delta -= s.money[j, COST]
            if end == old and not worst_counts:
                return delta, s.machines[m, LAST_END], worst
            if end >= old and delta > allowed:
                return IMPOSSIBLE, 0, 0
    return delta, last, worst


@inner
def put_on_trial(s: State, j: int, end: int) -> None:
    """Notes where a shared piece would end."""
    s.now[j, TRIAL] = end
    s.now[j, STAMP] = s.counts[CHANGE]
    job = s.facts[j, JOB]
    if s.jobs[job, TOUCHED_AT] != s.counts[CHANGE]:
        s.jobs[job, TOUCHED_AT] = s.counts[CHANGE]
        s.touched[s.counts[TOUCHED]] = job
        s.counts[TOUCHED] += 1


@inner
def begin(s: State) -> None:
    """Begins a new change: nothing is on trial."""
    s.counts[CHANGE] += 1
    s.counts[TOUCHED] = 0


@inner
def settle(s: State) -> float:
    """What the trial does to the cost of jobs of several pieces."""
    delta = 0.0
    for i in range(s.counts[TOUCHED]):
        job = s.touched[i]
        delta += job_cost(s, job, True) - s.job_cost[job]
    return delta


@inner
def job_cost(s: State, job: int, trial: bool) -> float:
    """What the end of a job of several pieces costs, now or with the ends on trial; 0 where a piece is not planned."""
    end = s.jobs[job, JOB_END]
    for j in range(s.jobs[job, JOB_FIRST], s.jobs[job, JOB_LAST]):
        if trial and s.now[j, STAMP] == s.counts[CHANGE]:
            end = max(end, s.now[j, TRIAL])
        elif s.now[j, OPTION] < 0:
            return 0.0
        else:
            end = max(end, s.now[j, END])
    return completion_cost(s, s.jobs[job, JOB_FIRST], end)
