"""First plans: by compiled rules where there are many jobs and the problem is theirs, else by the portfolio."""

from __future__ import annotations

import pytest

from models.shop.calendar import Calendars
from models.shop.generate import factory
from models.shop.parse import parse
from models.shop.validator import validate
from workers import first
from workers.engine import Limits


@pytest.mark.parametrize(("features", "theirs"), [({}, True), ({"routings": True}, False)])
@pytest.mark.parametrize("compiled", [True, False])
def test_every_job_is_in_a_valid_plan(
    features: dict[str, bool], theirs: bool, compiled: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = []
    planner = first.load_quick_planner()
    monkeypatch.setattr(first, "FEW_JOBS", 10)
    monkeypatch.setattr(
        first, "load_quick_planner", lambda: lambda *a: asked.append(planner(*a) is not None) or planner(*a)
    )
    problem = parse(factory(60, 20, **features))
    plan = first.first_schedule(problem, Calendars(problem), Limits.within(0.0), compiled=compiled)
    assert validate(problem, plan).valid
    assert not plan.unscheduled
    assert asked == ([theirs] if compiled else [])
