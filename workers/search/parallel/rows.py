"""A plan as one row of pieces for each machine, and what changing a part of a row costs.

Every change is "the pieces at positions [low, high) of a machine's row become these". ``price`` says what that does to
the cost without doing it, ``change`` does it. Behind the change the row is replayed only until it meets its old times
again, or until it costs more than is allowed.
"""

from __future__ import annotations

from workers.search.kernel import inner, kernel
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
    HOT,
    HOT_AT,
    JOB,
    JOB_END,
    JOB_FIRST,
    JOB_LAST,
    LAST_END,
    LATE,
    LATEST,
    LENGTH,
    MACHINE,
    OF,
    OPTION,
    POSITION,
    READY,
    SECONDS,
    SETUP,
    SETUPS,
    SHARED,
    SQUARES,
    STAMP,
    SUM,
    TAKES,
    TARDY,
    TOUCHED,
    TOUCHED_AT,
    TRIAL,
    WAITS,
    WORST,
    WORST_LATE,
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


@inner
def lift(s: State, m: int, low: int, high: int) -> None:
    """Takes the cost of the pieces at positions [low, high) of a row out of the total, before they go elsewhere."""
    base = s.machines[m, BASE]
    for q in range(base + low, base + high):
        j = int(s.row[q])
        s.totals[SUM] -= s.money[j, COST]
        s.money[j, COST] = 0.0
        mark_hot(s, j, False)


@inner
def change(s: State, lines: Lines, openings: Openings, m: int, low: int, high: int, side: int, count: int) -> None:
    """Puts the pieces of the options ``fresh[side, :count]`` at positions [low, high) of a row with room for them.

    What stood there is lifted already (``lift``).
    """
    base, length = s.machines[m, BASE], s.machines[m, LENGTH]
    shift = count - (high - low)
    total = 0.0
    if shift > 0:
        for q in range(length - 1, high - 1, -1):
            move_to(s, base, q, q + shift)
    elif shift < 0:
        for q in range(high, length):
            move_to(s, base, q, q + shift)
    for q in range(count):
        option = s.fresh[side, q]
        j = s.options[option, OF]
        s.row[base + low + q] = j
        s.now[j, OPTION], s.now[j, SECONDS], s.now[j, CODE] = option, s.options[option, TAKES], s.options[option, AS]
        s.now[j, POSITION], s.now[j, MACHINE], s.now[j, END] = low + q, m, -1
    length += shift
    s.machines[m, LENGTH] = length
    end, family, gap = lines.end[m], lines.family[m], lines.gap[m]
    if low > 0:
        j = int(s.row[base + low - 1])
        end, family = s.now[j, END], s.now[j, CODE]
        gap = gap_at(lines, m, end)
    for q in range(low, length):
        j = int(s.row[base + q])
        _, end, setup, gap = append(
            lines,
            openings,
            m,
            end,
            family,
            gap,
            s.now[j, CODE],
            s.facts[j, READY],
            s.now[j, SECONDS],
            s.facts[j, LATEST],
            s.facts[j, WAITS] == 1,
        )
        family = s.now[j, CODE]
        cost = s.weights[SETUP] * setup
        if s.facts[j, SHARED] == 0:
            cost += completion_cost(s, j, end)
        total += cost - s.money[j, COST]
        s.money[j, COST] = cost
        same = end == s.now[j, END]
        s.now[j, END], s.now[j, SETUPS] = end, setup
        mark_hot(s, j, end > s.facts[j, DUE] and s.money[j, LATE] + s.money[j, TARDY] > 0)
        if same and q >= low + count:
            break
    s.totals[SUM] += total
    note_ends(s, m)
    note_slopes(s, m, low)


@inner
def note_slopes(s: State, m: int, low: int) -> None:
    """Adds up the slopes of a row from position ``low`` on."""
    base = s.machines[m, BASE]
    total = s.slope[base + low - 1] if low > 0 else 0.0
    for q in range(base + low, base + s.machines[m, LENGTH]):
        j = s.row[q]
        total += s.money[j, FLOW]
        if s.now[j, END] > s.facts[j, DUE]:
            total += s.money[j, LATE]
        s.slope[q] = total


@inner
def move_to(s: State, base: int, old: int, new: int) -> None:
    """Moves one piece within a row."""
    j = s.row[base + old]
    s.row[base + new] = j
    s.now[j, POSITION] = new


@inner
def note_ends(s: State, m: int) -> None:
    """Works out a machine's last end and greatest lateness after its row was changed."""
    base, length = s.machines[m, BASE], s.machines[m, LENGTH]
    last = s.now[s.row[base + length - 1], END] if length > 0 else 0
    before = s.machines[m, LAST_END]
    s.totals[SQUARES] += float(last) * last - float(before) * before
    s.machines[m, LAST_END] = last
    if s.weights[WORST] > 0:
        worst = -NEVER
        for q in range(base, base + length):
            worst = max(worst, s.now[s.row[q], END] - s.facts[s.row[q], DUE])
        s.machines[m, WORST_LATE] = worst


@inner
def mark_hot(s: State, j: int, hot: bool) -> None:
    """Puts a piece among the hot ones or takes it away."""
    at = s.now[j, HOT_AT]
    if hot and at < 0:
        s.now[j, HOT_AT] = s.counts[HOT]
        s.hot[s.counts[HOT]] = j
        s.counts[HOT] += 1
    elif not hot and at >= 0:
        s.counts[HOT] -= 1
        moved = s.hot[s.counts[HOT]]
        s.hot[at] = moved
        s.now[moved, HOT_AT] = at
        s.now[j, HOT_AT] = -1


@kernel
def replay(s: State, lines: Lines, openings: Openings) -> bool:
    """Works everything out anew from the rows and the pieces' options; False where a piece has no place."""
    s.totals[SUM] = s.totals[SQUARES] = 0.0
    s.counts[HOT] = 0
    for j in range(len(s.now)):
        s.now[j, HOT_AT] = -1
        s.money[j, COST] = 0.0
    begin(s)
    for m in range(len(s.machines)):
        base = s.machines[m, BASE]
        s.machines[m, LAST_END], s.machines[m, WORST_LATE] = 0, -NEVER
        for q in range(s.machines[m, LENGTH]):
            j = s.row[base + q]
            option = s.now[j, OPTION]
            s.now[j, SECONDS], s.now[j, CODE] = s.options[option, TAKES], s.options[option, AS]
            s.now[j, POSITION], s.now[j, MACHINE], s.now[j, END] = q, m, -1
        change(s, lines, openings, m, 0, 0, 0, 0)
        for q in range(base, base + s.machines[m, LENGTH]):
            if s.now[s.row[q], END] >= NEVER:
                return False
    for job in range(len(s.jobs)):
        s.job_cost[job] = 0.0
        if s.facts[s.jobs[job, JOB_FIRST], SHARED] == 1:
            s.job_cost[job] = job_cost(s, job, False)
            s.totals[SUM] += s.job_cost[job]
    return True
