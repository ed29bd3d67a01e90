"""Small single-stage shops drawn at random: the shops of ``tests.strategies`` without operators and precedence."""

from __future__ import annotations

from hypothesis import strategies as st
from hypothesis.strategies import DrawFn

from models.shop.parse import parse
from models.shop.problem import Problem
from models.shop.relax import relaxed
from tests.strategies import Document, problems

OBJECTIVES: tuple[object, ...] = (
    "makespan",
    "weighted_tardiness",
    "total_flow_time",
    {"makespan": 1, "setup_time": 0.1},
    [{"tardy_jobs": 1, "max_tardiness": 0.5}, "total_tardiness"],
    ["weighted_tardy_jobs", {"makespan": 1}],
)


@st.composite
def single_stage(draw: DrawFn, max_jobs: int = 6) -> Problem:
    """A problem that the search covers."""
    document = draw(problems(max_jobs=max_jobs))
    document.pop("reference", None)
    for machine in document["machines"]:
        machine.pop("capacity", None)
    for job in document["jobs"]:
        for step in job.get("operations", [job]):
            step.pop("skill", None)
        for step in job.get("operations", ()):
            step["predecessors"] = []
            step.pop("min_delay", None)
    document["objective"] = draw(st.sampled_from(OBJECTIVES))
    return relaxed(parse(document))


def jobs_of(*rows: Document, machines: int | list[Document] = 2, **fields: object) -> Problem:
    """A problem of jobs on machines that are always open; times in hours."""
    return parse(
        {
            "schedule_start": "2026-01-05T06:00:00+01:00",
            "machines": rows_of(machines),
            "jobs": [{"job_id": f"J{i + 1}", **row} for i, row in enumerate(rows)],
            **fields,
        }
    )


def rows_of(machines: int | list[Document]) -> list[Document]:
    if isinstance(machines, int):
        return [{"machine_id": f"M{i + 1}", "machine_type": 1} for i in range(machines)]
    return machines
