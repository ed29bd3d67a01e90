"""Jobs, operations, their machines and their order."""

from __future__ import annotations

from typing import Any

import pytest

from tests.build import HOUR, at, document, job, machine, operation, problem
from tests.shop.faults import faults

WELDER = {"operator_id": "O1", "skills": {"weld": 2}}


def of_job(**fields: Any) -> dict[str, Any]:
    return document([job("A", 1, ["M1"], **fields)], operators=[WELDER])


@pytest.mark.parametrize(
    ("fields", "rule", "value"),
    [
        ({"priority": 0}, "minimum", "0"),
        ({"priority": 6}, "maximum", "6"),
        ({"priority": 3.0}, "type", "3.0"),
        ({"priority": "1"}, "type", "'1'"),
        ({"priority": True}, "type", "True"),
        ({"is_important": "yes"}, "type", "'yes'"),
        ({"weight": -0.5}, "minimum", "-0.5"),
        ({"weight": 1_000_001}, "maximum", "1000001"),
        ({"weight": 0.0005}, "decimals", "0.0005"),
        ({"weight": 1.2345}, "decimals", "1.2345"),
        ({"weight": True}, "type", "True"),
        ({"release_date": "tomorrow"}, "instant", "'tomorrow'"),
        ({"lcd_date": "2026-01-05T06:00:00"}, "offset", "'2026-01-05T06:00:00'"),
        ({"lcd_date": "2300-01-05T06:00:00Z"}, "range", "'2300-01-05T06:00:00Z'"),
        ({"lcd_hard": 0}, "type", "0"),
        ({"quantity": -1}, "minimum", "-1"),
        ({"quantity": "12"}, "type", "'12'"),
        ({"family_id": 3}, "type", "3"),
        ({"interruptible": 1}, "type", "1"),
        ({"max_lots": 0}, "minimum", "0"),
        ({"max_lots": 1_001}, "maximum", "1001"),
        ({"min_lot": -1}, "minimum", "-1"),
        ({"start_after": "06:00"}, "instant", "'06:00'"),
        ({"end_before": 5}, "type", "5"),
        ({"skill": 1}, "type", "1"),
        ({"skill": "paint"}, "unknown_skill", "'paint'"),
        ({"skill": {"skill": "weld", "level": 3}}, "skill_level", "3"),
    ],
)
def test_what_a_job_may_not_say(fields: dict[str, Any], rule: str, value: str) -> None:
    (name,) = fields
    assert faults(of_job(**fields)) == [(f"jobs[0].{name}", rule, value)]


@pytest.mark.parametrize(
    ("skill", "field", "rule", "value"),
    [
        ({"skill": "weld", "level": 0}, "level", "minimum", "0"),
        ({"skill": "weld", "level": 4}, "level", "maximum", "4"),
        ({"level": 1}, "skill", "required", ""),
        ({"skill": "weld", "grade": 1}, "grade", "unknown_field", "1"),
    ],
)
def test_what_a_skill_may_not_say(skill: dict[str, Any], field: str, rule: str, value: str) -> None:
    assert faults(of_job(skill=skill)) == [(f"jobs[0].skill.{field}", rule, value)]


def test_a_skill_that_nobody_has_is_let_pass_where_skills_are_relaxed() -> None:
    stated = of_job(skill="paint")
    assert faults(stated) == [("jobs[0].skill", "unknown_skill", "'paint'")]
    assert faults(stated | {"options": {"relax": ["skill"]}}) == []


