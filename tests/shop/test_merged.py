"""Lots that cannot stay are told."""

from __future__ import annotations

from models.shop.disruptions import disrupted
from models.shop.reading.disruptions import read_disruptions
from models.shop.schedule import Decision
from models.shop.timeline import replay
from tests.build import at, job, problem


def test_the_rest_of_what_has_begun_in_lots_becomes_one_and_that_is_told() -> None:
    machines = ["M1", "M2", "M3"]
    shop = problem([job("A", 12, machines, max_lots=3, interruptible=True), job("B", 1, ["M1"])], machines)
    third = [333_334, 333_333, 333_333]
    decisions = [Decision(1, 0), *(Decision(0, m, lot=m + 1, share=third[m]) for m in range(3))]
    plan = replay(shop, decisions)
    down = [{"type": "machine_breakdown", "machine_id": name, "from": at(0.5), "to": at(9)} for name in ("M1", "M2")]
    moved = [
        row._replace(start=row.start + 3600, end=row.end + 3600) if row.machine < 2 and row.operation == 0 else row
        for row in plan.assignments
    ]
    plan = type(plan)(tuple(sorted(moved, key=lambda row: (row.start, row.end, row.operation, row.lot))))
    found = disrupted(shop, plan, read_disruptions(shop, down), (), 1800)
    assert found.merged == (
        "Operation 1 of job A has begun in lots, of which 2 cannot stay where they were planned: "
        "what is left of it becomes one lot.",
    )
    after = replay(found.problem, found.decisions)
    assert len([row for row in after.assignments if row.operation == 0]) == 2
