"""Rules that a request drops."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from models.shop.problem import Calendar, Problem, Span
from models.shop.relax import relaxed
from tests.build import HOUR, at, job, machine, problem

RULES = ["lcd_hard", "skill", "setup", "end_before", "release", "calendar:day"]


def shop(*relax: str) -> Problem:
    closed = [{"from": at(1), "to": at(2)}]
    fields: dict[str, Any] = {
        "calendars": {"day": {"weekly": [], "closed": closed}, "night": {"weekly": []}},
        "operators": [{"operator_id": "O1", "skills": {"weld": 2}, "calendar": "day", "absent": closed}],
        "setup_matrices": {"paint": {"default": 1}},
    }
    stated = job(
        "A",
        1,
        ["M1"],
        skill={"skill": "weld", "level": 2},
        release_date=at(3),
        lcd_date=at(-1),
        lcd_hard=True,
        end_before=at(9),
    )
    machines = [machine("M1", calendar="day", closed=closed, setup_matrix="paint")]
    return problem([stated], machines, options={"relax": list(relax)}, **fields)


def test_nothing_is_relaxed_unasked() -> None:
    assert relaxed(shop()) == shop()


def test_skill() -> None:
    (only,) = relaxed(shop("skill")).operations
    assert (only.skill, only.skill_level) == (None, 1)


def test_setup() -> None:
    assert [m.setup_matrix for m in relaxed(shop("setup")).machines] == [None]


def test_end_before() -> None:
    assert [o.end_before for o in relaxed(shop("end_before")).operations] == [None]


def test_release_keeps_the_stated_date() -> None:
    (first,) = relaxed(shop("release")).jobs
    assert (first.release, first.earliest) == (3 * HOUR, 0)


def test_lcd_hard_keeps_the_due_date() -> None:
    (first,) = relaxed(shop("lcd_hard")).jobs
    assert (first.due, first.due_hard) == (-HOUR, False)


def test_a_relaxed_calendar_is_always_open_while_own_closures_stand() -> None:
    made = relaxed(shop("calendar:day"))
    assert made.calendars == {"day": Calendar("day"), "night": Calendar("night", weekly=())}
    assert made.machines[0].closed == made.operators[0].absent == (Span(HOUR, 2 * HOUR),)


@pytest.mark.parametrize("rule", RULES)
def test_each_relaxed_rule_is_named_in_one_warning_and_nothing_else_changes(rule: str) -> None:
    made, stated = relaxed(shop(rule)), shop(rule)
    assert made.warnings[: len(stated.warnings)] == stated.warnings
    (warning,) = made.warnings[len(stated.warnings) :]
    assert rule.removeprefix("calendar:") in warning
    parts = {"skill": "operations", "end_before": "operations", "setup": "machines", "calendar:day": "calendars"}
    part = parts.get(rule, "jobs")
    assert replace(made, warnings=stated.warnings, **{part: getattr(stated, part)}) == stated


def test_relaxing_again_changes_nothing() -> None:
    made = relaxed(shop(*RULES))
    assert len(made.warnings) == 1 + len(RULES)
    assert relaxed(made) == made