@pytest.mark.parametrize(
    ("option", "field", "rule", "value"),
    [
        ({"machine_id": "M9", "processing_time": 1}, ".machine_id", "unknown_machine", "'M9'"),
        ({"machine_id": "M1", "processing_time": 1}, ".machine_id", "duplicate", "'M1'"),
        ({"machine_id": 2, "processing_time": 1}, ".machine_id", "type", "2"),
        ({"machine_id": ["M2"], "processing_time": 1}, ".machine_id", "type", "a list of 1"),
        ({"processing_time": 1}, ".machine_id", "required", ""),
        ({"machine_id": "M2"}, ".processing_time", "required", ""),
        ({"machine_id": "M2", "processing_time": None}, ".processing_time", "required", ""),
        ({"machine_id": "M2", "processing_time": True}, ".processing_time", "type", "True"),
        ({"machine_id": "M2", "processing_time": "1"}, ".processing_time", "type", "'1'"),
        ({"machine_id": "M2", "processing_time": [1]}, ".processing_time", "type", "a list of 1"),
        ({"machine_id": "M2", "processing_time": -0.1}, ".processing_time", "minimum", "-0.1"),
        ({"machine_id": "M2", "processing_time": 100_000.5}, ".processing_time", "maximum", "100000.5"),
        ("M2", "", "type", "'M2'"),
    ],
)
def test_what_an_option_may_not_say(option: object, field: str, rule: str, value: str) -> None:
    listed = [{"machine_id": "M1", "processing_time": 1}, option]
    stated = document([{"job_id": "A", "machines": listed}], ["M1", "M2"])
    assert faults(stated) == [(f"jobs[0].machines[1]{field}", rule, value)]


@pytest.mark.parametrize(
    ("fields", "field", "rule", "value"),
    [
        ({}, "machines", "required", ""),
        ({"processing_time": 1}, "machines", "required", ""),
        ({"machines": []}, "machines", "no_eligible_machine", "a list of 0"),
        ({"machines": "M1"}, "machines", "type", "'M1'"),
        ({"machine_types": [1]}, "processing_time", "required", ""),
        ({"machine_types": [1], "processing_time": -1}, "processing_time", "minimum", "-1"),
        ({"machine_types": [1], "processing_time": True}, "processing_time", "type", "True"),
        ({"machine_types": [], "processing_time": 1}, "machine_types", "no_eligible_machine", "a list of 0"),
        ({"machine_types": [1, 7], "processing_time": 1}, "machine_types", "unknown_machine_type", "7"),
        ({"machine_types": [True], "processing_time": 1}, "machine_types[0]", "type", "True"),
        ({"machine_types": 1, "processing_time": 1}, "machine_types", "type", "1"),
        (
            {"machines": [{"machine_id": "M1", "processing_time": 1}], "machine_types": [1]},
            "machine_types",
            "exclusive",
            "a list of 1",
        ),
        (
            {"machines": [{"machine_id": "M1", "processing_time": 1}], "processing_time": 2},
            "processing_time",
            "exclusive",
            "2",
        ),
    ],
)
def test_an_operation_needs_machines_stated_in_one_way(
    fields: dict[str, Any], field: str, rule: str, value: str
) -> None:
    machines = [machine("M1", machine_type=1)]
    assert faults(document([{"job_id": "A", **fields}], machines)) == [(f"jobs[0].{field}", rule, value)]
    routed = {"job_id": "A", "operations": [{"operation_id": "x", **fields}]}
    assert faults(document([routed], machines)) == [(f"jobs[0].operations[0].{field}", rule, value)]


@pytest.mark.parametrize(("name", "value"), [("processing_time", 1), ("machines", [])])
def test_operations_exclude_a_direct_operation(name: str, value: object) -> None:
    stated = document([{"job_id": "A", "operations": [operation("1", 1, ["M1"])], name: value}])
    assert [fault[:2] for fault in faults(stated)] == [(f"jobs[0].{name}", "exclusive")]


def test_operations_are_not_an_empty_list() -> None:
    assert faults(document([{"job_id": "A", "operations": []}])) == [("jobs[0].operations", "min_items", "a list of 0")]


