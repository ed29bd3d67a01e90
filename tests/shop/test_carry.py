"""The plan in force becomes the fixed work and the decisions of the problem that starts now."""

from __future__ import annotations

from random import Random

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from models.shop.calendar import Calendars
from models.shop.canonical import canonical_bytes
from models.shop.carry import Actual, Carried, carry
from models.shop.objective import measure
from models.shop.parse import load, parse
from models.shop.problem import FixedWork, Problem
from models.shop.relax import relaxed
from models.shop.schedule import Decision, Schedule
from models.shop.shifted import onto, shifted
from models.shop.timeline import replay
from models.shop.validator import validate
from tests.build import HOUR, at, job, machine, operation, problem
from tests.strategies import Document, problems

PAINT = {"paint": {"default": 1, "changes": []}}
DAY = {"day": {"weekly": [{"days": ["mon", "tue", "wed", "thu", "fri"], "from": "00:00", "to": "08:00"}]}}


def line() -> tuple[Problem, Schedule]:
    """Three jobs of two, four and three hours one after another on M1, which M2 could do as well."""
    both = ["M1", "M2"]
    jobs = [job("A", 2, both), job("B", 4, both), job("C", 3, both)]
    made = problem(jobs, ["M1", "M2"])
    return made, replay(made, [Decision(0, 0), Decision(1, 0), Decision(2, 0)])


def replayed(carried: Carried) -> Schedule:
    schedule = replay(carried.problem, carried.decisions)
    assert validate(carried.problem, schedule).violations == ()
    return schedule


def spans(schedule: Schedule) -> dict[int, tuple[float, float]]:
    return {row.operation: (row.start / HOUR, row.end / HOUR) for row in schedule.assignments}


def test_what_ended_is_completed_what_goes_on_runs_and_the_rest_is_decided() -> None:
    made, plan = line()
    carried = carry(made, plan, now=3 * HOUR)
    assert carried.problem.start.isoformat() == at(3)
    assert carried.problem.fixed == (
        FixedWork(0, 0, -3 * HOUR, completed=True, end=-1 * HOUR),
        FixedWork(1, 0, -1 * HOUR, remaining=3 * HOUR),
    )
    assert carried.decisions == (Decision(2, 0),)
    assert spans(replayed(carried)) == {0: (-3, -1), 1: (-1, 3), 2: (3, 6)}


def test_what_starts_within_the_frozen_time_is_pinned() -> None:
    made, plan = line()
    carried = carry(made, plan, now=HOUR, frozen=2 * HOUR)
    assert carried.problem.fixed[1:] == (FixedWork(1, 0, HOUR),)
    assert carried.decisions == (Decision(2, 0),)


def test_the_reference_is_what_of_the_plan_has_not_begun() -> None:
    made, plan = line()
    carried = carry(made, plan, now=3 * HOUR)
    assert [(row.operation, row.machine, row.start) for row in carried.problem.reference] == [(2, 0, 3 * HOUR)]
    assert measure(carried.problem, replayed(carried)).changes == 0


def test_a_now_before_second_zero_changes_nothing_but_the_reference() -> None:
    made, plan = line()
    carried = carry(made, plan, now=-5 * HOUR)
    assert carried.problem.start == made.start
    assert carried.problem.fixed == ()
    assert spans(replayed(carried)) == spans(plan)


def test_dates_closures_and_calendars_stay_where_they_are() -> None:
    made = problem(
        [job("A", 9, ["M1"], release_date=at(2), lcd_date=at(10), start_after=at(3), end_before=at(200))],
        [machine("M1", calendar="day", closed=[{"from": at(1), "to": at(4)}])],
        calendars=DAY | {"day": DAY["day"] | {"extra": [{"from": at(8), "to": at(9)}]}},
    )
    moved = shifted(made, HOUR)
    first, second = moved.jobs[0], moved.operations[0]
    assert (first.release, first.earliest, first.due) == (HOUR, HOUR, 9 * HOUR)
    assert (second.start_after, second.end_before) == (2 * HOUR, 199 * HOUR)
    was, now = Calendars(made).machine(0), Calendars(moved).machine(0)
    assert [(a - HOUR, b - HOUR) for a, b in was.intervals(HOUR, 200 * HOUR)] == now.intervals(0, 199 * HOUR)


