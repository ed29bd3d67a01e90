"""A plan as one row of pieces for each machine, and what follows from changing a part of a row.

The pieces at positions [low, high) of a machine's row become others (``price`` says what that costs). Behind the change
the row is replayed until it meets its old times again.
"""

from __future__ import annotations

from workers.search.kernel import inner, kernel
from workers.search.line import Lines, append, gap_at
from workers.search.opening import NEVER, Openings
from workers.search.parallel.price import begin, completion_cost, job_cost
from workers.search.parallel.state import (
    AS,
    BASE,
    CODE,
    COST,
    DUE,
    END,
    FLOW,
    HOT,
    HOT_AT,
    JOB_FIRST,
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
    SUM,
    TAKES,
    TARDY,
    WAITS,
    WORST,
    WORST_LATE,
    State,
)


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
