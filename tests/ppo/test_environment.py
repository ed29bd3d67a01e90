"""The compiled shop: the timeline's rules, candidates that are always valid, rewards that add up, features in range."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from models.shop.calendar import Calendars
from models.shop.faults import InvalidProblem
from models.shop.objective import evaluate
from models.shop.parse import parse
from models.shop.problem import Problem
from models.shop.relax import relaxed
from models.shop.schedule import Decision
from models.shop.timeline import replay
from tests.ppo.shops import plant
from tests.strategies import problems
from workers.ppo.build import from_problem
from workers.ppo.environment import Environment
from workers.ppo.generate import KINDS, MadeUp
from workers.ppo.observation import EACH, FEATURES, GLOBAL, GLOBALS, SIZE, schema_hash
from workers.ppo.place import SHOWN
from workers.ppo.rules import RULES, by_rule, seeded
from workers.ppo.shop import CANDIDATES, new_state
from workers.ppo.step import MAKESPAN_SHARE, REWARD

FEATURES_OF_PLANTS: list[dict[str, Any]] = [
    {},
    {"setups": True},
    {"routings": True},
    {"calendars": True},
    {"setups": True, "routings": True, "calendars": True},
]


def at_random(problem: Problem, seed: int, *, tardy: bool) -> tuple[Environment, list[Decision]]:
    """An episode of random candidates, and its decisions."""
    shop, numbers = from_problem(problem, range(len(problem.jobs)), Calendars(problem), tardy=tardy)
    environment, rng = Environment(), np.random.default_rng(seed)
    environment.begin(shop)
    decisions = []
    while not environment.done:
        at = int(rng.integers(environment.state.counts[SHOWN]))
        decisions.append(Decision(numbers[environment.state.operation[at]], int(environment.state.to[at])))
        environment.step(at)
    return environment, decisions


@pytest.mark.parametrize("has", FEATURES_OF_PLANTS, ids=lambda has: "+".join(has) or "plain")
@pytest.mark.parametrize("tardy", [False, True])
def test_the_compiled_shop_keeps_the_timelines_times(has: dict[str, Any], tardy: bool) -> None:
    problem = plant(40, 12, **has)
    environment, decisions = at_random(problem, 5, tardy=tardy)
    assert environment.complete
    schedule = replay(problem, decisions)
    assert not schedule.unscheduled
    ends = {a.operation: a.end for a in schedule.assignments}
    assert [ends[decision.operation] for decision in decisions] == environment.state.done_end.tolist()
    assert environment.makespan == max(ends.values())
    late = evaluate(plant(40, 12, objective=["weighted_tardiness"], **has), schedule)[1]
    assert environment.tardiness * 1_000_000 == pytest.approx(late, rel=1e-9)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])
@given(problems(), st.integers(0, 100))
def test_any_problem_can_be_played_to_its_end(document: dict[str, Any], seed: int) -> None:
    try:
        problem = relaxed(parse(document))
    except InvalidProblem:
        return
    environment, decisions = at_random(problem, seed, tardy=bool(seed % 2))
    assert len({decision.operation for decision in decisions}) == len(decisions)
    schedule = replay(problem, decisions)
    plain = not problem.fixed and not problem.operators
    plain = plain and not any(o.skill or o.end_before is not None for o in problem.operations)
    if plain and environment.complete and not schedule.unscheduled:
        ends = {a.operation: a.end for a in schedule.assignments}
        assert [ends[decision.operation] for decision in decisions] == environment.state.done_end.tolist()


@pytest.mark.parametrize("tardy", [False, True])
@pytest.mark.parametrize("kind", KINDS)
def test_rewards_add_up_and_features_stay_in_range(kind: str, tardy: bool) -> None:
    rng, environment = np.random.default_rng(3), Environment()
    least = np.array([f.least for f in GLOBAL] + [f.least for f in EACH] * CANDIDATES)
    most = np.array([f.most for f in GLOBAL] + [f.most for f in EACH] * CANDIDATES)
    for _ in range(5):
        environment.begin(MadeUp(tardy=tardy).draw(rng, kind))
        before, total = (environment.makespan, environment.tardiness), 0.0
        while not environment.done:
            assert environment.seen.shape == (SIZE,)
            assert (environment.seen >= least - 1e-6).all() and (environment.seen <= most + 1e-6).all()
            assert environment.mask.sum() == environment.state.counts[SHOWN]
            assert (environment.seen[GLOBALS::FEATURES][:CANDIDATES] == environment.mask).all()
            total += environment.step(int(rng.integers(environment.mask.sum())))
        assert environment.complete
        longer = (environment.makespan - before[0]) / environment.makespan_scale
        later = (environment.tardiness - before[1]) / environment.tardiness_scale
        expected = later + MAKESPAN_SHARE * longer if tardy else longer
        assert total == pytest.approx(-REWARD * expected, abs=1e-6)


def test_what_is_no_candidate_is_refused() -> None:
    environment = Environment()
    environment.begin(MadeUp(tardy=False).draw(np.random.default_rng(0), "sd1"))
    shown = int(environment.state.counts[SHOWN])
    with pytest.raises(ValueError, match=f"one of {shown} candidates"):
        environment.step(shown)
    with pytest.raises(ValueError, match="candidates"):
        environment.step(-1)


def test_every_rule_ends_with_a_whole_plan_no_better_than_the_bound() -> None:
    shop = MadeUp(tardy=False).draw(np.random.default_rng(1), "hurink")
    environment, state = Environment(), new_state(shop)
    environment.begin(shop)
    for number in range(len(RULES)):
        makespan, _ = by_rule(shop, state, number, seeded(1))
        assert makespan >= environment.bound
        assert sorted(state.done.tolist()) == list(range(len(shop.job)))


def test_the_same_seed_draws_the_same_shops() -> None:
    for kind in KINDS:
        one, other = (MadeUp(tardy=True).draw(np.random.default_rng(7), kind) for _ in range(2))
        assert (one.seconds == other.seconds).all() and (one.due == other.due).all()


def test_features_have_names_of_their_own() -> None:
    names = [(feature.group, feature.name) for feature in (*GLOBAL, *EACH)]
    assert len(set(names)) == len(names)
    assert EACH[0].name == "present"
    assert len(schema_hash()) == 64


def test_the_page_lists_every_feature() -> None:
    page = (Path(__file__).parents[2] / "docs" / "policy.md").read_text()
    for f in (*GLOBAL, *EACH):
        assert f"| {f.group} | `{f.name}` | {f.formula} | {f.least:g} to {f.most:g} |" in page