def test_ids_of_jobs_and_operations_are_not_used_twice() -> None:
    routed = job("A", operations=[operation("x", 1, ["M1"]), operation("x", 1, ["M1"])])
    assert faults(document([routed, job("A", 1, ["M1"]), {"machines": []}])) == [
        ("jobs[0].operations[1].operation_id", "duplicate", "'x'"),
        ("jobs[1].job_id", "duplicate", "'A'"),
        ("jobs[2].job_id", "required", ""),
        ("jobs[2].machines", "no_eligible_machine", "a list of 0"),
    ]
    assert (
        faults(
            document(
                [job("A", operations=[operation("x", 1, ["M1"])]), job("B", operations=[operation("x", 1, ["M1"])])]
            )
        )
        == []
    )


def routed(*predecessors: list[str] | None, **fields: Any) -> dict[str, Any]:
    rows = [operation(str(k), 1, ["M1"], predecessors=names) for k, names in enumerate(predecessors)]
    return document([job("A", operations=rows, **fields)])


@pytest.mark.parametrize(
    ("predecessors", "value"),
    [
        ([["0"]], "'0 -> 0'"),
        ([["1"], ["0"]], "'0 -> 1 -> 0'"),
        ([[], ["3"], ["1"], ["2", "0"], ["3"]], "'1 -> 3 -> 2 -> 1'"),
    ],
)
def test_a_cycle_is_named(predecessors: list[list[str]], value: str) -> None:
    assert faults(routed(*predecessors)) == [("jobs[0].operations", "cycle", value)]


def test_a_long_cycle_is_named_shortly() -> None:
    ((field, rule, value),) = faults(routed(*[[str((k + 1) % 500)] for k in range(500)]))
    assert (field, rule) == ("jobs[0].operations", "cycle")
    assert value.startswith("'0 -> 1 -> 2") and "…" in value


@pytest.mark.parametrize(
    ("names", "field", "rule", "value"),
    [
        (["9"], "[0]", "unknown_predecessor", "'9'"),
        ([0], "[0]", "type", "0"),
        ("0", "", "type", "'0'"),
    ],
)
def test_predecessors_are_operations_of_the_job(names: Any, field: str, rule: str, value: str) -> None:
    assert faults(routed([], names)) == [(f"jobs[0].operations[1].predecessors{field}", rule, value)]


def test_operations_form_a_chain_where_none_has_predecessors() -> None:
    made = problem([job("Z", 1, ["M1"]), *routed(None, None, None)["jobs"]])
    assert [o.predecessors for o in made.operations] == [(), (), (1,), (2,)]
    assert [(o.number, o.job, o.operation_id) for o in made.operations] == [
        (0, 0, "1"),
        (1, 1, "0"),
        (2, 1, "1"),
        (3, 1, "2"),
    ]
    assert [(j.first, j.count) for j in made.jobs] == [(0, 1), (1, 3)]


def test_an_empty_list_of_predecessors_breaks_the_chain() -> None:
    made = problem(routed(None, [], None)["jobs"])
    assert [o.predecessors for o in made.operations] == [(), (), ()]


def test_predecessors_may_be_listed_later_and_twice() -> None:
    made = problem(routed(["2", "1"], [], ["1", "1"])["jobs"])
    assert [o.predecessors for o in made.operations] == [(2, 1), (), (1,)]


