"""Steps of an episode: the policy chooses a candidate, the shop takes it, and the reward says what that cost.

The reward is what the choice added to a lower bound of the objective, negative and scaled; over an episode it adds up
to the objective's final value less the bound of the empty plan. So a choice is blamed at once for what it makes sure,
and no discount is needed.
"""

from __future__ import annotations

from workers.ppo.kernel import inner, kernel
from workers.ppo.observation import observe
from workers.ppo.place import LEFT, MAKESPAN, TARDINESS, append, begin, probe
from workers.ppo.shop import Bools, Shop, Singles, State

REWARD = 3.0
"""What an objective as large as its scale costs in all."""

MAKESPAN_SHARE = 0.05
"""What the makespan counts beside weighted tardiness, so that of plans without any lateness the shorter is better."""


@kernel
def reset(shop: Shop, state: State, seen: Singles, mask: Bools) -> None:
    """Empties the plan and looks at the shop."""
    begin(shop, state)
    observe(shop, state, seen, mask)


@kernel
def step(
    shop: Shop, state: State, seen: Singles, mask: Bools, action: int, makespan_scale: float, tardiness_scale: float
) -> float:
    """Places candidate ``action`` and looks at the shop again; returns the reward. Scales in the objective's units."""
    makespan, tardiness = state.values[MAKESPAN], state.values[TARDINESS]
    take(shop, state, action)
    observe(shop, state, seen, mask)
    longer = (state.values[MAKESPAN] - makespan) / makespan_scale
    if not shop.tardy:
        return -REWARD * longer
    later = (state.values[TARDINESS] - tardiness) / tardiness_scale
    return -REWARD * (later + MAKESPAN_SHARE * longer)


@kernel
def place(shop: Shop, state: State, seen: Singles, mask: Bools, operation: int, machine: int) -> None:
    """Places a ready operation next on one of its machines, candidate or not, and looks at the shop again."""
    for option in range(shop.first[operation], shop.first[operation + 1]):
        if shop.machine[option] == machine:
            start, end, _ = probe(shop, state, operation, option)
            append(shop, state, operation, machine, start, end)
            break
    observe(shop, state, seen, mask)


@inner
def take(shop: Shop, state: State, at: int) -> None:
    """Places a candidate."""
    append(shop, state, state.operation[at], state.to[at], state.start[at], state.finish[at])


@inner
def ended(state: State) -> bool:
    """Whether all is planned."""
    return state.counts[LEFT] == 0
