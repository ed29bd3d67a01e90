"""Plans of small problems as result documents, and as runs that have ended with them."""

from __future__ import annotations

import json
from typing import Any

from sqlalchemy.orm import Session, sessionmaker

from models.shop.canonical import canonical_bytes, digest
from models.shop.objective import as_document, measure
from models.shop.problem import Problem
from models.shop.result import Outcome, Quality, to_document
from models.shop.schedule import Schedule
from models.store import runs
from models.store.views import RunSummary
from models.tables.session import transaction


def result(problem: Problem, schedule: Schedule, name: str = "plan") -> dict[str, Any]:
    """The result document of a schedule."""
    quality = Quality((), "dispatch", ("dispatch",), {}, 0, "", {})
    metrics = as_document(measure(problem, schedule))
    return to_document(problem, schedule, Outcome("feasible", metrics, quality, name))


def ended(maker: sessionmaker[Session], problem: Problem, schedule: Schedule) -> str:
    """A run of ``problem`` that has ended with ``schedule``; its id."""
    summary = RunSummary(
        problem.plant, None, len(problem.jobs), len(problem.operations), problem.options.engine, problem.options.seconds
    )
    with transaction(maker) as session:
        body = canonical_bytes(problem)
        run_id = runs.submit(session, body=body, digest=digest(problem), summary=summary, key_id=None, actor="test")
        assert runs.begin(session, run_id, 1, batches=1)
        document = json.dumps(result(problem, schedule, run_id)).encode()
        assert runs.finish(session, run_id, 1, state="finished", result=document)
    return run_id