def test_a_job_states_defaults_for_its_operations() -> None:
    rows = [
        operation("x", 2),
        operation(
            "y",
            1,
            ["M2"],
            family_id="blue",
            skill="cut",
            interruptible=True,
            max_lots=1,
            min_lot=2,
            start_after=at(3),
            end_before=at(30),
            min_delay=0.5,
        ),
    ]
    stated = job(
        "A",
        operations=rows,
        family_id="red",
        skill={"skill": "weld", "level": 2},
        interruptible=False,
        machine_types=[1],
        max_lots=3,
        min_lot=0,
        start_after=at(1),
        end_before=at(20),
    )
    operators = [{"operator_id": "O1", "skills": {"weld": 2, "cut": 1}}]
    made = problem([stated], [machine("M1", machine_type=1), "M2"], operators=operators)
    x, y = made.operations
    assert (made.jobs[0].family_id, x.family_id, y.family_id) == ("red", "red", "blue")
    assert (x.skill, x.skill_level, y.skill, y.skill_level) == ("weld", 2, "cut", 1)
    assert (x.interruptible, y.interruptible) == (False, True)
    assert (x.options, y.options) == ({0: 2 * HOUR}, {1: HOUR})
    assert (x.max_lots, x.min_lot, y.max_lots, y.min_lot) == (3, 0, 1, 2 * HOUR)
    assert (x.start_after, x.end_before, y.start_after, y.end_before) == (HOUR, 20 * HOUR, 3 * HOUR, 30 * HOUR)
    assert (x.min_delay, y.min_delay) == (0, HOUR // 2)


def test_what_is_not_stated() -> None:
    made = problem()
    (first,), (only,) = made.jobs, made.operations
    assert (first.priority, first.weight, first.release, first.earliest, first.due) == (3, 3000, None, 0, None)
    assert (only.operation_id, only.interruptible, only.max_lots, only.min_lot) == ("1", True, 1, HOUR)
    assert (only.start_after, only.end_before, only.skill, only.min_delay) == (None, None, None, 0)


def test_machine_types_make_every_machine_of_them_eligible_at_its_efficiency() -> None:
    machines = [
        machine("M1", machine_type=1, efficiency=1.25),
        machine("M2", machine_type=2),
        machine("M3", machine_type=1, efficiency=0.9),
        machine("M4"),
    ]
    made = problem([job("A", 2, machine_types=[1, 2, 1])], machines)
    assert made.operations[0].options == {0: 5760, 1: 7200, 2: 8000}


def test_listed_times_are_final() -> None:
    made = problem([job("A", 2, ["M1"])], [machine("M1", efficiency=2)])
    assert made.operations[0].options == {0: 7200}


@pytest.mark.parametrize(
    ("fields", "weight"),
    [
        ({}, 3000),
        ({"priority": 1}, 5000),
        ({"priority": 5}, 1000),
        ({"priority": 5, "is_important": True}, 2000),
        ({"weight": 7.125}, 7125),
        ({"weight": 0.1, "is_important": True, "priority": 1}, 100),
        ({"weight": 0}, 0),
        ({"weight": 1_000_000}, 1_000_000_000),
    ],
)
def test_the_weight_of_a_job_in_thousandths(fields: dict[str, Any], weight: int) -> None:
    assert problem(of_job(**fields)["jobs"]).jobs[0].weight == weight


def test_fractions_of_instants_never_widen_what_is_allowed() -> None:
    text = "2026-01-05T01:00:00.0001Z"
    made = problem([job("A", 1, ["M1"], release_date=text, lcd_date=text, start_after=text, end_before=text)])
    (first,), (only,) = made.jobs, made.operations
    assert (first.release, first.earliest, first.due) == (HOUR + 1, HOUR + 1, HOUR)
    assert (only.start_after, only.end_before) == (HOUR + 1, HOUR)


def test_a_release_before_second_zero_is_kept_but_binds_no_more() -> None:
    made = problem([job("A", 1, ["M1"], release_date=at(-5))]).jobs[0]
    assert (made.release, made.earliest) == (-5 * HOUR, 0)


def test_due_dates_in_the_past_are_only_a_warning() -> None:
    assert problem([job("A", 1, ["M1"], lcd_date=at(0))]).warnings == ()
    assert problem([job("A", 1, ["M1"], lcd_date=at(-1))]).warnings == ("Job A is due before schedule_start.",)
    late = [job(name, 1, ["M1"], lcd_date=at(-1)) for name in "ABCDE"]
    assert problem(late[:2]).warnings == ("2 jobs are due before schedule_start: A, B.",)
    assert problem(late).warnings == ("5 jobs are due before schedule_start, for example A, B, C.",)