class TestActuals:
    def test_work_that_ended_early_or_late_is_completed_as_told(self) -> None:
        made, plan = line()
        carried = carry(made, plan, [Actual(0, "finished", 1, ((0, 2 * HOUR + 60),))], now=3 * HOUR)
        assert carried.problem.fixed[0] == FixedWork(0, 1, -3 * HOUR, completed=True, end=-HOUR + 60)

    def test_work_that_runs_late_pushes_what_was_planned_behind_it(self) -> None:
        made, plan = line()
        carried = carry(made, plan, [Actual(0, "running", 0, ((HOUR, None),))], now=2 * HOUR)
        assert carried.problem.fixed == (FixedWork(0, 0, -HOUR, remaining=HOUR),)
        assert spans(replayed(carried)) == {0: (-1, 1), 1: (1, 5), 2: (5, 8)}

    def test_what_is_planned_within_the_frozen_time_behind_late_work_is_not_pinned_on_top_of_it(self) -> None:
        made, plan = line()
        carried = carry(made, plan, [Actual(0, "running", 0, ((HOUR, None),))], now=HOUR, frozen=4 * HOUR)
        assert [work.operation for work in carried.problem.fixed] == [0]

    def test_overdue_work_has_a_second_left(self) -> None:
        made, plan = line()
        carried = carry(made, plan, [Actual(0, "running", 0, ((0, None),))], now=5 * HOUR)
        assert carried.problem.fixed == (FixedWork(0, 0, -5 * HOUR, remaining=1),)

    def test_what_is_left_counts_where_it_is_told(self) -> None:
        made, plan = line()
        carried = carry(made, plan, [Actual(0, "running", 0, ((0, None),), left=(HOUR, 3 * HOUR))], now=2 * HOUR)
        assert carried.problem.fixed == (FixedWork(0, 0, -2 * HOUR, remaining=2 * HOUR),)

    def test_pauses_do_not_count_as_work(self) -> None:
        made, plan = line()
        stretches = ((0, HOUR), (2 * HOUR, None))
        carried = carry(made, plan, [Actual(1, "running", 1, stretches)], now=3 * HOUR)
        assert carried.problem.fixed[0] == FixedWork(1, 1, -3 * HOUR, remaining=2 * HOUR)

    def test_paused_work_is_planned_again_for_the_time_it_has_left(self) -> None:
        made, plan = line()
        carried = carry(made, plan, [Actual(0, "paused", 1, ((0, HOUR),))], now=HOUR)
        assert carried.problem.operations[0].options == {1: HOUR}
        assert carried.decisions[0] == Decision(0, 1)
        assert spans(replayed(carried))[0] == (0, 1)

    def test_scrapped_work_is_done_again_from_the_beginning(self) -> None:
        made, plan = line()
        carried = carry(made, plan, [Actual(0, "scrapped", 0, ((0, HOUR),))], now=HOUR)
        assert carried.problem.fixed == ()
        assert spans(replayed(carried))[0] == (0, 2)

    def test_what_the_plant_does_not_tell_of_has_not_begun_where_nothing_is_assumed(self) -> None:
        made, plan = line()
        carried = carry(made, plan, now=3 * HOUR, assume=False)
        assert carried.problem.fixed == ()
        assert spans(replayed(carried)) == {0: (0, 2), 1: (2, 6), 2: (6, 9)}

    def test_successors_of_what_has_not_ended_have_not_begun(self) -> None:
        steps = [operation("1", 1, ["M1"]), operation("2", 1, ["M2"])]
        made = problem([job("A", operations=steps)], ["M1", "M2"])
        plan = replay(made, [Decision(0, 0), Decision(1, 1)])
        carried = carry(made, plan, [Actual(0, "running", 0, ((HOUR, None),))], now=2 * HOUR)
        assert [work.operation for work in carried.problem.fixed] == [0]


