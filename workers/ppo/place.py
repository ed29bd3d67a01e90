"""Where an operation would run on a machine, and what changes when it does: the timeline's rules, compiled."""

from __future__ import annotations

from workers.ppo.kernel import inner
from workers.ppo.shop import NO_DUE, Shop, State
from workers.search.opening import NEVER, finish, fit, next_open

WAITING, LEFT, PLANNED, SHOWN, SEEN = 0, 1, 2, 3, 4
WORK, TARDINESS, MAKESPAN, NOW, FIRST_END, LAST_END = 0, 1, 2, 3, 4, 5


@inner
def setup_seconds(shop: Shop, state: State, operation: int, machine: int) -> int:
    """The setup that the operation would need next on the machine."""
    matrix = shop.matrix[machine]
    before, after = state.family[machine], shop.family[operation]
    if matrix < 0 or before < 0 or after < 0:
        return 0
    return shop.setup[matrix, before, after]


@inner
def probe(shop: Shop, state: State, operation: int, option: int) -> tuple[int, int, int]:
    """Start, end and setup seconds of an operation placed next on the machine of an option; NEVER where it never fits.

    As ``Timeline.probe`` has it for work without operators, around no fixed work.
    """
    machine, seconds = shop.machine[option], shop.seconds[option]
    free, setup = state.free[machine], setup_seconds(shop, state, operation, machine)
    opening = shop.opening[machine]
    if opening < 0:
        start = max(state.ready[operation], free + setup)
        return start, start + seconds, setup
    start = max(state.ready[operation], finish(shop.openings, opening, free, setup) if setup > 0 else free)
    if shop.whole[operation]:
        start = fit(shop.openings, opening, start, seconds)
        return start, start + seconds if start < NEVER else NEVER, setup
    start = next_open(shop.openings, opening, start)
    return start, finish(shop.openings, opening, start, seconds) if start < NEVER else NEVER, setup


@inner
def seek(shop: Shop, state: State, operation: int) -> None:
    """Finds the operation's least start and its two least completions anew, and its job's lower bound."""
    soonest, best, second = NEVER, NEVER, NEVER
    for option in range(shop.first[operation], shop.first[operation + 1]):
        start, end, _ = probe(shop, state, operation, option)
        soonest = min(soonest, start)
        if end < best:
            second, best = best, end
        elif end < second:
            second = end
    state.soonest[operation], state.best[operation], state.second[operation] = soonest, best, second
    if best < NEVER:
        job = shop.job[operation]
        bound = best + shop.tail[operation]
        # of several operations of a job that wait at once, the latest counts
        raise_bound(
            shop, state, job, bound if shop.chain[operation] == state.left[job] else max(bound, state.bound[job])
        )


@inner
def raise_bound(shop: Shop, state: State, job: int, bound: int) -> None:
    """Sets the lower bound of a job's completion, and with it the one of weighted tardiness."""
    due = shop.due[job]
    if due < NO_DUE:
        late, later = max(0, state.bound[job] - due), max(0, bound - due)
        state.values[TARDINESS] += shop.weight[job] * (later - late)
    state.bound[job] = bound


@inner
def admit(shop: Shop, state: State, operation: int) -> None:
    """The operation waits for a machine from now on."""
    state.place[operation] = state.counts[WAITING]
    state.waiting[state.counts[WAITING]] = operation
    state.counts[WAITING] += 1
    seek(shop, state, operation)


@inner
def append(shop: Shop, state: State, operation: int, machine: int, start: int, end: int) -> None:
    """Places the operation; what it makes ready is admitted, what its machine may run is looked at anew."""
    count = state.counts[PLANNED]
    state.done[count], state.done_on[count] = operation, machine
    state.done_start[count], state.done_end[count] = start, end
    state.counts[PLANNED] += 1
    state.counts[LEFT] -= 1
    _leave(state, operation)
    _occupy(shop, state, machine, end)
    state.family[machine] = shop.family[operation]
    first, last = shop.first[operation], shop.first[operation + 1]
    for option in range(first, last):
        state.load[shop.machine[option]] -= shop.shortest[operation] / (last - first)
    state.values[WORK] -= shop.shortest[operation]
    state.values[LAST_END] = max(state.values[LAST_END], float(end))
    job = shop.job[operation]
    state.left[job] -= 1
    state.end[job] = max(state.end[job], end)
    if state.left[job] == 0:
        raise_bound(shop, state, job, state.end[job])
    for user in range(shop.user_first[machine], shop.user_first[machine + 1]):
        other = shop.user[user]
        if state.place[other] >= 0:
            seek(shop, state, other)
    for at in range(shop.next_first[operation], shop.next_first[operation + 1]):
        other = shop.after[at]
        state.ready[other] = max(state.ready[other], end + shop.delay[other])
        state.waits[other] -= 1
        if state.waits[other] == 0:
            admit(shop, state, other)


@inner
def _leave(state: State, operation: int) -> None:
    at = state.place[operation]
    state.counts[WAITING] -= 1
    last = state.waiting[state.counts[WAITING]]
    state.waiting[at] = last
    state.place[last] = at
    state.place[operation] = -1


@inner
def _occupy(shop: Shop, state: State, machine: int, end: int) -> None:
    """The lane that is free first is taken until ``end``."""
    first, last = shop.lane_first[machine], shop.lane_first[machine + 1]
    taken = first
    for lane in range(first, last):
        if state.lane[lane] < state.lane[taken]:
            taken = lane
    state.lane[taken] = end
    free = end
    for lane in range(first, last):
        free = min(free, state.lane[lane])
    state.free[machine] = free


@inner
def begin(shop: Shop, state: State) -> None:
    """Empties the plan."""
    state.counts[:] = 0
    state.values[:] = 0.0
    state.counts[LEFT] = len(shop.job)
    for lane in range(len(shop.lane_free)):
        state.lane[lane] = shop.lane_free[lane]
    for job in range(len(shop.due)):
        state.end[job] = state.bound[job] = 0
        state.left[job] = shop.size[job]
    for operation in range(len(shop.job)):
        state.ready[operation], state.waits[operation] = shop.release[operation], shop.waits[operation]
        state.place[operation] = -1
    for machine in range(len(shop.opening)):
        free = state.lane[shop.lane_first[machine]]
        for lane in range(shop.lane_first[machine], shop.lane_first[machine + 1]):
            free = min(free, state.lane[lane])
        state.free[machine], state.family[machine], state.load[machine] = free, shop.last_family[machine], 0.0
    for operation in range(len(shop.job)):
        first, last = shop.first[operation], shop.first[operation + 1]
        for option in range(first, last):
            state.load[shop.machine[option]] += shop.shortest[operation] / (last - first)
        state.values[WORK] += shop.shortest[operation]
        if shop.waits[operation] == 0:
            admit(shop, state, operation)
