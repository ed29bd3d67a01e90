"""The policy as an engine: the best of one greedy plan and many drawn ones."""

from __future__ import annotations

import time
from collections.abc import Sequence

from models.shop.alone import topological
from models.shop.calendar import Calendars
from models.shop.problem import Problem
from models.shop.schedule import Decision
from workers.engine import Limits, Report, Watch
from workers.ppo.build import from_problem
from workers.ppo.envelope import Fit, fit
from workers.ppo.environment import Environment
from workers.ppo.infer import Planner, Sample
from workers.ppo.policy import Policy, PolicyRefused
from workers.ppo.shop import Shop
from workers.ppo.step import REWARD
from workers.ppo.store import in_force

SAMPLES = 100
"""Plans made where the time is enough for them."""


MOST_REWARDED = 2000
"""With more operations the reward is not told: its scale is the plan of a rule, which takes a moment to make."""


class PpoEngine:
    """Plans a batch with the policy in force for the first objective level.

    Hands over to dispatch what the policy was not trained for. The same input, seed and policy give the same plan
    unless the deadline cuts the samples short.
    """

    name = "ppo"

    def solve(self, problem: Problem, jobs: Sequence[int], limits: Limits, watch: Watch) -> Report:
        """Plan the unfixed operations of ``jobs``."""
        begun = time.monotonic()
        try:
            policy, shop, numbers, how = chosen(problem, jobs, Calendars(problem))
        except PolicyRefused as error:
            return self._handed_over(str(error), begun)
        parameters: dict[str, object] = {
            "policy": policy.id,
            "policy_sha256": policy.sha256,
            "envelope_distance": round(min(how.distance, 99.0), 3),
        }
        if how.outside is not None:
            return self._handed_over(
                f"policy {policy.id} does not know such a problem: {how.outside}", begun, parameters
            )
        if not numbers:
            return Report(self.name, (), "feasible", seconds=time.monotonic() - begun, parameters=parameters)
        planner = Planner(shop, policy.weights)
        found = planner.best_of(SAMPLES, limits.seed, lambda: limits.seconds_left <= 0 or watch.cancelled())
        if found is None:
            return self._handed_over(f"policy {policy.id} had no time for a plan", begun, parameters)
        decisions = decided(problem, numbers, found.plan)
        parameters |= {
            "samples": found.tried,
            "decisions": found.decisions,
            "policy_seconds": round(time.monotonic() - begun, 4),
            "invalid_actions": invalid(problem, numbers, found.plan),
            "seed": limits.seed,
        }
        if len(numbers) <= MOST_REWARDED:
            parameters["reward"] = round(reward(shop, found.plan.value), 4)
        return Report(self.name, decisions, "feasible", seconds=time.monotonic() - begun, parameters=parameters)

    def _handed_over(self, why: str, begun: float, parameters: dict[str, object] | None = None) -> Report:
        seconds = time.monotonic() - begun
        return Report(self.name, (), "unknown", seconds=seconds, parameters=parameters or {}, handed_over=why)


def chosen(problem: Problem, jobs: Sequence[int], calendars: Calendars) -> tuple[Policy, Shop, list[int], Fit]:
    """The policy for some jobs of a problem, their shop, the numbers of its operations, and how it fits the policy.

    Raises PolicyRefused where there is no policy for the objective.
    """
    level = problem.objective[0] if problem.objective else {"makespan": 1000}
    tardy = any("tard" in term for term in level) and any(problem.jobs[job].due is not None for job in jobs)
    if not tardy and "makespan" not in level and not any("tard" in term for term in level):
        raise PolicyRefused(f"there is no policy for {' and '.join(level)}")
    policy = in_force("weighted_tardiness" if tardy else "makespan")
    shop, numbers = from_problem(problem, jobs, calendars, tardy=tardy)
    return policy, shop, numbers, fit(policy.envelope, problem, jobs, shop) if numbers else Fit(0.0, None)


def reward(shop: Shop, value: float) -> float:
    """How much better a complete plan of that value is than a rule's, in units of the reward."""
    environment = Environment()
    environment.begin(shop)
    if shop.tardy:
        return REWARD * (environment.rule_tardiness - value) / environment.tardiness_scale
    return REWARD * (environment.rule_makespan - value) / environment.makespan_scale


def decided(problem: Problem, numbers: Sequence[int], sample: Sample) -> tuple[Decision, ...]:
    """The decisions of a plan; what it could not place comes last, on fastest machines: replay says why not."""
    done = [
        Decision(numbers[operation], machine)
        for operation, machine in zip(sample.operations.tolist(), sample.machines.tolist(), strict=True)
    ]
    if len(done) < len(numbers):
        left = set(numbers) - {decision.operation for decision in done}
        for number in topological(problem, numbers):
            options = problem.operations[number].options
            if number in left and options:
                done.append(Decision(number, min(options, key=options.__getitem__)))
    return tuple(done)


def invalid(problem: Problem, numbers: Sequence[int], sample: Sample) -> int:
    """Choices that no plan may contain: a machine that is not eligible, an operation twice or before what it follows.

    Always 0, because the policy chooses among valid candidates only; counted all the same.
    """
    ours, done, wrong = set(numbers), set(), 0
    for operation, machine in zip(sample.operations.tolist(), sample.machines.tolist(), strict=True):
        number = numbers[operation]
        chosen_operation = problem.operations[number]
        early = any(before in ours and before not in done for before in chosen_operation.predecessors)
        wrong += machine not in chosen_operation.options or number in done or early
        done.add(number)
    return wrong