class TestSetups:
    def painted(self) -> tuple[Problem, Schedule]:
        jobs = [job("A", 2, ["M1"], family_id="red"), job("B", 2, ["M1"], family_id="blue")]
        made = problem(jobs, [machine("M1", setup_matrix="paint", initial_family="blue")], setup_matrices=PAINT)
        return made, replay(made, [Decision(0, 0), Decision(1, 0)])

    def test_the_family_is_that_of_what_was_done_last(self) -> None:
        made, plan = self.painted()
        carried = carry(made, plan, now=3 * HOUR)
        assert carried.problem.machines[0].initial_family == "red"

    def test_a_setup_under_way_goes_on_and_is_not_begun_again(self) -> None:
        made, plan = self.painted()
        assert spans(plan) == {0: (1, 3), 1: (4, 6)}
        carried = carry(made, plan, now=3 * HOUR + HOUR // 2)
        shop = carried.problem.machines[0]
        assert shop.initial_family == "blue"
        assert [(span.start, span.end) for span in shop.closed] == [(0, HOUR // 2)]
        assert spans(replayed(carried))[1] == (0.5, 2.5)


class TestPins:
    def test_pinned_work_stays_where_it_is(self) -> None:
        made, plan = line()
        pinned = carry(made, plan, now=0, frozen=3 * HOUR).problem
        again = carry(pinned, replay(pinned, [Decision(2, 0)]), now=HOUR)
        assert again.problem.fixed == (FixedWork(0, 0, -HOUR, remaining=HOUR), FixedWork(1, 0, HOUR))

    def test_only_the_pins_that_are_named_stay(self) -> None:
        made, plan = line()
        pinned = carry(made, plan, now=0, frozen=3 * HOUR).problem
        again = carry(pinned, replay(pinned, [Decision(2, 0)]), now=HOUR, pins=())
        assert [work.operation for work in again.problem.fixed] == [0]
        assert again.decisions == (Decision(1, 0), Decision(2, 0))


def test_lots_that_are_left_become_one_rest() -> None:
    made = problem([job("A", 6, ["M1"], max_lots=3)])
    lots = [Decision(0, 0, None, lot, share) for lot, share in ((1, 400_000), (2, 300_000), (3, 300_000))]
    carried = carry(made, replay(made, lots), now=3 * HOUR)
    assert [(work.lot, work.completed) for work in carried.problem.fixed] == [(1, True), (2, False)]
    assert replayed(carried).assignments[-1].share == 300_000


def test_a_plan_is_put_onto_another_problem_by_its_ids() -> None:
    made, plan = line()
    jobs = [job("C", 3, ["M2", "M1"]), job("A", 2, ["M2"]), job("N", 1, ["M2"])]
    other = problem(jobs, ["M2", "M1"], schedule_start=at(3))
    found = onto(other, made, plan)
    assert [(row.operation, row.machine, row.start) for row in found.assignments] == [(0, 1, 3 * HOUR)]


def _planned(document: Document, seed: int) -> tuple[Problem, Schedule]:
    """A plan with operations in an order that keeps precedence, on random machines."""
    made = relaxed(parse(document))
    random = Random(seed)
    order = [n for one in random.sample(list(made.jobs), len(made.jobs)) for n in one.operations]
    return made, replay(made, [Decision(n, random.choice(sorted(made.operations[n].options))) for n in order])


@settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
@given(problems(), st.integers(0, 99), st.integers(0, 40 * HOUR), st.sampled_from((0, HOUR, 12 * HOUR)))
def test_a_plan_that_was_followed_is_carried_without_delay(
    document: Document, seed: int, now: int, frozen: int
) -> None:
    document.pop("fixed", None)
    for matrix in document.get("setup_matrices", {}).values():
        matrix["changes"] = [row for row in matrix["changes"] if row["from_family"] != row["to_family"]]
    made, plan = _planned(document, seed)
    carried = carry(made, plan, now=now, frozen=frozen)
    again = replayed(carried)
    assert again.fixed_conflicts == ()
    assert {one.job for one in again.unscheduled} <= {one.job for one in plan.unscheduled}
    ends = {(row.operation, row.lot): row.end for row in plan.assignments}
    for row in again.assignments:
        if (row.operation, row.lot) in ends:
            assert row.end + now <= max(ends[row.operation, row.lot], now)


@settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
@given(problems(), st.integers(0, 99), st.integers(0, 40 * HOUR), st.data())
def test_whatever_the_plant_tells_the_next_problem_is_sound(
    document: Document, seed: int, now: int, data: st.DataObject
) -> None:
    made, plan = _planned(document, seed)
    actuals = []
    for row in plan.assignments:
        if data.draw(st.booleans()):
            state = data.draw(st.sampled_from(("running", "paused", "finished", "scrapped")))
            first = data.draw(st.integers(-HOUR, now))
            last = None if state == "running" else data.draw(st.integers(first, now + 1))
            actuals.append(Actual(row.operation, state, row.machine, ((first, last),), row.lot, row.operator))
    carried = carry(made, plan, actuals, now, HOUR)
    replayed(carried)
    assert load(canonical_bytes(carried.problem)).fixed == carried.problem.fixed
