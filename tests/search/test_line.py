"""Compiled open time and lines against the plain ones in ``models.shop``."""

from __future__ import annotations

from typing import Any

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from models.shop.calendar import Calendars
from models.shop.fixed_work import lines as standing_lines
from models.shop.fixed_work import standing
from models.shop.parse import parse
from models.shop.problem import MAX_SECONDS
from tests.strategies import problems
from workers.search import opening as compiled
from workers.search.line import append, build_lines, earliest
from workers.search.opening import ALWAYS, NEVER, expand

HOUR = 3600
HORIZON = 60 * 24 * HOUR

instants = st.integers(0, 12 * 24 * HOUR) | st.integers(0, 12 * 24 * 4).map(lambda quarter: quarter * 900)
durations = st.integers(0, 40 * HOUR) | st.sampled_from([0, 1, 900, HOUR, 8 * HOUR])


def within(value: int | None) -> int | None:
    """What a horizon of the compiled kind still knows."""
    return None if value is None or value > HORIZON - 1 else value


def known(value: int) -> int | None:
    return within(None if value >= NEVER else value)


@settings(max_examples=40, deadline=None)
@given(problems(max_jobs=1), st.lists(st.tuples(instants, durations), min_size=1, max_size=12))
def test_openings_answer_like_open_time(document: dict[str, Any], questions: list[tuple[int, int]]) -> None:
    problem = parse(document)
    calendars = Calendars(problem)
    times = [calendars.machine(machine) for machine in range(len(problem.machines))]
    openings, numbers = expand(times, HORIZON)
    for opened in times:
        opening = numbers[id(opened)]
        assert (opening == ALWAYS) == opened.always
        for t, seconds in questions:
            assert known(compiled.next_open(openings, opening, t)) == within(opened.next_open(t))
            assert known(compiled.finish(openings, opening, t, seconds)) == within(opened.finish(t, seconds))
            assert compiled.between(openings, opening, t, t + seconds) == opened.between(t, t + seconds)
            start = opened.fit(t, seconds)
            assert start is None or start + seconds >= HORIZON or compiled.fit(openings, opening, t, seconds) == start


def test_an_opening_that_never_opens() -> None:
    openings = compiled.Openings(np.zeros(2, np.int64), *(np.zeros(0, np.int64) for _ in range(3)))
    assert compiled.next_open(openings, 0, 5) == NEVER
    assert compiled.finish(openings, 0, 5, 1) == NEVER
    assert compiled.finish(openings, 0, 5, 0) == 5
    assert compiled.fit(openings, 0, 5, 1) == NEVER
    assert compiled.between(openings, 0, 0, 100) == 0


def test_always_open_ends_with_all_plans() -> None:
    openings, _ = expand([], HORIZON)
    assert compiled.finish(openings, ALWAYS, MAX_SECONDS - 5, 5) == MAX_SECONDS
    assert compiled.finish(openings, ALWAYS, MAX_SECONDS - 5, 6) == NEVER
    assert compiled.next_open(openings, ALWAYS, MAX_SECONDS) == NEVER


@settings(max_examples=80, deadline=None)
@given(problems(max_jobs=6), st.data())
def test_lines_place_like_the_timeline(document: dict[str, Any], data: st.DataObject) -> None:
    """A random row of operations on each machine: every place, and the line's state, is the same."""
    problem = parse(document)
    calendars = Calendars(problem)
    plain = standing_lines(problem, calendars, standing(problem, calendars))
    lines, openings, families = build_lines(problem, calendars, HORIZON)
    for machine, line in enumerate(plain):
        able = [operation for operation in problem.operations if machine in operation.options]
        if problem.machines[machine].capacity > 1 or not able:
            continue
        end, family, gap = int(lines.end[machine]), int(lines.family[machine]), int(lines.gap[machine])
        for operation in data.draw(st.lists(st.sampled_from(able), max_size=6)):
            ready = data.draw(instants)
            latest = data.draw(st.just(MAX_SECONDS) | instants)
            seconds = operation.options[machine]
            spot = line.earliest(
                operation.family_id, ready, seconds, latest, line.opened, interruptible=operation.interruptible
            )
            code = families.code(machine, operation.family_id)
            asked = (code, ready, seconds, latest, operation.interruptible)
            *found, setup = earliest(lines, openings, machine, end, family, gap, *asked, lines.opening[machine])
            if spot is None or spot[1] >= HORIZON:
                assert found[1] >= NEVER or found[1] >= HORIZON
                continue
            assert (*found, setup) == spot
            start, end, setup, gap = append(lines, openings, machine, end, family, gap, *asked)
            family = code
            assert (start, end, setup) == spot
            line.append(spot[0], spot[1], operation.family_id)
            assert gap == line.gap
